"""Text that few ask for: compressed, and unpacked for whoever does."""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, chain, count
from typing import TypeVar, overload

T = TypeVar("T")

_LEVEL = 1
"""The fastest: lines that repeat each other are a tenth of their size all the same."""
_TOGETHER = 1 << 15
"""Characters that are compressed as one: enough lines to be alike, and few to unpack for one of them."""


def pack(data: bytes) -> bytes:
    """Compress bytes.

    >>> unpack(pack(b"10.0.0.0/26 via 10.1.0.1"))
    b'10.0.0.0/26 via 10.1.0.1'
    """
    return zlib.compress(data, _LEVEL)


# Questions about one thing come in a row.
@lru_cache(maxsize=16)
def unpack(packed: bytes) -> bytes:
    """The bytes that were compressed."""
    return zlib.decompress(packed)


class PackedTexts(Sequence[str]):
    """Texts that take the memory of what is new in each.

    >>> texts = PackedTexts(["device1: Starting", "direct1: Starting"])
    >>> texts[1], list(texts), len(texts)
    ('direct1: Starting', ['device1: Starting', 'direct1: Starting'], 2)
    """

    __slots__ = ("_ends", "_firsts", "_packs")

    def __init__(self, texts: Sequence[str]) -> None:
        """Pack some texts."""
        runs = list(_runs(texts))
        self._packs = tuple(pack("".join(run).encode("utf-8", "surrogatepass")) for run in runs)
        self._firsts = tuple(accumulate(map(len, runs[:-1]), initial=0))
        """The place of the first text of each run."""
        self._ends = array("I", chain.from_iterable(accumulate(map(len, run)) for run in runs))
        """Where each text ends, in characters of its run."""

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        """One text, or some."""
        chosen = range(len(self))[place]
        return self._at(chosen) if isinstance(chosen, int) else tuple(map(self._at, chosen))

    def __iter__(self) -> Iterator[str]:
        return map(self._at, range(len(self)))

    def _at(self, place: int) -> str:
        run = bisect_right(self._firsts, place) - 1
        begin = self._ends[place - 1] if place > self._firsts[run] else 0
        return _text(self._packs[run])[begin : self._ends[place]]


def _runs(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    begin = size = 0
    for place, text in enumerate(texts):
        size += len(text)
        if size >= _TOGETHER:
            yield texts[begin : place + 1]
            begin, size = place + 1, 0
    if begin < len(texts):
        yield texts[begin:]


@lru_cache(maxsize=16)
def _text(packed: bytes) -> str:
    return zlib.decompress(packed).decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithText:
    """Something with a text of its own, which is one of several that are kept together."""

    texts: Sequence[str]
    place: int = 0

    @property
    def text(self) -> str:
        """Its text."""
        return self.texts[self.place]


def packed_together(things: Sequence[T]) -> list[T]:
    """The same things, the texts of all that have one compressed together.

    >>> [one.text for one in packed_together([WithText(texts=("a",)), WithText(texts=("b",))])]
    ['a', 'b']
    """
    texts = PackedTexts([one.text for one in things if isinstance(one, WithText)])
    places = count()
    return [replace(one, texts=texts, place=next(places)) if isinstance(one, WithText) else one for one in things]
