"""A drawing: shapes and texts with their places, written as SVG that loads nothing, runs nothing and needs no ids."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from calico_bundle.evidence import clean
from calico_bundle.report import palette
from calico_bundle.report.picture.looks import MONO, SANS, Ink, shape_attributes, style, text_attributes
from calico_bundle.report.picture.words_fit import fit, shown

# Each mark in a square of 10: a cross, an exclamation mark, a check mark, a question mark, a dash, an arrow.
_MARKS = {
    "bad": "M1 1L9 9M9 1L1 9",
    "warn": "M5 0V6M5 8.6V9.6",
    "good": "M0.5 5.5L3.5 9L9.5 1",
    "open": "M2 2.6C2 -0.8 8 -0.8 8 2.6C8 4.8 5 4.6 5 6.6M5 8.6V9.6",
    "muted": "M1 5H9",
    "calico": "M0.5 5H9M5.5 1.5L9 5L5.5 8.5",
}


_LONGEST = 2000
"""Characters of a text that are kept at most."""


class Drawing:
    """Collects what is drawn; every word passes through it, and is escaped here.

    >>> drawing = Drawing(100)
    >>> drawing.text(4, 14, "<b>", Ink())
    >>> drawing.svg(20, "title", "what it shows").count("&lt;b&gt;")
    1
    """

    def __init__(self, wide: float) -> None:
        self.wide = wide
        self._shapes: list[str] = []

    def rect(self, x: float, y: float, wide: float, high: float, kind: str, *, round_: float = 6) -> None:
        """A rectangle."""
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}" rx="{_n(round_)}"'
        self._shapes.append(f"<rect {place} {shape_attributes(kind)}/>")

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through some points."""
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self._shapes.append(f'<path d="M{path}" {shape_attributes(kind)} stroke-linejoin="round"/>')

    def dot(self, x: float, y: float, radius: float, kind: str) -> None:
        """A disk."""
        self._shapes.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" {shape_attributes(kind)}/>')

    def mark(self, x: float, y: float, tone: str, size: float = 10) -> None:
        """The mark of a tone, its upper left corner at x, y."""
        move = f'transform="translate({_n(x)} {_n(y)}) scale({_n(size / 10)})" stroke-linecap="round"'
        self._shapes.append(f'<path d="{_MARKS[tone]}" {shape_attributes("mark-" + tone)} {move}/>')

    def head(self, x: float, y: float, kind: str, *, up: bool = False) -> None:
        """The head of an arrow that ends at x, y."""
        back = 6 if up else -6
        self.line([(x - 4, y + back), (x, y), (x + 4, y + back)], kind)

    def text(
        self, x: float, y: float, words: str, ink: Ink, *, room: float | None = None, whole: str | None = None
    ) -> None:
        """A line of text on the base line y; what is cut, for lack of room or before, is whole in its title."""
        plain = shown(words[:_LONGEST])
        cut = plain if room is None else fit(plain, room, ink.size, mono=ink.mono)
        full = (whole if whole is not None else words)[:_LONGEST]
        title = f"<title>{escaped(full)}</title>" if cut != full else ""
        look = f'font-size="{_n(ink.size)}"' + (' font-weight="700"' if ink.bold else "")
        look += f' font-family="{MONO}"' if ink.mono else ""
        look += ' text-anchor="middle"' if ink.middle else ""
        self._shapes.append(
            f'<text x="{_n(x)}" y="{_n(y)}" {text_attributes(ink.kind)} {look}>{escape(cut)}{title}</text>'
        )

    def svg(self, high: float, title: str, description: str, *, sheet: bool = False) -> str:
        """All of it; with its own style `sheet` where no page gives it one."""
        size = f'width="{_n(self.wide)}" height="{_n(high)}" viewBox="0 0 {_n(self.wide)} {_n(high)}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" class="cb-picture" role="img" {size} font-family="{SANS}">'
        names = f"<title>{escaped(title)}</title><desc>{escaped(description)}</desc>"
        style_ = f"<style>{palette.css('.cb-picture')}{style()}</style>" if sheet else ""
        ground = f'<rect width="{_n(self.wide)}" height="{_n(high)}" {shape_attributes("page")}/>'
        return "\n".join([head, names + style_, ground, *self._shapes, "</svg>\n"])


def escaped(words: str) -> str:
    """Words as the content of an XML element: cleaned of what no XML may hold, and with no markup.

    >>> escaped("<script>" + chr(7) + chr(0xFFFF))
    '&lt;script&gt;\ufffd'
    """
    kept = "".join(char if ord(char) not in _NO_XML else "\ufffd" for char in clean(words))
    return escape(kept)


# XML 1.0, production 2: what `clean` leaves of the characters that no document may hold.
_NO_XML = frozenset([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


def _n(number: float) -> str:
    """A number as short as it can be; a tenth of a pixel is enough."""
    return f"{number:.1f}".removesuffix(".0")
