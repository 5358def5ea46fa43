"""A node has a card that no other node has, and trouble that no other node has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import (
    BIRD_SESSIONS,
    MOST_QUOTED,
    Shown,
    Words,
    from_nodes,
    lines,
    lost_at,
    unseen,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import AddressFact
    from calico_bundle.network.internal_ips import InternalIps

_FEWEST = 3
"""Nodes that it takes to call one of them unlike the others."""

_MOST_LOOKED_AT = 3
_WORDS = Words("no node has a card that no other node has", "the list of cards and addresses", ("ip addr",))


def examine(case: Case) -> Answer | None:
    """Ruled out where each card's name is that of another node's card too; no question where most nodes differ anyway."""
    from calico_bundle.network.internal_ips import InternalIps

    pods = case.context.paths.forwarding.pods
    nodes = case.context.cluster.nodes
    cards = {name: pods.own_networks(name) for name, node in nodes.items() if node.addresses is not None}
    counts = Counter(name for own in cards.values() for name in {card.interface for card in own})
    internal_ips = InternalIps(case.context.cluster)
    alone = {name: _alone(internal_ips, nodes[name], own, counts) for name, own in cards.items()}
    if len(nodes) < _FEWEST or 2 * len([name for name, found in alone.items() if found]) > len(nodes):
        return None
    if len(cards) < _FEWEST:
        return unseen(case, _WORDS, [name for name in nodes if name not in cards])
    unlike = {name: card for name, card in alone.items() if card is not None}
    if unlike:
        return _weighed(case, unlike)
    return from_nodes(case, _WORDS, lambda node: Shown(node.name, evidence=_lines(cards.get(node.name, ()))))


def _weighed(case: Case, unlike: Mapping[str, AddressFact]) -> Answer:
    """A card alone breaks nothing: it may explain trouble that its node has and the others have not."""
    from calico_bundle.network.outcome import Settles
    from calico_bundle.paths import Verdict

    own = "; ".join(f"{name} alone has {card.interface} ({card.address})" for name, card in list(unlike.items())[:3])
    quoted = tuple(card.evidence for card in unlike.values())[:MOST_QUOTED]
    counts = case.context.paths.counts
    lost, theirs = lost_at(case, unlike.keys())
    if theirs and theirs == lost:
        text = f"{own}, and every lost path begins or ends there{_same_cause(case, unlike)}"
        return Answer(Status.SUPPORTED, text, quoted)
    if not theirs and counts[Verdict.REACHES] and not counts[Verdict.UNKNOWN]:
        spared = f"{counts[Verdict.REACHES]:,} paths is lost"
        spared = f"the {lost:,} lost paths begins or ends there" if lost else spared
        return Answer(Status.RULED_OUT, f"{own}, and none of {spared}", quoted)
    why = "paths are lost elsewhere too" if lost else "not every path can be judged"
    wanted = [
        Settles(("ip addr", "ip route show table all", BIRD_SESSIONS), name) for name in list(unlike)[:_MOST_LOOKED_AT]
    ]
    return Answer(
        Status.NOT_CHECKABLE, f"{own}; whether that has to do with it is open: {why}", quoted, lines(case, wanted)
    )


def _same_cause(case: Case, unlike: Mapping[str, AddressFact]) -> str:
    """That it is no second cause, where these cards are those whose addresses Calico took and should not have."""
    blamed = {node for finding in case.found("CB101") for node in finding.blames}
    taken = {name: verdict.stored for name, verdict in case.context.addresses.items() if name in blamed}
    if not unlike.keys() <= taken.keys() or any(card.address.ip != taken[name] for name, card in unlike.items()):
        return ""
    return "; no second cause: the address that Calico took there is this card's (CB101)"


def _alone(
    internal_ips: InternalIps, node: ClusterNode, own: Sequence[AddressFact], counts: Mapping[str, int]
) -> AddressFact | None:
    """A card that only this node has, beside the one that the node goes by, whose name may well be another.

    Where that one stands apart from all other nodes it may be the very card that is too many.
    """
    internal = node.kubernetes.internal_ips if node.kubernetes else ()
    by = {card.interface for card in own if card.address.ip in internal}
    unlike = (card for card in own if counts[card.interface] == 1)
    return next((card for card in unlike if card.interface not in by or internal_ips.stands_apart(node)), None)


def _lines(own: Sequence[AddressFact]) -> tuple[Evidence, ...]:
    return tuple(card.evidence for card in own[:2])


HYPOTHESIS = Hypothesis(
    "unlike-cards",
    "Has one node a card that the others do not have, and trouble that they do not have?",
    (),
    "Calico documentation, IP autodetection: first-found takes the first card that is not excluded, so a new one may win",
    examine,
)
