"""The picture of a cluster: networks as lanes, nodes with their cards plugged into them, and what becomes of lookups.

Nodes that are alike are one box already, and ways too; what is drawn here is what the view says, word by word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from calico_bundle.report import View, palette
from calico_bundle.report.picture import TITLE as NAME
from calico_bundle.report.picture.drawing import Drawing
from calico_bundle.report.picture.lines import Lines
from calico_bundle.report.picture.looks import LARGE, MUTED, TITLE, Ink
from calico_bundle.report.picture.node_box import NodeBox, draw_lanes, lanes_high
from calico_bundle.report.picture.way_box import WayBox

NARROW = 360.0
"""The width of the narrow picture: a telephone's."""

_WIDEST, _MOST_COLUMNS = 1120.0, 4
_COLUMN, _MOST_COLUMN = 340.0, 460.0
_MARGIN = 10.0


def draw_cluster(picture: View, *, narrow: bool = False, sheet: bool = True, headline: bool = True) -> str:
    """The picture as SVG, for a narrow screen or a wide one."""
    wide = NARROW if narrow else _wide(picture)
    drawing, y = Drawing(wide), _MARGIN
    if headline and picture["headline"]:
        y = _headline(drawing, picture, y)
    y = _nodes(drawing, picture, y, narrow=narrow)
    y = _ways(drawing, picture, y, narrow=narrow)
    lines = Lines(wide - 2 * _MARGIN)
    lines.tags({**tag, "text": f"on no known node: {tag['text']}"} for tag in picture["unplaced"])
    for sentence in picture["more"]:
        lines.add(sentence, MUTED, above=6, most=6)
    y = lines.draw(drawing, _MARGIN, y) + _MARGIN
    return drawing.svg(y, NAME, " ".join(picture["text"]), sheet=sheet)


def _wide(picture: View) -> float:
    most = max(_columns(len(picture["groups"])), _columns(len(picture["ways"])))
    return min(max(most * _COLUMN, 2 * _COLUMN), _WIDEST)


def _columns(boxes: int) -> int:
    """How many columns, so that rows are about equally long."""
    rows = -(-boxes // _MOST_COLUMNS)
    return -(-boxes // rows) if rows else 1


def _rows(boxes: Sequence[dict[str, Any]], columns: int) -> Iterator[Sequence[dict[str, Any]]]:
    return (boxes[start : start + columns] for start in range(0, len(boxes), columns))


def _headline(drawing: Drawing, picture: View, y: float) -> float:
    lines = Lines(drawing.wide - 2 * _MARGIN)
    tone = palette.tone(picture["status"])
    lines.add(f"{picture['status']}: {picture['headline']}", Ink(tone, LARGE, bold=True), mark=tone, most=12)
    return lines.draw(drawing, _MARGIN, y) + _MARGIN


def _heading(drawing: Drawing, words: str, y: float) -> float:
    lines = Lines(drawing.wide - 2 * _MARGIN)
    lines.add(words, TITLE, above=4)
    return lines.draw(drawing, _MARGIN, y) + 6


def _column(drawing: Drawing, boxes: int, *, narrow: bool) -> tuple[int, float]:
    """How many columns, and how wide each is."""
    columns = 1 if narrow else _columns(boxes)
    return columns, min((drawing.wide - _MARGIN) / columns, _MOST_COLUMN)


# --- nodes --------------------------------------------------------------------------------------------------------------


def _nodes(drawing: Drawing, picture: View, y: float, *, narrow: bool) -> float:
    y = _heading(drawing, "Nodes and their networks" if picture["groups"] else "No node is in this bundle", y)
    columns, wide = _column(drawing, len(picture["groups"]), narrow=narrow)
    # A network into which nothing that is drawn is plugged stands in the first row.
    plugged = {card["lane"] for group in picture["groups"] for card in group["cards"]}
    beside = {lane["id"] for lane in picture["networks"]} - plugged
    for row in _rows(picture["groups"], columns):
        y = _row(drawing, picture, row, wide, y, beside)
        beside = set()
    return y


def _row(
    drawing: Drawing, picture: View, row: Sequence[dict[str, Any]], wide: float, y: float, beside: Iterable[str]
) -> float:
    """The lanes that the nodes of a row are plugged into, and the nodes below them."""
    used = {card["lane"] for group in row for card in group["cards"]} | set(beside)
    lanes = [lane for lane in picture["networks"] if lane["id"] in used]
    gutter = 12 + 9 * max((sum(card["lane"] is not None for card in group["cards"]) for group in row), default=0)
    boxes = [NodeBox(group, wide - gutter - _MARGIN) for group in row]
    right = _MARGIN + wide * len(row) - _MARGIN
    places = draw_lanes(drawing, lanes, (_MARGIN, y, right - _MARGIN), _MARGIN + gutter, wide - gutter - _MARGIN)
    top = y + lanes_high(len(lanes))
    for column, box in enumerate(boxes):
        box.draw(drawing, _MARGIN + column * wide + gutter, top, places)
    return top + max(box.high for box in boxes) + 2 * _MARGIN


# --- ways ---------------------------------------------------------------------------------------------------------------


def _ways(drawing: Drawing, picture: View, y: float, *, narrow: bool) -> float:
    ways = picture["ways"]
    if not picture["groups"]:
        return y
    y = _heading(drawing, "DNS lookups, request and reply" if ways else "No way of a DNS lookup could be followed", y)
    columns, wide = _column(drawing, len(ways), narrow=narrow)
    for row in _rows(ways, columns):
        boxes = [WayBox(way, wide - _MARGIN) for way in row]
        high = max((box.high for box in boxes), default=0)
        for column, box in enumerate(boxes):
            box.draw(drawing, _MARGIN + column * wide, y, high)
        y += high + 2 * _MARGIN
    return y
