"""Predicted routes field by field, per pool mode, writer and version; and walks that rest on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import (
    NextHop,
)
from calico_bundle.network.outcome import Outcome, Walk, Why
from tests.network.hand_made import blocks_of, card, cluster, machine, pod, pool
from tests.network.unseen import (
    BLOCK,
    ONE,
    STORED,
    TWO,
    UP,
    line_of,
    looked_up,
    moded,
    predicted,
    unseen,
    version,
)
from tests.network.walks import walk, why

# --- own addresses and networks -------------------------------------------------------------------------------------


def test_own_address_is_local_and_rests_on_the_stored_one():
    assert looked_up("10.0.1.11", ONE) == predicted("local", "10.0.1.11/32", None, "lo", cited=STORED)


def test_stored_and_internal_addresses_are_own_where_cards_were_not_recorded():
    node = unseen(1, internal="10.0.1.11", calico="192.168.50.11/24")
    for own in ("10.0.1.11", "192.168.50.11"):
        assert looked_up(own, node).route is not None, own
    assert looked_up("192.168.50.12", node).route is None


def test_own_addresses_are_those_of_the_cards_where_they_were_recorded():
    """A stored address that no card has is stale: the kernel has no local route for it."""
    node = unseen(1, card("eth0", "10.0.1.11/24"), card("eth1", "10.9.1.11/24"), calico="192.168.50.11/24")
    types = [found.route.type if (found := looked_up(a, node)).route else None for a in ("10.9.1.11", "192.168.50.11")]
    assert types == ["local", None]


def test_own_address_within_the_own_block_is_local_alone():
    """fib_add_ifaddr(): the local route of a tunnel's address is a /32, and no route of its block."""
    node = unseen(1, card("eth0", "10.0.1.11/24"), card("vxlan.calico", "10.244.1.0/32"))
    assert looked_up("10.244.1.0", node) == predicted("local", "10.244.1.0/32", None, "lo", cited=STORED)


def test_own_pod_is_behind_its_cable():
    found = looked_up("10.244.1.2", ONE, pods=(pod("a", "node-1", "10.244.1.2"),)).route
    assert found is not None
    assert (found.type, found.next_hops) == ("unicast", (NextHop(None, "cali*", (), 1),))


def test_connected_network_of_the_stored_address():
    assert looked_up("10.0.1.99", ONE) == predicted("unicast", "10.0.1.99/32", None, "*", cited=STORED)


def test_stored_address_that_is_not_the_internal_ip_may_be_stale_and_connects_nothing():
    assert looked_up("192.168.50.99", unseen(1, calico="192.168.50.11/24")).undecided


def test_smallest_connected_network_wins():
    """fib_table_lookup(): the longest prefix, whatever the order of the cards."""
    node = unseen(1, card("eth0", "10.0.0.11/8"), card("eth1", "10.0.1.11/24"), card("eth2", "10.0.0.12/16"))
    devices = [looked_up(a, node).route.next_hops[0].device for a in ("10.0.1.99", "10.0.2.99", "10.9.9.9")]  # type: ignore[union-attr]
    assert devices == ["eth1", "eth2", "eth0"]


def test_card_that_is_down_connects_nothing_and_one_without_carrier_does():
    """fib_disable_ip() removes the routes of a card that goes down; without carrier they stay as linkdown."""
    down = card("eth0", "10.0.1.11/24").replace("UP,LOWER_UP", "").replace(",>", ">")
    assert looked_up("10.0.1.99", unseen(1, down)).route is None
    silent = card("eth0", "10.0.1.11/24").replace("BROADCAST,MULTICAST,UP,LOWER_UP", "NO-CARRIER,BROADCAST,UP")
    assert looked_up("10.0.1.99", unseen(1, silent)).route is not None


def test_default_route_that_a_ready_pod_shows():
    """The pod's gateway answers only where the node has a default route; which card and router it has is not known."""
    probed = (pod("a", "node-1", "10.244.1.2", network_probe=True),)
    found = looked_up("8.8.8.8", ONE, pods=probed)
    assert found == predicted("unicast", "8.8.8.8/32", None, "?", "router", cited=STORED)


# --- pods of other nodes: calico.md 6.5 and samples of routes in section 7 ------------------------------------------


@pytest.mark.parametrize("far", ["10.0.1.12/24", "192.168.50.12/24"])
def test_felix_sends_vxlan_to_the_far_tunnel_address(far: str):
    found = looked_up("10.244.2.2", ONE, unseen(2, calico=far), pools=moded(vxlan="Always"))
    assert found == predicted("unicast", BLOCK, "10.244.2.0", "vxlan.calico", "onlink", cited=STORED)


@pytest.mark.parametrize(
    "cards, device", [((), "*"), ((card("eth0", "10.9.0.1/24"), card("eth1", "10.0.1.11/24")), "eth1")]
)
def test_felix_writes_same_subnet_routes_by_the_card_of_the_stored_address(cards: tuple[str, ...], device: str):
    """route_mgr.go, detectParentIface: the card that holds the stored address."""
    found = looked_up("10.244.2.2", unseen(1, *cards), TWO, pools=moded(vxlan="CrossSubnet"))
    assert found == predicted("unicast", BLOCK, "10.0.1.12", device, "onlink", cited=STORED)


def test_felix_writes_ipip_from_v3_33_without_a_session():
    found = looked_up("10.244.2.2", ONE, TWO, pools=moded(ipip="Always"), daemonsets=version("v3.33.0"))
    assert found == predicted("unicast", BLOCK, "10.0.1.12", "tunl0", "onlink", cited=STORED)
    near = looked_up("10.244.2.2", ONE, TWO, pools=moded(ipip="CrossSubnet"), daemonsets=version("v3.33.0"))
    assert near == predicted("unicast", BLOCK, "10.0.1.12", "*", "onlink", cited=STORED)


def test_bird_writes_ipip_up_to_v3_32_and_needs_a_session():
    ipip = {"pools": moded(ipip="Always"), "daemonsets": version("v3.28.5")}
    found = looked_up("10.244.2.2", unseen(1, **UP), TWO, **ipip)
    assert found == predicted("unicast", BLOCK, "10.0.1.12", "tunl0", "onlink", cited=line_of(found))
    assert line_of(found).text.startswith("Mesh_10_0_1_12")
    down = looked_up("10.244.2.2", unseen(1, sessions="10.0.1.12 Connect"), TWO, **ipip)
    assert (down.route, down.undecided, down.observed) == (None, None, True)
    assert [e.text.split()[-1] for e in down.evidence] == ["Connect"]
    assert looked_up("10.244.2.2", ONE, TWO, **ipip).undecided


@pytest.mark.parametrize("cards, device", [((), "*"), ((card("eth7", "10.0.1.11/24"),), "eth7")])
def test_bird_writes_plain_routes_by_the_connected_card(cards: tuple[str, ...], device: str):
    found = looked_up("10.244.2.2", unseen(1, *cards, **UP), TWO)
    assert found == predicted("unicast", BLOCK, "10.0.1.12", device, cited=line_of(found))
    assert "Established" in line_of(found).text


def test_bird_resolves_a_next_hop_of_another_network_through_a_router():
    """rt-table.c, rt_update_hostentry(): by a gateway route the packets go to that gateway."""
    far = unseen(2, calico="192.168.50.12/24")
    node = unseen(1, card("eth0", "10.0.1.11/24"), sessions="192.168.50.12 Established")
    found = looked_up("10.244.2.2", node, far)
    assert found == predicted("unicast", BLOCK, None, "?", "router", cited=line_of(found))
    assert "Established" in line_of(found).text


def test_ipip_without_a_version_is_open():
    """Up to v3.32 BIRD writes its routes by default, from v3.33 Felix does."""
    for sessions in (None, "10.0.1.12 Established", "10.0.1.12 Connect"):
        found = looked_up("10.244.2.2", unseen(1, sessions=sessions), TWO, pools=moded(ipip="Always"))
        assert found.route is None
        assert "version" in (found.undecided or "")


def test_pod_that_borrowed_its_address_is_where_it_runs():
    """calico.md 7: a /32 leads to the borrowing node; the block's owner does not have it."""
    borrowed = pod("b", "node-3", "10.244.2.9")
    three = unseen(3)
    found = looked_up("10.244.2.9", ONE, TWO, three, pools=moded(vxlan="Always"), pods=(borrowed,))
    assert found.route is not None
    assert str(found.route.next_hops[0].gateway) == "10.244.3.0"


# --- what a predicted route cites -----------------------------------------------------------------------------------


def test_line_of_a_node_without_a_stored_address_is_its_objects():
    node = machine("node-1", internal="10.0.1.11", evidence=STORED)
    assert line_of(looked_up("10.0.1.11", node)) == STORED


def test_line_of_a_node_without_an_object_is_that_of_its_first_address_or_card():
    addressed = machine("node-1", card("eth0", "10.0.1.11/24"), kubernetes=None)
    assert "10.0.1.11/24" in line_of(looked_up("10.0.1.11", addressed)).text
    bare = replace(machine("node-1", card("eth0"), kubernetes=None), addresses=None)
    own_pod = (pod("a", "node-1", "10.244.1.2"),)
    assert "eth0" in line_of(looked_up("10.244.1.2", bare, pods=own_pod)).text
    nothing = machine("node-1", kubernetes=None)
    assert line_of(looked_up("10.244.1.2", nothing, pods=own_pod)) == Evidence("", None, "")


# --- walks ----------------------------------------------------------------------------------------------------------

PROBED = (
    pod("a", "node-1", "10.244.1.2", network_probe=True),
    pod("b", "node-2", "10.244.2.2", network_probe=True),
)


def between(one: ClusterNode, other: ClusterNode, **facts: Any) -> Walk:
    return walk(predicted_cluster(one, other, **facts), "node-1", "10.244.1.2", "10.244.2.2")


def predicted_cluster(*nodes: ClusterNode, **facts: Any) -> Cluster:
    return cluster(*nodes, **{"pools": (pool(),), "blocks": blocks_of(1, 2), "pods": PROBED, **facts})


def test_walk_by_predicted_routes_says_so():
    found = between(unseen(1, **UP), TWO)
    assert found.delivered
    assert found.predicted
    first, last = found.hops
    assert (first.node, first.does, first.rule) == ("node-1", "routes", "predicted: 10.244.2.0/26 via 10.0.1.12 dev *")
    assert first.evidence is not None
    assert "Established" in first.evidence.text
    assert (last.node, last.does) == ("node-2", "delivers")
    assert (last.rule or "").startswith("predicted: ")
    assert (last.rule or "").endswith(" dev cali*")
    assert all(hop.predicted for hop in found.hops)


def test_hop_without_a_gateway_shows_its_card_alone():
    found = walk(predicted_cluster(ONE, TWO), "node-1", "10.0.1.11", "10.0.1.12", host=True)
    assert (found.outcome, found.hops[0].rule) == (Outcome.DELIVERED, "predicted: 10.0.1.12/32 dev *")


def test_walk_is_open_while_nothing_shows_that_the_pods_gateway_answers():
    """arp_process(): without a default route the pod's packets never leave it."""
    found = between(unseen(1, **UP), TWO, pods=tuple(replace(p, network_probe=False) for p in PROBED))
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)
    assert found.cause is not None
    assert "default route" in found.cause.text


def test_walk_that_is_lost_behind_the_gateway_is_lost_whether_the_gateway_answers_or_not():
    found = between(unseen(1, sessions="10.0.1.12 Connect"), TWO, pods=())
    assert why(found) is Why.NO_ROUTE


def test_predicted_route_to_a_router_loses_the_pods_packets():
    """Routers know no pod addresses; which router it is does not matter."""
    node = unseen(1, card("eth0", "10.0.1.11/24"), sessions="192.168.50.12 Established")
    found = between(node, unseen(2, calico="192.168.50.12/24"))
    assert why(found) is Why.ROUTER_HAS_NO_POD_ROUTE
    assert found.cause is not None
    assert "default gateway" in found.cause.text
    assert [h.does for h in found.hops] == ["routes", "drops"]


def test_predicted_default_route_carries_a_nodes_packet_to_the_routers():
    rack = machine("node-3", card("eth0", "10.9.1.13/24"), internal="10.9.1.13", routes="default via 10.9.1.1 dev eth0")
    found = walk(predicted_cluster(ONE, TWO, rack), "node-1", "10.0.1.11", "10.9.1.13", host=True)
    assert found.delivered
    assert (found.node, found.interface) == ("node-3", "eth0")
    assert [h.does for h in found.hops] == ["routes", "delivers"]
    away = walk(predicted_cluster(ONE, TWO), "node-1", "10.0.1.11", "8.8.8.8", host=True)
    assert (away.outcome, why(away)) == (Outcome.UNKNOWN, Why.UNDECIDED)


def test_version_of_the_cluster_decides_who_writes_the_routes():
    """IPIP: up to v3.32 a route of BIRD's, which needs a session; from v3.33 one of Felix's, which needs none."""
    ipip = {"pools": moded(ipip="Always")}
    down = unseen(1, sessions="10.0.1.12 Connect")
    assert why(between(down, TWO, daemonsets=version("v3.32.1"), **ipip)) is Why.NO_ROUTE
    by_felix = between(down, TWO, daemonsets=version("v3.33.0"), **ipip)
    assert by_felix.hops[0].does == "encapsulates"


# --- a mode that nobody sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [("ipip_mode",), ("vxlan_mode",), ("ipip_mode", "vxlan_mode")])
def test_a_mode_that_the_collector_hid_is_not_never(hidden: tuple[str, ...]):
    """A hidden value is no default: what a pool asks for decides who writes the route, and by which device."""
    found = looked_up("10.244.2.2", ONE, TWO, pools=(replace(pool(), not_shown=hidden),), blocks=blocks_of(1, 2))
    assert "does not show how the IPPool pool encapsulates" in (found.undecided or "")


def test_a_mode_that_is_on_tells_that_the_hidden_one_is_off():
    """api/pkg/apis/projectcalico/v3: ipipMode and vxlanMode cannot both be enabled on the same pool."""
    known = replace(pool(), vxlan_mode="Always", not_shown=("ipip_mode",))
    assert not known.hides_mode
    assert replace(pool(), not_shown=("ipip_mode",)).hides_mode
    assert not replace(pool(), not_shown=("block_size",)).hides_mode
