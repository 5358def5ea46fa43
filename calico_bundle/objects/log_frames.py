"""Logs of containers among objects: `kubectl cluster-info dump` without a folder prints both into one text.

Each log stands between two lines (kubernetes/kubernetes clusterinfo_dump.go). A container may log anything, objects of
Kubernetes too: its lines are never read as the dump's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from calico_bundle.evidence import GapKind
from calico_bundle.objects.located import Problem

_SIGN = "==== START logs for container "
_NAME = r"(?P<container>\S+) of pod (?P<namespace>\S+)/(?P<pod>\S+) ====\r?(?:\n|\Z)"
_START = re.compile(rf"(?m)^==== START logs for container {_NAME}")
# A log that does not end in a line feed has it behind its last words.
_END = re.compile(rf"==== END logs for container {_NAME}")


@dataclass(frozen=True, slots=True)
class LogFrame:
    """The log of one container: whose, the number of its first line, and its text."""

    namespace: str
    pod: str
    container: str
    first_line: int
    text: str

    @property
    def begins_twice(self) -> Problem | None:
        """What to say where the line that begins this log stands in it again: two dumps in one text, or a log of one."""
        if f"{_SIGN}{self.container} of pod {self.namespace}/{self.pod} ====" not in self.text:
            return None
        message = "begins twice: what stands between its first line and its last is not read"
        return self.problem(message)

    def problem(self, message: str) -> Problem:
        """What is wrong with this log, at its first line."""
        whose = f"the log of {self.container} of {self.namespace}/{self.pod}"
        return Problem(self.first_line, GapKind.NOT_UNDERSTOOD, f"{whose} {message}")


def split_logs(text: str, first_line: int = 1) -> tuple[str, list[LogFrame]]:
    """A text with the lines of its logs emptied, and the logs; `first_line` is the number of its first.

    A log ends at the last line that names its container and pod, since it may hold such lines itself; where there is
    none, with the text.

    >>> rest, logs = split_logs('''{}
    ... ==== START logs for container a of pod shop/cart-0 ====
    ... {"kind": "Node"}
    ... ==== END logs for container a of pod shop/cart-0 ====
    ... ''')
    >>> rest, logs[0].pod, logs[0].first_line
    ('{}\\n\\n\\n\\n', 'cart-0', 3)
    """
    if _SIGN not in text:
        return text, []
    ends = {_whose(found): found for found in _END.finditer(text)}
    pieces: list[str] = []
    logs: list[LogFrame] = []
    begin, line = 0, first_line
    while start := _START.search(text, begin):
        end = ends.get(_whose(start))
        last, after = (end.start(), end.end()) if end and end.start() >= start.end() else (len(text), len(text))
        line += text.count("\n", begin, start.end())
        logs.append(LogFrame(*_whose(start), line, text[start.end() : last]))
        line += text.count("\n", start.end(), after)
        pieces += (text[begin : start.start()], "\n" * text.count("\n", start.start(), after))
        begin = after
    return "".join((*pieces, text[begin:])), logs


def _whose(found: re.Match[str]) -> tuple[str, str, str]:
    return found["namespace"], found["pod"], found["container"]
