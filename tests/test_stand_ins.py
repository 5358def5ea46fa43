"""What older tools and the routes themselves tell of a node where `ip` was not recorded, and what they leave open."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from calico_bundle import facts as f
from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.choices import Choices
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts.own_routes import addresses_of
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.routing import NodeRouting, device_address, source_address
from calico_bundle.parsers import choose
from calico_bundle.parsers.ip_route import whole_route
from calico_bundle.parsers.ip_route_quick import QuickRoutes
from calico_bundle.stand_ins import NO_SOURCES
from tests.layouts import rendered_net_tools as texts
from tests.layouts.rendered import recorded
from tests.network.hand_made import machine, read

NODE = "shop-worker-2"
ADDR, ROUTES = recorded().output(NODE, "ip-addr"), recorded().output(NODE, "ip-route")
OTHERS_ADDR = recorded().output("shop-worker-1", "ip-addr")


def joined(**outputs: str) -> Cluster:
    """One node of these files, each read by the parser that its content chooses."""
    files = []
    for name, text in outputs.items():
        parser = choose(text)
        assert parser is not None
        path = f"{NODE}/{name}.txt"
        files.append(Artifact(path, len(text), parser.kind, parser.parse(text, path), "by-content", Placement(NODE)))
    return join(Bundle(("x",), (), tuple(files), ()))


def node_of(**outputs: str) -> ClusterNode:
    return joined(**outputs).nodes[NODE]


def held(node: ClusterNode, version: int = 4) -> dict[str, str]:
    return {str(a.address): a.interface for a in node.addresses or () if a.address.version == version}


HELD = {"127.0.0.1/8": "lo", "10.0.1.12/24": "ens18", "192.168.50.12/24": "ens19"}
IFCONFIG, ROUTE_N, FIB_TRIE = texts.ifconfig(ADDR), texts.route_n(ROUTES), texts.fib_trie(ROUTES)


# --- ip comes first -------------------------------------------------------------------------------------------------


def test_where_ip_was_recorded_nothing_else_counts():
    """Not even to contradict it: older tools leave things out."""
    other = texts.route_n(ROUTES.replace("via 10.0.1.1", "via 10.0.1.254"))
    cluster = joined(a=ADDR, b=ROUTES, c=texts.ifconfig(OTHERS_ADDR), d=other, e=FIB_TRIE)
    assert cluster.nodes[NODE] == node_of(a=ADDR, b=ROUTES)
    assert cluster.gaps == ()


def test_ifconfig_stands_in_for_addresses():
    node = node_of(a=IFCONFIG)
    assert held(node) == HELD
    assert node.incomplete == {"ip-addr"}
    assert node.routes is None


def test_ip_link_adds_to_ifconfig_and_does_not_make_it_whole():
    link = "".join(line + "\n" for line in ADDR.splitlines() if not line.startswith(("    inet", "       valid")))
    node = node_of(a=IFCONFIG, b=link)
    assert (held(node), node.incomplete) == (HELD, {"ip-addr"})
    assert {i.name: i.index for i in node.cards} == {"lo": 1, "ens18": 2, "ens19": 3}


def test_route_n_stands_in_for_routes_and_fib_trie_has_the_rest():
    node = node_of(a=ROUTE_N, b=FIB_TRIE)
    tables = {(r.table, r.evidence.path) for r in node.routes or ()}
    assert tables == {("main", f"{NODE}/a.txt"), ("local", f"{NODE}/b.txt")}
    assert node.incomplete == {NO_SOURCES}


def test_fib_trie_alone_is_no_routing_table():
    assert node_of(a=FIB_TRIE, b=IFCONFIG).routes is None


def test_two_forms_that_stand_in_do_not_contradict_each_other():
    cluster = joined(a=ROUTE_N, b=texts.proc_net_route(ROUTES), c=FIB_TRIE)
    assert cluster.gaps == ()


# --- addresses out of routes ----------------------------------------------------------------------------------------


def test_addresses_out_of_the_table_local():
    node = node_of(a=ROUTES)
    assert held(node) == HELD
    assert node.interfaces is None
    assert node.incomplete == frozenset()
    assert node.holds(ip_address("10.0.1.12")) is True
    assert node.holds(ip_address("10.0.1.13")) is False


def test_without_the_table_local_there_are_none():
    assert node_of(a=texts.ip_route_main(ROUTES)).addresses is None
    assert addresses_of(read("ip-route", "local ::1 dev lo table local proto kernel metric 0 pref medium\n")) is None


def test_a_listing_that_is_kept_as_differences_gives_the_same():
    quick = QuickRoutes(whole_route)
    listings = [quick(recorded().output(name, "ip-route").encode(), "x") for name in ("shop-worker-1", NODE)]
    assert listings[1] is not None
    assert addresses_of(listings[1].of(f.RouteFact)) == addresses_of(tuple(read("ip-route", ROUTES, "x")))


def test_prefixes_and_second_addresses_are_told_by_the_devices_networks():
    listed = """\
10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.12
10.0.0.0/16 dev eth0 proto kernel scope link src 10.0.200.1
10.0.1.0/24 dev eth1 proto static scope link
local 10.0.1.12 dev eth0 table local proto kernel scope host src 10.0.1.12
local 10.0.1.112 dev eth0 table local proto kernel scope host src 10.0.1.12
local 10.0.200.1 dev eth0 table local proto kernel scope host src 10.0.200.1
local 10.0.1.13 dev eth1 table local proto kernel scope host src 10.0.1.13
local 10.99.0.0/24 dev lo table local proto boot scope host
local 10.99.1.1 dev lo table local proto boot scope host
local 2001:db8::5 dev eth0 table local proto kernel metric 0 pref medium
2001:db8::/64 dev eth0 proto kernel metric 256 pref medium
local fe80::5 dev eth0 table local proto kernel metric 0 pref medium
"""
    found = addresses_of(read("ip-route", listed)) or ()
    assert [(str(a.address), a.interface, a.flags) for a in found] == [
        ("10.0.1.12/24", "eth0", ()),
        ("10.0.1.112/24", "eth0", ("secondary",)),
        ("10.0.200.1/16", "eth0", ()),
        ("10.0.1.13/32", "eth1", ()),
        ("2001:db8::5/64", "eth0", ()),
    ]


def test_a_cut_listing_of_routes_gives_addresses_that_are_not_all():
    node = node_of(a=ROUTES + "10.9.0.0/16 via ***HIDDEN*** dev ens18\n")
    assert node.incomplete == {"ip-route", "ip-addr"}
    assert node.holds(ip_address("10.0.1.13")) is None


# --- halves ---------------------------------------------------------------------------------------------------------


def test_one_family_alone_says_nothing_of_the_other():
    node = node_of(a=texts.ip_one_line(ADDR, 4))
    assert held(node) == HELD
    assert node.holds(ip_address("2001:db8::1")) is None
    assert node.holds(ip_address("10.0.1.13")) is False
    assert node_of(a=texts.ip_one_line(ADDR, 6)).addresses is None


def test_a_listing_of_ipv4_alone_does_not_show_that_an_interface_is_not_there():
    """`ip -4 -o addr` leaves out what has no IPv4 address; `ip addr` lists everything."""
    assert not node_of(a=texts.ip_one_line(ADDR, 4)).lacks_interface("tunl0")
    assert not node_of(a=IFCONFIG).lacks_interface("tunl0")
    assert node_of(a=ADDR).lacks_interface("tunl0")
    assert not node_of(a=ADDR).lacks_interface("ens18")


def test_detection_of_ipv6_is_open_where_ipv4_alone_was_listed():
    cluster = joined(a=texts.ip_one_line(ADDR, 4))
    choices = Choices(cluster, Forwarding(cluster))
    assert choices.under("first-found", 6)[NODE].undecided
    assert str(choices.under("first-found")[NODE].address) == "192.168.50.12/24"


@pytest.mark.parametrize("text", [IFCONFIG, ROUTES])
def test_detection_is_open_where_the_order_of_the_cards_is_not_known(text: str):
    cluster = joined(a=text)
    assert Choices(cluster, Forwarding(cluster)).under("first-found")[NODE].undecided


# --- routing by what is not whole -----------------------------------------------------------------------------------

LAN = "10.0.1.0/24 dev eth0 scope link\ndefault via 10.0.1.1 dev eth0"


def looked_up(node: ClusterNode, to: str) -> tuple[str | None, bool]:
    found = NodeRouting(node).lookup(ip_address(to))
    return (found.route.evidence.text if found.route else None), bool(found.undecided)


def test_an_address_that_a_node_is_said_to_have_and_was_not_seen_on_it_may_be_its_own():
    """Sent on as if it were a neighbor's, a packet for it would be lost for a reason that is not there."""
    node = machine("n1", routes=LAN, internal="10.0.1.11")
    assert looked_up(node, "10.0.1.11") == (None, True)
    assert looked_up(node, "10.0.1.12") == ("10.0.1.0/24 dev eth0 scope link", False)


def test_a_destination_without_a_next_hop_leaves_it_open():
    node = node_of(a=ROUTE_N, b=FIB_TRIE + "Id 100:\n     |-- 10.7.0.0\n        /16 universe UNICAST\n")
    assert looked_up(node, "10.0.1.12") == ("|-- 10.0.1.12", False)
    assert looked_up(node, "10.7.0.1")[1]
    assert not looked_up(node, "10.0.1.13")[1]


@pytest.mark.parametrize(
    "routes", ["default via fe80::1 dev eth0 metric 1024", "default via 10.0.1.1 dev eth0 table 100"]
)
def test_without_the_table_main_nothing_is_known_to_have_no_route(routes: str):
    assert looked_up(machine("n1", routes=routes), "8.8.8.8") == (None, True)


def test_the_source_of_a_route_is_open_where_it_is_not_printed_and_could_be_another():
    route = f.RouteFact(
        4, "main", "unicast", ip_network("10.244.0.0/16"), (f.NextHop(ip_address("10.0.1.1"), "ens18", (), 1),),
        None, None, None, 0, read("ip-route", LAN)[0].evidence,
    )  # fmt: skip
    one = node_of(a=IFCONFIG, b=ROUTE_N)
    assert source_address(one, route, ip_address("10.244.1.1"))[0] == ip_address("10.0.1.12")
    two = ADDR.replace(
        "    inet6 fe80::5054:ff:fe1b", "    inet 10.0.1.99/24 scope global ens18:1\n    inet6 fe80::5054:ff:fe1b"
    )
    aliased = IFCONFIG.replace(
        "ens19: flags", "ens18:1: flags=1<UP>  mtu 1500\n        inet 10.0.1.99  netmask 255.255.255.0\n\nens19: flags"
    )
    assert source_address(node_of(a=two, b=ROUTES), route, ip_address("10.244.1.1"))[0] == ip_address("10.0.1.12")
    assert source_address(node_of(a=aliased, b=ROUTE_N), route, ip_address("10.244.1.1")) == (None, None)


def test_the_first_address_of_any_device_is_open_where_the_order_is_not_known():
    """A pod's cable has no address: the kernel takes the first one that it comes by (inet_select_addr())."""
    pod = ip_address("10.244.2.2")
    assert device_address(node_of(a=ADDR), "cali15d23e71acc", pod)[0] == ip_address("10.0.1.12")
    assert device_address(node_of(a=ROUTES), "cali15d23e71acc", pod) == (None, None)
    assert device_address(node_of(a=ROUTES), "ens18", ip_address("10.0.1.1"))[0] == ip_address("10.0.1.12")


# --- arp ------------------------------------------------------------------------------------------------------------

ARP = "? (10.0.1.11) at 52:54:00:1b:ab:01 [ether] on ens18\n"
NEIGH = "10.0.1.11 dev ens18 lladdr 52:54:00:1b:ab:02 STALE\n"


def test_arp_stands_in_for_ip_neigh_and_never_contradicts_it():
    assert [n.mac for n in node_of(a=ADDR, n=ARP).neighbors or ()] == ["52:54:00:1b:ab:01"]
    assert [n.mac for n in node_of(a=ADDR, n=ARP, m=NEIGH).neighbors or ()] == ["52:54:00:1b:ab:02"]


def test_that_arp_lists_nobody_on_a_card_shows_nothing():
    assert "ip-neigh" in node_of(a=ADDR, n=ARP).incomplete
    assert "ip-neigh" not in node_of(a=ADDR, n=NEIGH).incomplete
