"""Routing where a record is not whole, a rule cannot apply or cannot be evaluated, and tables printed by number."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from calico_bundle.facts import RouteFact
from calico_bundle.facts.route_tables import JoinedRoutes
from calico_bundle.network.routing import Lookup, NodeRouting
from tests.network.hand_made import NOWHERE, card, machine, read

HERE = "default via 10.0.1.1 dev eth0"
OTHER = "default via 192.168.50.1 dev eth1 table 100"
LOCAL = "local 10.0.1.11 dev eth0 table local proto kernel scope host src 10.0.1.11"


def looked_up(routes: str, to: str = "8.8.8.8", rule: str | None = None, **node: object) -> Lookup:
    rules = None if rule is None else f"0: from all lookup local\n100: {rule}\n32766: from all lookup main"
    return NodeRouting(replace(machine("n1", routes=routes, rules=rules), **node)).lookup(ip_address(to))


def taken(found: Lookup) -> str | None:
    assert found.undecided is None
    return found.route.evidence.text if found.route else None


# --- tables that are not whole --------------------------------------------------------------------------------------

CUT = {"incomplete": frozenset({"ip-route"})}


def test_line_that_is_hidden_may_be_a_more_specific_route():
    """A table with lines hidden, cut off or not understood decides by a route of a single address alone."""
    found = looked_up(f"{HERE}\n8.8.8.8 via 10.0.1.9 dev eth0", "8.8.4.4", **CUT)
    assert found.route is None
    assert found.undecided
    assert taken(looked_up(f"{HERE}\n8.8.8.8 via 10.0.1.9 dev eth0", **CUT)) == "8.8.8.8 via 10.0.1.9 dev eth0"


def test_route_that_is_not_there_may_be_a_hidden_line():
    found = looked_up("10.0.1.0/24 dev eth0 scope link", **CUT)
    assert (found.route, bool(found.undecided)) == (None, True)


def test_other_records_that_are_not_whole_do_not_matter():
    assert taken(looked_up(HERE, incomplete=frozenset({"ip-addr"}))) == HERE
    assert taken(looked_up(HERE)) == HERE


def test_open_rule_stays_the_reason_in_a_table_that_is_not_whole():
    found = looked_up(f"{HERE}\n{OTHER}", rule="from all uidrange 0-0 lookup 100", **CUT)
    assert "uidrange" in (found.undecided or "")


def test_a_local_table_alone_shows_no_other():
    """`ip route show table local` was taken for a listing of all tables, in which `main` is empty."""
    assert "main" in (looked_up(LOCAL).undecided or "")


def test_tables_that_were_listed_one_by_one_are_not_all_of_them():
    rules = "100: from all lookup 100\n32766: from all lookup main"
    one_by_one = JoinedRoutes([tuple(machine("n1", routes=text).routes or ()) for text in (HERE, LOCAL)])
    found = NodeRouting(replace(machine("n1", rules=rules), routes=one_by_one)).lookup(ip_address("8.8.8.8"))
    assert "table 100" in (found.undecided or "")
    assert taken(looked_up(f"{HERE}\n{LOCAL}", rule="from all lookup 100")) == HERE


# --- rules ----------------------------------------------------------------------------------------------------------


def test_rules_that_are_not_whole_decide_nothing_but_what_the_machine_itself_takes():
    """Rule 0 looks up the table local before all others (fib_default_rules_init); any other may be hidden or cut off."""
    rules_cut = {"incomplete": frozenset({"ip-rule"})}
    assert looked_up(f"{HERE}\n{LOCAL}", rule="from all lookup 100", **rules_cut).undecided
    assert looked_up(f"{HERE}\n{LOCAL}", **rules_cut).undecided
    assert taken(looked_up(f"{HERE}\n{LOCAL}", "10.0.1.11", **rules_cut)) == LOCAL


@pytest.mark.parametrize(
    "rule",
    [
        "from all iif eth9 [detached] lookup 100",
        "from all oif eth9 [detached] lookup 100",
        "not from all iif eth9 [detached] lookup 100",
        "from all goto 200 [unresolved]",
        "from all goto none",
    ],
)
def test_rule_whose_device_or_target_is_gone_is_passed_over(rule: str):
    """fib_rules_lookup(): a detached rule matches nothing, and a goto without its target (`none`) is skipped."""
    assert taken(looked_up(f"{HERE}\n{OTHER}", rule=rule)) == HERE


def test_goto_that_may_or_may_not_apply_leaves_it_open():
    rules = """
    0: from all lookup local
    50: from all uidrange 0-0 goto 32766
    100: from all lookup 100
    32766: from all lookup main
    """
    found = NodeRouting(machine("n1", routes=f"{HERE}\n{OTHER}", rules=rules)).lookup(ip_address("8.8.8.8"))
    assert found.route is None
    assert "uidrange" in (found.undecided or "")


@pytest.mark.parametrize("table", ["main", "254", "local", "255", "default", "253"])
def test_tables_of_the_kernel_are_never_tables_that_were_not_asked_for(table: str):
    """fib_default_rules_init(): 255, 254 and 253; `ip rule` prints names or numbers. An empty one is passed over."""
    found = looked_up("10.0.1.0/24 dev eth0 scope link", rule=f"from all lookup {table}")
    assert found == Lookup(None)


@pytest.mark.parametrize("action", ["blackhole", "unreachable", "prohibit"])
def test_rule_that_drops_stands_for_a_route_that_covers_everything(action: str):
    found = looked_up(HERE, rule=f"from all {action}").route
    assert found is not None
    assert found == RouteFact(4, "", action, ip_network("0.0.0.0/0"), (), None, None, None, 0, found.evidence)
    assert found.evidence.text == f"100: from all {action}"


# --- without rules --------------------------------------------------------------------------------------------------


def test_own_address_is_decided_whatever_other_tables_hold():
    """The rule of table local has priority 0: no other rule comes before it."""
    assert taken(looked_up(f"{HERE}\n{OTHER}\n{LOCAL}", "10.0.1.11")) == LOCAL


def test_other_table_leaves_open_what_main_has_no_route_for():
    found = looked_up(f"10.0.1.0/24 dev eth0 scope link\n{OTHER}\n{LOCAL}")
    assert found.route is None
    assert "100" in (found.undecided or "")


@pytest.mark.parametrize("table", ["253", "default"])
def test_table_default_is_no_table_that_some_rule_must_lead_to(table: str):
    found = looked_up(f"10.0.1.0/24 dev eth0 scope link\n{LOCAL}\n{OTHER.replace('100', table)}")
    assert found.undecided is None


# --- routes that carry no unicast packet, and those of the kernel's own -----------------------------------------------


@pytest.mark.parametrize("kind", ["broadcast", "multicast"])
def test_other_than_unicast_routes_are_passed_over(kind: str):
    assert taken(looked_up(f"{HERE}\n{kind} 8.8.8.0/24 dev eth1")) == HERE


def test_derived_local_route_is_what_ip_route_would_print():
    """fib_add_ifaddr(): the address as destination and as source, of scope host, by the kernel."""
    node = machine("n1", card("eth0", "10.0.1.11/24"), routes=HERE)
    found = NodeRouting(node).lookup(ip_address("10.0.1.11")).route
    (printed,) = read("ip-route", f"{LOCAL}\n")
    assert found is not None
    assert replace(found, evidence=NOWHERE) == replace(printed, evidence=NOWHERE)
