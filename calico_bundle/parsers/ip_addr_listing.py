"""`ip addr` and `ip link` as iproute2 prints them without options, recognized byte for byte and kept small.

A listing is taken whole or not at all: blocks in a strict form, each read here just as the general reader reads it.
Of the cables of pods, whose blocks differ in index, name and namespace alone, only index and name are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from calico_bundle.evidence import LONGEST_QUOTE, Evidence, quote
from calico_bundle.facts import AddressFact, Interface, InterfaceFact
from calico_bundle.facts.cards import InterfaceListing, is_cable, is_of_cable
from calico_bundle.facts.packed import pack, unpack
from calico_bundle.parsers.ip_blocks import BEGIN_OF_BLOCK, BLOCK, CABLE, CABLE_BLOCK, NAMESPACE, OWN_ADDRESS
from calico_bundle.parsers.ip_text import interface

_BOUND = b"\x00"
"""Stands between the parts of a listing that are kept; no block has it."""
_BLOCKS = re.compile(rb"[0-9].*\n(?: .*\n)*+")
_CABLE_BEGINS = "1: cali0"
_LONGEST_ROW = 50
"""Characters of a cable's index, name and peer, and some more."""
_REMEMBERED = 512
"""Blocks and forms of cables that are remembered: `lo` is the same on all nodes, and so is what cables have alike."""
_LONGEST_REMEMBERED = 4096
"""Characters of them; a longer one is not made by any node and is not worth the memory."""
_STRIDE = BLOCK.groups + 1
_NAME, _MASTER, _MAC = 2, 5, 7


@dataclass(frozen=True, slots=True)
class _OwnAddress:
    """An address of a block, with its line counted from the block's first."""

    offset: int
    address: Interface
    scope: str
    flags: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Block:
    """What the lines of one interface say; `text` quotes the first."""

    index: int
    name: str
    flags: tuple[str, ...]
    state: str
    mtu: int
    mac: str | None
    master: str | None
    text: str
    addresses: tuple[_OwnAddress, ...]
    line_count: int


@dataclass(frozen=True, slots=True)
class _Form:
    """What all cables of a listing have alike: `cables` finds them, `header` is their first line behind the name."""

    cables: re.Pattern[bytes]
    block: _Block
    header: str


class _Place(NamedTuple):
    """An interface of a listing: its block or its row, its place from 0, its line, and the form if it is a row."""

    text: bytes
    order: int
    line: int
    form: _Form | None


def _first_line(text: bytes) -> str:
    return quote(text[: text.index(b"\n")].decode())


def _block(text: bytes) -> _Block:
    return _known_block(text) if len(text) <= _LONGEST_REMEMBERED else _read_block(text)


def _read_block(text: bytes) -> _Block:
    """Read a block, which is known to be of the strict form."""
    match = BEGIN_OF_BLOCK.match(text)
    if match is None:
        raise ValueError(text)
    index, name, flags, mtu, master, state, mac, others = match.groups()
    first = 2 + others.count(b"\n")
    return _Block(
        int(index),
        name.decode(),
        tuple(flags.decode().split(",")),
        state.decode(),
        int(mtu),
        mac.decode() if mac else None,
        master.decode() if master else None,
        _first_line(text),
        tuple(_own_address(m, first + 2 * place) for place, m in enumerate(OWN_ADDRESS.finditer(text, match.end()))),
        text.count(b"\n"),
    )


_known_block = lru_cache(_REMEMBERED)(_read_block)


def _own_address(match: re.Match[bytes], offset: int) -> _OwnAddress:
    own, scope, flags = match.groups()[:3] if match[1] else match.groups()[3:]
    found = interface(own.decode())
    if found is None:
        raise ValueError(own)
    return _OwnAddress(offset, found, scope.decode(), tuple(flags.decode().split()), _first_line(match[0]))


def _facts(block: _Block, path: str, order: int, line: int) -> Iterator[InterfaceFact | AddressFact]:
    """The interface, then its addresses; neither kind nor tunnel is printed without `-d`."""
    evidence = Evidence(path, line, block.text)
    yield InterfaceFact(
        order, block.index, block.name, block.flags, block.state, block.mtu, block.mac, block.master,
        None, None, None, evidence,
    )  # fmt: skip
    for own in block.addresses:
        evidence = Evidence(path, line + own.offset, own.text)
        yield AddressFact(block.name, own.address, None, own.scope, own.flags, evidence)


# --- cables ---------------------------------------------------------------------------------------------------------


@lru_cache(_REMEMBERED)
def _form(head: bytes, tail: bytes) -> _Form | None:
    """The form of cables with these texts; None where it has more than usual: a global address, a line to be cut."""
    begin = _CABLE_BEGINS.encode()
    block = _block(begin + head + b"0" + tail)
    header = head[: head.index(b"\n")].decode().rstrip()
    usual = all(a.address.version == 6 and a.address.ip.is_link_local for a in block.addresses)
    whole = block.text == _CABLE_BEGINS + header and len(header) + _LONGEST_ROW <= LONGEST_QUOTE
    if not usual or not whole:
        return None
    cables = re.compile(b"(" + CABLE + b")" + re.escape(head) + NAMESPACE + re.escape(tail))
    return _Form(cables, block, header)


def _form_of(data: bytes) -> _Form | None:
    """The form of the first cable of a listing."""
    found = data.find(b": cali")
    match = CABLE_BLOCK.match(data, data.rfind(b"\n", 0, found) + 1) if found >= 0 else None
    return _form(match[2], match[3]) if match and len(match[0]) <= _LONGEST_REMEMBERED else None


def _cable(row: bytes, form: _Form) -> _Block:
    """The block of a cable of which index, name and peer were kept."""
    text = row.decode()
    index, _, name = text.partition(": ")
    block = form.block
    return _Block(
        int(index), name.partition("@")[0], block.flags, block.state, block.mtu, block.mac, block.master,
        text + form.header, block.addresses, block.line_count,
    )  # fmt: skip


# --- listings -------------------------------------------------------------------------------------------------------


def read_listing(data: bytes, path: str) -> InterfaceListing | None:
    """The listing, when each of its lines belongs to a block of the strict form, and no two blocks have one name."""
    form = _form_of(data)
    # Between the texts of other interfaces, each cable twice: its row, and its name. One that goes on behind what all
    # have alike leaves a text that is no block; then none is kept as a row.
    listing = _listing(form.cables.split(data), form, path) if form else None
    return listing or _listing([data], None, path)


def _listing(parts: list[bytes], form: _Form | None, path: str) -> InterfaceListing | None:
    texts = [part for part in parts[::3] if part]
    fields = BLOCK.split(_BOUND.join(texts))
    names = fields[_NAME::_STRIDE] + parts[2::3]
    between = b"".join(fields[::_STRIDE])
    if not names or between != _BOUND * (len(texts) - 1) or len(set(names)) < len(names):
        return None
    del parts[2::3]
    return _Listing(path, parts, form, fields)


class _Listing(InterfaceListing):
    """Blocks as they stand, and cables as rows; records are made of both on demand."""

    def __init__(self, path: str, parts: list[bytes], form: _Form | None, fields: Sequence[bytes | None]) -> None:
        self._path, self._form = path, form
        # Between two rows stands an empty text: what is kept is texts, and between them lines of rows.
        kept = _BOUND.join(parts).replace(_BOUND + _BOUND, b"\n")
        self._kept = pack(kept)
        cables = len(parts) // 2
        self.interface_count = cables + len(fields) // _STRIDE
        self.address_count = kept.count(b"\n    inet") + (cables * len(form.block.addresses) if form else 0)
        self.adds_nothing = not any(fields[_MASTER::_STRIDE]) and (form is None or form.block.master is None)
        self.lacks_nothing = all(fields[_MAC::_STRIDE]) and (form is None or form.block.mac is not None)

    def __iter__(self) -> Iterator[object]:
        for place in self._places():
            yield from self._facts_at(place)

    def _places(self, most_rows: int | None = None) -> Iterator[_Place]:
        """Where each interface stands; of cables that follow each other only the first ones, if so asked."""
        order, line = 0, 1
        for number, part in enumerate(unpack(self._kept).split(_BOUND)):
            form = self._form if number % 2 else None
            if form:
                rows = part.split(b"\n")
                for place, row in enumerate(rows[:most_rows]):
                    yield _Place(row, order + place, line + place * form.block.line_count, form)
                order, line = order + len(rows), line + len(rows) * form.block.line_count
                continue
            for text in _BLOCKS.findall(part):
                yield _Place(text, order, line, None)
                order, line = order + 1, line + text.count(b"\n")

    def _facts_at(self, place: _Place) -> Iterator[InterfaceFact | AddressFact]:
        block = _cable(place.text, place.form) if place.form else _block(place.text)
        return _facts(block, self._path, place.order, place.line)

    @cached_property
    def _apart(self) -> tuple[list[InterfaceFact], list[AddressFact]]:
        """The interfaces that are not in rows, with one cable for many that are, and their addresses."""
        interfaces: list[InterfaceFact] = []
        addresses: list[AddressFact] = []
        for place in self._places(most_rows=1):
            for fact in self._facts_at(place):
                if isinstance(fact, InterfaceFact):
                    interfaces.append(fact)
                else:
                    addresses.append(fact)
        return interfaces, addresses

    @property
    def cards(self) -> tuple[InterfaceFact, ...]:
        """The interfaces that are no cables."""
        return tuple([f for f in self._apart[0] if not is_cable(f)])

    @property
    def card_addresses(self) -> tuple[AddressFact, ...]:
        """The addresses but those that every cable has."""
        return tuple([f for f in self._apart[1] if not is_of_cable(f)])

    @property
    def distinct_addresses(self) -> Sequence[AddressFact]:
        """The addresses without those of cables in rows, but for the first cables."""
        return self._apart[1]

    def named(self, name: str) -> InterfaceFact | None:
        """The interface of a name."""
        begin = f": {name}".encode()
        likely = (place for place in self._places() if begin in place.text)
        facts = (fact for place in likely for fact in self._facts_at(place))
        return next((fact for fact in facts if isinstance(fact, InterfaceFact) and fact.name == name), None)
