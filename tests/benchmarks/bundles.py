"""Generated bundles to measure with, what is run of each, and what is asked of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.jobs import pods_beside
from tests.benchmarks.processes import ROOT, Job, Taken, command, environment, job

LOADED = ("small", "medium")
"""Of these PyYAML loads the pods file; of the others what it would take is reckoned from the last."""

WHOLE, FLOOR, PODS = "whole command", "decompression alone", "pods alone"
LOADER, LOADER_OFF = "CSafeLoader, pods alone", "the same, collector off"

TIMES_FASTER: Mapping[str, int] = {"medium": 30, "large": 200}
"""The goals of the whole command beside PyYAML's C loader on the pods file alone."""

MOST_TIMES_FLOOR: Mapping[str, int] = {"xl": 6}
"""The goals of the whole command beside decompression alone."""

PODS_TIMES_FASTER: Mapping[str, int] = {LOADER: 300, LOADER_OFF: 80}
"""The goals of reading the pods alone."""


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


def times(one: Taken, share: float) -> Taken:
    """What as much again, or a part of it, would take."""
    return Taken(one.cpu * share, one.clock * share, one.megabytes * share)
