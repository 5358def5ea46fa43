"""Nodes that peer over BGP, made by hand, and what is known of their sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calico_bundle.calico.bgp import Peerings, Session, SessionState
from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import BGPConfigurationFact, BGPPeerFact, LogEventFact
from tests.network.hand_made import NOWHERE, blocks_of, cluster, machine

UP, DOWN, UNKNOWN, NONE = SessionState.UP, SessionState.DOWN, SessionState.UNKNOWN, SessionState.NONE


def node(number: int, calico: str | None = "", *, log: Mapping[str, str] | None = None, **given: Any) -> ClusterNode:
    """node-NUMBER with a Node object alone; `log` has states by BIRD's protocol, in the order of the lines."""
    stored = f"10.0.1.{10 + number}/24" if calico == "" else calico
    made = machine(f"node-{number}", **{"internal": f"10.0.1.{10 + number}", "calico": stored, **given})
    return replace(made, log_events=tuple(logged(p, s) for p, s in (log or {}).items()))


def logged(protocol: str, state: str, event: str = "bird-protocol-state") -> LogEventFact:
    line = Evidence("calico-node.log", 1, f"bird: {protocol}: State changed to {state}")
    return LogEventFact(None, None, "bird", event, {"protocol": protocol, "state": state}, line)


def reflector(number: int, **given: Any) -> ClusterNode:
    return node(number, route_reflector_cluster_id="244.0.0.1", labels={"rr": "yes"}, **given)


def mesh(*, on: bool | None, name: str = "default") -> BGPConfigurationFact:
    return BGPConfigurationFact(name, on, None, None, None, None, NOWHERE)


def peer(**fields: Any) -> BGPPeerFact:
    empty = dict.fromkeys(("node", "node_selector", "peer_ip", "peer_selector", "as_number", "source_address"))
    return BGPPeerFact(**{**empty, "name": "peer", "evidence": NOWHERE, **fields})


OFF: dict[str, Any] = {"bgp_configurations": (mesh(on=False),)}
TO_REFLECTORS = peer(node_selector="!has(rr)", peer_selector="has(rr)")


def peerings(*nodes: ClusterNode, **facts: Any) -> Peerings:
    return Peerings(cluster(*nodes, **facts))


def session(one: ClusterNode, other: ClusterNode, **facts: Any) -> Session:
    both = peerings(one, other, **facts)
    assert both.session(one, other).state is both.session(other, one).state, "a session has two ends"
    return both.session(one, other)


def learns(one: ClusterNode, other: ClusterNode, *more: ClusterNode, **facts: Any) -> Session:
    return peerings(one, other, *more, **{"blocks": blocks_of(1, 2), **facts}).learns(one, other)


def texts(found: Session) -> list[str]:
    return [e.text for e in found.evidence]
