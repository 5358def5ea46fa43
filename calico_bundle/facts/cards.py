"""A node's interfaces and addresses, where nearly all are the host ends of pods' cables.

Cards, bonds, bridges and tunnels are what is asked for; the records of the cables are made only for who wants them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from calico_bundle.facts.listing import FactList, LazyFacts
from calico_bundle.facts.machine import AddressFact, InterfaceFact
from calico_bundle.facts.types import Address

T = TypeVar("T")

CABLE_PREFIX = "cali"
"""How the names of pods' cables begin where nothing else is configured (Felix's InterfacePrefix)."""


def is_cable(interface: InterfaceFact) -> bool:
    """Whether an interface is, by its name, the host end of a pod's cable."""
    return interface.name.startswith(CABLE_PREFIX)


def is_of_cable(address: AddressFact) -> bool:
    """Whether an address is what every cable has: an IPv6 address of the link alone."""
    own = address.address
    return address.interface.startswith(CABLE_PREFIX) and own.version == 6 and own.ip.is_link_local


class InterfaceListing(LazyFacts[object], FactList):
    """One `ip addr` or `ip link` without `-d`: interfaces, no two of one name, each followed by its addresses.

    Each has its index, state and MTU, and none a kind or a tunnel's end. `adds_nothing`: none has a master either.
    `lacks_nothing`: each has a link-layer address too.
    """

    interface_count: int
    address_count: int
    adds_nothing: bool
    lacks_nothing: bool

    def __len__(self) -> int:
        return self.interface_count + self.address_count

    @property
    @abstractmethod
    def cards(self) -> Sequence[InterfaceFact]:
        """The interfaces that are no cables (`is_cable`)."""

    @property
    @abstractmethod
    def card_addresses(self) -> Sequence[AddressFact]:
        """The addresses but those that every cable has (`is_of_cable`)."""

    @property
    @abstractmethod
    def distinct_addresses(self) -> Sequence[AddressFact]:
        """The addresses, in their order, without most of those that an earlier interface has too."""

    @abstractmethod
    def named(self, name: str) -> InterfaceFact | None:
        """The interface of a name."""

    def of(self, kind: type[T]) -> Sequence[T]:
        """The interfaces, or the addresses."""
        listed: Sequence[object] = ()
        if kind is InterfaceFact:
            listed = ListedInterfaces(self)
        elif kind is AddressFact:
            listed = ListedAddresses(self) if self.address_count else ()
        return listed  # type: ignore[return-value]


class ListedInterfaces(LazyFacts[InterfaceFact]):
    """The interfaces of a listing."""

    __slots__ = ("_listing",)

    def __init__(self, listing: InterfaceListing) -> None:
        self._listing = listing

    def __len__(self) -> int:
        return self._listing.interface_count

    def __iter__(self) -> Iterator[InterfaceFact]:
        return (fact for fact in self._listing if isinstance(fact, InterfaceFact))

    @property
    def cards(self) -> Sequence[InterfaceFact]:
        """Those that are no cables."""
        return self._listing.cards

    def named(self, name: str) -> InterfaceFact | None:
        """The interface of a name."""
        return self._listing.named(name)


class ListedAddresses(LazyFacts[AddressFact]):
    """The addresses of a listing."""

    __slots__ = ("_listing",)

    def __init__(self, listing: InterfaceListing) -> None:
        self._listing = listing

    def __len__(self) -> int:
        return self._listing.address_count

    def __iter__(self) -> Iterator[AddressFact]:
        return (fact for fact in self._listing if isinstance(fact, AddressFact))

    @property
    def cards(self) -> Sequence[AddressFact]:
        """Those of cards."""
        return self._listing.card_addresses

    @property
    def distinct(self) -> Sequence[AddressFact]:
        """The addresses without most of those that an earlier interface has too."""
        return self._listing.distinct_addresses


def distinct_of(addresses: Sequence[AddressFact]) -> Sequence[AddressFact]:
    """Addresses without most of those that an earlier interface has too: enough to see which there are.

    >>> distinct_of(())
    ()
    """
    return addresses.distinct if isinstance(addresses, ListedAddresses) else addresses


class CardIndex:
    """What is asked for often of a node's interfaces and addresses, found once and when it is first asked for.

    >>> CardIndex((), ()).interface("eth0") is None
    True
    """

    def __init__(self, interfaces: Sequence[InterfaceFact] | None, addresses: Sequence[AddressFact] | None) -> None:
        self._interfaces, self._addresses = interfaces or (), addresses or ()

    @cached_property
    def cards(self) -> Sequence[InterfaceFact]:
        """The interfaces that are no cables."""
        if isinstance(self._interfaces, ListedInterfaces):
            return self._interfaces.cards
        return tuple(i for i in self._interfaces if not is_cable(i))

    @cached_property
    def addresses(self) -> Sequence[AddressFact]:
        """The addresses but those that every cable has."""
        if isinstance(self._addresses, ListedAddresses):
            return self._addresses.cards
        return tuple(a for a in self._addresses if not is_of_cable(a))

    @cached_property
    def holders(self) -> Mapping[Address, str]:
        """The first interface of each address."""
        return {fact.address.ip: fact.interface for fact in reversed(distinct_of(self._addresses))}

    @cached_property
    def _cards_by_name(self) -> Mapping[str, InterfaceFact]:
        return {card.name: card for card in reversed(self.cards)}

    def interface(self, name: str) -> InterfaceFact | None:
        """The interface of a name; None when there is none, or nothing was recorded."""
        if not name.startswith(CABLE_PREFIX):
            return self._cards_by_name.get(name)
        if isinstance(self._interfaces, ListedInterfaces):
            return self._interfaces.named(name)
        return next((i for i in self._interfaces if i.name == name), None)
