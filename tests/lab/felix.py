"""What Felix writes on a node: routes and neighbors of VXLAN, the check of tunnel sources, natOutgoing.

Source: Calico felix/dataplane/linux/vxlan_mgr.go and felix/rules/static.go. No policy, no workload chains.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from tests.lab.processes import ip, run, set_kernel
from tests.lab.topology import Node, Scenario, mac
from tests.lab.wiring import Built

DEVICE = "vxlan.calico"


def remotes(scenario: Scenario, node: Node) -> list[Node]:
    """The other nodes, as the datastore tells them apart: by their Calico addresses."""
    return [other for other in scenario.nodes if other is not node and other.stored_ip != node.stored_ip]


def is_direct(scenario: Scenario, node: Node, remote_ip: str) -> bool:
    """Whether CrossSubnet sends to an address without a tunnel: it lies in the sender's own stored network."""
    return scenario.crosses_subnets_only and IPv4Address(remote_ip) in node.stored_network


def borrowed(scenario: Scenario) -> Iterator[tuple[Node, str]]:
    """Addresses in use outside the node of their block: the node that has them, and the address."""
    for node, pod in scenario.pods:
        if pod.ip is not None and IPv4Address(pod.ip) not in IPv4Network(node.block):
            yield node, pod.ip


def program_vxlan(built: Built, node: Node) -> None:
    """The VXLAN device with its far ends; nothing where no card holds Calico's address, as Felix waits for one."""
    scenario = built.scenario
    if not scenario.encapsulation.startswith("vxlan") or node.parent is None:
        return
    ip([*_device_lines(node), *_far_lines(scenario, node)], built.of(node))
    set_kernel(built.of(node), {f"ipv4/conf/{DEVICE}/rp_filter": node.filter_of(DEVICE)})
    entries = [f"fdb append {vtep_mac(far)} dev {DEVICE} dst {far.stored_ip}" for far in _tunneled(scenario, node)]
    if entries:
        run("bridge", "-n", built.of(node), "-batch", "-", text="\n".join(entries) + "\n")


def vtep_mac(node: Node) -> str:
    """The link-layer address of a node's VXLAN device."""
    return "66:" + mac(node.name, DEVICE)[3:]


def _device_lines(node: Node) -> list[str]:
    kind = f"type vxlan id 4096 dstport 4789 local {node.stored_ip} dev {node.parent} nolearning"
    return [
        f"link add {DEVICE} address {vtep_mac(node)} mtu 1450 {kind}",
        f"link set {DEVICE} up",
        f"addr add {node.tunnel_ip}/32 dev {DEVICE}",
        f"route add blackhole {node.block} proto 80",
    ]


def _tunneled(scenario: Scenario, node: Node) -> list[Node]:
    return [far for far in remotes(scenario, node) if not is_direct(scenario, node, far.stored_ip)]


def _far_lines(scenario: Scenario, node: Node) -> Iterator[str]:
    tunneled = _tunneled(scenario, node)
    for far in tunneled:
        yield f"neigh add {far.tunnel_ip} lladdr {vtep_mac(far)} dev {DEVICE} nud permanent"
    for far in remotes(scenario, node):
        if far not in tunneled and not _takes_route(node, far.stored_ip):
            continue
        via = f"via {far.tunnel_ip} dev {DEVICE}" if far in tunneled else f"via {far.stored_ip} dev {node.parent}"
        lent = [address for owner, address in borrowed(scenario) if owner is far]
        for destination in (far.block, *lent):
            yield f"route add {destination} {via} proto 80 onlink"


def _takes_route(node: Node, gateway: str) -> bool:
    """Whether the kernel takes a route by the parent card; Felix tries others again and again.

    It refuses one by a card that is down, and one to an address of the node itself (fib_check_nh).
    """
    own = {address.split("/")[0] for card in node.interfaces for address in card.addresses}
    return gateway not in own and any(card.name == node.parent and card.up for card in node.interfaces)


def nat_rules(scenario: Scenario) -> list[str]:
    """natOutgoing: what leaves the pool gets its node's address."""
    if not scenario.nat_outgoing:
        return []
    masquerade = f"-A cali-nat-outgoing -s {scenario.pool} ! -d {scenario.pool} -j MASQUERADE"
    return [":cali-nat-outgoing - [0:0]", "-A POSTROUTING -j cali-nat-outgoing", masquerade]


def filter_rules(scenario: Scenario, node: Node) -> list[str]:
    """Tunnel packets are accepted from Calico's addresses alone; and the ports that a scenario blocks."""
    rules = [":cali-INPUT - [0:0]", "-A INPUT -j cali-INPUT"]
    match = {"vxlan": "-p udp -m udp --dport 4789", "ipip": "-p 4"}.get(scenario.encapsulation.split("-")[0])
    if match:
        rules += [f"-A cali-INPUT {match} -s {far.stored_ip} -j ACCEPT" for far in remotes(scenario, node)]
        rules.append(f"-A cali-INPUT {match} -j DROP")
    for block in scenario.blocked:
        if block.node == node.name:
            source = f"-s {block.source} " if block.source else ""
            action = "REJECT --reject-with tcp-reset" if block.action == "reject" else "DROP"
            rules.append(f"-A cali-INPUT {source}-p tcp -m tcp --dport 179 -j {action}")
    return rules
