"""CrossSubnet goes by a stored prefix that is not the card's: neighbors are taken for another subnet's, or the reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes, left_over, unseen
from calico_bundle.hypotheses.tunnels_used import tunnels_used

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

_WORDS = Words(
    "every node's Calico address is stored with the prefix that its card has",
    "what shows the stored address and the card's prefix",
    ("ip addr",),
    ("kubectl get nodes -o yaml", "kubectl get ippools.crd.projectcalico.org -o yaml"),
)


def examine(case: Case) -> Answer | None:
    """Ruled out where no pool asks for CrossSubnet, or by the prefix of every node's card."""
    if left_over(case):
        return None
    used = tunnels_used(case.context.cluster)
    if used.devices is None:
        return unseen(case, _WORDS, ())
    if not used.cross_subnet:
        return Answer(Status.RULED_OUT, "no pool's mode is CrossSubnet", used.pools[:2])
    return from_nodes(case, _WORDS, _shown, used.cross_subnet[:1])


def _shown(node: ClusterNode) -> Shown:
    stored = node.bgp_address
    line = node.kubernetes.cited.get("bgp_ipv4") if node.kubernetes else None
    if stored is None or line is None:
        return Shown(node.name)
    card = next((fact for fact in node.card_addresses if fact.address.ip == stored.ip), None)
    if card is None:
        return Shown(node.name)
    if card.address.network.prefixlen == stored.network.prefixlen:
        return Shown(node.name, evidence=(line,))
    sign = f"Calico stores {stored} for {node.name}, and its card {card.interface} has {card.address}"
    return Shown(node.name, sign, (line, card.evidence))


HYPOTHESIS = Hypothesis(
    "cross-subnet-mask",
    "Does CrossSubnet tell subnets apart by a prefix that is not the card's?",
    (),
    "Felix nodeInOurSubnet and BIRD's filter: a peer is near if it lies in the node's own stored network; a /32 holds none",
    examine,
)
