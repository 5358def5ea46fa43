"""The DNS servers themselves crash, forward to themselves, or have lost the API server."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from calico_bundle.evidence import Evidence
    from calico_bundle.network.dns_servers import DnsServers
    from calico_bundle.network.service import DnsService


def examine(case: Case) -> Answer | None:
    """Ruled out where each pod is ready, its log is there, and no line of it says that the server is in trouble."""
    from calico_bundle.network.dns_servers import API, OWN, dns_servers, stopped_deployment

    context = case.context
    dns = context.dns
    if dns is None:
        return None
    servers = dns_servers(context.bundle, context.cluster, dns)
    finding = next((f for f in case.found("CB304") if servers.failing and "not ready" in f.message), None)
    if finding:
        status = Status.NOT_CHECKABLE if _may_be_cut_off(case, servers) else Status.SUPPORTED
        collect = _collect(dns) if status is Status.NOT_CHECKABLE else ()
        return Answer(status, f"{finding.message} (CB304)", finding.evidence[:6], collect)
    told = servers.told(*OWN, *API)
    if not servers.pods and (stopped := stopped_deployment(context.cluster, dns)):
        text = f"no DNS pod runs: the Deployment {stopped.namespace}/{stopped.name} is set to 0 replicas"
        return Answer(Status.SUPPORTED, text, (stopped.evidence,))
    if not servers.pods:
        return _open("the DNS service's pods are not in the bundle", dns)
    if not servers.all_ready:
        return _open("whether the DNS pods are ready is not shown", dns)
    if told:
        event = told[0]
        text = f"the DNS pods are ready now, but the log of {event.pod} has {event.count:,} lines of {event.event}"
        return _open(f"{text}: look at their times", dns, servers)
    if servers.ended:
        pod, how = servers.ended[0]
        text = f"the DNS pods are ready now, but {pod.namespace}/{pod.name} ended before ({how}): look at when lookups failed"
        return _open(text, dns, lines=(pod.evidence,))
    if not servers.all_logged:
        return _open("the DNS pods are ready; their logs, which would show what they answer, are not all there", dns)
    text = f"all {len(servers.pods)} DNS pods are ready, and no line of their logs says that they are in trouble"
    return Answer(Status.RULED_OUT, text, tuple(p.evidence for p in servers.pods[:3]))


def _may_be_cut_off(case: Case, servers: DnsServers) -> bool:
    """Whether all that the pods say may follow from the address of the nodes they run on."""
    from calico_bundle.network.dns_servers import API, OWN, may_be_cut_off

    blamed = {node for finding in case.findings for node in finding.blames}
    failing = {pod.name for pod in servers.failing}
    own = [event for event in servers.told(*OWN, *API) if event.pod in failing]
    return may_be_cut_off(own) and any(pod.node in blamed for pod in servers.failing)


def _open(text: str, dns: DnsService, servers: DnsServers | None = None, lines: tuple[Evidence, ...] = ()) -> Answer:
    lines = tuple(e.evidence for e in servers.events[:4]) if servers else lines
    return Answer(Status.NOT_CHECKABLE, text, lines, _collect(dns))


def _collect(dns: DnsService) -> tuple[str, ...]:
    from calico_bundle.network.dns_servers import logs_of

    return f"kubectl get pods -n {quote(dns.service.namespace)} -o yaml", logs_of(dns)


HYPOTHESIS = Hypothesis(
    "dns-servers-unhealthy",
    "Do the DNS servers run, and can they answer?",
    ("CB304",),
    "CoreDNS plugins loop, ready, kubernetes and errors: what they write to the log",
    examine,
)
