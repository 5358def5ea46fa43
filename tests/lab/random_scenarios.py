"""Random scenarios: everything that decides where packets go varies, from a seed and nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from tests.lab.random_extras import with_extras
from tests.lab.scenarios import GATEWAY_A, LAN_A, LAN_B, two_lans
from tests.lab.topology import BlockedPort, Encapsulation, Interface, Masquerade, Node, Pod, Router, Scenario

_LAN_B_NETWORKS = ("192.168.50.{}", "10.0.0.{}", "172.16.9.{}", "10.9.9.{}")
_ENCAPSULATIONS: Sequence[Encapsulation] = (
    *("none",) * 5, "vxlan", "vxlan-cross-subnet", "vxlan-cross-subnet", "ipip", "ipip-cross-subnet",
)  # fmt: skip
_MASQUERADES: Sequence[Masquerade] = ("by-cidr", "by-cidr", "by-cidr", "by-cidr", "all", "none")
_LEFT_OUT = (
    "ip_neigh",
    "iptables_save",
    "sysctl_net",
    "ip_rule",
    "birdcl_show_protocols",
    "ippools",
    "blockaffinities",
)


def random_scenarios(seed: int, count: int) -> tuple[Scenario, ...]:
    """The first scenarios of a seed; scenario number n is the same whatever the count."""
    return tuple(_one(seed, index) for index in range(count))


def _one(seed: int, index: int) -> Scenario:
    drawn = _Draw(random.Random(f"{seed}/{index}")).scenario(f"random-{seed}-{index:03}")
    return with_extras(drawn, random.Random(f"{seed}/{index}/extras"))


class _Draw:
    """The choices of one scenario."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._count = chance.randint(2, 5)
        self._mask = chance.choice((24, 24, 24, 16, 8))
        self._b_mask = chance.choice((24, 24, 24, 16))
        self._network_b = chance.choice(_LAN_B_NETWORKS)
        self._wiring = chance.choice(("isolated", "isolated", "one-router", "two-routers"))
        self._filter = chance.choice((0, 1, 1, 2))
        self._second = set(chance.sample(range(1, self._count + 1), chance.randint(0, min(3, self._count))))
        self._dns = set(chance.sample(range(1, self._count + 1), chance.randint(1, min(3, self._count))))
        self._behind_nats = chance.random() < 0.07

    def _happens(self, probability: float) -> bool:
        return self._chance.random() < probability

    def scenario(self, name: str) -> Scenario:
        """The scenario drawn."""
        encapsulation = self._chance.choice(_ENCAPSULATIONS)
        nodes = self._with_reflectors([self._node(n) for n in range(1, self._count + 1)], encapsulation)
        if self._happens(0.08):
            nodes = self._with_borrowed(nodes)
        segments, routers = self._fabric()
        return two_lans(
            name,
            "drawn by lot",
            tuple(nodes),
            segments=segments,
            routers=routers,
            encapsulation=encapsulation,
            masquerade=self._chance.choice(_MASQUERADES),
            nat_outgoing=not self._happens(0.15),
            blocked=self._blocked(),
            omitted=tuple(f for f in _LEFT_OUT if self._happens(0.5)) if self._happens(0.2) else (),
        )

    # --- networks -----------------------------------------------------------------------------------------------------

    def _b(self, number: int) -> str:
        return f"{self._network_b.format(number)}/{self._b_mask}"

    def _fabric(self) -> tuple[tuple[str, ...], tuple[Router, ...]]:
        nats = [n for n in sorted(self._second) if self._behind_nats]
        segments = (LAN_A, LAN_B, *(f"nat-{n}" for n in nats))
        behind = (Router(f"nat{n}", (Interface("eth0", f"nat-{n}", ("10.0.2.2/24",)),)) for n in nats)
        return segments, (*self._lan_routers(), *behind)

    def _lan_routers(self) -> tuple[Router, ...]:
        on_a = Interface("eth0", LAN_A, (f"{GATEWAY_A}/{self._mask}",))
        on_b = Interface("eth1", LAN_B, (self._b(1),))
        if self._wiring == "isolated" or self._behind_nats:
            return (Router("gw", (on_a,)),)
        if self._wiring == "one-router":
            return (Router("gw", (on_a, on_b)),)
        # Two machines, joined by a way that goes over LAN A.
        second = Router("gwb", (Interface("eth0", LAN_A, (f"10.0.1.2/{self._mask}",)), on_b))
        network_b = self._network_b.format(0)
        return (Router("gw", (on_a,), (f"{network_b}/24 via 10.0.1.2",)), second)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def _node(self, number: int) -> Node:
        first = Interface("ens18", LAN_A, (f"10.0.1.{10 + number}/{self._mask}",))
        cards = [first]
        if number in self._second:
            cards.insert(len(cards) if self._happens(0.7) else 0, self._second_card(number))
        node = Node(
            f"node-{number}",
            tuple(cards),
            f"10.0.1.{10 + number}",
            cards[-1].addresses[0],
            f"10.244.{number}.0/26",
            self._pods(number),
            self._gateway(cards),
            self._chance.choice((0, 1, 2)) if self._happens(0.15) else self._filter,
        )
        return self._odd(node, number)

    def _second_card(self, number: int) -> Interface:
        if self._behind_nats:
            return Interface("ens3", f"nat-{number}", ("10.0.2.15/24",))
        extra = (f"172.30.{number}.1/24",) if self._happens(0.1) else ()
        up, carrier = not self._happens(0.1), not self._happens(0.08)
        return Interface("ens19", LAN_B, (self._b(10 + number), *extra), up, carrier)

    def _gateway(self, cards: Sequence[Interface]) -> str | None:
        if self._happens(0.08):
            return None
        has_b = self._wiring != "isolated" and any(card.segment == LAN_B and card.up for card in cards)
        return self._network_b.format(1) if has_b and self._happens(0.25) else GATEWAY_A

    def _pods(self, number: int) -> tuple[Pod, ...]:
        dns = [Pod(f"coredns-{number}", f"10.244.{number}.2", dns=True)] if number in self._dns else []
        host = [Pod(f"host-{number}", None, dns_policy="ClusterFirstWithHostNet")] if self._happens(0.6) else []
        plain = [Pod(f"plain-{number}", None)] if self._happens(0.15) else []
        return (*dns, Pod(f"app-{number}", f"10.244.{number}.10"), *host, *plain)

    def _odd(self, node: Node, number: int) -> Node:
        """What administrators do: stored addresses left behind, policy routing, routes by hand."""
        if self._happens(0.06):
            node = replace(node, stored=self._chance.choice((f"10.0.1.{200 + number}/24", f"10.99.0.{number}/24")))
        if self._happens(0.06):
            node = replace(node, stored=f"10.0.1.{10 + number}")
        if self._happens(0.08):
            node = replace(node, rules=self._rules(number), routes=self._rule_routes())
        if self._happens(0.08):
            other = self._chance.randint(1, self._count)
            if other != number:
                node = replace(node, routes=(*node.routes, f"10.244.{other}.2/32 via 10.0.1.{10 + other}"))
        return node

    def _rules(self, number: int) -> tuple[str, ...]:
        return (
            self._chance.choice(
                (
                    f"from 10.244.{number}.0/26 lookup 100 pref 100",
                    f"from 10.0.1.{10 + number} lookup 100 pref 100",
                    f"from {self._network_b.format(10 + number)} lookup 100 pref 100",
                    "to 10.244.0.0/16 lookup 100 pref 100",
                )
            ),
        )

    def _rule_routes(self) -> tuple[str, ...]:
        return (
            self._chance.choice(
                (
                    f"default via {GATEWAY_A} table 100",
                    "10.0.1.0/24 dev ens18 table 100",
                    "unreachable default table 100",
                )
            ),
        )

    # --- the cluster --------------------------------------------------------------------------------------------------

    def _with_reflectors(self, nodes: list[Node], encapsulation: Encapsulation) -> list[Node]:
        if encapsulation == "vxlan" or not self._happens(0.18):
            return nodes
        chosen = set(self._chance.sample(range(self._count), self._chance.randint(1, 2)))
        return [replace(node, reflector=index in chosen) for index, node in enumerate(nodes)]

    def _with_borrowed(self, nodes: list[Node]) -> list[Node]:
        """A pod of one node gets an address of another's block."""
        lender, borrower = self._chance.sample(range(self._count), 2)
        lent = Pod(f"lent-{borrower + 1}", f"10.244.{lender + 1}.40", dns=self._happens(0.5))
        node = nodes[borrower]
        return [replace(n, pods=(*n.pods, lent)) if n is node else n for n in nodes]

    def _blocked(self) -> tuple[BlockedPort, ...]:
        if not self._happens(0.15):
            return ()
        one = f"node-{self._chance.randint(1, self._count)}"
        other = self._chance.randint(1, self._count)
        source = f"10.0.1.{10 + other}" if self._happens(0.5) and one != f"node-{other}" else None
        return (BlockedPort(one, source, "reject" if self._happens(0.5) else "drop"),)
