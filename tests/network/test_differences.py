"""A table beside its reference holds each route that a packet can meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import Evidence
from calico_bundle.facts import RouteFact
from calico_bundle.facts.route_listing import RouteListing
from calico_bundle.network.likeness.differences import cable_devices, can_matter, difference
from calico_bundle.parsers import ip_route
from calico_bundle.parsers.ip_route_quick import QuickRoutes
from tests.parsers.route_lines import near_listings

NOWHERE = Evidence("", None, "")
CABLES = [
    "10.244.1.7 dev cali12ab scope link",
    "10.244.1.8 dev cali34cd scope link ",
    "10.244.1.9 dev eni56 scope link",
]


def listing_beside(reference: list[str], lines: list[str]) -> RouteListing:
    read = QuickRoutes(ip_route.whole_route)
    for part in (reference, lines):
        parsed = read("".join(f"{line}\n" for line in part).encode(), "nodes/n1/ip-route.txt")
    assert parsed is not None
    assert isinstance(parsed.facts, RouteListing)
    return parsed.facts


def counted(routes: Iterable[RouteFact]) -> Counter[RouteFact]:
    return Counter(replace(route, evidence=NOWHERE) for route in routes if can_matter(route))


@settings(max_examples=80, deadline=None)
@given(
    near_listings(), near_listings(), st.lists(st.sampled_from(CABLES), unique=True), st.sampled_from(["cali", "eni"])
)
def test_difference_has_each_route_that_a_lookup_can_meet(
    reference: list[str], lines: list[str], cables: list[str], prefix: str
):
    listing = listing_beside(reference, lines + cables)
    found = difference(listing, lambda device: device.startswith(prefix))
    kept = [route for place, route in enumerate(found.lines) if place not in found.removed]
    left = counted(listing)
    left.subtract(counted([*kept, *found.added]))
    into_cables = +left
    assert -left == Counter()
    assert sorted(int(r.destination.network_address) for r in into_cables.elements()) == sorted(found.cables)
    devices = cable_devices(listing, lambda device: device.startswith(prefix))
    assert {r.next_hops[0].device for r in into_cables} <= devices
    assert all(device.startswith(prefix) for device in devices)


@pytest.mark.parametrize("prefix", ["cali", "eni"])
def test_own_routes_of_pods_are_cables(prefix: str):
    listing = listing_beside(["default via 10.0.1.1 dev ens18"], ["default via 10.0.1.1 dev ens18", *CABLES])
    found = difference(listing, lambda device: device.startswith(prefix))
    assert len(found.cables) == (2 if prefix == "cali" else 1)
    assert len(found.added) == 3 - len(found.cables)
