"""What every kernel lists of itself, and a node's listings lack: then they are a part, and what lacks may be there.

A part is a selection (`ip route show default`), what `grep` left, or a text that was cut between two lines. The rules are
the kernel's, in net/ipv4/fib_frontend.c, fib_semantics.c and fib_rules.c; drivers/net/loopback.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network

from calico_bundle import facts as f
from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence, Gap, GapKind
from calico_bundle.facts.route_queries import lists_local, routes_to, tables_printed
from calico_bundle.stand_ins import NO_SOURCES

_LOOPBACK = "lo"
_MAIN = frozenset({"main", "254"})
_FEW_ROUTES = 200
"""Routes of which each gateway is looked up; of more only that of the default route, which is as good for a whole table."""

_EVERYWHERE = ip_network("0.0.0.0/0")

Left = tuple[str, Gap]
"""A kind of which the listings are a part, and what shows it."""


def left_out(node: ClusterNode) -> Iterator[Left]:
    """The kinds of which a node's listings can only be a part, each with what they lack.

    >>> list(left_out(ClusterNode("n1")))
    []
    """
    yield from _cards(node)
    yield from _rules(node)
    if node.routes and "ip-route" not in node.incomplete:
        lacking = next(_lacking_routes(node, node.routes), None)
        if lacking:
            yield "ip-route", _gap(*lacking)


def _gap(evidence: Evidence, why: str) -> Gap:
    return Gap(evidence.path, None, GapKind.TRUNCATED, f"not all of it: {why}")


def _cards(node: ClusterNode) -> Iterator[Left]:
    """Each network namespace has its `lo`, which nobody can delete; and a node an address that others can reach."""
    if not node.interfaces or not node.listed_in_order or "ip-addr" in node.incomplete:
        return
    own = [address.address.ip for address in node.card_addresses if not address.address.is_link_local]
    if node.interface(_LOOPBACK) is None:
        why = f"the card {_LOOPBACK} is not listed, which every machine has"
    elif own and all(ip.is_loopback for ip in own):
        why = f"no address is listed but those of {_LOOPBACK}, and a node has another"
    else:
        return
    yield "ip-addr", _gap(node.interfaces[0].evidence, why)


def _rules(node: ClusterNode) -> Iterator[Left]:
    """The kernel makes a rule that looks up the table main (fib_default_rules_init)."""
    rules = [rule for rule in node.rules or () if rule.family in (4, None)]
    if rules and node.routes is not None and not any(rule.table in _MAIN for rule in rules):
        yield "ip-rule", _gap(rules[0].evidence, "no rule leads to the table main, to which the kernel makes one")


def _lacking_routes(node: ClusterNode, routes: Sequence[f.RouteFact]) -> Iterator[tuple[Evidence, str]]:
    if not any(route.family == 4 and route.table in _MAIN for route in routes):
        return  # that there is no table main is said where it is looked up
    near = list(routes_to(routes, _connected(node)))
    for own in _with_network(node):
        if not any(route.destination == own.address.network for route in near):
            told = f"no route to {own.address.network}, which the kernel keeps for {own.address} on {own.interface}"
            yield routes[0].evidence, told
    if NO_SOURCES not in node.incomplete:  # `route -n` does not say of a gateway that it needs no route (onlink)
        for gateway, route in _gateways(routes):
            if not any(gateway in known.destination for known in near) and not _is_reached(gateway, routes):
                yield (
                    route.evidence,
                    f"no route on the link leads to the next hop {gateway}, as to any the kernel takes",
                )
    if any(name not in _MAIN for _, name in tables_printed(routes)) and not lists_local(routes):
        yield routes[0].evidence, "of all tables, the table local is not there, without which no machine is"


def _connected(node: ClusterNode) -> frozenset[f.Network]:
    return frozenset(address.address.network for address in _with_network(node))


def _with_network(node: ClusterNode) -> Iterator[f.AddressFact]:
    """The addresses for which the kernel itself keeps a route to their network (fib_add_ifaddr).

    It does so while the card is up; in another table than main where the card is a VRF's.
    """
    for address in node.card_addresses:
        own = address.address
        if own.version != 4 or own.network.prefixlen == own.max_prefixlen or own.ip.is_loopback:
            continue
        card = node.interface(address.interface)
        is_plain = address.peer is None and not {"noprefixroute", "secondary"} & set(address.flags)
        if is_plain and card is not None and card.state == "UP" and card.master is None:
            yield address


def _gateways(routes: Sequence[f.RouteFact]) -> Iterator[tuple[f.Address, f.RouteFact]]:
    """IPv4 next hops of the table main that the kernel took because a route on the link led there (fib_check_nh)."""
    asked: Iterable[f.RouteFact] = routes if len(routes) <= _FEW_ROUTES else routes_to(routes, frozenset({_EVERYWHERE}))
    for route in asked:
        for hop in route.next_hops if route.family == 4 and route.table in _MAIN else ():
            if hop.gateway is not None and hop.gateway.version == 4 and "onlink" not in hop.flags:
                yield hop.gateway, route


def _is_reached(gateway: f.Address, routes: Sequence[f.RouteFact]) -> bool:
    around = frozenset(ip_network((gateway, length), strict=False) for length in range(gateway.max_prefixlen + 1))
    found = (route for route in routes_to(routes, around) if route.type == "unicast")
    return any(hop.gateway is None for route in found for hop in route.next_hops)
