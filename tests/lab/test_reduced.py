"""The analyzer against the recordings with less of them collected: it may say less, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab import recording
from tests.lab.compare import compare
from tests.lab.reduction import REDUCTIONS, reduced

_RULES = "rules that nobody collected are taken to be the three that every machine has (docs/bundles.md)"
_LOOSE = "rule-loose-filter-without-address"
CONTRADICTED: dict[tuple[str, str], str] = {
    ("bird-alone", "policy-routing"): _RULES,
    ("bird-alone", "service-rules-stale"): (
        "service rules that nobody collected are taken to lead to the endpoints of today (docs/bundles.md)"
    ),
    **{(kind, name): _RULES for kind in ("bird-alone", "objects-alone") for name in (_LOOSE, "rule-arp-is-routed")},
}
"""Where the packets show otherwise than the analyzer says of a reduced bundle, and what it says."""


def _each() -> list[Any]:
    """Every pair; a disagreement that is known must go on until it is mended, and then leave the list."""
    pairs = [(reduction, name) for reduction in REDUCTIONS for name in recording.names()]
    why = {pair: pytest.mark.xfail(reason=reason, raises=AssertionError) for pair, reason in CONTRADICTED.items()}
    return [pytest.param(*pair, marks=why[pair]) if pair in why else pair for pair in pairs]


@pytest.mark.parametrize("reduction, name", _each())
def test_with_less_collected_nothing_else_is_said(reduction: str, name: str, tmp_path: Path) -> None:
    folder = recording.read(recording.archive_of(name), tmp_path / "whole")
    found = compare(reduced(folder, reduction, tmp_path / "less"))
    assert not found.disagreements, "\n".join(line for each in found.disagreements for line in each.lines())


def test_what_is_contradicted_is_recorded() -> None:
    assert {name for _, name in CONTRADICTED} <= set(recording.names())
