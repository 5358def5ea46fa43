"""Who peers with whom, and whose routes a node learns.

Sources: confd's bird.cfg template and client.go of projectcalico/calico (mesh, reflectors, reverse peerings, peers that
are skipped), api/pkg/apis/projectcalico/v3 (BGPConfiguration, BGPPeer).
"""

from __future__ import annotations

from typing import Any

import pytest

from calico_bundle.calico.bgp import Session, SessionState
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts.route_queries import is_learned
from tests.calico.peerings import (
    DOWN,
    NONE,
    OFF,
    TO_REFLECTORS,
    UNKNOWN,
    UP,
    learns,
    mesh,
    node,
    peer,
    peerings,
    reflector,
    session,
    texts,
)
from tests.network.hand_made import block, blocks_of

OWN_BLOCK = "blackhole 10.244.1.0/26 proto bird"


def configured(one: ClusterNode, other: ClusterNode, **facts: Any) -> bool | None:
    both = peerings(one, other, **facts)
    assert both.configuration.peers(one, other) == both.configuration.peers(other, one), "a session has two ends"
    return both.configuration.peers(one, other)


# --- who is configured to peer --------------------------------------------------------------------------------------


def test_every_node_peers_with_every_other_in_the_mesh_which_is_on_by_default():
    """bgpconfig.go: nodeToNodeMeshEnabled is true where it, or the object, is not there."""
    assert configured(node(1), node(2)) is True
    for on in (True, None):
        assert configured(node(1), node(2), bgp_configurations=(mesh(on=on),)) is True


def test_mesh_that_is_switched_off_leaves_no_peering():
    assert configured(node(1), node(2), bgp_configurations=(mesh(on=False),)) is False
    assert session(node(1), node(2), bgp_configurations=(mesh(on=False),)).state is NONE


def test_configuration_of_one_node_does_not_switch_the_mesh_off():
    """bgpconfig.go: the mesh is a matter of the object `default`; `node.NAME` overrides other fields for one node."""
    others = (mesh(on=False, name="node.node-1"), mesh(on=True))
    assert configured(node(1), node(2), bgp_configurations=others) is True
    assert configured(node(1), node(2), bgp_configurations=others[:1]) is True


@pytest.mark.parametrize("one, other", [(None, ""), ("", None), (None, None), ("10.0.2.15/24", "10.0.2.15/24")])
def test_peers_without_address_or_with_the_own_address_are_skipped(one: str | None, other: str | None):
    """bird.cfg.template skips them; of three nodes with 10.0.2.15 the lab's BIRD had no peer at all."""
    assert configured(node(1, one), node(2, other)) is False
    assert session(node(1, one), node(2, other)).state is NONE


def test_reflector_leaves_the_mesh_and_the_mesh_skips_it():
    """bird.cfg.template: no mesh peering where either end has a routeReflectorClusterID."""
    assert configured(node(1), reflector(2)) is False
    assert configured(reflector(1), reflector(2)) is False


def test_reflector_peers_by_a_bgp_peer_from_either_side():
    """client.go generates the reverse peering between two Calico nodes by itself."""
    assert configured(node(1), reflector(2), bgp_peers=(TO_REFLECTORS,)) is True
    assert configured(node(1), node(2), bgp_peers=(TO_REFLECTORS,), bgp_configurations=(mesh(on=False),)) is False


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"peer_ip": "10.0.1.12"}, True),
        ({"peer_ip": "10.0.1.12:179"}, True),
        ({"peer_ip": "10.0.1.11", "node": "node-2"}, True),
        ({"peer_ip": "10.0.1.12", "node": "node-1"}, True),
        ({"peer_ip": "10.0.1.12", "node": ""}, True),
        ({"peer_ip": "10.0.1.12", "node": "node-2"}, False),
        ({"peer_ip": "10.0.1.12", "node": "node-9"}, False),
        ({"peer_ip": "10.0.1.1"}, False),
        ({"peer_ip": "10.0.1.12", "node_selector": "rack == 'a'"}, True),
        ({"peer_ip": "10.0.1.12", "node_selector": "rack == 'b'"}, False),
        ({"peer_selector": "rack == 'b'"}, True),
        ({"peer_selector": "rack == 'c'"}, False),
        ({"node_selector": "rack == 'a'", "peer_selector": "rack == 'b'"}, True),
        ({"node_selector": "rack == 'a'", "peer_selector": "rack == 'a'"}, False),
        ({"node": "node-1", "peer_selector": "rack == 'b'"}, True),
        ({}, False),
    ],
)
def test_bgp_peer_says_who_peers_without_a_mesh(fields: dict[str, Any], expected: bool):
    """bgppeer.go: `node` or `nodeSelector` (neither: all nodes) to `peerIP[:port]` or the nodes of `peerSelector`."""
    one, other = node(1, labels={"rack": "a"}), node(2, labels={"rack": "b"})
    assert configured(one, other, bgp_peers=(peer(**fields),), **OFF) is expected


def test_any_of_several_bgp_peers_is_enough():
    several = (peer(peer_ip="10.0.1.99"), peer(peer_ip="10.0.1.12"))
    assert configured(node(1), node(2), bgp_peers=several, **OFF) is True


def test_selector_that_cannot_be_read_leaves_the_peering_open():
    odd = (peer(node_selector="role ~~ 'db'", peer_ip="10.0.1.12"),)
    assert configured(node(1), node(2), bgp_peers=odd, **OFF) is None
    assert session(node(1), node(2), bgp_peers=odd, **OFF).state is UNKNOWN
    up = node(1, sessions="10.0.1.12 Established")
    assert session(up, node(2), bgp_peers=odd, **OFF).state is UP


# --- routes in the kernel -------------------------------------------------------------------------------------------

TO_2 = "10.244.2.0/26 via 10.0.1.12 dev eth0 proto bird"
TO_3 = "10.244.3.0/26 via 10.0.1.13 dev eth0 proto bird"


def routes(*text: str) -> dict[str, str]:
    return {"routes": "\n".join(text)}


def test_route_of_birds_into_the_peers_block_shows_that_it_learns():
    found = learns(node(1, **routes(OWN_BLOCK, TO_3, TO_2)), node(2))
    assert (found.state, texts(found)) == (UP, [TO_2])


def test_unreachable_route_was_learned_too():
    """BIRD installs `unreachable` for a next hop that it cannot resolve: the session is up all the same."""
    assert learns(node(1, **routes("unreachable 10.244.2.0/26 proto bird")), node(2)).state is UP


@pytest.mark.parametrize("protocol, expected", [("bird", UP), ("12", UP), ("80", UNKNOWN), ("static", UNKNOWN)])
def test_only_routes_of_birds_speak_of_bgp(protocol: str, expected: SessionState):
    """`proto bird` prints as `proto 12` where rt_protos has no name for it; 80 is Felix."""
    assert (
        learns(node(1, **routes(f"10.244.2.0/26 via 10.0.1.12 dev eth0 proto {protocol}")), node(2)).state is expected
    )


def test_bird_without_a_route_to_the_peer_has_not_learned_it():
    """BIRD runs, as its own block or another's route shows, and the peer's block is not there."""
    alone = learns(node(1, **routes(OWN_BLOCK)), node(2))
    assert (alone.state, texts(alone)) == (DOWN, [])
    four = "10.244.4.0/26 via 10.0.1.14 dev eth0 proto bird"
    others = learns(node(1, **routes(OWN_BLOCK, TO_3, four)), node(2))
    assert (others.state, texts(others)) == (DOWN, [TO_3])


def test_without_bird_or_without_the_peers_blocks_routes_show_nothing():
    assert learns(node(1, **routes("10.0.1.0/24 dev eth0 scope link")), node(2)).state is UNKNOWN
    assert learns(node(1, **routes(OWN_BLOCK, TO_3)), node(2), blocks=blocks_of(1)).state is UNKNOWN
    assert learns(node(1), node(2)).state is UNKNOWN


def test_own_routes_come_before_what_the_session_shows():
    """What the cluster shows beats a rule: a route that is there was learned, whatever BIRD's table says by now."""
    one = node(1, sessions="10.0.1.12 Connect", **routes(OWN_BLOCK, TO_2))
    assert learns(one, node(2)).state is UP


def test_session_says_what_a_node_without_recorded_routes_learns():
    assert learns(node(1, sessions="10.0.1.12 Established"), node(2)).state is UP
    assert learns(node(1, sessions="10.0.1.12 Connect"), node(2)).state is DOWN


def test_routes_on_the_far_side_show_the_session_too():
    """One session carries both ways."""
    back = "10.244.1.0/26 via 10.0.1.11 dev eth0 proto bird"
    assert learns(node(1), node(2, **routes("blackhole 10.244.2.0/26 proto bird", back))).state is UP
    assert learns(node(1), node(2, **routes("blackhole 10.244.2.0/26 proto bird"))).state is DOWN


def test_session_that_is_shown_comes_before_the_far_sides_routes():
    one = node(1, sessions="10.0.1.12 Connect")
    back = "10.244.1.0/26 via 10.0.1.11 dev eth0 proto bird"
    assert learns(one, node(2, **routes(back))).state is DOWN


def test_each_pair_of_nodes_has_an_answer_of_its_own():
    one = node(1, sessions="10.0.1.12 Established\n10.0.1.13 Connect")
    two, three = node(2), node(3)
    found = peerings(one, two, three, blocks=blocks_of(1, 2, 3))
    assert [found.learns(one, n).state for n in (two, three, two)] == [UP, DOWN, UP]


def test_routes_that_bird_carries():
    listed = routes(OWN_BLOCK, TO_2, "unreachable 10.244.4.0/26 proto 12", "10.0.1.0/24 dev eth0 proto kernel")
    found = filter(is_learned, node(1, **listed).routes or ())
    assert [str(r.destination) for r in found] == ["10.244.2.0/26", "10.244.4.0/26"]


# --- reflectors -----------------------------------------------------------------------------------------------------


def reflected(*sessions: str, reflectors: int = 1, **facts: Any) -> Session:
    """What node-1 learns of node-2, neither of them in a mesh; a line of each, then the reflectors node-3, node-4."""
    one, two = (node(n, sessions=text or None) for n, text in zip((1, 2), sessions, strict=True))
    others = [reflector(n) for n in range(3, 3 + reflectors)]
    return learns(one, two, *others, **{"bgp_peers": (TO_REFLECTORS,), **OFF, **facts})


ESTABLISHED, CONNECT = "10.0.1.13 Established", "10.0.1.13 Connect"


def test_reflector_that_both_reach_hands_on_the_routes():
    """RFC 4456, section 6: a route from a client is reflected to the other clients."""
    found = reflected(ESTABLISHED, ESTABLISHED)
    assert found.state is UP
    assert len(found.evidence) == 2


@pytest.mark.parametrize(
    "sessions", [(ESTABLISHED, CONNECT), (CONNECT, ESTABLISHED), (CONNECT, CONNECT), (CONNECT, "")]
)
def test_reflector_that_one_of_them_does_not_reach_hands_on_nothing(sessions: tuple[str, str]):
    found = reflected(*sessions)
    assert found.state is DOWN
    assert texts(found)
    assert not any("Established" in text for text in texts(found))


@pytest.mark.parametrize("sessions", [("", ""), (ESTABLISHED, ""), ("", ESTABLISHED)])
def test_reflector_whose_sessions_are_not_known_leaves_it_open(sessions: tuple[str, str]):
    assert reflected(*sessions).state is UNKNOWN


def test_one_reflector_of_two_is_enough():
    both = "10.0.1.13 Connect\n10.0.1.14 Established"
    assert reflected(both, both, reflectors=2).state is UP


def test_second_reflector_that_is_not_known_leaves_it_open():
    assert reflected(CONNECT, ESTABLISHED, reflectors=2).state is UNKNOWN


def test_two_reflectors_of_which_each_lacks_one_side_hand_on_nothing():
    assert reflected("10.0.1.13 Established\n10.0.1.14 Connect", "10.0.1.13 Connect\n10.0.1.14 Established",
                     reflectors=2).state is DOWN  # fmt: skip


def racked(number: int, rack: str, reaches: str, **given: Any) -> ClusterNode:
    return node(number, **{"labels": {"rack": rack}, "sessions": f"{reaches} Established", **given})


@pytest.mark.parametrize("between, expected", [("Established", UP), ("Connect", DOWN)])
def test_reflectors_that_peer_with_each_other_hand_on_their_clients_routes(between: str, expected: SessionState):
    """RFC 4456, section 6: a client's route goes to every peer of its reflector, and from there to that one's clients."""
    reflectors = [
        racked(n, rack, f"10.0.1.{10 + other}", labels={"rack": rack, "rr": "y"}, route_reflector_cluster_id=f"244.0.0.{n}",
               sessions=f"10.0.1.{10 + other} {between}")
        for n, rack, other in ((3, "a", 4), (4, "b", 3))
    ]  # fmt: skip
    to_own = [peer(node_selector=f"rack=='{r}' && !has(rr)", peer_selector=f"rack=='{r}' && has(rr)") for r in "ab"]
    peers = (*to_own, peer(node_selector="has(rr)", peer_selector="has(rr)"))
    clients = racked(1, "a", "10.0.1.13"), racked(2, "b", "10.0.1.14")
    assert learns(*clients, *reflectors, bgp_peers=peers, **OFF).state is expected


def test_router_that_calico_peers_with_may_hand_on_any_route():
    """No mesh, and every node peers with its rack's router, which is no node (bgppeer.go: peerIP may be any)."""
    nodes = [node(n, sessions="10.0.1.1 Established") for n in (1, 2)]
    assert learns(*nodes, bgp_peers=(peer(peer_ip="10.0.1.1", as_number="64512"),), **OFF).state is UNKNOWN


def test_what_nobody_looked_at_is_not_observed():
    wrong = peer(node="node-1", peer_ip="10.0.1.12", as_number="65009")
    assert not learns(node(1), node(2), bgp_peers=(wrong,), **OFF).observed
    assert learns(node(1, sessions="10.0.1.12 Connect"), node(2)).observed


def test_session_that_is_down_does_not_matter_where_a_reflector_hands_the_routes_on():
    """Measured: a client that reaches one of two reflectors learns the other's routes from it (RFC 4456, section 6)."""
    client = node(1, sessions="10.0.1.13 Established\n10.0.1.12 Passive")
    reached = reflector(3, sessions="10.0.1.11 Established\n10.0.1.12 Established")
    peers = (TO_REFLECTORS, peer(node_selector="has(rr)", peer_selector="has(rr)"))
    assert learns(client, reflector(2), reached, bgp_peers=peers).state is UP
    alone = reflector(3, sessions="10.0.1.11 Established\n10.0.1.12 Passive")
    assert learns(client, reflector(2), alone, bgp_peers=peers).state is DOWN


@pytest.mark.parametrize(
    "numbers, expected", [(("64513", None, "64513"), DOWN), (("64513", None, "64514"), UP), ((None, None, None), UP)]
)
def test_route_that_comes_back_into_its_as_is_refused(numbers: tuple[str | None, ...], expected: SessionState):
    """RFC 4271, section 9.1.2: an AS path that holds the own number; measured with two clients of AS 64513."""
    one, hub, other = numbers
    clients = (node(n, sessions=ESTABLISHED, as_number=number) for n, number in ((1, one), (2, other)))
    found = learns(*clients, reflector(3, as_number=hub), bgp_peers=(TO_REFLECTORS,), **OFF)
    assert found.state is expected


@pytest.mark.parametrize("number, expected", [("64513", UP), (None, DOWN)])
def test_route_of_another_as_is_handed_on_inside_the_own(number: str | None, expected: SessionState):
    """RFC 4271, section 9.2: node-3 tells node-1 what it has from AS 64513, and not what it has from its own AS.

    Measured: a mesh in which node-1 and node-2 do not reach each other, and node-3 reaches both.
    """
    one = node(1, sessions="10.0.1.12 Connect\n10.0.1.13 Established")
    two = node(2, sessions="10.0.1.11 Passive\n10.0.1.13 Established", as_number=number)
    assert learns(one, two, node(3)).state is expected
    assert learns(two, one, node(3)).state is expected


def test_many_nodes_of_other_as_numbers_leave_it_open():
    one, two = node(1, sessions="10.0.1.12 Connect"), node(2, as_number="64513")
    assert learns(one, two, *(node(n) for n in range(3, 40))).state is UNKNOWN


def test_without_mesh_and_reflectors_nothing_is_learned():
    assert learns(node(1), node(2), **OFF).state is DOWN


def test_reflector_learns_of_a_client_by_their_own_session():
    client = node(1, sessions="10.0.1.12 Established")
    assert learns(reflector(2), client, bgp_peers=(TO_REFLECTORS,)).state is UP


def test_reflector_that_does_not_peer_with_a_node_is_no_way_between_itself_and_that_node():
    """The only reflector is one of the two; there is no third machine to reflect."""
    assert learns(node(1), reflector(2)).state is DOWN


def test_blocks_of_a_peer_are_those_it_owns():
    two_blocks = (*blocks_of(1, 2), block("10.244.2.64/26", "node-2"))
    further = "10.244.2.64/26 via 10.0.1.12 dev eth0 proto bird"
    found = learns(node(1, **routes(OWN_BLOCK, TO_2, further)), node(2), blocks=two_blocks)
    assert texts(found) == [TO_2, further]
