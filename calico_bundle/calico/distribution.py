"""What brought Calico here, where that matters for a change of its settings: what undoes an edit made elsewhere.

Sources: rancher/rke2 (chart rke2-calico with its HelmChartConfig; provider IDs rke2:// and k3s://), canonical/microk8s
(label microk8s.io/cluster; the manifest in args/cni-network), kubespray roles/network_plugin/calico (calico-node.yml.j2:
FELIX_CHAININSERTMODE and FELIX_IGNORELOOSERPF, which Calico's own manifest has not; can-reach=$(NODEIP) by default).
"""

from __future__ import annotations

from enum import StrEnum

from calico_bundle.cluster import Cluster

_KUBESPRAY = frozenset({"FELIX_CHAININSERTMODE", "FELIX_IGNORELOOSERPF"})
_KUBESPRAY_METHOD = "can-reach=$(NODEIP)"
_TYPE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")


class Distribution(StrEnum):
    """Who keeps Calico's settings beside Calico itself; `PLAIN` where nothing shows that anybody does."""

    PLAIN = "plain"
    RKE2 = "RKE2"
    K3S = "K3s"
    MICROK8S = "MicroK8s"
    KUBESPRAY = "kubespray"


def distribution_of(cluster: Cluster) -> Distribution:
    """Which distribution the cluster shows itself to be.

    >>> distribution_of(Cluster({})).value
    'plain'
    """
    nodes = [node.kubernetes for node in cluster.nodes.values() if node.kubernetes]
    words = {(node.provider_id or "").partition("://")[0] for node in nodes}
    words |= {node.labels.get(label, "") for node in nodes for label in _TYPE_LABELS}
    providers = {i.kubernetes_provider for i in cluster.installations}
    if "rke2" in words or "RKE2" in providers:
        return Distribution.RKE2
    if "k3s" in words:
        return Distribution.K3S
    if any("microk8s.io/cluster" in node.labels for node in nodes):
        return Distribution.MICROK8S
    return Distribution.KUBESPRAY if _by_kubespray(cluster) else Distribution.PLAIN


def _by_kubespray(cluster: Cluster) -> bool:
    daemonset = cluster.calico_node
    environments = [c.environment for c in daemonset.containers if c.name == "calico-node"] if daemonset else []
    return any(
        env.keys() >= _KUBESPRAY or env.get("IP_AUTODETECTION_METHOD") == _KUBESPRAY_METHOD for env in environments
    )
