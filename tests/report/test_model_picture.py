"""The view of the picture: nodes folded with their like, and nothing that is folded is lost."""

from __future__ import annotations

import io

import pytest

import calico_bundle as cb
from calico_bundle.paths import Verdict
from calico_bundle.report.model_picture import MOST_GROUPS
from tests.stories import load_stories, story

STORIES = load_stories()


@pytest.fixture(scope="module", params=STORIES, ids=lambda one: one.name)
def drawn(request):
    analysis = cb.analyze(io.BytesIO(request.param.archive()))
    return analysis, analysis.report(paths="none", parts=("picture", "path_groups"))


def test_every_node_is_in_one_group(drawn):
    analysis, report = drawn
    picture = report["picture"]
    assert (
        sum(group["count"] for group in picture["groups"]) == picture["nodes"] == len(analysis.diagnosis.cluster.nodes)
    )
    assert len(picture["groups"]) <= MOST_GROUPS


def test_every_node_at_fault_is_named(drawn):
    _, report = drawn
    wrong = {node["name"] for node in report["nodes"] if node["address_verdict"] == "wrong"}
    assert wrong <= {n for group in report["picture"]["groups"] if group["verdict"] == "wrong" for n in group["nodes"]}


def test_every_pod_of_a_known_node_is_counted(drawn):
    analysis, report = drawn
    for verdict in Verdict:
        counted = sum(group["pods"][verdict.value] for group in report["picture"]["groups"])
        on_nodes = [p for p in analysis.diagnosis.paths.pods if p.pod.node in analysis.diagnosis.cluster.nodes]
        assert counted == sum(p.verdict is verdict for p in on_nodes)


def test_the_ways_say_what_the_paths_say(drawn):
    """The contract: a pod reaches when every endpoint answers, is broken when none does."""
    _, report = drawn
    lost = sum(way["pods"]["lost"] + way["pods"]["mixed"] for way in report["picture"]["ways"])
    failing = report["dns"]["paths"]["broken"] + report["dns"]["paths"]["degraded"]
    known = all(entry["node"] for entry in report["path_groups"])
    if known and report["picture"]["ways"]:
        assert (lost > 0) == (failing > 0)


def test_groups_of_paths_add_up_to_the_counts(drawn):
    _, report = drawn
    for verdict in ("reaches", "broken", "degraded", "unknown"):
        counted = sum(entry["count"] for entry in report["path_groups"] if entry["verdict"] == verdict)
        assert counted == report["dns"]["paths"][verdict]


def test_the_text_has_a_sentence_for_everything(drawn):
    _, report = drawn
    picture = report["picture"]
    assert len(picture["text"]) == len(picture["groups"]) + len(picture["ways"])


def test_the_card_on_the_wrong_network_is_said():
    incident = story("incident")
    text = cb.analyze(io.BytesIO(incident.archive())).report(paths="none", parts=["picture"])["picture"]["text"]
    assert "ens19 192.168.50.12/24 in 192.168.50.0/24 is Calico's address" in text[0]
    assert "ens18 10.0.1.12/24 in 10.0.1.0/24 is InternalIP and what Calico should use" in text[0]


def test_a_report_for_machines_has_no_parts_that_were_not_asked_for():
    incident = story("incident")
    assert {"picture", "path_groups"}.isdisjoint(cb.analyze(io.BytesIO(incident.archive())).report(paths="none"))
