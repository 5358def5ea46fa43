"""Calico's tunnels: outer addresses, and the sources that a receiver accepts."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from calico_bundle.facts import NextHop
from calico_bundle.network.tunnels import TunnelEnds
from tests.network.hand_made import card, cluster, lan_node, machine

VXLAN = "vxlan id 4096 local 192.168.50.11 dev eth1 srcport 0 0 dstport 4789"


def hop(gateway: str | None, device: str = "vxlan.calico") -> NextHop:
    return NextHop(ip_address(gateway) if gateway else None, device, ("onlink",), 1)


def ends(node, *others, gateway: str | None = "10.244.2.0", device: str = "vxlan.calico"):
    found = TunnelEnds(cluster(node, *others)).ends(node, hop(gateway, device), lambda *_: ip_address("10.9.9.9"))
    return found if isinstance(found, str) else tuple(map(str, found))


def far(calico: str | None = "10.0.1.12/24"):
    return machine("node-2", internal="10.0.1.12", calico=calico, vxlan_tunnel_ip=ip_address("10.244.2.0"))


def test_devices_that_are_tunnels():
    node = machine("n1", card("eth0", "10.0.1.11/24"), card("flannel.1", kind="vxlan id 1 local 10.0.1.11 dev eth0"))
    tunnels = TunnelEnds(cluster(node))
    assert [tunnels.is_tunnel(node, d) for d in ("vxlan.calico", "tunl0", "flannel.1", "eth0")] == [
        True,
        True,
        True,
        False,
    ]


def test_vxlan_goes_between_the_nodes_stored_addresses():
    """vxlan_mgr.go: parent device and destination come from the stored addresses."""
    assert ends(lan_node(1), far()) == ("10.0.1.11", "10.0.1.12")


def test_local_address_of_the_device_comes_before_the_annotation():
    node = machine("node-1", card("vxlan.calico", kind=VXLAN), calico="10.0.1.11/24")
    assert ends(node, far()) == ("192.168.50.11", "10.0.1.12")


def test_far_end_is_found_by_the_address_of_its_device():
    other = machine("node-2", card("vxlan.calico", "10.244.2.0/32"), calico="10.0.1.12/24")
    assert ends(lan_node(1), other) == ("10.0.1.11", "10.0.1.12")


def test_unknown_far_end_is_said():
    assert "no node" in ends(lan_node(1))
    assert "no node" in ends(lan_node(1), far(calico=None))
    assert "names no far end" in ends(lan_node(1), far(), gateway=None)


def test_outer_source_of_ipip_is_the_kernels_choice():
    """projectcalico/calico#8367: tunl0 has no local address, so the route to the far end decides."""
    assert ends(lan_node(1), lan_node(2), gateway="10.0.1.12", device="tunl0") == ("10.9.9.9", "10.0.1.12")


def test_receiver_accepts_stored_addresses_alone():
    """Felix rules/static.go: tunnel packets are accepted from the set of Calico hosts."""
    tunnels = TunnelEnds(cluster(lan_node(1), lan_node(2)))
    assert tunnels.accepts(ip_address("10.0.1.12")) is True
    assert tunnels.accepts(ip_address("10.0.1.99")) is False


def test_nobody_can_tell_whom_a_receiver_refuses():
    """With one stored address missing, or the source not known, it may be that very one."""
    tunnels = TunnelEnds(cluster(lan_node(1), machine("node-2", internal="10.0.1.12")))
    assert tunnels.accepts(ip_address("10.0.1.99")) is None
    assert TunnelEnds(cluster(lan_node(1))).accepts(None) is None
    assert TunnelEnds(cluster(machine("n1", kubernetes=None))).accepts(ip_address("10.0.1.99")) is None


def test_tunnel_of_any_name_is_known_by_its_kind():
    node = machine("n1", card("mytun", "10.9.0.1/32", kind="ipip remote any local any"), card("eth0", "10.0.1.11/24"))
    assert [TunnelEnds(cluster(node)).is_tunnel(node, d) for d in ("mytun", "eth0", "gone")] == [True, False, False]


def test_outer_source_of_vxlan_is_open_where_neither_device_nor_object_tells_it():
    found = TunnelEnds(cluster(machine("node-1"), far())).ends(machine("node-1"), hop("10.244.2.0"), lambda *_: None)
    assert found == (None, ip_address("10.0.1.12"))


@pytest.mark.parametrize("device", ["flannel.1", "flannel.4096", "wireguard.cali"])
def test_tunnels_whose_far_ends_no_route_tells(device: str):
    """Plain `ip addr` does not print a device's kind; flannel and WireGuard keep the far ends elsewhere."""
    node = machine("n1", card("eth0", "10.0.1.11/24"), card(device))
    assert TunnelEnds(cluster(node)).is_tunnel(node, device)
    assert "far end" in str(ends(node, gateway="10.244.2.0", device=device))
    assert isinstance(ends(node, gateway=None, device=device), str)
