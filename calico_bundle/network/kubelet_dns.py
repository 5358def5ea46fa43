"""Whom pods ask by their kubelet's clusterDNS, where that is not the cluster DNS that is known.

Source: Kubernetes, DNS for Services and Pods: the kubelet writes its clusterDNS into the resolv.conf of pods that use the
cluster DNS, when a pod is made; without any, such pods get the node's resolvers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, ServiceFact
from calico_bundle.facts.service_table import cluster_addresses
from calico_bundle.network.service import DnsService


@dataclass(frozen=True, slots=True)
class AskedElsewhere:
    """What a kubelet tells pods to ask instead of the cluster DNS; no addresses: the node's own resolvers.

    `service` is another Service that has one of them. `may_be_near`: one is an address that a machine gives itself
    (RFC 3927), as caches on the node have it. `default`: the ConfigMap of kubeadm that says so, where the kubelet's own
    configuration, which counts, is not there.
    """

    addresses: tuple[Address, ...]
    service: ServiceFact | None
    evidence: Evidence
    default: str | None = None

    @property
    def may_be_near(self) -> bool:
        """Whether a server on the node itself may have one of the addresses."""
        return any(address.is_link_local or address.is_loopback for address in self.addresses)

    @property
    def text(self) -> str:
        """What is told, in words that follow "the kubelet"."""
        if self.default:
            listed = ", ".join(map(str, self.addresses[:3])) or "the node's own resolvers"
            return f"may tell pods to ask {listed}, as kubeadm's ConfigMap {self.default} has it (clusterDNS)"
        if not self.addresses:
            return "has no clusterDNS, so pods get the node's own resolvers"
        listed = ", ".join(map(str, self.addresses[:3]))
        whose = f", the address of the Service {self.service.namespace}/{self.service.name}" if self.service else ""
        return f"tells pods to ask {listed} (clusterDNS){whose}"


def asked_elsewhere(
    cluster: Cluster, dns: DnsService | None, near: Collection[Address]
) -> Mapping[str, AskedElsewhere]:
    """By node: what its kubelet tells pods to ask, where that is neither the DNS service nor a cache (`near`) on the node.

    >>> asked_elsewhere(Cluster({}), None, ())
    {}
    """
    if dns is None or not dns.service.cluster_ips:
        return {}
    known = {*dns.service.cluster_ips, *near}
    # Of two that differ, a file and what the kubelet says of itself, either may be what a pod was made with.
    told = ((name, fact) for name, node in cluster.nodes.items() for fact in node.kubelet_dns or ())
    odd = {name: fact for name, fact in told if known.isdisjoint(fact.cluster_dns)}
    if not odd and cluster.kubelet_defaults:
        return _by_default(cluster, known)
    wanted = {address for fact in odd.values() for address in fact.cluster_dns}
    services = {ip: made() for ip, made in cluster_addresses(cluster.services) if ip in wanted} if wanted else {}
    return {
        name: AskedElsewhere(
            fact.cluster_dns, next((services[ip] for ip in fact.cluster_dns if ip in services), None), fact.evidence
        )
        for name, fact in odd.items()
    }


def _by_default(cluster: Cluster, known: Collection[Address]) -> dict[str, AskedElsewhere]:
    """The same by what kubeadm gives kubelets that join, for nodes whose kubelet's own configuration is not there."""
    odd = next((d for d in cluster.kubelet_defaults if not set(known) & set(d.cluster_dns)), None)
    if odd is None:
        return {}
    told = AskedElsewhere(odd.cluster_dns, None, odd.evidence, f"{odd.namespace}/{odd.name}")
    return {name: told for name, node in cluster.nodes.items() if not node.kubelet_dns}
