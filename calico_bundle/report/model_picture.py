"""The view of the picture: nodes folded with their like, their cards and networks, and the ways of lookups between them.

It is drawn from the graph (`calico_bundle.graph`), with the verdicts on addresses and paths laid over it. Whatever is
folded is counted, and `text` says in words all that the picture shows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calico_bundle.addresses import AddressVerdict
from calico_bundle.calico.exclusions import default_exclusions
from calico_bundle.diagnosis import Diagnosis
from calico_bundle.graph import build_graph
from calico_bundle.names import node_subject
from calico_bundle.network.cards import own_networks
from calico_bundle.paths import PathGroup, Verdict
from calico_bundle.paths.fates import both_ways
from calico_bundle.report.picture_words import told

if TYPE_CHECKING:
    import networkx as nx

MOST_GROUPS = 12
"""Groups of nodes that a picture still shows at a glance; more are folded with less regard to what tells them apart."""

MOST_NAMED = 5
MOST_SESSIONS = 400
"""Pairs of nodes of a way whose sessions are looked at."""

INTERNAL, CALICO, EXPECTED = "internal-ip", "calico", "should-be"


@dataclass(frozen=True, slots=True)
class Card:
    """A card of a node: its name, its network's prefix (None: not recorded), and which of the node's addresses it has."""

    name: str | None
    network: str | None
    address: str | None = field(compare=False)
    carries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """All that the picture shows of one node."""

    name: str
    verdict: str
    cards: tuple[Card, ...]
    endpoints: int
    fates: frozenset[str]


_Key = Callable[[Look], Hashable]

# Which nodes are drawn as one: all that is shown of them is equal; then all but what their cards are called; and where
# that still leaves too many, all but the networks. Nodes at fault stand out at every step by their verdict.
_FOLDS: Sequence[_Key] = (
    lambda n: (n.verdict, n.endpoints > 0, n.fates, n.cards),
    lambda n: (n.verdict, n.endpoints > 0, n.fates, tuple((c.network, c.carries) for c in n.cards)),
    lambda n: (n.verdict, n.endpoints > 0, n.fates, tuple(c.carries for c in n.cards)),
    lambda n: (n.verdict, n.endpoints > 0, n.fates),
)


def picture_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """The picture of a cluster: `networks`, `groups` of nodes, `ways` of lookups between them, and all of it as `text`."""
    groups = _folded(list(_looks(diagnosis)))
    numbers = {look.name: number for number, group in enumerate(groups) for look in group}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in diagnosis.paths.groups:
        counts[one.node or ""][one.verdict.value] += len(one.pods)
    picture: dict[str, Any] = {
        "nodes": sum(map(len, groups)),
        "networks": _networks(groups),
        "groups": [_group(number, group, counts) for number, group in enumerate(groups)],
        "ways": _Ways(diagnosis, groups, numbers).listed(),
    }
    return {**picture, "text": told(picture)}


# --- nodes ------------------------------------------------------------------------------------------------------------


def _looks(diagnosis: Diagnosis) -> Iterator[Look]:
    graph = build_graph(diagnosis.cluster, diagnosis.dns)
    ready = diagnosis.dns.ready if diagnosis.dns else ()
    endpoints = Counter(diagnosis.paths.endpoint_node(endpoint) for endpoint in ready)
    fates: dict[str | None, set[str]] = defaultdict(set)
    for group in diagnosis.paths.groups:
        if group.verdict is not Verdict.NOT_APPLICABLE:
            fates[group.node].add(group.verdict.value)
    for name in diagnosis.cluster.nodes:
        verdict = diagnosis.addresses[name]
        cards = tuple(_cards(graph, diagnosis, verdict))
        yield Look(name, verdict.status.value, cards, endpoints[name], frozenset(fates[name]))


def _cards(graph: nx.MultiDiGraph[str], diagnosis: Diagnosis, verdict: AddressVerdict) -> Iterator[Card]:
    """The cards of the machine itself, and the addresses that the node is known by and no recorded card has."""
    node = diagnosis.cluster.nodes[verdict.node]
    roles = {INTERNAL: node.internal_ip, CALICO: verdict.stored, EXPECTED: verdict.expected}
    known = {str(ip): tuple(role for role, other in roles.items() if other == ip) for ip in roles.values() if ip}
    own = {fact.interface for fact in own_networks(node, ("cali",))}
    apart = default_exclusions(diagnosis.choices.installation.version)
    for _, interface in graph.out_edges(node_subject(node.name)):
        if graph.nodes[interface]["kind"] != "interface" or graph.nodes[interface]["name"] not in own:
            continue
        for _, subnet, edge in graph.out_edges(interface, data=True):
            address = edge["address"]
            if graph.nodes[subnet]["family"] == 4:
                name, carries = graph.nodes[interface]["name"], known.pop(address.partition("/")[0], ())
                # Bridges of container engines and their like: Calico does not look at them, and no other machine does.
                if carries or not any(re.search(pattern, name) for pattern in apart):
                    yield Card(name, graph.nodes[subnet]["prefix"], address, carries)
    for address, carries in known.items():
        yield Card(None, None, address, carries)


def _folded(looks: Sequence[Look]) -> list[list[Look]]:
    """The nodes in groups that are drawn as one: those at fault first, then those that run cluster DNS."""
    groups: list[list[Look]] = []
    for key in _FOLDS:
        found: dict[Hashable, list[Look]] = {}
        for look in looks:
            found.setdefault(key(look), []).append(look)
        groups = list(found.values())
        if len(groups) <= MOST_GROUPS:
            break
    return sorted(groups, key=lambda g: (g[0].verdict in ("ok", "unknown"), not g[0].endpoints, -len(g), g[0].name))


def _networks(groups: Sequence[Sequence[Look]]) -> list[dict[str, Any]]:
    """The networks of the cards that are drawn: how many nodes have a card there, and what the cards carry."""
    nodes: Counter[str] = Counter()
    carries: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        for card in (card for look in group for card in look.cards if card.network):
            nodes[str(card.network)] += 1
            carries[str(card.network)].update(card.carries)
    order = sorted(nodes, key=lambda prefix: (-nodes[prefix], prefix))
    return [{"prefix": p, "cards": nodes[p], "carries": sorted(carries[p])} for p in order]


def _group(number: int, group: Sequence[Look], counts: Mapping[str, Counter[str]]) -> dict[str, Any]:
    pods: Counter[str] = Counter()
    for look in group:
        pods.update(counts[look.name])
    alike = len({tuple(card.carries for card in look.cards) for look in group}) == 1
    cards = zip(*(look.cards for look in group), strict=True) if alike else ()
    return {
        "id": f"g{number}",
        "count": len(group),
        "nodes": [look.name for look in group[:MOST_NAMED]],
        "verdict": group[0].verdict,
        "endpoints": sum(look.endpoints for look in group),
        "pods": {verdict.value: pods[verdict.value] for verdict in Verdict},
        "cards": [_card(these) for these in cards],
    }


def _card(cards: Sequence[Card]) -> dict[str, Any]:
    """One card of nodes that are drawn as one: what they have in common, and in how many networks it is."""
    names, networks, addresses = ({getattr(c, part) for c in cards} for part in ("name", "network", "address"))
    return {
        "name": names.pop() if len(names) == 1 else None,
        "address": addresses.pop() if len(addresses) == 1 else None,
        "network": next(iter(networks)) if len(networks) == 1 else None,
        "networks": len(networks),
        "carries": list(cards[0].carries),
    }


# --- ways ---------------------------------------------------------------------------------------------------------------


class _Ways:
    """What becomes of lookups between groups of nodes."""

    def __init__(self, diagnosis: Diagnosis, groups: Sequence[Sequence[Look]], numbers: Mapping[str, int]) -> None:
        self._diagnosis, self._groups, self._numbers = diagnosis, groups, numbers

    def listed(self) -> list[dict[str, Any]]:
        """One entry for each group of nodes with pods that ask, and each with a DNS endpoint."""
        found: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        for group in self._diagnosis.paths.groups:
            start = self._numbers.get(group.node or "")
            if start is not None and group.verdict is not Verdict.NOT_APPLICABLE:
                for end, outcome in self._outcomes(group):
                    found[start, end][outcome] += len(group.pods)
        return [self._way(start, end, counts) for (start, end), counts in sorted(found.items())]

    def _outcomes(self, group: PathGroup) -> Iterator[tuple[int, str]]:
        """For each group of nodes with endpoints that the pods ask: what becomes of lookups there, the worst first."""
        ends: dict[int, set[str]] = defaultdict(set)
        for node, request, reply in group.outcomes:
            end = self._numbers.get(node or "")
            if end is not None:
                ends[end].add(both_ways(request, reply).value)
        for end, outcomes in ends.items():
            yield end, next(iter(outcomes)) if len(outcomes) == 1 else "mixed"

    def _way(self, start: int, end: int, counts: Counter[str]) -> dict[str, Any]:
        return {
            "from": f"g{start}",
            "to": f"g{end}",
            "pods": {outcome: counts[outcome] for outcome in ("delivered", "lost", "mixed", "unknown")},
            "sessions": self._sessions(start, end),
        }

    def _sessions(self, start: int, end: int) -> dict[str, int]:
        """The BGP sessions between two groups by their state, as far as they were looked at."""
        nodes, peerings = self._diagnosis.cluster.nodes, self._diagnosis.paths.forwarding.peerings
        most = max(1, MOST_SESSIONS // max(1, len(self._groups[end])))
        pairs = (
            (nodes[one.name], nodes[other.name])
            for one in self._groups[start][:most]
            for other in self._groups[end][:MOST_SESSIONS]
            if one.name != other.name
        )
        counts = Counter(peerings.session(one, other).state.value for one, other in pairs)
        return {state: counts[state] for state in ("up", "down", "unknown", "none")}
