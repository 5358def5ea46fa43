"""Host endpoints of Calico: which of their policies lookups meet, by its reference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.network.policy_worlds import Object, asker_object, calico_policy, verdict

DENY_ALL = {"action": "Deny"}
ALLOW_ALL = {"action": "Allow"}


def host_endpoint(node: str = "n1", **spec: Any) -> Object:
    meta = {"name": f"{node}-eth0", "labels": {"host": "yes"}}
    spec = {"node": node, "interfaceName": "eth0", "expectedIPs": ["192.0.2.1"], **spec}
    return {"apiVersion": "projectcalico.org/v3", "kind": "HostEndpoint", "metadata": meta, "spec": spec}


HOST = asker_object(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
FELIX = {"apiVersion": "projectcalico.org/v3", "kind": "FelixConfiguration", "metadata": {"name": "default"}}


def test_hep_failsafe_rules_let_udp_53_out() -> None:
    deny = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL])
    found = verdict(deny, host_endpoint(), asker=HOST)
    assert found.allowed is True
    assert "a failsafe rule" in found.text


def test_hep_changed_failsafe_rules_leave_it_open() -> None:
    felix = {**FELIX, "spec": {"failsafeOutboundHostPorts": []}}
    deny = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL])
    assert verdict(deny, host_endpoint(), felix, asker=HOST).allowed is None
    allow = calico_policy("hosts", selector="has(host)", egress=[ALLOW_ALL])
    assert verdict(allow, host_endpoint(), felix, asker=HOST).allowed is True


def test_hep_on_another_node_does_not_matter_to_a_node() -> None:
    felix = {**FELIX, "spec": {"failsafeOutboundHostPorts": []}}
    deny = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL])
    assert verdict(deny, host_endpoint("n3"), felix, asker=HOST).allowed is True


def test_hep_policies_with_apply_on_forward_leave_pods_open() -> None:
    deny = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL])
    assert verdict(deny, host_endpoint()).allowed is True
    forward = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL], applyOnForward=True)
    assert verdict(forward, host_endpoint()).allowed is None
    forward = calico_policy("hosts", selector="has(host)", egress=[ALLOW_ALL], applyOnForward=True)
    assert verdict(forward, host_endpoint()).allowed is True


@pytest.mark.parametrize("flag", ["doNotTrack", "preDNAT"])
def test_hep_early_policies_leave_pods_open(flag: str) -> None:
    early = calico_policy("hosts", selector="has(host)", ingress=[DENY_ALL], applyOnForward=True, **{flag: True})
    assert verdict(early, host_endpoint()).allowed is None


@pytest.mark.parametrize("flag", ["doNotTrack", "preDNAT"])
@pytest.mark.parametrize("rule, allowed", [({"protocol": "ICMP"}, True), ({"protocol": "TCP"}, True), ({}, None)])
def test_hep_early_policies_drop_nothing_that_no_rule_of_theirs_matches(
    flag: str, rule: dict[str, str], allowed: bool | None
) -> None:
    """felix rules/endpoints.go: only the chains of normal and forward policies end with a drop."""
    ingress = [{"action": "Deny", **rule}]
    early = calico_policy("hosts", selector="has(host)", ingress=ingress, applyOnForward=True, **{flag: True})
    found = verdict(early, host_endpoint())
    assert found.allowed is allowed
    assert ("over TCP" in found.text) is False


def test_hep_without_a_policy_for_what_is_forwarded_lets_pods_through() -> None:
    """Calico's reference, Apply on forwarded traffic: it is allowed where no policy with applyOnForward applies."""
    deny = calico_policy("hosts", selector="has(host)", ingress=[DENY_ALL], egress=[DENY_ALL])
    elsewhere = calico_policy("other", selector="has(other)", egress=[DENY_ALL], applyOnForward=True)
    inward = calico_policy("in", selector="has(host)", ingress=[ALLOW_ALL], applyOnForward=True)
    assert verdict(deny, elsewhere, inward, host_endpoint(), host_endpoint("n2")).allowed is True


def test_hep_matters_to_what_passes_its_node_alone() -> None:
    """Calico's reference, Host endpoint: it stands for an interface of its node (spec.node, spec.interfaceName)."""
    forward = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL], applyOnForward=True)
    assert verdict(forward, host_endpoint("n3")).allowed is True
    assert verdict(forward, host_endpoint("n1")).passed == "n1"
    assert verdict(forward, host_endpoint("n2")).passed == "n2"


@pytest.mark.parametrize("interface, allowed", [("eth0", True), ("*", None)])
def test_hep_of_a_card_is_not_passed_from_pod_to_pod_of_one_node(interface: str, allowed: bool | None) -> None:
    forward = calico_policy("hosts", selector="has(host)", egress=[DENY_ALL], applyOnForward=True)
    found = verdict(forward, host_endpoint("n2", interfaceName=interface), asker=asker_object(nodeName="n2"))
    assert found.allowed is allowed
