"""Machines, cards and cables: the namespaces of a scenario, filled with what an administrator would set up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface

from tests.lab.namespaces import Namespaces
from tests.lab.processes import ip, output, set_kernel
from tests.lab.topology import Interface, Node, Pod, Router, Scenario, mac

POD_GATEWAY = "169.254.1.1"
"""Every pod's next hop; its node answers for it by proxy ARP (Calico FAQ)."""

_FIRST_PORT = 1000
_LINKS_COME_UP_SECONDS = 3.0
_IPV6_OFF = {"ipv6/conf/all/disable_ipv6": 1, "ipv6/conf/default/disable_ipv6": 1}


@dataclass(frozen=True, slots=True)
class Built:
    """A scenario and the names of its namespaces."""

    scenario: Scenario
    spaces: Namespaces

    def of(self, machine: Node | Router) -> str:
        """The namespace of a node or a router."""
        return self.spaces.of(machine.name)

    def of_pod(self, node: Node, pod: Pod) -> str:
        """The namespace that a pod's program sees."""
        return self.of(node) if pod.host_network else self.spaces.of(f"pod-{pod.name}")

    @property
    def fabric(self) -> str:
        """The namespace that holds the segments."""
        return self.spaces.of("fabric")


def space_names(scenario: Scenario) -> tuple[str, ...]:
    """The namespaces that a scenario needs."""
    machines = (*(r.name for r in scenario.routers), *(n.name for n in scenario.nodes))
    return ("fabric", *machines, *(f"pod-{pod.name}" for _, pod in scenario.pods if not pod.host_network))


def wire(built: Built) -> None:
    """Set up segments, routers, nodes and pods; returns when the links carry."""
    scenario = built.scenario
    set_kernel(built.fabric, _IPV6_OFF)
    segments = {segment: f"br{i}" for i, segment in enumerate(scenario.segments)}
    ports = _segment_lines(segments)
    for machine in _machines(scenario):
        _add_cards(built, machine, segments, ports)
    ip(ports, built.fabric)
    _wait_for_links(built)
    for machine in _machines(scenario):
        ip(_route_lines(machine), built.of(machine))
    for node in scenario.nodes:
        _add_pods(built, node)


def _machines(scenario: Scenario) -> list[Node | Router]:
    return [*scenario.routers, *scenario.nodes]


def _segment_lines(segments: dict[str, str]) -> list[str]:
    made = [f"link add {bridge} type bridge stp_state 0 mcast_snooping 0" for bridge in segments.values()]
    return [*made, *(f"link set {bridge} up" for bridge in segments.values())]


def _add_cards(built: Built, machine: Node | Router, segments: dict[str, str], ports: list[str]) -> None:
    """Cards in their order, which decides what Calico would choose; the far end of each goes to its segment's bridge."""
    namespace, lines = built.of(machine), ["link set lo up"]
    # No IPv6 and no ICMP redirects: either would let things happen that neither `ip route` nor a scenario shows.
    quiet = {
        **_IPV6_OFF,
        "ipv4/conf/all/send_redirects": 0,
        "ipv4/conf/default/send_redirects": 0,
        "ipv4/ip_forward": 1,
    }
    filters = {f"ipv4/conf/{name}/rp_filter": machine.rp_filter for name in ("all", "default")}
    set_kernel(namespace, quiet | filters)
    for card in machine.interfaces:
        port = f"p{_FIRST_PORT + len(ports)}"
        # An index of its own: equal indexes on both ends make the kernel report the carrier a second late.
        index = _FIRST_PORT + len(ports)
        lines += _card_lines(machine.name, card, f"{port} index {index} netns {built.fabric}")
        ports.append(f"link set {port} master {segments[card.segment]}")
        ports += [f"link set {port} up"] if card.carrier else []
    ip(lines, namespace)
    if isinstance(machine, Node):
        held = [card.name for card in machine.interfaces if card.name in machine.loose]
        set_kernel(namespace, {f"ipv4/conf/{name}/rp_filter": machine.filter_of(name) for name in held})


def _card_lines(machine: str, card: Interface, peer: str) -> list[str]:
    made = f"link add {card.name} address {mac(machine, card.name)} txqueuelen 1000 type veth peer name {peer}"
    addressed = [
        f"addr add {text} brd {IPv4Interface(text).network.broadcast_address} dev {card.name}"
        for text in card.addresses
    ]
    return [made, *addressed, *([f"link set {card.name} up"] if card.up else [])]


def _route_lines(machine: Node | Router) -> list[str]:
    if isinstance(machine, Router):
        return [f"route add {route}" for route in (*machine.routes, "blackhole default")]
    gateway = machine.default_gateway
    routes = [f"default via {gateway} proto static"] if gateway else []
    return [f"route add {r}" for r in (*routes, *machine.routes)] + [f"rule add {rule}" for rule in machine.rules]


def _wait_for_links(built: Built) -> None:
    """The kernel may report a carrier up to a second late; until then a link drops in silence."""
    deadline = time.monotonic() + _LINKS_COME_UP_SECONDS
    for machine in _machines(built.scenario):
        expected = {card.name for card in machine.interfaces if card.up and card.carrier}
        while time.monotonic() < deadline and not expected <= _links_up(built.of(machine)):
            time.sleep(0.02)


def _links_up(namespace: str) -> set[str]:
    rows = [line.split() for line in output("ip", "-n", namespace, "-br", "link").splitlines()]
    return {row[0].split("@")[0] for row in rows if len(row) > 1 and row[1] == "UP"}


def _add_pods(built: Built, node: Node) -> None:
    """Pods as Calico's CNI plugin and Felix leave them: a cable, proxy ARP, and a /32 route on the node."""
    pods = [pod for pod in node.pods if not pod.host_network]
    ip([_cable_line(pod, built.of_pod(node, pod)) for pod in pods], built.of(node))
    for pod in pods:
        answers = {f"ipv4/conf/{pod.cable}/{key}": 1 for key in ("proxy_arp", "rp_filter", "forwarding")}
        set_kernel(built.of(node), answers | {f"ipv4/neigh/{pod.cable}/proxy_delay": 0})
        set_kernel(built.of_pod(node, pod), _IPV6_OFF)
        ip(_inside_lines(pod), built.of_pod(node, pod))
    ip(_outside_lines(pods), built.of(node))


def _cable_line(pod: Pod, namespace: str) -> str:
    far = f"peer name eth0 address {mac(pod.name, 'eth0')} mtu 1450 netns {namespace}"
    return f"link add {pod.cable} address ee:ee:ee:ee:ee:ee mtu 1450 type veth {far}"


def _inside_lines(pod: Pod) -> list[str]:
    return [
        "link set lo up",
        f"addr add {pod.ip}/32 dev eth0",
        "link set eth0 up",
        f"route add {POD_GATEWAY} dev eth0 scope link",
        f"route add default via {POD_GATEWAY} dev eth0",
    ]


def _outside_lines(pods: Sequence[Pod]) -> list[str]:
    ups = [f"link set {pod.cable} up" for pod in pods]
    return [*ups, *(f"route add {pod.ip} dev {pod.cable} scope link" for pod in pods)]
