"""Items of one of the usual shapes (`item_shapes`), read without taking them apart.

Endpoints and Services are kept as a few words and made into records when one is asked for; a cluster has tens of
thousands, and a diagnosis needs those of the DNS service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache, partial
from sys import intern
from typing import Final, TypeAlias

from calico_bundle.facts import IPBlockFact, ServiceFact, ServicePort
from calico_bundle.facts.endpoint_table import EndpointGroup
from calico_bundle.facts.service_table import ServiceText
from calico_bundle.objects import item_shapes as shapes
from calico_bundle.objects.building import built, canonical_object, read_item_facts
from calico_bundle.objects.documents import KubernetesObject
from calico_bundle.objects.located import LocatedMap
from calico_bundle.objects.reading import Reading
from calico_bundle.objects.yaml_words import plain_value

_HIDDEN: Final = (b"x-ipv", b"x-mac", b"***", b"<censored", b"<redacted")
"""What could be in place of a value that a collector hid (`reading.is_hidden`), in small letters."""
_FEW: Final = 100
"""Items of a kind that are read before its shape is looked for: to compile one takes as long as to read these."""
_CALICO: Final = "crd.projectcalico.org"
_LENGTH: Final = 32
# What an entry of each kind may have or not. Where all have it or none, all are equally high.
_OPTIONAL: Final = ("nodeName: ", "targetRef:", "uid: ", "resourceVersion: ", "serving: ", "terminating: ", "zone: ")

Shaped: TypeAlias = "EndpointGroup | ServiceText | IPBlockFact"


class ShapedItems:
    """Reads the items of one file that have the usual shape of their kind."""

    def __init__(self, path: str, reading: Reading) -> None:
        self.path = path
        self.reading = reading
        self.service = partial(_service_fact, path)
        self._counts: dict[str, int] = {}

    def read(self, kind: str | None, item: str, line: int) -> Shaped | None:
        """What an item of that kind holds, the item beginning at that line; None where its shape is another.

        >>> ShapedItems("p.yaml", Reading("p.yaml", "")).read("Pod", "- kind: Pod\\n", 3) is None
        True
        """
        if kind is None or kind not in _SHAPES:
            return None
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= _FEW or not item.isascii():
            return None
        shape, take = _SHAPES[kind]
        found = _pattern(shape).match(item)
        return take(self, found, line) if found and found.end() == len(item) else None


def hides(block: bytes) -> bool:
    """Whether a collector may have hidden something in a text, so that its items are read one value after the other."""
    block = block.lower()
    return any(word in block for word in _HIDDEN)


@cache
def _pattern(shape: str) -> re.Pattern[str]:
    return re.compile(shape)


def _line(found: re.Match[str], group: str, first: int) -> int:
    """The number of the line on which a group begins."""
    return first + found.string.count("\n", 0, found.start(group))


def _endpoints(items: ShapedItems, found: re.Match[str], line: int) -> EndpointGroup | None:
    return _group(found, _line(found, "entries", line), items.path, ("Endpoints", shapes.ADDRESS, "- ip: "))


def _endpoint_slice(items: ShapedItems, found: re.Match[str], line: int) -> EndpointGroup | None:
    return _group(found, _line(found, "entries", line) + 1, items.path, ("EndpointSlice", shapes.ENDPOINT, "- "))


def _group(found: re.Match[str], line: int, path: str, what: tuple[str, str, str]) -> EndpointGroup | None:
    source, entry, cited = what
    entries = _pattern(entry).findall(found.string, *found.span("entries"))
    text = found["entries"]
    if any(text.count(key) not in (0, len(entries)) for key in _OPTIONAL):
        return None
    return EndpointGroup(
        namespace=intern(found["namespace"].strip('"')),
        service=intern(found["name"]),
        source=source,
        texts=("\n".join(map(" ".join, entries)),),
        path=path,
        line=line,
        height=text.count("\n") // len(entries),
        cited=cited,
        object_name=found["object"] if "object" in found.re.groupindex else None,
        ports=_listening(found["ports"] or ""),
    )


# Nearly all Services have the ports of some other one.
@lru_cache(maxsize=1 << 12)
def _listening(text: str) -> tuple[ServicePort, ...] | None:
    """The ports of Endpoints or of a slice; None where there are none, or one has no number or a key twice.

    >>> _listening("    - name: dns\\n      port: 53\\n      protocol: UDP\\n")
    (ServicePort(name='dns', port=53, protocol='UDP', target_port=None),)
    """
    entries: list[dict[str, object]] = []
    for line in text.splitlines():
        begins = line.lstrip(" ").startswith("- ")
        key, _, value = line.strip(" -").partition(": ")
        if begins or not entries:
            entries.append({})
        if key in entries[-1]:
            return None
        entries[-1][key] = value[1:-1] if value.startswith('"') else plain_value(value)
    made = (_port(entry.get("name"), entry.get("port"), entry.get("protocol")) for entry in entries)
    ports = tuple(port for port in made if port is not None)
    return ports if ports and len(ports) == len(entries) else None


def _port(name: object, number: object, protocol: object) -> ServicePort | None:
    if not str(number).isdigit():
        return None
    return ServicePort(str(name) if name else None, int(str(number)), str(protocol) if protocol else "TCP")


def _service(items: ShapedItems, found: re.Match[str], line: int) -> ServiceText | None:
    # The record is made later, when a gap for an item that cannot be read would come too late.
    if _doubles_a_key(found.string):
        return None
    namespace, name = intern(found["namespace"].strip('"')), intern(found["name"])
    return ServiceText(namespace, name, found["ip"], line, items.service, texts=(found.string,))


def _service_fact(path: str, text: str, line: int) -> ServiceFact:
    reading = Reading(path, text)
    body = canonical_object(reading, text, line, "Service")
    facts = built(body, reading) if body else read_item_facts(reading, text, line)
    (service,) = (fact for fact in facts if isinstance(fact, ServiceFact))
    return service


def _doubles_a_key(item: str) -> bool:
    """Whether a mapping of an item of some shape has a key twice, which makes it no YAML.

    >>> _doubles_a_key("- a:\\n    x: 1\\n  b:\\n    x: 2\\n"), _doubles_a_key("- a:\\n    x: 1\\n    x: 2\\n")
    (False, True)
    """
    parts = [line.partition(":") for line in item.splitlines()]
    # Where no key stands only the dash counts, so that objects with other addresses are the same here.
    return _doubles_one("\n".join([lead if colon else lead[: lead.rfind("- ") + 2] for lead, colon, _ in parts]))


# Services have few sets of keys.
@lru_cache(maxsize=1 << 10)
def _doubles_one(leads: str) -> bool:
    keys: dict[int, set[str]] = {}
    above = -1
    for lead in leads.splitlines():
        key = lead.lstrip(" -")
        depth = len(lead) - len(key)
        if depth > above or lead[depth - 2] == "-":
            keys[depth] = set()
        if key in keys[depth]:
            return True
        keys[depth].add(key)
        above = depth
    return False


def _ipam_block(items: ShapedItems, found: re.Match[str], line: int) -> IPBlockFact | None:
    """A block of which its owner alone has addresses: no address is borrowed, so the builder is spared them."""
    allocations = found["allocations"].replace("    - ", "").split()
    used = [int(index) for index in allocations if index != "null"]
    length = int(found["cidr"].rpartition("/")[2])
    known = (found["attributes"] or "").count("- handle_id: ")
    if length > _LENGTH or len(allocations) > 1 << (_LENGTH - length) or max(used, default=-1) >= known:
        return None
    body, spec = LocatedMap(line), LocatedMap(line)
    body["spec"] = spec
    for key in ("affinity", "cidr", "deleted"):
        if found[key] is not None:
            spec[key], spec.lines[key] = plain_value(found[key]), _line(found, key, line)
    cited = found.string.rfind("\n", 0, found.start("cidr")) + 1
    items.reading.turn_to(found.string, line, {spec.lines["cidr"]: cited})
    facts = built(KubernetesObject("IPAMBlock", _CALICO, body), items.reading)
    return next((fact for fact in facts if isinstance(fact, IPBlockFact)), None)


_Take: TypeAlias = "Callable[[ShapedItems, re.Match[str], int], Shaped | None]"
_SHAPES: Final[dict[str, tuple[str, _Take]]] = {
    "Endpoints": (shapes.ENDPOINTS, _endpoints),
    "EndpointSlice": (shapes.ENDPOINT_SLICE, _endpoint_slice),
    "Service": (shapes.SERVICE, _service),
    "IPAMBlock": (shapes.IPAM_BLOCK, _ipam_block),
}
