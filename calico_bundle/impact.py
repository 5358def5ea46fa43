"""Who is hit by a node at fault, and who by something else: pods and paths laid at a node's door."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from calico_bundle.cluster import Cluster
from calico_bundle.network.outcome import Outcome
from calico_bundle.paths import DnsPaths, Fate, PodPath, Verdict

FAILING = (Verdict.BROKEN, Verdict.DEGRADED)


@dataclass(frozen=True, slots=True)
class Impact:
    """Paths that fail because of some nodes.

    `restored` counts those that would reach were these nodes mended, `left` all failing paths that still would not.
    """

    paths: tuple[PodPath, ...]
    restored: int | None
    left: int | None


def impact_of(nodes: Collection[str], paths: DnsPaths) -> Impact:
    """What nodes at fault break, and what mending all of them restores.

    A failing path is theirs when a lost request or reply has one of them at an end, or gets its routes from them alone.
    It is restored when every lost way of it is theirs.

    >>> impact_of(["node-1"], DnsPaths(Cluster({}), None))
    Impact(paths=(), restored=0, left=0)
    """
    failing = [p for p in paths.pods if p.verdict in FAILING]
    theirs = tuple(p for p in failing if any(is_theirs(paths.cluster, f, nodes) for f in _lost(p)))
    restored = sum(1 for p in theirs if all(is_theirs(paths.cluster, f, nodes) for f in _lost(p)))
    if paths.counts[Verdict.UNKNOWN]:
        return Impact(theirs, None, None)
    return Impact(theirs, restored, len(failing) - restored)


def is_theirs(cluster: Cluster, fate: Fate, nodes: Collection[str]) -> bool:
    """Whether a lost way is to be laid at these nodes: one is an end of it, or an end peers with none but them."""
    ends = {fate.source_node, fate.endpoint_node} - {None}
    if len(ends) < 2:
        return False
    return bool(ends & set(nodes)) or any(_peers_only_with(cluster, end, nodes) for end in ends if end)


def _peers_only_with(cluster: Cluster, name: str, nodes: Collection[str]) -> bool:
    """Clients of a route reflector learn every route from it: a reflector that is cut off cuts off them all."""
    node = cluster.nodes.get(name)
    peers = {s.peer for s in (node.sessions if node else None) or () if s.peer and s.peer.version == 4}
    stored = {n.bgp_address.ip for n in cluster.nodes.values() if n.name in nodes and n.bgp_address}
    return bool(peers) and peers <= stored


def pairs_of(cluster: Cluster, paths: Iterable[PodPath], nodes: Collection[str]) -> frozenset[tuple[str, str | None]]:
    """The lost ways (pod's node, endpoint's node) that are laid at these nodes.

    >>> pairs_of(Cluster({}), (), ["node-1"])
    frozenset()
    """
    fates = (f for p in paths for f in _lost(p))
    return frozenset((f.source_node, f.endpoint_node) for f in fates if is_theirs(cluster, f, nodes))


def hit_by(pairs: Collection[tuple[str, str | None]], paths: DnsPaths) -> tuple[PodPath, ...]:
    """Failing paths that lose a packet between one of these pairs of nodes (the pod's, the endpoint's).

    >>> hit_by([("node-1", "node-2")], DnsPaths(Cluster({}), None))
    ()
    """
    failing = (p for p in paths.pods if p.verdict in FAILING)
    return tuple(p for p in failing if any((f.source_node, f.endpoint_node) in pairs for f in _lost(p)))


def _lost(path: PodPath) -> Iterable[Fate]:
    return (fate for fate in path.fates if fate.outcome is Outcome.LOST)


def pod_names(paths: Iterable[PodPath], most: int = 20) -> tuple[str, ...]:
    """NAMESPACE/POD of the first paths.

    >>> pod_names(DnsPaths(Cluster({}), None).pods)
    ()
    """
    return tuple(f"{p.pod.namespace}/{p.pod.name}" for p in list(paths)[:most])


def node_names(paths: Iterable[PodPath]) -> tuple[str, ...]:
    """The nodes the paths start on.

    >>> node_names(DnsPaths(Cluster({}), None).pods)
    ()
    """
    return tuple(sorted({p.pod.node for p in paths if p.pod.node}))
