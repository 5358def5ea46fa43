"""CB205: networks that must be apart and are not. Cards and pools as in the laboratory; `changed` edits a recorded bundle."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import calico_bundle as cb
from calico_bundle.bundle import Bundle
from calico_bundle.checks.block_or_cidr_overlap import CHECK
from calico_bundle.cluster import Cluster
from calico_bundle.findings import Context
from calico_bundle.network.service import find_dns
from calico_bundle.paths import DnsPaths
from tests.network.hand_made import block, blocks_of, card, cluster, endpoint, lan_node, machine, pod, pool, service
from tests.stories import load_stories


def found(where: Cluster) -> list[tuple[str, str]]:
    """Severity and message of what the check says of a cluster."""
    from calico_bundle.addresses import judge_addresses
    from calico_bundle.choices import Choices

    paths = DnsPaths(where, find_dns(where))
    forwarding = paths.forwarding
    verdicts = judge_addresses(where, forwarding)
    context = Context(
        Bundle((), (), (), ()), where, find_dns(where), paths, verdicts, Choices(where, forwarding), (), ()
    )
    assert CHECK.lacks(context) is None
    return [(f.severity, f.message) for f in CHECK.run(context)]


def test_networks_that_are_apart_are_no_finding():
    where = cluster(lan_node(1, 2), lan_node(2, 1), pools=(pool(),), blocks=blocks_of(1, 2), services=(service(),))
    assert found(where) == []


def test_recorded_bundles_without_an_overlap_have_no_finding():
    for told in load_stories():
        if told.path is not None and told.name != "overlapping-mask-works":
            assert not cb.analyze(str(told.path)).findings["CB205"], told.name


# --- what overlaps what -----------------------------------------------------------------------------------------------


def test_pool_that_holds_the_nodes_network():
    severity, message = found(cluster(lan_node(1), pools=(pool("10.0.0.0/16"),)))[0]
    assert severity == "warning"
    assert message == "10.0.0.0/16 (IPPool pool) overlaps 10.0.1.0/24 (eth0 of node-1)"


def test_one_network_of_several_nodes_is_told_once():
    ((_, message),) = found(cluster(lan_node(1), lan_node(2), lan_node(3), pools=(pool("10.0.0.0/16"),)))
    assert message.endswith("overlaps 10.0.1.0/24 (eth0 of node-1 and 2 more)")


def test_nodes_whose_cards_were_not_recorded_stand_by_their_internal_ip():
    ((_, message),) = found(cluster(machine("n1", internal="10.244.9.9"), pools=(pool(),)))
    assert "10.244.9.9/32 (the InternalIP of n1)" in message


def test_bridge_of_another_container_engine():
    node = machine("n1", card("eth0", "10.0.1.11/24"), card("docker0", "172.17.0.1/16"), internal="10.0.1.11")
    ((_, message),) = found(cluster(node, pools=(pool("172.16.0.0/12"),)))
    assert "172.17.0.0/16 (docker0 of n1)" in message


@pytest.mark.parametrize("device", ["vxlan.calico", "tunl0", "wireguard.cali", "flannel.1", "cni0", "cali0123", "lo"])
def test_devices_that_hold_pod_addresses_on_purpose(device: str):
    node = machine("n1", card("eth0", "10.0.1.11/24"), card(device, "10.244.1.0/32"), internal="10.0.1.11")
    assert found(cluster(node, pools=(pool(),))) == []


def test_service_addresses_that_kube_proxy_puts_on_a_card():
    """IPVS mode: kube-ipvs0 holds every service address (pkg/proxy/ipvs/proxier.go)."""
    node = machine("n1", card("eth0", "10.0.1.11/24"), card("kube-ipvs0", "10.96.0.10/32"), internal="10.0.1.11")
    assert found(cluster(node, pools=(pool(),), services=(service(),))) == []


def test_service_in_a_pool_and_on_a_cards_network():
    ((_, in_pool),) = found(cluster(pools=(pool(),), services=(service(ip="10.244.0.10"),)))
    assert "10.244.0.10/32 (service kube-system/kube-dns)" in in_pool
    ((_, on_lan),) = found(cluster(lan_node(1), pools=(pool(),), services=(service(ip="10.0.1.200"),)))
    assert on_lan.startswith("10.0.1.0/24 (eth0 of node-1) overlaps 10.0.1.200/32")


def test_two_pools():
    ((_, message),) = found(cluster(pools=(pool(), pool("10.244.128.0/17"))))
    assert "overlaps 10.244.128.0/17 (IPPool pool)" in message


def test_many_overlaps_of_one_network_are_one_finding_that_counts_them():
    services = tuple(service(f"shop/s{n}", ip=f"10.244.0.{n}") for n in range(1, 9))
    ((_, message),) = found(cluster(pools=(pool(),), services=services))
    assert message.endswith("and 3 more")


def test_blocks_of_two_nodes():
    ((_, message),) = found(cluster(blocks=(block("10.244.1.0/26", "n1"), block("10.244.1.32/27", "n2"))))
    assert message == "10.244.1.0/26 (the block of n1) overlaps 10.244.1.32/27 (the block of n2)"


def test_blocks_of_one_node_or_of_nobody_any_more_are_none():
    own = (block("10.244.1.0/26", "n1"), block("10.244.1.32/27", "n1"))
    gone = (block("10.244.1.0/26", "n1"), block("10.244.1.0/26", "n2", deleted=True), block("10.244.1.0/26", None))
    assert found(cluster(blocks=own)) == found(cluster(blocks=gone)) == []


networks = st.builds(
    lambda base, length: ip_network(f"10.0.{base >> 8}.{base & 255}/{length}", strict=False),
    st.integers(0, 0xFFFF),
    st.integers(24, 32),
)


@given(st.lists(st.tuples(networks, st.sampled_from(["n1", "n2", "n3"])), max_size=8))
def test_a_block_that_overlaps_another_nodes_is_always_told(owned):
    """Against the definition: some pair of blocks of two nodes shares an address."""
    blocks = tuple(block(str(network), node) for network, node in owned)
    pairs = [(a, b) for i, a in enumerate(blocks) for b in blocks[i + 1 :]]
    overlapping = any(a.node != b.node and a.cidr.overlaps(b.cidr) for a, b in pairs)
    assert bool(found(cluster(blocks=blocks)) if blocks else False) == overlapping


# --- paths that it breaks ---------------------------------------------------------------------------------------------


def in_the_way(network: str) -> list[tuple[str, str]]:
    """node-1 has a second card in `network`; the DNS pod 10.244.2.2 runs on node-2."""
    routes = f"{network} dev eth1 proto kernel scope link src {first(network)}\n" + ROUTES
    second = card("eth1", f"{first(network)}/{network.split('/')[1]}")
    one = machine(
        "node-1", card("eth0", "10.0.1.11/24"), second, internal="10.0.1.11", calico="10.0.1.11/24", routes=routes,
        sessions="10.0.1.12 Established",
    )  # fmt: skip
    facts: dict[str, Any] = {
        "pools": (pool(),),
        "blocks": blocks_of(1, 2),
        "pods": (pod("app-1", "node-1", "10.244.1.2"), pod("kube-system/coredns", "node-2", "10.244.2.2")),
        "services": (service(),),
        "endpoints": (endpoint("10.244.2.2", "node-2", "coredns"),),
    }
    return found(cluster(one, lan_node(2, 1), **facts))


def first(network: str) -> str:
    return str(ip_network(network)[-2])


ROUTES = """
    default via 10.0.1.1 dev eth0 proto static
    10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.11
    blackhole 10.244.1.0/26 proto bird
    10.244.1.2 dev cali1a scope link
    10.244.2.0/26 via 10.0.1.12 dev eth0 proto bird
"""


def test_cards_network_inside_a_block_takes_its_packets():
    """Longest prefix: 10.244.2.0/28 before the block's /26."""
    broken, standing = in_the_way("10.244.2.0/28")
    assert broken[0] == "error"
    assert "node-1 sends packets for pods on node-2 out of a card of its own" in broken[1]
    assert standing == ("warning", "10.244.0.0/16 (IPPool pool) overlaps 10.244.2.0/28 (eth1 of node-1)")


@pytest.mark.parametrize("network", ["10.244.2.32/28", "10.244.0.0/22"])
def test_cards_network_beside_the_pods_or_around_the_block_breaks_nothing(network: str):
    assert [severity for severity, _ in in_the_way(network)] == ["warning"]
