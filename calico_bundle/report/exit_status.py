"""The exit status: decided here and nowhere else, so that every format gives the same one."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal

from calico_bundle.errors import UsageError
from calico_bundle.report import View

FailOn = Literal["error", "warning", "info", "never"]

FAIL_ON: tuple[FailOn, ...] = ("error", "warning", "info", "never")
"""What `--fail-on` takes, the highest severity first."""

_SEVERITY_RANK = {"error": 0, "warning": 1, "info": 2}


class ExitStatus(IntEnum):
    """What the command tells the script that called it."""

    NOTHING_FOUND = 0
    FOUND = 1
    UNUSABLE = 2
    INCONCLUSIVE = 3
    DEFECT = 70
    INTERRUPTED = 130
    """128 + SIGINT, as a shell has it."""
    PIPE_CLOSED = 141
    """128 + SIGPIPE: the reader went away before it was known what to tell it."""


def exit_status(report: View, fail_on: str = "error") -> int:
    """Decide the exit status of a report: 1 for a finding at or above `fail_on`, else 3 when inconclusive, else 0.

    With `never` no finding counts; an inconclusive verdict still gives 3, because nothing was found is not the same
    as nothing could be looked at. Raises `UsageError` for another word.

    >>> exit_status({"findings": [{"severity": "warning"}], "verdict": {"status": "at-risk"}})
    0
    >>> exit_status({"findings": [{"severity": "warning"}], "verdict": {"status": "at-risk"}}, "warning")
    1
    >>> exit_status({"findings": [], "verdict": {"status": "inconclusive"}}, "never")
    3
    """
    if fail_on not in FAIL_ON:
        from calico_bundle.names import did_you_mean

        raise UsageError(f"fail_on={fail_on!r}: {did_you_mean(fail_on, FAIL_ON)}")
    if any(_counts(finding, fail_on) for finding in report["findings"]):
        return ExitStatus.FOUND.value
    if report["verdict"]["status"] == "inconclusive":
        return ExitStatus.INCONCLUSIVE.value
    return ExitStatus.NOTHING_FOUND.value


def trace_exit_status(trace: View) -> int:
    """Decide the exit status of one path: 0 when it reaches, 1 when broken or degraded, 3 when unknown.

    A pod that does not use cluster DNS (`not-applicable`) gives 0: there is nothing that fails.

    >>> trace_exit_status({"verdict": "degraded"})
    1
    """
    statuses = {
        "reaches": ExitStatus.NOTHING_FOUND,
        "not-applicable": ExitStatus.NOTHING_FOUND,
        "broken": ExitStatus.FOUND,
        "degraded": ExitStatus.FOUND,
    }
    return statuses.get(trace["verdict"], ExitStatus.INCONCLUSIVE).value


def _counts(finding: dict[str, Any], fail_on: str) -> bool:
    return fail_on in _SEVERITY_RANK and _SEVERITY_RANK[finding["severity"]] <= _SEVERITY_RANK[fail_on]
