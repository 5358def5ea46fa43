"""Policy routing rules from `ip rule`; the listing is recorded from iproute2 6.1."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import RuleFact
from calico_bundle.parsers import Parsed, ip_rule

RECORDED = """\
0:\tfrom all lookup local
87:\tfrom all nop
88:\tfrom all lookup 100 realms 3/4
89:\tfrom all tun_id 5 lookup 100
90:\tfrom all tos 0x10 unreachable
91:\tfrom all lookup main suppress_prefixlength 0
92:\tfrom all lookup [l3mdev-table]
93:\tfrom all iif nope0 [detached] prohibit
94:\tfrom all goto 12345 [unresolved]
96:\tfrom 10.7.7.7 to 10.8.8.8 uidrange 1-5 ipproto tcp sport 1-9 dport 53 lookup 100
97:\tfrom all to 10.5.0.0/16 iif eth0 oif d1 blackhole
98:\tfrom all fwmark 0x7 lookup 7
99:\tnot from all fwmark 0x200000/0x300000 lookup 1234
100:\tfrom 2001:db8::/64 lookup 100 proto static
32766:\tfrom all lookup main
3232240897:\tfrom 192.168.21.1/24 lookup 3232240897
"""


def rules(text: str, path: str = "n1/rule") -> dict[int, RuleFact]:
    parsed = ip_rule.parse(text, path)
    assert parsed.gaps == ()
    return {fact.priority: fact for fact in parsed.facts}


def test_every_line_is_a_rule() -> None:
    assert [fact.evidence.line for fact in rules(RECORDED).values()] == list(range(1, 17))


def test_selectors() -> None:
    found = rules(RECORDED)
    assert (found[96].source, found[96].destination) == (ip_network("10.7.7.7/32"), ip_network("10.8.8.8/32"))
    assert found[96].other == ("uidrange 1-5", "ipproto tcp", "sport 1-9", "dport 53")
    assert (found[97].destination, found[97].input_device, found[97].output_device) == (
        ip_network("10.5.0.0/16"), "eth0", "d1",
    )  # fmt: skip
    assert (found[98].mark, found[98].mark_mask) == (7, None)
    assert (found[99].inverted, found[99].mark, found[99].mark_mask) == (True, 0x200000, 0x300000)
    assert found[3232240897].source == ip_network("192.168.21.0/24")
    assert found[93].other == ("[detached]",)


def test_actions() -> None:
    found = rules(RECORDED)
    assert {priority: (fact.action, fact.table) for priority, fact in found.items()} == {
        0: ("lookup", "local"),
        87: ("nop", None),
        88: ("lookup", "100"),
        89: ("lookup", "100"),
        90: ("unreachable", None),
        91: ("lookup", "main"),
        92: ("lookup", "[l3mdev-table]"),
        93: ("prohibit", None),
        94: ("goto", "12345"),
        96: ("lookup", "100"),
        97: ("blackhole", None),
        98: ("lookup", "7"),
        99: ("lookup", "1234"),
        100: ("lookup", "100"),
        32766: ("lookup", "main"),
        3232240897: ("lookup", "3232240897"),
    }


@pytest.mark.parametrize(
    "text, path, family",
    [
        ("0:\tfrom all lookup local\n", "n1/ip_rule", None),
        ("0:\tfrom all lookup local\n", "n1/ip_-6_rule", 6),
        ("0:\tfrom all lookup local\n", "n1/ip_-4_rule_list", 4),
        ("# ip -6 rule\n0:\tfrom all lookup local\n", "n1/x", 6),
        ("5:\tfrom 10.0.0.0/8 lookup 5\n", "n1/x", 4),
        ("5:\tfrom all to fd00::1 lookup 5\n", "n1/x", 6),
    ],
)
def test_family(text: str, path: str, family: int | None) -> None:
    assert [fact.family for fact in rules(text, path).values()] == [family]


@pytest.mark.parametrize(
    "line, kind",
    [
        ("5:\tfrom 10.word.word.word lookup 5", GapKind.REDACTED),
        ("5:\tfrom ***HIDDEN*** lookup 5", GapKind.REDACTED),
        ("5:\tfrom 10.0.0.0/99 lookup 5", GapKind.NOT_UNDERSTOOD),
        ("5:\tfrom all fwmark 0xzz lookup 5", GapKind.NOT_UNDERSTOOD),
        ("5:\tfrom all lookup", GapKind.NOT_UNDERSTOOD),
        ("5:\tfrom all", GapKind.NOT_UNDERSTOOD),
        ("Error from server (NotFound): pods not found", GapKind.COLLECTOR_ERROR),
        ("a line that nobody understands", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_a_line_without_a_rule_is_a_gap(line: str, kind: GapKind) -> None:
    parsed = ip_rule.parse(f"0:\tfrom all lookup local\n{line}\n", "n1/rule")
    assert [fact.priority for fact in parsed.facts] == [0]
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(2, kind)]


def test_an_unknown_selector_is_kept_with_the_rule_and_noted() -> None:
    parsed = ip_rule.parse("5:\tfrom all frobnicate lookup 5\n", "n1/rule")
    assert [fact.other for fact in parsed.facts] == [("frobnicate",)]
    assert [gap.line for gap in parsed.gaps] == [1]


def test_rules_of_another_namespace_are_not_the_nodes() -> None:
    parsed = ip_rule.parse("# ip -n blue rule\n5:\tfrom all lookup 5\n# ip rule\n6:\tfrom all lookup 6\n", "n1/rule")
    assert [fact.priority for fact in parsed.facts] == [6]
    assert [gap.line for gap in parsed.gaps] == [2]


def test_an_empty_listing_was_not_collected() -> None:
    assert [gap.kind for gap in ip_rule.parse("", "n1/rule").gaps] == [GapKind.COLLECTOR_ERROR]


networks = st.none() | st.tuples(st.ip_addresses(v=4), st.integers(1, 32)).map(
    lambda pair: ip_network(f"{pair[0]}/{pair[1]}", strict=False)
)
devices = st.none() | st.from_regex(r"eth[0-9]{1,3}", fullmatch=True)
numbers = st.none() | st.integers(1, 2**32 - 1)


@st.composite
def rule_facts(draw: st.DrawFn) -> RuleFact:
    source, destination = draw(networks), draw(networks)
    mark = draw(numbers)
    action = draw(st.sampled_from(["lookup", "goto", "blackhole", "nop"]))
    return RuleFact(
        4 if source or destination else None, draw(st.integers(0, 2**32 - 1)), draw(st.booleans()), source, destination,
        draw(devices), draw(devices), mark, draw(numbers) if mark else None,
        draw(st.sampled_from([(), ("tos 0x10",), ("ipproto tcp", "dport 53")])), action,
        draw(st.sampled_from(["100", "32766"])) if action in ("lookup", "goto") else None, None,
    )  # fmt: skip


def render(rule: RuleFact) -> str:
    mask = f"/{rule.mark_mask:#x}" if rule.mark_mask else ""
    parts = [
        f"{rule.priority}:\t{'not ' if rule.inverted else ''}from {rule.source or 'all'}",
        f"to {rule.destination}" if rule.destination else "",
        f"fwmark {rule.mark:#x}{mask}" if rule.mark else "",
        f"iif {rule.input_device}" if rule.input_device else "",
        f"oif {rule.output_device}" if rule.output_device else "",
        *rule.other,
        rule.action,
        rule.table or "",
    ]
    return " ".join(part for part in parts if part) + "\n"


@settings(max_examples=80, deadline=None)
@given(st.lists(rule_facts(), min_size=1, max_size=5))
def test_round_trip(facts: list[RuleFact]) -> None:
    text = "".join(map(render, facts))
    parsed = ip_rule.parse(text, "n1/rule")
    assert ip_rule.recognizes(text)
    assert parsed.gaps == ()
    assert [replace(fact, evidence=None) for fact in parsed.facts] == facts


words = st.sampled_from([*RECORDED.split(), "\n", "\n5:\tfrom", "9" * 5000, "0x", "# ip rule"])


@settings(max_examples=150, deadline=None)
@given(st.text() | st.lists(words).map(" ".join))
def test_never_raises(text: str) -> None:
    ip_rule.recognizes(text)
    assert isinstance(ip_rule.parse(text, "n1/rule"), Parsed)
