"""How wide text is at most, and how it is made to fit: nobody knows which font a reader has, and nothing may overlap."""

from __future__ import annotations

from functools import lru_cache

from calico_bundle.evidence import clean

ELLIPSIS = "\u2026"
UNSHOWN = "\ufffd"

# Advance widths of U+0020 to U+007E in hundredths of the font's size: those of DejaVu Sans Bold, the widest of the fonts
# that browsers take for `sans-serif` (advance widths of its `hmtx` table).
_WIDTHS = (
    35, 46, 53, 84, 70, 101, 88, 31, 46, 46, 53, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 40, 40, 84, 84,
    84, 59, 100, 78, 77, 74, 84, 69, 69, 83, 84, 38, 38, 78, 64, 100, 84, 86, 74, 86, 78, 73, 69, 82, 78, 111, 78, 73, 73,
    46, 37, 46, 84, 50, 50, 68, 72, 60, 72, 68, 44, 72, 72, 35, 35, 67, 35, 105, 72, 69, 72, 72, 50, 60, 48, 72, 66, 93, 65,
    66, 59, 72, 37, 72, 84,
)  # fmt: skip
_MONO = 62
_NARROWEST = min(_WIDTHS) / 100
_WIDEST_LETTER = 141
_SQUARE = 110


def width(text: str, size: float, *, mono: bool = False) -> float:
    """How wide a line is at most.

    >>> width("node-1", 10), width("node-1", 10, mono=True)
    (39.3, 37.2)
    """
    return round(sum(_advance(char, mono) for char in text) * size / 100, 1)


def _advance(char: str, mono: bool) -> int:
    code = ord(char)
    if code >= 0x2E80:
        return _SQUARE
    if mono:
        return _MONO
    return _WIDTHS[code - 0x20] if 0x20 <= code <= 0x7E else _WIDEST_LETTER


def shown(text: str) -> str:
    r"""A text as a picture can show it: letters whose width is not known, or that stack up, are replaced.

    >>> shown("node\u202e-1\x1b[31m"), shown("z\u0334o")
    ('node-1', 'z\ufffdo')
    """
    cleaned = clean(text)
    return cleaned if cleaned.isascii() else "".join(char if _is_plain(ord(char)) else UNSHOWN for char in cleaned)


def _is_plain(code: int) -> bool:
    latin_greek_cyrillic = 0x20 <= code <= 0x7E or 0xA1 <= code <= 0x24F or 0x388 <= code <= 0x481
    punctuation = 0x2010 <= code <= 0x2026
    east_asian = (
        0x3041 <= code <= 0x3096 or 0x30A1 <= code <= 0x30FA or 0x4E00 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3
    )
    return (latin_greek_cyrillic and code != 0xAD) or punctuation or east_asian


@lru_cache(maxsize=4096)
def fit(text: str, room: float, size: float, *, mono: bool = False) -> str:
    """A line cut to the room there is.

    >>> fit("a-very-long-name-of-a-node", 60, 10)
    'a-very-l…'
    """
    if width(text, size, mono=mono) <= room:
        return text
    left = room - width(ELLIPSIS, size, mono=mono)
    kept, used = 0, 0.0
    for char in text:
        used += _advance(char, mono) * size / 100
        if used > left:
            break
        kept += 1
    return text[:kept] + ELLIPSIS


def wrap(text: str, room: float, size: float, *, mono: bool = False, most: int = 3) -> list[str]:
    """A text in lines, broken at blanks, and within words that are longer than a line; the last line may be cut.

    >>> wrap("Calico uses this; its peers cannot", 120, 10)
    ['Calico uses this; its', 'peers cannot']
    >>> wrap("x" * 30, 70, 10, most=2)
    ['xxxxxxxxxx', 'xxxxxxxx…']
    """
    lines: list[str] = [""]
    # No character is narrower than the narrowest: what lies beyond that many has no room, and costs nothing.
    for word in text[: int(most * room / (size * _NARROWEST)) + most + 2].split():
        for piece in _pieces(word, room, size, mono):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if width(joined, size, mono=mono) <= room:
                lines[-1] = joined
            else:
                lines.append(piece)
        if len(lines) > most:
            rest = f"{lines[most - 1]} {lines[most]}{ELLIPSIS}"
            return [*lines[: most - 1], _cut(rest, room, size, mono)]
    return lines


def _cut(text: str, room: float, size: float, mono: bool) -> str:
    cut = fit(text, room, size, mono=mono)
    return cut if cut.endswith(ELLIPSIS) else fit(text + ELLIPSIS, room, size, mono=mono)


def _pieces(word: str, room: float, size: float, mono: bool) -> list[str]:
    """A word in pieces that each fit a line."""
    pieces, used = [""], 0.0
    for char in word:
        advance = _advance(char, mono) * size / 100
        if pieces[-1] and used + advance > room:
            pieces.append("")
            used = 0.0
        pieces[-1] += char
        used += advance
    return pieces
