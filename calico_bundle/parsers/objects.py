"""Kubernetes, Calico and operator objects in YAML or JSON: of `kubectl get`, of collectors, of must-gather."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from calico_bundle.objects.building import read_facts
from calico_bundle.objects.log_frames import LogFrame, split_logs
from calico_bundle.objects.object_lists import ObjectList
from calico_bundle.objects.pod_lists import PodList
from calico_bundle.objects.reading import Reading
from calico_bundle.parsers import Parsed, Parser, Part
from calico_bundle.parsers.calico_log_reading import lines_of, read_log
from calico_bundle.parsers.remarks import SURROUNDINGS, is_error, is_note

_LIST = b"apiVersion: v1\nitems:\n- "
_LIST_OF_PODS = _LIST + b"apiVersion: v1\n  kind: Pod\n"
_KUBECTL_JSON = b'{\n    "apiVersion": "v1",\n    "items": [\n'

# The first key tells: a log line in JSON may mention an apiVersion deep inside. API discovery (`"kind":
# "APIResourceList"`) is no object. Text over several lines is no log: there apiVersion may stand further down.
# kubectl sorts keys: of an EndpointSlice, a ClusterRole, a StorageClass and an Event others come before apiVersion.
_JSON = re.compile(
    r"""(?x)
    (?:\[\s*)? \{\s* (?: "?apiVersion"?\s*: | "kind"\s*:\s*"(?!API) | "metadata"\s*:\s*\{ | "[iI]tems"\s*:
                       | "selfLink"\s*:\s*"/apis?/ | "(?:addressType|aggregationRule|allowVolumeExpansion)"\s*:
                       | "action"\s*:\s*"[^"]{0,200}"\s*,\s*"apiVersion"\s*: )
    """
)
_JSON_LINES = re.compile(r'(?:\[\s*)?\{[ \t]*\r?\n(?s:.*)\n[ \t]{1,8}"apiVersion"[ \t]*:')
_YAML = re.compile(
    r"""(?x)
    ---|\#(?!!)|-[ \t]
    | (?:apiVersion|kind|metadata|items|action|addressType|aggregationRule|allowVolumeExpansion):(?:[ \t]|\r?\n)
    """
)
_YAML_KEY = re.compile(r"(?m)^(?:[ ]*-[ ]+)?(?:apiVersion|kind|metadata):(?:[ \t]|\r?$)")


def recognizes(head: str) -> bool:
    """Whether a text begins like objects of Kubernetes: notes of kubectl may stand before them.

    >>> recognizes("apiVersion: v1\\nkind: Node\\n"), recognizes('[{"ifindex": 1}]')
    (True, False)
    """
    start = _from_first_data(head)
    if start[:1] in ("{", "["):
        return bool(_JSON.match(start) or _JSON_LINES.match(start))
    return bool(_YAML.match(start) and _YAML_KEY.search(start))


def parse(text: str, path: str) -> Parsed:
    """The facts of all objects in a file. An object that nobody needs is passed over; what cannot be read is a gap.

    >>> parsed = parse("apiVersion: v1\\nkind: Namespace\\nmetadata:\\n  name: shop\\n", "ns.yaml")
    >>> parsed.facts[0].name, parsed.facts[0].evidence.line
    ('shop', 4)
    """
    reading = Reading(path, text)
    rest, logs = split_logs(text)
    facts = tuple(read_facts(reading, rest, SURROUNDINGS))
    for log in logs:
        if log.begins_twice:
            reading.note(log.begins_twice)
    return Parsed(facts, reading.gaps(), parts=tuple(_of_calico(logs, path)), lost=reading.lost)


def _of_calico(logs: Iterable[LogFrame], path: str) -> Iterator[Part]:
    """The logs of calico-node among the objects; those of other programs are passed over, as they are in files."""
    for log in logs:
        if log.container == "calico-node" and not log.begins_twice:
            parsed = read_log(lines_of(log.text), path, log.first_line)
            name = f"log of {log.namespace}/{log.pod}"
            yield Part(name, "calico-log", parsed, None, log.namespace, log.pod, log.container)


def quick(data: bytes, path: str) -> Parsed | None:
    """The same facts of a file that is, as a whole, a list of objects in kubectl's own YAML or in JSON; None for any other.

    >>> quick(b"apiVersion: v1\\nkind: Namespace\\n", "ns.yaml") is None
    True
    """
    return _read_json(data, path) if data.startswith(b"{") else _read_list(iter((data,)), path, data, whole=True)


def stream(pieces: Iterator[bytes], path: str) -> Parsed:
    """The same facts of a file that comes in pieces: lists of kubectl are read as they come, other files as a whole.

    >>> stream(iter([b"apiVersion: v1\\nkind: Namesp", b"ace\\nmetadata:\\n  name: shop\\n"]), "ns.yaml").facts[0].name
    'shop'
    """
    head = b""
    while len(head) < max(len(_LIST_OF_PODS), len(_KUBECTL_JSON)) and (piece := next(pieces, None)) is not None:
        head += piece
    pieces = chain((head,), pieces)
    if head.startswith(_KUBECTL_JSON):
        return _read_kubectl_json(pieces, path)
    if head.startswith(_LIST):
        return _read_list(pieces, path, head, whole=False) or Parsed(())
    data = b"".join(pieces)
    return quick(data, path) or parse(data.decode("utf-8-sig", "replace"), path)


def _read_list(pieces: Iterator[bytes], path: str, head: bytes, *, whole: bool) -> Parsed | None:
    """A List in kubectl's own layout that begins with `head`; None for another, or one that departs when it must not."""
    if not head.startswith(_LIST):
        return None
    found = (PodList if head.startswith(_LIST_OF_PODS) else ObjectList)(path, SURROUNDINGS)
    if found.read(pieces) or not whole:
        return Parsed(found.facts(), found.gaps(), lost=found.lost())
    return None


def _read_json(data: bytes, path: str) -> Parsed | None:
    # msgspec is loaded for this alone, and not when the command starts.
    from calico_bundle.objects.json_lists import OddError, read_list

    try:
        reading = Reading(path, data.decode())
        return Parsed(tuple(read_list(data, reading)), reading.gaps(), lost=reading.lost)
    except (OddError, UnicodeDecodeError):
        return None


def _read_kubectl_json(pieces: Iterator[bytes], path: str) -> Parsed:
    from calico_bundle.objects.json_lists import read_kubectl_list

    reading = Reading(path, "")
    return Parsed(tuple(read_kubectl_list(pieces, reading, SURROUNDINGS)), reading.gaps(), lost=reading.lost)


def _from_first_data(head: str) -> str:
    """The text from its first line on that is neither a note nor an error of the collecting command."""
    rest = head.lstrip("\ufeff")
    while rest:
        line = rest.partition("\n")[0]
        if not is_note(line) and not is_error(line):
            break
        rest = rest[len(line) + 1 :]
    return rest.lstrip(" \t") if rest.lstrip(" \t")[:1] in ("{", "[") else rest


PARSER = Parser("k8s-objects", recognizes, parse, quick=quick, stream=stream)
