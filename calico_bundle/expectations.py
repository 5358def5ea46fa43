"""What each hop of a path should have been: Calico's rules with every node's right address and every session up.

A hop shows it beside what was found. It is worked out by the same prediction that stands in for routes that were not
recorded; a node whose address is not at fault keeps the one it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Interface

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.calico.bgp import Peerings, Session, SessionState
from calico_bundle.calico.installation import installation_of
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address
from calico_bundle.network.ends import written
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.outcome import Hop, Walk
from calico_bundle.network.prediction import OWN_CARD, SOME_ROUTER, PredictedRouting

_AT_FAULT = frozenset({AddressStatus.WRONG, AddressStatus.DUPLICATE, AddressStatus.NOT_ON_NODE})


class _AllUp(Peerings):
    """Sessions as they should be: every node learns every other's routes."""

    def learns(self, one: ClusterNode, other: ClusterNode) -> Session:
        del one, other
        return Session(SessionState.UP)


class Expectations:
    """Puts beside the hops of one cluster's paths what should be there."""

    def __init__(self, forwarding: Forwarding, addresses: Mapping[str, AddressVerdict]) -> None:
        self._pods = forwarding.pods
        self._cluster = _put_right(forwarding.cluster, addresses)
        self._version = installation_of(self._cluster).version
        self._peerings = _AllUp(self._cluster, self._version)

    def beside(self, walk: Walk) -> Walk:
        """The walk with `expected` and `found` at every hop that a route decided."""
        return replace(walk, hops=tuple(self._filled(hop) for hop in walk.hops))

    def _filled(self, hop: Hop) -> Hop:
        node = self._cluster.nodes.get(hop.node or "")
        if node is None or hop.toward is None:
            return hop
        expected = {"delivers": self._home, "encapsulates": self._tunnel}.get(hop.does, self._route)(node, hop.toward)
        found = hop.found or (None if hop.predicted else hop.rule)
        return replace(hop, expected=expected or hop.expected, found=found)

    def _home(self, node: ClusterNode, toward: Address) -> str:
        """The packet's end: a pod of the node, or the node itself."""
        if not self._pods.is_pod_address(toward):
            return f"{toward} is an address of {node.name}"
        return f"the pod {toward} runs on {self._pods.owner_of(toward) or 'some node'}"

    def _tunnel(self, node: ClusterNode, toward: Address) -> str | None:
        """The outer addresses: the two nodes' Calico addresses."""
        far = self._cluster.nodes.get(self._pods.owner_of(toward) or "")
        if far is None or far.bgp_address is None or node.bgp_address is None:
            return None
        return f"{node.bgp_address.ip} to {far.bgp_address.ip}"

    def _route(self, node: ClusterNode, toward: Address) -> str:
        """The route that Calico's rules give, or that a machine has for its own networks."""
        routing = PredictedRouting(self._cluster, node, self._pods, self._peerings, self._version)
        route = routing.lookup(toward).route
        by_router = route is not None and SOME_ROUTER in route.next_hops[0].flags
        if not self._pods.is_pod_address(toward):
            card = f" by {route.next_hops[0].device}" if route is not None and not by_router else ""
            return f"a route to {toward}{card.removesuffix(f' by {OWN_CARD}')}"
        if route is not None and not by_router:
            return written(route).removesuffix(f" dev {OWN_CARD}")
        block = self._pods.block_of(toward)
        if block is None:
            return f"a route to {toward}"
        how = "by a router that knows pod addresses, or in a tunnel" if by_router else f"to {block[1]}"
        return f"{block[0]} {how}"


def _put_right(cluster: Cluster, addresses: Mapping[str, AddressVerdict]) -> Cluster:
    """The cluster with each address at fault replaced by the one that the node should have."""
    nodes = dict(cluster.nodes)
    for name, verdict in addresses.items():
        kubernetes = nodes[name].kubernetes
        if verdict.status in _AT_FAULT and verdict.expected is not None and kubernetes is not None:
            right = _with_mask(cluster, nodes[name], verdict.expected)
            nodes[name] = replace(nodes[name], kubernetes=replace(kubernetes, bgp_ipv4=right))
    return replace(cluster, nodes=nodes)


def _with_mask(cluster: Cluster, node: ClusterNode, address: Address) -> IPv4Interface:
    """An address with its card's mask; where cards were not recorded, with that of a node in the same network."""
    own = next((a.address for a in node.card_addresses if a.address.ip == address), None)
    if own is not None:
        return IPv4Interface(own)
    others = (n.bgp_address.network for n in cluster.nodes.values() if n.bgp_address)
    length = next((net.prefixlen for net in others if address in net), address.max_prefixlen)
    return IPv4Interface(f"{address}/{length}")
