"""A node has no default route, so that its kernel does not even answer its own pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

_WORDS = Words("every node has a default route", "the routing table", ("ip route show table all",))


def examine(case: Case) -> Answer | None:
    """Ruled out by the default route of every node."""
    return from_nodes(case, _WORDS, _shown)


def _shown(node: ClusterNode) -> Shown:
    from ipaddress import ip_network

    from calico_bundle.facts.route_queries import routes_to

    if node.routes is None:
        return Shown(node.name)
    found = tuple(routes_to(node.routes, frozenset({ip_network("0.0.0.0/0")})))
    used = tuple(route.evidence for route in found if route.type == "unicast" and route.table != "local")
    if used:
        return Shown(node.name, evidence=used[:1])
    # A listing that is not whole, or of other tables alone, may lack it.
    listed = next((r.evidence for r in node.routes if r.family == 4 and r.table == "main"), None)
    if "ip-route" in node.incomplete or listed is None:
        return Shown(node.name)
    return Shown(node.name, f"{node.name} has no default route", (listed,))


HYPOTHESIS = Hypothesis(
    "default-route",
    "Does a node lack a default route?",
    (),
    "Linux: proxy_arp answers a pod that asks for its gateway 169.254.1.1 only where a route leads there (arp_process())",
    examine,
)
