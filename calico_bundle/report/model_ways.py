"""The view of a picture's ways: what becomes of lookups between groups of nodes, those that fare alike as one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from calico_bundle.cluster import ClusterNode
from calico_bundle.diagnosis import Diagnosis
from calico_bundle.paths import PathGroup, Verdict
from calico_bundle.paths.fates import both_ways
from calico_bundle.report.model_lanes import Look

MOST_SESSIONS = 400
"""Pairs of nodes of a way whose sessions are looked at; the view says how many of how many."""

ELSEWHERE = -1
"""The end of a way to DNS endpoints on no node that is known."""

_OUTCOMES = ("lost", "lost-or-unknown", "mixed", "unknown", "delivered-or-unknown", "delivered")
"""What becomes of a pod's lookups to the endpoints of a group, the worst first; `mixed` is lost to some, delivered to some."""


@dataclass(slots=True)
class _Tally:
    """Pods by what becomes of their lookups, of the requests and of the replies alone."""

    pods: Counter[str] = field(default_factory=Counter)
    request: Counter[str] = field(default_factory=Counter)
    reply: Counter[str] = field(default_factory=Counter)

    def add(self, other: _Tally) -> None:
        for mine, others in zip(self._all(), other._all(), strict=True):
            mine.update(others)

    def exact(self) -> tuple[object, ...]:
        return tuple(frozenset(counts.items()) for counts in self._all())

    def kinds(self) -> tuple[object, ...]:
        return tuple(frozenset(counts) for counts in self._all())

    def _all(self) -> tuple[Counter[str], ...]:
        return (self.pods, self.request, self.reply)


def ways_of(diagnosis: Diagnosis, groups: Sequence[Sequence[Look]], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """One entry for groups of nodes whose pods ask, and groups with DNS endpoints, that fare alike; the worst first."""
    folded = fold_ways(_between(diagnosis, numbers))
    sessions = _Sessions(diagnosis, groups)
    ways = [
        {
            "from": [_id(start) for start in starts],
            "to": [_id(end) for end in ends],
            **{
                part: {outcome: counts[outcome] for outcome in _OUTCOMES}
                for part, counts in (("pods", tally.pods), ("request", tally.request), ("reply", tally.reply))
            },
            "sessions": sessions.between(starts, ends),
        }
        for starts, ends, tally in folded
    ]
    return sorted(ways, key=lambda way: tuple(-way["pods"][outcome] for outcome in _OUTCOMES))


def _id(number: int) -> str:
    return "elsewhere" if number == ELSEWHERE else f"g{number}"


def _between(diagnosis: Diagnosis, numbers: Mapping[str, int]) -> dict[int, dict[int, _Tally]]:
    """For each group of nodes with pods that ask, and each with endpoints: what becomes of the lookups."""
    found: dict[int, dict[int, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    for group in diagnosis.paths.groups:
        start = numbers.get(group.node or "")
        if start is not None and group.verdict is not Verdict.NOT_APPLICABLE:
            for end, outcomes in _outcomes(group, numbers).items():
                found[start][end].add(_Tally(*(Counter({one: len(group.pods)}) for one in outcomes)))
    return found


def _outcomes(group: PathGroup, numbers: Mapping[str, int]) -> dict[int, tuple[str, str, str]]:
    """For each group of nodes with endpoints that the pods ask: what becomes of lookups, requests and replies there."""
    ends: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for node, request, reply in group.outcomes:
        ends[numbers.get(node or "", ELSEWHERE)].append((both_ways(request, reply).value, request.value, reply.value))
    return {end: (_one(all_, 0), _one(all_, 1), _one(all_, 2)) for end, all_ in ends.items()}


def _one(outcomes: Iterable[tuple[str, ...]], part: int) -> str:
    return in_one_word({outcome[part] for outcome in outcomes})


def in_one_word(found: AbstractSet[str]) -> str:
    """What several endpoints of a group come to, as far as it is known of each.

    >>> in_one_word({"lost"}), in_one_word({"lost", "delivered", "unknown"}), in_one_word({"delivered", "unknown"})
    ('lost', 'mixed', 'delivered-or-unknown')
    """
    if {"lost", "delivered"} <= found:
        return "mixed"
    known = next((one for one in ("lost", "delivered") if one in found), "unknown")
    return f"{known}-or-unknown" if "unknown" in found and known != "unknown" else known


def fold_ways(between: Mapping[int, Mapping[int, _Tally]]) -> list[tuple[tuple[int, ...], tuple[int, ...], _Tally]]:
    """Ways that fare alike as one: first those of the same pods to several ends, then those of several starts.

    >>> lost, answered = _Tally(Counter(lost=3)), _Tally(Counter(delivered=3))
    >>> ways = fold_ways({0: {0: answered, 1: lost}, 1: {0: lost, 1: answered}, 2: {0: lost, 1: answered}})
    >>> [(starts, ends, dict(tally.pods)) for starts, ends, tally in ways]
    [((0,), (0,), {'delivered': 3}), ((0,), (1,), {'lost': 3}), ((1, 2), (0,), {'lost': 6}), ((1, 2), (1,), {'delivered': 6})]
    """
    found: dict[tuple[object, ...], tuple[list[int], tuple[int, ...], _Tally]] = {}
    for start in sorted(between):
        # The same pods ask all of these ends: their counts are equal, and are not added up.
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for end in sorted(between[start]):
            alike[between[start][end].exact()].append(end)
        for ends in alike.values():
            tally = between[start][ends[0]]
            starts, _, total = found.setdefault((tuple(ends), tally.kinds()), ([], tuple(ends), _Tally()))
            starts.append(start)
            total.add(tally)
    return [(tuple(starts), ends, tally) for starts, ends, tally in found.values()]


class _Sessions:
    """The BGP sessions between groups of nodes, each pair of nodes once."""

    def __init__(self, diagnosis: Diagnosis, groups: Sequence[Sequence[Look]]) -> None:
        self._nodes, self._peerings = diagnosis.cluster.nodes, diagnosis.paths.forwarding.peerings
        self._groups = groups

    def between(self, starts: Sequence[int], ends: Sequence[int]) -> dict[str, int]:
        """Sessions by their state; `looked` pairs of nodes of `pairs` were looked at."""
        both = [number for number in starts if number in ends]
        one = [number for number in starts if number not in both]
        other = [number for number in ends if number not in both and number != ELSEWHERE]
        shared, alone, far = (sum(len(self._groups[n]) for n in those) for those in (both, one, other))
        pairs = alone * (shared + far) + shared * far + shared * (shared - 1) // 2
        looked = list(islice(self._pairs(one, both, other), MOST_SESSIONS))
        counts = Counter(self._peerings.session(a, b).state.value for a, b in looked)
        return {**{s: counts[s] for s in ("up", "down", "unknown", "none")}, "looked": len(looked), "pairs": pairs}

    def _pairs(
        self, one: Sequence[int], both: Sequence[int], other: Sequence[int]
    ) -> Iterator[tuple[ClusterNode, ClusterNode]]:
        for a in self._of(one):
            yield from ((a, b) for b in self._of([*both, *other]))
        shared = list(self._of(both))
        for place, a in enumerate(shared):
            yield from ((a, b) for b in self._of(other))
            yield from ((a, b) for b in islice(shared, place + 1, None))

    def _of(self, numbers: Sequence[int]) -> Iterator[ClusterNode]:
        return (self._nodes[look.name] for number in numbers for look in self._groups[number])
