"""Processes that are measured: what each took of CPU, clock and memory, run in turns so that none has the busy moments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
_FOUND_BROKEN = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of CPU (user and system) and of the clock, and the most memory that was held, in MB."""

    cpu: float
    clock: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Job:
    """A command to measure; where it `measures_itself`, its seconds are those that it prints. `ends`: its exit statuses."""

    words: tuple[str, ...]
    measures_itself: bool = False
    ends: tuple[int, ...] = (0, _FOUND_BROKEN)


def job(name: str, path: Path) -> Job:
    """One of `tests.benchmarks.jobs`."""
    return Job(("-m", "tests.benchmarks.jobs", name, str(path)), measures_itself=True)


def timed_run(path: Path) -> Job:
    """The command with a clock on its parts."""
    return Job(("-m", "tests.benchmarks.timed_run", str(path)), measures_itself=True)


def command(*words: str) -> Job:
    """The command of this project."""
    return Job(("-m", "calico_bundle", *words))


def medians(jobs: Mapping[str, Job], rounds: int) -> dict[str, Taken]:
    """Run every job once per round, in turns; the median of each."""
    taken: dict[str, list[Taken]] = {name: [] for name in jobs}
    for number in range(rounds):
        sys.stderr.write(f"round {number + 1} of {rounds}: {', '.join(jobs)}\n")
        for name, one in jobs.items():
            taken[name].append(run(one))
    return {name: _median(found) for name, found in taken.items()}


@cache
def _compiled() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def environment() -> dict[str, str]:
    """That of a process which is measured: this project first, and compiled, as an installed package is."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": _compiled().name}


def run(one: Job) -> Taken:
    """Run a job and measure it."""
    said, taken = ran(one)
    if not one.measures_itself:
        return taken
    told = json.loads(said)
    return Taken(told["cpu"], told["clock"], taken.megabytes)


def ran(one: Job) -> tuple[bytes, Taken]:
    """Run a job: what it printed, and what the kernel says that it took from its start to its end.

    The memory counted by the kernel begins with that of the process that started it, so nothing large is done here.
    """
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, *one.words], stdout=subprocess.PIPE, cwd=ROOT, env=environment()) as process:
        said = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    clock = time.perf_counter() - began
    if process.returncode not in one.ends or (one.measures_itself and process.returncode):
        raise SystemExit(f"{' '.join(one.words)}: exit status {process.returncode}")
    megabytes = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    return said, Taken(used.ru_utime + used.ru_stime, clock, megabytes)


def _median(found: Sequence[Taken]) -> Taken:
    return Taken(
        median(one.cpu for one in found), median(one.clock for one in found), median(one.megabytes for one in found)
    )
