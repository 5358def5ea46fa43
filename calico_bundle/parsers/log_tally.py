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


@dataclass(slots=True)
class Sort:
    """Lines of one sort: how many, the first and the last with their times, and the first few names in them."""

    first: Evidence
    last: Evidence
    first_time: str | None
    last_time: str | None
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
        self._sorts: dict[K, Sort] = {}

    def __iter__(self) -> Iterator[tuple[K, Sort]]:
        return iter(self._sorts.items())

    def add(self, key: K, number: int, line: str, name: str | None = None) -> bool:
        """Count a line; False, and nothing of it kept, where its sort is one too many."""
        sort = self._sorts.get(key)
        if sort is None and len(self._sorts) >= MOST_SORTS:
            return False
        cited, time = Evidence(self._path, number, quote(line)), time_of(line)
        if sort is None:
            sort = self._sorts[key] = Sort(cited, cited, time, time)
        else:
            sort.count += 1
            sort.last, sort.last_time = cited, time or sort.last_time
        if name and len(sort.names) < _MOST_NAMES:
            sort.names[name] = None
        return True


def time_of(line: str) -> str | None:
    """The time at the beginning of a line, as printed.

    >>> time_of("2025-03-01T10:00:00.123Z stdout F ERROR"), time_of("no time here")
    ('2025-03-01T10:00:00.123Z', None)
    """
    found = _TIME.search(line[:_TIME_WITHIN])
    return found[0] if found else None
