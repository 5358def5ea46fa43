"""By which card a frame comes in, and whose an address is: what the reverse-path filter of the receiver hangs on.

Sources: the kernel's arp_process() (arp_ignore 0: any card answers for any address of the machine), inet_rtm_newaddr().
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.cluster import ClusterNode
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.wires import Landing, Wires
from tests.network.hand_made import block, card, cluster, lan_node, machine, pod, routes_of

MAC_9 = "02:00:00:00:00:99"


def wires(*nodes: ClusterNode, **facts: Any) -> Wires:
    return Forwarding(cluster(*nodes, **facts)).wires


def arrives(*nodes: ClusterNode, device: str = "eth0", to: str = "10.0.1.12") -> tuple[str, str | None, str | None]:
    """Where a frame from the first node ends: kind, node and card."""
    found = wires(*nodes).land(nodes[0], device, ip_address(to))
    return found.kind, found.node, found.interface


def unseen(number: int, **given: Any) -> ClusterNode:
    address = f"10.0.1.{10 + number}"
    return machine(f"node-{number}", **{"internal": address, "calico": f"{address}/24", **given})


# --- the card of the receiver ---------------------------------------------------------------------------------------


def test_frame_comes_in_by_the_card_in_the_senders_network():
    """The card that holds the address may be another one: node-2 holds 10.0.1.12 on a dummy, as a routed loopback."""
    other = machine(
        "node-2",
        card("dummy1", "10.0.1.12/32"),
        card("eth5", "10.0.1.112/24"),
        internal="10.0.1.12",
        calico="10.0.1.12/24",
    )
    assert arrives(lan_node(1, 2), other) == ("node", "node-2", "eth5")


def test_loopback_is_no_card_of_arrival():
    other = machine(
        "node-2", card("lo", "10.0.1.12/24"), card("eth5", "10.0.1.112/24"), internal="10.0.1.12", calico="10.0.1.12/24"
    )
    assert arrives(lan_node(1, 2), other) == ("node", "node-2", "eth5")


def test_two_cards_in_the_senders_network_leave_the_card_open():
    """Linux answers ARP on both (arp_ignore 0); the answer that comes last counts."""
    other = machine(
        "node-2",
        card("eth0", "10.0.1.12/24"),
        card("eth1", "10.0.1.112/24"),
        internal="10.0.1.12",
        calico="10.0.1.12/24",
    )
    assert arrives(lan_node(1, 2), other) == ("node", "node-2", None)


def test_network_is_that_of_the_card_the_frame_leaves_by():
    """node-1's stored address is on eth0; the frame for 192.168.50.12 leaves by eth1."""
    cards = card("eth0", "10.0.1.11/24"), card("eth1", "192.168.50.11/24")
    sender = machine(
        "node-1", *cards, sessions="192.168.50.12 Established", internal="10.0.1.11", calico="10.0.1.11/24"
    )
    other = machine(
        "node-2",
        card("eth7", "10.0.1.12/24"),
        card("eth8", "192.168.50.12/24"),
        internal="10.0.1.12",
        calico="192.168.50.12/24",
    )
    assert arrives(sender, other, device="eth1", to="192.168.50.12") == ("node", "node-2", "eth8")


def test_sender_whose_cards_were_not_recorded_sends_from_its_stored_address():
    """It is the InternalIP too, so it is surely on the machine; one that is not may be stale."""
    receiver = machine(
        "node-2",
        card("eth7", "10.0.1.12/24"),
        card("eth8", "192.168.50.12/24"),
        internal="10.0.1.12",
        calico="10.0.1.12/24",
    )
    assert arrives(unseen(1, sessions="10.0.1.12 Established"), receiver, device="*") == ("node", "node-2", "eth7")
    stale = unseen(1, sessions="10.0.1.12 Established", calico="192.168.50.11/24")
    assert arrives(stale, receiver, device="*") == ("node", "node-2", None)


def test_receiver_without_any_record_gets_it_by_the_card_of_its_address():
    """The one card that is known of it is the one with its InternalIP, which Calico stored."""
    assert arrives(lan_node(1, 2), unseen(2)) == ("node", "node-2", "*")
    elsewhere = unseen(2, internal="10.9.1.12", calico="10.0.1.12/24")
    assert arrives(lan_node(1, 2), elsewhere) == ("node", "node-2", None)
    internal = unseen(2, calico="192.168.50.12/24")
    assert arrives(lan_node(1, 2), internal) == ("node", "node-2", None)


def test_receiver_with_routes_and_without_cards_leaves_the_card_open():
    """Its routes name cards, and none of them is known to be the one."""
    assert arrives(lan_node(1, 2), unseen(2, routes=routes_of(2, 1))) == ("node", "node-2", None)


# --- InternalIPs that join ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device, kind", [("eth0", "node"), ("eth1", "unknown")])
def test_internal_ips_join_on_the_card_that_holds_the_senders(device: str, kind: str):
    cards = card("eth0", "10.0.1.11/24"), card("eth1", "10.0.1.111/24")
    sender = machine("node-1", *cards, internal="10.0.1.11")
    assert (
        arrives(sender, machine("node-2", card("eth0", "10.0.1.12/24"), internal="10.0.1.12"), device=device)[0] == kind
    )


def test_stored_address_that_is_the_internal_ip_joins_where_the_senders_cards_are_not_known():
    receiver = machine("node-2", card("eth0", "10.0.1.12/24"), internal="10.0.1.12")
    assert arrives(unseen(1), receiver, device="*")[0] == "node"
    assert arrives(unseen(1, calico="192.168.50.11/24"), receiver, device="*")[0] == "unknown"
    assert arrives(unseen(1, calico=None), receiver, device="*")[0] == "unknown"
    assert arrives(machine("node-1", kubernetes=None), receiver, device="*")[0] == "unknown"


# --- whose an address is --------------------------------------------------------------------------------------------


def test_address_is_its_nodes_by_either_field_of_the_node_object():
    found = wires(unseen(1, internal="10.9.1.11"), unseen(2, calico=None))
    assert found.nodes_at(ip_address("10.9.1.11")) == {"node-1"}
    assert found.nodes_at(ip_address("10.0.1.11")) == {"node-1"}
    assert found.nodes_at(ip_address("10.0.1.12")) == {"node-2"}


def test_stored_address_that_is_on_no_card_and_in_no_route_is_nobodys():
    """Routes of other addresses do not speak for it."""
    stale = machine(
        "node-2",
        card("eth0", "10.0.1.12/24"),
        routes="default via 10.0.1.1 dev eth0",
        internal="10.0.1.12",
        calico="10.0.1.99/24",
    )
    assert wires(lan_node(1), stale).nodes_at(ip_address("10.0.1.99")) == set()


def test_address_that_two_objects_name_is_of_both():
    found = wires(unseen(1, internal="10.9.1.11"), unseen(2, internal="10.0.1.11"))
    assert found.nodes_at(ip_address("10.0.1.11")) == {"node-1", "node-2"}


@pytest.mark.parametrize(
    "facts, known",
    [
        ({}, True),
        ({"pods": (pod("a", "node-1", "10.244.1.2"),)}, True),
        ({"pods": (pod("a", None, "10.244.1.2"),)}, True),
        ({"pods": (pod("a", "node-7", "10.244.7.2"),)}, False),
        ({"blocks": (block("10.244.7.0/26", "node-7"),)}, False),
        ({"blocks": (block("10.244.7.0/26", None),)}, True),
    ],
)
def test_nodes_that_are_spoken_of_and_have_no_address(facts: dict[str, Any], known: bool):
    """Only where every node has an address in the bundle is another address surely no node's."""
    assert wires(unseen(1), unseen(2), **facts).all_nodes_known is known


@pytest.mark.parametrize(
    "node, known",
    [
        (unseen(3), True),
        (unseen(3, internal=None), True),
        (unseen(3, calico=None), True),
        (unseen(3, internal=None, calico=None), False),
        (machine("node-3", card("eth0", "10.0.1.13/24"), kubernetes=None), True),
        (machine("node-3", kubernetes=None), False),
    ],
    ids=["both", "stored", "internal", "neither", "cards", "nothing"],
)
def test_any_address_makes_a_node_known(node: ClusterNode, known: bool):
    assert wires(unseen(1), node).all_nodes_known is known


# --- the line that shows it -----------------------------------------------------------------------------------------


def cited(found: Landing) -> str:
    assert found.evidence is not None
    return found.evidence.text


def landing(*nodes: ClusterNode, to: str = "10.0.1.12") -> Landing:
    return wires(*nodes).land(nodes[0], "eth0", ip_address(to))


def test_each_answer_quotes_the_neighbor_entry():
    entry = f"10.0.1.12 dev eth0 lladdr {MAC_9} REACHABLE"
    sender = lan_node(1, neighbors=entry)
    bare = unseen(2)
    stranger = lan_node(2)
    clones = [machine(f"node-{n}", card("eth0", "10.0.1.12/24", mac=MAC_9)) for n in (2, 3)]
    for others, kind in (([bare], "node"), ([stranger], "router"), (clones, "unknown")):
        found = landing(sender, *others)
        assert (found.kind, cited(found)) == (kind, entry)
    assert MAC_9 in landing(sender, *clones).text


def test_internal_ips_join_without_any_line_that_shows_it():
    rack = machine("node-2", card("eth0", "10.9.1.12/24"), internal="10.9.1.12")
    far = wires(lan_node(1), rack).routed(lan_node(1), None, ip_address("10.9.1.12"))
    for found in (landing(lan_node(1), lan_node(2)), far):
        assert (found.kind, found.evidence) == ("node", None)
        assert "InternalIPs" in found.text


def test_session_that_joins_through_routers_is_quoted():
    sender = lan_node(1, sessions="192.168.50.12 Established")
    other = machine("node-2", card("eth1", "192.168.50.12/24"), calico="192.168.50.12/24")
    found = wires(sender, other).routed(sender, ip_address("10.0.1.11"), ip_address("192.168.50.12"))
    assert (found.kind, "Established" in cited(found)) == ("node", True)


def test_card_beside_which_nobody_was_heard_is_quoted():
    heard = "10.0.1.11 dev eth0 lladdr 02:00:0a:00:01:0b REACHABLE"
    cards = card("eth0", "10.0.1.12/24"), card("eth1", "192.168.50.12/24")
    other = machine("node-2", *cards, neighbors=heard, calico="192.168.50.12/24")
    found = wires(lan_node(1), other).routed(lan_node(1), None, ip_address("192.168.50.12"))
    assert (found.kind, cited(found)) == ("silent", "inet 192.168.50.12/24 scope global eth1")


def test_two_holders_behind_routers_leave_it_open():
    twins = [machine(f"node-{n}", card("eth0", "10.0.2.15/24")) for n in (2, 3)]
    found = wires(lan_node(1), *twins).routed(lan_node(1), None, ip_address("10.0.2.15"))
    assert (found.kind, found.node) == ("unknown", None)
