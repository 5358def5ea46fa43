"""What shows a session to be up or down, the strongest first, and what shows that routes are learned over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calico_bundle import facts as f
from calico_bundle.calico.bgp import Peerings, SessionState, recovering
from calico_bundle.cluster import Cluster, ClusterNode
from tests.network.hand_made import NOWHERE, blocks_of, cluster, lan_node, pod, read

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


def not_ready(count: int = 10, pod_ready: bool = False) -> dict[str, Any]:
    """The readiness event of node-1's calico-node that names node-2."""
    message = "calico/node is not ready: BIRD is not ready: BGP not established with 10.0.1.12,10.0.1.99"
    event = f.EventFact(
        "kube-system", "Unhealthy", message, "Warning", "Pod", "calico-node-1", "node-1", None, count, NOWHERE
    )
    agent = pod("kube-system/calico-node-1", "node-1", "10.0.1.11", host_network=True, ready=pod_ready)
    return {"events": (event,), "pods": (agent,)}


# --- each kind of evidence ------------------------------------------------------------------------------------------


def test_nothing_collected_leaves_it_open():
    assert state(cluster(silent(1), silent(2))) is UNKNOWN


def test_birds_own_table_decides_from_either_side():
    assert state(cluster(lan_node(1, 2), silent(2))) is UP
    assert state(cluster(silent(1), lan_node(2, 1))) is UP
    assert state(cluster(lan_node(1, sessions="10.0.1.12 Connect"), silent(2))) is DOWN


def test_tables_that_contradict_each_other_leave_it_open():
    """One end shows Established and the other does not: taken at different times."""
    assert state(cluster(lan_node(1, 2), lan_node(2, sessions="10.0.1.11 Active"))) is UNKNOWN


@pytest.mark.parametrize(
    "states, expected", [(("start",), DOWN), (("start", "up"), UP), (("up", "stop", "down"), DOWN), ((), UNKNOWN)]
)
def test_last_state_in_birds_log(states: tuple[str, ...], expected: SessionState):
    assert state(cluster(replace(silent(1), log_events=logged(*states)), silent(2))) is expected


def test_log_of_another_protocol_says_nothing():
    assert state(cluster(replace(silent(1), log_events=logged("up", protocol="kernel1")), silent(2))) is UNKNOWN


def test_calico_node_that_is_not_ready_names_whom_it_does_not_reach():
    """health.go: past the first 30 s a calico-node with one established session is ready."""
    assert state(cluster(silent(1), silent(2), **not_ready())) is DOWN


@pytest.mark.parametrize("told", [not_ready(count=3), not_ready(pod_ready=True)])
def test_readiness_events_of_the_first_seconds_or_of_a_pod_that_is_ready_say_nothing(told: dict[str, Any]):
    """In the first 30 s one missing peer fails the probe, so an early event is no news of any other."""
    assert state(cluster(silent(1), silent(2), **told)) is UNKNOWN


@pytest.mark.parametrize("info, expected", [("Established", UP), ("Active", DOWN)])
def test_calico_node_status_counts_where_nothing_else_does(info: str, expected: SessionState):
    assert state(cluster(replace(silent(1), sessions=reported(info)), silent(2))) is expected


def test_calico_node_status_may_be_old_so_a_log_outranks_it():
    node = replace(silent(1), sessions=reported("Established"), log_events=logged("start"))
    assert state(cluster(node, silent(2))) is DOWN


def test_birds_table_outranks_a_log():
    node = replace(lan_node(1, 2), log_events=logged("start"))
    assert state(cluster(node, silent(2))) is UP


def test_a_configuration_that_cannot_work_counts_last():
    mesh_off = f.BGPConfigurationFact("default", False, None, None, None, None, NOWHERE)
    wrong = f.BGPPeerFact("p", "node-1", None, "10.0.1.12", None, "65009", None, NOWHERE)
    configured = {"bgp_configurations": (mesh_off,), "bgp_peers": (wrong,)}
    assert state(cluster(silent(1), silent(2), **configured)) is DOWN
    assert state(cluster(lan_node(1, 2), silent(2), **configured)) is UP
    assert state(cluster(silent(1), silent(2), bgp_configurations=(mesh_off,))) is NONE


# --- who learns whose routes ----------------------------------------------------------------------------------------


def test_a_route_of_birds_into_the_peers_block_shows_it():
    assert learning(cluster(lan_node(1, 2, sessions=None), silent(2), blocks=blocks_of(1, 2))) is UP


def test_birds_routes_without_one_to_the_peer_show_that_none_is_learned():
    assert learning(cluster(lan_node(1, sessions=None), silent(2), blocks=blocks_of(1, 2))) is DOWN


def test_kernel_without_any_route_of_birds_shows_nothing():
    """BIRD may not run, or not write: its own block would stand there as a blackhole."""
    routes = "10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.11"
    assert learning(cluster(silent(1, routes=routes), silent(2), blocks=blocks_of(1, 2))) is UNKNOWN


def test_blocks_that_are_not_known_show_nothing():
    assert learning(cluster(lan_node(1, sessions=None), silent(2))) is UNKNOWN


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


# --- route reflectors -------------------------------------------------------------------------------------------------


def reflected(first: str, second: str) -> Cluster:
    """node-1 and node-2 as clients of node-3, with the state of each one's session."""
    reflector = lan_node(3, route_reflector_cluster_id="224.0.0.3", routes=None)
    clients = (
        lan_node(n, routes=None, sessions=f"10.0.1.13 {info}", labels={"role": "client"})
        for n, info in ((1, first), (2, second))
    )
    mesh_off = f.BGPConfigurationFact("default", False, None, None, None, None, NOWHERE)
    to_reflector = f.BGPPeerFact("p", None, None, "10.0.1.13", None, None, None, NOWHERE)
    return cluster(*clients, reflector, bgp_configurations=(mesh_off,), bgp_peers=(to_reflector,))


@pytest.mark.parametrize(
    "first, second, expected",
    [("Established", "Established", UP), ("Established", "Connect", DOWN), ("Connect", "Connect", DOWN)],
)
def test_clients_learn_from_each_other_through_their_reflector(first: str, second: str, expected: SessionState):
    where = reflected(first, second)
    assert state(where) is NONE
    assert learning(where) is expected
