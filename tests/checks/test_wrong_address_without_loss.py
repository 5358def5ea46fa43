"""A wrong address by which no lookup is lost: kube-proxy masquerades all, and the answers need no route to pods."""

from __future__ import annotations

from pathlib import Path

import calico_bundle as cb

RECORDED = Path(__file__).resolve().parents[1] / "lab" / "recorded" / "masquerade-all.tar.gz"


def test_an_error_is_what_breaks_paths_now():
    """The report's contract: severity error means that paths are broken now, or proven to break at the next restart."""
    analysis = cb.analyze(str(RECORDED))
    assert {p.verdict.value for p in analysis.diagnosis.paths.pods} == {"reaches"}
    (found,) = analysis.findings["CB101"]
    assert (found.severity, found.paths) == ("warning", 0)
    verdict = analysis.diagnosis.verdict
    assert (verdict.status, verdict.root_causes) == ("at-risk", ("CB101",))
    assert verdict.headline.startswith("No DNS path is broken now, but Calico on node-3 uses 192.168.50.13")
