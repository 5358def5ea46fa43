"""What a check says: findings, fixes, and what it is about; and what it gets to look at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated

from calico_bundle.display import html_head, html_lines, html_table, in_a_line, quoted, text_table

if TYPE_CHECKING:
    from calico_bundle.addresses import AddressVerdict
    from calico_bundle.bundle import Bundle
    from calico_bundle.choices import Choices
    from calico_bundle.cluster import Cluster
    from calico_bundle.evidence import Evidence, Gap, Missing
    from calico_bundle.network.service import DnsService
    from calico_bundle.paths import DnsPaths
    from calico_bundle.what_if.mending import Mended

_SENTENCE = re.compile(r"""(["'])(.+)\1\]$""")

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a finding means, for `explain` and the documentation."""

    code: str
    name: str
    severity: str
    means: str
    finds: str = ""
    matters: str = ""
    proves: str = ""
    fix: str = ""
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend it: commands to paste, what they interrupt, how many paths they bring back (None: not known)."""

    title: str
    commands: tuple[str, ...]
    disruption: str
    restores: int | None = None
    leaves_broken: int | None = None
    tried: str = ""
    """How it was tried on the records, and what came of it. Where it was not: "no", a colon and the reason, or nothing."""
    runner_up: str = ""
    """The next best that was tried, and why it lost."""
    mends: Mended | None = field(default=None, repr=False, compare=False)
    """What it changes in the cluster's records, where that can be tried."""
    undo: tuple[str, ...] = ()
    """Commands that put back what is set today, where the bundle shows it, else commands that note it before the change."""

    @property
    def counted(self) -> str:
        """The title with how many paths it brings back, where that is known."""
        if self.restores is None:
            return self.title
        return f"{self.title} (restores {self.restores:,} paths, leaves {self.leaves_broken:,} broken)"

    def __repr__(self) -> str:
        said = [f"disruption: {self.disruption}", *([f"tried: {self.tried}"] if self.tried else [])]
        back = ["to go back:", *self.undo] if self.undo else []
        return "\n  ".join(map(in_a_line, [f"fix: {self.counted}", *self.commands, *said, *back]))

    def _repr_html_(self) -> str:
        said = html_head("Disruption:", self.disruption) + (html_head("Tried:", self.tried) if self.tried else "")
        back = html_head("To go back:", "") + html_lines(self.undo) if self.undo else ""
        return html_head("Fix:", self.counted) + html_lines(self.commands) + said + back


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, with the lines that prove it and what it affects.

    `blames` are the nodes whose address is at fault; `pairs` the ways (pod's node, endpoint's node) that it explains;
    `after` the codes of what it follows from, by lines that say so.
    """

    code: str
    name: str
    severity: str
    subject: str
    message: str
    evidence: tuple[Evidence, ...] = ()
    paths: int = 0
    pods: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    blames: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str | None]] = frozenset()
    after: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        lines = [self._head, *(f"  {line}" for line in quoted(self.evidence))]
        for fix in self.fixes:
            lines += [f"  fix: {fix.counted}", *(f"    {command}" for command in fix.commands)]
        return "\n".join(map(in_a_line, lines))

    def _repr_html_(self) -> str:
        word, _, rest = self._head.partition(" ")
        fixes = (html_head("Fix:", fix.counted) + html_lines(fix.commands) for fix in self.fixes)
        return html_head(word, rest) + html_lines(quoted(self.evidence)) + "".join(fixes)

    @property
    def _head(self) -> str:
        return in_a_line(f"{self.severity}[{self.code}] {self.name}: {self.message}")


@dataclass(frozen=True, slots=True)
class Context:
    """What checks look at; in a notebook it shows what is in it."""

    bundle: Annotated[Bundle, "what was read: its artifacts, each with its path, layout, kind and facts"]
    cluster: Annotated[Cluster, "all facts: `nodes` by name, each with what it recorded, and `pods`, `pools` ..."]
    dns: Annotated[DnsService | None, "the cluster DNS with its endpoints; None: not found"]
    paths: Annotated[DnsPaths, "request and reply of every pod to every DNS endpoint: `pods`, `groups`, `counts`"]
    addresses: Annotated[Mapping[str, AddressVerdict], "the verdict on each node's Calico address, by node"]
    choices: Annotated[Choices, "what Calico would choose: `predicted(node)`, `under(method)`; `installation`"]
    gaps: Annotated[tuple[Gap, ...], "input that was there and could not be understood"]
    missing: Annotated[tuple[Missing, ...], "input that was not there, and what stays unknown for it"]

    def __repr__(self) -> str:
        return text_table(_CONTEXT_COLUMNS, self._rows())

    def _repr_html_(self) -> str:
        return html_table("What a check looks at", _CONTEXT_COLUMNS, self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        return [(item.name, _meaning(item.type)) for item in fields(self)]


_CONTEXT_COLUMNS = ("attribute", "what it is")


def _meaning(annotation: object) -> str:
    """The sentence of `Annotated[Type, "sentence"]`: annotations are text here, and their types are not imported."""
    found = _SENTENCE.search(str(annotation))
    return found[2] if found else ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its information, why it cannot run on this input (None: it can), and what it finds."""

    info: CheckInfo
    lacks: Callable[[Context], str | None]
    run: Callable[[Context], list[Finding]]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that could not be made, and why."""

    code: str
    reason: str
