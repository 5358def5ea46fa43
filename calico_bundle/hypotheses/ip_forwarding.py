"""A node does not forward packets: net.ipv4.ip_forward, or the setting of a card, is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from calico_bundle.cluster import ClusterNode

_WORDS = Words(
    "every node forwards what comes in by its cards and tunnels",
    "whether packets are forwarded (sysctl)",
    ("sysctl -a",),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by the settings of every node."""
    pods = case.context.paths.forwarding.pods

    def shown(node: ClusterNode) -> Shown:
        return _shown(node, [fact.interface for fact in pods.own_networks(node.name)], pods.is_workload_device)

    return from_nodes(case, _WORDS, shown)


def _shown(node: ClusterNode, cards: list[str], is_cable: Callable[[str], bool]) -> Shown:
    """By the own settings of cards, tunnels and pods' cables, which the kernel goes by."""
    from calico_bundle.network.settings import forwarding, not_forwarding, told_of
    from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE

    tunnels = [name for name in (IPIP_DEVICE, VXLAN_DEVICE) if node.interface(name)]
    names = list(dict.fromkeys((*cards, *tunnels))) or told_of(node, lambda _: True) or ["all"]
    off = not_forwarding(node, dict.fromkeys((*names, *told_of(node, is_cable))))
    if off:
        return Shown(node.name, f"{node.name} does not forward what comes in by {off[0]}", (off[1],))
    found = [forwarding(node, name)[1] if name != "all" else None for name in names]
    seen = tuple(dict.fromkeys(line for line in found if line))
    return Shown(node.name, evidence=() if None in found else seen)


HYPOTHESIS = Hypothesis(
    "ip-forwarding",
    "Is forwarding turned off on a node?",
    (),
    "Linux Documentation/networking/ip-sysctl.rst: conf/INTERFACE/forwarding; ip_forward sets all of them",
    examine,
)
