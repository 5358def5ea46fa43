"""Nodes whose routes were not recorded, and the routes that Calico's rules give them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import (
    ContainerSpec,
    DaemonSetFact,
    IPPoolFact,
    NextHop,
    RouteFact,
)
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.routing import Lookup
from tests.network.hand_made import NOWHERE, blocks_of, cluster, machine, pool

STORED = Evidence("nodes.yaml", 7, "projectcalico.org/IPv4Address: 10.0.1.11/24")
SESSION = "Mesh_10_0_1_12 BGP      master   up     10:00:00    Established"


def unseen(number: int, *cards: str, **changed: Any) -> ClusterNode:
    """A node whose routes were not recorded."""
    address = f"10.0.1.{10 + number}"
    cited = {"bgp_ipv4": replace(STORED, text=STORED.text.replace("10.0.1.11", address))}
    tunnel = ip_address(f"10.244.{number}.0")
    given = {"internal": address, "calico": f"{address}/24", "cited": cited, "vxlan_tunnel_ip": tunnel}
    return machine(f"node-{number}", *cards, **{**given, **changed})


def moded(*, vxlan: str = "Never", ipip: str = "Never") -> tuple[IPPoolFact, ...]:
    return (replace(pool(), ipip_mode=ipip, vxlan_mode=vxlan),)


def version(tag: str) -> tuple[DaemonSetFact, ...]:
    container = ContainerSpec("calico-node", f"docker.io/calico/node:{tag}", {}, {})
    return (DaemonSetFact("kube-system", "calico-node", (container,), None, NOWHERE),)


def looked_up(to: str, *nodes: ClusterNode, **facts: Any) -> Lookup:
    """What the first node's routing says of an address."""
    where = cluster(*nodes, **{"pools": (pool(),), "blocks": blocks_of(1, 2), **facts})
    return Forwarding(where).routing(nodes[0]).lookup(ip_address(to))


def predicted(kind: str, network: str, gateway: str | None, device: str, *flags: str, cited: Evidence) -> Lookup:
    """A route of table main as a machine would have it, by a writer that is called `predicted`."""
    hop = NextHop(ip_address(gateway) if gateway else None, device, flags, 1)
    return Lookup(RouteFact(4, "main", kind, ip_network(network), (hop,), "predicted", None, None, 0, cited))


def line_of(found: Lookup) -> Evidence:
    assert found.route is not None, found.undecided
    return found.route.evidence


ONE, TWO = unseen(1), unseen(2)
BLOCK = "10.244.2.0/26"
UP = {"sessions": "10.0.1.12 Established"}
