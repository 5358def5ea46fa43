"""What the probes of calico-node's pods say of BGP sessions, in the events of these pods (node/pkg/health/health.go)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, EventFact
from calico_bundle.facts.pod_queries import unready_on_host_network

_NOT_ESTABLISHED = "BGP not established with"
_LASTING = 4
"""Times that a probe must have failed: at one in 10 s this is past the first 30 s, when one missing peer fails it."""


def lasting_events(events: Sequence[EventFact]) -> list[EventFact]:
    """A pod's events of missing sessions that went on, unless a later one gives another reason for not being ready.

    >>> lasting_events(())
    []
    """
    others = [e.last_seen for e in events if "not ready" in e.message and _NOT_ESTABLISHED not in e.message]
    latest = max((seen for seen in others if seen), default="")
    told = [e for e in events if _NOT_ESTABLISHED in e.message and e.count >= _LASTING]
    return [e for e in told if e.last_seen is None or e.last_seen >= latest]


def peers_in(event: EventFact) -> set[Address]:
    """The peers that an event names; one that is hidden or damaged may be any peer, and is none of them."""
    words = event.message.partition(_NOT_ESTABLISHED)[2].split()
    return set(_read(words[0].rstrip(".").split(","))) if words else set()


def _read(words: Sequence[str]) -> Iterator[Address]:
    for word in words:
        try:
            yield ip_address(word)
        except ValueError:
            continue


def without_sessions(cluster: Cluster) -> dict[str, Evidence]:
    """Nodes whose calico-node runs and is not ready for want of BGP sessions, each with the event that says so.

    >>> without_sessions(Cluster({}))
    {}
    """
    unready = (pod for pod in unready_on_host_network(cluster.pods) if pod.phase == "Running")
    running = {pod.name: pod.node for pod in unready if pod.node and not pod.waiting_reasons}
    by_pod = _lasting_by_pod(cluster)
    return {node: by_pod[name][0].evidence for name, node in running.items() if name in by_pod}


def events_about(cluster: Cluster, node: ClusterNode) -> tuple[Evidence, ...]:
    """The events in which calico-node of a node misses its sessions for long, and those in which others miss its address.

    Others may be of the first seconds after a start, when one missing peer is enough: they decide nothing.
    """
    here = {pod.name for pod in unready_on_host_network(cluster.pods) if pod.node == node.name}
    own = [event.evidence for name, found in _lasting_by_pod(cluster).items() if name in here for event in found]
    stored = node.bgp_address.ip if node.bgp_address else None
    told = (event for event in cluster.events if event.object_name not in here and _NOT_ESTABLISHED in event.message)
    return (*own, *(event.evidence for event in told if stored in peers_in(event)))


def _lasting_by_pod(cluster: Cluster) -> dict[str, list[EventFact]]:
    by_pod: dict[str, list[EventFact]] = {}
    for event in cluster.events:
        if event.object_name and "not ready" in event.message:
            by_pod.setdefault(event.object_name, []).append(event)
    return {name: lasting for name, events in by_pod.items() if (lasting := lasting_events(events))}
