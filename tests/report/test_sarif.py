"""SARIF, held against the standard's own schema."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.report import Style
from calico_bundle.report.sarif import render
from tests.report import hand_made
from tests.report.hand_made import Made

# Made of the schema that OASIS publishes with the standard, its descriptions left out.
SCHEMA = jsonschema.Draft4Validator(json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text("utf-8")))
REPORTS = (
    hand_made.broken_report,
    hand_made.healthy_report,
    hand_made.inconclusive_report,
    hand_made.dual_stack_report,
)


def run_of(report: Made) -> dict[str, Any]:
    written = json.loads(render(report, Style()))
    SCHEMA.validate(written)
    return written["runs"][0]


@pytest.mark.parametrize("make", REPORTS)
def test_the_schema_accepts_it(make):
    assert run_of(make())["tool"]["driver"]["rules"]


def test_a_result_names_its_rule_and_the_line_inside_the_bundle():
    made = hand_made.broken_report()
    run = run_of(made)
    first, evidence = run["results"][0], made["findings"][0]["evidence"][0]
    place = first["locations"][0]["physicalLocation"]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "CB101"
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (evidence["path"], evidence["line"])
    assert first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "node/node-2"
    assert [r["level"] for r in run["results"]] == ["error", "warning"]


def test_what_was_not_looked_at_is_said():
    notes = [
        n["message"]["text"] for n in run_of(hand_made.broken_report())["invocations"][0]["toolExecutionNotifications"]
    ]
    assert "CB401 policy-denies-dns skipped: no network policy is in the bundle" in notes


@given(st.text(min_size=1))
def test_any_path_is_a_relative_reference(path: str):
    made = copy.deepcopy(hand_made.broken_report())
    made["findings"][0]["evidence"] = [hand_made.evidence(path, 1, path)]
    uri = run_of(made)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(' :<>"\\^`{|}?#')
