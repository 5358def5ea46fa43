"""The view of a picture's networks: a lane for each of those that matter, and one for all others, which counts them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from calico_bundle.report.palette import tone

MOST_LANES = 8


@dataclass(frozen=True, slots=True)
class Card:
    """A card of a node: its name, its network's prefix (None: not recorded), and which of the node's addresses it has."""

    name: str | None
    network: str | None
    address: str | None = field(compare=False)
    carries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """All that the picture shows of one node."""

    name: str
    verdict: str
    cards: tuple[Card, ...]
    endpoints: int
    fates: frozenset[str]


def lanes(cards: Iterable[Card], groups: Sequence[dict[str, Any]], nodes: int) -> list[dict[str, Any]]:
    """The networks as lanes, the one with the most cards first; each card of `groups` gets the `lane` it is plugged into.

    A lane is a prefix: whether two cards with it share a wire is another question.
    """
    counts, calico, carries = _tally(cards)
    bad = _of_nodes_at_fault(groups)
    drawn = {card["network"] for group in groups for card in group["cards"] if card["network"]}
    # Where there are more than can be drawn, those that Calico's addresses at fault are in come first.
    order = sorted(drawn, key=lambda p: (p not in bad, not carries[p], -counts[p], p))
    shown = set(order[: MOST_LANES if len(counts) <= MOST_LANES else MOST_LANES - 1])
    listed = [
        {"prefix": p, "networks": 1, "cards": counts[p], "calico": calico[p], "nodes": nodes, "carries": carries[p]}
        for p in sorted(shown, key=lambda p: (-counts[p], p))
    ]
    rest = [prefix for prefix in counts if prefix not in shown]
    if rest:
        roles = sorted({role for prefix in rest for role in carries[prefix]})
        number, there = sum(counts[p] for p in rest), sum(calico[p] for p in rest)
        listed.append({
            "prefix": None, "networks": len(rest), "cards": number, "calico": there, "nodes": nodes, "carries": roles,
        })  # fmt: skip
    made: list[dict[str, Any]] = [{"id": f"n{at}", **lane} for at, lane in enumerate(listed)]
    for lane in made:
        lane["at_fault"] = lane["prefix"] in bad and bad[lane["prefix"]] == lane["calico"]
    _plug(groups, {lane["prefix"]: lane["id"] for lane in made})
    return made


def _tally(cards: Iterable[Card]) -> tuple[Counter[str], Counter[str], dict[str, list[str]]]:
    """Per network: cards in it, nodes whose Calico address is in it, and what the cards carry."""
    counts: Counter[str] = Counter()
    calico: Counter[str] = Counter()
    roles: dict[str, set[str]] = defaultdict(set)
    for card in cards:
        if card.network:
            counts[card.network] += 1
            calico[card.network] += "calico" in card.carries
            roles[card.network].update(card.carries)
    return counts, calico, {prefix: sorted(roles[prefix]) for prefix in counts}


def _of_nodes_at_fault(groups: Sequence[dict[str, Any]]) -> Counter[str]:
    """Per network: how many nodes at fault have their Calico address there."""
    found: Counter[str] = Counter()
    for group in groups:
        for card in group["cards"]:
            if tone(group["verdict"]) == "bad" and card["network"] and "calico" in card["carries"]:
                found[card["network"]] += group["count"]
    return found


def _plug(groups: Sequence[dict[str, Any]], ids: dict[str | None, str]) -> None:
    for group in groups:
        for card in group["cards"]:
            card["lane"] = ids.get(card["network"], ids.get(None)) if card["networks"] else None
