"""The routing of a node whose routes were not recorded, worked out from Calico's rules.

It answers the same question as a recorded table. What the bundle leaves open (is the session up, is there a default
route) makes a look-up undecided, with the reason; where every answer to it comes to the same, the look-up is decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from calico_bundle.calico.bgp import Peerings, SessionState, recovering
from calico_bundle.calico.programming import Encapsulation, Writer, encapsulation, pool_of, writer
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Interface, Network, NextHop, RouteFact
from calico_bundle.network.pods import PodNetwork
from calico_bundle.network.routing import Lookup, applies
from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE

PREDICTED = "predicted"
"""Protocol of a predicted route, where a recorded one has bird, kernel or 80."""

SOME_ROUTER = "router"
"""Flag of a next hop that is the node's default gateway, whose address is not known."""

UNKNOWN_DEVICE = "?"
"""Stands for the device of a default route whose card is not known."""

OWN_CARD = "*"
"""Stands for the card of a node's stored address where its cards were not recorded."""

_DEFAULT_RULES = frozenset({0, 32766, 32767})
"""Priorities of the rules that every machine has: to local, main and default."""


class PredictedRouting:
    """One node's predicted routing decision."""

    def __init__(
        self, cluster: Cluster, node: ClusterNode, pods: PodNetwork, peerings: Peerings, version: tuple[int, ...] | None
    ) -> None:
        self._cluster = cluster
        self._node = node
        self._pods = pods
        self._peerings = peerings
        self._version = version
        self._connected = tuple(_connected(node))
        self._some_routes = [r for r in node.some_routes if r.family == 4 and r.table == "main"]
        self._unseen = frozenset[Address]() if node.addresses is None else node.unseen_addresses
        self._rules = [r for r in node.rules or () if r.family in (4, None) and r.priority not in _DEFAULT_RULES]

    def lookup(self, destination: Address, source: Address | None = None, device: str | None = None) -> Lookup:
        """The route for a packet, as `NodeRouting.lookup` gives it.

        By the three default rules where rules were not recorded; where others may apply, their tables are not known.
        """
        if destination in self._unseen:
            return Lookup(None, f"whether {destination} is an address of {self._node.name} is not in the bundle")
        if self._is_own(destination):
            return self._found("local", destination, NextHop(None, "lo", (), 1))
        rule = next((r for r in self._rules if applies(r, destination, source, device) is not False), None)
        if rule is not None:
            return Lookup(None, f"rule `{rule.evidence.text}` may lead it to a table that is not in the bundle")
        if self._pods.carrier and self._pods.is_pod_address(destination):
            return Lookup(None, f"{self._pods.carrier} carries pods' packets here, and its routes are not Calico's")
        if self._pods.runs_on(destination, self._node.name):
            return self._found("unicast", destination, NextHop(None, self._pods.a_workload_device, (), 1))
        rival = self._set_by_hand(destination)
        if rival is not None:
            return Lookup(None, f"route `{rival.destination}` is there, and those beside it are not in the bundle")
        if self._pods.is_pod_address(destination):
            found = self._to_pod(destination)
            return (self._by_another_node() or found) if found.unless_default else found
        connected = next((device for network, device in self._connected if destination in network), None)
        if connected is not None:
            return self._found("unicast", destination, NextHop(None, connected, (), 1))
        return self._default(destination)

    def _is_own(self, address: Address) -> bool:
        if self._node.addresses is not None:
            return self._node.interface_of(address) is not None
        stored = self._node.bgp_address.ip if self._node.bgp_address else None
        return address in (stored, self._node.internal_ip)

    def _default(self, destination: Address) -> Lookup:
        """By the default route, when something shows that there is one."""
        defaults = [r for r in self._some_routes if not r.destination.prefixlen]
        best = [r for r in defaults if r.metric == min(each.metric for each in defaults)]
        if len(best) == 1:
            return Lookup(best[0])
        if self._pods.gateway_answers(self._node.name):
            return self._found("unicast", destination, NextHop(None, UNKNOWN_DEVICE, (SOME_ROUTER,), 1))
        return Lookup(None, f"whether {self._node.name} has a default route is not in the bundle")

    def _by_another_node(self) -> Lookup | None:
        """What a default route by another node leaves open: that node may pass on what this one has no route for."""
        gateways = [h.gateway for r in self._some_routes if not r.destination.prefixlen for h in r.next_hops]
        if not any(gateway is not None and self._pods.is_of_a_machine(gateway) for gateway in gateways):
            return None
        return Lookup(None, f"the default route of {self._node.name} leads to another node, which may pass it on")

    def _set_by_hand(self, destination: Address) -> RouteFact | None:
        """A route beside the default that takes the packet, unless it is of a card's own network.

        Where routes are known only in part, which of those that take a packet is the longest is not.
        """
        connected = set(self._connected)
        taking = (r for r in self._some_routes if r.destination.prefixlen and destination in r.destination)
        return next((r for r in taking if (r.destination, *(h.device for h in r.next_hops)) not in connected), None)

    # --- pods of other nodes ----------------------------------------------------------------------------------------

    def _to_pod(self, destination: Address) -> Lookup:
        """The route to a block of another node, unless a card's network comes before the block."""
        taken = self._by_a_card(destination)
        if taken is not None:
            return taken
        owner = self._pods.owner_of(destination)
        far = self._cluster.nodes.get(owner or "")
        if far is None or far.name == self._node.name:
            return Lookup(None, f"the bundle does not tell which node has {destination}")
        pool = pool_of(self._cluster, destination)
        if any(c.wireguard_enabled for c in self._cluster.felix_configurations):
            return Lookup(None, "WireGuard is on, and its routes are Felix's own")
        if pool is None:
            return Lookup(None, f"the bundle has no IPPool for {destination}, so its encapsulation is not known")
        if pool.hides_mode:
            return Lookup(None, f"the bundle does not show how the IPPool {pool.name} encapsulates")
        remote = far.bgp_address.ip if far.bgp_address else None
        if remote is None or self._node.bgp_address is None:
            return Lookup(None, f"the Calico addresses of {self._node.name} and {far.name} are not both in the bundle")
        by = writer(self._cluster, pool, self._version)
        kind = encapsulation(pool, self._node.bgp_address, remote)
        if by is Writer.FELIX:
            return self._by_felix(destination, far, remote, kind)
        if by is Writer.BIRD:
            return self._by_bird(destination, far, remote, kind)
        if by is Writer.NOBODY:
            return Lookup(None, unless_default=True)
        return Lookup(None, "Calico's version is not in the bundle, so who writes IPIP routes is not known")

    def _by_a_card(self, destination: Address) -> Lookup | None:
        """By a card's network inside the block: the node's own, or another's that BIRD may have told it of."""
        around = self._pods.cards_around(destination)
        if not around:
            return self._by_birds_table(destination)
        # Another node's card comes first where it has one: its longer prefix may have been announced to this node.
        name, card = next((found for found in around if found[0] != self._node.name), around[0])
        if name == self._node.name:
            hop = NextHop(None, card.interface, (), 1)
            return Lookup(self._route("unicast", card.address.network, hop, card.evidence))
        return Lookup(None, f"{card.interface} of {name} is in {card.address.network}, which its BIRD may announce")

    def _by_birds_table(self, destination: Address) -> Lookup | None:
        """What BIRD's own table leaves open: a route longer than the block's, which comes before it."""
        block = self._pods.block_of(destination)
        shortest = block[0].prefixlen if block else 0
        longer = (r for r in self._node.bgp_routes or () if destination in r.destination)
        found = next(
            (r for r in longer if r.best and shortest < r.destination.prefixlen < destination.max_prefixlen), None
        )
        return (
            Lookup(None, f"BIRD has a route to {found.destination}, and the kernel's table is not in the bundle")
            if found
            else None
        )

    def _by_felix(self, destination: Address, far: ClusterNode, remote: Address, kind: Encapsulation) -> Lookup:
        """From the datastore, whatever BGP says; same-subnet routes leave by the card of the node's stored address."""
        if self._lacks(
            VXLAN_DEVICE if kind is Encapsulation.VXLAN else IPIP_DEVICE if kind is Encapsulation.IPIP else ""
        ):
            return Lookup(None, evidence=self._listing(), observed=True, unless_default=True)
        if kind is Encapsulation.VXLAN:
            vtep = far.kubernetes.vxlan_tunnel_ip if far.kubernetes else None
            if vtep is None:
                return Lookup(None, f"the VXLAN tunnel address of {far.name} is not in the bundle")
            return self._found("unicast", destination, NextHop(vtep, VXLAN_DEVICE, ("onlink",), 1))
        stored = self._node.bgp_address
        card = self._node.interface_of(stored.ip) if stored else None
        device = IPIP_DEVICE if kind is Encapsulation.IPIP else card or OWN_CARD
        return self._found("unicast", destination, NextHop(remote, device, ("onlink",), 1))

    def _by_bird(self, destination: Address, far: ClusterNode, remote: Address, kind: Encapsulation) -> Lookup:
        """Over BGP: no session, no route. The next hop is the far node's stored address, resolved in the own table."""
        # What is tried out is looked at when every BIRD is through with its recovery.
        held = next((n.name for n in (self._node, far) if recovering(n) and not n.reprogrammed), None)
        if held is not None:
            return Lookup(None, f"BIRD on {held} is in graceful restart recovery and writes or learns nothing new")
        session = self._peerings.learns(self._node, far)
        if session.state in (SessionState.DOWN, SessionState.NONE):
            return Lookup(None, evidence=session.evidence, observed=session.observed, unless_default=True)
        if session.state is SessionState.UNKNOWN:
            return Lookup(
                None, f"whether {self._node.name} has a BGP session for the routes of {far.name} is not in the bundle"
            )
        hop = self._resolved(remote, kind)
        return Lookup(None, hop) if isinstance(hop, str) else self._learned(destination, hop, session.evidence)

    def _learned(self, destination: Address, hop: NextHop | None, evidence: tuple[Evidence, ...]) -> Lookup:
        """A route over BGP; `unreachable`, as BIRD writes it, where the next hop did not resolve."""
        if hop is not None:
            return self._found("unicast", destination, hop, evidence)
        cited = evidence[0] if evidence else self._own_line()
        return Lookup(self._route("unreachable", self._pods.network_of(destination), None, cited))

    def _resolved(self, remote: Address, kind: Encapsulation) -> NextHop | str | None:
        """Where BIRD sends what it learned with the next hop `remote`; why that is open; None where it does not resolve."""
        if kind is Encapsulation.IPIP:
            return NextHop(remote, IPIP_DEVICE, ("onlink",), 1)
        device = next((d for network, d in self._connected if remote in network), None)
        if device is None and (self._node.addresses is None or "ip-addr" in self._node.incomplete):
            return f"whether {self._node.name} has a card in the network of {remote} is not in the bundle"
        # Resolved through the default gateway, which knows no pods, or unreachable without one: lost either way.
        return NextHop(remote, device, (), 1) if device else NextHop(None, UNKNOWN_DEVICE, (SOME_ROUTER,), 1)

    def _lacks(self, device: str) -> bool:
        """Whether a tunnel's device is not there: Felix makes none while no card holds the node's Calico address."""
        return bool(device) and self._node.lacks_interface(device)

    def _listing(self) -> tuple[Evidence, ...]:
        return tuple(i.evidence for i in (self._node.interfaces or ())[:1])

    def _found(self, kind: str, destination: Address, hop: NextHop, evidence: tuple[Evidence, ...] = ()) -> Lookup:
        network = self._pods.network_of(destination) if kind == "unicast" else ip_network(destination)
        return Lookup(self._route(kind, network, hop, evidence[0] if evidence else self._own_line()))

    @staticmethod
    def _route(kind: str, network: Network, hop: NextHop | None, cited: Evidence) -> RouteFact:
        return RouteFact(4, "main", kind, network, (hop,) if hop else (), PREDICTED, None, None, 0, cited)

    def _own_line(self) -> Evidence:
        kubernetes = self._node.kubernetes
        if kubernetes is not None:
            return kubernetes.cited.get("bgp_ipv4", kubernetes.evidence)
        lines = (fact.evidence for facts in (self._node.addresses, self._node.interfaces) for fact in facts or ())
        return next(lines, Evidence("", None, ""))


def _connected(node: ClusterNode) -> Iterator[tuple[Network, str]]:
    """Networks a node is connected to, with the device: of cards that are up, else of its stored address and mask.

    The kernel removes a connected route when the card goes down, and keeps it (linkdown) when it only lacks carrier.
    """
    if node.addresses is not None:
        down = {i.name for i in node.cards if i.flags and "UP" not in i.flags}
        held = [a for a in node.card_addresses if a.address.version == 4 and a.interface not in down | {"lo"}]
        by_length = sorted(held, key=lambda a: -a.address.network.prefixlen)
        # `noprefixroute` leaves the route to user space: NetworkManager, which sets it on every address, adds it itself.
        yield from ((a.address.network, a.interface) for a in by_length)
    elif node.bgp_address is not None and _same(node.bgp_address, node.internal_ip):
        yield node.bgp_address.network, OWN_CARD


def _same(stored: Interface, internal: Address | None) -> bool:
    """An address that is the InternalIP too is surely on the machine; another one may be stale."""
    return internal == stored.ip
