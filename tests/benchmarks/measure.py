"""How long the command takes, how much memory it holds, and how that compares: one run, everything in turns.

    python -m tests.benchmarks.measure                        small and medium, three rounds
    python -m tests.benchmarks.measure --sizes medium large xl --rounds 5 --write
    python -m tests.benchmarks.measure --growth --write       what more nodes, pods and log lines cost

Compared are, each in a process of its own: the whole command; starting it, with Python and click alone; PyYAML's C loader
on the pods file alone, as it comes and with its garbage collector off (of large and xl not run, but reckoned from medium
by bytes: it would take minutes, and more memory than there is); decompression alone; and reading the pods alone. Ratios
are of seconds of CPU, which other work on the machine hardly changes. `--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.cluster import SIZES
from tests.benchmarks.jobs import pods_beside
from tests.benchmarks.processes import ROOT, Job, Taken, command, environment, job, medians

PAGE = ROOT / "docs/performance.md"
LOADED = ("small", "medium")
"""Of these PyYAML loads the pods file; of the others what it would take is reckoned from the last."""

WHOLE, FLOOR, PODS = "whole command", "decompression alone", "pods alone"
LOADER, LOADER_OFF = "CSafeLoader, pods alone", "the same, collector off"
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


@dataclass(frozen=True, slots=True)
class Input:
    """A generated bundle and what is in it."""

    path: Path
    files: int
    bytes: int
    pods_bytes: int
    truth: dict[str, Any]


def make(name: str, words: Sequence[str], folder: Path) -> Input:
    """Generate a bundle, unless the folder has it; in a process of its own, whose memory does not count for others."""
    path, truth = folder / f"{name}.tar.gz", folder / f"{name}.json"
    if not truth.exists():
        sys.stderr.write(f"generating {name}\n")
        generator = [sys.executable, "-m", "tests.benchmarks.generate", *words, "--out", path, "--truth", truth]
        subprocess.run(generator, cwd=ROOT, check=True)
    found = json.loads(truth.read_text(encoding="utf-8"))
    return Input(path, found["members"], found["bytes"], found["pods_file"]["bytes"], found)


def check(bundle: Input) -> None:
    """Stop where the command does not find the truth: how fast a wrong answer comes is of no interest.

    This also compiles what is measured later.
    """
    words = [sys.executable, "-m", "calico_bundle", str(bundle.path), "-f", "json", "--paths", "none"]
    report = json.loads(subprocess.run(words, cwd=ROOT, env=environment(), check=False, stdout=subprocess.PIPE).stdout)
    wrong = [node["name"] for node in report["nodes"] if node["address_verdict"] == "wrong"]
    found = {"paths": report["dns"]["paths"], "wrong_nodes": wrong, "verdict": report["verdict"]["status"]}
    if found != {name: bundle.truth[name] for name in found}:
        raise SystemExit(f"{bundle.path.name}: the analysis does not find the truth, but {found}")


# --- sizes --------------------------------------------------------------------------------------------------------------


def jobs_of(name: str, bundle: Input, *, loaded: bool) -> dict[str, Job]:
    """What is run for one size, by its name."""
    pods = pods_beside(bundle.path)
    if not pods.exists():
        subprocess.run(
            [sys.executable, *job("extract_pods", bundle.path).words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
    jobs = {
        WHOLE: command(str(bundle.path)),
        FLOOR: job("decompress", bundle.path),
        PODS: job("read_pods", pods),
    }
    if loaded:
        jobs |= {LOADER: job("load_pods", pods), LOADER_OFF: job("load_pods_without_collector", pods)}
    return {f"{name}: {what}": one for what, one in jobs.items()}


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
        taken[name] |= {what: _times(taken[LOADED[-1]][what], share) for what in (LOADER, LOADER_OFF)}
    parts = (_taken_from(rounds), _start_up(start_up), _seconds(bundles, taken), _ratios(bundles, taken, start_up))
    return "\n".join(parts)


def _by_size(taken: Mapping[str, Taken]) -> dict[str, dict[str, Taken]]:
    found: dict[str, dict[str, Taken]] = {}
    for name, one in taken.items():
        size, _, what = name.partition(": ")
        found.setdefault(size, {})[what] = one
    return found


def _times(one: Taken, share: float) -> Taken:
    return Taken(one.cpu * share, one.clock * share, one.megabytes * share)


def _taken_from(rounds: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("click", "isal", "PyYAML"))
    return (
        f"Medians of {rounds} rounds, Python {platform.python_version()}, {os.cpu_count()} cores, {versions}. `~`: "
        f"reckoned from {LOADED[-1]} by bytes, not run.\n"
    )


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
        ("command, times faster than CSafeLoader on the pods", "medium", ">= 30", lambda n: over(n, LOADER, WHOLE)),
        ("the same", "large", ">= 200", lambda n: over(n, LOADER, WHOLE)),
        ("command, peak memory in MB", "large", "<= 200", memory),
        ("command, times decompression alone", "xl", "<= 6", lambda n: over(n, WHOLE, FLOOR)),
        ("command, peak memory by bytes of text", "xl", "<= 0.10", lambda n: 1e6 * memory(n) / bundles[n].bytes),
        ("pods alone, times faster than CSafeLoader", LARGEST, ">= 300", lambda n: over(n, LOADER, PODS)),
        ("the same, its collector off", LARGEST, ">= 80", lambda n: over(n, LOADER_OFF, PODS)),
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
    return f"{_taken_from(rounds).partition(' `~`')[0]}\n\n{table(head, rows)}"


# --- the command --------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table for a page, which reads as well in a terminal."""
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in (head, ["---"] * len(head), *rows))


def written(page: str, name: str, text: str) -> str:
    """A page with what stands between its marks written anew.

    >>> written("<!-- measured: sizes -->\\nold\\n<!-- end of sizes -->\\n", "sizes", "new")
    '<!-- measured: sizes -->\\nnew\\n<!-- end of sizes -->\\n'
    """
    marks = re.compile(rf"(?s)(<!-- measured: {name} -->\n).*?(<!-- end of {name} -->)")
    return marks.sub(lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", page)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", nargs="+", choices=SIZES, default=list(LOADED), metavar="SIZE", help=", ".join(SIZES)
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="vary nodes, pods and log bytes, one at a time, instead")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument(
        "--folder", type=Path, help="keep the bundles here for the next run (default: do not keep them)"
    )
    return parser.parse_args()


def main() -> None:
    """Measure, print, and write where asked."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as place:
        folder = (given.folder or Path(place)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        name = "growth" if given.growth else "sizes"
        text = growth(given.rounds, folder) if given.growth else measure(given.sizes, given.rounds, folder)
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")


if __name__ == "__main__":
    main()
