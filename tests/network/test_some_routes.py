"""Nodes of which only some routes are known (NodeNetworkState): what is not among them may be there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.calico.detection import detect
from calico_bundle.choices import Choices
from calico_bundle.cluster import ClusterNode
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.outcome import Outcome, Walk, Why
from calico_bundle.parsers import choose
from tests.network.hand_made import blocks_of, cluster, pod, pool, read
from tests.network.unseen import unseen
from tests.network.walks import walk, why

PODS = tuple(pod(f"app-{n}", f"node-{n}", f"10.244.{n}.2") for n in (1, 2))
DOWN, UP = ({"sessions": f"10.0.1.12 {state}"} for state in ("Connect", "Established"))


def way(routes: str, **records: Any) -> Walk:
    one = replace(unseen(1, **records), some_routes=read("ip-route", routes) if routes else ())
    where = cluster(one, unseen(2), pools=(pool(),), blocks=blocks_of(1, 2), pods=PODS)
    return walk(where, "node-1", "10.244.1.2", "10.244.2.2")


def test_a_default_route_lets_a_pods_gateway_answer():
    """Proxy ARP answers for 169.254.1.1 only while there is a route to it."""
    assert way("", **UP).outcome is Outcome.UNKNOWN
    assert way("default via 10.0.1.1 dev eth0\n", **UP).delivered


def test_a_default_route_by_a_router_saves_nothing():
    for routes in ("", "default via 10.0.1.1 dev eth0\n"):
        assert why(way(routes, **DOWN)) is Why.NO_ROUTE


def test_a_default_route_by_another_node_leaves_it_open():
    assert way("default via 10.0.1.12 dev eth0\n", **DOWN).outcome is Outcome.UNKNOWN


def test_of_several_default_routes_none_is_picked_unless_its_metric_is_the_least():
    better = "default via 10.0.1.1 dev eth0 metric 100\ndefault via 10.0.1.9 dev eth0 metric 200\n"
    assert way(better, **UP).delivered
    assert way(better.replace("200", "100"), **UP).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("routes", ["10.244.0.0/16 via 10.0.1.9 dev eth0\n", "10.244.2.0/28 via 10.0.1.9 dev eth0\n"])
def test_a_route_that_takes_the_packet_beside_those_not_known_leaves_it_open(routes: str):
    for records in (DOWN, UP):
        assert way(routes, **records).outcome is Outcome.UNKNOWN


def test_another_tables_routes_are_met_by_rules_alone():
    assert way("default via 10.0.1.1 dev eth0 table 100\n", **UP).outcome is Outcome.UNKNOWN


# --- a node's records -------------------------------------------------------------------------------------------------

STATE = """\
kind: NodeNetworkState
metadata:
  name: n1
status:
  currentState:
    interfaces:
    - {name: eth0, state: up, ipv4: {address: [{ip: 10.0.1.11, prefix-length: 24}]}}
    - {name: eth1, state: up, ipv4: {address: [{ip: 192.168.50.11, prefix-length: 24}]}}
    routes:
      running:
      - {destination: 0.0.0.0/0, next-hop-address: 10.0.1.1, next-hop-interface: eth0, table-id: 254}
    route-rules:
      config:
      - {priority: 100, ip-from: 10.9.0.0/16, route-table: 100}
"""
ADDRESSES = (
    "1: lo: <UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n"
    "2: eth1: <UP> mtu 1500 state UP\n    inet 192.168.50.11/24 scope global eth1\n"
)
ROUTES = "default via 10.0.1.254 dev eth0\nlocal 10.0.1.11 dev eth0 table local scope host\n"


def joined(*texts: str) -> ClusterNode:
    files = []
    for number, text in enumerate(texts):
        parser = choose(text)
        assert parser is not None
        path = f"n1/{number}"
        parsed = parser.parse(text, path)
        files.append(Artifact(path, 1, parser.kind, parsed, "by-content", Placement(node="n1")))
    return join(Bundle(("x",), (), tuple(files), ())).nodes["n1"]


def test_a_state_alone_gives_cards_and_rules_and_no_routing_table():
    node = joined(STATE)
    assert [i.name for i in node.interfaces or ()] == ["eth0", "eth1"]
    assert [str(a.address) for a in node.addresses or ()] == ["10.0.1.11/24", "192.168.50.11/24"]
    assert (node.routes, len(node.some_routes), [r.priority for r in node.rules or ()]) == (None, 1, [100])
    assert not node.in_kernel_order


def test_what_ip_printed_comes_before_it():
    node = joined(STATE, ADDRESSES, ROUTES)
    assert [i.name for i in node.interfaces or ()] == ["lo", "eth1"]
    assert node.in_kernel_order
    assert len(node.routes or ()) == 2


def test_its_rules_do_not_pass_for_all_where_routes_were_recorded():
    """It does not list the kernel's own three: with these alone nothing would be looked up in the main table."""
    assert joined(STATE, ROUTES).rules is None


def test_its_order_is_not_the_kernels():
    node = joined(STATE)
    where = cluster(node)
    machine = Choices(where, Forwarding(where)).machine(node)
    assert detect("first-found", machine, (3, 28)).undecided
    assert detect("interface=eth0", machine, (3, 28)).interface == "eth0"


def test_a_hidden_address_may_be_the_one_that_is_asked_for():
    node = joined(STATE.replace("192.168.50.11", "'***HIDDEN***'"))
    assert "ip-addr" in node.incomplete
