"""Columns of few values: each value is held once, and of each row its number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

T = TypeVar("T")

_MOST = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))
"""Types of arrays, and how many numbers each tells apart."""


def coded(rows: Sequence[T]) -> Sequence[T]:
    """A column in less memory, where few objects stand in it again and again.

    Told by identity: equal values are one object already, and some cannot be hashed.

    >>> a, b = "web", "db"
    >>> list(coded([a, a, a, a, b, a, a, a, b])), type(coded([a, b]))
    (['web', 'web', 'web', 'web', 'db', 'web', 'web', 'web', 'db'], <class 'list'>)
    """
    names = list(map(id, rows))
    values = dict(zip(names, rows, strict=True))
    if 4 * len(values) > len(rows):
        return rows
    numbers = {name: number for number, name in enumerate(values)}
    size = next(size for size, most in _MOST if len(numbers) <= most)
    return _Coded(tuple(values.values()), array(size, map(numbers.__getitem__, names)))


class _Coded(Sequence[T]):
    """Values, and the number of one for each row."""

    __slots__ = ("_numbers", "_values")

    def __init__(self, values: Sequence[T], numbers: array[int]) -> None:
        self._values, self._numbers = values, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[T]:
        return map(self._values.__getitem__, self._numbers)

    @overload
    def __getitem__(self, row: int) -> T: ...
    @overload
    def __getitem__(self, row: slice) -> list[T]: ...
    def __getitem__(self, row: int | slice) -> T | list[T]:
        """The value of a row, or of some."""
        if isinstance(row, slice):
            return list(map(self._values.__getitem__, self._numbers[row]))
        return self._values[self._numbers[row]]
