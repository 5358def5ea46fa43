"""The tables of `nft list ruleset` as lines: chains with their rules, maps with their elements. No parser of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Line = tuple[int, str]

_TABLE = re.compile(r"table (?P<name>(?:ip6?|inet|arp|bridge|netdev) \S+) \{(?:\s*# handle \d+)?$")
_BLOCK = re.compile(
    r"(?P<kind>chain|map|set|flowtable|ct \w+|counter|quota|limit) (?P<name>\S+) \{(?:\s*# handle \d+)?$"
)


@dataclass(slots=True)
class Table:
    """One table: `ip kube-proxy`, the line it begins with, and its blocks; `closed` when its end is listed."""

    name: str
    head: Line
    chains: dict[str, list[Line]] = field(default_factory=dict)
    maps: dict[str, list[Line]] = field(default_factory=dict)
    closed: bool = False


def read_tables(lines: Iterable[Line]) -> Iterator[Table]:
    r"""The tables of a listing, in their order; one that is cut off has no end.

    >>> text = "table ip nat {\n\tchain A {\n\t\tdrop\n\t}\n}"
    >>> [(t.name, t.chains, t.closed) for t in read_tables(enumerate(text.split("\n"), 1))]
    [('ip nat', {'A': [(3, 'drop')]}, True)]
    """
    table: Table | None = None
    block: list[Line] | None = None
    for number, printed in lines:
        line = printed.strip()
        if table is None:
            table = Table(found["name"], (number, line)) if (found := _TABLE.match(line)) else None
        elif found := _TABLE.match(line):
            yield table
            table, block = Table(found["name"], (number, line)), None
        elif block is not None:
            block = _inside(block, number, line)
        elif line == "}":
            table.closed = True
            yield table
            table = None
        elif found := _BLOCK.match(line):
            block = _block(table, found["kind"], found["name"])
    if table is not None:
        yield table


def _block(table: Table, kind: str, name: str) -> list[Line]:
    held = {"chain": table.chains, "map": table.maps}.get(kind)
    return [] if held is None else held.setdefault(name, [])


def _inside(block: list[Line], number: int, line: str) -> list[Line] | None:
    if line == "}":
        return None
    block.append((number, line))
    return block
