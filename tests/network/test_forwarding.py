"""One packet through small clusters: every way to end it, each with the kernel's rule that ends it."""

from __future__ import annotations

from typing import Any

import pytest

from calico_bundle.network.outcome import Outcome, Walk, Why
from tests.network.hand_made import blocks_of, card, cluster, healthy, lan_node, machine, pool, routes_of
from tests.network.walks import LAN, two, walk, why

# --- arriving -------------------------------------------------------------------------------------------------------


def test_pod_to_pod_on_one_node_stays_there():
    found = walk(healthy(), "node-1", "10.244.1.3", "10.244.1.2")
    assert found.delivered
    assert (found.node, found.interface) == ("node-1", "cali1a")
    assert [h.does for h in found.hops] == ["delivers"]


def test_pod_to_pod_between_nodes():
    found = walk(healthy(), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.delivered
    assert [(h.node, h.does) for h in found.hops] == [("node-1", "routes"), ("node-2", "delivers")]
    assert found.hops[0].rule == "10.244.2.0/26 via 10.0.1.12 dev eth0 proto bird"
    assert found.cause is None


def test_node_to_node_takes_no_route_of_calico():
    found = walk(healthy(), "node-1", "10.0.1.11", "10.0.1.12", host=True)
    assert found.delivered
    assert found.hops[0].rule == "10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.11"


def test_node_to_itself():
    found = walk(healthy(), "node-1", "10.0.1.11", "10.0.1.11", host=True)
    assert found.delivered
    assert found.node == "node-1"


# --- lost -----------------------------------------------------------------------------------------------------------


def test_no_route():
    """ip_route_output_key_hash(): -ENETUNREACH when no rule's table has a route; forwarded packets get the same."""
    found = walk(two({"routes": "10.0.1.0/24 dev eth0 scope link"}), "node-1", "10.0.1.11", "10.244.2.2", host=True)
    assert why(found) is Why.NO_ROUTE
    assert (found.node, found.hops[-1].expected) == ("node-1", "a route to 10.244.2.2")


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_dropping_route(kind: str):
    """fib_props: blackhole is -EINVAL, unreachable -EHOSTUNREACH, prohibit -EACCES.

    BIRD writes `unreachable` for a next hop that it cannot resolve.
    """
    routes = f"default via 10.0.1.1 dev eth0\n10.0.1.0/24 dev eth0 scope link\n{kind} 10.244.2.0/26 proto bird"
    found = walk(two({"routes": routes}), "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.DROPPING_ROUTE
    assert found.cause is not None
    assert found.cause.evidence[0].text == f"{kind} 10.244.2.0/26 proto bird"


def test_pod_that_is_gone_ends_in_its_nodes_own_blackhole():
    found = walk(healthy(), "node-1", "10.244.1.2", "10.244.2.9")
    assert why(found) is Why.DROPPING_ROUTE
    assert found.node == "node-2"


def test_missing_route_by_way_of_the_default_gateway():
    """Without BIRD's route the default route takes the packet to a router, which knows no pod address.

    What is wrong is the route that is not there, and the line that shows it is the one that is taken instead.
    """
    found = walk(two({"routes": routes_of(1)}), "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.NO_ROUTE
    assert found.cause is not None
    assert "10.244.2.0/26, the block of node-2" in found.cause.text
    assert found.cause.evidence[0].text == "default via 10.0.1.1 dev eth0 proto static"


def test_router_that_peers_with_calico_may_have_pod_routes():
    where = two({"routes": routes_of(1), "sessions": "10.0.1.12 Established\n10.0.1.1 Established"})
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)


def test_next_hop_by_way_of_a_router():
    """BIRD resolves a next hop of another network through the default gateway (`100/?` in birdc)."""
    routes = routes_of(1) + "\n10.244.2.0/26 via 10.0.1.1 dev eth0 proto bird"
    found = walk(two({"routes": routes}), "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.ROUTER_HAS_NO_POD_ROUTE


def test_next_hop_is_silent():
    """neigh_timer_handler(): NUD_FAILED after unanswered ARP requests, then packets are dropped."""
    failed = {"neighbors": "10.0.1.12 dev eth0 FAILED"}
    found = walk(two({**failed, "sessions": None}, {"sessions": None}), "node-1", "10.244.1.2", "10.244.2.2")
    assert why(found) is Why.NEXT_HOP_SILENT
    assert found.cause is not None
    assert found.cause.evidence[0].text == "10.0.1.12 dev eth0 FAILED"


def test_next_hop_that_failed_beside_a_session_that_is_up_is_open():
    """One of the two records is old: a session needs the neighbor."""
    found = walk(two({"neighbors": "10.0.1.12 dev eth0 FAILED"}), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.outcome is Outcome.UNKNOWN


def second_card(**changed: Any):
    """node-2 with its Calico address on an isolated second card."""
    given = {
        "routes": routes_of(2) + "\n192.168.50.0/24 dev eth1 proto kernel scope link src 192.168.50.12",
        "internal": "10.0.1.12",
        "calico": "192.168.50.12/24",
    }
    return machine("node-2", card("eth0", "10.0.1.12/24"), card("eth1", "192.168.50.12/24"), **{**given, **changed})


def test_networks_are_not_joined():
    """arp_process(): a router that delivered on eth1 would have left an entry in node-2's neighbor table."""
    node_2 = second_card(neighbors="10.0.1.11 dev eth0 lladdr 02:00:0a:00:01:0b REACHABLE")
    found = walk(cluster(lan_node(1), node_2), "node-1", "10.0.1.11", "192.168.50.12", host=True)
    assert why(found) is Why.NETWORKS_NOT_JOINED


def test_whether_routers_join_the_networks_is_open():
    found = walk(cluster(lan_node(1), second_card()), "node-1", "10.0.1.11", "192.168.50.12", host=True)
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)
    assert found.cause is not None
    asked = "`ip neigh` on node-2, or what `ping -c 3 -I 10.0.1.11 192.168.50.12` on node-1 says"
    assert str(found.cause.settle) == asked


def test_routers_carry_between_ready_nodes():
    rack = machine("node-2", card("eth0", "10.9.1.12/24"), internal="10.9.1.12", routes="default via 10.9.1.1 dev eth0")
    found = walk(cluster(lan_node(1), rack), "node-1", "10.0.1.11", "10.9.1.12", host=True)
    assert found.delivered
    assert found.node == "node-2"


def test_pod_gateway_needs_a_route_to_it():
    """arp_process() answers by proxy ARP only where the node's own route to 169.254.1.1 leaves by another device."""
    routes = routes_of(1, 2, default=False)
    found = walk(two({"routes": routes}), "node-1", "10.244.1.2", "10.244.1.2")
    assert why(found) is Why.NO_POD_GATEWAY
    assert walk(two({"routes": routes}), "node-1", "10.0.1.11", "10.244.1.2", host=True).delivered


def test_loop():
    """Each router takes one off the TTL; two nodes that send a packet to each other wear it out."""
    back_and_forth = (
        "10.0.1.0/24 dev eth0 scope link\ndefault via 10.0.1.1 dev eth0\n10.244.7.0/26 via 10.0.1.{} dev eth0"
    )
    where = two({"routes": back_and_forth.format(12)}, {"routes": back_and_forth.format(11)})
    found = walk(where, "node-1", "10.244.1.2", "10.244.7.2")
    assert found.outcome is Outcome.LOST
    assert found.cause is not None
    assert found.cause.why is Why.LOOP


def test_routes_that_were_not_recorded():
    unseen = cluster(machine("node-1", internal="10.0.1.11"), pools=(pool(),), blocks=blocks_of(1, 2))
    found = walk(unseen, "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.ROUTES_NOT_RECORDED)


def test_routes_of_the_receiver_that_were_not_recorded():
    where = two({}, {"routes": None})
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, found.node) == (Outcome.UNKNOWN, "node-2")
    assert why(found) in (Why.ROUTES_NOT_RECORDED, Why.UNDECIDED)


def test_rule_that_cannot_be_evaluated_leaves_the_packet_open():
    rules = "0: from all lookup local\n100: from all uidrange 0-0 lookup main\n32766: from all lookup main"
    found = walk(two({"rules": rules}), "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)


def test_wire_that_nothing_shows_leaves_the_packet_open():
    where = cluster(
        machine("node-1", card("eth0", LAN[0]), routes=routes_of(1, 2)),
        machine("node-2", card("eth0", LAN[1])),
        pools=(pool(),),
    )
    found = walk(where, "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)
    assert found.cause is not None
    assert "`ip neigh` on node-1" in str(found.cause.settle)


# --- multipath ------------------------------------------------------------------------------------------------------


def multipath(*gateways: int, flags: str = "") -> str:
    hops = " ".join(f"nexthop via 10.0.1.{g} dev eth0 weight 1{flags}" for g in gateways)
    return routes_of(1) + f"\n10.244.2.0/26 {hops}"


def test_next_hops_that_agree_decide():
    found = walk(two({"routes": multipath(12, 12)}), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.delivered


def test_next_hops_that_differ_leave_it_open():
    """fib_multipath_hash(): which one a flow takes hangs on its ports."""
    found = walk(two({"routes": multipath(12, 1)}), "node-1", "10.244.1.2", "10.244.2.2")
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)


def test_dead_next_hops_are_not_taken():
    routes = (
        routes_of(1)
        + "\n10.244.2.0/26 nexthop via 10.0.1.12 dev eth0 weight 1 nexthop via 10.0.1.1 dev eth1 weight 1 dead"
    )
    assert walk(two({"routes": routes}), "node-1", "10.244.1.2", "10.244.2.2").delivered


def test_multipath_in_a_loop_ends():
    """Several next hops and a loop together must end like any other loop: no endless recursion."""
    there = (
        routes_of(1) + "\n10.244.7.0/26 nexthop via 10.0.1.12 dev eth0 weight 1 nexthop via 10.0.1.12 dev eth0 weight 2"
    )
    back = routes_of(2) + "\n10.244.7.0/26 via 10.0.1.11 dev eth0"
    found = walk(two({"routes": there}, {"routes": back}), "node-1", "10.244.5.2", "10.244.7.2")
    assert found.outcome is Outcome.LOST
    assert found.cause is not None
    assert found.cause.why is Why.LOOP


# --- reverse-path filter --------------------------------------------------------------------------------------------


def asymmetric(sysctls: str | None, *, back: str = "10.244.1.0/26 via 192.168.50.1 dev eth1 proto bird") -> Walk:
    """node-2 answers node-1's pods by its second card, whatever card they come in by."""
    routes = routes_of(2) + "\n192.168.50.0/24 dev eth1 scope link src 192.168.50.12\n" + back
    node_2 = machine(
        "node-2",
        card("eth0", LAN[1]),
        card("eth1", "192.168.50.12/24"),
        routes=routes,
        sysctls=sysctls,
        internal="10.0.1.12",
        calico="10.0.1.12/24",
    )
    where = cluster(lan_node(1, 2), node_2, pools=(pool(),), blocks=blocks_of(1, 2))
    return walk(where, "node-1", "10.244.1.2", "10.244.2.2")


def filter_of(everywhere: int, here: int) -> str:
    return f"net.ipv4.conf.all.rp_filter = {everywhere}\nnet.ipv4.conf.eth0.rp_filter = {here}"


@pytest.mark.parametrize("everywhere, here", [(1, 0), (0, 1), (1, 1)])
def test_strict_filter_drops_what_it_would_answer_elsewhere(everywhere: int, here: int):
    """__fib_validate_source(): strict mode wants the route back to leave by the device that the packet came in by."""
    found = asymmetric(filter_of(everywhere, here))
    assert why(found) is Why.REVERSE_PATH_FILTER
    assert found.cause is not None
    texts = [e.text for e in found.cause.evidence]
    assert f"net.ipv4.conf.{'eth0' if here > everywhere else 'all'}.rp_filter = 1" in texts
    assert any("192.168.50.1" in t for t in texts)


@pytest.mark.parametrize("everywhere, here", [(0, 0), (2, 0), (1, 2), (0, 2)])
def test_loose_filter_accepts_what_it_can_answer_at_all(everywhere: int, here: int):
    """Loose mode (2) wants any route back; off (0) wants nothing."""
    assert asymmetric(filter_of(everywhere, here)).delivered


def test_filter_that_was_not_recorded_leaves_it_open():
    found = asymmetric(None)
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)
    assert found.cause is not None
    assert str(found.cause.settle) == "`sysctl -a` on node-2"


def without_way_back(sysctls: str) -> Walk:
    node_2 = {"routes": routes_of(2, default=False), "sysctls": sysctls}
    return walk(two({}, node_2), "node-1", "10.244.1.2", "10.244.2.2")


def test_loose_filter_drops_what_it_cannot_answer_at_all():
    assert why(without_way_back(filter_of(0, 2))) is Why.REVERSE_PATH_FILTER


def test_no_filter_accepts_even_that():
    assert without_way_back(filter_of(0, 0)).delivered


def test_route_back_that_drops_is_no_way_back():
    found = asymmetric(filter_of(0, 2), back="unreachable 10.244.1.0/26 proto bird")
    assert why(found) is Why.REVERSE_PATH_FILTER


SOURCE_ROUTED = "0: from all lookup local\n100: from 192.168.50.12 lookup 100\n32766: from all lookup main"


def test_way_back_is_looked_up_as_the_answer_would_be():
    """__fib_validate_source() swaps source and destination: rules by source, usual on hosts with two cards, apply."""
    routes = (
        routes_of(2)
        + "\n192.168.50.0/24 dev eth1 scope link src 192.168.50.12\ndefault via 192.168.50.1 dev eth1 table 100"
    )
    strict = "net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.eth1.rp_filter = 1"
    node_2 = second_card(routes=routes, rules=SOURCE_ROUTED, sysctls=strict)
    node_1 = lan_node(1, sessions="192.168.50.12 Established")
    assert walk(cluster(node_1, node_2), "node-1", "10.0.1.11", "192.168.50.12", host=True).delivered


# --- rules that a bundle cannot evaluate ----------------------------------------------------------------------------

OPEN_RULES = "0: from all lookup local\n100: from all uidrange 0-0 lookup main\n32766: from all lookup main"


def test_open_rule_does_not_take_the_pods_gateway_away():
    found = walk(two({"rules": OPEN_RULES}), "node-1", "10.244.1.2", "10.244.1.2")
    assert found.outcome is Outcome.UNKNOWN


def test_open_rule_does_not_take_the_way_back_away():
    strict = filter_of(1, 1)
    found = walk(two({}, {"rules": OPEN_RULES, "sysctls": strict}), "node-1", "10.244.1.2", "10.244.2.2")
    assert found.outcome is Outcome.UNKNOWN
