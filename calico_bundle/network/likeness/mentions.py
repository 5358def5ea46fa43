"""What a node's records beside its routes say of other nodes: its neighbors, its BGP sessions, its log and its probes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from calico_bundle.calico.bgp import Peerings, protocol_names
from calico_bundle.calico.bgp_configuration import stored
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address
from calico_bundle.facts.neighbor_listing import NeighborEntry, entries_of
from calico_bundle.network.likeness.addresses import Key, Roles
from calico_bundle.network.likeness.tables import THIRD, Told
from calico_bundle.network.wires import SILENT, Wires


class Mentions:
    """Who is mentioned by whom, and in which words.

    Every lookup has a node of `ends` at one end: of the other nodes' words, those about `ends` are enough.
    """

    def __init__(
        self,
        nodes: Iterable[ClusterNode],
        roles: Roles,
        wires: Wires,
        peerings: Peerings,
        ends: frozenset[str],
        number: Callable[[object], int],
    ) -> None:
        self._roles, self._wires, self._peerings, self._ends = roles, wires, peerings, ends
        self._number = number
        self._neighbor_words: dict[NeighborEntry, tuple[str | None, Key]] = {}
        self._protocols = {name: address for node in nodes if node.name in ends for name, address in _protocols(node)}
        self._of: dict[str, dict[str | None, Told]] = {node.name: self._read(node) for node in nodes}
        self.nothing = self._numbered(())
        """What is said of a node that is not mentioned."""

    def relation(self, node: str, other: str) -> Told:
        """What a node's records say of another."""
        return self._of[node].get(other, self.nothing)

    def of_others(self, node: str) -> Told:
        """What they say of machines that are no nodes, and on which cards anybody answered at all."""
        return self._of[node].get(None, self.nothing)

    def of(self, node: str) -> set[str]:
        """The nodes that they speak of."""
        return {name for name in self._of[node] if name is not None}

    def _read(self, node: ClusterNode) -> dict[str | None, Told]:
        found: dict[str | None, list[Key]] = defaultdict(list)
        for who, said in (*self._neighbors(node), *self._sessions(node), *self._logged(node), *self._complained(node)):
            if who is None or who in self._ends or node.name in self._ends:
                found[who].append(said)
        return {who: self._numbered(tuple(words)) for who, words in found.items()}

    def _numbered(self, words: tuple[Key, ...]) -> Told:
        return self._number(("mentions", words)), any(THIRD in word for word in words)

    def _neighbors(self, node: ClusterNode) -> Iterator[tuple[str | None, Key]]:
        if node.neighbors is None:
            yield None, ("no neighbor table",)
        answered: dict[str | None, None] = {}
        for entry in entries_of(node.neighbors or ()):
            if entry.address.version == 4:
                # Most nodes have the same neighbors.
                if entry not in self._neighbor_words:
                    self._neighbor_words[entry] = self._neighbor(entry)
                yield self._neighbor_words[entry]
                if entry.mac:
                    answered[entry.device] = None
        yield None, ("answered on", frozenset(answered))

    def _neighbor(self, entry: NeighborEntry) -> tuple[str | None, Key]:
        owner, part = self._part(entry.address)
        cards = self._wires.cards_with(entry.mac) if entry.mac else frozenset()
        owners = {name for name, _ in cards}
        third = (THIRD,) if owners - {owner} else ()
        theirs = cards if owner is None else frozenset(card for _, card in cards)
        return owner, ("neighbor", part, entry.device, entry.mac is not None, theirs, entry.state == SILENT, *third)

    def _sessions(self, node: ClusterNode) -> Iterator[tuple[str | None, Key]]:
        for session in node.sessions or ():
            if session.peer is not None and session.peer.version == 4:
                owner, part = self._part(session.peer)
                yield owner, ("session", part, session.established, session.source)

    def _logged(self, node: ClusterNode) -> Iterator[tuple[str | None, Key]]:
        wanted = None if node.name in self._ends else self._protocols
        for address, up in self._peerings.logged(node, wanted).items():
            owner, part = self._part(address)
            if owner is not None:
                yield owner, ("log", part, up)

    def _complained(self, node: ClusterNode) -> Iterator[tuple[str | None, Key]]:
        for address in self._peerings.complained(node.name):
            owner, part = self._part(address)
            if owner is not None:
                yield owner, ("probe", part)

    def _part(self, address: Address) -> tuple[str | None, object]:
        """Whose an address is, and its part there; any other keeps its name."""
        owner = self._roles.owner.get(int(address))
        return (None, str(address)) if owner is None else (owner, self._roles.of(owner, address))


def _protocols(node: ClusterNode) -> Iterator[tuple[str, Address]]:
    """The names that BIRD's protocols for a peer can have, each with its address."""
    address = stored(node)
    if address is not None:
        yield from ((name, address) for name in protocol_names(address))
