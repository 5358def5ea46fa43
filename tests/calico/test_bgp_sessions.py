"""What shows that a BGP session is up: BIRD's table, its log, and the readiness probe of calico-node.

Sources: confd's bird.cfg template (names of protocols), node/pkg/health/bird/bird.go of projectcalico/calico (the probe).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calico_bundle.calico.bgp import Session, SessionState
from calico_bundle.evidence import Evidence
from calico_bundle.facts import EventFact
from tests.calico.peerings import DOWN, UNKNOWN, UP, logged, node, session, texts
from tests.network.hand_made import pod

# --- what shows a session -------------------------------------------------------------------------------------------


def test_nothing_shows_a_session():
    assert session(node(1), node(2)) == Session(UNKNOWN)


def test_birds_own_table_shows_it_from_either_end():
    assert session(node(1, sessions="10.0.1.12 Established"), node(2)).state is UP
    assert session(node(1), node(2, sessions="10.0.1.11 Connect")).state is DOWN
    assert session(node(1, sessions="10.0.1.13 Established"), node(2)).state is UNKNOWN


def test_ends_that_disagree_leave_it_open_and_both_lines_are_kept():
    found = session(node(1, sessions="10.0.1.12 Established"), node(2, sessions="10.0.1.11 Connect"))
    assert found.state is UNKNOWN
    assert len(texts(found)) == 2


@pytest.mark.parametrize("kind", ["Mesh", "Node", "Global"])
@pytest.mark.parametrize("state, expected", [("up", UP), ("start", DOWN), ("down", DOWN)])
def test_log_shows_the_state_of_the_peers_protocol(kind: str, state: str, expected: SessionState):
    """bird.cfg.template names a peer's protocol Mesh_, Node_ or Global_ and its address with `_` for `.`."""
    found = session(node(1, log={f"{kind}_10_0_1_12": state}), node(2))
    assert found.state is expected
    assert texts(found) == [f"bird: {kind}_10_0_1_12: State changed to {state}"]


@pytest.mark.parametrize(
    "protocol", ["Mesh_10_0_1_13", "Mesh_10_0_1_1", "Local_Workload_10_0_1_12", "static1", "Mesh_10.0.1.12"]
)
def test_log_of_another_protocol_shows_nothing(protocol: str):
    assert session(node(1, log={protocol: "up"}), node(2)).state is UNKNOWN


def test_last_line_of_the_log_counts():
    flapped = [("Mesh_10_0_1_12", s) for s in ("start", "up", "down", "start", "up")]
    events = tuple(logged(p, s) for p, s in (*flapped, ("Mesh_10_0_1_13", "down")))
    assert session(replace(node(1), log_events=events), node(2)).state is UP
    assert session(replace(node(1), log_events=events[:4]), node(2)).state is DOWN
    assert texts(session(replace(node(1), log_events=events[:3]), node(2))) == [
        "bird: Mesh_10_0_1_12: State changed to down"
    ]


def test_lines_of_another_meaning_are_no_states():
    other = replace(node(1), log_events=(logged("Mesh_10_0_1_12", "up", event="address-autodetected"),))
    assert session(other, node(2)).state is UNKNOWN


def test_table_of_bird_comes_before_its_log():
    one = node(1, sessions="10.0.1.12 Established", log={"Mesh_10_0_1_12": "down"})
    assert session(one, node(2)).state is UP


# --- the readiness probe --------------------------------------------------------------------------------------------

PROBE = "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with "


def complaint(message: str = f"{PROBE}10.0.1.12,10.0.1.13", count: int = 30, **fields: Any) -> EventFact:
    line = Evidence("events.yaml", 1, message)
    given = {"object_name": "calico-node-1", **fields}
    return EventFact(
        "kube-system",
        "Unhealthy",
        message,
        "Warning",
        "Pod",
        host=None,
        last_seen=None,
        count=count,
        evidence=line,
        **given,
    )


def complained(*events: EventFact, to: int = 2, **changed: Any) -> Session:
    """What is known of a session of node-1's, whose calico-node pod is not ready."""
    agent = pod("kube-system/calico-node-1", "node-1", "10.0.1.11", **{"host_network": True, "ready": False, **changed})
    ready = pod("kube-system/calico-node-2", "node-2", "10.0.1.12", host_network=True)
    return session(node(1), node(to), pods=(ready, agent), events=events)


@pytest.mark.parametrize("to", [2, 3])
def test_node_that_is_not_ready_has_none_of_the_sessions_it_names(to: int):
    """bird.go: past the first 30 s one established peer is enough to be ready, so here there is none."""
    found = complained(complaint(), to=to)
    assert found.state is DOWN
    assert texts(found) == [f"{PROBE}10.0.1.12,10.0.1.13"]


def test_peers_it_does_not_name_are_not_said_to_be_down():
    assert complained(complaint(), to=4).state is UNKNOWN


@pytest.mark.parametrize("tail", [".", " ", "\n", "  and more"])
def test_text_around_the_list_of_peers_does_not_matter(tail: str):
    assert complained(complaint(f"{PROBE}10.0.1.13,10.0.1.12{tail}")).state is DOWN


@pytest.mark.parametrize(
    "word",
    ["***HIDDEN***", "REDACTED_IP", "x-ipv4-0000000001-x", "10.apple.pear.plum", "<node-ip>", "10.0.1.300"],
)
def test_peer_whose_address_is_hidden_or_damaged_is_nobody(word: str):
    """It ended the program. What is hidden may be any peer: the others that are named have no session all the same."""
    found = complained(complaint(f"{PROBE}10.0.1.12,{word},10.0.1.13"))
    assert found.state is DOWN
    # Without its name the list may leave a peer out, and then it shows nothing.
    assert complained(complaint(f"{PROBE}10.0.1.12,{word}"), to=3).state is UNKNOWN


@pytest.mark.parametrize(
    "event",
    [
        complaint(count=1),
        complaint(count=3),
        complaint("Readiness probe failed: calico/node is not ready: felix is not ready"),
        complaint(PROBE),
        complaint(object_name=None),
        complaint(object_name="calico-node-9"),
        complaint(object_name="calico-node-2"),
    ],
    ids=["once", "within 30 s", "felix", "no peers", "of nothing", "of a pod that is gone", "of a ready pod"],
)
def test_complaint_that_shows_no_session_to_be_down(event: EventFact):
    """bird.go: within 30 s of the start one missing peer of many makes the probe fail, at one probe in 10 s."""
    assert complained(event).state is UNKNOWN
    assert complained(event, complaint(count=4)).state is DOWN


@pytest.mark.parametrize("changed", [{"ready": True}, {"ready": None}, {"host_network": False}, {"node": None}])
def test_pod_that_cannot_complain(changed: dict[str, Any]):
    """Ready again; not said to be unready; no calico-node pod (those are on the host's network); on no node."""
    agent = pod("kube-system/calico-node-1", "node-1", "10.0.1.11", host_network=True, ready=False)
    assert session(node(1), node(2), pods=(agent,), events=(complaint(),)).state is DOWN
    assert session(node(1), node(2), pods=(replace(agent, **changed),), events=(complaint(),)).state is UNKNOWN


def test_log_comes_before_a_complaint():
    agent = pod("kube-system/calico-node-1", "node-1", "10.0.1.11", host_network=True, ready=False)
    up = node(1, log={"Mesh_10_0_1_12": "up"})
    assert session(up, node(2), pods=(agent,), events=(complaint(),)).state is UP
