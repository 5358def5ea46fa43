"""`ip -j route`: the routes of a node's kernel as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.facts import Address, Network, NextHop, RouteFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_records import Lines, Record, items_of, members_of, number_of, records, text_of
from calico_bundle.parsers.ip_text import (
    IPV4,
    IPV6,
    address,
    family_of_path,
    is_hidden,
    nearest_family,
    network,
    note_empty,
    sample_lines,
)

_TYPES = ("unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw")
"""In the order of their numbers, from 1, which `ip -N` prints (RTN_* in linux/rtnetlink.h)."""
_NOWHERE = frozenset(("blackhole", "unreachable", "prohibit", "throw"))
_HOP_FLAGS = ("onlink", "linkdown", "dead", "pervasive")
_KNOWN = frozenset(
    """type dst gateway via dev table protocol scope prefsrc metric flags nexthops weight nhid nh_info flow metrics
    expires error pref used users age ttl-propagate cache cacheinfo""".split()  # noqa: SIM905
)
# With `encap` iproute2 prints a second "dst", the tunnel's far end, which hides the route's own.
_NOT_PLAIN = {
    "from": "this route is for some source addresses only",
    "tos": "this route is for one type of service only",
    "encap": "this route wraps packets in another protocol",
    "uid": "an answer of `ip route get`, not a route",
}
_EVERYWHERE = {IPV4: ip_network("0.0.0.0/0"), IPV6: ip_network("::/0")}
_ROUTE = re.compile(r'\[\s*\{\s*(?:"type"\s*:\s*"\w+"\s*,\s*)?"dst"\s*:')


class _RefusedError(Exception):
    """Why a record gives no route."""

    def __init__(self, why: str, kind: GapKind | None = None) -> None:
        super().__init__(why)
        self.why, self.kind = why, kind


def _hidden_or(why: str, text: str | None) -> _RefusedError:
    if text is not None and is_hidden(text):
        return _RefusedError("hidden by the collector", GapKind.REDACTED)
    return _RefusedError(why)


def _type(record: Record) -> str:
    text = record.text("type") or "unicast"
    if text.isdecimal() and len(text) == 1 and text != "0":
        text = _TYPES[int(text) - 1]
    if text not in _TYPES:
        raise _RefusedError("type of route not understood")
    return text


def _destination(record: Record) -> Network | None:
    """The network; None for `default`."""
    text = record.text("dst")
    if text == "default":
        return None
    found = network(text) if text is not None else None
    if found is None:
        raise _hidden_or("destination not understood", text)
    return found


def _gateway(members: Mapping[str, object]) -> Address | None:
    """The next hop, which stands under `via` when it is of the other family."""
    value = members.get("gateway", members_of(members.get("via")).get("host"))
    if value is None:
        return None
    text = text_of(value)
    found = address(text) if text is not None else None
    if found is None:
        raise _hidden_or("next hop not understood", text)
    return found


def _hop(members: Mapping[str, object]) -> NextHop:
    flags = tuple(flag for flag in items_of(members.get("flags")) if isinstance(flag, str) and flag in _HOP_FLAGS)
    return NextHop(_gateway(members), text_of(members.get("dev")), flags, number_of(members.get("weight")) or 1)


def _hops(record: Record, kind: str) -> tuple[NextHop, ...]:
    if kind in _NOWHERE:
        return ()
    several = items_of(record.members.get("nexthops"))
    hops = tuple(_hop(members_of(hop)) for hop in several) if several else (_hop(record.members),)
    hops = tuple(hop for hop in hops if hop.gateway is not None or hop.device is not None)
    if kind == "unicast" and not hops:
        raise _RefusedError("a route without device and next hop")
    return hops


def _family(record: Record, destination: Network | None, hops: tuple[NextHop, ...]) -> int | None:
    """The family that the record itself tells; None for a `default` without addresses."""
    if destination is not None:
        return destination.version
    via = text_of(members_of(record.members.get("via")).get("family"))
    if via is not None:
        return IPV6 if via == "inet" else IPV4
    source = address(record.text("prefsrc") or "")
    for found in (*(hop.gateway for hop in hops), source):
        if found is not None:
            return found.version
    if record.text("scope") in ("link", "host"):
        return IPV4
    return IPV6 if "pref" in record.members else None


def _source(record: Record, gaps: LineGaps, line: int) -> Address | None:
    text = record.text("prefsrc")
    found = address(text) if text is not None else None
    if text is not None and found is None:
        kind = GapKind.REDACTED if is_hidden(text) else None
        gaps.add(line, text, kind=kind, why="source address not known")
    return found


def _route(record: Record, lines: Lines, gaps: LineGaps) -> tuple[RouteFact, int | None]:
    """One route, and its family as far as it tells; `_RefusedError` when the record gives none."""
    line = lines.number(record.start)
    for key, why in _NOT_PLAIN.items():
        if key in record.members:
            raise _RefusedError(why)
    kind, destination = _type(record), _destination(record)
    hops = _hops(record, kind)
    family = _family(record, destination, hops)
    if family and "via" not in record.members and any(hop.gateway and hop.gateway.version != family for hop in hops):
        raise _RefusedError("destination and next hop are of different families")
    metric = record.number("metric")
    if metric is None and "metric" in record.members:
        raise _RefusedError("metric not understood")
    for key in record.members:
        if key not in _KNOWN:
            gaps.add(line, key, why="member not understood")
    network_of_route = destination or _EVERYWHERE[family or IPV4]
    table, protocol, scope = record.text("table") or "main", record.text("protocol"), record.text("scope")
    source, evidence = _source(record, gaps, line), lines.evidence(record.start)
    fact = RouteFact(
        family or IPV4, table, kind, network_of_route, hops, protocol, scope, source, metric or 0, evidence
    )
    return fact, family


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip -j route`.

    >>> recognizes('[{"dst":"default","gateway":"10.0.0.1","dev":"eth0","protocol":"static","flags":[]}]')
    True
    >>> recognizes('[{"dst":"10.0.0.1","dev":"eth0","lladdr":"52:54:00:00:00:01","state":["STALE"]}]')
    False
    """
    if '"flags"' not in head:
        return False
    lines = sample_lines(head) or [head]
    start = "\n".join(lines)
    # Neighbors (`ip -j neigh`) begin alike, but have a state and no flags.
    return bool(_ROUTE.match(start)) and '"flags"' in start and '"state"' not in start and '"lladdr"' not in start


def parse(text: str, path: str) -> Parsed:
    """Read the routes of `ip -j route`, of one table or of all.

    A record whose destination or next hop is hidden or not understood gives a gap and no route; so does one that only
    some packets to its destination take (`from`, `tos`). Raises nothing.

    >>> text = '[{"dst":"10.244.2.0/26","gateway":"10.0.0.2","dev":"tunl0","protocol":"bird","flags":["onlink"]}]'
    >>> route = parse(text, "n1/route.json").facts[0]
    >>> str(route.destination), route.next_hops[0].flags, route.protocol
    ('10.244.2.0/26', ('onlink',), 'bird')
    """
    gaps, lines = LineGaps(path), Lines(text, path)
    routes: list[RouteFact] = []
    families: list[int | None] = []
    for record in records(text, lines, gaps):
        if not record.members:
            continue  # iproute2 prints {} for what its filter leaves out.
        try:
            fact, family = _route(record, lines, gaps)
        except _RefusedError as refused:
            gaps.add(lines.number(record.start), text[record.start : record.end], kind=refused.kind, why=refused.why)
        else:
            routes.append(fact)
            families.append(family)
    note_empty(gaps, text)
    settled = nearest_family(families, family_of_path(path) or IPV4)
    facts = tuple(_settle(route, family) for route, family in zip(routes, settled, strict=True))
    return Parsed(facts, gaps.result())


def _settle(route: RouteFact, family: int) -> RouteFact:
    """Give a `default` whose record does not tell its family the one of the records around it."""
    return route if route.family == family else replace(route, family=family, destination=_EVERYWHERE[family])


PARSER = Parser(kind="ip-route", recognizes=recognizes, parse=parse)
