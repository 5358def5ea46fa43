"""`birdc show status`: which router id BIRD runs with, since when, and whether it still recovers from a restart."""

from __future__ import annotations

import re

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import LogEventFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import bird_lines, is_bird_error, is_redacted

# BIRD 1.6 nest/cmds.c cmd_show_status and nest/proto.c graceful_restart_show_status.
_LINES = (
    ("version", re.compile(r"BIRD (?P<value>\S+)$")),
    ("router_id", re.compile(r"Router ID is (?P<value>\S+)$")),
    ("server_time", re.compile(r"Current server time is (?P<value>\S.*)$")),
    ("last_reboot", re.compile(r"Last reboot on (?P<value>\S.*)$")),
    ("last_reconfiguration", re.compile(r"Last reconfiguration on (?P<value>\S.*)$")),
    ("graceful_restart", re.compile(r"Graceful restart recovery (?P<value>in progress)$")),
    ("waiting_for", re.compile(r"\s+Waiting for (?P<value>\d+) protocols to recover$")),
    ("wait_timer", re.compile(r"\s+Wait timer is (?P<value>\S+)$")),
    ("daemon", re.compile(r"(?P<value>Daemon is up and running|(?:Shutdown|Reconfiguration) in progress)$")),
)
_ROUTER_ID = re.compile(r"^(?:\d{4}[- ]| )?Router ID is \S+$", re.MULTILINE)


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is `show status`.

    >>> recognizes("BIRD 1.6.8 ready.\nBIRD 1.6.8\nRouter ID is 10.0.0.1\n")
    True
    """
    return "Router ID is " in head and bool(_ROUTER_ID.search(head))


def parse(text: str, path: str) -> Parsed:
    r"""Read the status of BIRD: one `bird-status` event for each answer in the text (BIRD and BIRD6 may share a file).

    Values: `router_id`, `version`, `graceful_restart` (`true` while BIRD still holds routes back, else `false`), and
    as far as printed `server_time`, `last_reboot`, `last_reconfiguration`, `waiting_for`, `wait_timer`, `daemon`. A
    hidden value is left out and is a gap.

    >>> parse("BIRD 1.6.8\nRouter ID is 10.0.0.1\nDaemon is up and running\n", "s.txt").facts[0].values["router_id"]
    '10.0.0.1'
    """
    gaps = LineGaps(path)
    facts: list[LogEventFact] = []
    values: dict[str, str] = {}
    evidence: Evidence | None = None
    for number, line, printed in bird_lines(text):
        found = _read(line)
        if found is None:
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR if is_bird_error(line) else None)
            continue
        key, value = found
        if key in values:  # a second answer begins
            _finish(facts, values, evidence, gaps)
            values, evidence = {}, None
        if is_redacted(value):
            gaps.add(number, line, kind=GapKind.REDACTED, why="hidden by the collector")
            value = ""
        values[key] = value
        if evidence is None or key in ("router_id", "graceful_restart"):
            evidence = Evidence(path, number, quote(printed))
    _finish(facts, values, evidence, gaps)
    if not facts and not gaps.count:
        gaps.add(None, "", why="no status of BIRD in it")
    return Parsed(tuple(facts), gaps.result())


def _read(line: str) -> tuple[str, str] | None:
    for key, pattern in _LINES:
        if found := pattern.match(line):
            return key, found["value"]
    return None


def _finish(facts: list[LogEventFact], values: dict[str, str], evidence: Evidence | None, gaps: LineGaps) -> None:
    if evidence is None:
        return
    if "router_id" not in values:
        gaps.add(evidence.line, evidence.text, kind=GapKind.TRUNCATED, why="status of BIRD without its router id")
        return
    recovering = "true" if "graceful_restart" in values else "false"
    complete = {key: value for key, value in values.items() if value} | {"graceful_restart": recovering}
    facts.append(LogEventFact(values.get("server_time") or None, None, "bird", "bird-status", complete, evidence))


PARSER = Parser(kind="bird-status", recognizes=recognizes, parse=parse, rank=40)
