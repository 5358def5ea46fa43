"""What stops a lookup whatever the routes say: a policy that denies it, or service rules that lead elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from calico_bundle.network.outcome import Cause, Hop, Outcome, Settles, Walk, Why
from calico_bundle.paths.fates import Fate, Verdict, both_ways, reason_of, verdict_of
from calico_bundle.paths.pods import PathGroup


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing in the way: the outcome is lost, or unknown where nothing decides it.

    `code` is that of its check; None where none has it.
    """

    code: str | None
    outcome: Outcome
    cause: Cause


@dataclass(frozen=True, slots=True, eq=False)
class Hindrances:
    """What is in the way of some pods' lookups; `Obstacles` gives the same object for all that meet the same.

    `at` holds, by the endpoint's place, what stops the lookups to it; `aside` what becomes of those that are led to an
    address that is no ready endpoint; `unasked` are the endpoints to which none is led.
    """

    at: Mapping[int, Hindrance]
    aside: Hindrance | None = None
    unasked: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.at or self.aside or self.unasked)


class HinderedGroup(PathGroup):
    """Pods whose lookups were walked and meet something else than routes on their way."""

    def __init__(self, walked: PathGroup, hindrances: Hindrances) -> None:
        """The same pods, with what is in their way."""
        super().__init__(walked.node, Verdict.UNKNOWN, "")
        self._walked, self._hindrances = walked, hindrances
        aside = [hindrances.aside.outcome] if hindrances.aside else []
        asked = (o for place, o in enumerate(self.outcomes) if place not in hindrances.unasked)
        self.verdict = verdict_of([*(both_ways(request, reply) for _, request, reply in asked), *aside])

    @property
    def _asked(self) -> Iterator[Fate]:
        return (fate for place, fate in enumerate(self.fates) if place not in self._hindrances.unasked)

    @cached_property
    def _first(self) -> Hindrance | None:
        """What decides the verdict, where the routes alone would not have given it."""
        if self._walked.verdict is self.verdict:
            return None
        wanted = Outcome.UNKNOWN if self.verdict is Verdict.UNKNOWN else Outcome.LOST
        return next((hindrance for hindrance in self._all if hindrance.outcome is wanted), None)

    @property
    def code(self) -> str | None:
        """The check that explains it."""
        return self._first.code if self._first and self.verdict is not Verdict.UNKNOWN else None

    @property
    def text(self) -> str:
        """Why the verdict is what it is."""
        if self._first is None:
            return self._walked.text if self.verdict is self._walked.verdict else reason_of(self.verdict, self._asked)
        cause = self._first.cause
        settles = self.verdict is Verdict.UNKNOWN and cause.settle
        return f"{cause.text}; {cause.settle} would settle it" if settles else cause.text

    @property
    def settles(self) -> tuple[Settles, ...]:
        """What would decide it, where it is unknown: all of these together."""
        if self.verdict is not Verdict.UNKNOWN:
            return ()
        own = (hindrance.cause.settle for hindrance in self._all)
        return tuple(dict.fromkeys(filter(None, (*own, *self._walked.settles))))

    def hindered_by(self, why: Why) -> list[Hindrance]:
        """What is in the way for a reason."""
        return [hindrance for hindrance in self._all if hindrance.cause.why is why]

    @property
    def _all(self) -> list[Hindrance]:
        return [*self._hindrances.at.values(), *filter(None, [self._hindrances.aside])]

    @property
    def basis(self) -> str:
        """What the verdict rests on."""
        return super().basis if self._first else self._walked.basis

    @property
    def fates(self) -> tuple[Fate, ...]:
        """Request and reply for each ready endpoint, with what stops them."""
        return tuple(self._hindered(place, fate) for place, fate in enumerate(self._walked.fates))

    @property
    def first_fate(self) -> Fate | None:
        """The first of them."""
        first = self._walked.first_fate
        return self._hindered(0, first) if first else None

    @property
    def lost_fates(self) -> Iterator[Fate]:
        """Those that are lost."""
        return (fate for fate in self.fates if fate.outcome is Outcome.LOST)

    @property
    def failing_fates(self) -> Iterator[Fate]:
        """Those that are lost or open."""
        return (fate for fate in self.fates if fate.outcome is not Outcome.DELIVERED)

    def _hindered(self, place: int, fate: Fate) -> Fate:
        found = self._hindrances.at.get(place)
        if found is None or fate.request.outcome is Outcome.LOST:
            return fate
        does = "drops" if found.outcome is Outcome.LOST else "delivers"
        evidence = next(iter(found.cause.evidence), None)
        hop = Hop(found.cause.node, does, found.cause.text, evidence=evidence)
        return replace(
            fate, request=Walk(found.outcome, (*fate.request.hops, hop), fate.request.node, None, found.cause)
        )

    @property
    def lost_to(self) -> frozenset[str | None]:
        """The nodes of the endpoints that routes keep from them; None among them for what something else does."""
        elsewhere = frozenset([None]) if self._first and self._first.outcome is Outcome.LOST else frozenset()
        return self._walked.lost_to | elsewhere

    @property
    def outcomes(self) -> Sequence[tuple[str | None, Outcome, Outcome]]:
        """For each ready endpoint: its node, and what becomes of request and reply."""
        at = self._hindrances.at
        return [
            (node, _worse(request, at[place].outcome) if place in at else request, reply)
            for place, (node, request, reply) in enumerate(self._walked.outcomes)
        ]


class CachedGroup(HinderedGroup):
    """Pods whose lookups the DNS cache on their own node takes on (NodeLocal DNSCache)."""

    @property
    def text(self) -> str:
        """Why the verdict is what it is."""
        return f"the DNS cache on {self.node} asks for them: {super().text}"


def _worse(walked: Outcome, hindered: Outcome) -> Outcome:
    """What becomes of a request that has both before it.

    >>> _worse(Outcome.UNKNOWN, Outcome.LOST).value
    'lost'
    """
    return walked if walked is Outcome.LOST else hindered
