"""What few clusters have, added to a random scenario: AS numbers, ports, BGPPeers, a recovery, networks that overlap.

The draw is one of its own, so that what is added here leaves the rest of a seed's scenarios as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from tests.lab.topology import CLUSTER_AS, Interface, Node, Peering, Scenario

_OTHER_NUMBERS = (64513, 64513, 65001)
_UNUSED_NUMBER = 64999
_OTHER_PORT = 1790
_INSIDE = "lan-inside"


def with_extras(scenario: Scenario, chance: random.Random) -> Scenario:
    """The scenario with what was drawn for it; most get nothing or one thing."""
    for add, probability in _EXTRAS:
        if chance.random() < probability:
            scenario = add(scenario, chance)
    return scenario


def _as_numbers(scenario: Scenario, chance: random.Random) -> Scenario:
    count = len(scenario.nodes)
    other = set(chance.sample(range(count), chance.randint(1, max(1, count - 1))))
    nodes = (replace(n, as_number=chance.choice(_OTHER_NUMBERS)) if i in other else n for i, n in _numbered(scenario))
    return replace(scenario, nodes=tuple(nodes))


def _numbered(scenario: Scenario) -> list[tuple[int, Node]]:
    return list(enumerate(scenario.nodes))


def _other_port(scenario: Scenario, _: random.Random) -> Scenario:
    return replace(scenario, listen_port=_OTHER_PORT)


def _peers(scenario: Scenario, chance: random.Random) -> Scenario:
    """No mesh, and objects between the nodes; some of them wrong, some missing, as people write them."""
    if not scenario.meshed:
        return scenario
    pairs = [chance.sample((a, b), 2) for i, a in _numbered(scenario) for b in scenario.nodes[i + 1 :]]
    peerings = [p for one, other in pairs for p in _between(scenario, one, other, chance)]
    return replace(scenario, mesh=False, peerings=tuple(peerings))


def _between(scenario: Scenario, one: Node, other: Node, chance: random.Random) -> list[Peering]:
    """An object of one side, whose reverse Calico adds; or of both; or none."""
    sides = [(one, other), (other, one)][: chance.choice((0, 1, 1, 1, 2, 2))]
    found = []
    for here, there in sides:
        number = _UNUSED_NUMBER if chance.random() < 0.15 else scenario.as_number_of(there)
        port = chance.choice(("", "", "", ":179", f":{scenario.listen_port}"))
        found.append(Peering(f"{here.name}-to-{there.name}", there.stored_ip + port, number, here.name))
    return found


def _one_hub(scenario: Scenario, chance: random.Random) -> Scenario:
    """No mesh, and one object for all nodes: a star, whose middle hands no routes on within one AS."""
    if not scenario.meshed:
        return scenario
    hub = chance.choice(scenario.nodes)
    number = chance.choice((scenario.as_number_of(hub), CLUSTER_AS))
    return replace(scenario, mesh=False, peerings=(Peering("to-the-hub", hub.stored_ip, number),))


def _recovering(scenario: Scenario, _: random.Random) -> Scenario:
    return replace(scenario, recovering=True)


def _wide_pool(scenario: Scenario, _: random.Random) -> Scenario:
    return replace(scenario, pool="10.0.0.0/8")


def _card_inside(scenario: Scenario, chance: random.Random) -> Scenario:
    """A card on a network of its own whose prefix lies in the block of a node."""
    holder, owner = chance.choice(scenario.nodes), chance.choice(scenario.nodes)
    address = owner.block.replace(".0/26", f".{chance.choice((20, 50))}/27")
    nodes = (
        replace(n, interfaces=(*n.interfaces, Interface("ens20", _INSIDE, (address,)))) if n is holder else n
        for n in scenario.nodes
    )
    return replace(scenario, nodes=tuple(nodes), segments=(*scenario.segments, _INSIDE))


def _preferred_source(scenario: Scenario, chance: random.Random) -> Scenario:
    """A route by hand to a DNS pod that asks for another source than its device's: masquerading looks at the device."""
    node = chance.choice(scenario.nodes)
    far, pod = chance.choice(scenario.endpoints)
    held = [address.split("/")[0] for card in node.interfaces if card.up for address in card.addresses]
    if far is node or pod.ip is None or any(route.startswith(pod.ip) for route in node.routes):
        return scenario
    route = f"{pod.ip}/32 via {far.internal_ip} src {chance.choice(held)}"
    nodes = (replace(n, routes=(*n.routes, route)) if n is node else n for n in scenario.nodes)
    return replace(scenario, nodes=tuple(nodes))


_EXTRAS: tuple[tuple[Callable[[Scenario, random.Random], Scenario], float], ...] = (
    (_as_numbers, 0.2),
    (_other_port, 0.08),
    (_peers, 0.12),
    (_one_hub, 0.05),
    (_recovering, 0.08),
    (_wide_pool, 0.06),
    (_card_inside, 0.07),
    (_preferred_source, 0.1),
)
