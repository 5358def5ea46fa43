"""Bytes to text that the parsers can count lines in."""

from __future__ import annotations

import codecs
import re

from calico_bundle.evidence import TERMINAL_SEQUENCES

_SNIFFED_BYTES = 200
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
    text = data.decode(_encoding(data), errors="replace")
    if "\x1b" in text:
        text = TERMINAL_SEQUENCES.sub("", text)
    if "\r" in text:
        text = _CARRIAGE_RETURNS.sub("", text)
    return text


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
