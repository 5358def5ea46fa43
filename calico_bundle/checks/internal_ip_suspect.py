"""CB107: the node's InternalIP is itself the odd one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.facts import Address

INFO = CheckInfo(
    code="CB107",
    name="internal-ip-suspect",
    severity=WARNING,
    means="The node's InternalIP is itself the odd one out, so a fix that relies on it would make things worse.",
    finds=(
        "An InternalIP that two nodes share, or one whose network holds no other node while the node's Calico address "
        "works and shares a network with other nodes."
    ),
    matters=(
        "kubernetes-internal-ip takes what the kubelet reports. Where the kubelet picked the wrong card, this method "
        "moves Calico to an address that its peers cannot reach."
    ),
    proves="The InternalIPs and Calico addresses of this node and the others.",
    fix=(
        "Give the kubelet the right address (--node-ip), or choose Calico's address by another method: can-reach, "
        "cidr, interface."
    ),
    limits="A node that stands alone in its network on purpose looks the same.",
)


def lacks(context: Context) -> str | None:
    """InternalIPs of two nodes."""
    known = sum(1 for n in context.cluster.nodes.values() if n.internal_ip)
    return None if known > 1 else "fewer than two nodes' InternalIPs are in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node."""
    return [f for node in context.cluster.nodes.values() if (f := _finding(context, node))]


def _finding(context: Context, node: ClusterNode) -> Finding | None:
    from calico_bundle.addresses import AddressStatus

    ip = node.internal_ip
    if ip is None:
        return None
    others = [n for n in context.cluster.nodes.values() if n.name != node.name]
    sharing = [n.name for n in others if n.internal_ip == ip]
    if sharing:
        why = f"{', '.join(sharing[:5])} reports the same InternalIP"
    elif context.addresses[node.name].status is AddressStatus.UNINTENDED and _alone(node, ip, others):
        why = f"no other node is in its network, and {node.bgp_address} works"
    else:
        return None
    cited = node.kubernetes.cited if node.kubernetes else {}
    lines = tuple(cited[c] for c in ("internal_ips", "bgp_ipv4") if c in cited)
    message = f"the InternalIP {ip} of {node.name} is the odd one out: {why}"
    return Finding(INFO.code, INFO.name, WARNING, node_subject(node.name), message, lines)


def _alone(node: ClusterNode, ip: Address, others: list[ClusterNode]) -> bool:
    """Whether the InternalIP's network has no other node, and the Calico address's has."""
    held = next((a.address for a in node.addresses or () if a.address.ip == ip), None)
    if held is None or node.bgp_address is None:
        return False
    addresses = [a for n in others for a in (n.internal_ip, n.bgp_address.ip if n.bgp_address else None) if a]
    return not any(a in held.network for a in addresses) and any(a in node.bgp_address.network for a in addresses)


CHECK = Check(INFO, lacks, run)
