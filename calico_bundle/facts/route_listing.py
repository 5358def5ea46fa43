"""Routes that are nearly the same on every node: one reference listing, and how each other listing differs from it.

Five thousand nodes list five thousand routes each, and all but a hundred lines are equal. A listing here holds the hunks
in which it differs, as `diff` would show them; a `RouteFact` is made when somebody asks for it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Protocol, TypeVar, cast, overload

from calico_bundle.evidence import Evidence
from calico_bundle.facts.listing import FactList
from calico_bundle.facts.machine import RouteFact
from calico_bundle.facts.packed import pack, unpack
from calico_bundle.facts.types import Address

T = TypeVar("T")


class RouteLines(Protocol):
    """Reads the lines of listings, each of which is one whole route, as `ip route` prints it."""

    def route(self, line: bytes) -> RouteFact:
        """The route of one line, as line 1 of a file without a name."""

    def tables(self, lines: bytes) -> Iterable[tuple[int, str]]:
        """Family and table of each line."""

    def own_addresses(self, lines: bytes) -> Iterable[Address]:
        """Sources and local destinations of some lines."""

    def prefixes(self, lines: bytes) -> Iterable[tuple[int, str, int, int]]:
        """The IPv4 lines among some: place from 0, table, destination and prefix length of each."""


@dataclass(frozen=True, eq=False)
class RouteBase:
    """The reference: a whole listing, line by line, and what was worked out of it once for all who share it."""

    raw: bytes
    routes: tuple[RouteFact, ...]
    """One per line; their evidence has the text, and neither path nor line number that count."""
    reader: RouteLines
    starts: tuple[int, ...] = field(init=False)
    """Where each line begins in `raw`, and where the last one ends."""
    places: dict[bytes, int] = field(init=False)
    """Each line with its line feed, and where it stands first, counted from 0."""
    _derived: dict[object, object] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        lines = self.raw.splitlines(keepends=True)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        object.__setattr__(self, "starts", tuple(starts))
        object.__setattr__(self, "places", {line: at for at, line in reversed(tuple(enumerate(lines)))})

    def derived(self, work_out: Callable[[RouteBase], T]) -> T:
        """What a function makes of this reference, worked out at the first call."""
        if work_out not in self._derived:
            self._derived[work_out] = work_out(self)
        return cast("T", self._derived[work_out])


@dataclass(frozen=True, slots=True)
class Hunks:
    """Where a listing differs: base lines `gone` to `kept` are not in it, its lines `new` to `same` are not in the base.

    All count from 0, and the second of each pair is the first line behind.
    """

    gone: Sequence[int] = ()
    kept: Sequence[int] = ()
    new: Sequence[int] = ()
    same: Sequence[int] = ()

    @classmethod
    def of(cls, found: Iterable[tuple[int, int, int, int]]) -> Hunks:
        """Hunks in the order of the file, packed.

        >>> Hunks.of([(0, 1, 0, 2)]).same[0]
        2
        """
        return cls(*(array("I", column) for column in zip(*found, strict=True)))


class RouteListing(FactList, Sequence[RouteFact]):
    """The routes of one file, as differences from a reference.

    `added` are the lines that the reference lacks, one after another, `removed` the places of the reference's lines that
    this file lacks. The routes are those that the general reader makes, in the order of the file.
    """

    __slots__ = ("_added", "base", "hunks", "path")

    def __init__(self, base: RouteBase, path: str, hunks: Hunks, added: bytes) -> None:
        self.base = base
        self.path = path
        self.hunks = hunks
        # Each node's own routes: two thirds of what a bundle of many pods would hold, and much alike.
        self._added = pack(added)

    @property
    def added(self) -> bytes:
        """The lines that the reference lacks."""
        return unpack(self._added)

    @property
    def removed(self) -> array[int]:
        """Places of the reference's lines that this file lacks, counted from 0, in their order."""
        return array("I", chain.from_iterable(map(range, self.hunks.gone, self.hunks.kept)))

    def own_in_added(self) -> Iterable[Address]:
        """The addresses that added lines have as source or as local destination, each once."""
        return self.base.reader.own_addresses(self.added)

    def adds_as_own(self, address: Address) -> bool:
        """Whether an added line has an address as source or as local destination."""
        # Most tables do not have it at all, which its text tells; the first of all addresses is also called `default`.
        told = not int(address) or str(address).encode() in self.added
        return told and address in self.own_in_added()

    def of(self, kind: type[T]) -> Sequence[T]:
        """All routes when routes are asked for."""
        return cast("Sequence[T]", self) if kind is RouteFact else ()

    def __len__(self) -> int:
        hunks = self.hunks
        return len(self.base.routes) + (hunks.same[-1] - hunks.kept[-1] if hunks.gone else 0)

    @overload
    def __getitem__(self, at: int) -> RouteFact: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[RouteFact, ...]: ...
    def __getitem__(self, at: int | slice) -> RouteFact | tuple[RouteFact, ...]:
        chosen = range(len(self))[at]
        return self._at(chosen) if isinstance(chosen, int) else tuple(self._at(one) for one in chosen)

    def __iter__(self) -> Iterator[RouteFact]:
        place, hunks = 0, self.hunks
        added = iter(self.added.splitlines())
        for first, behind, new, same in zip(hunks.gone, hunks.kept, hunks.new, hunks.same, strict=True):
            yield from (self.kept_route(at) for at in range(place, first))
            yield from (self._new_route(next(added), at) for at in range(new, same))
            place = behind
        yield from (self.kept_route(at) for at in range(place, len(self.base.routes)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (RouteListing, tuple)):
            return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _at(self, place: int) -> RouteFact:
        hunk = bisect_right(self.hunks.new, place) - 1
        if hunk < 0:
            return self._placed(self.base.routes[place], place)
        same = self.hunks.same[hunk]
        if place >= same:
            return self._placed(self.base.routes[self.hunks.kept[hunk] + place - same], place)
        return self.added_route(self._added_before(hunk) + place - self.hunks.new[hunk])

    def _added_before(self, hunk: int) -> int:
        return sum(self.hunks.same[:hunk]) - sum(self.hunks.new[:hunk])

    def line_of(self, place: int) -> int | None:
        """The line number that a line of the reference has in this file; None where the file lacks it."""
        hunk = bisect_right(self.hunks.gone, place) - 1
        if hunk < 0:
            return place + 1
        behind = self.hunks.kept[hunk]
        return None if place < behind else place - behind + self.hunks.same[hunk] + 1

    def keeps(self, place: int) -> bool:
        """Whether this file has a line of the reference."""
        hunk = bisect_right(self.hunks.gone, place) - 1
        return hunk < 0 or place >= self.hunks.kept[hunk]

    def kept_route(self, place: int) -> RouteFact:
        """The route of a line of the reference that this file has."""
        line = self.line_of(place)
        if line is None:
            raise IndexError(place)
        return self._placed(self.base.routes[place], line - 1)

    def added_route(self, number: int, line: bytes | None = None) -> RouteFact:
        """The route of one of the added lines, counted from 0; `line` when it is at hand."""
        return self._new_route(line or self.added.splitlines()[number], self.added_place(number))

    def added_place(self, number: int) -> int:
        """Where one of the added lines stands in the file; both count from 0."""
        before = 0
        for new, same in zip(self.hunks.new, self.hunks.same, strict=True):
            if number < before + same - new:
                return new + number - before
            before += same - new
        raise IndexError(number)

    def some(self, places: Iterable[int], texts: Sequence[str]) -> list[RouteFact]:
        """Routes of some lines of the reference, as far as this file has them, and of added lines that hold a text."""
        found = [self.kept_route(at) for at in dict.fromkeys(places) if self.keeps(at)]
        found += self.added_with(texts)
        return sorted(found, key=_line_of) if len(found) > 1 else found

    def added_with(self, texts: Sequence[str]) -> Iterator[RouteFact]:
        """The routes of added lines that hold one of some texts."""
        wanted = [text for text in map(str.encode, texts) if text in self.added]
        if wanted:
            for at, line in enumerate(self.added.splitlines()):
                if any(text in line for text in wanted):
                    yield self.added_route(at, line)

    def _new_route(self, line: bytes, place: int) -> RouteFact:
        return self._placed(self.base.reader.route(line), place)

    def _placed(self, route: RouteFact, place: int) -> RouteFact:
        return replace(route, evidence=Evidence(self.path, place + 1, route.evidence.text))


def _line_of(route: RouteFact) -> int:
    return route.evidence.line or 0
