"""The records of a node of which something is taken away or changed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Interface

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import InterfaceFact, RouteFact, RuleFact
from calico_bundle.facts.listing import words_of
from calico_bundle.network.tunnels import VXLAN_DEVICE

_DETACHED = "[detached]"
"""What `ip rule` prints behind a device that is gone; such a rule is passed over."""


def without_interface(node: ClusterNode, name: str) -> ClusterNode:
    """A node without an interface, those that lie on it, their addresses, and the routes by them and from them."""
    gone = frozenset(_on_top(node, name))
    addresses = tuple(a for a in node.addresses or () if a.interface not in gone)
    lost = {a.address.ip for a in node.addresses or () if a.interface in gone} - {a.address.ip for a in addresses}
    return node.altered(
        interfaces=tuple(i for i in node.interfaces or () if i.name not in gone),
        addresses=addresses,
        routes=None if node.routes is None else tuple(_without(node.routes, gone, lost)),
        some_routes=tuple(_without(node.some_routes, gone, lost)),
        rules=None if node.rules is None else tuple(_detached(rule, gone) for rule in words_of(node.rules)),
        neighbors=None if node.neighbors is None else tuple(n for n in node.neighbors if n.device not in gone),
    )


def _on_top(node: ClusterNode, name: str) -> Iterator[str]:
    """The interface, and VLANs that go with it: `ip addr` prints them as eth1.100@eth1."""
    yield name
    of_it = re.compile(rf"\d+: [^\s:@]+@{re.escape(name)}:")
    yield from (i.name for i in node.cards if i.name != name and of_it.match(i.evidence.text.strip()))


def _without(routes: Sequence[RouteFact], gone: Collection[str], lost: Collection[object]) -> Iterator[RouteFact]:
    """Routes that are left: not by the interface, nor with a source address that went with it (fib_sync_down_addr)."""
    for route in routes:
        left = tuple(hop for hop in route.next_hops if hop.device not in gone)
        if len(left) == len(route.next_hops) and route.source not in lost:
            yield route
        elif left and route.source not in lost:
            yield replace(route, next_hops=left)


def _detached(rule: RuleFact, gone: Collection[str]) -> RuleFact:
    if rule.input_device in gone or rule.output_device in gone:
        return replace(rule, other=(*rule.other, _DETACHED))
    return rule


def with_address(node: ClusterNode, address: IPv4Interface | None) -> ClusterNode:
    """A node with another Calico address (None: not known which), and without what was recorded of the one before."""
    kubernetes = node.kubernetes
    if kubernetes is None:
        return node.altered(reprogrammed=True)
    before = kubernetes.bgp_ipv4
    if address == before:
        return node.altered(reprogrammed=True)
    cited = {column: line for column, line in kubernetes.cited.items() if column != "bgp_ipv4"}
    open_now = ("bgp_ipv4",) if address is None else ()
    changed = replace(
        kubernetes, bgp_ipv4=address, cited=cited, not_shown=tuple({*kubernetes.not_shown} - {"bgp_ipv4"}) + open_now
    )
    return node.altered(
        kubernetes=changed,
        interfaces=with_tunnel(node, address),
        sessions=None,
        bgp_routes=None,
        log_events=(),
        reprogrammed=True,
        moved=True,
    )


def with_tunnel(node: ClusterNode, address: IPv4Interface | None) -> Sequence[InterfaceFact] | None:
    """Felix gives its VXLAN device the new address, and makes it where it had none for want of a card."""
    device = node.interface(VXLAN_DEVICE)
    card = node.interface(node.interface_of(address.ip) or "") if address else None
    if node.interfaces is None or address is None or card is None:
        return node.interfaces
    if device is None and node.kubernetes and node.kubernetes.vxlan_tunnel_ip:
        made = replace(card, name=VXLAN_DEVICE, kind="vxlan", vxlan_local=address.ip, vxlan_device=card.name, mac=None)
        return (*node.interfaces, made)
    if device is None or device.vxlan_local is None:
        return node.interfaces
    moved = replace(device, vxlan_local=address.ip, vxlan_device=card.name)
    return tuple(moved if i.name == VXLAN_DEVICE else i for i in node.interfaces)
