"""What was seen and what was not, per kind of artifact and per node, and what that leaves undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from calico_bundle.calico.programming import without_bgp
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Missing
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.network.service import DnsService


@dataclass(frozen=True, slots=True)
class Seen:
    """How much of one kind of artifact is there; `of` is None where no number is expected."""

    artifact: str
    seen: int
    of: int | None
    text: str


_BGP = "BGP state"
_PER_NODE: tuple[tuple[str, Callable[[ClusterNode], object], str], ...] = (
    ("ip addr", lambda n: n.interfaces, "whether the node has its Calico address, and on which card"),
    ("ip route", lambda n: n.routes, "where the node sends packets: paths from and to its pods"),
    ("ip rule", lambda n: n.rules, "whether other routing tables apply; the three default rules are assumed"),
    ("ip neigh", lambda n: n.neighbors, "which next hops answer, and who is on a card's network"),
    ("sysctl rp_filter", lambda n: n.sysctls, "whether the reverse-path filter drops packets"),
    (_BGP, lambda n: n.sessions, "which BGP sessions are up; learned routes stand in for it"),
    ("calico-node log", lambda n: n.log_events or None, "what calico-node itself said of its address choice"),
)
_MOST_NAMES = 5
# Without these a node's paths stay open; the others only sharpen the answer.
_DECISIVE = frozenset({"ip addr", "ip route"})


def seen(cluster: Cluster) -> tuple[Seen, ...]:
    """Counts per kind of artifact: objects of the cluster, then records of the machines.

    >>> seen(Cluster({}))[0]
    Seen(artifact='nodes', seen=0, of=None, text='Node objects')
    """
    objects = (
        ("nodes", sum(1 for n in cluster.nodes.values() if n.kubernetes), "Node objects"),
        ("pods", len(cluster.pods), "Pod objects"),
        ("services", len(cluster.services), "Service objects"),
        ("endpoints", len(cluster.endpoints), "addresses behind services"),
        ("ip pools", len(cluster.pools), "Calico IPPool objects"),
        ("ip blocks", len(cluster.blocks), "Calico address blocks"),
        ("calico-node daemonset", int(cluster.calico_node is not None), "its environment holds the detection method"),
    )
    total = len(cluster.nodes)
    told = {_BGP: "not needed here: Felix writes the pods' routes, without BGP"} if without_bgp(cluster) else {}
    machines = [
        Seen(name, sum(1 for n in cluster.nodes.values() if get(n) is not None), total, told.get(name, effect))
        for name, get, effect in _PER_NODE
    ]
    return (*(Seen(name, count, None, text) for name, count, text in objects), *machines)


def missing(cluster: Cluster, dns: DnsService | None) -> tuple[Missing, ...]:
    """What is not there and would decide something.

    >>> missing(Cluster({}), None)[0].artifact
    'nodes (kubectl get nodes -o yaml)'
    """
    return (*_missing_objects(cluster, dns), *_missing_records(cluster))


def _missing_objects(cluster: Cluster, dns: DnsService | None) -> Iterator[Missing]:
    if not any(n.kubernetes for n in cluster.nodes.values()):
        yield Missing("nodes (kubectl get nodes -o yaml)", None, "InternalIPs and Calico's stored addresses")
    if hiding := [n.name for n in cluster.nodes.values() if n.kubernetes and "bgp_ipv4" in n.kubernetes.not_shown]:
        yield Missing("nodes in full (kubectl get nodes -o yaml)", None, f"Calico's stored addresses: {_some(hiding)}")
    if any(policy is None for policy in columns_of(cluster.pods).dns_policies):
        yield Missing("pods in full (kubectl get pods -A -o yaml)", None, "dnsPolicy: which pods use cluster DNS")
    if not cluster.pods:
        yield Missing("pods (kubectl get pods -A -o yaml)", None, "whose lookups to judge: no path is known")
    if not cluster.services:
        yield Missing("services (kubectl get services -A -o yaml)", None, "the address of the cluster DNS")
    elif dns is None:
        yield Missing("cluster DNS service", None, "none of the services is known as cluster DNS; --dns names it")
    if dns is not None and not dns.listed:
        yield Missing("endpoints (kubectl get endpoints,endpointslices -A -o yaml)", None, "where DNS answers from")
    if not cluster.pools and not cluster.blocks and cluster.has_calico:
        yield Missing(
            "ip pools (kubectl get ippools.crd.projectcalico.org -o yaml)", None, "encapsulation, pod networks"
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else "")


def _missing_records(cluster: Cluster) -> Iterator[Missing]:
    for node in cluster.nodes.values():
        for name, get, effect in _PER_NODE:
            if name in _DECISIVE and get(node) is None:
                yield Missing(name, node.name, effect)
