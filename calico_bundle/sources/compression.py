"""Compressed streams: gzip, bzip2, xz, zstd and zip's raw deflate, with a meter against bombs."""

from __future__ import annotations

import bz2
import contextlib
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol, cast

from calico_bundle.evidence import GapKind
from calico_bundle.sources.deflate import DEFLATE_ERRORS, GzipDecompressor, raw_deflate
from calico_bundle.sources.limits import Limits, allow_more, readable_size
from calico_bundle.sources.signatures import HEAD_BYTES, Kind
from calico_bundle.sources.streams import BytesFlow, Flow, Problem

_INPUT_BYTES = 64 * 1024
# What one call writes is lost when that call meets damage. That matters in a small input; in a large one, speed does.
_OUTPUT_BYTES, _LARGE_OUTPUT_BYTES, _LARGE_FROM = 32 * 1024, 512 * 1024, 8 * 1024 * 1024
_LONGEST_LOOK = 2 * 1024 * 1024
_SMALLEST_WINDOW, _LARGEST_WINDOW = 10, 30  # logarithms; zstd's own bounds where addresses have 32 bits
_FLOORS_OF_ALL = 16  # many streams that are each small enough: zips of zips of zips


class Decompressor(Protocol):
    """What `bz2`, `lzma` and `compression.zstd` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether the next call can do nothing without more bytes."""

    @property
    def unused_data(self) -> bytes:
        """What came after the end of the compressed stream."""

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes:
        """Take `data` and give at most `max_length` bytes of output; raises what the library raises."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One kind of compression: how to name it, to open it, and what its files are called.

    `magic` is how a further stream in the same file begins (`pigz`, `pbzip2`, rotated logs put together); empty where
    there is none. `suffixes` maps the endings to what the content's name ends in.
    """

    name: str
    magic: bytes
    suffixes: tuple[tuple[str, str], ...]
    open: Callable[[Limits], Decompressor] | None
    unpack_with: str = ""


def _zstd() -> ModuleType | None:
    """Python's own module (3.14 and later) or its backport; None where neither is there."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return import_module(name)
    return None


_ZSTD = _zstd()


def _open_zstd(limits: Limits) -> Decompressor:
    module = cast("Any", _ZSTD)
    # A frame may ask for a window of up to 3.75 TiB (RFC 8878, 3.1.1.1.2).
    window = min(max(limits.max_decoder_bytes.bit_length() - 1, _SMALLEST_WINDOW), _LARGEST_WINDOW)
    options = {module.DecompressionParameter.window_log_max: window}
    return cast("Decompressor", module.ZstdDecompressor(options=options))


_ZSTD_ERRORS: tuple[type[Exception], ...] = (_ZSTD.ZstdError,) if _ZSTD else ()
_DAMAGE: tuple[type[Exception], ...] = (OSError, ValueError, EOFError, lzma.LZMAError, *DEFLATE_ERRORS, *_ZSTD_ERRORS)

_TOO_MUCH_MEMORY = ("memory usage limit", "too much memory")
"""What liblzma and libzstd say when a stream demands more than they may take; neither has an error of its own for it."""

CODECS = {
    Kind.GZIP: Codec("gzip", b"\x1f\x8b", ((".tgz", ".tar"), (".gz", "")), lambda _: GzipDecompressor()),
    Kind.BZIP2: Codec(
        "bzip2", b"BZh", ((".tbz2", ".tar"), (".tbz", ".tar"), (".bz2", "")), lambda _: bz2.BZ2Decompressor()
    ),
    Kind.XZ: Codec(
        "xz",
        b"\xfd7zXZ\x00",
        ((".txz", ".tar"), (".xz", "")),
        lambda limits: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.max_decoder_bytes),
    ),
    Kind.ZSTD: Codec(
        "zstd",
        b"\x28\xb5\x2f\xfd",
        ((".tzst", ".tar"), (".zst", "")),
        _open_zstd if _ZSTD else None,
        unpack_with="zstd -d",
    ),
}
DEFLATE = Codec("deflate", b"", (), lambda _: raw_deflate())
"""Zip's own compression: a single stream without a frame."""
BZIP2_IN_ZIP = Codec("bzip2", b"", (), lambda _: bz2.BZ2Decompressor())


@dataclass(slots=True)
class Budget:
    """What all decompression of one input has written, and may write. `input_bytes` is None where it sets no limit."""

    limits: Limits
    input_bytes: int | None = None
    spent: int = 0

    def refusal(self) -> str | None:
        """Why nothing more is to be written; None while all is well.

        >>> budget = Budget(Limits(max_total_bytes=10))
        >>> budget.spent += 11
        >>> budget.refusal()
        'was not read further: the input holds more than 10 bytes in all (give a part of it, or allow more:
        --limit max-total-bytes=N, in Python Limits.max_total_bytes)'
        """
        limits = self.limits
        if self.spent > limits.max_total_bytes:
            return (
                f"was not read further: the input holds more than {readable_size(limits.max_total_bytes)} in all"
                f" (give a part of it, {allow_more('max_total_bytes')})"
            )
        floor = _FLOORS_OF_ALL * limits.ratio_floor_bytes
        if self.input_bytes is not None and self.spent > max(floor, limits.max_ratio * self.input_bytes):
            return _bomb("was not read further: the input in all", limits)
        return None


def _bomb(what: str, limits: Limits) -> str:
    return (
        f"{what} expands more than {limits.max_ratio} times, as a bomb does"
        f" (unpack it yourself and give the directory, {allow_more('max_ratio')})"
    )


class Decompressed(Flow):
    """What a compressed stream holds. Damage, an early end and a bomb end it, and `problem` tells which."""

    def __init__(self, codec: Codec, source: Flow, limits: Limits, budget: Budget) -> None:
        """Decompress `source`; the codec must be one that can be opened here."""
        super().__init__()
        if codec.open is None:
            raise ValueError(codec.name)
        self._codec, self._open, self._source = codec, codec.open, source
        self._limits, self._budget = limits, budget
        self._current, self._streams = codec.open(limits), 1
        self._input = b""
        self._consumed = self._produced = 0

    def _next(self, wanted: int) -> bytes:  # noqa: ARG002 - how much comes at once is a question of damage and speed
        while self.problem is None:
            if self._current.eof and not self._next_stream():
                return b""
            data = self._input or (self._more_input() if self._current.needs_input else b"")
            if not data and self._current.needs_input:
                self.problem = self._source.problem or Problem(
                    GapKind.TRUNCATED, f"ends early: cut {self._codec.name} data"
                )
                return b""
            self._input = b""
            if output := self._decompress(data):
                return output
        return b""

    def _decompress(self, data: bytes) -> bytes:
        most = _OUTPUT_BYTES if self._produced < _LARGE_FROM else _LARGE_OUTPUT_BYTES
        try:
            output = self._current.decompress(data, most)
        except _DAMAGE as error:
            self.problem = self._told(error)
            return b""
        except MemoryError:
            self.problem = Problem(
                GapKind.REFUSED, f"needs more memory to decompress than there is ({self._codec.name})"
            )
            return b""
        self._produced += len(output)
        self._meter(len(output))
        return output

    def _told(self, error: Exception) -> Problem:
        name, why = self._codec.name, _one_line(error)
        if not any(words in why.lower() for words in _TOO_MUCH_MEMORY):
            return Problem(GapKind.UNREADABLE, f"is damaged {name} data: {why}")
        most, more = readable_size(self._limits.max_decoder_bytes), allow_more("max_decoder_bytes")
        message = f"is {name} data that needs more than {most} of memory to unpack, and was not read"
        return Problem(GapKind.REFUSED, f"{message} (unpack it and give the directory, {more})")

    def _more_input(self) -> bytes:
        data = self._source.some(_INPUT_BYTES)
        self._consumed += len(data)
        return data

    def _next_stream(self) -> bool:
        """Go on to a further stream in the same file; NULs between and after streams are padding."""
        damage = getattr(self._current, "damage", None)
        if damage:
            self.problem = Problem(GapKind.UNREADABLE, damage)
            return False
        if not self._codec.magic:
            return False
        rest = self._rest()
        if not rest:
            return False
        self._streams += 1
        if not rest.startswith(self._codec.magic) or self._streams > self._limits.max_members:
            self.problem = Problem(
                GapKind.UNREADABLE, f"has something after its {self._codec.name} data that is not read"
            )
            return False
        self._current, self._input = self._open(self._limits), rest
        return True

    def _rest(self) -> bytes:
        rest = self._current.unused_data.lstrip(b"\0")
        while len(rest) < len(self._codec.magic) and (more := self._more_input()):
            rest = (rest + more).lstrip(b"\0")
        return rest

    def _meter(self, count: int) -> None:
        self._budget.spent += count
        ratio = self._produced / max(self._consumed, 1)
        if self._produced > self._limits.ratio_floor_bytes and ratio > self._limits.max_ratio:
            self.problem = Problem(GapKind.REFUSED, _bomb("was not read further: it", self._limits))
        elif refusal := self._budget.refusal():
            self.problem = Problem(GapKind.REFUSED, refusal)


def first_bytes(codec: Codec, source: Flow, limits: Limits) -> bytes:
    """How the content of a compressed stream begins, without taking anything from the stream.

    A bzip2 block shows nothing before its end, about 900 KB on; the others show their first bytes soon.
    """
    look = _INPUT_BYTES
    while True:
        data = source.peek(look)
        trial = Decompressed(codec, BytesFlow(data), limits, Budget(limits))
        head = trial.take(HEAD_BYTES)
        if len(head) >= HEAD_BYTES or len(data) < look or look >= _LONGEST_LOOK:
            return head
        look *= 2


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
