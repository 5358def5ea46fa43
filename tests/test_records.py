"""Records of one machine: listings whose records are made on demand join as those do that were made at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Gap
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.parsers import Parsed, choose, ip_addr
from calico_bundle.records import incomplete, merge_addresses, merge_neighbors, merge_rules
from tests.parsers.ip_texts import listings

SETTINGS = settings(max_examples=30, deadline=None)
TEXTS = st.lists(listings().map("".join), min_size=1, max_size=3)


def joined(texts: list[str], *, quickly: bool) -> tuple[ClusterNode | None, object]:
    """One node of these listings, and the gaps."""
    parsed = [_parsed(text, f"n1/{number}", quickly=quickly) for number, text in enumerate(texts)]
    placement = Placement(node="n1")
    files = tuple(Artifact(f"n1/{n}", 1, "ip-addr", one, "by-content", placement) for n, one in enumerate(parsed))
    cluster = join(Bundle(("x",), (), files, ()))
    return cluster.nodes.get("n1"), cluster.gaps


def _parsed(text: str, path: str, *, quickly: bool) -> Parsed:
    quick = ip_addr.quick(text.encode(), path) if quickly else None
    return quick or ip_addr.parse(text, path)


@given(TEXTS)
@SETTINGS
def test_a_node_is_the_same_however_its_listings_were_read(texts: list[str]) -> None:
    (lazy, lazy_gaps), (plain, gaps) = joined(texts, quickly=True), joined(texts, quickly=False)
    assert (lazy, lazy_gaps) == (plain, gaps)


@given(listings(), st.data())
@SETTINGS
def test_ip_link_beside_ip_addr_adds_what_is_missing(lines: list[str], data: st.DataObject) -> None:
    link = "".join(line for line in lines if not line.startswith(("    inet", "       valid")))
    without = "".join(line for line in lines if data.draw(st.booleans()) or not line.startswith("    link/"))
    texts = [without, link]
    assert joined(texts, quickly=True) == joined(texts, quickly=False)


@given(listings().map("".join))
@SETTINGS
def test_cards_and_holders_are_those_of_all_interfaces(text: str) -> None:
    node, _ = joined([text], quickly=True)
    if node is None:
        return
    interfaces, addresses = node.interfaces or (), node.addresses or ()
    assert list(node.cards) == [i for i in interfaces if not i.name.startswith("cali")]
    assert {a.address.ip for a in addresses if a.address.version == 4} <= {a.address.ip for a in node.card_addresses}
    for address in addresses:
        ip = address.address.ip
        assert node.interface_of(ip) == next(a.interface for a in addresses if a.address.ip == ip)
    for interface in interfaces:
        assert node.interface(interface.name) == interface


def test_rules_of_both_families_are_kept_whichever_listing_is_longer():
    four = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
    six = four + "99:\tfrom fd00::/64 lookup 7\n"
    files = [rules_file("ip_-4_rule_list", four), rules_file("ip_-6_rule_list", six)]
    for order in (files, files[::-1]):
        found = merge_rules(order)
        assert [r.family for r in found] == [4, 4, 6, 6, 6]
    assert merge_rules([]) is None
    assert len(merge_rules(files[:1])) == 2


def rules_file(name: str, text: str) -> Artifact:
    return Artifact(name, 1, "ip-rule", choose(text).parse(text, name), "x", Placement())


V4 = """1: lo: <UP> mtu 1 state UP
    inet 127.0.0.1/8 scope host lo
3: b: <UP> mtu 1 state UP
    inet 10.0.0.2/24 scope global b
"""
V6 = "".join(
    f"{n}: {c}: <UP> mtu 1 state UP\n    inet6 fe80::{n}/64 scope link \n"
    for n, c in ((2, "a"), (3, "b"), (4, "c"), (5, "d"))
)


def test_addresses_of_both_families_out_of_two_listings():
    files = [
        Artifact(name, 1, "ip-addr", choose(text).parse(text, name), "x", Placement())
        for name, text in (("ipv4_addr", V4), ("ipv6_addr", V6))
    ]
    for order in (files, files[::-1]):
        gaps: list[Gap] = []
        cards, addresses = merge_addresses(order, gaps)
        assert [(c.order, c.name) for c in cards] == [(0, "lo"), (1, "a"), (2, "b"), (3, "c"), (4, "d")]
        assert {str(a.address) for a in addresses} >= {"127.0.0.1/8", "10.0.0.2/24", "fe80::5/64"}
        assert gaps == []


def test_neighbors_of_both_families_are_kept_whichever_listing_is_longer():
    four, six = (
        "10.0.0.1 dev a lladdr 02:00:00:00:00:01 REACHABLE \n",
        "".join(f"fe80::{n} dev a STALE \n" for n in (1, 2)),
    )
    files = [
        Artifact(name, 1, "ip-neigh", choose(text).parse(text, name), "x", Placement())
        for name, text in (("four", four), ("six", six), ("both", four + six.splitlines()[0] + "\n"))
    ]
    for order in (files, files[::-1]):
        assert [str(n.address) for n in merge_neighbors(order)] == ["10.0.0.1", "fe80::1", "fe80::2"]
    assert merge_neighbors([]) is None


LINKS = "2: eth0: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n"
SIX = "2: eth0: <UP> mtu 1500 state UP\n    inet6 fe80::1/64 scope link \n"
ROUTES = "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 scope link\n"


def listing(name: str, text: str, **placed: Any) -> Artifact:
    parser = choose(text)
    return Artifact(name, 1, parser.kind, parser.parse(text, name), "x", Placement(**placed))


def kinds(*files: Artifact) -> frozenset[str]:
    records: dict[str, list[Artifact]] = {}
    for file in files:
        records.setdefault(file.kind, []).append(file)
    return incomplete(records, set())


def test_a_damaged_listing_is_not_made_good_by_one_of_another_family_or_of_links():
    damaged = V4 + "    inet ***HIDDEN*** scope global b\n"
    assert kinds(listing("a", damaged), listing("l", LINKS), listing("s", SIX)) == {"ip-addr"}
    assert kinds(listing("a", damaged), listing("b", V4)) == frozenset()
    assert kinds(listing("a", V4), listing("l", LINKS + "    no idea what this is\n")) == frozenset()
    assert kinds(listing("a", V4), listing("s", SIX + "    inet6 ***HIDDEN*** scope link\n")) == {"ip-addr"}


def test_a_damaged_routing_table_is_not_made_good_by_another_table():
    damaged = ROUTES + "10.1.0.0/16 via ***HIDDEN*** dev eth0\n"
    assert kinds(listing("r", damaged), listing("t", ROUTES, table="100")) == {"ip-route"}
    assert kinds(listing("r", damaged), listing("six", "fe80::/64 dev eth0 metric 256 pref medium\n")) == {"ip-route"}
    assert kinds(listing("r", damaged), listing("again", ROUTES)) == frozenset()


def test_hidden_neighbors_leave_the_table_open():
    whole = "10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n"
    assert kinds(listing("n", whole)) == frozenset()
    for hidden in (
        "***HIDDEN*** dev eth1 lladdr 02:00:00:00:00:02 STALE\n",
        "10.0.1.1 dev eth1 lladdr ***HIDDEN*** STALE\n",
    ):
        assert kinds(listing("n", whole + hidden)) == {"ip-neigh"}


FOUR_RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"


@pytest.mark.parametrize(
    "last",
    [
        "32767:\tfrom all lookup ",
        "***HIDDEN***",
        "error: lost connection to pod",
        "Killed",
        "command terminated with exit code 137",
    ],
)
def test_damaged_rules_are_no_whole_list(last: str):
    """A list of rules with an error at its end counted as whole, and what lacked was held not to be there."""
    damaged = listing("n1/rules", FOUR_RULES + last)
    assert kinds(damaged) == {"ip-rule"}
    assert kinds(damaged, listing("again", FOUR_RULES)) == frozenset()
    assert kinds(damaged, listing("ip_-6_rule", FOUR_RULES)) == {"ip-rule"}


@pytest.mark.parametrize(
    "name,placed",
    [
        ("n1/ip_route_show_table_all.txt", {}),
        ("n1/ip_-4_route_list_table_all", {}),
        ("n1/routes", {"every_table": True}),
    ],
)
def test_a_listing_of_all_tables_without_the_table_local_was_cut(name: str, placed: dict[str, bool]):
    """The kernel lists the table local last, behind main, and no machine is without it (fib_add_ifaddr)."""
    own = "local 10.0.0.9 dev eth0 table local proto kernel scope host src 10.0.0.9\n"
    assert kinds(listing(name, ROUTES, **placed)) == {"ip-route"}
    assert kinds(listing(name, ROUTES + own, **placed)) == frozenset()
    assert kinds(listing(name, "fe80::/64 dev eth0 metric 256 pref medium\n", **placed)) == frozenset()
