"""The DNS servers are told the wrong thing: a Corefile that cannot be read, lacks the cluster's zone, or forwards to itself.

So are servers that listen at another port than they are asked at, and those that are told to refuse.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status

if TYPE_CHECKING:
    from calico_bundle.cluster import Cluster
    from calico_bundle.facts import DnsConfigurationFact
    from calico_bundle.network.service import DnsService


def examine(case: Case) -> Answer | None:
    """Ruled out by a Corefile that listens where it is asked, answers for the cluster's zone, and forwards to others."""
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
    return _of_corefile(context.cluster, configuration, dns)


def _of_corefile(cluster: Cluster, configuration: DnsConfigurationFact, dns: DnsService) -> Answer:
    from calico_bundle.network.corefile import cited, cluster_domains, forward_targets, server_blocks
    from calico_bundle.network.corefile_judging import remarks

    name = f"{configuration.namespace}/{configuration.name}"
    found = remarks(cluster, dns, configuration)
    if found:
        first = found[0]
        if first.is_sure:
            sure = [remark for remark in found if remark.is_sure]
            lines = tuple(dict.fromkeys(line for remark in sure for line in remark.evidence))
            return Answer(Status.SUPPORTED, f"the Corefile in {name} {'; it '.join(r.text for r in sure)}", lines)
        space = quote(configuration.namespace)
        collect = (f"kubectl get configmaps -n {space} -o yaml", _KUBELETS)
        return Answer(Status.NOT_CHECKABLE, f"the Corefile in {name} {first.text}", first.evidence, collect)
    blocks = server_blocks(configuration.corefile)
    zones = [cited(configuration, d.line) for block in blocks for d in block.named("kubernetes")]
    zone, ((target, line), *_) = cluster_domains(configuration)[0], forward_targets(configuration)
    text = f"the Corefile in {name} has the cluster's zone {zone} and forwards the rest to {target}"
    return Answer(Status.RULED_OUT, text, (zones[0], line))


_KUBELETS = "kubectl get --raw /api/v1/nodes/NODE/proxy/configz  # clusterDomain and clusterDNS of a kubelet"

HYPOTHESIS = Hypothesis(
    "dns-configuration-wrong",
    "Are the DNS servers told to answer for the cluster's names, and to ask somebody else for the rest?",
    ("CB304",),
    "CoreDNS manual: server blocks and their ports; plugins kubernetes, forward, acl and hosts; plugin loop on what "
    "forwards to itself",
    examine,
)
