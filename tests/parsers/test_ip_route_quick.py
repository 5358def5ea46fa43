"""Listings read as differences from a reference: the same facts as the general reader's, or no answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.facts.route_listing import Hunks, RouteListing
from calico_bundle.parsers import choose, ip_route
from calico_bundle.parsers.ip_route_quick import PlainLines, QuickRoutes, differences
from calico_bundle.sources.text import decode
from tests.parsers.route_lines import ODD, PLAIN, listings

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def quick() -> QuickRoutes:
    return QuickRoutes(ip_route.whole_route)


def as_text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def check(found: object, data: bytes, path: str) -> None:
    """Compare what was read quickly, fact by fact, with the general reader's; and no other parser would have it."""
    general = ip_route.parse(decode(data), path)
    assert isinstance(found, RouteListing)
    assert tuple(found) == general.facts
    assert tuple(found[at] for at in range(len(found))) == general.facts
    assert (len(found), general.gaps) == (len(general.facts), ())
    parser = choose(decode(data))
    assert parser is not None
    assert parser.kind == "ip-route"


@settings(max_examples=50, deadline=None)
@given(st.lists(listings(), min_size=1, max_size=4))
def test_whatever_was_read_before_the_facts_are_those_of_the_general_reader(files: list[list[str]]):
    read = quick()
    for number, lines in enumerate(files):
        data, path = as_text(lines), f"nodes/n{number}/ip-route.txt"
        parsed = read(data, path)
        assert (parsed is not None) or not set(lines) <= set(PLAIN) or not lines
        if parsed is not None:
            assert (parsed.gaps, parsed.owner) == ((), None)
            check(parsed.facts, data, path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_file_against_any_reference(data: st.DataObject):
    lines = st.lists(st.sampled_from(PLAIN), min_size=1, max_size=30)
    one, other = (as_text(data.draw(lines)) for _ in range(2))
    read = quick()
    first = read(one, "one")
    assert first is not None
    assert isinstance(first.facts, RouteListing)
    hunks, added = differences(first.facts.base, other)
    found = RouteListing(first.facts.base, "other", Hunks.of(hunks) if hunks else Hunks(), added)
    check(found, other, "other")
    assert list(found.removed) == [at for at in range(len(first.facts)) if not found.keeps(at)]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ODD), st.integers(0, 40))
def test_odd_line_among_plain_ones_is_read_alike_or_left_to_the_general_reader(odd: str, at: int):
    read = quick()
    assert read(as_text(list(PLAIN)), "first") is not None
    lines = [*PLAIN[:at], odd, *PLAIN[at:]]
    parsed = read(as_text(lines), "n1/ip-route.txt")
    if parsed is not None:
        check(parsed.facts, as_text(lines), "n1/ip-route.txt")


@pytest.mark.parametrize("line", PLAIN)
def test_common_line_is_a_whole_route(line: str):
    assert PlainLines(ip_route.whole_route).all_understood(as_text([line]))
    assert ip_route.whole_route(line) is not None


STARTS = """10.0.0.1 10.0.0.0/8 10.0.0.1/24 10.1.0.0/16 10.0.0.64/26 10.0.0.1/26 256.0.0.1 010.0.0.1 default fe80:: fe80::/64
    fe80::1:2:3:4 fe80::0:2:3:4 ff00::/8 ::1 0.0.0.0/8 255.255.255.255""".split()  # noqa: SIM905
TYPES = ("", "", "local ", "broadcast ", "blackhole ", "unreachable ", "multicast ", "anycast ", "throw ", "2 ")
PARTS = (
    *(f"dev {name}" for name in ("eth0", "cali12ab", "src", "table", "proto", "lock", "inet", "Eth0", "dev", "onlink")),
    *("via 10.0.0.1", "via 10.0.0.256", "via fe80::1", "via inet 10.0.0.1", "table main", "table 100", "table inet"),
    *("proto bird", "proto 12", "proto kernel", "scope link", "scope host", "scope global", "src 10.0.0.1", "src ::1"),
    *("metric 100", "metric 0x10", "metric x", "onlink", "linkdown", "dead", "pref medium", "pref", "nexthop", "cache"),
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(range(len(PARTS))), max_size=5),
    st.booleans(),
    st.sampled_from(("", " ")),
)
def test_pattern_takes_no_line_that_the_general_reader_does_not(
    kind: str, start: str, parts: list[int], in_order: bool, end: str
):
    chosen = sorted(parts) if in_order else parts
    line = kind + " ".join([start, *(PARTS[at] for at in chosen)]) + end
    lines = PlainLines(ip_route.whole_route)
    if lines.all_understood(f"{line}\n".encode()):
        parsed = ip_route.parse(f"{line}\n", "n1/ip-route.txt")
        assert (len(parsed.facts), parsed.gaps) == (1, ())
        assert lines.understood(f"{line}\n".encode()) is not None


def test_order_of_lines_costs_few_differences():
    lines = [f"10.{at // 256}.{at % 256}.0/24 via 10.0.0.1 dev eth0 proto bird " for at in range(2000)]
    read = quick()
    assert read(as_text(lines), "first") is not None
    moved = [lines[1500], *lines[:700], *lines[703:1000], *lines[700:703], *lines[1000:1500], *lines[1501:]]
    parsed = read(as_text(moved), "moved")
    assert parsed is not None
    assert isinstance(parsed.facts, RouteListing)
    assert len(parsed.facts.removed) < 20
    check(parsed.facts, as_text(moved), "moved")


def test_block_of_lines_that_moved_does_not_make_all_others_differ():
    lines = [f"10.{at // 256}.{at % 256}.0/24 via 10.0.0.1 dev eth0 proto bird " for at in range(2000)]
    read = quick()
    assert read(as_text(lines), "first") is not None
    moved = [*lines[1500:1540], *lines[:1500], *lines[1540:]]
    parsed = read(as_text(moved), "moved")
    assert parsed is not None
    assert isinstance(parsed.facts, RouteListing)
    assert len(parsed.facts.removed) == 40
    check(parsed.facts, as_text(moved), "moved")


def test_listings_of_one_sort_share_their_reference_and_other_sorts_have_their_own():
    lines, others = (
        list(PLAIN),
        [f"2001:db8:{at:x}::/64 dev eth0 proto kernel metric 256 pref medium" for at in range(1, 30)],
    )
    read = quick()
    files = [lines, others, lines[1:], others[1:]]
    listings_of = [parsed.facts for parsed in (read(as_text(file), "n") for file in files) if parsed is not None]
    bases = [listing.base for listing in listings_of if isinstance(listing, RouteListing)]
    assert bases[0] is bases[2]
    assert bases[1] is bases[3]
    assert bases[0] is not bases[1]


def test_each_reading_pass_begins_anew():
    data, bases = as_text(list(PLAIN)), []
    for _ in range(2):
        assert ip_route.PARSER.reader is not None
        parsed = ip_route.PARSER.reader()(data, "n1/ip-route.txt")
        assert parsed is not None
        assert isinstance(parsed.facts, RouteListing)
        bases.append(parsed.facts.base)
    assert bases[0] is not bases[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"default via 10.0.0.1 dev eth0",
        b"\xef\xbb\xbfdefault via 10.0.0.1 dev eth0\n",
        b"default via 10.0.0.1 dev eth0\r\n",
        "default via 10.0.0.1 dev eth0\n".encode("utf-16"),
        b"default dev eth0\n",
        b"1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n",
        b"10.0.0.1 dev eth0 lladdr 52:54:00:00:00:01 REACHABLE\n",
    ],
)
def test_file_that_is_not_plain_is_left_to_the_general_reader(data: bytes):
    assert quick()(data, "n1/ip-route.txt") is None


def test_recorded_listings_are_read_alike():
    read, taken = quick(), 0
    for path in sorted(FIXTURES.rglob("*route*")):
        parsed = read(path.read_bytes(), path.name) if path.is_file() else None
        if parsed is not None:
            taken += 1
            check(parsed.facts, path.read_bytes(), path.name)
    assert taken > 0
