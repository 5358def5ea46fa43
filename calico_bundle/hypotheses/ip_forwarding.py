"""A node does not forward packets: net.ipv4.ip_forward, or the setting of a card, is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

_WORDS = Words(
    "every node forwards what comes in by its cards and tunnels",
    "whether packets are forwarded (sysctl)",
    ("sysctl -a",),
    effect="what comes in by such a card for a pod is dropped, and so is what pods send where no card forwards",
)


def examine(case: Case) -> Answer | None:
    """Ruled out by the settings of every node."""
    pods = case.context.paths.forwarding.pods

    def shown(node: ClusterNode) -> Shown:
        return _shown(node, [fact.interface for fact in pods.own_networks(node.name)])

    return from_nodes(case, _WORDS, shown)


def _shown(node: ClusterNode, cards: list[str]) -> Shown:
    """By the cards' own settings, which the kernel goes by; what is off for all is on for none that is not told of."""
    from calico_bundle.network.settings import forwarding
    from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE

    tunnels = [name for name in (IPIP_DEVICE, VXLAN_DEVICE) if node.interface(name)]
    everywhere, found = forwarding(node, "all"), []
    for name in dict.fromkeys((*cards, *tunnels)) or _told_of(node) or ["all"]:
        own = forwarding(node, name)
        forwards, line = everywhere if own[0] is None and everywhere[0] is False else own
        if forwards is False and line:
            return Shown(node.name, f"{node.name} does not forward what comes in by {name}", (line,))
        found.append(line if name != "all" else None)
    seen = tuple(dict.fromkeys(line for line in found if line))
    return Shown(node.name, evidence=() if None in found else seen)


def _told_of(node: ClusterNode) -> list[str]:
    """The interfaces whose settings are there, where the cards themselves are not known."""
    start, end = "net.ipv4.conf.", ".forwarding"
    found = (key[len(start) : -len(end)] for key in node.sysctls or () if key.startswith(start) and key.endswith(end))
    return [name for name in found if name not in ("all", "default", "lo")]


HYPOTHESIS = Hypothesis(
    "ip-forwarding",
    "Is forwarding turned off on a node?",
    (),
    "Linux Documentation/networking/ip-sysctl.rst: conf/INTERFACE/forwarding; ip_forward sets all of them",
    examine,
)
