"""`date` in the forms of GNU coreutils and busybox, and must-gather's `timestamp`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.parsers import choose
from calico_bundle.parsers.date import parse
from calico_bundle.times import interval


@pytest.mark.parametrize(
    "printed",
    [
        "Mon Nov 23 16:03:21 UTC 2026",  # LC_ALL=C date -u
        "Mon Nov 23 04:03:21 PM UTC 2026",  # LC_TIME=en_US.UTF-8, glibc 2.29 and later
        "Mon 23 Nov 2026 04:03:21 PM UTC",  # the same, Debian and Ubuntu
        "Mon, 23 Nov 2026 17:03:21 +0100",  # date -R
        "2026-11-23T16:03:21+00:00",  # date --iso-8601=seconds
        "2026-11-23 16:03:21.103939201 +0000 UTC m=+0.034",  # Go's time.String(): must-gather
    ],
)
def test_one_moment_in_every_form(printed: str):
    parser = choose(printed + "\n")
    assert parser is not None
    assert parser.kind == "date"
    (fact,) = parser.parse(printed + "\n", "n1/date").facts
    ends = interval(fact.time)
    assert ends is not None
    assert [str(end.replace(microsecond=0)) for end in ends] == ["2026-11-23 16:03:21"] * 2


def test_a_zone_by_name_may_be_any():
    """CST is China's, Cuba's and Central America's."""
    ends = interval("Mon Nov 23 16:03:21 CST 2026")
    assert ends is not None
    assert [str(end) for end in ends] == ["2026-11-23 02:03:21", "2026-11-24 04:03:21"]


def test_errors_and_hidden_words_are_gaps():
    kinds = [gap.kind for gap in parse("error: command not found\n***HIDDEN***\nyesterday\n", "n1/date").gaps]
    assert kinds == [GapKind.COLLECTOR_ERROR, GapKind.REDACTED, GapKind.NOT_UNDERSTOOD]


@pytest.mark.parametrize(
    "text", ["", "2026-11-23\n", "23:59:59\n", "Mon Nov 23 16:03:21 UTC 2026 started\n", "x\n" * 3]
)
def test_what_is_no_date(text: str):
    parser = choose(text)
    assert parser is None or parser.kind != "date"


@settings(max_examples=50, derandomize=True, database=None)
@given(st.text())
def test_no_text_makes_it_raise(text: str):
    parse(text, "x")
    interval(text)
