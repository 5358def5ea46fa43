"""`kubectl get -o wide` and `calicoctl get -o wide`: objects in tables, as far as the columns show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.objects.reading import is_hidden, is_hidden_address
from calico_bundle.objects.table_rows import TABLES, Row, Table, UnusableRowError
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, is_output
from calico_bundle.parsers.table_text import Header, header_of

_LINES_BEFORE = 20
"""Lines of output among which a header has to stand: a title may come first."""

MOST_ROWS = 200_000
"""Rows of one file that are read: 5,000 nodes have some 150,000 pods."""

_NAMESPACE = re.compile(r"\bkubectl\b.*?\s(?:-n[ =]?|--namespace[ =])([a-z0-9-]+)")
_LONGEST_COMMAND = 400
_HIDING = ("***", "censored", "CENSORED", "edacted", "REDACTED", "-x")
"""Parts of what collectors write in place of a value, one of which is in each."""


def recognizes(head: str) -> bool:
    """Whether a text begins like a table of kubectl or calicoctl.

    >>> recognizes("NAME   STATUS   ROLES   AGE   VERSION\\n"), recognizes("default via 10.0.0.1 dev eth0\\n")
    (True, False)
    """
    if "NAME " not in head:
        return False
    lines = (line for line in head.split("\n") if is_output(line[:_LONGEST_COMMAND]))
    return any(header_of(line) for line in islice(lines, _LINES_BEFORE))


def parse(text: str, path: str) -> Parsed:
    """The facts of all tables in a text. A table of what nobody needs is passed over; a row that does not fit is a gap.

    >>> table = "NAME   STATUS   ROLES    AGE   VERSION\\nn1     Ready    <none>   5d    v1.35.0\\n"
    >>> [(fact.name, fact.ready) for fact in parse(table, "nodes.txt").facts]
    [('n1', True)]
    """
    reader = _Reader(path)
    for number, line in enumerate(text.split("\n"), start=1):
        reader.read(number, line.rstrip())
    return reader.result()


def _table_of(header: Header) -> Table | None:
    """The kind of a table, by the columns behind the name; None for one that nobody needs."""
    columns = header.columns[header.columns.index("NAME") + 1 :]
    whole = next((t for t in TABLES if columns[: len(t.starts)] == t.starts and _fits(t, header)), None)
    return whole or next((replace(t, unfit=_CUT) for t in TABLES if columns and _is_cut(columns, t.starts)), None)


_CUT = "the columns that tell what they are end too soon, as where a terminal cuts or wraps its lines"


def _is_cut(columns: tuple[str, ...], starts: tuple[str, ...]) -> bool:
    """Whether the columns of a table are those of a kind up to somewhere, the last of them perhaps in part."""
    before, last = columns[:-1], columns[-1]
    return len(columns) <= len(starts) and starts[: len(before)] == before and starts[len(before)].startswith(last)


def _fits(table: Table, header: Header) -> bool:
    """Whether what a table has is of its kind: `NAME STATUS AGE` of a namespaced resource are no namespaces."""
    return table.namespaced or header.columns[0] == "NAME" or bool(table.unfit)


@dataclass(slots=True)
class _Section:
    """The rows under one header."""

    header: Header
    table: Table | None
    namespace: str | None
    rows: list[tuple[int, str]] = field(default_factory=list)
    made: dict[object, list[object]] = field(default_factory=dict)
    is_broken: bool = False

    @property
    def is_nameless(self) -> bool:
        """Whether nothing says which namespace the rows are of."""
        return bool(self.table and self.table.namespaced and self.namespace is None) and not self._has_namespaces

    @property
    def _has_namespaces(self) -> bool:
        return self.header.columns[0] == "NAMESPACE"

    @property
    def shown(self) -> frozenset[str]:
        """The columns that can be trusted.

        A terminal that cuts or wraps its lines spoils the last column: of every row, or where the header ends before its
        time.
        """
        last = self.header.columns[-1]
        ends = self.table is not None and last in self.table.ends
        kept = self.header.columns if ends and not self.is_broken else self.header.columns[:-1]
        return frozenset(kept)


class _Reader:
    """The state between lines: the table that they are of, and the namespace that the command before it named."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._gaps = LineGaps(path)
        self._namespace: str | None = None
        self._section: _Section | None = None
        self._facts: list[object] = []
        self._rows = 0

    def read(self, number: int, line: str) -> None:
        """Take one line."""
        if not is_output(line[:_LONGEST_COMMAND]):
            if "kubectl" in line:
                found = _NAMESPACE.search(line[:_LONGEST_COMMAND])
                self._namespace = found[1] if found else None
        elif header := header_of(line):
            self._end()
            self._section = _Section(header, _table_of(header), self._namespace)
        elif is_collector_error(line):
            self._gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="not collected")
        elif self._section is None:
            self._gaps.add(number, line)
        else:
            self._read_row(self._section, number, line)

    def result(self) -> Parsed:
        """What was read, once the last line was."""
        self._end()
        return Parsed(tuple(self._facts), self._gaps.result())

    def _read_row(self, section: _Section, number: int, line: str) -> None:
        self._rows += 1
        if self._rows > MOST_ROWS:
            self._gaps.add(number, line, why="in a table that is too long")
            return
        cells = section.header.cells(line)
        if (any(mark in line for mark in _HIDING) and is_hidden(line)) or (
            cells and any(map(is_hidden_address, _addresses(cells)))
        ):
            self._gaps.add(number, line, kind=GapKind.REDACTED, why="hidden by the collector")
        if cells is not None and _names(cells.get("NAME", "")) and _names(cells.get("NAMESPACE", "x")):
            section.rows.append((number, line))
            self._make(section, number, line, cells)
        else:
            section.is_broken = True
            self._gaps.add(number, line)

    def _make(self, section: _Section, number: int, line: str, cells: Mapping[str, str]) -> None:
        """Make the facts of a row; of rows that repeat an object (`-w`), the last counts."""
        if section.table is None or section.table.unfit or section.is_nameless:
            return
        shown = section.shown
        kept = {column: cell for column, cell in cells.items() if column in shown}
        row = Row(kept, cells.get("NAMESPACE", section.namespace), Evidence(self._path, number, quote(line)))
        try:
            section.made[row.namespace, row.name] = list(section.table.build(row))
        except UnusableRowError as error:
            self._gaps.add(number, line, why=str(error))
        except (ValueError, KeyError):
            section.rows.pop()
            section.is_broken = True
            self._gaps.add(number, line, why="row not understood")

    def _end(self) -> None:
        """Take the facts of the table that ends here, without its last column where its lines are broken."""
        section, self._section = self._section, None
        if section is None or section.table is None or not section.rows:
            return
        if section.table.unfit or section.is_nameless:
            number, line = section.rows[0]
            why = section.table.unfit or _nameless(section.table.resource)
            self._gaps.add(number, line, why=f"{len(section.rows)} rows not used, {why}")
            return
        if section.is_broken:
            rows, section.rows, section.made = section.rows, [], {}
            for number, line in rows:
                section.rows.append((number, line))
                self._make(section, number, line, section.header.cells(line) or {})
        self._facts += [fact for facts in section.made.values() for fact in facts]


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")


def _addresses(cells: Mapping[str, str]) -> Iterator[str]:
    """The cells that are addresses: words in place of numbers are how some collectors hide those."""
    return (cells[column] for column in ("IP", "INTERNAL-IP", "CLUSTER-IP", "IPV4") if column in cells)


def _names(cell: str) -> bool:
    return bool(_NAME.fullmatch(cell))


def _nameless(resource: str) -> str:
    return f"nothing says which namespace they are of; `kubectl get {resource} -A -o wide` does"


PARSER = Parser(kind="k8s-table", recognizes=recognizes, parse=parse, rank=90, late=True)
