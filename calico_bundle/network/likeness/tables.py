"""What each node's routing table says of each other node, and where it departs from what the tables like it say.

Nearly all tables of a cluster are equal but for a node's own routes. A table is kept as the differences from a reference
listing, so what is asked of it is answered from those: whom does it say something else of than most.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from calico_bundle.facts import Address, Network, NextHop, RouteFact
from calico_bundle.facts.route_queries import BIRD_PROTOCOLS
from calico_bundle.network.likeness.addresses import Key, Roles
from calico_bundle.network.likeness.blocks import Blocks
from calico_bundle.network.likeness.differences import Difference, can_matter

_EVERYBODY = ""
"""Whom a route is about that is not about one node."""

_INTO_CABLE: Key = ("main", "unicast", ("pod",), ((None, "*", (), 1),), None, "link", None, 0)
"""What a pod's own route into its cable says; on another node than its own it is left over from a pod before."""

THIRD = "by another node"
"""In a relation: a packet between the two meets the records of a third, so what holds for them need not for others."""

Told = tuple[int, bool]
"""The number of what is said of a part of a node, and whether that leads by a third (`THIRD`)."""


class Part(NamedTuple):
    """A part of a node: one of its blocks by its number, and a pod of its; what is about neither block nor pod is about all.

    >>> Part(block=0).is_met_by(None, 0), Part(block=0).is_met_by(None, 1), Part().is_met_by(None, None)
    (True, False, True)
    """

    block: int | None = None
    pod: int | None = None
    whole: bool = False

    def is_met_by(self, pod: int | None, block: int | None) -> bool:
        """Whether what is said of a pod or a block is said of this part."""
        return self.whole or (pod in (None, self.pod) and block in (None, self.block))


ALL = Part(whole=True)
"""All of a node."""


@dataclass(frozen=True, slots=True)
class _Word:
    """One route: whom it is about, what of that node's (a pod, a block by its number, anything else), and what it says.

    `third` when it leads by a node that it is not about, or gives a sender another node's address.
    """

    who: str
    pod: int | None
    block: int | None
    said: int
    third: bool
    by_bird: bool


@dataclass(slots=True)
class _Reference:
    """A reference listing: its routes in words, whom they are about, and how many tables lack which.

    `personal` are the routes that only one node can have: into pods' cables, or with a source address.
    """

    words: dict[int, _Word]
    personal: frozenset[int]
    about: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    users: int = 0
    lacking: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Sort the routes by whom they are about."""
        for place, word in self.words.items():
            self.about[word.who].append(place)


@dataclass(frozen=True, slots=True)
class _Table:
    """One node's table beside its reference: the routes in words that it lacks and has besides, and pods with a cable.

    `cables` are in the order of their numbers.
    """

    reference: int
    removed: frozenset[int]
    added: Mapping[str, Sequence[_Word]]
    cables: Sequence[int]


class Tables:
    """All recorded tables of one cluster."""

    def __init__(
        self,
        tables: Mapping[str, Difference],
        roles: Roles,
        blocks: Blocks,
        pods: Mapping[int, str],
        is_cable: Callable[[str], bool],
        number: Callable[[object], int],
    ) -> None:
        self._roles, self._blocks, self._pods, self._is_cable = roles, blocks, pods, is_cable
        self._number = number
        self._references: list[_Reference] = []
        self._numbers: dict[object, int] = {}
        self._tables = {name: self._read(name, table) for name, table in tables.items()}
        self._absent = [
            frozenset(place for place, count in r.lacking.items() if 2 * count > r.users) for r in self._references
        ]
        self.routed_alone = self._routed_pods()
        """Pods for whose address alone some table has a route, beside the one into its cable."""

    # --- what is asked ----------------------------------------------------------------------------------------------

    @property
    def references(self) -> range:
        """The numbers of all reference listings."""
        return range(len(self._references))

    def reference(self, node: str) -> int | None:
        """The reference that a node's table is kept beside; None where no table was recorded."""
        table = self._tables.get(node)
        return table.reference if table else None

    def relation(self, node: str, other: str, part: Part = ALL) -> Key | None:
        """What a node's table says of a part of another; None where no table was recorded."""
        table = self._tables.get(node)
        if table is None:
            return None
        reference = self._references[table.reference]
        return _told(reference, other, table.removed, table.added.get(other, ()), part)

    def usual(self, reference: int, other: str, part: Part = ALL) -> Key:
        """What a table with that reference says of another node unless it departs from what most of them say."""
        return _told(self._references[reference], other, self._absent[reference], (), part)

    def departs(self, node: str) -> set[str]:
        """The nodes of which a table says something else than `usual`; not the node itself."""
        table = self._tables.get(node)
        if table is None:
            return set()
        words = self._references[table.reference].words
        odd = table.removed ^ self._absent[table.reference]
        return ({words[place].who for place in odd} | table.added.keys()) - {_EVERYBODY, node}

    def of_itself(self, node: str) -> Key | None:
        """What a table says of its own node's addresses, and of nobody in particular; None where no table was recorded."""
        if node not in self._tables:
            return None
        return (self.relation(node, node, Part()), self.relation(node, _EVERYBODY))

    def has_cable(self, node: str, pod: int) -> bool:
        """Whether a table has a pod's own route into a pod's cable."""
        table = self._tables.get(node)
        if table is None:
            return False
        place = bisect_left(table.cables, pod)
        return place < len(table.cables) and table.cables[place] == pod

    def by_another(self, node: str) -> bool:
        """Whether a table leads packets for anybody by some other node: the way is then no matter of its two ends."""
        table = self._tables.get(node)
        if table is None:
            return False
        reference = self._references[table.reference]
        kept = (reference.words[p] for p in reference.about.get(_EVERYBODY, ()) if p not in table.removed)
        return any(word.third for word in (*kept, *table.added.get(_EVERYBODY, ())))

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, name: str, table: Difference) -> _Table:
        number = self._reference_of(table)
        reference = self._references[number]
        reference.users += 1
        # Most of what a table lacks are routes that only the node of the reference can have.
        removed = frozenset(filter(reference.words.__contains__, table.removed))
        reference.lacking.update(removed)
        own = [table.lines[place] for place in sorted(reference.personal.difference(table.removed))] + [*table.added]
        cables: set[int] = set()
        added: dict[str, list[_Word]] = defaultdict(list)
        for route in own:
            pod = self._cable(route)
            if pod is not None and pod not in cables and self._pods.get(pod, name) == name:
                cables.add(pod)
            elif word := self._word(route, name):
                added[word.who].append(word)
        for pod in table.cables:
            home = self._pods.get(pod, name)
            if home == name and pod not in cables:
                cables.add(pod)
            else:
                added[home].append(_Word(home, pod, None, self._number(_INTO_CABLE), third=False, by_bird=False))
        return _Table(number, removed, dict(added), array("I", sorted(cables)))

    def _reference_of(self, table: Difference) -> int:
        number = self._numbers.get(table.base)
        if number is None:
            number = self._numbers[table.base] = len(self._references)
            numbered = [(place, route) for place, route in enumerate(table.lines) if can_matter(route)]
            personal = frozenset(p for p, r in numbered if r.source is not None or self._into_cables(r))
            listed = ((place, self._word(route, None)) for place, route in numbered if place not in personal)
            self._references.append(_Reference({place: word for place, word in listed if word}, personal))
        return number

    def _into_cables(self, route: RouteFact) -> set[str]:
        return {hop.device for hop in route.next_hops if hop.device and self._is_cable(hop.device)}

    def _cable(self, route: RouteFact) -> int | None:
        """The pod that a route is the own one of, into its cable, just as Felix writes it; None for every other route."""
        if route.family != 4 or route.destination.prefixlen != 32 or len(route.next_hops) != 1:
            return None
        hop = route.next_hops[0]
        plain = route.type == "unicast" and route.table in ("main", "254") and route.metric == 0
        into = plain and not hop.flags and hop.gateway is None and self._is_cable(hop.device or "")
        return int(route.destination.network_address) if into else None

    def _word(self, route: RouteFact, own: str | None) -> _Word | None:
        """A route of `own`'s table in words; None for one that no packet can meet here."""
        if not can_matter(route):
            return None
        about = self._about(route.destination)
        if about is None:
            return None
        who, pod, block, where = about
        hops = tuple(self._hop(hop, who) for hop in route.next_hops)
        source = self._part(route.source, own)
        said = (route.table, route.type, where, hops, route.protocol, route.scope, source, route.metric)
        owner = self._roles.owner
        third = any(owner.get(int(hop.gateway), who) != who for hop in route.next_hops if hop.gateway)
        if own and route.source:
            third = third or owner.get(int(route.source), own) != own
        return _Word(who, pod, block, self._number(said), third, route.protocol in BIRD_PROTOCOLS)

    def _about(self, destination: Network) -> tuple[str, int | None, int | None, Key] | None:
        """Whom a route is about: who has the address, the pod or the block; None for an address that nobody has."""
        value = int(destination.network_address)
        if destination.prefixlen == 32:
            if value in self._pods:
                return self._pods[value], value, None, ("pod",)
            owner = self._roles.owner.get(value)
            if owner is not None:
                return owner, None, None, ("own", self._roles.of(owner, destination.network_address))
            if self._blocks.home(value) is not None:
                return None
        block = self._blocks.home_of(destination)
        if block is not None:
            return block[0], None, block[1], ("block",)
        # A network that is nobody's block keeps its name, and every address knows which such networks hold it.
        return _EVERYBODY, None, None, ("network", destination.prefixlen, value)

    def _hop(self, hop: NextHop, who: str) -> Key:
        device = hop.device or ""
        return (self._part(hop.gateway, who), "*" if self._is_cable(device) else device, tuple(hop.flags), hop.weight)

    def _part(self, address: Address | None, who: str | None) -> object:
        """An address as the part it plays on the node that a route is about; any other keeps its name."""
        if address is None:
            return None
        return (self._roles.of(who, address) if who else None) or str(address)

    def _routed_pods(self) -> frozenset[int]:
        words = [word for r in self._references for word in r.words.values()]
        words += [word for t in self._tables.values() for listed in t.added.values() for word in listed]
        return frozenset(word.pod for word in words if word.pod is not None)


def _told(reference: _Reference, other: str, without: frozenset[int], added: Iterable[_Word], part: Part) -> Key:
    """The words about a part of another node, whatever block or pod of its that is."""
    words = [reference.words[place] for place in reference.about.get(other, ()) if place not in without]
    words += added
    told: list[object] = []
    learned = third = False
    for word in words:
        if part.is_met_by(word.pod, word.block):
            told.append(word.said)
        learned = learned or (word.by_bird and word.block is not None)
        third = third or word.third
    return (learned, *told, THIRD) if third else (learned, *told)
