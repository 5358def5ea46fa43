"""What a walk says of its end: the node, the rule, the lines, the address in question; nothing but facts of the bundle."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.evidence import Evidence
from calico_bundle.network.ends import table_lines
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.outcome import Cause, Hop, Outcome, Packet, Walk, Why
from tests.network.hand_made import blocks_of, card, cluster, healthy, lan_node, machine, pod, pool, routes_of
from tests.network.walks import two, walk, why

POD, FAR_POD = "10.244.1.2", "10.244.2.2"
TABLE = "node-1/ip-route.txt"


def ended(found: Walk) -> tuple[Cause, Hop]:
    """The cause and the last hop, which speak of one node and quote the same line."""
    assert found.cause is not None
    last = found.hops[-1]
    assert found.cause.node == found.node
    assert last.node in (found.node, None), "a router that drops it is no node"
    assert last.evidence is None or last.evidence == found.cause.evidence[0]
    return found.cause, last


def line(number: int, text: str) -> Evidence:
    return Evidence(TABLE, number, text)


def test_delivered_packet_shows_each_step_with_its_line():
    found = walk(healthy(), "node-1", POD, FAR_POD)
    there, end = found.hops
    taken = line(5, "10.244.2.0/26 via 10.0.1.12 dev eth0 proto bird")
    assert there == Hop("node-1", "routes", taken.text, None, None, taken)
    own = Evidence("node-2/ip-route.txt", 4, "10.244.2.2 dev cali2a scope link")
    assert end == Hop("node-2", "delivers", own.text, None, None, own)
    assert not found.predicted


def test_delivered_packet_names_the_card_it_came_in_by():
    found = walk(healthy(), "node-1", "10.0.1.11", "10.0.1.12", host=True)
    assert (found.outcome, found.node, found.interface) == (Outcome.DELIVERED, "node-2", "eth0")
    itself = walk(healthy(), "node-1", "10.0.1.11", "10.0.1.11", host=True)
    assert itself.interface is None


def test_no_route_shows_the_first_routes_of_the_table_instead():
    listed = "10.0.1.0/24 dev eth0 scope link\n10.0.7.0/24 dev eth0\n10.0.8.0/24 dev eth0\n10.0.9.0/24 dev eth0"
    found = walk(two({"routes": listed}), "node-1", "10.0.1.11", FAR_POD, host=True)
    cause, last = ended(found)
    text = "node-1 has no route to 10.244.2.0/26, the block of node-2"
    first = tuple(line(i, t) for i, t in enumerate(listed.split("\n")[:3], 1))
    assert cause == Cause(Why.NO_ROUTE, "node-1", text, first, ip_address(FAR_POD))
    assert last == Hop("node-1", "drops", None, f"a route to {FAR_POD}", "none", first[0])


def test_no_route_to_an_address_of_no_block_names_the_address():
    found = walk(two({"routes": "10.0.1.0/24 dev eth0 scope link"}), "node-1", "10.0.1.11", "8.8.8.8", host=True)
    assert ended(found)[0].text == "node-1 has no route to 8.8.8.8"


def test_first_routes_are_those_of_ipv4_and_of_table_main():
    """`ip route` prints table 254 by name or by number, and none where it lists main alone."""
    listed = """
    local 10.0.1.11 dev eth0 table local
    default via 10.9.9.9 dev eth1 table 100
    default via fe80::1 dev eth0 metric 1024
    10.0.1.0/24 dev eth0 scope link
    10.0.2.0/24 dev eth0 table 254
    10.0.3.0/24 dev eth0
    10.0.4.0/24 dev eth0
    """
    found = table_lines(machine("node-1", routes=listed))
    assert [e.line for e in found] == [4, 5, 6]
    assert table_lines(machine("node-1")) == ()


def test_dropping_route_is_quoted():
    text = "unreachable 10.244.2.0/26 proto bird"
    found = walk(two({"routes": f"{routes_of(1)}\n{text}"}), "node-1", POD, FAR_POD)
    cause, last = ended(found)
    assert (cause.why, cause.evidence, str(cause.toward)) == (Why.DROPPING_ROUTE, (line(5, text),), FAR_POD)
    assert last == Hop("node-1", "drops", text, f"a route to {FAR_POD}", "unreachable", line(5, text))


def test_pod_gateway_without_route_shows_the_table():
    found = walk(two({"routes": routes_of(1, 2, default=False)}), "node-1", POD, "10.244.1.2")
    cause, last = ended(found)
    assert (cause.why, cause.toward) == (Why.NO_POD_GATEWAY, None)
    assert [e.line for e in cause.evidence] == [1, 2, 3]
    assert "169.254.1.1" in cause.text
    assert last == Hop("node-1", "drops", None, "a route that covers 169.254.1.1", "none", cause.evidence[0])


def test_loop_is_of_the_node_where_the_packet_was_last():
    routes = "10.0.1.0/24 dev eth0 scope link\ndefault via 10.0.1.1 dev eth0\n10.244.7.0/26 via 10.0.1.{} dev eth0"
    found = walk(two({"routes": routes.format(12)}, {"routes": routes.format(11)}), "node-1", POD, "10.244.7.2")
    assert found.cause is not None
    assert found.cause.why is Why.LOOP
    assert found.cause.node == found.node
    assert "loop" in found.cause.text


def test_silent_next_hop_is_named_with_its_neighbor_entry():
    where = two({"neighbors": "10.0.1.12 dev eth0 FAILED", "sessions": None}, {"sessions": None})
    found = walk(where, "node-1", POD, FAR_POD)
    cause, last = ended(found)
    entry = Evidence("node-1/ip-neigh.txt", 1, "10.0.1.12 dev eth0 FAILED")
    assert (cause.why, str(cause.toward), cause.evidence) == (Why.NEXT_HOP_SILENT, "10.0.1.12", (entry,))
    assert (last.expected, last.evidence) == ("an answer to ARP for 10.0.1.12", entry)
    assert last.found == cause.text
    direct = walk(where, "node-1", "10.0.1.11", "10.0.1.12", host=True)
    assert str(ended(direct)[0].toward) == "10.0.1.12"


def test_next_hop_of_which_nothing_is_known_is_named():
    stranger = machine("node-2", card("eth0", "10.0.1.12/24"))
    where = cluster(lan_node(1, 2, sessions=None), stranger, pools=(pool(),), blocks=blocks_of(1, 2))
    found = walk(where, "node-1", POD, FAR_POD)
    assert found.outcome is Outcome.UNKNOWN
    assert found.cause is not None
    assert (found.cause.node, str(found.cause.toward)) == ("node-1", "10.0.1.12")
    assert "10.0.1.12 of node-2" in found.cause.text
    assert found.cause.evidence == ()


def router_route(*, sessions: str | None = None, **facts: Any) -> Walk:
    """A packet whose route leads to a machine that is no node."""
    routes = f"{routes_of(1)}\n10.244.2.0/26 via 10.0.1.1 dev eth0 proto bird"
    return walk(two({"routes": routes, "sessions": sessions}, **facts), "node-1", POD, FAR_POD)


def test_router_in_place_of_a_node_is_named_with_the_route_to_it():
    cause, last = ended(router_route())
    taken = line(5, "10.244.2.0/26 via 10.0.1.1 dev eth0 proto bird")
    assert (cause.why, cause.evidence, str(cause.toward)) == (Why.ROUTER_HAS_NO_POD_ROUTE, (taken,), FAR_POD)
    assert "node-1's packets go to 10.0.1.1" in cause.text
    assert last == Hop(None, "drops", None, "a next hop that is a node", "next hop 10.0.1.1", taken)


def test_missing_route_is_named_with_the_one_that_is_taken():
    found = walk(two({"routes": routes_of(1)}), "node-1", POD, FAR_POD)
    cause, last = ended(found)
    taken = line(1, "default via 10.0.1.1 dev eth0 proto static")
    assert cause.text.startswith("node-1 has no route to 10.244.2.0/26, the block of node-2: packets go to 10.0.1.1")
    assert (cause.evidence, str(cause.toward)) == ((taken,), FAR_POD)
    expected = f"a route for {FAR_POD} to its node"
    assert last == Hop(None, "drops", None, expected, "next hop 10.0.1.1", taken)


@pytest.mark.parametrize(
    "unknown", [{"pods": (pod("a", "node-9", "10.244.9.2"),)}, {"blocks": (*blocks_of(1, 2), *blocks_of(9))}]
)
def test_gateway_may_be_a_node_whose_addresses_are_not_in_the_bundle(unknown: dict[str, Any]):
    """Only where every node that is spoken of has an address is another address no node's."""
    found = router_route(**unknown)
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)
    assert found.cause is not None
    assert (found.cause.node, "10.0.1.1 may be a node" in found.cause.text) == ("node-1", True)


def test_network_without_a_router_shows_the_card_of_the_far_node():
    """The line that holds the address nobody is heard beside."""
    node_2 = machine(
        "node-2",
        card("eth0", "10.0.1.12/24"),
        card("eth1", "192.168.50.12/24"),
        neighbors="10.0.1.11 dev eth0 lladdr 02:00:0a:00:01:0b REACHABLE",
        internal="10.0.1.12",
        calico="192.168.50.12/24",
    )
    found = walk(cluster(lan_node(1), node_2), "node-1", "10.0.1.11", "192.168.50.12", host=True)
    cause, _ = ended(found)
    assert (cause.why, str(cause.toward)) == (Why.NETWORKS_NOT_JOINED, "192.168.50.12")
    assert [e.text for e in cause.evidence] == ["inet 192.168.50.12/24 scope global eth1"]


def test_open_question_of_routers_names_the_address():
    node_2 = machine("node-2", card("eth1", "192.168.50.12/24"), internal="10.0.1.12", calico="192.168.50.12/24")
    found = walk(cluster(lan_node(1), node_2), "node-1", "10.0.1.11", "192.168.50.12", host=True)
    assert found.cause is not None
    assert (found.cause.node, str(found.cause.toward)) == ("node-1", "192.168.50.12")
    assert "from 10.0.1.11 to 192.168.50.12" in found.cause.text
    without_source = walk(cluster(lan_node(1), node_2), "node-1", None, "192.168.50.12", host=True)
    assert without_source.cause is not None
    assert "from node-1 to 192.168.50.12" in without_source.cause.text


def test_session_speaks_for_packets_between_the_stored_addresses_alone():
    """Routers that carry 10.0.1.11 to the far card need not carry another source there."""
    routes = "default via 192.168.50.1 dev eth1\n192.168.50.0/24 dev eth1 scope link src 192.168.50.12"
    given = {"routes": routes, "internal": "10.0.1.12", "calico": "192.168.50.12/24"}
    where = cluster(
        lan_node(1, sessions="192.168.50.12 Established"), machine("node-2", card("eth1", "192.168.50.12/24"), **given)
    )
    assert walk(where, "node-1", "10.0.1.11", "192.168.50.12", host=True).delivered
    assert walk(where, "node-1", "10.0.1.99", "192.168.50.12", host=True).outcome is Outcome.UNKNOWN


def test_routes_that_were_not_recorded_are_asked_for_on_their_node():
    unseen = cluster(machine("node-1", internal="10.0.1.11"), pools=(pool(),), blocks=blocks_of(1, 2))
    found = walk(unseen, "node-1", "10.0.1.11", FAR_POD, host=True)
    assert found.cause is not None
    assert (found.cause.why, found.cause.node) == (Why.ROUTES_NOT_RECORDED, "node-1")


def test_open_rule_is_quoted():
    rules = "0: from all lookup local\n100: from all uidrange 0-0 lookup main\n32766: from all lookup main"
    found = walk(two({"rules": rules}), "node-1", "10.0.1.11", FAR_POD, host=True)
    assert found.cause is not None
    assert (found.cause.node, "uidrange 0-0" in found.cause.text) == ("node-1", True)
    assert found.cause.settle is not None
    assert found.cause.settle.node == "node-1"


def test_filter_names_the_card_the_packet_came_in_by_and_the_one_of_the_answer():
    back = f"{routes_of(2)}\n10.244.1.0/26 via 192.168.50.1 dev eth1"
    cards = card("eth0", "10.0.1.12/24"), card("eth1", "192.168.50.12/24")
    for mode, expected in (("1", Outcome.LOST), (None, Outcome.UNKNOWN)):
        text = f"net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = {mode}" if mode else None
        far = machine("node-2", *cards, routes=back, sysctls=text, internal="10.0.1.12", calico="10.0.1.12/24")
        found = walk(cluster(lan_node(1, 2), far, pools=(pool(),), blocks=blocks_of(1, 2)), "node-1", POD, FAR_POD)
        assert found.cause is not None
        assert (found.outcome, found.node, found.interface) == (expected, "node-2", "eth0")
        assert (found.cause.node, str(found.cause.toward)) == ("node-2", POD)
        assert f"from {POD} on eth0, but answers {POD} by eth1" in found.cause.text


def test_filter_says_where_there_is_no_way_back_at_all():
    text = "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 2"
    found = walk(two({}, {"routes": routes_of(2, default=False), "sysctls": text}), "node-1", POD, FAR_POD)
    cause, last = ended(found)
    assert f"has no route to {POD}" in cause.text
    assert (last.expected, last.found) == (f"a way back to {POD} by eth0", f"it has no route to {POD}")


# --- pod traffic between two nodes ----------------------------------------------------------------------------------


def test_pod_traffic_is_the_worse_of_both_ways():
    way = Forwarding(two({}, {})).between_pods("node-1", "node-2")
    assert way is not None
    assert (way.outcome, way.cause) == (Outcome.DELIVERED, None)
    for pair in (("node-1", "node-2"), ("node-2", "node-1")):
        lost = Forwarding(two({"routes": routes_of(1)})).between_pods(*pair)
        assert lost is not None
        assert (lost.outcome, lost.node) == (Outcome.LOST, "node-1")


def test_blackhole_of_another_node_is_no_arrival():
    """The sender's own blackhole for the far block ends the packet where it began."""
    stale = f"{routes_of(1)}\nblackhole 10.244.2.0/26"
    lost = Forwarding(two({"routes": stale})).between_pods("node-1", "node-2")
    assert lost is not None
    assert lost.outcome is Outcome.LOST


def test_packet_that_the_far_node_drops_for_another_reason_did_not_arrive():
    strict = "net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.eth0.rp_filter = 1"
    far = {"routes": routes_of(2, default=False), "sysctls": strict}
    lost = Forwarding(two({}, far)).between_pods("node-1", "node-2")
    assert lost is not None
    assert lost.outcome is Outcome.LOST


@pytest.mark.parametrize("blocks", [blocks_of(1), blocks_of(2), ()])
def test_without_a_pod_address_of_both_nothing_is_said(blocks: Any):
    assert Forwarding(two({}, {}, blocks=blocks)).between_pods("node-1", "node-2") is None


def test_pod_traffic_has_the_pods_own_addresses_as_source():
    """A rule by source takes the pods of node-1 to a table that drops."""
    rules = "0: from all lookup local\n9: from 10.244.1.0/26 to 10.244.2.0/26 blackhole\n32766: from all lookup main"
    for pair in (("node-1", "node-2"), ("node-2", "node-1")):
        lost = Forwarding(two({"rules": rules})).between_pods(*pair)
        assert lost is not None
        assert lost.outcome is Outcome.LOST


# --- rules by source and by card ------------------------------------------------------------------------------------


def ruled(rule: str) -> dict[str, str]:
    """A rule that leads into a table of blackholes."""
    return {
        "rules": f"0: from all lookup local\n9: {rule} lookup 100\n32766: from all lookup main",
        "routes": f"{routes_of(1, 2)}\nblackhole 10.244.0.0/16 table 100\nblackhole 169.254.1.1 table 100",
    }


def sent(rule: str, packet: Packet) -> Walk:
    return Forwarding(two(ruled(rule))).from_node("node-1", packet)


def test_own_packet_is_routed_by_the_source_it_has_before_masquerading():
    """kube-proxy masquerades in POSTROUTING, after the route was chosen; a rule sees the first source."""
    masqueraded = Packet(ip_address("10.0.1.11"), ip_address(FAR_POD), routed_as=ip_address("192.168.50.11"))
    assert why(sent("from 192.168.50.11", masqueraded)) is Why.DROPPING_ROUTE
    assert sent("from 10.0.1.11", masqueraded).delivered
    plain = Packet(ip_address("10.0.1.11"), ip_address(FAR_POD))
    assert why(sent("from 10.0.1.11", plain)) is Why.DROPPING_ROUTE
    assert sent("from 192.168.50.11", plain).delivered


@pytest.mark.parametrize(
    "rule, arrives",
    [
        ("from 10.0.1.11", False),
        ("from 192.168.50.11", True),
        ("from all iif eth0", False),
        ("from all iif eth7", True),
    ],
)
def test_next_node_routes_by_the_source_and_the_card_that_it_sees(rule: str, arrives: bool):
    routes = f"{routes_of(2, 1)}\nblackhole 10.244.0.0/16 table 100"
    rules = f"0: from all lookup local\n9: {rule} lookup 100\n32766: from all lookup main"
    masqueraded = Packet(ip_address("10.0.1.11"), ip_address(FAR_POD), routed_as=ip_address("192.168.50.11"))
    where = two({}, {"routes": routes, "rules": rules})
    assert Forwarding(where).from_node("node-1", masqueraded).delivered is arrives


def test_gateway_of_a_pod_is_looked_up_with_the_pods_source():
    """arp_process(): ip_route_input() of the pod's ARP request has the pod's address as source."""
    gone = {"rules": ruled(f"from {POD}")["rules"], "routes": f"{routes_of(1, 2)}\nunreachable 169.254.1.1 table 100"}
    for packet in (
        Packet(ip_address(POD), ip_address(FAR_POD)),
        Packet(ip_address("10.0.1.11"), ip_address(FAR_POD), routed_as=ip_address(POD)),
    ):
        assert why(Forwarding(two(gone)).from_pod("node-1", packet)) is Why.NO_POD_GATEWAY
    other = Packet(ip_address("10.244.1.3"), ip_address(FAR_POD))
    assert Forwarding(two(gone)).from_pod("node-1", other).delivered


def test_anycast_address_is_the_nodes_own():
    """fib_props: RTN_ANYCAST is delivered locally."""
    routes = f"{routes_of(1, 2)}\nanycast 10.0.1.50 dev eth0 table local proto kernel scope link src 10.0.1.11"
    routes += "\nlocal 10.0.1.11 dev eth0 table local proto kernel scope host src 10.0.1.11"
    found = walk(two({"routes": routes}), "node-1", "10.0.1.11", "10.0.1.50", host=True)
    assert (found.outcome, found.node) == (Outcome.DELIVERED, "node-1")


@pytest.mark.parametrize("rule, arrives", [("from all iif cali1a", False), ("from all iif lo", True)])
def test_packet_of_a_pod_comes_in_by_its_cable(rule: str, arrives: bool):
    """ip_route_input_slow(): flowi4_iif is the cable, for the packet and for the ARP request of its gateway."""
    routes = f"{routes_of(1, 2)}\nblackhole 10.244.2.0/26 table 100"
    rules = f"0: from all lookup local\n9: {rule} to 10.244.2.0/26 lookup 100\n32766: from all lookup main"
    assert walk(two({"routes": routes, "rules": rules}), "node-1", POD, FAR_POD).delivered is arrives
