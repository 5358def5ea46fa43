"""What the analyzer says of a bundle against what was measured: every decided request, reply and verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from calico_bundle.bundle import read_bundle
from calico_bundle.diagnosis import diagnose
from calico_bundle.network.outcome import Outcome, Walk
from calico_bundle.paths import DnsPaths, Fate, PodPath, Verdict
from tests.lab import topology, truth
from tests.lab.truth import Measured, Picked, Truth


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something decided that the packets show otherwise."""

    what: str
    pod: str
    endpoint: str | None
    said: str
    seen: str
    hops: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """A few lines for a person."""
        far = f" and {self.endpoint}" if self.endpoint else ""
        return [
            f"{self.what} of {self.pod}{far}: said {self.said}; packets show {self.seen}",
            *(f"    {h}" for h in self.hops),
        ]


@dataclass(slots=True)
class Comparison:
    """The count of one bundle: what agreed, what did not, and why the rest was left open."""

    name: str
    agreed: int = 0
    unmeasured: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)
    open_reasons: Counter[str] = field(default_factory=Counter)

    @property
    def undecided(self) -> int:
        """How many requests, replies and verdicts the analyzer left open."""
        return self.open_reasons.total()


def compare(folder: Path) -> Comparison:
    """Read `bundle/`, `truth.json` and `scenario.json` of a folder that a run wrote, and compare."""
    return compare_bundle(
        folder / "bundle", topology.load(folder / "scenario.json").name, truth.load(folder / "truth.json")
    )


def compare_bundle(bundle: Path, name: str, measured: Truth) -> Comparison:
    """Analyze a bundle and compare what it comes to with a measurement."""
    return compare_paths(diagnose(read_bundle(bundle)).paths, name, measured)


def compare_paths(paths: DnsPaths, name: str, measured: Truth) -> Comparison:
    """Compare paths, seen or predicted, with a measurement."""
    found = Comparison(name)
    pairs = {(m.pod, m.endpoint_ip): m for m in measured.through_service}
    picked = {p.pod: p for p in measured.picked}
    for path in paths.pods:
        own = [pairs[key] for key in pairs if key[0] == path.pod.name]
        _compare_verdict(found, path, own, picked.get(path.pod.name))
        for fate in path.fates:
            _compare_fate(found, path.pod.name, fate, pairs.get((path.pod.name, str(fate.endpoint.ip))))
    return found


def _compare_fate(found: Comparison, pod: str, fate: Fate, measured: Measured | None) -> None:
    if measured is None:
        found.disagreements.append(Disagreement("fate", pod, str(fate.endpoint.ip), "an endpoint", "no such endpoint"))
        return
    # The node that only the far end's own translation can tell apart: a pod that asks itself.
    for what, walk, seen in (("request", fate.request, measured.request), ("reply", fate.reply, measured.reply)):
        if walk.outcome is Outcome.UNKNOWN:
            found.open_reasons[f"{what}: {_why(walk)}"] += 1
        elif seen is None:
            found.unmeasured += 1
        elif (walk.outcome is Outcome.DELIVERED) == seen:
            found.agreed += 1
        else:
            text = f"{'delivered' if seen else 'lost'} (source {measured.source})"
            found.disagreements.append(
                Disagreement(what, pod, measured.endpoint, walk.outcome.value, text, tuple(_told(walk)))
            )


def _compare_verdict(found: Comparison, path: PodPath, own: Sequence[Measured], picked: Picked | None) -> None:
    if path.verdict is Verdict.NOT_APPLICABLE:
        return
    if path.verdict is Verdict.UNKNOWN:
        found.open_reasons[f"verdict: {path.text}"] += 1
        return
    answered = sum(m.answered for m in own)
    seen = Verdict.BROKEN if not answered else Verdict.REACHES if answered == len(own) else Verdict.DEGRADED
    tries = (
        f"{answered} of {len(own)} endpoints answer, {picked.answered} of {picked.sent} tries" if picked else "no tries"
    )
    if path.verdict is seen and _fits(seen, picked):
        found.agreed += 1
    else:
        found.disagreements.append(
            Disagreement("verdict", path.pod.name, None, path.verdict.value, f"{seen.value}: {tries}", (path.text,))
        )


def _fits(verdict: Verdict, picked: Picked | None) -> bool:
    """Whether the service that picks by itself shows the same; for a degraded pod either luck is possible."""
    if picked is None or verdict is Verdict.DEGRADED:
        return True
    return picked.answered == (picked.sent if verdict is Verdict.REACHES else 0)


def _why(walk: Walk) -> str:
    return walk.cause.text if walk.cause else "no cause given"


def _told(walk: Walk) -> Iterator[str]:
    for hop in walk.hops:
        yield " | ".join(str(part) for part in (hop.node, hop.does, hop.rule, hop.found) if part)
    if walk.cause:
        yield f"because {walk.cause.why.value}: {walk.cause.text}"
