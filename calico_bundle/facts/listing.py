"""Facts that are too many to be held one by one: a sequence that makes each record when it is asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar, overload

T = TypeVar("T")


class FactList(Sequence[object]):
    """Many facts of one artifact, kept in columns or as differences; the records are made on demand."""

    @abstractmethod
    def of(self, kind: type[T]) -> Sequence[T]:
        """The facts of one class, in their order; an empty sequence when there is none."""


class LazyFacts(Sequence[T]):
    """A sequence of records that are made each time they are walked over; equal to any sequence of equal records."""

    __slots__ = ()

    @abstractmethod
    def __iter__(self) -> Iterator[T]:
        """Make the records, one by one."""

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        """One record, or some; the first ones are made without those behind them."""
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            return tuple(islice(self, start, stop, step)) if step > 0 else tuple(self)[place]
        return next(islice(self, range(len(self))[place], None))

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has equal records in the same order."""
        return isinstance(other, Sequence) and len(self) == len(other) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


class SharedFacts(LazyFacts[T]):
    """Records that many files state in the same words: one set of them for all, each cited from its file on demand."""

    __slots__ = ("_path", "words")

    def __init__(self, words: Sequence[T], path: str) -> None:
        self.words, self._path = words, path

    def __len__(self) -> int:
        return len(self.words)


def words_of(facts: Sequence[T]) -> Sequence[T]:
    """The same records where it does not matter which file states them.

    >>> words_of((1, 2))
    (1, 2)
    """
    return facts.words if isinstance(facts, SharedFacts) else facts


class OneKind(FactList):
    """Facts of one artifact that are all of one class.

    >>> OneKind(int, (1, 2)).of(int), OneKind(int, (1, 2)).of(str)
    ((1, 2), ())
    """

    def __init__(self, kind: type[T], facts: Sequence[T]) -> None:
        self._kind: type[object] = kind
        self._facts: Sequence[object] = facts

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[object]:
        return iter(self._facts)

    @overload
    def __getitem__(self, place: int) -> object: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[object]: ...
    def __getitem__(self, place: int | slice) -> object:
        """One fact, or some."""
        return self._facts[place]

    def of(self, kind: type[T]) -> Sequence[T]:
        """All of them, or none."""
        return self._facts if kind is self._kind else ()  # type: ignore[return-value]


class Joined(LazyFacts[T]):
    """Several sequences of facts, one behind the other.

    >>> list(Joined([(1, 2), (3,)])), Joined([(1, 2), (3,)])[2]
    ([1, 2, 3], 3)
    """

    def __init__(self, parts: Sequence[Sequence[T]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._parts)


class Parts(FactList):
    """Facts of one artifact, of several classes: sequences of one class each, one behind the other.

    >>> Parts([(int, (1, 2)), (str, ("a",)), (int, (3,))]).of(int)[2]
    3
    """

    def __init__(self, parts: Sequence[tuple[type[object], Sequence[object]]]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(len(facts) for _, facts in self._parts)

    def __iter__(self) -> Iterator[object]:
        return chain.from_iterable(facts for _, facts in self._parts)

    @overload
    def __getitem__(self, place: int) -> object: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[object]: ...
    def __getitem__(self, place: int | slice) -> object:
        """One fact, or some."""
        return tuple(self)[place]

    def of(self, kind: type[T]) -> Sequence[T]:
        """The facts of one class, in their order."""
        found = [facts for of, facts in self._parts if of is kind]
        return found[0] if len(found) == 1 else Joined(found) if found else ()  # type: ignore[return-value,arg-type]
