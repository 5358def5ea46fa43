"""A traced path: its two ends, request and reply to each endpoint, and how it shows itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calico_bundle.display import html_head, html_table, in_a_line, where
from calico_bundle.facts import Address
from calico_bundle.network.outcome import NO_NODE, Cause, Hop, Outcome, Walk
from calico_bundle.paths import Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class End:
    """One end of a path: a pod, a node or a bare address."""

    kind: str
    name: str
    node: str | None
    ip: Address | None


@dataclass(frozen=True, slots=True)
class Leg:
    """Request and reply between the source and one far end."""

    to: End
    request: Walk
    reply: Walk

    @property
    def outcome(self) -> Outcome:
        """Delivered when the answer comes back."""
        both = (self.request.outcome, self.reply.outcome)
        if Outcome.LOST in both:
            return Outcome.LOST
        return Outcome.UNKNOWN if Outcome.UNKNOWN in both else Outcome.DELIVERED

    @property
    def cause(self) -> Cause | None:
        """What stops it."""
        return next((w.cause for w in (self.request, self.reply) if w.outcome is self.outcome and w.cause), None)


@dataclass(frozen=True, slots=True)
class Path:
    """A path and its verdict; `legs` has one entry, or one per ready endpoint on the way to `dns`.

    In a notebook: `.verdict`, `.reason`, `.request` and `.reply` (of the first leg), `.hops`, `.broken_at`, `.picture`.
    """

    source: End
    destination: End
    verdict: Verdict
    reason: str
    legs: tuple[Leg, ...]
    draw: Callable[[Path], Any] | None = field(default=None, compare=False, repr=False)
    """What draws it: pictures are made in a higher room."""

    @property
    def picture(self) -> Any:
        """The path as a picture, request above and reply below: it shows itself in Jupyter, `.save("path.svg")` writes it.

        None for a path that no analysis gave.
        """
        return self.draw(self) if self.draw else None

    @property
    def basis(self) -> str:
        """`observed` where recorded routes decided, `predicted` where Calico's rules stood in, `none` when undecided."""
        if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE):
            return "none"
        return "predicted" if any(leg.request.predicted or leg.reply.predicted for leg in self.legs) else "observed"

    @property
    def request(self) -> Walk | None:
        """The way there, of the first leg that fails, else of the first."""
        leg = self._shown
        return leg.request if leg else None

    @property
    def reply(self) -> Walk | None:
        """The way back, of the same leg."""
        leg = self._shown
        return leg.reply if leg else None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The hops of request and reply."""
        leg = self._shown
        return (*leg.request.hops, *leg.reply.hops) if leg else ()

    @property
    def broken_at(self) -> str | None:
        """The node on which the first lost packet ends; None when nothing is lost."""
        lost = [w for leg in self.legs for w in (leg.request, leg.reply) if w.outcome is Outcome.LOST]
        return lost[0].node if lost else None

    @property
    def _shown(self) -> Leg | None:
        failing = [leg for leg in self.legs if leg.outcome is not Outcome.DELIVERED]
        return next(iter(failing or self.legs), None)

    def to_frame(self) -> pd.DataFrame:
        """The hops as a DataFrame: way, node, does, rule, expected, found, evidence."""
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=list(_HOP_COLUMNS))

    def __repr__(self) -> str:
        """Verdict and reason, then the hops of request and reply."""
        lines = [line for name, walk in self._ways() for line in _told(name, walk)]
        return "\n".join(map(in_a_line, [f"{self._title}: {self._said}", *([self._which] if lines else []), *lines]))

    def _repr_html_(self) -> str:
        """The same as a table in Jupyter, a row per hop, each with its line of the bundle."""
        head = html_head(f"{self._title}:", self._said)
        if not self.hops:
            return head
        outcomes = (f"{name} {walk.outcome.value}" for name, walk in self._ways())
        return head + html_table(f"{self._which.strip()} {', '.join(outcomes)}", _HOP_COLUMNS, self._rows())

    @property
    def _title(self) -> str:
        return f"{self.source.name} to {self.destination.name}"

    @property
    def _said(self) -> str:
        return f"{self.verdict.value} ({self.basis}); {self.reason}"

    @property
    def _which(self) -> str:
        """Which of several ends is shown; there is one leg for each."""
        if self._shown is None or len(self.legs) == 1:
            return "  the way:"
        answer = sum(leg.outcome is Outcome.DELIVERED for leg in self.legs)
        return f"  {answer:,} of {len(self.legs):,} endpoints answer; the way to {self._shown.to.name}:"

    def _ways(self) -> list[tuple[str, Walk]]:
        return [(name, walk) for name, walk in (("request", self.request), ("reply", self.reply)) if walk]

    def _rows(self) -> list[tuple[str, ...]]:
        return [_row(name, hop) for name, walk in self._ways() for hop in walk.hops]


_HOP_COLUMNS = ("way", "node", "does", "rule", "expected", "found", "evidence")


def _row(way: str, hop: Hop) -> tuple[str, ...]:
    evidence = where(hop.evidence) if hop.evidence else ""
    return way, hop.node or NO_NODE, hop.does, hop.rule or "", hop.expected or "", hop.found or "", evidence


def _told(name: str, walk: Walk) -> list[str]:
    return [f"  {name}: {walk.outcome.value}", *(f"    {hop}" for hop in walk.hops)]
