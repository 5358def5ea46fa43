"""One file while it is read: quotes its lines, and collects what in it was hidden or wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from calico_bundle.evidence import LONGEST_QUOTE, MOST_LINE_GAPS, Evidence, Gap, GapKind, LineGaps, quote
from calico_bundle.objects.located import MOST_PROBLEMS, Problem, no_kind

# troubleshoot: ***HIDDEN***, ***TOKEN_IP_1A2B***; Harvester: ***; calicoctl: <censored>;
# must-gather-clean: x-ipv4-0000000001-x.
_HIDDEN = re.compile(r"(?i)\*\*\*|<(?:censored|redacted)>|\bx-(?:ipv[46]|mac)-\d+-x\b")
# Rancher's `-o` writes 10.1.2.3 as 10.word.word.word; OpenShift's Insights wrote xx.x.x.x.
_WORDS_FOR_NUMBERS = re.compile(r"(?:\d{1,3}|x{1,3})(?:\.[a-z]+){3}(?:/\d+)?")
_SECRET = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret\b")


def is_hidden(text: str) -> bool:
    """Whether a collector replaced (a part of) this value, so that it is unknown.

    >>> is_hidden("***TOKEN_IP_1A2B***"), is_hidden("10.0.0.1")
    (True, False)
    """
    return bool(_HIDDEN.search(text))


def is_hidden_address(text: str) -> bool:
    """Whether what should be an address has words in place of numbers.

    >>> is_hidden_address("10.apple.pear.plum")
    True
    """
    return bool(_WORDS_FOR_NUMBERS.fullmatch(text))


class Reading:
    """One file while it is read.

    >>> reading = Reading("nodes.yaml", "kind: Node\\n  name: n1\\n")
    >>> reading.evidence(2)
    Evidence(path='nodes.yaml', line=2, text='name: n1')
    """

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._gaps = LineGaps(path)
        self._hidden: dict[tuple[str, str], tuple[int, int]] = {}
        self._noted: Counter[GapKind] = Counter()
        self._without_kind: Problem | None = None
        self.lost: Counter[str] = Counter()
        """How many objects of each kind could not be read."""
        self._line, self._start = 1, 0
        self._starts: Mapping[int, int] = {}
        self._last: tuple[int, Evidence] | None = None

    def turn_to(self, text: str, first_line: int, starts: Mapping[int, int] | None = None) -> None:
        """Go on with another part of the same file: its text, the number of its first line, and where some lines begin."""
        self._text = text
        self._line, self._start = first_line, 0
        self._starts = starts or {}
        self._last = None

    def evidence(self, line: int) -> Evidence:
        """The line as evidence; the file as a whole where the line also holds a Secret (JSON on one line)."""
        if self._last is None or self._last[0] != line:
            self._last = line, self._quoted(line)
        return self._last[1]

    def wrong(self, line: int | None, message: str) -> None:
        """Note a field that could not be read."""
        self._gaps.add(line, "", why=message)

    def note(self, problem: Problem) -> None:
        """Note text that could not be read; the first of a kind are listed, the others counted."""
        if problem.without_kind:
            self._count_without_kind(problem)
            return
        if problem.lost:
            self.lost[problem.lost] += 1
        self._noted[problem.kind] += 1
        if self._noted[problem.kind] <= MOST_LINE_GAPS or problem.kind is GapKind.NOT_UNDERSTOOD:
            self._gaps.add(problem.line, problem.text, kind=problem.kind, why=problem.message)

    def _count_without_kind(self, problem: Problem) -> None:
        # A list may come in parts, each with a problem of its own.
        before = self._without_kind
        count = problem.without_kind + (before.without_kind if before else 0)
        self._without_kind = no_kind(before.line if before else problem.line, count)

    def is_given_up(self) -> bool:
        """Whether so much could not be read that the rest is left; it is told."""
        return self._noted.total() >= MOST_PROBLEMS

    def hide(self, kind: str, column: str, line: int) -> None:
        """Note that one object's column was hidden by the collector."""
        first, count = self._hidden.get((kind, column), (line, 0))
        self._hidden[kind, column] = first, count + 1

    def gaps(self) -> tuple[Gap, ...]:
        """All of it: the lines one by one, the hidden columns counted."""
        hidden = (
            Gap(
                self._path,
                line,
                GapKind.REDACTED,
                f"{kind}: {column} hidden by the collector in {count} {_objects(count)}",
            )
            for (kind, column), (line, count) in self._hidden.items()
        )
        more = (
            Gap(self._path, None, kind, f"{count - MOST_LINE_GAPS} more of this kind")
            for kind, count in self._noted.items()
            if count > MOST_LINE_GAPS and kind is not GapKind.NOT_UNDERSTOOD
        )
        kindless = self._without_kind
        told = (Gap(self._path, kindless.line, kindless.kind, kindless.message),) if kindless else ()
        message = f"{MOST_PROBLEMS:,} objects or lines of it could not be read; what follows them is left out"
        left = (Gap(self._path, None, GapKind.REFUSED, message),) if self.is_given_up() else ()
        return (*self._gaps.result(), *left, *told, *more, *hidden)

    def _quoted(self, line: int) -> Evidence:
        start = self._start_of(line)
        end = self._text.find("\n", start)
        end = end if end >= 0 else len(self._text)
        if self._text.find("Secret", start, end) >= 0 and _SECRET.search(self._text, start, end):
            return Evidence(self._path, None, "")
        return Evidence(self._path, line, quote(self._text[start : min(end, start + 4 * LONGEST_QUOTE)]))

    def _start_of(self, line: int) -> int:
        """Where a line begins. The cursor moves from the last line asked for: facts come in the order of the file."""
        if line in self._starts:
            return self._starts[line]
        while self._line < line and (end := self._text.find("\n", self._start)) >= 0:
            self._line, self._start = self._line + 1, end + 1
        while self._line > line and self._start:
            self._line, self._start = self._line - 1, self._text.rfind("\n", 0, self._start - 1) + 1
        return self._start


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"
