"""The tables of a page: the first rows as HTML, and all rows of a large one as data that the page's script draws."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calico_bundle.evidence import clean
from calico_bundle.report import View
from calico_bundle.report.html.folding import missing_alike
from calico_bundle.report.palette import tone
from calico_bundle.report.words import count, fold

MOST_ROWS = 20_000
"""Rows of a table that a page carries: those that ask for a look first. All are counted."""

MOST_CHARACTERS = 2_000_000
"""Characters of a table that a page carries; what several of its cells say alike is written once."""

PAGE = 100
"""Rows that are shown at a time."""

_COMMAND = "bundle-analyze tables BUNDLE --table "

OWN_NAME = "\u0001"
"""Stands in a row's data for the text of its first cell: what is said of many nodes is then said in the same words."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, what its cells are (text, name, number or status), and what they mean."""

    title: str
    kind: str = "text"
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """One table. `rows` are those that the page carries, of `total`; `rest` is the command that has the others."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    about: str = ""
    total: int = 0
    rest: str = "bundle-analyze BUNDLE -o report.json"

    @property
    def first(self) -> Sequence[Sequence[str]]:
        """The rows that are written as HTML."""
        return self.rows[:PAGE]

    @property
    def is_paged(self) -> bool:
        """Whether there are more of them than are shown at a time."""
        return len(self.rows) > PAGE

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than the page carries."""
        return self.total > len(self.rows)

    @property
    def said(self) -> str:
        """How many rows there are, and which of them are shown."""
        some = count(len(self.rows), "row") + (f" (of {self.total:,} in all)" if self.is_cut else "")
        return f"{some}; 1 to {PAGE:,} are shown" if self.is_paged else some

    def packed(self) -> str:
        """All rows as JSON, column by column, that may stand in a script element."""
        data = {"page": PAGE, "own": OWN_NAME, "columns": [self._packed(place) for place in range(len(self.columns))]}
        text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")

    def _packed(self, place: int) -> dict[str, Any]:
        """The cells of a column: each different one once, and which of them each row has."""
        cells = [row[place].replace(row[0], OWN_NAME) if place and row[0] else row[place] for row in self.rows]
        values = {cell: number for number, cell in enumerate(dict.fromkeys(cells))}
        if len(values) * 2 > len(cells):
            return {"cells": cells}
        packed: dict[str, Any] = {"values": list(values), "at": [values[cell] for cell in cells]}
        if self.columns[place].kind == "status":
            packed["tones"] = [tone(value) for value in values]
        return packed


def grids_of(report: View) -> dict[str, Any]:
    """All tables of a report by their names, and under `facts` those of the facts."""
    makers = (_nodes, _lookups, _endpoints, _checks, _coverage, _missing, _gaps, _kinds, _files, _tables)
    found = {grid.name: grid for grid in (make(report) for make in makers) if grid}
    return {**found, "facts": _facts(report)}


def text_of(value: object) -> str:
    """A value as a cell shows it.

    >>> text_of(["a", "b"]), text_of({"zone": "1"}), text_of(None), text_of(True)
    ('a, b', 'zone=1', '-', 'yes')
    """
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(str(key))}={text_of(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(text_of, value))
    return clean(str(value))


def _grid(name: str, title: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], **more: Any) -> Grid:
    every = list(rows)
    return Grid(name, title, columns, list(_carried(every)), total=len(every), **more)


def _carried(rows: Sequence[Sequence[object]]) -> Iterator[Sequence[str]]:
    """The first rows, as many as there is room for."""
    known: set[str] = set()
    room = MOST_CHARACTERS
    for row in rows[:MOST_ROWS]:
        cells = tuple(map(text_of, row))
        new = {cell.replace(cells[0], OWN_NAME) for cell in cells[1:]} - known
        room -= len(cells[0]) + sum(map(len, new))
        if room < 0:
            return
        known |= new
        yield cells


# --- tables that a report is read with ------------------------------------------------------------------------------------

# What asks for a look comes first.
_ADDRESSES = ("wrong", "duplicate", "not-on-node", "unintended", "unknown", "ok")
_FATES = ("broken", "degraded", "unknown", "reaches", "not-applicable")


def _nodes(report: View) -> Grid:
    columns = [
        Column("node", "name"),
        Column("InternalIP", "name"),
        Column("Calico's address", meaning="the address that Calico has stored for the node, and the card that has it"),
        Column("should be"),
        Column("at its next restart", meaning="what calico-node would choose if it looked again"),
        Column("verdict", "status"),
    ]
    nodes = sorted(report["nodes"], key=lambda node: _ADDRESSES.index(_worst(node)))
    rows = [row for node in nodes for row in _node_rows(node)]
    return _grid("nodes", "Nodes and their Calico addresses", columns, rows)


def _worst(node: View) -> str:
    words: list[str] = [part["address_verdict"] for part in (node, node["ipv6"]) if part]
    return min(words, key=_ADDRESSES.index)


def _node_rows(node: View) -> Iterator[Sequence[object]]:
    for part in (node, node["ipv6"]):
        if part:
            cards = (part["bgp_interface"], part.get("expected_interface"))
            stored, expected = (
                _on(part[key], card) for key, card in zip(("bgp_ip", "expected_ip"), cards, strict=True)
            )
            yield node["name"], part["internal_ip"], stored, expected, part["predicted_ip"], part["address_verdict"]


def _on(address: str | None, card: str | None) -> str | None:
    return f"{address} on {card}" if address and card else address


def _lookups(report: View) -> Grid | None:
    if "path_groups" not in report:
        return None
    columns = [
        Column("node", "name"),
        Column("verdict", "status"),
        Column("pods", "number"),
        Column(
            "basis", meaning="observed: decided by what a machine recorded; predicted: worked out from Calico's rules"
        ),
        Column("code"),
        Column("why"),
        Column("which pods"),
    ]
    groups = sorted(report["path_groups"], key=lambda group: _FATES.index(group["verdict"]))
    rows = (
        (g["node"], g["verdict"], g["count"], g["basis"], g["reason"]["code"], g["reason"]["text"], _pods(g))
        for g in groups
    )
    return _grid("lookups", "Pods' DNS lookups, by node and reason", columns, rows)


def _pods(group: View) -> str:
    more = group["count"] - len(group["pods"])
    return ", ".join(group["pods"]) + (f" and {more:,} more" if more else "")


def _endpoints(report: View) -> Grid:
    columns = [Column("service"), Column("address"), Column("pod"), Column("node", "name"), Column("ready")]
    rows = (
        (f"{s['namespace']}/{s['name']}", e["ip"], _pod(e), e["node"], _ready(e))
        for s in report["dns"]["services"]
        for e in s["endpoints"]
    )
    return _grid("dns-endpoints", "Endpoints of the cluster DNS", columns, rows)


def _pod(endpoint: View) -> str | None:
    return f"{endpoint['namespace']}/{endpoint['pod']}" if endpoint["pod"] else None


def _ready(endpoint: View) -> str:
    if not endpoint["ready_shown"]:
        return "not shown"
    return "ready" if endpoint["ready"] else "not ready"


def _checks(report: View) -> Grid:
    columns = [
        Column("code"),
        Column("name", "name"),
        Column("severity"),
        Column("outcome"),
        Column("why"),
        Column("what it looks for"),
    ]
    rows = (
        (c["code"], c["name"], c["severity"], c["status"].replace("-", " "), c["reason"], c["means"])
        for c in report["checks"]
    )
    return _grid("checks", "Checks, and what became of each", columns, rows)


def _coverage(report: View) -> Grid:
    columns = [Column("input"), Column("seen", "number"), Column("of", "number"), Column("what it is of")]
    rows = ((one["artifact"], one["seen"], one["of"], one["text"]) for one in report.get("coverage", ()))
    return _grid("coverage", "What was there to look at", columns, rows)


def _missing(report: View) -> Grid:
    columns = [Column("what"), Column("of nodes", "number"), Column("which"), Column("what stays unknown")]
    rows = (
        (a, len(nodes) or None, fold(nodes), effect) for a, effect, nodes in missing_alike(report["bundle"]["missing"])
    )
    return _grid("missing", "What is not in the bundle", columns, rows)


def _gaps(report: View) -> Grid:
    columns = [Column("file"), Column("line", "number"), Column("kind"), Column("what was there")]
    rows = ((gap["path"], gap["line"], gap["kind"], gap["message"]) for gap in report["bundle"]["gaps"])
    return _grid("gaps", "What was there and could not be understood", columns, rows)


def _kinds(report: View) -> Grid | None:
    if "tables" not in report:
        return None
    files = report["tables"]["files"]
    columns = [
        Column("taken for"),
        Column("layout"),
        Column("files", "number"),
        Column("not read because"),
        Column("the first of them"),
    ]
    rows = ((k["kind"], k["layout"], k["count"], k["not_read"], k["first"]) for k in files["kinds"])
    return _grid("file-kinds", "Files by what they were taken for", columns, rows, rest=f"{_COMMAND}artifacts")


def _files(report: View) -> Grid | None:
    listed = report["tables"]["files"]["listed"] if "tables" in report else []
    if not listed:
        return None
    columns = [Column("file"), Column("taken for"), Column("of node"), Column("layout"), Column("not read because")]
    rows = ((f["path"], f["kind"], f["node"], f["layout"], f["not_read"]) for f in listed)
    return _grid("files", "Files", columns, rows)


# --- facts --------------------------------------------------------------------------------------------------------------


def _tables(report: View) -> Grid | None:
    """All tables of facts, with how many rows each of them has."""
    if "tables" not in report:
        return None
    columns = [
        Column("table"),
        Column("rows", "number"),
        Column("in this page"),
        Column("what it holds"),
        Column("written by"),
    ]
    rows = (
        (t["name"], _total(t), "no" if t["rows"] is None else "yes", t["meaning"], _COMMAND + t["name"])
        for t in report["tables"]["facts"]
    )
    return _grid("tables", "All tables of facts", columns, rows)


def _total(table: View) -> str:
    return f"{table['total']:,}" if table["exact"] else f"at least {table['total']:,}"


def _facts(report: View) -> list[Grid]:
    """The tables of facts that have rows and are few enough to be carried."""
    facts = report["tables"]["facts"] if "tables" in report else []
    return [_fact(table) for table in facts if table["rows"]]


def _fact(table: View) -> Grid:
    columns = [Column(c["name"], _kind(c["type"]), c["meaning"]) for c in table["columns"]]
    return _grid(f"fact-{table['name']}", table["name"], columns, table["rows"], about=table["meaning"])


def _kind(type_in_words: str) -> str:
    return "number" if type_in_words.removesuffix(" or missing") in ("integer", "number") else "text"
