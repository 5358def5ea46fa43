"""Nodes and pools after an encapsulation is switched on: Felix makes its VXLAN device with an address of the node's blocks.

Which address of a block it is does not matter to any route: the block leads to its node (felix: the tunnel's own address).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from ipaddress import IPv4Interface

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.network.pods import PodNetwork
from calico_bundle.network.tunnels import VXLAN_DEVICE
from calico_bundle.what_if.machines import with_tunnel


def encapsulated(cluster: Cluster, names: Collection[str], pods: PodNetwork) -> Cluster:
    """The cluster with some pools at VXLAN CrossSubnet; every route of Calico's and every session is worked out anew."""
    if not names:
        return cluster
    pools = tuple(
        replace(pool, ipip_mode="Never", vxlan_mode="CrossSubnet") if pool.name in names else pool
        for pool in cluster.pools
    )
    nodes = {name: _with_device(node, pods) for name, node in cluster.nodes.items()}
    return replace(cluster, pools=pools, nodes=nodes)


def _with_device(node: ClusterNode, pods: PodNetwork) -> ClusterNode:
    anew = node.altered(moved=True, reprogrammed=True, sessions=None, bgp_routes=None, log_events=())
    kubernetes, block = node.kubernetes, next(iter(pods.blocks_of(node.name)), None)
    address = kubernetes.vxlan_tunnel_ip or (block.network_address if block else None) if kubernetes else None
    if kubernetes is None or address is None or kubernetes.bgp_ipv4 is None or node.interface(VXLAN_DEVICE):
        return anew
    known = anew.altered(kubernetes=replace(kubernetes, vxlan_tunnel_ip=address))
    made = known.altered(interfaces=with_tunnel(known, kubernetes.bgp_ipv4))
    own = next((a for a in node.addresses or () if a.address.ip == kubernetes.bgp_ipv4.ip), None)
    if own is None:
        return made
    held = replace(own, interface=VXLAN_DEVICE, address=IPv4Interface(f"{address}/32"))
    return made.altered(addresses=(*(node.addresses or ()), held))
