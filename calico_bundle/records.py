"""The records of one machine: the same thing in several files, merged.

A node's records can be there in several forms (`ip addr` plain, with `-d`, as JSON). The fullest is taken, details of
the others are added, and where they contradict each other that is a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from calico_bundle import facts as f
from calico_bundle.bundle import Artifact
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.facts.cards import InterfaceListing, distinct_of
from calico_bundle.facts.log_events import NodeLog
from calico_bundle.facts.route_queries import lists_local
from calico_bundle.facts.route_tables import merge
from calico_bundle.identity import Owner

T = TypeVar("T")

Records = Mapping[str, Sequence[Artifact]]
"""A node's artifacts by kind. Those that gave no facts are not in it: an error in place of data is no "none there"."""

STATE = "nmstate"
"""The kind that shows a node's cards, and some of its routes and rules."""

_EVENTS = "events"
_WITH_EVENTS = frozenset({"calico-log", "calicoctl-node-status", "bird-status"})
"""Kinds that give `LogEventFact`s; together they stand under `_EVENTS` too, in the order in which they were read."""

_SERVICE_TABLES = ("iptables-save", "nft-ruleset", "ipvsadm", "bpf-nat", "iptables-list")
"""Kinds that list what kube-proxy, or Calico in its place, makes of service addresses."""

_NONE: set[str] = set()
_OF_OWN_ADDRESSES = frozenset({"local", "broadcast"})
_SEVERAL = 2
_IPV4, _IPV6 = 4, 6

_TABLE_ALL = re.compile(r"(?i)table[ _.-]*all(?![a-z0-9])")
_INCOMPLETE = frozenset({
    GapKind.REDACTED, GapKind.TRUNCATED, GapKind.NOT_UNDERSTOOD, GapKind.COLLECTOR_ERROR, GapKind.REFUSED, GapKind.UNREADABLE,
})  # fmt: skip


def by_node(machine: Iterable[Artifact], owners: Mapping[str, Owner]) -> dict[str, dict[str, list[Artifact]]]:
    """The artifacts of each node, by kind."""
    found: dict[str, dict[str, list[Artifact]]] = {}
    for artifact in machine:
        owner = owners.get(artifact.path)
        if owner:
            records = found.setdefault(owner.node, {})
            records.setdefault(artifact.kind or "", []).append(artifact)
            if artifact.kind in _WITH_EVENTS:
                records.setdefault(_EVENTS, []).append(artifact)
    return found


def address_listings(records: Records) -> Sequence[Artifact]:
    """The listings of cards and addresses: `ip addr`, else a NodeNetworkState, which is not in the kernel's order."""
    return records.get("ip-addr") or records.get(STATE, ())


def some_routes(records: Records) -> Sequence[f.RouteFact]:
    """Routes of a NodeNetworkState, which leaves out most of a table: they are there, and so may be others."""
    return tuple(route for artifact in records.get(STATE, ()) for route in _facts(artifact, f.RouteFact))


def rules(records: Records) -> Sequence[f.RuleFact] | None:
    """The rules: of `ip rule`, else, where routes were not recorded, those that a NodeNetworkState adds to the default.

    A recorded routing table is looked up rule by rule, and a NodeNetworkState does not list the three of the kernel.
    """
    recorded = merge_rules(records.get("ip-rule", ()))
    if recorded is not None or "ip-route" in records:
        return recorded
    return tuple(rule for artifact in records.get(STATE, ()) for rule in _facts(artifact, f.RuleFact)) or None


def incomplete(records: Records, cut: set[str]) -> frozenset[str]:
    """Kinds of which a listing has lines that gave no facts, or is cut off, and no other shows the same as a whole."""
    listings = {
        "ip-addr": address_listings(records),
        **{kind: records.get(kind, ()) for kind in ("ip-route", "ip-rule", "ip-neigh")},
    }
    return frozenset(kind for kind, found in listings.items() if found and _lacks_some(found, cut))


def _lacks_some(listings: Sequence[Artifact], cut: set[str]) -> bool:
    """Whether a damaged listing has to do with a family or table that no undamaged one shows.

    `ip link` beside it is no second `ip addr`, nor is `ip -6 route` a second `ip route`.
    """
    damaged = [listing for listing in listings if _is_damaged(listing, cut)]
    if not damaged or len(damaged) == len(listings):
        return bool(damaged)
    whole = {shown for listing in listings if not _is_damaged(listing, cut) for shown in _shown(listing)}
    return any(not (_shown(listing) or {(4, "main")}) <= whole for listing in damaged)


def _is_damaged(artifact: Artifact, cut: set[str]) -> bool:
    if artifact.file in cut or any(gap.kind in _INCOMPLETE for gap in artifact.parsed.gaps):
        return True
    return artifact.kind == "ip-route" and _asked_for_all(artifact) and not _has_table_local(artifact)


def _asked_for_all(listing: Artifact) -> bool:
    """Whether the file's name or its own command says `ip route show table all`."""
    told = listing.part.command.line if listing.part else listing.file.rpartition("/")[2]
    return listing.placement.every_table or bool(_TABLE_ALL.search(told))


def _has_table_local(listing: Artifact) -> bool:
    """Whether a listing has the table local, without which no machine is, or is of IPv6 alone, of which nothing is asked."""
    routes = _facts(listing, f.RouteFact)
    return lists_local(routes) or not any(route.family == _IPV4 for route in routes)


def _shown(listing: Artifact) -> set[tuple[int, str]]:
    """The families of the addresses and rules, and the families and tables of the routes, that a listing shows."""
    if listing.kind == "ip-rule":
        return {(rule.family or _IPV4, "main") for rule in _facts(listing, f.RuleFact)}
    tables = {(route.family, listing.placement.table or route.table) for route in _facts(listing, f.RouteFact)}
    return tables | {(family, "main") for family in _families(listing)}


def service_tables(records: Records, cut: set[str]) -> Sequence[f.ServiceTableFact] | None:
    """Every listing of rules for services; None where there is none. One of a file that is cut off is not whole."""
    found = [
        replace(table, whole=table.whole and artifact.file not in cut)
        for kind in _SERVICE_TABLES
        for artifact in records.get(kind, ())
        for table in _facts(artifact, f.ServiceTableFact)
    ]
    return tuple(found) or None


def filter_tables(records: Records, cut: set[str]) -> Sequence[f.FilterTableFact] | None:
    """Every filter table, each once; None where none was listed. One of a file that is cut off is not whole."""
    found: dict[object, f.FilterTableFact] = {}
    for artifact in records.get("iptables-save", ()):
        for table in _facts(artifact, f.FilterTableFact):
            rules = tuple((rule.chain, rule.matches, rule.jump) for rule in table.rules)
            listed = replace(table, whole=table.whole and artifact.file not in cut)
            found.setdefault((rules, listed.whole), listed)
    return tuple(found.values()) or None


def log_events(records: Records) -> NodeLog:
    """What the logs of a node say, in the order in which they were read."""
    return NodeLog(_facts(artifact, f.LogEventFact) for artifact in records.get(_EVENTS, ()))


def _facts(artifact: Artifact, kind: type[T]) -> Sequence[T]:
    return artifact.parsed.of(kind)


def collected(records: Records, kind: str, fact: type[T]) -> Sequence[T] | None:
    """The facts of the fullest artifact of a kind; None when there is none."""
    fitting = records.get(kind)
    if not fitting:
        return None
    fullest = max(fitting, key=lambda a: len(a.parsed.facts)) if len(fitting) > 1 else fitting[0]
    return _facts(fullest, fact)


def merge_rules(artifacts: Sequence[Artifact]) -> Sequence[f.RuleFact] | None:
    """Rules of IPv4 and of IPv6, each from the fullest listing: `ip rule` prints one family, and `ip -6 rule` the other."""
    return _by_family(artifacts, f.RuleFact, lambda rule: rule.family == _IPV6)


def merge_neighbors(artifacts: Sequence[Artifact]) -> Sequence[f.NeighborFact] | None:
    """Neighbors of IPv4 and of IPv6, each from the fullest listing: `ip -4 neigh` says nothing of the other family."""
    return _by_family(artifacts, f.NeighborFact, lambda entry: entry.address.version == _IPV6)


def _by_family(artifacts: Sequence[Artifact], kind: type[T], is_ipv6: Callable[[T], bool]) -> Sequence[T] | None:
    if len(artifacts) < _SEVERAL:
        return _facts(artifacts[0], kind) if artifacts else None
    best: dict[bool, list[T]] = {False: [], True: []}
    for artifact in artifacts:
        for family, fullest in best.items():
            found = [fact for fact in _facts(artifact, kind) if is_ipv6(fact) is family]
            best[family] = found if len(found) > len(fullest) else fullest
    return (*best[False], *best[True])


def merge_addresses(
    artifacts: Sequence[Artifact], gaps: list[Gap]
) -> tuple[Sequence[f.InterfaceFact] | None, Sequence[f.AddressFact] | None]:
    """Interfaces and addresses from the fullest listing, with details (`ip -d`) added from the others."""
    if not artifacts:
        return None, None
    ranked = sorted(artifacts, key=_address_rank, reverse=True) if len(artifacts) > 1 else artifacts
    base, others = ranked[0], ranked[1:]
    beside = _other_families(base, others)
    _check_agreement([base, *beside], others, gaps)
    # `ip link` alone lists cards and no address: the addresses then were not recorded.
    addresses = _facts(base, f.AddressFact)
    addresses = tuple(x for a in (base, *beside) for x in _facts(a, f.AddressFact)) if beside else addresses
    return _merge_interfaces(base, others, beside), addresses or None


def _other_families(base: Artifact, others: Sequence[Artifact]) -> list[Artifact]:
    """Listings of a family of which the fullest one shows no address: `ip -4 addr` beside `ip -6 addr`."""
    shown, found = _families(base) if others else frozenset(), []
    for other in others:
        families = _families(other)
        if families and not families & shown:
            found.append(other)
            shown |= families
    return found


def _families(artifact: Artifact) -> frozenset[int]:
    return frozenset(fact.address.version for fact in distinct_of(_facts(artifact, f.AddressFact)))


def _merge_interfaces(
    base: Artifact, others: Sequence[Artifact], beside: Sequence[Artifact]
) -> Sequence[f.InterfaceFact]:
    """The interfaces of one listing, with what it lacks of each from the others; those that are only in `beside` too."""
    if not beside and _is_full(base) and all(_adds_nothing(other) for other in others):
        return _facts(base, f.InterfaceFact)
    interfaces = {i.name: i for i in _facts(base, f.InterfaceFact)}
    adding = {artifact.path for artifact in beside}
    for other in others:
        for more in _facts(other, f.InterfaceFact):
            if more.name in interfaces:
                interfaces[more.name] = _filled(interfaces[more.name], more)
            elif other.path in adding:
                interfaces[more.name] = more
    return _in_order(interfaces.values()) if beside else tuple(interfaces.values())


def _in_order(interfaces: Iterable[f.InterfaceFact]) -> tuple[f.InterfaceFact, ...]:
    """Interfaces out of several listings, in the order in which one would show all: the kernel goes by index."""
    by_index = sorted(interfaces, key=lambda card: (card.index is None, card.index or 0))
    return tuple(replace(card, order=place) for place, card in enumerate(by_index))


def _is_full(artifact: Artifact) -> bool:
    listing = artifact.parsed.facts
    return isinstance(listing, InterfaceListing) and listing.lacks_nothing


def _adds_nothing(artifact: Artifact) -> bool:
    listing = artifact.parsed.facts
    return isinstance(listing, InterfaceListing) and listing.adds_nothing


def _address_rank(artifact: Artifact) -> tuple[int, int, int, str]:
    listing = artifact.parsed.facts
    if isinstance(listing, InterfaceListing):
        return (min(listing.address_count, 1), len(listing), 0, artifact.path)
    interfaces = _facts(artifact, f.InterfaceFact)
    addresses = len(_facts(artifact, f.AddressFact))
    detailed = sum(1 for i in interfaces if i.kind)
    return (min(addresses, 1), len(interfaces) + addresses, detailed, artifact.path)


def _filled(base: f.InterfaceFact, more: f.InterfaceFact) -> f.InterfaceFact:
    names = ("index", "state", "mtu", "mac", "master", "kind", "vxlan_local", "vxlan_device")
    missing = {n: getattr(more, n) for n in names if getattr(base, n) is None and getattr(more, n) is not None}
    return replace(base, **missing) if missing else base


def _check_agreement(used: Sequence[Artifact], others: Sequence[Artifact], gaps: list[Gap]) -> None:
    base, paths = used[0], {artifact.path for artifact in used}
    telling = [other for other in others if other.path not in paths and _facts(other, f.AddressFact)]
    addresses = {str(a.address) for one in used for a in _facts(one, f.AddressFact)} if telling else set()
    for other in telling:
        extra = sorted({str(a.address) for a in _facts(other, f.AddressFact)} - addresses)
        if extra:
            message = (
                f"lists {', '.join(extra)}, which {base.path} of the same node does not: taken at different times?"
            )
            gaps.append(Gap(other.file, None, GapKind.CONTRADICTED, message))


def merge_routes(
    artifacts: Sequence[Artifact], gaps: list[Gap], cut: set[str] = _NONE
) -> tuple[Sequence[f.RouteFact] | None, frozenset[f.Network]]:
    """Routes per family and table, each table from the listing that holds the most of it; and what others say otherwise.

    What a damaged listing lacks contradicts nothing.
    """
    if not artifacts:
        return None, frozenset()
    ranked = sorted(artifacts, key=lambda a: (-len(a.parsed.facts), a.path))
    routes, differing = merge([(a.path, _placed_routes(a)) for a in ranked])
    files = {a.path: a for a in ranked}
    disputed: set[f.Network] = set()
    for found in differing:
        message = f"table {found.table} differs from {found.used} of the same node: taken at different times?"
        gaps.append(Gap(files[found.path].file, None, GapKind.CONTRADICTED, message))
        disputed |= found.both
        disputed |= found.more if not _is_damaged(files[found.used], cut) else frozenset()
        disputed |= found.less if not _is_damaged(files[found.path], cut) else frozenset()
    return routes, frozenset(disputed)


def _placed_routes(artifact: Artifact) -> Sequence[f.RouteFact]:
    """`ip route show table 100` does not print the table; the layout knows it from the file's name.

    Of the table `local` the routes themselves tell: the kernel keeps those of its own addresses there (fib_magic()).
    """
    named, routes = artifact.placement.table, _facts(artifact, f.RouteFact)
    if named is None and routes and all(r.table == "main" and r.type in _OF_OWN_ADDRESSES for r in routes):
        named = "local"
    return tuple(replace(r, table=named) if r.table == "main" else r for r in routes) if named else routes


def merge_sessions(artifacts: Sequence[Artifact]) -> tuple[f.BGPSessionFact, ...] | None:
    """Sessions by peer: birdcl's own words before calicoctl's table, `show protocols all` before the short form."""
    if not artifacts:
        return None
    found: dict[object, f.BGPSessionFact] = {}
    ranked = sorted((s for a in artifacts for s in _facts(a, f.BGPSessionFact)), key=_session_rank)
    for session in ranked:
        found.setdefault(session.peer or session.protocol, session)
    return tuple(found.values())


def _session_rank(session: f.BGPSessionFact) -> tuple[bool, bool, str, int]:
    evidence = session.evidence
    return (session.source != "birdcl", session.source_address is None, evidence.path, evidence.line or 0)
