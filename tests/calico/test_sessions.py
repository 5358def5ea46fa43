"""Evidence of sessions that may be old or that nobody looked at, and BIRD while it recovers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calico_bundle import facts as f
from calico_bundle.calico.bgp import Peerings, SessionState, recovering
from calico_bundle.cluster import Cluster, ClusterNode
from tests.network.hand_made import NOWHERE, blocks_of, cluster, lan_node, read

UP, DOWN, UNKNOWN, NONE = SessionState.UP, SessionState.DOWN, SessionState.UNKNOWN, SessionState.NONE


def state(where: Cluster, one: str = "node-1", other: str = "node-2") -> SessionState:
    return Peerings(where).session(where.nodes[one], where.nodes[other]).state


def learning(where: Cluster, one: str = "node-1", other: str = "node-2") -> SessionState:
    return Peerings(where).learns(where.nodes[one], where.nodes[other]).state


def silent(number: int, **changed: Any) -> ClusterNode:
    """A node of which only its Node object was collected."""
    return lan_node(number, **{"routes": None, "sessions": None, **changed})


def reported(info: str) -> tuple[f.BGPSessionFact, ...]:
    """A CalicoNodeStatus' session with node-2."""
    (session,) = (s for s in lan_node(1, 2).sessions or ())
    return (replace(session, info=info, established=info == "Established", source="CalicoNodeStatus"),)


def logged(*states: str, protocol: str = "Mesh_10_0_1_12") -> tuple[f.LogEventFact, ...]:
    text = "".join(f"bird: {protocol}: State changed to {s}\n" for s in states)
    return tuple(x for x in read("calico-log", text, "node-1.log") if isinstance(x, f.LogEventFact))


@pytest.mark.parametrize("info, expected", [("Established", UP), ("Active", DOWN)])
def test_calico_node_status_counts_where_nothing_else_does(info: str, expected: SessionState):
    assert state(cluster(replace(silent(1), sessions=reported(info)), silent(2))) is expected


def test_calico_node_status_may_be_old_so_a_log_outranks_it():
    node = replace(silent(1), sessions=reported("Established"), log_events=logged("start"))
    assert state(cluster(node, silent(2))) is DOWN


def test_a_configuration_that_cannot_work_counts_last():
    mesh_off = f.BGPConfigurationFact("default", False, None, None, None, None, NOWHERE)
    wrong = f.BGPPeerFact("p", "node-1", None, "10.0.1.12", None, "65009", None, NOWHERE)
    configured = {"bgp_configurations": (mesh_off,), "bgp_peers": (wrong,)}
    assert state(cluster(silent(1), silent(2), **configured)) is DOWN
    assert state(cluster(lan_node(1, 2), silent(2), **configured)) is UP
    assert state(cluster(silent(1), silent(2), bgp_configurations=(mesh_off,))) is NONE


STATUS = "BIRD 1.6.8\nRouter ID is 10.0.1.11\n{}Daemon is up and running\n"
RECOVERING = STATUS.format(
    "Graceful restart recovery in progress\n  Waiting for 1 protocols to recover\n  Wait timer is 200/240\n"
)


def with_status(text: str) -> ClusterNode:
    return replace(lan_node(1, sessions=None), log_events=read("bird-status", text, "node-1/bird-status.txt"))


def test_bird_in_graceful_restart_recovery_writes_nothing_so_missing_routes_show_nothing():
    """Measured: with -R and a peer that does not answer, every node holds back all pool routes for 240 s."""
    node = with_status(RECOVERING)
    line = recovering(node)
    assert line is not None
    assert line.text == "Graceful restart recovery in progress"
    assert learning(cluster(node, silent(2), blocks=blocks_of(1, 2))) is UNKNOWN


def test_bird_that_has_recovered():
    node = with_status(STATUS.format(""))
    assert recovering(node) is None
    assert learning(cluster(node, silent(2), blocks=blocks_of(1, 2))) is DOWN
