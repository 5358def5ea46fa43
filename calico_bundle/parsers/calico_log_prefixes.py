"""Lines of a log without what collectors and container runtimes put before them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.parsers.calico_log_events import BIRD

LONGEST_LINE = 1 << 20
"""Characters of one line, or of the parts of a split one, that are read; no program of Calico's writes longer ones."""

# Kubernetes' CRI log format: time, stream, F for a full line or P for a part of one.
_CRI = re.compile(r"\d{4}-\d\d-\d\dT\S+ (?P<stream>stdout|stderr) (?P<tag>[FP])(?::\S*)?(?: |$)")
_WRAPPERS = (
    # kubectl logs --timestamps, and journalctl -o short-iso with its host and process.
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* (?:\S+ [\w.@-]+\[\d+\]: )?"),
    re.compile(r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d(?:\.\d+)? "),  # svlogd, under /var/log/calico
    re.compile(r"\[pod/[^\]\s]+\] ?"),  # kubectl logs --prefix
    re.compile(r"(?:[\w.-]+ ){1,2}[\w.-]+ [|\u2502\u203a] ?"),  # stern
    # stern's default template has no mark behind POD CONTAINER: then a message that begins with its time shows the end,
    # or a container that its pod is named for.
    re.compile(r"(?:[a-z0-9][a-z0-9.-]* ){2,3}(?=\d{4}-\d\d-\d\d[ T]\d\d:|bird6?: )"),
    re.compile(r"(?:[a-z0-9-]+ )?([a-z0-9][a-z0-9-]*)-[bcdfghjklmnpqrstvwxz2456789]{5} \1 "),
    re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (?:(?!bird6?: )[\w.@/-]+(?:\[\d+\])?: )?"),  # journald
)
_MOST_PREFIXES = 4
_STREAMS = ("stdout", "stderr")
_TOO_LONG = "line is longer than is read"


class Line(NamedTuple):
    """A line of the log without a collector's prefixes; `number` and `printed` are of the line it begins on."""

    number: int
    printed: str
    text: str


def is_bare(printed: str) -> bool:
    """Whether a line begins as Calico's own do: nothing stands before it, and it is taken to its last blank.

    >>> is_bare("2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: Early log level set to info")
    True
    """
    return printed[10:11] == " " and printed[23:25] == " ["


def unwrapped(lines: Iterable[str], gaps: LineGaps, first_line: int = 1) -> Iterator[Line]:
    """The lines without a collector's prefixes; the parts of a line that a container runtime split are joined."""
    split = _SplitLines(gaps)
    for number, whole_line in enumerate(lines, start=first_line):
        printed = _cut(whole_line, number, gaps)
        if is_bare(printed):
            yield Line(number, printed, printed)
            continue
        inner, stream, whole = unwrap(printed)
        if not whole:
            split.add(stream, Line(number, printed, inner))
        else:
            yield split.ended(stream, Line(number, printed, inner.rstrip()))
    for begun in split.open.values():
        gaps.add(begun[0].number, begun[0].printed, kind=GapKind.TRUNCATED, why="rest of the line is not there")


def _cut(line: str, number: int, gaps: LineGaps) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    gaps.add(number, line[:LONGEST_LINE], kind=GapKind.TRUNCATED, why=_TOO_LONG)
    return line[:LONGEST_LINE]


@dataclass(slots=True)
class _SplitLines:
    """Lines whose end has not come yet, by their stream: their parts, as far as there is room for them."""

    gaps: LineGaps
    open: dict[str, list[Line]] = field(default_factory=dict)
    _room: dict[str, int] = field(default_factory=dict)

    def add(self, stream: str, part: Line) -> None:
        parts = self.open.setdefault(stream, [])
        room = self._room.get(stream, 0) if parts else LONGEST_LINE
        if len(part.text) <= room:
            parts.append(part)
            self._room[stream] = room - len(part.text)
        else:
            self._room[stream] = 0
            self.gaps.add(part.number, part.printed, kind=GapKind.TRUNCATED, why=_TOO_LONG)

    def ended(self, stream: str, last: Line) -> Line:
        begun = self.open.pop(stream, None)
        if begun is None:
            return last
        return Line(begun[0].number, begun[0].printed, "".join(part.text for part in begun) + last.text)


def unwrap(line: str) -> tuple[str, str, bool]:
    """The line inside, the stream it came from, and whether it is whole.

    >>> unwrap("2025-01-01T00:00:00.000000000Z stdout F bird: Started")
    ('bird: Started', 'stdout', True)
    """
    stream, whole = "", True
    for _ in range(_MOST_PREFIXES):
        if line.startswith(BIRD) or is_bare(line):
            break
        if found := _CRI.match(line):
            line, stream, whole = line[found.end() :], found["stream"], found["tag"] == "F"
        elif line.startswith("{") and '"log":' in line[:20] and (docker := _docker(line)):
            line, stream, whole = docker
        elif found := next((f for f in (w.match(line) for w in _WRAPPERS) if f), None):
            line = line[found.end() :]
        else:
            break
    return line, stream, whole


def _docker(line: str) -> tuple[str, str, bool] | None:
    r"""Docker's json-file: a log that does not end in a line feed goes on in the next line."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    log = record.get("log") if isinstance(record, dict) else None
    if not isinstance(log, str):
        return None
    stream = record.get("stream")
    return log.rstrip("\n"), stream if stream in _STREAMS else "", log.endswith("\n")
