"""What else could explain broken DNS: one hypothesis per file, each supported, ruled out, or not checkable.

A hypothesis is a module of this folder that has a `HYPOTHESIS`; nothing else is needed to add one. To rule one out takes
lines of the bundle that exclude it. Where they were not collected it is not checkable, and the commands that would
collect them are given: nothing is ruled out because nobody looked.

As checks do, a hypothesis imports the rooms of the analysis inside its functions.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from calico_bundle.display import html_head, html_lines, in_a_line, quoted
from calico_bundle.findings import Context, Finding, Skipped

if TYPE_CHECKING:
    from calico_bundle.evidence import Evidence


class Status(StrEnum):
    """What a bundle says to a hypothesis."""

    SUPPORTED = "supported"
    RULED_OUT = "ruled-out"
    NOT_CHECKABLE = "not-checkable"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bundle says to one hypothesis: the status, a sentence, the lines, and commands that would settle it."""

    status: Status
    text: str
    evidence: tuple[Evidence, ...] = ()
    collect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What hypotheses look at: the cluster and its paths, and what the checks said of them."""

    context: Context
    findings: Sequence[Finding]
    skipped: Sequence[Skipped] = ()

    def found(self, *codes: str) -> tuple[Finding, ...]:
        """The findings of some codes, in the order of the report."""
        return tuple(finding for finding in self.findings if finding.code in codes)

    def skip_of(self, code: str) -> str | None:
        """Why a check could not be made; None where it was."""
        return next((s.reason for s in self.skipped if s.code == code), None)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One thing that could explain broken DNS.

    `name` stands in the report; `asks` is the question, for the documentation; `codes` are the findings that support it;
    `source` says where its rule is from. `examine` answers it for one bundle, or with None where it does not arise there.
    """

    name: str
    asks: str
    codes: tuple[str, ...]
    source: str
    examine: Callable[[Case], Answer | None]


@dataclass(frozen=True, slots=True)
class Considered:
    """One hypothesis and what the bundle says to it."""

    hypothesis: Hypothesis
    answer: Answer

    def __repr__(self) -> str:
        answer = self.answer
        below = [f"  {line}" for line in (*quoted(answer.evidence), *answer.collect)]
        return "\n".join(map(in_a_line, [f"{self.hypothesis.name}: {answer.status.value}, {answer.text}", *below]))

    def _repr_html_(self) -> str:
        answer = self.answer
        head = html_head(f"{self.hypothesis.name}: {answer.status.value}", answer.text)
        collect = html_head("To collect:", "") + html_lines(answer.collect) if answer.collect else ""
        return head + html_lines(quoted(answer.evidence)) + collect


@cache
def all_hypotheses() -> tuple[Hypothesis, ...]:
    """Every hypothesis of this folder, by name.

    >>> all(isinstance(one, Hypothesis) for one in all_hypotheses())
    True
    """
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = (m.HYPOTHESIS for m in modules if hasattr(m, "HYPOTHESIS"))
    return tuple(sorted(found, key=lambda hypothesis: hypothesis.name))


def consider_all(case: Case) -> tuple[Considered, ...]:
    """What the bundle says to each hypothesis: supported ones first, then those ruled out, then those left open."""
    answers = ((one, one.examine(case)) for one in all_hypotheses())
    considered = (Considered(one, answer) for one, answer in answers if answer is not None)
    return tuple(sorted(considered, key=lambda c: (_ORDER[c.answer.status], c.hypothesis.name)))


_ORDER = {status: place for place, status in enumerate(Status)}


def from_findings(findings: Sequence[Finding], most: int = 6) -> Answer:
    """The answer that some findings give: supported, in the words and with the lines of the first.

    >>> from_findings([Finding("CB302", "n", "error", "service/a/b", "a/b has no ready endpoint")]).text
    'a/b has no ready endpoint (the finding CB302 itself)'
    """
    first = max(findings, key=lambda finding: finding.paths)
    more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
    return Answer(Status.SUPPORTED, f"{first.message} (the finding {first.code} itself{more})", first.evidence[:most])
