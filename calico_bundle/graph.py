"""The cluster as a networkx graph: nodes, interfaces, prefixes, blocks, pods and cluster DNS, and what joins them.

Vertices are named by what they are (`node/worker-1`, `interface/worker-1/eth0`, `subnet/10.0.1.0/24`). Every value is
text, a number, a boolean or None, so that the graph can be written as JSON. It shows what the bundle states; whether a
packet gets through is for `paths` to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple

from calico_bundle import facts as f
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.graph_attributes import EDGE_ATTRIBUTES, VERTEX_ATTRIBUTES
from calico_bundle.names import node_subject, pod_subject, service_subject
from calico_bundle.network.pods import PodNetwork
from calico_bundle.network.service import DnsService

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["EDGE_ATTRIBUTES", "VERTEX_ATTRIBUTES", "build_graph"]

# `local`, `broadcast` and their like are the node's own addresses, which its interfaces show.
_ROUTED = frozenset({"unicast", "blackhole", "unreachable", "prohibit", "throw"})
# kube-proxy in IPVS mode binds every service's address to this device, on every node alike.
_SERVICE_DEVICES = frozenset({"kube-ipvs0"})
_Value = str | int | bool | None


def build_graph(
    cluster: Cluster, dns: DnsService | None, *, pods: bool = False, routes: bool = False
) -> nx.MultiDiGraph[str]:
    """Draw a cluster and its DNS service as a graph of nodes, cards, networks, blocks and sessions.

    `pods` adds the pods and their ends on the nodes, `routes` an edge per route and node: 5,000 nodes have 150,000 pods and
    25 million routes. `VERTEX_ATTRIBUTES` and `EDGE_ATTRIBUTES` say what the attributes of each `kind` mean. Left out are
    loopback and link-local addresses, which look alike on all machines; routes other than those to pod blocks, parts of
    pools and connected networks; and sessions whose peer's address was not recorded. The same input gives the same order.

    >>> graph = build_graph(Cluster({"n1": ClusterNode("n1")}), None)
    >>> graph.nodes["node/n1"]["routes_recorded"]
    False
    """
    return _Builder(cluster, dns, pods=pods, routes=routes).build()


class _Builder:
    def __init__(self, cluster: Cluster, dns: DnsService | None, *, pods: bool, routes: bool) -> None:
        from calico_bundle.cluster_graph import ClusterGraph

        self.graph: nx.MultiDiGraph[str] = ClusterGraph()
        self.cluster = cluster
        self.dns = dns
        self.with_pods, self.with_routes = pods, routes
        self.network = PodNetwork(cluster)
        self.claims = _Claims(cluster)
        self.pools = _Prefixes((p.cidr, p.name) for p in cluster.pools if p.cidr)
        self.owned = _owned_blocks(cluster)
        self.blocks = _Prefixes((b.cidr, f"block/{b.cidr}") for b in self.owned)

    def build(self) -> nx.MultiDiGraph[str]:
        nodes = self.cluster.nodes.values()
        for node in nodes:
            self._node(node.name)
        for node in nodes:
            self._interfaces(node)
        self._owners()
        if self.with_pods:
            self._pods()
        if self.dns:
            self._dns(self.dns)
        for node in nodes:
            self._sessions(node)
        for node in nodes if self.with_routes else ():
            self._routes(node)
        return self.graph

    # --- vertices -----------------------------------------------------------------------------------------------------

    def _vertex(self, key: str, kind: str, **attributes: _Value) -> str:
        if key not in self.graph:
            self.graph.add_node(key, kind=kind, **attributes)
        return key

    def _edge(self, start: str, end: str, kind: str, **attributes: _Value) -> None:
        self.graph.add_edge(start, end, kind=kind, **attributes)

    def _node(self, name: str) -> str:
        """A node's vertex; a node that only a pod or a block names has one, too."""
        key = node_subject(name)
        if key in self.graph:
            return key
        node = self.cluster.nodes.get(name) or ClusterNode(name)
        return self._vertex(
            key,
            "node",
            name=name,
            internal_ip=_text(node.internal_ip),
            bgp_ip=_text(node.bgp_address),
            ready=node.kubernetes.ready if node.kubernetes else None,
            addresses_recorded=node.addresses is not None,
            routes_recorded=node.routes is not None,
            sessions_recorded=node.sessions is not None,
        )

    def _interface(self, node: str, name: str, fact: f.InterfaceFact | None) -> str:
        key = f"interface/{node}/{name}"
        if key in self.graph:
            return key
        kind, state, mac, mtu = (fact.kind, fact.state, fact.mac, fact.mtu) if fact else (None,) * 4
        self._vertex(key, "interface", node=node, name=name, type=kind, state=state, mac=mac, mtu=mtu)
        self._edge(self._node(node), key, "has-interface")
        return key

    def _subnet(self, prefix: f.Network) -> str:
        pool = self.pools.holding(prefix)
        return self._vertex(f"subnet/{prefix}", "subnet", prefix=str(prefix), family=prefix.version, pool=pool)

    def _block(self, cidr: f.Network) -> str:
        pool = self.pools.holding(cidr)
        return self._vertex(f"block/{cidr}", "block", cidr=str(cidr), family=cidr.version, pool=pool)

    # --- what joins them ----------------------------------------------------------------------------------------------

    def _interfaces(self, node: ClusterNode) -> None:
        for interface in (node.interfaces or ()) if self.with_pods else node.cards:
            if self._is_shown(interface.name):
                self._interface(node.name, interface.name, interface)
        for held in (node.addresses or ()) if self.with_pods else node.card_addresses:
            if self._is_shown(held.interface) and not _is_everywhere(held.address.ip):
                key = self._interface(node.name, held.interface, None)
                self._edge(key, self._subnet(held.address.network), "in-subnet", address=str(held.address))

    def _is_shown(self, device: str) -> bool:
        return device not in _SERVICE_DEVICES and (self.with_pods or not self.network.is_workload_device(device))

    def _owners(self) -> None:
        for block in self.owned:
            key = self._block(block.cidr)
            if block.node:
                self._edge(self._node(block.node), key, "owns-block", read_from=block.source, state=block.state)

    def _pods(self) -> None:
        for pod in sorted(self.cluster.pods, key=lambda p: (p.namespace, p.name)):
            key = self._pod(pod)
            if pod.node:
                self._edge(key, self._node(pod.node), "runs-on")
            for ip in pod.ips:
                block = self.blocks.holding(ip)
                if block:
                    self._edge(key, block, "address-in-block", address=str(ip))

    def _pod(self, pod: f.PodFact) -> str:
        ip = next((ip for ip in pod.ips if ip.version == 4), next(iter(pod.ips), None))
        return self._vertex(
            pod_subject(pod.namespace, pod.name),
            "pod",
            namespace=pod.namespace,
            name=pod.name,
            ip=_text(ip),
            phase=pod.phase,
            ready=pod.ready,
            host_network=pod.host_network,
        )

    def _dns(self, dns: DnsService) -> None:
        service = dns.service
        key = self._vertex(
            service_subject(service.namespace, service.name),
            "service",
            namespace=service.namespace,
            name=service.name,
            cluster_ip=_text(dns.address),
        )
        for endpoint in dns.endpoints:
            self._edge(key, self._endpoint(endpoint), "has-endpoint", ready=endpoint.ready, read_from=endpoint.source)

    def _endpoint(self, endpoint: f.EndpointFact) -> str:
        key = f"endpoint/{endpoint.ip}"
        if key in self.graph:
            return key
        pod = self._pod_behind(endpoint)
        node = endpoint.node or (pod.node if pod else None)
        node = node or (self.claims.only(endpoint.ip) if endpoint.ip else None)
        name = f"{pod.namespace}/{pod.name}" if pod else _target(endpoint)
        self._vertex(key, "endpoint", ip=_text(endpoint.ip), pod=name, node=node)
        if pod and self.with_pods:
            self._edge(key, self._pod(pod), "is-pod")
        if node:
            self._edge(key, self._node(node), "on-node")
        return key

    def _pod_behind(self, endpoint: f.EndpointFact) -> f.PodFact | None:
        place = self._pod_places.get((endpoint.pod_namespace, endpoint.pod))
        if place is None and endpoint.ip is not None and endpoint.ip.version == 4:
            place = self._pod_places.get(int(endpoint.ip))
        return None if place is None else self.cluster.pods[place]

    @cached_property
    def _pod_places(self) -> dict[object, int]:
        """Where each pod stands, by namespace and name, and by its own IPv4 address as an integer."""
        kept = columns_of(self.cluster.pods)
        named: dict[object, int] = {key: at for at, key in enumerate(zip(kept.namespaces, kept.names, strict=True))}
        hosts = enumerate(zip(kept.ipv4s, kept.host_networks, strict=True))
        return {ip: at for at, (ip, host) in hosts if ip is not None and host is False} | named

    def _sessions(self, node: ClusterNode) -> None:
        for session in node.sessions or ():
            if session.peer:
                self._edge(
                    self._node(node.name),
                    self._peer(session.peer, node.name),
                    "bgp-session",
                    peer=str(session.peer),
                    established=session.established,
                    info=session.info,
                    type=session.type,
                    source_address=_text(session.source_address),
                    read_from=session.source,
                )

    def _peer(self, peer: f.Address, besides: str) -> str:
        name = self.claims.only(peer, besides=besides)
        if name:
            return self._node(name)
        nodes = ",".join(self.claims.of(peer)) or None
        return self._vertex(f"address/{peer}", "address", ip=str(peer), nodes=nodes)

    def _routes(self, node: ClusterNode) -> None:
        for route in node.routes or ():
            target = self._target(route)
            if target:
                for hop in route.next_hops or (None,):
                    self._route(node, route, hop, target)

    def _target(self, route: f.RouteFact) -> str | None:
        """The vertex a route leads to; None for a route that is not shown."""
        devices = [hop.device or "" for hop in route.next_hops]
        if route.type not in _ROUTED or any(map(self.network.is_workload_device, devices)):
            return None
        destination = route.destination
        block = self.blocks.exactly(destination)
        if block:
            return block
        shown = self.pools.holding(destination) or _is_connected(route)
        return self._subnet(destination) if shown else None

    def _route(self, node: ClusterNode, route: f.RouteFact, hop: f.NextHop | None, target: str) -> None:
        gateway = hop.gateway if hop else None
        self._edge(
            self._node(node.name),
            target,
            "route",
            destination=str(route.destination),
            type=route.type,
            gateway=_text(gateway),
            gateway_node=self.claims.only(gateway, besides=node.name) if gateway else None,
            device=hop.device if hop else None,
            protocol=route.protocol,
            source_address=_text(route.source),
            table=route.table,
            metric=route.metric,
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _target(endpoint: f.EndpointFact) -> str | None:
    return f"{endpoint.pod_namespace or endpoint.namespace}/{endpoint.pod}" if endpoint.pod else None


def _is_everywhere(place: f.Address | f.Network) -> bool:
    """Loopback, link-local and multicast: in use on every machine, and no sign of what joins two of them."""
    return place.is_loopback or place.is_link_local or place.is_multicast


def _is_connected(route: f.RouteFact) -> bool:
    """A network on a card of the node: a device and no gateway. A default route is none, even without a gateway."""
    direct = all(hop.device and hop.gateway is None for hop in route.next_hops)
    usual = route.destination.prefixlen > 0 and not _is_everywhere(route.destination)
    return route.type == "unicast" and bool(route.next_hops) and direct and usual


# --- blocks, prefixes and addresses -----------------------------------------------------------------------------------


class _Block(NamedTuple):
    cidr: f.Network
    node: str | None
    source: str
    state: str | None


def _owned_blocks(cluster: Cluster) -> list[_Block]:
    """Blocks with their owners in the order of their addresses, each pair once; a BlockAffinity before an IPAMBlock."""
    blocks = [_Block(b.cidr, b.node, b.source, b.state) for b in cluster.blocks if not b.deleted]
    if not any(b.node for b in blocks):
        nodes = [n for n in cluster.nodes.values() if n.kubernetes]
        blocks += [_Block(c, n.name, "Node", None) for n in nodes if n.kubernetes for c in n.kubernetes.pod_cidrs]
    found: dict[tuple[f.Network, str | None], _Block] = {}
    for block in sorted(blocks, key=_by_address):
        found.setdefault((block.cidr, block.node), block)
    return list(found.values())


def _by_address(block: _Block) -> tuple[int, int, int, str, str]:
    cidr = block.cidr
    return cidr.version, int(cidr.network_address), cidr.prefixlen, block.node or "", block.source


class _Prefixes:
    """Labels of networks, found by the longest one that holds an address or a network."""

    def __init__(self, labels: Iterable[tuple[f.Network, str]]) -> None:
        self._labels: dict[f.Network, str] = {}
        for network, label in labels:
            self._labels.setdefault(network, label)
        self._lengths = sorted({(n.version, n.prefixlen) for n in self._labels}, reverse=True)

    def exactly(self, network: f.Network) -> str | None:
        return self._labels.get(network)

    def holding(self, place: f.Address | f.Network) -> str | None:
        network = ip_network(place)
        for version, length in self._lengths:
            if version == network.version and length <= network.prefixlen:
                label = self._labels.get(network.supernet(new_prefix=length))
                if label is not None:
                    return label
        return None


class _Claims:
    """Which nodes have an address: on an interface, in their Node object, or stored by Calico."""

    def __init__(self, cluster: Cluster) -> None:
        self._nodes: dict[f.Address, list[str]] = defaultdict(list)
        for node in cluster.nodes.values():
            for address in dict.fromkeys(_addresses(node)):
                self._nodes[address].append(node.name)

    def of(self, address: f.Address) -> list[str]:
        return self._nodes.get(address, [])

    def only(self, address: f.Address, *, besides: str | None = None) -> str | None:
        """The one node that has it; None when none has, or several have. A node's peer or gateway is another node."""
        names = [name for name in self.of(address) if name != besides]
        return names[0] if len(names) == 1 else None


def _addresses(node: ClusterNode) -> Iterable[f.Address]:
    """Every address that anything in the bundle gives a node.

    A stale one counts as well: where it is another node's by now, nobody can tell from it whose the address is.
    """
    yield from (a.address.ip for a in node.addresses or ())
    stated = node.kubernetes
    if stated:
        yield from stated.internal_ips
        yield from (i.ip for i in (stated.bgp_ipv4, stated.bgp_ipv6) if i)
        yield from (ip for ip in (stated.ipip_tunnel_ip, stated.vxlan_tunnel_ip) if ip)
