"""Who is hit and who is spared, and why: the observations by which people recognize their own case.

Five questions, each answered from walked packets: lookups from other nodes; traffic that needs no DNS; lookups on the
DNS pods' own node; node to node; pods of the node at fault to pods elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.network.forwarding import Forwarding, worse
from calico_bundle.network.outcome import Outcome, Packet, Walk
from calico_bundle.paths import DnsPaths, PathGroup, Verdict

MOST_NODES = 8
"""Nodes tried for each question; the others are alike, and the text says that these were tried."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One observation: broken, works or unknown; a sentence; the lines behind it."""

    name: str
    status: str
    text: str
    evidence: tuple[Evidence, ...] = ()


def effects(cluster: Cluster, paths: DnsPaths, at_fault: frozenset[str]) -> tuple[Effect, ...]:
    """The five observations, those that can be made.

    `at_fault` are the nodes whose Calico address is to blame; without one, the nodes of the DNS pods take their place
    in the questions.

    >>> effects(Cluster({}), DnsPaths(Cluster({}), None), frozenset())
    ()
    """
    if cluster.mixture:
        return ()
    asked = _Questions(cluster, paths, at_fault)
    answers = (
        asked.elsewhere(),
        asked.without_dns(),
        asked.own_node(),
        asked.between_nodes(),
        *asked.from_pods_there(),
    )
    return tuple(a for a in answers if a is not None)


class _Questions:
    def __init__(self, cluster: Cluster, paths: DnsPaths, at_fault: frozenset[str]) -> None:
        self.cluster = cluster
        self.paths = paths
        self.at_fault = at_fault
        self.forwarding: Forwarding = paths.forwarding
        endpoints = paths.dns.ready if paths.dns else ()
        self.dns_nodes = {n for n in (paths.endpoint_node(e) for e in endpoints) if n}

    def elsewhere(self) -> Effect | None:
        """Lookups from nodes that run no DNS pod."""
        pods = [g for g in self._applicable() if g.node not in self.dns_nodes]
        return _of_paths("dns-from-other-nodes", "Lookups of pods on other nodes than CoreDNS's", pods)

    def own_node(self) -> Effect | None:
        """Lookups on the nodes that run DNS pods."""
        pods = [g for g in self._applicable() if g.node in self.dns_nodes]
        effect = _of_paths(
            "dns-on-its-own-node", f"Lookups of pods on CoreDNS's own node ({_listed(self.dns_nodes)})", pods
        )
        if effect and effect.status == "works" and len(self.dns_nodes) == 1:
            why = "the packet stays inside the node and needs no route to another one"
            return Effect(effect.name, effect.status, f"{effect.text.rstrip('.')}: {why}.", effect.evidence)
        return effect

    def _applicable(self) -> list[PathGroup]:
        return [g for g in self.paths.groups if g.verdict is not Verdict.NOT_APPLICABLE]

    def without_dns(self) -> Effect | None:
        """Pod to pod between nodes that are not at fault."""
        pairs = list(permutations(self._some(set(self.cluster.nodes) - self.at_fault), 2))
        walks = [w for a, b in pairs for w in (self._pod_to_pod(a, b),) if w]
        who = f"Pods on other nodes than {_listed(self.at_fault)}" if self.at_fault else "Pods"
        claim = f"{who} reach each other, so what needs no DNS is fine{' between these nodes' if self.at_fault else ''}"
        return _of_walks("pods-elsewhere", f"{who} to pods on other nodes", claim, walks)

    def between_nodes(self) -> Effect | None:
        """Node to node, by InternalIP."""
        pairs = list(permutations(self._some(set(self.cluster.nodes)), 2))
        walks = [w for a, b in pairs for w in (self._node_to_node(a, b),) if w]
        claim = "Nodes reach each other by their InternalIPs: that traffic takes the nodes' own routes, not Calico's"
        return _of_walks("node-to-node", "Node to node, by InternalIP", claim, walks)

    def from_pods_there(self) -> Iterable[Effect]:
        """From pods on a node at fault to pods elsewhere."""
        for name in sorted(self.at_fault)[:MOST_NODES]:
            others = self._some(set(self.cluster.nodes) - {name})
            walks = [w for n in others for w in (self._pod_to_pod(self.cluster.nodes[name], n),) if w]
            question = f"Pods on {name} (without hostNetwork) to pods on other nodes"
            effect = _of_walks(f"pods-on-{name}", question, f"{question} are delivered", walks)
            if effect:
                yield effect

    def _some(self, names: set[str]) -> list[ClusterNode]:
        return [self.cluster.nodes[n] for n in sorted(names)[:MOST_NODES]]

    def _pod_to_pod(self, one: ClusterNode, other: ClusterNode) -> Walk | None:
        return self.forwarding.between_pods(one.name, other.name)

    def _node_to_node(self, one: ClusterNode, other: ClusterNode) -> Walk | None:
        if one.internal_ip is None or other.internal_ip is None or one.internal_ip == other.internal_ip:
            return None
        there = self.forwarding.from_node(one.name, Packet(one.internal_ip, other.internal_ip))
        back = self.forwarding.from_node(other.name, Packet(other.internal_ip, one.internal_ip))
        return worse(there, back)


def _of_walks(name: str, question: str, claim: str, walks: Sequence[Walk]) -> Effect | None:
    """One observation from walks: the claim when all are delivered, else the question and what stands against it."""
    if not walks:
        return None
    lost = [w for w in walks if w.outcome is Outcome.LOST]
    open_ones = [w for w in walks if w.outcome is Outcome.UNKNOWN]
    count = f"({len(walks)} pairs tried)"
    if lost:
        why = lost[0].cause.text if lost[0].cause else "the packet is lost"
        return Effect(name, "broken", f"{question}: {len(lost)} of {len(walks)} pairs fail; {why}.", _lines(lost[0]))
    if open_ones:
        why = open_ones[0].cause.text if open_ones[0].cause else "nothing decides it"
        return Effect(name, "unknown", f"{question}: not known for {len(open_ones)} of {len(walks)} pairs; {why}.")
    return Effect(name, "works", f"{claim} {count}.", _lines(walks[0]))


def _of_paths(name: str, text: str, groups: Sequence[PathGroup]) -> Effect | None:
    if not groups:
        return None
    total = _pods(groups)
    failing = [g for g in groups if g.verdict in (Verdict.BROKEN, Verdict.DEGRADED)]
    unknown = [g for g in groups if g.verdict is Verdict.UNKNOWN]
    if failing:
        nodes = _listed({g.node or "?" for g in failing})
        said = f"{text} fail for {_pods(failing)} of {total} pods, on {nodes}: {failing[0].text}."
        return Effect(name, "broken", said, _cause_lines(failing[0]))
    if unknown:
        return Effect(name, "unknown", f"{text}: not known for {_pods(unknown)} of {total} pods; {unknown[0].text}.")
    return Effect(name, "works", f"{text} work for all {total} pods.", _first_lines(groups[0]))


def _pods(groups: Sequence[PathGroup]) -> int:
    return sum(len(group.pods) for group in groups)


def _lines(walk: Walk) -> tuple[Evidence, ...]:
    cited = walk.cause.evidence if walk.cause else ()
    return tuple(dict.fromkeys((*cited, *(h.evidence for h in walk.hops if h.evidence))))[:3]


def _cause_lines(group: PathGroup) -> tuple[Evidence, ...]:
    cause = next((fate.cause for fate in group.failing_fates if fate.cause), None)
    return cause.evidence[:3] if cause else ()


def _first_lines(group: PathGroup) -> tuple[Evidence, ...]:
    return _lines(group.first_fate.request) if group.first_fate else ()


def _listed(names: Iterable[str], most: int = 5) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more
