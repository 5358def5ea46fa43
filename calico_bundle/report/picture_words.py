"""The picture in words: a sentence for each group of nodes and each way that it draws, for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calico_bundle.report.words import count

_CARRIES = {"internal-ip": "InternalIP", "calico": "Calico's address", "should-be": "what Calico should use"}
_VERDICTS = {
    "ok": "its Calico address is right",
    "wrong": "its Calico address is wrong",
    "duplicate": "its Calico address is another node's too",
    "not-on-node": "its Calico address is on none of its cards",
    "unintended": "its Calico address is not the InternalIP, and works",
    "unknown": "whether its Calico address is right is not known",
}
_OUTCOMES = {
    "delivered": "answered",
    "lost": "lost",
    "mixed": "answered by some endpoints there and not by others",
    "unknown": "not known",
}


def told(picture: Mapping[str, Any]) -> list[str]:
    """The sentences, groups first, then ways.

    >>> told({"groups": [], "ways": []})
    []
    """
    names = {group["id"]: group_name(group) for group in picture["groups"]}
    ways = (_way(way, names) for way in picture["ways"])
    return [*map(_group, picture["groups"]), *ways]


def group_name(group: Mapping[str, Any]) -> str:
    """What a group of nodes is called.

    >>> group_name({"nodes": ["n1"], "count": 1}), group_name({"nodes": ["n1", "n2"], "count": 40})
    ('n1', '40 nodes (n1, n2 ...)')
    """
    names: Sequence[str] = group["nodes"]
    if group["count"] == 1:
        return names[0]
    more = " ..." if group["count"] > len(names) else ""
    return f"{group['count']:,} nodes ({', '.join(names)}{more})"


def _group(group: Mapping[str, Any]) -> str:
    parts = [_VERDICTS[group["verdict"]] if group["count"] == 1 else f"each: {_VERDICTS[group['verdict']]}"]
    if group["endpoints"]:
        parts.append(f"{count(group['endpoints'], 'ready DNS endpoint')}")
    parts += filter(None, map(_card, group["cards"]))
    return f"{group_name(group)}: {'; '.join(parts)}."


def _card(card: Mapping[str, Any]) -> str:
    name = card["name"] or ("a card" if card["network"] or card["networks"] > 1 else "an address of no recorded card")
    at = f" {card['address']}" if card["address"] else ""
    where = (
        f" in {card['network']}"
        if card["network"]
        else f" in {card['networks']:,} networks"
        if card["networks"] > 1
        else ""
    )
    carries = " and ".join(_CARRIES[role] for role in card["carries"])
    return f"{name}{at}{where}" + (f" is {carries}" if carries else "")


def _way(way: Mapping[str, Any], names: Mapping[str, str]) -> str:
    counts = ", ".join(f"{number:,} {_OUTCOMES[kind]}" for kind, number in way["pods"].items() if number)
    sessions = ", ".join(f"{number:,} {state}" for state, number in _shown(way["sessions"]))
    over = f"; BGP sessions between them: {sessions}" if sessions else ""
    return f"Lookups of pods on {names[way['from']]} to the DNS endpoints on {names[way['to']]}: {counts}{over}."


def _shown(sessions: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    words = {"up": "up", "down": "down", "unknown": "not known", "none": "not configured"}
    return ((words[state], number) for state, number in sessions.items() if number)
