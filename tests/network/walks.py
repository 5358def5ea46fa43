"""Walks through hand-made clusters, and what they come to."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from calico_bundle.cluster import Cluster
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.outcome import Outcome, Packet, Walk, Why
from tests.network.hand_made import blocks_of, cluster, lan_node, pool

LAN = ("10.0.1.11/24", "10.0.1.12/24")


def walk(where: Cluster, node: str, source: str | None, to: str, *, host: bool = False) -> Walk:
    forwarding = Forwarding(where)
    send = forwarding.from_node if host else forwarding.from_pod
    return send(node, Packet(ip_address(source) if source else None, ip_address(to)))


def why(found: Walk) -> Why:
    assert found.cause is not None
    assert found.cause.text
    if found.outcome is Outcome.UNKNOWN:
        assert found.cause.settle, "an open question says what would settle it"
    else:
        assert found.outcome is Outcome.LOST
        assert found.hops[-1].does == "drops"
    return found.cause.why


def two(one: dict[str, Any], other: dict[str, Any] | None = None, **facts: Any) -> Cluster:
    """node-1 and node-2 on the LAN, each as usual but for what is given."""
    nodes = lan_node(1, 2, **one), lan_node(2, 1, **(other or {}))
    return cluster(*nodes, **{"pools": (pool(),), "blocks": blocks_of(1, 2), **facts})
