"""Incidents that people reported in public, as bundles: the right node, the right address, or nobody.

`cases.yaml` holds the facts of each in this project's words, and the page where it stands. A case is tested as far as
it is reported (`expect`), and where the facts allow it once more as the bundle that the cluster would have given
(`full`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from calico_bundle import analyze
from tests.incidents.clusters import completed, read, write

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))[
    "cases"
]
BLAMING = ("CB101", "CB102", "CB103")
LOOK_ALIKE = "other-root-cause:"
EXPECTATIONS = {"status", "finds", "verdicts", "predicts", "names", "also", "considers"}


def _parameters(key):
    chosen = [c for c in CASES if key in c]
    known = {c["id"]: c.get(f"{key}_fails") for c in chosen}
    marks = {i: [pytest.mark.xfail(strict=True, reason=why)] if why else [] for i, why in known.items()}
    return [pytest.param(c, id=c["id"], marks=marks[c["id"]]) for c in chosen]


def _found(analysis, codes=BLAMING):
    """Code to the nodes named: `{"CB101": ["ai"]}`."""
    found = {}
    for finding in analysis.findings:
        if finding.code in codes:
            found.setdefault(finding.code, []).append(finding.subject.removeprefix("node/"))
    return {code: sorted(nodes) for code, nodes in found.items()}


def _check(analysis, expect):
    assert set(expect) <= EXPECTATIONS
    diagnosis = analysis.diagnosis
    finds = {code: sorted(nodes) for code, nodes in expect.get("finds", {}).items()}
    assert _found(analysis) == finds
    for code, nodes in expect.get("also", {}).items():
        assert _found(analysis, (code,)).get(code) == sorted(nodes)
    if "status" in expect:
        assert analysis.verdict.status in expect["status"]
    for node, (status, address) in expect.get("verdicts", {}).items():
        verdict = diagnosis.addresses[node]
        assert (verdict.status.value, str(verdict.expected)) == (status, str(address)), node
    for node, text in expect.get("predicts", {}).items():
        by_family = [diagnosis.choices.predicted(diagnosis.cluster.nodes[node], f) for f in (4, 6)]
        assert text in [f"{d.address} on {d.interface}" for d in by_family], by_family
    considered = {c.hypothesis.name: c.answer.status.value for c in diagnosis.hypotheses}
    for name, status in expect.get("considers", {}).items():
        assert considered.get(name) == status, name
    for text in expect.get("names", []):
        assert text in analysis.to_text(width=2000)


@pytest.mark.parametrize("case", _parameters("expect"))
def test_as_far_as_it_is_reported(case, tmp_path):
    _check(analyze(write(read(case["cluster"]), tmp_path / "bundle")), case["expect"])


@pytest.mark.parametrize("case", _parameters("full"))
def test_as_the_whole_bundle_would_show_it(case, tmp_path):
    _check(analyze(write(completed(read(case["cluster"])), tmp_path / "bundle")), case["full"])


@cache
def _ids():
    return [c["id"] for c in CASES]


def test_every_incident_is_there_once_and_is_tested_or_says_why_not():
    assert len(_ids()) == len(set(_ids())) == 59
    for case in CASES:
        assert {"id", "title", "source", "class"} <= set(case)
        assert ("left_out" in case) != ("cluster" in case), case["id"]
        assert ("expect" in case) == ("cluster" in case), case["id"]


def test_no_look_alike_is_expected_to_blame_an_address():
    alike = [c for c in CASES if c["class"].startswith(LOOK_ALIKE)]
    assert len(alike) > 15
    for case in alike:
        for key in ("expect", "full"):
            assert not case.get(key, {}).get("finds"), case["id"]
            assert (case.get(key) or {}).get("considers", {}).get("calico-address") != "supported", case["id"]


def _look_alikes():
    """Each look-alike with facts, as far as it is reported, and completed where it is."""
    alike = [c for c in CASES if c["class"].startswith(LOOK_ALIKE) and "cluster" in c]
    return [pytest.param(c, key, id=f"{c['id']}-{key}") for c in alike for key in ("expect", "full") if key in c]


@pytest.mark.parametrize("case, key", _look_alikes())
def test_a_look_alike_keeps_its_own_cause_and_gets_no_other(case, key, tmp_path):
    """Its stated cause is supported or honestly open, no other hypothesis is supported, and no address is blamed."""
    incident = read(case["cluster"])
    analysis = analyze(write(completed(incident) if key == "full" else incident, tmp_path / "bundle"))
    answers = {c.hypothesis.name: c.answer for c in analysis.diagnosis.hypotheses}
    assert case["own"]
    for name in case["own"]:
        assert answers[name].status.value in ("supported", "not-checkable"), name
        assert answers[name].status.value == "supported" or answers[name].collect, name
    supported = {name for name, answer in answers.items() if answer.status.value == "supported"}
    assert supported <= {*case["own"], *case.get("besides", ())}
    assert _found(analysis) == {}


@pytest.mark.parametrize("case", [pytest.param(c, id=c["id"]) for c in CASES if "cluster" in c])
def test_every_file_of_the_bundle_is_understood(case, tmp_path):
    """A fact that the reader passed over would make "nobody is blamed" worthless."""
    incident = read(case["cluster"])
    analysis = analyze(write(completed(incident) if "full" in case else incident, tmp_path / "bundle"))
    unclear = [g for g in analysis.diagnosis.gaps if g.kind.value != "contradicted"]
    assert [(g.path, g.line, g.message) for g in unclear] == case.get("gaps", [])


def _case(wanted):
    return next(c for c in CASES if c["id"] == wanted)


def test_pod_cidrs_of_the_nodes_tell_pod_addresses_where_no_pool_was_collected(tmp_path):
    """I01 as it stands in the report: four blocks, one per node, and no word of a pool."""
    incident = replace(read(_case("I01")["cluster"]), pool=None)
    assert _found(analyze(write(incident, tmp_path / "bundle"))) == {"CB101": ["ai"]}


def _virtual_address_that_works():
    """As in I37 and I38: a virtual address is stored, every session is Established, every route is there."""
    nodes = {
        "node-1": {
            "internal": "192.0.2.11",
            "stored": "192.0.2.100/24",
            "cards": ["eth0 192.0.2.100/24 192.0.2.11/24"],
        },
        "node-2": {"internal": "192.0.2.12", "stored": "192.0.2.12/24"},
        "node-3": {"internal": "192.0.2.13", "stored": "192.0.2.13/24"},
    }
    return completed(read({"nodes": nodes}))


def test_an_address_that_works_is_not_called_wrong(tmp_path):
    analysis = analyze(write(_virtual_address_that_works(), tmp_path / "bundle"))
    assert _found(analysis, (*BLAMING, "CB104")) == {"CB104": ["node-1"]}


def test_an_address_that_works_is_not_called_wrong_where_no_pod_was_collected(tmp_path):
    """Felix drops what is for no pod: `blackhole BLOCK` on the block's own node says nothing of the way there."""
    incident = replace(_virtual_address_that_works(), pods=())
    assert _found(analyze(write(incident, tmp_path / "bundle"))) == {}


def test_a_closed_port_does_not_speak_against_an_address_beside_the_internal_ip(tmp_path):
    """I65 on a node whose InternalIP is another address of the same card and network: it would be blocked as well."""
    nodes = {
        "node-1": {
            "internal": "192.0.2.111",
            "stored": "192.0.2.11/24",
            "cards": ["eth0 192.0.2.11/24 192.0.2.111/24"],
        },
        "node-2": {"internal": "192.0.2.12", "stored": "192.0.2.12/24"},
        "node-3": {"internal": "192.0.2.13", "stored": "192.0.2.13/24"},
    }
    incident = completed(read({"nodes": nodes, "cut": ["node-1"]}))
    assert _found(analyze(write(incident, tmp_path / "bundle"))) == {}
