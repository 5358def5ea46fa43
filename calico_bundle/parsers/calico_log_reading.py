"""A calico-node log, line by line, to events and gaps. Shared by the parsers that meet such a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.parsers import Parsed
from calico_bundle.parsers.calico_log_events import (
    MOST_EVENTS,
    LineRead,
    Runs,
    is_passed_over,
    listing,
    read_line,
    told,
)
from calico_bundle.parsers.calico_log_prefixes import Line, unwrapped
from calico_bundle.parsers.lines import is_collector_error


def read_log(lines: Iterable[str], path: str, first_line: int = 1) -> Parsed:
    """The events of a log whose first line has that number in its file; the node that the log names is the owner.

    >>> read_log(["bird: Started"], "dump.txt", 40).facts[0].evidence.line
    40
    """
    gaps, runs = LineGaps(path), Runs(MOST_EVENTS)
    known_before = False
    for line in unwrapped(lines, gaps, first_line):
        read = read_line(line.text)
        if read is not None:
            _note(line, read, runs, gaps)
            known_before = True
        else:
            known_before = is_passed_over(line.text, known_before=known_before)
            if not known_before:
                error = GapKind.COLLECTOR_ERROR if is_collector_error(line.text) else None
                gaps.add(line.number, line.printed, kind=error)
    facts = listing(path, runs.finish())
    names = sorted(runs.names)
    if len(names) > 1:
        gaps.add(None, "", kind=GapKind.CONTRADICTED, why=f"the log names {len(names)} nodes: {', '.join(names[:5])}")
    return Parsed(facts, gaps.result() + runs.gaps(path), names[0] if len(names) == 1 else None)


def _note(line: Line, read: LineRead, runs: Runs, gaps: LineGaps) -> None:
    event = told(line.text, read)
    if event is None:
        return
    if read.rule and read.hidden:
        gaps.add(line.number, line.printed, kind=GapKind.REDACTED, why=f"{read.rule.slug} with hidden values")
    runs.add(event, line.number, event.text, line.printed)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text one by one: a list of all lines of a big log costs more memory than the log.

    >>> list(lines_of("a\\nb"))
    ['a', 'b']
    """
    start, end = 0, text.find("\n")
    while end >= 0:
        yield text[start:end]
        start, end = end + 1, text.find("\n", end + 1)
    if start < len(text):
        yield text[start:]
