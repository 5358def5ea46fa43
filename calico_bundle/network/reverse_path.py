"""What a node refuses to take in for the address it comes from: the kernel's fib_validate_source().

Reverse-path filter: strict, a packet must come in by the card by which its answer would leave; loose, there must be an
answer at all. A packet from an address of the node's own is refused whatever the filter says.
"""

from __future__ import annotations

from collections.abc import Callable

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address, RouteFact
from calico_bundle.network.ends import At, lost, routes_of, undecided
from calico_bundle.network.outcome import Cause, Settles, Walk, Why
from calico_bundle.network.pods import PodNetwork
from calico_bundle.network.prediction import UNKNOWN_DEVICE, PredictedRouting
from calico_bundle.network.routing import Lookup, NodeRouting
from calico_bundle.network.settings import LOOSE, accept_local, reverse_path_filter

Routing = NodeRouting | PredictedRouting


class ReversePathFilter:
    """Checks the packets that come in, on every node of one cluster."""

    def __init__(self, routing: Callable[[ClusterNode], Routing], pods: PodNetwork) -> None:
        self._routing = routing
        self._pods = pods

    def check(self, at: At) -> Walk | None:
        """Reverse-path filter: drops when strict and the way back leaves elsewhere, or loose and there is none."""
        source = at.packet.source
        if source is None:
            return None
        # The kernel looks the answer up: source and destination swapped (__fib_validate_source).
        lookup = self._routing(at.node).lookup(source, at.packet.destination)
        back = lookup.route
        if back is not None and back.type == "local":
            return self._from_itself(at, source, back)
        exits = self._exits(at.node, lookup)
        if at.device in exits and at.device != UNKNOWN_DEVICE:
            return None
        mode, cited = reverse_path_filter(at.node, at.device)
        loose = mode == LOOSE and not _without_address(at.node, at.device, self._pods)
        if mode == 0 or (loose and exits):
            return None
        if at.device is None or lookup.undecided or lookup.unless_default or UNKNOWN_DEVICE in exits:
            text = (
                f"whether {at.node.name} answers {source} by the card on which its packets arrive is not in the bundle"
            )
            return undecided(at, text, routes_of(at.node))
        by = f"answers {source} by {', '.join(sorted(map(str, exits)))}" if exits else f"has no route to {source}"
        text = f"{at.node.name} got a packet from {source} on {at.device}, but {by}"
        if mode is None:
            return undecided(at, text, Settles(("sysctl -a",), at.node.name), source)
        evidence = tuple(e for e in (cited, back.evidence if back else None) if e)
        text = f"{text}: its reverse-path filter drops it"
        cause = Cause(Why.REVERSE_PATH_FILTER, at.node.name, text, evidence, source, device=at.device)
        return lost(at, cause, f"a way back to {source} by {at.device}", f"it {by}")

    def _exits(self, node: ClusterNode, lookup: Lookup) -> set[str | None]:
        """The cards by which an answer can leave; of a default route that is only known to be there, an unknown one."""
        if lookup.unless_default and self._pods.gateway_answers(node.name):
            return {UNKNOWN_DEVICE}
        back = lookup.route
        return {hop.device for hop in back.next_hops} if back and back.type == "unicast" else set()

    def _from_itself(self, at: At, source: Address, own: RouteFact) -> Walk | None:
        """A packet from an address of the receiver itself is dropped whatever the filter says (fib_validate_source).

        Unless accept_local is set on the card, or the device is the loopback.
        """
        if at.device in (None, "lo"):
            return None
        allowed, cited = accept_local(at.node, at.device)
        if allowed:
            return None
        text = f"{at.node.name} got a packet from {source}, which is an address of its own, and drops it"
        if allowed is None:
            return undecided(at, text, Settles(("sysctl -a",), at.node.name), source)
        evidence = (own.evidence, *((cited,) if cited else ()))
        cause = Cause(Why.REVERSE_PATH_FILTER, at.node.name, text, evidence, source)
        return lost(at, cause, f"a packet from another machine than {at.node.name}", f"one from {source}")


def _without_address(node: ClusterNode, device: str | None, pods: PodNetwork) -> bool:
    """Whether a device has no IPv4 address: there the loose filter drops like the strict one (__fib_validate_source).

    The node's end of a pod's cable never has one.
    """
    if device is None or pods.is_workload_device(device):
        return device is not None
    if node.addresses is None:
        return False
    return not any(a.interface == device and a.address.version == 4 for a in node.card_addresses)
