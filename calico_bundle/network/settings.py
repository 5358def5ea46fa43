"""Kernel settings that decide whether a packet is accepted, read for one interface as the kernel reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.numbers import whole_number

LOOSE = 2

_COUNT = "net.netfilter.nf_conntrack_count"
_LIMITS = ("net.netfilter.nf_conntrack_max", "net.nf_conntrack_max")


@dataclass(frozen=True, slots=True)
class TrackedConnections:
    """How many connections a kernel tracks, of how many at most."""

    count: int
    limit: int
    evidence: tuple[Evidence, ...]


def tracked_connections(node: ClusterNode) -> TrackedConnections | None:
    """How full a node's table of connections was when it was collected; None where that was not recorded.

    >>> tracked_connections(ClusterNode("n1"))
    """
    settings = node.sysctls or {}
    held, most = settings.get(_COUNT), next((settings[key] for key in _LIMITS if key in settings), None)
    count, limit = (whole_number(fact.value) if fact else None for fact in (held, most))
    if held is None or most is None or count is None or not limit:
        return None
    return TrackedConnections(count, limit, (held.evidence, most.evidence))


def reverse_path_filter(node: ClusterNode, interface: str | None) -> tuple[int | None, Evidence | None]:
    """The reverse-path filter in force on an interface: 0 off, 1 strict, 2 loose; None when it was not recorded.

    `interface` None stands for a card that is not known: then only what holds for all of them is given.

    Source: Documentation/networking/ip-sysctl.rst: the maximum of conf/all and conf/INTERFACE is used.

    >>> reverse_path_filter(ClusterNode("n1"), "eth0")
    (None, None)
    """
    everywhere = _setting(node, "all", "rp_filter")
    if everywhere is None:
        return None, None
    names = [interface] if interface is not None else [i.name for i in node.interfaces or ()]
    own = [_setting(node, name, "rp_filter") for name in names]
    found = [max(everywhere, setting, key=lambda s: s[0]) for setting in own if setting]
    if everywhere[0] == LOOSE and interface is None:
        return everywhere
    if not found or None in own or len({value for value, _ in found}) > 1:
        return None, None
    return found[0]


def accept_local(node: ClusterNode, interface: str) -> tuple[bool | None, Evidence | None]:
    """Whether an interface takes packets from addresses of the machine itself: where conf/all or conf/INTERFACE says so.

    >>> accept_local(ClusterNode("n1"), "eth0")
    (None, None)
    """
    found = [s for s in (_setting(node, name, "accept_local") for name in ("all", interface)) if s]
    allowing = next((evidence for value, evidence in found if value), None)
    if allowing is not None:
        return True, allowing
    return (False, found[-1][1]) if len(found) == 2 else (None, None)


def forwarding(node: ClusterNode, interface: str) -> tuple[bool | None, Evidence | None]:
    """Whether a node forwards what comes in by an interface; None when it was not recorded.

    `all` stands for what holds where an interface says nothing itself; net.ipv4.ip_forward is its older name.

    Source: Documentation/networking/ip-sysctl.rst: conf/INTERFACE/forwarding; the kernel asks the interface's own
    (IN_DEV_FORWARD), and writing ip_forward sets every one of them.

    >>> forwarding(ClusterNode("n1"), "eth0")
    (None, None)
    """
    found = _setting(node, interface, "forwarding")
    if found is None and interface == "all":
        setting = (node.sysctls or {}).get("net.ipv4.ip_forward")
        value = whole_number(setting.value) if setting else None
        found = (value, setting.evidence) if setting and value is not None else None
    return (None, None) if found is None else (bool(found[0]), found[1])


def not_forwarding(node: ClusterNode, interfaces: Iterable[str]) -> tuple[str, Evidence] | None:
    """The first of some interfaces by which nothing that comes in is forwarded, and the line that says so.

    What is off for all is on for none that is not told of: whoever sets `all` sets every interface there is
    (inet_forward_change()), and one that comes later takes `default`, which is set with it.

    >>> not_forwarding(ClusterNode("n1"), ["eth0"])
    """
    everywhere = forwarding(node, "all")
    for name in interfaces:
        own = forwarding(node, name)
        does, line = everywhere if own[0] is None and everywhere[0] is False else own
        if does is False and line is not None:
            return name, line
    return None


def told_of(node: ClusterNode, is_wanted: Callable[[str], bool]) -> list[str]:
    """The interfaces of which a node's settings say whether they forward.

    >>> told_of(ClusterNode("n1"), str.isalnum)
    []
    """
    start, end = "net.ipv4.conf.", ".forwarding"
    found = (key[len(start) : -len(end)] for key in node.sysctls or () if key.startswith(start) and key.endswith(end))
    return [name for name in found if name not in ("all", "default", "lo") and is_wanted(name)]


def _setting(node: ClusterNode, interface: str, name: str) -> tuple[int, Evidence] | None:
    """One of net.ipv4.conf's; sysctl prints an interface's own dots as slashes, and its parser turns them back."""
    setting = (node.sysctls or {}).get(f"net.ipv4.conf.{interface}.{name}")
    value = whole_number(setting.value) if setting else None
    return (value, setting.evidence) if setting and value is not None else None
