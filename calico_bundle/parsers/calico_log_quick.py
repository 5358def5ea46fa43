"""Logs as calico-node writes them, with nothing before the lines: read in columns, most lines by what is known of others.

Whatever is not certain to be read as the general reader reads it makes the whole log go there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress, count
from operator import attrgetter, itemgetter

from calico_bundle.parsers import Parsed
from calico_bundle.parsers.calico_log_events import (
    BIRD,
    MOST_EVENTS,
    RUNIT,
    Columns,
    Runs,
    Told,
    merged,
    read_line,
    told,
)
from calico_bundle.parsers.calico_log_prefixes import LONGEST_LINE, is_bare, unwrap
from calico_bundle.parsers.calico_log_rules import CALICO_LINE, is_of_pod, may_match

_LONGEST = 300
"""Characters of the longest line of BIRD's that is read here; what is known of a line is remembered with its text."""

# The time of a Calico line, with every digit made 0.
_TIME = b"0000-00-00 00:00:00.000"
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_AFTER_TIME = len(_TIME)

_HEADER = 56
"""Characters after the time that hold, in most lines, process, source file and the beginning of the message."""

_THE_MARK = itemgetter(0)
_THE_NUMBER = itemgetter(0)
_THE_TIME = itemgetter(slice(_AFTER_TIME))
_THE_HEADER = itemgetter(slice(_AFTER_TIME, _AFTER_TIME + _HEADER))
_HEAD_BYTES = 1024
_CONTROLS = bytes(set(range(32)) - {ord("\t"), ord("\n")}) + b"\x7f"

_OF_BIRD = bytes(character == ord("b") for character in range(256))
_OF_CALICO = bytes(character == ord("2") for character in range(256))
_OTHERS = bytes(character not in b"b2" for character in range(256))

# klog of client-go, and logrus before its format is set: no other parser knows such lines.
_OF_LIBRARIES = re.compile(r'[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ |time="[^"]*" level=')


_HIDING = re.compile(r"[*<]")

# `show protocols` and `ip -br addr`, whose rows may begin with any name.
_OF_A_TABLE = re.compile(r"bird6?:[ \t]+(?:BGP|UP|DOWN|UNKNOWN)\s")


_Noted = tuple[int, str, Told]
"""The event of a line: the line's number and text, and what it says."""


class _UncertainError(Exception):
    """A line that the general reader must read."""


def read_quickly(data: bytes, path: str) -> Parsed | None:
    r"""Read a log in which every line has a prefix of Calico's programs; None for any other.

    >>> read_quickly(b"bird: device1: Starting\nbird: direct1: Starting\n", "calico-node.log").facts[1].evidence.line
    2
    >>> read_quickly(b"2025-01-01T00:00:00Z stdout F bird: Started\n", "calico-node.log") is None
    True
    """
    lines = _lines(data)
    try:
        return _read(lines, path) if lines else None
    except _UncertainError:
        return None


def _lines(data: bytes) -> list[str]:
    """The lines of a plain text; none where bytes, control characters or sheer length make it another."""
    plain = data.isascii() and b"\0" not in data and b"\x1b" not in data and b"\r" not in data
    if not plain or len(data[:_HEAD_BYTES].translate(None, _CONTROLS)) != len(data[:_HEAD_BYTES]):
        return []
    lines = data.decode("ascii").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines if len(data) <= LONGEST_LINE or max(map(len, lines)) <= LONGEST_LINE else []


def _read(lines: list[str], path: str) -> Parsed:
    if "" in lines or not _is_surely_a_log(lines):
        raise _UncertainError
    marks = "".join(map(_THE_MARK, lines)).encode()
    runs = Runs(MOST_EVENTS)
    noted = _of_calico(lines, marks.translate(_OF_CALICO))
    if others := _of_others(lines, marks.translate(_OTHERS)):
        # A probe speaks of the same things in lines of both sorts.
        noted = sorted([*noted, *others], key=_THE_NUMBER)
    for number, line, event in noted:
        runs.add(event, number, line, line)
    of_bird = _of_bird(lines, marks.translate(_OF_BIRD), runs)
    if len(runs.names) > 1:
        raise _UncertainError
    return Parsed(merged(path, of_bird, runs.finish()), runs.gaps(path), next(iter(runs.names), None))


def _is_surely_a_log(lines: Sequence[str]) -> bool:
    """Whether the first lines alone make it a log for `recognizes`, and for no other parser anything."""
    return bool(CALICO_LINE.match(lines[0])) or lines[0] in RUNIT or all(map(_bird_event, (*lines[:2], "", "")[:2]))


# --- lines of Calico's programs ---------------------------------------------------------------------------------------


def _of_calico(lines: list[str], chosen: bytes) -> list[_Noted]:
    of_calico = list(compress(lines, chosen))
    times = "".join(map(_THE_TIME, of_calico)).encode()
    if times.translate(_DIGITS) != _TIME * len(of_calico):
        raise _UncertainError
    starts = list(map(_message_start, map(_THE_HEADER, of_calico)))
    numbers = compress(compress(count(1), chosen), starts)
    found: list[_Noted] = []
    for number, line, start in zip(numbers, compress(of_calico, starts), filter(None, starts), strict=True):
        if start < 0 and is_of_pod(line, -start):
            continue
        said = line[_AFTER_TIME:]
        event = _calico_event(said) if len(line) <= _LONGEST else _calico_event.__wrapped__(said)
        if event:
            found.append((number, line, event))
    return found


@lru_cache(maxsize=1 << 12)
def _message_start(header: str) -> int:
    """Where a line's message begins, by what follows its time; 0 where no rule can match it, 1 where that is not told.

    The place is negative for messages of which many are of pods' interfaces.
    """
    if not header.startswith(" ["):
        raise _UncertainError
    found = CALICO_LINE.match(_TIME.decode() + header)
    if not found:
        return 1
    # What a collector hid may stand for anything, so only the text before it counts.
    message = _HIDING.split(header[found.end() - _AFTER_TIME :], maxsplit=1)[0]
    if not may_match(message):
        return 0
    return -found.end() if message.startswith("Linux") else found.end()


# Monitors say the same every minute.
@lru_cache(maxsize=1 << 12)
def _calico_event(said: str) -> Told | None:
    """The event of a line from the end of its time on."""
    line = _TIME.decode() + said
    read = read_line(line)
    if read is None or read.hidden:
        raise _UncertainError
    return told(line, read)


# --- lines of BIRD ----------------------------------------------------------------------------------------------------


def _of_bird(lines: list[str], chosen: bytes, runs: Runs) -> Columns:
    """The events of BIRD's lines, in columns where no two say the same; else they go to the runs."""
    of_bird = list(compress(lines, chosen))
    events = list(map(_bird_event, of_bird))
    numbers = list(compress(compress(count(1), chosen), events))
    found = list(filter(None, events))
    if 0 < len(found) <= MOST_EVENTS:
        says = set(map(attrgetter("says"), found))
        if len(says) == len(found):
            kinds = bytearray(map(attrgetter("kind"), found))
            return Columns(numbers, kinds, list(map(attrgetter("text"), found)))
    for number, event in zip(numbers, found, strict=True):
        runs.add(event, number, event.text, event.text)
    return Columns([], bytearray(), [])


# The peers of a mesh are the same for all of its nodes, and so are most lines of BIRD's.
@lru_cache(maxsize=1 << 15)
def _bird_event(line: str) -> Told | None:
    read = read_line(line)
    certain = line.startswith(BIRD) and not line[-1:].isspace() and not is_bare(line) and not _OF_A_TABLE.search(line)
    if read is None or read.hidden or not certain or len(line) > _LONGEST:
        raise _UncertainError
    return told(line, read)


# --- the few others ---------------------------------------------------------------------------------------------------


def _of_others(lines: list[str], chosen: bytes) -> list[_Noted]:
    found: list[_Noted] = []
    place = chosen.find(1)
    while place >= 0:
        line = lines[place]
        event = _other_event(line) if len(line) <= _LONGEST else _other_event.__wrapped__(line)
        if event:
            found.append((place + 1, line, event))
        place = chosen.find(1, place + 1)
    return found


@lru_cache(maxsize=1 << 8)
def _other_event(line: str) -> Told | None:
    read = read_line(line)
    bare = not line[-1:].isspace() and not is_bare(line) and unwrap(line) == (line, "", True)
    if not bare or (read is None and not _OF_LIBRARIES.match(line)) or (read and read.hidden):
        raise _UncertainError
    return told(line, read) if read else None
