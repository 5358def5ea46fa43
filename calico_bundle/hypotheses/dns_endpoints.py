"""No DNS pod is ready, so that nobody answers, wherever the question comes from."""

from __future__ import annotations

from calico_bundle.findings import ERROR
from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings

_COLLECT = ("kubectl get endpoints,endpointslices -n kube-system -o yaml", "kubectl get pods -n kube-system -o yaml")

_SERVICES = "kubectl get services -A -o yaml"


def examine(case: Case) -> Answer | None:
    """Ruled out by a ready endpoint."""
    from calico_bundle.network.service import why_none

    found = case.found("CB302")
    if found:
        is_sure = any(finding.severity == ERROR for finding in found)
        return from_findings(found) if is_sure else Answer(Status.NOT_CHECKABLE, found[0].message, collect=_COLLECT)
    if mixture := case.context.cluster.mixture:
        return Answer(Status.NOT_CHECKABLE, mixture)
    dns = case.context.dns
    if dns is None:
        return Answer(Status.NOT_CHECKABLE, why_none(case.context.cluster), collect=(_SERVICES, *_COLLECT))
    if not dns.listed:
        return Answer(Status.NOT_CHECKABLE, "the DNS service's endpoints are not in the bundle", collect=_COLLECT)
    if dns.contradiction:
        return Answer(Status.NOT_CHECKABLE, dns.contradiction, collect=_COLLECT)
    if not dns.ready:
        return Answer(Status.NOT_CHECKABLE, "the bundle hides the addresses of the DNS endpoints", collect=_COLLECT)
    service = f"{dns.service.namespace}/{dns.service.name}"
    text = f"{service} has {len(dns.ready)} ready of {len(dns.endpoints)} endpoints"
    return Answer(Status.RULED_OUT, text, tuple(e.evidence for e in dns.ready[:3]))


HYPOTHESIS = Hypothesis(
    "dns-no-ready-endpoints",
    "Is there any DNS pod that is ready to answer?",
    ("CB302",),
    "Kubernetes: a Service's address leads to its ready endpoints alone",
    examine,
)
