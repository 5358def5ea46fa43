"""What one line of a calico-node log says, and runs of lines that say the same. Shared by both readers of such logs."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from sys import intern
from typing import NamedTuple

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.facts.log_events import LogEvents, LogLine, LogReader
from calico_bundle.parsers.calico_log_rules import CALICO_LINE, RULES, Rule, match_bird, match_calico
from calico_bundle.parsers.lines import is_redacted

MOST_EVENTS = 2000
"""Events of one kind that are kept from one log; what comes after is counted in a gap, and the last state is kept."""

MOST_THINGS = 50_000
"""Things of one kind, such as BIRD's protocols, of which one log may tell: ten times the peers of a very large mesh."""

RUNIT = frozenset({"Calico node started successfully", "Calico node failed to start"})
BIRD = ("bird: ", "bird6: ")
_NOT_READY = "calico/node is not ready: "

EVENTS = tuple(dict.fromkeys(rule.slug for rule in RULES))
"""Every event, in the order of the rules."""

_KINDS = {event: kind for kind, event in enumerate(EVENTS)}

# A rule's pattern asks for an address where a collector left three asterisks: this one stands in while it matches.
_FILLING = "0.0.0.0"  # noqa: S104 - no socket is bound to it
_HIDDEN = re.compile(r"\*\*\*\w+\*\*\*(?:/\d+)?|<censored>")


# klog of client-go, logrus before its format is set, JSON logs, frames of `kubectl cluster-info dump` and of kubectl.
_FOREIGN = re.compile(
    r"""(?x)
    $ | [IWEF]\d{4}\s\d\d:\d\d:\d\d\.\d+\s | time="[^"]*"\slevel= | \{"
    | ====\s(?:START|END)\slogs\s | Defaulted\scontainer\s | ==>\s.*\s<==$ | --\sLogs\sbegin\sat\s
    | [+-]\s\S+\s\u203a\s
    | calico/node\s(?:is\snot\sready|check\serror):\s
    """
)
# What follows a line that goes on: indented text, brackets of a dump, Go's stack traces.
_CONTINUATION = re.compile(
    r"""(?x)
    \s | [\])}{(\[] | goroutine\s\d+ | created\sby\s | panic: | fatal\serror: | exit\sstatus\s | runtime\.
    | [\w./*-]{1,200}(?:\(\*\w{1,100}\))?\.\w{1,100}[.\w]{0,100}\( | \[signal\s
    """
)


class LineRead(NamedTuple):
    """A line with a known prefix; `rule` is None where it is an ordinary one."""

    time: str | None = None
    level: str | None = None
    component: str | None = None
    rule: Rule | None = None
    values: Mapping[str, str] = {}
    hidden: bool = False


class Told(NamedTuple):
    """An event of a line: its text, its kind, the thing it is about, what it says of that; the node it names as its own."""

    text: str
    kind: int
    thing: str
    says: str
    node: str | None


def read_line(text: str) -> LineRead | None:
    """A line of a log without a collector's prefix; None when it has no prefix that is known.

    >>> read_line("bird: Mesh_10_0_0_1: State changed to up").rule.slug
    'bird-protocol-state'
    """
    if text.startswith(BIRD):
        rule, values, hidden = _matched(text[text.index(" ") + 1 :], of_bird=True)
        return LineRead(None, None, "bird", rule, values, hidden)
    if prefix := CALICO_LINE.match(text):
        rule, values, hidden = _matched(text[prefix.end() :])
        return LineRead(prefix["time"], prefix["level"], prefix["component"], rule, values, hidden)
    if text in RUNIT or text.startswith(_NOT_READY):
        rule, values, hidden = _matched(text)
        return LineRead(None, None, None, rule, values, hidden)
    return None


def _matched(message: str, *, of_bird: bool = False) -> tuple[Rule | None, Mapping[str, str], bool]:
    """The rule, the values that no collector hid, and whether it hid any."""
    match = match_bird if of_bird else match_calico
    hidden = ("***" in message or "<censored>" in message) and is_redacted(message)
    found = match(_HIDDEN.sub(_FILLING, message) if hidden else message)
    if found is None:
        return None, {}, hidden
    rule, values = found
    if hidden:
        values = {name: value for name, value in values.items() if _FILLING not in value}
    return rule, values, hidden


def is_passed_over(text: str, *, known_before: bool) -> bool:
    """Whether a line without a prefix of Calico's is known all the same: another program's, or a line's that goes on.

    >>> is_passed_over("goroutine 1 [running]:", known_before=True), is_passed_over("what", known_before=True)
    (True, False)
    """
    return bool(_FOREIGN.match(text) or (known_before and _CONTINUATION.match(text)))


def told(text: str, line: LineRead) -> Told | None:
    """The event of a line; None where it is an ordinary one."""
    rule, values = line.rule, line.values
    if rule is None:
        return None
    # No value has a control character in it (`clean`), so none can pass for two.
    thing = "\0".join((rule.slug, line.component or "", *(values.get(name, "") for name in rule.about)))
    values_said = (f"\0{name}={value}" for name, value in sorted(values.items()) if name not in rule.varies)
    says = f"{thing}\0{''.join(values_said)}"
    node = values.get("node") if rule.slug == "node-name" else None
    # Logs share the texts of BIRD's lines, which are most of what is kept of them.
    return Told(intern(text), _KINDS[rule.slug], thing, says, node)


def _reread(text: str) -> LogLine:
    line = read_line(text)
    if line is None or line.rule is None:
        raise ValueError(f"no event: {text}")
    return LogLine(line.time, line.level, line.component, line.rule.slug, line.values)


# The peers of a mesh are the same for all of its nodes, and so is what BIRD says of its protocols; it writes no time.
READER = LogReader(EVENTS, _reread, bytes(n for e, n in _KINDS.items() if not e.startswith("bird-protocol-")))


class Kept(NamedTuple):
    """An event that is kept, with the number of its line and the length of the run that ends with it, if one does."""

    kind: int
    number: int
    text: str
    printed: str
    length: int | None


_Seen = tuple[int, str, str]
"""An event as seen on one line: the line's number, what it says, and the line as it stands."""


@dataclass(slots=True)
class _Run:
    """Equal events about one thing, in a row."""

    first: _Seen
    last: _Seen
    kind: int
    says: str
    count: int = 1


@dataclass(slots=True)
class Runs:
    """The runs that are open, and the events of those that are not.

    Of each run the first event and the last are kept, of one kind at most `most` runs and those that are open. `names`
    are those that the log gives its node.
    """

    most: int
    names: set[str] = field(default_factory=set)
    kept: list[Kept] = field(default_factory=list)
    _open: dict[str, _Run] = field(default_factory=dict)
    _things: dict[int, int] = field(default_factory=dict)
    _ended: dict[int, int] = field(default_factory=dict)
    _beyond: dict[int, int] = field(default_factory=dict)

    def add(self, event: Told, number: int, text: str, printed: str) -> None:
        """Note the event of one line."""
        run = self._open.get(event.thing)
        seen = (number, text, printed)
        if run and run.says == event.says:
            run.last, run.count = seen, run.count + 1
            return
        if run:
            self._end(run)
        elif not self._has_room(event.kind):
            self._beyond[event.kind] = self._beyond.get(event.kind, 0) + 1
            return
        if event.node and len(self.names) < self.most:
            self.names.add(event.node)
        self._open[event.thing] = _Run(seen, seen, event.kind, event.says)

    def finish(self) -> list[Kept]:
        """End the runs that are open; everything that is kept, in the order of the lines."""
        for run in self._open.values():
            self._keep(run)
        self._open = {}
        self.kept.sort(key=itemgetter(1))
        return self.kept

    def gaps(self, path: str) -> tuple[Gap, ...]:
        """One gap for each kind of event that came more often than is kept."""
        more = sorted((EVENTS[kind], count) for kind, count in self._beyond.items())
        return tuple(
            Gap(path, None, GapKind.REFUSED, f"{count} more events {event} were counted and not kept")
            for event, count in more
        )

    def _has_room(self, kind: int) -> bool:
        things = self._things[kind] = self._things.get(kind, 0) + 1
        return things <= MOST_THINGS

    def _end(self, run: _Run) -> None:
        """End a run; past the limit only its number of events is kept."""
        ended = self._ended[run.kind] = self._ended.get(run.kind, 0) + 1
        if ended > self.most:
            self._beyond[run.kind] = self._beyond.get(run.kind, 0) + run.count
        else:
            self._keep(run)

    def _keep(self, run: _Run) -> None:
        self.kept.append(Kept(run.kind, *run.first, None))
        if run.count > 1:
            self.kept.append(Kept(run.kind, *run.last, run.count))


@dataclass(frozen=True, slots=True)
class Columns:
    """Events of single lines in the order of the lines, in columns: their numbers, kinds and texts."""

    numbers: list[int]
    kinds: bytearray
    texts: list[str]


def listing(path: str, kept: Sequence[Kept]) -> Sequence[object]:
    """The events of a log, in columns."""
    counts = {place: k.length for place, k in enumerate(kept) if k.length}
    columns = Columns([k.number for k in kept], bytearray(k.kind for k in kept), [k.text for k in kept])
    printed = [k.printed for k in kept]
    return _made(path, columns, counts, None if printed == columns.texts else printed)


def merged(path: str, columns: Columns, kept: Sequence[Kept]) -> Sequence[object]:
    """Such columns, with other events of the same log put between them: few, in their order, of lines as they stand."""
    counts = {}
    for event in kept:
        place = bisect(columns.numbers, event.number)
        columns.numbers.insert(place, event.number)
        columns.kinds.insert(place, event.kind)
        columns.texts.insert(place, event.text)
        if event.length:
            counts[place] = event.length
    return _made(path, columns, counts)


def _made(path: str, columns: Columns, counts: Mapping[int, int], printed: list[str] | None = None) -> Sequence[object]:
    if not columns.numbers:
        return ()
    return LogEvents.kept(path, READER, (columns.numbers, bytes(columns.kinds), columns.texts), counts, printed)
