"""Which block an address is of: whose, and the how-many-th of that node's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from calico_bundle.facts import Network

Home = tuple[str, int]
"""A node, and the number of one of its blocks."""


class Blocks:
    """The IPv4 blocks of one cluster, as Calico's objects or the Nodes' pod CIDRs have them, and those that BIRD marks.

    >>> from ipaddress import ip_network
    >>> blocks = Blocks({"n1": [ip_network("10.1.0.64/26"), ip_network("10.1.0.0/26")]}, ())
    >>> blocks.home(int(ip_network("10.1.0.65/32")[0])), blocks.home(0)
    (('n1', 1), None)
    """

    def __init__(self, known: Mapping[str, Iterable[Network]], marked: Iterable[tuple[str, Network]]) -> None:
        owned: dict[str, set[Network]] = {n: {b for b in blocks if b.version == 4} for n, blocks in known.items()}
        every = {block for blocks in owned.values() for block in blocks}
        for name, block in marked:
            if block not in every:
                owned.setdefault(name, set()).add(block)
        self._homes: dict[Network, Home] = {
            block: (name, number)
            for name, blocks in owned.items()
            for number, block in enumerate(sorted(blocks, key=lambda b: (int(b.network_address), b.prefixlen)))
        }
        self._networks = {home: block for block, home in self._homes.items()}
        by_length: dict[int, dict[int, Home]] = defaultdict(dict)
        for block, home in self._homes.items():
            by_length[32 - block.prefixlen][int(block.network_address)] = home
        self._by_length = sorted(by_length.items())
        self.nested = frozenset(self._nested())
        """The nodes with a block inside another one, or around one: their addresses are in two blocks."""

    def items(self) -> Iterable[tuple[Network, Home]]:
        """All of them."""
        return self._homes.items()

    def home_of(self, block: Network) -> Home | None:
        """Whose a network is, where it is just a block."""
        return self._homes.get(block)

    def home(self, value: int) -> Home | None:
        """Whose block an address is in: the smallest, where they nest."""
        for shift, homes in self._by_length:
            found = homes.get(value >> shift << shift)
            if found is not None:
                return found
        return None

    def _nested(self) -> Iterator[str]:
        for block, (name, _) in self._homes.items():
            first = int(block.network_address)
            for shift, homes in self._by_length:
                around = homes.get(first >> shift << shift) if shift > 32 - block.prefixlen else None
                if around is not None:
                    yield from (name, around[0])

    def network(self, node: str, number: int | None) -> Network | None:
        """The block of a node and number."""
        return None if number is None else self._networks.get((node, number))
