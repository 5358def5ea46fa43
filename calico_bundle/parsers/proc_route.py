"""`/proc/net/route`: the main routing table as the kernel writes it, in hexadecimal numbers of the machine's byte order."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import RouteFact
from calico_bundle.numbers import whole_number
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import note_other, sample_lines
from calico_bundle.parsers.kernel_routes import kernel_route, masked

_HEADER = ["Iface", "Destination", "Gateway", "Flags", "RefCnt", "Use", "Metric", "Mask"]
_NUMBER = r"([0-9A-Fa-f]{8})"
_ENTRY = re.compile(rf"\s*(\S+)\s+{_NUMBER}\s+{_NUMBER}\s+([0-9A-Fa-f]{{4,8}})\s+\d+\s+\d+\s+(\d+)\s+{_NUMBER}(?:\s|$)")
# linux/route.h
_RTF_UP, _RTF_REJECT = 0x0001, 0x0200

_COLUMNS = 11

Entry = tuple[int, str, re.Match[str]]


def recognizes(head: str) -> bool:
    """Whether a text begins like `/proc/net/route`.

    >>> recognizes("Iface\\tDestination\\tGateway \\tFlags\\tRefCnt\\tUse\\tMetric\\tMask\\t\\tMTU\\tWindow\\tIRTT\\n")
    True
    """
    return "Iface" in head and _is_header("".join(sample_lines(head, 1)))


def _is_header(line: str) -> bool:
    return line.split()[: len(_HEADER)] == _HEADER


def parse(text: str, path: str) -> Parsed:
    """Read the routes of the main table; what `route -n` does not print is not here either. Raises nothing.

    >>> header = "Iface\\tDestination\\tGateway \\tFlags\\tRefCnt\\tUse\\tMetric\\tMask\\t\\tMTU\\tWindow\\tIRTT\\n"
    >>> route = parse(header + "ens18\\t00000000\\t0101000A\\t0003\\t0\\t0\\t100\\t00000000\\t0\\t0\\t0\\n", "route").facts[0]
    >>> str(route.destination), str(route.next_hops[0].gateway), route.metric
    ('0.0.0.0/0', '10.0.1.1', 100)
    """
    gaps, entries = LineGaps(path), list[Entry]()
    for line_number, line in enumerate(text.split("\n"), start=1):
        if found := _ENTRY.match(line):
            entries.append((line_number, line, found))
        elif line.strip() and not _is_header(line):
            note_other(gaps, line_number, line)
    if _ends_within_a_line(text):
        why = "the listing is not complete: its last line has no end"
        gaps.add(text.count("\n") + 1, "", kind=GapKind.TRUNCATED, why=why)
    order = _byte_order([found for _, _, found in entries])
    routes: list[RouteFact] = []
    for line_number, line, found in entries:
        if route := _route(found, order, Evidence(path, line_number, quote(line))):
            routes.append(route)
        else:
            gaps.add(line_number, line)
    return Parsed(tuple(routes), gaps.result())


def _ends_within_a_line(text: str) -> bool:
    """Whether the last line is cut: the kernel fills each up to one length with blanks, and ends it (seq_pad).

    Where somebody trimmed the text it ends behind the last column.
    """
    last = text.rpartition("\n")[2]
    return bool(last.strip()) and (last[-1].isspace() or len(last.split()) < _COLUMNS)


def _byte_order(entries: list[re.Match[str]]) -> str:
    """The order in which all destinations fit their masks: little-endian but on s390x and its like."""
    for order in ("little", "big"):
        if all(_destination(entry, order) for entry in entries):
            return order
    return "little"


def _destination(entry: re.Match[str], order: str) -> IPv4Network | None:
    return masked(_number(entry[2], order), _number(entry[6], order))


def _number(text: str, order: str) -> int:
    return int.from_bytes(bytes.fromhex(text), "little" if order == "little" else "big")


def _route(entry: re.Match[str], order: str, evidence: Evidence) -> RouteFact | None:
    destination, flags, metric = _destination(entry, order), int(entry[4], 16), whole_number(entry[5])
    if destination is None or metric is None or not flags & _RTF_UP:
        return None
    gateway = _number(entry[3], order)
    hop = IPv4Address(gateway) if gateway else None
    return kernel_route(destination, hop, entry[1], metric, evidence, refused=bool(flags & _RTF_REJECT))


PARSER = Parser(kind="route-n", recognizes=recognizes, parse=parse)
