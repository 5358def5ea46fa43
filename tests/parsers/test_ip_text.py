"""What all parsers of `ip` share: values, families, commands between the data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.evidence import LineGaps
from calico_bundle.parsers import HEAD_CHARACTERS
from calico_bundle.parsers.ip_text import (
    Command,
    address,
    command_in,
    family_of_path,
    interface,
    is_hidden,
    nearest_family,
    network,
    note_other,
    number,
    sample_lines,
)


@given(st.ip_addresses() | st.ip_addresses().map(lambda a: f"{a}/{a.max_prefixlen}"))
def test_what_is_an_address_is_not_hidden(value: object) -> None:
    assert not is_hidden(str(value))
    assert network(str(value)) is not None
    assert interface(str(value)) is not None


@pytest.mark.parametrize(
    "word",
    ["10.word.word.word", "10.happy.blue.tree/24", "***HIDDEN***", "<censored>", "x-ipv4-0000000001-x", "x.x.x.x"],
)
def test_hidden_words(word: str) -> None:
    assert is_hidden(word)
    assert (address(word), network(word), interface(word)) == (None, None, None)


@pytest.mark.parametrize(
    "word", ["eth0.100", "<NOARP>", "<UP,LOWER_UP>", "vxlan.calico", "node-1.lan", "10.0.0.1/24", "*"]
)
def test_plain_words_are_not_hidden(word: str) -> None:
    assert not is_hidden(word)


@pytest.mark.parametrize("text", ["", "10", "10.1", "10.0.0.0/255.0.0.0", "fe80::1%eth0", "10.0.0.1/33", "10.0.0.0/-1"])
def test_what_ip_does_not_print_is_no_network(text: str) -> None:
    assert network(text) is None
    assert interface(text) is None


@pytest.mark.parametrize(
    "path, family",
    [
        ("nodes/n1/ip-route-v6.txt", 6),
        ("diagnostics/ipv4_route", 4),
        ("networking/ipv6rule", 6),
        ("networking/ip6route.txt", 6),
        ("sos_commands/networking/ip_-6_route_show_table_all", 6),
        ("ip_-4_rule_list", 4),
        ("ipv6/ip_route.txt", None),
        ("ip-10-0-4-6.ec2.internal_ip_route.txt", None),
        ("node-4/ip_rule.txt", None),
        ("node-v4-6_ip_a.txt", None),
    ],
)
def test_family_of_a_file_name(path: str, family: int | None) -> None:
    assert family_of_path(path) == family


@pytest.mark.parametrize(
    "line, command",
    [
        ("root@n1:~# ip a", Command("address")),
        ("[root@n1 ~]# ip -4 route show table 100", Command("route", 4, "100")),
        ("$ ip neigh show dev eth0", Command("neighbor", device="eth0")),
        ("+ ip -f inet6 rule", Command("rule", 6)),
        ("# /usr/sbin/ip route show table all", Command("route")),
        ("===== ip -s link =====", Command("link")),
        ("# ip -n blue ro", Command("route", network_namespace="blue")),
        ("# ip netns exec blue ip -6 ru", Command("rule", 6, network_namespace="blue")),
        ("default via 10.0.0.1 dev ip", None),
        ("the ip address of the node", None),
        ("-----", None),
    ],
)
def test_commands_between_the_data(line: str, command: Command | None) -> None:
    assert command_in(line) == command


@given(st.lists(st.sampled_from([None, 4, 6]), max_size=8))
def test_nearest_family_keeps_what_is_known(families: list[int | None]) -> None:
    found = nearest_family(families, 4)
    assert len(found) == len(families)
    assert all(known in (None, settled) for known, settled in zip(families, found, strict=True))
    assert set(found) <= {family for family in families if family} or set(found) == {4}


@given(st.text())
def test_any_line_is_noise_or_a_gap(line: str) -> None:
    gaps = LineGaps("n1/x")
    note_other(gaps, 1, line)
    command_in(line)
    assert gaps.count <= 1


@given(st.text(max_size=30))
def test_numbers(text: str) -> None:
    value = number(text)
    assert value is None or value == int(text, 0 if text.startswith("0x") else 10)


def test_the_last_line_of_a_full_head_may_be_cut() -> None:
    line = "10.0.0.0/8 dev eth0\n"
    head = (line * HEAD_CHARACTERS)[:HEAD_CHARACTERS]
    assert head[-1] != "\n"
    assert set(sample_lines(head, most=10_000)) == {line.strip()}
    assert sample_lines("10.0.0.0/8 dev eth0") == ["10.0.0.0/8 dev eth0"]
