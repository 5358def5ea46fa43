"""CB105: nothing is broken by it now, but replaying the detection gives another address than the stored one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import Interface

INFO = CheckInfo(
    code="CB105",
    name="address-will-move",
    severity=WARNING,
    means=(
        "Nothing is broken by it now, but calico-node would choose another address than the stored one if it looked "
        "again."
    ),
    finds=(
        "A replay of the configured detection method on the node's interfaces that ends at another address than the "
        "one Calico stores."
    ),
    matters=(
        "The address moves at the next restart of calico-node, and with IP=autodetect at the next poll (once a "
        "minute). A network card that was added, or a tunnel that came up, is a time bomb until then: a reboot or an "
        "upgrade of Calico sets it off, long after the card was added."
    ),
    proves="The node's interfaces in kernel order, the method in calico-node's environment, and the stored address.",
    fix="Set a method that chooses the stored address on every node before calico-node restarts.",
    limits=(
        "It replays the bundle's state: interfaces that come and go change the answer. Without `ip addr` and the "
        "environment of calico-node there is no replay. A method that resolves a host name cannot be replayed."
    ),
)


def lacks(context: Context) -> str | None:
    """What the replay needs, on at least one node."""
    nodes = context.cluster.nodes.values()
    if any(n.bgp_address and context.choices.predicted(n).address for n in nodes):
        return None
    return "the replay of the address detection needs `ip addr` and calico-node's DaemonSet, for at least one node"


def run(context: Context) -> list[Finding]:
    """One finding per node whose address is right or works now, and would move."""
    from calico_bundle.addresses import AddressStatus

    found = []
    for node in context.cluster.nodes.values():
        next_one = context.choices.predicted(node)
        settled = context.addresses[node.name].status in (AddressStatus.OK, AddressStatus.UNINTENDED)
        moves = node.bgp_address and next_one.address and next_one.address.ip != node.bgp_address.ip
        if settled and moves and next_one.address:
            found.append(_finding(context, node, next_one.address, next_one.interface))
    return found


def _finding(context: Context, node: ClusterNode, address: Interface, interface: str | None) -> Finding:
    stored = node.bgp_address.ip if node.bgp_address else None
    when = "at its next poll or restart" if context.choices.detects else "at its next restart"
    method = context.choices.installation.method or "first-found"
    message = (
        f"calico-node on {node.name} uses {stored} and will choose {address.ip} "
        f"on {interface or 'another card'} {when}: that is what {method} gives now"
    )
    from calico_bundle.remedies import keeping_fix

    lines = _evidence(context, node, address)
    fixes = keeping_fix(context)
    return Finding(INFO.code, INFO.name, WARNING, node_subject(node.name), message, lines, fixes=fixes)


def _evidence(context: Context, node: ClusterNode, address: Interface) -> tuple[Evidence, ...]:
    stored = node.bgp_address.ip if node.bgp_address else None
    cards = [a.evidence for a in node.card_addresses if a.address.ip in (stored, address.ip)]
    annotation = node.kubernetes.cited.get("bgp_ipv4") if node.kubernetes else None
    lines = (annotation, *cards, *context.choices.installation.evidence)
    return tuple(dict.fromkeys(e for e in lines if e))


CHECK = Check(INFO, lacks, run)
