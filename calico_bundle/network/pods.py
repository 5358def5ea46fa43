"""Which addresses are pods' own, and which devices lead to pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, ip_network

from calico_bundle.calico.bgp_configuration import peers_with_routers
from calico_bundle.calico.installation import installation_of
from calico_bundle.calico.other_plugins import carrier
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, AddressFact, Network
from calico_bundle.facts.pod_queries import homes_of, probed_nodes
from calico_bundle.facts.route_queries import has_bird_routes
from calico_bundle.network.cards import in_a_cloud, may_be_in_a_cloud, own_networks

DEFAULT_INTERFACE_PREFIXES = ("cali",)
"""FelixConfiguration.spec.interfacePrefix; managed clusters use others (eni, gke, azv)."""


class Prefixes:
    """Networks with a name each, found by longest prefix in one look-up per length.

    >>> from ipaddress import ip_address, ip_network
    >>> Prefixes([(ip_network("10.244.1.0/26"), "node-1")]).find(ip_address("10.244.1.2"))
    (IPv4Network('10.244.1.0/26'), 'node-1')
    """

    def __init__(self, named: Iterable[tuple[Network, str]]) -> None:
        self._found: dict[tuple[int, int], dict[int, tuple[Network, str]]] = {}
        for network, name in named:
            key = (network.version, network.prefixlen)
            self._found.setdefault(key, {}).setdefault(int(network.network_address), (network, name))
        self._keys = sorted(self._found, key=lambda key: -key[1])
        self.any = bool(self._keys)

    def find(self, address: Address) -> tuple[Network, str] | None:
        """The smallest network that holds an address, with its name."""
        for version, length in self._keys:
            if version == address.version:
                shift = address.max_prefixlen - length
                found = self._found[version, length].get(int(address) >> shift << shift)
                if found:
                    return found
        return None


class PodNetwork:
    """The cluster's pod addresses: pools, blocks, and the pods themselves.

    >>> from ipaddress import ip_address
    >>> PodNetwork(Cluster({})).is_pod_address(ip_address("10.244.1.2"))
    False
    """

    def __init__(self, cluster: Cluster) -> None:
        networks = [p.cidr for p in cluster.pools if p.cidr] + [b.cidr for b in cluster.blocks]
        self._natting = [p.cidr for p in cluster.pools if p.cidr and p.nat_outgoing and not p.disabled]
        self._networks = Prefixes((network, "") for network in networks)
        self.homes: Mapping[int, str | None] = homes_of(cluster.pods)
        """The node of every IPv4 address (as an integer) that is a pod's own."""
        self._answering = probed_nodes(cluster.pods)
        self._by_node = cluster.blocks_by_node
        self._blocks = Prefixes((block, node) for node, blocks in sorted(self._by_node.items()) for block in blocks)
        configured = [c.interface_prefix for c in cluster.felix_configurations if c.interface_prefix]
        prefixes = [part.strip() for text in configured for part in text.split(",") if part.strip()]
        self._prefixes = tuple(prefixes) or DEFAULT_INTERFACE_PREFIXES
        self._has_blocks = cluster.has_blocks
        other = carrier(cluster)
        self.carrier = other and f"{other.name} (DaemonSet {other.daemonset})"
        self.routers_may_know_pods = peers_with_routers(cluster) or _routed_by_others(cluster)
        self._cards = {node.name: tuple(own_networks(node, self._prefixes)) for node in cluster.nodes.values()}
        machines = _addresses_of_machines(cluster, self._cards)
        self._of_machines = frozenset(a for a in machines if not self._is_pods(a))

    def is_pod_address(self, address: Address) -> bool:
        """Whether an address belongs to a pod, a block or a pool, and is not a machine's own that lies in a pool."""
        return address not in self._of_machines and self._in_networks(address)

    def is_of_a_machine(self, address: Address) -> bool:
        """Whether a node holds an address on a card of its own, or is said to."""
        return address in self._of_machines

    def _is_pods(self, address: Address) -> bool:
        return address.version == 4 and int(address) in self.homes

    def _in_networks(self, address: Address) -> bool:
        if self._is_pods(address) or self._networks.find(address) is not None:
            return True
        # Where neither pools nor blocks were collected, the Nodes' pod CIDRs are all there is to go by.
        return not self._networks.any and self.block_of(address) is not None

    def own_networks(self, node: str) -> tuple[AddressFact, ...]:
        """IPv4 addresses on a machine's own cards, bonds and bridges, as far as they were recorded."""
        return self._cards.get(node, ())

    def cards_around(self, address: Address) -> tuple[tuple[str, AddressFact], ...]:
        """Nodes and cards whose network takes a pod's address by a prefix as long as its block's, or longer.

        The node itself has a connected route into it, and its BIRD announces a network that lies in a pool to all others
        (bird.cfg template: the export filter accepts what is inside a pool).
        """
        block = self.block_of(address)
        shortest = block[0].prefixlen if block else 0
        return tuple(
            found
            for found in self._in_pools
            if address in found[1].address.network and found[1].address.network.prefixlen >= shortest
        )

    @cached_property
    def _in_pools(self) -> tuple[tuple[str, AddressFact], ...]:
        listed = ((name, card) for name, cards in self._cards.items() for card in cards)
        return tuple(found for found in listed if self._in_networks(found[1].address.network.network_address))

    def blocks_of(self, node: str) -> frozenset[Network]:
        """The address blocks of a node."""
        return self._by_node.get(node, frozenset())

    def block_of(self, address: Address) -> tuple[Network, str] | None:
        """The smallest block that holds an address, and the node that owns it."""
        return self._blocks.find(address)

    def runs_on(self, address: Address, node: str) -> bool:
        """Whether a pod of a node has the address."""
        return self._is_pods(address) and self.homes[int(address)] == node

    def owner_of(self, address: Address) -> str | None:
        """The node that packets for an address go to: its pod's, which may have borrowed it, else the block's."""
        node = self.homes.get(int(address)) if address.version == 4 else None
        if node is not None:
            return node
        block = self.block_of(address)
        return block[1] if block else None

    def network_of(self, address: Address) -> Network:
        """The block of an address, else the address alone."""
        block = self.block_of(address)
        return block[0] if block else ip_network(address)

    def gateway_answers(self, node: str) -> bool:
        """Whether a pod of a node is known to reach its gateway.

        The kubelet probes a pod from its node; a pod that is ready by a probe over the network answered by its gateway.
        """
        return node in self._answering

    @property
    def a_workload_device(self) -> str:
        """A name that stands for the node's end of a pod's cable, where the real one is not known."""
        return f"{self._prefixes[0]}*"

    @cached_property
    def _samples(self) -> dict[str, int]:
        """A pod's address on each node that has one: the smallest."""
        found: dict[str, int] = {}
        for value, node in self.homes.items():
            if node is not None and value < found.get(node, 1 << 32):
                found[node] = value
        return found

    def sample_on(self, node: str) -> Address | None:
        """An IPv4 address of a pod on a node, running if there is one, else one of its blocks."""
        if node in self._samples:
            return IPv4Address(self._samples[node])
        # A pod CIDR that stands in for blocks need not hold any pod, nor have a route.
        own = self.blocks_of(node) if self._has_blocks else ()
        blocks = sorted(b for b in own if isinstance(b, IPv4Network))
        return blocks[0].network_address + min(1, blocks[0].num_addresses - 1) if blocks else None

    def leaves_by_nat(self, source: Address, destination: Address) -> bool:
        """Whether Calico masquerades a pod's packet: natOutgoing in its pool, and a destination outside of all pools.

        Source: Felix rules/nat.go (cali-nat-outgoing; ipsets of masquerading pools and of all pools).
        """
        natting = any(network.version == source.version and source in network for network in self._natting)
        return natting and not self._in_networks(destination)

    def is_workload_device(self, device: str) -> bool:
        """Whether a device is the node's end of a pod's cable."""
        return device.startswith(self._prefixes)


def _routed_by_others(cluster: Cluster) -> bool:
    """Whether pod packets may be the network's to route: no BIRD and no tunnel, or machines of a cloud.

    GKE, AKS' kubenet and the VPC network of EKS carry pods by their own route tables, and Calico makes policy alone. Where
    nothing shows whose machines they are, routes that BIRD made say that Calico carries the pods.
    """
    plain = not cluster.pools or any(p.ipip_mode == p.vxlan_mode == "Never" for p in cluster.pools if p.for_pods)
    nodes = cluster.nodes.values()
    cloudy = any(map(in_a_cloud, nodes)) or (any(map(may_be_in_a_cloud, nodes)) and not any(map(_has_bird, nodes)))
    return plain and (cloudy or installation_of(cluster).backend == "none")


def _has_bird(node: ClusterNode) -> bool:
    return has_bird_routes(node.routes or ())


def _addresses_of_machines(cluster: Cluster, cards: Mapping[str, Iterable[AddressFact]]) -> frozenset[Address]:
    """Addresses that nodes hold on cards of their own, report as InternalIP, or have stored with Calico."""
    held: set[Address] = {card.address.ip for listed in cards.values() for card in listed}
    for node in cluster.nodes.values():
        held.update(node.kubernetes.internal_ips if node.kubernetes else ())
        held.update([node.bgp_address.ip] if node.bgp_address else [])
    return frozenset(held)
