"""Every hop shows what was expected beside what was found: Calico's rules with right addresses, against recorded routes."""

from __future__ import annotations

import io
from functools import cache

import pytest

import calico_bundle as cb
from calico_bundle.network.outcome import Hop
from calico_bundle.traced_path import Path
from tests.stories import Story, load_stories, story

every_story = pytest.mark.parametrize("told", load_stories(), ids=lambda s: s.name)


@cache
def analysis_of(told: str) -> cb.Analysis:
    return cb.analyze(io.BytesIO(story(told).archive()))


def path(told: str, source: str, to: str = "dns") -> Path:
    return analysis_of(told).path(source, to=to)


def hops(told: str, source: str, to: str = "dns") -> list[Hop]:
    found = path(told, source, to)
    return [hop for leg in found.legs for walk in (leg.request, leg.reply) for hop in walk.hops]


def sources(told: Story) -> list[str]:
    pods = analysis_of(told.name).diagnosis.cluster.pods
    return [f"{p.namespace}/{p.name}" for p in pods if p.phase == "Running"]


@every_story
def test_every_hop_has_both_and_cites_its_line(told: Story):
    for source in sources(told):
        for hop in hops(told.name, source):
            assert hop.expected, (source, hop)
            assert hop.found or hop.predicted or hop.does == "translates", (source, hop)
            assert hop.evidence, (source, hop)


@every_story
def test_hops_of_paths_that_reach_are_as_expected_where_addresses_are_right(told: Story):
    """A recorded route of Calico's begins with the network and next hop that its rules give."""
    analysis = analysis_of(told.name)
    if {v.status.value for v in analysis.diagnosis.addresses.values()} != {"ok"}:
        return
    for source in sources(told):
        for hop in hops(told.name, source):
            if hop.does == "routes" and analysis.path(source).verdict.value == "reaches":
                assert hop.found
                assert hop.expected.split(" dev ")[0] in hop.found or "a route to" in hop.expected, hop


def first(found: list[Hop], does: str) -> Hop:
    return next(hop for hop in found if hop.does == does)


def test_missing_route_stands_beside_the_default_route_that_is_taken():
    """Without encapsulation, BIRD's route leads to the right address by the card in its network."""
    hop = first(hops("incident", "shop/cart"), "routes")
    assert hop.expected == "10.244.2.0/26 via 10.0.1.12 dev ens18"
    assert hop.found.startswith("default via 10.0.1.1 dev ens18")


def test_tunnel_ends_stand_beside_those_of_the_wrong_address():
    hop = first(hops("vxlan", "app-1"), "encapsulates")
    assert (hop.expected, hop.found) == ("10.0.1.11 to 10.0.1.12", "10.0.1.11 to 192.168.50.12")


def test_next_hop_that_no_rule_can_give_without_a_tunnel():
    """Right addresses in two racks: without encapsulation it takes a router that knows pods."""
    hop = first(hops("routed-racks", "app-3", "app-1"), "routes")
    assert hop.expected == "10.244.1.0/26 by a router that knows pod addresses, or in a tunnel"


def test_machine_that_is_no_node_is_where_its_packets_end():
    dropping = first(hops("incident", "shop/cart"), "drops")
    assert dropping.node is None
    assert dropping.found == "next hop 10.0.1.1"


def test_service_address_is_translated_first_and_by_a_rule_where_rules_were_recorded():
    recorded = hops("vxlan", "app-1")[0]
    assert (recorded.does, recorded.expected) == ("translates", "10.96.0.10 to 10.244.2.2")
    assert "--to-destination 10.244.2.2:53" in (recorded.found or "")
    not_recorded = hops("kubernetes-objects-only", "app-1")[0]
    assert (not_recorded.does, not_recorded.found) == ("translates", None)


def test_packet_that_is_never_sent_is_never_translated():
    """A pod without a gateway sends nothing."""
    assert "translates" not in {hop.does for hop in hops("no-default-route", "app-1")}


def test_no_route_that_a_session_explains_cites_what_shows_the_session_to_be_down():
    dropping = first(hops("kubernetes-objects-only", "app-1"), "drops")
    assert "BGP not established with" in dropping.evidence.text


def test_paths_between_nodes_expect_a_route_to_the_node():
    hop = first(hops("incident", "shop-worker-1", "shop-worker-2"), "routes")
    assert hop.expected == "a route to 10.0.1.12 by ens18"
