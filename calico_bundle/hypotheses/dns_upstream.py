"""The servers to which the DNS servers forward do not answer, so that names outside the cluster are lost."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from calico_bundle.evidence import Evidence
    from calico_bundle.network.service import DnsService


def examine(case: Case) -> Answer | None:
    """Ruled out where the servers log their errors, forward somewhere, and no error is in their logs."""
    from calico_bundle.network.corefile import cited, configuration_of, forward_targets, server_blocks
    from calico_bundle.network.dns_servers import dns_servers
    from calico_bundle.network.upstreams import upstreams

    context = case.context
    dns = context.dns
    if dns is None:
        return None
    finding = next((f for f in case.found("CB304") if "forward names" in f.message), None)
    if finding:
        return Answer(Status.SUPPORTED, f"{finding.message} (CB304)", finding.evidence[:6])
    servers = dns_servers(context.bundle, context.cluster, dns)
    if told := upstreams(servers.events, servers.logged):
        lines = tuple(e.evidence for e in told.events[:4])
        doubt = told.doubt or "the server that is asked is the cluster DNS itself"
        return _open(f"DNS pods, which forward names outside the cluster, {told.said}; {doubt}", dns, lines)
    configuration = configuration_of(context.cluster, dns)
    targets = forward_targets(configuration) if configuration else ()
    listed = f" ({', '.join(target for target, _ in targets[:4])})" if targets else ""
    if not servers.all_logged:
        return _open(
            f"the DNS pods' logs, which would show whether their upstream servers{listed} answer, are not there", dns
        )
    if configuration is None:
        return _open("the Corefile, which says whether the DNS servers log their errors, is not in the bundle", dns)
    logging = [
        cited(configuration, directive.line)
        for block in server_blocks(configuration.corefile)
        if "." in block.zones
        for directive in block.named("errors")
    ]
    if not logging or not targets:
        return _open("the DNS servers do not log their errors, or forward nothing", dns)
    text = f"the DNS servers log errors of the servers they forward to{listed}, and their logs have none"
    return Answer(Status.RULED_OUT, text, (logging[0], *(line for _, line in targets[:2])))


def _open(text: str, dns: DnsService, lines: tuple[Evidence, ...] = ()) -> Answer:
    from calico_bundle.network.dns_servers import logs_of

    collect = (logs_of(dns), f"kubectl get configmaps -n {quote(dns.service.namespace)} -o yaml")
    return Answer(Status.NOT_CHECKABLE, text, lines, collect)


HYPOTHESIS = Hypothesis(
    "dns-upstream-silent",
    "Do the servers answer to which the DNS servers forward names outside the cluster?",
    ("CB304",),
    "CoreDNS plugins forward and errors: each query that an upstream server leaves unanswered is a line of the log",
    examine,
)
