"""Routing tables, each as its differences from a reference listing, with pods' cables set apart."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network
from socket import inet_aton

from calico_bundle.facts import Network, RouteFact
from calico_bundle.facts.route_listing import RouteBase, RouteListing
from calico_bundle.facts.route_queries import BIRD_PROTOCOLS
from calico_bundle.facts.route_tables import parts_of

_NO_UNICAST = frozenset({"broadcast", "multicast"})
# Felix writes a pod's own route just so (felix/dataplane/linux/endpoint_mgr.go): four numbers, and the cable.
_CABLE = rb"((?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})) dev (\S+) scope link *(?:\n|\Z)"
# Broadcasts, and IPv6, which a colon in the destination tells.
_PASSED = rb"(?:broadcast |multicast |\S*:|\S+ \S*:).*\n?"
_LINES = re.compile(rb"(?:" + _PASSED + rb")*+(?:" + _CABLE + rb"|(.+)\n?|\Z)")
"""A pod's own route or any other line, behind those that are passed over; where none follows it matches nothing there."""
_DEVICE = re.compile(rb" dev (\S+)")


@dataclass(frozen=True, slots=True)
class Difference:
    """A table beside a reference: the reference's routes, the places of those it lacks, and the routes it has besides.

    `base` is equal for tables with the same reference; None where there is none, and all routes are `added`. Added routes
    of one pod into its cable are the addresses in `cables` instead. What no lookup can meet may be left out of `added`.
    """

    base: object
    lines: Sequence[RouteFact]
    removed: Sequence[int]
    added: Sequence[RouteFact]
    cables: Sequence[int] = ()


def difference(routes: Sequence[RouteFact], is_cable: Callable[[str], bool]) -> Difference:
    """A table beside its reference; routes that were read one by one have none."""
    parts = parts_of(routes)
    listings = [part for part in parts if isinstance(part, RouteListing)]
    if len(listings) < len(parts):
        return Difference(None, (), (), [route for route in routes if can_matter(route)])
    if len(listings) == 1:
        return _of_listing(listings[0], is_cable)
    return _joined([_of_listing(listing, is_cable) for listing in listings])


def _joined(found: Sequence[Difference]) -> Difference:
    """Several listings of one node: their references one behind the other, told apart by all of them."""
    lines: list[RouteFact] = []
    removed = array("I")
    for one in found:
        removed.extend(len(lines) + place for place in one.removed)
        lines += one.lines
    added = [route for one in found for route in one.added]
    cables = array("I", (pod for one in found for pod in one.cables))
    return Difference(tuple(one.base for one in found), lines, removed, added, cables)


def _of_listing(listing: RouteListing, is_cable: Callable[[str], bool]) -> Difference:
    read = listing.base.reader.route
    found = _LINES.findall(listing.added)
    others = [_read(read, line) for _, _, line in found if line]
    cables = array("I")
    for address, device, _ in found:
        if address and is_cable(device.decode()):
            cables.append(int.from_bytes(inet_aton(address.decode()), "big"))
        elif address:
            others.append(read(b"%b dev %b scope link" % (address, device)))
    added = list(filter(can_matter, others))
    return Difference(listing.base, listing.base.routes, listing.removed, added, cables)


def cable_devices(routes: Sequence[RouteFact], is_cable: Callable[[str], bool]) -> set[str]:
    """The devices of a node's routes, of any family, that are pods' cables.

    >>> cable_devices((), bool)
    set()
    """
    found: set[str] = set()
    for part in parts_of(routes):
        if isinstance(part, RouteListing):
            shared = part.base.derived(_by_device).items()
            found.update(device for device, places in shared if any(map(part.keeps, places)))
            found.update(map(bytes.decode, _DEVICE.findall(part.added)))
        else:
            found.update(hop.device for route in part for hop in route.next_hops if hop.device)
    return set(filter(is_cable, found))


def _by_device(base: RouteBase) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, route in enumerate(base.routes):
        for hop in route.next_hops:
            if hop.device:
                found.setdefault(hop.device, []).append(place)
    return found


@lru_cache(4096)  # what is new about one node is added to the tables of all others
def _read(read: Callable[[bytes], RouteFact], line: bytes) -> RouteFact:
    return read(line)


def can_matter(route: RouteFact) -> bool:
    """Whether a packet of a lookup can meet a route: IPv6 is not walked, and lookups are no broadcasts."""
    return route.family == 4 and route.type not in _NO_UNICAST


def marked_blocks(tables: Mapping[str, Difference]) -> Iterator[tuple[str, Network]]:
    """Nodes and the networks that BIRD has a blackhole for there: their own blocks (confd's bird_aggr.cfg)."""
    in_lines: dict[object, list[int]] = {}
    for name, table in tables.items():
        if table.base not in in_lines:
            in_lines[table.base] = [place for place, route in enumerate(table.lines) if _marks(route)]
        removed = frozenset(table.removed)
        kept = (table.lines[place] for place in in_lines[table.base] if place not in removed)
        yield from ((name, route.destination) for route in (*kept, *filter(_marks, table.added)))


def _marks(route: RouteFact) -> bool:
    return route.family == 4 and route.type == "blackhole" and route.protocol in BIRD_PROTOCOLS


def destinations(tables: Iterable[Difference]) -> set[IPv4Network]:
    """Networks that some route leads to, single addresses left out."""
    bases: dict[object, Sequence[RouteFact]] = {}
    found: set[IPv4Network] = set()
    for table in tables:
        bases[table.base] = table.lines
        found.update(_networks(table.added))
    for lines in bases.values():
        found.update(_networks(filter(can_matter, lines)))
    return found


def _networks(routes: Iterable[RouteFact]) -> Iterator[IPv4Network]:
    wide = (route.destination for route in routes if route.destination.prefixlen < 32)
    return (network for network in wide if isinstance(network, IPv4Network))
