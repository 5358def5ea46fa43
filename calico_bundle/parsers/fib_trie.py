"""`/proc/net/fib_trie`: every IPv4 table's destinations with their types, without next hops and devices.

The source is fib_trie_seq_show() in net/ipv4/fib_trie.c. While no rule was ever added the kernel keeps the tables main and
local as one, and prints that one under both names; there the type tells them apart.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network

from calico_bundle.evidence import Evidence, LineGaps, quote
from calico_bundle.facts import RouteFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import address, note_other, sample_lines

_TABLE = re.compile(r"(Main|Local|Id (\d{1,10})):\s*")
_NODE = re.compile(r"\s+\+-- \d{1,3}(?:\.\d{1,3}){3}/\d{1,2} \d+ \d+ \d+\s*")
_LEAF = re.compile(r"\s+\|-- (\d{1,3}(?:\.\d{1,3}){3})\s*")
_ENTRY = re.compile(r"\s+/(\d{1,2}) (universe|site|link|host|nowhere|scope=\d+) ([A-Z]+|type \d+)( tos=\d+)?\s*")
_SCOPES = {"universe": "global", "link": "link", "host": "host", "site": "site"}
_TYPES = frozenset(("unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit"))
_OF_LOCAL = frozenset(("local", "broadcast", "anycast"))


class _Reader:
    """Goes through the lines of one text: a table, in it leaves, below each leaf its entries."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self._path = path
        self._table: str | None = None
        self._leaf: tuple[IPv4Address, Evidence] | None = None
        self._routes: dict[tuple[str, str, IPv4Network], RouteFact] = {}

    def take(self, line_number: int, line: str) -> None:
        """Read one line."""
        if table := _TABLE.fullmatch(line):
            self._table, self._leaf = table[2] or table[1].lower(), None
        elif leaf := _LEAF.fullmatch(line):
            found = address(leaf[1])
            line_of_it = Evidence(self._path, line_number, quote(line))
            self._leaf = (found, line_of_it) if isinstance(found, IPv4Address) else None
        elif entry := _ENTRY.fullmatch(line):
            self._take_entry(entry, line_number, line)
        elif line.strip() and not _NODE.fullmatch(line):
            note_other(self.gaps, line_number, line)

    def _take_entry(self, entry: re.Match[str], line_number: int, line: str) -> None:
        kind, length = entry[3].lower(), int(entry[1])
        if self._table is None or self._leaf is None or kind not in _TYPES or entry[4] or length > 32:
            self.gaps.add(line_number, line)
            return
        # The leaf's line, which has the address, is the one to quote.
        address_of, evidence = self._leaf
        destination = IPv4Network((int(address_of), length), strict=False)
        table = self._table if self._table not in ("main", "local") else "local" if kind in _OF_LOCAL else "main"
        route = RouteFact(4, table, kind, destination, (), None, _SCOPES.get(entry[2]), None, 0, evidence)
        self._routes.setdefault((table, kind, destination), route)

    def facts(self) -> tuple[RouteFact, ...]:
        """Each route once, in the order of the text."""
        return tuple(self._routes.values())


def recognizes(head: str) -> bool:
    """Whether a text begins like `/proc/net/fib_trie`.

    >>> recognizes("Main:\\n  +-- 0.0.0.0/0 3 0 5\\n     |-- 0.0.0.0\\n        /0 universe UNICAST\\n")
    True
    """
    if "+-- " not in head and "|-- " not in head:
        return False
    first, *rest = sample_lines(head, 3) or [""]
    return bool(_TABLE.fullmatch(first)) and any(_NODE.fullmatch(line) or _LEAF.fullmatch(line) for line in rest)


def parse(text: str, path: str) -> Parsed:
    """Read the destinations of all tables. None has a next hop: what is sent there is not told. Raises nothing.

    >>> listed = '''Main:
    ...   +-- 0.0.0.0/0 3 0 5
    ...      |-- 10.0.1.12
    ...         /32 host LOCAL
    ... '''
    >>> route = parse(listed, "proc/net/fib_trie").facts[0]
    >>> route.table, route.type, str(route.destination), route.next_hops
    ('local', 'local', '10.0.1.12/32', ())
    """
    reader = _Reader(path)
    for line_number, line in enumerate(text.split("\n"), start=1):
        reader.take(line_number, line.rstrip("\r"))
    return Parsed(reader.facts(), reader.gaps.result())


PARSER = Parser(kind="fib-trie", recognizes=recognizes, parse=parse)
