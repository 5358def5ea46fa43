"""The address that a lookup comes from: of a node's own and of a pod's, before and after masquerading.

Sources: the kernel's ip_route_output_key_hash() and inet_select_addr() (a node's own packets), nf_nat_masquerade_ipv4()
(MASQUERADE takes an address of the device and the next hop), Felix rules/nat.go (natOutgoing), kube-proxy's proxier.go.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.cluster import ClusterNode
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.lookup_source import Source, of_node, of_pod, of_pod_to
from tests.network.hand_made import blocks_of, card, cluster, machine, pod, pool, routes_of

SERVICE, FAR, POD, ELSEWHERE = "10.96.0.10", "10.244.2.2", "10.244.1.2", "192.168.7.7"
TWO_CARDS = (card("eth0", "10.0.1.11/24"), card("eth1", "192.168.50.11/24"))
LAN = """
default via 10.0.1.1 dev eth0
10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.11
192.168.50.0/24 dev eth1 proto kernel scope link src 192.168.50.11
"""
TO_FAR = "10.244.2.0/26 via 192.168.50.12 dev eth1 proto bird"
ENTRY = "*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-SVC-D\n"
MASKED = ENTRY + "-A KUBE-SVC-D -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ\nCOMMIT"
PLAIN = ENTRY + "-A KUBE-SVC-D -j KUBE-SEP-A\nCOMMIT"


def node(*routes: str, cards: tuple[str, ...] = TWO_CARDS, **given: Any) -> ClusterNode:
    listed = "\n".join(routes) or f"{LAN}\n{TO_FAR}"
    return machine("node-1", *cards, **{"routes": listed, "internal": "10.0.1.11", "calico": "10.0.1.11/24", **given})


def forwarding(one: ClusterNode, **facts: Any) -> Forwarding:
    other = machine("node-2", internal="10.0.1.12", calico="10.0.1.12/24")
    return Forwarding(cluster(one, other, **{"pools": (pool(),), "blocks": blocks_of(1, 2), **facts}))


def shown(sources: tuple[Source, ...]) -> list[str]:
    """One address where a source is seen as it was routed, else `BEFORE > AFTER`."""
    return [str(s.seen) if s.routed_as == s.seen else f"{s.routed_as} > {s.seen}" for s in sources]


def own(one: ClusterNode, to: str = FAR, service: str = SERVICE, **facts: Any) -> list[str]:
    return shown(of_node(forwarding(one, **facts), one, ip_address(service), ip_address(to)))


def pods(one: ClusterNode, to: str = FAR, **facts: Any) -> list[str]:
    return shown(of_pod(forwarding(one, **facts), one, ip_address(SERVICE), ip_address(to), ip_address(POD)))


def pods_to(one: ClusterNode, to: str, **facts: Any) -> list[str]:
    return shown(of_pod_to(forwarding(one, **facts), one, ip_address(to), ip_address(POD)))


# --- a node's own lookups -------------------------------------------------------------------------------------------


def test_own_lookup_gets_its_source_from_the_route_to_the_service_address():
    """The socket is connected to the service address; the translation in OUTPUT comes later and keeps the source."""
    assert own(node(service_rules=PLAIN)) == ["10.0.1.11"]
    by_other_card = f"{LAN}\n10.96.0.0/12 via 192.168.50.1 dev eth1\n10.244.2.0/26 via 10.0.1.12 dev eth0"
    assert own(node(by_other_card, service_rules=PLAIN)) == ["192.168.50.11"]


def test_own_lookup_takes_the_src_of_its_route():
    routes = f"{LAN}\n10.96.0.0/12 via 10.0.1.1 dev eth0 src 192.168.50.11"
    assert own(node(routes, service_rules=PLAIN)) == ["192.168.50.11"]


def test_own_lookup_on_a_connected_network_takes_the_address_in_it():
    """inet_select_addr(): of several addresses of the device, the one whose network holds the destination."""
    cards = (card("eth0", "10.0.1.11/24", "10.96.0.200/24"),)
    routes = "10.0.1.0/24 dev eth0 scope link\n10.96.0.0/24 dev eth0 scope link"
    assert own(node(routes, cards=cards, service_rules=PLAIN)) == ["10.96.0.200"]


def test_rule_by_source_does_not_apply_before_there_is_a_source():
    """fib_rule_match(): the look-up that chooses the source has none yet."""
    rules = "0: from all lookup local\n9: from 10.0.1.0/24 lookup 100\n32766: from all lookup main"
    routes = f"{LAN}\n{TO_FAR}\ndefault via 192.168.50.1 dev eth1 table 100"
    assert own(node(routes, rules=rules, service_rules=PLAIN)) == ["10.0.1.11"]


def test_masqueraded_lookup_leaves_by_the_address_of_the_way_to_the_endpoint():
    assert own(node(service_rules=MASKED)) == ["10.0.1.11 > 192.168.50.11"]


def test_without_kube_proxys_rules_both_are_possible():
    assert own(node()) == ["10.0.1.11", "10.0.1.11 > 192.168.50.11"]


def test_both_are_one_where_they_are_the_same_address():
    assert own(node(f"{LAN}\n10.244.2.0/26 via 10.0.1.12 dev eth0 proto bird")) == ["10.0.1.11"]


# --- masquerading ---------------------------------------------------------------------------------------------------


def test_masquerade_takes_no_notice_of_the_src_of_a_route():
    """nf_nat_masquerade_ipv4(): inet_select_addr() of the device and the next hop."""
    routes = f"{LAN}\n10.244.2.0/26 via 10.0.1.12 dev eth0 src 192.168.50.11"
    assert pods(node(routes, service_rules=MASKED)) == [f"{POD} > 10.0.1.11"]


def test_masquerade_follows_the_route_of_the_packet_rules_by_source_included():
    rules = f"0: from all lookup local\n9: from {POD} lookup 100\n32766: from all lookup main"
    routes = f"{LAN}\n10.244.2.0/26 via 10.0.1.12 dev eth0\n10.244.2.0/26 via 192.168.50.12 dev eth1 table 100"
    assert pods(node(routes, rules=rules, service_rules=MASKED)) == [f"{POD} > 192.168.50.11"]


def test_packet_for_the_node_itself_never_comes_to_masquerading():
    """A packet that is delivered locally takes PREROUTING and INPUT; MASQUERADE stands in POSTROUTING."""
    assert pods(node(service_rules=MASKED), "10.0.1.11") == [POD]
    assert pods(node(service_rules=MASKED), "192.168.50.11", pools=()) == [POD]


def test_way_that_is_not_known_leaves_every_address_of_the_node_open():
    cards = (*TWO_CARDS, card("lo", "127.0.0.1/8").replace("scope global", "scope host"),
             card("eth2", "169.254.7.7/16").replace("scope global", "scope link"))  # fmt: skip
    everything = [f"{POD} > 10.0.1.11", f"{POD} > 192.168.50.11"]
    assert pods(node("10.0.1.0/24 dev eth0 scope link", cards=cards, service_rules=MASKED)) == everything
    assert pods(node(f"{LAN}\nblackhole 10.244.2.0/26", cards=cards, service_rules=MASKED)) == everything


def test_addresses_of_ipv6_are_none_of_them():
    six = (
        card("eth0", "10.0.1.11/24")
        + "    inet6 fd00::11/64 scope global \n       valid_lft forever preferred_lft forever\n"
    )
    assert any(a.address.version == 6 for a in node(cards=(six,)).addresses or ())
    assert pods(node("10.0.1.0/24 dev eth0 scope link", cards=(six,), service_rules=MASKED)) == [f"{POD} > 10.0.1.11"]


def test_node_without_an_address_that_could_be_chosen_has_no_source():
    """inet_select_addr(): addresses of host scope are never chosen, and there is no other."""
    lone = (card("lo", "127.0.0.1/8").replace("scope global", "scope host"),)
    assert pods(node(cards=lone, service_rules=MASKED)) == []


# --- pods -----------------------------------------------------------------------------------------------------------


def test_pods_lookup_keeps_its_source_unless_kube_proxy_masquerades_it():
    assert pods(node(service_rules=PLAIN)) == [POD]
    assert pods(node(service_rules=MASKED)) == [f"{POD} > 192.168.50.11"]
    assert pods(node()) == [POD, f"{POD} > 192.168.50.11"]


def test_nat_outgoing_masquerades_what_leaves_the_pools():
    """rules/nat.go: from a pool with natOutgoing to an address in no pool; kube-proxy's rules do not matter then."""
    for rules in (None, PLAIN, MASKED):
        assert pods(node(service_rules=rules), ELSEWHERE) == [f"{POD} > 10.0.1.11"]
    assert pods_to(node(), ELSEWHERE) == [f"{POD} > 10.0.1.11"]
    assert pods_to(node(), FAR) == [POD]


@pytest.mark.parametrize("changed", [{"nat_outgoing": False}, {"disabled": True}])
def test_pool_without_nat_outgoing_masquerades_nothing(changed: dict[str, bool]):
    """ipam.go: a disabled pool is not among the masquerading ones."""
    assert pods_to(node(), ELSEWHERE, pools=(replace(pool(), **changed),)) == [POD]


def test_nat_outgoing_is_for_the_pods_of_that_pool():
    other = (pool("10.9.0.0/16"), replace(pool(), nat_outgoing=False))
    assert pods_to(node(), ELSEWHERE, pools=other) == [POD]
    assert pods_to(node(), "10.9.3.4", pools=other) == [POD]


# --- nodes whose records are not there ------------------------------------------------------------------------------


def unseen(**given: Any) -> ClusterNode:
    return machine("node-1", **{"internal": "10.0.1.11", "calico": "10.0.1.11/24", **given})


def test_card_of_the_stored_address_gives_the_stored_address():
    """BIRD's plain route leaves by the card that holds it, whatever its name."""
    one = unseen(sessions="10.0.1.12 Established", service_rules=MASKED)
    assert pods(one, pools=(replace(pool(), nat_outgoing=False),)) == [f"{POD} > 10.0.1.11"]


def test_tunnel_gives_the_tunnel_address_of_the_node_object():
    tunnels = {"vxlan_tunnel_ip": ip_address("10.244.1.0"), "ipip_tunnel_ip": ip_address("10.244.1.1")}
    to_far = {"vxlan.calico": "10.244.2.0", "tunl0": "10.0.1.12", "eth0": "10.0.1.12"}
    seen = {
        device: pods(unseen(routes=f"10.244.2.0/26 via {via} dev {device} onlink", service_rules=MASKED, **tunnels))
        for device, via in to_far.items()
    }
    assert seen == {
        "vxlan.calico": [f"{POD} > 10.244.1.0"],
        "tunl0": [f"{POD} > 10.244.1.1"],
        "eth0": [f"{POD} > 10.0.1.11"],
    }


def test_without_cards_the_known_addresses_of_the_node_are_the_choice():
    one = unseen(
        internal="10.0.1.11", calico="192.168.50.11/24", routes="default via 10.0.1.1 dev eth0", service_rules=PLAIN
    )
    assert own(one) == ["10.0.1.11", "192.168.50.11"]
    assert own(machine("node-1", kubernetes=None, routes="default via 10.0.1.1 dev eth0", service_rules=PLAIN)) == []
    assert own(unseen(calico=None, service_rules=PLAIN)) == ["10.0.1.11"]


def test_default_route_whose_card_is_not_known_leaves_every_address_open():
    probed = (pod("a", "node-1", POD, network_probe=True),)
    one = machine("node-1", *TWO_CARDS, internal="10.0.1.11", calico="10.0.1.11/24", service_rules=PLAIN)
    assert own(one, pods=probed) == ["10.0.1.11", "192.168.50.11"]
    assert own(one) == ["10.0.1.11", "192.168.50.11"]


def test_recorded_routes_of_a_usual_node():
    one = machine("node-1", card("eth0", "10.0.1.11/24"), routes=routes_of(1, 2), internal="10.0.1.11")
    assert own(one) == ["10.0.1.11"]


def test_card_of_the_stored_address_gives_no_other_address_of_the_node():
    """Felix writes same-subnet routes by the card of the stored address (route_mgr.go), here not the InternalIP."""
    one = unseen(internal="10.9.0.11", service_rules=MASKED)
    crossing = (replace(pool(), vxlan_mode="CrossSubnet", nat_outgoing=False),)
    assert pods(one, pools=crossing) == [f"{POD} > 10.0.1.11"]
