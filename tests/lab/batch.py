"""Several scenarios, a few at a time, each in a process of its own that has a time limit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab import topology
from tests.lab.compare import Comparison, compare
from tests.lab.namespaces import sweep
from tests.lab.topology import Scenario

_TIME_LIMIT = 90
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario's comparison, or why there is none."""

    name: str
    comparison: Comparison | None
    error: str | None


def run_all(
    scenarios: Sequence[Scenario], out: Path, *, jobs: int = 3, told: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Run and compare; the results in the order of the scenarios. `told` gets each as it comes."""
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        results = []
        for result in pool.map(lambda scenario: _one(scenario, out / scenario.name), scenarios):
            told(result)
            results.append(result)
    sweep()
    return results


def _one(scenario: Scenario, folder: Path) -> Result:
    plan = folder.with_suffix(".json")
    topology.save(scenario, plan)
    command = [sys.executable, "-m", "tests.lab", "one", str(plan), str(folder)]
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Result(scenario.name, None, f"took more than {_TIME_LIMIT} s")
    if done.returncode:
        return Result(scenario.name, None, " ".join(done.stderr.split()[-60:]))
    return Result(scenario.name, compare(folder), None)
