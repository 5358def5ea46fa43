"""Who is hit by a node at fault, and who by something else: pods and paths laid at a node's door."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address
from calico_bundle.paths import DnsPaths, PathGroup, PodPath, Verdict

FAILING = (Verdict.BROKEN, Verdict.DEGRADED)
Pair = tuple[str, str | None]
"""The node of a pod and that of an endpoint."""


@dataclass(frozen=True, slots=True)
class Impact:
    """Paths that fail because of some nodes.

    `restored` counts those that would reach were these nodes mended, `left` all failing paths that still would not.
    """

    groups: tuple[PathGroup, ...]
    restored: int | None
    left: int | None

    @property
    def paths(self) -> int:
        """How many paths fail."""
        return sum(len(group.pods) for group in self.groups)


def impact_of(nodes: Collection[str], paths: DnsPaths) -> Impact:
    """What nodes at fault break, and what mending all of them restores.

    A failing path is theirs when a lost request or reply has one of them at an end, or gets its routes from them alone.
    It is restored when every lost way of it is theirs.

    >>> impact_of(["node-1"], DnsPaths(Cluster({}), None))
    Impact(groups=(), restored=0, left=0)
    """
    blame = Blame(paths.cluster, nodes)
    failing = failing_groups(paths)
    theirs = tuple(g for g in failing if any(blame.lies_with(pair) for pair in lost_pairs(g)))
    if paths.counts[Verdict.UNKNOWN]:
        return Impact(theirs, None, None)
    restored = sum(len(g.pods) for g in theirs if all(blame.lies_with(pair) for pair in lost_pairs(g)))
    return Impact(theirs, restored, sum(len(g.pods) for g in failing) - restored)


class Blame:
    """Whether a lost way is to be laid at some nodes: one is an end of it, or an end peers with none but them."""

    def __init__(self, cluster: Cluster, nodes: Collection[str]) -> None:
        """Lay what is lost at these nodes."""
        self._nodes = frozenset(nodes)
        concerned = (cluster.nodes[name] for name in self._nodes if name in cluster.nodes)
        stored = frozenset(n.bgp_address.ip for n in concerned if n.bgp_address)
        # Clients of a route reflector learn every route from it: a reflector that is cut off cuts off them all.
        self._dependent = frozenset(
            n.name for n in cluster.nodes.values() if n.sessions and _peers_only_with(n, stored)
        )

    def lies_with(self, pair: Pair) -> bool:
        """Whether a lost way between two nodes is theirs; what is lost inside one node is not."""
        source, target = pair
        if target is None or source == target:
            return False
        return not self._nodes.isdisjoint(pair) or not self._dependent.isdisjoint(pair)


def _peers_only_with(node: ClusterNode, stored: Collection[Address]) -> bool:
    peers = [s.peer for s in node.sessions or () if s.peer and s.peer.version == 4]
    return bool(peers) and all(peer in stored for peer in peers)


def failing_groups(paths: DnsPaths) -> list[PathGroup]:
    """The pods whose lookups fail, or some of them, by groups that share their fate.

    >>> failing_groups(DnsPaths(Cluster({}), None))
    []
    """
    return [group for group in paths.groups if group.verdict in FAILING]


def lost_pairs(group: PathGroup) -> Iterable[Pair]:
    """The ways of a group that lose a packet: its node and each endpoint's."""
    return ((str(group.node), target) for target in group.lost_to)


def pairs_of(cluster: Cluster, groups: Iterable[PathGroup], nodes: Collection[str]) -> frozenset[Pair]:
    """The lost ways (pod's node, endpoint's node) that are laid at these nodes.

    >>> pairs_of(Cluster({}), (), ["node-1"])
    frozenset()
    """
    blame = Blame(cluster, nodes)
    return frozenset(pair for group in groups for pair in lost_pairs(group) if blame.lies_with(pair))


def hit_by(pairs: Collection[Pair], paths: DnsPaths) -> tuple[PathGroup, ...]:
    """Failing paths that lose a packet between one of these pairs of nodes (the pod's, the endpoint's).

    >>> hit_by([("node-1", "node-2")], DnsPaths(Cluster({}), None))
    ()
    """
    return tuple(g for g in failing_groups(paths) if any(pair in pairs for pair in lost_pairs(g)))


def first_paths(paths: DnsPaths, groups: Iterable[PathGroup], most: int) -> Sequence[PodPath]:
    """The first paths of some groups, by namespace and name.

    >>> first_paths(DnsPaths(Cluster({}), None), (), 20)
    []
    """
    return [paths.pods[place] for place in nsmallest(most, chain.from_iterable(g.pods[:most] for g in groups))]


def pod_names(paths: DnsPaths, groups: Iterable[PathGroup], most: int = 20) -> tuple[str, ...]:
    """NAMESPACE/POD of the first paths of some groups.

    >>> pod_names(DnsPaths(Cluster({}), None), ())
    ()
    """
    return tuple(f"{p.pod.namespace}/{p.pod.name}" for p in first_paths(paths, groups, most))


def node_names(groups: Iterable[PathGroup]) -> tuple[str, ...]:
    """The nodes that the paths of some groups start on.

    >>> node_names(())
    ()
    """
    return tuple(sorted({g.node for g in groups if g.node}))
