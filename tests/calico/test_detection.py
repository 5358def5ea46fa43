"""Every rule of Calico's address autodetection, each as a test that names the file it comes from.

Paths are those of projectcalico/calico; `startup.go` is node/pkg/lifecycle/startup/startup.go, the other files are in
node/pkg/lifecycle/startup/autodetection/.
"""

from __future__ import annotations

import re
import time
from ipaddress import ip_address, ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.calico.detection import Card, Detection, Machine, Settings, choose_address, detect, is_global_unicast
from calico_bundle.calico.exclusions import default_exclusions


def machine(*cards, internal=(), route_source=None, ordered=True):
    """A machine from `"eth0 10.0.1.12/24 fd00::12/64"`, in kernel order."""
    made = tuple(Card(n, tuple(map(ip_interface, rest))) for n, *rest in (c.split() for c in cards))
    return Machine(made, tuple(map(ip_address, internal)), route_source, ordered)


def chosen(found: Detection):
    """The result as text: `ADDRESS on CARD`, the failure, or `?`."""
    if found.undecided:
        assert found.address is None, "an open question has no answer"
        return "?"
    if found.address is None:
        return found.failure
    return f"{found.address} on {found.interface}"


TWO = machine("lo 127.0.0.1/8 ::1/128", "eth0 10.0.1.12/24 fd00:1::12/64", "eth1 192.168.50.12/24 fd00:2::12/64")
STORED = ip_interface("10.0.1.99/24")
STORED_6 = ip_interface("fd00:9::9/64")
NOTHING = machine("lo 127.0.0.1/8")
NONE_STORED = "no address is stored, and detection is off"


# --- precedence: startup.go, configureIPsAndSubnets -----------------------------------------------------------------


@pytest.mark.parametrize("stored", [None, STORED])
def test_autodetect_overwrites_whatever_is_stored(stored):
    """startup.go: IP=autodetect runs the method, and success replaces the stored value."""
    assert chosen(choose_address(Settings("autodetect", None), TWO, stored)) == "192.168.50.12/24 on eth1"


def test_autodetect_that_fails_keeps_the_stored_address_and_says_so():
    """startup.go: `Autodetection of IPv4 address failed, keeping existing value`."""
    found = choose_address(Settings("autodetect", None), NOTHING, STORED)
    assert (found.address, found.failure) == (STORED, "no valid host interfaces found")


def test_autodetect_that_fails_with_nothing_stored_has_no_address():
    """startup.go: `Couldn't autodetect an IPv4 address`, then exit 1."""
    found = choose_address(Settings("autodetect", None), NOTHING, None)
    assert (found.address, found.failure) == (None, "no valid host interfaces found")


def test_an_invalid_method_with_something_stored_still_shows_as_a_failure():
    """autodetection_methods.go: `Invalid IP autodetection method`, then the process ends."""
    assert choose_address(Settings("autodetect", "eth0"), TWO, STORED).failure


@pytest.mark.parametrize("ip", [None, ""])
def test_unset_with_nothing_stored_detects_for_ipv4(ip):
    """startup.go: an empty IP and an empty Node mean autodetection, for IPv4."""
    assert chosen(choose_address(Settings(ip, "interface=eth0"), TWO, None)) == "10.0.1.12/24 on eth0"


@pytest.mark.parametrize("ip", [None, ""])
def test_unset_with_an_address_stored_never_detects(ip):
    """startup.go: the stored value is used as it is; projectcalico/calico#1941 was lost on this."""
    assert choose_address(Settings(ip, "interface=eth0"), TWO, STORED).address == STORED


@pytest.mark.parametrize("ip", [None, "", "none"])
def test_ipv6_detects_only_when_it_is_told_to(ip):
    """startup.go: IP6 unset never triggers detection."""
    settings = Settings(ip, None, family=6)
    assert chosen(choose_address(settings, TWO, None)) == NONE_STORED
    assert choose_address(settings, TWO, STORED_6).address == STORED_6


def test_ipv6_autodetect_works_as_for_ipv4():
    """startup.go: the same for IP6=autodetect."""
    settings = Settings("autodetect", "first-found", family=6)
    assert chosen(choose_address(settings, TWO, STORED_6)) == "fd00:2::12/64 on eth1"
    kept = choose_address(settings, NOTHING, STORED_6)
    assert (kept.address, bool(kept.failure)) == (STORED_6, True)
    assert choose_address(settings, NOTHING, None).address is None


def test_none_keeps_the_stored_address_and_gives_none_otherwise():
    """startup.go: `Autodetection for IPv4 disabled, keeping existing value`."""
    assert choose_address(Settings("none", "first-found"), TWO, STORED).address == STORED
    assert chosen(choose_address(Settings("none", "first-found"), TWO, None)) == NONE_STORED


@pytest.mark.parametrize("stored", [None, STORED])
def test_a_literal_cidr_wins_over_everything_and_is_taken_as_it_stands(stored):
    """startup.go: `Using IPv4 address from environment`, on the host or not."""
    found = choose_address(Settings("10.0.1.12/16", "first-found"), TWO, stored)
    assert found.address == ip_interface("10.0.1.12/16")
    assert choose_address(Settings("172.30.0.1/24", None), TWO, stored).address == ip_interface("172.30.0.1/24")


@pytest.mark.parametrize(
    "version, ip, expected",
    [
        ((3, 18, 0), "10.0.1.12", "10.0.1.12/24"),
        ((3, 28, 5), "10.0.1.12", "10.0.1.12/24"),
        (None, "10.0.1.12", "10.0.1.12/24"),
        ((3, 17, 4), "10.0.1.12", "10.0.1.12/32"),
        ((3, 28, 5), "10.0.1.77", "10.0.1.77/32"),
    ],
)
def test_a_bare_literal_takes_its_cards_prefix_since_v3_18_and_else_32(version, ip, expected):
    """startup.go since v3.18; /32 without a card or before it, as projectcalico/calico#2375 had it."""
    assert choose_address(Settings(ip, None, version), TWO, STORED).address == ip_interface(expected)


def test_a_bare_ipv6_literal_is_never_widened():
    """startup.go: IP6 is parsed and not looked up on the host."""
    assert choose_address(Settings("fd00:1::12", None, family=6), TWO, None).address == ip_interface("fd00:1::12/128")


@pytest.mark.parametrize(
    "ip, family", [("eth0", 4), ("10.0.1", 4), ("Autodetect", 4), ("fd00::1", 4), ("10.0.1.12", 6)]
)
def test_a_literal_that_is_no_address_of_the_family_ends_calico_node(ip, family):
    """startup.go: `Environment does not contain a valid IPv4 address`, then exit."""
    found = choose_address(Settings(ip, None, family=family), TWO, STORED if family == 4 else STORED_6)
    assert (found.address, "exits" in (found.failure or "")) == (None, True)


# --- method strings: autodetection_methods.go, AutoDetectCIDR -------------------------------------------------------


@pytest.mark.parametrize(
    "method, expected",
    [
        ("", "192.168.50.12/24 on eth1"),
        ("first-found", "192.168.50.12/24 on eth1"),
        ("interface=eth0", "10.0.1.12/24 on eth0"),
        ("interface=eth.*", "192.168.50.12/24 on eth1"),
        ("skip-interface=eth1", "10.0.1.12/24 on eth0"),
        ("skip-interface=eth.*", "no valid host interfaces found"),
        ("cidr=10.0.0.0/8", "10.0.1.12/24 on eth0"),
        ("cidr=172.16.0.0/12", "no valid IPv4 addresses found on the host interfaces"),
        ("kubernetes-internal-ip", "10.0.1.12/24 on eth0"),
        ("kubernetes-internal-ip=whatever", "10.0.1.12/24 on eth0"),
        ("kubernetes-internal-ips", "10.0.1.12/24 on eth0"),
        ("can-reach=8.8.8.8", "10.0.1.12/24 on eth0"),
    ],
)
def test_each_method_on_one_machine(method, expected):
    """autodetection_methods.go, AutoDetectCIDR; kubernetes-internal-ip is matched by prefix, first-found exactly."""
    cards = ["lo 127.0.0.1/8", "eth0 10.0.1.12/24", "eth1 192.168.50.12/24"]
    host = machine(*cards, internal=["10.0.1.12"], route_source=lambda _: ip_address("10.0.1.12"))
    assert chosen(detect(method, host)) == expected


@pytest.mark.parametrize(
    "method",
    [
        "eth0", "eth1", "First-Found", "first-found ", "first-found=", "interface", "skip-interface", "cidr",
        "can-reach", "can_reach=8.8.8.8", "Interface=eth0", "interfaces=eth0", "kubernetes", " interface=eth0",
        "autodetect",
    ],
)  # fmt: skip
def test_anything_else_is_invalid_and_ends_calico_node(method):
    """autodetection_methods.go: prefixes with their `=`, else `Invalid IP autodetection method` and exit."""
    found = detect(method, TWO)
    assert (found.address, found.undecided) == (None, None)
    assert "invalid autodetection method" in (found.failure or "")


@pytest.mark.parametrize("method", ["interface=skip-interface=tailscale0", "interface=can-reach=www.example.com"])
def test_a_doubled_prefix_is_a_pattern_that_no_card_matches(method):
    """autodetection_methods.go trims one prefix; the values were seen in a public article about tailscale0."""
    assert detect(method, TWO).failure == "no valid host interfaces found"


@pytest.mark.parametrize("separator", [",", " ,", ", ", "\t,  "])
def test_lists_are_split_at_commas_with_the_blanks_around_them(separator):
    r"""autodetection_methods.go splits by `\s*,\s*`, for all three lists."""
    host = machine("eth0 10.0.1.12/24", "eth1 10.0.2.12/24", "eth2 10.0.3.12/24")
    assert detect(f"interface=nothing{separator}^eth0$", host).interface == "eth0"
    assert detect(f"skip-interface=eth2{separator}eth1", host).interface == "eth0"
    assert detect(f"cidr=172.16.0.0/12{separator}10.0.1.0/24", host).interface == "eth0"


def test_blanks_at_the_ends_of_a_list_belong_to_its_patterns():
    """autodetection_methods.go trims nothing else: ` eth0` is a pattern with a blank."""
    assert detect("interface= eth0", TWO).failure == "no valid host interfaces found"
    assert detect("cidr= 10.0.0.0/8", TWO).failure


def test_the_order_of_a_list_says_nothing():
    """filtered.go and interfaces.go: the walk is over the cards, the list is one pattern."""
    assert detect("interface=eth0,eth1", TWO) == detect("interface=eth1,eth0", TWO)
    assert detect("interface=eth0,eth1", TWO).interface == "eth1"
    assert detect("cidr=10.0.0.0/8,192.168.0.0/16", TWO).interface == "eth1"


def test_an_empty_list_is_one_pattern_that_matches_every_name():
    """Splitting nothing gives one empty string: interface= takes all cards, skip-interface= none."""
    assert detect("interface=", TWO).interface == "eth1"
    assert detect("skip-interface=", TWO).failure == "no valid host interfaces found"


def test_interface_does_not_apply_default_exclusions():
    """autodetection_methods.go, autoDetectCIDRByInterface: no exclude list is handed over."""
    host = machine("eth0 10.0.1.12/24", "docker0 172.17.0.1/16")
    assert detect("interface=.*", host).interface == "docker0"
    assert detect("first-found", host).interface == "eth0"


def test_skip_interface_adds_to_the_default_exclusions():
    """autodetection_methods.go, autoDetectCIDRBySkipInterface: defaults and the given patterns."""
    host = machine("eth0 10.0.1.12/24", "eth1 10.0.2.12/24", "docker0 172.17.0.1/16", "cali1 10.244.0.1/32")
    assert detect("skip-interface=eth1", host).interface == "eth0"


def test_cidr_looks_at_every_card_whatever_its_name():
    """autodetection_methods.go, autoDetectCIDRByCIDR: neither list of names is handed over."""
    host = machine("eth0 192.168.7.221/24", "tunl0 192.168.64.1/32")
    assert detect("cidr=192.168.0.0/16", host).interface == "tunl0"


@pytest.mark.parametrize("bad", ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "eth0", "", "10.0.0/8"])
def test_one_bad_cidr_ends_the_detection(bad):
    """autodetection_methods.go: `Invalid CIDR "x" for IP autodetection method`, and nothing is returned."""
    found = detect(f"cidr=10.0.0.0/8,{bad}", TWO)
    assert (found.address, "no CIDR" in (found.failure or "")) == (None, True)


def test_host_bits_in_a_cidr_do_no_harm():
    """net.ParseCIDR masks them."""
    assert detect("cidr=10.0.1.250/24", TWO).interface == "eth0"


# --- the walk: interfaces.go, filtered.go, addr_linux.go ------------------------------------------------------------


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


@pytest.mark.parametrize("pattern", ["eth(", "*eth", "eth[", "(?=eth0)", r"(e)\1", "a**", "eth+++", "(?<!x)eth"])
def test_a_pattern_that_go_refuses_ends_the_detection(pattern):
    """interfaces.go: regexp.Compile fails, and with it the detection; RE2 knows no look-around and no reference."""
    found = detect(f"interface={pattern},eth0", TWO)
    assert (found.address, "regular expression" in (found.failure or "")) == (None, True)


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


def test_a_hostile_pattern_takes_no_time():
    """Go's matching is linear; names have 15 characters at most, and patterns are limited here."""
    started = time.monotonic()
    detect("interface=(([a-z]+)+)+$" + ",(x+x+)+y" * 20, machine(f"{'x' * 15} 10.0.0.1/24"))
    assert time.monotonic() - started < 2


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


# --- can-reach and kubernetes-internal-ip ---------------------------------------------------------------------------


def test_can_reach_takes_the_kernels_source_and_looks_it_up_on_every_card():
    """reachaddr.go: UDP toward the host, then the local address on all interfaces, excluded ones too."""
    host = machine("eth0 10.0.1.12/24", "docker0 172.17.0.1/16", route_source=lambda _: ip_address("172.17.0.1"))
    assert chosen(detect("can-reach=172.17.0.9", host)) == "172.17.0.1/16 on docker0"


def test_can_reach_fails_without_a_route_and_when_no_card_has_the_source():
    """reachaddr.go: `autodetected IPv4 address does not match any addresses found on local interfaces`."""
    assert "no route" in (
        detect("can-reach=8.8.8.8", machine("eth0 10.0.1.12/24", route_source=lambda _: None)).failure or ""
    )
    other = machine("eth0 10.0.1.12/24", route_source=lambda _: ip_address("10.9.9.9"))
    assert "on no interface" in (detect("can-reach=8.8.8.8", other).failure or "")


def test_can_reach_of_a_name_or_without_routes_is_an_open_question():
    """reachaddr.go resolves names by the node's resolver; a bundle does not hold its answer."""
    host = machine("eth0 10.0.1.12/24", route_source=lambda _: ip_address("10.0.1.12"))
    assert chosen(detect("can-reach=www.example.com", host)) == "?"
    assert chosen(detect("can-reach=8.8.8.8", machine("eth0 10.0.1.12/24"))) == "?"
    assert "IPv4" in (detect("can-reach=2001:db8::1", host).failure or "")


def test_internal_ip_is_the_first_of_its_family_and_no_other_is_tried():
    """autodetection_methods.go, autoDetectUsingK8sInternalIP: the loop ends at the first of the family."""
    host = machine("eth0 10.0.1.12/24 fd00::12/64", internal=["fd00::12", "10.0.9.9", "10.0.1.12"])
    assert "10.0.9.9" in (detect("kubernetes-internal-ip", host).failure or "")
    assert str(detect("kubernetes-internal-ip", host, family=6).address) == "fd00::12/64"


def test_internal_ip_takes_the_prefix_of_its_card_whatever_the_cards_name():
    """autodetection_methods.go, GetLocalCIDR: all interfaces are asked."""
    host = machine("br-ex 10.0.1.12/25", internal=["10.0.1.12"])
    assert chosen(detect("kubernetes-internal-ip", host)) == "10.0.1.12/25 on br-ex"


def test_no_internal_ip_of_the_family_is_a_failure():
    """autodetection_methods.go: an empty address is no CIDR, and nothing is returned."""
    assert detect("kubernetes-internal-ip", machine("eth0 10.0.1.12/24", internal=["fd00::1"])).failure


# --- what the bundle does not show ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["", "interface=eth.*", "skip-interface=x", "cidr=10.0.0.0/8"])
def test_without_the_cards_nothing_is_said(method):
    """Absence of `ip addr` is no failure of the detection."""
    assert chosen(detect(method, Machine(None))) == "?"


def test_an_invalid_method_is_invalid_without_the_cards_too():
    """autodetection_methods.go rejects it before it looks at anything."""
    assert detect("eth0", Machine(None)).failure
    assert detect("cidr=10.0.0.0", Machine(None)).failure


def test_from_the_annotation_one_card_decides_and_several_leave_it_open():
    """startup.go (v3.31) writes projectcalico.org/Interfaces sorted by name: the kernel's order is lost."""
    assert detect("", machine("eth0 10.0.1.12/32", ordered=False)).interface == "eth0"
    assert chosen(detect("", machine("eth0 10.0.1.12/32", "eth1 10.0.2.12/32", ordered=False))) == "?"
    assert (
        detect("skip-interface=eth1", machine("eth0 10.0.1.12/32", "eth1 10.0.2.12/32", ordered=False)).interface
        == "eth0"
    )


def test_what_the_annotation_leaves_out_may_be_what_a_method_wants():
    """startup.go writes the annotation with the default exclusions applied, and these methods do not apply them."""
    host = machine("eth0 10.0.1.12/32", internal=["10.0.7.7"], ordered=False)
    assert chosen(detect("interface=br-.*", host)) == "?"
    assert chosen(detect("interface=.*", host)) == "?"
    assert chosen(detect("cidr=10.0.0.0/8", host)) == "?"
    assert chosen(detect("kubernetes-internal-ip", host)) == "?"
    assert detect("interface=eth0", host).interface == "eth0"
    assert detect("interface=ens.*", host).failure == "no valid host interfaces found"


def test_an_open_question_is_not_answered_with_the_stored_address():
    """choose_address keeps a stored address on failure alone."""
    found = choose_address(Settings("autodetect", "can-reach=www.example.com"), TWO, STORED)
    assert (found.address, bool(found.undecided)) == (None, True)


# --- against an evaluator written from the rules, slow and plain ----------------------------------------------------

NAMES = ["lo", "eth0", "eth1", "ens35", "bond1", "bond1.2", "docker0", "br-cddff8a3b81c", "br0", "tunl0",
         "vxlan.calico", "cni0", "tailscale0", "cali0123456789a", "vlo7"]  # fmt: skip
ADDRESSES = ["127.0.0.1/8", "10.0.1.12/24", "10.0.1.200/32", "192.168.50.12/24", "169.254.1.1/16", "172.17.0.1/16",
             "224.0.0.9/32", "100.80.1.1/32", "fd00::12/64", "fe80::1/64", "::1/128"]  # fmt: skip
PATTERNS = ["eth.*", "eth0", "^ens", "bond1$", "bond1", "br", "lo", ".*", "x", "docker0|tunl0"]
CIDRS = ["10.0.0.0/8", "192.168.50.0/24", "fd00::/8", "10.0.1.200/32", "172.16.0.0/12"]
VERSIONS = [None, (3, 1, 0), (3, 14, 2), (3, 22, 5), (3, 23, 4), (3, 24, 5), (3, 24, 6), (3, 28, 5)]


def slow_pick(cards, family, wanted, unwanted, networks):
    """Newest card first; in it the first fitting address. One condition after the other, no pattern joined."""
    best = None
    some_name = False
    for name, addresses in cards:
        if wanted is not None and not any(re.search(p, name) for p in wanted):
            continue
        if any(re.search(p, name) for p in unwanted):
            continue
        some_name = True
        mine = None
        for text in reversed(addresses):
            host = ip_address(text.split("/")[0])
            bad = ["127.", "169.254.", "224.", "255.255.255.255"] if host.version == 4 else ["::1", "fe80", "ff"]
            if host.version != family or any(text.startswith(b) for b in bad):
                continue
            if networks is None or any(host.version == n.version and host in n for n in networks):
                mine = text
        best = (mine, name) if mine else best
    return best or ("no address" if some_name else "no name")


def slow(method, cards, version, family):
    kind, _, rest = method.partition("=")
    parts = [part.strip() for part in rest.split(",")]
    defaults = list(default_exclusions(version))
    if kind == "interface":
        return slow_pick(cards, family, parts, [], None)
    if kind == "cidr":
        return slow_pick(cards, family, None, [], [ip_network(p) for p in parts])
    return slow_pick(cards, family, None, defaults + (parts if kind == "skip-interface" else []), None)


methods = st.one_of(
    st.just(""),
    st.just("first-found"),
    st.builds(lambda k, p: f"{k}={','.join(p)}", st.sampled_from(["interface", "skip-interface"]),
              st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3)),
    st.lists(st.sampled_from(CIDRS), min_size=1, max_size=3).map(lambda c: "cidr=" + " , ".join(c)),
)  # fmt: skip
hosts = st.lists(
    st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(ADDRESSES), max_size=3)),
    max_size=6,
    unique_by=lambda c: c[0],
)


@given(methods, hosts, st.sampled_from(VERSIONS), st.sampled_from([4, 6]))
def test_agrees_with_a_slow_evaluator_written_from_the_rules(method, cards, version, family):
    found = detect(method, Machine(tuple(Card(n, tuple(map(ip_interface, a))) for n, a in cards)), version, family)
    expected = slow(method, cards, version, family)
    assert found.undecided is None
    if expected == "no name":
        assert found.failure == "no valid host interfaces found"
    elif expected == "no address":
        assert found.failure == f"no valid IPv{family} addresses found on the host interfaces"
    else:
        assert (str(found.address), found.interface) == expected


@given(
    st.text(max_size=40),
    st.sampled_from(["", "interface=", "skip-interface=", "cidr=", "can-reach=", "kubernetes-internal-ip"]),
)
def test_any_method_ends_in_exactly_one_of_three_ways(text, prefix):
    host = machine("eth0 10.0.1.12/24", internal=["10.0.1.12"], route_source=lambda _: ip_address("10.0.1.12"))
    found = detect(prefix + text, host)
    assert [found.address is not None, found.failure is not None, found.undecided is not None].count(True) == 1


@given(st.one_of(st.none(), st.text(max_size=20)), st.sampled_from([None, STORED]), st.sampled_from([4, 6]))
def test_any_ip_setting_ends_without_an_exception(ip, stored, family):
    found = choose_address(Settings(ip, "first-found", family=family), TWO, stored)
    assert found.address is not None or found.failure is not None
