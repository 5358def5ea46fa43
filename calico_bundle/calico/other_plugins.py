"""Other network plugins beside Calico, or in its place: their names, their devices, and whose the pods' packets are.

Calico's rules say nothing of the packets that another plugin carries. Left-over annotations and pools of a cluster that
was moved to another plugin look like Calico's, and describe nothing that runs.

Sources: each plugin's own manifest (name of its DaemonSet) and code (names of its devices): cilium/cilium
pkg/defaults/node.go, flannel-io/flannel Documentation/kube-flannel.yml, projectcalico/calico manifests/canal.yaml,
weaveworks/weave, cloudnativelabs/kube-router, antrea-io/antrea pkg/agent/config, kubernetes-sigs/kind kindnetd,
ovn-org/ovn-kubernetes go-controller/pkg/types, aws/amazon-vpc-cni-k8s, Azure/azure-container-networking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from calico_bundle.calico.installation import installation_of
from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts.pod_queries import daemonset_pods, labeled


@dataclass(frozen=True, slots=True)
class _Known:
    """A plugin by the names of the DaemonSets that run it, and of the devices it makes."""

    name: str
    daemonsets: re.Pattern[str]
    devices: re.Pattern[str] | None


def _known(name: str, daemonsets: str, devices: str | None = None) -> _Known:
    return _Known(name, re.compile(daemonsets), re.compile(devices) if devices else None)


_KNOWN: Final = (
    _known("Cilium", r"cilium", r"cilium_\w+|lxc(?:_health|[0-9a-f]{4,})"),
    _known("flannel", r"kube-flannel(?:-ds.*)?|(?:rke2-)?canal", r"flannel\S*|cni\d+|cbr\d+"),
    _known("Weave Net", r"weave-net", r"weave|vethwe\S*"),
    _known("kube-router", r"kube-router", r"kube-bridge"),
    _known("Antrea", r"antrea-agent", r"antrea-\S+"),
    _known("kindnet", r"kindnet", r"veth[0-9a-f]{6,}"),
    _known("OVN-Kubernetes", r"ovnkube-node.*", r"ovn-k8s-mp\d*|br-int|genev_sys_\d+"),
    _known("the Amazon VPC CNI", r"aws-node", r"eni[0-9a-f]{8,}"),
    _known("Azure CNI", r"azure-c(?:ni|ns)\S*", r"azv[0-9a-f]+"),
    _known("GKE's own network", r"anetd|netd", r"gke[0-9a-f]{8,}"),
)
_BESIDE: Final = (
    "it runs beside calico-node. Recorded routes are followed up to its devices; what lies behind them is not known here, "
    "nor are the routes of its own that nobody recorded"
)
_ALONE: Final = (
    "calico-node does not run here. This program knows Calico's rules: of pods that another plugin connects it can say "
    "whether the DNS service has ready endpoints, and nothing of the ways there"
)
_CALICO_NODE: Final = re.compile(r"calico-node|(?:rke2-)?canal")
_CANAL: Final = re.compile(r"(?:rke2-)?canal")


@dataclass(frozen=True, slots=True)
class OtherPlugin:
    """A plugin whose agents run in the cluster: its DaemonSet, the line that shows it, and what that means here."""

    name: str
    daemonset: str
    evidence: Evidence
    text: str


def other_plugins(cluster: Cluster) -> tuple[OtherPlugin, ...]:
    """The plugins beside Calico whose DaemonSets, or pods of them, are in the bundle.

    >>> other_plugins(Cluster({}))
    ()
    """
    agents = _agents(cluster)
    text = _BESIDE if _runs_calico(cluster) else _ALONE
    first: dict[str, OtherPlugin] = {}
    for agent, evidence in agents.items():
        for known in _KNOWN:
            if known.daemonsets.fullmatch(_name(agent)):
                first.setdefault(known.name, OtherPlugin(known.name, agent, evidence, text))
    return tuple(first.values())


@lru_cache(4096)
def plugin_of_device(device: str) -> str | None:
    """The plugin that makes devices of such a name; None for cards, and for Calico's own devices.

    >>> plugin_of_device("cilium_host"), plugin_of_device("cali15d23e71acc"), plugin_of_device("ens18")
    ('Cilium', None, None)
    """
    return next((known.name for known in _KNOWN if known.devices and known.devices.fullmatch(device)), None)


def replaced_by(cluster: Cluster) -> OtherPlugin | None:
    """The plugin that runs in Calico's place: its agents are there, and nothing of calico-node is.

    >>> replaced_by(Cluster({})) is None
    True
    """
    others = other_plugins(cluster)
    return others[0] if others and not _runs_calico(cluster) else None


def carrier(cluster: Cluster) -> OtherPlugin | None:
    """The plugin that carries pods' packets, where it is not Calico: calico-node makes policy alone, or does not run.

    Where its environment is not in the bundle, or refers to what is not, another plugin's agents leave it open, and it
    is theirs as far as anybody can tell.

    >>> carrier(Cluster({})) is None
    True
    """
    others = other_plugins(cluster)
    if not others or not _runs_calico(cluster):
        return others[0] if others else None
    canal = next((other for other in others if _CANAL.fullmatch(_name(other.daemonset))), None)
    if canal or cluster.calico_node is None or installation_of(cluster).backend in ("none", "?"):
        return canal or others[0]
    return None


def _runs_calico(cluster: Cluster) -> bool:
    """Whether anything shows calico-node at work."""
    agents = (_name(agent) for agent in _agents(cluster))
    spoke = any(n.log_events or n.sessions for n in cluster.nodes.values())
    return (
        cluster.calico_node is not None
        or spoke
        or any(map(_CALICO_NODE.fullmatch, agents))
        or bool(labeled(cluster.pods, "k8s-app", "calico-node"))
    )


def _agents(cluster: Cluster) -> Mapping[str, Evidence]:
    """Every DaemonSet, as NAMESPACE/NAME, by its object or by one of its pods, with the line that names it."""
    return dict(reversed(list(_stated_agents(cluster))))


def _stated_agents(cluster: Cluster) -> Iterator[tuple[str, Evidence]]:
    yield from ((f"{one.namespace}/{one.name}", one.evidence) for one in cluster.daemonsets)
    yield from ((f"{pod.namespace}/{name}", pod.evidence) for name, pod in daemonset_pods(cluster.pods).items())


def _name(agent: str) -> str:
    return agent.rpartition("/")[2]
