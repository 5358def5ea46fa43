"""The picture of the architecture, docs/architecture.svg: the rooms in their layers, drawn out of `.importlinter`.

One file without scripts, fonts or anything that is loaded, with a background of its own: it reads the same on a light
page and on a dark one, and it follows what the reader's system prefers. The layers in docs/architecture.md are its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

BANDS: Mapping[str, tuple[str, str]] = {
    "__main__": ("asked and answered", "report, notebook, command line"),
    "diagnosis": ("judged", "findings, causes, fixes"),
    "paths": ("followed", "each packet, there and back"),
    "wholeness": ("joined", "all facts of one cluster"),
    "bundle": ("read", "bytes to facts"),
    "objects": ("shared by all", "records, evidence, names"),
}
"""Where each band begins, the highest first: the first room of its highest layer, its title, and what comes out of it."""

_WIDTH = 900
_LEFT = 250
_ROW = 31
_BOX = 24
_GAP = 8
_CHARACTER = 7.3
"""Width of one character of the boxes' type, 12 pixels and of equal widths."""

_STYLE = """\
  .page { fill: #ffffff } .band { fill: #eef2f7; stroke: #7c8aa0 } .box { fill: #ffffff; stroke: #33475f }
  .title { fill: #14202e; font: bold 15px sans-serif } .words { fill: #3a4757; font: 13px sans-serif }
  .room { fill: #14202e; font: 12px monospace } .flow { stroke: #0b5cad; stroke-width: 3; fill: none }
  .head { fill: #0b5cad }
  @media (prefers-color-scheme: dark) {
    .page { fill: #11161d } .band { fill: #1b2430; stroke: #61738c } .box { fill: #11161d; stroke: #8fa3bd }
    .title, .room { fill: #eef3f9 } .words { fill: #c0ccda } .flow { stroke: #6db3f7 } .head { fill: #6db3f7 }
  }
"""


@dataclass(frozen=True, slots=True)
class Band:
    """Layers that do one thing: its title, what comes out of it, and the rooms of each layer, the highest first."""

    title: str
    words: str
    layers: tuple[tuple[str, ...], ...]

    @property
    def rows(self) -> list[Sequence[str]]:
        """The layers, each in as many rows of boxes as it needs."""
        return [row for layer in self.layers for row in _rows(layer)]

    @property
    def height(self) -> int:
        """In pixels; title and words need two lines."""
        return max(len(self.rows) * _ROW, 44) + 2 * _GAP


def bands(layers: Sequence[Sequence[str]]) -> list[Band]:
    """The layers by band; a layer that begins none belongs to the one above.

    >>> [band.title for band in bands([["__main__"], ["cli"], ["diagnosis", "trace"]])]
    ['asked and answered', 'judged']
    """
    found: list[tuple[tuple[str, str], list[tuple[str, ...]]]] = []
    for layer in layers:
        begun = next((BANDS[room] for room in layer if room in BANDS), None)
        if begun:
            found.append((begun, []))
        found[-1][1].append(tuple(layer))
    return [Band(*words, tuple(inside)) for words, inside in found]


def _rows(layer: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many rooms in a row as fit."""
    row: list[str] = []
    for room in layer:
        if row and sum(map(_box_width, [*row, room])) > _WIDTH - _LEFT - 3 * _GAP:
            yield row
            row = []
        row.append(room)
    yield row


def _box_width(room: str) -> int:
    return round(len(room) * _CHARACTER) + 20 + _GAP


def picture(layers: Sequence[Sequence[str]]) -> str:
    """The whole picture as SVG."""
    drawn, top = [], 34
    shown = bands(layers)
    for band in shown:
        drawn.append(_band(band, top))
        top += band.height + _GAP
    height = top + 20
    # What is shared by all is no station of the data.
    flow = _arrow(bottom=top - shown[-1].height - 2 * _GAP, top=34)
    said = "; ".join(f"{band.title}: {', '.join(room for layer in band.layers for room in layer)}" for band in shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title words">\n'
        f'<title id="title">The rooms of calico_bundle in their layers</title>\n<desc id="words">{escape(said)}</desc>\n'
        f"<style>\n{_STYLE}</style>\n"
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>\n'
        f'<text class="words" x="12" y="22">Facts go up, from bytes to the report; a room knows only rooms below it.</text>\n'
        f"{''.join(drawn)}{flow}</svg>\n"
    )


def _band(band: Band, top: int) -> str:
    frame = (
        f'<rect class="band" x="34" y="{top}" width="{_WIDTH - 46}" height="{band.height}" rx="6"/>\n'
        f'<text class="title" x="46" y="{top + 24}">{escape(band.title)}</text>\n'
        f'<text class="words" x="46" y="{top + 44}">{escape(band.words)}</text>\n'
    )
    boxes = [
        box
        for number, row in enumerate(band.rows)
        for box in _boxes(row, top + _GAP + number * _ROW + (_ROW - _BOX) // 2)
    ]
    return frame + "".join(boxes)


def _boxes(row: Sequence[str], top: int) -> Iterator[str]:
    left = _LEFT + 2 * _GAP
    for room in row:
        width = _box_width(room) - _GAP
        yield (
            f'<rect class="box" x="{left}" y="{top}" width="{width}" height="{_BOX}" rx="4"/>'
            f'<text class="room" x="{left + width / 2:g}" y="{top + 16}" text-anchor="middle">{escape(room)}</text>\n'
        )
        left += width + _GAP


def _arrow(bottom: int, top: int) -> str:
    return f'<path class="flow" d="M 18 {bottom} V {top + 12}"/><path class="head" d="M 18 {top} l 8 14 h -16 z"/>\n'


def rooms_of(lines: Sequence[str]) -> list[list[str]]:
    """The names in each line of layers.

    >>> rooms_of(["(cli)", "commands | progress_line"])
    [['cli'], ['commands', 'progress_line']]
    """
    return [re.findall(r"\w+", line) for line in lines]
