"""One path by names that people type: what they resolve to, and what is walked."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface

import pytest

import calico_bundle as cb
from calico_bundle.cluster import Cluster
from calico_bundle.network.outcome import Outcome, Why
from calico_bundle.network.service import find_dns
from calico_bundle.paths import DnsPaths, Verdict
from calico_bundle.trace import resolve, trace
from calico_bundle.traced_path import Path
from tests.network.hand_made import cluster, healthy, host_pod, lan_node, machine, pod


def traced(source: str, to: str = "dns", where: Cluster | None = None) -> Path:
    there = where or healthy()
    return trace(DnsPaths(there, find_dns(there)), source, to)


MORE = healthy(
    pods=(
        *healthy().pods,
        pod("shop/app-1", "node-3", "10.244.3.9"),
        pod("shop/cart-0", "node-1", "10.244.1.9"),
        host_pod("shop/agent", "node-3", "10.0.1.13"),
        pod("shop/pending", None),
    )
)


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop/cart-0", "pod/shop/cart-0", "cart-0", "pod/cart-0", "10.244.1.9"])
def test_names_of_a_pod(name: str):
    end = resolve(MORE, name)
    assert (end.kind, end.name, end.node, str(end.ip)) == ("pod", "shop/cart-0", "node-1", "10.244.1.9")


@pytest.mark.parametrize("name", ["node-1", "node/node-1"])
def test_names_of_a_node(name: str):
    end = resolve(MORE, name)
    assert (end.kind, end.name, end.node, str(end.ip)) == ("node", "node-1", "node-1", "10.0.1.11")


def test_address_of_a_node_and_of_nobody():
    assert (resolve(MORE, "10.0.1.12").kind, resolve(MORE, "10.0.1.12").node) == ("ip", "node-2")
    assert (resolve(MORE, "8.8.8.8").kind, resolve(MORE, "8.8.8.8").node) == ("ip", None)


def test_name_of_a_pod_and_a_node():
    both = healthy(pods=(pod("node-1", "node-2", "10.244.2.7"),))
    assert resolve(both, "node-1").kind == "node"
    assert resolve(both, "pod/node-1").kind == "pod"
    assert resolve(both, "default/node-1").kind == "pod"


def test_name_that_fits_several_pods_asks_for_the_namespace():
    with pytest.raises(cb.AmbiguousNameError, match=r"default/app-1, shop/app-1.*NAMESPACE/POD"):
        traced("app-1", where=MORE)


GENERATED = healthy(
    pods=(
        pod("shop/cart-7d9f6c5b84-x2k4q", "node-1", "10.244.1.9"),
        pod("shop/web-6b7c8d9f54-abcde", "node-2", "10.244.2.9"),
        pod("shop/web-6b7c8d9f54-fghij", "node-3", "10.244.3.9"),
        pod("shop/web", "node-1", "10.244.1.8"),
        pod("shop/node-exporter-x2k4q", "node-1", "10.244.1.7"),
        pod("shop/10-x2k4q", "node-1", "10.244.1.6"),
    )
)


@pytest.mark.parametrize("name", ["shop/cart-7d9f", "cart-7d9f", "cart", "pod/cart", "pod/shop/cart-7d9f6c5b84-x2k4q"])
def test_beginning_of_a_pods_name_will_do(name: str):
    assert resolve(GENERATED, name).name == "shop/cart-7d9f6c5b84-x2k4q"


def test_exact_name_wins_over_those_that_begin_so():
    assert resolve(GENERATED, "shop/web").name == resolve(GENERATED, "web").name == "shop/web"


def test_beginning_that_fits_several_pods_lists_them():
    listed = "shop/web-6b7c8d9f54-abcde, shop/web-6b7c8d9f54-fghij; give more"
    with pytest.raises(cb.AmbiguousNameError, match=listed):
        resolve(GENERATED, "shop/web-6b")


def test_beginning_that_fits_a_pod_and_nodes_is_ambiguous():
    with pytest.raises(cb.AmbiguousNameError, match="node-1, node-2, node-3, shop/node-exporter-x2k4q"):
        resolve(GENERATED, "node-")
    assert resolve(GENERATED, "pod/node-").name == "shop/node-exporter-x2k4q"


@pytest.mark.parametrize("name", ["", "pod/", "shop/", "hop/cart", "art-7d9f", "node/cart", "sho"])
def test_what_begins_no_pods_name_resolves_to_none(name: str):
    with pytest.raises(cb.UnknownNameError):
        resolve(GENERATED, name)


def test_address_is_no_beginning_of_a_name():
    assert resolve(GENERATED, "10.0.9.9").kind == "ip"


@pytest.mark.parametrize("name", ["shop/carrt", "carrt", "shop/crat"])
def test_generated_ending_does_not_hide_the_name_that_was_meant(name: str):
    with pytest.raises(cb.UnknownNameError, match="did you mean 'shop/cart-7d9f6c5b84-x2k4q'"):
        resolve(GENERATED, name)


@pytest.mark.parametrize("name, suggestion", [("nod-1", "node-1"), ("shop/cart-00", "shop/cart-0")])
def test_name_that_is_not_there_suggests_one(name: str, suggestion: str):
    with pytest.raises(cb.UnknownNameError, match=f"did you mean.*'{suggestion}'"):
        traced(name, where=MORE)
    with pytest.raises(cb.UnknownNameError, match=f"did you mean.*'{suggestion}'"):
        traced("node-1", name, where=MORE)


def test_short_name_of_a_pod_is_suggested_in_full():
    with pytest.raises(cb.UnknownNameError, match="shop/cart-0"):
        traced("cart-00", where=MORE)


@pytest.mark.parametrize("source", ["8.8.8.8", "dns", ""])
def test_path_begins_at_a_pod_or_node(source: str):
    with pytest.raises(cb.UnknownNameError, match="pod"):
        traced(source, where=MORE)


# --- to DNS ---------------------------------------------------------------------------------------------------------


def test_pod_to_dns_is_the_reports_own_path():
    found = traced("default/app-1")
    assert (found.verdict, found.basis, found.destination.name) == (Verdict.REACHES, "observed", "dns")
    (leg,) = found.legs
    assert (leg.to.name, leg.to.node, leg.outcome) == ("kube-system/coredns", "node-2", Outcome.DELIVERED)
    assert found.broken_at is None
    assert [h.does for h in found.hops] == ["translates", "routes", "delivers", "routes", "delivers"]
    assert str(found.destination.ip) == "10.96.0.10"


def test_node_to_dns_is_walked_like_a_host_network_pods_lookup():
    found = traced("node-1")
    assert found.verdict is Verdict.REACHES
    assert found.source.kind == "node"


def test_path_shows_the_leg_that_fails():
    where = healthy()
    lost = Cluster(
        {**where.nodes, "node-1": lan_node(1, 3)},
        pools=where.pools,
        blocks=where.blocks,
        pods=where.pods,
        services=where.services,
        endpoints=where.endpoints,
    )
    found = traced("default/app-1", where=lost)
    assert (found.verdict, found.broken_at) == (Verdict.BROKEN, "node-1")
    assert found.request is not None
    assert found.request.outcome is Outcome.LOST
    assert found.reply is not None
    assert "BROKEN" in repr(found).upper()


def test_pod_without_cluster_dns_has_no_legs():
    found = traced("shop/agent", where=healthy(pods=(pod("shop/agent", "node-1", "10.0.1.11", host_network=True),)))
    assert (found.verdict, found.basis, found.legs, found.hops, found.request, found.reply) == (
        Verdict.NOT_APPLICABLE,
        "none",
        (),
        (),
        None,
        None,
    )


def test_node_of_which_nothing_but_its_name_is_known():
    """A bundle of node dumps alone: no Node object, no routes."""
    bare = cluster(machine("node-1", kubernetes=None))
    found = traced("node-1", where=bare)
    assert found.verdict is Verdict.UNKNOWN


# --- elsewhere ------------------------------------------------------------------------------------------------------


def test_pod_to_pod():
    found = traced("default/app-1", "default/app-3")
    assert (found.verdict, found.source.kind, found.destination.kind) == (Verdict.REACHES, "pod", "pod")
    assert found.reason


def test_node_to_node():
    found = traced("node-1", "node-3")
    assert found.verdict is Verdict.REACHES
    assert found.request is not None
    assert found.request.hops[0].rule == "10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.11"


def test_node_to_itself():
    assert traced("node-1", "node-1").verdict is Verdict.REACHES


def test_pod_to_node_and_back():
    assert traced("default/app-1", "node-2").verdict is Verdict.REACHES
    assert traced("node-2", "default/app-1").verdict is Verdict.REACHES


def test_host_network_pod_sends_from_its_node():
    found = traced("shop/agent", "default/app-1", where=MORE)
    assert found.verdict is Verdict.REACHES
    assert found.request is not None
    assert found.request.hops[0].node == "node-3"


def test_way_back_of_an_address_outside_is_not_known():
    found = traced("default/app-1", "8.8.8.8")
    assert found.verdict is Verdict.UNKNOWN
    assert found.reply is not None
    assert found.reply.cause is not None
    assert found.reply.cause.why is Why.UNDECIDED


@pytest.mark.parametrize("source", ["default/app-1", "node-1", "node-2"])
def test_address_of_a_node_answers_like_the_node(source: str):
    by_address, by_name = traced(source, "10.0.1.12"), traced(source, "node-2")
    end = by_address.destination
    assert (end.kind, end.name, end.node) == ("ip", "10.0.1.12", "node-2")
    assert by_address.verdict is by_name.verdict is Verdict.REACHES
    assert (by_address.request, by_address.reply) == (by_name.request, by_name.reply)


def test_address_that_only_calico_gives_a_node_is_that_nodes():
    there = cluster(machine("node-1"), machine("node-2", calico="192.168.50.12/24"))
    assert resolve(there, "192.168.50.12").node == "node-2"


def test_stale_address_of_calico_does_not_hide_who_has_it():
    """Calico still stores for node-2 what is node-3's by now."""
    there = cluster(machine("node-2", calico="10.0.1.13/24"), machine("node-3", internal="10.0.1.13"))
    assert resolve(there, "10.0.1.13").node == "node-3"


def test_address_that_every_node_has_leaves_the_way_back_open():
    """Each machine has its own 172.17.0.1, so which one answers is the source's own matter."""
    there = healthy()
    docker = ip_interface("172.17.0.1/16")
    nodes = {
        name: replace(node, addresses=(*held, replace(held[0], interface="docker0", address=docker)))
        for name, node in there.nodes.items()
        if (held := node.addresses)
    }
    found = traced("default/app-1", "172.17.0.1", where=replace(there, nodes=nodes))
    assert (found.destination.node, found.verdict) == (None, Verdict.UNKNOWN)
    assert "several nodes (node-1, node-2, node-3)" in found.reason


def test_pod_that_is_not_placed_yet_is_open():
    assert traced("shop/pending", where=MORE).verdict is Verdict.UNKNOWN
    found = traced("shop/cart-0", "shop/pending", where=MORE)
    assert found.verdict is Verdict.UNKNOWN
    assert "shop/pending" in found.reason


def test_packet_that_ends_on_another_machine_is_lost():
    """The Pod says node-3, the route leads to node-2."""
    moved = healthy(pods=(pod("app-1", "node-1", "10.244.1.2"), pod("moved", "node-3", "10.244.2.2")))
    found = traced("app-1", "moved", where=moved)
    assert found.verdict is Verdict.BROKEN
    assert found.request is not None
    assert found.request.cause is not None
    assert found.request.cause.why is Why.WRONG_MACHINE
    assert found.broken_at == "node-2"


def test_leg_is_lost_when_either_way_is():
    where = healthy()
    deaf = Cluster({**where.nodes, "node-3": lan_node(3, 2)}, pools=where.pools, blocks=where.blocks, pods=where.pods)
    found = traced("default/app-1", "default/app-3", where=deaf)
    (leg,) = found.legs
    assert found.verdict is Verdict.BROKEN
    assert leg.cause is not None
    assert leg.cause.node == "node-3"
