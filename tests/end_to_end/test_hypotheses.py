"""What holds for every hypothesis: none is ruled out because nobody looked, and none is left open without a way on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import calico_bundle as cb
from calico_bundle.bundle import Bundle
from calico_bundle.checks import all_checks
from calico_bundle.diagnosis import diagnose
from calico_bundle.hypotheses import Status, all_hypotheses
from tests.stories import Story, load_stories


def test_each_says_what_it_asks_and_where_its_rule_is_from():
    hypotheses = all_hypotheses()
    assert hypotheses
    assert all(one.name and one.asks.endswith("?") and one.source for one in hypotheses)
    assert len({one.name for one in hypotheses}) == len(hypotheses)


def test_the_codes_are_those_of_checks():
    codes = {check.info.code for check in all_checks()}
    assert {code for one in all_hypotheses() for code in one.codes} <= codes


def test_nothing_is_ruled_out_or_supported_where_nothing_was_collected():
    considered = diagnose(Bundle((), (), (), ())).hypotheses
    assert {c.answer.status for c in considered} <= {Status.NOT_CHECKABLE}


@pytest.mark.parametrize("told", load_stories(), ids=lambda s: s.name)
def test_each_answer_has_lines_or_a_command_that_would_settle_it(told: Story, analyzed: Callable[[Story], cb.Analysis]):
    for one in analyzed(told).report()["hypotheses"]:
        if one["status"] == Status.NOT_CHECKABLE:
            assert one["collect"], one
        else:
            assert one["evidence"], one
            assert not one["collect"], one
