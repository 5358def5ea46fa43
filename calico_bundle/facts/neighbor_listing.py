"""A node's neighbors as they were listed, where most questions need no record of each with its line."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from calico_bundle.facts.listing import LazyFacts
from calico_bundle.facts.machine import NeighborFact
from calico_bundle.facts.types import Address


class NeighborEntry(NamedTuple):
    """What one entry says; the fields are those of `NeighborFact`."""

    address: Address
    device: str | None
    mac: str | None
    state: str | None


class NeighborListing(LazyFacts[NeighborFact]):
    """The neighbors of one `ip neigh`; records are made of them on demand."""

    __slots__ = ()

    @abstractmethod
    def entries(self) -> Iterator[NeighborEntry]:
        """What the entries say, in their order, without the lines that say it."""

    @abstractmethod
    def at(self, address: Address) -> Sequence[NeighborFact]:
        """The entries for one address, in their order."""


def entries_of(neighbors: Sequence[NeighborFact]) -> Iterable[NeighborEntry]:
    """What the entries of some neighbors say, in their order.

    >>> list(entries_of(()))
    []
    """
    if isinstance(neighbors, NeighborListing):
        return neighbors.entries()
    return (NeighborEntry(n.address, n.device, n.mac, n.state) for n in neighbors)


def neighbors_at(neighbors: Sequence[NeighborFact], address: Address) -> Sequence[NeighborFact]:
    """The entries for one address, in their order.

    >>> from ipaddress import ip_address
    >>> neighbors_at((), ip_address("10.0.0.1"))
    []
    """
    if isinstance(neighbors, NeighborListing):
        return neighbors.at(address)
    return [n for n in neighbors if n.address == address]
