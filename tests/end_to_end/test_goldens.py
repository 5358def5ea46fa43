"""Golden reports of some stories, the schema on all of them, and the same bytes on every run.

`pytest tests/end_to_end --update-goldens` writes the files anew; what changed is then to be read like any other change.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import calico_bundle as cb
from calico_bundle.report import json as json_report
from tests.stories import Story, load_stories, story

Analyzed = Callable[[Story], cb.Analysis]
GOLDENS = Path(__file__).with_name("goldens")
REPOSITORY = Path(__file__).resolve().parents[2]
CHOSEN = (
    "incident",
    "incident-by-hand",
    "vxlan",
    "duplicate-address",
    "blocked-port",
    "routed-racks",
    "incident-troubleshoot",
)
REPORT = jsonschema.Draft202012Validator(json_report.schema())
TRACE = jsonschema.Draft202012Validator(json_report.schema("trace_schema"))
every_story = pytest.mark.parametrize("told", load_stories(), ids=lambda s: s.name)


def check(path: Path, text: str, *, update: bool) -> None:
    """Compare with a golden file byte by byte, or write it."""
    if update:
        path.write_bytes(text.encode("utf-8"))
    assert path.exists(), f"{path.name} is not there: run pytest tests/end_to_end --update-goldens"
    assert text == path.read_bytes().decode("utf-8")


def without_version(report: dict[str, Any]) -> dict[str, Any]:
    """A new version of the program alone is no change of a report."""
    return {**report, "tool": {**report["tool"], "version": "VERSION"}}


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", CHOSEN)
def test_text_is_as_it_was_read(name: str, width: int, analyzed: Analyzed, update_goldens: bool):
    check(GOLDENS / f"{name}.{width}.txt", analyzed(story(name)).to_text(width=width), update=update_goldens)


@pytest.mark.parametrize("name", CHOSEN)
def test_json_is_as_it_was_read(name: str, analyzed: Analyzed, update_goldens: bool):
    text = json_report.render(without_version(analyzed(story(name)).report()))
    check(GOLDENS / f"{name}.json", text, update=update_goldens)


def test_trace_is_as_it_was_read(analyzed: Analyzed, update_goldens: bool):
    trace = analyzed(story("incident")).trace("shop/cart-7d9f6c5b84-x2k4q")
    check(GOLDENS / "incident.trace.json", json_report.render_trace(trace), update=update_goldens)


def test_no_golden_is_left_over():
    known = {f"{name}.{ending}" for name in CHOSEN for ending in ("80.txt", "100.txt", "json")} | {
        "incident.trace.json"
    }
    assert {p.name for p in GOLDENS.iterdir()} == known


@pytest.mark.parametrize("width", [80, 100])
@every_story
def test_text_fits_its_width(told: Story, width: int, analyzed: Analyzed):
    """Commands and paths are never broken, for what is broken cannot be pasted; all else fits."""
    lines = analyzed(told).to_text(width=width).splitlines()
    copied = ("kubectl", "ssh", "sudo", "-->")
    assert not [line for line in lines if len(line) > width and not line.lstrip().startswith(copied)]
    assert not [line for line in lines if line != line.rstrip()]


def test_schemas_are_schemas():
    for validator in (REPORT, TRACE):
        jsonschema.Draft202012Validator.check_schema(validator.schema)


@every_story
def test_report_fits_the_schema(told: Story, analyzed: Analyzed):
    for paths in ("all", "broken", "none"):
        report = json.loads(json_report.render(analyzed(told).report(paths=paths)))
        REPORT.validate(report)


@every_story
def test_traces_fit_the_schema(told: Story, analyzed: Analyzed):
    analysis = analyzed(told)
    pods = [f"{p['namespace']}/{p['pod']}" for p in analysis.report()["paths"]]
    ways = [(pod, to) for pod in pods for to in ("dns", "8.8.8.8", pods[0])]
    for source, to in ways + [(node, "dns") for node in analysis.diagnosis.cluster.nodes]:
        trace = json.loads(json_report.render_trace(analysis.trace(source, to)))
        TRACE.validate(trace)


RENDER_ALL = """
import hashlib, io, sys
import calico_bundle as cb
from calico_bundle.report import json as json_report
from tests.stories import load_stories
for told in load_stories():
    analysis = cb.analyze(str(told.path) if told.path else io.BytesIO(told.archive()))
    text = json_report.render(analysis.report()) + analysis.to_text(width=80)
    print(told.name, hashlib.sha256(text.encode()).hexdigest())
"""


def rendered(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    run = [sys.executable, "-c", RENDER_ALL]
    return subprocess.run(run, cwd=REPOSITORY, env=environment, check=True, capture_output=True, text=True).stdout


def test_bytes_are_the_same_in_every_process(analyzed: Analyzed):
    first, second = rendered("1"), rendered("4711")
    assert first == second
    told = story("incident")
    text = json_report.render(analyzed(told).report()) + analyzed(told).to_text(width=80)
    assert f"incident {hashlib.sha256(text.encode()).hexdigest()}" in first.splitlines()
    assert len(first.splitlines()) == len(load_stories())
