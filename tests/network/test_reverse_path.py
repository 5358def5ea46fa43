"""The reverse-path filter where it looks at more than a card: pods' cables, policy rules, tunnels, unknown cards.

Sources: the kernel's __fib_validate_source() and ip-sysctl.rst (rp_filter); Felix dataplane/linux/endpoint_mgr.go, which
makes the filter strict on every pod's cable.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.cluster import Cluster
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.outcome import Outcome, Packet, Walk, Why
from tests.network.hand_made import blocks_of, card, cluster, lan_node, machine, pool, routes_of
from tests.network.walks import LAN, two, walk, why

POD, FAR_POD = "10.244.1.2", "10.244.2.2"
ELSEWHERE = "\n10.244.1.0/26 via 192.168.50.1 dev eth1 table 100"


def filters(**by_card: int) -> str:
    """`all` is off where it is not given."""
    return "\n".join(f"net.ipv4.conf.{name}.rp_filter = {mode}" for name, mode in {"all": 0, **by_card}.items())


def rules(*more: str) -> str:
    return "\n".join(
        ["0: from all lookup local", *more, "32766: from all lookup main", "32767: from all lookup default"]
    )


# --- a pod's own cable ----------------------------------------------------------------------------------------------

TO_PODS_ELSEWHERE = rules("100: from all to 10.244.1.0/26 lookup 100")


def sent_by_pod(
    rule_text: str | None, sysctls: str | None, extra: str = ELSEWHERE, packet: Packet | None = None
) -> Walk:
    """A packet of node-1's pod to node-2's, with a table 100 that leads the pod's addresses out by eth1."""
    where = two({"routes": routes_of(1, 2) + extra, "rules": rule_text, "sysctls": sysctls})
    sent = packet or Packet(ip_address(POD), ip_address(FAR_POD))
    return Forwarding(where).from_pod("node-1", sent)


def test_pod_whose_address_is_answered_elsewhere_is_not_heard():
    """A rule before main takes the answers to the pod away from its cable, and the filter there is strict."""
    found = sent_by_pod(TO_PODS_ELSEWHERE, filters(cali1a=1))
    assert why(found) is Why.REVERSE_PATH_FILTER
    assert (found.node, found.interface) == ("node-1", "cali1a")
    assert found.cause is not None
    assert f"from {POD} on cali1a" in found.cause.text
    assert [e.text for e in found.cause.evidence] == [
        "net.ipv4.conf.cali1a.rp_filter = 1",
        "10.244.1.0/26 via 192.168.50.1 dev eth1 table 100",
    ]


def test_pod_that_is_answered_by_its_cable_is_heard():
    assert sent_by_pod(rules(), filters(cali1a=1)).delivered
    assert sent_by_pod(rules("100: from all to 10.244.1.64/26 lookup 100"), filters(cali1a=1)).delivered


@pytest.mark.parametrize("sysctls", [filters(cali1a=0), filters(cali1a=2)])
def test_filter_of_the_cable_that_is_off_or_loose_lets_the_pod_through(sysctls: str):
    """The cable has no address, so the loose filter is as strict as the other (fib_validate_source: no_addr)."""
    found = sent_by_pod(TO_PODS_ELSEWHERE, sysctls)
    assert found.delivered == sysctls.endswith("0")


def test_filter_of_the_cable_that_was_not_recorded_leaves_it_open():
    found = sent_by_pod(TO_PODS_ELSEWHERE, None)
    assert (found.outcome, why(found)) == (Outcome.UNKNOWN, Why.UNDECIDED)


@pytest.mark.parametrize(
    "rule, heard", [(f"100: from {FAR_POD} lookup 100", False), (f"100: from {POD} lookup 100", True)]
)
def test_cable_is_checked_with_the_answers_addresses(rule: str, heard: bool):
    """__fib_validate_source(): source and destination are swapped, so a rule for the far pod's packets applies."""
    extra = f"{ELSEWHERE}\n10.244.2.0/26 via 10.0.1.12 dev eth0 table 100\ndefault via 10.0.1.1 dev eth0 table 100"
    assert sent_by_pod(rules(rule), filters(cali1a=1), extra).delivered is heard


def test_masqueraded_packet_is_checked_by_the_pods_own_address():
    """MASQUERADE is in POSTROUTING: on the cable the packet still has the pod's address."""
    masqueraded = Packet(ip_address("10.0.1.11"), ip_address(FAR_POD), routed_as=ip_address(POD))
    assert why(sent_by_pod(TO_PODS_ELSEWHERE, filters(cali1a=1), packet=masqueraded)) is Why.REVERSE_PATH_FILTER
    assert sent_by_pod(rules(), filters(cali1a=1), packet=masqueraded).delivered


def test_pod_without_a_route_of_its_own_has_no_cable_to_check():
    """An address of the block with no /32: which cable it would have is not known, and nothing is said of it."""
    other = Packet(ip_address("10.244.1.9"), ip_address(FAR_POD))
    assert sent_by_pod(rules(), filters(cali1a=1), packet=other).delivered


def test_cable_is_that_of_the_pods_own_route_in_any_table():
    """Routes of other prefixes, of other devices and without device lead to no pod."""
    extra = (
        f"\n10.244.1.7 dev cali7 scope link table 7\n10.244.1.8 dev eth0 scope link\nblackhole 10.244.1.6\n{ELSEWHERE}"
    )
    extra += "\n10.244.1.64/26 dev cali64 scope link"
    every_cable = filters(cali1a=1, cali7=1, cali64=1, eth0=1)
    sources = {7: "cali7", 8: None, 6: None}
    for last, cable in sources.items():
        sent = Packet(ip_address(f"10.244.1.{last}"), ip_address(FAR_POD))
        found = sent_by_pod(TO_PODS_ELSEWHERE, every_cable, extra, sent)
        assert (None if found.delivered else found.interface) == cable, last


# --- devices without address ----------------------------------------------------------------------------------------


def over_eth9(addresses: tuple[str, ...], sysctls: str) -> Walk:
    """A frame that node-2 gets on eth9 and answers by eth0."""
    node_2 = machine(
        "node-2",
        card("eth0", LAN[1]),
        card("eth9", *addresses, mac="02:00:00:00:00:09"),
        routes=routes_of(2, 1),
        sysctls=sysctls,
        internal="10.0.1.12",
        calico="10.0.1.12/24",
    )
    node_1 = lan_node(1, 2, neighbors="10.0.1.12 dev eth0 lladdr 02:00:00:00:00:09 REACHABLE")
    where = cluster(node_1, node_2, pools=(pool(),), blocks=blocks_of(1, 2))
    return walk(where, "node-1", POD, FAR_POD)


def test_loose_filter_is_strict_on_a_device_without_address():
    """__fib_validate_source(): with no_addr it goes to last_resort, which drops whenever the filter is on."""
    assert why(over_eth9((), filters(eth9=2))) is Why.REVERSE_PATH_FILTER
    assert over_eth9(("172.16.0.9/24",), filters(eth9=2)).delivered
    assert over_eth9((), filters(eth9=0)).delivered


# --- outer packets --------------------------------------------------------------------------------------------------


def tunnel_node(number: int, other: int, device: str, gateway: str, extra: str = "", **changed: Any):
    """A node with a second card and routes into a tunnel."""
    address = f"10.0.1.{10 + number}"
    kind = f"vxlan id 4096 local {address} dev eth0 srcport 0 0 dstport 4789" if device == "vxlan.calico" else ""
    cards = (card("eth0", f"{address}/24"), card("eth1", f"192.168.50.{10 + number}/24"),
             card(device, f"10.244.{number}.0/32", kind=kind))  # fmt: skip
    given = {
        "routes": f"{routes_of(number)}\n10.244.{other}.0/26 via {gateway} dev {device} onlink{extra}",
        "internal": address,
        "calico": f"{address}/24",
        "vxlan_tunnel_ip": ip_address(f"10.244.{number}.0"),
    }
    return machine(f"node-{number}", *cards, **{**given, **changed})


def tunneled(device: str, one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> Cluster:
    ends = {"vxlan.calico": ("10.244.2.0", "10.244.1.0"), "tunl0": ("10.0.1.12", "10.0.1.11")}[device]
    nodes = (
        tunnel_node(1, 2, device, ends[0], **(one or {})),
        tunnel_node(2, 1, device, ends[1], **(other or {})),
    )
    return cluster(*nodes, pools=(pool(),), blocks=blocks_of(1, 2))


@pytest.mark.parametrize("device", ["vxlan.calico", "tunl0"])
def test_outer_packet_is_filtered_by_its_outer_source(device: str):
    """The receiver's card sees the outer packet alone: it must answer the far node by that card."""
    back = "\n10.0.1.11 via 192.168.50.1 dev eth1"
    strict = {"sysctls": filters(eth0=1), "extra": back}
    found = walk(tunneled(device, other=strict), "node-1", POD, FAR_POD)
    assert why(found) is Why.REVERSE_PATH_FILTER
    assert (found.node, found.interface) == ("node-2", "eth0")
    assert found.cause is not None
    assert str(found.cause.toward) == "10.0.1.11"
    assert walk(tunneled(device, other={"sysctls": filters(eth0=1)}), "node-1", POD, FAR_POD).delivered


@pytest.mark.parametrize("device", ["vxlan.calico", "tunl0"])
def test_inner_packet_is_filtered_on_the_tunnel(device: str):
    """Out of the tunnel the packet comes in anew, by the tunnel's device."""
    by_card = {"sysctls": filters(eth0=1).replace("eth0", device.replace(".", "/"), 1)}
    plain_back = routes_of(2, 1)
    found = walk(tunneled(device, other={**by_card, "routes": plain_back}), "node-1", POD, FAR_POD)
    assert why(found) is Why.REVERSE_PATH_FILTER
    assert (found.node, found.interface) == ("node-2", device)


@pytest.mark.parametrize("device, arrives", [("tunl0", True), ("vxlan.calico", False)])
def test_rules_by_source_apply_to_the_outer_packet_of_vxlan_alone(device: str, arrives: bool):
    """ip_tunnel_xmit() looks up with tunl0's own source, which is none; vxlan_xmit_one() with the device's local."""
    one = {"extra": "\nblackhole default table 100", "rules": rules("100: from 10.0.1.11 lookup 100")}
    found = walk(tunneled(device, one), "node-1", POD, FAR_POD)
    assert found.delivered is arrives
    if not arrives:
        assert why(found) is Why.DROPPING_ROUTE


# --- the answer to a masqueraded packet -----------------------------------------------------------------------------


def test_answer_to_a_masqueraded_packet_goes_on_to_the_pod():
    """nf_nat: in PREROUTING the node that masqueraded puts the pod's address back, before it routes the packet."""
    where = two({})
    answer = Packet(ip_address(FAR_POD), ip_address("10.0.1.11"), restored=("node-1", ip_address(POD)))
    found = Forwarding(where).from_pod("node-2", answer)
    assert (found.outcome, found.node, found.interface) == (Outcome.DELIVERED, "node-1", "cali1a")
    not_ours = Packet(ip_address(FAR_POD), ip_address("10.0.1.11"), restored=("node-3", ip_address(POD)))
    assert Forwarding(where).from_pod("node-2", not_ours).interface == "eth0"


def test_answer_through_the_tunnel_goes_on_to_the_pod():
    """A masquerade to the tunnel's own address is answered through the tunnel."""
    answer = Packet(ip_address(FAR_POD), ip_address("10.244.1.0"), restored=("node-1", ip_address(POD)))
    found = Forwarding(tunneled("vxlan.calico")).from_pod("node-2", answer)
    assert (found.outcome, found.node, found.interface) == (Outcome.DELIVERED, "node-1", "cali1a")


def test_answer_on_the_same_node_goes_on_to_the_pod():
    answer = Packet(ip_address("10.244.1.9"), ip_address("10.0.1.11"), restored=("node-1", ip_address(POD)))
    found = Forwarding(two({})).from_pod("node-1", answer)
    assert (found.outcome, found.interface) == (Outcome.DELIVERED, "cali1a")


def test_restored_packet_is_filtered_by_where_it_comes_from():
    """The filter runs after PREROUTING with the sender's address, which conntrack left as it is."""
    back = "\n10.244.2.0/26 via 192.168.50.1 dev eth1 table 100"
    one = {
        "routes": routes_of(1, 2) + back,
        "sysctls": filters(eth0=1),
        "rules": rules("9: from all to 10.244.2.0/26 lookup 100"),
    }
    answer = Packet(ip_address(FAR_POD), ip_address("10.0.1.11"), restored=("node-1", ip_address(POD)))
    found = Forwarding(two(one)).from_pod("node-2", answer)
    assert why(found) is Why.REVERSE_PATH_FILTER
    assert found.node == "node-1"


def test_loose_filter_on_all_is_loose_on_every_card_even_where_none_was_listed():
    """The maximum is 2 whatever the card has; Felix gives vxlan.calico its address, listed or not."""
    back = f"{routes_of(2, 1)}\nlocal 10.0.1.12 dev eth0 table local scope host src 10.0.1.12"
    vxlan = card(
        "vxlan.calico", "10.244.1.0/32", kind="vxlan id 4096 local 10.0.1.11 dev eth0 srcport 0 0 dstport 4789"
    )
    nodes = (
        machine(
            "node-1",
            card("eth0", "10.0.1.11/24"),
            vxlan,
            routes=f"{routes_of(1)}\n10.244.2.0/26 via 10.244.2.0 dev vxlan.calico onlink",
            internal="10.0.1.11",
            calico="10.0.1.11/24",
        ),
        machine(
            "node-2",
            routes=back,
            sysctls="net.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.vxlan/calico.rp_filter = 0",
            internal="10.0.1.12",
            calico="10.0.1.12/24",
            vxlan_tunnel_ip=ip_address("10.244.2.0"),
        ),
    )
    assert walk(cluster(*nodes, pools=(pool(),), blocks=blocks_of(1, 2)), "node-1", POD, FAR_POD).delivered


# --- cards that are not known, and packets from oneself ---------------------------------------------------------------


def asymmetric(**modes: int) -> Walk:
    """node-2 holds the LAN on two cards, so the card by which packets arrive is not known; it answers pods by eth1."""
    routes = """
    10.0.1.0/24 dev eth0 scope link
    10.244.1.0/26 via 10.0.1.11 dev eth1
    10.244.2.2 dev cali2a scope link
    default via 10.0.1.1 dev eth0
    """
    cards = card("eth0", "10.0.1.12/24"), card("eth1", "10.0.1.112/24")
    given = {"internal": "10.0.1.12", "calico": "10.0.1.12/24", "routes": routes, "sysctls": filters(**modes)}
    far = machine("node-2", *cards, **given)
    return walk(cluster(lan_node(1, 2), far, pools=(pool(),), blocks=blocks_of(1, 2)), "node-1", POD, FAR_POD)


@pytest.mark.parametrize(
    "modes, outcome",
    [
        ({"eth0": 0, "eth1": 0}, Outcome.DELIVERED),
        ({"eth0": 1, "eth1": 1}, Outcome.UNKNOWN),
        ({"eth0": 0, "eth1": 1}, Outcome.UNKNOWN),
        ({"eth0": 0}, Outcome.UNKNOWN),
        ({"all": 2, "eth0": 0, "eth1": 1}, Outcome.DELIVERED),
    ],
)
def test_card_that_is_not_known_is_judged_by_what_holds_for_all_of_them(modes: dict[str, int], outcome: Outcome):
    """ip-sysctl: max(conf/all, conf/CARD); `all` alone says nothing of a card that may be strict."""
    assert asymmetric(**modes).outcome is outcome


def behind_one_nat(sysctls: str | None) -> Walk:
    """Both nodes hold 10.0.2.15, as VirtualBox's NATs give it, and one sends from it."""
    nodes = [
        machine(f"node-{n}", card("eth0", f"10.0.1.1{n}/24"), card("eth1", "10.0.2.15/24"), sysctls=sysctls,
                routes=f"{routes_of(n)}\n10.0.2.0/24 dev eth1 scope link src 10.0.2.15", internal=f"10.0.1.1{n}",
                sessions=f"10.0.1.1{3 - n} Established", calico=f"10.0.1.1{n}/24")
        for n in (1, 2)
    ]  # fmt: skip
    return walk(cluster(*nodes, pools=(pool(),)), "node-1", "10.0.2.15", "10.0.1.12", host=True)


def settings(**accepting: int) -> str:
    names = [(n, m) for n, m in {"all": 0, "eth0": 0, **accepting}.items()]
    return f"{filters(eth0=0, eth1=0)}\n" + "\n".join(f"net.ipv4.conf.{n}.accept_local = {m}" for n, m in names)


def test_packet_from_an_address_of_ones_own_is_dropped_whatever_the_filter():
    """fib_validate_source(): a source that is local here is refused with rp_filter 0 too."""
    found = behind_one_nat(settings())
    assert (found.outcome, found.node) == (Outcome.LOST, "node-2")
    assert found.cause is not None
    assert "10.0.2.15, which is an address of its own" in found.cause.text


@pytest.mark.parametrize("accepting", [{"all": 1}, {"eth0": 1}])
def test_card_may_be_told_to_accept_it(accepting: dict[str, int]):
    """IN_DEV_ACCEPT_LOCAL: conf/all or conf/CARD."""
    assert behind_one_nat(settings(**accepting)).delivered


@pytest.mark.parametrize("sysctls", [None, filters(eth0=0, eth1=0)])
def test_whether_it_was_told_so_must_be_recorded(sysctls: str | None):
    assert behind_one_nat(sysctls).outcome is Outcome.UNKNOWN


def test_cable_has_no_address_whether_addresses_were_collected_or_not():
    """The loose filter drops like the strict one on a card without an address, and cali* never has one."""
    away = two({"routes": f"{routes_of(1, 2)}\n10.244.1.2 via 10.0.1.12 dev eth0 metric 1 table 100",
                "rules": rules("100: from all to 10.244.1.2 lookup 100"), "sysctls": filters(all=2, cali1a=0)})  # fmt: skip
    bare = replace(away.nodes["node-1"], addresses=None, interfaces=None)
    found = walk(replace(away, nodes={**away.nodes, "node-1": bare}), "node-1", POD, FAR_POD)
    assert why(found) is Why.REVERSE_PATH_FILTER


# --- ARP ----------------------------------------------------------------------------------------------------------------


def answering(rule: str, *, neighbors: str | None = None, sessions: str | None = None, mode: int = 2) -> Walk:
    """node-1 sends for a pod of node-2 to its address on the LAN; a rule of node-2 leads into a table that drops."""
    far = {"routes": f"{routes_of(2, 1)}\nunreachable default table 100", "rules": rules(f"100: {rule} lookup 100")}
    far |= {"sysctls": filters(all=mode, eth0=mode)}
    return walk(two({"neighbors": neighbors, "sessions": sessions}, {**far, "sessions": None}), "node-1", POD, FAR_POD)


FROM_ITSELF = "from 10.0.1.12"


@pytest.mark.parametrize("mode", [1, 2])
def test_arp_request_that_the_filter_refuses_may_get_no_answer(mode: int):
    """arp_process(): ip_route_input_noref() of the request, from the asking card's address to the one asked for.

    The pod's own packet would pass: no rule speaks of its addresses. Measured both ways: the sender learns the address
    also from a request that the receiver makes itself.
    """
    found = answering(FROM_ITSELF, mode=mode)
    assert (found.outcome, found.node) == (Outcome.UNKNOWN, "node-1")
    assert found.cause is not None
    assert found.cause.text.startswith("node-2 may leave ARP for 10.0.1.12 without an answer")
    assert str(found.cause.settle) == "`ip neigh` on node-1"


def test_arp_that_was_not_answered_is_a_silent_next_hop():
    assert why(answering(FROM_ITSELF, neighbors="10.0.1.12 dev eth0 FAILED")) is Why.NEXT_HOP_SILENT


def test_arp_is_answered_where_the_filter_is_off():
    assert answering(FROM_ITSELF, mode=0).delivered


def test_entry_or_session_that_is_there_shows_that_arp_was_answered():
    entry = "10.0.1.12 dev eth0 lladdr 02:00:0a:00:01:0c REACHABLE"
    assert answering(FROM_ITSELF, neighbors=entry).delivered
    assert answering(FROM_ITSELF, sessions="10.0.1.12 Established").delivered


def test_rule_that_does_not_speak_of_the_answer_leaves_arp_alone():
    assert answering("from 10.0.1.99").delivered
