"""CB104: a node's Calico address is not its InternalIP, yet paths work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import INFO as INFO_SEVERITY
from calico_bundle.findings import Check, CheckInfo, Context, Finding
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.addresses import AddressVerdict

INFO = CheckInfo(
    code="CB104",
    name="unintended-interface",
    severity=INFO_SEVERITY,
    means="The node's Calico address differs from its InternalIP, yet pod traffic between it and its peers works.",
    finds="An address that is not the InternalIP on a node whose pod traffic to and from its peers is delivered.",
    matters=(
        "Nothing is broken by it. It may be meant (a storage or pod network of its own), or it may be luck that ends "
        "with the next change of a route, a firewall or a reverse-path filter."
    ),
    proves="The annotation and the InternalIP; that paths work, the routes of the node and its peers.",
    fix="None is needed. If it is not meant, set the detection method so that it says what is meant.",
    limits="Peers beyond the first 32 are not tried.",
)


def lacks(context: Context) -> str | None:
    """A stored address, and its InternalIP to compare with."""
    if any(n.bgp_address and n.internal_ip for n in context.cluster.nodes.values()):
        return None
    return "for no node are both its Calico address and its InternalIP in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node."""
    from calico_bundle.addresses import AddressStatus, blamed

    return [_finding(v) for v in blamed(context.addresses, AddressStatus.UNINTENDED)]


def _finding(verdict: AddressVerdict) -> Finding:
    on = f" on {verdict.interface}" if verdict.interface else ""
    message = (
        f"Calico uses {verdict.stored}{on} for {verdict.node} and not its InternalIP {verdict.expected}; "
        "its peers get along with it"
    )
    return Finding(INFO.code, INFO.name, INFO.severity, node_subject(verdict.node), message, verdict.evidence)


CHECK = Check(INFO, lacks, run)
