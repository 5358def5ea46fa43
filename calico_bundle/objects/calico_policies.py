"""Calico's policies, tiers, host endpoints and network sets (crd.projectcalico.org/v1, projectcalico.org/v3).

Staged policies decide nothing and are not read (Calico: Staged policies).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.facts import (
    HostEndpointFact,
    NetworkSetFact,
    PolicyFact,
    PolicyRule,
    PolicySide,
    TierFact,
)
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.objects.policy_fields import Careful

GROUPS = frozenset(["crd.projectcalico.org", "projectcalico.org"])
DEFAULT_TIER = "default"
_ANY = "all() || global()"
"""A selector of namespaces that leaves nothing out."""


def build_calico_policy(policy: Fields) -> Iterator[PolicyFact]:
    """A NetworkPolicy or GlobalNetworkPolicy of Calico as a fact.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: a}\\nspec: {order: 10, egress: [{action: Deny, destination: {ports: [53]}}]}\\n"
    >>> read = Record(Reading("p.yaml", text), "GlobalNetworkPolicy", "", next(read_yaml(text)))
    >>> fact = next(build_calico_policy(read.fields()))
    >>> fact.types, fact.order, fact.rules[0].action, fact.rules[0].destination.ports
    (('Egress',), 10.0, 'Deny', (PolicyPort(first=53, last=53, name=None),))
    """
    name, namespace = name_of(policy), None
    if policy.record.kind == "NetworkPolicy":
        namespace = namespace_of(policy)
    spec = Careful(policy.child("spec"))
    rules = tuple(_rules(spec, namespace))
    fact = PolicyFact(
        api="calico",
        kind=policy.record.kind,
        namespace=namespace,
        name=name,
        tier=spec.text("tier") or DEFAULT_TIER,
        order=spec.number("order"),
        types=spec.texts("types") or _types(rules),
        selector=spec.text("selector") or "",
        namespace_selector=None if namespace else spec.text("namespaceSelector"),
        service_account_selector=spec.text("serviceAccountSelector"),
        rules=rules,
        hosts_only=spec.flag("preDNAT") or spec.flag("doNotTrack"),
        on_forward=spec.flag("applyOnForward"),
        unread=_unread(policy, spec),
        evidence=policy.child("metadata").evidence("name"),
    )
    yield fact


def _unread(obj: Fields, spec: Careful) -> tuple[str, ...]:
    return tuple(spec.unread) if obj.is_mapping("spec") else ("spec",)


def _types(rules: tuple[PolicyRule, ...]) -> tuple[str, ...]:
    """What a policy without types applies to (Calico: Network policy, Spec, types)."""
    found = {rule.direction for rule in rules}
    return tuple(kind for kind in ("Ingress", "Egress") if kind in found) or ("Ingress",)


def _rules(spec: Careful, namespace: str | None) -> Iterator[PolicyRule]:
    for direction in ("Ingress", "Egress"):
        for place, rule in enumerate(spec.mappings(direction.lower())):
            yield _rule(Careful(rule), direction, place, namespace)


def _rule(rule: Careful, direction: str, place: int, namespace: str | None) -> PolicyRule:
    rule.only("action", "metadata", "protocol", "notProtocol", "ipVersion", "icmp", "notICMP", "source", "destination")
    protocol, version = rule.text("protocol"), rule.number("ipVersion")
    # The API wants a protocol beside these, which tells whether a lookup can match.
    if protocol is None:
        rule.unread += [key for key in ("icmp", "notICMP") if key in rule.fields]
    return PolicyRule(
        direction=direction,
        place=place,
        action=rule.text("action") or "",
        protocol=protocol,
        not_protocol=rule.text("notProtocol"),
        ip_version=None if version is None else int(version),
        source=_side(rule.inside("source"), namespace),
        destination=_side(rule.inside("destination"), namespace),
        unread=tuple(rule.unread),
        evidence=rule.line,
    )


def _side(side: Careful, namespace: str | None) -> PolicySide:
    accounts = side.inside("serviceAccounts")
    side.only(
        "nets", "notNets", "selector", "notSelector", "namespaceSelector", "ports", "notPorts", "serviceAccounts",
        "services",
    )  # fmt: skip
    accounts.only("names", "selector")
    return PolicySide(
        selector=side.text("selector"),
        not_selector=side.text("notSelector"),
        namespace_selector=side.text("namespaceSelector") or (_ANY if "namespaceSelector" in side.unread else None),
        service_accounts=accounts.whole("names", accounts.texts("names")),
        service_account_selector=accounts.text("selector"),
        nets=side.whole("nets", side.networks("nets")) or None,
        not_nets=side.networks("notNets"),
        ports=side.ports("ports"),
        not_ports=side.ports("notPorts") or (),
        service=_service(side, namespace),
        unread=(*side.unread, *accounts.unread),
    )


def _service(side: Careful, namespace: str | None) -> str | None:
    services = side.inside("services")
    services.only("name", "namespace")
    name, place = services.text("name"), services.text("namespace") or namespace
    side.unread += services.unread
    if name is None or services.unread:
        return None
    if place is None:
        side.unread.append("services")
        return None
    return f"{place}/{name}"


def build_tier(tier: Fields) -> Iterator[TierFact]:
    """A Tier as a fact."""
    name, spec = name_of(tier), Careful(tier.child("spec"))
    order, action = spec.number("order"), spec.text("defaultAction")
    yield TierFact(
        name=name,
        order=None if "order" in spec.unread else order,
        default_action=None if spec.unread else action or "Deny",
        evidence=tier.child("metadata").evidence("name"),
    )


def build_network_set(found: Fields) -> Iterator[NetworkSetFact]:
    """A NetworkSet or GlobalNetworkSet as a fact."""
    name = name_of(found)
    metadata, spec = Careful(found.child("metadata")), Careful(found.child("spec"))
    namespace = namespace_of(found) if found.record.kind == "NetworkSet" else None
    labels, nets = metadata.labels("labels"), spec.networks("nets")
    spec.only("nets")
    unread = (*metadata.unread, *spec.unread)
    yield NetworkSetFact(namespace, name, labels, nets, unread, metadata.fields.evidence("name"))


def build_host_endpoint(endpoint: Fields) -> Iterator[HostEndpointFact]:
    """A HostEndpoint as a fact."""
    name = name_of(endpoint)
    metadata, spec = Careful(endpoint.child("metadata")), Careful(endpoint.child("spec"))
    yield HostEndpointFact(
        name=name,
        node=spec.text("node"),
        interface=spec.text("interfaceName"),
        expected_ips=tuple(ip for ip, _ in spec.fields.addresses("expectedIPs", "expectedIPs") if ip),
        profiles=spec.texts("profiles"),
        labels=metadata.labels("labels"),
        unread=(*metadata.unread, *spec.unread),
        evidence=metadata.fields.evidence("name"),
    )


BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {
    "NetworkPolicy": build_calico_policy,
    "GlobalNetworkPolicy": build_calico_policy,
    "Tier": build_tier,
    "NetworkSet": build_network_set,
    "GlobalNetworkSet": build_network_set,
    "HostEndpoint": build_host_endpoint,
}
