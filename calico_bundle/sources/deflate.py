"""Deflate and its gzip frame (RFC 1951, RFC 1952), by ISA-L where it is installed, else by zlib."""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable
from typing import cast

HAS_ISAL = importlib.util.find_spec("isal") is not None
"""Whether ISA-L is there; on a platform without a wheel of it zlib gives the same, slower."""

if HAS_ISAL:
    from isal import igzip_lib, isal_zlib

    crc32: Callable[[bytes, int], int] = isal_zlib.crc32
    DEFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, cast("type[Exception]", igzip_lib.IsalError))
else:
    crc32 = zlib.crc32
    DEFLATE_ERRORS = (zlib.error,)

_FIXED_HEADER = 10
_TRAILER = 8
_MOST_HEADER = 256 * 1024
_HEADER_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16


class _ZlibInflate:
    """Raw deflate by zlib, with the manners of `bz2.BZ2Decompressor`."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        # A call that filled its room may hold back output of bytes it has already taken.
        return not self.eof and not self._is_full and not self._inflate.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        output = self._inflate.decompress(self._inflate.unconsumed_tail + data, max(max_length, 0))
        self._is_full = len(output) == max_length
        return output


def raw_deflate() -> _ZlibInflate | igzip_lib.IgzipDecompressor:
    """A decompressor for deflate without a frame, as zip archives hold it.

    >>> packed = zlib.compress(b"abc")[2:-4]
    >>> raw_deflate().decompress(packed, 10)
    b'abc'
    """
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE) if HAS_ISAL else _ZlibInflate()


class GzipDecompressor:
    """One gzip member. A wrong checksum at its end is told in `damage`, and costs none of the output.

    Libraries raise for it instead, and what that last call wrote is gone.
    """

    def __init__(self) -> None:
        """Await the header."""
        self._inflate = raw_deflate()
        self._held = b""
        self._is_header_done = False
        self._crc, self._length = 0, 0
        self.eof = False
        self.unused_data = b""
        self.damage: str | None = None

    @property
    def needs_input(self) -> bool:
        """Whether the next call can do nothing without more bytes."""
        return not self.eof and (not self._is_header_done or self._inflate.eof or self._inflate.needs_input)

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        """Decompress; raises ValueError for a header that is none, and `DEFLATE_ERRORS` for damage."""
        if self._inflate.eof:
            self._finish(data)
            return b""
        if not self._is_header_done:
            rest = self._after_header(data)
            if rest is None:
                return b""
            data = rest
        output: bytes = self._inflate.decompress(data, max_length)
        self._crc = crc32(output, self._crc)
        self._length += len(output)
        self._finish_if_ended()
        return output

    def _finish_if_ended(self) -> None:
        if self._inflate.eof:
            self._finish(self._inflate.unused_data)

    def _after_header(self, data: bytes) -> bytes | None:
        self._held += data
        end = _header_end(self._held)
        if end is None:
            if len(self._held) > _MOST_HEADER:
                raise ValueError("its header has no end")
            return None
        data, self._held, self._is_header_done = self._held[end:], b"", True
        return data

    def _finish(self, data: bytes) -> None:
        self._held += data
        if len(self._held) < _TRAILER:
            return
        trailer, self.unused_data = self._held[:_TRAILER], self._held[_TRAILER:]
        if trailer != self._crc.to_bytes(4, "little") + (self._length & 0xFFFFFFFF).to_bytes(4, "little"):
            self.damage = "is damaged gzip data: its checksum is wrong, so some of what was read from it may be wrong"
        self.eof = True


def _header_end(data: bytes) -> int | None:
    """Where the deflate data begins; None while the header is incomplete."""
    if len(data) < _FIXED_HEADER:
        return None
    if not data.startswith(b"\x1f\x8b\x08"):
        raise ValueError("no gzip header")
    flags, end = data[3], _FIXED_HEADER
    if flags & _EXTRA:
        end += 2 + int.from_bytes(data[end : end + 2], "little")
    for text in (_NAME, _COMMENT):
        if flags & text:
            end = data.find(b"\0", end) + 1
            if not end:
                return None
    if flags & _HEADER_CRC:
        end += 2
    return end if end <= len(data) else None
