"""The view of tables: the facts of a bundle, as far as they are few enough to be carried in a report, and its files.

What is not carried is counted, and `bundle-analyze tables` writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from calico_bundle.diagnosis import Diagnosis
from calico_bundle.evidence import quote
from calico_bundle.secret_words import HIDDEN

if TYPE_CHECKING:
    from calico_bundle.tables import Tables

MOST_ROWS = 5000
"""Rows of a table that a report carries: as many as Kubernetes allows nodes."""

MOST_CHARACTERS = 1_000_000
"""Characters of all tables that a report carries; a table that exceeds what is left of them is not carried."""

MOST_FILES = 2000
"""Files that are listed one by one; all of them are counted by kind."""


def tables_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """The `facts`, one entry for each table, and the `files`, by kind and one by one."""
    from calico_bundle.tables import Tables

    tables = Tables(diagnosis.bundle, diagnosis.cluster, diagnosis.gaps)
    return {"facts": _facts(tables), "files": _files(diagnosis)}


# --- facts --------------------------------------------------------------------------------------------------------------


def _facts(tables: Tables) -> list[dict[str, Any]]:
    """Every table with its columns and how many rows it has; `rows` is None where they are too many to be carried.

    Then `exact` is false where a fact has several rows and only the facts were counted.
    """
    room, found = MOST_CHARACTERS, []
    for name in tables.names:
        entry = _table(tables, name)
        size = sum(len(str(value)) for row in entry["rows"] or () for value in row)
        if size > room:
            entry["rows"] = None
        room -= size if entry["rows"] else 0
        entry["rows"] = entry["rows"] and [[as_quoted(value) for value in row] for row in entry["rows"]]
        found.append(entry)
    return found


def _table(tables: Tables, name: str) -> dict[str, Any]:
    from calico_bundle.columns import describe, shape_of

    described = describe(name)
    # Routes of 5,000 nodes are 25 million: they are counted without being looked at.
    least = tables.least(name)
    rows = None if least > MOST_ROWS else [tuple(row.values()) for row in islice(tables.rows(name), MOST_ROWS + 1)]
    if rows is not None and len(rows) > MOST_ROWS:
        rows = None
    return {
        "name": name,
        "meaning": described.meaning,
        "columns": [{"name": c.name, "type": c.type, "meaning": c.meaning} for c in described.columns],
        "total": least if rows is None else len(rows),
        "exact": rows is not None or shape_of(name).parts is None,
        "rows": rows,
    }


def as_quoted(value: object) -> object:
    """A value of a table as a report may carry it: each line as evidence is quoted, with what is secret in it blanked.

    >>> as_quoted("probe failed: password=hunter2"), as_quoted({"token": "x", "zone": "a"}), as_quoted(("a", 1, None))
    ('probe failed: password=<secret>', {'token': '<secret>', 'zone': 'a'}, ['a', 1, None])
    """
    if isinstance(value, str):
        return " ".join(filter(None, map(quote, value.splitlines())))
    if isinstance(value, Mapping):
        return {key: HIDDEN if _is_secret(key, one) else as_quoted(one) for key, one in value.items()}
    return [as_quoted(one) for one in value] if isinstance(value, (list, tuple)) else value


def _is_secret(key: str, value: object) -> bool:
    return isinstance(value, str) and HIDDEN in quote(f"{key}={value}") and HIDDEN not in value


# --- files --------------------------------------------------------------------------------------------------------------


def _files(diagnosis: Diagnosis) -> dict[str, Any]:
    """How many files of each kind were read or not read, the first of each, and all of them where they are not too many."""
    from calico_bundle.report.model import files_of

    files: Sequence[dict[str, Any]] = files_of(diagnosis)
    counts: Counter[tuple[str | None, ...]] = Counter()
    first: dict[tuple[str | None, ...], str] = {}
    for file in files:
        key = (file["layout"], file["kind"], _reason(file["not_read"]))
        counts[key] += 1
        first.setdefault(key, file["path"])
    kinds = [
        {"layout": layout, "kind": kind, "not_read": reason, "count": number, "first": first[layout, kind, reason]}
        for (layout, kind, reason), number in counts.items()
    ]
    return {"total": len(files), "kinds": kinds, "listed": list(files) if len(files) <= MOST_FILES else []}


def _reason(not_read: str | None) -> str | None:
    """Why a file was not read, without the name of another file in it: a collection can have a link for every log."""
    return "a link to another file" if not_read and not_read.startswith("a link to ") else not_read
