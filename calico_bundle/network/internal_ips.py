"""Which nodes go by an InternalIP that may itself be the wrong one of their addresses."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, Network


class InternalIps:
    """The InternalIPs of a cluster; built once, asked for each node."""

    def __init__(self, cluster: Cluster) -> None:
        """Sort them, so that a network is looked up and not compared with each."""
        found = ((node.internal_ip, node) for node in cluster.nodes.values())
        listed = sorted(((int(ip), node) for ip, node in found if ip is not None), key=lambda pair: pair[0])
        self._sorted, self._nodes = [ip for ip, _ in listed], [node for _, node in listed]
        self._meant: dict[Network, bool] = {}

    def stands_apart(self, node: ClusterNode) -> bool:
        """Whether another card of a node is in a network of nodes that its own InternalIP is in none with.

        >>> InternalIps(Cluster({})).stands_apart(ClusterNode("node-1"))
        False
        """
        own, here = node.internal_ip, own_networks(node)
        if own is None or not here:
            return False
        held = (a.address for a in node.card_addresses if a.address.version == 4 and not a.address.ip.is_loopback)
        elsewhere = (a.network for a in held if a.ip != own and own not in a.network)
        return any(self._inside(n) and not any(n.overlaps(mine) for mine in here) for n in elsewhere)

    def is_meant(self, network: Network) -> bool:
        """Whether a node goes by a network and stands not apart there: then that is where nodes are meant to be."""
        if network not in self._meant:
            self._meant[network] = any(not self.stands_apart(node) for node in self._inside(network))
        return self._meant[network]

    def _inside(self, network: Network) -> Sequence[ClusterNode]:
        first, last = int(network.network_address), int(network.broadcast_address)
        return self._nodes[bisect_left(self._sorted, first) : bisect_right(self._sorted, last)]


def own_networks(node: ClusterNode) -> Sequence[Network]:
    """The networks that a node's InternalIP is in, by the card that holds it.

    >>> own_networks(ClusterNode("node-1"))
    []
    """
    own: Address | None = node.internal_ip
    return [a.address.network for a in node.card_addresses if a.address.version == 4 and a.address.ip == own]
