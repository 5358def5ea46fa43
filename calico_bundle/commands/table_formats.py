"""One table of facts as CSV, JSON or parquet, and the list of them all."""

from __future__ import annotations

import csv
import json
import re
import textwrap
from collections.abc import Callable
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from calico_bundle.evidence import clean

if TYPE_CHECKING:
    from calico_bundle.analysis import Analysis

# What a spreadsheet takes for a formula (OWASP, "CSV Injection"). A bundle comes from a customer's cluster, and whoever
# can name a pod there would otherwise run a formula on the desk of the engineer who opens the table.
_FORMULA = re.compile(r"\s*[=+\-@]")


def render(analysis: Analysis, name: str, form: str) -> str | bytes:
    """Write a table in one of the formats `csv`, `json` and `parquet`."""
    known: dict[str, Callable[[Analysis, str], str | bytes]] = {
        "csv": as_csv,
        "json": as_json,
        "parquet": as_parquet,
    }
    return known[form](analysis, name)


def as_csv(analysis: Analysis, name: str) -> str:
    """Write a table as CSV (RFC 4180 quoting, line feeds): one heading row, empty cells for what is not known."""
    columns = analysis.tables.columns(name)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([csv_cell(row.get(column)) for column in columns] for row in analysis.tables.rows(name))
    return out.getvalue()


def csv_cell(value: object) -> str:
    """Write one value as a cell that a spreadsheet shows and does not run.

    >>> csv_cell("=HYPERLINK(1)"), csv_cell(-1), csv_cell(None), csv_cell(True), csv_cell(["a", 1])
    ("'=HYPERLINK(1)", '-1', '', 'true', '["a", 1]')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        shown = clean(value)
        return f"'{shown}" if _FORMULA.match(shown) else shown
    return clean(json.dumps(value, ensure_ascii=False))


def as_json(analysis: Analysis, name: str) -> str:
    """Write a table as JSON: a list with one object per row, each on its own line."""
    rows = [json.dumps(row) for row in analysis.tables.rows(name)]
    return "[\n" + ",\n".join(rows) + "\n]\n" if rows else "[]\n"


def as_parquet(analysis: Analysis, name: str) -> bytes:
    """Write a table as parquet; needs pyarrow."""
    out = BytesIO()
    analysis.tables.frame(name).to_parquet(out, index=False)
    return out.getvalue()


def as_list(analysis: Analysis, width: int, *, verbose: bool) -> str:
    """List the tables: how many rows, what they hold, and with `verbose` the columns of each."""
    from calico_bundle.columns import shape_of

    names = analysis.tables.names
    longest = max(len(name) for name in names)
    lines = [f"{'table':<{longest}}  {'rows':>9}  what it holds"]
    for name in names:
        lead = f"{name:<{longest}}  {analysis.tables.count(name):>9,}  "
        lines.append(_hang(lead, shape_of(name).meaning, width))
        if verbose:
            lines.append(_hang(" " * len(lead) + "columns: ", ", ".join(analysis.tables.columns(name)), width))
    return "\n".join([*lines, "", "--table NAME writes one of them (-f csv|json|parquet, -o FILE)."]) + "\n"


def _hang(lead: str, words: str, width: int) -> str:
    return textwrap.fill(words, max(width, len(lead) + 30), initial_indent=lead, subsequent_indent=" " * len(lead))
