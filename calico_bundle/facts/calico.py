"""Calico's and its operator's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from calico_bundle.evidence import Evidence
from calico_bundle.facts.machine import BGPSessionFact
from calico_bundle.facts.types import Cited, Network


@dataclass(frozen=True, slots=True)
class IPPoolFact:
    """A Calico IPPool."""

    name: Annotated[str, "metadata.name"]
    cidr: Annotated[Network | None, "spec.cidr"]
    ipip_mode: Annotated[str, "spec.ipipMode: Never | Always | CrossSubnet; Never when not there"]
    vxlan_mode: Annotated[str, "spec.vxlanMode: Never | Always | CrossSubnet; Never when not there"]
    nat_outgoing: Annotated[bool, "spec.natOutgoing"]
    disabled: Annotated[bool, "spec.disabled"]
    disable_bgp_export: Annotated[bool, "spec.disableBGPExport"]
    block_size: Annotated[int | None, "spec.blockSize, a prefix length"]
    node_selector: Annotated[str | None, "spec.nodeSelector"]
    evidence: Annotated[Evidence, "the line of spec.cidr"]
    allowed_uses: Annotated[
        tuple[str, ...], "spec.allowedUses: Workload | Tunnel | LoadBalancer; empty means the first two"
    ] = ()
    not_shown: Annotated[
        tuple[str, ...], "columns that a table or a description of it does not show, or that were hidden"
    ] = ()
    cited: Annotated[Cited, "evidence per column, where it is there: ipip_mode, vxlan_mode"] = field(
        default_factory=dict, hash=False
    )

    @property
    def mode_lines(self) -> tuple[Evidence, ...]:
        """The lines of its modes; where neither is written, and so both are Never, the line of the pool."""
        return tuple(self.cited.values()) or (self.evidence,)

    @property
    def for_pods(self) -> bool:
        """Whether pods get addresses from it: a pool that is disabled, or of tunnels or load balancers alone, gives none."""
        return not self.disabled and (not self.allowed_uses or "Workload" in self.allowed_uses)

    @property
    def hides_mode(self) -> bool:
        """Whether how it encapsulates is not shown. Where one mode is on, the other is off: Calico refuses both at once."""
        modes = {"ipip_mode": self.ipip_mode, "vxlan_mode": self.vxlan_mode}
        hidden = modes.keys() & set(self.not_shown)
        return bool(hidden) and all(mode == "Never" for name, mode in modes.items() if name not in hidden)


@dataclass(frozen=True, slots=True)
class IPBlockFact:
    """An address block and the node that owns it, from BlockAffinity or IPAMBlock."""

    cidr: Annotated[Network, "spec.cidr"]
    node: Annotated[str | None, "spec.node, or spec.affinity after 'host:'; None when no host owns it"]
    state: Annotated[str | None, "BlockAffinity's spec.state: confirmed | pending | pendingDeletion"]
    deleted: Annotated[bool, "spec.deleted"]
    borrowed: Annotated[Mapping[str, str], "IPAMBlock: address to node, for addresses used by another node"]
    source: Annotated[str, "BlockAffinity | IPAMBlock"]
    evidence: Annotated[Evidence, "the line of spec.cidr"]


@dataclass(frozen=True, slots=True)
class BGPConfigurationFact:
    """A Calico BGPConfiguration (`default`, or `node.NAME`)."""

    name: Annotated[str, "metadata.name"]
    node_to_node_mesh: Annotated[bool | None, "spec.nodeToNodeMeshEnabled; None when not there (it means true)"]
    as_number: Annotated[str | None, "spec.asNumber"]
    listen_port: Annotated[int | None, "spec.listenPort; None means 179"]
    bind_mode: Annotated[str | None, "spec.bindMode: None | NodeIP"]
    program_cluster_routes: Annotated[str | None, "spec.programClusterRoutes"]
    evidence: Annotated[Evidence, "the line of metadata.name"]
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()


@dataclass(frozen=True, slots=True)
class BGPPeerFact:
    """A Calico BGPPeer."""

    name: Annotated[str, "metadata.name"]
    node: Annotated[str | None, "spec.node"]
    node_selector: Annotated[str | None, "spec.nodeSelector"]
    peer_ip: Annotated[str | None, "spec.peerIP, with its port if it has one"]
    peer_selector: Annotated[str | None, "spec.peerSelector"]
    as_number: Annotated[str | None, "spec.asNumber"]
    source_address: Annotated[str | None, "spec.sourceAddress: UseNodeIP | None"]
    evidence: Annotated[Evidence, "the line of metadata.name"]
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()


@dataclass(frozen=True, slots=True)
class CalicoNodeStatusFact:
    """A CalicoNodeStatus: a node's BGP sessions as calico-node last reported them."""

    name: Annotated[str, "metadata.name"]
    node: Annotated[str, "spec.node"]
    sessions: Annotated[tuple[BGPSessionFact, ...], "status.bgp.peersV4 and peersV6"]
    period: Annotated[int | None, "spec.updatePeriodSeconds; 0: it is not kept up to date"]
    last_updated: Annotated[str | None, "status.lastUpdated, as it stands"]
    evidence: Annotated[Evidence, "the line of spec.node"]


@dataclass(frozen=True, slots=True)
class FelixConfigurationFact:
    """A Calico FelixConfiguration (`default`, or `node.NAME`)."""

    name: Annotated[str, "metadata.name"]
    program_cluster_routes: Annotated[str | None, "spec.programClusterRoutes"]
    bpf_enabled: Annotated[bool | None, "spec.bpfEnabled"]
    interface_prefix: Annotated[str | None, "spec.interfacePrefix"]
    wireguard_enabled: Annotated[bool | None, "spec.wireguardEnabled"]
    evidence: Annotated[Evidence, "the line of metadata.name"]
    failsafe_outbound: Annotated[
        tuple[str, ...] | None,
        "spec.failsafeOutboundHostPorts, as protocol/port; None when not there: the default ones",
    ] = None
    vxlan_port: Annotated[int | None, "spec.vxlanPort; None when not there: 4789"] = None


@dataclass(frozen=True, slots=True)
class InstallationFact:
    """The Tigera operator's Installation."""

    name: Annotated[str, "metadata.name"]
    autodetection_v4: Annotated[Mapping[str, object] | None, "spec.calicoNetwork.nodeAddressAutodetectionV4"]
    autodetection_v6: Annotated[Mapping[str, object] | None, "spec.calicoNetwork.nodeAddressAutodetectionV6"]
    bgp: Annotated[str | None, "spec.calicoNetwork.bgp: Enabled | Disabled"]
    linux_dataplane: Annotated[str | None, "spec.calicoNetwork.linuxDataplane: Iptables | BPF | Nftables | VPP"]
    kubernetes_provider: Annotated[str | None, "spec.kubernetesProvider, e.g. EKS, DockerEnterprise, RKE2"]
    cni_type: Annotated[str | None, "spec.cni.type"]
    evidence: Annotated[Evidence, "the line of nodeAddressAutodetectionV4, else of metadata.name"]


@dataclass(frozen=True, slots=True)
class HelmChartConfigFact:
    """Values that somebody gives a chart of RKE2 or K3s: what is set elsewhere, the chart sets back."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name: the chart's, such as rke2-calico"]
    values_content: Annotated[str | None, "spec.valuesContent, a text of YAML; None where it may hold a secret"]
    evidence: Annotated[Evidence, "the line of valuesContent, else of metadata.name"]
