"""Finds any of many long words in a large text: the text is walked through once, not once for each of the words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEP = 8
_PIECE = 4
SHORTEST = STEP + _PIECE - 1
"""Bytes that a word must have: then one of its pieces of four begins at a multiple of eight, wherever it stands."""

_SMALL = 1 << 14
_BLOCK = 1 << 20
_BITS = 16
_HALF = 32
_LINE_FEED = 10
# Knuth's multiplicative hash (2**32 and 2**64 divided by the golden ratio): neighboring values come to lie far apart.
_SPREAD = 0x9E3779B9
_SPREAD_LONG = 0x9E3779B97F4A7C15


class WordSieve:
    """Some words to be looked for; none is shorter than `SHORTEST`.

    >>> sieve = WordSieve([b"no such host here", b"i/o timeout"])
    >>> list(sieve.places(b"x" * 100_000 + b"i/o timeout and no such host here"))
    [100000, 100016]
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        """Prepare to look for some words."""
        if any(len(word) < SHORTEST for word in words):
            raise ValueError(words)
        self._words = tuple(words)

    def places(self, data: bytes) -> Iterator[int]:
        """Where the words stand, in order."""
        if len(data) < _SMALL:
            yield from sorted(place for word in self._words for place in _all(data, word))
            return
        before: set[int] = set()
        for begin in range(0, len(data), _BLOCK):
            found = set(self._in_block(data, begin))
            # A word that lies across the border of two blocks may be found in both.
            yield from sorted(found - before)
            before = found

    def _in_block(self, data: bytes, begin: int) -> Iterator[int]:
        """The words of which the piece at a multiple of eight lies in a block; those of the last bytes are searched for."""
        for place in self._candidates(data, begin):
            for word, before in self._by_piece.get(data[place : place + _PIECE], ()):
                if data.startswith(word, place - before) and place >= before:
                    yield place - before
        if begin + _BLOCK >= len(data):
            rest = max(0, len(data) - max(map(len, self._words)) - STEP)
            yield from (place for word in self._words for place in _all(data, word, rest))

    def _candidates(self, data: bytes, begin: int) -> list[int]:
        """The multiples of eight in a block at which a piece of a word may begin."""
        import numpy as np

        # One step more than the block, for what lies before its first piece.
        begin = max(0, begin - STEP)
        count = (min(_BLOCK + STEP, len(data) - begin)) // STEP
        eights = np.frombuffer(data, "<u8", count, begin)
        likely = np.flatnonzero(self._fours[_hashed(eights.view("<u4")[::2])])
        # Most of these are of ordinary words; the four bytes behind or before them tell.
        kept = eights[likely]
        before = (eights[likely - 1] >> np.uint64(_HALF)) | (kept << np.uint64(_HALF))
        sure = likely[self._behind[_hashed_long(kept)] | self._before[_hashed_long(before)]]
        return [begin + STEP * place for place in sure.tolist()]

    @cached_property
    def _by_piece(self) -> dict[bytes, list[tuple[bytes, int]]]:
        """The pieces of four bytes, each with the words that it is of and the bytes before it there."""
        found: dict[bytes, list[tuple[bytes, int]]] = {}
        for word in self._words:
            for before in range(STEP):
                found.setdefault(word[before : before + _PIECE], []).append((word, before))
        return found

    @cached_property
    def _fours(self) -> NDArray[np.bool_]:
        return _marked(_hashed(_numbers(self._by_piece, "<u4")))

    @cached_property
    def _behind(self) -> NDArray[np.bool_]:
        """The pieces near the beginning of a word, with the four bytes that follow."""
        pieces = {w[k : k + STEP] for w in self._words for k in range(_PIECE)}
        return _marked(_hashed_long(_numbers(pieces, "<u8")))

    @cached_property
    def _before(self) -> NDArray[np.bool_]:
        """The other pieces, with the four bytes before them."""
        pieces = {w[k - _PIECE : k + _PIECE] for w in self._words for k in range(_PIECE, STEP)}
        return _marked(_hashed_long(_numbers(pieces, "<u8")))


def count_lines(data: bytes) -> int:
    r"""How many lines end in some bytes.

    >>> count_lines(b"one\ntwo\n")
    2
    """
    if len(data) < _SMALL:
        return data.count(b"\n")
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == _LINE_FEED))


def _numbers(pieces: Iterable[bytes], kind: str) -> NDArray[Any]:
    import numpy as np

    return np.frombuffer(b"".join(pieces), kind)


def _hashed(fours: NDArray[Any]) -> NDArray[Any]:
    """The upper half of each product, as a view."""
    product: NDArray[Any] = fours * fours.dtype.type(_SPREAD)
    return product.view("<u2")[1::2]


def _hashed_long(eights: NDArray[Any]) -> NDArray[Any]:
    product: NDArray[Any] = eights * eights.dtype.type(_SPREAD_LONG)
    return product.view("<u2")[3::4]


def _marked(places: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    table = np.zeros(1 << _BITS, dtype=np.bool_)
    table[places] = True
    return table


def _all(data: bytes, word: bytes, begin: int = 0) -> Iterator[int]:
    place = data.find(word, begin)
    while place >= 0:
        yield place
        place = data.find(word, place + 1)
