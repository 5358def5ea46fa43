"""Two nodes have one tunnel address: a machine was cloned with the name of another, or an address was given out twice."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes, left_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import Address

_DEVICES = ("tunl0", "vxlan.calico")
_WORDS = Words(
    "every tunnel address is that of one node",
    "what shows the tunnel addresses",
    ("ip -d addr",),
    ("kubectl get nodes -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by the tunnel addresses of every node; no question where no node is known to have one."""
    nodes = case.context.cluster.nodes.values()
    holders: dict[Address, list[str]] = defaultdict(list)
    held = {node.name: dict(_held(node)) for node in nodes}
    for name, addresses in held.items():
        for address in addresses:
            holders[address].append(name)
    if left_over(case) or (nodes and not holders):
        return None

    def shown(node: ClusterNode) -> Shown:
        own = held[node.name]
        twice = next((address for address in own if len(holders[address]) > 1), None)
        if twice is None:
            return Shown(node.name, evidence=tuple(own.values()))
        return Shown(node.name, f"{node.name} has the tunnel address {twice} of another node", (own[twice],))

    return from_nodes(case, _WORDS, shown)


def _held(node: ClusterNode) -> Iterator[tuple[Address, Evidence]]:
    for fact in node.card_addresses:
        if fact.interface in _DEVICES and fact.address.version == 4:
            yield fact.address.ip, fact.evidence
    if node.kubernetes:
        for column in ("ipip_tunnel_ip", "vxlan_tunnel_ip"):
            address, line = getattr(node.kubernetes, column), node.kubernetes.cited.get(column)
            if address is not None and line is not None:
                yield address, line


HYPOTHESIS = Hypothesis(
    "tunnel-addresses",
    "Have two nodes one and the same tunnel address?",
    (),
    "calico/node allocateip: each node gets a tunnel address of its own; the name file of a cloned machine names another",
    examine,
)
