"""The picture of one path: the request, below it the reply, node by node along a wire, with the rule that decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calico_bundle.report import View
from calico_bundle.report.path_words import path_picture
from calico_bundle.report.picture.drawing import Drawing
from calico_bundle.report.picture.lines import Lines
from calico_bundle.report.picture.looks import BOLD, CODE, MUTED, NOTE, PLAIN, TITLE, Ink

_WIDE, _NARROW = 760.0, 360.0
_MARGIN, _PAD = 10.0, 10.0
_RAIL = 34.0
"""Room for the wire, at the left of the boxes."""

_GAP = 16.0


def draw_path(trace: View, *, narrow: bool = False, sheet: bool = True, headline: bool = True) -> str:
    """The picture as SVG, for a narrow screen or a wide one."""
    made = path_picture(trace)
    drawing = Drawing(_NARROW if narrow else _WIDE)
    lines = Lines(drawing.wide - 2 * _MARGIN)
    if headline:
        lines.add(made["title"], TITLE, most=4)
        lines.add(made["verdict"], Ink(made["tone"], bold=True), mark=made["tone"], most=8, above=4)
    y = lines.draw(drawing, _MARGIN, _MARGIN) + _GAP
    for leg in made["legs"]:
        y = _leg(drawing, leg, y)
    rest = Lines(drawing.wide - 2 * _MARGIN)
    for sentence in made["more"]:
        rest.add(sentence, MUTED, most=4)
    y = rest.draw(drawing, _MARGIN, y) + _MARGIN
    return drawing.svg(y, made["title"], " ".join(made["text"]), sheet=sheet)


def _leg(drawing: Drawing, leg: Mapping[str, Any], y: float) -> float:
    lines = Lines(drawing.wide - 2 * _MARGIN)
    if leg["title"]:
        lines.add(leg["title"], TITLE, most=3)
    if leg["alike"]:
        lines.add(leg["alike"], NOTE)
    y = lines.draw(drawing, _MARGIN, y) + 4
    for way in leg["ways"]:
        y = _Way(way, drawing.wide).draw(drawing, y) + _GAP
    return y + 4


class _Box:
    """An end of the way, or a node with what it does to the packet."""

    def __init__(self, wide: float, *, drops: bool = False, absent: bool = False) -> None:
        self.wide, self.drops, self.absent = wide, drops, absent
        self.lines = Lines(wide - 2 * _PAD)

    @property
    def high(self) -> float:
        return self.lines.high + _PAD + 2

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        kind = "slot-bad" if self.drops else "slot-absent" if self.absent else "box"
        drawing.rect(x, y, self.wide, self.high, kind)
        self.lines.draw(drawing, x + _PAD, y + _PAD / 2)


def _node_box(node: Mapping[str, Any], wide: float) -> _Box:
    box = _Box(wide, drops=any(step["drops"] for step in node["steps"]))
    box.lines.add(node["title"], BOLD, most=2)
    for step in node["steps"]:
        drops = step["drops"]
        box.lines.add(
            step["does"], Ink("bad", bold=True) if drops else PLAIN, mark="bad" if drops else "calico", above=4
        )
        if step["rule"]:
            box.lines.add(step["rule"], CODE, indent=17, most=4)
        if step["found"]:
            box.lines.add(step["found"], Ink("bad") if drops else PLAIN, indent=17, most=5)
        if step["expected"]:
            box.lines.add(step["expected"], MUTED, indent=17, most=4)
    return box


class _Way:
    """Request or reply: from one end over the nodes to the other end, or to where it stops."""

    def __init__(self, way: Mapping[str, Any], wide: float) -> None:
        self._tone = way["tag"]["tone"]
        self._head = Lines(wide - 2 * _MARGIN)
        self._head.tags([way["tag"]], bold=True)
        room = wide - 2 * _MARGIN - _RAIL
        self._boxes = [_end(way["from"], room), *(_node_box(node, room) for node in way["nodes"])]
        if not way["nodes"]:
            self._boxes.append(_end("no hop is known", room, absent=True))
        self._boxes.append(_end(way["to"], room, absent=self._tone != "good"))

    def draw(self, drawing: Drawing, y: float) -> float:
        y = self._head.draw(drawing, _MARGIN, y) + 8
        x, middles = _MARGIN + _RAIL, []
        for box in self._boxes:
            box.draw(drawing, x, y)
            middles.append(y + box.high / 2)
            y += box.high + _GAP
        self._wire(drawing, middles)
        return y - _GAP

    def _wire(self, drawing: Drawing, middles: list[float]) -> None:
        """The wire passes every node; the last piece is faint, or dashed, where the packet does not arrive or may not."""
        x, *nodes, last = _MARGIN + 14, *middles
        kind = f"wire-{self._tone}"
        drawing.line([(_MARGIN + _RAIL, nodes[0]), (x, nodes[0]), (x, nodes[-1])], kind)
        for middle in nodes:
            drawing.line([(x, middle), (_MARGIN + _RAIL, middle)], kind)
            drawing.dot(x, middle, 4, f"dot-{self._tone}")
        drawing.line(
            [(x, nodes[-1]), (x, last), (_MARGIN + _RAIL - 3, last)], kind if self._tone == "good" else "faint"
        )
        if self._tone == "bad":
            drawing.mark(x - 7, (nodes[-1] + last) / 2 - 7, "bad", 14)
        elif self._tone == "good":
            drawing.line([(x + 11, last - 4), (x + 17, last), (x + 11, last + 4)], kind)


def _end(words: str, wide: float, *, absent: bool = False) -> _Box:
    box = _Box(wide, absent=absent)
    box.lines.add(words, MUTED if absent else BOLD, most=3)
    return box
