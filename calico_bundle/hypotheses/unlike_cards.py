"""A node has a card that no other node has: it is the one that deserves a look where nodes should be alike."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes, unseen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.facts import AddressFact

_FEWEST = 3
"""Nodes that it takes to call one of them unlike the others."""

_WORDS = Words("no node has a card that no other node has", "the list of cards and addresses", ("ip addr",))


def examine(case: Case) -> Answer | None:
    """Ruled out where each card's name is that of another node's card too; no question where most nodes differ anyway."""
    pods = case.context.paths.forwarding.pods
    nodes = case.context.cluster.nodes
    cards = {name: pods.own_networks(name) for name, node in nodes.items() if node.addresses is not None}
    counts = Counter(name for own in cards.values() for name in {card.interface for card in own})
    alone = {name: _alone(nodes[name], own, counts) for name, own in cards.items()}
    if len(nodes) < _FEWEST or 2 * len([name for name, found in alone.items() if found]) > len(nodes):
        return None
    if len(cards) < _FEWEST:
        return unseen(case, _WORDS, [name for name in nodes if name not in cards])
    return from_nodes(case, _WORDS, lambda node: _shown(node.name, cards.get(node.name, ()), alone.get(node.name)))


def _alone(node: ClusterNode, own: Sequence[AddressFact], counts: Mapping[str, int]) -> AddressFact | None:
    """A card that only this node has, beside the one that the node goes by, whose name may well be another."""
    internal = node.kubernetes.internal_ips if node.kubernetes else ()
    by = {card.interface for card in own if card.address.ip in internal}
    return next((card for card in own if counts[card.interface] == 1 and card.interface not in by), None)


def _shown(node: str, own: Sequence[AddressFact], alone: AddressFact | None) -> Shown:
    if alone is None:
        return Shown(node, evidence=tuple(card.evidence for card in own[:2]))
    sign = f"{node} alone has {alone.interface} ({alone.address}): of the nodes it deserves the first look"
    return Shown(node, sign, (alone.evidence,))


HYPOTHESIS = Hypothesis(
    "unlike-cards",
    "Has one node a card that the others do not have?",
    (),
    "Calico documentation, IP autodetection: first-found takes the first card that is not excluded, so a new one may win",
    examine,
)
