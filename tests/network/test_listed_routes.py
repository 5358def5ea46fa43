"""Routes of a listing answer every question as the same routes do one by one."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import RouteFact
from calico_bundle.facts.route_listing import RouteListing
from calico_bundle.facts.route_queries import (
    any_bird_route_to,
    bird_routes_to,
    first_learned,
    has_bird_routes,
    names_as_own,
    next_hop_rows,
    own_addresses,
    routes_to_host,
)
from calico_bundle.facts.route_tables import JoinedRoutes, merge
from calico_bundle.network.ends import table_lines
from calico_bundle.network.routing import NodeRouting
from calico_bundle.parsers import ip_route
from calico_bundle.parsers.ip_route_quick import QuickRoutes
from tests.parsers.route_lines import PLAIN, near_listings

BLOCKS = [
    ip_network(block) for block in ("10.244.1.0/26", "10.244.2.0/26", "10.244.9.0/26", "2001:db8:1::/64", "10.0.0.0/8")
]
TEXTS = """10.0.1.11 10.0.1.12 10.0.1.13 10.244.1.3 10.244.1.4 10.244.2.7 10.244.2.70 10.244.9.1 10.200.0.1 127.0.0.0
    127.0.0.1 0.0.0.0 8.8.8.8 172.17.0.1 10.0.1.255 fe80::ecee:eeff:feee:eeee ::1 2001:db8::1""".split()  # noqa: SIM905
ADDRESSES = [ip_address(text) for text in TEXTS]


def listed(*files: list[str]) -> list[RouteListing]:
    """The files as they are read one after another, hence with one reference."""
    read = QuickRoutes(ip_route.whole_route)
    found = []
    for lines in files:
        parsed = read("".join(f"{line}\n" for line in lines).encode(), "nodes/n1/ip-route.txt")
        assert parsed is not None
        assert isinstance(parsed.facts, RouteListing)
        found.append(parsed.facts)
    return found


def answers(routes: Sequence[RouteFact]) -> list[object]:
    """What every question about routes comes to."""
    return [
        set(own_addresses(routes)),
        [names_as_own(routes, address) for address in ADDRESSES],
        has_bird_routes(routes),
        [bird_routes_to(routes, (block,)) for block in BLOCKS],
        bird_routes_to(routes, BLOCKS),
        [any_bird_route_to([routes], frozenset({block})) for block in BLOCKS],
        first_learned(routes),
        [routes_to_host(routes, address) for address in ADDRESSES],
        table_lines(ClusterNode("n1", routes=routes)),
        next_hop_rows(routes),
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(near_listings(), min_size=2, max_size=3))
def test_listing_answers_as_its_routes_do(files: list[list[str]]):
    for listing in listed(*files):
        assert answers(listing) == answers(tuple(listing))


@settings(max_examples=60, deadline=None)
@given(near_listings(), near_listings(), st.sampled_from((frozenset(), frozenset({"ip-route"}))))
def test_packets_go_the_same_way(reference: list[str], lines: list[str], incomplete: frozenset[str]):
    listing = listed(reference, lines)[1]
    one, other = (
        NodeRouting(ClusterNode("n1", routes=routes, incomplete=incomplete)) for routes in (listing, tuple(listing))
    )
    for _ in range(2):
        assert [one.lookup(address) for address in ADDRESSES] == [other.lookup(address) for address in ADDRESSES]


def in_file(number: int, listing: RouteListing) -> tuple[str, RouteListing]:
    return f"n1/{number}", RouteListing(listing.base, f"n1/{number}", listing.hunks, listing.added)


SORTS = {
    "all": bool,
    "six": lambda line: ":" in line,
    "four": lambda line: ":" not in line,
    "main": lambda line: "table" not in line,
    "local": lambda line: "table local" in line,
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(near_listings(), st.sampled_from(sorted(SORTS))), min_size=2, max_size=3))
def test_several_listings_of_a_node_come_to_the_same_tables(files: list[tuple[list[str], str]]):
    chosen = [[line for line in lines if SORTS[sort](line)] for lines, sort in files]
    named = [in_file(number, listing) for number, listing in enumerate(listed(*filter(None, chosen)))]
    routes, differing = merge(named)
    expected, expected_differing = merge([(path, tuple(listing)) for path, listing in named])
    assert tuple(routes) == tuple(expected)
    assert differing == expected_differing
    assert answers(routes) == answers(tuple(expected))
    ways = [NodeRouting(ClusterNode("n", routes=known)) for known in (routes, tuple(expected))]
    assert [ways[0].lookup(address) for address in ADDRESSES] == [ways[1].lookup(address) for address in ADDRESSES]


def test_listing_of_one_family_beside_that_of_all_tables_adds_nothing():
    """`calicoctl cluster diags` saves both, and the first is kept as it is."""
    first, second = listed(list(PLAIN), [line for line in PLAIN if ":" in line])
    routes, differing = merge([in_file(1, first), in_file(2, second)])
    assert isinstance(routes, RouteListing)
    assert (routes == first, differing) == (False, [])
    assert [r.evidence.path for r in routes] == ["n1/1"] * len(PLAIN)


def test_table_that_differs_between_two_listings_is_told():
    changed = [line.replace("dev ens18", "dev ens19") for line in PLAIN if ":" in line]
    first, second = listed(list(PLAIN), changed)
    found = merge([in_file(1, first), in_file(2, second)])[1]
    assert [(one.table, one.path, one.used) for one in found] == [("main", "n1/2", "n1/1"), ("local", "n1/2", "n1/1")]


def test_listings_of_two_families_are_joined():
    four, six = listed([line for line in PLAIN if ":" not in line], [line for line in PLAIN if ":" in line])
    routes, differing = merge([in_file(1, four), in_file(2, six)])
    assert isinstance(routes, JoinedRoutes)
    assert differing == []
    assert [len(part) for part in routes.parts] == [len(four), len(six)]
    assert routes == tuple(routes)
    assert routes[len(four)].evidence.path == "n1/2"
    assert routes[-1:] == tuple(routes)[-1:]
    with pytest.raises(IndexError):
        _ = routes[len(PLAIN)]


@pytest.mark.parametrize("lines", [list(PLAIN), list(reversed(PLAIN)), list(PLAIN[:3])])
def test_among_equal_prefixes_the_order_of_the_file_decides(lines: list[str]):
    twice = [*lines, "10.244.2.0/26 via 10.0.1.77 dev ens18 proto bird", "10.244.9.0/26 via 10.0.1.78 dev ens18"]
    first = ["10.244.9.0/26 via 10.0.1.79 dev ens18", "10.244.2.0/26 via 10.0.1.80 dev ens18", *lines]
    for listing in listed(list(PLAIN), twice, first):
        found = [NodeRouting(ClusterNode("n", routes=r)).lookup(ADDRESSES[6]) for r in (listing, tuple(listing))]
        assert found[0] == found[1]


def test_listing_that_lacks_every_line_of_a_table_has_no_such_table():
    """Without a local table the addresses of the cards stand for it, and other tables were not asked for."""
    without = [line for line in PLAIN if "table" not in line]
    listing = listed(list(PLAIN), without)[1]
    assert listing.base.routes != tuple(listing)
    found = [NodeRouting(ClusterNode("n", routes=r)).lookup(ip_address("10.0.1.11")) for r in (listing, tuple(listing))]
    assert found[0] == found[1]
    assert found[0].route is not None
    assert found[0].route.table == "main"


def test_listings_are_equal_to_the_same_routes_in_a_tuple():
    one, other = listed(list(PLAIN), list(PLAIN[1:]))
    assert other == tuple(other)
    assert tuple(other) == other
    assert one != other
    assert other[-1] == tuple(other)[-1]
    assert other[2:5] == tuple(other)[2:5]
    with pytest.raises(IndexError):
        _ = other[len(PLAIN)]
