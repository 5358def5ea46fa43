"""Lookups go by a cache on the pod's own node, and that cache is what fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calico_bundle.cluster import Cluster
    from calico_bundle.facts import PodFact
    from calico_bundle.network.upstreams import Upstreams

_COLLECT = (
    "kubectl get daemonsets,pods,configmaps -n kube-system -o yaml",
    "kubectl get --raw /api/v1/nodes/NODE/proxy/configz  # clusterDNS of a kubelet",
)


def examine(case: Case) -> Answer | None:
    """It does not arise where nothing speaks of such a cache."""
    from calico_bundle.network.node_local_dns import node_local_cache

    context = case.context
    cache = node_local_cache(context.cluster, context.dns)
    if cache is None:
        return None
    if cache.asked is False:
        return Answer(
            Status.RULED_OUT, f"a NodeLocal DNSCache runs here, and no pod asks it: {cache.why}", cache.evidence[:4]
        )
    pods = _pods(context.cluster)
    broken = [pod for pod in pods if pod.ready is False]
    if broken and cache.asked:
        nodes = ", ".join(sorted({pod.node or "?" for pod in broken})[:5])
        text = f"pods ask the cache on their own node ({cache.why}), and {len(broken)} of {len(pods)} are not ready: on {nodes}"
        return Answer(Status.SUPPORTED, text, (*(p.evidence for p in broken[:3]), *cache.evidence[:2]))
    unanswered = next(_unanswered(context.cluster, pods), None)
    if unanswered and cache.asked:
        pod, told = unanswered
        where = f", first that on {pod.node}" if pod.node else ""
        text = f"pods ask the cache on their own node ({cache.why}), and such caches {told.said}{where}"
        return Answer(Status.SUPPORTED, text, tuple(e.evidence for e in told.events[:4]))
    return Answer(Status.NOT_CHECKABLE, _what_is_known(cache.why, cache.upstream), cache.evidence[:4], _COLLECT)


def _pods(cluster: Cluster) -> list[PodFact]:
    from calico_bundle.facts.pod_queries import labeled

    return [pod for value in ("node-local-dns", "nodelocaldns") for pod in labeled(cluster.pods, "k8s-app", value)]


def _unanswered(cluster: Cluster, pods: list[PodFact]) -> Iterator[tuple[PodFact, Upstreams]]:
    """The caches whose own logs show, each by itself, that what they ask does not answer."""
    from calico_bundle.network.upstreams import upstreams

    for pod in pods:
        told = upstreams([e for e in cluster.dns_server_events if e.pod == pod.name], (pod.name,))
        if told and told.doubt is None:
            yield pod, told


def _what_is_known(why: str, upstream: object) -> str:
    above = f" and asks {upstream} from the node's own address" if upstream else ""
    return (
        f"a NodeLocal DNSCache runs here: {why}. Where it is asked, a lookup goes from the pod to its own node{above}, and "
        "not the way that is judged here"
    )


HYPOTHESIS = Hypothesis(
    "node-local-dns-cache",
    "Do lookups go by a cache on the pod's own node, and does that cache get answers?",
    (),
    "Kubernetes, Using NodeLocal DNSCache in Kubernetes Clusters; kubernetes/dns, node-cache",
    examine,
)
