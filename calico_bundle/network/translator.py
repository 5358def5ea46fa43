"""Who translates the addresses of services on a node: kube-proxy, Calico's eBPF dataplane, or another plugin.

Sources: Calico's documentation (eBPF: `bpfEnabled` of the FelixConfiguration, `FELIX_BPFENABLED` before it, the operator's
`linuxDataplane: BPF`; kube-proxy's rules may be left over then) and felix/config (the environment comes before a node's
own FelixConfiguration, and that before the default one). Cilium, Antrea, kube-router, OVN-Kubernetes and GKE's own network
can take kube-proxy's place, which their configuration decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from calico_bundle.calico.other_plugins import other_plugins, plugin_of_device
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import PodFact, ProxyMode
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_queries import FINISHED

_MAY_REPLACE = frozenset({"Cilium", "Antrea", "kube-router", "OVN-Kubernetes", "GKE's own network"})
_BY_KUBE_PROXY = tuple(mode for mode in ProxyMode if mode is not ProxyMode.EBPF)
_EBPF_DEVICES = frozenset({"bpfin.cali", "bpfout.cali"})
"""Devices of the eBPF dataplane where it leads a node's own packets too (felix/dataplane/linux/dataplanedefs)."""
_BPF = "FELIX_BPFENABLED"


class Translator(StrEnum):
    """Who leads packets for a service's address to its endpoints."""

    KUBE_PROXY = "kube-proxy"
    EBPF = "Calico's eBPF dataplane"
    ANOTHER = "another plugin"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Known:
    """Who translates on a node, and the lines that say so."""

    who: Translator
    evidence: tuple[Evidence, ...] = ()

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes whose rules count there; where nobody knows, they are kube-proxy's if they are anybody's."""
        of_others = {Translator.EBPF: (ProxyMode.EBPF,), Translator.ANOTHER: ()}
        return of_others.get(self.who, _BY_KUBE_PROXY)


def _by_devices(node: ClusterNode) -> Known:
    """What the devices of a node show: eBPF may have its own, as other plugins have. That none is there shows nothing."""
    for card in node.cards:
        if card.name in _EBPF_DEVICES:
            return Known(Translator.EBPF, (card.evidence,))
        if plugin_of_device(card.name) in _MAY_REPLACE:
            return Known(Translator.ANOTHER, (card.evidence,))
    return Known(Translator.UNKNOWN)


def _is_ready(node: ClusterNode) -> bool:
    return node.kubernetes is not None and node.kubernetes.ready is True


class Translators:
    """Who translates on each node of a cluster.

    >>> Translators(Cluster({})).on(ClusterNode("n1")).who.value
    'not known'
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def on(self, node: ClusterNode) -> Known:
        """Who translates on a node. Rules alone do not tell: those of one that no longer runs stay in the kernel."""
        other = next((o for o in other_plugins(self._cluster) if o.name in _MAY_REPLACE), None)
        if other:
            return Known(Translator.ANOTHER, (other.evidence,))
        configured = self._ebpf(node.name)
        if configured.who is Translator.EBPF:
            return configured
        shown = _by_devices(node)
        if shown.who is not Translator.UNKNOWN:
            return shown
        if pods := self.pods.get(node.name):
            return Known(Translator.KUBE_PROXY, (pods[0].evidence,))
        return configured

    @cached_property
    def pods(self) -> Mapping[str, list[PodFact]]:
        """The pods of kube-proxy by their node: of a DaemonSet, or static ones named after their node."""
        kept, found = columns_of(self._cluster.pods), dict[str, list[PodFact]]()
        for place, name in enumerate(kept.names):
            node = kept.nodes[place]
            if name.startswith("kube-proxy-") and node is not None and kept.phases[place] not in FINISHED:
                found.setdefault(node, []).append(self._cluster.pods[place])
        return found

    def failing(self, node: ClusterNode) -> tuple[str, tuple[Evidence, ...]] | None:
        """Why kube-proxy is seen not to run on a node that it should run on, with the lines; None where it is not.

        The state of pods on a node that is not ready is an old one.
        """
        if not _is_ready(node) or self.on(node).who in (Translator.EBPF, Translator.ANOTHER):
            return None
        pods = self.pods.get(node.name, [])
        if not pods:
            return self._without_pod(node)
        waiting = [pod for pod in pods if pod.waiting_reasons]
        if len(waiting) == len(pods):
            pod = waiting[0]
            return f"{pod.namespace}/{pod.name} waits: {', '.join(pod.waiting_reasons)}", (pod.evidence,)
        if all(pod.ready is False for pod in pods):
            return f"{pods[0].namespace}/{pods[0].name} is not ready", (pods[0].evidence,)
        return None

    def _without_pod(self, node: ClusterNode) -> tuple[str, tuple[Evidence, ...]] | None:
        """A node of Calico's that has no pod of kube-proxy, where most others have one."""
        if node.kubernetes is None or not node.kubernetes.bgp_ipv4 or not self._most_have_pods:
            return None
        first = next(iter(self.pods.values()))[0]
        return "no pod of kube-proxy is on it, as on most other nodes", (node.kubernetes.evidence, first.evidence)

    @cached_property
    def _most_have_pods(self) -> bool:
        ready = [node.name for node in self._cluster.nodes.values() if _is_ready(node)]
        return bool(self.pods) and sum(name not in self.pods for name in ready) * 2 < len(ready)

    def _ebpf(self, node: str) -> Known:
        """What the configuration says: eBPF, or not, or nothing."""
        said = list(self._said(node))
        if not said:
            return Known(Translator.UNKNOWN)
        enabled, evidence = said[0]
        if enabled is None:
            return Known(Translator.UNKNOWN, (evidence,))
        return Known(Translator.EBPF if enabled else Translator.KUBE_PROXY, (evidence,))

    def _said(self, node: str) -> Iterable[tuple[bool | None, Evidence]]:
        """What turns eBPF on or off, what counts most first; None for what a reference hides."""
        for container in self._cluster.calico_node.containers if self._cluster.calico_node else ():
            if _BPF in container.environment:
                value = container.environment[_BPF]
                yield None if value is None else value.lower() in ("true", "1", "yes", "y", "t"), container.cited[_BPF]
        own = {c.name: c for c in self._cluster.felix_configurations}
        if (special := own.get(f"node.{node}")) and special.bpf_enabled is not None:
            yield special.bpf_enabled, special.evidence
        for installation in self._cluster.installations:
            if installation.linux_dataplane:
                yield installation.linux_dataplane == "BPF", installation.evidence
        if default := own.get("default"):
            # Felix's own default is off (felix/config/config_params.go).
            yield bool(default.bpf_enabled), default.evidence
