"""How long the command takes, how much memory it holds, and how that compares: one run, everything in turns.

    python -m tests.benchmarks.measure                        small and medium, three rounds
    python -m tests.benchmarks.measure --sizes medium large xl --rounds 5 --write
    python -m tests.benchmarks.measure --growth --write       what more nodes, pods and log lines cost
    python -m tests.benchmarks.measure --parts large xl --write   where the time goes, and the floor of each part

Compared are, each in a process of its own: the whole command; starting it, with Python and click alone; PyYAML's C loader
on the pods file alone, as it comes and with its garbage collector off (of large and xl not run, but reckoned from medium
by bytes: it would take minutes, and more memory than there is); decompression alone; and reading the pods alone. Ratios
are of seconds of CPU, which other work on the machine hardly changes. `--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

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
    times,
)
from tests.benchmarks.cluster import SIZES
from tests.benchmarks.page import PAGE, table, written
from tests.benchmarks.parts import parts
from tests.benchmarks.processes import Job, Taken, command, medians

LARGEST = "the largest that is measured"
PYTHON, CLICK, HELP, EXPLAIN = "`python -c pass`", '`python -c "import click"`', "`--help`", "`explain CB101`"

START_UP = {
    PYTHON: Job(("-c", "pass")),
    CLICK: Job(("-c", "import click")),
    HELP: command("--help"),
    EXPLAIN: command("explain", "CB101"),
}
_ROUNDS_OF_START_UP = 5
"""For each round of the rest: it is short, and so easily disturbed."""

# One at a time is changed, beside 100 nodes with 30 pods and 56 kB of log each.
GROWTH = {
    "nodes": (50, 100, 200, 400),
    "pods-per-node": (10, 20, 40, 60),
    "log-bytes": (0, 100_000, 400_000, 1_600_000),
}


# --- sizes --------------------------------------------------------------------------------------------------------------


def measure(sizes: Sequence[str], rounds: int, folder: Path) -> str:
    """The tables of several sizes."""
    wanted = [name for name in SIZES if name in sizes or (name == LOADED[-1] and set(sizes) - set(LOADED))]
    bundles = {name: make(name, [name], folder) for name in wanted}
    for bundle in bundles.values():
        check(bundle)
    jobs: dict[str, Job] = {}
    for name, bundle in bundles.items():
        jobs |= jobs_of(name, bundle, loaded=name in LOADED)
    start_up = medians(START_UP, rounds * _ROUNDS_OF_START_UP)
    taken = _by_size(medians(jobs, rounds))
    for name in set(taken) - set(LOADED):
        share = bundles[name].pods_bytes / bundles[LOADED[-1]].pods_bytes
        taken[name] |= {what: times(taken[LOADED[-1]][what], share) for what in (LOADER, LOADER_OFF)}
    parts = (_taken_from(rounds), _start_up(start_up), _seconds(bundles, taken), _ratios(bundles, taken, start_up))
    return "\n".join(parts)


def _by_size(taken: Mapping[str, Taken]) -> dict[str, dict[str, Taken]]:
    found: dict[str, dict[str, Taken]] = {}
    for name, one in taken.items():
        size, _, what = name.partition(": ")
        found.setdefault(size, {})[what] = one
    return found


def _taken_from(rounds: int) -> str:
    return f"{_machine(rounds)} `~`: reckoned from {LOADED[-1]} by bytes, not run.\n"


def _machine(rounds: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("click", "isal", "PyYAML"))
    how = f"Medians of {rounds} rounds" if rounds > 1 else "One round"
    return f"{how}, Python {platform.python_version()}, {os.cpu_count()} cores, {versions}."


def _start_up(taken: Mapping[str, Taken]) -> str:
    rows = [
        (what, f"{1000 * one.cpu:.0f} ms", f"{1000 * one.clock:.0f} ms", f"{one.cpu / taken[CLICK].cpu:.2f} x")
        for what, one in taken.items()
    ]
    return table(("start-up", "CPU", "clock", "beside click alone"), rows)


def _seconds(bundles: Mapping[str, Input], taken: Mapping[str, Mapping[str, Taken]]) -> str:
    rows = []
    for name, found in taken.items():
        for what, one in found.items():
            mark = "~" if what in (LOADER, LOADER_OFF) and name not in LOADED else ""
            read = bundles[name].pods_bytes if what in (PODS, LOADER, LOADER_OFF) else bundles[name].bytes
            cells = (f"{one.cpu:.2f}", f"{one.clock:.2f}", f"{one.megabytes:,.0f}", f"{read / one.cpu / 1e6:,.1f}")
            rows.append((name, _size(bundles[name]) if what == WHOLE else "", what, *(mark + cell for cell in cells)))
    return table(("size", "text", "what", "CPU, s", "clock, s", "peak memory, MB", "MB of text per s"), rows)


def _size(bundle: Input) -> str:
    return f"{bundle.bytes / 1e6:,.0f} MB, {bundle.files:,} files"


def _ratios(
    bundles: Mapping[str, Input], taken: Mapping[str, Mapping[str, Taken]], start_up: Mapping[str, Taken]
) -> str:
    """The goals, and what this run says of them."""

    def over(name: str, what: str, by: str) -> float:
        return taken[name][what].cpu / taken[name][by].cpu

    def memory(name: str) -> float:
        return taken[name][WHOLE].megabytes

    asked = [
        ("start-up (`--help`), times click alone", "", "<= 2", lambda _: start_up[HELP].cpu / start_up[CLICK].cpu),
        (
            "command, times faster than CSafeLoader on the pods",
            "medium",
            f">= {TIMES_FASTER['medium']}",
            lambda n: over(n, LOADER, WHOLE),
        ),
        ("the same", "large", f">= {TIMES_FASTER['large']}", lambda n: over(n, LOADER, WHOLE)),
        ("command, peak memory in MB", "large", "<= 200", memory),
        ("command, times decompression alone", "xl", f"<= {MOST_TIMES_FLOOR['xl']}", lambda n: over(n, WHOLE, FLOOR)),
        ("command, peak memory by bytes of text", "xl", "<= 0.10", lambda n: 1e6 * memory(n) / bundles[n].bytes),
        (
            "pods alone, times faster than CSafeLoader",
            LARGEST,
            f">= {PODS_TIMES_FASTER[LOADER]}",
            lambda n: over(n, LOADER, PODS),
        ),
        (
            "the same, its collector off",
            LARGEST,
            f">= {PODS_TIMES_FASTER[LOADER_OFF]}",
            lambda n: over(n, LOADER_OFF, PODS),
        ),
    ]
    rows = []
    for what, where, goal, ratio in asked:
        name = max(taken, key=list(SIZES).index) if where == LARGEST else where
        if not name or name in taken:
            got = ratio(name)
            rows.append((what, name, goal, f"{got:.2f}" if got < 10 else f"{got:.0f}", _met(got, goal)))
    return table(("goal", "size", "asked", "measured", "met"), rows)


def _met(got: float, goal: str) -> str:
    sign, asked = goal.split()
    return "yes" if (got <= float(asked) if sign == "<=" else got >= float(asked)) else "no"


# --- growth -------------------------------------------------------------------------------------------------------------


def growth(rounds: int, folder: Path) -> str:
    """What the whole command takes as one thing grows and the rest stays."""
    check(make("medium", ["medium"], folder))
    bundles = {
        (what, count): make(f"{what}-{count}", ["medium", f"--{what}", str(count)], folder)
        for what, counts in GROWTH.items()
        for count in counts
    }
    taken = medians({f"{what} {count}": command(str(found.path)) for (what, count), found in bundles.items()}, rounds)
    rows = []
    for (what, count), found in bundles.items():
        one = taken[f"{what} {count}"]
        cells = (f"{found.bytes / 1e6:,.0f}", f"{one.cpu:.2f}", f"{one.clock:.2f}", f"{one.megabytes:,.0f}")
        rows.append((what.replace("-", " "), f"{count:,}", *cells))
    head = ("what grows", "to", "text, MB", "CPU, s", "clock, s", "peak memory, MB")
    return f"{_machine(rounds)}\n\n{table(head, rows)}"


# --- the command --------------------------------------------------------------------------------------------------------


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", nargs="+", choices=SIZES, default=list(LOADED), metavar="SIZE", help=", ".join(SIZES)
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="vary nodes, pods and log bytes, one at a time, instead")
    parser.add_argument(
        "--parts", nargs="+", choices=SIZES, metavar="SIZE", help="measure the parts of an analysis of these, instead"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument(
        "--folder", type=Path, help="keep the bundles here for the next run (default: do not keep them)"
    )
    return parser.parse_args()


def _measured(given: argparse.Namespace, folder: Path) -> tuple[str, str]:
    """The place on the page, and what goes there."""
    if given.growth:
        return "growth", growth(given.rounds, folder)
    if given.parts:
        return "parts", f"{_machine(given.rounds)}\n\n{parts(given.parts, given.rounds, folder)}"
    return "sizes", measure(given.sizes, given.rounds, folder)


def main() -> None:
    """Measure, print, and write where asked."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as place:
        folder = (given.folder or Path(place)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        name, text = _measured(given, folder)
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")


if __name__ == "__main__":
    main()
