"""CB106: the configured method selects no address on this node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

INFO = CheckInfo(
    code="CB106",
    name="detection-matches-nothing",
    severity=WARNING,
    means="The configured detection method selects no address on this node.",
    finds=(
        "A replay of the method that ends without an address: no interface matches, no address fits, or the method is "
        "invalid."
    ),
    matters=(
        "With an address stored, calico-node keeps it and says so in its log, until the address is gone. Without one "
        "it exits, and the node has no pod network."
    ),
    proves="The method in calico-node's environment and the node's interfaces.",
    fix=(
        "Choose a method that fits this node too: names differ between machines, kubernetes-internal-ip does not ask "
        "for any."
    ),
    limits="As for CB105: the replay needs `ip addr` and calico-node's environment, and host names are not resolved.",
)


def lacks(context: Context) -> str | None:
    """What the replay needs, on at least one node."""
    results = [context.choices.predicted(n) for n in context.cluster.nodes.values()]
    if any(r.undecided is None for r in results):
        return None
    return "the replay of the address detection needs `ip addr` and calico-node's DaemonSet, for at least one node"


def run(context: Context) -> list[Finding]:
    """One finding per node on which the method finds nothing."""
    nodes = context.cluster.nodes.values()
    failed = [(node, context.choices.predicted(node).failure) for node in nodes]
    return [_finding(context, node, failure) for node, failure in failed if failure and context.choices.detects]


def _finding(context: Context, node: ClusterNode, failure: str) -> Finding:
    unstored = "" if node.is_unseen("bgp_ipv4") else "; nothing is stored, so it exits"
    stored = f"; it keeps {node.bgp_address.ip}" if node.bgp_address else unstored
    method = context.choices.installation.method or "first-found"
    said = [e.evidence for e in node.log.events("address-autodetection-failed", "address-kept-existing")]
    lines = (*context.choices.installation.evidence, *said[-1:])
    message = f"{method} finds no address on {node.name}: {failure}{stored}"
    from calico_bundle.remedies import keeping_fix

    fixes = keeping_fix(context)
    return Finding(INFO.code, INFO.name, WARNING, node_subject(node.name), message, lines, fixes=fixes)


CHECK = Check(INFO, lacks, run)
