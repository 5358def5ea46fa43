"""Make a scenario that shows a disagreement as small as it can be made, one thing at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.lab.batch import run_all
from tests.lab.topology import Node, Scenario

MOST_RUNS = 60


def minimize(scenario: Scenario, shows: Callable[[Scenario], bool], most_runs: int = MOST_RUNS) -> Scenario:
    """The smallest scenario found that still shows it; the given one when nothing can be left out."""
    left = most_runs
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in simpler(scenario):
            if left <= 0:
                break
            left -= 1
            if shows(candidate):
                scenario, smaller = candidate, True
                break
    return scenario


def still_disagrees(scenario: Scenario) -> bool:
    """Whether a run of it still ends in a disagreement; a run that fails does not."""
    with tempfile.TemporaryDirectory(prefix="cblab-") as folder:
        result = run_all([scenario], Path(folder), jobs=1)[0]
    return bool(result.comparison and result.comparison.disagreements)


def simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Every scenario with one thing less, the biggest things first."""
    nodes = scenario.nodes
    for index in range(len(nodes)):
        rest = nodes[:index] + nodes[index + 1 :]
        if len(rest) > 0 and any(pod.dns for node in rest for pod in node.pods):
            yield replace(
                scenario, nodes=rest, blocked=tuple(b for b in scenario.blocked if b.node != nodes[index].name)
            )
    for index in range(len(scenario.routers)):
        yield replace(scenario, routers=scenario.routers[:index] + scenario.routers[index + 1 :])
    plain = Scenario(scenario.name, scenario.why, scenario.segments, nodes)
    for option in ("encapsulation", "masquerade", "nat_outgoing", "blocked", "omitted"):
        if getattr(scenario, option) != getattr(plain, option):
            yield replace(scenario, **{option: getattr(plain, option)})
    for index, node in enumerate(nodes):
        for less in _simpler_node(node):
            if any(pod.dns for n in (*nodes[:index], less, *nodes[index + 1 :]) for pod in n.pods):
                yield replace(scenario, nodes=(*nodes[:index], less, *nodes[index + 1 :]))


def _simpler_node(node: Node) -> Iterator[Node]:
    for index in range(len(node.pods)):
        yield replace(node, pods=node.pods[:index] + node.pods[index + 1 :])
    for index, card in enumerate(node.interfaces):
        if card.name != node.parent and not any(a.startswith(f"{node.internal_ip}/") for a in card.addresses):
            yield replace(node, interfaces=node.interfaces[:index] + node.interfaces[index + 1 :])
    if node.rules:
        yield replace(node, rules=())
    for index in range(len(node.routes)):
        yield replace(node, routes=node.routes[:index] + node.routes[index + 1 :])
    if node.reflector:
        yield replace(node, reflector=False)
    if node.rp_filter != 1:
        yield replace(node, rp_filter=1)
