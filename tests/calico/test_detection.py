"""Every rule of Calico's address autodetection, each as a test that names the file it comes from.

Paths are those of projectcalico/calico; `startup.go` is node/pkg/lifecycle/startup/startup.go, the other files are in
node/pkg/lifecycle/startup/autodetection/.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from calico_bundle.calico.detection import Machine, OpenRouteError, Settings, choose_address, detect
from tests.calico.machines import NONE_STORED, NOTHING, STORED, STORED_6, TWO, chosen, machine

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


def test_internal_ip_is_chosen_without_the_cards_and_its_prefix_stays_open():
    """The method asks the Node and not the cards; they only give the prefix."""
    found = detect("kubernetes-internal-ip", Machine(None, (ip_address("10.0.1.12"),)))
    assert (found.address.ip if found.address else None, found.interface) == (ip_address("10.0.1.12"), None)
    assert (found.failure, found.undecided) == (None, None)


def test_internal_ip_on_an_annotated_card_has_no_prefix_to_take():
    """startup.go writes addresses without their mask into projectcalico.org/Interfaces."""
    found = detect("kubernetes-internal-ip", machine("eth0 10.0.1.12/32", internal=["10.0.1.12"], ordered=False))
    assert chosen(found) == "10.0.1.12/32 on eth0"


def test_open_route_of_can_reach_says_what_is_missing():
    def open_route(_: object) -> None:
        raise OpenRouteError("rule `from all uidrange 0-0 lookup 7` may apply")

    found = detect("can-reach=8.8.8.8", machine("eth0 10.0.1.12/24", route_source=open_route))
    assert found.undecided == "rule `from all uidrange 0-0 lookup 7` may apply"


@pytest.mark.parametrize("version, expected", [((3, 18), "10.0.1.12/24"), ((3, 17), "10.0.1.12/32")])
def test_bare_literal_of_a_version_without_patch(version, expected):
    """startup.go since v3.18.0."""
    assert choose_address(Settings("10.0.1.12", None, version), TWO, STORED).address == ip_interface(expected)


@pytest.mark.parametrize("method", ["eth0", "gateway=10.0.1.1"])
def test_invalid_method_is_named(method):
    assert repr(method) in (detect(method, TWO).failure or "")
