"""The routes of one node from several listings: each table from the listing that holds the most of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, overload

from calico_bundle.facts.machine import RouteFact
from calico_bundle.facts.route_listing import RouteBase, RouteListing
from calico_bundle.facts.types import Network

Table = tuple[int, str]
"""Family and name, as printed."""


class JoinedRoutes(Sequence[RouteFact]):
    """The routes of several listings, one after another; no two of them share a table.

    >>> len(JoinedRoutes(((), ())))
    0
    """

    def __init__(self, parts: Sequence[Sequence[RouteFact]]) -> None:
        self.parts = tuple(parts)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[RouteFact]:
        return chain.from_iterable(self.parts)

    @overload
    def __getitem__(self, at: int) -> RouteFact: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[RouteFact, ...]: ...
    def __getitem__(self, at: int | slice) -> RouteFact | tuple[RouteFact, ...]:
        chosen = range(len(self))[at]
        return self._at(chosen) if isinstance(chosen, int) else tuple(map(self._at, chosen))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (JoinedRoutes, RouteListing, tuple)):
            return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _at(self, place: int) -> RouteFact:
        for part in self.parts:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(place)


def parts_of(routes: Sequence[RouteFact]) -> tuple[Sequence[RouteFact], ...]:
    """The listings that a node's routes are of, and plain sequences where they are of none.

    >>> parts_of(())
    ((),)
    """
    return routes.parts if isinstance(routes, JoinedRoutes) else (routes,)


@dataclass(frozen=True, slots=True)
class Differing:
    """A table that two listings of one node tell differently: the one that is not used, and the one that is.

    `both` are the destinations of which both have routes, other ones; `more` those that the unused one has alone, and
    `less` those that it lacks.
    """

    table: str
    path: str
    used: str
    both: frozenset[Network] = frozenset()
    more: frozenset[Network] = frozenset()
    less: frozenset[Network] = frozenset()


def merge(listings: Sequence[tuple[str, Sequence[RouteFact]]]) -> tuple[Sequence[RouteFact], list[Differing]]:
    """Join a node's listings, the fullest first, each with its path: a table is taken from the first that has it.

    >>> merge([("n1/ip-route.txt", ())])
    ((), [])
    """
    if len(listings) == 1:
        return listings[0][1], []
    parts: list[Sequence[RouteFact]] = []
    used: dict[Table, tuple[str, _Tables]] = {}
    differing: list[Differing] = []
    for path, routes in listings:
        tables = _ListedTables(routes) if isinstance(routes, RouteListing) else _PlainTables(routes)
        known = [table for table in tables.names if table in used]
        told = [Differing(t[1], path, used[t][0], *_differences(t, used[t][1], tables)) for t in known]
        differing += [one for one in told if one.both or one.more or one.less]
        new = [table for table in tables.names if table not in used]
        if new:
            parts.append(tuple(r for table in new for r in tables.routes(table)) if known else routes)
        used.update((table, (path, tables)) for table in new)
    return (parts[0] if len(parts) == 1 else JoinedRoutes(parts)), differing


class _Tables(Protocol):
    """One listing, table by table, in the order of their first lines."""

    names: Sequence[Table]

    def routes(self, table: Table) -> Sequence[RouteFact]:
        """The routes of one table."""

    def lines(self, table: Table) -> Collection[bytes] | None:
        """The lines of one table as they stand in the file, where they are at hand."""


class _PlainTables:
    """Routes that are kept one by one."""

    def __init__(self, routes: Sequence[RouteFact]) -> None:
        self._by_table: dict[Table, list[RouteFact]] = {}
        for route in routes:
            self._by_table.setdefault((route.family, route.table), []).append(route)
        self.names: Sequence[Table] = list(self._by_table)

    def routes(self, table: Table) -> Sequence[RouteFact]:
        return self._by_table[table]

    def lines(self, table: Table) -> None:
        del table


class _ListedTables:
    """Routes that are kept as differences: the lines of a table are those of the reference that are left, and added ones."""

    def __init__(self, listing: RouteListing) -> None:
        self._listing = listing
        self._added: dict[Table, list[int]] = {}
        for number, table in enumerate(listing.base.reader.tables(listing.added)):
            self._added.setdefault(table, []).append(number)
        first = self._first_places()
        self.names: Sequence[Table] = sorted(first, key=lambda table: first[table])

    def _first_places(self) -> dict[Table, int]:
        listing = self._listing
        shared = listing.base.derived(_by_table)
        firsts = [(table, next((at for at in places if listing.keeps(at)), None)) for table, places in shared.items()]
        found = {table: listing.line_of(at) or 0 for table, at in firsts if at is not None}
        for table, numbers in self._added.items():
            line = listing.added_place(numbers[0]) + 1
            found[table] = min(line, found.get(table, line))
        return found

    def _kept(self, table: Table) -> list[int]:
        return [at for at in self._listing.base.derived(_by_table).get(table, ()) if self._listing.keeps(at)]

    def routes(self, table: Table) -> Sequence[RouteFact]:
        listing = self._listing
        lines = listing.added.splitlines()
        found = [listing.kept_route(at) for at in self._kept(table)]
        found += [listing.added_route(number, lines[number]) for number in self._added.get(table, ())]
        return sorted(found, key=lambda r: r.evidence.line or 0)

    def lines(self, table: Table) -> Collection[bytes]:
        base, lines = self._listing.base, self._listing.added.splitlines(keepends=True)
        kept = {base.raw[base.starts[at] : base.starts[at + 1]] for at in self._kept(table)}
        return kept.union(lines[number] for number in self._added.get(table, ()))


def _by_table(base: RouteBase) -> dict[Table, list[int]]:
    found: dict[Table, list[int]] = {}
    for at, route in enumerate(base.routes):
        found.setdefault((route.family, route.table), []).append(at)
    return found


def _differences(table: Table, used: _Tables, other: _Tables) -> tuple[frozenset[Network], ...]:
    """Destinations told differently by both, by the other alone, and by the used alone; equal lines are equal routes."""
    lines = used.lines(table)
    if lines is not None and lines == other.lines(table):
        return ()
    mine, its = _shape(used.routes(table)), _shape(other.routes(table))
    both = frozenset(destination for destination in mine.keys() & its.keys() if mine[destination] != its[destination])
    return both, frozenset(its.keys() - mine.keys()), frozenset(mine.keys() - its.keys())


def _shape(routes: Iterable[RouteFact]) -> dict[Network, set[object]]:
    found: dict[Network, set[object]] = {}
    for r in routes:
        found.setdefault(r.destination, set()).add((r.type, tuple((n.gateway, n.device) for n in r.next_hops)))
    return found
