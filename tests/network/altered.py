"""Clusters of eight nodes that are alike, and what can be changed in the records of one of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import RouteFact
from calico_bundle.parsers import Quick, all_parsers
from tests.network.hand_made import (
    block,
    card,
    cluster,
    endpoint,
    host_pod,
    machine,
    pod,
    pool,
    read,
    routes_of,
    service,
)

NUMBERS = range(1, 9)
DNS_NODES = (2, 4, 5)
RULES = "0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default"
SETTINGS = "net.ipv4.conf.{}.rp_filter = {}"


@dataclass
class Plan:
    """One node's records as text, before they are read."""

    number: int
    cards: list[str]
    records: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"node-{self.number}"

    def edit(self, record: str, change: Callable[[list[str]], list[str]]) -> None:
        """Change the lines of a record that is there."""
        if self.records.get(record) is not None:
            self.records[record] = "\n".join(change(str(self.records[record]).splitlines()))

    def build(self) -> ClusterNode:
        records = dict(self.records)
        some = records.pop("some_routes", None)
        built = machine(self.name, *self.cards, **records)
        return replace(built, some_routes=read("ip-route", some)) if some else built


def plans() -> list[Plan]:
    """Eight equal nodes on one LAN, all sessions up."""
    return [_plan(number) for number in NUMBERS]


def _plan(number: int) -> Plan:
    others = [n for n in NUMBERS if n != number]
    address = f"10.0.1.{10 + number}"
    records = {
        "routes": routes_of(number, *others) + f"\n10.244.{number}.3 dev cali{number}b scope link",
        "rules": RULES,
        "neighbors": "\n".join(f"10.0.1.{10 + n} dev eth0 lladdr {_mac(n)} REACHABLE" for n in others if n % 3),
        "sysctls": settings(number, 0),
        "sessions": "\n".join(f"10.0.1.{10 + n} Established" for n in others),
        "internal": address,
        "calico": f"{address}/24",
    }
    return Plan(number, [card("eth0", f"{address}/24", mac=_mac(number))], records)


def settings(number: int, value: int, *cables: int) -> str:
    """The filters of a node: of its card and its two pods' cables, the latter with values of their own where given."""
    a, b = cables or (value, value)
    found = {"all": value, "eth0": value, f"cali{number}a": a, f"cali{number}b": b}
    return "\n".join(SETTINGS.format(device, one) for device, one in found.items())


def _mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def build(nodes: list[Plan], *, listed: bool = False, **facts: Any) -> Cluster:
    """The cluster of these nodes: two pods on each, a hostNetwork pod on each, three DNS endpoints, one borrowed address.

    With `listed` the routes are kept as differences from a reference, as those of large bundles are.
    """
    own = [pod(f"app-{n}{i}", f"node-{n}", f"10.244.{n}.{i}") for n in NUMBERS for i in (2, 3)]
    hosts = [host_pod(f"agent-{n}", f"node-{n}", f"10.0.1.{10 + n}") for n in NUMBERS]
    given: dict[str, Any] = {
        "pools": (pool(),),
        "blocks": tuple(block(f"10.244.{n}.0/26", f"node-{n}") for n in NUMBERS),
        "pods": (*own, *hosts, pod("borrower", "node-7", "10.244.6.9")),
        "services": (service(),),
        "endpoints": tuple(endpoint(f"10.244.{n}.2", f"node-{n}", f"dns-{n}") for n in DNS_NODES),
    }
    built = [plan.build() for plan in nodes]
    if listed:
        make = next(p.reader for p in all_parsers() if p.kind == "ip-route")
        assert make is not None
        read = make()
        built = [_listed(plan, node, read) for plan, node in zip(nodes, built, strict=True)]
    return cluster(*built, **{**given, **facts})


def _listed(plan: Plan, node: ClusterNode, read: Quick) -> ClusterNode:
    if node.routes is None:
        return node
    found = read((plan.records["routes"] + "\n").encode(), f"{plan.name}/ip-route.txt")
    assert found is not None, plan.records["routes"]
    assert tuple(found.facts) == tuple(node.routes)
    return replace(node, routes=found.of(RouteFact))


# --- what can be changed --------------------------------------------------------------------------------------------

Change = Callable[[Plan, random.Random], None]


def _other(plan: Plan, dice: random.Random) -> int:
    return dice.choice([n for n in NUMBERS if n != plan.number])


def lose_a_route(plan: Plan, dice: random.Random) -> None:
    plan.edit("routes", lambda lines: [x for x in lines if x != dice.choice(lines)])


def lose_routes_of_bird(plan: Plan, dice: random.Random) -> None:
    del dice
    plan.edit("routes", lambda lines: [x for x in lines if "via 10.0.1.1" not in x or "static" in x])


def lead_by_another(plan: Plan, dice: random.Random) -> None:
    target, gateway = _other(plan, dice), _other(plan, dice)
    old, new = f"10.244.{target}.0/26 via 10.0.1.{10 + target} ", f"10.244.{target}.0/26 via 10.0.1.{10 + gateway} "
    plan.edit("routes", lambda lines: [x.replace(old, new) for x in lines])


def lead_by_the_router(plan: Plan, dice: random.Random) -> None:
    old = f"10.244.{_other(plan, dice)}.0/26 via 10.0.1."
    plan.edit("routes", lambda lines: [old + "1 dev eth0 proto bird" if x.startswith(old) else x for x in lines])


def drop_one_pod(plan: Plan, dice: random.Random) -> None:
    line = f"blackhole 10.244.{_other(plan, dice)}.{dice.choice((2, 3))}"
    plan.edit("routes", lambda lines: [*lines, line])


def drop_a_network(plan: Plan, dice: random.Random) -> None:
    line = f"unreachable 10.244.{_other(plan, dice)}.{dice.choice(('0/28', '0/25', '2/31'))}"
    plan.edit("routes", lambda lines: [*lines, line])


def route_the_borrower(plan: Plan, dice: random.Random) -> None:
    gateway = dice.choice(("10.0.1.17", "10.0.1.17", "10.0.1.16", "10.0.1.1"))
    plan.edit("routes", lambda lines: [*lines, f"10.244.6.9 via {gateway} dev eth0 proto bird"])


def keep_a_stale_cable(plan: Plan, dice: random.Random) -> None:
    line = f"10.244.{_other(plan, dice)}.2 dev cali99 scope link"
    plan.edit("routes", lambda lines: [*lines, line])


def pull_a_cable(plan: Plan, dice: random.Random) -> None:
    old = f"cali{plan.number}{dice.choice('ab')} scope link"
    plan.edit("routes", lambda lines: [x.replace(old, old + " dead linkdown") for x in lines])


def lay_a_second_cable(plan: Plan, dice: random.Random) -> None:
    line = f"10.244.{plan.number}.{dice.choice((2, 3))} dev cali{plan.number}z scope link metric {dice.choice((0, 5))}"
    plan.edit("routes", lambda lines: [*lines, line.removesuffix(" metric 0")])


def lose_the_default_route(plan: Plan, dice: random.Random) -> None:
    del dice
    plan.edit("routes", lambda lines: [x for x in lines if not x.startswith("default")])


def rule_for_a_source(plan: Plan, dice: random.Random) -> None:
    what = dice.choice((f"from 10.244.{plan.number}.2", "from 10.244.0.0/22", f"to 10.244.{_other(plan, dice)}.0/26"))
    action = dice.choice(("unreachable", "lookup 100"))
    plan.edit("rules", lambda lines: [*lines, f"50: {what if 'from' in what else 'from all ' + what} {action}"])


def rule_for_a_cable(plan: Plan, dice: random.Random) -> None:
    name = f"cali{plan.number}{dice.choice('ab')}"
    plan.edit("rules", lambda lines: [*lines, f"60: from all iif {name} unreachable"])


def neighbor_is_silent(plan: Plan, dice: random.Random) -> None:
    address = f"10.0.1.{10 + _other(plan, dice)}"
    plan.edit("neighbors", lambda lines: [x for x in lines if f"{address} " not in x] + [f"{address} dev eth0 FAILED"])


def neighbor_is_another(plan: Plan, dice: random.Random) -> None:
    address, mac = f"10.0.1.{10 + _other(plan, dice)}", dice.choice((_mac(_other(plan, dice)), "02:99:00:00:00:01"))
    line = f"{address} dev eth0 lladdr {mac} STALE"
    plan.edit("neighbors", lambda lines: [line, *(x for x in lines if f"{address} " not in x)])


def no_record(plan: Plan, dice: random.Random) -> None:
    plan.records.pop(dice.choice(("routes", "rules", "neighbors", "sysctls", "sessions")), None)


def some_routes(plan: Plan, dice: random.Random) -> None:
    """In place of a routing table: by a router, by another node, and one of some destinations."""
    plan.records.pop("routes", None)
    default = f"default via 10.0.1.{dice.choice((1, 10 + _other(plan, dice)))} dev eth0\n"
    block = f"10.244.{_other(plan, dice)}.0/26 via 10.0.1.1 dev eth0\n"
    plan.records["some_routes"] = dice.choice((default, block, default + block))


def no_cards(plan: Plan, dice: random.Random) -> None:
    del dice
    plan.cards = []


def session_down(plan: Plan, dice: random.Random) -> None:
    peer = f"10.0.1.{10 + _other(plan, dice)} "
    plan.edit("sessions", lambda lines: [peer + "Connect" if x.startswith(peer) else x for x in lines])


def strict_filter(plan: Plan, dice: random.Random) -> None:
    plan.records["sysctls"] = settings(plan.number, dice.choice((1, 2)))


def filter_of_one_cable(plan: Plan, dice: random.Random) -> None:
    """One that is asked where the route back is not into the cable that a packet came from: both are dead here."""
    plan.records["sysctls"] = settings(plan.number, 0, *dice.choice(((0, 1), (1, 0), (2, 1))))
    plan.edit("routes", lambda lines: [f"{x} dead linkdown" if f"dev cali{plan.number}" in x else x for x in lines])


def filter_of_one_cable_is_not_recorded(plan: Plan, dice: random.Random) -> None:
    filter_of_one_cable(plan, dice)
    gone = f"cali{plan.number}{dice.choice('ab')}"
    plan.edit("sysctls", lambda lines: [x for x in lines if gone not in x])


def card_with_the_address_of_a_pod(plan: Plan, dice: random.Random) -> None:
    address = f"10.244.{dice.choice(NUMBERS)}.{dice.choice((2, 3, 9))}"
    plan.cards.append(card(dice.choice(("eth3", "tunl0")), f"{address}/{dice.choice((25, 26, 31, 32))}"))


def source_of_another(plan: Plan, dice: random.Random) -> None:
    start = dice.choice(("default", f"10.244.{_other(plan, dice)}."))
    source = f" src 10.0.1.{10 + _other(plan, dice)}"
    plan.edit("routes", lambda lines: [x + source if x.startswith(start) and "via" in x else x for x in lines])


def block_in_a_block(plan: Plan, dice: random.Random) -> None:
    """BIRD marks a smaller block inside the node's own, or inside another's; one pod of two is in it."""
    owner = dice.choice((plan.number, plan.number, _other(plan, dice)))
    line = f"blackhole 10.244.{owner}.{dice.choice(('0/28', '2/31', '3', '0/24'))} proto bird"
    plan.edit("routes", lambda lines: [*lines, line])


def second_card(plan: Plan, dice: random.Random) -> None:
    network = dice.choice(("192.168.9", "10.244.200"))
    plan.cards.append(card("eth1", f"{network}.{plan.number}/24"))
    plan.edit(
        "routes", lambda lines: [*lines, f"{network}.0/24 dev eth1 proto kernel scope link src {network}.{plan.number}"]
    )
    if dice.random() < 0.6:
        plan.records["calico"] = f"{network}.{plan.number}/24"


def address_of_another(plan: Plan, dice: random.Random) -> None:
    plan.records["calico"] = f"10.0.1.{10 + _other(plan, dice)}/24"


def other_mask(plan: Plan, dice: random.Random) -> None:
    plan.records["calico"] = f"10.0.1.{10 + plan.number}/{dice.choice((32, 28, 16))}"


def not_ready(plan: Plan, dice: random.Random) -> None:
    del dice
    plan.records["ready"] = False


def other_as_number(plan: Plan, dice: random.Random) -> None:
    del dice
    plan.records["as_number"] = "65001"


def in_a_cloud(plan: Plan, dice: random.Random) -> None:
    del dice
    plan.records["provider_id"] = "aws:///eu/i-1"


def masquerade(plan: Plan, dice: random.Random) -> None:
    plan.records["service_rules"] = service_rules(dice.choice(("", "! -s 10.244.0.0/22 ")))


def service_rules(source: str) -> str:
    """kube-proxy's rules for the DNS service, which masquerade lookups from some sources."""
    return (
        "*nat\n-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-SVC-DNS\n"
        f"-A KUBE-SVC-DNS {source}-d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ\nCOMMIT"
    )


CHANGES: tuple[Change, ...] = (
    lose_a_route, lose_routes_of_bird, lead_by_another, lead_by_the_router, drop_one_pod, drop_a_network,
    route_the_borrower, keep_a_stale_cable, pull_a_cable, lay_a_second_cable, lose_the_default_route,
    rule_for_a_source, rule_for_a_cable, neighbor_is_silent, neighbor_is_another, no_record, no_cards, session_down,
    strict_filter, filter_of_one_cable, filter_of_one_cable_is_not_recorded, card_with_the_address_of_a_pod,
    source_of_another, block_in_a_block, second_card, address_of_another, other_mask, not_ready, other_as_number,
    in_a_cloud, masquerade, some_routes,
)  # fmt: skip
