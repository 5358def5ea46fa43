"""Real public bundles and extracts: whatever they hold, the answer is a report or one clear error.

The samples stand beside the repository and are never copied into it; where they are absent, these tests are skipped.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jsonschema
import pytest

import calico_bundle as cb
from calico_bundle.report import json as json_report

SAMPLES = Path(__file__).resolve().parents[3] / "shared/samples"
REPORT = jsonschema.Draft202012Validator(json_report.schema())
ARCHIVE_ENDINGS = (".tar", ".gz", ".tgz", ".xz", ".zip", ".bz2")
SBCTL_NODES = 3

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no sample bundles at ../shared/samples")


def archives() -> list[Path]:
    return sorted(p for p in SAMPLES.rglob("*") if p.is_file() and p.name.endswith(ARCHIVE_ENDINGS))


def folders() -> list[Path]:
    return sorted(p for p in SAMPLES.rglob("*") if p.is_dir())


def single_files() -> list[Path]:
    return sorted(p for p in SAMPLES.rglob("*") if p.is_file() and not p.name.endswith(ARCHIVE_ENDINGS))


def name_of(path: Path) -> str:
    return str(path.relative_to(SAMPLES))


@cache
def analyzed(path: Path) -> cb.Analysis | None:
    """The analysis, rendered in both formats; None where nothing in it can be read, which is said in one line."""
    refused = ""
    try:
        analysis = cb.analyze(str(path))
    except cb.NotABundleError as error:
        refused = str(error)
    if refused:
        assert "\n" not in refused
        return None
    report = analysis.report()
    REPORT.validate(report)
    assert json_report.render(report)
    assert analysis.to_text(width=80)
    return analysis


@pytest.mark.parametrize("path", [*archives(), *folders()], ids=name_of)
def test_sample_is_analyzed_or_refused_in_one_line(path: Path):
    analysis = analyzed(path)
    if analysis is not None:
        assert analysis.verdict.status in ("broken", "at-risk", "healthy", "inconclusive")


def test_every_single_file_is_analyzed_or_refused_in_one_line():
    assert [path for path in single_files() if analyzed(path) is not None]


def test_no_sample_is_called_healthy():
    """None of them holds the routes of a whole cluster: nothing may be called healthy because nobody looked."""
    for path in archives():
        analysis = analyzed(path)
        assert analysis is None or analysis.verdict.status != "healthy", name_of(path)


def test_one_redacted_string_is_no_duplicate_address():
    """Every address of this bundle was redacted to one and the same string, which means unknown."""
    analysis = analyzed(SAMPLES / "replicatedhq-sbctl/tests/support-bundle")
    assert analysis is not None
    assert len(analysis.diagnosis.cluster.nodes) == SBCTL_NODES
    assert not analysis.findings["CB102"]
    assert not [f for f in analysis.findings if f.code.startswith("CB10")]
    assert all(n["internal_ip"] is None and n["address_verdict"] == "unknown" for n in analysis.report()["nodes"])


def test_hidden_addresses_leave_the_dns_service_and_the_network_plugin_there():
    """Its Service kube-dns is in the bundle, with the address hidden; its endpoints were not collected."""
    analysis = analyzed(SAMPLES / "replicatedhq-sbctl/tests/support-bundle")
    assert analysis is not None
    report = analysis.report()
    assert [(one["name"], one["cluster_ips"]) for one in report["dns"]["services"]] == [("kube-dns", [])]
    assert "no endpoint in the bundle" in analysis.to_text(width=80)
    assert "Weave Net" in report["verdict"]["headline"]
    assert report["verdict"]["status"] == "inconclusive"
    assert report["dns"]["paths"]["reaches"] == report["dns"]["paths"]["broken"] == 0


def test_calico_is_not_blamed_in_clusters_without_it():
    for path in archives():
        analysis = analyzed(path)
        if analysis is not None and not analysis.diagnosis.cluster.has_calico:
            assert not [f for f in analysis.findings if f.code.startswith(("CB1", "CB2"))], name_of(path)
