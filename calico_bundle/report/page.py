"""A page of plain text: the one place where words from a bundle meet a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from calico_bundle.evidence import clean
from calico_bundle.report import Style

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Span = str | tuple[str, str]
"""Some text, or text with its style (`"bold red"`)."""

_NARROWEST = 40
_WIDEST_PROSE = 120
"""Longer lines are hard to read; tables take what there is."""


class Page:
    r"""Collects lines, and gives them back as one text.

    Every string is cleaned of escape sequences and control characters on its way in, and none is ever read as rich's
    markup: what a bundle holds is data. The own marks are ASCII, so that every terminal shows them.

    >>> page = Page(Style(width=44))
    >>> page.line("[red]Calico\x1b[2J on node-2 uses an address of eth1", lead="  = ")
    >>> print(page.text(), end="")
      = [red]Calico on node-2 uses an address
        of eth1
    """

    def __init__(self, style: Style) -> None:
        from rich.console import Console

        self.verbose = style.verbose
        self._out = StringIO()
        self._width = max(style.width, _NARROWEST)
        # An empty environment: width and color were decided by the caller, once, for all formats.
        self._console: Console = Console(
            file=self._out,
            width=self._width,
            color_system="standard" if style.color else None,
            force_terminal=style.color,
            force_jupyter=False,
            no_color=not style.color,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def line(self, *spans: Span, lead: Span = "", hang: Span | None = None) -> None:
        """Add a line that wraps at the page's width.

        `lead` stands before its first piece; before the others stands `hang`, which is as wide: else blanks.
        """
        start = _text(lead)
        follow = _text(" " * start.cell_len if hang is None else hang)
        room = max(min(self._width, _WIDEST_PROSE) - start.cell_len, _NARROWEST // 2)
        for number, piece in enumerate(_text(*spans).wrap(self._console, room, overflow="fold")):
            self._put((follow if number else start) + piece)

    def exact(self, *spans: Span) -> None:
        """Add a line that is never wrapped or cut: a command or a file name, to be copied."""
        self._put(_text(*spans))

    def blank(self) -> None:
        """Add an empty line."""
        self.exact("")

    def heading(self, title: str) -> None:
        """Begin a section."""
        self.blank()
        self.line((title, "bold"))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Span]]) -> None:
        """Add a table, two columns in from the left; a cell that is too long folds, and nothing is cut."""
        from rich.padding import Padding
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(_text(heading), overflow="fold")
        for row in rows:
            table.add_row(*(_text(cell) for cell in row))
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def text(self) -> str:
        """Give all lines, without the blanks at their ends."""
        return "\n".join(line.rstrip() for line in self._out.getvalue().split("\n"))

    def _put(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _text(*spans: Span) -> Text:
    from rich.text import Text

    pairs = [(span, "") if isinstance(span, str) else span for span in spans]
    return Text.assemble(*((clean(words), style) for words, style in pairs))
