"""What to collect: the commands, ready to paste, that would decide what the bundle leaves open."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from calico_bundle.cluster import Cluster
from calico_bundle.display import html_head, html_lines, in_a_line
from calico_bundle.facts import PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.network.outcome import Settles
from calico_bundle.paths import DnsPaths, PathGroup, Verdict

MOST_GROUPS = 200
"""Groups of pods that are looked at: in a large cluster the others lack the same of other nodes."""

_CALICO_NODE = "calico-node"


@dataclass(frozen=True, slots=True)
class Collection:
    """Commands that together would decide some paths, and how many paths ask for them; `beside` says what no command does."""

    paths: int
    commands: tuple[str, ...]
    beside: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(map(in_a_line, [self._head, *self.commands, *self.beside]))

    def _repr_html_(self) -> str:
        beside = "".join(html_head("Beside that:", text) for text in self.beside)
        return html_head("To collect:", self._head) + html_lines(self.commands) + beside

    @property
    def _head(self) -> str:
        if not self.paths:
            return "nothing: every path is decided"
        return f"what would decide {self.paths:,} paths that are unknown"


class Commands:
    """Turns what would settle a question into commands for one cluster.

    >>> Commands(Cluster({})).lines([Settles(("ip rule",), "node-1")])
    ("ssh node-1 'ip rule'",)
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods: dict[str, PodFact] | None = None

    def lines(self, wanted: Iterable[Settles]) -> tuple[str, ...]:
        """One line for each node, and one for each command that runs wherever kubectl does, in the order asked for."""
        by_node: dict[str | None, dict[str, None]] = {}
        for settles in wanted:
            by_node.setdefault(settles.node, {}).update(dict.fromkeys(settles.commands))
        lines: list[str] = []
        for node, commands in by_node.items():
            lines += commands if node is None else [self._on_node(node, commands)] if commands else []
        return tuple(lines)

    def _on_node(self, node: str, commands: Iterable[str]) -> str:
        """In the node's calico-node pod, which uses the node's network and has `ip`; over ssh where none is known.

        Source: `calicoctl cluster diags` runs them there (calicoctl/commands/cluster).
        """
        script = "; ".join(commands)
        pod = self._calico_nodes().get(node)
        if pod is None:
            return f"ssh {shlex.quote(node)} {shlex.quote(script)}"
        where = f"-n {shlex.quote(pod.namespace)} {shlex.quote(pod.name)} -c {_CALICO_NODE}"
        return f"kubectl exec {where} -- sh -c {shlex.quote(script)}"

    def _calico_nodes(self) -> dict[str, PodFact]:
        if self._pods is None:
            names = columns_of(self._cluster.pods).names
            found = (self._cluster.pods[place] for place, name in enumerate(names) if name.startswith(_CALICO_NODE))
            self._pods = {pod.node: pod for pod in found if pod.node and pod.phase == "Running"}
        return self._pods


def to_decide(paths: DnsPaths) -> Collection | None:
    """What would decide the paths that are unknown; None where none is.

    >>> to_decide(DnsPaths(Cluster({}), None)) is None
    True
    """
    open_groups = [group for group in paths.groups if group.verdict is Verdict.UNKNOWN]
    if not open_groups:
        return None
    wanted = wanted_by(islice(open_groups, MOST_GROUPS))
    asked = sum(len(group.pods) for group in open_groups)
    beside = tuple(dict.fromkeys(settles.beside for settles in wanted if settles.beside))
    return Collection(asked, Commands(paths.cluster).lines(wanted), beside)


def wanted_by(groups: Iterable[PathGroup]) -> Sequence[Settles]:
    """What would settle some groups' paths, each once.

    >>> wanted_by(())
    []
    """
    return list(dict.fromkeys(settles for group in groups for settles in group.settles))
