"""Which of a machine's addresses are its own networks', and not Calico's, Kubernetes' or a pod's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calico_bundle.calico.other_plugins import plugin_of_device
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import AddressFact

# Tunnel devices of Calico and devices of other plugins hold addresses of pod networks on purpose; kube-ipvs0 and
# nodelocaldns hold service addresses (Felix: names in route_table.go; kube-proxy: ipvs/proxier.go).
_NOT_OWN = re.compile(r"(lo|tunl\d+|vxlan(-v6)?\.calico|wireguard\.cali|wg-v6\.cali|kube-ipvs\d+|nodelocaldns)$")


def own_networks(node: ClusterNode, cables: tuple[str, ...]) -> Iterator[AddressFact]:
    """IPv4 addresses of a machine whose networks are its own: those of cards, bonds and bridges.

    `cables` is how the names of pods' cables begin.

    >>> list(own_networks(ClusterNode("n1"), ("cali",)))
    []
    """
    for fact in node.card_addresses:
        foreign = _NOT_OWN.match(fact.interface) or plugin_of_device(fact.interface)
        own = not foreign and not fact.interface.startswith(cables)
        if own and fact.address.version == 4 and not fact.address.ip.is_link_local:
            yield fact


_MACHINES_OF_ONES_OWN = ("kind:", "k3s:", "rke2:", "metal3:", "baremetalhost:", "vsphere:")
"""Provider IDs of machines on networks that work by ARP, and whose routers somebody set up."""


def in_a_cloud(node: ClusterNode) -> bool:
    """Whether a cloud provider says that the node is one of its machines (spec.providerID).

    >>> in_a_cloud(ClusterNode("n1"))
    False
    """
    provider = node.kubernetes.provider_id if node.kubernetes else None
    return bool(provider) and not str(provider).startswith(_MACHINES_OF_ONES_OWN)


def may_be_in_a_cloud(node: ClusterNode) -> bool:
    """Whether a node is in a cloud, or is known from a table, which does not show it.

    >>> may_be_in_a_cloud(ClusterNode("n1"))
    False
    """
    return in_a_cloud(node) or bool(node.kubernetes and "provider_id" in node.kubernetes.not_shown)
