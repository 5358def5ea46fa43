"""The records that parsers produce: one class per kind of fact, every column described once, beside its field.

A fact says what one artifact stated, and `evidence` is the line that stated it. Facts that were read on a machine
(addresses, routes, sessions) do not name the node: the artifact belongs to a node, and `cluster` joins the two.
`describe()`, the documentation and the DataFrames take the columns from here.
"""

from __future__ import annotations

from calico_bundle.facts.bundle import (
    ArtifactFact,
    ClockFact,
)
from calico_bundle.facts.calico import (
    BGPConfigurationFact,
    BGPPeerFact,
    CalicoNodeStatusFact,
    FelixConfigurationFact,
    HelmChartConfigFact,
    InstallationFact,
    IPBlockFact,
    IPPoolFact,
)
from calico_bundle.facts.dns import (
    DnsConfigurationFact,
    DnsServerEventFact,
    KubeletDefaultsFact,
    KubeletDnsFact,
    LookupErrorFact,
)
from calico_bundle.facts.firewall import FilterRule, FilterTableFact
from calico_bundle.facts.kubernetes import (
    ContainerSpec,
    DaemonSetFact,
    DeploymentFact,
    EndpointFact,
    EventFact,
    NamespaceFact,
    NodeFact,
    PodFact,
    ServiceFact,
    ServicePort,
)
from calico_bundle.facts.machine import (
    AddressFact,
    BGPRouteFact,
    BGPSessionFact,
    InterfaceFact,
    LogEventFact,
    NeighborFact,
    NextHop,
    PortRuleFact,
    RouteFact,
    RuleFact,
    ServiceRuleFact,
    SysctlFact,
)
from calico_bundle.facts.policies import (
    HostEndpointFact,
    NetworkSetFact,
    PolicyFact,
    PolicyPort,
    PolicyRule,
    PolicySide,
    ServiceAccountFact,
    TierFact,
)
from calico_bundle.facts.service_proxy import Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.facts.types import (
    Address,
    Cited,
    Interface,
    Network,
)

__all__ = [
    "Address",
    "AddressFact",
    "ArtifactFact",
    "BGPConfigurationFact",
    "BGPPeerFact",
    "BGPRouteFact",
    "BGPSessionFact",
    "CalicoNodeStatusFact",
    "Cited",
    "ClockFact",
    "ContainerSpec",
    "DaemonSetFact",
    "DeploymentFact",
    "DnsConfigurationFact",
    "DnsServerEventFact",
    "Does",
    "EndpointFact",
    "EventFact",
    "FelixConfigurationFact",
    "FilterRule",
    "FilterTableFact",
    "HelmChartConfigFact",
    "HostEndpointFact",
    "IPBlockFact",
    "IPPoolFact",
    "InstallationFact",
    "Interface",
    "InterfaceFact",
    "KubeletDefaultsFact",
    "KubeletDnsFact",
    "LogEventFact",
    "LookupErrorFact",
    "NamespaceFact",
    "NeighborFact",
    "Network",
    "NetworkSetFact",
    "NextHop",
    "NodeFact",
    "PodFact",
    "PolicyFact",
    "PolicyPort",
    "PolicyRule",
    "PolicySide",
    "PortRuleFact",
    "ProxyMode",
    "RouteFact",
    "RuleFact",
    "ServiceAccountFact",
    "ServiceFact",
    "ServicePort",
    "ServiceRuleFact",
    "ServiceTableFact",
    "ServiceTarget",
    "SysctlFact",
    "TierFact",
]
