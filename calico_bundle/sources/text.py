"""Bytes to text that the parsers can count lines in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from calico_bundle.evidence import TERMINAL_SEQUENCES

_SNIFFED_BYTES = 200
_HEAD_BYTES = 64 * 1024
_FIRST_NOT_ASCII = 0x80
_MOST_STRAY_CONTROLS = 0.02
_MOST_INVALID = 0.3
_MOST_NULS = 0.3

_CARRIAGE_RETURNS = re.compile("\r+(?=\n|\\Z)")
_STRAY_CONTROLS = bytes(set(range(32)) - set(b"\x00\b\t\n\f\r\x1b")) + b"\x7f"


def decode(data: bytes) -> str:
    """The text of a file, with the line numbers it has in an editor.

    UTF-8 (what does not fit becomes U+FFFD), or UTF-16 as PowerShell's `>` writes it, with or without its mark.
    Lines end in LF alone, and terminal colors are gone; nothing else is changed.

    >>> decode(b"a\\r\\nb\\n"), decode("\\x1b[31mred\\x1b[0m".encode("utf-16"))
    ('a\\nb\\n', 'red')
    """
    return _cleaned(data.decode(_encoding(data), errors="replace"))


def _cleaned(text: str) -> str:
    if "\x1b" in text:
        text = TERMINAL_SEQUENCES.sub("", text)
    if "\r" in text:
        text = _CARRIAGE_RETURNS.sub("", text)
    return text


def decode_head(data: bytes, most: int) -> str:
    """The first characters of `decode(data)`, without decoding all of it.

    >>> decode_head(b"one\\r\\ntwo\\r\\n", 5)
    'one\\nt'
    """
    # Up to the end of a line: what `decode` does to a line, it does to that line alone.
    end = data.rfind(b"\n", 0, _HEAD_BYTES) + 1
    head = decode(data[:end]) if end else ""
    return (head if len(head) > most else decode(data))[:most]


def can_come_in_pieces(head: bytes) -> bool:
    """Whether a file that begins like this is UTF-8 without a mark and without colors, as large files of a bundle are.

    Of such a file a head that was cut anywhere decodes as the whole does, but for its last characters.

    >>> can_come_in_pieces(b"apiVersion: v1"), can_come_in_pieces("kind: List".encode("utf-16"))
    (True, False)
    """
    return _encoding(head) == "utf-8" and b"\x1b" not in head


def text_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The UTF-8 of what `decode` makes of a large file that `can_come_in_pieces`, piece by piece.

    Bytes that are no UTF-8 stand as they are, to become U+FFFD when their line is decoded.

    >>> b"".join(text_pieces([b"one\\r", b"\\ntwo\\n"]))
    b'one\\ntwo\\n'
    """
    held: list[bytes] = []
    for piece in pieces:
        if not held and piece[-1] < _FIRST_NOT_ASCII and _is_clean(piece):
            yield piece
            continue
        end = piece.rfind(b"\n") + 1
        if end:
            yield _as_cleaned(b"".join((*held, piece[:end])))
            held.clear()
        if end < len(piece):
            held.append(piece[end:])
    if held:
        yield _as_cleaned(b"".join(held))


def _is_clean(data: bytes) -> bool:
    return b"\r" not in data and b"\x1b" not in data


def _as_cleaned(lines: bytes) -> bytes:
    # Decoded first, as a whole file is: what colors part is not to become one character.
    return lines if _is_clean(lines) else _cleaned(lines.decode("utf-8", errors="replace")).encode()


def looks_binary(data_head: bytes) -> bool:
    """Whether a file that begins like this is no text at all.

    A log with a run of NULs (a machine lost power while writing it) and text in an unknown 8-bit encoding are text.

    >>> looks_binary(b"default via 10.0.0.1\\n"), looks_binary(b"\\x7fELF\\x02\\x01\\x01")
    (False, True)
    """
    encoding = _encoding(data_head)
    if not data_head or encoding.startswith("utf-16"):
        return False
    size = len(data_head)
    controls = size - len(data_head.translate(None, _STRAY_CONTROLS))
    nuls = data_head.count(0)
    if controls > _MOST_STRAY_CONTROLS * size or nuls > _MOST_NULS * size or (nuls and controls):
        return True
    return data_head.decode("utf-8", errors="replace").count("\ufffd") > _MOST_INVALID * size


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = data[0:_SNIFFED_BYTES:2], data[1:_SNIFFED_BYTES:2]
    if odd and not any(odd) and all(even):
        return "utf-16-le"
    if odd and not any(even) and all(odd):
        return "utf-16-be"
    return "utf-8"
