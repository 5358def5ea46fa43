"""Where a packet is, what a node does with it there, and how its way ends: each end with its cause and its line.

A hop that drops a packet says what was expected in its place. What Calico's rules would have there is not known here;
`toward` lets `expectations` say it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import islice
from typing import Final

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, RouteFact
from calico_bundle.network.outcome import Cause, Hop, Outcome, Packet, Settles, Walk, Why
from calico_bundle.network.prediction import PREDICTED
from calico_bundle.network.routing import Lookup

POD_GATEWAY: Final = IPv4Address("169.254.1.1")
"""Every pod's next hop; the node answers ARP for it (Calico FAQ, `cali*` with proxy_arp)."""

_MAIN = ("main", "254")
_TABLES = ("local", "255", *_MAIN, "default", "253")
"""The tables that the kernel's own three rules look up (ip-rule)."""
_MOST_RULES = 3


@dataclass(frozen=True, slots=True)
class At:
    """Where the packet is: on a node, come in by a device (None: the node itself sends it), with the way so far.

    `begins` on the node that sends it, or whose pod does.
    """

    node: ClusterNode
    packet: Packet
    device: str | None
    hops: tuple[Hop, ...]
    depth: int = 0
    begins: bool = True

    def passing(self, hop: Hop) -> At:
        """The same place after one more hop."""
        return replace(self, hops=(*self.hops, hop))

    def end(self, outcome: Outcome, cause: Cause, hop: Hop | None = None) -> Walk:
        """The way that ends here."""
        hops = (*self.hops, hop) if hop else self.hops
        return Walk(outcome, hops, self.node.name, self.device, cause)


def hop_of(at: At, does: str, route: RouteFact) -> Hop:
    """What a node does with the packet by a route, recorded or predicted."""
    toward = at.packet.destination
    if route.protocol != PREDICTED:
        return Hop(at.node.name, does, route.evidence.text, None, None, route.evidence, toward=toward)
    rule = f"predicted: {written(route)}"
    return Hop(at.node.name, does, rule, None, None, route.evidence, predicted=True, toward=toward)


def written(route: RouteFact) -> str:
    """A predicted route as `ip route` would print it."""
    way = route.next_hops[0]
    text = str(route.destination) + (f" via {way.gateway}" if way.gateway else "")
    return text + (f" dev {way.device}" if way.device else "")


def lost(at: At, cause: Cause, expected: str, found: str) -> Walk:
    """The packet is dropped here by a check, or nobody takes it."""
    hop = Hop(at.node.name, "drops", None, expected, found, _first(cause.evidence))
    return at.end(Outcome.LOST, cause, hop)


def no_route(at: At, lookup: Lookup, missing: str | None) -> Walk:
    """No route matches; `missing` says which one should."""
    target, predicted = at.packet.destination, at.node.routes is None and not lookup.observed
    lines = lookup.evidence or table_lines(at.node)
    line = _first(lines)
    hop = Hop(at.node.name, "drops", None, f"a route to {target}", "none", line, predicted, target)
    text = missing or f"{at.node.name} has no route to {target}"
    return at.end(Outcome.LOST, Cause(Why.NO_ROUTE, at.node.name, text, lines, target), hop)


def dropped(at: At, route: RouteFact) -> Walk:
    """A route says to drop it: blackhole, unreachable, prohibit."""
    target, line, predicted = at.packet.destination, route.evidence, route.protocol == PREDICTED
    rule = f"predicted: {route.type} {route.destination}" if predicted else line.text
    text = f"{at.node.name} drops packets for {target}: `{rule}`"
    hop = Hop(at.node.name, "drops", rule, f"a route to {target}", route.type, line, predicted, target)
    return at.end(Outcome.LOST, Cause(Why.DROPPING_ROUTE, at.node.name, text, (line,), target), hop)


def no_gateway(at: At) -> Walk:
    """A pod's gateway does not answer it."""
    lines = (*own_rules(at.node), *table_lines(at.node))
    text = f"{at.node.name} has no default route, so nothing answers its pods' gateway {POD_GATEWAY}"
    if has_default_route(at.node):
        text = f"of the routes that {at.node.name} takes for its pods none covers their gateway {POD_GATEWAY}, which is silent"
    hop = Hop(at.node.name, "drops", None, f"a route that covers {POD_GATEWAY}", "none", _first(lines))
    return at.end(Outcome.LOST, Cause(Why.NO_POD_GATEWAY, at.node.name, text, lines), hop)


def open_lookup(at: At, reason: str) -> Walk:
    """What a look-up leaves open: a recorded table by its rules, a predicted one by what was not collected."""
    if at.node.routes is not None:
        return undecided(at, reason, Settles(("ip rule",), at.node.name, "and what sets its selectors"))
    cause = Cause(Why.ROUTES_NOT_RECORDED, at.node.name, reason, settle=routes_of(at.node))
    return at.end(Outcome.UNKNOWN, cause)


def undecided(at: At, text: str, settle: Settles, toward: Address | None = None) -> Walk:
    """The bundle leaves it open; `settle` says what would tell."""
    return at.end(Outcome.UNKNOWN, Cause(Why.UNDECIDED, at.node.name, text, (), toward, settle))


def routes_of(node: ClusterNode) -> Settles:
    """What to collect of a node whose routing leaves something open.

    >>> str(routes_of(ClusterNode("n1")))
    '`ip route show table all` and `ip addr` on n1'
    """
    return Settles(("ip route show table all", "ip addr"), node.name)


def has_default_route(node: ClusterNode) -> bool:
    """Whether a node's main table has a default route, which a rule may keep packets from.

    >>> has_default_route(ClusterNode("n1"))
    False
    """
    main = (r for r in node.routes or () if r.family == 4 and r.table in _MAIN and r.type == "unicast")
    return any(r.destination.prefixlen == 0 for r in main)


def own_rules(node: ClusterNode) -> tuple[Evidence, ...]:
    """The routing rules of a node that are not the kernel's three: they send packets to other tables.

    >>> own_rules(ClusterNode("n1"))
    ()
    """
    return tuple(r.evidence for r in node.rules or () if r.family != 6 and r.table not in _TABLES)[:_MOST_RULES]


def table_lines(node: ClusterNode) -> tuple[Evidence, ...]:
    """The first routes of a node's main table, to show what is there where something is not.

    >>> table_lines(ClusterNode("n1"))
    ()
    """
    main = (r for r in node.routes or () if r.family == 4 and r.table in _MAIN)
    return tuple(r.evidence for r in islice(main, 3))


def _first(lines: tuple[Evidence, ...]) -> Evidence | None:
    return lines[0] if lines else None
