"""What leaves paths open before any packet is walked, and what would settle it."""

from __future__ import annotations

from typing import NamedTuple

from calico_bundle.calico.other_plugins import replaced_by
from calico_bundle.cluster import Cluster
from calico_bundle.network.outcome import ENDPOINTS, NODES, PODS, SERVICES, Settles
from calico_bundle.network.service import DnsService, addressless
from calico_bundle.paths.doubts import gone

NETWORK_NOT_SHOWN = "whether the pod uses its node's network (hostNetwork) is not shown, and its address does not tell"


class OpenQuestion(NamedTuple):
    """Why a path cannot be judged, and what would settle it; None where no command does."""

    text: str
    settle: Settles | None = None


HOST_NETWORK = OpenQuestion(NETWORK_NOT_SHOWN, Settles((PODS,)))
NO_NODE_SHOWN = OpenQuestion("no node of the pod is shown: it has none yet, or the table lacks it", Settles((PODS,)))
DNS_POLICY = OpenQuestion(
    "whether the pod uses cluster DNS (dnsPolicy) is not shown by a table or a description", Settles((PODS,))
)


def open_for_all(cluster: Cluster, dns: DnsService | None) -> OpenQuestion | None:
    """What leaves every path open, whosever it is.

    >>> open_for_all(Cluster({}), None).text
    "nothing in the bundle speaks of Calico, and this program knows no other network's rules"
    """
    if cluster.mixture:
        return OpenQuestion(cluster.mixture)
    if not cluster.has_calico:
        return OpenQuestion("nothing in the bundle speaks of Calico, and this program knows no other network's rules")
    if other := replaced_by(cluster):
        text = f"{other.name} (DaemonSet {other.daemonset}) runs in Calico's place, and its rules are not known here"
        return OpenQuestion(text)
    if dns is None and (service := addressless(cluster)):
        name = f"{service.namespace}/{service.name}"
        return OpenQuestion(
            f"the DNS service {name} has no address of its own: whom pods ask instead is not in the bundle"
        )
    return _of_service(dns)


def _of_service(dns: DnsService | None) -> OpenQuestion | None:
    if dns is None:
        return OpenQuestion("the bundle has no cluster DNS service", Settles((SERVICES, ENDPOINTS)))
    if not dns.listed:
        text = f"the bundle has no endpoints of {dns.service.namespace}/{dns.service.name}"
        return OpenQuestion(text, Settles((ENDPOINTS,)))
    if dns.contradiction:
        return OpenQuestion(dns.contradiction)
    if dns.hidden:
        text = (
            "not all addresses of the ready DNS endpoints are in the bundle: the collector hid them, or a table shows the "
            "first alone, or not who is ready"
        )
        return OpenQuestion(text, Settles((ENDPOINTS,)))
    if dns.ending:
        text = (
            "no DNS endpoint is ready, and some terminate and still serve: kube-proxy from Kubernetes 1.26 on leads lookups to "
            "those until they are gone, an older one does not"
        )
        return OpenQuestion(text)
    if dns.address is None:
        return OpenQuestion("the DNS service's address is not in the bundle", Settles((SERVICES,)))
    return None


def open_for_one(cluster: Cluster, node: str | None, value: int | None) -> OpenQuestion | None:
    """What leaves the path of one pod open: its node, or its address.

    >>> open_for_one(Cluster({}), None, 1).text
    'the pod has no node yet'
    """
    if node is None:
        return OpenQuestion("the pod has no node yet")
    if node not in cluster.nodes:
        return OpenQuestion(f"the bundle has nothing of the pod's node {node}", Settles((NODES,)))
    doubt = gone(cluster.nodes[node])
    if doubt is not None:
        return OpenQuestion(doubt.text, doubt.settle)
    if value is None:
        return OpenQuestion("the pod's address is not in the bundle", Settles((PODS,)))
    return None
