"""CB303: all DNS endpoints run on one node."""

from __future__ import annotations

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import service_subject

INFO = CheckInfo(
    code="CB303",
    name="dns-single-node",
    severity=WARNING,
    means="All DNS endpoints run on one node: one bad node takes DNS from the whole cluster.",
    finds="Ready endpoints of the DNS service that are all on the same node, in a cluster of more than one node.",
    matters=(
        "Whatever cuts this node off (a wrong BGP address, a reboot, a full disk) cuts off every pod's lookups. It "
        "turns one node's fault into the cluster's."
    ),
    proves="The endpoints with their nodes.",
    fix=(
        "Spread the DNS pods: restart them once other nodes are ready, or give their Deployment a topology spread. While the "
        "node is cut off, that makes broken paths degraded, and those that reach too: mend the node first."
    ),
    limits="Needs the node of each endpoint; a NodeLocal DNSCache softens the effect and is not looked at.",
)


def lacks(context: Context) -> str | None:
    """The DNS service's endpoints, each with its node."""
    if context.dns is None or not context.dns.listed:
        return "no endpoints of a cluster DNS service are in the bundle"
    if context.dns.contradiction:
        return context.dns.contradiction
    if context.dns.hidden:
        return "not all ready endpoints of the cluster DNS service are in the bundle"
    nodes = [context.paths.endpoint_node(e) for e in context.dns.ready]
    return None if all(nodes) else "the node of a DNS endpoint is not in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding, or none."""
    from calico_bundle.remedies.spreading import spread

    dns = context.dns
    nodes = {context.paths.endpoint_node(e) for e in dns.ready} if dns else set()
    node = next(iter(nodes), None)
    # Those that are hidden, or that a table leaves out, may run elsewhere.
    if dns is None or dns.hidden or node is None or len(nodes) != 1 or len(context.cluster.nodes) == 1:
        return []
    service = f"{dns.service.namespace}/{dns.service.name}"
    count = len(dns.ready)
    what = {1: "the only DNS endpoint runs", 2: "both DNS endpoints run"}.get(count, f"all {count} DNS endpoints run")
    return [
        Finding(
            INFO.code,
            INFO.name,
            WARNING,
            service_subject(dns.service.namespace, dns.service.name),
            f"{what} on {node}: when that node is cut off, {service} answers nobody else",
            tuple(e.evidence for e in dns.ready[:10]),
            nodes=(node,),
            fixes=spread(context, dns),
        )
    ]


CHECK = Check(INFO, lacks, run)
