"""Pods straight from decoded JSON: what is usual is recognized, what is shared by many pods is read once.

`PARTS` of `pods` says which keys a column is read from, and how. A pod that has anything to remark is left to the builder
that all pods can be read with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from calico_bundle.evidence import Evidence
from calico_bundle.facts import PodFact
from calico_bundle.objects.fields import IncompleteError, Record
from calico_bundle.objects.json_values import located
from calico_bundle.objects.pods import PARTS, Part, columns_of
from calico_bundle.objects.reading import Reading, is_hidden

Section = dict[str, Any]
_UNSURE: Final = object()
"""In place of a value: read it the general way."""

_READY: Final = {"True": True, "False": False, "Unknown": None}
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_PROBES_OVER_NETWORK: Final = ("httpGet", "tcpSocket", "grpc")
_encode = msgspec.json.Encoder().encode


class PodMaker:
    """Makes the pods of one file; keeps what it has read before, as most pods share their labels, nodes and owners."""

    def __init__(self) -> None:
        self._known: dict[Part, dict[bytes, Any]] = {part: {} for part in PARTS}

    def made(self, pod: Section, evidence: Callable[[], Evidence]) -> PodFact | None:
        """A pod as a fact; None where there is anything to remark, or any doubt.

        >>> pod = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"nodeName": "n1"}, "status": {}}
        >>> PodMaker().made(pod, lambda: Evidence("pods.json", 1, "")).node
        'n1'
        """
        sections = {key: pod.get(key) for key in ("metadata", "spec", "status")}
        if not all(type(section) is dict for section in sections.values()):
            return None
        name = pod["metadata"].get("name")
        if type(name) is not str or name in ("", "null") or is_hidden(name):
            return None
        values: dict[str, Any] = {}
        for part in PARTS:
            value = self._value(part, pod[part.section])
            if value is _UNSURE:
                return None
            values |= columns_of(part, value)
        return PodFact(name=name, **values, redacted=(), evidence=evidence())

    def _value(self, part: Part, section: Section) -> Any:
        quick = _QUICK.get(part.keys[0])
        if quick and (value := quick(section)) is not _UNSURE:
            return value
        own = {key: section[key] for key in part.keys if key in section}
        if quick:
            return _read(part, own)
        known, text = self._known[part], _encode(own)
        if text not in known:
            known[text] = _read(part, own)
        return known[text]


def _read(part: Part, own: Section) -> Any:
    """A part's value, read as the general reader does; UNSURE where there is anything to remark."""
    reading = Reading("", "")
    try:
        value = part.read(Record(reading, "Pod", "", located(own, 1, tall=False)).fields())
    except IncompleteError:
        return _UNSURE
    return _UNSURE if reading.gaps() else value


def _maps_under(section: Section, key: str) -> list[Section] | None:
    """The mappings of a list; None for anything else."""
    found = section.get(key)
    return found if type(found) is list and all(type(one) is dict for one in found) else None


def _ips(status: Section) -> Any:
    listed: list[Any] = [entry.get("ip") for entry in _maps_under(status, "podIPs") or ()]
    # A zone (`fe80::1%eth0`) could hold what a collector writes in place of a hidden address.
    if not listed or not all(type(ip) is str and "%" not in ip for ip in listed):
        return _UNSURE
    try:
        return tuple([ip_address(ip) for ip in listed])
    except ValueError:
        return _UNSURE


def _ready(status: Section) -> Any:
    conditions = _maps_under(status, "conditions")
    if conditions is None:
        return _UNSURE
    ready = next((condition for condition in conditions if condition.get("type") == "Ready"), None)
    if ready is None:
        return None
    state = ready.get("status")
    return _READY.get(state, _UNSURE) if type(state) is str else _UNSURE


def _restarts(status: Section) -> Any:
    total, ends = 0, list[str]()
    for container in _maps_under(status, "containerStatuses") or ({},):
        count, state = container.get("restartCount"), container.get("state")
        if type(count) is not int or not 0 <= count < 1 << 31 or type(state) is not dict or "waiting" in state:
            return _UNSURE
        if last := container.get("lastState"):
            ends.append(_last_end(container, last))
        total += count
    return _UNSURE if "" in ends else (total, (), tuple(ends))


def _last_end(container: Section, last: Any) -> str:
    """How a container ended the last time; empty where that is not written as usual."""
    end = last.get("terminated") if type(last) is dict else None
    if type(end) is not dict or type(end.get("exitCode")) is not int:
        return ""
    words = (container.get("name"), end.get("reason"), end.get("finishedAt"))
    if not all(type(word) is str and word not in ("", "null") and not is_hidden(word) for word in words):
        return ""
    return f"{words[0]}/{words[1]}/{end['exitCode']}/{words[2]}"


def _of_containers(spec: Section) -> Any:
    """Whether a container is probed over the network, and the ports that have a name."""
    probed, ports = _probed(spec), _named_ports(spec)
    return _UNSURE if probed is _UNSURE or ports is _UNSURE else (probed, ports)


def _named_ports(spec: Section) -> Any:
    found = []
    for container in _maps_under(spec, "containers") or ():
        listed = _maps_under(container, "ports") if "ports" in container else []
        if listed is None:
            return _UNSURE
        for port in listed:
            name, number, protocol = port.get("name", ""), port.get("containerPort"), port.get("protocol", "TCP")
            if type(number) is not int or type(name) is not str or protocol not in _PROTOCOLS:
                return _UNSURE
            if name and not name.replace("-", "").isalnum():
                return _UNSURE
            found += [f"{name}/{number}/{protocol}"] if name else []
    return _the_same(tuple(found))


@lru_cache(4096)
def _the_same(ports: tuple[str, ...]) -> tuple[str, ...]:
    """Equal ports as one object, as most pods share theirs."""
    return ports


def _probed(spec: Section) -> Any:
    containers = _maps_under(spec, "containers")
    if containers is None:
        return _UNSURE
    probes = [container["readinessProbe"] for container in containers if "readinessProbe" in container]
    if not all(type(probe) is dict for probe in probes):
        return _UNSURE
    return any(probe.get(kind) not in (None, "null") for probe in probes for kind in _PROBES_OVER_NETWORK)


_QUICK: Final[dict[str, Callable[[Section], Any]]] = {
    "podIP": _ips,
    "conditions": _ready,
    "containerStatuses": _restarts,
    "containers": _of_containers,
}
"""By the first key of a part: its value where it is written as usual, else UNSURE."""
