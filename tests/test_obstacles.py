"""What stops lookups whatever the routes say, from the bundle to the verdict: policies, and the service rules of a node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.test_checks import Edit, changed

DENY_SHOP = """apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: nothing-out
    namespace: {namespace}
  spec:
    podSelector: {{}}
    policyTypes:
    - Egress
    egress: {egress}
"""
ALLOW_DNS = """
    - ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
"""


def with_policy(namespace: str, egress: str) -> Edit:
    """The daemonsets' file with a policy behind it: any file of objects can hold any object."""
    policy = DENY_SHOP.format(namespace=namespace, egress=egress)
    return lambda path, text: f"{text.rstrip()}\n---\n{policy}" if path.endswith("k8s/daemonsets.yaml") else text


def paths_of(report: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {f"{p['namespace']}/{p['pod']}": (p["verdict"], p["reason"]["code"]) for p in report["paths"]}


def in_host_network(report: dict[str, Any]) -> set[str]:
    return {f"{p['namespace']}/{p['pod']}" for p in report["paths"] if p["host_network"]}


def asking(report: dict[str, Any]) -> set[str]:
    return {name for name, (verdict, _) in paths_of(report).items() if verdict != "not-applicable"}


def test_a_policy_that_lets_nothing_out_breaks_the_pods_it_selects_and_no_others():
    before = changed("healthy").report()
    namespace = min(asking(before)).partition("/")[0]
    after = changed("healthy", with_policy(namespace, "[]")).report()
    for name in asking(before):
        # Kubernetes, Network Policies: what applies to pods in their node's network is not defined; Calico applies none.
        hit = name.startswith(f"{namespace}/") and name not in in_host_network(before)
        assert paths_of(after)[name] == (("broken", "CB401") if hit else paths_of(before)[name])
    assert after["verdict"]["status"] == "broken"


def test_a_policy_that_lets_dns_out_breaks_nothing():
    before = changed("healthy").report()
    namespace = min(asking(before)).partition("/")[0]
    after = changed("healthy", with_policy(namespace, ALLOW_DNS)).report()
    assert paths_of(after) == paths_of(before)


def of_service_rules(node: str, old: str, new: str) -> Edit:
    return lambda path, text: text.replace(old, new) if path.endswith(f"{node}/iptables-save.txt") else text


@pytest.mark.parametrize("stale, verdict", [(("10.244.2.2", "10.244.2.3"), "broken"), (("10.244.2.3",), "degraded")])
def test_service_rules_that_lead_elsewhere_break_the_lookups_of_their_node(stale: tuple[str, ...], verdict: str):
    def edit(path: str, text: str) -> str:
        for ip in stale:
            text = of_service_rules("node-1", f"to-destination {ip}:", "to-destination 10.244.9.9:")(path, text) or ""
        return text

    before, after = changed("healthy").report(), changed("healthy", edit).report()
    for path in after["paths"]:
        name = f"{path['namespace']}/{path['pod']}"
        if path["node"] == "node-1" and name in asking(before):
            assert path["verdict"] in (verdict, "unknown"), path
        else:
            assert paths_of(after)[name] == paths_of(before)[name]
