"""`calicoctl node status`: the BGP sessions of a node in a table, or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, BGPSessionFact, LogEventFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, is_redacted, output_lines

# calicoctl/commands/node/status.go; the second forms are those of calicoctl before v3.
_RUNNING = re.compile(r"Calico process is running\.$|calico-node container is running\. Status: ")
_SECTION = re.compile(r"IPv(?P<family>[46]) BGP status$")
_OWN_ADDRESS = re.compile(r"IP: \S+\s+AS Number: ")
_RULE = re.compile(r"[+|\u2502\u251c\u2524\u253c\u250c\u2510\u2514\u2518\u252c\u2534\u2500-]+$")
_CELLS = re.compile(r"\s*[|\u2502](?P<cells>.*)[|\u2502]\s*$")
_HEADER = ["PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO"]
_EVENTS = (
    ("calico-process-not-running", re.compile(r"Calico process is not running\.|calico-node container not running")),
    (
        "bgp-backend-not-running",
        re.compile(r"The BGP backend process \(BIRD\) is not running\.|None of the BGP backend"),
    ),
    ("bird-process-not-running", re.compile(r"INFO: BIRDv(?P<family>[46]) process: '(?P<process>\w+)' is not running")),
    ("no-bgp-peers", re.compile(r"No IPv(?P<family>[46]) peers found\.|No IPv(?P<unset>[46]) address configured\.")),
    (
        "bird-socket-unreachable",
        re.compile(r"(?i:error querying BIRD): unable to connect to BIRDv(?P<family>[46]) socket: (?P<error>.*)$"),
    ),
    ("bird-query-failed", re.compile(r"(?i:error querying BIRD): (?P<error>.*)$")),
)
_ERROR = re.compile(r"(?i:error executing|need super ?user|this command must be run as root|error )")
_RECOGNIZED = re.compile(
    r"^(?:Calico process is (?:not )?running\.|IPv[46] BGP status$)"
    r"|^[ \t]*[|\u2502][ \t]*PEER ADDRESS[ \t]*[|\u2502][ \t]*PEER TYPE",
    re.MULTILINE | re.IGNORECASE,
)
# Parts of it, looked for first, without letters that have more than two forms (i and dotless i, s and long s).
_MARKS = ("co proce", "bgp ", "peer addre")
_STATE = re.compile(r"[a-z]+|\?\?\?")
# A port ends up in the address, because calicoctl takes it from BIRD's protocol name (Node_10_0_0_1_port_180).
_PORT = re.compile(r"[.:_]port[.:_]\d+$")


@dataclass(slots=True)
class _Row:
    """One row of the table, wrapped lines joined."""

    number: int
    text: str
    cells: list[str]


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is `calicoctl node status`.

    >>> recognizes("Calico process is running.\n\nIPv4 BGP status\n")
    True
    """
    lowered = head.lower()
    return any(mark in lowered for mark in _MARKS) and bool(_RECOGNIZED.search(head))


def parse(text: str, path: str) -> Parsed:
    r"""Read the sessions of both address families, and what calicoctl says where it shows none.

    What it says becomes an event: `calico-process-not-running`, `bgp-backend-not-running`,
    `bird-process-not-running`, `no-bgp-peers`, `bird-socket-unreachable`, `bird-query-failed`. The last two are also
    gaps, because sessions may be there and were not shown.

    >>> status = "IPv4 BGP status\n| 10.0.0.2 | node-to-node mesh | up | 10:00:00 | Established |\n"
    >>> [(str(s.peer), s.established) for s in parse(status, "status.txt").facts]
    [('10.0.0.2', True)]
    """
    reader = _Reader(path)
    for number, line in output_lines(text):
        reader.read(number, line)
    return reader.result()


def _cells(line: str) -> list[str] | None:
    """The five cells of a row; None where the line is none."""
    found = _CELLS.match(line)
    if not found or _RULE.match(line.strip()):
        return None
    cells = [" ".join(cell.split()) for cell in re.split("[|\u2502]", found["cells"])]
    return cells if len(cells) == len(_HEADER) else None


class _Reader:
    """The state between lines: the row that may go on, and the heading that still waits for what it announces."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self.facts: list[BGPSessionFact | LogEventFact] = []
        self._row: _Row | None = None
        self._heading: tuple[int, str] | None = None

    def read(self, number: int, line: str) -> None:
        """Take one line."""
        cells = _cells(line)
        if self._row and cells and not cells[0] and any(cells):
            # tablewriter wraps a cell of more than 30 characters into rows whose other cells are empty.
            self._row.cells = [f"{a} {b}".strip() for a, b in zip(self._row.cells, cells, strict=True)]
            return
        self._end_row()
        if cells and [cell.upper() for cell in cells] == _HEADER:
            self._heading = (number, line)
        elif cells and cells[0] and _STATE.fullmatch(cells[2]):
            self._row, self._heading = _Row(number, line, cells), None
        else:
            self._read_text(number, line)

    def result(self) -> Parsed:
        """What was read, once the last line was."""
        self._end_row()
        self._end_heading()
        if not self.facts and not self.gaps.count:
            self.gaps.add(None, "", why="no status of a node in it")
        return Parsed(tuple(self.facts), self.gaps.result())

    def _end_row(self) -> None:
        if self._row:
            self.facts.append(_session(self._row, self.gaps))
        self._row = None

    def _end_heading(self) -> None:
        if self._heading:
            self.gaps.add(*self._heading, kind=GapKind.TRUNCATED, why="nothing follows")
        self._heading = None

    def _read_text(self, number: int, line: str) -> None:
        stripped = line.strip()
        if _SECTION.match(stripped):
            if self._heading and not _RUNNING.match(self._heading[1].strip()):
                self._end_heading()
            self._heading = (number, line)
        elif _RUNNING.match(stripped):
            self._end_heading()
            self._heading = (number, line)
        elif _RULE.match(stripped) or _OWN_ADDRESS.match(stripped):
            return
        elif not self._read_event(number, line):
            failed = is_collector_error(stripped) or _ERROR.match(stripped)
            self.gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR if failed else None)

    def _read_event(self, number: int, line: str) -> bool:
        for event, pattern in _EVENTS:
            if found := pattern.match(line.strip()):
                values = {("family" if k == "unset" else k): v for k, v in found.groupdict().items() if v}
                evidence = Evidence(self.gaps.path, number, quote(line))
                self.facts.append(LogEventFact(None, None, "calicoctl", event, values, evidence))
                self._heading = None
                if "error" in values:
                    self.gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="sessions not shown")
                return True
        return False


def _session(row: _Row, gaps: LineGaps) -> BGPSessionFact:
    printed, peer_type, state, since, info = row.cells
    peer = _peer(printed)
    if peer is None and is_redacted(printed):
        gaps.add(row.number, row.text, kind=GapKind.REDACTED, why="address of the peer hidden by the collector")
    elif peer is None:
        gaps.add(row.number, row.text, why="address of the peer not understood")
    return BGPSessionFact(
        protocol=None,
        peer=peer,
        type=peer_type or None,
        state=state,
        since=since or None,
        info=info,
        established=info.startswith("Established"),
        source_address=None,
        source="calicoctl",
        evidence=Evidence(gaps.path, row.number, quote(row.text)),
    )


def _peer(text: str) -> Address | None:
    try:
        return ip_address(_PORT.sub("", text))
    except ValueError:
        return None


PARSER = Parser(kind="calicoctl-node-status", recognizes=recognizes, parse=parse, rank=40)
