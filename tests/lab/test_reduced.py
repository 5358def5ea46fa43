"""The analyzer against the recordings with less of them collected: it may say less, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab import recording
from tests.lab.compare import compare
from tests.lab.reduction import REDUCTIONS, reduced

_HELD_BACK = "a session that is up is taken for a route, while BIRD holds all routes back (graceful restart)"
_NO_WAY_BACK = "without a BGP route to the sender's block a node is taken to have no way back: it has a default route"
_CARD_IN_BLOCK = "a worked-out table goes by blocks alone, not by a card's longer prefix or its route that BIRD shows"
_RULES = "a worked-out table goes by no policy rules, recorded or not"
_NO_PARENT = "where no card holds Calico's address Felix makes no VXLAN device, and none is recorded"
_BARE_CABLE = "a pod's cable never has an IPv4 address, whether addresses were collected or not"
_POOL = "a node's address in a pool is taken for a pod's, which no router knows"

_WITHOUT_WAY_BACK = (
    "card-without-carrier", "dns-split", "duplicate-on-two", "incident", "incident-ipip", "incident-ipip-cross-subnet",
    "peer-on-wrong-port", "peer-with-wrong-as", "peers-with-wrong-as", "reflector-wrong", "stale-address",
)  # fmt: skip
_LOOSE = "rule-loose-filter-without-address"
CONTRADICTED: dict[tuple[str, str], str] = {
    **{("no-routes", name): _NO_WAY_BACK for name in _WITHOUT_WAY_BACK},
    **{(kind, "graceful-recovery"): _HELD_BACK for kind in ("no-routes", "bird-alone")},
    ("no-routes", "graceful-recovery-ipip"): _HELD_BACK,
    **{
        (kind, "graceful-recovery-no-routes"): _HELD_BACK
        for kind in ("no-routes", "no-addresses", "no-neighbors", "bird-alone")
    },
    **{(kind, "card-network-inside-a-block"): _CARD_IN_BLOCK for kind in ("no-routes", "bird-alone")},
    **{(kind, "policy-routing"): _RULES for kind in ("no-routes", "bird-alone")},
    **{(kind, _LOOSE): _RULES for kind in ("no-routes", "no-routes-no-bird", "bird-alone", "objects-alone")},
    ("no-addresses", _LOOSE): _BARE_CABLE,
    **{(kind, "stale-address-vxlan"): _NO_PARENT for kind in ("no-routes", "no-routes-no-bird")},
    **{(kind, "pool-holds-a-node-behind-a-router"): _POOL for kind in ("no-addresses", "no-neighbors")},
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
