"""What the quick readers of `ip addr`, `ip link`, `ip neigh` and `ip rule` take, they read as the general ones do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import Evidence
from calico_bundle.facts import AddressFact, InterfaceFact, NeighborFact, RuleFact
from calico_bundle.facts.cards import CardIndex, InterfaceListing, distinct_of, is_cable, is_of_cable
from calico_bundle.facts.listing import words_of
from calico_bundle.facts.neighbor_listing import entries_of, neighbors_at
from calico_bundle.parsers import Parsed, choose, ip_addr, ip_neighbor, ip_rule
from calico_bundle.parsers.ip_addr_listing import read_listing
from calico_bundle.sources.text import decode
from tests.parsers.ip_texts import IPV4, IPV6, LIFETIME, listings, maybe

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PATHS = st.sampled_from(["nodes/n1/ip-addr.txt", "n1/ip_-6_addr", "n1/ip-rule.txt", "n1/ip_-4_rule", "x.txt"])
CLASSES = (InterfaceFact, AddressFact, NeighborFact, RuleFact)


def check(module: ModuleType, data: bytes, path: str) -> bool:
    """Compare the two readers; whether the quick one took the bytes."""
    quick: Parsed | None = module.PARSER.quick(data, path)
    if quick is None:
        return False
    text = decode(data)
    assert choose(text) is module.PARSER
    general: Parsed = module.parse(text, path)
    assert tuple(quick.facts) == general.facts
    assert (len(quick.facts), quick.gaps, quick.owner) == (len(general.facts), general.gaps, general.owner)
    for kind in CLASSES:
        same(quick.of(kind), general.of(kind))
    if isinstance(quick.facts, InterfaceListing):
        check_cards(quick.facts, general)
    check_neighbors(quick.of(NeighborFact), general.of(NeighborFact))
    assert not_cited(words_of(quick.of(RuleFact))) == not_cited(general.of(RuleFact))
    return True


def check_neighbors(listed: Sequence[NeighborFact], facts: Sequence[NeighborFact]) -> None:
    """What is asked of neighbors without making a record of each."""
    assert list(entries_of(listed)) == list(entries_of(facts))
    for address in {fact.address for fact in facts} | {ip_address("10.0.0.1"), ip_address("fe80::1")}:
        assert list(neighbors_at(listed, address)) == neighbors_at(facts, address)


def not_cited(rules: Sequence[RuleFact]) -> list[RuleFact]:
    return [replace(rule, evidence=Evidence("", None, "")) for rule in rules]


def same(lazy: Sequence[object], facts: Sequence[object]) -> None:
    assert tuple(lazy) == facts
    assert len(lazy) == len(facts)
    assert lazy[:1] == facts[:1]
    assert lazy[::-1] == facts[::-1]
    assert not facts or lazy[-1] == facts[-1]


def check_cards(listing: InterfaceListing, general: Parsed) -> None:
    """What is asked of cards, and of names and addresses, is the same for lazy facts and for tuples."""
    interfaces, addresses = general.of(InterfaceFact), general.of(AddressFact)
    lazy = CardIndex(listing.of(InterfaceFact), listing.of(AddressFact))
    plain = CardIndex(interfaces, addresses)
    assert lazy.cards == plain.cards == tuple(i for i in interfaces if not is_cable(i))
    assert lazy.addresses == plain.addresses == tuple(a for a in addresses if not is_of_cable(a))
    assert lazy.holders == plain.holders
    assert {a.address.ip for a in distinct_of(listing.of(AddressFact))} == {a.address.ip for a in addresses}
    for name in [*(i.name for i in interfaces), "cali0", "eth"]:
        assert lazy.interface(name) == plain.interface(name)
    assert listing.adds_nothing is not any(i.master for i in interfaces)
    assert listing.lacks_nothing is all(i.mac for i in interfaces)
    assert all(None not in (i.index, i.state, i.mtu) and i.kind is i.vxlan_local is None for i in interfaces)


# --- ip addr, ip link -----------------------------------------------------------------------------------------------

ODD_LINES = st.sampled_from(
    [
        "\n", "    inet 10.0.0.1 peer 10.0.0.2/32 scope global eth0\n", "    inet6 ::1.2.3.4/64 scope global \n",
        "    inet ***HIDDEN***/24 scope global eth0\n", "    inet 10.x.x.7/24 scope global\n", LIFETIME, "\x01\n",
        "root@n1:~# ip addr\n", "$ ip -d link\n", "Message truncated\n", "    vxlan id 4096 local 10.0.0.1 dev eth0\n",
        "2: eth9    inet 10.0.0.1/24 scope global eth9\\       valid_lft forever\n", "command terminated with exit code 1\n",
        "9: eth0: <UP> mtu 1500 qdisc mq state UP qlen 5 promiscuity 0\n", "    altname x\n", "\tlink/ether 0:0 \n",
        "    inet 10.0.0.256/24 scope global\n", "    inet 10.0.0.1/33 scope global\n", "    inet6 1::2::3/64 scope link \n",
        "    link/ether redacted brd ff:ff:ff:ff:ff:ff\n", "default via 10.0.0.1 dev eth0\n", "0:\tfrom all lookup local\n",
        "    inet 10.0.0.1/24 scope global eth0 extra\n", "\x00\x02\n", "é\n", "1: password: <UP> mtu 1 state UP\n",
    ]
)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, lines: st.SearchStrategy[list[str]], odd: st.SearchStrategy[str]) -> bytes:
    """A text with something about it that the command does not print, or is cut."""
    found = draw(lines)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(found)))
        how = draw(st.sampled_from(["add", "remove", "twice", "move"]))
        if how == "add" or not found[place:]:
            found.insert(place, draw(odd))
        elif how == "remove":
            del found[place]
        elif how == "twice":
            found.insert(place, found[place])
        else:
            found.append(found.pop(place))
    text = "".join(found)
    ending = draw(st.sampled_from(["whole", "whole", "cut", "crlf", "character", "spaces"]))
    at = draw(st.integers(0, len(text)))
    if ending == "cut":
        text = text[:at]
    elif ending == "character":
        text = text[:at] + draw(st.sampled_from(list("\x00\x01\t\r\\:@ 0aé\n#\x1b"))) + text[at + 1 :]
    elif ending == "crlf":
        text = text.replace("\n", "\r\n")
    elif ending == "spaces":
        text = text.replace(" ", "  ", at)
    return text.encode()


@given(listings(), PATHS)
@settings(max_examples=60, deadline=None)
def test_interfaces_as_printed_are_taken_and_read_alike(lines: list[str], path: str) -> None:
    data = "".join(lines).encode()
    taken = check(ip_addr, data, path)
    names = [fact.name for fact in ip_addr.parse(data.decode(), path).of(InterfaceFact)]
    assert taken is (0 < len(names) == len(set(names)))


@given(spoiled(listings(), ODD_LINES), PATHS)
@settings(max_examples=120, deadline=None)
@example(b"", "x")
@example(b"\x00", "x")
def test_interfaces_with_anything_else_are_read_alike_or_not_taken(data: bytes, path: str) -> None:
    check(ip_addr, data, path)


@given(IPV6 | st.text("0123456789af:", max_size=24), st.integers(0, 140))
@settings(max_examples=120)
def test_only_addresses_are_taken_for_addresses(text: str, length: int) -> None:
    block = f"1: lo: <UP> mtu 1 state UP\n    link/ether\n    inet6 {text}/{length} scope link \n{LIFETIME}"
    if read_listing(block.encode(), ""):
        assert ip_interface(f"{text}/{length}")


def test_an_address_below_a_cable_is_not_given_to_the_card_above() -> None:
    header = "<UP> mtu 1 qdisc mq state UP\n    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff"
    card = f"1: eth0: {header}\n"
    pods = "".join(f"{n}: cali{n}@if3: {header} link-netns cni-{n}\n" for n in (2, 3))
    data = f"{card}{pods}    inet 10.0.0.1/24 scope global eth0\n{LIFETIME}".encode()
    assert check(ip_addr, data, "n1")
    (own,) = ip_addr.quick(data, "n1").of(AddressFact)
    assert own.interface == "cali3"


# --- ip neigh, ip rule ----------------------------------------------------------------------------------------------

NEIGHBORS = st.lists(
    st.builds(
        "{} dev {}{}{}{}{}\n".format,
        IPV4 | IPV6,
        st.sampled_from(["eth0", "enp1s0.100", "cali0a"]),
        maybe(st.sampled_from([" lladdr 52:54:f9:1e:1e:a4", " lladdr aa:bb"])),
        maybe(st.sampled_from([" router", " extern_learn"])),
        st.sampled_from([" REACHABLE", " STALE", "  FAILED", " NOARP PERMANENT"]),
        st.sampled_from(["", " "]),
    ),
    min_size=1,
    max_size=8,
)
ODD_NEIGHBORS = st.sampled_from(
    [
        "\n", "10.0.0.1 dev eth0\n", "10.0.0.1 dev eth0 lladdr ***HIDDEN*** STALE\n", "10.x.x.7 dev eth0 STALE\n",
        "10.0.0.1 dev eth0 lladdr\n", "10.0.0.1 dev eth0 proxy\n", "root@n1:~# ip neigh\n", "10.0.0.1 STALE\n",
        "10.0.0.1 dev eth0 lladdr AA:BB:CC:DD:EE:FF used 0/60/0probes 4 STALE\n", "? (10.0.0.1) at aa:bb on eth0\n",
    ]
)  # fmt: skip
RULES = st.lists(
    st.sampled_from(
        [
            "0:\tfrom all lookup local\n", "32766:\tfrom all lookup main \n", "99:\tnot from all fwmark 0x2/0x3 lookup 12\n",
            "9:\tfrom 10.7.7.7 to 10.8.8.8 lookup 100\n", "7:\tfrom all blackhole\n", "5:\tfrom 2001:db8::/64 lookup 100\n",
            "92:\tfrom all lookup [l3mdev-table]\n", "6:\tfrom 192.168.21.1/24 lookup 100 \n", "8:\tfrom all iif lo lookup x\n",
        ]
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip
ODD_RULES = st.sampled_from(
    [
        "\n", "0:\tfrom ***HIDDEN*** lookup local\n", "5:\tfrom 10.x.x.7 lookup main\n", "5:\tfrom all fancy lookup main\n",
        "5:\tfrom all\n", "5:\tfrom all fwmark x lookup main\n", "$ ip -6 rule\n", "5:\tfrom all lookup\n",
        "5:\tfrom 10.0.0.0/99 lookup main\n", "0: from all lookup local\n", "5:\tfrom all token lookup secret\n",
    ]
)  # fmt: skip


@given(NEIGHBORS, PATHS)
@settings(max_examples=60, deadline=None)
def test_neighbors_as_printed_are_taken_and_read_alike(lines: list[str], path: str) -> None:
    assert check(ip_neighbor, "".join(lines).encode(), path)


@given(spoiled(NEIGHBORS, ODD_NEIGHBORS), PATHS)
@settings(max_examples=60, deadline=None)
def test_neighbors_with_anything_else_are_read_alike_or_not_taken(data: bytes, path: str) -> None:
    check(ip_neighbor, data, path)


@given(RULES, PATHS)
@settings(max_examples=60, deadline=None)
def test_rules_as_printed_are_read_alike_from_every_path(lines: list[str], path: str) -> None:
    data = "".join(lines).encode()
    assert check(ip_rule, data, path)
    assert check(ip_rule, data, f"another/{path}")


@given(spoiled(RULES, ODD_RULES), PATHS)
@settings(max_examples=60, deadline=None)
def test_rules_with_anything_else_are_read_alike_or_not_taken(data: bytes, path: str) -> None:
    check(ip_rule, data, path)


@pytest.mark.parametrize("module", [ip_addr, ip_neighbor, ip_rule])
def test_files_of_fixtures_are_read_alike_or_not_taken(module: ModuleType) -> None:
    files = [path for path in FIXTURES.rglob("*") if path.is_file() and path.stat().st_size < 100_000]
    taken = [check(module, path.read_bytes(), path.name) for path in files]
    assert any(taken)
