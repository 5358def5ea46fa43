"""Where the time of a whole analysis goes, and what the floor of each part is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.bundles import (
    FLOOR,
    LOADED,
    LOADER,
    LOADER_OFF,
    MOST_TIMES_FLOOR,
    PODS,
    PODS_TIMES_FASTER,
    TIMES_FASTER,
    WHOLE,
    Input,
    check,
    jobs_of,
    make,
)
from tests.benchmarks.page import table
from tests.benchmarks.processes import Taken, medians, ran, timed_run
from tests.benchmarks.timed_run import DECOMPRESSION, FREED, REST, TAR

_READING = (DECOMPRESSION, TAR)
_PODS, _LOADER = "pods", "CSafeLoader on the pods"


@dataclass(frozen=True, slots=True)
class Floor:
    """What one part reads, and the seconds to cut that into lines and to run over each with an expression."""

    files: int = 0
    bytes: int = 0
    split: float = 0.0
    expression: float = 0.0

    def __add__(self, other: Floor) -> Floor:
        """Both together."""
        return Floor(
            self.files + other.files,
            self.bytes + other.bytes,
            self.split + other.split,
            self.expression + other.expression,
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """One analysis: seconds of CPU of each part, floors of those that read, and how much there was."""

    seconds: Mapping[str, float]
    floors: Mapping[str, Floor]
    decompression: float
    nodes: int
    pods: int
    pairs: int
    walked: int

    @property
    def total(self) -> float:
        """The whole analysis."""
        return sum(self.seconds.values())

    @property
    def read(self) -> float:
        """What reading took, behind decompression and the tar."""
        return sum(self.seconds[part] for part in self.floors)

    @property
    def floor(self) -> Floor:
        """The floor of all text."""
        return sum(self.floors.values(), Floor())


def read_parts(told: Mapping[str, Any], cpu: float) -> Parts:
    """What one run told; `cpu` is all that the kernel saw it use, with the end of the process."""
    seconds = dict(told["parts"])
    seconds[FREED] = seconds.get(FREED, 0.0) + cpu - told["until"]
    floors = {part: Floor(**floor) for part, floor in told["read"].items()}
    counts = {name: told[name] for name in ("decompression", "nodes", "pods", "pairs", "walked")}
    return Parts(seconds, floors, **counts)


def parts(sizes: Sequence[str], rounds: int, folder: Path) -> str:
    """The tables of the parts of some sizes, and of what the goals leave for them."""
    bundles = {name: make(name, [name], folder) for name in dict.fromkeys((LOADED[-1], *sizes))}
    for bundle in bundles.values():
        check(bundle)
    jobs = {}
    for name, bundle in bundles.items():
        jobs |= jobs_of(name, bundle, loaded=name == LOADED[-1])
    found: dict[str, list[Parts]] = {name: [] for name in sizes}
    for _ in range(rounds):
        for name in sizes:
            found[name].append(_measured(bundles[name]))
    taken = medians(jobs, rounds)
    chosen = {name: _middle(runs) for name, runs in found.items()}
    texts = [_of_size(name, bundles[name], one, taken) for name, one in chosen.items()]
    return "\n".join([*texts, goals(chosen, taken, bundles)])


def _measured(bundle: Input) -> Parts:
    said, taken = ran(timed_run(bundle.path))
    return read_parts(json.loads(said), taken.cpu)


def _middle(runs: Sequence[Parts]) -> Parts:
    """The run that is the median by its total: one run, of which the parts fit together."""
    return sorted(runs, key=lambda run: run.total)[len(runs) // 2]


def _of_size(name: str, bundle: Input, one: Parts, taken: Mapping[str, Taken]) -> str:
    whole = taken[f"{name}: {WHOLE}"].cpu
    head = (
        f"**{name}**: {bundle.bytes / 1e6:,.0f} MB of text in {bundle.files:,} files, {one.nodes:,} nodes, {one.pods:,} "
        f"pods. {one.pairs:,} pairs of a pod and a DNS endpoint are decided by walking {one.walked:,}. All parts "
        f"together take {one.total:.2f} s of CPU; the command without a clock on its parts took {whole:.2f} s.\n"
    )
    return "\n".join((head, reading(one), others(one)))


# --- tables -------------------------------------------------------------------------------------------------------------


def reading(one: Parts) -> str:
    """What reading takes, beside its floors."""
    every = one.floor
    first = [
        ("", every.bytes, DECOMPRESSION, f"{_shown(one.decompression)} (isal alone)", "", ""),
        (every.files, every.bytes, TAR, "", "", ""),
    ]
    rows = [_row(one, part, files, size, *cells) for files, size, part, *cells in first]
    ordered = sorted(one.floors, key=lambda part: -one.seconds[part])
    rows += [
        _row(one, part, (f := one.floors[part]).files, f.bytes, *_beside(one.seconds[part], f)) for part in ordered
    ]
    rows.append(_cells("all kinds of files", one.read, one.total, every.files, every.bytes, *_beside(one.read, every)))
    lines = ("floor: lines cut, s", "floor: one expression, s", "passes of it")
    return table(("part", "files", "text, MB", "CPU, s", "share", "MB per s", *lines), rows)


def _row(one: Parts, part: str, files: object, size: int, *cells: str) -> Sequence[str]:
    return _cells(part, one.seconds[part], one.total, files, size, *cells)


def _cells(part: str, seconds: float, total: float, files: object, size: int, *cells: str) -> Sequence[str]:
    speed = f"{size / seconds / 1e6:,.0f}" if seconds else ""
    return (part, f"{files:,}" if files else "", f"{size / 1e6:,.1f}", *_spent(seconds, total), speed, *cells)


def _spent(seconds: float, total: float) -> tuple[str, str]:
    return _shown(seconds), f"{seconds / total:.1%}"


def _beside(seconds: float, floor: Floor) -> tuple[str, str, str]:
    passes = f"{seconds / floor.expression:.1f}" if floor.expression else ""
    return _shown(floor.split), _shown(floor.expression), passes


def _shown(seconds: float) -> str:
    return f"{seconds:.2f}" if abs(seconds) >= 1 else f"{seconds:.3f}"


def others(one: Parts) -> str:
    """What each part takes, by node and by pod; reading the files put together."""
    apart = {*one.floors, *_READING, REST}
    known = sorted((part for part in one.seconds if part not in apart), key=lambda part: -one.seconds[part])
    rows = [_by_count(one, part, one.seconds[part]) for part in _READING]
    rows.append(_by_count(one, "reading pods", one.seconds[_PODS]))
    rows.append(_by_count(one, "reading all other kinds", one.read - one.seconds[_PODS]))
    rows += [_by_count(one, part, one.seconds[part]) for part in (*known, REST)]
    rows.append(_by_count(one, "the whole command", one.total))
    return table(("part", "CPU, s", "share", "µs per node", "µs per pod"), rows)


def _by_count(one: Parts, part: str, seconds: float) -> Sequence[str]:
    each = (1e6 * seconds / count if count else 0.0 for count in (one.nodes, one.pods))
    return (part, *_spent(seconds, one.total), *(f"{cost:,.1f}" for cost in each))


# --- what the goals leave -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Goal:
    """Seconds that a goal allows and that were taken, how many of these are not for the text, and the text's floor."""

    what: str
    size: str
    allowed: float
    taken: float
    besides: float
    floor: Floor

    @property
    def left(self) -> float:
        """What the goal leaves for the text, if everything else stays as it is."""
        return self.allowed - self.besides

    @property
    def comes_to(self) -> str:
        """What that is in passes over each line."""
        if self.taken <= self.allowed:
            return "met"
        if self.left <= 0:
            return "missed without reading any text"
        if self.left < self.floor.split:
            return "less than cutting the lines"
        if self.left < self.floor.expression:
            return "less than one pass"
        return f"{self.left / self.floor.expression:.1f} passes; {self._passes:.1f} are made"

    @property
    def _passes(self) -> float:
        return (self.taken - self.besides) / self.floor.expression


def goals(found: Mapping[str, Parts], taken: Mapping[str, Taken], bundles: Mapping[str, Input]) -> str:
    """For each goal of a size: the seconds it allows, and what it leaves for reading the text."""
    rows = [_goal(goal, one.pods) for name, one in found.items() for goal in _goals_of(name, one, taken, bundles)]
    head = ("goal", "size", "allowed, s", "µs per pod", "taken, s", "µs per pod", "not for text, s", "left for text, s")
    return table((*head, "floor: lines cut, s", "floor: one expression, s", "what is left"), rows)


def _goals_of(name: str, one: Parts, taken: Mapping[str, Taken], bundles: Mapping[str, Input]) -> list[Goal]:
    share = bundles[name].pods_bytes / bundles[LOADED[-1]].pods_bytes
    load = {what: taken[f"{LOADED[-1]}: {what}"].cpu * share for what in (LOADER, LOADER_OFF)}
    found = []
    allowed: dict[str, float] = {}
    if name in TIMES_FASTER:
        allowed[f"command, {TIMES_FASTER[name]}x {_LOADER}"] = load[LOADER] / TIMES_FASTER[name]
    if name in MOST_TIMES_FLOOR:
        floor = taken[f"{name}: {FLOOR}"].cpu
        allowed[f"command, {MOST_TIMES_FLOOR[name]} times decompression"] = floor * MOST_TIMES_FLOOR[name]
    whole = one.total
    found += [Goal(what, name, most, whole, whole - one.read, one.floor) for what, most in allowed.items()]
    for what, asked in PODS_TIMES_FASTER.items():
        said = f"pods alone, {asked}x {_LOADER if what == LOADER else 'the same, its collector off'}"
        pods = taken[f"{name}: {PODS}"].cpu
        found.append(Goal(said, name, load[what] / asked, pods, 0.0, one.floors[_PODS]))
    return found


def _goal(goal: Goal, pods: int) -> tuple[str, ...]:
    seconds = (goal.besides, goal.left, goal.floor.split, goal.floor.expression)
    each = (text for spent in (goal.allowed, goal.taken) for text in (_shown(spent), f"{1e6 * spent / pods:,.1f}"))
    return (goal.what, goal.size, *each, *map(_shown, seconds), goal.comes_to)
