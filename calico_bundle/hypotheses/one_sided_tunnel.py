"""Of two nodes one sends pods' packets through a tunnel and the other does not: the two ways differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, Words, bearing, left_over, unlisted, unseen
from calico_bundle.hypotheses.sessions import Pair, needed_pairs
from calico_bundle.hypotheses.tunnels_used import tunnels_used

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.facts import RouteFact

_WORDS = Words(
    "between the nodes and those that run DNS endpoints, either both ways take a tunnel or none",
    "the routing table",
    ("ip route show table all",),
)
_BLOCKS = ("kubectl get blockaffinities.crd.projectcalico.org -o yaml",)


def examine(case: Case) -> Answer | None:
    """Ruled out by the routes of both ends, into each other's blocks; two that differ show it, whatever else is missing."""
    if left_over(case):
        return None
    cluster = case.context.cluster
    nodes, used = cluster.nodes, tunnels_used(cluster)
    routes = {(one.name, other.name): _route(case, one, other) for one, other in needed_pairs(case)}
    if differing := _differing(case, routes):
        return differing
    lacking = [node.name for node in nodes.values() if node.routes is None] + unlisted(case)
    if lacking or not nodes:
        return unseen(case, _WORDS, lacking)
    bare = all(node.lacks_interface(name) for node in nodes.values() for name in ("tunl0", "vxlan.calico"))
    if used.devices == {} and bare:
        return Answer(Status.RULED_OUT, "no pool uses a tunnel, and no node has one", used.pools[:MOST_QUOTED])
    quoted = tuple(route.evidence for route in routes.values() if route)
    if len(quoted) < len(routes) or not quoted:
        text = "nodes lack routes into each other's blocks, or their blocks are not known"
        return Answer(Status.NOT_CHECKABLE, text, collect=_BLOCKS)
    return Answer(Status.RULED_OUT, _WORDS.clear, quoted[:MOST_QUOTED])


def _differing(case: Case, routes: Mapping[Pair, RouteFact | None]) -> Answer | None:
    """Two nodes of which one alone sends to the other through a tunnel."""
    is_tunnel, nodes = case.context.paths.forwarding.tunnels.is_tunnel, case.context.cluster.nodes
    for (one, other), there in routes.items():
        back = routes.get((other, one))
        if there and back and is_tunnel(nodes[one], _device(there)) != is_tunnel(nodes[other], _device(back)):
            text = f"{one} sends to {other} by {_device(there)}, and {other} answers by {_device(back)}"
            meant = bearing(case, {one, other})
            return Answer(Status.SUPPORTED, f"{text}. {meant}", (there.evidence, back.evidence))
    return None


def _route(case: Case, node: ClusterNode, other: ClusterNode) -> RouteFact | None:
    """The route of a node into a block of another."""
    from calico_bundle.facts.route_queries import routes_to

    blocks = case.context.paths.forwarding.pods.blocks_of(other.name)
    return next((r for r in routes_to(node.routes or (), blocks) if r.next_hops and _device(r)), None)


def _device(route: RouteFact) -> str:
    return route.next_hops[0].device or ""


HYPOTHESIS = Hypothesis(
    "one-sided-tunnel",
    "Does one of two nodes send through a tunnel, and the other not?",
    (),
    "projectcalico/calico issue 1325: after a change of mode one side kept its tunnel; a strict rp_filter drops such ways",
    examine,
)
