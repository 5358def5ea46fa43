"""Predicted routes on machines that have more than Calico's: other cards, rules, routers, and BIRD that recovers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import (
    BGPConfigurationFact,
    FelixConfigurationFact,
)
from calico_bundle.network.outcome import Outcome, Walk, Why
from tests.network.hand_made import NOWHERE, blocks_of, card, cluster, pod, pool, read
from tests.network.unseen import (
    ONE,
    TWO,
    looked_up,
    moded,
    unseen,
    version,
)
from tests.network.walks import walk, why

PROBED = tuple(pod(f"app-{n}", f"node-{n}", f"10.244.{n}.2", network_probe=True) for n in (1, 2))
SEEN_UP = {"sessions": "10.0.1.12 Established"}


def way(one: ClusterNode, two: ClusterNode, **facts: Any) -> Walk:
    where = cluster(one, two, **{"pools": (pool(),), "blocks": blocks_of(1, 2), "pods": PROBED, **facts})
    return walk(where, "node-1", "10.244.1.2", "10.244.2.2")


def test_address_with_noprefixroute_is_connected_by_user_space():
    """Kernel commit 7b1311807f3d: the route is left to user space; NetworkManager, which sets the flag, adds it."""
    marked = card("ens192", "10.0.1.11/24").replace("scope global", "scope global noprefixroute")
    assert way(unseen(1, marked, **SEEN_UP), unseen(2)).outcome is not Outcome.LOST


@pytest.mark.parametrize("rule, outcome", [("from 10.9.0.0/16", Outcome.DELIVERED), ("from all", Outcome.UNKNOWN)])
def test_rule_that_may_apply_leads_to_a_table_that_is_not_known(rule: str, outcome: Outcome):
    rules = (
        f"0: from all lookup local\n100: {rule} lookup 100\n32766: from all lookup main\n32767: from all lookup default"
    )
    assert way(unseen(1, rules=rules, **SEEN_UP), unseen(2)).outcome is outcome


def test_cards_network_inside_the_block_takes_its_packets():
    """Longest prefix: the card's /28 before the block's /26. Measured: card-network-inside-a-block."""
    near = unseen(1, card("eth0", "10.0.1.11/24"), card("eth1", "10.244.2.14/28"), **SEEN_UP)
    assert why(way(near, unseen(2))) is Why.ROUTER_HAS_NO_POD_ROUTE
    beside = unseen(1, card("eth0", "10.0.1.11/24"), card("eth1", "10.244.2.62/28"), **SEEN_UP)
    assert way(beside, unseen(2)).delivered


def test_cards_network_of_another_node_may_have_been_announced():
    """bird.cfg template: what lies inside a pool is exported; measured: node-3 of card-network-inside-a-block."""
    third = unseen(3, card("eth0", "10.0.1.13/24"), card("eth1", "10.244.2.14/28"))
    where = cluster(unseen(1, **SEEN_UP), unseen(2), third, pools=(pool(),), blocks=blocks_of(1, 2, 3), pods=PROBED)
    assert walk(where, "node-1", "10.244.1.2", "10.244.2.2").outcome is Outcome.UNKNOWN


def test_cards_of_two_nodes_inside_one_block_leave_it_open():
    """The other node's longer prefix, once announced, comes before the own card's."""
    near = unseen(1, card("eth0", "10.0.1.11/24"), card("eth1", "10.244.2.60/26"), **SEEN_UP)
    third = unseen(3, card("eth0", "10.0.1.13/24"), card("eth1", "10.244.2.14/28"))
    where = cluster(near, unseen(2), third, pools=(pool(),), blocks=blocks_of(1, 2, 3), pods=PROBED)
    assert walk(where, "node-1", "10.244.1.2", "10.244.2.2").outcome is Outcome.UNKNOWN


def bird_routes(*lines: str) -> tuple[Any, ...]:
    return read("bird-routes", "BIRD 1.6.8 ready.\n" + "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    "network, outcome",
    [("10.244.2.0/28", Outcome.UNKNOWN), ("10.244.2.0/26", Outcome.DELIVERED), ("10.244.2.32/28", Outcome.DELIVERED)],
)
def test_longer_route_in_birds_own_table_leaves_it_open(network: str, outcome: Outcome):
    line = f"{network:18} via 10.0.1.13 on eth0 [Mesh_10_0_1_13 10:00:00] * (100/0) [i]"
    assert way(replace(unseen(1, **SEEN_UP), bgp_routes=bird_routes(line)), unseen(2)).outcome is outcome


def test_tunnel_without_its_device_has_no_routes():
    """vxlan_mgr.go: while no card holds the node's Calico address Felix makes no device, and writes no route into it."""
    bare = unseen(1, card("eth0", "10.0.9.11/24"))
    lost = way(bare, unseen(2), pools=moded(vxlan="Always"))
    assert why(lost) is Why.NO_ROUTE
    assert lost.cause is not None
    assert lost.cause.evidence[0].text.startswith("1: eth0")


RECOVERING = "BIRD 1.6.8\nRouter ID is 10.0.1.11\nGraceful restart recovery in progress\nDaemon is up and running\n"


@pytest.mark.parametrize("which", [1, 2])
def test_session_that_is_up_is_no_route_while_bird_recovers(which: int):
    """Measured: graceful-recovery. Whether the kernel has routes from before the restart is not known."""
    events = read("bird-status", RECOVERING, f"node-{which}/status.txt")
    nodes = [
        replace(n, log_events=events) if n.name == f"node-{which}" else n for n in (unseen(1, **SEEN_UP), unseen(2))
    ]
    found = way(nodes[0], nodes[1])
    assert found.outcome is Outcome.UNKNOWN
    assert found.cause is not None
    assert "graceful restart recovery" in found.cause.text


def test_without_a_route_the_default_route_may_still_answer():
    """A node without BGP routes to a block drops packets for it, and may answer those from it by its default route."""
    down = {"sessions": "10.0.1.12 Connect"}
    strict = "net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.eth0.rp_filter = 1"
    far = unseen(2, card("eth0", "10.0.1.12/24"), sysctls=strict)
    where = cluster(unseen(1, card("eth0", "10.0.1.11/24"), **down), far, pools=(pool(),), blocks=blocks_of(1, 2))
    assert walk(where, "node-1", "10.244.1.2", "10.0.1.12", host=True).outcome is Outcome.UNKNOWN
    assert walk(where, "node-1", "10.244.1.2", "10.244.2.2", host=True).outcome is Outcome.LOST


def test_without_a_route_a_router_that_calico_peers_with_may_know_the_pod():
    one = unseen(1, sessions="10.0.1.12 Connect\n10.0.1.1 Established")
    assert way(one, unseen(2)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "rule, may",
    [
        ("from 10.244.1.2", True), ("from 10.244.1.3", False), ("from all to 10.244.2.0/26", True),
        ("from all to 10.244.3.0/26", False), ("from all iif lo", False), ("from all iif cali9", True),
    ],
)  # fmt: skip
def test_rule_counts_by_what_it_says_of_the_packet(rule: str, may: bool):
    rules = (
        f"0: from all lookup local\n100: {rule} lookup 100\n32766: from all lookup main\n32767: from all lookup default"
    )
    found = way(unseen(1, rules=rules, **SEEN_UP), unseen(2))
    assert (found.outcome is Outcome.UNKNOWN) is may


def test_routes_that_nobody_writes_may_still_be_behind_the_default_route():
    """Neither side of `programClusterRoutes`: no route of Calico's, and answers may leave by the default route."""
    bird = (BGPConfigurationFact("default", None, None, None, None, "Disabled", NOWHERE),)
    felix = (FelixConfigurationFact("default", "Disabled", None, None, None, NOWHERE),)
    facts = {"bgp_configurations": bird, "felix_configurations": felix, "daemonsets": version("v3.32.0")}
    found = looked_up("10.244.2.2", ONE, TWO, **facts)
    assert (found.route, found.undecided, found.unless_default) == (None, None, True)
