"""What is asked of all pods of a cluster, without making a record of each where they are kept in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from calico_bundle.facts.kubernetes import PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_table import DAEMONSET, PodTable

FINISHED = frozenset({"Succeeded", "Failed"})
"""Phases of pods that are over: their sandbox is gone, and their address may be another pod's by now."""


def homes_of(pods: Sequence[PodFact]) -> dict[int, str | None]:
    """The node of every IPv4 address (as an integer) that is a pod's own; finished pods have none any more.

    >>> homes_of(())
    {}
    """
    return dict(_addresses(pods))


def disputing_nodes(pods: Sequence[PodFact], homes: Mapping[int, str | None]) -> frozenset[str]:
    """The nodes of pods that have an address which a pod on another node has too; `homes` is what `homes_of` gives.

    >>> disputing_nodes((), {})
    frozenset()
    """
    pairs = ((homes[ip], node) for ip, node in _addresses(pods))
    return frozenset(name for last, node in pairs if last != node for name in (last, node) if name is not None)


def _addresses(pods: Sequence[PodFact]) -> Iterator[tuple[int, str | None]]:
    kept = columns_of(pods)
    rows = zip(kept.ipv4s, kept.nodes, kept.host_networks, kept.phases, strict=True)
    return ((ip, node) for ip, node, host, phase in rows if ip is not None and host is False and phase not in FINISHED)


def probed_nodes(pods: Sequence[PodFact]) -> frozenset[str]:
    """The nodes with a pod of its own network that is ready by a probe over the network.

    >>> probed_nodes(())
    frozenset()
    """
    if isinstance(pods, PodTable):
        return pods.probed_nodes()
    probed = (p for p in pods if p.network_probe and p.ready and p.host_network is False)
    return frozenset(p.node for p in probed if p.node)


def unready_on_host_network(pods: Sequence[PodFact]) -> list[PodFact]:
    """The pods in their node's network that are not ready.

    >>> unready_on_host_network(())
    []
    """
    if isinstance(pods, PodTable):
        return [pods[place] for place in pods.unready_on_host_network()]
    return [p for p in pods if p.ready is False and p.host_network]


def labeled(pods: Sequence[PodFact], key: str, value: str) -> list[PodFact]:
    """The pods that have a label.

    >>> labeled((), "k8s-app", "kube-dns")
    []
    """
    if isinstance(pods, PodTable):
        return [pods[place] for place in pods.labeled(key, value)]
    return [p for p in pods if p.labels.get(key) == value]


def daemonset_pods(pods: Sequence[PodFact]) -> dict[str, PodFact]:
    """A pod of each DaemonSet, by the DaemonSet's name; of equally named ones in several namespaces the first.

    >>> daemonset_pods(())
    {}
    """
    if isinstance(pods, PodTable):
        return {name: pods[place] for name, place in pods.first_of_daemonsets().items()}
    owned = [(pod.owner.removeprefix(DAEMONSET), pod) for pod in pods if pod.owner and pod.owner.startswith(DAEMONSET)]
    return dict(reversed(owned))
