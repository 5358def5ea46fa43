"""How each kind of thing in a picture looks: one table, from which both its attributes and its style sheet are made.

The attributes are what programs without style sheets draw (an image viewer, a code host that removes `<style>`); where
there is a style sheet, it wins, and takes its colors from the palette: light or dark, whichever the reader has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calico_bundle.report import palette

SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"

SMALL, NORMAL, LARGE = 12.0, 13.0, 15.0


@dataclass(frozen=True, slots=True)
class Ink:
    """How a text looks: its color by the palette's name, its size, and its letters."""

    kind: str = "text"
    size: float = NORMAL
    bold: bool = False
    mono: bool = False
    middle: bool = False


PLAIN, BOLD, TITLE = Ink(), Ink(bold=True), Ink(size=LARGE, bold=True)
MUTED, NOTE = Ink("muted"), Ink("muted", SMALL)
CODE = Ink(size=SMALL, mono=True)

_TONES = ("bad", "warn", "good", "open", "calico")
_NONE = "none"

# kind: fill, stroke (colors of the palette), width of the stroke, dashes
SHAPES: Mapping[str, tuple[str, str, float, str]] = {
    "page": ("page", _NONE, 0, ""),
    "box": ("box", "line", 1.2, ""),
    "behind": ("box", "line", 1.2, ""),
    "lane": ("lane", "line", 1, ""),
    "slot": ("page", "line", 1, ""),
    "slot-absent": ("page", "line", 1, "4 3"),
    "letter": ("text", _NONE, 0, ""),
    "wire": (_NONE, "line", 1.5, ""),
    "faint": (_NONE, "line", 1.5, "1 4"),
    **{f"slot-{tone}": (f"{tone}-soft", tone, 1.6, "") for tone in _TONES},
    **{f"lane-{tone}": (f"{tone}-soft", tone, 1.6, "") for tone in _TONES},
    **{f"wire-{tone}": (_NONE, tone, 2.2, "5 4" if tone == "open" else "") for tone in _TONES},
    **{f"dot-{tone}": (tone, "page", 1.2, "") for tone in _TONES},
    "dot": ("line", "page", 1.2, ""),
    **{f"mark-{tone}": (_NONE, tone, 2.2, "") for tone in _TONES},
    "mark-muted": (_NONE, "muted", 2.2, ""),
}
TEXTS: Mapping[str, str] = {name: name for name in ("text", "muted", "bad", "warn", "good", "open", "calico", "page")}


def shape_attributes(kind: str) -> str:
    """A shape's class, and its look for programs without style sheets.

    >>> shape_attributes("box")
    'class="cb-box" fill="#f6f8fa" stroke="#7b8794" stroke-width="1.2"'
    """
    fill, stroke, wide, dashes = SHAPES[kind]
    lined = f' stroke="{_light(stroke)}" stroke-width="{wide:g}"' if stroke != _NONE else ""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'class="cb-{kind}" fill="{_light(fill)}"{lined}{dashed}'


def text_attributes(kind: str) -> str:
    """A text's class and color.

    >>> text_attributes("bad")
    'class="cb-t-bad" fill="#a81817"'
    """
    return f'class="cb-t-{kind}" fill="{_light(TEXTS[kind])}"'


def _light(color: str) -> str:
    return palette.LIGHT.get(color, color)


def style() -> str:
    """The rules for pages that hold pictures and have the palette: nothing outside `.cb-picture` is touched.

    >>> ".cb-picture .cb-box{fill:var(--cb-box);stroke:var(--cb-line)}" in style()
    True
    """
    shapes = (
        f".cb-picture .cb-{kind}{{fill:{_color(fill)};stroke:{_color(stroke)}}}"
        for kind, (fill, stroke, *_) in SHAPES.items()
    )
    texts = (f".cb-picture .cb-t-{kind}{{fill:{_color(color)}}}" for kind, color in TEXTS.items())
    return "\n".join([".cb-picture{max-width:100%;height:auto}", *shapes, *texts]) + "\n"


def _color(name: str) -> str:
    return f"var(--cb-{name})" if name != _NONE else _NONE
