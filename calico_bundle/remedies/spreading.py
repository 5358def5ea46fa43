"""Spreads the DNS pods over nodes: what lookups come to then, with one of them left on the node that has them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from shlex import quote

from calico_bundle.facts import Address
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_queries import FINISHED
from calico_bundle.findings import Context, Fix
from calico_bundle.network.service import DnsService
from calico_bundle.paths import DnsPaths, Verdict
from calico_bundle.remedies.outlooks import counted
from calico_bundle.remedies.trying import Outlook, compared

_MOST_NODES = 1000
"""All paths are followed again; in a larger cluster that is left."""
_DISRUPTION = "Each DNS pod restarts once, one after the other; lookups may be retried."
_FAILING = (Verdict.BROKEN, Verdict.DEGRADED)


def spread(context: Context, dns: DnsService) -> tuple[Fix, ...]:
    """Have DNS pods scheduled anew, one at a time; none where there is but one of them."""
    if len(dns.ready) < 2:
        return ()
    namespace = quote(dns.service.namespace)
    chosen = ",".join(f"{key}={value}" for key, value in sorted(dns.service.selector.items()))
    of_dns = f" -l {quote(chosen)}" if chosen else ""
    look = f"kubectl get pods -n {namespace}{of_dns} -o wide"
    commands = (f"{look}  # delete one DNS pod at a time; it is scheduled anew, and NODE should be another one",)
    title = "spread the DNS pods over nodes"
    moved = _elsewhere(context, dns)
    if moved is None:
        return (Fix(title, commands, _DISRUPTION, tried=f"no: {_why_not(context)}"),)
    if not any(context.paths.counts[verdict] for verdict in _FAILING):
        text = "no path fails now, so it restores none; it keeps the next fault of this node from being everybody's"
        return (Fix(title, commands, _DISRUPTION, 0, 0, text),)
    after = DnsPaths(context.cluster, moved, context.paths.forwarding)
    seen = compared(context.paths, after)
    told = f"{_told(context.paths, after, moved)}{_harm(seen)}"
    return (Fix(title, commands, _DISRUPTION, *counted(seen), told),)


def _harm(seen: Outlook) -> str:
    """What becomes of the paths that reach every DNS pod now."""
    lost = f"; but {seen.lost} that reach every DNS pod now lose some of them: mend the node first" if seen.lost else ""
    if not seen.lost_sight_of:
        return lost
    return f"{lost}; of {seen.lost_sight_of} that reach every DNS pod now it cannot be told whether they still do"


def _why_not(context: Context) -> str:
    if context.cluster.policies:
        return "which policies hold for DNS pods on other nodes depends on them"
    return "no place for DNS pods on another node is seen in the bundle, or the cluster is too large"


def _elsewhere(context: Context, dns: DnsService) -> DnsService | None:
    """The service with all endpoints but one on other nodes, each at the address of a pod that runs there."""
    if context.cluster.policies or len(context.cluster.nodes) > _MOST_NODES:
        return None
    first, *rest = dns.ready
    home = context.paths.endpoint_node(first)
    places = dict(_places(context))
    places.pop(home or "", None)
    if not places:
        return None
    nodes = sorted(places)
    more = [replace(e, ip=places[n], node=n) for i, e in enumerate(rest) if (n := nodes[i % len(nodes)])]
    return replace(dns, endpoints=(first, *more[: len(nodes)]))


def _places(context: Context) -> Iterator[tuple[str, Address]]:
    kept = columns_of(context.cluster.pods)
    for place, node in enumerate(kept.nodes):
        own = kept.host_networks[place] is False and kept.phases[place] not in FINISHED
        if own and node in context.cluster.nodes and kept.ipv4s[place] is not None:
            yield str(node), next(ip for ip in context.cluster.pods[place].ips if ip.version == 4)


def _told(before: DnsPaths, after: DnsPaths, moved: DnsService) -> str:
    pairs = Counter(
        (one.verdict, other.verdict) for one, other in zip(before.pods.groups, after.pods.groups, strict=True)
    )
    failing = sum(count for (one, _), count in pairs.items() if one in _FAILING)
    some, whole, unsure = (
        sum(pairs[one, other] for one in _FAILING) for other in (Verdict.DEGRADED, Verdict.REACHES, Verdict.UNKNOWN)
    )
    unknown = f", and of {unsure} it cannot be told" if unsure else ""
    where = ", ".join(str(e.node) for e in moved.ready[1:4])
    return (
        f"with one DNS pod left where it is, and others on {where}: of {failing} failing paths {whole} reach every DNS "
        f"pod and {some} reach some of them{unknown}"
    )
