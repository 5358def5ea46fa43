"""Rules of Calico's policies, one by one.

`NP` is Calico, Reference, Network policy; `GNP` Global network policy; `T` Tier; `NS` Network set;
`CONV` is how Calico turns policies into what it programs (libcalico-go, syncersv1/updateprocessors).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.network.policy_worlds import Object, calico_policy, kubernetes_policy, verdict

DENY_ALL = {"action": "Deny"}
ALLOW_ALL = {"action": "Allow"}


def rule(action: str = "Allow", **rest: Any) -> Object:
    return {"action": action, **rest}


def egress(*rules: Object, **spec: Any) -> Object:
    """A GlobalNetworkPolicy for all that leaves the pods of the namespace `shop`."""
    return calico_policy("out", egress=list(rules), **{"namespaceSelector": SHOP, "types": ["Egress"], **spec})


SHOP = "projectcalico.org/name == 'shop'"


def tier(name: str, order: float | None, action: str = "Deny") -> Object:
    spec = {"defaultAction": action, **({} if order is None else {"order": order})}
    return {"apiVersion": "projectcalico.org/v3", "kind": "Tier", "metadata": {"name": name}, "spec": spec}


def network_set(labels: Object, *nets: str, namespace: str | None = None) -> Object:
    meta = {"name": "s", "labels": labels, **({"namespace": namespace} if namespace else {})}
    kind = "NetworkSet" if namespace else "GlobalNetworkSet"
    return {"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": meta, "spec": {"nets": list(nets)}}


# --- actions, order, types --------------------------------------------------------------------------------------------


def test_np_rule_action_deny_is_named_with_its_line() -> None:
    found = verdict(egress(rule("Log"), DENY_ALL))
    assert found.allowed is False
    assert found.text == "denied on egress (UDP port 53): GlobalNetworkPolicy out, egress rule 1 (Deny)"
    assert [line.text for line in found.evidence] == ['"action": "Deny"']


@pytest.mark.parametrize(
    "rules, allowed",
    [
        ([ALLOW_ALL, DENY_ALL], True),
        ([rule("Log"), ALLOW_ALL], True),  # NP, action Log: evaluation goes on
        ([rule("Log")], False),  # what no rule matches is denied
        ([], False),
        ([rule("Pass"), DENY_ALL], True),  # T: the last tier passes on to the profile, which allows
    ],
)
def test_np_actions(rules: list[Object], allowed: bool) -> None:
    assert verdict(egress(*rules)).allowed is allowed


@pytest.mark.parametrize(
    "first, second, allowed",
    [(1, 2, True), (2, 1, False), (None, 5000, False), (5000, None, True), (0.5, 0.75, True)],
)
def test_np_order_lower_first_none_last(first: float | None, second: float | None, allowed: bool) -> None:
    orders = [{} if order is None else {"order": order} for order in (first, second)]
    allow = egress(ALLOW_ALL, **orders[0])
    deny = {**egress(DENY_ALL, **orders[1]), "metadata": {"name": "other"}}
    assert verdict(allow, deny).allowed is allowed
    assert verdict(deny, allow).allowed is allowed


def test_np_order_equal_ones_go_by_name() -> None:
    allow, deny = egress(ALLOW_ALL, order=5), {**egress(DENY_ALL, order=5), "metadata": {"name": "a"}}
    assert verdict(allow, deny).allowed is False
    assert verdict(allow, {**deny, "metadata": {"name": "z"}}).allowed is True


def test_policies_of_one_order_with_and_without_a_namespace_are_left_open() -> None:
    """Which of them comes first is not documented."""
    allow, deny = egress(ALLOW_ALL, order=5), calico_policy("p", "shop", order=5, egress=[DENY_ALL])
    assert verdict(allow, deny).allowed is None
    assert verdict(allow, calico_policy("p", "shop", order=5, egress=[ALLOW_ALL])).allowed is True


def test_kubernetes_policies_have_the_order_1000() -> None:
    allow = kubernetes_policy("shop", "k", policyTypes=["Egress"], egress=[{}])
    assert verdict(egress(DENY_ALL, order=999), allow).allowed is False
    assert verdict(egress(DENY_ALL, order=1001), allow).allowed is True


@pytest.mark.parametrize(
    "spec, allowed",
    [
        ({"egress": [DENY_ALL]}, False),
        ({"ingress": [ALLOW_ALL]}, True),  # ingress alone: egress is left as it is
        ({"ingress": [ALLOW_ALL], "egress": [ALLOW_ALL]}, True),
        ({}, True),
        ({"types": ["Egress"]}, False),
        ({"types": ["Ingress"], "egress": [DENY_ALL]}, True),
    ],
)
def test_np_types_when_not_given_follow_the_rules(spec: Object, allowed: bool) -> None:
    assert verdict(calico_policy("p", "shop", **spec)).allowed is allowed


# --- tiers ------------------------------------------------------------------------------------------------------------


def test_t_order_the_earlier_tier_decides() -> None:
    deny, allow = egress(DENY_ALL, tier="late"), {**egress(ALLOW_ALL, tier="early"), "metadata": {"name": "other"}}
    assert verdict(deny, allow, tier("early", 1), tier("late", 2)).allowed is True
    assert verdict(deny, allow, tier("early", 2), tier("late", 1)).allowed is False


def test_t_a_tier_without_a_policy_that_applies_is_passed_over() -> None:
    assert verdict(egress(DENY_ALL, tier="early", namespaceSelector="team == 'b'"), tier("early", 1)).allowed is True


@pytest.mark.parametrize("action, allowed", [("Deny", False), ("Pass", True)])
def test_t_default_action(action: str, allowed: bool) -> None:
    found = verdict(egress(rule(destination={"ports": [80]}, protocol="UDP"), tier="early"), tier("early", 1, action))
    assert found.allowed is allowed


def test_t_pass_goes_on_to_the_next_tier() -> None:
    deny = {**egress(DENY_ALL), "metadata": {"name": "other"}}
    assert verdict(egress(rule("Pass"), tier="early"), deny, tier("early", 1)).allowed is False
    assert verdict(egress(rule("Pass"), tier="early"), tier("early", 1)).allowed is True


def test_a_tier_that_was_not_collected_may_come_before_or_behind() -> None:
    allow = {**egress(ALLOW_ALL), "metadata": {"name": "other"}}
    assert verdict(egress(DENY_ALL, tier="lost"), allow).allowed is None
    assert verdict(egress(ALLOW_ALL, tier="lost"), allow).allowed is True
    assert (
        verdict(egress(ALLOW_ALL, tier="lost"), kubernetes_policy("shop", "k", policyTypes=["Egress"])).allowed is None
    )


# --- what a policy applies to -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec, allowed",
    [
        ({"selector": "app == 'web'"}, False),
        ({"selector": "app == 'db'"}, True),
        ({"selector": "all()"}, False),
        ({"selector": "projectcalico.org/namespace == 'shop'"}, False),
        ({"selector": "projectcalico.org/serviceaccount == 'builder'"}, False),
        ({"namespaceSelector": "team == 'a'"}, False),
        ({"namespaceSelector": "projectcalico.org/name == 'shop'"}, False),
        ({"namespaceSelector": "projectcalico.org/name != 'shop'"}, True),
        ({"namespaceSelector": "all()"}, False),
        ({"namespaceSelector": "global()"}, True),  # GNP: host endpoints alone
        ({"serviceAccountSelector": "projectcalico.org/name == 'builder'"}, False),
        ({"serviceAccountSelector": "projectcalico.org/name == 'other'"}, True),
        ({"selector": "app == 'web'", "namespaceSelector": "team == 'b'"}, True),
    ],
)
def test_gnp_selectors(spec: Object, allowed: bool) -> None:
    assert verdict(egress(DENY_ALL, **{"namespaceSelector": "", **spec})).allowed is allowed


def test_gnp_for_all_applies_to_the_dns_pods_too() -> None:
    """A default deny of ingress for all namespaces, which allows egress."""
    found = verdict(calico_policy("deny", types=["Ingress", "Egress"], egress=[ALLOW_ALL]))
    assert (found.allowed, found.way) == (False, "ingress")


def test_np_a_policy_with_a_namespace_applies_to_that_one_alone() -> None:
    assert verdict(calico_policy("p", "shop", egress=[DENY_ALL])).allowed is False
    assert verdict(calico_policy("p", "data", egress=[DENY_ALL])).allowed is True


@pytest.mark.parametrize("flag", ["doNotTrack", "preDNAT"])
def test_gnp_of_host_endpoints_alone_do_not_apply_to_pods(flag: str) -> None:
    spec = {flag: True, "applyOnForward": True, "types": ["Ingress"]}
    assert verdict(calico_policy("p", ingress=[DENY_ALL], **spec)).allowed is True


def test_staged_policies_decide_nothing() -> None:
    staged = {**egress(DENY_ALL), "kind": "StagedGlobalNetworkPolicy"}
    assert verdict(staged).allowed is True


def test_np_service_account_labels_come_from_the_service_account() -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    account["metadata"] = {"name": "builder", "namespace": "shop", "labels": {"role": "r"}}  # type: ignore[assignment]
    chosen = egress(DENY_ALL, serviceAccountSelector="role == 'r'")
    assert verdict(chosen, account).allowed is False
    assert verdict(chosen).allowed is None  # the service account was not collected


# --- what a rule matches ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "matching, matches",
    [
        ({"protocol": "UDP"}, True),
        ({"protocol": "TCP"}, False),
        ({"protocol": 17}, True),
        ({"protocol": "ICMP", "icmp": {"type": 8}}, False),
        ({"protocol": "ICMPv6"}, False),
        ({"notProtocol": "UDP"}, False),
        ({"notProtocol": "TCP"}, True),
        ({"ipVersion": 4}, True),
        ({"ipVersion": 6}, False),
        ({"destination": {"nets": ["10.244.9.0/24"]}}, True),
        ({"destination": {"nets": ["10.96.0.10/32"]}}, False),  # behind the translation
        ({"destination": {"nets": ["fd00::/8"]}}, False),
        ({"destination": {"nets": ["10.244.9.9"]}}, True),
        ({"destination": {"notNets": ["10.244.9.0/24"]}}, False),
        ({"destination": {"notNets": ["10.96.0.0/12"]}}, True),
        ({"source": {"nets": ["10.244.1.0/24"]}}, True),
        ({"source": {"notNets": ["10.244.1.0/24"]}}, False),
        ({"protocol": "UDP", "destination": {"ports": [53]}}, True),
        ({"protocol": "UDP", "destination": {"ports": [80, "50:60"]}}, True),
        ({"protocol": "UDP", "destination": {"ports": ["54:60"]}}, False),
        ({"protocol": "UDP", "destination": {"ports": ["dns"]}}, True),
        ({"protocol": "UDP", "destination": {"ports": ["dns-tcp"]}}, False),
        ({"protocol": "UDP", "destination": {"notPorts": [53]}}, False),
        ({"protocol": "UDP", "destination": {"notPorts": [80]}}, True),
        ({"destination": {"selector": "k8s-app == 'kube-dns'"}}, True),
        ({"destination": {"selector": "k8s-app == 'kube-dns'", "nets": ["10.0.0.0/24"]}}, False),
        ({"destination": {"notSelector": "k8s-app == 'kube-dns'"}}, False),
        ({"destination": {"notSelector": "k8s-app == 'other'"}}, True),
        ({"destination": {"namespaceSelector": "projectcalico.org/name == 'kube-system'"}}, True),
        ({"destination": {"namespaceSelector": "kubernetes.io/metadata.name == 'kube-system'"}}, True),
        ({"destination": {"namespaceSelector": "team == 'a'"}}, False),
        ({"destination": {"namespaceSelector": "all()"}}, True),
        ({"destination": {"namespaceSelector": "global()"}}, False),
        ({"destination": {"serviceAccounts": {"names": ["coredns"]}}}, True),
        ({"destination": {"serviceAccounts": {"names": ["other"]}}}, False),
        ({"destination": {"serviceAccounts": {"selector": "projectcalico.org/name == 'coredns'"}}}, True),
        ({"destination": {"serviceAccounts": {"selector": "projectcalico.org/name == 'other'"}}}, False),
        ({"destination": {"services": {"name": "kube-dns", "namespace": "kube-system"}}}, True),
        ({"source": {"selector": "app == 'web'"}}, True),
        ({"source": {"serviceAccounts": {"names": ["builder"]}}}, True),
    ],
)
def test_np_entity_rule(matching: Object, matches: bool) -> None:
    assert verdict(egress(rule("Deny", **matching), ALLOW_ALL)).allowed is not matches


def test_np_services_another_service_than_dns() -> None:
    other = {"destination": {"services": {"name": "web", "namespace": "shop"}}}
    assert verdict(egress(rule("Deny", **other), ALLOW_ALL)).allowed is None  # its endpoints were not collected
    web = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web", "namespace": "shop"}}
    found = verdict(
        egress(rule("Deny", **other), ALLOW_ALL), {**web, "subsets": [{"addresses": [{"ip": "10.244.5.5"}]}]}
    )
    assert found.allowed is True


@pytest.mark.parametrize(
    "destination, allowed",
    [
        # NP, EntityRule, selector: without a namespaceSelector it means the policy's own namespace.
        ({"selector": "k8s-app == 'kube-dns'"}, False),
        ({"selector": "k8s-app == 'kube-dns'", "namespaceSelector": "all()"}, True),
        ({"namespaceSelector": "projectcalico.org/name == 'kube-system'"}, True),
        ({"serviceAccounts": {"names": ["coredns"]}}, False),
        # CONV: one that excludes by labels means its own namespace, too.
        ({"notSelector": "app == 'db'"}, False),
        ({"nets": ["10.244.9.0/24"]}, True),
        ({}, True),
    ],
)
def test_np_rules_of_a_policy_with_a_namespace(destination: Object, allowed: bool) -> None:
    policy = calico_policy("p", "shop", egress=[rule(destination=destination)])
    assert verdict(policy).allowed is allowed


def test_np_source_ports_cannot_be_told() -> None:
    assert verdict(egress(rule("Deny", protocol="UDP", source={"ports": [5000]}), ALLOW_ALL)).allowed is None
    assert verdict(egress(rule("Deny", protocol="UDP", source={"ports": ["1:65535"]}), ALLOW_ALL)).allowed is False


@pytest.mark.parametrize(
    "labels, namespace, allowed",
    [({"role": "dns"}, None, True), ({"role": "web"}, None, False), ({"role": "dns"}, "shop", True)],
)
def test_ns_selectors_mean_network_sets_too(labels: Object, namespace: str | None, allowed: bool) -> None:
    chosen = egress(rule(destination={"selector": "role == 'dns'"}))
    assert verdict(chosen, network_set(labels, "10.244.9.0/24", namespace=namespace)).allowed is allowed
    assert verdict(chosen, network_set(labels, "10.0.0.0/24", namespace=namespace)).allowed is False


def test_ns_a_set_with_a_namespace_is_selected_by_it() -> None:
    chosen = calico_policy("p", "shop", egress=[rule(destination={"selector": "role == 'dns'"})])
    assert verdict(chosen, network_set({"role": "dns"}, "10.244.9.0/24", namespace="shop")).allowed is True
    assert verdict(chosen, network_set({"role": "dns"}, "10.244.9.0/24")).allowed is False


# --- what is not understood -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        egress(DENY_ALL, selector="app = 'web'"),
        egress(rule("Deny", destination={"selector": "k8s-app is 'kube-dns'"}), ALLOW_ALL),
        egress(rule("Deny", destination={"domains": ["example.org"]}), ALLOW_ALL),
        egress(rule("Deny", http={"methods": ["GET"]}), ALLOW_ALL),
        egress(rule("Refuse"), ALLOW_ALL),
        egress(rule("Deny", destination={"nets": ["***HIDDEN***"]}), ALLOW_ALL),
        egress(rule("Deny", protocol="***HIDDEN***"), ALLOW_ALL),
        egress(rule("Deny", protocol="UDP", destination={"ports": ["a:b:c"]}), ALLOW_ALL),
        # What was understood beside it does not match, and must not be taken for all there is.
        egress(rule("Deny", destination={"nets": ["192.0.2.0/24", "***HIDDEN***"]}), ALLOW_ALL),
        egress(rule("Deny", protocol="UDP", destination={"ports": [80, "***HIDDEN***"]}), ALLOW_ALL),
        egress(rule("Deny", protocol="UDP", destination={"ports": [80, "a:b:c"]}), ALLOW_ALL),
        egress(rule("Deny", destination={"serviceAccounts": {"names": ["other", "***HIDDEN***"]}}), ALLOW_ALL),
        egress(rule("Deny", destination={"services": {"name": "kube-dns", "namespace": "***HIDDEN***"}}), ALLOW_ALL),
        calico_policy(
            "p", "shop", egress=[rule(destination={"selector": "all()", "namespaceSelector": "***HIDDEN***"})]
        ),
        calico_policy(
            "p", "shop", egress=[rule(destination={"notSelector": "has(x)", "namespaceSelector": "***HIDDEN***"})]
        ),
        egress(
            rule("Deny", destination={"notNets": ["10.244.9.9/32", "***HIDDEN***"]}),
            rule("Deny", ipVersion="***"),
            ALLOW_ALL,
        ),
        egress(DENY_ALL, order="***HIDDEN***"),
        egress(DENY_ALL, tier="***HIDDEN***"),
        egress(DENY_ALL, types=["***HIDDEN***"]),
        egress(DENY_ALL, selector="***HIDDEN***"),
    ],
)
def test_what_is_not_understood_does_not_decide(policy: Object) -> None:
    assert verdict(policy, gaps=True).allowed is None


def test_what_is_not_understood_and_does_not_matter_leaves_it_decided() -> None:
    odd = rule("Deny", protocol="TCP", destination={"domains": ["example.org"]})
    assert verdict(egress(odd, ALLOW_ALL)).allowed is True
    assert verdict(egress(DENY_ALL, rule("Deny", http={"methods": ["GET"]}))).allowed is False


def test_a_network_set_whose_addresses_are_hidden_does_not_decide() -> None:
    chosen = egress(rule(destination={"selector": "role == 'dns'"}))
    assert verdict(chosen, network_set({"role": "dns"}, "***HIDDEN***"), gaps=True).allowed is None
