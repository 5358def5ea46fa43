"""Nodes that are taken for alike come to the same: what one of them came to holds for each of the others."""

from __future__ import annotations

import random
from dataclasses import fields, replace

import pytest

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.network.service import find_dns
from calico_bundle.paths import DnsPaths
from tests.network.altered import CHANGES, build, plans, service_rules
from tests.network.hand_made import block, card, endpoint, pod, pool

FIELDS_IN_KEYS = {
    "name": "what a key is without",
    "kubernetes": "nature",
    "interfaces": "nature",
    "addresses": "nature (roles)",
    "routes": "nature and relation (tables)",
    "rules": "nature; the networks they name are in every address's place",
    "neighbors": "nature and relation (mentions)",
    "sysctls": "nature",
    "service_rules": "nature; the networks they name are in every address's place",
    "service_tables": "none: they are asked of each node by its name",
    "port_rules": "nature",
    "filter_tables": "none: they are asked of each node by its name",
    "kubelet_dns": "none: they are asked of each node by its name",
    "sessions": "nature and relation (mentions)",
    "bgp_routes": "a node with them and without routes is like no other",
    "log_events": "nature (recovering) and relation (mentions)",
    "incomplete": "nature",
    "some_routes": "nature; a node with any but a default route by a router is like no other",
    "listed_in_order": "nature",
    "disputed": "a node with any is like no other; they are in every address's place",
    "reprogrammed": "nature",
    "moved": "nature",
}


def paths(cluster: Cluster) -> DnsPaths:
    return DnsPaths(cluster, find_dns(cluster))


def differing(found: DnsPaths) -> list[tuple[object, ...]]:
    """Pairs for which the class came to something else than a walk of their own."""
    wrong = []
    for group in found.groups:
        for (_, request, reply), fate in zip(group.outcomes, group.fates, strict=True):
            walked = (fate.request.outcome, fate.reply.outcome)
            if (request, reply) != walked:
                wrong.append((group.node, fate.endpoint_node, (request, reply), walked))
        if group.fates and group.basis != "none":
            assert (group.basis == "predicted") == any(fate.predicted for fate in group.fates)
    return wrong


def test_every_field_of_a_node_is_in_a_key():
    """Who adds a record to the nodes has to say here which key tells nodes apart by it."""
    assert {field.name for field in fields(ClusterNode) if field.init} == set(FIELDS_IN_KEYS)


@pytest.mark.parametrize("listed", [False, True])
def test_nodes_that_are_alike_are_walked_once(listed: bool):
    found = paths(build(plans(), listed=listed))
    assert not differing(found)
    pairs = sum(len(group.outcomes) for group in found.groups)
    assert found.walked < pairs / 2


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("number", [1, 2, 6])
def test_one_change_of_one_node_is_seen(change, number: int):
    """On a node without DNS, on one with it, and on the owner of the block that an address was borrowed from."""
    for seed in range(3):
        nodes = plans()
        change(nodes[number - 1], random.Random(seed))
        assert not differing(paths(build(nodes)))
        assert not differing(paths(build(nodes, listed=True)))


@pytest.mark.parametrize("seed", range(120))
def test_changes_at_random_are_seen(seed: int):
    dice = random.Random(seed)
    nodes = plans()
    for _ in range(dice.randint(1, 8)):
        dice.choice(CHANGES)(dice.choice(nodes), dice)
    wrapped = replace(pool(), ipip_mode=dice.choice(("Never", "Never", "Always", "CrossSubnet")))
    second = dice.choice(("10.244.40.0/26", "10.244.4.0/28", "10.244.4.0/24"))
    blocks = () if dice.random() < 0.1 else (*build(nodes).blocks, block(second, "node-4"))
    twins = [pod("twin", "node-3", "10.244.5.3")] if dice.random() < 0.2 else []
    facts = {"pools": (wrapped,), "blocks": blocks, "pods": (*build(nodes).pods, *twins)}
    assert not differing(paths(build(nodes, listed=bool(seed % 2), **facts)))


def test_change_of_all_nodes_but_one_is_seen():
    """What most tables say is the usual; here the one that is as it should be departs from it."""
    nodes = plans()
    for plan in nodes[1:]:
        plan.edit("routes", lambda lines: [line for line in lines if "10.244.5.0/26" not in line])
    assert not differing(paths(build(nodes, listed=True)))


def test_networks_of_rules_tell_addresses_apart():
    nodes = plans()
    for plan in nodes:
        plan.edit("rules", lambda lines: [*lines, "70: from 10.244.3.0/26 unreachable"])
    assert not differing(paths(build(nodes)))


# --- what few changes at random would show --------------------------------------------------------------------------


def led_by_eight(nodes, networks: tuple[str, ...]) -> None:
    """node-1 sends what is for the blocks of nodes 4 and 5 to node-8, which knows the way to one of them alone."""
    first, last = nodes[0], nodes[7]
    gone = ("10.244.4.0/26", "10.244.5.0/26")
    via = [f"{network} via 10.0.1.18 dev eth0 proto bird" for network in networks]
    first.edit("routes", lambda lines: [line for line in lines if not line.startswith(gone)] + via)
    last.edit("routes", lambda lines: [line for line in lines if not line.startswith(gone[1])])


@pytest.mark.parametrize("networks", [("10.244.4.0/26", "10.244.5.0/26"), ("10.244.4.0/23",)])
def test_way_by_a_third_node_is_a_matter_of_that_node_too(networks: tuple[str, ...]):
    nodes = plans()
    led_by_eight(nodes, networks)
    found = paths(build(nodes, listed=True))
    assert not differing(found)
    (group,) = (g for g in found.groups if g.node == "node-1" and len(g.pods) == 2)
    assert [node for node, request, _ in group.outcomes if request == "delivered"] == ["node-2", "node-4"]


def test_borrowed_address_goes_to_the_owner_of_its_block_where_no_route_of_its_own_is():
    nodes = plans()
    for plan in nodes[:5]:
        plan.edit("routes", lambda lines: [*lines, "10.244.6.9 via 10.0.1.17 dev eth0 proto bird"])
    nodes[6].edit("routes", lambda lines: [*lines, "10.244.6.9 dev cali7z scope link"])
    nodes[4].edit("routes", lambda lines: [line for line in lines if not line.startswith("10.244.6.9")])
    nodes[6].records["service_rules"] = service_rules("! -s 10.244.0.0/16 ")
    found = paths(build(nodes))
    assert not differing(found)
    (group,) = (g for g in found.groups if any(found.pods[i].pod.name == "borrower" for i in g.pods))
    assert [reply for _, _, reply in group.outcomes] == ["delivered", "delivered", "lost"]


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("small", ["10.244.4.0/28", "10.244.4.0/30", "10.244.4.2/32"])
def test_address_in_two_blocks_meets_what_is_said_of_either(small: str, listed: bool):
    nodes = plans()
    old, new = "10.244.4.0/26 via 10.0.1.14 ", "10.244.4.0/26 via 10.0.1.1 "
    nodes[7].edit("routes", lambda lines: [line.replace(old, new) for line in lines])
    blocks = (*build(nodes).blocks, block(small, "node-4"))
    assert not differing(paths(build(nodes, listed=listed, blocks=blocks)))


def test_odd_nodes_say_another_thing_of_each_block():
    """node-8 leads packets by others, and those for one of the two blocks of node-4 to nobody."""
    nodes = plans()
    for plan in nodes[:7]:
        route = "blackhole 10.244.40.0/26" if plan.number == 4 else "10.244.40.0/26 via 10.0.1.14 dev eth0"
        plan.edit("routes", lambda lines, route=route: [*lines, f"{route} proto bird"])
    nodes[3].edit("routes", lambda lines: [*lines, "10.244.40.2 dev cali4c scope link"])
    nodes[3].edit("sysctls", lambda lines: [*lines, "net.ipv4.conf.cali4c.rp_filter = 0"])
    nodes[7].edit("routes", lambda lines: [*lines, "10.99.0.0/16 via 10.0.1.13 dev eth0", "unreachable 10.244.40.0/26"])
    cluster = build(nodes)
    more = {
        "blocks": (*cluster.blocks, block("10.244.40.0/26", "node-4")),
        "pods": (*cluster.pods, pod("app-44", "node-4", "10.244.40.2")),
        "endpoints": (*cluster.endpoints, endpoint("10.244.40.2", "node-4", "app-44")),
    }
    assert not differing(paths(build(nodes, **more)))


@pytest.mark.parametrize("twin", ["pod", "endpoint"])
def test_address_of_two_pods_is_met_on_either_node(twin: str):
    nodes = plans()
    nodes[4].edit("routes", lambda lines: [*lines, "blackhole 10.244.4.3"])
    cluster = build(nodes)
    more = (
        {"pods": (*cluster.pods, pod("twin", "node-5", "10.244.4.3"))}
        if twin == "pod"
        else {"endpoints": (*cluster.endpoints, endpoint("10.244.4.3", "node-5", "twin"))}
    )
    assert not differing(paths(build(nodes, **more)))


def test_address_of_two_nodes_is_nearer_to_the_one_whose_block_it_is_in():
    nodes = plans()
    for plan in (nodes[1], nodes[3]):
        plan.cards.append(card("eth3", "10.244.4.60/26"))
        plan.edit("routes", lambda lines: [line for line in lines if not line.startswith("default")])
    assert not differing(paths(build(nodes)))


def test_neighbor_with_the_card_of_another_node_is_told_from_one_with_its_own():
    """10.0.1.12 is the address of two nodes, so no neighbor entry for it is about one of them."""
    nodes = plans()
    nodes[6].cards.append(card("eth4", "10.0.1.12/32"))
    for number, holder in ((3, 4), (4, 3), (5, 2)):
        line = f"10.0.1.12 dev eth0 lladdr 02:00:00:00:00:0{holder} STALE"
        nodes[number - 1].edit("neighbors", lambda lines, x=line: [x, *(n for n in lines if "10.0.1.12 " not in n)])
    assert not differing(paths(build(nodes)))
