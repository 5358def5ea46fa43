"""Logs of calico-node: start-up, address monitor, BIRD, confd and Felix, interleaved, behind collectors' prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from calico_bundle.evidence import LineGaps
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.calico_log_events import BIRD, RUNIT
from calico_bundle.parsers.calico_log_prefixes import LONGEST_LINE, unwrapped
from calico_bundle.parsers.calico_log_quick import read_quickly
from calico_bundle.parsers.calico_log_reading import lines_of, read_log
from calico_bundle.parsers.calico_log_rules import CALICO_LINE
from calico_bundle.parsers.lines import decoded_lines

# One of these is in every text that has a line of such a log, whole, in JSON, or in parts.
_SIGNS = ("][", *BIRD, "Calico node ", '"log":', "stdout P", "stderr P")
# `kubectl cluster-info dump` writes the logs of a pod's init containers first, and those may be long.
_FRAME = "==== START logs for container "
_FRAME_OF_CALICO = re.compile(r"==== START logs for container \S+ of pod \S+/(?:calico-node|canal)-\S+ ====")


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is a log of calico-node (or another of Calico's programs).

    >>> recognizes("2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: Early log level set to info\n")
    True
    >>> recognizes("bird: device1: Starting\nbird: direct1: Starting\n")
    True
    >>> recognizes("2025-01-01 10:00:00 INFO started\n")
    False
    """
    if head.startswith(_FRAME) and _FRAME_OF_CALICO.match(head):
        return True
    if not any(sign in head for sign in _SIGNS):
        return False
    of_bird = 0
    for line in unwrapped(lines_of(head), LineGaps("")):
        if line.text in RUNIT or CALICO_LINE.match(line.text):
            return True
        of_bird += line.text.startswith(BIRD)
    return of_bird > 1


def parse(text: str, path: str) -> Parsed:
    r"""Read the events that matter from a log; the node that the log names becomes its owner.

    The events and their values are those of `calico_log_rules`. Calico repeats itself: the address monitor says every
    minute what start-up said, probes every ten seconds. Of a run of equal events about the same thing (per component)
    the first and the last are kept, and the last has `count`, the length of the run; every change is kept, up to
    `MOST_EVENTS` of one kind. So memory follows what changed, not how long the log is.

    A line with a known prefix that no rule knows is an ordinary line and passed over; a line that has none, and does
    not go on from the line before, is a gap.

    >>> line = "2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: Using node name: worker-2\n"
    >>> log = parse(line, "calico-node.log")
    >>> log.owner, log.facts[0].event, log.facts[0].component
    ('worker-2', 'node-name', 'startup')
    """
    return read_log(lines_of(text), path)


def stream(pieces: Iterable[bytes], path: str) -> Parsed:
    r"""Read the same from a log that is too large to be held.

    >>> stream([b"bird: Sta", b"rted\n"], "calico-node.log").facts[0].event
    'bird-started'
    """
    return read_log(decoded_lines(pieces, LONGEST_LINE + 1), path)


# Asked late: other artifacts may quote a line of this log, this log quotes none of them.
PARSER = Parser(kind="calico-log", recognizes=recognizes, parse=parse, rank=80, quick=read_quickly, stream=stream)
