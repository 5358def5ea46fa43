"""Scenarios with names: one per case that is known to matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.lab.topology import (
    CLUSTER_AS,
    BlockedPort,
    Encapsulation,
    Interface,
    Masquerade,
    Node,
    Peering,
    Pod,
    Router,
    Scenario,
)

LAN_A, LAN_B = "lan-a", "lan-b"
GATEWAY_A, GATEWAY_B = "10.0.1.1", "192.168.50.1"
GATEWAY = Router("gw", (Interface("eth0", LAN_A, (f"{GATEWAY_A}/24",)),))
GATEWAY_OF_BOTH = Router("gw", (*GATEWAY.interfaces, Interface("eth1", LAN_B, (f"{GATEWAY_B}/24",))))
NODE_2_ON_A = "10.0.1.12"


def card_a(number: int, mask: int = 24) -> Interface:
    """A node's card on LAN A."""
    return Interface("ens18", LAN_A, (f"10.0.1.{10 + number}/{mask}",))


def card_b(number: int, network: str = "192.168.50.{}/24", *, up: bool = True, carrier: bool = True) -> Interface:
    """A node's card on LAN B."""
    return Interface("ens19", LAN_B, (network.format(10 + number),), up, carrier)


def plain_node(number: int, *second: Interface, dns: int = 0, wins: bool = True, **more: Any) -> Node:
    """A node on LAN A; a second card comes last, where Calico looks first, unless it is not to win."""
    first = more.pop("first", card_a(number))
    cards = (first, *second) if wins else (*second, first)
    internal = first.addresses[0].split("/")[0]
    pods = [Pod(f"coredns-{number}{'abc'[i]}", f"10.244.{number}.{2 + i}", dns=True) for i in range(dns)]
    pods += [
        Pod(f"app-{number}", f"10.244.{number}.10"),
        Pod(f"host-{number}", None, dns_policy="ClusterFirstWithHostNet"),
    ]
    fields = {"stored": cards[-1].addresses[0], "pods": tuple(pods), "default_gateway": GATEWAY_A} | more
    return Node(f"node-{number}", cards, internal, block=f"10.244.{number}.0/26", **fields)


def three(second: Interface | None = None, **more: Any) -> tuple[Node, ...]:
    """Three nodes, the second with CoreDNS and with another card where one is given."""
    extra = (second,) if second else ()
    return plain_node(1, **more), plain_node(2, *extra, dns=2, **more), plain_node(3, **more)


def two_lans(name: str, why: str, nodes: tuple[Node, ...], **more: Any) -> Scenario:
    """A scenario of LAN A and LAN B."""
    return Scenario(name, why, more.pop("segments", (LAN_A, LAN_B)), nodes, **({"routers": (GATEWAY,)} | more))


@dataclass(frozen=True, slots=True)
class _Incident:
    """Node-2 hosts CoreDNS and chose its address on LAN B."""

    card: Interface = field(default_factory=lambda: card_b(2))

    def on(self, name: str, why: str, *, rp_filter: int = 1, gateway: str | None = GATEWAY_A, **more: Any) -> Scenario:
        return two_lans(name, why, three(self.card, rp_filter=rp_filter, default_gateway=gateway), **more)


def named() -> tuple[Scenario, ...]:
    """Every named scenario."""
    return (
        *_isolated(),
        *_routed(),
        *_both_lans(),
        *_duplicates(),
        *_reflectors(),
        *_placements(),
        *_right_addresses(),
        *_as_numbers(),
        *_explicit_peers(),
        *_overlaps(),
        *_internal_ips(),
        *_recovering(),
    )


def by_name(name: str) -> Scenario:
    """A named scenario; KeyError for another."""
    return {scenario.name: scenario for scenario in named()}[name]


def _isolated() -> Iterator[Scenario]:
    incident = _Incident()
    yield incident.on("incident", "LAN B is isolated, no encapsulation.")
    kinds: tuple[Encapsulation, ...] = ("vxlan", "vxlan-cross-subnet", "ipip", "ipip-cross-subnet")
    for kind in kinds:
        yield incident.on(f"incident-{kind}", f"The incident under {kind}.", encapsulation=kind)
    lower = _Incident(card_b(2, "10.0.0.{}/24"))
    yield lower.on("incident-lower", "LAN B's addresses sort below LAN A's, so the healthy side dials.")
    yield incident.on("no-default-route", "The incident, and no node has a default route.", gateway=None, routers=())
    yield incident.on("vxlan-no-default-route", "As before, under VXLAN.", gateway=None, encapsulation="vxlan")
    down, dark = _Incident(card_b(2, up=False)), _Incident(card_b(2, carrier=False))
    yield down.on("card-down", "LAN B's card is down and keeps its address.")
    yield dark.on("card-without-carrier", "LAN B's card is up, its cable carries nothing.")
    blind = ("ip_neigh", "iptables_save", "sysctl_net")
    yield incident.on(
        "incident-little-collected", "The incident; neighbors, rules and settings not collected.", omitted=blind
    )


def _routed() -> Iterator[Scenario]:
    incident, both = _Incident(), dict[str, Any](routers=(GATEWAY_OF_BOTH,))
    for mode in (0, 1, 2):
        yield incident.on(
            f"routed-filter-{mode}", f"A router joins the LANs; rp_filter={mode}.", rp_filter=mode, **both
        )
    kinds: tuple[Encapsulation, ...] = ("vxlan", "ipip")
    for kind in kinds:
        for mode in (1, 2):
            why = f"A router joins the LANs, {kind}, rp_filter={mode}."
            yield incident.on(f"routed-{kind}-filter-{mode}", why, rp_filter=mode, encapsulation=kind, **both)
    for mode in (1, 2):
        nodes = list(three(card_b(2), rp_filter=mode))
        nodes[1] = replace(nodes[1], default_gateway=GATEWAY_B)
        why = f"Node-2's default gateway is on LAN B, rp_filter={mode}."
        yield two_lans(f"routed-default-on-b-filter-{mode}", why, tuple(nodes), **both)
    nodes = list(three(card_b(2), rp_filter=2))
    nodes[0] = replace(nodes[0], default_gateway=None)
    yield two_lans("routed-one-without-default", "Node-1 cannot resolve the next hop.", tuple(nodes), **both)


def _both_lans() -> Iterator[Scenario]:
    for mode in (1, 2):
        others = [plain_node(i, card_b(i), wins=False, rp_filter=mode) for i in (1, 3)]
        nodes = (others[0], plain_node(2, card_b(2), dns=2, rp_filter=mode), others[1])
        yield two_lans(
            f"all-on-both-filter-{mode}", f"Every node is on both LANs, one chose B, rp_filter={mode}.", nodes
        )
        wide = [plain_node(i, first=card_a(i, 8), rp_filter=mode) for i in (1, 3)]
        two = plain_node(2, card_b(2, "10.9.9.{}/24"), first=card_a(2, 8), dns=2, rp_filter=mode)
        yield two_lans(
            f"wide-mask-filter-{mode}",
            f"LAN A's /8 covers the wrong address, rp_filter={mode}.",
            (wide[0], two, wide[1]),
        )


def _nat_node(number: int, dns: int = 0) -> Node:
    card = Interface("ens3", f"nat-{number}", ("10.0.2.15/24",))
    return plain_node(number, card, dns=dns, default_gateway="10.0.2.2")


def _nat(number: int) -> Router:
    return Router(f"nat{number}", (Interface("eth0", f"nat-{number}", ("10.0.2.2/24",)),))


def _duplicates() -> Iterator[Scenario]:
    segments = (LAN_A, "nat-1", "nat-2", "nat-3")
    nodes = tuple(_nat_node(i, 2 if i == 2 else 0) for i in (1, 2, 3))
    routers = tuple(_nat(i) for i in (1, 2, 3))
    yield two_lans(
        "duplicate-everywhere",
        "Every node chose 10.0.2.15 behind its own NAT.",
        nodes,
        segments=segments,
        routers=routers,
    )
    some = (plain_node(1), *nodes[1:])
    why = "Two nodes chose 10.0.2.15; the third's BIRD cannot read its configuration."
    yield two_lans("duplicate-on-two", why, some, segments=segments, routers=(GATEWAY, *routers[1:]))


def _reflectors() -> Iterator[Scenario]:
    wrong = plain_node(2, card_b(2), dns=2)
    yield two_lans(
        "reflector-right",
        "Node-1 reflects; its client chose LAN B.",
        (plain_node(1, reflector=True), wrong, plain_node(3)),
    )
    nodes = (plain_node(1, card_b(1), reflector=True), plain_node(2, dns=2), plain_node(3))
    yield two_lans("reflector-wrong", "The reflector itself chose LAN B.", nodes)
    for name, gateway in (("reflector-on-both", GATEWAY_A), ("reflector-on-both-no-default", None)):
        first = plain_node(1, card_b(1), wins=False, reflector=True, rp_filter=2)
        third = plain_node(3, rp_filter=2, default_gateway=gateway)
        yield two_lans(name, "The reflector is on both LANs.", (first, replace(wrong, rp_filter=2), third))


def _placements() -> Iterator[Scenario]:
    yield two_lans("healthy", "Every node chose its LAN A address.", three())
    yield two_lans("wrong-without-dns", "The wrong node hosts no CoreDNS.", (*three()[:2], plain_node(3, card_b(3))))
    four = (plain_node(1), plain_node(2, card_b(2), dns=2), plain_node(3, card_b(3)), plain_node(4))
    yield two_lans("two-wrong-share-b", "Two wrong nodes peer with each other on LAN B.", four)
    split = (plain_node(1, dns=1), plain_node(2, card_b(2), dns=1), plain_node(3), plain_node(4))
    yield two_lans("dns-split", "CoreDNS on a right and on a wrong node.", split)
    third = tuple(replace(n, rp_filter=0) for n in (plain_node(1), plain_node(2, dns=2), plain_node(3, card_b(3))))
    kinds: tuple[Masquerade, ...] = ("all", "none")
    for kind in kinds:
        why = f"A router joins the LANs, node-3 chose B, kube-proxy masquerades {kind}."
        yield two_lans(f"masquerade-{kind}", why, third, routers=(GATEWAY_OF_BOTH,), masquerade=kind)


def _right_addresses() -> Iterator[Scenario]:
    both_ways = [BlockedPort("node-2"), *(BlockedPort(f"node-{i}", NODE_2_ON_A) for i in (1, 3))]
    yield two_lans(
        "port-dropped", "Addresses are right; node-2 and its peers drop TCP/179.", three(), blocked=tuple(both_ways)
    )
    one = (BlockedPort("node-1", NODE_2_ON_A, "reject"),)
    yield two_lans("port-rejected", "Addresses are right; node-1 resets TCP/179 from node-2.", three(), blocked=one)
    why = "Addresses are right; kube-proxy on node-1 leads lookups to addresses that no pod has any more."
    yield two_lans("service-rules-stale", why, three(), stale_rules=("node-1",))
    racks = (*three()[:2], _in_the_other_rack())
    both = {"routers": (GATEWAY_OF_BOTH,)}
    yield two_lans("racks", "Two routed racks, right addresses, no encapsulation.", racks, **both)
    yield two_lans(
        "racks-vxlan", "The racks with VXLAN CrossSubnet.", racks, encapsulation="vxlan-cross-subnet", **both
    )
    yield two_lans("racks-ipip", "The racks with IPIP CrossSubnet.", racks, encapsulation="ipip-cross-subnet", **both)
    stale = list(three())
    stale[1] = replace(stale[1], stored="10.0.1.99/24")
    yield two_lans("stale-address", "Node-2's stored address is on no card any more.", tuple(stale))
    yield two_lans("stale-address-vxlan", "The same under VXLAN.", tuple(stale), encapsulation="vxlan")
    yield _policy_routing()
    yield _static_route()
    yield _borrowed()


def _in_the_other_rack(**more: Any) -> Node:
    rack = Interface("ens18", LAN_B, ("192.168.50.13/24",))
    return plain_node(3, first=rack, default_gateway=GATEWAY_B, **more)


def _policy_routing() -> Scenario:
    nodes = list(three())
    rules, routes = ("from 10.244.2.0/26 lookup 100 pref 100",), ("blackhole default table 100",)
    nodes[1] = replace(nodes[1], rules=rules, routes=routes)
    return two_lans("policy-routing", "Node-2's pods' packets go to a table that drops them.", tuple(nodes))


def _static_route() -> Scenario:
    nodes = [replace(node, routes=("10.244.2.2/32 via 10.0.1.12",)) for node in three(card_b(2))]
    nodes[1] = replace(nodes[1], routes=())
    return two_lans("static-route", "The incident; somebody added a route to one DNS pod by hand.", tuple(nodes))


def _borrowed() -> Scenario:
    nodes = list(three())
    lent = Pod("coredns-3x", "10.244.1.33", dns=True)
    nodes[2] = replace(nodes[2], pods=(*nodes[2].pods, lent))
    return two_lans("borrowed-address", "A DNS pod on node-3 has an address of node-1's block.", tuple(nodes))


OTHER_AS, UNUSED_AS = 64513, 64999
NO_ROUTES = ("ip_route_table_all",)


def _as_numbers() -> Iterator[Scenario]:
    one_lan = (plain_node(1), plain_node(2, dns=2, as_number=OTHER_AS), plain_node(3))
    yield two_lans("as-numbers-one-lan", "Node-2 has another AS number, on the same LAN.", one_lan)
    why = "Node-3 has another AS number, behind a router: BIRD tries no such session over a router."
    routed = (*three()[:2], _in_the_other_rack(as_number=OTHER_AS))
    both = dict[str, Any](routers=(GATEWAY_OF_BOTH,))
    yield two_lans("as-numbers-routed", why, routed, **both)
    yield two_lans("as-numbers-routed-ipip", f"{why} With IPIP.", routed, encapsulation="ipip", **both)


def _between_all(as_number: int, ending: str = "") -> tuple[Peering, ...]:
    """Objects by which each of three nodes on LAN A peers with the others, node-2 under this AS number."""
    numbers = {1: CLUSTER_AS, 2: as_number, 3: CLUSTER_AS}
    pairs = [(one, other) for one in numbers for other in numbers if one != other]
    return tuple(Peering(f"node-{a}-to-{b}", f"10.0.1.{10 + b}{ending}", numbers[b], f"node-{a}") for a, b in pairs)


def _explicit_peers() -> Iterator[Scenario]:
    without = dict[str, Any](mesh=False)
    wrong = (Peering("dns-node", NODE_2_ON_A, UNUSED_AS),)
    why = "No mesh; the one BGPPeer names node-2 with an AS number that it has not, so node-2 gets no reverse side."
    yield two_lans("peer-with-wrong-as", why, three(), peerings=wrong, **without)
    why = "No mesh; BGPPeers between all nodes, node-2's AS number wrong in those to it: Bad peer AS."
    yield two_lans("peers-with-wrong-as", why, three(), peerings=_between_all(UNUSED_AS), **without)
    yield two_lans(
        "peers-with-right-as", "The same, with the right number.", three(), peerings=_between_all(CLUSTER_AS), **without
    )
    other = dict[str, Any](listen_port=1790)
    yield two_lans("other-listen-port", "BGP on port 1790, in the mesh.", three(), **other)
    why = "No mesh; BGP on port 1790, BGPPeers without a port: confd takes the cluster's for a node."
    yield two_lans("peer-without-port", why, three(), peerings=_between_all(CLUSTER_AS), **without, **other)
    why = "No mesh; BGP on port 1790, and the BGPPeers name port 179."
    yield two_lans("peer-on-wrong-port", why, three(), peerings=_between_all(CLUSTER_AS, ":179"), **without, **other)


def _overlaps() -> Iterator[Scenario]:
    inside = Interface("ens20", "lan-c", ("10.244.2.20/27",))
    nodes = (plain_node(1, inside, wins=False), *three()[1:])
    why = "Node-1 has a card whose network lies in node-2's block, where the DNS pods are."
    yield two_lans("card-network-inside-a-block", why, nodes, segments=(LAN_A, LAN_B, "lan-c"))
    kinds: tuple[Encapsulation, ...] = ("none", "vxlan", "ipip")
    for kind in kinds:
        ending = "" if kind == "none" else f"-{kind}"
        why = "The pool, and kube-proxy's cluster CIDR, hold LAN A too; no block does."
        yield two_lans(f"pool-holds-the-lan{ending}", why, three(), pool="10.0.0.0/8", encapsulation=kind)


def _internal_ips() -> Iterator[Scenario]:
    """Node-2's kubelet reports the address of its second card, and Calico goes by that too."""

    def nodes(mode: int = 1) -> tuple[Node, ...]:
        first, second, third = three(card_b(2), rp_filter=mode)
        return first, replace(second, internal_ip="192.168.50.12"), third

    both = dict[str, Any](routers=(GATEWAY_OF_BOTH,))
    why = "LAN B is isolated, and node-2's kubelet reports its address there."
    yield two_lans("internal-ip-wrong", f"{why} No encapsulation.", nodes())
    fourth = replace(plain_node(4, card_b(4)), internal_ip="192.168.50.14")
    yield two_lans(
        "internal-ip-wrong-on-two", "The same on node-4: the two reach each other on LAN B.", (*nodes(), fourth)
    )
    kinds: tuple[Encapsulation, ...] = ("vxlan", "ipip")
    for kind in kinds:
        yield two_lans(f"internal-ip-wrong-{kind}", f"{why} Under {kind}.", nodes(), encapsulation=kind)
    why = "Node-2's kubelet reports its address on LAN B, and a router joins the LANs"
    yield two_lans("internal-ip-filtered", f"{why}, rp_filter=1.", nodes(), **both)
    yield two_lans("internal-ip-routed", f"{why}, rp_filter=0.", nodes(0), **both)
    yield two_lans(
        "internal-ip-routed-vxlan", f"{why}, rp_filter=0: it works.", nodes(0), encapsulation="vxlan", **both
    )
    yield two_lans("internal-ip-routed-ipip", f"{why}, rp_filter=0.", nodes(0), encapsulation="ipip", **both)


def _recovering() -> Iterator[Scenario]:
    nodes = (*three()[:2], plain_node(3, card_b(3)))
    why = "BIRD waits for node-3, which chose LAN B, before it writes any route."
    yield two_lans("graceful-recovery", why, nodes, recovering=True)
    yield two_lans(
        "graceful-recovery-no-routes", f"{why} Routes not collected.", nodes, recovering=True, omitted=NO_ROUTES
    )
    yield two_lans("graceful-recovery-ipip", f"{why} With IPIP.", nodes, recovering=True, encapsulation="ipip")
    yield two_lans(
        "graceful-restart-done", "BIRD started for recovery, and every peer answers.", three(), recovering=True
    )
