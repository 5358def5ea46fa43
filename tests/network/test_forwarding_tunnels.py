"""One packet through tunnels: outer ends, the receiver's checks, devices that are not there."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.network.outcome import Hop, Outcome, Why
from tests.network.hand_made import blocks_of, card, cluster, machine, pool, routes_of
from tests.network.walks import walk, why


def vxlan_node(number: int, other: int, **changed: Any):
    """A node under VXLAN: routes to the other's block through vxlan.calico, as Felix writes them."""
    address = f"10.0.1.{10 + number}"
    detail = f"vxlan id 4096 local {address} dev eth0 srcport 0 0 dstport 4789"
    given = {
        "routes": routes_of(number) + f"\n10.244.{other}.0/26 via 10.244.{other}.0 dev vxlan.calico proto 80 onlink",
        "internal": address,
        "calico": f"{address}/24",
        "vxlan_tunnel_ip": ip_address(f"10.244.{number}.0"),
    }
    cards = [card("eth0", f"{address}/24"), card("vxlan.calico", f"10.244.{number}.0/32", kind=detail)]
    return machine(f"node-{number}", *changed.pop("cards", cards), **{**given, **changed})


def vxlan(one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> Cluster:
    nodes = vxlan_node(1, 2, **(one or {})), vxlan_node(2, 1, **(other or {}))
    return cluster(*nodes, pools=(pool(),), blocks=blocks_of(1, 2))


def test_vxlan_carries():
    found = walk(vxlan(), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.delivered
    assert [(h.node, h.does) for h in found.hops] == [
        ("node-1", "encapsulates"),
        ("node-1", "routes"),
        ("node-2", "delivers"),
        ("node-2", "delivers"),
    ]
    assert found.hops[0].found == "10.0.1.11 to 10.0.1.12"


def test_outer_packet_that_is_lost_takes_the_inner_one_with_it():
    where = vxlan({"neighbors": "10.0.1.12 dev eth0 FAILED"})
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.NEXT_HOP_SILENT
    assert found.hops[0].does == "encapsulates"


def test_receiver_without_the_device():
    """udp_queue_rcv_skb(): no socket takes port 4789 where the device is not there."""
    where = vxlan(other={"cards": [card("eth0", "10.0.1.12/24")]})
    assert why(walk(where, "node-1", "10.244.1.2", "10.244.2.2")) is Why.NO_TUNNEL_DEVICE


def test_receiver_whose_devices_were_not_recorded_is_not_said_to_lack_the_device():
    local = routes_of(2) + "\nlocal 10.0.1.12 dev eth0 table local scope host src 10.0.1.12"
    found = walk(vxlan(other={"cards": [], "routes": local}), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.outcome in (Outcome.DELIVERED, Outcome.UNKNOWN)
    if found.cause is not None:
        assert "None" not in found.cause.text
        assert " on *" not in found.cause.text


def test_card_that_is_not_known_is_not_filtered_by_half_a_setting():
    """`all` alone says nothing of the card that the packet came in by."""
    local = routes_of(2) + "\nlocal 10.0.1.12 dev eth0 table local scope host src 10.0.1.12"
    back = local.replace("default via 10.0.1.1 dev eth0", "default via 192.168.50.1 dev eth1")
    half = {
        "cards": [],
        "routes": back.replace("10.0.1.0/24 dev eth0", "10.0.7.0/24 dev eth0"),
        "sysctls": "net.ipv4.conf.all.rp_filter = 0",
    }
    assert walk(vxlan(other=half), "node-1", "10.244.1.2", "10.244.2.2").outcome is Outcome.UNKNOWN


def test_tunnel_source_is_refused():
    """Felix rules/static.go: VXLAN and IPIP packets are dropped unless they come from a node's stored address."""
    detail = "vxlan id 4096 local 10.0.1.111 dev eth0 srcport 0 0 dstport 4789"
    cards = [card("eth0", "10.0.1.11/24", "10.0.1.111/24"), card("vxlan.calico", "10.244.1.0/32", kind=detail)]
    found = walk(vxlan({"cards": cards}), "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.TUNNEL_SOURCE_REFUSED
    assert found.cause is not None
    assert str(found.cause.toward) == "10.0.1.111"


def test_tunnel_to_nobody_is_open():
    where = vxlan(other={"vxlan_tunnel_ip": None, "cards": [card("eth0", "10.0.1.12/24")]})
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)


def ipip_node(number: int, other: int, *cards: str, **changed: Any):
    address = f"10.0.1.{10 + number}"
    given = {
        "routes": routes_of(number) + f"\n10.244.{other}.0/26 via 10.0.1.{10 + other} dev tunl0 proto bird onlink",
        "internal": address,
        "calico": f"{address}/24",
    }
    held = cards or (card("eth0", f"{address}/24"), card("tunl0", f"10.244.{number}.0/32"))
    return machine(f"node-{number}", *held, **{**given, **changed})


def test_ipip_carries():
    where = cluster(ipip_node(1, 2), ipip_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2))
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert found.delivered
    assert found.hops[0].found == "10.0.1.11 to 10.0.1.12"


def test_outer_source_of_ipip_is_refused_where_it_is_not_the_stored_one():
    """projectcalico/calico#8367: the kernel takes the address of the way out, Felix accepts stored addresses."""
    two_cards = (card("eth0", "10.0.1.11/24"), card("eth1", "192.168.50.11/24"), card("tunl0", "10.244.1.0/32"))
    odd = ipip_node(1, 2, *two_cards, calico="192.168.50.11/24")
    where = cluster(odd, ipip_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2))
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.TUNNEL_SOURCE_REFUSED
    assert found.node == "node-2"


def test_tunnel_that_leads_into_itself_ends():
    """A far end whose own route goes into the same tunnel; the kernel stops such recursion (xmit_recursion)."""
    routes = routes_of(1).replace("10.0.1.0/24 dev eth0", "10.0.9.0/24 dev eth0")
    looped = routes + "\n10.244.2.0/26 via 10.244.2.1 dev tunl0 onlink"
    where = cluster(ipip_node(1, 2, routes=looped), ipip_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2))
    assert not walk(where, "node-1", "10.244.1.2", "10.244.2.2").delivered


def test_vxlan_of_flannel_ends():
    """Canal: flannel's own device; its routes have the far node's inner address as gateway, and no outer ends."""
    nodes = []
    for number, other in ((1, 2), (2, 1)):
        address = f"10.0.1.{10 + number}"
        flannel = card("flannel.1", f"10.244.{number}.0/32", kind=f"vxlan id 1 local {address} dev eth0 dstport 8472")
        routes = routes_of(number) + f"\n10.244.{other}.0/24 via 10.244.{other}.0 dev flannel.1 onlink"
        nodes.append(machine(f"node-{number}", card("eth0", f"{address}/24"), flannel, routes=routes, internal=address))
    found = walk(cluster(*nodes, pools=(pool(),)), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.outcome in (Outcome.DELIVERED, Outcome.UNKNOWN)


# --- what is said of a tunnel ---------------------------------------------------------------------------------------


def test_wrapping_quotes_the_route_into_the_tunnel():
    found = walk(vxlan(), "node-1", "10.244.1.2", "10.244.2.2")
    route = "10.244.2.0/26 via 10.244.2.0 dev vxlan.calico proto 80 onlink"
    taken = Evidence("node-1/ip-route.txt", 5, route)
    assert found.hops[0] == Hop("node-1", "encapsulates", route, None, "10.0.1.11 to 10.0.1.12", taken)


def test_what_the_receiver_refuses_is_named_by_its_outer_source():
    """The address in question is the outer one: the inner packet is nobody's fault."""
    no_device = vxlan(other={"cards": [card("eth0", "10.0.1.12/24")]})
    detail = "vxlan id 4096 local 10.0.1.111 dev eth0 srcport 0 0 dstport 4789"
    cards = [card("eth0", "10.0.1.11/24", "10.0.1.111/24"), card("vxlan.calico", "10.244.1.0/32", kind=detail)]
    for where, outer, said in (
        (no_device, "10.0.1.11", ("the device vxlan.calico", "none of that name")),
        (vxlan({"cards": cards}), "10.0.1.111", ("a packet from 10.0.1.11", "one from 10.0.1.111")),
    ):
        found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
        assert found.cause is not None
        assert (found.outcome, found.node, found.interface) == (Outcome.LOST, "node-2", "vxlan.calico")
        assert (found.cause.node, str(found.cause.toward)) == ("node-2", outer)
        assert (found.hops[-1].expected, found.hops[-1].found) == said


def test_source_that_may_be_a_missing_stored_address_is_open():
    """Felix takes tunnel packets from every node's stored address; node-3's is not in the bundle."""
    third = machine("node-3", internal="10.0.1.13")
    detail = "vxlan id 4096 local 10.0.1.111 dev eth0 srcport 0 0 dstport 4789"
    cards = [card("eth0", "10.0.1.11/24", "10.0.1.111/24"), card("vxlan.calico", "10.244.1.0/32", kind=detail)]
    nodes = vxlan_node(1, 2, cards=cards), vxlan_node(2, 1), third
    found = walk(cluster(*nodes, pools=(pool(),), blocks=blocks_of(1, 2)), "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found), found.node) == (Outcome.UNKNOWN, Why.UNDECIDED, "node-2")
    assert found.cause is not None
    assert (found.cause.node, str(found.cause.toward)) == ("node-2", "10.0.1.111")
    assert "node-2 takes tunnel packets from 10.0.1.111" in found.cause.text


# --- the outer source of IPIP ---------------------------------------------------------------------------------------


def ipip_walk(**one: Any):
    cards = (card("eth0", "10.0.1.11/24"), card("eth1", "192.168.50.11/24"), card("tunl0", "10.244.1.0/32"))
    where = cluster(ipip_node(1, 2, *cards, **one), ipip_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2))
    return walk(where, "node-1", "10.244.1.2", "10.244.2.2")


TO_TUNNEL = "10.244.2.0/26 via 10.0.1.12 dev tunl0 proto bird onlink"


def test_outer_source_is_that_of_the_route_to_the_far_end():
    """ip_tunnel_xmit(): the look-up is for the outer destination; the default route has nothing to do with it."""
    routes = f"default via 192.168.50.1 dev eth1\n10.0.1.0/24 dev eth0 scope link\n{TO_TUNNEL}"
    assert ipip_walk(routes=routes).hops[0].found == "10.0.1.11 to 10.0.1.12"


def test_outer_source_on_a_connected_network_is_the_address_in_it():
    """inet_select_addr(): of several addresses of the card, the one whose network holds the far end."""
    cards = (card("eth0", "10.0.9.11/24", "10.0.1.11/24"), card("tunl0", "10.244.1.0/32"))
    routes = f"default via 10.0.1.1 dev eth0\n10.0.1.0/24 dev eth0 scope link\n{TO_TUNNEL}"
    where = cluster(ipip_node(1, 2, *cards, routes=routes), ipip_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2))
    assert walk(where, "node-1", "10.244.1.2", "10.244.2.2").hops[0].found == "10.0.1.11 to 10.0.1.12"


def test_far_end_without_a_route_to_it():
    """The outer packet has no way out of its own node."""
    found = ipip_walk(routes=f"169.254.1.1 via 192.168.50.1 dev eth1\n192.168.50.0/24 dev eth1 scope link\n{TO_TUNNEL}")
    assert why(found) is Why.NO_ROUTE
    assert (found.node, found.cause.text if found.cause else "") == ("node-1", "node-1 has no route to 10.0.1.12")
