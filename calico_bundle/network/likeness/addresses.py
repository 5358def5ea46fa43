"""Addresses in words that fit every node: whose they are, and which networks that anybody speaks of hold them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, Network, ServiceRuleFact
from calico_bundle.facts.listing import words_of
from calico_bundle.network.likeness.blocks import Blocks

Key = tuple[object, ...]


class Networks:
    """Networks that records speak of, and which of them hold an address.

    >>> from ipaddress import ip_network
    >>> networks = Networks([ip_network("10.0.0.0/8"), ip_network("10.1.0.0/16")])
    >>> networks.around(int(ip_network("10.1.2.0/24")[0]))
    ((8, 167772160), (16, 167837696))
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        self._by_length: dict[int, set[int]] = defaultdict(set)
        for network in networks:
            if network.version == 4:
                self._by_length[network.prefixlen].add(int(network.network_address))
        self._lengths = [(n, (1 << 32) - (1 << (32 - n)), found) for n, found in sorted(self._by_length.items())]

    def any_inside(self, network: Network) -> bool:
        """Whether a smaller network lies in one: then its addresses are not all in the same networks."""
        shift = 32 - network.prefixlen
        return int(network.network_address) >> shift in self._parents[network.prefixlen]

    @cached_property
    def _parents(self) -> Mapping[int, set[int]]:
        """By prefix length: the networks of that length in which a smaller one lies, as their leading bits."""
        found: dict[int, set[int]] = defaultdict(set)
        for length, values in self._by_length.items():
            for shorter in range(length):
                found[shorter].update(value >> (32 - shorter) for value in values)
        return found

    def around(self, value: int) -> Key:
        """The networks that hold an address: prefix length and first address, the largest network first."""
        return tuple((n, value & mask) for n, mask, found in self._lengths if value & mask in found)


class Roles:
    """What each IPv4 address of a node is to it: equal for alike addresses of two nodes."""

    def __init__(self, cluster: Cluster, networks: Networks, blocks: Blocks) -> None:
        self._networks, self._blocks = networks, blocks
        named = {name: tuple(_named(node)) for name, node in cluster.nodes.items()}
        self._holders = Counter(value for found in named.values() for value in {value for value, _ in found})
        self.held = frozenset(self._holders)
        """The addresses that are some node's."""
        self._own = {name: self._roles(name, found) for name, found in named.items()}
        self.owner = {value: name for name, own in self._own.items() for value in own if self._holders[value] == 1}
        """Who has an address that one node alone has."""

    def _roles(self, name: str, found: Iterable[tuple[int, Key]]) -> dict[int, Key]:
        words: dict[int, list[Key]] = {}
        for value, word in found:
            words.setdefault(value, []).append(word)
        # An address that several nodes have is no role: its value tells what a packet for it meets.
        return {
            value: (value if self._holders[value] > 1 else None, *told, *self._around(name, value))
            for value, told in words.items()
        }

    def _around(self, name: str, value: int) -> Key:
        """What an address is in: networks, and a block of the node's own or of another."""
        home = self._blocks.home(value)
        return (*self._networks.around(value), home and (home[0] if home[0] != name else ""))

    def of(self, node: str, address: Address) -> Key | None:
        """The role of an address on a node; None where it is none of the node's."""
        return self._own.get(node, {}).get(int(address)) if address.version == 4 else None

    def all_of(self, node: str) -> Key:
        """Every role on a node, in the order of its records."""
        return tuple(self._own[node].values())


def _named(node: ClusterNode) -> Iterator[tuple[int, Key]]:
    """A node's IPv4 addresses, each with one word for what says so."""
    listed = (a for a in node.card_addresses if a.address.version == 4)
    for index, fact in enumerate(listed):
        network = fact.address.network
        word = ("card", index, fact.interface, network.prefixlen, fact.scope, tuple(fact.flags))
        yield int(fact.address.ip), word
    of = node.kubernetes
    if of is None:
        return
    for index, ip in enumerate(ip for ip in of.internal_ips if ip.version == 4):
        yield int(ip), ("internal", index)
    if of.bgp_ipv4 is not None:
        yield int(of.bgp_ipv4.ip), ("stored", of.bgp_ipv4.network.prefixlen)
    for name, tunnel in (("ipip", of.ipip_tunnel_ip), ("vxlan", of.vxlan_tunnel_ip)):
        if tunnel is not None and tunnel.version == 4:
            yield int(tunnel), (name,)


def spoken_of(cluster: Cluster) -> Iterator[Network]:
    """Networks that pools, cards, rules, kube-proxy's rules and contradictions name: they may decide a packet's way."""
    yield from (pool.cidr for pool in cluster.pools if pool.cidr)
    for node in cluster.nodes.values():
        yield from (a.address.network for a in node.card_addresses if a.address.version == 4)
        yield from (node.bgp_address.network,) if node.bgp_address else ()
        yield from node.disputed
        for rule in words_of(node.rules or ()):
            yield from (network for network in (rule.source, rule.destination) if network)
        for marking in node.service_rules or ():
            if marks(marking):
                yield from (network for network in (marking.source, marking.destination) if network)


def marks(rule: ServiceRuleFact) -> bool:
    """Whether a rule of kube-proxy's can ask for the source of a lookup; those of single endpoints are for hairpins."""
    return not rule.chain.startswith("KUBE-SEP")
