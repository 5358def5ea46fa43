"""Who may talk to whom: network policies of Kubernetes and Calico in one form, and what they select by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated

from calico_bundle.evidence import Evidence
from calico_bundle.facts.types import Address, Network


@dataclass(frozen=True, slots=True)
class PolicyPort:
    """Ports that a rule matches: those from `first` to `last`, or the one that pods call by a name."""

    first: Annotated[int | None, "the lowest number"]
    last: Annotated[int | None, "the highest number"]
    name: Annotated[str | None, "the name of a container's port, instead of numbers"] = None

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        return str(self.first) if self.first == self.last else f"{self.first}:{self.last}"


@dataclass(frozen=True, slots=True)
class PolicySide:
    """The source or the destination that a rule matches: all that is given must fit."""

    selector: Annotated[str | None, "labels of endpoints and network sets, in Calico's selector language"] = None
    not_selector: Annotated[str | None, "labels of those that it does not match"] = None
    namespace_selector: Annotated[str | None, "labels of their namespaces"] = None
    service_accounts: Annotated[tuple[str, ...], "names of their service accounts"] = ()
    service_account_selector: Annotated[str | None, "labels of their service accounts"] = None
    nets: Annotated[tuple[Network, ...] | None, "addresses; None where not given"] = None
    not_nets: Annotated[tuple[Network, ...], "addresses that it does not match"] = ()
    ports: Annotated[tuple[PolicyPort, ...] | None, "ports; None where not given"] = None
    not_ports: Annotated[tuple[PolicyPort, ...], "ports that it does not match"] = ()
    service: Annotated[str | None, "namespace/name of the Service whose endpoints it matches"] = None
    unread: Annotated[tuple[str, ...], "fields that were hidden, or are not understood: it may match less"] = ()

    def __str__(self) -> str:
        """What is given, as `key: value`; empty where all is matched."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return "; ".join(f"{name}: {_words(value)}" for name, value in given if value not in (None, ()))


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a policy; one of Kubernetes' is several here, one for each peer and protocol."""

    direction: Annotated[str, "Ingress | Egress"]
    place: Annotated[int, "which of the policy's ingress or egress rules, from 0"]
    action: Annotated[str, "Allow | Deny | Log | Pass"]
    protocol: Annotated[str | None, "the protocol by name or number; None matches all"]
    not_protocol: Annotated[str | None, "the protocol that it does not match"]
    ip_version: Annotated[int | None, "4 | 6; None matches both"]
    source: Annotated[PolicySide, "where the packet comes from"]
    destination: Annotated[PolicySide, "where it goes to"]
    unread: Annotated[tuple[str, ...], "fields that were hidden, or are not understood: it may match less"]
    evidence: Annotated[Evidence, "the line of the rule"]


@dataclass(frozen=True, slots=True)
class PolicyFact:
    """A network policy of Kubernetes or Calico."""

    api: Annotated[str, "kubernetes | calico; other for a kind whose rules are not read"]
    kind: Annotated[str, "NetworkPolicy | GlobalNetworkPolicy | AdminNetworkPolicy ..."]
    namespace: Annotated[str | None, "metadata.namespace; None for a kind that has none"]
    name: Annotated[str, "metadata.name"]
    tier: Annotated[str, "spec.tier; `default` when not there, and for Kubernetes' own"]
    order: Annotated[float | None, "spec.order; 1000 for Kubernetes' own; None comes last"]
    types: Annotated[tuple[str, ...], "spec.types, or spec.policyTypes: Ingress, Egress; worked out when not there"]
    selector: Annotated[str, "the endpoints it applies to, in Calico's selector language; empty: all"]
    namespace_selector: Annotated[str | None, "their namespaces, for a policy that has none"]
    service_account_selector: Annotated[str | None, "their service accounts"]
    rules: Annotated[tuple[PolicyRule, ...], "ingress rules, then egress rules"]
    hosts_only: Annotated[bool, "spec.preDNAT or spec.doNotTrack: for host endpoints alone"]
    on_forward: Annotated[bool, "spec.applyOnForward: at host endpoints, for packets that pass through, too"]
    unread: Annotated[tuple[str, ...], "fields that were hidden, or are not understood"]
    evidence: Annotated[Evidence, "the line of metadata.name"]

    @property
    def own_name(self) -> str:
        """The name without its tier, which Calico's storage puts before it."""
        return self.name.removeprefix(f"{self.tier}.")

    @property
    def shown(self) -> str:
        """The policy as people call it."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{'Calico ' if self.api == 'calico' and self.kind == 'NetworkPolicy' else ''}{self.kind} {place}"


@dataclass(frozen=True, slots=True)
class TierFact:
    """A Calico Tier: a group of policies that is evaluated together."""

    name: Annotated[str, "metadata.name"]
    order: Annotated[float | None, "spec.order; None comes last"]
    default_action: Annotated[str | None, "spec.defaultAction: Deny | Pass; Deny when not there; None: hidden"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


@dataclass(frozen=True, slots=True)
class NetworkSetFact:
    """A Calico NetworkSet or GlobalNetworkSet: addresses with labels."""

    namespace: Annotated[str | None, "metadata.namespace; None for a GlobalNetworkSet"]
    name: Annotated[str, "metadata.name"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    nets: Annotated[tuple[Network, ...], "spec.nets"]
    unread: Annotated[tuple[str, ...], "fields that were hidden, or are not understood"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


@dataclass(frozen=True, slots=True)
class HostEndpointFact:
    """A Calico HostEndpoint: an interface of a node, or all of them, that policies apply to."""

    name: Annotated[str, "metadata.name"]
    node: Annotated[str | None, "spec.node"]
    interface: Annotated[str | None, "spec.interfaceName; `*` for all"]
    expected_ips: Annotated[tuple[Address, ...], "spec.expectedIPs"]
    profiles: Annotated[tuple[str, ...], "spec.profiles"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    unread: Annotated[tuple[str, ...], "fields that were hidden, or are not understood"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


@dataclass(frozen=True, slots=True)
class ServiceAccountFact:
    """A ServiceAccount: policies may select pods by its labels."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    unread: Annotated[tuple[str, ...], "fields that were hidden"]
    evidence: Annotated[Evidence, "the line of metadata.name"]
