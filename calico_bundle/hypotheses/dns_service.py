"""There is no DNS service, or it has no address, so that pods have no server to ask."""

from __future__ import annotations

from calico_bundle.findings import ERROR
from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings

_COLLECT = ("kubectl get services -A -o yaml",)


def examine(case: Case) -> Answer | None:
    """Ruled out by the Service and its address."""
    from calico_bundle.network.service import why_none

    if found := case.found("CB301"):
        is_sure = any(finding.severity == ERROR for finding in found)
        return from_findings(found) if is_sure else Answer(Status.NOT_CHECKABLE, found[0].message, collect=_COLLECT)
    dns = case.context.dns
    if dns is None:
        return Answer(Status.NOT_CHECKABLE, why_none(case.context.cluster), collect=_COLLECT)
    name = f"{dns.service.namespace}/{dns.service.name}"
    if not dns.service.cluster_ips:
        return Answer(Status.NOT_CHECKABLE, f"the address of {name} is not in the bundle", collect=_COLLECT)
    addresses = ", ".join(map(str, dns.service.cluster_ips))
    return Answer(Status.RULED_OUT, f"{name} has the address {addresses}", (dns.service.evidence,))


HYPOTHESIS = Hypothesis(
    "dns-service-missing",
    "Is there a DNS service with an address for pods to ask?",
    ("CB301",),
    "Kubernetes, DNS for Services and Pods: the kubelet writes the service's address into each pod's resolv.conf",
    examine,
)
