"""Logs of calico-node: start-up, address monitor, BIRD, confd and Felix, interleaved, behind collectors' prefixes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from calico_bundle.evidence import Evidence, Gap, GapKind, LineGaps, quote
from calico_bundle.facts import LogEventFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.calico_log_rules import CALICO_LINE, Rule, match_bird, match_calico
from calico_bundle.parsers.lines import is_collector_error, is_redacted

MOST_EVENTS = 2000
"""Events of one kind that are kept from one log; what comes after is counted in a gap, and the last state is kept."""

_RUNIT = {"Calico node started successfully", "Calico node failed to start"}
_BIRD = ("bird: ", "bird6: ")
# One of these stands in every log that is recognized: what a line of Calico or BIRD has, as it stands, or else what a
# container runtime writes around a line that it cut or quoted.
_MARKS = ("][", "Calico node ", *_BIRD, "stdout P", "stderr P", '"log":')

# --- prefixes that collectors and container runtimes put before a line ------------------------------------------------

# Kubernetes' CRI log format: time, stream, F for a full line or P for a part of one.
_CRI = re.compile(r"\d{4}-\d\d-\d\dT\S+ (?P<stream>stdout|stderr) (?P<tag>[FP])(?::\S*)?(?: |$)")
_WRAPPERS = (
    # kubectl logs --timestamps, and journalctl -o short-iso with its host and process.
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* (?:\S+ [\w.@-]+\[\d+\]: )?"),
    re.compile(r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d(?:\.\d+)? "),  # svlogd, under /var/log/calico
    re.compile(r"\[pod/[^\]\s]+\] ?"),  # kubectl logs --prefix
    re.compile(r"(?:[\w.-]+ ){1,2}[\w.-]+ [|\u2502\u203a] ?"),  # stern
    re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (?:(?!bird6?: )[\w.@/-]+(?:\[\d+\])?: )?"),  # journald
)
_MOST_PREFIXES = 4

# --- lines that are no log line of Calico and are known all the same --------------------------------------------------

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


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the log without a collector's prefixes; `number` and `printed` are of the line it begins on."""

    number: int
    printed: str
    text: str


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is a log of calico-node (or another of Calico's programs).

    >>> recognizes("2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: Early log level set to info\n")
    True
    >>> recognizes("bird: device1: Starting\nbird: direct1: Starting\n")
    True
    >>> recognizes("2025-01-01 10:00:00 INFO started\n")
    False
    """
    if not any(mark in head for mark in _MARKS):
        return False
    of_bird = 0
    for line in _unwrapped(head, LineGaps("")):
        if line.text in _RUNIT or CALICO_LINE.match(line.text):
            return True
        of_bird += line.text.startswith(_BIRD)
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
    gaps = LineGaps(path)
    runs = _Runs(gaps, redacted=is_redacted(text))
    known_before = False
    for line in _unwrapped(text, gaps):
        known = _read(line, runs)
        if not known and not (known_before and _CONTINUATION.match(line.text)) and not _FOREIGN.match(line.text):
            gaps.add(line.number, line.printed, kind=GapKind.COLLECTOR_ERROR if is_collector_error(line.text) else None)
            known_before = False
        else:
            known_before = True
    facts = runs.facts()
    names = sorted({fact.values["node"] for fact in facts if fact.event == "node-name" and "node" in fact.values})
    if len(names) > 1:
        gaps.add(None, "", kind=GapKind.CONTRADICTED, why=f"the log names {len(names)} nodes: {', '.join(names[:5])}")
    return Parsed(facts, gaps.result() + runs.gaps(), names[0] if len(names) == 1 else None)


def _read(line: _Line, runs: _Runs) -> bool:
    """Note the event of a line, if it has one; False for a line without a known prefix."""
    text = line.text
    if text.startswith(_BIRD):
        runs.take(line, match_bird, text[text.index(" ") + 1 :], component="bird")
    elif prefix := CALICO_LINE.match(text):
        time, level, component = prefix["time"], prefix["level"], prefix["component"]
        runs.take(line, match_calico, text[prefix.end() :], time=time, level=level, component=component)
    elif text in _RUNIT or text.startswith("calico/node is not ready: "):
        runs.take(line, match_calico, text)
    else:
        return False
    return True


# --- prefixes ---------------------------------------------------------------------------------------------------------


def _unwrapped(text: str, gaps: LineGaps) -> Iterator[_Line]:
    """The lines without a collector's prefixes; the parts of a line that a container runtime split are joined."""
    parts: dict[str, list[_Line]] = {}
    number = 0
    for printed in _lines(text):
        number += 1
        # The two shapes that nearly every line has, and that have nothing before them.
        if printed[10:11] == " " and printed[23:25] == " [":
            yield _Line(number, printed, printed)
            continue
        inner, stream, whole = _unwrap(printed)
        line = _Line(number, printed, inner.rstrip())
        if not whole:
            parts.setdefault(stream, []).append(_Line(number, printed, inner))
        elif begun := parts.pop(stream, None):
            yield _Line(begun[0].number, begun[0].printed, "".join(p.text for p in begun) + line.text)
        else:
            yield line
    for begun in parts.values():
        gaps.add(begun[0].number, begun[0].printed, kind=GapKind.TRUNCATED, why="rest of the line is not there")


def _lines(text: str) -> Iterator[str]:
    """The lines of a text one by one: a list of all lines of a big log costs more memory than the log."""
    start, end = 0, text.find("\n")
    while end >= 0:
        yield text[start:end]
        start, end = end + 1, text.find("\n", end + 1)
    if start < len(text):
        yield text[start:]


def _unwrap(line: str) -> tuple[str, str, bool]:
    """The line inside, the stream it came from, and whether it is whole."""
    stream, whole = "", True
    for _ in range(_MOST_PREFIXES):
        if line.startswith(_BIRD) or (line[10:11] == " " and line[23:25] == " ["):
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
    return log.rstrip("\n"), str(record.get("stream", "")), log.endswith("\n")


# --- runs of equal events ---------------------------------------------------------------------------------------------


# A rule's pattern asks for an address where a collector left three asterisks: this one stands in while it matches.
_FILLING = "0.0.0.0"  # noqa: S104 - no socket is bound to it
_HIDDEN = re.compile(r"\*\*\*\w+\*\*\*(?:/\d+)?|<censored>")


def _fill(message: str) -> str:
    return _HIDDEN.sub(_FILLING, message)


@dataclass(slots=True)
class _Seen:
    """An event as seen on one line."""

    line: _Line
    time: str | None
    level: str | None
    values: Mapping[str, str]


@dataclass(slots=True)
class _Run:
    """Equal events about one thing, in a row."""

    first: _Seen
    last: _Seen
    state: frozenset[tuple[str, str]]
    count: int = 1


@dataclass(slots=True)
class _Runs:
    """The runs that are open, and the events of those that are not."""

    line_gaps: LineGaps
    redacted: bool
    _open: dict[tuple[str, ...], _Run] = field(default_factory=dict)
    _facts: list[LogEventFact] = field(default_factory=list)
    _kept: dict[str, int] = field(default_factory=dict)
    _beyond: dict[str, int] = field(default_factory=dict)

    def take(
        self,
        line: _Line,
        match: Callable[[str], tuple[Rule, dict[str, str]] | None],
        message: str,
        *,
        time: str | None = None,
        level: str | None = None,
        component: str | None = None,
    ) -> None:
        """Note the event of a message, if it has one."""
        hidden = self.redacted and is_redacted(message)
        found = match(_fill(message) if hidden else message)
        if not found:
            return
        rule, values = found
        if hidden:
            values = {name: value for name, value in values.items() if _FILLING not in value}
            self.line_gaps.add(line.number, line.printed, kind=GapKind.REDACTED, why=f"{rule.slug} with hidden values")
        self._add(rule, component, _Seen(line, time, level, values))

    def _add(self, rule: Rule, component: str | None, seen: _Seen) -> None:
        values = seen.values
        key = (rule.slug, component or "", *(values.get(name, "") for name in rule.about))
        state = frozenset(item for item in values.items() if item[0] not in rule.varies)
        run = self._open.get(key)
        if run and run.state == state:
            run.last, run.count = seen, run.count + 1
            return
        if run:
            self._close(key, run)
        self._open[key] = _Run(seen, seen, state)

    def facts(self) -> tuple[LogEventFact, ...]:
        """Every event, in the order of the lines; ends the runs that are open."""
        for key, run in self._open.items():
            self._keep(key, run)
        self._open = {}
        # Sorting keeps the order of equals, so a line's first event stays first.
        return tuple(sorted(self._facts, key=lambda fact: fact.evidence.line or 0))

    def gaps(self) -> tuple[Gap, ...]:
        """One gap for each kind of event that came more often than is kept."""
        return tuple(
            Gap(self.line_gaps.path, None, GapKind.REFUSED, f"{count} more events {slug} were counted and not kept")
            for slug, count in sorted(self._beyond.items())
        )

    def _close(self, key: tuple[str, ...], run: _Run) -> None:
        """End a run; past the limit only its number of events is kept."""
        slug = key[0]
        if self._kept.get(slug, 0) >= MOST_EVENTS:
            self._beyond[slug] = self._beyond.get(slug, 0) + run.count
        else:
            self._keep(key, run)

    def _keep(self, key: tuple[str, ...], run: _Run) -> None:
        self._kept[key[0]] = self._kept.get(key[0], 0) + 1
        self._facts.append(self._fact(key, run.first, run.first.values))
        if run.count > 1:
            self._facts.append(self._fact(key, run.last, {**run.last.values, "count": str(run.count)}))

    def _fact(self, key: tuple[str, ...], seen: _Seen, values: Mapping[str, str]) -> LogEventFact:
        evidence = Evidence(self.line_gaps.path, seen.line.number, quote(seen.line.printed))
        return LogEventFact(seen.time, seen.level, key[1] or None, key[0], values, evidence)


# Asked late: other artifacts may quote a line of this log, this log quotes none of them.
PARSER = Parser(kind="calico-log", recognizes=recognizes, parse=parse, rank=80)
