"""Every kind of hostile input: no crash, no hang, little memory, the good file beside it read, and the bad one told."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import calico_bundle as cb
from calico_bundle.facts import NodeFact
from tests.hostile.inputs import GOOD_NODE, LARGE_INPUTS, SMALL_INPUTS

ROOT = Path(__file__).parents[2]
MOST_BYTES = 1 << 30
MOST_REPORT_BYTES = 1 << 20
LISTED_FILE_BYTES = 256
# Far above what it takes: to end a test that hangs.
MOST_SECONDS = 240


@pytest.mark.parametrize("name", SMALL_INPUTS)
def test_small_input(name: str):
    analysis = cb.analyze(io.BytesIO(SMALL_INPUTS[name].make()))
    artifacts = analysis.bundle.artifacts
    assert [fact.name for artifact in artifacts for fact in artifact.parsed.of(NodeFact)].count(GOOD_NODE) == 1
    gaps = [*analysis.bundle.gaps, *(gap for artifact in artifacts for gap in artifact.parsed.gaps)]
    told = SMALL_INPUTS[name].told
    assert not gaps if told is None else any(told in gap.message for gap in gaps), gaps
    assert len(analysis.to_text()) < MOST_REPORT_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("names", [list(LARGE_INPUTS)[:6], list(LARGE_INPUTS)[6:]], ids=["bombs", "lines"])
def test_large_input_in_a_process_of_its_own(names: list[str]):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hostile.run_all", *names],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    reports = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [report["name"] for report in reports] == names
    for report in reports:
        told = LARGE_INPUTS[report["name"]].told
        assert report["is_good_read"], report
        assert told is None or any(told in message for message in report["gaps"]), report
        # Every file is listed, with its path and what it was taken for.
        assert report["report_bytes"] < MOST_REPORT_BYTES + report["files"] * LISTED_FILE_BYTES, report["name"]
    assert reports[-1]["peak_bytes"] < MOST_BYTES, [(r["name"], r["peak_bytes"]) for r in reports]
