"""Calico's selector language (libcalico-go/lib/selector): each operator, precedence, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.calico.selectors import SelectorError, selects

LABELS = {"role": "db", "zone": "eu-west", "rr": ""}


@pytest.mark.parametrize(
    "expression,expected",
    [
        ("", True),
        ("all()", True),
        ("global()", True),
        ("has(rr)", True),
        ("has( missing )", False),
        ("!has(missing)", True),
        ("!!has(rr)", True),
        ("role == 'db'", True),
        ('role == "web"', False),
        ("missing == 'x'", False),
        ("role != 'web'", True),
        ("missing != 'x'", True),
        ("role in {'web', 'db'}", True),
        ("role in {}", False),
        ("role not in {'web'}", True),
        ("missing not in {'web'}", True),
        ("missing in {'web'}", False),
        ("zone contains 'west'", True),
        ("missing contains ''", False),
        ("zone starts with 'eu'", True),
        ("zone starts  with 'us'", False),
        ("zone ends with 'west'", True),
        ("missing ends with ''", False),
        ("role == 'db' && zone == 'eu-west'", True),
        ("role == 'web' && has(rr) || has(zone)", True),
        ("role == 'web' && (has(rr) || has(zone))", False),
        ("!(role == 'db')", False),
        ("! role == 'web'", True),
        ("app.kubernetes.io/name == 'x'", False),
    ],
)
def test_what_an_expression_selects(expression: str, expected: bool):
    assert selects(expression, LABELS) is expected


@pytest.mark.parametrize(
    "expression",
    [
        "role",
        "role ==",
        "role == db",
        "role == 'db' &&",
        "(role == 'db'",
        "role == 'db')",
        "role in 'db'",
        "== 'db'",
        "§",
    ],
)
def test_what_is_refused(expression: str):
    with pytest.raises(SelectorError):
        selects(expression, LABELS)


def test_longest_expression():
    with pytest.raises(SelectorError, match="characters"):
        selects("has(a) || " * 2000 + "has(b)", LABELS)


def test_empty_set_member_and_trailing_operator_end():
    with pytest.raises(SelectorError):
        selects("role in {'a'", LABELS)


@given(st.text(max_size=60))
def test_any_text_is_answered_or_refused(text: str):
    with contextlib.suppress(SelectorError):
        assert selects(text, LABELS) in (True, False)


simple = st.sampled_from(["has(rr)", "has(missing)", "role == 'db'", "role != 'db'", "zone contains 'x'"])


@given(simple, simple, simple)
def test_and_binds_closer_than_or(one: str, two: str, three: str):
    truth = {each: selects(each, LABELS) for each in (one, two, three)}
    assert selects(f"{one} || {two} && {three}", LABELS) is (truth[one] or (truth[two] and truth[three]))
    assert selects(f"!{one} && {two}", LABELS) is (not truth[one] and truth[two])


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("role != 'db'", False),
        ("role not in {'db'}", False),
        ("role not in {'web', 'db'}", False),
        ("role  not  in {'web'}", True),
        ("note == 'two  blanks'", True),
        ("note == 'two blanks'", False),
    ],
)
def test_operators_of_negation_and_blanks_in_values(expression: str, expected: bool):
    """tokenizer.go: blanks between words count once, blanks in a quoted value as they stand."""
    assert selects(expression, {**LABELS, "note": "two  blanks"}) is expected


def test_set_takes_its_members_whatever_their_order():
    for zone in ("eu-west", "us-east"):
        assert selects("zone in {'us-east','eu-west'}", {"zone": zone})
    assert not selects("zone in {'us-east','eu-west'}", {"zone": "None"})
