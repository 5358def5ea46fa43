"""A node is not Ready: its kubelet is silent or complains, and its pods may be gone or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

_WORDS = Words(
    "every node is Ready",
    "the Node's condition Ready",
    anywhere=("kubectl get nodes -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by the condition of every node."""
    return from_nodes(case, _WORDS, _shown)


def _shown(node: ClusterNode) -> Shown:
    line = node.kubernetes.cited.get("ready") if node.kubernetes else None
    if node.kubernetes is None or line is None or "ready" in node.kubernetes.redacted:
        return Shown(node.name)
    if node.kubernetes.ready:
        return Shown(node.name, evidence=(line,))
    said = (
        "is not Ready" if node.kubernetes.ready is False else "is of unknown state: its kubelet has stopped reporting"
    )
    return Shown(node.name, f"{node.name} {said}", (line,))


HYPOTHESIS = Hypothesis(
    "node-not-ready",
    "Is a node not Ready?",
    (),
    "Kubernetes: Node conditions; Ready is Unknown where the node controller has heard nothing for its grace period",
    examine,
)
