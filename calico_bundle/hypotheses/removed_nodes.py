"""Nodes that are gone are still spoken of: they own blocks, or other nodes try to have sessions with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import (
    BIRD_SESSIONS,
    MOST_QUOTED,
    Words,
    bearing,
    left_over,
    named,
    unlisted,
    unseen,
)

if TYPE_CHECKING:
    from calico_bundle.cluster import Cluster, ClusterNode
    from calico_bundle.evidence import Evidence

_WORDS = Words(
    "every block and every BGP peer in the mesh belongs to a Node that is in the bundle",
    "the list of Nodes, that of the blocks or that of the peers",
    (BIRD_SESSIONS,),
    ("kubectl get nodes -o yaml", "kubectl get blockaffinities.crd.projectcalico.org -o yaml"),
)
_WITHOUT_BGP = "every block belongs to a Node that is in the bundle; Felix writes the pods' routes here, without BGP"
_MESH = "Mesh_"


def examine(case: Case) -> Answer | None:
    """Ruled out where each block's owner and each peer in the mesh is a Node of the bundle."""
    from calico_bundle.calico.programming import without_bgp

    cluster = case.context.cluster
    if left_over(case):
        return None
    known = {name for name, node in cluster.nodes.items() if node.kubernetes}
    blocks = {block.node: block.evidence for block in cluster.blocks if block.node and not block.deleted}
    if not known or not blocks or len(known) < len(cluster.nodes) or unlisted(case):
        return unseen(case, _WORDS, ())
    gone = {f"node {name} (it owns a block)": line for name, line in blocks.items() if name not in known}
    gone |= {f"the node of {address} (a peer in the mesh)": line for address, line in _strangers(cluster).items()}
    if gone:
        text = f"{named(list(gone))} is gone, and still spoken of. {bearing(case, ())}"
        return Answer(Status.SUPPORTED, text, tuple(gone.values())[:MOST_QUOTED])
    silent = [node.name for node in cluster.nodes.values() if node.sessions is None and not _meshed(node)]
    if silent and not without_bgp(cluster):
        return unseen(case, _WORDS, silent)
    clear = _WITHOUT_BGP if without_bgp(cluster) else _WORDS.clear
    return Answer(Status.RULED_OUT, clear, tuple(blocks.values())[:MOST_QUOTED])


def _strangers(cluster: Cluster) -> dict[str, Evidence]:
    """Peers in the mesh whose address no Node of the bundle has, by BIRD's table or its log."""
    nodes = [node.kubernetes for node in cluster.nodes.values() if node.kubernetes]
    known = {ip for node in nodes for ip in node.internal_ips}
    known |= {stored.ip for node in nodes for stored in (node.bgp_ipv4, node.bgp_ipv6) if stored}
    sessions = (session for node in cluster.nodes.values() for session in node.sessions or ())
    mesh = (s for s in sessions if (s.protocol or "").startswith(_MESH) or s.type == "node-to-node mesh")
    found = {str(s.peer): s.evidence for s in mesh if s.peer is not None and s.peer not in known}
    expected = {f"{_MESH}{ip}".replace(".", "_").replace(":", "_") for ip in known}
    for node in cluster.nodes.values():
        for protocol in _meshed(node) - expected if node.sessions is None else ():
            last = node.current_log.last_change(protocol)
            found.update({protocol.removeprefix(_MESH).replace("_", "."): last.evidence} if last else {})
    return found


def _meshed(node: ClusterNode) -> set[str]:
    """The names of BIRD's sessions in the mesh that the log speaks of."""
    return {protocol for protocol in node.current_log.last_states if protocol.startswith(_MESH)}


HYPOTHESIS = Hypothesis(
    "removed-nodes",
    "Are nodes that no longer exist still in the mesh, or do they still own address blocks?",
    (),
    "Calico documentation, Decommissioning a node: its blocks and its place in the mesh stay until they are released",
    examine,
)
