"""A machine's addresses out of its routes, where `ip addr` was not recorded.

The kernel keeps three kinds of routes for an address (fib_add_ifaddr() in net/ipv4/fib_frontend.c, and addrconf.c): the
address itself in the table local, its network by the device, and the ends of that network as broadcasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_interface

from calico_bundle.facts.machine import AddressFact, RouteFact
from calico_bundle.facts.route_listing import RouteBase, RouteListing
from calico_bundle.facts.route_tables import parts_of

_KERNEL = frozenset({"kernel", "2"})
_LOCAL = frozenset({"local", "255"})
_TEXTS = ("proto kernel", "proto 2 ")


def addresses_of(routes: Sequence[RouteFact]) -> tuple[AddressFact, ...] | None:
    """The addresses that the table `local` has, with their devices; None where that table was not listed.

    The prefix length is that of the device's own network around the address, and of the address alone where there is none.
    Which device comes first for the kernel is not told.

    >>> addresses_of(()) is None
    True
    """
    made = [route for part in parts_of(routes) for route in _by_kernel(part)]
    local = [r for r in made if r.table in _LOCAL and r.type == "local" and _is_one(r)]
    if not any(route.family == 4 for route in local):
        return None
    networks: dict[str | None, list[RouteFact]] = {}
    for route in made:
        # 127.0.0.0/8 has no network of the device: all of it is local.
        connected = route.type == "unicast" or (route.type == "local" and not _is_one(route))
        if connected and route.next_hops and route.next_hops[0].gateway is None:
            networks.setdefault(route.next_hops[0].device, []).append(route)
    return tuple(_addresses(local, networks))


def _addresses(local: Iterable[RouteFact], networks: dict[str | None, list[RouteFact]]) -> Iterator[AddressFact]:
    for route in local:
        device = route.next_hops[0].device if route.next_hops else None
        own = route.destination.network_address
        if device is None or (own.version == 6 and own.is_link_local):
            continue
        around = [n for n in networks.get(device, ()) if n.family == route.family and own in n.destination]
        near = max(around, key=lambda n: (n.source == own, n.destination.prefixlen), default=None)
        length = near.destination.prefixlen if near else own.max_prefixlen
        # Of the addresses in one network the kernel names the first one as source; the others are secondary.
        behind = near is not None and near.source is not None and near.source != own and own.version == 4
        flags = ("secondary",) if behind else ()
        scope = "host" if own.is_loopback else None
        yield AddressFact(device, ip_interface((own, length)), None, scope, flags, route.evidence)


def _is_one(route: RouteFact) -> bool:
    return route.destination.prefixlen == route.destination.max_prefixlen


def _by_kernel(part: Sequence[RouteFact]) -> Iterable[RouteFact]:
    if isinstance(part, RouteListing):
        return part.some(part.base.derived(_places), _TEXTS)
    return (route for route in part if route.protocol in _KERNEL)


def _places(base: RouteBase) -> Sequence[int]:
    return [at for at, route in enumerate(base.routes) if route.protocol in _KERNEL]
