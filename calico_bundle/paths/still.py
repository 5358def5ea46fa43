"""Interfaces of a node by which nothing that comes in is forwarded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.network.pods import DEFAULT_INTERFACE_PREFIXES
from calico_bundle.network.settings import not_forwarding, told_of
from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE


class Stopped(NamedTuple):
    """What comes in by something of a node and is not forwarded, and the line that says so."""

    node: str
    by: str
    line: Evidence


class Still:
    """What a node does not forward: the kernel asks the interface that a packet came in by (IN_DEV_FORWARD).

    >>> Still(ClusterNode("node-1"), is_default_cable).met_by(crosses=True)
    """

    def __init__(self, node: ClusterNode, is_cable: Callable[[str], bool]) -> None:
        self._node, self._is_cable = node, is_cable

    def met_by(self, *, crosses: bool) -> Stopped | None:
        """What stops packets of the node's pods: at their own cables, or where they come from another node."""
        return (self.by_card if crosses else None) or self.by_cable

    @cached_property
    def by_card(self) -> Stopped | None:
        """The card of the node's own address, or a tunnel; where no card is known, any that the settings tell of."""
        node = self._node
        own = {node.internal_ip, node.bgp_address.ip if node.bgp_address else None} - {None}
        cards = sorted({card for ip in own if ip is not None and (card := node.interface_of(ip))})
        tunnels = [name for name in (IPIP_DEVICE, VXLAN_DEVICE) if node.interface(name)]
        others = told_of(node, lambda name: not self._is_cable(name)) or ["all"]
        found = not_forwarding(node, [*(cards or others), *tunnels])
        return Stopped(node.name, "one of its cards", found[1]) if found else None

    @cached_property
    def by_cable(self) -> Stopped | None:
        """The cable of a pod, of those that the settings tell of."""
        found = not_forwarding(self._node, told_of(self._node, self._is_cable))
        return Stopped(self._node.name, f"a pod's interface {found[0]}", found[1]) if found else None


def is_default_cable(device: str) -> bool:
    """Whether a device is the node's end of a pod's cable, by the names that Calico gives them.

    >>> is_default_cable("cali0123456789a"), is_default_cable("ens18")
    (True, False)
    """
    return device.startswith(DEFAULT_INTERFACE_PREFIXES)
