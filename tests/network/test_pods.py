"""Which addresses are pods', which devices lead to pods, and who else may know pod routes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle import facts as f
from calico_bundle.network.pods import PodNetwork
from tests.network.hand_made import NOWHERE, block, cluster, lan_node, machine, pod, pool


def prefix(text: str | None) -> f.FelixConfigurationFact:
    return f.FelixConfigurationFact("default", None, None, text, None, NOWHERE)


def test_pod_addresses_come_from_pools_blocks_and_pods():
    pods = PodNetwork(
        cluster(
            pools=(pool("10.244.0.0/16"),),
            blocks=(block("10.9.0.0/26", "node-1"),),
            pods=(pod("a", "node-1", "10.7.0.5"),),
        )
    )
    known = ("10.244.9.9", "10.9.0.63", "10.7.0.5")
    assert all(pods.is_pod_address(ip_address(a)) for a in known)
    assert not any(pods.is_pod_address(ip_address(a)) for a in ("10.9.0.64", "10.7.0.6", "10.0.1.11"))


def test_host_network_pods_have_node_addresses():
    pods = PodNetwork(cluster(pods=(pod("a", "node-1", "10.0.1.11", host_network=True),)))
    assert not pods.is_pod_address(ip_address("10.0.1.11"))
    assert pods.sample_on("node-1") is None


def test_blocks_of_a_node_leave_out_the_deleted_and_the_ownerless():
    blocks = (
        block("10.244.1.0/26", "node-1"),
        block("10.244.1.64/26", "node-1", deleted=True),
        block("10.244.9.0/26", None),
    )
    pods = PodNetwork(cluster(blocks=blocks))
    assert [str(b) for b in pods.blocks_of("node-1")] == ["10.244.1.0/26"]
    assert pods.blocks_of("node-9") == frozenset()


def test_pod_cidrs_stand_in_for_blocks():
    node = machine("node-1", pod_cidrs=(pool("10.244.1.0/24").cidr,))
    assert [str(b) for b in PodNetwork(cluster(node)).blocks_of("node-1")] == ["10.244.1.0/24"]


def test_sample_is_a_running_pod_before_an_address_of_a_block():
    blocks = (block("10.244.1.0/26", "node-1"), block("10.244.2.0/26", "node-2"), block("10.244.3.7/32", "node-3"))
    pods = PodNetwork(
        cluster(blocks=blocks, pods=(pod("b", "node-1", "10.244.1.9"), pod("a", "node-1", "10.244.1.5", "fd00::5")))
    )
    samples = [pods.sample_on(f"node-{n}") for n in (1, 2, 3, 4)]
    assert [str(s) for s in samples] == ["10.244.1.5", "10.244.2.1", "10.244.3.7", "None"]


@pytest.mark.parametrize(
    "configured, devices",
    [(None, {"calia"}), ("cali", {"calia"}), ("eni, azv", {"eni1", "azv2"}), ("cali,", {"calia"})],
)
def test_workload_devices_by_configured_prefix(configured: str | None, devices: set[str]):
    """An empty item of the list is no prefix: it would make every device a pod's."""
    pods = PodNetwork(cluster(felix_configurations=(prefix(configured),)))
    assert {d for d in ("calia", "eni1", "azv2", "eth0", "tunl0") if pods.is_workload_device(d)} == devices


def test_routers_know_pods_only_where_calico_peers_with_them():
    mesh = cluster(lan_node(1, 2), lan_node(2, 1))
    assert not PodNetwork(mesh).routers_may_know_pods
    to_router = machine("node-1", sessions="10.0.1.1 Established", calico="10.0.1.11/24")
    assert PodNetwork(cluster(to_router)).routers_may_know_pods
    down = machine("node-1", sessions="10.0.1.1 Active", calico="10.0.1.11/24")
    assert not PodNetwork(cluster(down)).routers_may_know_pods


def test_configured_peer_that_is_no_node_is_a_router():
    def peer(ip: str) -> f.BGPPeerFact:
        return f.BGPPeerFact("p", None, None, ip, None, "64512", None, NOWHERE)

    assert PodNetwork(cluster(lan_node(1), bgp_peers=(peer("10.0.1.1:1790"),))).routers_may_know_pods
    assert not PodNetwork(cluster(lan_node(1), bgp_peers=(peer("10.0.1.11"),))).routers_may_know_pods


@pytest.mark.parametrize(
    "provider, pools, may",
    [
        ("aws:///eu-west-1a/i-1", (), True),
        ("gce://project/zone/n1", (pool(),), True),
        ("aws:///eu-west-1a/i-1", (replace(pool(), vxlan_mode="Always"),), False),
        ("k3s://n1", (pool(),), False),
        (None, (pool(),), False),
    ],
)
def test_clouds_carry_pods_that_calico_does_not_encapsulate(provider: str | None, pools: Any, may: bool):
    """GKE, AKS' kubenet, EKS' VPC network: the cloud's own route tables know the pods, and Calico makes policy alone."""
    assert PodNetwork(cluster(lan_node(1, provider_id=provider), pools=pools)).routers_may_know_pods is may


def test_without_a_networking_backend_somebody_else_routes_pods():
    """CALICO_NETWORKING_BACKEND=none: neither BIRD nor Felix writes their routes."""
    container = f.ContainerSpec("calico-node", None, {"CALICO_NETWORKING_BACKEND": "none"}, {})
    agent = (f.DaemonSetFact("kube-system", "calico-node", (container,), None, NOWHERE),)
    assert PodNetwork(cluster(lan_node(1), daemonsets=agent)).routers_may_know_pods


def test_peer_is_compared_without_its_port_and_ipv6_is_another_world():
    """bgppeer.go: peerIP may have a port behind a colon; an address of IPv6 says nothing of routes of IPv4."""

    def peered(ip: str) -> bool:
        fact = f.BGPPeerFact("p", None, None, ip, None, "64512", None, NOWHERE)
        return PodNetwork(cluster(lan_node(1), bgp_peers=(fact,))).routers_may_know_pods

    assert [peered(ip) for ip in ("10.0.1.11:179", "10.0.1.1:179", "fd00::1", "[fd00::1]:179")] == [
        False,
        True,
        False,
        False,
    ]


def test_smallest_block_decides_who_owns_an_address():
    """The kernel takes the longest prefix; blocks may lie inside each other."""
    nested = (block("10.244.0.0/16", "node-1"), block("10.244.2.0/26", "node-2"), block("10.244.2.8/29", "node-3"))
    for blocks in (nested, nested[::-1]):
        pods = PodNetwork(cluster(blocks=blocks))
        owners = [pods.owner_of(ip_address(a)) for a in ("10.244.9.9", "10.244.2.1", "10.244.2.9", "10.9.9.9")]
        assert owners == ["node-1", "node-2", "node-3", None]
        assert [str(pods.network_of(ip_address(a))) for a in ("10.244.2.9", "10.9.9.9")] == [
            "10.244.2.8/29",
            "10.9.9.9/32",
        ]


def test_pod_owns_its_address_before_the_block_it_borrowed_it_from():
    blocks = (block("10.244.2.0/26", "node-2"),)
    pods = PodNetwork(cluster(blocks=blocks, pods=(pod("a", "node-3", "10.244.2.9"), pod("b", None, "10.244.2.10"))))
    assert [pods.owner_of(ip_address(f"10.244.2.{n}")) for n in (8, 9, 10)] == ["node-2", "node-3", "node-2"]


def test_sample_is_the_smallest_ipv4_address_of_the_nodes_own_pods():
    pods = PodNetwork(
        cluster(
            blocks=(block("10.244.3.0/26", "node-3"),),
            pods=(
                pod("a", "node-1", "10.244.1.5"),
                pod("b", "node-1", "10.244.1.9"),
                pod("c", "node-1", "10.244.1.30"),
                pod("d", "node-2", "10.244.1.1"),
                pod("e", "node-3", "fd00::5"),
                pod("f", None, "10.244.1.2"),
            ),
        )
    )
    assert [str(pods.sample_on(f"node-{n}")) for n in (1, 2, 3)] == ["10.244.1.5", "10.244.1.1", "10.244.3.1"]


def test_pod_cidrs_are_pod_addresses_only_where_there_are_no_pools_and_blocks():
    """Under Calico's own IPAM a Node's podCIDR is nobody's: kube-controller-manager gives it out all the same."""
    node = machine("node-1", pod_cidrs=(pool("10.200.1.0/24").cidr,))
    assert PodNetwork(cluster(node)).is_pod_address(ip_address("10.200.1.7"))
    assert not PodNetwork(cluster(node)).is_pod_address(ip_address("10.200.2.7"))
    assert not PodNetwork(cluster(node, pools=(pool(),))).is_pod_address(ip_address("10.200.1.7"))


def test_nat_outgoing_is_asked_in_the_family_of_the_packet():
    """rules/nat.go: the pools' ipsets are one per family."""
    pools = (pool("10.244.0.0/16"), pool("fd00::/48"))
    pods = PodNetwork(cluster(pools=pools))
    pairs = (
        ("10.244.1.2", "8.8.8.8"),
        ("fd00::2", "2001:db8::1"),
        ("10.9.1.2", "8.8.8.8"),
        ("10.244.1.2", "10.244.2.2"),
    )
    assert [pods.leaves_by_nat(ip_address(a), ip_address(b)) for a, b in pairs] == [True, True, False, False]
