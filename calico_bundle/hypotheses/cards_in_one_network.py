"""Two cards of one node are in one network: either answers ARP for the other's address, and frames come in by both."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.facts import AddressFact

_WORDS = Words("no node has two cards in one network", "the list of cards and addresses", ("ip addr",))


def examine(case: Case) -> Answer | None:
    """Ruled out by the addresses of every node's cards."""
    pods = case.context.paths.forwarding.pods

    def shown(node: ClusterNode) -> Shown:
        return _shown(node, pods.own_networks(node.name))

    return from_nodes(case, _WORDS, shown)


def _shown(node: ClusterNode, cards: Sequence[AddressFact]) -> Shown:
    wide = [card for card in cards if card.address.network.prefixlen < card.address.max_prefixlen]
    for one, other in combinations(wide, 2):
        if one.interface != other.interface and one.address.network.overlaps(other.address.network):
            sign = f"{one.interface} ({one.address}) and {other.interface} ({other.address}) of {node.name} overlap"
            return Shown(node.name, sign, (one.evidence, other.evidence))
    if node.addresses is None or "ip-addr" in node.incomplete:
        return Shown(node.name)
    return Shown(node.name, evidence=tuple(card.evidence for card in cards[:2]))


HYPOTHESIS = Hypothesis(
    "cards-in-one-network",
    "Has a node two cards in one network, so that either answers for the other (ARP flux)?",
    (),
    "Linux Documentation/networking/ip-sysctl.rst: arp_ignore 0 answers for any address of the machine, on any card",
    examine,
)
