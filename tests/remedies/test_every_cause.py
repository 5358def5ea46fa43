"""Every root cause has a fix that was tried, commands that show what to mend, or the sentence that none is safe and why."""

from __future__ import annotations

from pathlib import Path

import pytest

import calico_bundle as cb
from calico_bundle.findings import ERROR, Fix
from tests.checks.cases import CASES
from tests.checks.test_each_check import analyzed
from tests.lab import recording

NO_PROMISE = "none is proposed: "
OF_OTHERS = {"CB302"}
"""Codes whose fixes are not of this room."""

RECORDED = [
    "as-numbers-routed",
    "card-network-inside-a-block",
    "graceful-recovery",
    "internal-ip-routed",
    "internal-ip-wrong-on-two",
    "internal-ip-wrong-vxlan",
    "policy-routing",
    "rule-arp-is-routed",
    "rule-loose-filter-without-address",
    "rule-masquerading-after-routing",
]
"""Recordings with a cause that no method of Calico's mends."""


def lead_on(fix: Fix) -> bool:
    """Whether it is to be pasted, or says why there is nothing to paste."""
    return bool(fix.commands) or (fix.title.startswith(NO_PROMISE) and len(fix.title) > len(NO_PROMISE))


def unmended(analysis: cb.Analysis) -> list[str]:
    causes = [f for f in analysis.findings if f.severity == ERROR and f.code not in OF_OTHERS]
    return [f"{f.code} {f.message}" for f in causes if not any(map(lead_on, f.fixes))]


@pytest.mark.parametrize("code", sorted(CASES.keys() - OF_OTHERS))
def test_what_a_check_finds_leads_on(code: str) -> None:
    assert unmended(analyzed(CASES[code].positive)) == []


@pytest.mark.parametrize("name", ["policy-routing", "rule-arp-is-routed", "rule-loose-filter-without-address"])
def test_where_a_rule_of_the_machine_takes_the_packets_its_table_is_to_be_mended(name: str, tmp_path: Path) -> None:
    """Laid out so (scenario.json): `ip rule` has `from ... lookup 100`, and table 100 no way for pods; the main table has."""
    analysis = cb.analyze(str(recording.read(recording.archive_of(name), tmp_path) / "bundle"))
    (finding,) = analysis.findings["CB203"]
    assert "no default route" not in finding.message
    assert "ip rule" in finding.fixes[0].title
    assert not any(word in finding.fixes[0].title for word in ("BIRD", "Felix", "default route again"))


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_cause_leads_on(name: str, tmp_path: Path) -> None:
    analysis = cb.analyze(str(recording.read(recording.archive_of(name), tmp_path) / "bundle"))
    assert [f for f in analysis.findings if f.severity == ERROR]
    assert unmended(analysis) == []
