"""The pods' paths: one verdict per pod, shared by the pods of a node whose addresses are alike."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from calico_bundle.facts import PodFact
from calico_bundle.network.outcome import Outcome, Settles
from calico_bundle.paths.classes import Classes, Results
from calico_bundle.paths.fates import Asker, Fate, Lookups, Verdict, reason_of, verdict_of
from calico_bundle.paths.open_questions import DNS_POLICY


class PathGroup:
    """Pods of one node that share their fate; `pods` are their places in `DnsPaths.pods`."""

    def __init__(self, node: str | None, verdict: Verdict, text: str, settle: Settles | None = None) -> None:
        """A group whose verdict needs no walk."""
        self.node, self.verdict = node, verdict
        self._said, self._settle = text, settle
        self.pods = array("I")

    @property
    def text(self) -> str:
        """Why the verdict is what it is."""
        return f"{self._said}; {self._settle} would settle it" if self._settle else self._said

    @property
    def code(self) -> str | None:
        """The check that explains it, where it is none of nodes' addresses and routes."""
        return None

    @property
    def settles(self) -> tuple[Settles, ...]:
        """What would decide it, where it is unknown: all of these together."""
        return (self._settle,) if self._settle else ()

    @property
    def basis(self) -> str:
        """What the verdict rests on: `observed` records, a table `predicted` from Calico's rules, or `none`."""
        return "none" if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE) else "observed"

    @property
    def fates(self) -> tuple[Fate, ...]:
        """Request and reply for each ready endpoint, walked hop by hop when they are first asked for."""
        return ()

    @property
    def first_fate(self) -> Fate | None:
        """The first of them; the others are not walked for it."""
        return None

    @property
    def lost_fates(self) -> Iterator[Fate]:
        """Those that are lost, each walked when it is reached."""
        return iter(())

    @property
    def failing_fates(self) -> Iterator[Fate]:
        """Those that are lost or open, each walked when it is reached."""
        return iter(())

    @property
    def lost_to(self) -> frozenset[str | None]:
        """The nodes of the endpoints to which a packet is lost, or from which none comes back."""
        return frozenset()

    @property
    def outcomes(self) -> Sequence[tuple[str | None, Outcome, Outcome]]:
        """For each ready endpoint: its node, and what becomes of request and reply."""
        return ()


class WalkedGroup(PathGroup):
    """Pods whose lookups were walked, or the lookups of others that are alike."""

    def __init__(self, asker: Asker, results: Results, classes: Classes, lookups: Lookups) -> None:
        counted = results.counted(classes.sizes)
        super().__init__(asker.node, verdict_of(result.outcome for result in counted), "")
        self._asker, self._results, self._classes, self._lookups = asker, results, classes, lookups
        self._predicted = any(result.predicted for result in counted)
        self._walked: dict[int, Fate] = {}

    @cached_property
    def text(self) -> str:
        """Why the verdict is what it is."""
        return reason_of(self.verdict, self._with(Outcome.UNKNOWN if self.verdict is Verdict.UNKNOWN else Outcome.LOST))

    @property
    def first_fate(self) -> Fate | None:
        """The fate with the first endpoint."""
        return self._fate(0) if self._classes.endpoints else None

    @property
    def lost_fates(self) -> Iterator[Fate]:
        """Those that are lost."""
        return self._with(Outcome.LOST)

    @property
    def failing_fates(self) -> Iterator[Fate]:
        """Those that are lost or open."""
        return self._with(Outcome.LOST, Outcome.UNKNOWN)

    def _with(self, *outcomes: Outcome) -> Iterator[Fate]:
        return (self._fate(index) for index, result in enumerate(self._results) if result.outcome in outcomes)

    @property
    def settles(self) -> tuple[Settles, ...]:
        """What would decide it, where it is unknown: all of these together."""
        if self.verdict is not Verdict.UNKNOWN:
            return ()
        causes = (walk.cause for fate in self._with(Outcome.UNKNOWN) for walk in (fate.request, fate.reply))
        return tuple(dict.fromkeys(cause.settle for cause in causes if cause and cause.settle))

    @property
    def basis(self) -> str:
        """What the verdict rests on."""
        return "predicted" if super().basis == "observed" and self._predicted else super().basis

    @property
    def fates(self) -> tuple[Fate, ...]:
        """Request and reply for each ready endpoint."""
        return tuple(self._fate(index) for index in range(len(self._classes.endpoints)))

    def _fate(self, index: int) -> Fate:
        if index not in self._walked:
            self._walked[index] = self._lookups.fate(self._asker, self._classes.endpoints[index])
        return self._walked[index]

    @cached_property
    def lost_to(self) -> frozenset[str | None]:
        """The nodes of the endpoints to which a packet is lost, or from which none comes back."""
        return self._classes.lost_to(self._results)

    @property
    def outcomes(self) -> Sequence[tuple[str | None, Outcome, Outcome]]:
        """For each ready endpoint: its node, and what becomes of request and reply."""
        return [(node, r.request, r.reply) for node, r in zip(self._classes.nodes, self._results, strict=True)]


_POLICY_NOT_SHOWN = f"{DNS_POLICY.text}; {DNS_POLICY.settle} would settle it"


class DoubtfulGroup(PathGroup):
    """Pods of which nothing shows whether they use cluster DNS: what their lookups would come to is said, and not counted."""

    def __init__(self, asking: PathGroup) -> None:
        """The same pods as if they used it."""
        super().__init__(asking.node, Verdict.UNKNOWN, "")
        self._asking = asking

    @property
    def text(self) -> str:
        """What is not known, and what would follow."""
        if self._asking.verdict is Verdict.UNKNOWN:
            return f"{self._asking.text}; and {_POLICY_NOT_SHOWN}"
        return f"{_POLICY_NOT_SHOWN}; if it does: {self._asking.verdict.value}, {self._asking.text}"

    @property
    def settles(self) -> tuple[Settles, ...]:
        """What would decide it, where it is unknown: all of these together."""
        return (*filter(None, [DNS_POLICY.settle]), *self._asking.settles)

    @property
    def fates(self) -> tuple[Fate, ...]:
        """Request and reply for each ready endpoint, were it asked."""
        return self._asking.fates

    @property
    def outcomes(self) -> Sequence[tuple[str | None, Outcome, Outcome]]:
        """For each ready endpoint: its node, and what would become of request and reply."""
        return self._asking.outcomes


class PodPath:
    """One pod's verdict: `verdict`, `text`, `basis`, and its `fates`, one per ready endpoint, shared by its group."""

    __slots__ = ("_pods", "group", "place")

    def __init__(self, pods: Sequence[PodFact], place: int, group: PathGroup) -> None:
        """The path of one of `pods`, at its place there."""
        self._pods, self.place, self.group = pods, place, group

    @property
    def pod(self) -> PodFact:
        """The pod."""
        return self._pods[self.place]

    @property
    def verdict(self) -> Verdict:
        """What its lookups come to."""
        return self.group.verdict

    @property
    def text(self) -> str:
        """Why."""
        return self.group.text

    @property
    def basis(self) -> str:
        """What the verdict rests on: `observed` records, a table `predicted` from Calico's rules, or `none`."""
        return self.group.basis

    @property
    def fates(self) -> tuple[Fate, ...]:
        """Request and reply for each ready endpoint, walked hop by hop when they are first asked for."""
        return self.group.fates


class PodPaths(Sequence[PodPath]):
    """The paths of all pods that are not finished, by namespace and name; each is made when it is asked for."""

    def __init__(self, pods: Sequence[PodFact], order: Sequence[int], groups: Sequence[PathGroup]) -> None:
        """Paths of `pods` in an order of their places, with the group of each."""
        self._pods, self._order, self.groups = pods, order, groups

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, key: int) -> PodPath: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[PodPath]: ...
    def __getitem__(self, key: int | slice) -> PodPath | Sequence[PodPath]:
        if isinstance(key, slice):
            return PodPaths(self._pods, self._order[key], self.groups[key])
        return PodPath(self._pods, self._order[key], self.groups[key])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) == 0

    __hash__ = None  # type: ignore[assignment]
