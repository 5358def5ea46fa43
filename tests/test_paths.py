"""Every pod's path to cluster DNS: who is judged, what stays open, and what becomes of the rest."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import DaemonSetFact, DnsConfigurationFact, ServiceRuleFact
from calico_bundle.network.outcome import Outcome, Why
from calico_bundle.network.service import find_dns
from calico_bundle.paths import DnsPaths, Verdict
from tests.network.hand_made import (
    block,
    blocks_of,
    card,
    cluster,
    endpoint,
    healthy,
    host_pod,
    lan_node,
    machine,
    pod,
    pool,
    routes_of,
    service,
)


def paths(where: Cluster) -> DnsPaths:
    return DnsPaths(where, find_dns(where))


def verdict(one: Any, **facts: Any) -> tuple[Verdict, str]:
    """The verdict on one pod of the healthy cluster."""
    path = paths(healthy(**facts)).of(one)
    return path.verdict, path.text


APP = pod("app", "node-1", "10.244.1.2")
OWN_SERVERS = pod("app", "node-1", "10.244.1.2", dns_policy="None", dns_nameservers=("10.96.0.10",))
HIDDEN_DNS = service(ip=None, redacted=("cluster_ips",))


def test_healthy_cluster_reaches():
    found = paths(healthy())
    assert [p.verdict for p in found.pods] == [Verdict.REACHES] * 3
    assert found.counts[Verdict.REACHES] == 3
    assert sum(found.counts.values()) == 3


def test_finished_pods_have_no_path():
    pods = (APP, pod("done", "node-1", "10.244.1.9", phase="Succeeded"), pod("dead", "node-1", phase="Failed"))
    assert [p.pod.name for p in paths(healthy(pods=pods)).pods] == ["app"]


# --- who does not use cluster DNS -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed, applies",
    [
        ({}, True),
        ({"dns_policy": "Default"}, False),
        ({"dns_policy": "ClusterFirst", "host_network": True}, False),
        ({"dns_policy": "ClusterFirstWithHostNet", "host_network": True}, True),
        ({"dns_policy": "ClusterFirstWithHostNet"}, True),
        ({"dns_policy": "None", "dns_nameservers": ("8.8.8.8",)}, False),
        ({"dns_policy": "None"}, False),
        ({"dns_policy": "None", "dns_nameservers": ("10.96.0.10",)}, True),
        ({"dns_policy": "None", "dns_nameservers": ("10.96.0.10",), "host_network": True}, True),
    ],
)
def test_policies_that_ask_cluster_dns(changed: dict[str, Any], applies: bool):
    """Kubernetes, DNS for Services and Pods: hostNetwork with ClusterFirst falls back to Default."""
    found, text = verdict(pod("app", "node-1", "10.0.1.11" if changed.get("host_network") else "10.244.1.2", **changed))
    assert (found is not Verdict.NOT_APPLICABLE) == applies
    assert text


# --- what cannot be told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one, facts, said",
    [
        (APP, {"services": ()}, "no cluster DNS service"),
        (APP, {"endpoints": ()}, "no endpoints of kube-system/kube-dns"),
        (APP, {"services": (service(ip="fd00::a"),)}, "address"),
        (APP, {"services": (HIDDEN_DNS,)}, "address"),
        # Whether these name servers are the cluster's own cannot be told without its address.
        (OWN_SERVERS, {"services": (HIDDEN_DNS,)}, "address"),
        (OWN_SERVERS, {"services": ()}, "no cluster DNS service"),
        (replace(OWN_SERVERS, dns_nameservers=(), redacted=("dns_nameservers",)), {}, "hid its name servers"),
        (pod("app", None), {}, "no node yet"),
        (pod("app", "node-9", "10.244.9.2"), {}, "nothing of the pod's node node-9"),
        (pod("app", "node-1"), {}, "the pod's address"),
    ],
)
def test_open_questions_are_said(one: Any, facts: dict[str, Any], said: str):
    found, text = verdict(one, **facts)
    assert found is Verdict.UNKNOWN
    assert said in text


def test_no_ready_endpoint_is_broken_for_all():
    found, text = verdict(APP, endpoints=(endpoint("10.244.2.2", "node-2", ready=False),))
    assert found is Verdict.BROKEN
    assert "no ready endpoint" in text


def test_hidden_endpoint_addresses_are_not_missing_endpoints():
    """A ready endpoint whose address the collector hid is there all the same; where it leads is open."""
    found, _ = verdict(APP, endpoints=(endpoint(None, "node-2", "coredns"),))
    assert found is Verdict.UNKNOWN


def test_unknown_way_says_what_would_settle_it():
    where = healthy()
    nodes = {**where.nodes, "node-2": machine("node-2", internal="10.0.1.12", calico="10.0.1.12/24")}
    found = paths(Cluster(nodes, pods=where.pods, services=where.services, endpoints=where.endpoints)).of(APP)
    assert found.verdict is Verdict.UNKNOWN
    assert "on node-2" in found.text
    assert found.text.endswith("would settle it")


# --- decided --------------------------------------------------------------------------------------------------------


def broken_node_2(**facts: Any) -> Cluster:
    """node-2 is cut off: no session, no learned route, here and there."""
    nodes = (
        lan_node(1, 3),
        machine(
            "node-2", card("eth0", "10.0.1.12/24"), routes=routes_of(2), internal="10.0.1.12", calico="10.0.1.12/24"
        ),
        lan_node(3, 1),
    )
    base = healthy(**facts)
    return cluster(
        *nodes, pools=base.pools, blocks=base.blocks, pods=base.pods, services=base.services, endpoints=base.endpoints
    )


def test_lookups_from_elsewhere_are_broken_and_on_the_node_itself_reach():
    found = {p.pod.name: p.verdict for p in paths(broken_node_2()).pods}
    assert found == {"app-1": Verdict.BROKEN, "coredns": Verdict.REACHES, "app-3": Verdict.BROKEN}


def test_some_endpoints_of_several_is_degraded():
    endpoints = (endpoint("10.244.2.2", "node-2", "coredns"), endpoint("10.244.3.2", "node-3", "app-3"))
    found = paths(broken_node_2(endpoints=endpoints)).of(pod("app-1", "node-1", "10.244.1.2"))
    assert found.verdict is Verdict.DEGRADED
    assert [f.outcome for f in found.fates] == [Outcome.LOST, Outcome.DELIVERED]


def test_one_endpoint_that_is_open_leaves_the_path_open():
    endpoints = (endpoint("10.244.3.2", "node-3", "app-3"), endpoint("10.9.9.9", None))
    found = paths(broken_node_2(endpoints=endpoints)).of(pod("app-1", "node-1", "10.244.1.2"))
    assert found.verdict is Verdict.UNKNOWN


NO_MASQUERADE = ServiceRuleFact(
    "KUBE-SERVICES",
    None,
    source_inverted=False,
    destination=ip_network("10.96.0.10/32"),
    protocol="udp",
    port=53,
    jump="KUBE-SVC-DNS",
    to_destination=None,
    evidence=Evidence("iptables-save.txt", 1, "-A KUBE-SERVICES -d 10.96.0.10/32 -p udp --dport 53 -j KUBE-SVC-DNS"),
)


def test_request_and_reply_are_decided_on_their_own():
    """node-1 knows the way, node-2 does not know the way back."""
    base = healthy()
    node_2 = machine(
        "node-2",
        card("eth0", "10.0.1.12/24"),
        routes=routes_of(2),
        internal="10.0.1.12",
        calico="10.0.1.12/24",
        sysctls="net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0",
    )
    where = Cluster(
        {**base.nodes, "node-2": node_2},
        pools=base.pools,
        blocks=base.blocks,
        pods=base.pods,
        services=base.services,
        endpoints=base.endpoints,
    )
    (fate,) = paths(where).of(base.pods[0]).fates
    # With masqueradeAll the reply would go to the node: without kube-proxy's rules it stays open which of the two it is.
    assert (fate.request.outcome, fate.reply.outcome) == (Outcome.DELIVERED, Outcome.UNKNOWN)
    ruled = replace(
        where, nodes={**where.nodes, "node-1": replace(where.nodes["node-1"], service_rules=(NO_MASQUERADE,))}
    )
    (fate,) = paths(ruled).of(base.pods[0]).fates
    assert (fate.request.outcome, fate.reply.outcome) == (Outcome.DELIVERED, Outcome.LOST)
    assert fate.outcome is Outcome.LOST
    assert fate.cause == fate.reply.cause


def test_pods_of_one_class_share_their_fate():
    pods = tuple(pod(f"app-{i}", "node-1", f"10.244.1.{i}") for i in range(20, 30))
    found = paths(healthy(pods=(*pods, *healthy().pods)))
    assert len({id(found.of(p).fates[0]) for p in pods}) == 1


@pytest.mark.parametrize("rule", ["from 10.244.1.2", "from all iif cali1a"])
def test_policy_rule_about_one_pod_is_no_fate_of_the_others(rule: str):
    """ip-rule(8): `from` and `iif` single out one pod's packets, whatever route leads to it."""
    rules = f"0: from all lookup local\n9: {rule} to 10.244.2.0/26 lookup 100\n32766: from all lookup main"
    routes = f"{routes_of(1, 2, 3)}\n10.244.1.3 dev cali1b scope link\nblackhole 10.244.2.0/26 table 100"
    base = healthy()
    where = replace(base, nodes={**base.nodes, "node-1": lan_node(1, 2, 3, routes=routes, rules=rules)})
    ruled, free = pod("ruled", "node-1", "10.244.1.2"), pod("free", "node-1", "10.244.1.3")
    for pods in ((ruled, free), (free, ruled)):
        found = paths(replace(where, pods=(*pods, *base.pods)))
        assert (found.of(ruled).verdict, found.of(free).verdict) == (Verdict.BROKEN, Verdict.REACHES)


def test_pods_of_two_pools_on_a_node_that_was_not_dumped_are_of_two_classes():
    """One pool is encapsulated, the other is not: the ways of their packets differ."""
    plain, wrapped = pool(), replace(pool("10.245.0.0/16"), name="wrapped", vxlan_mode="Always")
    blocks = (*blocks_of(1, 2, 3), block("10.245.1.0/26", "node-1"))
    base = healthy(pools=(plain, wrapped), blocks=blocks)
    unseen = {f"node-{n}": machine(f"node-{n}", internal=f"10.0.1.1{n}", calico=f"10.0.1.1{n}/24") for n in (1, 2)}
    where = replace(base, nodes={**base.nodes, **unseen})
    one, other = pod("one", "node-1", "10.244.1.2"), pod("other", "node-1", "10.245.1.2")
    found = paths(replace(where, pods=(one, other, *base.pods)))
    assert found.of(one).fates[0] is not found.of(other).fates[0]


def test_reply_to_a_request_that_may_have_left_is_judged_for_both_addresses():
    """Without a recorded table a default route may take the request out, masqueraded; then the answer is for the node."""
    unseen = machine("node-1", internal="10.0.1.11", calico="10.0.1.11/24", sessions="10.0.1.12 Connect")
    lacking = lan_node(2, 3, sessions="10.0.1.13 Established")
    base = healthy()
    found = paths(replace(base, nodes={**base.nodes, "node-1": unseen, "node-2": lacking})).of(base.pods[0])
    assert found.fates[0].request.outcome is Outcome.LOST
    assert found.fates[0].reply.outcome is Outcome.UNKNOWN


# --- nodes and hostNetwork ------------------------------------------------------------------------------------------


def test_host_network_pod_reaches():
    found = paths(healthy()).of(host_pod("agent", "node-1", "10.0.1.11"))
    assert found.verdict is Verdict.REACHES
    assert found.fates[0].host_network


def test_host_network_needs_a_route_to_the_service_address():
    """The node's own lookup is routed to the service address before kube-proxy translates it."""
    where = healthy()
    without = machine(
        "node-1",
        card("eth0", "10.0.1.11/24"),
        routes=routes_of(1, 2, 3, default=False),
        internal="10.0.1.11",
        calico="10.0.1.11/24",
    )
    changed = Cluster(
        {**where.nodes, "node-1": without}, services=where.services, endpoints=where.endpoints, pods=where.pods
    )
    found = paths(changed).of(host_pod("agent", "node-1", "10.0.1.11"))
    assert found.verdict is Verdict.BROKEN
    assert found.fates[0].request.cause is not None
    assert found.fates[0].request.cause.why is Why.NO_SERVICE_ROUTE


def test_rule_that_cannot_be_evaluated_does_not_take_the_service_route_away():
    where = healthy()
    rules = "0: from all lookup local\n100: from all uidrange 0-0 lookup main\n32766: from all lookup main"
    changed = Cluster(
        {**where.nodes, "node-1": lan_node(1, 2, 3, rules=rules)},
        services=where.services,
        endpoints=where.endpoints,
        pods=where.pods,
        pools=where.pools,
    )
    assert paths(changed).of(host_pod("agent", "node-1", "10.0.1.11")).verdict is Verdict.UNKNOWN
    assert paths(changed).of(APP).verdict is Verdict.UNKNOWN


def test_host_network_on_a_node_without_records_is_open():
    where = healthy()
    changed = Cluster(
        {**where.nodes, "node-1": machine("node-1", internal="10.0.1.11")},
        services=where.services,
        endpoints=where.endpoints,
    )
    assert paths(changed).of(host_pod("agent", "node-1", "10.0.1.11")).verdict is Verdict.UNKNOWN


def two_ways(service_rules: str | None) -> Cluster:
    """node-1 sends to services by eth0 and to node-2's pods by eth1; node-2 drops what comes from 10.0.1.11 there."""
    routes = """
    default via 10.0.1.1 dev eth0
    10.0.1.0/24 dev eth0 scope link src 10.0.1.11
    192.168.50.0/24 dev eth1 scope link src 192.168.50.11
    10.244.2.0/26 via 192.168.50.12 dev eth1 proto bird
    """
    back = routes.replace(".11", ".12").replace("10.244.2.0/26 via 192.168.50.12", "10.244.1.0/26 via 192.168.50.11")
    strict = "\n".join(f"net.ipv4.conf.{i}.rp_filter = 1" for i in ("all", "eth0", "eth1"))
    nodes = []
    for n, other, text in (
        (1, 2, routes + "\n10.244.1.2 dev cali1a scope link"),
        (2, 1, back + "\n10.244.2.2 dev cali2a scope link"),
    ):
        cards = card("eth0", f"10.0.1.1{n}/24"), card("eth1", f"192.168.50.1{n}/24")
        nodes.append(
            machine(
                f"node-{n}",
                *cards,
                routes=text,
                sysctls=strict,
                sessions=f"192.168.50.1{other} Established",
                internal=f"10.0.1.1{n}",
                calico=f"192.168.50.1{n}/24",
                service_rules=service_rules,
            )
        )
    base = healthy()
    return cluster(*nodes, pools=base.pools, services=base.services, endpoints=base.endpoints, pods=base.pods)


PROXY = (
    "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-SVC-D - [0:0]\n:KUBE-SEP-A - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n"
    "-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n"
    "-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-SVC-D\n{}\n"
    "-A KUBE-SVC-D -j KUBE-SEP-A\n-A KUBE-SEP-A -p udp -m udp -j DNAT --to-destination 10.244.2.2:53\nCOMMIT"
)
MASK = "-A KUBE-SVC-D ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ"


@pytest.mark.parametrize(
    "service_rules, expected",
    [
        (None, Verdict.UNKNOWN),
        (PROXY.format(MASK), Verdict.REACHES),
        (PROXY.format("# no rule that marks"), Verdict.BROKEN),
    ],
    ids=["rules not recorded", "masqueraded", "not masqueraded"],
)
def test_source_of_a_nodes_own_lookup_hangs_on_kube_proxy(service_rules: str | None, expected: Verdict):
    found = paths(two_ways(service_rules)).of(host_pod("agent", "node-1", "10.0.1.11"))
    assert found.verdict is expected, found.text


# --- endpoints ------------------------------------------------------------------------------------------------------


def test_node_of_an_endpoint_is_found_by_its_pod_or_its_address():
    found = paths(healthy())
    assert found.endpoint_node(endpoint("10.244.2.2", "node-7")) == "node-7"
    assert found.endpoint_node(endpoint("10.244.2.2", None)) == "node-2"
    assert found.endpoint_node(endpoint("10.0.1.13", None)) == "node-3"
    assert found.endpoint_node(endpoint("10.9.9.9", None)) is None


def test_endpoint_on_a_nodes_own_network():
    found = paths(healthy(endpoints=(endpoint("10.0.1.13", "node-3"),))).of(APP)
    assert found.verdict is Verdict.REACHES
    assert found.fates[0].endpoint_node == "node-3"


def test_endpoint_that_is_not_where_its_object_says():
    """The slice says node-3, the route leads to node-2: whatever answers there is not that pod."""
    found = paths(healthy(endpoints=(endpoint("10.244.2.2", "node-3"),))).of(APP)
    assert found.verdict is Verdict.BROKEN
    assert found.fates[0].request.cause is not None
    assert found.fates[0].request.cause.why is Why.WRONG_MACHINE


# --- a DNS cache on each node -----------------------------------------------------------------------------------------


def with_cache(where: Cluster, bound: str) -> Cluster:
    """NodeLocal DNSCache: its DaemonSet, and a Corefile that binds an address (cluster/addons/dns/nodelocaldns)."""
    line = Evidence("cache.yaml", 1, "x")
    daemonset = DaemonSetFact("kube-system", "node-local-dns", (), None, line)
    corefile = f"cluster.local:53 {{\n  bind {bound}\n  forward . 10.96.0.11\n}}"
    return replace(
        where,
        daemonsets=(daemonset,),
        dns_configurations=(DnsConfigurationFact("kube-system", "node-local-dns", corefile, line, {}),),
    )


def differing() -> Cluster:
    """A cluster where node-2 answers pods of node-1, and drops what comes from node-1 itself."""
    return two_ways(PROXY.format("# no rule that marks"))


@pytest.mark.parametrize(
    "bound, expected",
    [
        (None, Verdict.REACHES),
        ("10.96.0.10", Verdict.BROKEN),  # it answers in place of the service: all lookups are the node's own
        ("169.254.20.10", Verdict.UNKNOWN),  # only the kubelet's clusterDNS tells who asks it
    ],
)
def test_pods_that_ask_the_cache_on_their_node_fare_as_the_node_does(bound: str | None, expected: Verdict):
    where = with_cache(differing(), bound) if bound else differing()
    found = paths(where).of(APP)
    assert found.verdict is expected, found.text
    assert bound != "10.96.0.10" or found.text.startswith("the DNS cache on node-1 asks for them: ")


def test_a_cache_that_nobody_may_ask_leaves_nothing_open_where_both_ways_reach():
    assert paths(with_cache(healthy(), "169.254.20.10")).of(APP).verdict is Verdict.REACHES
