"""What is configured for BGP, by confd's rules (client.go, bird.cfg template) and BIRD's defaults (proto/bgp/bgp.c)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle import facts as f
from calico_bundle.calico.bgp_configuration import BgpConfiguration
from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from tests.network.hand_made import NOWHERE, card, cluster, machine

BEFORE_MULTIHOP, SINCE_MULTIHOP = (3, 32, 1), (3, 33, 0)


def node(number: int, **changed: Any) -> ClusterNode:
    """node-NUMBER with 10.0.1.1NUMBER on eth0."""
    address = f"10.0.1.{10 + number}/24"
    given_fields = {"internal": address.split("/", maxsplit=1)[0], "calico": address} | changed
    return machine(f"node-{number}", card("eth0", given_fields["calico"]), **given_fields)


def settings(name: str = "default", **changed: Any) -> f.BGPConfigurationFact:
    fields = dict.fromkeys(("node_to_node_mesh", "as_number", "listen_port", "bind_mode", "program_cluster_routes"))
    return f.BGPConfigurationFact(name=name, evidence=NOWHERE, **{**fields, **changed})


def peer(**changed: Any) -> f.BGPPeerFact:
    fields = dict.fromkeys(("node", "node_selector", "peer_ip", "peer_selector", "as_number", "source_address"))
    return f.BGPPeerFact(name="a-peer", evidence=NOWHERE, **{**fields, **changed})


def configured(*facts: Any, version: tuple[int, ...] | None = BEFORE_MULTIHOP) -> BgpConfiguration:
    configurations = tuple(x for x in facts if isinstance(x, f.BGPConfigurationFact))
    peers = tuple(x for x in facts if isinstance(x, f.BGPPeerFact))
    return BgpConfiguration(cluster(bgp_configurations=configurations, bgp_peers=peers), version)


MESH_OFF = settings(node_to_node_mesh=False)


# --- AS numbers and ports -------------------------------------------------------------------------------------------


def test_as_number_is_the_nodes_own_then_the_clusters_then_64512():
    assert configured().as_number(node(1)) == 64512
    assert configured(settings(as_number="65000")).as_number(node(1)) == 65000
    assert configured(settings(as_number="65000")).as_number(node(1, as_number="65001")) == 65001


@given(st.integers(0, 2**32 - 1))
def test_dotted_and_plain_as_numbers_are_the_same(number: int):
    """RFC 5396: asdot is the high and the low 16 bits with a dot between them."""
    dotted = f"{number >> 16}.{number & 0xFFFF}"
    assert configured().as_number(node(1, as_number=dotted)) == configured().as_number(node(1, as_number=str(number)))


@given(st.text())
def test_no_text_of_an_as_number_fails(text: str):
    found = configured().as_number(node(1, as_number=text))
    assert found is None or found >= 0


def test_port_is_the_nodes_own_then_the_clusters_then_179():
    assert configured().port(node(1)) == 179
    both = configured(settings(listen_port=1790), settings("node.node-1", listen_port=1791))
    assert (both.port(node(1)), both.port(node(2))) == (1791, 1790)


# --- who dials ------------------------------------------------------------------------------------------------------


def test_the_address_that_is_greater_as_text_dials():
    """`10.0.1.9` is greater than `10.0.1.10` as text (bird.cfg template: `if gt $onode_ip $node_ip` passive)."""
    nine, ten = node(1, calico="10.0.1.9/24"), node(2, calico="10.0.1.10/24")
    assert configured().dials(nine, ten) is nine
    assert configured().dials(ten, nine) is nine


def test_outside_of_the_mesh_either_may_dial():
    assert configured(MESH_OFF, peer(peer_selector="all()")).dials(node(1), node(2)) is None


# --- what cannot come up --------------------------------------------------------------------------------------------


def test_nothing_stands_against_the_plain_mesh():
    assert configured().obstacle(node(1), node(2)) is None


@pytest.mark.parametrize("ends", [(1, 2), (2, 1)])
def test_bgp_peer_with_another_as_number_than_the_nodes(ends: tuple[int, int]):
    wrong = configured(MESH_OFF, peer(node="node-1", peer_ip="10.0.1.12", as_number="65009"))
    found = wrong.obstacle(*(node(n) for n in ends))
    assert found is not None
    assert "65009" in found.text
    assert "node-2, which has AS 64512" in found.text
    assert found.evidence == (NOWHERE,)


def test_bgp_peer_with_the_nodes_own_as_number():
    right = configured(MESH_OFF, peer(peer_ip="10.0.1.12", as_number="65009"))
    assert right.obstacle(node(1), node(2, as_number="65009")) is None


def test_bgp_peer_without_an_as_number_means_the_clusters():
    """nodesWithIPPortAndAS compares with the global AS number where the peer has none."""
    without = configured(settings(node_to_node_mesh=False, as_number="65000"), peer(peer_ip="10.0.1.12"))
    assert without.obstacle(node(1), node(2)) is None
    assert without.obstacle(node(1), node(2, as_number="65001")) is not None


def test_bgp_peer_on_a_port_where_nobody_listens():
    found = configured(MESH_OFF, peer(peer_ip="10.0.1.12:1790")).obstacle(node(1), node(2))
    assert found is not None
    assert "port 1790" in found.text
    assert "listens on 179" in found.text


def test_bgp_peer_without_a_port_takes_the_nodes():
    """confd looks the port of a calico/node up itself."""
    elsewhere = settings(node_to_node_mesh=False, listen_port=1790)
    assert configured(elsewhere, peer(peer_ip="10.0.1.12")).obstacle(node(1), node(2)) is None
    assert configured(elsewhere, peer(peer_ip="10.0.1.12:1790")).obstacle(node(1), node(2)) is None


def test_one_bgp_peer_that_fits_is_enough():
    both = (peer(peer_ip="10.0.1.12", as_number="65009"), peer(node="node-2", peer_ip="10.0.1.11"))
    assert configured(MESH_OFF, *both).obstacle(node(1), node(2)) is None


def test_peers_by_selector_take_as_number_and_port_from_the_node():
    elsewhere = settings(node_to_node_mesh=False, listen_port=1790)
    assert configured(elsewhere, peer(peer_selector="all()", as_number="1")).obstacle(node(1), node(2)) is None


def far_node(**changed: Any) -> ClusterNode:
    return node(2, calico="10.0.2.12/24", internal="10.0.2.12", **changed)


def test_mesh_of_two_as_numbers_must_be_direct():
    """BIRD: external sessions are direct unless told otherwise, and the mesh is not told up to v3.32."""
    found = configured().obstacle(node(1, as_number="65001"), far_node())
    assert found is not None
    assert "10.0.2.12 is in no network of node-1" in found.text


@pytest.mark.parametrize(
    "one, other, version",
    [
        ({"as_number": "65001"}, {"as_number": "65001"}, BEFORE_MULTIHOP),
        ({"as_number": "65001"}, {}, SINCE_MULTIHOP),
        ({"as_number": "65001"}, {}, None),
        ({"as_number": "?"}, {}, BEFORE_MULTIHOP),
    ],
)
def test_mesh_that_is_internal_multihop_or_not_known_has_no_obstacle(one, other, version):
    assert configured(version=version).obstacle(node(1, **one), far_node(**other)) is None


def test_mesh_of_two_as_numbers_in_one_network_has_no_obstacle():
    assert configured().obstacle(node(1, as_number="65001"), node(2)) is None


def line(text: str) -> Evidence:
    return Evidence("objects.yaml", 1, text)


def test_an_obstacle_cites_the_peer_and_the_as_number_that_do_not_fit():
    wrong = replace(peer(peer_ip="10.0.1.12", as_number="65009"), evidence=line("name: a-peer"))
    far = node(2, as_number="65001", cited={"as_number": line("ASNumber: 65001")})
    found = configured(MESH_OFF, wrong).obstacle(node(1), far)
    assert found is not None
    assert [e.text for e in found.evidence] == ["name: a-peer", "ASNumber: 65001"]
    port = configured(MESH_OFF, replace(wrong, peer_ip="10.0.1.12:1", as_number="65001")).obstacle(node(1), far)
    assert port is not None
    assert port.evidence == found.evidence


def test_a_session_that_must_be_direct_cites_both_numbers_and_the_far_address():
    near = node(1, as_number="65001", cited={"as_number": line("ASNumber: 65001")})
    far = far_node(
        as_number="65002", cited={"as_number": line("ASNumber: 65002"), "bgp_ipv4": line("IPv4Address: 10.0.2.12/24")}
    )
    found = configured().obstacle(near, far)
    assert found is not None
    assert [e.text for e in found.evidence] == ["ASNumber: 65001", "ASNumber: 65002", "IPv4Address: 10.0.2.12/24"]


def test_node_whose_cards_are_not_known_may_be_in_any_network():
    unseen = machine("node-1", internal="10.0.1.11", calico="10.0.1.11/24", as_number="65001")
    other = machine("node-2", internal="10.0.2.12", calico="10.0.2.12/24")
    assert configured().obstacle(unseen, other) is None


def test_mesh_is_multihop_from_its_first_version_on():
    assert configured(version=(3, 33)).obstacle(node(1, as_number="65001"), far_node()) is None


def test_both_ends_dial_before_one_of_them_was_made_passive():
    """bird.cfg template: `passive on` since v3.22."""
    assert configured(version=(3, 21, 6)).dials(node(1), node(2)) is None
    assert configured(version=(3, 22, 0)).dials(node(1), node(2)) is not None


def test_nobody_dials_an_address_that_is_not_known():
    assert configured().dials(node(1), machine("node-9")) is None
    assert configured().dials(machine("node-9"), node(1)) is None


def test_number_that_is_half_dotted_is_no_number():
    assert configured().as_number(node(1, as_number="1.x")) is None
