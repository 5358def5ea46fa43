"""One packet from node to node: routes, wires, tunnels, and the checks of the receiver, as the kernel does them.

The walk does not know whether a table was observed or predicted. Each step is a small function that either hands the
packet on or ends its way; every end has a cause with the line that decided.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from calico_bundle.calico.bgp import Peerings
from calico_bundle.calico.installation import installation_of
from calico_bundle.calico.other_plugins import plugin_of_device
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, NextHop, RouteFact
from calico_bundle.facts.route_queries import routes_to_host
from calico_bundle.network.ends import (
    POD_GATEWAY,
    At,
    dropped,
    hop_of,
    lost,
    no_gateway,
    no_route,
    open_lookup,
    routes_of,
    undecided,
)
from calico_bundle.network.outcome import NODES, Cause, Hop, Outcome, Packet, Settles, Walk, Why
from calico_bundle.network.pods import PodNetwork
from calico_bundle.network.prediction import SOME_ROUTER, PredictedRouting
from calico_bundle.network.reprogrammed import ReprogrammedRouting
from calico_bundle.network.reverse_path import ReversePathFilter, Routing
from calico_bundle.network.routing import DROPPING_TYPES, NodeRouting, device_address, source_address
from calico_bundle.network.tunnels import VXLAN_DEVICE, TunnelEnds
from calico_bundle.network.wires import Landing, Wires

ANY: Final = IPv4Address("0.0.0.0")  # noqa: S104 - the source of a look-up that has none; nothing is bound
"""The source of a look-up that has none: a rule that asks for one does not apply."""

WHO_MAY_ROUTE: Final = "Calico peers with routers here, or leaves pods to the network"
"""Why a machine that is no node may carry a pod's packets on."""

MOST_HOPS: Final = 16
"""More hops than a packet takes between two nodes through a tunnel: a loop."""


MOST_DEPTH: Final = 4
"""Multipath routes and tunnels inside each other: more is a loop too."""


class Forwarding:
    """Walks packets through one cluster."""

    def __init__(self, cluster: Cluster, peerings: Peerings | None = None) -> None:
        """Prepare to walk; `peerings` where the sessions are not those that the cluster's records show."""
        self.cluster = cluster
        self.pods = PodNetwork(cluster)
        self.tunnels = TunnelEnds(cluster)
        self.version = installation_of(cluster).version
        self.peerings = peerings or Peerings(cluster, self.version)
        self.wires = Wires(cluster, self.peerings)
        self._reverse_path = ReversePathFilter(self.routing, self.pods)
        self._routing: dict[str, Routing] = {}
        self._cables: dict[tuple[str, Address], str | None] = {}

    def routing(self, node: ClusterNode) -> Routing:
        """A node's routing, built at first use: as recorded, else as predicted."""
        if node.name not in self._routing:
            self._routing[node.name] = self._build(node)
        return self._routing[node.name]

    def _build(self, node: ClusterNode) -> Routing:
        if node.routes is None:
            return PredictedRouting(self.cluster, node, self.pods, self.peerings, self.version)
        if node.reprogrammed and self.pods.carrier is None:
            return ReprogrammedRouting(self.cluster, node, self.pods, self.peerings, self.version)
        return NodeRouting(node)

    def from_pod(self, node: str, packet: Packet) -> Walk:
        """Walk a packet that a pod of a node sends: first its gateway must answer.

        Proxy ARP answers for 169.254.1.1 only while the node has a route to it, by another device (arp_process()). Where
        that is open, the packet is lost if it would be lost behind the gateway too, and else its fate is open.
        """
        at = At(self.cluster.nodes[node], packet.on(node), None, ())
        own = at.packet.routed_as or at.packet.source
        at = replace(at, device=self._cable_of(at.node, own) or self.pods.a_workload_device)
        filtered = self._pod_cable(at, own)
        if filtered is not None:
            return filtered
        gateway = self.routing(at.node).lookup(POD_GATEWAY, own, at.device)
        if gateway.undecided or gateway.unless_default:
            walk = self._walk(at)
            open_one = gateway.undecided or "whether it has a default route is not in the bundle"
            return walk if not walk.delivered else undecided(at, open_one, routes_of(at.node))
        answered = gateway.route is not None and gateway.route.type == "unicast"
        return self._walk(at) if answered else no_gateway(at)

    def _pod_cable(self, at: At, own: Address | None) -> Walk | None:
        """Apply the reverse-path filter at the node's end of a pod's cable: would the pod be answered by that cable.

        They are not where a rule or a more specific route takes the pod's address elsewhere. Felix makes the filter strict
        there (felix/dataplane/linux/endpoint_mgr.go).
        """
        if own is None or self._cable_of(at.node, own) is None:
            return None
        return self._reverse_path.check(replace(at, packet=Packet(own, at.packet.destination)))

    def _cable_of(self, node: ClusterNode, pod: Address | None) -> str | None:
        """The device that leads to a pod, by its own route in any table; None when there is none."""
        if pod is None:
            return None
        if (node.name, pod) not in self._cables:
            routes = routes_to_host(node.routes or (), pod)
            devices = [r.next_hops[0].device for r in routes if r.next_hops]
            cables = [device for device in devices if device and self.pods.is_workload_device(device)]
            self._cables[node.name, pod] = cables[-1] if cables else None
        return self._cables[node.name, pod]

    def between_pods(self, one: str, other: str) -> Walk | None:
        """Pod traffic between two nodes, the worse of both ways; None when no pod address of one of them is known.

        Where a node has no pod, an address of its block stands for one; that it ends in the block's blackhole on its own
        node shows that it got there.
        """
        ours, theirs = self.pods.sample_on(one), self.pods.sample_on(other)
        if ours is None or theirs is None:
            return None
        there = _arrived(self.from_pod(one, Packet(ours, theirs)), other)
        back = _arrived(self.from_pod(other, Packet(theirs, ours)), one)
        return worse(there, back)

    def from_node(self, node: str, packet: Packet) -> Walk:
        """Walk a packet that the node itself, or a hostNetwork pod on it, sends."""
        return self._walk(At(self.cluster.nodes[node], packet, None, ()))

    def _walk(self, at: At) -> Walk:
        for _ in range(MOST_HOPS if at.depth < MOST_DEPTH else 0):
            step = self._step(at)
            if isinstance(step, Walk):
                return step
            at = step
        return at.end(Outcome.LOST, Cause(Why.LOOP, at.node.name, "the packet goes round in a loop"))

    def _step(self, at: At) -> Walk | At:
        """One node's decision: deliver, drop, encapsulate or pass on."""
        source = at.packet.routed_as if at.begins and at.packet.routed_as else at.packet.source
        lookup = self.routing(at.node).lookup(at.packet.destination, source, at.device)
        if lookup.undecided:
            return open_lookup(at, lookup.undecided)
        route = lookup.route
        if route is None and lookup.unless_default and self.pods.routers_may_know_pods:
            return open_lookup(at, f"a default route may lead to a router that knows pods: {WHO_MAY_ROUTE}")
        if route is None:
            return no_route(at, lookup, self._missing_route(at.node, at.packet.destination, None))
        if route.type in DROPPING_TYPES:
            return dropped(at, route)
        if route.type in ("local", "anycast"):
            return Walk(Outcome.DELIVERED, (*at.hops, hop_of(at, "delivers", route)), at.node.name, at.device)
        return self._along(at, route)

    def _along(self, at: At, route: RouteFact) -> Walk | At:
        """Follow a route's next hops; the several of a multipath route must agree, as any of them can be taken."""
        usable = [hop for hop in route.next_hops if "dead" not in hop.flags]
        results = [self._out(at, route, hop) for hop in usable]
        if len(results) == 1:
            return results[0]
        walks = [r if isinstance(r, Walk) else self._walk(replace(r, depth=r.depth + 1)) for r in results]
        if len({w.outcome for w in walks}) == 1:
            return walks[0]
        return undecided(
            at, "the next hops of a multipath route differ", Settles((), beside="which next hop the flow takes")
        )

    def _out(self, at: At, route: RouteFact, hop: NextHop) -> Walk | At:
        device = hop.device or ""
        if self.pods.is_workload_device(device):
            return self._to_pod(at, route)
        if plugin := plugin_of_device(device):
            text = f"{device} of {at.node.name} is a device of {plugin}, and where packets go from it is not known here"
            return undecided(at.passing(hop_of(at, "routes", route)), text, Settles((), beside=f"{plugin}'s own tools"))
        if SOME_ROUTER in hop.flags:
            return self._through_router(at.passing(hop_of(at, "routes", route)), route, hop)
        if self.tunnels.is_tunnel(at.node, device):
            return self._through_tunnel(at, route, hop)
        landing = self.wires.land(at.node, device, hop.gateway or at.packet.destination)
        passed = at.passing(hop_of(at, "routes", route))
        if landing.kind == "router":
            return self._through_router(passed, route, hop)
        return self._arrive(passed, landing, hop)

    def _to_pod(self, at: At, route: RouteFact) -> Walk:
        return Walk(
            Outcome.DELIVERED, (*at.hops, hop_of(at, "delivers", route)), at.node.name, route.next_hops[0].device
        )

    def _arrive(self, at: At, landing: Landing, hop: NextHop) -> Walk | At:
        """The frame ends where the wire leads: on a node, at nobody, or nobody can tell."""
        target = hop.gateway or at.packet.destination
        if landing.kind == "node" and landing.node is not None:
            receiver = self.cluster.nodes[landing.node]
            taken = self._accept(at, receiver, landing.interface)
            unanswered = None if landing.evidence else self._unanswered(at, hop, receiver, landing)
            if unanswered is None:
                return taken
            rest = taken if isinstance(taken, Walk) else self._walk(replace(taken, depth=taken.depth + 1))
            return unanswered if rest.delivered else rest
        if landing.kind == "silent":
            return _unheard(at, Why.NEXT_HOP_SILENT, landing, target)
        settle = Settles(("ip neigh",), at.node.name, "or the state of its BGP sessions")
        return undecided(at, landing.text, settle, target)

    def _unanswered(self, at: At, hop: NextHop, receiver: ClusterNode, landing: Landing) -> Walk | None:
        """Whether the receiver may leave the sender's ARP request without an answer, where no entry or session shows one.

        arp_process() routes a request like a packet, from the sender's address to the one that is asked for: what the
        reverse-path filter refuses gets no answer. The sender may know the address all the same, from a request that the
        receiver made itself: that leaves it open (both measured).
        """
        target = hop.gateway or at.packet.destination
        asking = device_address(at.node, hop.device, target)[0] or at.node.internal_ip
        request = replace(at, node=receiver, packet=Packet(asking, target), device=landing.interface, begins=False)
        refused = self._reverse_path.check(request)
        if refused is None or refused.cause is None:
            return None
        text = f"{receiver.name} may leave ARP for {target} without an answer: {refused.cause.text}"
        return undecided(at, text, Settles(("ip neigh",), at.node.name), target)

    def _through_router(self, at: At, route: RouteFact, hop: NextHop) -> Walk | At:
        """A machine that is no node gets the packet. Routers carry node addresses, and know no pod address."""
        destination = at.packet.destination
        if self.pods.is_pod_address(destination):
            return self._pod_packet_at_router(at, route, hop)
        landing = self.wires.routed(at.node, at.packet.source, destination)
        if landing.kind == "node" and landing.node is not None:
            return self._accept(at, self.cluster.nodes[landing.node], landing.interface)
        if landing.kind == "silent":
            return _unheard(at, Why.NETWORKS_NOT_JOINED, landing, destination)
        settle = _of_routers(at, self.cluster.nodes, self.wires.nodes_at(destination))
        return undecided(at, landing.text, settle, destination)

    def _pod_packet_at_router(self, at: At, route: RouteFact, hop: NextHop) -> Walk:
        gateway = hop.gateway or at.packet.destination
        if not self.wires.all_nodes_known and SOME_ROUTER not in hop.flags:
            text = f"{gateway} may be a node whose addresses are not in the bundle"
            return undecided(at, text, Settles((NODES,)))
        if self.pods.routers_may_know_pods:
            return undecided(
                at, f"{gateway} may know pod addresses: {WHO_MAY_ROUTE}", Settles((), beside=f"the routes of {gateway}")
            )
        text = f"packets go to {gateway}, which is no node, and routers know no pod addresses"
        if hop.gateway is None:
            text = f"packets go out of {hop.device}, as if {gateway} were a machine on its network"
        if SOME_ROUTER in hop.flags:
            text = "packets go to its default gateway, if it has one, and routers know no pod addresses"
        missing = self._missing_route(at.node, at.packet.destination, route)
        text = f"{missing}: {text}" if missing else f"{at.node.name}'s {text}"
        expected = f"a route for {at.packet.destination} to its node" if missing else "a next hop that is a node"
        why = Why.NO_ROUTE if missing else Why.ROUTER_HAS_NO_POD_ROUTE
        cause = Cause(why, at.node.name, text, (route.evidence,), at.packet.destination)
        # The machine that drops it is none of the cluster's.
        end = Hop(None, "drops", None, expected, f"next hop {gateway}", route.evidence)
        return at.end(Outcome.LOST, cause, end)

    def _missing_route(self, node: ClusterNode, destination: Address, taken: RouteFact | None) -> str | None:
        """Which route is missing, when the one that is taken is not about the pod's block at all."""
        block = self.pods.block_of(destination)
        if block is None or (taken is not None and taken.destination.prefixlen >= block[0].prefixlen):
            return None
        return f"{node.name} has no route to {block[0]}, the block of {block[1]}"

    def _accept(self, at: At, node: ClusterNode, interface: str | None) -> Walk | At:
        """Make the receiver's first check: would it answer by the card that the packet came in by."""
        there = replace(at, node=node, device=interface, packet=at.packet.on(node.name), begins=False)
        return self._reverse_path.check(there) or there

    # --- tunnels ----------------------------------------------------------------------------------------------------

    def _through_tunnel(self, at: At, route: RouteFact, hop: NextHop) -> Walk | At:
        """Wrap the packet, walk the outer one between the nodes, have the receiver check its source, go on inside."""
        ends = self.tunnels.ends(at.node, hop, self._outer_source)
        if isinstance(ends, str):
            return undecided(at, ends, Settles(("ip -d addr",), at.node.name, "and the Nodes' Calico addresses"))
        source, destination = ends
        wrapped = replace(hop_of(at, "encapsulates", route), found=f"{source} to {destination}")
        # IPIP asks for a route without a source and takes the route's (ip_tunnel_xmit); VXLAN has a source of its own.
        routed_as = ANY if hop.device != VXLAN_DEVICE else None
        packet = Packet(source, destination, routed_as)
        outer = self._walk(At(at.node, packet, None, (*at.hops, wrapped), at.depth + 1))
        if not outer.delivered or outer.node is None:
            return outer
        inside = replace(at, hops=outer.hops)
        return self._unwrap(inside, self.cluster.nodes[outer.node], hop.device or "", source)

    def _outer_source(self, node: ClusterNode, destination: Address) -> Address | None:
        route = self.routing(node).lookup(destination, ANY).route
        return source_address(node, route, destination)[0] if route else None

    def _unwrap(self, at: At, node: ClusterNode, device: str, outer_source: Address | None) -> Walk | At:
        there = replace(at, node=node, device=device, packet=at.packet.on(node.name), begins=False)
        if node.lacks_interface(device):
            text = f"{node.name} has no {device} to take the packet out of its tunnel"
            listed = tuple(i.evidence for i in (node.interfaces or ())[:1])
            cause = Cause(Why.NO_TUNNEL_DEVICE, node.name, text, listed, outer_source)
            return lost(there, cause, f"the device {device}", "none of that name")
        accepted = self.tunnels.accepts(outer_source)
        if accepted is None:
            text = f"whether {node.name} takes tunnel packets from {outer_source or 'the sender'} is not in the bundle"
            settle = Settles((NODES,), beside="with every node's Calico address")
            return undecided(there, text, settle, outer_source)
        if not accepted:
            text = f"{node.name} drops tunnel packets from {outer_source}: it is no node's Calico address"
            cause = Cause(Why.TUNNEL_SOURCE_REFUSED, node.name, text, _annotation(at.node), outer_source)
            expected = f"a packet from {at.node.bgp_address.ip if at.node.bgp_address else at.node.name}"
            return lost(there, cause, expected, f"one from {outer_source}")
        return self._reverse_path.check(there) or there


def _unheard(at: At, why: Why, landing: Landing, target: Address) -> Walk:
    """Nobody takes the frame, or no router carries the packet on."""
    cited = (landing.evidence,) if landing.evidence else ()
    expected = f"an answer to ARP for {target}" if why is Why.NEXT_HOP_SILENT else f"a router that delivers to {target}"
    return lost(at, Cause(why, at.node.name, landing.text, cited, target), expected, landing.text)


def _annotation(node: ClusterNode) -> tuple[Evidence, ...]:
    """The line of the address that Calico stores for a node."""
    line = node.kubernetes.cited.get("bgp_ipv4") if node.kubernetes else None
    return (line,) if line else ()


def worse(one: Walk, other: Walk) -> Walk:
    """The walk that comes to less: lost before unknown before delivered.

    >>> worse(Walk(Outcome.DELIVERED, (), "n1"), Walk(Outcome.LOST, (), "n2")).node
    'n2'
    """
    order = (Outcome.LOST, Outcome.UNKNOWN, Outcome.DELIVERED)
    return min(one, other, key=lambda walk: order.index(walk.outcome))


def _arrived(walk: Walk, node: str) -> Walk:
    ended = walk.cause is not None and walk.cause.why is Why.DROPPING_ROUTE and walk.node == node
    return replace(walk, outcome=Outcome.DELIVERED, cause=None) if ended else walk


def _of_routers(at: At, nodes: Mapping[str, ClusterNode], owners: Collection[str]) -> Settles:
    """What tells whether routers carry a packet to a node: who its neighbor table shows there; else only a try does."""
    source = at.packet.source
    own = f" -I {source}" if source and at.node.holds(source) else ""
    asked = f"what `ping -c 3{own} {at.packet.destination}` on {at.node.name} says"
    if len(owners) != 1:
        return Settles((), beside=asked)
    owner = nodes[next(iter(owners))]
    recorded = (("ip addr", owner.addresses), ("ip neigh", owner.neighbors))
    lacking = tuple(command for command, records in recorded if records is None)
    return Settles(lacking, owner.name, f"or {asked}") if lacking else Settles((), beside=asked)
