"""Who is hit by a node at fault, and who by something else: pods and paths laid at a node's door."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from calico_bundle.network.outcome import Outcome
from calico_bundle.paths import DnsPaths, Fate, PodPath, Verdict

FAILING = (Verdict.BROKEN, Verdict.DEGRADED)


@dataclass(frozen=True, slots=True)
class Impact:
    """Paths that fail because of some nodes; those that would reach were these nodes mended; those that still would not."""

    paths: tuple[PodPath, ...]
    restored: int
    left: int


def impact_of(nodes: Collection[str], paths: DnsPaths) -> Impact:
    """What nodes at fault break, and what mending all of them restores.

    A failing path is theirs when a lost request or reply has one of them at an end. It is restored when every lost way of
    it is theirs.
    """
    failing = [p for p in paths.pods if p.verdict in FAILING]
    theirs = tuple(p for p in failing if any(_at_fault(f, nodes) for f in _lost(p)))
    restored = sum(1 for p in theirs if all(_at_fault(f, nodes) for f in _lost(p)))
    return Impact(theirs, restored, len(failing) - restored)


def _lost(path: PodPath) -> Iterable[Fate]:
    return (fate for fate in path.fates if fate.outcome is Outcome.LOST)


def _at_fault(fate: Fate, nodes: Collection[str]) -> bool:
    """Whether a node at fault is at one end, and the other end is another machine."""
    ends = {fate.source_node, fate.endpoint_node}
    return len(ends) > 1 and bool(ends & set(nodes))


def pod_names(paths: Iterable[PodPath], most: int = 20) -> tuple[str, ...]:
    """NAMESPACE/POD of the first paths."""
    return tuple(f"{p.pod.namespace}/{p.pod.name}" for p in list(paths)[:most])


def node_names(paths: Iterable[PodPath]) -> tuple[str, ...]:
    """The nodes the paths start on."""
    return tuple(sorted({p.pod.node for p in paths if p.pod.node}))
