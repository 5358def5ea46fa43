"""CB303's fix: what spreading DNS pods comes to, measured by the recording in which they are spread."""

from __future__ import annotations

from pathlib import Path

import calico_bundle as cb
from calico_bundle.findings import Fix
from tests.lab import recording
from tests.stories import FIXTURES


def fix_of(folder: Path) -> Fix:
    return cb.analyze(str(folder)).findings["CB303"][0].fixes[0]


def test_what_reaches_no_endpoint_reaches_some_and_not_all():
    """An endpoint that stays on the node that is cut off stays one that lookups are led to (kube-proxy picks at random).

    `dns-split` is measured so: CoreDNS on a right and on a wrong node, and no lookup is safe.
    """
    fix = fix_of(FIXTURES / "incident" / "bundle")
    assert (fix.restores, fix.leaves_broken) == (0, 4)
    assert "0 reach every DNS pod and 4 reach some of them" in fix.tried
    assert "mend the node first" in fix.tried


def test_dns_split_is_measured_as_degraded(tmp_path: Path):
    analysis = cb.analyze(str(recording.read(recording.archive_of("dns-split"), tmp_path) / "bundle"))
    assert not analysis.findings["CB303"]
    assert {p.verdict.value for p in analysis.diagnosis.paths.pods} >= {"degraded"}


def test_where_nothing_fails_it_restores_nothing():
    fix = fix_of(FIXTURES / "healthy" / "bundle")
    assert (fix.restores, fix.leaves_broken) == (0, 0)


def test_what_is_not_known_afterwards_is_not_counted_as_lost(tmp_path: Path):
    """Undecided is neither all nor some nor none: what is open is said to be open."""
    fix = fix_of(recording.read(recording.archive_of("internal-ip-wrong"), tmp_path) / "bundle")
    assert fix.restores is None
    assert "of 4 failing paths 0 reach every DNS pod and 0 reach some of them, and of 4 it cannot be told" in fix.tried
