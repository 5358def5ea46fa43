"""Which reverse-path filter is in force on an interface."""

from __future__ import annotations

import pytest

from calico_bundle.network.settings import reverse_path_filter
from tests.network.hand_made import machine


def mode(sysctls: str | None, interface: str = "eth0") -> int | None:
    value, evidence = reverse_path_filter(machine("n1", sysctls=sysctls), interface)
    assert (value is None) == (evidence is None)
    return value


@pytest.mark.parametrize(
    "everywhere, here, expected", [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 2, 2), (2, 1, 2), (0, 2, 2), (2, 2, 2)]
)
def test_the_larger_value_counts(everywhere: int, here: int, expected: int):
    """ip-sysctl: the maximum of conf/all and conf/INTERFACE is used, so loose (2) on one side beats strict (1)."""
    text = f"net.ipv4.conf.all.rp_filter = {everywhere}\nnet.ipv4.conf.eth0.rp_filter = {here}"
    assert mode(text) == expected


def test_the_line_that_counts_is_cited():
    node = machine("n1", sysctls="net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 1")
    _, evidence = reverse_path_filter(node, "eth0")
    assert evidence is not None
    assert evidence.text == "net.ipv4.conf.eth0.rp_filter = 1"


def test_not_recorded_is_not_off():
    assert mode(None) is None
    assert mode("net.ipv4.ip_forward = 1") is None


def test_one_half_alone_decides_nothing():
    """The other half may be larger."""
    assert mode("net.ipv4.conf.all.rp_filter = 0") is None
    assert mode("net.ipv4.conf.eth0.rp_filter = 0") is None


@pytest.mark.parametrize("value", ["none", "²", "٣", "9" * 5000])
def test_value_that_is_no_number_decides_nothing(value: str):
    assert mode(f"net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = {value}") is None


@pytest.mark.parametrize("printed", ["vxlan/calico", "vxlan.calico"])
def test_dots_of_an_interface_are_printed_as_slashes(printed: str):
    """sysctl(8) swaps dots and slashes in keys; collectors that read /proc/sys may keep the dot."""
    text = f"net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.{printed}.rp_filter = 1"
    assert mode(text, "vxlan.calico") == 1


def test_settings_of_other_interfaces_do_not_count():
    text = "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0\nnet.ipv4.conf.eth1.rp_filter = 1"
    assert mode(text) == 0


@pytest.mark.parametrize("everywhere, expected", [(2, 2), (0, None), (1, None), (None, None)])
def test_card_that_is_not_known_is_decided_only_where_every_card_has_the_same(
    everywhere: int | None, expected: int | None
):
    """The maximum is 2 whatever the card says; with 0 or 1 on `all`, the card's own value may be larger."""
    text = "net.ipv4.conf.eth0.rp_filter = 1"
    text += "" if everywhere is None else f"\nnet.ipv4.conf.all.rp_filter = {everywhere}"
    value, evidence = reverse_path_filter(machine("n1", sysctls=text), None)
    assert value == expected
    assert (evidence.text if evidence else None) == (None if value is None else "net.ipv4.conf.all.rp_filter = 2")
