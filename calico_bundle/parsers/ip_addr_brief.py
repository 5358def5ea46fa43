"""`ip -br addr` and `ip -br link`: one interface per line, with its state and addresses or MAC."""

from __future__ import annotations

from dataclasses import dataclass, field

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, AddressFact, Interface, InterfaceFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import (
    Command,
    address,
    command_in,
    interface,
    is_hidden,
    note_empty,
    note_other,
    sample_lines,
)

_STATES = frozenset(("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"))
_LONGEST_NAME = 15
"""IFNAMSIZ less its end mark (linux/if.h)."""


@dataclass(slots=True)
class _Row:
    """One line, taken apart."""

    name: str
    state: str
    mac: str | None = None
    flags: tuple[str, ...] = ()
    addresses: list[tuple[Interface, Address | None]] = field(default_factory=list)
    hidden: bool = False
    unknown: str | None = None


def _row(line: str) -> _Row | None:
    """A line's name and state with what follows; None for any other line."""
    words = line.split()
    if len(words) < 2 or words[1] not in _STATES or line[:1].isspace():
        return None
    name = words[0].rpartition("@")[0] or words[0]
    if len(name) > _LONGEST_NAME or "/" in name or ":" in name:
        return None
    row = _Row(name, words[1])
    _read_words(row, words[2:])
    return row


def _read_words(row: _Row, words: list[str]) -> None:
    """Take addresses (with peer and metric), or a MAC and flags, into the row."""
    at = 0
    while at < len(words):
        word, following = words[at], words[at + 1 : at + 3]
        if word.startswith("<") and word.endswith(">") and not is_hidden(word):
            row.flags = tuple(flag for flag in word[1:-1].split(",") if flag)
        elif is_hidden(word):
            row.hidden = True
        elif word == "metric":
            at += 1
        elif following[:1] == ["peer"]:
            _read_peer(row, word, following[1:])
            at += 2
        elif found := _with_length(word):
            row.addresses.append((found, None))
        elif row.mac is None and (address(word) or word.count(":") >= 5):
            row.mac = word.lower()
        else:
            row.unknown = row.unknown or word
        at += 1


def _with_length(word: str) -> Interface | None:
    """An address, which `ip -br addr` prints with its length; without one it is a tunnel's link-layer address."""
    return interface(word) if "/" in word else None


def _read_peer(row: _Row, own: str, far: list[str]) -> None:
    """`A peer B/P`: the length is the peer's, and the address takes it over."""
    peer, _, length = (far[0] if far else "").partition("/")
    found = interface(own if "/" in own or not length else f"{own}/{length}")
    if found and address(peer):
        row.addresses.append((found, address(peer)))
    else:
        row.hidden = row.hidden or is_hidden(own) or is_hidden(peer)
        row.unknown = row.unknown or own


def recognizes(head: str) -> bool:
    """Whether a text is `ip -br addr` or `ip -br link`: nine of ten lines read so, to their last word.

    >>> recognizes("lo               UNKNOWN        127.0.0.1/8 ::1/128 \\n")
    True
    >>> recognizes("kernel1 UP something else\\n")
    False
    """
    if not any(state in head for state in _STATES):
        return False
    lines = sample_lines(head)
    telling, others = False, 0
    for row in map(_row, lines):
        if row and not row.unknown:
            telling = telling or bool(row.addresses or row.flags or row.hidden)
            continue
        others += 1
        if 10 * others > len(lines):
            return False
    return telling


def parse(text: str, path: str) -> Parsed:
    """Read `ip -br addr` and `ip -br link`.

    Facts are each interface followed by its addresses. Interface index, MTU and scopes are not printed, flags only by
    `ip -br link`. A hidden address gives a gap and no fact. Raises nothing.

    >>> link, own = parse("eth0@if3         UP             10.0.0.1/24 \\n", "n1/ip_br.txt").facts
    >>> link.name, link.state, link.index, str(own.address)
    ('eth0', 'UP', None, '10.0.0.1/24')
    """
    gaps = LineGaps(path)
    facts: list[object] = []
    command, order = Command("address"), 0
    for line_number, line in enumerate(text.split("\n"), start=1):
        ours = command.object in ("address", "link", None) and command.network_namespace is None
        row = _row(line) if ours else None
        if row is None:
            found = command_in(line)
            command = found or command
            if line.strip() and not found:
                note_other(gaps, line_number, line)
            continue
        evidence = Evidence(path, line_number, quote(line))
        facts += _facts(row, order, evidence)
        order += 1
        if row.hidden:
            gaps.add(line_number, line, kind=GapKind.REDACTED, why="address hidden by the collector")
        elif row.unknown:
            gaps.add(line_number, line, why=f"word {row.unknown} not understood")
    note_empty(gaps, text)
    return Parsed(tuple(facts), gaps.result())


def _facts(row: _Row, order: int, evidence: Evidence) -> list[object]:
    """The interface and its addresses."""
    link = InterfaceFact(order, None, row.name, row.flags, row.state, None, row.mac, None, None, None, None, evidence)
    return [link, *(AddressFact(row.name, own, peer, None, (), evidence) for own, peer in row.addresses)]


PARSER = Parser(kind="ip-addr", recognizes=recognizes, parse=parse)
