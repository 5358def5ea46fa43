"""Routes that nobody recorded, worked out from Calico's rules: what is decided, and what stays open."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import IPPoolFact, RouteFact
from calico_bundle.network.forwarding import Forwarding
from tests.network.hand_made import NOWHERE, blocks_of, card, cluster, lan_node, machine, pod, pool


def unseen(number: int, **changed: Any) -> ClusterNode:
    """A node of which only its Node object is there."""
    given = {
        "internal": f"10.0.1.{10 + number}",
        "calico": f"10.0.1.{10 + number}/24",
        "vxlan_tunnel_ip": ip_address(f"10.244.{number}.0"),
    }
    return machine(f"node-{number}", **{**given, **changed})


def pool_with(*, vxlan: str = "Never", ipip: str = "Never") -> IPPoolFact:
    return IPPoolFact("pool", pool().cidr, ipip, vxlan, True, False, False, 26, None, NOWHERE)


def looked_up(to: str, *nodes: ClusterNode, **facts: Any) -> tuple[RouteFact | None, str | None]:
    """What the first node's predicted routing says of an address."""
    where = cluster(*nodes, **{"pools": (pool(),), "blocks": blocks_of(1, 2), **facts})
    found = Forwarding(where).routing(nodes[0]).lookup(ip_address(to))
    return found.route, found.undecided


def next_hop(to: str, *nodes: ClusterNode, **facts: Any) -> tuple[str, str | None]:
    route, undecided = looked_up(to, *nodes, **facts)
    assert route is not None, undecided
    (hop,) = route.next_hops
    return str(hop.gateway), hop.device


def test_own_addresses_are_local():
    route, _ = looked_up("10.0.1.11", unseen(1))
    assert route is not None
    assert route.type == "local"


def test_own_pods_are_behind_their_cables():
    gateway, device = next_hop("10.244.1.2", unseen(1), pods=(pod("a", "node-1", "10.244.1.2"),))
    assert (gateway, (device or "").startswith("cali")) == ("None", True)


def test_vxlan_routes_are_felixs_and_need_no_session():
    """vxlan_mgr.go: from the datastore, to the far node's tunnel address."""
    assert next_hop("10.244.2.2", unseen(1), unseen(2), pools=(pool_with(vxlan="Always"),)) == (
        "10.244.2.0",
        "vxlan.calico",
    )


def test_vxlan_without_the_far_tunnel_address_is_open():
    far = unseen(2, vxlan_tunnel_ip=None)
    route, undecided = looked_up("10.244.2.2", unseen(1), far, pools=(pool_with(vxlan="Always"),))
    assert route is None
    assert "tunnel address of node-2" in (undecided or "")


def test_vxlan_within_the_subnet_goes_plainly():
    """nodeInOurSubnet: CrossSubnet compares the far address with the node's own stored network."""
    crossing = (pool_with(vxlan="CrossSubnet"),)
    gateway, device = next_hop("10.244.2.2", unseen(1), unseen(2), pools=crossing)
    assert (gateway, device != "vxlan.calico") == ("10.0.1.12", True)
    other_subnet = unseen(2, calico="192.168.50.12/24")
    assert next_hop("10.244.2.2", unseen(1), other_subnet, pools=crossing) == ("10.244.2.0", "vxlan.calico")


def test_route_over_bgp_needs_a_session():
    assert next_hop("10.244.2.2", unseen(1, sessions="10.0.1.12 Established"), unseen(2))[0] == "10.0.1.12"
    assert looked_up("10.244.2.2", unseen(1, sessions="10.0.1.12 Active"), unseen(2)) == (None, None)
    route, undecided = looked_up("10.244.2.2", unseen(1), unseen(2))
    assert route is None
    assert "BGP session" in (undecided or "")


def test_next_hop_in_another_network_goes_to_a_router():
    """BIRD resolves it in the node's own table: through the default gateway, which knows no pods."""
    far = unseen(2, calico="192.168.50.12/24")
    session = {"sessions": "192.168.50.12 Established", "internal": "10.0.1.11", "calico": "10.0.1.11/24"}
    one_card = machine("node-1", card("eth0", "10.0.1.11/24"), **session)
    assert next_hop("10.244.2.2", one_card, far)[0] == "None"


def test_card_in_the_network_of_the_next_hop_may_be_there_where_cards_were_not_recorded():
    far = unseen(2, calico="192.168.50.12/24")
    route, undecided = looked_up("10.244.2.2", unseen(1, sessions="192.168.50.12 Established"), far)
    assert route is None
    assert undecided


@pytest.mark.parametrize(
    "facts, changed, said",
    [
        ({"pools": ()}, {}, "no IPPool"),
        ({"blocks": blocks_of(1)}, {}, "which node has"),
        ({}, {"calico": None}, "Calico addresses"),
    ],
)
def test_what_is_not_known_is_said(facts: dict[str, Any], changed: dict[str, Any], said: str):
    target = "10.244.2.2"
    pods = (pod("a", "node-2", target),) if not facts.get("pools", True) else ()
    route, undecided = looked_up(target, unseen(1), unseen(2, **changed), pods=pods, **facts)
    assert route is None
    assert said in (undecided or "")


def test_connected_networks_of_recorded_cards():
    node = machine("node-1", card("eth0", "10.0.1.11/24"), card("eth1", "192.168.50.11/24"), internal="10.0.1.11")
    assert next_hop("192.168.50.99", node) == ("None", "eth1")


def test_default_route_is_not_known_from_nothing():
    route, undecided = looked_up("8.8.8.8", unseen(1))
    assert route is None
    assert "default route" in (undecided or "")


def test_ready_pod_with_a_probe_shows_that_its_gateway_answers():
    """The kubelet probes a pod from its node: it answers by 169.254.1.1, which needs a default route."""
    probed = pod("a", "node-1", "10.244.1.2", network_probe=True)
    route, undecided = looked_up("8.8.8.8", unseen(1), pods=(probed,))
    assert (route is not None, undecided) == (True, None)
    for changed in ({"ready": False}, {"host_network": True}):
        same = pod("a", "node-1", "10.244.1.2", network_probe=True, **changed)
        assert looked_up("8.8.8.8", unseen(1), pods=(same,))[0] is None


def test_recorded_routes_come_before_predicted_ones():
    where: Cluster = cluster(lan_node(1, 2), lan_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2))
    route = Forwarding(where).routing(where.nodes["node-1"]).lookup(ip_address("10.244.2.2")).route
    assert route is not None
    assert route.protocol == "bird"
