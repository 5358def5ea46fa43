"""Rules of Kubernetes' NetworkPolicy, one by one.

`K` is Kubernetes, Concepts, Network Policies; `API` the reference of networking.k8s.io/v1 NetworkPolicy.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.network.policy_worlds import Object, asker_object, dns_pod, kubernetes_policy, on_dns, verdict

IN_HIDDEN = {"key": "k8s-app", "operator": "In", "values": ["***HIDDEN***", "other"]}
UDP_53 = {"ports": [{"protocol": "UDP", "port": 53}]}
TO_DNS = {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}


def egress(*rules: Object, **spec: Any) -> Object:
    return kubernetes_policy(
        "shop", "out", policyTypes=["Egress"], **({"egress": list(rules)} if rules else {}), **spec
    )


def ingress(*rules: Object, **spec: Any) -> Object:
    found = {"ingress": list(rules)} if rules else {}
    return kubernetes_policy("kube-system", "in", policyTypes=["Ingress"], **found, **spec)


def test_k_default_a_pod_that_no_policy_selects_is_not_isolated() -> None:
    other = kubernetes_policy("data", "deny", policyTypes=["Egress", "Ingress"])
    assert verdict(other).allowed is True


def test_k_two_sorts_of_isolation_egress_the_policy_is_named_with_its_line() -> None:
    found = verdict(egress())
    assert found.allowed is False
    assert found.text == "denied on egress (UDP port 53): NetworkPolicy shop/out applies, and no egress rule allows it"
    assert [line.text for line in found.evidence] == ['"name": "out",']


def test_k_two_sorts_of_isolation_ingress_at_the_dns_pods() -> None:
    found = verdict(ingress())
    assert (found.allowed, found.way) == (False, "ingress")
    assert "NetworkPolicy kube-system/in" in found.text


def test_k_a_policy_of_ingress_alone_leaves_egress_as_it_is() -> None:
    assert verdict(kubernetes_policy("shop", "in", policyTypes=["Ingress"])).allowed is True


def test_k_policies_are_additive_one_that_allows_is_enough() -> None:
    assert verdict(egress(), kubernetes_policy("shop", "dns", policyTypes=["Egress"], egress=[TO_DNS | UDP_53])).allowed


def test_k_both_ends_must_allow() -> None:
    assert verdict(egress(TO_DNS), ingress()).allowed is False
    assert verdict(egress(TO_DNS), ingress({})).allowed is True


def test_the_rule_that_allows_is_named_with_its_line() -> None:
    found = verdict(egress({"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}, TO_DNS))
    assert "egress: NetworkPolicy shop/out, egress rule 1 (Allow)" in found.text
    assert len(found.evidence) == 1


@pytest.mark.parametrize(
    "spec, allowed",
    [
        ({"ingress": [{}]}, True),
        # An egress section that has rules makes it a policy of egress.
        ({"egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}, False),
        # The API server writes Egress only where there are such rules (API, policyTypes).
        ({"egress": []}, True),
    ],
)
def test_api_policy_types_when_not_given(spec: Object, allowed: bool) -> None:
    assert verdict(kubernetes_policy("shop", "out", **spec)).allowed is allowed


@pytest.mark.parametrize(
    "ports, allowed",
    [
        ([{"protocol": "UDP", "port": 53}], True),
        ([{"protocol": "UDP"}], True),
        ([{"port": 53}], False),  # API, NetworkPolicyPort.protocol: TCP when not given
        ([{"protocol": "TCP", "port": 53}], False),
        ([{"protocol": "UDP", "port": 50, "endPort": 60}], True),
        ([{"protocol": "UDP", "port": 54, "endPort": 60}], False),
        ([{"protocol": "UDP", "port": "dns"}], True),
        ([{"protocol": "UDP", "port": "dns-tcp"}], False),
        ([{"protocol": "SCTP", "port": 53}], False),
        ([{"protocol": "TCP", "port": 53}, {"protocol": "UDP", "port": 53}], True),
    ],
)
def test_api_ports(ports: list[Object], allowed: bool) -> None:
    assert verdict(egress({"ports": ports})).allowed is allowed


def test_udp_decides_and_tcp_is_said_where_it_differs() -> None:
    found = verdict(egress(UDP_53))
    assert found.allowed is True
    assert "; over TCP it is denied: denied on egress (TCP port 53)" in found.text


@pytest.mark.parametrize(
    "peer, allowed",
    [
        ({"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}, False),  # its own namespace alone
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "other"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, False),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}, True),
        ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}}, True),
        ({"ipBlock": {"cidr": "10.244.0.0/16"}}, True),
        ({"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.9.0/24"]}}, False),
        # Behind the translation the service's own address is not what is seen (K, ipBlock).
        ({"ipBlock": {"cidr": "10.96.0.0/12"}}, False),
    ],
)
def test_k_peers(peer: Object, allowed: bool) -> None:
    assert verdict(egress({"to": [peer]})).allowed is allowed


@pytest.mark.parametrize("app, allowed", [("web", True), ("db", False)])
def test_k_ingress_rules_mean_the_asker(app: str, allowed: bool) -> None:
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": app}}}
    assert verdict(ingress({"from": [peer]})).allowed is allowed


def test_k_two_items_are_alternatives_and_two_selectors_in_one_are_not() -> None:
    either = [{"namespaceSelector": {"matchLabels": {"team": "z"}}}, {"ipBlock": {"cidr": "10.244.9.9/32"}}]
    assert verdict(egress({"to": either})).allowed is True


def test_api_empty_lists_of_peers_and_ports_match_all() -> None:
    assert verdict(egress({"to": [], "ports": []})).allowed is True


# --- the port that the endpoint listens on ----------------------------------------------------------------------------


def test_policies_see_the_target_port() -> None:
    """OpenShift's dns-default listens on 5353: a rule for 53 does not let lookups through."""
    ports = {"target": 5353}
    assert verdict(egress(UDP_53), **ports).allowed is False
    assert verdict(egress({"ports": [{"protocol": "UDP", "port": 5353}]}), **ports).allowed is True


def test_a_target_port_by_name_is_that_of_the_pod() -> None:
    assert verdict(egress({"ports": [{"protocol": "UDP", "port": 53}]}), target="dns").allowed is True
    assert verdict(egress({"ports": [{"protocol": "UDP", "port": 54}]}), target="dns").allowed is False


def test_a_target_port_that_nothing_tells_leaves_it_open() -> None:
    assert verdict(egress(UDP_53), target="nowhere").allowed is None
    assert verdict(egress(TO_DNS), target="nowhere").allowed is True


# --- who is not a pod -------------------------------------------------------------------------------------------------


def test_k_pods_in_their_nodes_network_are_no_pods_to_policies() -> None:
    host = asker_object(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    assert verdict(egress(), asker=host).allowed is True


def test_k_a_node_always_reaches_its_own_pods_and_others_as_an_address() -> None:
    near = asker_object(hostNetwork=True, nodeName="n2")
    far = asker_object(hostNetwork=True, nodeName="n1")
    assert verdict(ingress(), asker=near).allowed is True
    assert verdict(ingress(), asker=far).allowed is False
    assert verdict(ingress({"from": [{"ipBlock": {"cidr": "192.0.2.1/32"}}]}), asker=far).allowed is True
    assert verdict(ingress({"from": [{"namespaceSelector": {}}]}), asker=far).allowed is False


def test_an_endpoint_in_its_nodes_network_has_no_ingress_policy() -> None:
    there = dns_pod("192.0.2.2", hostNetwork=True)
    assert verdict(ingress(), dns=there).allowed is True
    assert verdict(egress({"to": [{"namespaceSelector": {}}]}), dns=there).allowed is False
    assert verdict(egress({"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}), dns=there).allowed is True


def test_k_a_pod_cannot_be_kept_from_itself() -> None:
    assert on_dns(ingress()).allowed is None


# --- what was not collected -------------------------------------------------------------------------------------------


def test_without_the_namespace_objects_their_names_are_known_and_their_labels_are_not() -> None:
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    assert verdict(egress({"to": [named]}), without=("Namespace",)).allowed is True
    other = {"namespaceSelector": {"matchLabels": {"purpose": "system"}}}
    assert verdict(egress({"to": [other]}), without=("Namespace",)).allowed is None


def test_without_the_dns_pod_its_labels_are_those_that_the_service_selects() -> None:
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    assert verdict(egress({"to": [peer]}), without=("coredns-1",)).allowed is True
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"version": "1"}}}
    assert verdict(egress({"to": [peer]}), without=("coredns-1",)).allowed is None


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {"matchLabels": {"app": "***HIDDEN***"}}},
        {"egress": [{"to": [{"podSelector": {"matchLabels": {"a": "***HIDDEN***"}}, "namespaceSelector": {}}]}]},
        {"egress": [{"to": [{"ipBlock": {"cidr": "***HIDDEN***"}}]}]},
        {"egress": [{"ports": [{"protocol": "UDP", "port": "***HIDDEN***"}]}]},
        {"egress": [{"to": [{"newSelector": {"a": "b"}}]}]},
        {"egress": ["text"]},
        # What was understood beside it does not match, and must not be taken for all there is.
        {"egress": [{"ports": [{"protocol": "***HIDDEN***", "port": 53}]}]},
        {"egress": [{"ports": [{"protocol": "UDP", "port": "a:b"}, {"protocol": "TCP", "port": 80}]}]},
        {"egress": [{"ports": ["text", {"protocol": "TCP", "port": 80}]}]},
        {"egress": [{"to": ["text", {"ipBlock": {"cidr": "192.0.2.0/24"}}]}]},
        {"egress": [{"to": [{"namespaceSelector": {"matchExpressions": [IN_HIDDEN]}}]}]},
        {"egress": [{"to": [{"namespaceSelector": {}, "podSelector": {"matchExpressions": [IN_HIDDEN]}}]}]},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Near", "values": ["web"]}]}},
    ],
)
def test_what_is_hidden_or_not_understood_does_not_decide(spec: Object) -> None:
    assert verdict(egress(**spec), gaps=True).allowed is None


def test_hidden_labels_of_the_asker_do_not_decide() -> None:
    chosen = egress(podSelector={"matchLabels": {"app": "web"}})
    asker = asker_object({"app": "***HIDDEN***"})
    assert verdict(chosen, asker=asker, gaps=True).allowed is None
    assert verdict(egress(), asker=asker, gaps=True).allowed is False


def test_a_hidden_label_of_a_namespace_does_not_decide() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"purpose": "system"}}}
    hidden = {"apiVersion": "v1", "kind": "Namespace"}
    hidden["metadata"] = {"name": "kube-system", "labels": {"purpose": "***HIDDEN***"}}  # type: ignore[assignment]
    assert verdict(egress({"to": [peer]}), hidden, without=("Namespace",), gaps=True).allowed is None


@pytest.mark.parametrize("kind", ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"])
def test_kinds_whose_rules_are_not_read_leave_it_open_and_are_named(kind: str) -> None:
    other = {"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}}
    found = verdict({**other, "spec": {"subject": {}}})
    assert found.allowed is None
    assert f"{kind} x is not understood" in found.text


# --- a cache of DNS on the node ---------------------------------------------------------------------------------------

CACHE = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "node-local-dns-a", "namespace": "kube-system", "labels": {"k8s-app": "node-local-dns"}},
    "spec": {"nodeName": "n1", "hostNetwork": True, "containers": [{"name": "node-cache"}]},
    "status": {"podIP": "192.0.2.1", "phase": "Running"},
}
# It holds the Service's own address (cluster/addons/dns/nodelocaldns), so that pods' lookups go by it.
CACHES = (
    {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "node-local-dns", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [{"name": "node-cache"}]}}},
    },
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "node-local-dns", "namespace": "kube-system"},
        "data": {"Corefile": "cluster.local:53 {\n  bind 169.254.20.10 10.96.0.10\n}\n"},
    },
    CACHE,
)


@pytest.mark.parametrize(
    "peers, allowed",
    [
        # Kubernetes, Using NodeLocal DNSCache: pods ask an address on their node, which no selector of pods means.
        ([{"namespaceSelector": {}}], False),
        ([{"ipBlock": {"cidr": "169.254.0.0/16"}}, {"ipBlock": {"cidr": "10.96.0.10/32"}}], True),
        # Which of the two addresses pods ask is not in the bundle.
        ([{"ipBlock": {"cidr": "10.96.0.10/32"}}], None),
        ([{"ipBlock": {"cidr": "0.0.0.0/0"}}], True),
    ],
)
def test_with_a_cache_on_the_node_pods_ask_the_node(peers: list[Object], allowed: bool | None) -> None:
    assert verdict(egress({"to": peers}), *CACHES).allowed is allowed


def test_with_a_cache_the_nodes_are_who_asks_the_endpoints() -> None:
    assert verdict(ingress({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}), *CACHES).allowed is True
    # Its own node's cache reaches it all the same.
    assert verdict(ingress({"from": [{"namespaceSelector": {}}]}), *CACHES).allowed is None
