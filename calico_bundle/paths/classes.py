"""What lookups come to, decided once per class of nodes that are alike, and not once per pair of a pod and an endpoint.

5,000 nodes and 300 endpoints are 1.5 million pairs. `network.likeness` says which of them are alike; one pair of each kind
is walked, and the others share what it came to. What a pair's own words would be is walked when somebody asks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from calico_bundle.facts import EndpointFact
from calico_bundle.network.likeness import Likeness, Part
from calico_bundle.network.outcome import Outcome
from calico_bundle.paths.fates import Asker, Lookups, both_ways


class Result(NamedTuple):
    """What becomes of request and reply, and whether a table that was not recorded has a part in it."""

    request: Outcome
    reply: Outcome
    predicted: bool

    @property
    def outcome(self) -> Outcome:
        """What the two come to together."""
        return both_ways(self.request, self.reply)


class Results(Sequence[Result]):
    """The results of one asker for every endpoint: those of its class, and those of the endpoints that are exceptions."""

    __slots__ = ("_by_class", "_classes", "_exceptions")

    def __init__(
        self, classes: Sequence[int], by_class: Mapping[int, Result], exceptions: Mapping[int, Result]
    ) -> None:
        self._classes, self._by_class, self._exceptions = classes, by_class, exceptions

    def __len__(self) -> int:
        return len(self._classes)

    def __getitem__(self, index: int) -> Result:  # type: ignore[override]
        found = self._exceptions.get(index)
        return found if found is not None else self._by_class[self._classes[index]]

    def counted(self, sizes: Mapping[int, int]) -> Counter[Result]:
        """How many endpoints have which result; `sizes` says how many endpoints each class has."""
        left = Counter(sizes)
        left.subtract(self._classes[index] for index in self._exceptions)
        found = Counter(self._exceptions.values())
        for number, count in left.items():
            if count:
                found[self._by_class[number]] += count
        return found

    def lost(self) -> tuple[frozenset[int], Mapping[int, bool]]:
        """The classes that are lost, and for each exception whether it is."""
        classes = frozenset(n for n, result in self._by_class.items() if result.outcome is Outcome.LOST)
        return classes, {index: result.outcome is Outcome.LOST for index, result in self._exceptions.items()}


class Classes:
    """The classes of one cluster's endpoints, and the results of every kind of asker for them."""

    def __init__(self, likeness: Likeness, lookups: Lookups, endpoints: Sequence[EndpointFact]) -> None:
        self._likeness, self._lookups, self.endpoints = likeness, lookups, endpoints
        self.nodes = tuple(map(lookups.endpoint_node, endpoints))
        self._known = [name if name in lookups.cluster.nodes else None for name in self.nodes]
        self._places = [self._place(index) for index in range(len(endpoints))]
        self._parts = [self._part(index) for index in range(len(endpoints))]
        self.numbers = tuple(likeness.number(self._class_of(index)) for index in range(len(endpoints)))
        self.sizes = Counter(self.numbers)
        self._on: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(self._known):
            if name is not None:
                self._on[name].append(index)
        self._named = frozenset(self._on)
        self._members: dict[int, list[int]] = defaultdict(list)
        for index, number in enumerate(self.numbers):
            self._members[number].append(index)
        self._results: dict[object, Result] = {}
        self._by_class: dict[int, dict[int, Result]] = defaultdict(dict)
        self._lost: dict[frozenset[int], frozenset[str | None]] = {}

    @property
    def walked(self) -> int:
        """How many pairs were walked."""
        return len(self._results)

    def _place(self, index: int) -> object:
        endpoint, node = self.endpoints[index], self._known[index]
        if node is None or endpoint.ip is None:
            return index
        place = self._likeness.pod_place if self._lookups.is_pod(endpoint) else self._likeness.host_place
        return place(node, int(endpoint.ip))

    def _part(self, index: int) -> Part:
        endpoint, node = self.endpoints[index], self._known[index]
        if node is None or endpoint.ip is None or not self._lookups.is_pod(endpoint):
            return Part()
        return self._likeness.part_of(node, int(endpoint.ip))

    def _part_of(self, asker: Asker) -> Part:
        return Part() if asker.host_network else self._likeness.part_of(asker.node, int(asker.address))

    def _class_of(self, index: int) -> object:
        node = self._known[index]
        return ("endpoint", None if node is None else self._likeness.nature(node), self._places[index])

    # --- one asker --------------------------------------------------------------------------------------------------

    def of(self, asker: Asker, place: object) -> Results:
        """The results of one asker, whose address lies at `place`, for every endpoint."""
        kind = self._likeness.number(("asker", self._likeness.nature(asker.node), asker.host_network, place))
        usual, strays, part = self._by_class[kind], self._strays(asker), self._part_of(asker)
        apart = self._apart(asker) | strays
        for number, members in self._members.items() if len(usual) < len(self._members) else ():
            if number not in usual:
                index = next((i for i in members if i not in apart), None)
                if index is not None:
                    usual[number] = self._decided(("class", kind, number), asker, index)
        exceptions = {}
        for index in sorted(apart):
            key = ("pair", kind, asker.address, index) if index in strays else self._key(asker, part, kind, index)
            result = self._decided(key, asker, index)
            if result != usual.get(self.numbers[index]):
                exceptions[index] = result
        return Results(self.numbers, usual, exceptions)

    def lost_to(self, results: Results) -> frozenset[str | None]:
        """The nodes of the endpoints that an asker's lookups do not reach, or from which none comes back."""
        classes, exceptions = results.lost()
        if not exceptions:
            return self._nodes_of(classes)
        kept = (i for number in classes for i in self._members[number] if i not in exceptions)
        lost = (index for index, is_lost in exceptions.items() if is_lost)
        return frozenset(self.nodes[index] for index in (*kept, *lost))

    def _nodes_of(self, classes: frozenset[int]) -> frozenset[str | None]:
        if classes not in self._lost:
            self._lost[classes] = frozenset(self.nodes[i] for number in classes for i in self._members[number])
        return self._lost[classes]

    def _decided(self, key: object, asker: Asker, index: int) -> Result:
        found = self._results.get(key)
        if found is None:
            fate = self._lookups.fate(asker, self.endpoints[index])
            found = self._results[key] = Result(fate.request.outcome, fate.reply.outcome, fate.predicted)
        return found

    def _key(self, asker: Asker, part: Part, kind: int, index: int) -> object:
        """What a pair shares with others that are alike: its class, and what the two nodes say of each other."""
        node, endpoint = self._known[index], self.endpoints[index]
        if node == asker.node:
            return ("same node", kind, self._places[index], endpoint.ip == asker.address and not asker.host_network)
        if node is None:
            return ("nowhere", kind, index)
        there = self._likeness.relation(asker.node, node, self._parts[index])
        back = self._likeness.relation(node, asker.node, part)
        return ("relation", kind, self.numbers[index], there, back)

    # --- endpoints that are no matter of classes --------------------------------------------------------------------

    def _apart(self, asker: Asker) -> set[int]:
        """Endpoints on the asker's own node, and on those of which either says something that is not usual."""
        named = self._speaking_of[asker.node] | (self._likeness.departs(asker.node) & self._named) | {asker.node}
        return {index for name in named for index in self._on.get(name, ())}

    @cached_property
    def _speaking_of(self) -> Mapping[str, set[str]]:
        """By node: the endpoints' nodes that say something of it that is not usual."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self._on:
            for other in self._likeness.departs(name):
                found[other].add(name)
        return found

    def _strays(self, asker: Asker) -> set[int]:
        """Endpoints whose address, or the asker's for them, may be sent to the node that owns its block."""
        return set(self._strays_of_endpoints(asker.node)) | set(self._strays_of_asker(asker))

    def _strays_of_endpoints(self, node: str) -> Iterator[int]:
        for index, home, value in self._borrowed:
            if self._likeness.may_stray(node, value, home):
                yield index

    @cached_property
    def _borrowed(self) -> list[tuple[int, str, int]]:
        placed = ((i, node, e.ip) for i, (node, e) in enumerate(zip(self._known, self.endpoints, strict=True)))
        listed = [(i, node, int(ip)) for i, node, ip in placed if node and ip]
        return [one for one in listed if self._likeness.is_borrowed(one[1], one[2])]

    def _strays_of_asker(self, asker: Asker) -> Iterator[int]:
        value = int(asker.address)
        if asker.host_network or not self._likeness.is_borrowed(asker.node, value):
            return
        for name, indices in self._on.items():
            if self._likeness.may_stray(name, value, asker.node):
                yield from indices
