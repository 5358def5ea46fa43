"""What is asked of a node's routes, without going through all of them: a listing answers from its reference.

Each function takes any sequence of routes and gives the same for the same routes, whatever they are kept in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from itertools import chain

from calico_bundle.facts.machine import RouteFact
from calico_bundle.facts.route_listing import RouteBase, RouteListing
from calico_bundle.facts.route_tables import Table, parts_of
from calico_bundle.facts.types import Address, Network

BIRD_PROTOCOLS = frozenset({"bird", "12"})
"""How `ip route` prints routes of BIRD: by name, or by number where rt_protos has none (RTPROT_BIRD in rtnetlink.h)."""

_BIRD_TEXTS = tuple(f"proto {protocol}" for protocol in sorted(BIRD_PROTOCOLS))
_TABLE_TEXT = " table "
_LOCAL = ("local", "255")
"""The table that is in every listing of all tables."""

_CARRIED = frozenset({"unicast", "unreachable"})


def own_addresses(routes: Sequence[RouteFact]) -> tuple[Address, ...]:
    """The machine's own addresses that its routes show, as source or as local destination; in no order.

    >>> own_addresses(())
    ()
    """
    return tuple({address for part in parts_of(routes) for address in _own_of(part)})


def _own_of(part: Sequence[RouteFact]) -> Iterable[Address]:
    if not isinstance(part, RouteListing):
        return (address for route in part for address in _own(route))
    by_address = part.base.derived(_by_own_address)
    kept = (address for address, places in by_address.items() if any(map(part.keeps, places)))
    return chain(kept, part.own_in_added())


def names_as_own(routes: Sequence[RouteFact], address: Address) -> bool:
    """Whether a route has an address as source or as local destination.

    >>> from ipaddress import ip_address
    >>> names_as_own((), ip_address("10.0.0.1"))
    False
    """
    return any(_names_as_own(part, address) for part in parts_of(routes))


def _names_as_own(part: Sequence[RouteFact], address: Address) -> bool:
    if not isinstance(part, RouteListing):
        return any(address in _own(route) for route in part)
    # Each line is known to be as `ip` prints it, so that many need not be read for this.
    text = str(address).encode()
    if b" src %b " % text in part.added or b" src %b\n" % text in part.added:
        return True
    places = part.base.derived(_by_own_address).get(address, ())
    return any(map(part.keeps, places)) or part.adds_as_own(address)


def has_bird_routes(routes: Sequence[RouteFact]) -> bool:
    """Whether BIRD writes into a node's kernel: its own blocks stand there as blackholes.

    >>> has_bird_routes(())
    False
    """
    return any(map(_has_bird_routes, parts_of(routes)))


def _has_bird_routes(part: Sequence[RouteFact]) -> bool:
    if not isinstance(part, RouteListing):
        return any(map(_is_of_bird, part))
    kept = any(map(part.keeps, part.base.derived(_of_bird)))
    return kept or any(map(_is_of_bird, part.added_with(_BIRD_TEXTS)))


def bird_routes_to(routes: Sequence[RouteFact], networks: Iterable[Network]) -> tuple[RouteFact, ...]:
    """BIRD's routes to just these networks, in the order of the table.

    >>> bird_routes_to((), ())
    ()
    """
    return tuple(filter(_is_of_bird, routes_to(routes, frozenset(networks))))


def routes_to_host(routes: Sequence[RouteFact], address: Address) -> tuple[RouteFact, ...]:
    """Routes to one address alone, of any table, in their order.

    >>> from ipaddress import ip_address
    >>> routes_to_host((), ip_address("10.244.1.5"))
    ()
    """
    return tuple(routes_to(routes, frozenset((ip_network(address),))))


def routes_to(routes: Sequence[RouteFact], networks: frozenset[Network]) -> Iterator[RouteFact]:
    """The routes to just these networks, of any table.

    >>> list(routes_to((), frozenset()))
    []
    """
    for part in parts_of(routes):
        near = part
        if isinstance(part, RouteListing):
            by_destination = part.base.derived(_by_destination)
            places = [at for network in networks for at in by_destination.get(network, ())]
            near = part.some(places, [_written(network) for network in networks])
        yield from (r for r in near if r.destination in networks)


def any_bird_route_to(tables: Iterable[Sequence[RouteFact]], networks: frozenset[Network]) -> bool:
    """Whether BIRD has, in some node's table, a route to one of these networks.

    >>> any_bird_route_to([()], frozenset())
    False
    """
    shared: dict[int, list[int]] = {}
    for part in (part for routes in tables for part in parts_of(routes)):
        rest: Iterable[RouteFact] = part
        if isinstance(part, RouteListing):
            base = part.base
            if id(base) not in shared:
                shared[id(base)] = [at for at in base.derived(_of_bird) if base.routes[at].destination in networks]
            if any(map(part.keeps, shared[id(base)])):
                return True
            rest = part.added_with(_BIRD_TEXTS)
        if any(r.destination in networks and _is_of_bird(r) for r in rest):
            return True
    return False


def lists_local(routes: Sequence[RouteFact]) -> bool:
    """Whether the IPv4 table local is among some routes, by its name or its number.

    >>> lists_local(())
    False
    """
    return any(map(_lists_local, parts_of(routes)))


def _lists_local(part: Sequence[RouteFact]) -> bool:
    if isinstance(part, RouteListing):
        named = part.base.derived(_by_printed_table)
        places = (at for name in _LOCAL for at in named.get((4, name), ()))
        return any(map(part.keeps, places)) or any(map(_is_of_local, part.added_with((_TABLE_TEXT,))))
    return any(map(_is_of_local, part))


def _is_of_local(route: RouteFact) -> bool:
    return route.family == 4 and route.table in _LOCAL


def tables_printed(routes: Sequence[RouteFact]) -> frozenset[Table]:
    """Families and tables that lines of a listing name, as `ip route show table all` does for all but `main`.

    >>> tables_printed(())
    frozenset()
    """
    return frozenset(table for part in parts_of(routes) for table in _tables_printed(part))


def _tables_printed(part: Sequence[RouteFact]) -> Iterable[Table]:
    if not isinstance(part, RouteListing):
        return {(route.family, route.table) for route in part if _TABLE_TEXT in route.evidence.text}
    named = part.base.derived(_by_printed_table)
    kept = {table for table, places in named.items() if any(map(part.keeps, places))}
    if any((4, name) in kept for name in _LOCAL):
        return kept  # no added line tells more
    return kept | {(route.family, route.table) for route in part.added_with((_TABLE_TEXT,))}


def is_learned(route: RouteFact) -> bool:
    """Whether BIRD learned a route from a peer; the blackholes of its own blocks it did not."""
    return _is_of_bird(route) and route.type in _CARRIED


def first_learned(routes: Sequence[RouteFact]) -> RouteFact | None:
    """The first route that BIRD learned from a peer.

    >>> first_learned(()) is None
    True
    """
    return next(filter(None, map(_first_learned, parts_of(routes))), None)


def _first_learned(part: Sequence[RouteFact]) -> RouteFact | None:
    if not isinstance(part, RouteListing):
        return next(filter(is_learned, part), None)
    kept = next((part.kept_route(at) for at in part.base.derived(_learned) if part.keeps(at)), None)
    added = next(filter(is_learned, part.added_with(_BIRD_TEXTS)), None)
    return min(filter(None, (kept, added)), key=lambda r: r.evidence.line or 0, default=None)


def _written(network: Network) -> str:
    """A destination as `ip route` writes it."""
    if network.prefixlen == 0:
        return "default"
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def _is_of_bird(route: RouteFact) -> bool:
    return route.protocol in BIRD_PROTOCOLS


def _own(route: RouteFact) -> tuple[Address, ...]:
    """The addresses that a route shows to be the machine's own."""
    source = (route.source,) if route.source else ()
    return (*source, route.destination.network_address) if route.type == "local" else source


def next_hop_rows(routes: Sequence[RouteFact]) -> int:
    """How many next hops some routes have; a route without any counts as one.

    >>> next_hop_rows(())
    0
    """
    return sum(_next_hop_rows(part) for part in parts_of(routes))


def _next_hop_rows(part: Sequence[RouteFact]) -> int:
    if not isinstance(part, RouteListing):
        return sum(map(_rows, part))
    in_base, added = part.base.derived(_rows_by_line), part.added
    kept = sum(in_base) - sum(in_base[place] for place in part.removed)
    # Without the word a line has one next hop at most (iproute2, ip/iproute.c), and need not be read.
    lines = added.splitlines()
    if b"nexthop" not in added:
        return kept + len(lines)
    return kept + sum(_rows(part.base.reader.route(line)) if b"nexthop" in line else 1 for line in lines)


def _rows(route: RouteFact) -> int:
    return max(1, len(route.next_hops))


# --- worked out once for each reference ---------------------------------------------------------------------------------


def _of_bird(base: RouteBase) -> Sequence[int]:
    return [at for at, route in enumerate(base.routes) if _is_of_bird(route)]


def _by_printed_table(base: RouteBase) -> dict[Table, list[int]]:
    found: dict[Table, list[int]] = {}
    for at, route in enumerate(base.routes):
        if _TABLE_TEXT in route.evidence.text:
            found.setdefault((route.family, route.table), []).append(at)
    return found


def _learned(base: RouteBase) -> Sequence[int]:
    return [at for at, route in enumerate(base.routes) if is_learned(route)]


def _by_own_address(base: RouteBase) -> dict[Address, list[int]]:
    found: dict[Address, list[int]] = {}
    for at, route in enumerate(base.routes):
        for address in _own(route):
            found.setdefault(address, []).append(at)
    return found


def _by_destination(base: RouteBase) -> dict[Network, list[int]]:
    found: dict[Network, list[int]] = {}
    for at, route in enumerate(base.routes):
        found.setdefault(route.destination, []).append(at)
    return found


def _rows_by_line(base: RouteBase) -> Sequence[int]:
    return [_rows(route) for route in base.routes]
