"""Where rules lead lookups, judged by the whole cluster: who translates, of when the rules are, what contradicts them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import (
    ContainerSpec,
    DaemonSetFact,
    Does,
    FelixConfigurationFact,
    InstallationFact,
    ServiceTableFact,
    ServiceTarget,
)
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_proxies import ServiceProxies, pods_at
from calico_bundle.network.service_targets import ProxyRules, led_to
from calico_bundle.network.translator import Translator, Translators
from tests.network.hand_made import NOWHERE, card, endpoint, machine, node_object, pod, service

READY = ("10.244.2.2", "10.244.2.3")
DNS = DnsService(service(), tuple(endpoint(ip, "node-2") for ip in READY), listed=True)


def listed(*targets: str | Does, mode: str = "iptables", **changed: Any) -> ServiceTableFact:
    """A listing that leads lookups to some addresses, or does something else with them."""
    led = tuple(
        ServiceTarget(ip_address("10.96.0.10"), "UDP", one, None, local=False, evidence=NOWHERE)
        if isinstance(one, Does)
        else ServiceTarget(
            ip_address("10.96.0.10"), "UDP", Does.TRANSLATES, ip_address(one), local=False, evidence=NOWHERE
        )
        for one in targets
    )
    table = ServiceTableFact(mode, True, True, 3, (ip_address("10.96.0.1"),), "nft", None, led, NOWHERE)
    return replace(table, **changed)


def node(name: str, *tables: ServiceTableFact) -> ClusterNode:
    return ClusterNode(
        name, node_object(name, internal="10.0.1.11", calico="10.0.1.11/24"), service_tables=tables or None
    )


def rules(*tables: ServiceTableFact, dns: DnsService = DNS) -> ProxyRules | None:
    return led_to(node("n1", *tables), dns, services=("10.96.0.1",))


def proxies(*nodes: ClusterNode, **facts: Any) -> ServiceProxies:
    given = {"services": (service(), service("default/kubernetes", "10.96.0.1", labels={}, selector={})), **facts}
    return ServiceProxies(Cluster({one.name: one for one in nodes}, **given), DNS)


# --- one node ---------------------------------------------------------------------------------------------------------


def test_two_listings_that_say_the_same_are_one():
    found = rules(listed(*READY), listed(*reversed(READY), backend="legacy"))
    assert found is not None
    assert not found.stale


def test_two_kinds_of_iptables_that_differ_do_not_tell():
    """Both are in force; which one a packet meets first depends on which was made first (net/netfilter/nf_nat_core.c)."""
    assert rules(listed(*READY), listed("10.244.2.77", backend="legacy")) is None


@pytest.mark.parametrize("other", [Does.NOT_SHOWN, Does.REJECTS, Does.UNTRACKED])
def test_what_is_not_shown_in_full_or_contradicts_itself_does_not_tell(other: Does):
    assert rules(listed(*READY, other)) is None


def test_rules_of_another_mode_are_left_over():
    tables = (listed("10.244.2.77"), listed(*READY, mode="ebpf"))
    found = led_to(node("n1", *tables), DNS, modes=("ebpf",))
    assert found is not None
    assert (found.mode, found.stale) == ("ebpf", ())


@pytest.mark.parametrize(
    "dns",
    [replace(DNS, listed=False), replace(DNS, hidden=True), replace(DNS, endpoints=())],
    ids=["none", "hidden", "empty"],
)
def test_endpoints_that_are_not_known_are_not_compared(dns: DnsService):
    """A service without ready endpoints is another finding's (CB302)."""
    found = rules(listed("10.244.2.77"), dns=dns)
    assert found is not None
    assert not found.compared
    assert not found.all_lost
    assert not found.some_lost


def test_missing_entry_is_said_of_a_listing_of_this_cluster_alone():
    """Addresses that a collector changed everywhere fit none of the cluster's services."""
    empty = listed()
    found = rules(empty)
    assert found is not None
    assert found.none
    assert led_to(node("n1", empty), DNS, services=("172.30.0.1",)) is None
    assert rules(replace(empty, whole=False)) is None
    assert rules(replace(empty, services=0)) is None


def test_refusal_is_lost_though_there_are_endpoints():
    found = rules(listed(Does.REJECTS))
    assert found is not None
    assert found.rejects
    assert found.all_lost


def test_address_on_a_card_of_its_own_is_answered_there():
    """kube-ipvs0 holds all service addresses in IPVS mode; any other card that holds it answers by itself."""
    cards = machine("n1", card("nodelocaldns", "10.96.0.10/32"))
    assert led_to(replace(cards, service_tables=(listed("10.244.2.77"),)), DNS) is None
    ipvs = machine("n1", card("kube-ipvs0", "10.96.0.10/32"))
    assert led_to(replace(ipvs, service_tables=(listed("10.244.2.77", mode="ipvs"),)), DNS) is not None


# --- the whole cluster ------------------------------------------------------------------------------------------------

MONDAY, LATER, EARLIER = (f"Mon Nov 23 {time} 2026" for time in ("13:00:00", "15:00:00", "11:00:00"))


@pytest.mark.parametrize(
    "stale, fitting, confirmed",
    [
        (MONDAY, MONDAY, True),
        (LATER, MONDAY, True),
        (EARLIER, MONDAY, False),
        (None, MONDAY, True),
        (MONDAY, None, True),
    ],
)
def test_rules_are_behind_where_those_of_another_node_fitted_by_then(
    stale: str | None, fitting: str | None, confirmed: bool
):
    """Archives of single nodes can be hours apart: endpoints may have changed after the first."""
    found = proxies(node("n1", listed("10.244.2.77", recorded=stale)), node("n2", listed(*READY, recorded=fitting))).on(
        "n1"
    )
    assert found is not None
    assert found.confirmed is confirmed


def test_rules_that_nobody_may_use_any_more_confirm_nothing():
    """Without anything that tells kube-proxy from eBPF, rules alike on all nodes may be left over."""
    refused = [node(name, listed()) for name in ("n1", "n2")]
    assert [r.confirmed for r in proxies(*refused).lost.values()] == [False, False]
    pods = (pod("kube-system/kube-proxy-a", "n1"), pod("kube-system/kube-proxy-b", "n2"))
    assert [r.confirmed for r in proxies(*refused, pods=pods).lost.values()] == [True, True]


def test_pod_at_a_stale_address_is_named():
    where = Cluster(
        {}, pods=(pod("shop/old", "n1", "10.244.2.77"), pod("shop/done", "n1", "10.244.2.78", phase="Failed"))
    )
    found = pods_at((ip_address("10.244.2.77"), ip_address("10.244.2.78")), where)
    assert [one.name for one in found.values()] == ["old"]


# --- who translates ---------------------------------------------------------------------------------------------------


def felix(name: str, bpf: bool | None) -> FelixConfigurationFact:
    return FelixConfigurationFact(name, None, bpf, None, None, NOWHERE)


def calico_node(value: str | None) -> DaemonSetFact:
    container = ContainerSpec("calico-node", None, {"FELIX_BPFENABLED": value}, {"FELIX_BPFENABLED": NOWHERE})
    return DaemonSetFact("kube-system", "calico-node", (container,), None, NOWHERE)


def installation(dataplane: str | None) -> InstallationFact:
    return InstallationFact("default", None, None, None, dataplane, None, None, NOWHERE)


def who(*, cards: str = "", **facts: Any) -> Translator:
    one = machine("n1", *([cards] if cards else []))
    return Translators(Cluster({"n1": one}, **facts)).on(one).who


PROXY = (pod("kube-system/kube-proxy-x", "n1"),)


@pytest.mark.parametrize(
    "facts, expected",
    [
        ({}, Translator.UNKNOWN),
        ({"pods": PROXY}, Translator.KUBE_PROXY),
        ({"felix_configurations": (felix("default", None),)}, Translator.KUBE_PROXY),
        ({"felix_configurations": (felix("default", True),)}, Translator.EBPF),
        # kube-proxy may run beside it, and has no say then
        ({"felix_configurations": (felix("default", True),), "pods": PROXY}, Translator.EBPF),
        ({"felix_configurations": (felix("default", True), felix("node.n1", False))}, Translator.KUBE_PROXY),
        ({"felix_configurations": (felix("default", True), felix("node.n2", False))}, Translator.EBPF),
        ({"felix_configurations": (felix("default", False),), "daemonsets": (calico_node("true"),)}, Translator.EBPF),
        (
            {"felix_configurations": (felix("default", True),), "daemonsets": (calico_node("false"),)},
            Translator.KUBE_PROXY,
        ),
        ({"felix_configurations": (felix("default", True),), "daemonsets": (calico_node(None),)}, Translator.UNKNOWN),
        ({"installations": (installation("BPF"),)}, Translator.EBPF),
        ({"installations": (installation("Nftables"),)}, Translator.KUBE_PROXY),
        ({"installations": (installation(None),)}, Translator.UNKNOWN),
        ({"daemonsets": (DaemonSetFact("kube-system", "cilium", (), None, NOWHERE),)}, Translator.ANOTHER),
        ({"cards": card("bpfin.cali"), "pods": PROXY}, Translator.EBPF),
        ({"cards": card("cilium_host")}, Translator.ANOTHER),
        ({"cards": card("cali0123456789a")}, Translator.UNKNOWN),
    ],
)
def test_who_translates(facts: dict[str, Any], expected: Translator):
    """The environment comes before a node's own FelixConfiguration, that before the default (felix/config)."""
    assert who(**facts) is expected


def failing(*pods: Any, ready: bool = True) -> list[str]:
    nodes = [ClusterNode(name, node_object(name, calico="10.0.1.11/24", ready=ready)) for name in ("n1", "n2", "n3")]
    found = Translators(Cluster({one.name: one for one in nodes}, pods=pods))
    return [one.name for one in nodes if found.failing(one)]


def test_node_without_a_pod_of_kube_proxy_where_most_have_one():
    assert failing(pod("kube-system/kube-proxy-a", "n1"), pod("kube-system/kube-proxy-b", "n2")) == ["n3"]
    assert failing(pod("kube-system/kube-proxy-a", "n1")) == []  # as likely not all pods were collected
    assert failing() == []


def test_pods_on_nodes_that_are_not_ready_have_an_old_state():
    down = [pod(f"kube-system/kube-proxy-{n}", n, ready=False) for n in ("n1", "n2", "n3")]
    assert failing(*down) == ["n1", "n2", "n3"]
    assert failing(*down, ready=False) == []
