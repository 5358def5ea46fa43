"""What joins and separates networks: neighbor entries, sessions, InternalIPs, cards on which nobody was heard."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.wires import Landing, Wires
from tests.network.hand_made import card, cluster, lan_node, machine, routes_of

MAC_2 = "02:00:0a:00:01:0c"
OTHER_MAC = "02:00:00:00:00:99"


def wires(*nodes) -> Wires:
    return Forwarding(cluster(*nodes)).wires


def landing(*nodes, device: str = "eth0", next_hop: str = "10.0.1.12") -> Landing:
    """Where a frame from the first node ends."""
    return wires(*nodes).land(nodes[0], device, ip_address(next_hop))


def routed(*nodes, source: str | None = None, target: str = "192.168.50.12") -> Landing:
    return wires(*nodes).routed(nodes[0], ip_address(source) if source else None, ip_address(target))


def where(found: Landing) -> tuple[str, str | None, str | None]:
    return found.kind, found.node, found.interface


# --- neighbor entries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["REACHABLE", "STALE", "DELAY", "PERMANENT"])
def test_answer_with_a_nodes_link_layer_address_ends_on_that_card(state: str):
    sender = lan_node(1, neighbors=f"10.0.1.12 dev eth0 lladdr {MAC_2} {state}")
    found = landing(sender, lan_node(2))
    assert where(found) == ("node", "node-2", "eth0")
    assert found.evidence is not None
    assert found.evidence.path == "node-1/ip-neigh.txt"


def two_cards_of_2(**changed):
    """Node-2 goes by its second card."""
    return machine(
        "node-2",
        card("eth0", "10.0.1.12/24"),
        card("eth1", "192.168.50.12/24"),
        **{"internal": "192.168.50.12", "calico": "192.168.50.12/24", **changed},
    )


@pytest.mark.parametrize(
    "mine, theirs",
    [
        (f"192.168.50.12 dev eth0 lladdr {MAC_2} STALE", None),
        (None, "10.0.1.11 dev eth0 lladdr 02:00:0a:00:01:0b REACHABLE"),
    ],
    ids=["heard-by-the-sender", "heard-by-the-receiver"],
)
def test_answer_across_a_wire_joins_the_two_cards_for_their_other_addresses(mine: str | None, theirs: str | None):
    """An entry is made by ARP across the wire, and by the card that has its link-layer address (recorded in
    `internal-ip-wrong`: the request names the source of the packet, and 10.0.1.12 gets there all the same)."""
    found = landing(lan_node(1, neighbors=mine), two_cards_of_2(neighbors=theirs))
    assert where(found) == ("node", "node-2", "eth0")
    # Whether this very address is answered for is not seen: the receiver's filter has its say.
    assert found.evidence is None


@pytest.mark.parametrize(
    "line",
    [
        "192.168.50.12 dev eth0 lladdr 02:99:00:00:00:01 STALE",
        "192.168.50.12 dev eth0 lladdr 02:00:c0:a8:32:0c STALE",
        f"192.168.50.12 dev eth7 lladdr {MAC_2} STALE",
        f"192.168.50.12 dev eth0 lladdr {MAC_2} FAILED",
        "192.168.50.12 dev eth0 INCOMPLETE",
    ],
    ids=["of-a-router", "of-the-other-card", "on-another-wire", "silent", "asked"],
)
def test_entry_that_is_not_of_these_two_cards_joins_nothing(line: str):
    assert landing(lan_node(1, neighbors=line), two_cards_of_2()).kind == "unknown"


def test_answer_from_another_card_than_the_one_that_holds_the_address():
    """arp_ignore is off by default: a node answers for any of its addresses on any card."""
    sender = lan_node(1, neighbors=f"192.168.50.12 dev eth0 lladdr {MAC_2} STALE")
    two_cards = machine("node-2", card("eth0", "10.0.1.12/24"), card("eth1", "192.168.50.12/24"), internal="10.0.1.12")
    assert where(landing(sender, two_cards, next_hop="192.168.50.12")) == ("node", "node-2", "eth0")


def test_answer_for_a_node_whose_cards_were_not_listed_is_the_nodes():
    """A listing that was cut has no link-layer address to compare with; the address is the node's all the same."""
    bare = machine(
        "node-2", card("lo", "127.0.0.1/8"), internal="10.0.1.12", calico="10.0.1.12/24", routes=routes_of(2)
    )
    found = landing(lan_node(1, neighbors=f"10.0.1.12 dev eth0 lladdr {OTHER_MAC} REACHABLE"), bare)
    assert (found.kind, found.node) == ("node", "node-2")


def test_question_that_still_waits_for_its_answer_shows_nothing():
    """NUD_INCOMPLETE: asked and not yet answered; a packet of that very moment can still arrive."""
    found = landing(lan_node(1, neighbors="10.0.1.12 dev eth0 INCOMPLETE"), lan_node(2))
    assert found.kind == landing(lan_node(1), lan_node(2)).kind == "node"


def test_no_answer_is_silence():
    line = "10.0.1.12 dev eth0 FAILED"
    found = landing(lan_node(1, neighbors=line), lan_node(2))
    assert found.kind == "silent"
    assert found.evidence is not None
    assert found.evidence.text == line


def test_stale_link_layer_address_of_a_failed_entry_is_silence():
    found = landing(lan_node(1, neighbors=f"10.0.1.12 dev eth0 lladdr {MAC_2} FAILED"), lan_node(2))
    assert found.kind == "silent"


def test_answer_of_a_machine_that_is_no_node_is_a_router():
    found = landing(
        lan_node(1, neighbors=f"10.0.1.1 dev eth0 lladdr {OTHER_MAC} REACHABLE"), lan_node(2), next_hop="10.0.1.1"
    )
    assert found.kind == "router"
    assert OTHER_MAC in found.text


def test_answer_with_an_unknown_card_for_a_nodes_address_is_another_machine():
    """The node's own cards were recorded and this is none of them: somebody else answers for its address."""
    found = landing(lan_node(1, neighbors=f"10.0.1.12 dev eth0 lladdr {OTHER_MAC} REACHABLE"), lan_node(2))
    assert found.kind == "router"


def test_answer_for_a_node_whose_cards_were_not_recorded():
    """With `ip -br addr` alone there is no link-layer address to compare; the one holder is taken."""
    unseen = machine("node-2", internal="10.0.1.12", calico="10.0.1.12/24")
    found = landing(lan_node(1, neighbors=f"10.0.1.12 dev eth0 lladdr {OTHER_MAC} REACHABLE"), unseen)
    assert where(found) == ("node", "node-2", None)


def test_one_link_layer_address_on_two_nodes_is_open():
    """Cloned virtual machines: the frame can end on either."""
    clones = [
        machine(f"node-{n}", card("eth0", f"10.0.1.1{n}/24", mac=OTHER_MAC), internal=f"10.0.1.1{n}") for n in (2, 3)
    ]
    sender = lan_node(
        1, neighbors=f"10.0.1.1 dev eth0 lladdr {OTHER_MAC} REACHABLE\n10.0.9.9 dev eth0 lladdr {OTHER_MAC} STALE"
    )
    held_by_both = [machine(f"node-{n}", card("eth0", "10.0.9.9/24", mac=OTHER_MAC)) for n in (2, 3)]
    assert landing(sender, *held_by_both, next_hop="10.0.9.9").kind == "unknown"
    assert landing(sender, *clones, next_hop="10.0.1.1").kind == "router"


def test_one_link_layer_address_on_two_nodes_and_one_holder_ends_on_the_holder():
    clones = [
        machine(f"node-{n}", card("eth0", f"10.0.1.1{n}/24", mac=OTHER_MAC), internal=f"10.0.1.1{n}") for n in (2, 3)
    ]
    sender = lan_node(1, neighbors=f"10.0.1.12 dev eth0 lladdr {OTHER_MAC} REACHABLE")
    assert where(landing(sender, *clones)) == ("node", "node-2", "eth0")


def test_entry_of_another_device_is_not_this_wire():
    sender = lan_node(1, neighbors=f"10.0.1.12 dev eth1 lladdr {MAC_2} REACHABLE")
    stranger = machine("node-2", card("eth0", "10.0.1.12/24"), calico="10.0.1.12/24")
    assert landing(sender, stranger).kind == "unknown"


def test_every_pods_own_cable_has_the_same_link_layer_address():
    """Calico gives ee:ee:ee:ee:ee:ee to the node's end of every pod's cable; it identifies nothing."""
    sender = lan_node(1, neighbors="10.244.2.9 dev eth0 lladdr ee:ee:ee:ee:ee:ee STALE")
    other = machine("node-2", card("calia", "169.254.1.1/32", mac="ee:ee:ee:ee:ee:ee"), internal="10.0.1.12")
    assert landing(sender, other, next_hop="10.244.2.9").kind == "router"


# --- without a neighbor entry ---------------------------------------------------------------------------------------


def test_established_session_joins():
    sender = lan_node(1, 2)
    found = landing(sender, lan_node(2))
    assert where(found) == ("node", "node-2", "eth0")
    assert found.evidence is not None
    assert "Established" in found.evidence.text


def test_session_as_the_other_side_shows_it_joins():
    assert where(landing(lan_node(1), lan_node(2, 1))) == ("node", "node-2", "eth0")


def test_session_that_is_down_joins_nothing():
    sender = machine("node-1", card("eth0", "10.0.1.11/24"), sessions="10.0.1.12 Active", calico="10.0.1.11/24")
    other = machine("node-2", card("eth0", "10.0.1.12/24"), calico="10.0.1.12/24")
    assert landing(sender, other).kind == "unknown"


def test_session_says_nothing_of_another_address_of_the_peer():
    sender = lan_node(1, 2)
    two_cards = machine("node-2", card("eth0", "10.0.1.12/24"), card("eth1", "10.0.1.99/24"), calico="10.0.1.12/24")
    assert landing(sender, two_cards, next_hop="10.0.1.99").kind == "unknown"


def test_internal_ips_in_one_network_join():
    """The kubelets of both nodes are known to the API server by these addresses."""
    assert where(landing(lan_node(1), lan_node(2))) == ("node", "node-2", "eth0")


def test_same_prefix_is_not_same_wire():
    """Two cards with one prefix, behind which nothing is known: VirtualBox NAT gives everybody 10.0.2.0/24."""
    nodes = [
        machine(f"node-{n}", card("eth0", f"10.0.2.1{n}/24"), card("eth1", f"10.0.1.1{n}/24"), internal=f"10.0.1.1{n}")
        for n in (1, 2)
    ]
    assert landing(*nodes, next_hop="10.0.2.12").kind == "unknown"


def test_same_address_on_two_nodes_is_open():
    nodes = [machine(f"node-{n}", card("eth0", "10.0.2.15/24")) for n in (2, 3)]
    found = landing(lan_node(1), *nodes, next_hop="10.0.2.15")
    assert found.kind == "unknown"
    assert "node-2, node-3" in found.text


def test_address_of_no_node_is_a_router():
    assert landing(lan_node(1), lan_node(2), next_hop="10.0.1.1").kind == "router"


def test_own_address_elsewhere_does_not_count_the_sender():
    """A next hop that the sender holds too is looked for on the others."""
    sender, other = (machine(f"node-{n}", card("eth0", "10.0.2.15/24"), internal="10.0.2.15") for n in (1, 2))
    assert landing(sender, other, next_hop="10.0.2.15").kind == "unknown"


def test_addresses_that_a_machine_does_not_have_are_not_its_own():
    """The annotation says 10.0.1.99, `ip addr` of the node does not: nobody is known there."""
    stale = machine("node-2", card("eth0", "10.0.1.12/24"), internal="10.0.1.12", calico="10.0.1.99/24")
    found = wires(lan_node(1), stale)
    assert found.nodes_at(ip_address("10.0.1.99")) == set()
    assert found.nodes_at(ip_address("10.0.1.12")) == {"node-2"}


def test_loopback_and_link_local_addresses_belong_to_nobody():
    nodes = [machine(f"node-{n}", card("lo", "127.0.0.1/8"), card("eth0", "169.254.7.7/16")) for n in (1, 2)]
    found = wires(*nodes)
    assert found.nodes_at(ip_address("127.0.0.1")) == found.nodes_at(ip_address("169.254.7.7")) == set()


# --- routers between networks ---------------------------------------------------------------------------------------


def behind(*, ready: bool = True, neighbors: str | None = None, **changed):
    """node-2 with its Calico address on a second card."""
    given = {"internal": "10.0.1.12", "calico": "192.168.50.12/24", "ready": ready, "neighbors": neighbors}
    return machine("node-2", card("eth0", "10.0.1.12/24"), card("eth1", "192.168.50.12/24"), **{**given, **changed})


def test_answer_may_be_any_nodes_of_which_the_card_is_not_known():
    """Two nodes have the address stored, and the cards of neither were recorded: the answer may be the one or the other."""
    entry = "10.0.2.15 dev eth0 lladdr 52:54:00:00:00:99 REACHABLE"
    sender = lan_node(1, neighbors=entry)
    twins = [machine(f"node-{n}", internal=f"10.0.1.1{n}", calico="10.0.2.15/24") for n in (2, 3)]
    found = wires(sender, *twins).land(sender, "eth0", ip_address("10.0.2.15"))
    assert found.kind == "unknown"
    assert "node-2 or node-3" in found.text


def test_session_through_routers_shows_that_they_carry():
    sender = machine(
        "node-1", card("eth0", "10.0.1.11/24"), sessions="192.168.50.12 Established", calico="10.0.1.11/24"
    )
    assert where(routed(sender, behind(), source="10.0.1.11")) == ("node", "node-2", "eth1")
    assert where(routed(sender, behind())) == ("node", "node-2", "eth1")


def test_session_does_not_speak_for_another_source():
    sender = machine(
        "node-1", card("eth0", "10.0.1.11/24"), sessions="192.168.50.12 Established", calico="10.0.1.11/24"
    )
    assert routed(sender, behind(), source="10.244.1.2").kind == "unknown"


def test_network_on_which_nobody_was_ever_heard_is_not_reached():
    """arp_process(): delivering to the node takes an ARP request, and answering one makes a neighbor entry."""
    deserted = behind(neighbors=f"10.0.1.11 dev eth0 lladdr {OTHER_MAC} REACHABLE")
    found = routed(lan_node(1), deserted)
    assert where(found) == ("silent", "node-2", "eth1")
    assert "eth1" in found.text


def test_sender_whose_cards_are_not_known_may_be_on_the_deserted_network():
    """Measured: two nodes that chose the same second network, one of them not dumped."""
    unseen = machine("node-1", internal="10.0.1.11", calico="192.168.50.11/24")
    assert routed(unseen, behind(neighbors=f"10.0.1.11 dev eth0 lladdr {OTHER_MAC} REACHABLE")).kind == "unknown"


def test_network_with_a_neighbor_is_not_deserted():
    heard = behind(neighbors=f"192.168.50.1 dev eth1 lladdr {OTHER_MAC} STALE")
    assert routed(lan_node(1), heard).kind == "unknown"


def test_neighbor_that_did_not_answer_is_no_neighbor():
    alone = behind(neighbors=f"10.0.1.11 dev eth0 lladdr {OTHER_MAC} STALE\n192.168.50.1 dev eth1 FAILED")
    assert routed(lan_node(1), alone).kind == "silent"


@pytest.mark.parametrize(
    "listed",
    [
        f"fe80::1 dev eth0 lladdr {OTHER_MAC} REACHABLE",  # `ip -6 neigh`, or all of IPv4 hidden
        f"10.0.1.11 lladdr {OTHER_MAC} REACHABLE",  # `ip neigh show dev eth0` does not repeat the device
    ],
)
def test_listing_that_leaves_out_the_card_does_not_show_it_deserted(listed: str):
    assert routed(lan_node(1), behind(neighbors=listed)).kind == "unknown"


def test_hidden_lines_of_a_neighbor_table_may_be_anybodys():
    whole = behind(neighbors=ALONE)
    assert routed(lan_node(1), whole).kind == "silent"
    assert routed(lan_node(1), replace(whole, incomplete=frozenset({"ip-neigh"}))).kind == "unknown"


ALONE = f"10.0.1.11 dev eth0 lladdr {OTHER_MAC} REACHABLE"


@pytest.mark.parametrize(
    "provider, kind",
    [
        ("aws:///eu-west-1a/i-0123", "unknown"),
        ("gce://project/zone/node-2", "unknown"),
        ("azure:///subscriptions/1", "unknown"),
        ("k3s://node-2", "silent"),
        ("kind://docker/kind/node-2", "silent"),
        ("", "silent"),
    ],
)
def test_network_of_a_cloud_asks_nobody_by_arp(provider: str, kind: str):
    """A virtual private cloud knows its machines' addresses: silence in the neighbor table shows nothing there."""
    assert routed(lan_node(1), behind(neighbors=ALONE, provider_id=provider)).kind == kind


@pytest.mark.parametrize("others, kind", [(125, "silent"), (126, "silent"), (127, "unknown")])
def test_kernel_forgets_neighbors_above_its_threshold(others: int, kind: str):
    """neigh_periodic_work(): below gc_thresh1 (128) nothing is thrown away."""
    many = "\n".join([ALONE, *(f"10.0.1.{n + 20} dev eth0 lladdr {OTHER_MAC} STALE" for n in range(others))])
    assert routed(lan_node(1), behind(neighbors=many)).kind == kind


def test_threshold_is_read_where_it_was_recorded():
    low = behind(neighbors=ALONE, sysctls="net.ipv4.neigh.default.gc_thresh1 = 1")
    assert routed(lan_node(1), low).kind == "unknown"


def test_neighbor_table_that_was_not_recorded_shows_nothing():
    assert routed(lan_node(1), behind()).kind == "unknown"


def test_routers_carry_between_internal_ips_of_ready_nodes():
    """The kubelet's address is how the API server and other nodes know it; both nodes are Ready under theirs."""
    rack = machine("node-2", card("eth0", "10.9.1.12/24"), internal="10.9.1.12")
    assert where(routed(lan_node(1), rack, target="10.9.1.12")) == ("node", "node-2", "eth0")


def test_node_that_is_not_ready_proves_nothing():
    rack = machine("node-2", card("eth0", "10.9.1.12/24"), internal="10.9.1.12", ready=False)
    assert routed(lan_node(1), rack, target="10.9.1.12").kind == "unknown"
    never_heard = machine("node-2", card("eth0", "10.9.1.12/24"), internal="10.9.1.12", ready=None)
    assert routed(lan_node(1), never_heard, target="10.9.1.12").kind == "unknown"


def test_routers_to_an_address_of_two_nodes_or_none_are_open():
    twins = [machine(f"node-{n}", card("eth0", "10.0.2.15/24")) for n in (2, 3)]
    assert "node-2, node-3" in routed(lan_node(1), *twins, target="10.0.2.15").text
    assert "no node" in routed(lan_node(1), target="8.8.8.8").text
