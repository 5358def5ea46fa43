"""The keys of nodes, of what they say of each other, and of addresses: equal keys, equal fate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address

from calico_bundle.facts.listing import words_of
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.likeness.addresses import Key, Networks, Roles, spoken_of
from calico_bundle.network.likeness.blocks import Blocks, Home
from calico_bundle.network.likeness.differences import destinations, difference, marked_blocks
from calico_bundle.network.likeness.mentions import Mentions
from calico_bundle.network.likeness.natures import Natures
from calico_bundle.network.likeness.tables import THIRD, Part, Tables, Told


class Likeness:
    """Likeness of the nodes of one cluster, as far as lookups go whose other end is on one of the nodes in `ends`.

    `pods` gives the node of every address of a pod or of an endpoint; `disputing` are the nodes whose pods have addresses
    that pods of others have too.
    """

    def __init__(
        self, forwarding: Forwarding, pods: Mapping[int, str], ends: frozenset[str], disputing: frozenset[str]
    ) -> None:
        self._cluster, self._forwarding = forwarding.cluster, forwarding
        nodes, is_cable = self._cluster.nodes, forwarding.pods.is_workload_device
        tables = {n.name: difference(n.routes, is_cable) for n in nodes.values() if n.routes is not None}
        self._blocks = Blocks(self._cluster.blocks_by_node, marked_blocks(tables))
        routed = (network for network in destinations(tables.values()) if self._blocks.home_of(network) is None)
        self._networks = Networks([*spoken_of(self._cluster), *routed])
        self._two_homes = self._blocks.nested | disputing
        """Nodes that are not the only home of an address: it is in two blocks, or another node has it too."""
        self._roles = Roles(self._cluster, self._networks, self._blocks)
        self._numbers: dict[object, int] = {}
        self._tables = Tables(tables, self._roles, self._blocks, pods, is_cable, self.number)
        self._mentions = Mentions(nodes.values(), self._roles, forwarding.wires, forwarding.peerings, ends, self.number)
        self._natures = Natures(forwarding, self._roles, self._tables, self._mentions, self._two_homes)
        self._usual: dict[tuple[int | None, str, Part], int] = {}
        self._told_usually: dict[tuple[int | None, str, Part], Told] = {}
        self._stray_usually: dict[tuple[int | None, str, int], bool] = {}
        self._said_of_parts: dict[tuple[str, Part], int] = {}
        self._places: dict[object, Key] = {}
        self._related: dict[tuple[str, str, Part], int] = {}

    def number(self, key: object) -> int:
        """A small number for a key, equal for equal keys."""
        return self._numbers.setdefault(key, len(self._numbers))

    # --- nodes ------------------------------------------------------------------------------------------------------

    def nature(self, node: str) -> int:
        """The number of a node's nature, and of the reference its table is kept beside."""
        return self._stands[node]

    @cached_property
    def _stands(self) -> dict[str, int]:
        nodes = self._cluster.nodes.values()
        return {n.name: self.number(("nature", self._natures.of(n), self._tables.reference(n.name))) for n in nodes}

    def usually(self, reference: int | None, other: str, part: Part) -> int:
        """What is said of a part of a node unless somebody departs from it: a table as most have it, nothing besides."""
        key = (reference, other, part)
        if key not in self._usual:
            self._usual[key] = self.number(
                ("relation", self._usually_told(reference, other, part), self._mentions.nothing)
            )
        return self._usual[key]

    def _usually_told(self, reference: int | None, other: str, part: Part) -> Told:
        """What a table says as most have it, for all that do not depart from it in what they say of that node."""
        key = (reference, other, part)
        if key not in self._told_usually:
            told = None if reference is None else self._tables.usual(reference, other, part)
            self._told_usually[key] = self._numbered(told)
        return self._told_usually[key]

    def _told(self, node: str, other: str, part: Part) -> Told:
        if node != other and other not in self._tables_depart[node]:
            return self._usually_told(self._tables.reference(node), other, part)
        return self._numbered(self._tables.relation(node, other, part))

    def _numbered(self, told: Key | None) -> Told:
        return self.number(("told", told)), THIRD in (told or ())

    def relation(self, node: str, other: str, part: Part) -> int:
        """The number of what a node's records say of a part of another."""
        if other not in self._departs[node] and other not in self._odd:
            return self.usually(self._tables.reference(node), other, part)
        key = (node, other, part)
        if key not in self._related:
            self._related[key] = self.number(self._relation(node, other, part))
        return self._related[key]

    def _relation(self, node: str, other: str, part: Part) -> Key:
        if node in self._odd or other in self._odd:
            return ("only", node, other, part)
        told, besides = self._told(node, other, part), self._mentions.relation(node, other)
        if told[1] or besides[1]:
            return ("only", node, other, part)
        return ("relation", told, besides)

    def departs(self, node: str) -> frozenset[str]:
        """The other nodes of which a node's records say something else than `usual`."""
        return self._departs[node]

    @cached_property
    def _departs(self) -> dict[str, frozenset[str]]:
        every = frozenset(self._cluster.nodes)
        said = {name: self._tables_depart[name] | self._mentions.of(name) for name in every}
        return {name: every if name in self._odd else frozenset(said[name] & every) for name in every}

    @cached_property
    def _tables_depart(self) -> dict[str, frozenset[str]]:
        """By node: the other nodes of which its table says something else than most tables."""
        return {name: frozenset(self._tables.departs(name)) for name in self._cluster.nodes}

    @cached_property
    def _odd(self) -> frozenset[str]:
        """Nodes that are like no other in what they say of others, or that most tables reach by another node."""
        return frozenset(
            n.name for n in self._cluster.nodes.values() if self._natures.is_odd(n) or self._is_behind(n.name)
        )

    def _is_behind(self, node: str) -> bool:
        return any(THIRD in self._tables.usual(reference, node) for reference in self._tables.references)

    # --- addresses --------------------------------------------------------------------------------------------------

    def part_of(self, node: str, value: int) -> Part:
        """The part of a node that a pod's address is: its block, where that is the node's, and itself."""
        home = self._blocks.home(value)
        block = home[1] if home and home[0] == node else None
        return Part(block, value if value in self._tables.routed_alone else None)

    def spot(self, node: str, value: int) -> object:
        """What is equal for most pods of a node that lie alike, and quickly told; None where that is not quickly told."""
        home = self._blocks.home(value)
        if home is None or home in self._uneven or value in self._special or node in self._tell_pods_apart:
            return None
        return (home, self._tables.has_cable(node, value))

    @cached_property
    def _special(self) -> frozenset[int]:
        """Pods' addresses that some record may speak of apart from the others of their block."""
        return self._tables.routed_alone | self._roles.held

    @cached_property
    def _uneven(self) -> frozenset[Home]:
        """Blocks of whose addresses not all are in the same networks."""
        return frozenset(home for block, home in self._blocks.items() if self._networks.any_inside(block))

    def host_place(self, node: str, value: int) -> Key:
        """Where an address of a node's own lies; its value where it is none."""
        return ("host", self._roles.of(node, IPv4Address(value)) or value, self._said_of(node, Part()))

    def pod_place(self, node: str, value: int) -> Key:
        """Where a pod's address lies, seen from its node."""
        home, part = self._blocks.home(value), self.part_of(node, value)
        seen = (node, part, self._tables.has_cable(node, value), home, self._networks.around(value))
        if seen not in self._places:
            self._places[seen] = self._pod_place(*seen)
        return (*self._places[seen], value if self._is_told_apart(node, value) else None)

    def _pod_place(self, node: str, part: Part, here: bool, home: Home | None, around: Key) -> Key:
        borrowed = home is not None and home[0] != node
        return ("pod", here, home is None, borrowed, part.pod is not None, self._said_of_part(node, part), around)

    def _said_of_part(self, node: str, part: Part) -> int:
        """A number for all that is said of a block or a pod: on its own node, and usually on others."""
        key = (node, part)
        if key not in self._said_of_parts:
            block = self._blocks.network(node, part.block)
            announced = block in self._forwarding.peerings.announced(node)
            own = self._tables.relation(node, node, part)
            length = block.prefixlen if block else None
            self._said_of_parts[key] = self.number((length, announced, own, self._said_of(node, part)))
        return self._said_of_parts[key]

    def _said_of(self, node: str, part: Part) -> Key:
        return tuple(self.usually(reference, node, part) for reference in (None, *self._tables.references))

    def is_borrowed(self, node: str, value: int) -> bool:
        """Whether a pod's address is out of another node's block: most tables have a route for it alone."""
        home = self._blocks.home(value)
        return home is not None and home[0] != node

    def may_stray(self, node: str, value: int, home: str) -> bool:
        """Whether a node's packets for an address that `home` borrowed may go to the owner of its block instead."""
        owner = self._blocks.home(value)
        if owner is None:
            return False
        concerned = (home, owner[0])
        if node in concerned or not self._tables_depart[node].isdisjoint(concerned):
            return self._strays(node, value, home, owner[0])
        key = (self._tables.reference(node), home, value)
        if key not in self._stray_usually:
            self._stray_usually[key] = self._strays(node, value, home, owner[0])
        return self._stray_usually[key]

    def _strays(self, node: str, value: int, home: str, owner: str) -> bool:
        told = self._tables.relation(node, home, Part(pod=value))
        if told is None or len(told) > len(self._tables.relation(node, home, Part()) or ()):
            return False
        return node == owner or len(self._tables.relation(node, owner) or ()) > 1

    def _is_told_apart(self, node: str, value: int) -> bool:
        """Whether a pod is taken for itself; a packet for an address that is a node's too may end on that node."""
        return node in self._tell_pods_apart or value in self._roles.held

    @cached_property
    def _tell_pods_apart(self) -> frozenset[str]:
        """Nodes whose records may say something else of each of their pods: those of a cable, or two homes."""
        nodes, is_cable = self._cluster.nodes.values(), self._forwarding.pods.is_workload_device
        ruled = ((n.name, r.input_device) for n in nodes for r in words_of(n.rules or ()))
        by_rule = {name for name, device in ruled if device and is_cable(device)}
        uneven = {n.name for n in nodes if self._natures.has_uneven_cables(n)}
        return self._two_homes | by_rule | uneven
