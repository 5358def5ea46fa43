"""Tables, and their places in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.benchmarks.processes import ROOT

PAGE = ROOT / "docs/performance.md"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table for a page, which reads as well in a terminal."""
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in (head, ["---"] * len(head), *rows))


def written(page: str, name: str, text: str) -> str:
    """A page with what stands between its marks written anew.

    >>> written("<!-- measured: sizes -->\\nold\\n<!-- end of sizes -->\\n", "sizes", "new")
    '<!-- measured: sizes -->\\nnew\\n<!-- end of sizes -->\\n'
    """
    marks = re.compile(rf"(?s)(<!-- measured: {name} -->\n).*?(<!-- end of {name} -->)")
    return marks.sub(lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", page)
