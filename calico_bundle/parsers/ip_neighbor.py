"""`ip neigh`: the ARP and neighbor tables of a node, IPv4 and IPv6 in one file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, NeighborFact
from calico_bundle.facts.listing import OneKind
from calico_bundle.facts.neighbor_listing import NeighborEntry, NeighborListing
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_blocks import IPV4, IPV6, MAC, without_groups
from calico_bundle.parsers.ip_text import Command, Draft, address, command_in, is_hidden, note_other, sample_lines
from calico_bundle.parsers.lines import numbered_lines

_STATES = frozenset(("NONE", "INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT"))
_FLAGS = frozenset(("router", "extern_learn", "extern_valid", "managed", "offload", "use", "sticky", "self"))
_IGNORED_WITH_VALUE = frozenset(("ref", "used", "probes", "users", "protocol", "proto", "vlan", "vni"))
# iproute2 6.1 prints `used 0/60/0probes 4`, without the blank.
_USED_AND_PROBES = re.compile(r"\d+/\d+/\d+probes", re.ASCII)

# What iproute2 prints without options (ip/ipneigh.c: print_neigh): less than `_read` takes, and nothing that is a gap.
_STRICT_ENTRY = (
    rb"("
    + IPV4
    + rb"|"
    + IPV6
    + rb") dev ([A-Za-z0-9._-]{1,15})(?: lladdr ("
    + MAC
    + rb"))?(?: router| extern_learn)*+"
    rb" ?((?: (?:" + b"|".join(sorted(state.encode() for state in _STATES)) + rb"))++) ?\n"
)
_ENTRY = re.compile(_STRICT_ENTRY.decode(), re.ASCII)
_ENTRIES = re.compile(rb"(?:" + without_groups(_STRICT_ENTRY) + rb")++")


@dataclass(slots=True)
class _Draft(Draft):
    """A neighbor while its words are read."""

    address: Address | None
    device: str | None = None
    mac: str | None = None
    states: list[str] = field(default_factory=list)
    unknown: str | None = None
    hidden_mac: bool = False


def _read(line: str) -> _Draft | None:
    """A draft from a line; None when it does not begin with an address."""
    words = line.split()
    found = address(words[0]) if words else None
    if not words or (found is None and not is_hidden(words[0])):
        return None
    draft = _Draft(found)
    if found is None:
        draft.refuse("hidden by the collector", GapKind.REDACTED)
    at = 1
    while at < len(words):
        at = _read_word(draft, words, at)
    if not draft.states:
        draft.refuse("an entry without state: a proxy entry, or cut")
    return draft


def _read_word(draft: _Draft, words: list[str], at: int) -> int:
    """Take one word, and its value where it has one; the place behind it."""
    word, has_value = words[at], at + 1 < len(words)
    if word in _STATES:
        draft.states.append(word)
    elif word == "dev" and has_value:
        draft.device = words[at + 1]
        return at + 2
    elif word == "lladdr" and has_value:
        draft.hidden_mac = is_hidden(words[at + 1])
        draft.mac = None if draft.hidden_mac else words[at + 1].lower()
        return at + 2
    elif word == "nud" and has_value:
        draft.states.append(words[at + 1].upper())
        return at + 2
    elif word in ("dev", "lladdr", "nud"):
        draft.refuse("cut behind the word " + word)
    elif word == "proxy":
        draft.refuse("an address this node answers for (proxy), not a neighbor")
    elif word in _IGNORED_WITH_VALUE:
        joined = has_value and _USED_AND_PROBES.fullmatch(words[at + 1])
        return at + (3 if joined else 2)
    elif word not in _FLAGS:
        draft.unknown = draft.unknown or word
    return at + 1


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip neigh`: at least half of its first lines are entries, each with a state.

    >>> recognizes("10.0.1.12 dev ens18 lladdr 52:54:00:1b:ab:bc REACHABLE\\n")
    True
    >>> recognizes("10.244.1.10 dev cali553a67e357d scope link\\n")
    False
    """
    lines = sample_lines(head)
    entries = sum(map(_is_entry, lines))
    return entries > 0 and 2 * entries >= len(lines)


@lru_cache(1024)  # files of one kind share most of their lines
def _is_entry(line: str) -> bool:
    draft = _read(line)
    return draft is not None and bool(draft.states) and not draft.unknown


def parse(text: str, path: str) -> Parsed:
    """Read the entries of `ip neigh`, `ip -6 neigh`, `ip -s -s neigh`.

    An entry without a state gives a gap and no fact. An empty text is a node without neighbors. Raises nothing.

    >>> neighbor = parse("10.0.1.12 dev ens18 lladdr 52:54:00:1B:AB:BC REACHABLE\\n", "n1/ip_neigh.txt").facts[0]
    >>> str(neighbor.address), neighbor.device, neighbor.mac, neighbor.state
    ('10.0.1.12', 'ens18', '52:54:00:1b:ab:bc', 'REACHABLE')
    """
    gaps = LineGaps(path)
    facts: list[NeighborFact] = []
    command = Command("neighbor")
    for line_number, line in numbered_lines(text, gaps):
        ours = command.object in ("neighbor", "neighbour", None) and command.network_namespace is None
        draft = _read(line) if ours else None
        if draft is None:
            found = command_in(line)
            command = found or command
            if line.strip() and not found:
                note_other(gaps, line_number, line)
        else:
            _note_problems(draft, line_number, line, gaps)
            if draft.problem is None and draft.address is not None:
                device = draft.device or command.device
                evidence = Evidence(path, line_number, quote(line))
                facts.append(NeighborFact(draft.address, device, draft.mac, " ".join(draft.states), evidence))
    return Parsed(tuple(facts), gaps.result())


def _note_problems(draft: _Draft, line_number: int, line: str, gaps: LineGaps) -> None:
    if draft.unknown:
        draft.refuse(f"word {draft.unknown} not understood")
    if draft.problem:
        gaps.add(line_number, line, kind=draft.problem_kind, why=draft.problem)
    elif draft.hidden_mac:
        gaps.add(line_number, line, kind=GapKind.REDACTED, why="link-layer address hidden by the collector")


class _Neighbors(NeighborListing):
    """The entries of a listing in the form that `_ENTRIES` takes, made on demand."""

    __slots__ = ("_data", "_path")

    def __init__(self, data: bytes, path: str) -> None:
        self._data, self._path = data, path

    def __len__(self) -> int:
        return self._data.count(b"\n")

    def __iter__(self) -> Iterator[NeighborFact]:
        lines = self._data.decode().splitlines(keepends=True)
        return (self._fact(number, line) for number, line in enumerate(lines, start=1))

    def _fact(self, number: int, line: str) -> NeighborFact:
        (entry,) = _entries(line)
        return NeighborFact(*entry, Evidence(self._path, number, quote(line)))

    def entries(self) -> Iterator[NeighborEntry]:
        """What the entries say, in their order."""
        return _entries(self._data.decode())

    def at(self, address: Address) -> Sequence[NeighborFact]:
        """The entries for one address."""
        if address.version == 6:  # which may be written in several ways
            return [fact for fact in self if fact.address == address]
        begin = f"{address} "
        lines = enumerate(self._data.decode().splitlines(keepends=True), start=1)
        return [self._fact(number, line) for number, line in lines if line.startswith(begin)]


def _entries(text: str) -> Iterator[NeighborEntry]:
    for written, device, mac, states in _ENTRY.findall(text):
        # The same neighbors are on many nodes, and `address` remembers them.
        found = address(written) or ip_address(written)
        yield NeighborEntry(found, device, mac or None, " ".join(states.split()))


def quick(data: bytes, path: str) -> Parsed | None:
    """Read `ip neigh` as it is printed without options; None for whatever has another form."""
    return Parsed(OneKind(NeighborFact, _Neighbors(data, path))) if _ENTRIES.fullmatch(data) else None


PARSER = Parser(kind="ip-neigh", recognizes=recognizes, parse=parse, quick=quick)
