"""Lines of a log that say the same, counted: the first and the last of them are kept, however many there are."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from calico_bundle.evidence import Evidence, quote

K = TypeVar("K", bound=Hashable)

MOST_SORTS = 64
"""Sorts of lines that one log is asked for; a hostile one may make each of its lines differ."""

_MOST_NAMES = 5
_TIME_WITHIN = 160
_TIME = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|[IWEF]\d{4} (?P<klog>\d\d:\d\d:\d\d)"
)


Numbered = tuple[int, str]
"""A line with its number."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Lines of one sort: how many, the first and the last with their times, and the first few names in them."""

    first: Evidence
    last: Evidence
    first_time: str | None
    last_time: str | None
    count: int
    names: tuple[str, ...]


@dataclass(slots=True)
class _Run:
    """The same while it is counted: lines as they stand, of which only two will be quoted."""

    first: Numbered
    last: Numbered
    count: int = 1
    names: dict[str, None] = field(default_factory=dict)


class Tally(Generic[K]):
    """Counts the lines of one log by what they say.

    >>> tally = Tally("app.log")
    >>> all(tally.add("timeout", number, "2025-01-01T10:00:00Z lookup failed", "db") for number in (3, 9))
    True
    >>> [(key, sort.count, sort.last.line, sort.first_time) for key, sort in tally]
    [('timeout', 2, 9, '2025-01-01T10:00:00Z')]
    """

    def __init__(self, path: str) -> None:
        """Begin a log."""
        self._path = path
        self._runs: dict[K, _Run] = {}

    def __iter__(self) -> Iterator[tuple[K, Sort]]:
        return ((key, self._sort(run)) for key, run in self._runs.items())

    def add(self, key: K, number: int, line: str, name: str | None = None) -> bool:
        """Count a line; False, and nothing of it kept, where its sort is one too many."""
        run = self._runs.get(key)
        if run is None and len(self._runs) >= MOST_SORTS:
            return False
        if run is None:
            run = self._runs[key] = _Run((number, line), (number, line))
        else:
            run.count += 1
            run.last = number, line
        if name and len(run.names) < _MOST_NAMES:
            run.names[name] = None
        return True

    def _sort(self, run: _Run) -> Sort:
        first, last = (Evidence(self._path, number, quote(line)) for number, line in (run.first, run.last))
        return Sort(first, last, time_of(run.first[1]), time_of(run.last[1]), run.count, tuple(run.names))


def time_of(line: str) -> str | None:
    """The time at the beginning of a line, as printed.

    >>> time_of("2025-03-01T10:00:00.123Z stdout F ERROR"), time_of("no time here")
    ('2025-03-01T10:00:00.123Z', None)
    """
    found = _TIME.search(line[:_TIME_WITHIN])
    return found[0] if found else None
