"""One thing from several sources: an object says all of it, a description less, a table least; each counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from calico_bundle.facts.kubernetes import EventFact, NodeFact, PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_table import PodTable
from calico_bundle.facts.types import Address, Network

T = TypeVar("T")


def unique(facts: Iterable[T], key: Callable[[T], object]) -> tuple[T, ...]:
    """Facts of one class, each thing once: bundles hold the same one in several files, and in several forms.

    >>> unique([1, -1, 2], abs)
    (1, 2)
    """
    found: dict[object, T] = {}
    for fact in sorted(facts, key=unshown):
        found.setdefault(key(fact), fact)
    return tuple(found.values())


def unshown(fact: object) -> int:
    """How many columns of a fact its source does not show.

    >>> unshown("no fact")
    0
    """
    return len(getattr(fact, "not_shown", ()))


def join_nodes(nodes: Iterable[NodeFact]) -> dict[str, NodeFact]:
    """Nodes by name; what the fullest source of one does not show is taken from the next that does.

    >>> join_nodes(())
    {}
    """
    found: dict[str, NodeFact] = {}
    for node in sorted(nodes, key=_fullest_first):
        found[node.name] = _filled(found[node.name], node) if node.name in found else node
    return found


def _fullest_first(node: NodeFact) -> tuple[int, bool, str, int]:
    """OpenShift's Insights takes Calico's annotations off its Nodes: another object of the node may have them."""
    return unshown(node), node.bgp_ipv4 is None, node.evidence.path, node.evidence.line or 0


def _filled(node: NodeFact, other: NodeFact) -> NodeFact:
    gained = [column for column in node.not_shown if column not in other.not_shown]
    if not gained:
        return node
    values = {column: getattr(other, column) for column in gained}
    cited = {**node.cited, **{column: line for column, line in other.cited.items() if column in gained}}
    left = tuple(column for column in node.not_shown if column not in gained)
    return replace(node, **values, cited=cited, not_shown=left)


def join_events(events: Iterable[EventFact]) -> tuple[EventFact, ...]:
    """Events, each once. Those of a description have no time: where an object's events have one, they go before them.

    >>> join_events(())
    ()
    """
    told = tuple(events)
    timed = {(e.namespace, e.object_name) for e in told if e.last_seen}
    kept = (e for e in told if e.last_seen or (e.namespace, e.object_name) not in timed)
    return unique(kept, lambda e: (e.namespace, e.object_name, e.message, e.last_seen))


def contradicts(node: NodeFact, used: NodeFact) -> bool:
    """Whether two sources of one node show different addresses of it; what either does not show is no difference."""
    hidden = {*node.not_shown, *used.not_shown, *node.redacted, *used.redacted}
    if "bgp_ipv4" not in hidden and node.bgp_ipv4 not in (None, used.bgp_ipv4):
        return True
    if "internal_ips" in hidden or node.internal_ips in ((), used.internal_ips):
        return False
    # A table shows the first address alone.
    return not node.not_shown or not set(node.internal_ips) <= set(used.internal_ips)


def tell_networks(
    pods: Sequence[PodFact], machines: Mapping[Address, str], networks: Sequence[Network]
) -> Sequence[PodFact]:
    """Pods with `host_network` told by their address, where their source does not show it and the address proves it.

    `machines` has the nodes' own addresses, `networks` the pools, blocks and pod CIDRs. A table may be of another time
    than the objects: an address that a Pod object has is no other pod's.

    >>> tell_networks((), {}, ())
    ()
    """
    if all(host is not None for host in columns_of(pods).host_networks):
        return pods
    told = PodTable()
    prefixes = _by_length(networks)
    taken = frozenset(ip for pod in pods if not pod.not_shown for ip in pod.ips)
    for pod in pods:
        if pod.host_network is not None:
            told.add(pod)
        elif taken.isdisjoint(pod.ips):
            told.add(replace(pod, host_network=_is_on_host(pod, machines, prefixes)))
        else:
            told.add(replace(pod, ips=(), not_shown=("ips", *pod.not_shown)))
    return told  # type: ignore[return-value]


def _is_on_host(
    pod: PodFact, machines: Mapping[Address, str], prefixes: Mapping[tuple[int, int], frozenset[int]]
) -> bool | None:
    for ip in pod.ips:
        if ip in machines or ip == pod.host_ip:
            return True if machines.get(ip, pod.node) == pod.node else None
    inside = any(
        ip.version == version and int(ip) >> (ip.max_prefixlen - length) in starts
        for ip in pod.ips
        for (version, length), starts in prefixes.items()
    )
    return False if inside else None


def _by_length(networks: Iterable[Network]) -> dict[tuple[int, int], frozenset[int]]:
    found: dict[tuple[int, int], set[int]] = {}
    for network in networks:
        bits = network.max_prefixlen - network.prefixlen
        found.setdefault((network.version, network.prefixlen), set()).add(int(network.network_address) >> bits)
    return {key: frozenset(starts) for key, starts in found.items()}
