"""The routing of a node whose routes were recorded, after a change: Calico's own routes are worked out anew.

The kernel's routes, and those that somebody set by hand, stay as they were recorded. Those that BIRD and Felix wrote for
pods of other nodes are old; in their place stands what Calico's rules give, and longest prefix decides between the two.
"""

from __future__ import annotations

from collections.abc import Callable

from calico_bundle.calico.bgp import Peerings, recovering
from calico_bundle.calico.exclusions import Version
from calico_bundle.calico.programming import Encapsulation
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, NextHop, RouteFact
from calico_bundle.facts.route_queries import BIRD_PROTOCOLS
from calico_bundle.network.pods import PodNetwork
from calico_bundle.network.prediction import PredictedRouting
from calico_bundle.network.routing import Lookup, NodeRouting, is_usable
from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE

_FELIX = frozenset({"80"})
"""RTPROT of Felix's routes (felix/config: DeviceRouteProtocol, RemoveExternalRoutes)."""

_MAIN = "main"

Recorded = Callable[[Address], RouteFact | None]


class _OpenRouteError(Exception):
    """The rules leave a route of Calico's open; the text says why."""


class ReprogrammedRouting(NodeRouting):
    """One node's rules and tables with Calico's routes worked out anew."""

    def __init__(
        self, cluster: Cluster, node: ClusterNode, pods: PodNetwork, peerings: Peerings, version: Version | None
    ) -> None:
        super().__init__(node)
        self._of, self._pods = node, pods
        self._programmed = _Programmed(cluster, node, pods, peerings, version)
        self._programmed.recorded = self._recorded

    def lookup(self, destination: Address, source: Address | None = None, device: str | None = None) -> Lookup:
        """The route for a packet, as `NodeRouting.lookup` gives it."""
        try:
            return super().lookup(destination, source, device)
        except _OpenRouteError as error:
            return Lookup(None, str(error))

    def _in_table(self, name: str, destination: Address) -> RouteFact | None:
        return super()._in_table(name, destination) if name != _MAIN else self._in_main(destination)

    def _in_main(self, destination: Address) -> RouteFact | None:
        far = self._pods.owner_of(destination) if self._pods.is_pod_address(destination) else None
        if not self._programmed.is_old_toward(far):
            return super()._in_table(_MAIN, destination)
        kept = self._recorded(destination)
        length = self._announced_length(destination, far)
        if length is None or (kept is not None and kept.destination.prefixlen >= length):
            return self._still_there(kept)
        found = self._programmed.to_pod(destination)
        if found.undecided:
            raise _OpenRouteError(found.undecided)
        return found.route or self._still_there(kept)

    def _recorded(self, destination: Address) -> RouteFact | None:
        """The route of the table as recorded, without those of Calico's to pods of other nodes."""
        table = self._tables.get(_MAIN)
        return table.lookup(destination, lambda r: is_usable(r) and not self._is_old(r)) if table else None

    def _is_old(self, route: RouteFact) -> bool:
        if route.type == "blackhole" or any(self._pods.is_workload_device(h.device or "") for h in route.next_hops):
            return False
        tunneled = any(hop.device in (IPIP_DEVICE, VXLAN_DEVICE) and hop.gateway for hop in route.next_hops)
        by_calico = tunneled or route.protocol in BIRD_PROTOCOLS | _FELIX
        return by_calico and self._pods.is_pod_address(route.destination.network_address)

    def _announced_length(self, destination: Address, far: str | None) -> int | None:
        """The prefix length of what Calico writes for an address of another node's pod; None for any other address."""
        if far is None or far == self._of.name:
            return None
        block = self._pods.block_of(destination)
        # An address that another node borrowed is announced alone (bird.cfg template).
        return destination.max_prefixlen if block is None or block[1] != far else block[0].prefixlen

    @staticmethod
    def _still_there(route: RouteFact | None) -> RouteFact | None:
        if route is not None and route.protocol in BIRD_PROTOCOLS and route.type == "unicast":
            raise _OpenRouteError(f"whether BIRD still learns `{route.evidence.text}` is not in the bundle")
        return route


class _Programmed(PredictedRouting):
    """Calico's routes of a node whose own ones are known: BIRD resolves next hops, and Felix finds its card, by those."""

    recorded: Recorded

    def is_old_toward(self, far: str | None) -> bool:
        """Whether what was recorded of the way to a node, or to nobody's address, is of before the change."""
        other = self._cluster.nodes.get(far or "", self._node)
        held = any(recovering(node) is not None for node in (self._node, other))
        return held or self._node.moved or self._peerings.is_changed(self._node, other)

    def to_pod(self, destination: Address) -> Lookup:
        """What Calico writes for an address of another node's pod."""
        return self._to_pod(destination)

    def _by_bird(self, destination: Address, far: ClusterNode, remote: Address, kind: Encapsulation) -> Lookup:
        block = self._pods.block_of(destination)
        if block is not None and block[1] == far.name and block[0] not in self._peerings.announced(far.name):
            return Lookup(None, f"whether {far.name} announces {block[0]} is not in the bundle")
        return super()._by_bird(destination, far, remote, kind)

    def _resolved(self, remote: Address, kind: Encapsulation) -> NextHop | str | None:
        """By the longest prefix of what is recorded: a card's own network, else a gateway; None is `unreachable`."""
        route = self.recorded(remote)
        if route is None or route.type != "unicast" or not route.next_hops:
            return None
        if len(route.next_hops) > 1:
            return f"`{route.evidence.text}` has several next hops, and which of them BIRD takes is not known here"
        if kind is Encapsulation.IPIP:
            return NextHop(remote, IPIP_DEVICE, ("onlink",), 1)
        hop = route.next_hops[0]
        return NextHop(hop.gateway or remote, hop.device, (), 1)

    def _by_felix(self, destination: Address, far: ClusterNode, remote: Address, kind: Encapsulation) -> Lookup:
        """Felix looks for the card of the stored address, and makes its tunnel there."""
        stored = self._node.bgp_address
        card = self._node.interface(self._node.interface_of(stored.ip) or "") if stored else None
        if stored is None or self._node.holds(stored.ip) is not True or card is None:
            return Lookup(None, f"what Felix on {self._node.name} does while no card holds {stored} is not known here")
        if kind is Encapsulation.NONE and card.flags and "UP" not in card.flags:
            # The kernel takes no route by a card that is down (fib_check_nh).
            return Lookup(None, unless_default=True)
        return super()._by_felix(destination, far, remote, kind)

    def _lacks(self, device: str) -> bool:
        """Felix makes the tunnel's device as soon as a card holds the address."""
        del device
        return False
