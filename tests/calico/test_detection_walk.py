"""Which cards the autodetection looks at, and in which order, with the file each rule comes from.

Paths are those of projectcalico/calico, in node/pkg/lifecycle/startup/autodetection/.
"""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from calico_bundle.calico.detection import Card, Machine, detect, is_global_unicast
from tests.calico.machines import TWO, chosen, machine


def test_cards_are_walked_in_reverse_of_kernel_order():
    """interfaces.go walks net.Interfaces() backward; in projectcalico/calico#2812, #8619, #5090 the newest card won."""
    host = machine("lo 127.0.0.1/8", "eth0 10.0.1.1/24", "eth1 10.0.2.1/24", "eth2 10.0.3.1/24")
    assert detect("", host).interface == "eth2"
    backward = Machine(tuple(reversed(host.cards or ())))
    assert detect("", backward).interface == "eth0"


def test_addresses_of_one_card_keep_kernel_order():
    """interfaces.go: within a card nothing is reversed; a virtual /32 wins (projectcalico/calico#5094)."""
    host = machine("eth0 10.0.1.200/32 10.0.1.12/24")
    assert chosen(detect("", host)) == "10.0.1.200/32 on eth0"


def test_a_card_without_a_fitting_address_is_passed_over():
    """filtered.go goes on to the next card."""
    host = machine("eth0 10.0.1.12/24", "eth1 169.254.3.4/16", "eth2", "eth3 fd00::1/64")
    assert detect("", host).interface == "eth0"


def test_patterns_are_searched_unanchored_and_case_sensitive():
    """interfaces.go: regexp.MatchString; `bond1` also takes bond1.2 (projectcalico/calico#2483)."""
    host = machine("bond1 10.252.193.185/24", "bond1.2 10.133.146.135/26")
    assert detect("interface=bond1", host).interface == "bond1.2"
    assert detect("interface=bond1$", host).interface == "bond1"
    assert detect("interface=ond", host).interface == "bond1.2"
    assert detect("interface=BOND1", host).failure == "no valid host interfaces found"


def test_a_card_must_be_included_and_not_excluded():
    """interfaces.go: both conditions hold, whatever their order."""
    host = machine("eth0 10.0.1.12/24", "docker0 172.17.0.1/16", "eth1 10.0.2.12/24")
    assert detect("skip-interface=eth1,docker", host).interface == "eth0"


@pytest.mark.parametrize(
    "pattern", ["eth(", "*eth", "eth[", "(?=eth0)", r"(e)\1", "a**", "eth+++", "(?<!x)eth", r"eth0\Z"]
)
def test_a_pattern_that_go_refuses_ends_the_detection(pattern):
    """interfaces.go: regexp.Compile fails, and with it the detection; RE2 knows no look-around and no reference."""
    found = detect(f"interface={pattern},eth0", TWO)
    assert (found.address, "regular expression" in (found.failure or "")) == (None, True)


def test_a_plus_that_is_meant_is_no_repetition_of_a_repetition():
    """A backslash takes its meaning away: `\\++` is one plus sign or more, in Go too."""
    assert detect(r"interface=\++|eth0", TWO).interface == "eth0"


@pytest.mark.parametrize(
    "pattern",
    [
        "eth[[:digit:]]",
        r"\pL+0",
        r"\Qeth0\E",
        "e(?i)TH0",
        r"eth0\z",
        "(?U)eth.*",
        "(?<n>eth0)",
        "eth[0&&9]",
        "eth0|" * 300,
    ],
)
def test_a_pattern_of_gos_own_dialect_is_left_open_and_not_called_wrong(pattern):
    """Go's regexp/syntax: forms that Python refuses or reads in another way."""
    assert chosen(detect(f"interface={pattern}", TWO)) == "?"


def test_flags_at_the_start_of_one_pattern_hold_for_that_pattern():
    """Patterns are joined as (a)|(b), so flags end with their group."""
    assert detect("interface=(?i)ETH0", TWO).interface == "eth0"
    assert detect("interface=(?i)NOTHING,ETH1", TWO).failure == "no valid host interfaces found"


def test_a_hostile_pattern_comes_to_an_end():
    """Go's matching is linear; Python's backtracks, but names have 15 characters at most, and patterns are limited here."""
    assert not detect("interface=(([a-z]+)+)+$" + ",(x+x+)+y" * 20, machine(f"{'x' * 14}0 10.0.0.1/24")).address


@pytest.mark.parametrize(
    "address, expected",
    [
        (str(ip_address(0)), False), ("255.255.255.255", False), ("127.0.0.1", False), ("127.255.0.1", False),
        ("224.0.0.1", False), ("239.1.2.3", False), ("169.254.0.1", False), ("169.254.169.254", False),
        ("10.0.0.1", True), ("172.16.0.1", True), ("192.168.1.1", True), ("100.64.0.1", True), ("100.127.255.1", True),
        ("8.8.8.8", True), ("192.0.2.1", True), ("240.0.0.1", True), ("198.18.0.1", True), ("0.0.0.1", True),
        ("::", False), ("::1", False), ("ff02::1", False), ("fe80::1", False), ("febf::1", False),
        ("fd00::1", True), ("fec0::1", True), ("2001:db8::1", True), ("64:ff9b::1", True),
    ],
)  # fmt: skip
def test_global_unicast_is_gos(address, expected):
    """Go's net.IP.IsGlobalUnicast: not unspecified, broadcast, loopback, multicast or link-local; private counts."""
    assert is_global_unicast(ip_address(address)) is expected


def test_shared_and_private_addresses_are_as_good_as_any():
    """filtered.go asks IsGlobalUnicast alone: tailscale0's 100.64.0.0/10 wins when its card is last."""
    host = machine("bond0 10.32.0.145/24", "tailscale0 100.80.165.55/32")
    assert chosen(detect("", host)) == "100.80.165.55/32 on tailscale0"


def test_state_is_not_part_of_what_is_looked_at():
    """interfaces.go reads no flag: a card that is down and still has an address can win. Card has no state at all."""
    assert [*Card.__dataclass_fields__] == ["name", "addresses"]


def test_the_result_keeps_the_cards_prefix_and_the_host_bits():
    """filtered.go returns the address with the card's mask; cross-subnet decisions are made with it."""
    assert str(detect("interface=eth0", machine("eth0 192.168.50.11/20")).address) == "192.168.50.11/20"


def test_failures_say_whether_names_or_addresses_were_wanting():
    """filtered.go: `no valid host interfaces found`, `no valid IPv4 addresses found on the host interfaces`."""
    assert detect("", machine("docker0 172.17.0.1/16")).failure == "no valid host interfaces found"
    assert detect("", machine()).failure == "no valid host interfaces found"
    none = machine("eth0 169.254.1.1/16")
    assert detect("", none).failure == "no valid IPv4 addresses found on the host interfaces"
    assert detect("", none, family=6).failure == "no valid IPv6 addresses found on the host interfaces"


def test_families_do_not_mix():
    """filtered.go keeps the addresses of the family asked for."""
    host = machine("eth0 fd00::1/64 10.0.1.12/24", "eth1 10.0.2.12/24")
    assert detect("", host, family=6).interface == "eth0"
    assert detect("", host).interface == "eth1"
    assert detect("cidr=10.0.0.0/8", host, family=6).failure == "no valid IPv6 addresses found on the host interfaces"
