"""Records that are hidden, cut, swapped or that contradict each other are open: no verdict rests on what they lack."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import calico_bundle as cb
from calico_bundle.evidence import GapKind
from tests.stories import story

Edit = Callable[[str, str], str]
BLAMING = ("CB101", "CB102", "CB103")
ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b")


def analyzed(name: str, folder: Path, edit: Edit, rename: Callable[[str], str] = lambda path: path) -> cb.Analysis:
    """A story's bundle with every file passed through an edit."""
    for path, content in story(name).members():
        place = folder / rename(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(edit(path, content.decode()), encoding="utf-8")
    return cb.analyze(folder)


def blamed(analysis: cb.Analysis) -> list[str]:
    return [f.subject for f in analysis.findings if f.code in BLAMING]


def of_machines(path: str) -> bool:
    return "ip_addr" in path or "ip_route" in path or "ip-addr" in path or "ip-route" in path or "/ip " in path


def test_hidden_addresses_in_node_records_leave_everything_open(tmp_path):
    found = analyzed("healthy", tmp_path, lambda p, t: ADDRESS.sub("***HIDDEN***", t) if of_machines(p) else t)
    assert found.verdict.status == "inconclusive"
    assert not [f for f in found.findings if f.severity == "error"]


def test_hidden_address_of_a_card_is_not_an_address_that_the_node_lacks(tmp_path):
    found = analyzed(
        "healthy",
        tmp_path,
        lambda p, t: re.sub(r"inet 10\.0\.1\.12/24", "inet ***HIDDEN***/24", t) if "addr" in p else t,
    )
    assert not blamed(found)


@pytest.mark.parametrize("gateway", ["***HIDDEN***", "10.0"])
def test_hidden_or_cut_gateway_is_not_a_missing_route(tmp_path, gateway):
    found = analyzed(
        "healthy", tmp_path, lambda p, t: re.sub(r"default via \S+", f"default via {gateway}", t) if "route" in p else t
    )
    assert not [f for f in found.findings if f.severity == "error"]
    assert found.verdict.status == "inconclusive"


def test_swapped_node_records_blame_nobody(tmp_path):
    other = {"node-1": "node-2", "node-2": "node-1"}

    def swap(path: str) -> str:
        if not of_machines(path):
            return path
        return re.sub(r"node-[12]", lambda m: other[m[0]], path)

    found = analyzed("healthy", tmp_path, lambda _, text: text, swap)
    assert not [f for f in found.findings if f.severity == "error"]
    assert {g.kind for g in found.diagnosis.gaps} == {"contradicted"}


def test_peer_without_one_route_does_not_outvote_sessions_that_are_up(tmp_path):
    """The address differs from the InternalIP and works; node-1 alone has lost its route to the block."""
    found = analyzed(
        "overlapping-mask-works",
        tmp_path,
        lambda p, t: re.sub(r"(?m)^10\.244\.2\.0/26 via.*\n", "", t) if "node-1" in p and "route" in p else t,
    )
    assert not blamed(found)
    assert [f.code for f in found.findings if f.severity == "error"] == ["CB203"]


def test_node_objects_that_contradict_each_other_are_said(tmp_path):
    for path, content in story("healthy").members():
        for top, text in (("a", content.decode()), ("b", content.decode().replace("10.0.1.12/24", "192.168.50.12/24"))):
            place = tmp_path / top / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    found = cb.analyze(tmp_path)
    assert any(g.kind == "contradicted" and "Node node-2" in g.message for g in found.diagnosis.gaps)


def hidden(old: str, only: str) -> Edit:
    """What troubleshoot's redactors leave of a YAML file: no quotes, so that YAML takes the value for an alias."""
    return lambda path, text: re.sub(old, "***HIDDEN***", text) if path.endswith(only) else text


@pytest.mark.parametrize("old", [r"10\.0\.1\.12/24", r"(?<=address: )10\.0\.1\.12", r"10\.244\.2\.0(?=/26)"])
def test_a_hidden_value_does_not_take_its_node_with_it(tmp_path, old):
    """The Node was "not valid YAML", and files below nodes/node-2/ were nobody's."""
    found = analyzed("healthy-two-cards", tmp_path, hidden(old, "/nodes.yaml"))
    assert {gap.kind for gap in found.diagnosis.gaps} == {GapKind.REDACTED}
    assert (found.verdict.status, len(found.diagnosis.cluster.nodes)) == ("healthy", 3)


def test_a_pod_with_a_hidden_address_is_a_path_that_is_unknown(tmp_path):
    """It was "healthy: All 7 pods" of 8."""
    found = analyzed("healthy-two-cards", tmp_path, hidden(r"10\.244\.2\.\d+\b", "/pods.yaml"))
    assert found.verdict.status == "inconclusive"
    assert {gap.kind for gap in found.diagnosis.gaps} == {GapKind.REDACTED}


@pytest.mark.parametrize(
    "old, only, lost",
    [
        (r"(?<=    name: )node-[123]\b", "/nodes.yaml", "3 Node could not be read"),
        (r"(?<=    name: )app-1\b", "/pods.yaml", "1 Pod could not be read"),
    ],
)
def test_nothing_is_healthy_that_could_not_be_read(tmp_path, old, only, lost):
    found = analyzed("healthy-two-cards", tmp_path, hidden(old, only))
    assert found.verdict.status == "inconclusive"
    assert lost in found.verdict.headline


def test_a_pod_that_is_no_yaml_keeps_the_verdict_open(tmp_path):
    def broken(path: str, text: str) -> str:
        return (
            text.replace("    name: app-1\n", "    name: app-1\n   x: [\n", 1) if path.endswith("/pods.yaml") else text
        )

    found = analyzed("healthy-two-cards", tmp_path, broken)
    assert (found.verdict.status, "1 Pod could not be read" in found.verdict.headline) == ("inconclusive", True)
