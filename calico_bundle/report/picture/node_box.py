"""A box for nodes that are drawn as one, with its cards as slots, and the lanes that they are plugged into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calico_bundle.report.picture.drawing import Drawing
from calico_bundle.report.picture.lines import Lines
from calico_bundle.report.picture.looks import BOLD, NORMAL, NOTE, SMALL, TITLE, Ink

_PAD = 10.0
_LETTER = 11.0
_STACK = 4.0
_LANE, _LANE_GAP = 38.0, 8.0
_ORDER = ("bad", "warn", "open", "calico", "good")


def lanes_high(number: int) -> float:
    """How high so many lanes are, with the room below them.

    >>> lanes_high(0), lanes_high(2)
    (0.0, 102.0)
    """
    return number * (_LANE + _LANE_GAP) + (_PAD if number else 0.0)


def draw_lanes(
    drawing: Drawing, lanes: Sequence[Mapping[str, Any]], place: tuple[float, float, float], text_x: float, room: float
) -> dict[str, float]:
    """Networks as bars, their names where no wire passes; gives the middle of each, by its id."""
    x, y, wide = place
    middles = {}
    for lane in lanes:
        bad = lane["at_fault"]
        drawing.rect(x, y, wide, _LANE, "lane-bad" if bad else "lane", round_=_LANE / 2)
        _lane_words(drawing, lane, text_x, y, room)
        middles[lane["id"]] = y + _LANE / 2
        y += _LANE + _LANE_GAP
    return middles


def _lane_words(drawing: Drawing, lane: Mapping[str, Any], x: float, y: float, room: float) -> None:
    tag = lane["tag"]
    bad = tag["tone"] == "bad"
    drawing.text(x, y + 16, lane["title"], Ink(bold=True, mono=True), room=room - 16)
    if bad:
        drawing.mark(x, y + 22, "bad")
    drawing.text(x + 16 * bad, y + 31, tag["text"], Ink("bad" if bad else "text", SMALL), room=room - 16 - 16 * bad)


def tone_of(tags: Sequence[Mapping[str, str]]) -> str | None:
    """The tone of a slot: that of its most telling words.

    >>> tone_of([{"tone": "plain", "text": ""}, {"tone": "good", "text": ""}]), tone_of([])
    ('good', None)
    """
    tones = {tag["tone"] for tag in tags}
    return next((tone for tone in _ORDER if tone in tones), None)


class _Slot:
    """One card: its name, its address, and what Calico makes of it."""

    def __init__(self, card: Mapping[str, Any], wide: float) -> None:
        self.card, self.wide = card, wide
        self.tone = tone_of(card["tags"])
        self.lines = Lines(wide - 2 * _PAD)
        self.lines.add(card["title"], BOLD, most=1)
        if card["at"]:
            own = card["address"] is not None
            self.lines.add(card["at"], Ink(size=NORMAL if own else SMALL, mono=own), most=1)
        self.lines.tags(card["tags"], bold=self.tone == "bad")
        self.high = self.lines.high + _PAD

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        kind = f"slot-{self.tone}" if self.tone else "slot"
        drawing.rect(
            x, y, self.wide, self.high, kind if self.card["lane"] or self.tone == "bad" else "slot-absent", round_=4
        )
        self.lines.draw(drawing, x + _PAD, y + _PAD / 2 - 1)


class NodeBox:
    """Nodes that are drawn as one: a stack of boxes where they are several."""

    def __init__(self, group: Mapping[str, Any], wide: float) -> None:
        self.group = group
        self._depth = 2 * _STACK if group["count"] > 1 else 0.0
        self.wide = wide - self._depth
        room = self.wide - 2 * _PAD
        self._title = Lines(room - 2 * _LETTER - 8)
        self._title.add(group["title"], TITLE, most=2)
        self._lines = Lines(room)
        if group["subtitle"]:
            self._lines.add(group["subtitle"], NOTE, most=2)
        self._lines.tags(group["tags"][:1], bold=True)
        self._lines.tags(group["tags"][1:])
        self._slots = [_Slot(card, room) for card in group["cards"]]
        self._note = Lines(room)
        if group["note"]:
            self._note.add(group["note"], NOTE)
        self._head = max(self._title.high, 2 * _LETTER) + 4
        slots = sum(slot.high + 8 for slot in self._slots)
        self._inner = _PAD + self._head + self._lines.high + 8 + slots + self._note.high + _PAD / 2
        self.high = self._inner + self._depth

    def draw(self, drawing: Drawing, x: float, y: float, lanes: Mapping[str, float]) -> None:
        """Draw the nodes, their slots, and the wires up to the lanes."""
        for depth in (2, 1) if self._depth else ():
            drawing.rect(x + depth * _STACK, y + depth * _STACK, self.wide, self._inner, "behind")
        drawing.rect(x, y, self.wide, self._inner, "box")
        letter(drawing, self.group["letter"], x + _PAD + _LETTER, y + _PAD + _LETTER)
        self._title.draw(drawing, x + _PAD + 2 * _LETTER + 8, y + _PAD - 1)
        below = self._lines.draw(drawing, x + _PAD, y + _PAD + self._head) + 8
        wires = []
        for slot in self._slots:
            slot.draw(drawing, x + _PAD, below)
            if slot.card["lane"] is not None:
                wires.append((slot, below + slot.high / 2))
            below += slot.high + 8
        self._note.draw(drawing, x + _PAD, below - 4)
        for place, (slot, height) in enumerate(wires):
            # The uppermost slot has the wire next to the box, so that no two wires cross.
            _wire(drawing, slot, (x + _PAD, height), x - 10 - 9 * place, lanes[slot.card["lane"]])


def letter(drawing: Drawing, words: str, x: float, y: float) -> None:
    """The letter by which ways name these nodes, in a disk."""
    drawing.dot(x, y, _LETTER, "letter")
    drawing.text(x, y + 4.5, words, Ink("page", bold=True, middle=True))


def _wire(drawing: Drawing, slot: _Slot, start: tuple[float, float], x: float, top: float) -> None:
    tone = slot.tone
    drawing.line([start, (x, start[1]), (x, top)], f"wire-{tone}" if tone else "wire")
    drawing.dot(x, top, 5, f"dot-{tone}" if tone else "dot")
    drawing.dot(*start, 4, f"dot-{tone}" if tone else "dot")
