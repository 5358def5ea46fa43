"""Kubernetes objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface
from typing import Annotated

from calico_bundle.evidence import Evidence
from calico_bundle.facts.types import Address, Cited, Network


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
    cited: Annotated[
        Cited,
        "evidence per column: name, internal_ips, bgp_ipv4, bgp_ipv6, the tunnel addresses, ready, heartbeat, "
        "calico_interfaces",
    ]
    evidence: Annotated[Evidence, "the line of metadata.name"]
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()
    heartbeat: Annotated[str | None, "lastHeartbeatTime of the condition Ready, as it stands"] = None


@dataclass(frozen=True, slots=True)
class PodFact:
    """A Pod, as far as its DNS and its place in the network go."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    node: Annotated[str | None, "spec.nodeName; None when not scheduled"]
    ips: Annotated[tuple[Address, ...], "status.podIPs, else status.podIP"]
    host_ip: Annotated[Address | None, "status.hostIP"]
    host_network: Annotated[bool | None, "spec.hostNetwork; None where it is not shown and no address tells"]
    dns_policy: Annotated[str | None, "spec.dnsPolicy; ClusterFirst when not there; None where it is not shown"]
    dns_nameservers: Annotated[tuple[str, ...], "spec.dnsConfig.nameservers"]
    phase: Annotated[str | None, "status.phase"]
    ready: Annotated[bool | None, "condition Ready"]
    restarts: Annotated[int, "sum of status.containerStatuses[].restartCount"]
    waiting_reasons: Annotated[
        tuple[str, ...], "status.containerStatuses[].state.waiting.reason, e.g. CrashLoopBackOff"
    ]
    owner: Annotated[str | None, "kind/name of the controlling ownerReference"]
    labels: Annotated[Mapping[str, str], "metadata.labels"]
    redacted: Annotated[tuple[str, ...], "columns whose value the collector hid"]
    evidence: Annotated[Evidence, "the line of metadata.name"]
    network_probe: Annotated[bool, "a container has a readinessProbe by httpGet, tcpSocket or grpc"] = False
    service_account: Annotated[str | None, "spec.serviceAccountName"] = None
    named_ports: Annotated[
        tuple[str, ...], "spec.containers[].ports[] that have a name, as name/containerPort/protocol: dns/53/UDP"
    ] = ()
    last_ends: Annotated[
        tuple[str, ...],
        "status.containerStatuses[].lastState.terminated, of containers that ended before, as "
        "name/reason/exitCode/finishedAt: coredns/OOMKilled/137/2026-11-22T23:20:00Z",
    ] = ()
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()


@dataclass(frozen=True, slots=True)
class DeploymentFact:
    """A Deployment: how many pods it shall have, and which labels they get."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    replicas: Annotated[int | None, "spec.replicas; None where it is not there or hidden"]
    pod_labels: Annotated[Mapping[str, str], "spec.template.metadata.labels"]
    evidence: Annotated[Evidence, "the line of spec.replicas, else of metadata.name"]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service."""

    name: Annotated[str | None, "ports[].name"]
    port: Annotated[int, "ports[].port"]
    protocol: Annotated[str, "ports[].protocol; TCP when not there"]
    target_port: Annotated[
        str | None, "ports[].targetPort, a number or a name; None when not there: the same as port"
    ] = None


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
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()
    internal_traffic_policy: Annotated[
        str | None, "spec.internalTrafficPolicy: Cluster | Local; missing: not there, which is Cluster, or not shown"
    ] = None


@dataclass(frozen=True, slots=True)
class EndpointFact:
    """One address behind a Service, from Endpoints or an EndpointSlice."""

    namespace: Annotated[str, "metadata.namespace"]
    service: Annotated[str, "name of the Endpoints, or the label kubernetes.io/service-name of the slice"]
    ip: Annotated[Address | None, "the address; None when the object has none, or it is redacted"]
    ready: Annotated[
        bool | None,
        "in subsets[].addresses (not notReadyAddresses), or conditions.ready is not false; None: a table of EndpointSlices",
    ]
    node: Annotated[str | None, "nodeName"]
    pod_namespace: Annotated[str | None, "targetRef.namespace, else the object's namespace, when targetRef is a Pod"]
    pod: Annotated[str | None, "targetRef.name when targetRef is a Pod"]
    source: Annotated[str, "Endpoints | EndpointSlice"]
    evidence: Annotated[Evidence, "the line of the address; of the object when it has no address"]
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()
    object_name: Annotated[str | None, "metadata.name of the EndpointSlice: a Service may have several"] = None
    ports: Annotated[
        tuple[ServicePort, ...] | None,
        "the ports that the address listens on, of all subsets or of the slice; as name/port/protocol, e.g. dns/53/UDP; "
        "missing: not shown, or told in two ways",
    ] = None
    ends_serving: Annotated[
        bool, "conditions.serving and conditions.terminating: its pod ends, and would be ready if it did not"
    ] = False


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
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()


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
    not_shown: Annotated[tuple[str, ...], "columns that a table or a description of it does not show"] = ()
    redacted: Annotated[tuple[str, ...], "columns whose value the collector hid"] = ()
