"""One node's routing decision, rule by rule as the kernel makes it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.network.routing import NodeRouting, RoutingTable, source_address
from tests.network.hand_made import card, lines, machine, read

DEFAULT_RULES = """
0:	from all lookup local
32766:	from all lookup main
32767:	from all lookup default
"""


def chosen(
    routes: str, to: str, *, rules: str | None = None, source: str | None = None, device: str | None = None
) -> str | None:
    """The line of the route that a packet takes."""
    node = machine("n1", routes=routes, rules=rules)
    lookup = NodeRouting(node).lookup(ip_address(to), ip_address(source) if source else None, device)
    assert lookup.undecided is None
    return lookup.route.evidence.text if lookup.route else None


def test_longest_prefix_wins_whatever_the_order():
    """fib_table_lookup(): the most specific leaf; a smaller metric on a shorter prefix is of no use."""
    routes = """
    default via 10.0.1.1 dev eth0
    10.244.0.0/16 via 10.0.1.2 dev eth0
    10.244.1.0/26 via 10.0.1.3 dev eth0 metric 1024
    10.244.1.2 dev cali1 scope link metric 4096
    """
    assert chosen(routes, "10.244.1.2") == "10.244.1.2 dev cali1 scope link metric 4096"
    assert chosen(routes, "10.244.1.3") == "10.244.1.0/26 via 10.0.1.3 dev eth0 metric 1024"
    assert chosen(routes, "10.244.1.64") == "10.244.0.0/16 via 10.0.1.2 dev eth0"
    assert chosen(routes, "8.8.8.8") == "default via 10.0.1.1 dev eth0"


def test_no_route_matches():
    assert chosen("10.0.1.0/24 dev eth0 scope link", "10.0.2.1") is None


def test_smallest_metric_wins_among_equal_prefixes():
    """fib_table_insert() keeps aliases of one prefix sorted by priority, and the lookup takes the first."""
    routes = "default via 10.0.1.2 dev eth0 metric 200\ndefault via 10.0.1.1 dev eth0 metric 100"
    assert chosen(routes, "8.8.8.8") == "default via 10.0.1.1 dev eth0 metric 100"


def test_first_of_equal_metrics_wins():
    """fib_table_insert(): an equal route that is appended comes after the one that was there."""
    routes = "default via 10.0.1.1 dev eth0 metric 100\ndefault via 10.0.1.2 dev eth1 metric 100"
    assert chosen(routes, "8.8.8.8") == "default via 10.0.1.1 dev eth0 metric 100"


def test_dead_next_hop_is_passed_over_for_a_shorter_prefix():
    """fib_table_lookup() skips RTNH_F_DEAD next hops and goes on with the next leaf up."""
    routes = "default via 10.0.1.1 dev eth0\n10.244.0.0/16 via 10.0.1.2 dev eth1 dead linkdown"
    assert chosen(routes, "10.244.1.2") == "default via 10.0.1.1 dev eth0"


def test_dead_next_hop_is_passed_over_for_a_larger_metric():
    """fib_table_lookup() walks all aliases of a leaf: the next metric is tried before a shorter prefix."""
    routes = """
    default via 10.0.1.1 dev eth0
    10.244.0.0/16 via 10.0.1.2 dev eth1 metric 100 dead linkdown
    10.244.0.0/16 via 10.0.1.3 dev eth0 metric 200
    """
    assert chosen(routes, "10.244.1.2") == "10.244.0.0/16 via 10.0.1.3 dev eth0 metric 200"


def test_linkdown_alone_does_not_stop_a_route():
    """ip-sysctl: ignore_routes_with_linkdown is off unless somebody sets it; only `dead` is passed over."""
    routes = "default via 10.0.1.1 dev eth0\n10.244.0.0/16 via 10.0.1.2 dev eth1 linkdown"
    assert chosen(routes, "10.244.1.2") == "10.244.0.0/16 via 10.0.1.2 dev eth1 linkdown"


def test_broadcast_and_multicast_routes_carry_no_unicast_packet():
    routes = "10.0.1.0/24 dev eth0 scope link\nbroadcast 10.0.1.255 dev eth0 table local scope link"
    assert chosen(routes, "10.0.1.255") == "10.0.1.0/24 dev eth0 scope link"


def test_blackhole_is_a_route_like_any_other():
    """BIRD writes `blackhole` for a node's own block: addresses without a pod end there, not at the gateway."""
    routes = "default via 10.0.1.1 dev eth0\nblackhole 10.244.1.0/26 proto bird\n10.244.1.2 dev cali1 scope link"
    assert chosen(routes, "10.244.1.9") == "blackhole 10.244.1.0/26 proto bird"
    assert chosen(routes, "10.244.1.2") == "10.244.1.2 dev cali1 scope link"


def test_local_table_comes_first():
    """fib_default_rules_init(): local (0), main (32766), default (32767)."""
    routes = "10.0.1.5 via 10.0.1.1 dev eth0\nlocal 10.0.1.5 dev eth0 table local proto kernel scope host src 10.0.1.5"
    assert chosen(routes, "10.0.1.5").startswith("local 10.0.1.5")


def test_local_table_is_derived_from_the_addresses_where_it_was_not_recorded():
    """fib_add_ifaddr(): one local route per address; `ip route` alone shows only table main."""
    node = machine("n1", card("eth0", "10.0.1.11/24"), routes="10.0.1.0/24 dev eth0 scope link")
    route = NodeRouting(node).lookup(ip_address("10.0.1.11")).route
    assert route is not None
    assert (route.type, route.table, route.next_hops[0].device) == ("local", "local", "eth0")
    assert route.evidence.text == "inet 10.0.1.11/24 scope global eth0"


def test_recorded_local_table_is_not_added_to():
    node = machine(
        "n1", card("eth0", "10.0.1.11/24"), routes="local 10.0.1.12 dev eth0 table local scope host src 10.0.1.12"
    )
    assert NodeRouting(node).lookup(ip_address("10.0.1.11")).route is None


def test_throw_ends_the_table_and_not_the_lookup():
    """fib_rules: -EAGAIN of a throw route sends the lookup to the next rule."""
    routes = "default via 10.0.1.1 dev eth0\nthrow 10.244.0.0/16 table 100\ndefault via 10.0.1.9 dev eth1 table 100"
    rules = "0: from all lookup local\n100: from all lookup 100\n32766: from all lookup main"
    assert chosen(routes, "10.244.1.2", rules=rules) == "default via 10.0.1.1 dev eth0"
    assert chosen(routes, "8.8.8.8", rules=rules) == "default via 10.0.1.9 dev eth1 table 100"


def test_throw_without_recorded_rules():
    """The three default rules apply where `ip rule` was not recorded; throw in main leads to the table default."""
    routes = "throw 10.244.0.0/16\ndefault via 10.0.1.9 dev eth1 table default"
    assert chosen(routes, "10.244.1.2") == "default via 10.0.1.9 dev eth1 table default"


# --- rules ----------------------------------------------------------------------------------------------------------

TWO_TABLES = "default via 10.0.1.1 dev eth0\ndefault via 192.168.50.1 dev eth1 table 100"
MAIN, OTHER = "default via 10.0.1.1 dev eth0", "default via 192.168.50.1 dev eth1 table 100"


def with_rule(rule: str) -> str:
    return f"0: from all lookup local\n100: {rule}\n32766: from all lookup main\n32767: from all lookup default"


def test_rules_go_by_priority_and_not_by_their_order():
    rules = "32766: from all lookup main\n100: from all lookup 100\n0: from all lookup local"
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == OTHER


def test_default_rules_are_what_no_rules_mean():
    one_table = "\n".join(line for line in TWO_TABLES.split("\n") if "table 100" not in line)
    for to in ("8.8.8.8", "10.0.1.1"):
        assert chosen(one_table, to, rules=DEFAULT_RULES) == chosen(one_table, to)


def test_without_rules_a_second_table_with_a_route_leaves_it_open():
    """Some rule may lead there; only `ip rule` tells."""
    node = machine("n1", card("eth0", "10.0.1.11/24"), routes=TWO_TABLES)
    found = NodeRouting(node).lookup(ip_address("8.8.8.8"))
    assert found.route is None
    assert "table 100" in (found.undecided or "")


def test_source_rule_applies_to_packets_from_that_network_alone():
    """fib4_rule_match(): `from` compares the source; a packet whose source is not chosen yet matches no `from`."""
    rules = with_rule("from 192.168.50.0/24 lookup 100")
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules, source="192.168.50.12") == OTHER
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules, source="10.0.1.11") == MAIN
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == MAIN


def test_destination_rule():
    rules = with_rule("from all to 10.244.0.0/16 lookup 100")
    assert chosen(TWO_TABLES, "10.244.1.2", rules=rules) == OTHER
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == MAIN


def test_input_device_rule_applies_to_forwarded_packets():
    rules = with_rule("from all iif cali1 lookup 100")
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules, device="cali1") == OTHER
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules, device="eth0") == MAIN
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == MAIN


def test_output_device_rule_needs_a_bound_socket():
    """fib_rule_match(): `oif` compares flowi_oif, which a lookup without SO_BINDTODEVICE leaves at 0."""
    assert chosen(TWO_TABLES, "8.8.8.8", rules=with_rule("from all oif eth1 lookup 100")) == MAIN


def test_inverted_rule_applies_to_what_does_not_match():
    rules = with_rule("not from 10.0.1.0/24 lookup 100")
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules, source="192.168.50.12") == OTHER
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules, source="10.0.1.11") == MAIN


def test_marked_packets_are_not_pods_packets():
    assert chosen(TWO_TABLES, "8.8.8.8", rules=with_rule("from all fwmark 0x10 lookup 100")) == MAIN


def test_rule_of_wireguard_applies_to_what_is_not_marked():
    """Felix writes `not from all fwmark 0x100000/0x100000 lookup 1` for WireGuard; pods' packets carry no mark."""
    rules = with_rule("not from all fwmark 0x100000/0x100000 lookup 100")
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == OTHER


@pytest.mark.parametrize("action", ["blackhole", "unreachable", "prohibit"])
def test_rule_that_drops(action: str):
    node = machine("n1", routes=TWO_TABLES, rules=with_rule(f"from all to 10.244.0.0/16 {action}"))
    lookup = NodeRouting(node).lookup(ip_address("10.244.1.2"))
    assert lookup.route is not None
    assert lookup.route.type == action
    assert lookup.route.evidence.path == "n1/ip-rule.txt"


def test_table_that_no_listing_of_all_tables_has_is_empty_and_passed_over():
    every = TWO_TABLES + "\nlocal 10.0.1.11 dev eth0 table local scope host src 10.0.1.11"
    assert chosen(every, "8.8.8.8", rules=with_rule("from all lookup 4711")) == MAIN


def test_table_that_was_not_asked_for_leaves_it_open():
    """`ip route` lists the main table alone; what a rule's other table holds is not known then."""
    node = machine("n1", card("eth0", "10.0.1.11/24"), routes=TWO_TABLES, rules=with_rule("from all lookup 4711"))
    found = NodeRouting(node).lookup(ip_address("8.8.8.8"))
    assert found.route is None
    assert "4711" in (found.undecided or "")


def test_nop_rule_is_passed_over():
    assert chosen(TWO_TABLES, "8.8.8.8", rules=with_rule("from all nop")) == MAIN


def test_goto_skips_the_rules_between():
    """fib_rules_lookup(): FR_ACT_GOTO goes on at its target; rules before the target are not looked at."""
    rules = """
    0: from all lookup local
    100: from all goto 32766
    200: from all lookup 100
    32766: from all lookup main
    """
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == MAIN


@pytest.mark.parametrize("target", ["²", "9" * 5000])
def test_goto_without_a_number_goes_nowhere(target: str):
    assert chosen(TWO_TABLES, "8.8.8.8", rules=with_rule(f"from all goto {target}")) == MAIN


def test_selector_that_a_bundle_cannot_answer_leaves_it_open():
    """`uidrange` hangs on the process: both ways are possible, so nothing is decided."""
    node = machine("n1", routes=TWO_TABLES, rules=with_rule("from all uidrange 1000-1000 lookup 100"))
    lookup = NodeRouting(node).lookup(ip_address("8.8.8.8"))
    assert lookup.route is None
    assert "uidrange" in (lookup.undecided or "")


def test_open_selector_does_not_matter_where_its_table_has_no_route():
    rules = with_rule("from all uidrange 1000-1000 lookup 100")
    routes = "default via 10.0.1.1 dev eth0\n10.9.0.0/16 via 192.168.50.1 dev eth1 table 100"
    assert chosen(routes, "8.8.8.8", rules=rules) == MAIN


def test_open_selector_does_not_matter_after_a_rule_that_decides():
    rules = "0: from all lookup local\n100: from all lookup main\n200: from all uidrange 0-0 lookup 100"
    assert chosen(TWO_TABLES, "8.8.8.8", rules=rules) == MAIN


def test_no_rule_has_a_route():
    assert chosen("10.0.1.0/24 dev eth0 scope link", "8.8.8.8", rules=DEFAULT_RULES) is None


def test_ipv6_routes_are_another_world():
    assert chosen("10.0.1.0/24 dev eth0\ndefault via fe80::1 dev eth0 metric 1024", "8.8.8.8") is None


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)), min_size=1, max_size=30),
    st.integers(0, 2**32 - 1),
)
def test_table_agrees_with_trying_every_route(networks: list[tuple[int, int]], target: int):
    texts = [
        f"{ip_address(value >> (32 - bits) << (32 - bits))}/{bits} dev eth0 metric {i}"
        for i, (value, bits) in enumerate(networks)
    ]
    routes = read("ip-route", lines("\n".join(texts)))
    address = ip_address(target)
    fitting = [r for r in routes if address in r.destination]
    expected = min(fitting, key=lambda r: (-r.destination.prefixlen, r.metric), default=None)
    assert RoutingTable(routes).lookup(address) == expected


# --- source addresses -----------------------------------------------------------------------------------------------

TWO_CARDS = (card("eth0", "10.0.1.11/24", "10.0.2.11/24"), card("eth1", "192.168.50.11/24"))


def source(route: str, toward: str, *cards: str) -> str | None:
    node = machine("n1", *(cards or TWO_CARDS), routes=route)
    (fact,) = node.routes or ()
    address, evidence = source_address(node, fact, ip_address(toward))
    assert (address is None) == (evidence is None)
    return str(address) if address else None


def test_source_of_the_route_comes_first():
    """fib_result_prefsrc(): RTA_PREFSRC wins over everything."""
    assert source("10.0.1.0/24 dev eth0 src 10.0.2.11", "10.0.1.12") == "10.0.2.11"


def test_source_is_the_address_in_the_network_of_the_gateway():
    """inet_select_addr(): an address of the device whose network holds the next hop."""
    assert source("default via 10.0.2.1 dev eth0", "8.8.8.8") == "10.0.2.11"
    assert source("default via 10.0.1.1 dev eth0", "8.8.8.8") == "10.0.1.11"


def test_source_is_the_first_address_of_the_device_where_none_holds_the_gateway():
    assert source("default via 172.16.0.1 dev eth1 onlink", "8.8.8.8") == "192.168.50.11"


def test_source_of_a_device_without_address_is_the_first_of_all_devices():
    """inet_select_addr() looks at other devices where its own has none: a pod's cable."""
    assert source("10.244.1.2 dev cali1 scope link", "10.244.1.2") == "10.0.1.11"


def test_addresses_of_host_and_link_scope_are_no_sources():
    loopback = card("lo", "127.0.0.1/8").replace("scope global", "scope host")
    local = card("eth0", "169.254.7.7/16").replace("scope global", "scope link")
    assert source("10.244.1.2 dev cali1 scope link", "10.244.1.2", loopback, local) is None


def test_secondary_addresses_are_no_sources():
    two = card("eth0", "10.0.1.99/24", "10.0.1.11/24").replace(
        "inet 10.0.1.99/24 scope global eth0", "inet 10.0.1.99/24 scope global secondary eth0"
    )
    assert source("default via 10.0.1.1 dev eth0", "8.8.8.8", two) == "10.0.1.11"


def test_route_without_next_hop_has_no_source():
    assert source("blackhole 10.244.1.0/26", "10.244.1.2") is None


@pytest.mark.parametrize("device, applied", [(None, True), ("eth0", False), ("cali1a", False)])
def test_rule_for_iif_lo_applies_to_the_nodes_own_packets(device: str | None, applied: bool):
    """ip-rule(8): `iif lo` matches packets that originate from this host (flowi4_iif is LOOPBACK_IFINDEX)."""
    node = machine("n1", routes=TWO_TABLES, rules=with_rule("from all iif lo lookup 100"))
    plain = NodeRouting(machine("n1", routes=TWO_TABLES)).lookup(ip_address("8.8.8.8"))
    found = NodeRouting(node).lookup(ip_address("8.8.8.8"), None, device)
    assert found.route is not None
    assert (found.route.table == "100") is applied, plain


def test_rule_for_a_cable_may_apply_where_the_cable_is_not_known():
    node = machine("n1", routes=TWO_TABLES, rules=with_rule("from all iif cali1a lookup 100"))
    assert NodeRouting(node).lookup(ip_address("8.8.8.8"), None, "cali*").undecided
    assert NodeRouting(node).lookup(ip_address("8.8.8.8"), None, "eth*").undecided is None


def test_tables_by_number_are_those_of_their_names():
    """rtnetlink.h: RT_TABLE_MAIN is 254; `ip -N rule` prints the number, and `ip route` none."""
    rules = "0: from all lookup 255\n32766: from all lookup 254\n32767: from all lookup 253"
    found = NodeRouting(machine("n1", routes="default via 10.0.1.1 dev eth0", rules=rules)).lookup(
        ip_address("8.8.8.8")
    )
    assert found.route is not None
