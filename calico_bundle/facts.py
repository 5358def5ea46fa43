"""The records that parsers produce: one class per kind of fact, every column described once, beside its field.

A fact says what one artifact stated, and `evidence` is the line that stated it. Facts that were read on a machine
(addresses, routes, sessions) do not name the node: the artifact belongs to a node, and `cluster` joins the two.
`describe()`, the documentation and the DataFrames take the columns from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated

from calico_bundle.evidence import Evidence

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network
Cited = Mapping[str, Evidence]
"""The line of each field that a finding may want to quote on its own: field name to evidence."""


# --- Kubernetes objects -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeFact:
    """A Kubernetes Node, with what Calico stores in its annotations (libcalico-go k8s/resources/node.go)."""

    name: Annotated[str, "metadata.name"]
    internal_ips: Annotated[tuple[Address, ...], "status.addresses of type InternalIP, in order"]
    hostname: Annotated[str | None, "status.addresses of type Hostname, else the label kubernetes.io/hostname"]
    provider_id: Annotated[str | None, "spec.providerID"]
    bgp_ipv4: Annotated[IPv4Interface | None, "annotation projectcalico.org/IPv4Address; a bare address means /32"]
    bgp_ipv6: Annotated[IPv6Interface | None, "annotation projectcalico.org/IPv6Address; a bare address means /128"]
    ipip_tunnel_ip: Annotated[Address | None, "annotation projectcalico.org/IPv4IPIPTunnelAddr"]
    vxlan_tunnel_ip: Annotated[Address | None, "annotation projectcalico.org/IPv4VXLANTunnelAddr"]
    as_number: Annotated[str | None, "annotation projectcalico.org/ASNumber"]
    route_reflector_cluster_id: Annotated[str | None, "annotation projectcalico.org/RouteReflectorClusterID"]
    pod_cidrs: Annotated[tuple[Network, ...], "spec.podCIDRs, else spec.podCIDR"]
    calico_interfaces: Annotated[str | None, "annotation projectcalico.org/Interfaces, as it stands (JSON, v3.31+)"]
    ready: Annotated[bool | None, "condition Ready is True / False; None when Unknown or not there"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    redacted: Annotated[tuple[str, ...], "columns whose value the collector hid"]
    cited: Annotated[Cited, "evidence per column: name, internal_ips, bgp_ipv4, bgp_ipv6, ready, calico_interfaces"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


@dataclass(frozen=True, slots=True)
class PodFact:
    """A Pod, as far as its DNS and its place in the network go."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    node: Annotated[str | None, "spec.nodeName; None when not scheduled"]
    ips: Annotated[tuple[Address, ...], "status.podIPs, else status.podIP"]
    host_ip: Annotated[Address | None, "status.hostIP"]
    host_network: Annotated[bool, "spec.hostNetwork"]
    dns_policy: Annotated[str, "spec.dnsPolicy; ClusterFirst when not there"]
    dns_nameservers: Annotated[tuple[str, ...], "spec.dnsConfig.nameservers"]
    phase: Annotated[str | None, "status.phase"]
    ready: Annotated[bool | None, "condition Ready"]
    restarts: Annotated[int, "sum of status.containerStatuses[].restartCount"]
    waiting_reasons: Annotated[tuple[str, ...], "status.containerStatuses[].state.waiting.reason, e.g. CrashLoopBackOff"]
    owner: Annotated[str | None, "kind/name of the controlling ownerReference"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    redacted: Annotated[tuple[str, ...], "columns whose value the collector hid"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service."""

    name: Annotated[str | None, "ports[].name"]
    port: Annotated[int, "ports[].port"]
    protocol: Annotated[str, "ports[].protocol; TCP when not there"]


@dataclass(frozen=True, slots=True)
class ServiceFact:
    """A Service."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    type: Annotated[str, "spec.type; ClusterIP when not there"]
    cluster_ips: Annotated[tuple[Address, ...], "spec.clusterIPs, else spec.clusterIP, without 'None'"]
    ports: Annotated[tuple[ServicePort, ...], "spec.ports"]
    selector: Annotated[Mapping[str, str], "spec.selector"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    redacted: Annotated[tuple[str, ...], "columns whose value the collector hid"]
    evidence: Annotated[Evidence, "the line of spec.clusterIP, else of metadata.name"]


@dataclass(frozen=True, slots=True)
class EndpointFact:
    """One address behind a Service, from Endpoints or an EndpointSlice."""

    namespace: Annotated[str, "metadata.namespace"]
    service: Annotated[str, "name of the Endpoints, or the label kubernetes.io/service-name of the slice"]
    ip: Annotated[Address | None, "the address; None when the object has none, or it is redacted"]
    ready: Annotated[bool, "in subsets[].addresses (not notReadyAddresses), or conditions.ready is not false"]
    node: Annotated[str | None, "nodeName"]
    pod_namespace: Annotated[str | None, "targetRef.namespace, else the object's namespace, when targetRef is a Pod"]
    pod: Annotated[str | None, "targetRef.name when targetRef is a Pod"]
    source: Annotated[str, "Endpoints | EndpointSlice"]
    evidence: Annotated[Evidence, "the line of the address; of the object when it has no address"]


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container of a pod template, with its literal environment."""

    name: Annotated[str, "containers[].name"]
    image: Annotated[str | None, "containers[].image"]
    environment: Annotated[Mapping[str, str | None], "env[] with a value; None where it comes from valueFrom"]
    cited: Annotated[Cited, "evidence per environment variable, and `image`"]


@dataclass(frozen=True, slots=True)
class DaemonSetFact:
    """A DaemonSet: calico-node's holds how the node address is detected."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    containers: Annotated[tuple[ContainerSpec, ...], "spec.template.spec.containers"]
    owner: Annotated[str | None, "kind/name of the controlling ownerReference; Installation/default under the operator"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


@dataclass(frozen=True, slots=True)
class EventFact:
    """A Kubernetes Event."""

    namespace: Annotated[str, "metadata.namespace"]
    reason: Annotated[str, "reason, e.g. Unhealthy"]
    message: Annotated[str, "message (note in events.k8s.io), cleaned"]
    type: Annotated[str | None, "Normal | Warning"]
    object_kind: Annotated[str | None, "involvedObject.kind (regarding.kind)"]
    object_name: Annotated[str | None, "involvedObject.name (regarding.name)"]
    host: Annotated[str | None, "source.host, else deprecatedSource.host: the node for kubelet's events"]
    last_seen: Annotated[str | None, "lastTimestamp, else eventTime, else metadata.creationTimestamp, as it stands"]
    count: Annotated[int, "count; 1 when not there"]
    evidence: Annotated[Evidence, "the line of the message"]


@dataclass(frozen=True, slots=True)
class NamespaceFact:
    """A Namespace."""

    name: Annotated[str, "metadata.name"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


# --- Calico and operator objects ------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class FelixConfigurationFact:
    """A Calico FelixConfiguration (`default`, or `node.NAME`)."""

    name: Annotated[str, "metadata.name"]
    program_cluster_routes: Annotated[str | None, "spec.programClusterRoutes"]
    bpf_enabled: Annotated[bool | None, "spec.bpfEnabled"]
    interface_prefix: Annotated[str | None, "spec.interfacePrefix"]
    wireguard_enabled: Annotated[bool | None, "spec.wireguardEnabled"]
    evidence: Annotated[Evidence, "the line of metadata.name"]


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


# --- what was read on a machine ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InterfaceFact:
    """A network interface of a node."""

    order: Annotated[int, "place in the listing, from 0: kernel dump order, which autodetection walks in reverse"]
    index: Annotated[int | None, "interface index; None where the listing has none (-br)"]
    name: Annotated[str, "name, without @peer"]
    flags: Annotated[tuple[str, ...], "flags in angle brackets, e.g. UP, LOWER_UP, NO-CARRIER"]
    state: Annotated[str | None, "operational state: UP | DOWN | UNKNOWN | LOWERLAYERDOWN"]
    mtu: Annotated[int | None, "MTU in bytes"]
    mac: Annotated[str | None, "link-layer address, lower case"]
    master: Annotated[str | None, "bridge, bond or VRF it is enslaved to"]
    kind: Annotated[str | None, "kind from the detail line of `ip -d`: vxlan, bond, bridge, vlan, veth ..."]
    vxlan_local: Annotated[Address | None, "vxlan: outer source address"]
    vxlan_device: Annotated[str | None, "vxlan: underlying device"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class AddressFact:
    """An address of a network interface."""

    interface: Annotated[str, "interface name"]
    address: Annotated[Interface, "address with its prefix length"]
    peer: Annotated[Address | None, "the far end of a point-to-point address"]
    scope: Annotated[str | None, "global | link | host | site"]
    flags: Annotated[tuple[str, ...], "secondary, dynamic, deprecated, tentative, noprefixroute ..."]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where a route sends packets."""

    gateway: Annotated[Address | None, "next hop; None on a connected network"]
    device: Annotated[str | None, "outgoing interface"]
    flags: Annotated[tuple[str, ...], "onlink, linkdown, dead, pervasive"]
    weight: Annotated[int, "weight among the next hops of a multipath route"]


@dataclass(frozen=True, slots=True)
class RouteFact:
    """A route of a node's kernel."""

    family: Annotated[int, "4 or 6"]
    table: Annotated[str, "routing table as printed; `main` when the listing prints none"]
    type: Annotated[str, "unicast, local, broadcast, multicast, anycast, blackhole, unreachable, prohibit, throw"]
    destination: Annotated[Network, "network; default is 0.0.0.0/0 or ::/0"]
    next_hops: Annotated[tuple[NextHop, ...], "one, or several for a multipath route; none for blackhole and its like"]
    protocol: Annotated[str | None, "who wrote it, as printed: kernel, static, bird, 80 (Felix) ..."]
    scope: Annotated[str | None, "link | host | global, as printed"]
    source: Annotated[Address | None, "preferred source address (src)"]
    metric: Annotated[int, "metric; 0 when not printed"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class RuleFact:
    """A policy routing rule of a node's kernel."""

    family: Annotated[int | None, "4 or 6, as far as the rule itself or the file name tells"]
    priority: Annotated[int, "priority; lower is looked at first"]
    inverted: Annotated[bool, "`not`: applies to what does not match"]
    source: Annotated[Network | None, "from; None means all"]
    destination: Annotated[Network | None, "to; None means all"]
    input_device: Annotated[str | None, "iif"]
    output_device: Annotated[str | None, "oif"]
    mark: Annotated[int | None, "fwmark"]
    mark_mask: Annotated[int | None, "mask of fwmark; None means all bits"]
    other: Annotated[tuple[str, ...], "further selectors as printed (uidrange, ipproto, sport, l3mdev ...)"]
    action: Annotated[str, "lookup, blackhole, unreachable, prohibit, goto, nop"]
    table: Annotated[str | None, "table of lookup, or target of goto"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class NeighborFact:
    """An entry of a node's ARP or neighbor table."""

    address: Annotated[Address, "neighbor's address"]
    device: Annotated[str | None, "interface"]
    mac: Annotated[str | None, "link-layer address, lower case; None when it did not answer"]
    state: Annotated[str | None, "REACHABLE, STALE, DELAY, PERMANENT, INCOMPLETE, FAILED ..."]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class SysctlFact:
    """A kernel setting of a node."""

    key: Annotated[str, "dotted name, e.g. net.ipv4.conf.all.rp_filter"]
    value: Annotated[str, "value as printed"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class BGPSessionFact:
    """One BGP peering as BIRD or `calicoctl node status` shows it on a node."""

    protocol: Annotated[str | None, "BIRD's protocol name, e.g. Mesh_10_0_0_1; None from calicoctl"]
    peer: Annotated[Address | None, "peer address; from the neighbor line, else from the name"]
    type: Annotated[str | None, "node-to-node mesh | node specific | global"]
    state: Annotated[str, "protocol state: up, start, down ..."]
    since: Annotated[str | None, "time or date, as printed"]
    info: Annotated[str, "BGP state and last error: Established, Passive, Connect, Active Socket: ..."]
    established: Annotated[bool, "info begins with Established"]
    source_address: Annotated[Address | None, "own address of the session (`show protocols all`, only when up)"]
    source: Annotated[str, "birdcl | calicoctl"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class BGPRouteFact:
    """A route in BIRD's table on a node (`show route`)."""

    destination: Annotated[Network, "network"]
    kind: Annotated[str, "via | dev | blackhole | unreachable | prohibited | multipath"]
    gateway: Annotated[Address | None, "next hop after resolution"]
    device: Annotated[str | None, "outgoing interface"]
    protocol: Annotated[str, "BIRD protocol it came from, e.g. Mesh_10_0_0_1, kernel1, static1"]
    learned_from: Annotated[Address | None, "`from` address, where it differs"]
    best: Annotated[bool, "marked *"]
    preference: Annotated[int | None, "first number in the parentheses"]
    metric: Annotated[str | None, "second part in the parentheses, as printed: 0, ?, -"]
    stale: Annotated[bool, "marked s: kept by graceful restart"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class LogEventFact:
    """A line of a calico-node (or BIRD, Felix, confd) log that means something here."""

    time: Annotated[str | None, "timestamp as printed; None for BIRD's lines"]
    level: Annotated[str | None, "INFO, WARNING, ERROR, FATAL"]
    component: Annotated[str | None, "startup, monitor-addresses, felix, confd, bird ..."]
    event: Annotated[str, "what it means: the slug of its rule, e.g. address-autodetected"]
    values: Annotated[Mapping[str, str], "the values in it: address, interface, method, node ..."]
    evidence: Annotated[Evidence, "its line"]


# --- the bundle itself --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArtifactFact:
    """One file of the bundle and what it was taken for."""

    path: Annotated[str, "path inside the bundle; a member of a nested archive is outer.zip!/inner"]
    layout: Annotated[str, "name of the layout that placed it"]
    kind: Annotated[str | None, "kind of its parser, e.g. ip-route; None: no parser knows its content"]
    node: Annotated[str | None, "the node it belongs to, after the join; None for the whole cluster"]
    joined_by: Annotated[str | None, "how the node was found: exact name, short name, address ..."]
    size: Annotated[int, "bytes"]
    facts: Annotated[int, "facts read from it"]
    gaps: Annotated[int, "gaps in it"]

