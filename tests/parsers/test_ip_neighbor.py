"""ARP and neighbor entries from `ip neigh`; listings recorded from iproute2 6.1 and in the shapes of real bundles."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import NeighborFact
from calico_bundle.parsers import Parsed, ip_neighbor

# `used 0/60/0probes` without a blank is what iproute2 6.1 prints; 5.x prints one.
RECORDED = """\
10.0.1.13 dev eth0  used 0/60/0probes 0 FAILED \n\
10.0.1.12 dev eth0 lladdr 52:54:00:1B:AB:BC  ref 1 used 0/0/0probes 0 REACHABLE \n\
10.0.1.15 dev eth0  INCOMPLETE
10.0.1.14 dev eth0 lladdr 52:54:00:1b:ab:bd router extern_learn PERMANENT \n\
10.0.0.131 dev br-ens3 lladdr 00:16:3e:3a:20:be ref 1 used 82/10/77 probes 1 STALE
fe80::9 dev eth0 lladdr 52:54:00:1b:ab:be router STALE \n\
172.17.0.18 FAILED
10.0.0.1 dev eth1 lladdr 00:0c:29:56:07:1b nud reachable
"""


def test_every_line_is_a_neighbor() -> None:
    parsed = ip_neighbor.parse(RECORDED, "n1/neigh")
    assert parsed.gaps == ()
    assert [(str(f.address), f.device, f.mac, f.state) for f in parsed.facts] == [
        ("10.0.1.13", "eth0", None, "FAILED"),
        ("10.0.1.12", "eth0", "52:54:00:1b:ab:bc", "REACHABLE"),
        ("10.0.1.15", "eth0", None, "INCOMPLETE"),
        ("10.0.1.14", "eth0", "52:54:00:1b:ab:bd", "PERMANENT"),
        ("10.0.0.131", "br-ens3", "00:16:3e:3a:20:be", "STALE"),
        ("fe80::9", "eth0", "52:54:00:1b:ab:be", "STALE"),
        ("172.17.0.18", None, None, "FAILED"),
        ("10.0.0.1", "eth1", "00:0c:29:56:07:1b", "REACHABLE"),
    ]


def test_the_device_that_the_command_names() -> None:
    parsed = ip_neighbor.parse("$ ip neigh show dev eth7\n10.0.1.13 FAILED \n", "n1/neigh")
    assert [fact.device for fact in parsed.facts] == ["eth7"]


@pytest.mark.parametrize(
    "line, kind",
    [
        ("10.0.1.99 dev eth0 proxy", GapKind.NOT_UNDERSTOOD),
        ("172.17.42.1 dev", GapKind.NOT_UNDERSTOOD),
        ("172.17.42.2 dev lo", GapKind.NOT_UNDERSTOOD),
        ("172.17.42.2 dev lo lladdr", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.5 dev eth0 frobnicate STALE", GapKind.NOT_UNDERSTOOD),
        ("10.word.word.word dev eth0 lladdr 52:54:00:1b:ab:bc STALE", GapKind.REDACTED),
        ("/usr/sbin/ip: bad command or file name", GapKind.COLLECTOR_ERROR),
        ("172.17.0", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_a_line_without_a_neighbor_is_a_gap(line: str, kind: GapKind) -> None:
    parsed = ip_neighbor.parse(f"10.0.1.12 dev eth0 FAILED\n{line}\n", "n1/neigh")
    assert [fact.evidence.line for fact in parsed.facts] == [1]
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(2, kind)]


def test_a_hidden_mac_leaves_the_neighbor() -> None:
    parsed = ip_neighbor.parse("10.0.1.12 dev eth0 lladdr ***HIDDEN*** STALE\n", "n1/neigh")
    assert [(fact.mac, fact.state) for fact in parsed.facts] == [(None, "STALE")]
    assert [gap.kind for gap in parsed.gaps] == [GapKind.REDACTED]


def test_a_node_may_have_no_neighbors() -> None:
    assert ip_neighbor.parse("", "n1/neigh") == Parsed(())


states = st.sampled_from(["REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT", "INCOMPLETE"])
macs = st.none() | st.from_regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", fullmatch=True)
devices = st.none() | st.from_regex(r"eth[0-9]{1,3}", fullmatch=True)
facts_of_any_kind = st.builds(NeighborFact, st.ip_addresses(), devices, macs, states, st.none())
extras = st.sampled_from(["", "router ", "used 1/2/3 probes 4 ", "used 1/2/3probes 4 ", "ref 1 used 0/0/0 probes 1 "])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(facts_of_any_kind, extras), min_size=1, max_size=6))
def test_round_trip(rows: list[tuple[NeighborFact, str]]) -> None:
    text = "".join(
        f"{fact.address} {f'dev {fact.device} ' if fact.device else ''}{f'lladdr {fact.mac} ' if fact.mac else ''}"
        f"{extra}{fact.state} \n"
        for fact, extra in rows
    )
    parsed = ip_neighbor.parse(text, "n1/neigh")
    assert ip_neighbor.recognizes(text)
    assert parsed.gaps == ()
    assert [replace(fact, evidence=None) for fact in parsed.facts] == [fact for fact, _ in rows]


words = st.sampled_from([*RECORDED.split(), "\n", "\n", "nud", "used", "# ip neigh"])


@settings(max_examples=150, deadline=None)
@given(st.text() | st.lists(words).map(" ".join))
def test_never_raises(text: str) -> None:
    ip_neighbor.recognizes(text)
    assert isinstance(ip_neighbor.parse(text, "n1/neigh"), Parsed)
