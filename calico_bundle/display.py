"""How objects show themselves in a notebook and a terminal: tables, quoted lines and commands, with every word escaped."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, overload

from calico_bundle.evidence import Evidence, clean

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 60
"""Rows of a listing that are shown; the others are counted, and `to_frame()` has them."""

MOST_LINES = 6
"""Lines of evidence that are shown of one thing; the others are counted."""

_WIDTH = 120
_NARROWEST_MEANING = 40
_LEFT = ' style="text-align: left"'

AS_IT_STANDS = "font-family:ui-monospace,monospace;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
"""How lines are shown that are read or copied as they stand: Jupyter alone would set them as prose, and break words."""

Item = TypeVar("Item")


# --- tables -----------------------------------------------------------------------------------------------------------


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of text in columns; the last column is wrapped.

    >>> print(text_table(("name", "meaning"), [("routes", "where packets go")]))
    name    meaning
    routes  where packets go
    """
    every = [[in_a_line(text) for text in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in every) for i in range(len(header) - 1)]
    left = sum(widths) + 2 * len(widths)
    room = max(_NARROWEST_MEANING, _WIDTH - left)
    lines = []
    for row in every:
        first, *more = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
        lines.append("  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), first]).rstrip())
        lines += [" " * left + text for text in more]
    return "\n".join(lines)


def html_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows of text as an HTML table; everything in them is escaped.

    >>> html_table("a < b", ("x",), [("<script>",)]).count("<script>")
    0
    """

    def line(tag: str, texts: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}{_LEFT}>{_escaped(text)}</{tag}>" for text in texts) + "</tr>"

    body = "\n".join(line("td", row) for row in rows)
    top = f"<caption{_LEFT}>{_escaped(caption)}</caption>"
    return f"<table>{top}\n<thead>{line('th', header)}</thead>\n<tbody>\n{body}\n</tbody></table>"


# --- quoted lines and commands ----------------------------------------------------------------------------------------


def where(evidence: Evidence) -> str:
    """Say where a line stands, as `path:line`; a file as a whole by its path."""
    return evidence.path if evidence.line is None else f"{evidence.path}:{evidence.line}"


def quoted(lines: Sequence[Evidence]) -> list[str]:
    """Lines of the bundle, each behind its place; those that are too many are counted.

    >>> quoted(())
    []
    """
    more = len(lines) - MOST_LINES
    rest = [f"and {more:,} more lines: .evidence has them"] if more > 0 else []
    return [*(in_a_line(f"{where(line)}  {line.text}") for line in lines[:MOST_LINES]), *rest]


def html_lines(lines: Iterable[str]) -> str:
    """Lines to be read or copied as they stand, in an HTML block of their own.

    >>> html_lines(["a < b"])
    '<pre style="font-family:ui-monospace,monospace;...">a &lt; b</pre>'
    """
    text = "\n".join(map(_escaped, lines))
    return f'<pre style="{AS_IT_STANDS};margin:0.2em 0 0.8em 0">{text}</pre>' if text else ""


def html_head(word: str, text: str) -> str:
    """One sentence behind a word that stands out.

    >>> html_head("lost", "<b>")
    '<p><b>lost</b> &lt;b&gt;</p>'
    """
    return f"<p><b>{_escaped(word)}</b> {_escaped(text)}</p>"


def in_a_line(text: str) -> str:
    r"""A text as one line, without what a terminal or a browser could act upon.

    >>> in_a_line("a\nb\x1b[31m")
    'a b'
    """
    return clean(text.replace("\n", " "))


def _escaped(text: str) -> str:
    return html.escape(in_a_line(text))


# --- listings ---------------------------------------------------------------------------------------------------------


class Listing(Sequence[Item], Generic[Item]):
    """A sequence that shows itself as a table: `listing[0]`, `for one in listing`, `listing.to_frame()`."""

    noun: ClassVar[str] = "entry"
    nouns: ClassVar[str] = "entries"
    nothing: str = "nothing"
    """What is shown for a listing without entries; one listing may have a reason of its own."""
    columns: ClassVar[Mapping[str, Callable[..., object]]] = {}
    """What is shown of each entry, the longest text last."""

    def __init__(self, items: Iterable[Item] = (), nothing: str | None = None) -> None:
        self._items = tuple(items)
        if nothing:
            self.nothing = nothing

    @overload
    def __getitem__(self, key: int) -> Item: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Item]: ...
    def __getitem__(self, key: int | slice) -> Item | Sequence[Item]:
        return type(self)(self._items[key]) if isinstance(key, slice) else self._items[key]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __repr__(self) -> str:
        return "\n".join([self._caption, text_table(tuple(self.columns), self._rows())]) if self else self._caption

    def _repr_html_(self) -> str:
        return html_table(self._caption, tuple(self.columns), self._rows()) if self else html_head(self._caption, "")

    def to_frame(self) -> pd.DataFrame:
        """The same as a DataFrame, one row per entry and nothing left out."""
        import pandas as pd

        rows = [[get(item) for get in self.columns.values()] for item in self]
        return pd.DataFrame(rows, columns=list(self.columns))

    @property
    def _caption(self) -> str:
        if not self:
            return self.nothing
        more = f", the first {MOST_ROWS} of them; .to_frame() has all" if len(self) > MOST_ROWS else ""
        return f"{len(self):,} {self.noun if len(self) == 1 else self.nouns}{more}"

    def _rows(self) -> list[list[str]]:
        return [[_words(get(item)) for get in self.columns.values()] for item in self._items[:MOST_ROWS]]


def _words(value: object) -> str:
    return "" if value is None else str(value)
