"""The ends of lookups: pods, nodes, DNS endpoints with the port they listen on, and a DNS cache on the node."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, ip_network

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, EndpointFact, Network, PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_queries import FINISHED, labeled
from calico_bundle.network.node_local_dns import NodeLocalCache, node_local_cache
from calico_bundle.network.policy.labeled import Directory, Labeled
from calico_bundle.network.policy.packet import End
from calico_bundle.network.service import DNS_PORT, DnsService

_LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""Where NodeLocal DNSCache listens, beside the service's own address (its usual address is 169.254.20.10)."""
_CACHES = ("node-local-dns", "nodelocaldns")
_CACHE_LABEL = "k8s-app"


@dataclass(frozen=True, slots=True)
class Target:
    """A DNS endpoint: what policies select of it (None in its node's network), and its end of a packet by protocol."""

    key: Hashable
    thing: Labeled | None
    node: str | None
    value: int | None
    udp: End
    tcp: End

    def end(self, protocol: str) -> End:
        """Its end of a packet."""
        return self.udp if protocol == "UDP" else self.tcp


class Ends:
    """Makes the ends of packets; what is there is worked out once."""

    def __init__(
        self,
        cluster: Cluster,
        dns: DnsService | None,
        directory: Directory,
        kind_of: Callable[[Labeled | None, int | None], Hashable],
    ) -> None:
        """`kind_of` tells apart what policies tell apart, by what is selected and where its address lies."""
        self._cluster, self._dns, self._directory, self._kind_of = cluster, dns, directory, kind_of
        self._sets = [(found, directory.network_set(found)) for found in cluster.network_sets]
        self._targets: dict[Hashable, Target] = {}
        self._cached: dict[str | None, bool | None] = {}
        self._hosts: dict[tuple[str, ...], tuple[End, ...]] = {}

    def of_pod(self, thing: Labeled | None, value: int | None) -> End:
        """The end at which a pod asks."""
        addresses: tuple[Network, ...] = (ip_network(value),) if value is not None else ()
        own = ((thing, True),) if thing is not None else ()
        return self._with_sets(addresses, own, None, frozenset())

    def host(self, nodes: tuple[str, ...]) -> tuple[End, ...]:
        """The ends at which one of some nodes may ask: with any of its addresses, one for those that lie alike."""
        if nodes not in self._hosts:
            known = [self._cluster.nodes[name] for name in nodes if name in self._cluster.nodes]
            addresses = (a for node in known for a in _addresses(node) if a.version == 4)
            distinct = {self._kind_of(None, int(a)): ip_network(a) for a in addresses}
            endpoints = [e for e in self._cluster.host_endpoints if e.node is None or e.node in nodes]
            things = tuple((self._directory.host_endpoint(e), False) for e in endpoints)
            listed: list[tuple[Network, ...]] = [(address,) for address in distinct.values()] or [()]
            self._hosts[nodes] = tuple(self._with_sets(one, things, None, frozenset()) for one in listed)
        return self._hosts[nodes]

    def host_kind(self, node: str | None) -> Hashable:
        """What nodes have in common whose own lookups policies treat alike; host endpoints are asked of each by its name."""
        known = self._cluster.nodes.get(node or "")
        if known is None or self._cluster.host_endpoints:
            return node
        return frozenset(self._kind_of(None, int(a)) for a in _addresses(known) if a.version == 4)

    @cached_property
    def local_cache(self) -> tuple[End, ...]:
        """Where a pod may ask a cache on its node: at the service's address, not translated then, or at a local one."""
        service = self._dns.address if self._dns else None
        own = (ip_network(service),) if service is not None else ()
        return tuple(self._with_sets((one,), (), DNS_PORT, frozenset()) for one in (*own, _LINK_LOCAL))

    def cached_on(self, node: str | None) -> bool | None:
        """Whether a cache answers lookups of a node's pods; None where one is there, and nothing shows that it is asked."""
        if node not in self._cached:
            self._cached[node] = self._is_cached_on(node)
        return self._cached[node]

    def _is_cached_on(self, node: str | None) -> bool | None:
        if not self._cache_nodes and not any(d.name in _CACHES for d in self._cluster.daemonsets):
            return False
        if self._cache_nodes and node not in self._cache_nodes:
            return False
        return True if self._cache_nodes and self._cache and self._cache.asked else None

    @cached_property
    def _cache(self) -> NodeLocalCache | None:
        return node_local_cache(self._cluster, self._dns)

    @cached_property
    def _cache_nodes(self) -> frozenset[str | None]:
        found = (pod for name in _CACHES for pod in labeled(self._cluster.pods, _CACHE_LABEL, name))
        return frozenset(pod.node for pod in found if pod.phase not in FINISHED)

    # --- endpoints --------------------------------------------------------------------------------------------------

    def target(self, endpoint: EndpointFact) -> Target:
        """A DNS endpoint as policies see it."""
        # An endpoint as a whole takes long to hash, and is asked for by each class of pods.
        key = (endpoint.ip, endpoint.pod_namespace, endpoint.pod, endpoint.node, endpoint.ports)
        if key not in self._targets:
            self._targets[key] = self._target(endpoint)
        return self._targets[key]

    def _target(self, endpoint: EndpointFact) -> Target:
        pod = self._pods.get((endpoint.pod_namespace, endpoint.pod)) or self._by_address.get(endpoint.ip)
        node = endpoint.node or (pod.node if pod else None)
        addresses: tuple[Network, ...] = (ip_network(endpoint.ip),) if endpoint.ip is not None else ()
        on_host = pod.host_network if pod else self._is_a_nodes(endpoint.ip)
        thing = None if on_host else self._thing(endpoint, pod)
        # A pod without any may be one whose containers were not collected, where a name would be found or not.
        named = frozenset(pod.named_ports) or None if pod and not _hides_ports(pod) else None
        own: tuple[tuple[Labeled, bool], ...] = ((thing, True),) if thing is not None else ()
        udp, tcp = (
            self._with_sets(addresses, own, self._port(endpoint, protocol, named), named if thing else frozenset())
            for protocol in ("UDP", "TCP")
        )
        value = int(endpoint.ip) if endpoint.ip is not None else None
        key = (self._kind_of(thing, value), udp.port, udp.named_ports, tcp.port)
        return Target(key, thing, node, value, udp, tcp)

    def _thing(self, endpoint: EndpointFact, pod: PodFact | None) -> Labeled:
        """The pod of an endpoint; where it was not collected, the Service's selector says some of its labels."""
        if pod is not None:
            return self._directory.pod(pod)
        selector = self._dns.service.selector if self._dns else {}
        namespace = endpoint.pod_namespace or endpoint.namespace
        return self._directory.described(namespace, selector, None, whole=False)

    def _is_a_nodes(self, address: Address | None) -> bool:
        return any(address in _addresses(node) for node in self._cluster.nodes.values())

    def _port(self, endpoint: EndpointFact, protocol: str, named: frozenset[str] | None) -> int | None:
        """The port that the endpoint listens on, by itself or by the targetPort; None where that is not known."""
        told = self._dns.listening(endpoint, protocol) if self._dns else None
        if told is not None:
            return told
        service = self._dns.service if self._dns else None
        ports = service.ports if service else ()
        port = next((p for p in ports if p.port == DNS_PORT and p.protocol == protocol), None)
        if service is None or port is None or service.not_shown:
            return None if service and service.not_shown else DNS_PORT
        if port.target_port is None or port.target_port.isdigit():
            return int(port.target_port or DNS_PORT)
        found = (words.split("/") for words in named or ())
        numbers = {number for name, number, kind in found if (name, kind) == (port.target_port, protocol)}
        return int(numbers.pop()) if len(numbers) == 1 else None

    @cached_property
    def _endpoints(self) -> tuple[EndpointFact, ...]:
        return self._dns.endpoints if self._dns else ()

    @cached_property
    def _pods(self) -> dict[tuple[str | None, str | None], PodFact]:
        """The pods of the endpoints, by namespace and name."""
        wanted = {(e.pod_namespace, e.pod) for e in self._endpoints}
        columns = columns_of(self._cluster.pods)
        keys = zip(columns.namespaces, columns.names, strict=True)
        return {key: self._cluster.pods[place] for place, key in enumerate(keys) if key in wanted}

    @cached_property
    def _by_address(self) -> dict[Address | None, PodFact]:
        wanted = {int(e.ip) for e in self._endpoints if e.ip is not None}
        columns = columns_of(self._cluster.pods)
        rows = enumerate(zip(columns.ipv4s, columns.phases, strict=True))
        found = [place for place, (value, phase) in rows if value in wanted and phase not in FINISHED]
        return {IPv4Address(columns.ipv4s[place] or 0): self._cluster.pods[place] for place in found}

    def _with_sets(
        self,
        addresses: tuple[Network, ...],
        own: Iterable[tuple[Labeled, bool]],
        port: int | None,
        named: frozenset[str] | None,
    ) -> End:
        """An end with the network sets that hold its address, or may."""
        bare = End(addresses, ())
        things = list(own)
        for found, thing in self._sets:
            inside = bare.within(found.nets)
            if inside is not False or "nets" in found.unread or (not addresses and found.nets):
                things.append((thing, inside is True))
        return End(addresses, tuple(things), port, named)


def _hides_ports(pod: PodFact) -> bool:
    return "named_ports" in (*pod.redacted, *pod.not_shown)


def _addresses(node: ClusterNode) -> list[Address]:
    """All addresses that a node asks with: on its cards, and those of its tunnels."""
    fact = node.kubernetes
    found: list[Address | None] = [node.bgp_address.ip if node.bgp_address else None]
    if fact is not None:
        found += [*fact.internal_ips, fact.ipip_tunnel_ip, fact.vxlan_tunnel_ip]
    found += [card.address.ip for card in node.card_addresses]
    return [ip for ip in found if ip is not None]
