"""What lies at each prefix, to be looked for by the longest that matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefixes(Generic[T]):
    """Things by network address and prefix length, in the order in which they were added.

    >>> prefixes = Prefixes()
    >>> prefixes.add(0x0A000000, 8, "ten")
    >>> prefixes.at(0x0A000000, 8), prefixes.at(0, 0)
    (['ten'], ())
    """

    __slots__ = ("_by_length",)

    def __init__(self) -> None:
        self._by_length: dict[int, dict[int, list[T]]] = {}

    def add(self, address: int, length: int, thing: T) -> None:
        """Put something at a prefix."""
        self._by_length.setdefault(length, {}).setdefault(address, []).append(thing)

    def at(self, address: int, length: int) -> Sequence[T]:
        """What lies at just this prefix."""
        same = self._by_length.get(length)
        return same.get(address, ()) if same else ()

    def lengths(self) -> list[int]:
        """The prefix lengths there are, the longest first."""
        return sorted(self._by_length, reverse=True)

    def all(self) -> Iterator[T]:
        """Everything, in no order that means something."""
        return chain.from_iterable(chain.from_iterable(d.values() for d in self._by_length.values()))
