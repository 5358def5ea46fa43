"""`birdc show protocols` and `show protocols all`: which BGP sessions BIRD has, and their state."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, BGPSessionFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import bird_lines, is_bird_error, is_redacted

# BIRD 1.6 nest/proto.c proto_show: "%-8s %-8s %-8s %-5s  %-10s  %s"; BIRD 2 has wider columns and a capital header.
_HEADER = re.compile(r"^(?:\d{4}[- ])?name\s+proto\s+table\s+state\s+since\s+info\s*$", re.IGNORECASE | re.MULTILINE)
_STATES = r"up|start|stop|down|flush|feed|wait|\?\?\?"
_ROW = re.compile(
    rf"""(?x)
    (?P<name>\S+) \s+ (?P<proto>[A-Z]\w*) \s+ (?P<table>\S+) \s+ (?P<state>{_STATES}) \s+
    (?P<since>\d\S*(?:\s\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)
    (?:\s+(?P<info>\S.*))? $"""
)
_BGP_ROW = re.compile(rf"^(?:\d{{4}}-| )?\S+[ \t]+BGP[ \t]+\S+[ \t]+(?:{_STATES})[ \t]+\d", re.MULTILINE)
_DETAIL = re.compile(r"\s+(?P<key>\S[^:]*):\s*(?P<value>.*)$|\s+Channel \S+$")
# confd names the peerings, calicoctl shows them under these words (calicoctl/commands/node/status.go).
_TYPES = {"Mesh": "node-to-node mesh", "Node": "node specific", "Global": "global"}
_NAME = re.compile(r"(?P<type>Mesh|Node|Global)_(?P<address>[0-9A-Fa-f_]+?)(?:_port_\d+)?$")


@dataclass(slots=True)
class _Row:
    """One row of the table, and the details that follow it."""

    number: int
    text: str
    name: str
    proto: str
    state: str
    since: str
    info: str
    details: dict[str, str] = field(default_factory=dict)


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is `show protocols`.

    >>> recognizes("BIRD 1.6.8 ready.\nname     proto    table    state  since       info\n")
    True
    """
    # Most texts lack the words, and are found out without looking at each line.
    may_have_header = not head.isascii() or "since" in head.lower()
    return bool((may_have_header and _HEADER.search(head)) or ("BGP" in head and _BGP_ROW.search(head)))


def parse(text: str, path: str) -> Parsed:
    r"""Read BIRD's protocols: one session for each row of protocol BGP; rows of the others hold nothing needed here.

    `info` is the column's text with runs of blanks made one, and the last error appended where the column lacks it.
    `peer` comes from the `Neighbor address:` line, else from the name that confd gave the protocol.

    >>> row = "Mesh_10_0_0_2 BGP      master   start  23:29:00    Active        Socket: Connection refused\n"
    >>> session = parse(row, "protocols.txt").facts[0]
    >>> str(session.peer), session.type, session.info
    ('10.0.0.2', 'node-to-node mesh', 'Active Socket: Connection refused')
    """
    gaps = LineGaps(path)
    rows: list[_Row] = []
    for number, line, printed in bird_lines(text):
        if _HEADER.match(line):
            continue
        if found := _ROW.match(line):
            info = " ".join((found["info"] or "").split())
            rows.append(_Row(number, printed, found["name"], found["proto"], found["state"], found["since"], info))
        elif rows and (detail := _DETAIL.match(line)):
            if detail["key"]:
                rows[-1].details[detail["key"]] = detail["value"]
        else:
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR if is_bird_error(line) else None)
    if not rows and not gaps.count:
        # BIRD always has its device protocol: a table without rows was cut off.
        gaps.add(None, "", kind=GapKind.TRUNCATED, why="no protocols in it")
    facts = tuple(_session(row, path, gaps) for row in rows if row.proto == "BGP")
    return Parsed(facts, gaps.result())


def _session(row: _Row, path: str, gaps: LineGaps) -> BGPSessionFact:
    named = _NAME.match(row.name)
    neighbor, own = row.details.get("Neighbor address", ""), row.details.get("Source address", "")
    if any(is_redacted(text) for text in (neighbor, own, row.name)):
        gaps.add(row.number, row.text, kind=GapKind.REDACTED, why="address of the session hidden by the collector")
    elif (neighbor and not _address(neighbor)) or (own and not _address(own)):
        gaps.add(row.number, row.text, why="address of the session not understood")
    info = row.info
    last_error = " ".join(row.details.get("Last error", "").split())
    if last_error and last_error not in info:
        info = f"{info} {last_error}".strip()
    return BGPSessionFact(
        protocol=row.name,
        peer=_address(neighbor) or (_address_in_name(named["address"]) if named else None),
        type=_TYPES[named["type"]] if named else None,
        state=row.state,
        since=row.since,
        info=info,
        established=info.startswith("Established"),
        source_address=_address(own),
        source="birdcl",
        evidence=Evidence(path, row.number, quote(row.text)),
    )


def _address(text: str) -> Address | None:
    """The address of a detail line; a link-local one has its interface after a percent sign."""
    try:
        return ip_address(text.partition("%")[0].strip())
    except ValueError:
        return None


def _address_in_name(text: str) -> Address | None:
    """10_0_0_1 or fd00__1: confd writes `_` for both `.` and `:`."""
    return _address(text.replace("_", ".")) or _address(text.replace("_", ":"))


PARSER = Parser(kind="bird-protocols", recognizes=recognizes, parse=parse, rank=40)
