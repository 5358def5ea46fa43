"""What bytes are, told from how they begin: archives by their magic numbers, never by a name."""

from __future__ import annotations

import re
import tarfile
from enum import StrEnum

HEAD_BYTES = 512
"""How much of a file is looked at: one tar header."""

_BLOCK = 512
_MAGIC_AT = 257
_CHECKSUM_AT = 148
_CHECKSUM = re.compile(rb" *[0-7]+[ \0]*")


class Kind(StrEnum):
    """The containers that are opened; the value is how a message names them."""

    TAR = "a tar archive"
    ZIP = "a zip archive"
    GZIP = "gzip data"
    BZIP2 = "bzip2 data"
    XZ = "xz data"
    ZSTD = "zstd data"


# bzip2 needs its block magic too (pi for a block, the square root of pi for the end): three letters are no proof.
_CONTAINERS = (
    (b"\x1f\x8b\x08", Kind.GZIP),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"PK\x07\x08", Kind.ZIP),
)
_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
_UNSUPPORTED = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"LZIP\x01", "lzip data"),
    (b"\x1f\x9d", "data of the old compress command (.Z)"),
    (b"MSCF\x00\x00\x00\x00", "a Microsoft cabinet"),
    (b"!<arch>\n", "a Unix ar archive"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"Salted__", "data encrypted by openssl"),
    (b"-----BEGIN PGP MESSAGE-----", "data encrypted by PGP"),
)
_UNPACK_WITH = {
    "a 7-Zip archive": "7z x",
    "a RAR archive": "unrar x",
    "lz4 data": "lz4 -d",
    "lzip data": "lzip -d",
    "data of the old compress command (.Z)": "gzip -d",
    "a Microsoft cabinet": "cabextract",
    "a Unix ar archive": "ar x",
    "an RPM package": "rpm2cpio",
    "data encrypted by openssl": "openssl enc -d",
    "data encrypted by PGP": "gpg -d",
}
_OTHERS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a Linux program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Microsoft Office document"),
    (b"bplist00", "a macOS property list"),
)

# Looked at first: most files are text, and begin with none of these.
_FIRST_OF_CONTAINERS = frozenset(magic[:1] for magic, _ in _CONTAINERS)
_FIRST_OF_UNSUPPORTED = frozenset(magic[:1] for magic, _ in _UNSUPPORTED)


def sniff(head: bytes) -> Kind | None:
    """Which container begins with these bytes (the first `HEAD_BYTES`); None for anything else.

    >>> sniff(b"PK\\x03\\x04rest").name, sniff(b"apiVersion: v1")
    ('ZIP', None)
    """
    for magic, kind in _CONTAINERS if head[:1] in _FIRST_OF_CONTAINERS else ():
        if head.startswith(magic):
            return kind
    if head.startswith(b"BZh") and head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCKS:
        return Kind.BZIP2
    return Kind.TAR if is_tar(head) else None


def is_tar(head: bytes) -> bool:
    """Whether a tar archive begins here: its magic, or (archives before POSIX) a header whose checksum is right.

    >>> is_tar(b"x" * 512)
    False
    """
    if head[_MAGIC_AT : _MAGIC_AT + 6] in (b"ustar\x00", b"ustar "):
        return True
    if not _CHECKSUM.fullmatch(head, _CHECKSUM_AT, _CHECKSUM_AT + 8) or len(head) < _BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def unsupported(head: bytes) -> str | None:
    """Name a container that cannot be opened here; None for anything else.

    >>> unsupported(b"Rar!\\x1a\\x07\\x00")
    'a RAR archive'
    """
    if head[:1] not in _FIRST_OF_UNSUPPORTED:
        return None
    return next((name for magic, name in _UNSUPPORTED if head.startswith(magic)), None)


def how_to_unpack(what: str) -> str:
    """What to do about a container that `unsupported` named.

    >>> how_to_unpack("a 7-Zip archive")
    'unpack it, for example with `7z x`'
    """
    return f"unpack it, for example with `{_UNPACK_WITH[what]}`"


def other(head: bytes) -> str | None:
    """Name a well-known kind of file that is no bundle; None when the bytes are not known.

    >>> other(b"%PDF-1.7")
    'a PDF document'
    """
    return next((name for magic, name in _OTHERS if head.startswith(magic)), None)
