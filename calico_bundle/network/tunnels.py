"""Calico's tunnels: which outer addresses a packet gets, and which sources the receiver accepts.

Sources: Felix dataplane/linux/vxlan_mgr.go (outer destination and source are the nodes' stored addresses), maintainers'
answer in projectcalico/calico#8367 (IPIP's outer source is the kernel's choice), Felix rules/static.go (tunnel packets
are accepted from stored addresses alone).
"""

from __future__ import annotations

from collections.abc import Callable

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, NextHop

VXLAN_DEVICE = "vxlan.calico"
IPIP_DEVICE = "tunl0"
_KINDS = frozenset({"vxlan", "ipip", "wireguard"})
_OTHERS = ("flannel", "wireguard.cali")
"""Tunnels whose far ends are in no route: flannel's, and WireGuard's (Felix wireguard/wireguard.go)."""

OuterSource = Callable[[ClusterNode, Address], Address | None]


class TunnelEnds:
    """Outer addresses and accepted sources, for one cluster.

    >>> TunnelEnds(Cluster({})).is_tunnel(ClusterNode("n1"), "tunl0")
    True
    """

    def __init__(self, cluster: Cluster) -> None:
        nodes = [n for n in cluster.nodes.values() if n.kubernetes]
        self._stored = {n.bgp_address.ip for n in nodes if n.bgp_address}
        # A machine whose Node object is not there, or could not be read, has an address too.
        self._complete = (
            bool(nodes) and all(n.bgp_address for n in cluster.nodes.values()) and "Node" not in cluster.unread
        )
        self._by_vtep: dict[Address, ClusterNode] = {}
        for node in nodes:
            if node.kubernetes and node.kubernetes.vxlan_tunnel_ip:
                self._by_vtep[node.kubernetes.vxlan_tunnel_ip] = node
        for node in cluster.nodes.values():
            for address in node.card_addresses:
                if address.interface == VXLAN_DEVICE:
                    self._by_vtep.setdefault(address.address.ip, node)

    def is_tunnel(self, node: ClusterNode, device: str) -> bool:
        """Whether a device is one of Calico's tunnels."""
        if device in (VXLAN_DEVICE, IPIP_DEVICE) or device.startswith(_OTHERS):
            return True
        card = node.interface(device)
        return card is not None and card.kind in _KINDS

    def ends(self, node: ClusterNode, hop: NextHop, outer_source: OuterSource) -> tuple[Address | None, Address] | str:
        """Outer source and destination; a sentence when the bundle does not tell them."""
        if hop.gateway is None:
            return f"the route into {hop.device} of {node.name} names no far end"
        if hop.device == VXLAN_DEVICE:
            return self._vxlan_ends(node, hop.gateway)
        card = node.interface(hop.device or "")
        kind = card.kind if card else None
        if kind in ("vxlan", "wireguard") or (hop.device or "").startswith(_OTHERS):
            return f"{hop.device} of {node.name} is no tunnel of Calico's, and its far ends are not known here"
        return outer_source(node, hop.gateway), hop.gateway

    def _vxlan_ends(self, node: ClusterNode, vtep: Address) -> tuple[Address | None, Address] | str:
        far = self._by_vtep.get(vtep)
        if far is None or far.bgp_address is None:
            return f"no node with a known Calico address has the VXLAN tunnel address {vtep}"
        card = node.interface(VXLAN_DEVICE)
        own = (card.vxlan_local if card else None) or (node.bgp_address.ip if node.bgp_address else None)
        return own, far.bgp_address.ip

    def accepts(self, source: Address | None) -> bool | None:
        """Whether a receiver takes a tunnel packet of this outer source; None when nobody can tell.

        It takes them from every node's stored address; where one of those is missing, another address may be it.
        """
        if source in self._stored:
            return True
        return False if source is not None and self._complete else None
