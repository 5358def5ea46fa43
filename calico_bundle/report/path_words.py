"""One path in the words of its picture: who asks, what each node does with the packet and by which rule, where it stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from calico_bundle.report import View
from calico_bundle.report.palette import tone
from calico_bundle.report.words import count

MOST_LEGS = 3
"""DNS endpoints whose ways are drawn; those that fare alike are one, and the rest is counted."""

_ORDER = ("lost", "unknown", "delivered")
_DOES = {
    "translates": "translates the DNS service's address",
    "routes": "routes",
    "encapsulates": "sends through a tunnel",
    "delivers": "delivers",
    "drops": "drops the packet",
}


def path_picture(trace: View) -> dict[str, Any]:
    """What the picture of a path shows: `legs` with their `ways` of `nodes` and steps; all of it as `text`, too."""
    legs = list(_legs(trace))
    shown = [_leg(trace, leg, alike) for leg, alike in legs[:MOST_LEGS]]
    code = f" ({trace['reason']['code']})" if trace["reason"]["code"] else ""
    made: dict[str, Any] = {
        "title": f"{_place(trace['from'])} to {_target(trace['to'])}",
        "tone": tone(trace["verdict"]),
        "verdict": f"{trace['verdict']}{code}: {trace['reason']['text']}",
        "legs": shown,
        "more": list(_more(legs)),
    }
    return {**made, "text": list(_sentences(made))}


def _legs(trace: View) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """The ends that are drawn, the worst first, each with the names of those that fare like it."""
    pairs = trace["endpoints"] if "endpoints" in trace else [{**trace, "to": trace["to"]}]

    def fares(pair: Mapping[str, Any]) -> tuple[Any, ...]:
        outcomes = (pair["request"]["outcome"], pair["reply"]["outcome"])
        worst = min(map(_ORDER.index, outcomes))
        nodes = [(hop["node"] or "", hop["does"]) for way in ("request", "reply") for hop in pair[way]["hops"]]
        return (worst, *outcomes, pair["to"]["node"] or "", nodes)

    for _, alike in groupby(sorted(pairs, key=fares), key=fares):
        first, *others = alike
        yield first, [other["to"]["name"] for other in others]


def _leg(trace: View, leg: Mapping[str, Any], alike: Sequence[str]) -> dict[str, Any]:
    asker, asked = _place(trace["from"]), _place(leg["to"])
    lost = leg["request"]["outcome"] == "lost"
    return {
        "title": f"to {asked}" if "endpoints" in trace else "",
        "fares_alike": len(alike),
        "alike": f"the same nodes, and the same end, for {_named(alike)}" if alike else "",
        "ways": [
            _way("request", leg["request"], asker, asked),
            _way("reply, if there were one" if lost else "reply", leg["reply"], asked, asker),
        ],
    }


def _named(names: Sequence[str], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _way(name: str, way: Mapping[str, Any], start: str, end: str) -> dict[str, Any]:
    nodes = [_node(node, list(hops)) for node, hops in groupby(way["hops"], key=lambda hop: hop["node"])]
    outcome = {"lost": "lost", "unknown": "not known", "delivered": "delivered"}[way["outcome"]]
    return {
        "tag": {"text": f"{name}: {outcome}", "tone": tone(way["outcome"])},
        "from": start,
        "to": end,
        "nodes": nodes,
    }


def _node(name: str | None, hops: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"title": name or "a machine that is no node", "steps": [_step(hop) for hop in hops]}


def _step(hop: Mapping[str, Any]) -> dict[str, Any]:
    rule = hop["rule"] or ""
    found = hop["found"] if hop["found"] and hop["found"] != rule else ""
    expected = hop["expected"] if hop["expected"] and hop["expected"] not in (rule, found) else ""
    return {
        "does": _DOES.get(hop["does"], hop["does"]),
        "drops": hop["does"] == "drops",
        "rule": rule,
        "found": found,
        "expected": f"expected: {expected}" if expected else "",
    }


def _place(place: Mapping[str, Any]) -> str:
    about = [part for part in (place["ip"], place["node"]) if part and part != place["name"]]
    kind = f"{place['kind']} " if place["kind"] in ("pod", "node") else ""
    return f"{kind}{place['name']}" + (f" ({', '.join(about)})" if about else "")


def _target(place: Mapping[str, Any]) -> str:
    return "cluster DNS" + (f" ({place['ip']})" if place["ip"] else "") if place["name"] == "dns" else _place(place)


def _more(legs: Sequence[tuple[Mapping[str, Any], list[str]]]) -> Iterator[str]:
    rest = sum(1 + len(alike) for _, alike in legs[MOST_LEGS:])
    if rest:
        yield f"{count(rest, 'more DNS endpoint')}: `bundle-analyze trace -f json` has every one."


def _sentences(made: Mapping[str, Any]) -> Iterator[str]:
    yield f"{made['title']}: {made['verdict']}."
    for leg in made["legs"]:
        for way in leg["ways"]:
            yield f"{leg['title'].capitalize() + ': ' if leg['title'] else ''}{_told(way)}"
        if leg["alike"]:
            yield f"{leg['alike'][0].upper()}{leg['alike'][1:]}."
    yield from made["more"]


def _told(way: Mapping[str, Any]) -> str:
    nodes = [f"{node['title']} {', '.join(_step_told(step) for step in node['steps'])}" for node in way["nodes"]]
    return f"{way['tag']['text']}. {'; '.join(nodes) or 'No hop is known'}."


def _step_told(step: Mapping[str, Any]) -> str:
    about = "; ".join(filter(None, [step["rule"], step["found"], step["expected"]]))
    return f"{step['does']} ({about})" if about else str(step["does"])
