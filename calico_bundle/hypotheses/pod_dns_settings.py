"""Pods do not ask the cluster DNS at all, though the names they look up are the cluster's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calico_bundle.facts import LookupErrorFact, PodFact
    from calico_bundle.network.kubelet_dns import AskedElsewhere

_COLLECT = ("kubectl get pods -A -o yaml", "kubectl exec -n NAMESPACE POD -- cat /etc/resolv.conf")


def examine(case: Case) -> Answer | None:
    """Ruled out where every pod's dnsPolicy is known and each asks the cluster DNS."""
    from calico_bundle.paths import Verdict

    paths = case.context.paths
    if not paths.pods:
        return None
    if found := next(_astray(case), None):
        pod, fact, text = found
        return Answer(Status.SUPPORTED, text, (fact.evidence, pod.evidence))
    if told := case.context.paths.asked_elsewhere:
        return _of_kubelets(case, told)
    spared, unknown = (
        paths.counts[Verdict.NOT_APPLICABLE],
        sum(1 for p in case.context.cluster.pods if not p.dns_policy),
    )
    if unknown:
        return Answer(Status.NOT_CHECKABLE, f"the dnsPolicy of {unknown} pods is not shown", collect=_COLLECT)
    if not spared:
        first = tuple(path.pod.evidence for path in paths.pods[:2])
        return Answer(Status.RULED_OUT, f"all {len(paths.pods)} pods ask the cluster DNS, by their dnsPolicy", first)
    text = (
        f"{spared} of {len(paths.pods)} pods do not ask the cluster DNS (dnsPolicy, or hostNetwork without "
        "ClusterFirstWithHostNet); whether they look up names of the cluster, their logs would say"
    )
    return Answer(Status.NOT_CHECKABLE, text, collect=_COLLECT)


def _of_kubelets(case: Case, told: Mapping[str, AskedElsewhere]) -> Answer:
    """Supported where nobody in the cluster is known to have the address that kubelets tell pods to ask."""
    dns = case.context.dns
    name, first = next(iter(told.items()))
    more = f" (and {len(told) - 1} more nodes)" if len(told) > 1 else ""
    own = ", ".join(map(str, dns.service.cluster_ips)) if dns else "?"
    text = f"the kubelet of {name}{more} {first.text}, and the DNS service has {own}"
    lines = (first.evidence, *((dns.service.evidence,) if dns else ()))
    if first.service or first.may_be_near or first.default:
        text = f"{text}: whether a DNS server answers there is not in the bundle"
        return Answer(Status.NOT_CHECKABLE, text, lines, _COLLECT[1:])
    return Answer(Status.SUPPORTED, text, lines)


def _astray(case: Case) -> Iterator[tuple[PodFact, LookupErrorFact, str]]:
    """Pods outside the cluster DNS whose logs show that they need it, or that their node asks it."""
    from calico_bundle.network.corefile import cluster_domains, configuration_of
    from calico_bundle.paths import not_applicable

    context = case.context
    dns = context.dns
    if dns is None or not context.cluster.lookup_errors:
        return
    domains = tuple(f".{domain}" for domain in cluster_domains(configuration_of(context.cluster, dns)))
    wanted = frozenset(e.pod for e in context.cluster.lookup_errors if e.pod)
    pods = {(pod.namespace, pod.name): pod for pod in _named(case, wanted)}
    for fact in context.cluster.lookup_errors:
        pod = pods.get((fact.namespace or "", fact.pod or ""))
        why = not_applicable(pod, dns) if pod else None
        if pod is None or why is None:
            continue
        own = next((name for name in fact.names if name.rstrip(".").endswith((*domains, ".svc"))), None)
        whose = f"{pod.namespace}/{pod.name}"
        if fact.server in dns.service.cluster_ips:
            yield (
                pod,
                fact,
                (
                    f"{whose} uses its node's resolvers ({why}) and asks {fact.server}: the node itself is set to ask the "
                    "cluster DNS, which cannot answer before the pod network is up"
                ),
            )
        elif own:
            yield pod, fact, f"{whose} looks up {own}, a name of the cluster, and does not ask the cluster DNS: {why}"


def _named(case: Case, names: frozenset[str]) -> Iterator[PodFact]:
    from calico_bundle.facts.pod_columns import columns_of

    pods = case.context.cluster.pods
    return (pods[place] for place, name in enumerate(columns_of(pods).names) if name in names)


HYPOTHESIS = Hypothesis(
    "pod-dns-settings",
    "Do the pods that fail ask the cluster DNS at all?",
    (),
    "Kubernetes, DNS for Services and Pods: dnsPolicy, dnsConfig, hostNetwork, and the kubelet's clusterDNS",
    examine,
)
