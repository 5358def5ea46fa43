"""Node objects, with what Calico keeps in their annotations (libcalico-go k8s/resources/node.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Network, NodeFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import is_ready, name_of, ready_condition

GROUPS = frozenset([""])
_CALICO = "projectcalico.org/"


def build_node(node: Fields) -> Iterator[NodeFact]:
    """A Node as a fact; one without a name is left out.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: n1, annotations: {projectcalico.org/IPv4Address: 10.0.0.1/24}}"
    >>> record = Record(Reading("nodes.yaml", text), "Node", "", next(read_yaml(text)))
    >>> next(build_node(record.fields())).bgp_ipv4
    IPv4Interface('10.0.0.1/24')
    """
    name = name_of(node)
    metadata = node.child("metadata")
    labels = metadata.string_map("labels", "labels")
    calico = metadata.child("annotations")
    addresses = list(node.child("status").children("addresses"))
    internal = [address for address in addresses if address.words("type") == "InternalIP"]
    ips = [address.address("address", "internal_ips") for address in internal]
    hostname = [found.text("address", "hostname") for found in addresses if found.words("type") == "Hostname"]
    ready = ready_condition(node.child("status"))
    yield NodeFact(
        name=name,
        internal_ips=tuple(ip for ip in ips if ip is not None),
        hostname=next(filter(None, hostname), None) or labels.get("kubernetes.io/hostname"),
        provider_id=node.child("spec").text("providerID", "provider_id"),
        bgp_ipv4=calico.interface_v4(f"{_CALICO}IPv4Address", "bgp_ipv4"),
        bgp_ipv6=calico.interface_v6(f"{_CALICO}IPv6Address", "bgp_ipv6"),
        ipip_tunnel_ip=calico.address(f"{_CALICO}IPv4IPIPTunnelAddr", "ipip_tunnel_ip"),
        vxlan_tunnel_ip=calico.address(f"{_CALICO}IPv4VXLANTunnelAddr", "vxlan_tunnel_ip"),
        as_number=calico.text(f"{_CALICO}ASNumber", "as_number"),
        route_reflector_cluster_id=calico.text(f"{_CALICO}RouteReflectorClusterID", "route_reflector_cluster_id"),
        pod_cidrs=_pod_cidrs(node.child("spec")),
        calico_interfaces=calico.text(f"{_CALICO}Interfaces", "calico_interfaces"),
        ready=is_ready(ready),
        labels=labels,
        cited=_cited(metadata, calico, internal, ready),
        redacted=node.record.redacted,
        evidence=metadata.evidence("name"),
        heartbeat=ready.text("lastHeartbeatTime", "heartbeat") if ready else None,
    )


def _pod_cidrs(spec: Fields) -> tuple[Network, ...]:
    if "podCIDRs" in spec:
        return spec.networks("podCIDRs", "pod_cidrs")
    single = spec.network("podCIDR", "pod_cidrs")
    return () if single is None else (single,)


def _cited(metadata: Fields, calico: Fields, internal: list[Fields], ready: Fields | None) -> dict[str, Evidence]:
    return {
        **metadata.cited(name="name"),
        **(internal[0].cited(internal_ips="address") if internal else {}),
        **calico.cited(
            bgp_ipv4=f"{_CALICO}IPv4Address",
            bgp_ipv6=f"{_CALICO}IPv6Address",
            ipip_tunnel_ip=f"{_CALICO}IPv4IPIPTunnelAddr",
            vxlan_tunnel_ip=f"{_CALICO}IPv4VXLANTunnelAddr",
            as_number=f"{_CALICO}ASNumber",
            calico_interfaces=f"{_CALICO}Interfaces",
        ),
        **(ready.cited(ready="status", heartbeat="lastHeartbeatTime") if ready else {}),
    }


_ANNOTATIONS = (
    "IPv4Address",
    "IPv6Address",
    "IPv4IPIPTunnelAddr",
    "IPv4VXLANTunnelAddr",
    "ASNumber",
    "RouteReflectorClusterID",
    "Interfaces",
)
NEEDS: dict[str, Needs] = {
    "Node": {
        "metadata": {"name": None, "labels": None, "annotations": {f"{_CALICO}{name}": None for name in _ANNOTATIONS}},
        "spec": {"podCIDR": None, "podCIDRs": None, "providerID": None},
        "status": {
            "addresses": {"address": None, "type": None},
            "conditions": {"lastHeartbeatTime": None, "status": None, "type": None},
        },
    }
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"Node": build_node}
