"""One packet as policies see it: at each end the addresses it can have, what has them, and its port."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calico_bundle.calico.selectors import both
from calico_bundle.facts import Network
from calico_bundle.network.policy.labeled import Labeled


@dataclass(frozen=True, slots=True)
class End:
    """One end of a packet.

    `addresses` are those of which it has one, as networks; empty where nothing is known. `things` are what policies may
    select at it, each with whether it surely is there. `named_ports` (name/port/protocol) is None where they are not known.
    """

    addresses: tuple[Network, ...]
    things: tuple[tuple[Labeled, bool], ...]
    port: int | None = None
    named_ports: frozenset[str] | None = frozenset()

    def within(self, networks: Iterable[Network]) -> bool | None:
        """Whether its address lies in one of some networks; None where it has several, and not all do.

        >>> from ipaddress import ip_network
        >>> End((ip_network("10.0.0.0/24"),), ()).within([ip_network("10.0.0.0/25")]) is None
        True
        """
        listed = [network for network in networks if network.version == _VERSION]
        if not self.addresses:
            return True if any(network.prefixlen == 0 for network in listed) else None if listed else False
        found = {_within(address, listed) for address in self.addresses}
        return found.pop() if len(found) == 1 else None


_VERSION = 4


def _within(address: Network, networks: Sequence[Network]) -> bool | None:
    if any(address.subnet_of(network) for network in networks):  # type: ignore[arg-type]
        return True
    return None if any(address.overlaps(network) for network in networks) else False


@dataclass(frozen=True, slots=True)
class Packet:
    """A lookup on its way: UDP or TCP, from the asker to the endpoint."""

    source: End
    destination: End
    protocol: str


def opposite(found: bool | None) -> bool | None:
    """The opposite of what is known.

    >>> opposite(None) is None, opposite(True)
    (True, False)
    """
    return None if found is None else not found


def either(*found: bool | None) -> bool | None:
    """Whether any is so.

    >>> either(False, None) is None, either(None, True)
    (True, True)
    """
    return opposite(both(*map(opposite, found)))
