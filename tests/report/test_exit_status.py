"""The exit status, row by row of the contract's table."""

import pytest

from calico_bundle.errors import UsageError
from calico_bundle.report.exit_status import FAIL_ON, exit_status, trace_exit_status


def report(*severities: str, status: str = "healthy") -> dict:
    return {"findings": [{"severity": severity} for severity in severities], "verdict": {"status": status}}


@pytest.mark.parametrize(
    "severity, failing",
    [
        ("error", {"error", "warning", "info"}),
        ("warning", {"warning", "info"}),
        ("info", {"info"}),
    ],
)
@pytest.mark.parametrize("fail_on", FAIL_ON)
def test_a_finding_counts_from_its_severity_on(severity, failing, fail_on):
    assert exit_status(report(severity, status="broken"), fail_on) == (1 if fail_on in failing else 0)


@pytest.mark.parametrize("fail_on", FAIL_ON)
def test_without_findings_it_is_the_verdict_that_decides(fail_on):
    assert exit_status(report(), fail_on) == 0
    assert exit_status(report(status="inconclusive"), fail_on) == 3


def test_a_finding_outranks_an_inconclusive_verdict_and_a_lesser_one_does_not():
    assert exit_status(report("error", status="inconclusive")) == 1
    assert exit_status(report("warning", status="inconclusive")) == 3
    assert exit_status(report("error", status="inconclusive"), "never") == 3


def test_broken_with_every_finding_ignored_is_no_finding():
    assert exit_status(report(status="broken")) == 0


def test_another_word_is_an_error_even_when_there_is_nothing_to_compare():
    with pytest.raises(UsageError, match="did you mean 'warning'"):
        exit_status(report(), "warnings")


@pytest.mark.parametrize(
    "verdict, status",
    [("reaches", 0), ("not-applicable", 0), ("degraded", 1), ("broken", 1), ("unknown", 3)],
)
def test_a_trace_has_its_own(verdict, status):
    assert trace_exit_status({"verdict": verdict}) == status
