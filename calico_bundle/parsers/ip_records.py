"""Records of `ip -j`: the objects of a JSON array, each with the line it begins on, as far as the text is whole."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.parsers.ip_text import note_other

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Record:
    """One object of the array: its members and where it stands in the text."""

    members: Mapping[str, object]
    start: int
    end: int

    def text(self, key: str) -> str | None:
        """A member that is text; numbers become text, as `ip -N` prints both."""
        return text_of(self.members.get(key))

    def number(self, key: str) -> int | None:
        """A member that is a whole number."""
        return number_of(self.members.get(key))


def text_of(value: object) -> str | None:
    """Text, or a number as text; None for anything else.

    >>> text_of("main"), text_of(254), text_of(None), text_of(True)
    ('main', '254', None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def number_of(value: object) -> int | None:
    """A whole number; None for anything else.

    >>> number_of(5), number_of("5"), number_of(True)
    (5, None, None)
    """
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def members_of(value: object) -> Mapping[str, object]:
    """The members of an object; none for anything else.

    >>> members_of({"a": 1}), members_of([])
    ({'a': 1}, {})
    """
    return value if isinstance(value, dict) else {}


def items_of(value: object) -> list[object]:
    """The items of an array; none for anything else.

    >>> items_of([1]), items_of(None)
    ([1], [])
    """
    return value if isinstance(value, list) else []


class Lines:
    """Line numbers and quotes for positions in one text.

    >>> Lines("[\\n{}]", "n1/addr.json").evidence(2)
    Evidence(path='n1/addr.json', line=2, text='{}]')
    """

    def __init__(self, text: str, path: str) -> None:
        self._text, self._path = text, path
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._cited: dict[int, Evidence] = {}

    def number(self, position: int) -> int:
        """The line of a position, from 1."""
        return bisect_right(self._ends, position - 1) + 1

    def evidence(self, position: int) -> Evidence:
        """The line of a position as evidence; of a whole array on one line that is its beginning."""
        line = self.number(position)
        if line not in self._cited:
            start = self._ends[line - 2] + 1 if line > 1 else 0
            end = self._ends[line - 1] if line <= len(self._ends) else len(self._text)
            self._cited[line] = Evidence(self._path, line, quote(self._text[start:end]))
        return self._cited[line]


def records(text: str, lines: Lines, gaps: LineGaps) -> Iterator[Record]:
    """Every object of every array in a text; what stands around the arrays, or is cut, becomes a gap.

    >>> text = 'Defaulted container "a" out of: b\\n[{"dst":"default"},{}]'
    >>> [record.members for record in records(text, Lines(text, ""), LineGaps(""))]
    [{'dst': 'default'}, {}]
    """
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end]
        if line.lstrip().startswith("["):
            position = yield from _array(text, text.index("[", position) + 1, lines, gaps)
        else:
            if line.strip():
                note_other(gaps, lines.number(position), line)
            position = end + 1


def _array(text: str, position: int, lines: Lines, gaps: LineGaps) -> Generator[Record, None, int]:
    """The objects of one array from behind its bracket; returns the position behind it."""
    while True:
        start = _skip(text, position)
        if text.startswith("]", start):
            return start + 1
        try:
            value, position = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            cut = start >= len(text) or not text.rstrip().endswith("]")
            kind = GapKind.TRUNCATED if cut else GapKind.NOT_UNDERSTOOD
            gaps.add(lines.number(start), "", kind=kind, why="the JSON ends or breaks after this line")
            return len(text)
        if isinstance(value, dict):
            yield Record(value, start, position)
        else:
            gaps.add(lines.number(start), text[start : min(position, start + 80)], why="not an object")


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return match.end() if match else position
