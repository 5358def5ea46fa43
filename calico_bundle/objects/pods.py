"""Pod objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from calico_bundle.facts import Address, PodFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.metadata import is_ready, name_of, namespace_in, owner_of, ready_condition

GROUPS = frozenset([""])


@dataclass(frozen=True, slots=True)
class Part:
    """What some columns of a `PodFact` are read from: keys of one section of the object, and how.

    Both readers go by it: the general one calls `read` with the whole section, the quick one with these keys alone.
    """

    columns: tuple[str, ...]
    section: str
    keys: tuple[str, ...]
    read: Callable[[Fields], Any]


def _restarts(status: Fields) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Restarts of all containers, why those wait that do, and how those ended before that were started anew."""
    containers = list(status.children("containerStatuses"))
    restarts = sum(container.integer("restartCount", "restarts") or 0 for container in containers)
    return restarts, _waiting_reasons(containers), tuple(end for one in containers for end in _last_end(one))


def _last_end(container: Fields) -> Iterator[str]:
    """How a container ended the last time: name/reason/exitCode/finishedAt."""
    end = container.child("lastState").child("terminated")
    reason, code = end.text("reason", "last_ends"), end.integer("exitCode", "last_ends")
    if code is not None:
        name = container.text("name", "last_ends") or "?"
        yield f"{name}/{reason or '?'}/{code}/{end.text('finishedAt', 'last_ends') or '?'}"


def _nameservers(spec: Fields) -> tuple[str, ...]:
    return spec.child("dnsConfig").texts("nameservers", "dns_nameservers")


def _ips(status: Fields) -> tuple[Address, ...]:
    listed = list(status.children("podIPs"))
    found = [entry.address("ip", "ips") for entry in listed] or [status.address("podIP", "ips")]
    return tuple(ip for ip in found if ip is not None)


def _probed(container: Fields) -> bool:
    """Whether the kubelet asks this container over the network whether it is ready."""
    probe = container.child("readinessProbe")
    return any(kind in probe for kind in ("httpGet", "tcpSocket", "grpc"))


def _named_ports(container: Fields) -> Iterator[str]:
    """The ports that policies and Services may call by their name."""
    for port in container.children("ports"):
        name, number = port.text("name", "named_ports"), port.integer("containerPort", "named_ports")
        if name and number is not None:
            yield f"{name}/{number}/{port.text('protocol', 'named_ports') or 'TCP'}"


def _of_containers(spec: Fields) -> tuple[bool, tuple[str, ...]]:
    containers = list(spec.children("containers"))
    return any(map(_probed, containers)), tuple(port for one in containers for port in _named_ports(one))


def _waiting_reasons(containers: list[Fields]) -> tuple[str, ...]:
    waiting = (container.child("state").child("waiting") for container in containers)
    found = (state.text("reason", "waiting_reasons") for state in waiting)
    return tuple(reason for reason in found if reason)


PARTS = (
    Part(("namespace",), "metadata", ("namespace",), namespace_in),
    Part(("restarts", "waiting_reasons", "last_ends"), "status", ("containerStatuses",), _restarts),
    Part(("node",), "spec", ("nodeName",), lambda spec: spec.text("nodeName", "node")),
    Part(("ips",), "status", ("podIP", "podIPs"), _ips),
    Part(("host_ip",), "status", ("hostIP",), lambda status: status.address("hostIP", "host_ip")),
    Part(("host_network",), "spec", ("hostNetwork",), lambda spec: spec.flag("hostNetwork", "host_network") or False),
    Part(("dns_policy",), "spec", ("dnsPolicy",), lambda spec: spec.text("dnsPolicy", "dns_policy") or "ClusterFirst"),
    Part(("dns_nameservers",), "spec", ("dnsConfig",), _nameservers),
    Part(("phase",), "status", ("phase",), lambda status: status.text("phase", "phase")),
    Part(("ready",), "status", ("conditions",), lambda status: is_ready(ready_condition(status))),
    Part(("owner",), "metadata", ("ownerReferences",), owner_of),
    Part(("labels",), "metadata", ("labels",), lambda metadata: metadata.string_map("labels", "labels")),
    Part(("network_probe", "named_ports"), "spec", ("containers",), _of_containers),
    Part(
        ("service_account",), "spec", ("serviceAccountName",), lambda s: s.text("serviceAccountName", "service_account")
    ),
)
"""All columns but the pod's own name."""


def build_pod(pod: Fields) -> Iterator[PodFact]:
    """A Pod as a fact; one without a name is left out.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: cart-0, namespace: shop}\\nstatus: {podIP: '***HIDDEN***'}\\n"
    >>> fact = next(build_pod(Record(Reading("pods.yaml", text), "Pod", "", next(read_yaml(text))).fields()))
    >>> fact.name, fact.ips, fact.redacted
    ('cart-0', (), ('ips',))
    """
    name = name_of(pod)
    sections = {key: pod.child(key) for key in ("metadata", "spec", "status")}
    values: dict[str, Any] = {}
    for part in PARTS:
        values |= columns_of(part, part.read(sections[part.section]))
    evidence = sections["metadata"].evidence("name")
    yield PodFact(name=name, **values, redacted=pod.record.redacted, evidence=evidence)


def columns_of(part: Part, value: Any) -> dict[str, Any]:
    """What a part's `read` gave, by column.

    >>> columns_of(PARTS[1], (2, ("CrashLoopBackOff",), ()))
    {'restarts': 2, 'waiting_reasons': ('CrashLoopBackOff',), 'last_ends': ()}
    """
    return {part.columns[0]: value} if len(part.columns) == 1 else dict(zip(part.columns, value, strict=True))


BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"Pod": build_pod}
