"""Lines of text under one another: wrapped to the room there is, measured first, then drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calico_bundle.report.picture.drawing import Drawing
from calico_bundle.report.picture.looks import PLAIN, Ink
from calico_bundle.report.picture.words_fit import shown, wrap

MARK_ROOM = 17.0
_LEADING = 1.4


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    ink: Ink
    mark: str | None = None
    indent: float = 0.0
    whole: str | None = None
    above: float = 0.0


@dataclass(slots=True)
class Lines:
    """Text in a column of some width.

    >>> lines = Lines(180)
    >>> lines.add("Calico uses this; its peers cannot", mark="bad")
    >>> lines.high
    36.4
    """

    room: float
    _lines: list[_Line] = field(default_factory=list)

    @property
    def high(self) -> float:
        """How high all lines are together."""
        return round(sum(line.above + line.ink.size * _LEADING for line in self._lines), 1)

    def add(
        self,
        words: str,
        ink: Ink = PLAIN,
        *,
        mark: str | None = None,
        most: int = 3,
        above: float = 0.0,
        indent: float = 0.0,
    ) -> None:
        """Add a text in at most so many lines, with the mark of a tone before the first."""
        inset = indent + (MARK_ROOM if mark else 0.0)
        pieces = wrap(shown(words), self.room - inset, ink.size, mono=ink.mono, most=most)
        whole = words if " ".join(pieces) != words else None
        last = len(pieces) - 1
        for place, piece in enumerate(pieces):
            first = place == 0
            line = _Line(
                piece, ink, mark if first else None, inset, whole if place == last else None, above if first else 0.0
            )
            self._lines.append(line)

    def tags(self, tags: Iterable[Mapping[str, str]], *, bold: bool = False) -> None:
        """Add words with their tones, one under the other; each has its mark, but for plain ones."""
        for tag in tags:
            plain = tag["tone"] == "plain"
            ink = Ink("text" if plain else tag["tone"], bold=bold)
            mark, indent = (None, MARK_ROOM) if plain else (tag["tone"], 0.0)
            self.add(tag["text"], ink, mark=mark, above=1, indent=indent)

    def draw(self, drawing: Drawing, x: float, y: float) -> float:
        """Draw the lines, the first of them at the top y; gives the y below the last."""
        for line in self._lines:
            size = line.ink.size
            y += line.above + size * _LEADING
            base = y - size * 0.35
            if line.mark:
                drawing.mark(x + line.indent - MARK_ROOM, base - size * 0.75, line.mark, size * 0.8)
            drawing.text(x + line.indent, base, line.text, line.ink, whole=line.whole)
        return y
