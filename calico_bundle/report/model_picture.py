"""The view of the picture: nodes folded with their like, their cards and networks, and the ways of lookups between them.

It is drawn from the graph (`calico_bundle.graph`), with the verdicts on addresses and paths laid over it. Whatever is
folded is counted, and `text` says in words all that the picture shows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calico_bundle.addresses import AddressVerdict
from calico_bundle.calico.exclusions import default_exclusions
from calico_bundle.cluster import ClusterNode
from calico_bundle.diagnosis import Diagnosis
from calico_bundle.facts import Address
from calico_bundle.graph import build_graph
from calico_bundle.names import node_subject
from calico_bundle.network.cards import own_networks
from calico_bundle.paths import Verdict
from calico_bundle.report.model_lanes import Card, Look, lanes
from calico_bundle.report.model_ways import ways_of
from calico_bundle.report.picture_words import worded

if TYPE_CHECKING:
    import networkx as nx

MOST_GROUPS = 12
"""Groups of nodes that a picture still shows at a glance; more are folded with less regard to what tells them apart."""

MOST_NAMED = 5
MOST_CARDS = 6

INTERNAL, CALICO, EXPECTED, NEXT = "internal-ip", "calico", "should-be", "next"
_WILL_MOVE = "CB105"

_Key = Callable[[Look], Hashable]

# Which nodes are drawn as one: all that is shown of them is equal; then all but what their cards are called; where that
# still leaves too many, all but the networks, then all but the cards, and at last all but what their pods meet (twelve at
# most: six verdicts, with cluster DNS or without). Nodes at fault stand out at every step by their verdict.
_FOLDS: Sequence[_Key] = (
    lambda n: (n.verdict, n.endpoints > 0, n.fates, n.cards),
    lambda n: (n.verdict, n.endpoints > 0, n.fates, tuple((c.network, c.carries) for c in n.cards)),
    lambda n: (n.verdict, n.endpoints > 0, n.fates, tuple(c.carries for c in n.cards)),
    lambda n: (n.verdict, n.endpoints > 0, n.fates),
    lambda n: (n.verdict, n.endpoints > 0),
)


def picture_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """The picture of a cluster: `networks`, `groups` of nodes, `ways` of lookups between them, and all of it as `text`.

    Its words are made here too (`tags`, `title`, `text`), so that every drawing of it, and the text beside, says the same.
    """
    groups = _folded(list(_looks(diagnosis)))
    numbers = {look.name: number for number, group in enumerate(groups) for look in group}
    counts: dict[str | None, Counter[str]] = defaultdict(Counter)
    for one in diagnosis.paths.groups:
        counts[one.node if one.node in numbers else None][one.verdict.value] += len(one.pods)
    drawn = [_group(number, group, counts) for number, group in enumerate(groups)]
    picture: dict[str, Any] = {
        "headline": diagnosis.verdict.headline,
        "status": diagnosis.verdict.status,
        "nodes": sum(map(len, groups)),
        "networks": lanes([card for group in groups for look in group for card in look.cards], drawn, len(numbers)),
        "groups": drawn,
        "ways": ways_of(diagnosis, groups, numbers),
        "elsewhere": _pods([counts[None]]),
    }
    return worded(picture)


# --- nodes ------------------------------------------------------------------------------------------------------------


def _looks(diagnosis: Diagnosis) -> Iterator[Look]:
    graph = build_graph(diagnosis.cluster, diagnosis.dns)
    ready = diagnosis.dns.ready if diagnosis.dns else ()
    endpoints = Counter(diagnosis.paths.endpoint_node(endpoint) for endpoint in ready)
    fates: dict[str | None, set[str]] = defaultdict(set)
    for group in diagnosis.paths.groups:
        if group.verdict is not Verdict.NOT_APPLICABLE:
            fates[group.node].add(group.verdict.value)
    moving = {finding.subject for finding in diagnosis.findings if finding.code == _WILL_MOVE}
    for name in diagnosis.cluster.nodes:
        verdict = diagnosis.addresses[name]
        cards = tuple(_cards(graph, diagnosis, verdict, moves=node_subject(name) in moving))
        yield Look(name, verdict.status.value, cards, endpoints[name], frozenset(fates[name]))


def _cards(
    graph: nx.MultiDiGraph[str], diagnosis: Diagnosis, verdict: AddressVerdict, *, moves: bool
) -> Iterator[Card]:
    """The cards of the machine itself, and the addresses that the node is known by and no recorded card has."""
    node = diagnosis.cluster.nodes[verdict.node]
    roles = {INTERNAL: node.internal_ip, CALICO: verdict.stored, EXPECTED: verdict.expected}
    roles[NEXT] = _next(diagnosis, node) if moves else None
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


def _next(diagnosis: Diagnosis, node: ClusterNode) -> Address | None:
    """The address that Calico chooses if it looks again."""
    chosen = diagnosis.choices.predicted(node).address
    return chosen.ip if chosen else None


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


def _group(number: int, group: Sequence[Look], counts: Mapping[str | None, Counter[str]]) -> dict[str, Any]:
    alike = len({tuple(card.carries for card in look.cards) for look in group}) == 1
    cards = [_card(these) for these in zip(*(look.cards for look in group), strict=True)] if alike else []
    # Those that a role rests on are always drawn.
    shown = sorted(range(len(cards)), key=lambda place: not cards[place]["carries"])[:MOST_CARDS]
    return {
        "id": f"g{number}",
        "letter": chr(ord("A") + number),
        "count": len(group),
        "nodes": [look.name for look in group[:MOST_NAMED]],
        "verdict": group[0].verdict,
        "endpoints": sum(look.endpoints for look in group),
        "pods": _pods(counts[look.name] for look in group),
        "cards": [cards[place] for place in sorted(shown)],
        "more_cards": len(cards) - len(shown),
        "cards_differ": not alike,
    }


def _pods(counts: Iterable[Counter[str]]) -> dict[str, int]:
    pods: Counter[str] = Counter()
    for one in counts:
        pods.update(one)
    return {verdict.value: pods[verdict.value] for verdict in Verdict}


def _card(cards: Sequence[Card]) -> dict[str, Any]:
    """One card of nodes that are drawn as one: what they have in common, and in how many networks it is."""
    names, networks, addresses = ({getattr(c, part) for c in cards} for part in ("name", "network", "address"))
    return {
        "name": names.pop() if len(names) == 1 else None,
        "recorded": all(card.name is not None for card in cards),
        "address": addresses.pop() if len(addresses) == 1 else None,
        "network": next(iter(networks)) if len(networks) == 1 else None,
        "networks": len(networks - {None}),
        "carries": list(cards[0].carries),
    }
