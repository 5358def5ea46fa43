"""Evidence of sessions that may be old or that nobody looked at, and BIRD while it recovers."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from calico_bundle import facts as f
from calico_bundle.calico.bgp import Peerings, SessionState, recovering
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.joining import _is_fresh
from tests.network.hand_made import NOWHERE, blocks_of, cluster, lan_node, pod, pool, read

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


@pytest.mark.parametrize(
    "told, newest, fresh",
    [
        ("2024-05-01T10:00:00Z", "2024-05-01T10:05:00Z", True),
        ("2024-05-01T10:20:00Z", "2024-05-01T10:05:00Z", True),
        ("2020-01-01T10:00:00Z", "2024-05-01T10:05:00Z", False),
        ("2024-05-01T10:00:00Z", None, False),
        (None, "2024-05-01T10:05:00Z", False),
        ("yesterday", "2024-05-01T10:05:00Z", False),
        ("2024-05-01T10:00:00", "2024-05-01T10:05:00Z", False),
    ],
)
def test_calico_node_status_is_as_good_as_its_time(told: str | None, newest: str | None, fresh: bool):
    assert _is_fresh(told, newest) is fresh


@pytest.mark.parametrize(
    "path",
    [
        "calico-node-1.previous.log",
        "calico-node/logs/previous.log",
        "calico-node/logs/previous.insecure.log",
        "calico-node/logs/rotated/0.log.20231102-061208",
        "calico-node/logs/rotated/0.log.20231102-061208.gz!/0.log.20231102-061208",
        "var/log/calico/bird/@4000000069050a3b1f2e3d4c.s",
        "diagnostics/logs/bird/@4000000069050a3b1f2e3d4c.u",
    ],
)
def test_previous_containers_log_is_not_what_is_so_now(path: str):
    """`kubectl logs --previous`: it sorts behind the current log, and its last line is older."""
    current = logged("start", "up")
    before = [replace(e, evidence=replace(e.evidence, path=path)) for e in logged("down")]
    node = replace(silent(1), log_events=(*current, *before))
    assert state(cluster(node, silent(2))) is UP


def felix_later(last: str) -> dict[str, Any]:
    """The pod's BGP complaint is of 10:00, one of Felix of `last`."""
    words = (
        "BIRD is not ready: BGP not established with 10.0.1.12",
        "felix is not ready: readiness probe reporting 503",
    )
    seen = ("2024-05-01T10:00:00Z", last)
    told = [
        f.EventFact("kube-system", "Unhealthy", f"calico/node is not ready: {w}", "Warning", "Pod", "calico-node-1", "n", t,
                    80, NOWHERE)
        for w, t in zip(words, seen, strict=True)
    ]  # fmt: skip
    agent = pod("kube-system/calico-node-1", "node-1", "10.0.1.11", host_network=True, ready=False)
    return {"events": tuple(told), "pods": (agent,)}


def test_complaint_before_another_reason_is_old():
    where = cluster(silent(1), silent(2), **felix_later("2024-05-01T09:00:00Z"))
    assert state(where) is DOWN
    assert state(cluster(silent(1), silent(2), **felix_later("2024-05-01T11:00:00Z"))) is UNKNOWN


def test_complaint_that_leaves_a_peer_out_is_of_the_first_seconds():
    """Past the first 30 s one session is enough to be ready, so that a pod which is not names every peer."""
    where = cluster(silent(1), silent(2), silent(3), **felix_later("2024-05-01T09:00:00Z"))
    assert state(where) is UNKNOWN


def test_pod_cidrs_that_birds_routes_do_not_show_are_no_blocks():
    """Calico's IPAM takes no notice of podCIDR; kubeadm sets /24, and Calico's blocks are /26."""

    def with_cidr(node: ClusterNode, number: int) -> ClusterNode:
        assert node.kubernetes is not None
        return replace(node, kubernetes=replace(node.kubernetes, pod_cidrs=(ip_network(f"10.244.{number}.0/24"),)))

    nodes = with_cidr(lan_node(1, 2, sessions=None), 1), with_cidr(silent(2), 2)
    assert learning(cluster(*nodes)) is UNKNOWN
    assert learning(cluster(*nodes), "node-2", "node-1") is UNKNOWN


@pytest.mark.parametrize("changed", [{"vxlan_mode": "Always"}, {"disable_bgp_export": True}])
def test_blocks_that_bird_does_not_announce_are_not_missed(changed: dict[str, Any]):
    """Felix writes the routes of VXLAN pools; disableBGPExport keeps a pool's routes to the node."""
    where = cluster(lan_node(1, sessions=None), silent(2), blocks=blocks_of(1, 2), pools=(replace(pool(), **changed),))
    assert learning(where) is UNKNOWN


def test_configured_obstacle_is_cited_and_not_observed():
    mesh_off = f.BGPConfigurationFact("default", False, None, None, None, None, NOWHERE)
    wrong = f.BGPPeerFact("p", "node-1", None, "10.0.1.12", None, "65009", None, NOWHERE)
    where = cluster(silent(1), silent(2), bgp_configurations=(mesh_off,), bgp_peers=(wrong,))
    found = Peerings(where).session(where.nodes["node-1"], where.nodes["node-2"])
    assert (found.state, found.evidence, found.observed) == (DOWN, (NOWHERE,), False)
    alone = cluster(silent(1), silent(2), bgp_configurations=(mesh_off,))
    assert not Peerings(alone).session(alone.nodes["node-1"], alone.nodes["node-2"]).observed


def test_version_decides_whether_the_mesh_of_two_as_numbers_is_direct():
    far = lan_node(2, routes=None, sessions=None, internal="10.0.9.12", calico="10.0.9.12/24", as_number="65001")
    where = cluster(silent(1), far)
    by_version = {v: Peerings(where, v).session(where.nodes["node-1"], far).state for v in ((3, 28, 5), (3, 33, 0))}
    assert by_version == {(3, 28, 5): DOWN, (3, 33, 0): UNKNOWN}


@pytest.mark.parametrize(
    "node, shown",
    [
        (silent(1), False),
        (lan_node(1, 2), True),
        (replace(silent(1), log_events=logged("up")), True),
        (replace(silent(1), log_events=logged("up", protocol="kernel1")), False),
    ],
)
def test_what_shows_sessions_up_and_down(node: ClusterNode, shown: bool):
    """The states of BIRD's other protocols say nothing of a session."""
    assert Peerings(cluster(node)).any_shown_up_or_down is shown
    assert Peerings(cluster(node)).any_shown_down is shown
    assert Peerings(cluster(silent(1), silent(2), **felix_later("2024-05-01T09:00:00Z"))).any_shown_down
