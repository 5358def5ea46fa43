"""One node's routing decision: rules, tables, longest prefix, next hop.

Sources: ip-rule(8), ip-route(8); the kernel's fib_rules and fib_trie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, AddressFact, NextHop, RouteFact, RuleFact
from calico_bundle.facts.route_listing import RouteBase, RouteListing
from calico_bundle.facts.route_tables import parts_of
from calico_bundle.network.prefixes import Prefixes
from calico_bundle.numbers import whole_number
from calico_bundle.stand_ins import NO_SOURCES

DROPPING_TYPES = frozenset({"blackhole", "unreachable", "prohibit"})
_DEFAULT_ORDER = ("local", "main", "default")
_NUMBERED = {"255": "local", "254": "main", "253": "default"}


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a node's routing says of one packet.

    `route` None means that no route matches; `undecided` holds the reason when a rule that cannot be evaluated from
    outside (a user id, a mark that something sets) could decide otherwise. `evidence` is what shows that there is no
    route where no table was recorded that lacks it; `observed`, whether a machine recorded that. `unless_default` says that
    a default route may answer all the same, and that nobody knows whether there is one, and by which card.
    """

    route: RouteFact | None
    undecided: str | None = None
    evidence: tuple[Evidence, ...] = ()
    observed: bool = False
    unless_default: bool = False


Usable = Callable[[RouteFact], bool]
"""Which routes a look-up takes; the others are passed over."""


class RoutingTable:
    """One table, by longest prefix.

    >>> from ipaddress import ip_address
    >>> RoutingTable([]).lookup(ip_address("10.0.0.1")) is None
    True
    """

    def __init__(self, routes: Iterable[RouteFact]) -> None:
        self._prefixes: Prefixes[RouteFact] = Prefixes()
        for route in routes:
            network = route.destination
            self._prefixes.add(int(network.network_address), network.prefixlen, route)
        self._lengths = self._prefixes.lengths()

    def lookup(self, address: Address, usable: Usable | None = None) -> RouteFact | None:
        """The route of the longest matching prefix that can be used."""
        value, width = int(address), address.max_prefixlen
        for length in self._lengths:
            shift = width - length
            same = self._prefixes.at(value >> shift << shift, length)
            route = next(filter(usable or is_usable, _in_order(same)), None) if same else None
            if route is not None:
                return route
        return None


class ListedTable:
    """One table of a listing: the reference's prefixes, which all its listings share, beside those this one adds."""

    def __init__(self, listing: RouteListing, shared: Prefixes[int], added: Prefixes[int]) -> None:
        self._listing = listing
        self._shared = shared
        self._added = added
        self._lengths = sorted({*shared.lengths(), *added.lengths()}, reverse=True)
        self._known: dict[tuple[int, int], list[RouteFact]] = {}

    def lookup(self, address: Address, usable: Usable | None = None) -> RouteFact | None:
        """The route of the longest matching prefix that can be used."""
        value, width = int(address), address.max_prefixlen
        for length in self._lengths:
            shift = width - length
            route = next(filter(usable or is_usable, self._same(value >> shift << shift, length)), None)
            if route is not None:
                return route
        return None

    def _same(self, value: int, length: int) -> Sequence[RouteFact]:
        shared, added = self._shared.at(value, length), self._added.at(value, length)
        if not (shared or added):
            return ()
        key = (value, length)
        if key not in self._known:
            listing = self._listing
            kept = [listing.kept_route(at) for at in shared if listing.keeps(at)]
            found = kept + [listing.added_route(at) for at in added]
            self._known[key] = _in_order(sorted(found, key=lambda r: r.evidence.line or 0))
        return self._known[key]


Table = RoutingTable | ListedTable


def _in_order(same: Iterable[RouteFact]) -> list[RouteFact]:
    """Among equal prefixes the kernel takes the smallest metric, then the one that was there first (fib_table_insert)."""
    return sorted(same, key=lambda r: r.metric)


def _tables(routes: Sequence[RouteFact]) -> tuple[dict[str, Table], bool]:
    """The IPv4 tables of a node, by name; and whether one listing has them all.

    Only `ip route show table all` lists `main` and `local` at once: two listings of one table each say nothing of others.
    """
    parts = [_listed_tables(p) if isinstance(p, RouteListing) else _plain_tables(p) for p in parts_of(routes)]
    lists_all = any({"main", "local"} <= part.keys() for part in parts)
    found = {name: table for part in parts for name, table in part.items()}
    if len(found) < sum(map(len, parts)):
        # One listing has a table's name and another its number: together they are one table.
        return _plain_tables(routes), lists_all
    return found, lists_all


def _plain_tables(routes: Iterable[RouteFact]) -> dict[str, Table]:
    by_name: dict[str, list[RouteFact]] = {}
    for route in routes:
        if route.family == 4:
            by_name.setdefault(_name(route.table), []).append(route)
    return {name: RoutingTable(listed) for name, listed in by_name.items()}


def _listed_tables(listing: RouteListing) -> dict[str, Table]:
    added: dict[str, Prefixes[int]] = {}
    for at, table, value, length in listing.base.reader.prefixes(listing.added):
        added.setdefault(_name(table), Prefixes()).add(value, length, at)
    shared = listing.base.derived(_shared_prefixes)
    none: Prefixes[int] = Prefixes()
    left = {name for name, prefixes in shared.items() if any(map(listing.keeps, prefixes.all()))}
    return {
        name: ListedTable(listing, shared.get(name, none), added.get(name, none)) for name in sorted({*left, *added})
    }


def _shared_prefixes(base: RouteBase) -> dict[str, Prefixes[int]]:
    """Where the reference has which prefix, table by table."""
    found: dict[str, Prefixes[int]] = {}
    for at, route in enumerate(base.routes):
        if route.family == 4:
            network = route.destination
            prefixes = found.setdefault(_name(route.table), Prefixes())
            prefixes.add(int(network.network_address), network.prefixlen, at)
    return found


def is_usable(route: RouteFact) -> bool:
    """Dead next hops (device down) are passed over; broadcast and multicast routes carry no unicast packet."""
    if route.type in ("broadcast", "multicast"):
        return False
    return not route.next_hops or any("dead" not in hop.flags for hop in route.next_hops)


class NodeRouting:
    """A node's rules and tables, as recorded. Built for IPv4, which Calico's address choice is about here."""

    def __init__(self, node: ClusterNode) -> None:
        self._tables, self._all_recorded = _tables(node.routes or ())
        self._main_recorded = "main" in self._tables
        self._unseen = frozenset[Address]() if "local" in self._tables else node.unseen_addresses
        if "local" not in self._tables:
            self._tables["local"] = RoutingTable(_local_routes(node.card_addresses))
        self._node = node.name
        self._others = sorted(self._tables.keys() - set(_DEFAULT_ORDER))
        self._incomplete = "ip-route" in node.incomplete
        self._disputed = sorted((d for d in node.disputed if d.version == 4), key=lambda d: -d.prefixlen)
        self._lacks_rules = "ip-rule" in node.incomplete
        self._known: dict[tuple[Address, Address | None, str | None], Lookup] = {}
        self._rules = sorted((r for r in node.rules or () if r.family in (4, None)), key=lambda r: r.priority)

    def lookup(self, destination: Address, source: Address | None = None, device: str | None = None) -> Lookup:
        """The route for a packet; `device` is where it came in, None for the node's own packets."""
        # Gateways, and the other ends of tunnels and lookups, are asked for again with each packet.
        key = (destination, source, device)
        if key not in self._known:
            self._known[key] = self._decided(*key)
        return self._known[key]

    def _decided(self, destination: Address, source: Address | None, device: str | None) -> Lookup:
        if destination in self._unseen:
            return Lookup(None, f"whether {destination} is an address of {self._node} is not in the bundle")
        found = self._looked_up(destination, source, device)
        if found.undecided is None and (open_one := self._not_told(found.route)):
            return Lookup(None, open_one)
        if found.undecided is None and (disputed := self._dispute(destination, found.route)):
            return Lookup(None, disputed)
        if self._lacks_rules and not found.undecided and not _is_own(found.route):
            return Lookup(None, "lines of the list of rules are hidden, cut off, left out or not understood")
        exact = found.route is not None and found.route.destination.prefixlen == destination.max_prefixlen
        if self._incomplete and not exact and not found.undecided:
            return Lookup(None, "lines of the routing table are hidden, cut off, left out or not understood")
        return found

    def _dispute(self, destination: Address, route: RouteFact | None) -> str | None:
        """That another listing of the routes may take another one; a longer prefix in both comes before what differs."""
        length = route.destination.prefixlen if route else -1
        for network in self._disputed:
            if network.prefixlen >= length and destination in network:
                return f"two listings of {self._node}'s routes contradict each other in {network}: taken at different times?"
        return None

    def _not_told(self, route: RouteFact | None) -> str | None:
        """What a listing leaves open that has not all of `ip route`: other tables alone, or destinations alone."""
        if route is None:
            return None if self._main_recorded else "the routing table main is not in the bundle"
        sent_on = route.type == "unicast" and not route.next_hops
        return f"the next hop of `{route.evidence.text}` is not in the bundle" if sent_on else None

    def _looked_up(self, destination: Address, source: Address | None, device: str | None) -> Lookup:
        if not self._rules:
            return self._without_rules(destination)
        after = 0
        for rule in self._rules:
            matches = False if rule.priority < after else applies(rule, destination, source, device)
            if matches is False:
                continue
            if rule.action == "goto":
                if matches is None:
                    return Lookup(None, f"rule `{rule.evidence.text}` may or may not apply to it")
                target = whole_number(rule.table)
                after = after if target is None else target
                continue
            if rule.action == "lookup" and self._not_recorded(rule.table):
                return Lookup(
                    None, f"table {rule.table}, which rule `{rule.evidence.text}` leads to, is not in the bundle"
                )
            route = self._act(rule, destination)
            if matches is None and route is not None:
                return Lookup(None, f"rule `{rule.evidence.text}` may or may not apply to it")
            if route is not None:
                return Lookup(route)
        return Lookup(None)

    def _not_recorded(self, table: str | None) -> bool:
        """Whether a table was not asked for; one that is in no listing of all tables is empty."""
        known = table in self._tables or _name(table or "") in _DEFAULT_ORDER
        return not known and not self._all_recorded

    def _without_rules(self, destination: Address) -> Lookup:
        """By the three default rules; open where another table has a route too, which some rule may lead to."""
        route = self._in_tables(_DEFAULT_ORDER, destination)
        rival = next((name for name in self._others if self._tables[name].lookup(destination) is not None), None)
        if rival is None or (route is not None and route.type == "local"):
            return Lookup(route)
        return Lookup(None, f"table {rival} has a route too, and the rules that lead to it are not in the bundle")

    def _act(self, rule: RuleFact, destination: Address) -> RouteFact | None:
        if rule.action == "lookup" and rule.table:
            return self._in_tables((_name(rule.table),), destination)
        if rule.action in DROPPING_TYPES:
            return _dropping_route(rule)
        return None

    def _in_tables(self, names: Sequence[str], destination: Address) -> RouteFact | None:
        for name in names:
            route = self._in_table(name, destination)
            # `throw` ends the search in this table, as if it had no route (ip-route(8)).
            if route is not None and route.type != "throw":
                return route
        return None

    def _in_table(self, name: str, destination: Address) -> RouteFact | None:
        table = self._tables.get(name)
        return table.lookup(destination) if table else None


def _is_own(route: RouteFact | None) -> bool:
    """Whether a route is of the table local, which the kernel looks up before all others (fib_default_rules_init)."""
    return route is not None and route.type == "local" and _name(route.table) == "local"


def _name(table: str) -> str:
    """A table's name, where `ip -N` printed its number (rtnetlink.h, rt_class_t)."""
    return _NUMBERED.get(table, table)


def _dropping_route(rule: RuleFact) -> RouteFact:
    everything = ip_network("0.0.0.0/0")
    return RouteFact(4, "", rule.action, everything, (), None, None, None, 0, rule.evidence)


def _local_routes(addresses: Iterable[AddressFact]) -> Iterable[RouteFact]:
    """The `local` table where it was not recorded: the kernel adds one local route per address (fib_add_ifaddr)."""
    for fact in addresses:
        if isinstance(fact.address.ip, IPv4Address):
            hop = NextHop(None, fact.interface, (), 1)
            yield RouteFact(
                4,
                "local",
                "local",
                ip_network(fact.address.ip),
                (hop,),
                "kernel",
                "host",
                fact.address.ip,
                0,
                fact.evidence,
            )


def applies(rule: RuleFact, destination: Address, source: Address | None, device: str | None) -> bool | None:
    """Whether a rule applies to a packet; None when that hangs on something a bundle does not tell.

    A packet that the node itself sends comes in by `lo` (ip-rule(8)), and so does the look-up of the reverse-path filter.
    A device that ends with * stands for a pod's cable whose name is not known.
    """
    if any(word in ("[detached]", "[unresolved]") for word in rule.other):
        return False  # its device or target is gone: the kernel passes it over (fib_rules_lookup)
    plain = (
        (rule.source is None or (source is not None and source in rule.source))
        and (rule.destination is None or destination in rule.destination)
        and (rule.input_device is None or _is_device(rule.input_device, device or "lo"))
        and rule.output_device is None
    )
    if not plain and not rule.inverted:
        return False
    if rule.other or (rule.input_device is not None and device is not None and device.endswith("*")):
        return None
    # Packets of pods carry no routing mark unless something sets one; WireGuard's rule is `not fwmark`, hence applies.
    result = plain and not rule.mark
    return result != rule.inverted


def _is_device(wanted: str, actual: str) -> bool:
    return wanted.startswith(actual[:-1]) if actual.endswith("*") else wanted == actual


def source_address(node: ClusterNode, route: RouteFact, toward: Address) -> tuple[Address | None, Evidence | None]:
    """The address a node's own packet gets on a route: its `src`, else the one of its device.

    Where the listing prints no `src` it is taken to be the device's, if that has one address alone.
    """
    if route.source is not None:
        return route.source, route.evidence
    if not route.next_hops:
        return None, None
    hop = route.next_hops[0]
    if NO_SOURCES in node.incomplete and len(_possible_sources(node, hop.device)) > 1:
        return None, None
    return device_address(node, hop.device, hop.gateway or toward)


def _possible_sources(node: ClusterNode, device: str | None) -> list[AddressFact]:
    """A device's addresses, and those that somebody gave to the loopback in order to send from them."""
    return [
        a for a in node.card_addresses if a.address.version == 4 and _selectable(a) and a.interface in (device, "lo")
    ]


def device_address(node: ClusterNode, device: str | None, near: Address) -> tuple[Address | None, Evidence | None]:
    """The address that the kernel picks for a device and a neighbor, by inet_select_addr().

    That is an address of the device whose network holds the neighbor, else the device's first, else (a pod's cable has
    none) the first address of any device, in the order of the devices; never one of link or host scope. None where the
    order would decide and is not known.
    """
    usable = [a for a in node.card_addresses if a.address.version == 4 and _selectable(a)]
    own = [a for a in usable if a.interface == device]
    first = (own or usable)[:1] if node.in_kernel_order or len(own or usable) == 1 else []
    best = next((a for a in own if near in a.address.network), None) or next(iter(first), None)
    return (best.address.ip, best.evidence) if best else (None, None)


def _selectable(address: AddressFact) -> bool:
    return address.scope not in ("link", "host") and "secondary" not in address.flags
