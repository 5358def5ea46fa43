"""Tables of kubectl and calicoctl as text: headers, and rows cut into cells by where the columns begin.

Both print with Go's text/tabwriter: cells are padded with blanks, three between columns. `kubectl get -w` pads each row as
wide as those before it, so that a row can depart from the header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HEADER = re.compile(r"(?:NAMESPACE {2,})?NAME {2,}[A-Z][A-Z0-9()/ -]*")
_COLUMN = re.compile(r"[A-Z0-9()/-]+(?: [A-Z0-9()/-]+)*")
_BETWEEN = re.compile(r" {2,}")
_LONGEST = 65_536
"""Characters of a row that are looked at: LABELS can be long."""
_LONGEST_HEADER = 4096
_MOST_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table, and where each begins."""

    columns: tuple[str, ...]
    starts: tuple[int, ...]

    def cells(self, line: str) -> Mapping[str, str] | None:
        """The cells of a row; None where it fits the header in no way.

        >>> header_of("NAME   READY   AGE").cells("web-0  1/1     5d (2m ago)")
        {'AGE': '5d (2m ago)', 'READY': '1/1', 'NAME': 'web-0'}
        """
        if len(line) > _LONGEST:
            return None
        found = self._by_offset(line) or self._by_gaps(line)
        # A name that stands twice (SELECTOR, after NODE SELECTOR) keeps the first.
        return None if found is None else dict(reversed(list(zip(self.columns, found, strict=True))))

    def _by_offset(self, line: str) -> list[str] | None:
        cells = []
        for start, end in zip(self.starts, (*self.starts[1:], None), strict=True):
            cell = line[start:end]
            text = cell.strip()
            if (0 < start <= len(line) and line[start - 1] != " ") or (text and cell[0] == " "):
                return None
            cells.append(text)
        return cells

    def _by_gaps(self, line: str) -> list[str] | None:
        found = _BETWEEN.split(line.strip())
        return found if len(found) == len(self.columns) else None


def header_of(line: str) -> Header | None:
    """The header that a line is; None for any other line.

    >>> header_of("NAMESPACE   NAME   NOMINATED NODE   PORT(S)").columns
    ('NAMESPACE', 'NAME', 'NOMINATED NODE', 'PORT(S)')
    >>> header_of("default   web-0") is None
    True
    """
    text = line.rstrip()
    if not text.startswith("NAME") or len(text) > _LONGEST_HEADER or not _HEADER.fullmatch(text):
        return None
    found = list(_COLUMN.finditer(text))
    if len(found) > _MOST_COLUMNS:
        return None
    return Header(tuple(match[0] for match in found), tuple(match.start() for match in found))
