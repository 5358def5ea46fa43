"""Listings that lack what every kernel lists are parts: what lacks may be there, and decides nothing."""

from __future__ import annotations

import pytest

from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.cluster import ClusterNode
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.parsers import choose
from calico_bundle.wholeness import left_out

CARDS = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
    inet 10.0.1.11/24 brd 10.0.1.255 scope global eth0
3: eth1: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
    inet 192.168.50.11/24 brd 192.168.50.255 scope global eth1
"""
NETWORKS = """10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.11
192.168.50.0/24 dev eth1 proto kernel scope link src 192.168.50.11
"""
DEFAULT = "default via 10.0.1.1 dev eth0 proto static\n"
LOCAL = "local 10.0.1.11 dev eth0 table local proto kernel scope host src 10.0.1.11\n"
ROUTE_N = "Destination Gateway Genmask Flags Metric Ref Use Iface\n0.0.0.0 10.0.1.1 0.0.0.0 UG 0 0 0 eth0\n"
RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"


def node_of(*texts: str, table: str | None = None) -> ClusterNode:
    """One node of these outputs."""
    files = []
    for number, text in enumerate(texts):
        parser = choose(text)
        path = f"n1/{number}"
        files.append(Artifact(path, 1, parser.kind, parser.parse(text, path), "x", Placement("n1", table=table)))
    return join(Bundle(("x",), (), tuple(files), ())).nodes["n1"]


@pytest.mark.parametrize(
    "texts",
    [
        (CARDS, DEFAULT + NETWORKS, RULES),
        (CARDS, NETWORKS),
        (CARDS, DEFAULT + NETWORKS + LOCAL),
        (CARDS, "default via 172.31.1.1 dev eth0 onlink\n" + NETWORKS),
        (CARDS, "default via 172.31.1.1 dev eth0\n172.31.1.1 dev eth0 scope link\n" + NETWORKS),
        (CARDS, "default dev eth0 scope link\n" + NETWORKS + "10.9.0.0/16 via 172.31.1.1 dev eth0\n"),
        (CARDS.replace("scope global eth1", "scope global noprefixroute eth1"), NETWORKS.splitlines()[0] + "\n"),
        (
            CARDS.replace("qdisc noqueue state UP\n    inet 192", "qdisc noqueue state DOWN\n    inet 192"),
            DEFAULT + NETWORKS[:58],
        ),
        ("fe80::/64 dev eth0 proto kernel metric 256 pref medium\n",),
        (ROUTE_N,),
        (LOCAL,),
    ],
)
def test_whole_listings_stay_whole(texts):
    assert not list(left_out(node_of(*texts)))


def test_a_table_that_was_asked_for_by_name_is_all_of_that_table():
    assert node_of(DEFAULT, table="100").incomplete == frozenset()


@pytest.mark.parametrize(
    "cards",
    [
        CARDS[CARDS.index("3: eth1") :],
        CARDS[CARDS.index("2: eth0") :],
        CARDS[: CARDS.index("2: eth0")],
        CARDS[: CARDS.index("    inet 10.0.1.11")],
    ],
)
def test_every_machine_has_lo_and_every_node_another_address(cards):
    """One card's listing stood for all cards, and Calico's address was held to be on none of them."""
    assert node_of(cards).incomplete == {"ip-addr"}
    assert node_of(cards, CARDS).incomplete == frozenset()


@pytest.mark.parametrize(
    "texts",
    [
        (DEFAULT,),
        ("10.9.0.0/16 via 10.0.1.1 dev eth0\n",),
        (CARDS, DEFAULT + NETWORKS.splitlines()[0] + "\n"),
        (DEFAULT + NETWORKS + "default via 10.0.9.1 dev eth9 table 100\n",),
    ],
)
def test_a_table_without_the_kernels_own_routes_is_a_part(texts):
    """Next hops are taken where a route on the link leads to them (fib_check_nh), networks are kept for each address
    (fib_add_ifaddr), and the table local is in every listing of all tables."""
    assert "ip-route" in node_of(*texts).incomplete


def test_routes_of_own_addresses_alone_are_the_table_local():
    """The kernel keeps them there alone (fib_magic), and nothing is said of the table main."""
    text = LOCAL.replace(" table local", "") + "broadcast 10.0.1.255 dev eth0 proto kernel scope link src 10.0.1.11\n"
    assert {route.table for route in node_of(text).routes} == {"local"}


@pytest.mark.parametrize(
    "rules", ["0:\tfrom all lookup local\n", "100:\tfrom all fwmark 0x1 lookup 100\n", RULES[:-3] + "\n"]
)
def test_rules_without_the_kernels_own_for_main_are_a_part(rules):
    assert node_of(rules, DEFAULT + NETWORKS).incomplete == {"ip-rule"}


def test_what_lacks_is_told():
    files = [Artifact("n1/a", 1, "ip-route", choose(DEFAULT).parse(DEFAULT, "n1/a"), "x", Placement("n1"))]
    (gap,) = join(Bundle(("x",), (), tuple(files), ())).gaps
    assert (gap.path, gap.kind.value) == ("n1/a", "truncated")
    assert "10.0.1.1" in gap.message
