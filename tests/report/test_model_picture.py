"""The view of the picture: nodes folded with their like, and nothing that is folded is lost."""

from __future__ import annotations

import io
from collections import Counter

import pytest

import calico_bundle as cb
from calico_bundle.paths import Verdict
from calico_bundle.report.model_lanes import MOST_LANES, Card, lanes
from calico_bundle.report.model_picture import MOST_GROUPS
from calico_bundle.report.picture_words import worded
from tests.stories import load_stories, story

STORIES = load_stories()


@pytest.fixture(scope="module", params=STORIES, ids=lambda one: one.name)
def drawn(request):
    analysis = cb.analyze(io.BytesIO(request.param.archive()))
    return analysis, analysis.report(paths="none", parts=("picture", "path_groups"))


def picture_of(name: str):
    return cb.analyze(io.BytesIO(story(name).archive())).report(paths="none", parts=["picture"])["picture"]


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


def test_every_pod_is_counted(drawn):
    analysis, report = drawn
    for verdict in Verdict:
        counted = sum(group["pods"][verdict.value] for group in report["picture"]["groups"])
        counted += report["picture"]["elsewhere"][verdict.value]
        assert counted == sum(p.verdict is verdict for p in analysis.diagnosis.paths.pods)


def test_the_ways_say_what_the_paths_say(drawn):
    """The contract: a pod reaches when every endpoint answers, is broken when none does."""
    _, report = drawn
    kinds = ("lost", "lost-or-unknown", "mixed")
    lost = sum(way["pods"][kind] for way in report["picture"]["ways"] for kind in kinds)
    failing = report["dns"]["paths"]["broken"] + report["dns"]["paths"]["degraded"]
    known = all(entry["node"] for entry in report["path_groups"])
    if known and report["picture"]["ways"]:
        assert (lost > 0) == (failing > 0)


def test_ways_that_fare_alike_are_one_and_no_pair_is_lost(drawn):
    """Each pair of a group that asks and a group with endpoints is in exactly one way."""
    _, report = drawn
    pairs = Counter((start, end) for way in report["picture"]["ways"] for start in way["from"] for end in way["to"])
    assert set(pairs.values()) <= {1}


def test_sessions_that_were_not_looked_at_are_counted(drawn):
    _, report = drawn
    for way in report["picture"]["ways"]:
        sessions = way["sessions"]
        assert sum(sessions[state] for state in ("up", "down", "unknown", "none")) == sessions["looked"]
        assert sessions["looked"] <= sessions["pairs"]


def test_groups_of_paths_add_up_to_the_counts(drawn):
    _, report = drawn
    for verdict in ("reaches", "broken", "degraded", "unknown"):
        counted = sum(entry["count"] for entry in report["path_groups"] if entry["verdict"] == verdict)
        assert counted == report["dns"]["paths"][verdict]


def test_the_text_has_a_sentence_for_everything(drawn):
    _, report = drawn
    picture = report["picture"]
    parts = ("networks", "groups", "ways", "more")
    assert len(picture["text"]) == sum(len(picture[part]) for part in parts) + bool(picture["unplaced"])


def test_the_card_on_the_wrong_network_is_said():
    text = picture_of("incident")["text"]
    wrong = next(line for line in text if line.startswith("shop-worker-2 (A): Calico's address is wrong"))
    assert "ens19 192.168.50.12/24 in 192.168.50.0/24 (Calico uses this; its peers cannot)" in wrong
    assert "ens18 10.0.1.12/24 in 10.0.1.0/24 (Calico should use this, InternalIP)" in wrong
    assert any(
        line.startswith("Lookups from 2 nodes (B) to cluster DNS on shop-worker-2 (A): 4 pods get no") for line in text
    )


def test_only_the_network_of_the_wrong_card_is_at_fault():
    assert {lane["prefix"]: lane["at_fault"] for lane in picture_of("incident")["networks"]} == {
        "10.0.1.0/24": False,
        "192.168.50.0/24": True,
    }


def test_the_card_that_calico_will_move_to_is_marked():
    """The story: a second card was added after Calico chose; first-found gives it now."""
    cards = {
        card["name"]: card["carries"] for group in picture_of("card-added-later")["groups"] for card in group["cards"]
    }
    assert cards == {"ens18": ["internal-ip", "calico", "should-be"], "ens19": ["next"]}


def test_an_address_whose_card_was_not_recorded_is_in_no_network():
    """The story has Kubernetes objects alone: no card and no prefix of any node was recorded."""
    picture = picture_of("kubernetes-objects-only")
    assert picture["networks"] == []
    assert all(card["lane"] is None and not card["recorded"] for group in picture["groups"] for card in group["cards"])
    assert any("card not recorded" in line for line in picture["text"])


@pytest.mark.parametrize("verdict", ["wrong", "duplicate", "not-on-node", "unintended", "unknown"])
def test_nothing_but_an_address_that_is_right_is_called_right(verdict):
    """A card can carry the stored and the expected address, and the verdict be another: it is the verdict that is said."""
    card = {"name": "ens18", "recorded": True, "address": None, "networks": 0, "lane": None,
            "carries": ["internal-ip", "calico", "should-be"]}  # fmt: skip
    group = {"id": "g0", "letter": "A", "count": 1, "nodes": ["n"], "verdict": verdict, "endpoints": 0, "pods": {},
             "cards": [card], "more_cards": 0, "cards_differ": False}  # fmt: skip
    made = worded({"networks": [], "groups": [group], "ways": [], "elsewhere": {}, "nodes": 1})["groups"][0]
    assert "good" not in {tag["tone"] for tag in [*made["tags"], *made["cards"][0]["tags"]]}


def test_a_session_is_one_of_two_nodes():
    """Three nodes in a full mesh have three sessions, whichever of two asks the other."""
    picture = picture_of("healthy-two-cards")
    assert [way["sessions"]["pairs"] for way in picture["ways"]] == [3]


def test_networks_beyond_those_that_are_drawn_are_counted():
    cards = [Card(f"eth{n}", f"10.{n}.0.0/24", None) for n in range(40)]
    group = {
        "verdict": "ok", "count": 1,
        "cards": [{"network": card.network, "networks": 1, "carries": []} for card in cards[:6]],
    }  # fmt: skip
    made = lanes(cards, [group], 1)
    assert len(made) <= MOST_LANES
    assert sum(lane["networks"] for lane in made) == 40
    assert {card["lane"] for card in group["cards"]} <= {lane["id"] for lane in made}


def test_a_report_for_machines_has_no_parts_that_were_not_asked_for():
    incident = story("incident")
    assert {"picture", "path_groups"}.isdisjoint(cb.analyze(io.BytesIO(incident.archive())).report(paths="none"))
