"""`date`, and the `timestamp` of must-gather: what a clock showed when the collector asked for it."""

from __future__ import annotations

import re

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import ClockFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, is_redacted, output_lines

_CLOCK = r"\d{1,2}:\d\d:\d\d"
# GNU date in the locale C, in that of the United States since glibc 2.29, -R and --iso-8601=seconds; Go's time.String(),
# which must-gather writes at its start and at its end.
_DATE = re.compile(
    rf"(?:[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} {{1,2}}\d{{1,2}} {_CLOCK} (?:[AP]M )?\S{{1,8}} \d{{4}}"
    rf"|[A-Z][a-z]{{2}} {{1,2}}\d{{1,2}} [A-Z][a-z]{{2}} \d{{4}} {_CLOCK}(?: [AP]M)? \S{{1,8}}"
    rf"|[A-Z][a-z]{{2}}, \d{{1,2}} [A-Z][a-z]{{2}} \d{{4}} {_CLOCK} [+-]\d{{4}}"
    rf"|\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:[.,]\d{{1,9}})? ?(?:Z|[+-]\d\d:?\d\d)(?: [A-Z]{{1,5}})?(?: m=[+-][\d.]{{1,30}})?)"
)
_MOST_LINES = 2
_LONGEST = 400


def recognizes(head: str) -> bool:
    """Whether a text is a date, or two.

    >>> recognizes("Mon Nov 23 16:03:21 UTC 2026\\n"), recognizes("Mon Nov 23 16:03:21 UTC 2026 started\\n")
    (True, False)
    """
    lines = list(output_lines(head)) if len(head) <= _LONGEST else []
    return 0 < len(lines) <= _MOST_LINES and all(_DATE.fullmatch(line.strip()) for _, line in lines)


def parse(text: str, path: str) -> Parsed:
    """Read the dates. Raises nothing.

    >>> parse("Mon Nov 23 16:03:21 UTC 2026\\n", "date").facts[0].time
    'Mon Nov 23 16:03:21 UTC 2026'
    """
    gaps, facts = LineGaps(path), []
    for number, line in output_lines(text):
        if _DATE.fullmatch(line.strip()):
            facts.append(ClockFact(line.strip(), Evidence(path, number, quote(line))))
        elif is_redacted(line):
            gaps.add(number, line, kind=GapKind.REDACTED, why="hidden by the collector")
        elif is_collector_error(line):
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="not collected")
        else:
            gaps.add(number, line)
    return Parsed(tuple(facts), gaps.result())


PARSER = Parser("date", recognizes, parse, rank=95)
