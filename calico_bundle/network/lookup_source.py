"""The address that a lookup comes from: a node's own (hostNetwork pods' included), and a pod's.

The kernel takes the source from the route to the service address, before kube-proxy translates it; then kube-proxy may
masquerade the packet to an address of the device by which it leaves. What is open of the two gives several candidates,
and a path is decided only where all of them come to the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address, RouteFact
from calico_bundle.network.forwarding import ANY, Forwarding
from calico_bundle.network.prediction import OWN_CARD, SOME_ROUTER
from calico_bundle.network.routing import source_address
from calico_bundle.network.service_proxy import masquerades
from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE


@dataclass(frozen=True, slots=True)
class Source:
    """A source that a lookup can have: as the node routes it, and as it leaves when kube-proxy masquerades it."""

    routed_as: Address
    seen: Address


def of_node(forwarding: Forwarding, node: ClusterNode, service: Address, endpoint: Address) -> tuple[Source, ...]:
    """The sources that a lookup of a node's own to the DNS service can have when it leaves for an endpoint."""
    plain = _from_route(node, forwarding.routing(node).lookup(service, ANY).route, service)
    return _translated(forwarding, node, service, endpoint, plain)


def of_pod(
    forwarding: Forwarding, node: ClusterNode, service: Address, endpoint: Address, pod: Address
) -> tuple[Source, ...]:
    """The sources that a pod's lookup can have: its own, unless kube-proxy (masqueradeAll) or natOutgoing masquerades it."""
    if forwarding.pods.leaves_by_nat(pod, endpoint):
        return _masqueraded(forwarding, node, endpoint, pod)
    return _translated(forwarding, node, service, endpoint, (pod,))


def of_pod_to(forwarding: Forwarding, node: ClusterNode, destination: Address, pod: Address) -> tuple[Source, ...]:
    """The sources that a pod's packet to an address can have, no service in between."""
    if forwarding.pods.leaves_by_nat(pod, destination):
        return _masqueraded(forwarding, node, destination, pod)
    return (Source(pod, pod),)


def _masqueraded(
    forwarding: Forwarding, node: ClusterNode, destination: Address, source: Address
) -> tuple[Source, ...]:
    route = forwarding.routing(node).lookup(destination, source).route
    if route is not None and route.type == "local":
        # It stays on the node: POSTROUTING, where masquerading is done, is never reached.
        return (Source(source, source),)
    return tuple(Source(source, after) for after in _from_route(node, route, destination, by_device=True))


def _translated(
    forwarding: Forwarding, node: ClusterNode, service: Address, endpoint: Address, plain: tuple[Address, ...]
) -> tuple[Source, ...]:
    """Each source as it is, and as masqueraded to the device by which it is routed to the endpoint."""
    found: list[Source] = []
    for source in plain:
        known = masquerades(node, service, source)
        if known is not True:
            found.append(Source(source, source))
        if known is not False:
            found += _masqueraded(forwarding, node, endpoint, source)
    return tuple(dict.fromkeys(found))


def _from_route(
    node: ClusterNode, route: RouteFact | None, toward: Address, *, by_device: bool = False
) -> tuple[Address, ...]:
    """The address that a route gives; any of the node's where the route, or its device, is not known.

    `by_device`: MASQUERADE looks at the device and the next hop, and not at the route's `src` (nf_nat_masquerade_ipv4).
    """
    device = route.next_hops[0].device if route is not None and route.next_hops else None
    if route is None or device is None or SOME_ROUTER in route.next_hops[0].flags:
        return _any(node)
    if device == OWN_CARD:
        return (node.bgp_address.ip,) if node.bgp_address else _any(node)
    asked = replace(route, source=None) if by_device else route
    found = source_address(node, asked, toward)[0] if node.addresses is not None else _tunnel_address(node, device)
    return (found,) if found is not None else _any(node)


def _tunnel_address(node: ClusterNode, device: str) -> Address | None:
    kubernetes = node.kubernetes
    if kubernetes is None:
        return None
    return {VXLAN_DEVICE: kubernetes.vxlan_tunnel_ip, IPIP_DEVICE: kubernetes.ipip_tunnel_ip}.get(device)


def _any(node: ClusterNode) -> tuple[Address, ...]:
    found: list[Address]
    if node.addresses is not None:
        found = [
            a.address.ip for a in node.card_addresses if a.address.version == 4 and a.scope not in ("link", "host")
        ]
    else:
        stored = node.bgp_address.ip if node.bgp_address else None
        found = [ip for ip in (node.internal_ip, stored) if ip is not None]
    return tuple(dict.fromkeys(found))
