"""JUnit, read back by a reader that knows nothing of this project."""

from __future__ import annotations

import copy

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.report import Style
from calico_bundle.report.junit import render
from tests.report import hand_made
from tests.report.hand_made import Made


def cases(report: Made) -> dict[str, junitparser.TestCase]:
    read = junitparser.JUnitXml.fromstring(render(report, Style()).encode())
    return {case.name: case for suite in read for case in suite}


def kind(case: junitparser.TestCase) -> str:
    return type(case.result[0]).__name__ if case.result else "passed"


def test_an_error_fails_a_warning_passes_a_skipped_check_is_skipped():
    found = cases(hand_made.broken_report())
    assert {name: kind(case) for name, case in found.items()} == {
        "verdict cluster": "Failure",
        "CB101 wrong-bgp-source-ip node/node-2": "Failure",
        "CB303 dns-single-node service/kube-system/kube-dns": "passed",
        "CB302 dns-no-ready-endpoints cluster": "passed",
        "CB401 policy-denies-dns cluster": "Skipped",
    }
    assert found["CB401 policy-denies-dns cluster"].result[0].message == "no network policy is in the bundle"
    assert "192.168.50.12" in found["CB101 wrong-bgp-source-ip node/node-2"].result[0].text


def test_a_check_that_found_nothing_where_not_all_was_judged_does_not_pass():
    made = hand_made.healthy_report()
    made["checks"][0] |= {"status": "open", "reason": "3 of 40 paths could not be judged"}
    assert kind(cases(made)["CB302 dns-no-ready-endpoints cluster"]) == "Skipped"


@pytest.mark.parametrize(
    "make, outcome", [(hand_made.healthy_report, "passed"), (hand_made.inconclusive_report, "Skipped")]
)
def test_the_verdict_is_a_case(make, outcome):
    assert kind(cases(make())["verdict cluster"]) == outcome


def test_what_could_not_be_judged_is_skipped():
    made = hand_made.inconclusive_report()
    made["checks"].append(hand_made.check("CB901", "bundle-incomplete", "warning", "found"))
    made["findings"] = [hand_made.finding(code="CB901", severity="warning", subject="bundle")]
    assert kind(cases(made)["CB901 bundle-incomplete bundle"]) == "Skipped"


def test_the_counts_are_those_of_the_cases():
    read = junitparser.JUnitXml.fromstring(render(hand_made.broken_report(), Style()).encode())
    assert (read.tests, read.failures, read.skipped, read.errors) == (5, 2, 1, 0)


@given(st.text())
def test_any_text_is_data(text: str):
    made = copy.deepcopy(hand_made.broken_report())
    made["findings"][0] |= {"message": text, "subject": f"pod/{text}/x"}
    made["verdict"]["headline"] = text
    found = [case for case in cases(made).values() if case.classname == "calico_bundle.CB101"]
    assert len(found) == 1
    told = found[0].result[0].text
    shown = "".join(c if c.isprintable() or c in "\t\n" else "?" for c in text)
    assert all(word in told for word in shown.split() if word.isascii() and "?" not in word)
