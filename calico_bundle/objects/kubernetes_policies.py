"""NetworkPolicy of Kubernetes, in the form that Calico gives it; and the names of its newer kinds.

Calico turns each rule into one per peer and protocol, and label selectors into expressions of its own
(libcalico-go lib/backend/k8s/conversion): the policy is in the tier `default`, with the order 1000.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from calico_bundle.facts import PolicyFact, PolicyPort, PolicyRule, PolicySide
from calico_bundle.objects.calico_policies import DEFAULT_TIER, build_calico_policy
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.objects.policy_fields import Careful, port_of

GROUPS = frozenset(["networking.k8s.io", "extensions", "policy.networking.k8s.io"])
ORDER = 1000.0
_KEY = re.compile(r"[A-Za-z0-9_./-]{1,512}")
_VALUE = re.compile(r"[^'\n]{0,253}")
_PODS = "projectcalico.org/orchestrator == 'k8s'"
_EXPRESSIONS = {"In": "{key} in {{ {values} }}", "NotIn": "{key} not in {{ {values} }}"}
_EXISTENCE = {"Exists": "has({key})", "DoesNotExist": "!has({key})"}
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_PEER = ("podSelector", "namespaceSelector", "ipBlock")
_TIERS = {"AdminNetworkPolicy": "adminnetworkpolicy", "BaselineAdminNetworkPolicy": "baselineadminnetworkpolicy"}


def build_network_policy(policy: Fields) -> Iterator[PolicyFact]:
    """A NetworkPolicy of Kubernetes as a fact; one that has Calico's fields and does not say whose it is is Calico's.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: a}\\nspec: {podSelector: {matchLabels: {app: web}}, egress: [{}]}\\n"
    >>> read = Record(Reading("p.yaml", text), "NetworkPolicy", "", next(read_yaml(text)))
    >>> fact = next(build_network_policy(read.fields()))
    >>> fact.selector, fact.types, [rule.direction for rule in fact.rules]
    ("projectcalico.org/orchestrator == 'k8s' && app == 'web'", ('Ingress', 'Egress'), ['Egress'])
    """
    spec = Careful(policy.child("spec"))
    if policy.record.group is None and ("selector" in spec.fields or "types" in spec.fields):
        yield from build_calico_policy(policy)
        return
    name, namespace = name_of(policy), namespace_of(policy)
    rules = [rule for direction in ("Ingress", "Egress") for rule in _rules(spec, direction)]
    yield PolicyFact(
        api="kubernetes",
        kind="NetworkPolicy",
        namespace=namespace,
        name=name,
        tier=DEFAULT_TIER,
        order=ORDER,
        types=spec.texts("policyTypes") or _types(rules),
        selector=_pods(spec, "podSelector"),
        namespace_selector=None,
        service_account_selector=None,
        rules=tuple(rules),
        hosts_only=False,
        on_forward=False,
        unread=tuple(spec.unread) if policy.is_mapping("spec") else ("spec",),
        evidence=policy.child("metadata").evidence("name"),
    )


def _types(rules: list[PolicyRule]) -> tuple[str, ...]:
    """What a policy without policyTypes applies to: ingress always, egress where it has such rules."""
    return ("Ingress", "Egress") if any(rule.direction == "Egress" for rule in rules) else ("Ingress",)


def _rules(spec: Careful, direction: str) -> Iterator[PolicyRule]:
    peer_key = "from" if direction == "Ingress" else "to"
    for place, fields in enumerate(spec.mappings(direction.lower())):
        rule = Careful(fields)
        rule.only(peer_key, "ports")
        peers = [_peer(Careful(one)) for one in rule.mappings(peer_key)]
        # Where one of several was not understood, anything may be matched.
        peers = peers if peers and peer_key not in rule.unread else [PolicySide()]
        protocols = _protocols(rule)
        for peer in peers:
            for protocol, ports in protocols.items():
                to = replace(peer if direction == "Egress" else PolicySide(), ports=ports)
                yield PolicyRule(
                    direction=direction,
                    place=place,
                    action="Allow",
                    protocol=protocol,
                    not_protocol=None,
                    ip_version=None,
                    source=peer if direction == "Ingress" else PolicySide(),
                    destination=to,
                    unread=tuple(rule.unread),
                    evidence=rule.line,
                )


def _protocols(rule: Careful) -> dict[str | None, tuple[PolicyPort, ...] | None]:
    """The ports by protocol; None for all of them. Without ports, every protocol is matched."""
    found: dict[str | None, tuple[PolicyPort, ...] | None] = {}
    for fields in rule.mappings("ports"):
        entry = Careful(fields)
        entry.only("port", "endPort", "protocol")
        protocol, ports = entry.text("protocol") or "TCP", _ports(entry)
        if protocol not in _PROTOCOLS:
            entry.fields.wrong("protocol", "TCP, UDP or SCTP was expected")
            entry.unread.append("protocol")
        rule.unread += entry.unread
        before = found.get(protocol, ())
        found[protocol] = None if before is None or ports is None else (*before, *ports)
    # Where one of several was not understood, anything may be matched.
    return {None: None} if rule.unread or not found else found


def _ports(entry: Careful) -> tuple[PolicyPort, ...] | None:
    first, last = entry.text("port"), entry.text("endPort")
    if first is None:
        return None
    port = port_of(f"{first}:{last}" if last else first)
    if port is None:
        entry.fields.wrong("port", "a port, a range or a name was expected")
        entry.unread.append("port")
    return (port,) if port else None


def _peer(peer: Careful) -> PolicySide:
    peer.only(*_PEER)
    block = peer.inside("ipBlock")
    block.only("cidr", "except")
    cidr = block.fields.network("cidr", "cidr")
    # A peer that gives nothing is refused by the API; this one was not read.
    if not any(key in peer.fields for key in _PEER) or ("ipBlock" in peer.fields and cidr is None):
        peer.unread.append("ipBlock")
    pods = "podSelector" in peer.fields or "namespaceSelector" in peer.fields
    selector = _pods(peer, "podSelector") if pods else None
    namespaces = (_expression(peer, "namespaceSelector") or "all()") if "namespaceSelector" in peer.fields else None
    return PolicySide(
        selector=selector,
        namespace_selector=namespaces,
        nets=(cidr,) if cidr else None,
        not_nets=block.networks("except"),
        unread=(*peer.unread, *block.unread),
    )


def _pods(fields: Careful, key: str) -> str:
    """Pods with the labels that a label selector wants: no other endpoints, and no network sets."""
    found = _expression(fields, key)
    return f"{_PODS} && {found}" if found else _PODS


def _expression(fields: Careful, key: str) -> str:
    """A label selector in Calico's language; empty where it selects all."""
    selector = fields.inside(key)
    selector.only("matchLabels", "matchExpressions")
    found = [f"{name} == '{value}'" for name, value in selector.labels("matchLabels").items()]
    found += [_one_expression(Careful(one), selector) for one in selector.mappings("matchExpressions")]
    keys = list(selector.fields.child("matchLabels"))
    values = selector.fields.string_map("matchLabels", "matchLabels").values()
    if not all(map(_KEY.fullmatch, keys)) or not all(map(_VALUE.fullmatch, values)):
        selector.unread.append("matchLabels")
    if selector.unread:
        fields.unread.append(key)
        return ""
    return " && ".join(found)


def _one_expression(one: Careful, selector: Careful) -> str:
    one.only("key", "operator", "values")
    key, operator, values = one.text("key") or "", one.text("operator") or "", one.texts("values")
    if one.unread or not _KEY.fullmatch(key) or not all(map(_VALUE.fullmatch, values)):
        selector.unread.append("matchExpressions")
    listed = ", ".join(f"'{value}'" for value in values)
    if operator in _EXPRESSIONS:
        return _EXPRESSIONS[operator].format(key=key, values=listed)
    if operator not in _EXISTENCE:
        selector.unread.append("matchExpressions")
    return _EXISTENCE.get(operator, "all()").format(key=key)


def build_other_policy(policy: Fields) -> Iterator[PolicyFact]:
    """A policy of a kind whose rules are not read here: that it is there leaves open what it decides."""
    kind = policy.record.kind
    yield PolicyFact(
        api="other",
        kind=kind,
        namespace=None,
        name=name_of(policy),
        tier=_TIERS.get(kind, "?"),
        order=None,
        types=("Ingress", "Egress"),
        selector="",
        namespace_selector=None,
        service_account_selector=None,
        rules=(),
        hosts_only=False,
        on_forward=False,
        unread=("spec",),
        evidence=policy.child("metadata").evidence("name"),
    )


_NAMED: Needs = {"metadata": {"name": None}}
NEEDS: dict[str, Needs] = dict.fromkeys((*_TIERS, "ClusterNetworkPolicy"), _NAMED)
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {
    "NetworkPolicy": build_network_policy,
    "AdminNetworkPolicy": build_other_policy,
    "BaselineAdminNetworkPolicy": build_other_policy,
    "ClusterNetworkPolicy": build_other_policy,
}
