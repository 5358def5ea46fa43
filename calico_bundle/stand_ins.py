"""What a node's older tools printed, in the place of `ip` where `ip` printed nothing of the kind, and what they leave open."""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle import facts as f
from calico_bundle.bundle import Artifact
from calico_bundle.evidence import Gap
from calico_bundle.facts.cards import distinct_of
from calico_bundle.facts.own_routes import addresses_of
from calico_bundle.facts.route_tables import merge
from calico_bundle.records import Records, merge_routes

NO_SOURCES = "source addresses of routes"
"""Among what is incomplete of a node: which source address its routes prescribe, if any, is not known."""


def with_stand_ins(records: Records) -> Records:
    """The records, with what ifconfig, `route -n` and `arp` have where no output of `ip` has any of it."""
    found = dict(records)
    if records.get("ifconfig") and not any(map(_shows_ipv4, records.get("ip-addr", ()))):
        found["ip-addr"] = [*records.get("ip-addr", ()), *records["ifconfig"]]
    if records.get("route-n") and not any(map(_has_main_table, records.get("ip-route", ()))):
        found["ip-route"] = [*records.get("ip-route", ()), *records["route-n"]]
    if records.get("arp") and not records.get("ip-neigh"):
        found["ip-neigh"] = records["arp"]
    return found


def left_open(records: Records) -> frozenset[str]:
    """What `ClusterNode.incomplete` has to say of records with stand-ins: ifconfig leaves out addresses by itself.

    `arp -i eth0` looks like `arp`, so that nobody is listed on a card shows nothing.

    >>> left_open({})
    frozenset()
    """
    by_ifconfig = any(a.kind == "ifconfig" for a in records.get("ip-addr", ()))
    by_route = any(a.kind == "route-n" for a in records.get("ip-route", ()))
    by_arp = any(a.kind == "arp" for a in records.get("ip-neigh", ()))
    said = (("ip-addr", by_ifconfig), (NO_SOURCES, by_route), ("ip-neigh", by_arp))
    return frozenset(word for word, holds in said if holds)


def _shows_ipv4(artifact: Artifact) -> bool:
    """Whether a listing has IPv4 addresses: `ip link` and `ip -6 addr` have none."""
    return lists_ipv4(artifact.parsed.of(f.AddressFact))


def lists_ipv4(addresses: Sequence[f.AddressFact] | None) -> bool:
    """Whether there is an IPv4 address among some, as every machine has on its loopback.

    >>> lists_ipv4(None)
    False
    """
    return any(a.address.version == 4 for a in distinct_of(addresses or ()))


def _has_main_table(artifact: Artifact) -> bool:
    """Whether a listing has IPv4 routes of the table main, which come first where all tables are listed."""
    routes = artifact.parsed.of(f.RouteFact)
    return artifact.placement.table in (None, "main") and any(r.family == 4 and r.table == "main" for r in routes)


def routes_of(
    records: Records, gaps: list[Gap], cut: set[str]
) -> tuple[Sequence[f.RouteFact] | None, frozenset[f.Network]]:
    """A node's routes out of records with stand-ins, and the destinations of which two listings of one form differ.

    `/proc/net/fib_trie` names no next hop: alone it is no routing table, beside one it has the addresses of the machine.
    That what stands in differs shows nothing: it never has all of what `ip` prints.
    """
    listed = records.get("ip-route", ())
    by_ip, disputed = merge_routes([a for a in listed if a.kind == "ip-route"], gaps, cut)
    others = [a for a in listed if a.kind == "route-n"]
    if not others:
        return by_ip, disputed
    by_route, more = merge_routes(others, gaps, cut)
    tries = [(a.path, a.parsed.of(f.RouteFact)) for a in records.get("fib-trie", ())]
    return merge([("", by_ip or ()), ("", by_route or ()), *tries])[0], disputed | more


def addresses_out_of(routes: Sequence[f.RouteFact] | None) -> tuple[f.AddressFact, ...] | None:
    """The addresses of a machine whose own listing was not recorded, as its routes have them; None where they do not.

    >>> addresses_out_of(None) is None
    True
    """
    return None if routes is None else addresses_of(routes)
