"""The keys of nodes, of what they say of each other, and of addresses: equal keys, equal fate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from ipaddress import IPv4Address

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Network, RouteFact
from calico_bundle.facts.route_queries import BIRD_PROTOCOLS
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.likeness.addresses import Key, Networks, Roles, spoken_of
from calico_bundle.network.likeness.mentions import Mentions
from calico_bundle.network.likeness.natures import Natures
from calico_bundle.network.likeness.tables import THIRD, Difference, Homes, Tables, can_matter, difference
from calico_bundle.network.pods import Prefixes


class Likeness:
    """Likeness of the nodes of one cluster; `pods` gives the node of every address of a pod or of an endpoint."""

    def __init__(self, forwarding: Forwarding, pods: Mapping[int, str]) -> None:
        self._cluster, self._forwarding = forwarding.cluster, forwarding
        nodes = self._cluster.nodes
        recorded = {name: difference(node.routes) for name, node in nodes.items() if node.routes is not None}
        self._blocks = _blocks(self._cluster, recorded)
        self._homes = Prefixes((block, name) for block, (name, _) in self._blocks.items())
        self._networks = Networks([*spoken_of(self._cluster), *_routed(recorded, self._blocks)])
        roles = Roles(self._cluster, self._networks)
        homes = Homes(pods, self._blocks, lambda address: self._homes.find(address) is not None)
        self._tables = Tables(recorded, roles, homes, forwarding.pods.is_workload_device)
        self._mentions = Mentions(list(nodes.values()), roles, forwarding.wires, forwarding.peerings)
        self._natures = Natures(forwarding, roles, self._networks, self._tables, self._mentions)
        self._roles = roles
        self._numbers: dict[object, int] = {}
        self._usual: dict[tuple[int | None, str], int] = {}

    def number(self, key: object) -> int:
        """A small number for a key, equal for equal keys."""
        return self._numbers.setdefault(key, len(self._numbers))

    # --- nodes ------------------------------------------------------------------------------------------------------

    def nature(self, node: str) -> int:
        """The number of a node's nature, and of what tables that do not depart from the usual say of it."""
        return self._stands[node]

    @cached_property
    def _stands(self) -> dict[str, int]:
        return {name: self.number(self._stand(node)) for name, node in self._cluster.nodes.items()}

    def _stand(self, node: ClusterNode) -> Key:
        references = (None, *self._tables.references)
        usual = tuple(self._usually(reference, node.name) for reference in references)
        return ("nature", self._natures.of(node), self._tables.reference(node.name), usual)

    def _usually(self, reference: int | None, other: str) -> int:
        """What a node says of another unless it departs from it: its table as most have it, and nothing besides."""
        key = (reference, other)
        if key not in self._usual:
            told = None if reference is None else self._tables.usual(reference, other)
            self._usual[key] = self.number(("relation", told, ()))
        return self._usual[key]

    def relation(self, node: str, other: str) -> int:
        """The number of what a node's records say of another."""
        if node in self._odd or other in self._odd:
            return self.number(("only", node, other))
        if other not in self._departs[node]:
            return self._usually(self._tables.reference(node), other)
        told, besides = self._tables.relation(node, other), self._mentions.relation(node, other)
        if THIRD in (told or ()) or any(THIRD in words for words in besides if isinstance(words, tuple)):
            return self.number(("only", node, other))
        return self.number(("relation", told, besides))

    def departs(self, node: str) -> frozenset[str]:
        """The other nodes of which a node's records say something else than `usual`."""
        return self._departs[node]

    @cached_property
    def _departs(self) -> dict[str, frozenset[str]]:
        every = frozenset(self._cluster.nodes)
        said = {name: self._tables.departs(name) | self._mentions.of(name) for name in every}
        return {name: every if name in self._odd else frozenset(said[name] & every) for name in every}

    @cached_property
    def _odd(self) -> frozenset[str]:
        """Nodes that are like no other in what they say of others, or that most tables reach by another node."""
        return frozenset(
            n.name for n in self._cluster.nodes.values() if self._natures.is_odd(n) or self._is_behind(n.name)
        )

    def _is_behind(self, node: str) -> bool:
        return any(THIRD in self._tables.usual(reference, node) for reference in self._tables.references)

    # --- addresses --------------------------------------------------------------------------------------------------

    def host_place(self, node: str, value: int) -> Key:
        """Where an address of a node's own lies; its value where it is none."""
        return ("host", self._roles.of(node, IPv4Address(value)) or value)

    def pod_place(self, node: str, value: int) -> Key:
        """Where a pod's address lies, seen from its node."""
        home = self._home(value)
        here, rank = self._tables.has_cable(node, value), self._tables.rank(value)
        block = home[1] if home and home[0] == node else None
        named = value if node in self._tell_pods_apart else None
        strays = self._strays(node, value, home)
        return ("pod", here, home is None, block, strays, rank, named, self._networks.around(value))

    @cached_property
    def _tell_pods_apart(self) -> frozenset[str]:
        """Nodes with a policy rule about one pod's cable (`iif`): each of their pods is taken for itself."""
        is_cable = self._forwarding.pods.is_workload_device
        ruled = ((n.name, r.input_device) for n in self._cluster.nodes.values() for r in n.rules or ())
        return frozenset(name for name, device in ruled if device and is_cable(device))

    def is_borrowed(self, node: str, value: int) -> bool:
        """Whether a pod's address is out of another node's block: most tables have a route for it alone."""
        home = self._home(value)
        return home is not None and home[0] != node

    def may_stray(self, node: str, value: int, home: str) -> bool:
        """Whether a node's packets for an address that `home` borrowed may go to the owner of its block instead."""
        owner = self._home(value)
        return owner is not None and (node == owner[0] or not {owner[0], home}.isdisjoint(self._departs[node]))

    def _strays(self, node: str, value: int, home: tuple[str, int] | None) -> object:
        """Whether it is borrowed; the address itself where most tables have no route of its own for it."""
        if home is None or home[0] == node:
            return False
        rank = self._tables.rank(value)
        told = (self._tables.usual(reference, node) for reference in self._tables.references)
        known = rank is not None and all(any(isinstance(w, tuple) and w[0] == rank for w in words) for words in told)
        return True if known else value

    def _home(self, value: int) -> tuple[str, int] | None:
        found = self._homes.find(IPv4Address(value))
        return self._blocks[found[0]] if found else None


def _blocks(cluster: Cluster, recorded: Mapping[str, Difference]) -> dict[Network, tuple[str, int]]:
    """Every block with its node and its number there.

    A blackhole of BIRD's marks a block of the node it stands on, where blocks were not collected (bird_aggr.cfg).
    """
    owned: dict[str, set[Network]] = defaultdict(set)
    for name, blocks in cluster.blocks_by_node.items():
        owned[name].update(block for block in blocks if block.version == 4)
    known = {block for blocks in owned.values() for block in blocks}
    for name, table in recorded.items():
        kept = (route for place, route in enumerate(table.lines) if place not in table.removed)
        marked = (
            r.destination for r in (*kept, *table.added) if r.type == "blackhole" and r.protocol in BIRD_PROTOCOLS
        )
        owned[name].update(block for block in marked if block not in known)
    return {
        block: (name, number)
        for name, blocks in owned.items()
        for number, block in enumerate(sorted(blocks, key=lambda b: (int(b.network_address), b.prefixlen)))
    }


def _routed(recorded: Mapping[str, Difference], blocks: Mapping[Network, object]) -> Iterator[Network]:
    """Networks that routes lead to and that are no blocks, those of single addresses left out."""
    seen: set[int] = set()
    for table in recorded.values():
        routes: list[RouteFact] = list(table.added)
        if id(table.base) not in seen:
            seen.add(id(table.base))
            routes += table.lines
        for route in routes:
            if can_matter(route) and route.destination.prefixlen < 32 and route.destination not in blocks:
                yield route.destination
