"""Lookups go by a cache on the pod's own node, and that cache is what fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calico_bundle.cluster import Cluster
    from calico_bundle.facts import PodFact
    from calico_bundle.network.node_local_dns import NodeLocalCache
    from calico_bundle.network.upstreams import Upstreams

_COLLECT = (
    "kubectl get daemonsets,pods,configmaps -n kube-system -o yaml",
    "kubectl get --raw /api/v1/nodes/NODE/proxy/configz  # clusterDNS of a kubelet",
)


def examine(case: Case) -> Answer | None:
    """It does not arise where nothing speaks of such a cache."""
    from calico_bundle.network.node_local_dns import cache_pods, node_local_cache

    context = case.context
    cache = node_local_cache(context.cluster, context.dns)
    if cache is None:
        return None
    if cache.asked is False:
        return Answer(
            Status.RULED_OUT, f"a NodeLocal DNSCache runs here, and no pod asks it: {cache.why}", cache.evidence[:4]
        )
    pods = cache_pods(context.cluster)
    broken = [pod for pod in pods if pod.ready is False]
    nodes = ", ".join(sorted({pod.node or "?" for pod in broken})[:5])
    unready = f"{len(broken)} of {len(pods)} are not ready: on {nodes}" if broken else ""
    if broken and cache.asked:
        text = f"pods ask the cache on their own node ({cache.why}), and {unready}"
        return Answer(Status.SUPPORTED, text, (*(p.evidence for p in broken[:3]), *cache.evidence[:2]))
    unanswered = next(_unanswered(context.cluster, pods), None)
    if unanswered and cache.asked:
        pod, told = unanswered
        where = f", first that on {pod.node}" if pod.node else ""
        text = f"pods ask the cache on their own node ({cache.why}), and such caches {told.said}{where}"
        return Answer(Status.SUPPORTED, text, tuple(e.evidence for e in told.events[:4]))
    lines = (*(pod.evidence for pod in broken[:3]), *cache.evidence)
    return Answer(Status.NOT_CHECKABLE, _what_is_known(cache, unready), lines[:4], _COLLECT)


def _unanswered(cluster: Cluster, pods: list[PodFact]) -> Iterator[tuple[PodFact, Upstreams]]:
    """The caches whose own logs show, each by itself, that what they ask does not answer."""
    from calico_bundle.network.upstreams import upstreams

    for pod in pods:
        told = upstreams([e for e in cluster.dns_server_events if e.pod == pod.name], (pod.name,))
        if told and told.doubt is None:
            yield pod, told


def _what_is_known(cache: NodeLocalCache, unready: str) -> str:
    above = f" and asks {cache.upstream} from the node's own address" if cache.upstream else ""
    here = "a NodeLocal DNSCache runs here" if cache.runs else "a NodeLocal DNSCache may run here"
    of_pods = f"; of its pods {unready}" if unready else ""
    return (
        f"{here}: {cache.why}{of_pods}. Where it is asked, a lookup goes from the pod to its own node{above}, and "
        "not the way that is judged here"
    )


HYPOTHESIS = Hypothesis(
    "node-local-dns-cache",
    "Do lookups go by a cache on the pod's own node, and does that cache get answers?",
    (),
    "Kubernetes, Using NodeLocal DNSCache in Kubernetes Clusters; kubernetes/dns, node-cache",
    examine,
)
