"""CB107: the node's InternalIP is itself the odd one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.cluster import Cluster, ClusterNode
    from calico_bundle.facts import Address
    from calico_bundle.network.internal_ips import InternalIps

INFO = CheckInfo(
    code="CB107",
    name="internal-ip-suspect",
    severity=WARNING,
    means="The node's InternalIP is itself the odd one out, so a fix that relies on it would make things worse.",
    finds=(
        "An InternalIP that two nodes share, or one whose network holds no other node while the node's Calico address "
        "works and shares a network with other nodes, or while another card of the node is in theirs and the InternalIP is "
        "not shown to work."
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
    from calico_bundle.network.internal_ips import InternalIps

    reporting: dict[Address, list[str]] = {}
    for node in context.cluster.nodes.values():
        if node.internal_ip is not None:
            reporting.setdefault(node.internal_ip, []).append(node.name)
    internal_ips = InternalIps(context.cluster)
    found = (_finding(context, node, reporting, internal_ips) for node in context.cluster.nodes.values())
    return [finding for finding in found if finding]


def _finding(
    context: Context, node: ClusterNode, reporting: Mapping[Address, Sequence[str]], internal_ips: InternalIps
) -> Finding | None:
    from calico_bundle.addresses import AddressStatus

    ip = node.internal_ip
    if ip is None:
        return None
    verdict = context.addresses[node.name]
    sharing = [name for name in reporting[ip] if name != node.name]
    if sharing:
        why = f"{', '.join(sharing[:5])} reports the same InternalIP"
    elif verdict.status is AddressStatus.WRONG and verdict.stored == ip:
        why = f"its peers cannot use it and {verdict.expected} would serve; kubernetes-internal-ip would change nothing"
    elif verdict.status is AddressStatus.UNINTENDED and _alone(context.cluster, node, ip):
        why = f"no other node is in its network, and {node.bgp_address} works"
    elif verdict.status is AddressStatus.UNKNOWN and internal_ips.stands_apart(node):
        why = "another card of the node is in a network of nodes that it is in none with"
    else:
        return None
    cited = node.kubernetes.cited if node.kubernetes else {}
    lines = tuple(cited[c] for c in ("internal_ips", "bgp_ipv4") if c in cited)
    message = f"the InternalIP {ip} of {node.name} is the odd one out: {why}"
    return Finding(
        INFO.code, INFO.name, WARNING, node_subject(node.name), message, lines, fixes=_mend(context, node, reporting)
    )


def _mend(context: Context, node: ClusterNode, reporting: Mapping[Address, Sequence[str]]) -> tuple[Fix, ...]:
    """Report the address that works, where that is known and no other node reports it; else look which one does."""
    from calico_bundle.calico.distribution import distribution_of
    from calico_bundle.remedies.kubelets import report_address

    verdict = context.addresses[node.name]
    works = node.bgp_address.ip if node.bgp_address and node.holds(node.bgp_address.ip) is not False else None
    if verdict.expected is not None and works == node.internal_ip:
        works = verdict.expected
    right = works if works != node.internal_ip and works not in reporting else None
    return report_address(node, right, distribution_of(context.cluster)) or _look(context, node)


def _look(context: Context, node: ClusterNode) -> tuple[Fix, ...]:
    """Try both addresses from the node itself, where nothing shows which of them serves."""
    from calico_bundle.addresses import AddressStatus, other_addresses
    from calico_bundle.remedies.elsewhere import see_which

    ip = node.internal_ip
    if ip is None or context.addresses[node.name].status is not AddressStatus.UNKNOWN:
        return ()
    others = [n.internal_ip for n in context.cluster.nodes.values() if n is not node and n.internal_ip]
    held = other_addresses(node, ip)
    pairs = ((address.ip, peer) for address in held for peer in others if peer in address.network)
    other, peer = next(pairs, (None, None))
    return see_which(node, [ip, other], peer) if other and peer else ()


def _alone(cluster: Cluster, node: ClusterNode, ip: Address) -> bool:
    """Whether the InternalIP's network has no other node, and the Calico address's has."""
    held = next((a.address for a in node.card_addresses if a.address.ip == ip), None)
    if held is None or node.bgp_address is None:
        return False
    others = (n for n in cluster.nodes.values() if n.name != node.name)
    addresses = [a for n in others for a in (n.internal_ip, n.bgp_address.ip if n.bgp_address else None) if a]
    return not any(a in held.network for a in addresses) and any(a in node.bgp_address.network for a in addresses)


CHECK = Check(INFO, lacks, run)
