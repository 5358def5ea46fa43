"""What each method string of the autodetection means, with the file each rule comes from (AutoDetectCIDR).

Paths are those of projectcalico/calico, in node/pkg/lifecycle/startup/autodetection/.
"""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from calico_bundle.calico.detection import detect
from tests.calico.machines import TWO, chosen, machine


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


def test_skip_interface_adds_to_the_exclusions_of_the_version():
    """autodetection_linux.go: br-* since v3.25."""
    host = machine("eth0 10.0.1.12/24", "br-0123 172.18.0.1/16")
    assert detect("skip-interface=eth7", host, (3, 24, 6)).interface == "br-0123"
    assert detect("skip-interface=eth7", host, (3, 25, 0)).interface == "eth0"
