"""A box for lookups that fare alike: who asks, above; who should answer, below; request and reply between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calico_bundle.report.picture.drawing import Drawing
from calico_bundle.report.picture.lines import Lines
from calico_bundle.report.picture.looks import BOLD
from calico_bundle.report.picture.node_box import letter

_PAD = 10.0
_LETTER, _STEP = 11.0, 25.0
_BESIDE = 2
_RAILS = 58.0
"""Room for the arrows of request and reply, at the left of the words."""


class _End:
    """The nodes at an end of a way: their letters, then what they are."""

    def __init__(self, end: Mapping[str, Any], words: str, wide: float) -> None:
        self._letters, self.wide = end["letters"], wide
        # A few stand beside the words, more of them above, in as many rows as they take.
        self._beside = len(self._letters) <= _BESIDE
        self._left = len(self._letters) * _STEP + 4 if self._beside else 0.0
        self._in_row = int((wide - 2 * _PAD) // _STEP)
        self._letters_high = -(-len(self._letters) // self._in_row) * _STEP
        self._lines = Lines(wide - 2 * _PAD - self._left)
        self._lines.add(words, BOLD, most=2)
        both = (self._lines.high, self._letters_high)
        self.high = (max(both) if self._beside else sum(both)) + 8

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        drawing.rect(x, y, self.wide, self.high, "box")
        for place, name in enumerate(self._letters):
            row, column = divmod(place, self._in_row)
            letter(drawing, name, x + _PAD + _LETTER + column * _STEP, y + 5 + _LETTER + row * _STEP)
        below = y if self._beside else y + self._letters_high
        room = self.high - (below - y)
        self._lines.draw(drawing, x + _PAD + self._left, below + (room - self._lines.high) / 2 - 1)


class WayBox:
    """Lookups from some nodes to cluster DNS on some nodes."""

    def __init__(self, way: Mapping[str, Any], wide: float) -> None:
        self._way = way
        self._start = _End(way["from_end"], f"pods on {way['from_end']['title']}", wide)
        self._end = _End(way["to_end"], f"cluster DNS on {way['to_end']['title']}", wide)
        self._lines = Lines(wide - _RAILS)
        self._lines.tags(way["tags"], bold=True)
        self._lines.tags([way["request_tag"], way["reply_tag"]])
        if way["sessions_tag"]:
            self._lines.tags([way["sessions_tag"]])
        self._between = self._lines.high + 16
        self.high = self._start.high + self._between + self._end.high

    def draw(self, drawing: Drawing, x: float, y: float, high: float) -> None:
        """Draw it as high as its neighbors."""
        self._start.draw(drawing, x, y)
        top = y + self._start.high
        bottom = y + high - self._end.high
        self._end.draw(drawing, x, bottom)
        arrow(drawing, x + 18, top, bottom, self._way["request_tag"]["tone"])
        arrow(drawing, x + 40, bottom, top, self._way["reply_tag"]["tone"])
        self._lines.draw(drawing, x + _RAILS, top + (bottom - top - self._lines.high) / 2 - 1)


def arrow(drawing: Drawing, x: float, start: float, end: float, tone: str) -> None:
    """An arrow from start to end: whole, dashed where nobody knows, or stopped by a cross."""
    up = end < start
    kind = f"wire-{tone}"
    tip = end + 2 if up else end - 2
    if tone != "bad":
        drawing.line([(x, start), (x, tip)], kind)
        drawing.head(x, tip, kind, up=up)
        return
    middle = (start + end) / 2
    drawing.line([(x, start), (x, middle)], kind)
    drawing.line([(x, middle), (x, tip)], "faint")
    drawing.mark(x - 6, middle - 6, "bad", 12)
