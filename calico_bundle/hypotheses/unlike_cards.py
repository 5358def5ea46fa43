"""A node has a card that no other node has: it is the one that deserves a look where nodes should be alike."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.facts import AddressFact

_FEWEST = 3
"""Nodes that it takes to call one of them unlike the others."""

_WORDS = Words("no node has a card that no other node has", "the list of cards and addresses", ("ip addr",))


def examine(case: Case) -> Answer | None:
    """Ruled out where each card's name is that of another node's card too; no question where most nodes differ anyway."""
    pods = case.context.paths.forwarding.pods
    nodes = case.context.cluster.nodes.values()
    cards = {node.name: pods.own_networks(node.name) for node in nodes if node.addresses is not None}
    counts = Counter(name for own in cards.values() for name in {card.interface for card in own})
    alone = {node for node, own in cards.items() if any(counts[card.interface] == 1 for card in own)}
    if len(nodes) < _FEWEST or (len(cards) == len(nodes) and 2 * len(alone) > len(nodes)):
        return None
    return from_nodes(case, _WORDS, lambda node: _shown(node.name, cards, counts))


def _shown(node: str, cards: Mapping[str, Sequence[AddressFact]], counts: Mapping[str, int]) -> Shown:
    own = cards.get(node, ())
    unlike = [card for card in own if counts[card.interface] == 1] if len(cards) >= _FEWEST else []
    if unlike:
        card = unlike[0]
        sign = f"{node} alone has {card.interface} ({card.address}): of the nodes it deserves the first look"
        return Shown(node, sign, (card.evidence,))
    return Shown(node, evidence=tuple(card.evidence for card in own[:2]))


HYPOTHESIS = Hypothesis(
    "unlike-cards",
    "Has one node a card that the others do not have?",
    (),
    "Calico documentation, IP autodetection: first-found takes the first card that is not excluded, so a new one may win",
    examine,
)
