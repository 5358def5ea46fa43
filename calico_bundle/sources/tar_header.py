"""One header block of a tar archive (POSIX ustar, pax and GNU; pax(1), GNU tar's `tar.h`)."""

from __future__ import annotations

import re
import tarfile
import zlib
from typing import NamedTuple

BLOCK_BYTES = 512
SPARSE = tarfile.GNUTYPE_SPARSE
LONG_NAME, LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK

_CHECKSUM = slice(148, 156)
_NUL = "\0"
_NUMBER = "[0-7]{6}[0-7 ][\0 ]"
# Mode, owner, group; size, time; checksum; type; link target; magic and version; names of the owners; device numbers.
_PLAIN = re.compile(
    rf".{{100}}(?:{_NUMBER}){{3}}([0-7]{{11}})[\0 ][0-7]{{11}}[\0 ]([0-7]{{6}})[\0 ]{{2}}[0125xLK].{{100}}"
    rf"ustar(?:\x0000|[ ]{{2}}\x00).{{64}}(?:{_NUMBER}|\0{{8}}){{2}}",
    re.DOTALL,
)


class Header(NamedTuple):
    """What a header says of one entry; `type` is a type flag of `tarfile`, `target` that of a link."""

    name: str
    type: bytes
    size: int
    target: str
    is_sparse: bool = False


def read_header(block: bytes) -> Header | None:
    """The header that a block is; None when it is none, or damaged.

    >>> read_header(tarfile.TarInfo("nodes/n1.txt").tobuf())
    Header(name='nodes/n1.txt', type=b'0', size=0, target='', is_sparse=False)
    >>> read_header(b"x" * 512) is None
    True
    """
    return _plain(block) or _any(block)


def _plain(block: bytes) -> Header | None:
    """The header as nearly all archives have it, an eighth of the cost; None for any other."""
    if not block.isascii() or len(block) != BLOCK_BYTES:
        return None
    text = block.decode("ascii")
    found = _PLAIN.match(text)
    if found is None or int(found[2], 8) != _checksum(block):
        return None
    kind, name = block[156:157], text[:100].partition(_NUL)[0]
    if kind == tarfile.DIRTYPE:
        name = name.rstrip("/")
    if text[345] != _NUL and kind not in (LONG_NAME, LONG_LINK):
        name = f"{text[345:500].partition(_NUL)[0]}/{name}"
    target = "" if text[157] == _NUL else text[157:257].partition(_NUL)[0]
    return Header(name, kind, int(found[1], 8), target)


def _checksum(block: bytes) -> int:
    """The sum of all bytes of an ASCII block, its checksum field counted as blanks."""
    # The low half of Adler-32 (RFC 1950) is one more than the sum of the bytes modulo 65521; 512 x 127 is less.
    return (zlib.adler32(block) & 0xFFFF) - 1 - sum(block[_CHECKSUM]) + 8 * 32


def _any(block: bytes) -> Header | None:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return None
    if header.size < 0:
        return None
    return Header(header.name, header.type, header.size, header.linkname, header.type == SPARSE)
