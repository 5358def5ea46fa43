"""Which addresses are pods', which devices lead to pods, and who else may know pod routes."""

from __future__ import annotations

from ipaddress import ip_address

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
