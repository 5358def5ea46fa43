"""Policies and what they select by, as facts: each field with its line, and what was not understood by its name."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle import facts as f
from calico_bundle.facts import PolicyPort, PolicySide
from calico_bundle.objects.pod_parts import UNSURE, quick_named_ports
from calico_bundle.parsers.objects import parse


def only(text: str) -> Any:
    """The one fact of a text that is understood whole."""
    parsed = parse(text, "p.yaml")
    assert not parsed.gaps
    (fact,) = parsed.facts
    return fact


KUBERNETES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: dns
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: web}
    matchExpressions:
    - {key: tier, operator: NotIn, values: [a, b]}
    - {key: old, operator: DoesNotExist}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}
    ports:
    - {port: 53, protocol: UDP}
    - {port: 50, endPort: 60, protocol: UDP}
    - {port: dns-tcp}
  - {}
"""


def test_a_network_policy_of_kubernetes_in_calicos_form() -> None:
    fact = only(KUBERNETES)
    assert (fact.api, fact.kind, fact.namespace, fact.name, fact.tier) == (
        "kubernetes", "NetworkPolicy", "shop", "dns", "default",
    )  # fmt: skip
    assert (fact.order, fact.types, fact.unread) == (1000, ("Egress",), ())
    assert fact.selector == (
        "projectcalico.org/orchestrator == 'k8s' && app == 'web' && tier not in { 'a', 'b' } && !has(old)"
    )
    assert (fact.evidence.line, fact.shown) == (4, "NetworkPolicy shop/dns")


def test_a_rule_of_kubernetes_is_one_for_each_peer_and_protocol() -> None:
    rules = only(KUBERNETES).rules
    assert [(r.place, r.protocol, r.evidence.line) for r in rules] == [
        (0, "UDP", 14), (0, "TCP", 14), (0, "UDP", 14), (0, "TCP", 14), (1, None, 22),
    ]  # fmt: skip
    pods, block = rules[0].destination, rules[3].destination
    assert pods.selector == "projectcalico.org/orchestrator == 'k8s' && k8s-app == 'kube-dns'"
    assert pods.namespace_selector == "all()"
    assert pods.ports == (PolicyPort(53, 53), PolicyPort(50, 60))
    assert (block.nets, block.not_nets) == ((ip_network("10.0.0.0/8"),), (ip_network("10.1.0.0/16"),))
    assert block.ports == (PolicyPort(None, None, "dns-tcp"),)
    assert rules[4].destination == rules[4].source == PolicySide()


CALICO = """\
apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata:
  name: security.dns
  namespace: shop
spec:
  tier: security
  order: 12.5
  selector: app == 'web'
  serviceAccountSelector: role == 'r'
  types: [Ingress, Egress]
  egress:
  - action: Deny
    protocol: 17
    notProtocol: TCP
    ipVersion: 4
    source: {notPorts: [1]}
    destination:
      nets: [10.0.0.0/8]
      notNets: [10.1.0.0/16]
      notSelector: has(x)
      namespaceSelector: global()
      ports: [53, '1:1024', dns]
      serviceAccounts: {names: [a], selector: b == 'c'}
  - action: Allow
    destination: {services: {name: kube-dns, namespace: kube-system}}
"""


def test_a_network_policy_of_calico() -> None:
    fact = only(CALICO)
    assert (fact.api, fact.kind, fact.tier, fact.order, fact.own_name) == (
        "calico", "NetworkPolicy", "security", 12.5, "dns",
    )  # fmt: skip
    assert fact.shown == "Calico NetworkPolicy shop/security.dns"
    assert (fact.selector, fact.service_account_selector) == ("app == 'web'", "role == 'r'")
    first, second = fact.rules
    assert (first.action, first.protocol, first.not_protocol, first.ip_version) == ("Deny", "17", "TCP", 4)
    assert first.destination == PolicySide(
        not_selector="has(x)",
        namespace_selector="global()",
        service_accounts=("a",),
        service_account_selector="b == 'c'",
        nets=(ip_network("10.0.0.0/8"),),
        not_nets=(ip_network("10.1.0.0/16"),),
        ports=(PolicyPort(53, 53), PolicyPort(1, 1024), PolicyPort(None, None, "dns")),
    )
    assert second.destination.service == "kube-system/kube-dns"
    assert (first.evidence.line, first.evidence.text, second.evidence.line) == (13, "- action: Deny", 25)


def test_one_that_does_not_say_its_group_is_told_by_its_fields() -> None:
    text = "kind: NetworkPolicy\nmetadata: {name: a}\nspec: {SPEC}\n"
    assert only(text.replace("SPEC", "selector: all()")).api == "calico"
    assert only(text.replace("SPEC", "podSelector: {}")).api == "kubernetes"


def test_a_table_shows_what_a_side_matches() -> None:
    side = only(CALICO).rules[0].destination
    assert str(side).endswith("ports: 53, 1:1024, dns")
    assert str(PolicySide()) == ""


@pytest.mark.parametrize(
    "spec, unread",
    [
        ("selector: '***HIDDEN***'", ("selector",)),
        ("order: high", ("order",)),
        ("ingress: {}", ("ingress",)),
        ("egress: text", ("egress",)),
        ("types: {}", ("types",)),
        ("selector: [all()]", ("selector",)),
        ("applyOnForward: maybe", ("applyOnForward",)),
    ],
)
def test_what_is_not_understood_of_a_policy_is_named(spec: str, unread: tuple[str, ...]) -> None:
    text = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\nspec: {SPEC}\n"
    parsed = parse(text.replace("SPEC", spec), "p.yaml")
    (fact,) = parsed.facts
    assert isinstance(fact, f.PolicyFact)
    assert fact.unread == unread
    assert parsed.gaps


def test_a_policy_without_a_spec_is_not_understood() -> None:
    text = "apiVersion: GROUP\nkind: NetworkPolicy\nmetadata: {name: a}\n"
    for group in ("projectcalico.org/v3", "networking.k8s.io/v1"):
        assert only(text.replace("GROUP", group)).unread == ("spec",)


@pytest.mark.parametrize(
    "rule",
    [
        "source: text",
        "source: [x]",
        "destination: {serviceAccounts: [a]}",
        "destination: {services: kube-dns}",
        "destination: {nets: 10.0.0.0/8}",
        "destination: {ports: 53}",
        "destination: {selector: {a: b}}",
    ],
)
def test_what_is_not_understood_of_a_rule_of_calico_is_named(rule: str) -> None:
    text = (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\nspec: {egress: [{RULE}]}\n"
    )
    ((read,),) = (fact.rules for fact in parse(text.replace("RULE", rule), "p.yaml").facts)
    assert read.unread or read.source.unread or read.destination.unread


@pytest.mark.parametrize(
    "spec",
    [
        "podSelector: text",
        "podSelector: {matchLabels: [a]}",
        "podSelector: {matchExpressions: {a: b}}",
        "podSelector: {matchLabels: {a: [b]}}",
        "podSelector: {matchNames: {a: b}}",
        "podSelector: {}, egress: [{to: [{podSelector: text}]}]",
        "podSelector: {}, egress: [{to: [{ipBlock: 10.0.0.0/8}]}]",
        "podSelector: {}, egress: [{to: {podSelector: {}}}]",
        "podSelector: {}, egress: [{ports: [53]}]",
        "podSelector: {}, egress: [{to: [{}]}]",
        "podSelector: {}, egress: [{ports: [{port: 53, protocol: ICMP}]}]",
    ],
)
def test_what_is_not_understood_of_kubernetes_is_named(spec: str) -> None:
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {SPEC}\n"
    (fact,) = parse(text.replace("SPEC", spec), "p.yaml").facts
    assert isinstance(fact, f.PolicyFact)
    assert fact.unread or any(rule.unread or rule.destination.unread for rule in fact.rules)


def test_tiers() -> None:
    text = "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: a}\nspec: {SPEC}\n"
    fact = only(text.replace("SPEC", "order: 1.5, defaultAction: Pass"))
    assert (fact.order, fact.default_action) == (1.5, "Pass")
    fact = only(text.replace("SPEC", ""))
    assert (fact.order, fact.default_action) == (None, "Deny")
    (fact,) = parse(text.replace("SPEC", "order: '***'"), "p.yaml").facts
    assert (fact.order, fact.default_action) == (None, None)


def test_sets_host_endpoints_and_service_accounts() -> None:
    version = "apiVersion: projectcalico.org/v3\n"
    found = only(
        version + "kind: NetworkSet\nmetadata: {name: a, namespace: b, labels: {c: d}}\nspec: {nets: [10.0.0.1]}\n"
    )
    assert (found.namespace, found.labels, found.nets) == ("b", {"c": "d"}, (ip_network("10.0.0.1/32"),))
    assert only(version + "kind: GlobalNetworkSet\nmetadata: {name: a}\nspec: {}\n").namespace is None
    text = "kind: HostEndpoint\nmetadata: {name: a, labels: {h: ''}}\nspec:\n"
    text += "  {node: n, interfaceName: '*', expectedIPs: [10.0.0.1]}\n"
    host = only(version + text)
    assert (host.node, host.interface, host.expected_ips, host.labels) == (
        "n",
        "*",
        (ip_address("10.0.0.1"),),
        {"h": ""},
    )
    parsed = parse(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: b, labels: {c: '***'}}\n", "s.yaml"
    )
    (account,) = parsed.facts
    assert (account.namespace, account.name, account.labels, account.unread) == ("b", "a", {}, ("labels",))


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: b}
spec:
  serviceAccountName: web
  containers:
  - name: one
    ports:
    - {containerPort: 53, name: dns, protocol: UDP}
    - {containerPort: 80}
  - name: two
    ports:
    - {containerPort: 53, name: dns-tcp}
"""


def test_pods_have_a_service_account_and_ports_with_names() -> None:
    pod = only(POD)
    assert pod.service_account == "web"
    assert pod.named_ports == ("dns/53/UDP", "dns-tcp/53/TCP")


def test_services_have_target_ports() -> None:
    text = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec:\n  clusterIP: 10.96.0.10\n  ports:\n"
    )
    ports = (
        "  - {name: dns, port: 53, protocol: UDP, targetPort: dns}\n  - {port: 53, targetPort: 5353}\n  - {port: 1}\n"
    )
    assert [port.target_port for port in only(text + ports).ports] == ["dns", "5353", None]


PORTS = """
    - image: a
      name: one
      ports:
      - containerPort: 53
        hostPort: 53
        name: dns
        protocol: UDP
      - containerPort: 80
        protocol: TCP
      resources: {}
    - image: b
      name: two
      ports:
      - containerPort: 53
        name: dns-tcp
        protocol: TCP"""


@pytest.mark.parametrize(
    "text, ports",
    [
        (PORTS, ("dns/53/UDP", "dns-tcp/53/TCP")),
        (PORTS.replace("      ports:", "      args:").replace("      -", "      # -"), UNSURE),
        (PORTS.replace("name: dns\n", "name: x-ipv4-0000000001-x\n"), UNSURE),
        (PORTS.replace("containerPort: 80", "containerPort: eighty"), UNSURE),
        ("\n    - image: a\n      name: one", ()),
    ],
)
def test_ports_of_pods_as_kubectl_lists_them(text: str, ports: object) -> None:
    found = quick_named_ports(text.encode())
    if ports is UNSURE:
        # What is not usual goes to the general reader, or has no port that has a name.
        assert found in (UNSURE, ())
    else:
        assert found == ports


_WORDS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(["Allow", "53", "***"])
)
_KEYS = st.sampled_from([
    "ingress", "egress", "selector", "podSelector", "matchLabels", "matchExpressions", "ports", "port", "to", "from",
    "destination", "source", "nets", "serviceAccounts", "services", "order", "types", "action", "protocol", "ipBlock",
])  # fmt: skip
_ANYTHING = st.recursive(
    _WORDS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)
_KINDS = st.sampled_from(["NetworkPolicy", "GlobalNetworkPolicy", "Tier", "NetworkSet", "HostEndpoint"])


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(kind=_KINDS, version=st.sampled_from(["projectcalico.org/v3", "networking.k8s.io/v1"]), spec=_ANYTHING)
def test_no_spec_makes_it_raise(kind: str, version: str, spec: object) -> None:
    meta = {"name": "a", "namespace": "b"}
    parse(json.dumps({"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}), "x.json")
