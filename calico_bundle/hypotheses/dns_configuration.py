"""The DNS servers are told the wrong thing: a Corefile that cannot be read, lacks the cluster's zone, or forwards to itself."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from calico_bundle.facts import DnsConfigurationFact
    from calico_bundle.network.service import DnsService


def examine(case: Case) -> Answer | None:
    """Ruled out by a Corefile with the cluster's zone and a server for all others that is not the service itself."""
    from calico_bundle.network.corefile import configuration_of
    from calico_bundle.network.dns_servers import dns_servers

    context = case.context
    dns = context.dns
    if dns is None:
        return None
    servers = dns_servers(context.bundle, context.cluster, dns)
    failing = {pod.name for pod in servers.failing}
    # A server that runs keeps the Corefile it has when a new one cannot be read (plugin reload).
    broken = [e for e in servers.told("configuration-error") if e.pod in failing]
    if broken:
        text = f"a DNS server cannot read its Corefile: {broken[0].values.get('error', '')}"
        return Answer(Status.SUPPORTED, text, tuple(e.evidence for e in broken[:3]))
    configuration = configuration_of(context.cluster, dns)
    if configuration is None:
        collect = (f"kubectl get configmaps -n {quote(dns.service.namespace)} -o yaml",)
        return Answer(Status.NOT_CHECKABLE, "the DNS servers' Corefile is not in the bundle", collect=collect)
    return _of_corefile(configuration, dns)


def _of_corefile(configuration: DnsConfigurationFact, dns: DnsService) -> Answer:
    from calico_bundle.network.corefile import as_address, cited, forward_targets, server_blocks

    zones = [
        (zone, cited(configuration, directive.line))
        for block in server_blocks(configuration.corefile)
        for directive in block.named("kubernetes")
        for zone in directive.arguments
    ]
    targets = forward_targets(configuration)
    itself = [(target, line) for target, line in targets if as_address(target) in dns.service.cluster_ips]
    name = f"{configuration.namespace}/{configuration.name}"
    if itself:
        text = f"the Corefile in {name} forwards to {itself[0][0]}, which is the DNS service itself: a loop"
        return Answer(Status.SUPPORTED, text, (itself[0][1], dns.service.evidence))
    if not zones and "import" not in configuration.corefile:
        text = f"the Corefile in {name} has no `kubernetes` directive, so no name of the cluster is known"
        return Answer(Status.SUPPORTED, text, (configuration.evidence,))
    if not zones or not targets:
        text = f"the Corefile in {name} imports other files, or forwards nothing: what is asked for decides"
        return Answer(Status.NOT_CHECKABLE, text, (configuration.evidence,), _WITH_IMPORTS)
    text = f"the Corefile in {name} has the cluster's zone {zones[0][0]} and forwards the rest to {targets[0][0]}"
    return Answer(Status.RULED_OUT, text, (zones[0][1], targets[0][1]))


_WITH_IMPORTS = ("kubectl get configmaps -n kube-system -o yaml",)

HYPOTHESIS = Hypothesis(
    "dns-configuration-wrong",
    "Are the DNS servers told to answer for the cluster's names, and to ask somebody else for the rest?",
    ("CB304",),
    "CoreDNS manual: plugins kubernetes and forward; plugin loop on what forwards to itself",
    examine,
)
