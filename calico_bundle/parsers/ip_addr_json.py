"""`ip -j addr` and `ip -j link`: interfaces and addresses of a node as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.facts import AddressFact, InterfaceFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_records import Lines, Record, items_of, members_of, number_of, records, text_of
from calico_bundle.parsers.ip_text import address, interface, is_hidden, note_empty, sample_lines

_LINK = re.compile(r'\[\s*(?:\{\s*\}\s*,\s*)*\{\s*"(?:ifindex|ifname|link_index|link|deleted)"\s*:')
_LOCAL = re.compile(r'"local"\s*:')
_ADDRESSES = '"addr_info"'
# Members of an entry of addr_info that are true are flags; these are something else.
_NOT_FLAGS = frozenset(
    ("family", "local", "address", "prefixlen", "broadcast", "anycast", "scope", "label", "metric", "protocol")
)


def _link(record: Record, order: int, name: str, lines: Lines) -> InterfaceFact:
    """The interface of one record."""
    information = members_of(record.members.get("linkinfo"))
    kind = text_of(information.get("info_kind"))
    vxlan = members_of(information.get("info_data")) if kind == "vxlan" else {}
    mac = record.text("address")
    return InterfaceFact(
        order,
        record.number("ifindex"),
        name,
        tuple(flag for flag in items_of(record.members.get("flags")) if isinstance(flag, str)),
        record.text("operstate"),
        record.number("mtu"),
        mac.lower() if mac and not is_hidden(mac) else None,
        record.text("master"),
        kind,
        address(text_of(vxlan.get("local", vxlan.get("local6"))) or ""),
        text_of(vxlan.get("link")),
        lines.evidence(record.start),
    )


def _address(entry: Mapping[str, object], name: str, position: int, lines: Lines, gaps: LineGaps) -> AddressFact | None:
    """The address of one entry of addr_info; None, with a gap, when it cannot be known."""
    local, length = text_of(entry.get("local")), number_of(entry.get("prefixlen"))
    found = interface(f"{local}/{length}") if local is not None and length is not None else None
    far = text_of(entry.get("address"))
    peer = address(far) if far is not None else None
    if found is None or (far is not None and peer is None):
        hidden = is_hidden(local or "") or is_hidden(far or "")
        why = "address hidden by the collector" if hidden else "address not understood"
        gaps.add(lines.number(position), f"{name} {local}", kind=GapKind.REDACTED if hidden else None, why=why)
        return None
    flags = tuple(key for key, value in entry.items() if value is True and key not in _NOT_FLAGS)
    return AddressFact(name, found, peer, text_of(entry.get("scope")), flags, lines.evidence(position))


def _positions(text: str, record: Record) -> Iterator[int]:
    """Where the addresses of a record stand: behind addr_info each entry has one "local"."""
    start = text.find(_ADDRESSES, record.start, record.end)
    if start >= 0:
        for match in _LOCAL.finditer(text, start, record.end):
            yield match.start()


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip -j addr` or `ip -j link`.

    >>> recognizes('[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,')
    True
    >>> recognizes('[{"kind":"Node","metadata":{"name":"n1"}}]')
    False
    """
    if '"ifname"' not in head:
        return False
    start = "\n".join(sample_lines(head) or [head])
    return bool(_LINK.match(start)) and '"ifname"' in start


def parse(text: str, path: str) -> Parsed:
    """Read `ip -j addr` and `ip -j link`, with `-d`, `-4`, `-6`, in one line or pretty-printed.

    Facts are each interface followed by its addresses, cited by the line where each begins. A hidden address gives a
    gap and no fact. Raises nothing.

    >>> text = '''[{"ifindex":2,"ifname":"eth0","flags":["UP"],"mtu":1500,"operstate":"UP",
    ... "addr_info":[{"family":"inet",
    ... "local":"10.0.0.1","prefixlen":24,"scope":"global","dynamic":true}]}]'''
    >>> link, own = parse(text, "n1/addr.json").facts
    >>> link.name, link.mtu, str(own.address), own.flags, own.evidence.line
    ('eth0', 1500, '10.0.0.1/24', ('dynamic',), 3)
    """
    gaps, lines = LineGaps(path), Lines(text, path)
    facts: list[object] = []
    order = 0
    for record in records(text, lines, gaps):
        if not record.members:
            continue  # iproute2 prints {} for an interface that its filter leaves out.
        name = record.text("ifname")
        if name is None:
            gaps.add(lines.number(record.start), text[record.start : record.end], why="a record without ifname")
            continue
        facts.append(_link(record, order, name, lines))
        order += 1
        if is_hidden(record.text("address") or ""):
            gaps.add(
                lines.number(record.start),
                name,
                kind=GapKind.REDACTED,
                why="link-layer address hidden by the collector",
            )
        facts += _addresses(text, record, name, lines, gaps)
    note_empty(gaps, text)
    return Parsed(tuple(facts), gaps.result())


def _addresses(text: str, record: Record, name: str, lines: Lines, gaps: LineGaps) -> Iterator[AddressFact]:
    """The addresses of one record."""
    positions = _positions(text, record)
    for item in items_of(record.members.get("addr_info")):
        entry = members_of(item)
        if entry:
            position = next(positions, record.start) if "local" in entry else record.start
            fact = _address(entry, name, position, lines, gaps)
            if fact:
                yield fact


PARSER = Parser(kind="ip-addr", recognizes=recognizes, parse=parse)
