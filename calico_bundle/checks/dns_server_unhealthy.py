"""CB304: the DNS pods themselves crash, loop or refuse, or get no answer from where they forward to."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import service_subject

if TYPE_CHECKING:
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import DnsServerEventFact, PodFact
    from calico_bundle.network.dns_servers import DnsServers
    from calico_bundle.network.service import DnsService
    from calico_bundle.network.upstreams import Upstreams

INFO = CheckInfo(
    code="CB304",
    name="dns-server-unhealthy",
    severity=ERROR,
    means="The DNS pods are in trouble themselves: they crash, forward to themselves, cannot reach the API server, or get "
    "no answer from the servers they forward to.",
    finds="DNS pods that are not ready, with what their logs give as the reason; DNS pods that are ready and were ended "
    "before for the memory they used; upstream servers that do not answer: "
    "at least ten lines of plugin/errors about queries of clients, for names of two domains, in the log of each DNS pod "
    "whose log is there, over more than a minute where the lines have times.",
    matters="A pod that reaches a DNS server in such a state gets no answer, or none for names outside the cluster. It "
    "is an error where no DNS pod is ready, else a warning.",
    proves="The pods' readiness and restarts, and the lines of their logs.",
    fix="By the line that is quoted: mend the Corefile or the node's resolv.conf, or what keeps the pods from the API server.",
    limits="Pods that cannot reach the API server or their upstream may be cut off by the pod network itself: where "
    "another finding is about a node's address or route, that one comes first. A log says what was, not what is: "
    "look at the times. It has no line for queries that were answered, so that the share of those that were not is not "
    "known. Without logs it says that pods are not ready, and not why.",
)
_WRONG = frozenset({"wrong", "duplicate", "not-on-node"})


def lacks(context: Context) -> str | None:
    """The DNS pods."""
    from calico_bundle.network.service import why_none

    if context.dns is None:
        return why_none(context.cluster)
    return None if _servers(context).pods else "the DNS service's pods are not in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding about pods that are not ready, one about memory, one about upstream servers that do not answer."""
    dns, servers = context.dns, _servers(context)
    if dns is None:
        return []
    found = []
    if servers.failing:
        found.append(_not_ready(context, dns, servers))
    if killed := _killed(servers):
        found.append(_out_of_memory(dns, killed))
    told = _upstreams(context, servers)
    if told and told.doubt is None:
        found.append(_upstream(dns, told))
    return found


def _servers(context: Context) -> DnsServers:
    from calico_bundle.network.dns_servers import dns_servers

    return dns_servers(context.bundle, context.cluster, context.dns)


def _upstreams(context: Context, servers: DnsServers) -> Upstreams | None:
    from calico_bundle.network.upstreams import upstreams

    return upstreams([e for e in servers.events if not _is_cluster_own(context, e)], servers.logged)


def _is_cluster_own(context: Context, event: DnsServerEventFact) -> bool:
    """Whether what does not answer is the DNS service itself: that is a loop, and no upstream."""
    own = {str(ip) for ip in context.dns.service.cluster_ips} if context.dns else set()
    return event.values.get("upstream") in own


# --- pods that are not ready ------------------------------------------------------------------------------------------


def _not_ready(context: Context, dns: DnsService, servers: DnsServers) -> Finding:
    from calico_bundle.impact import failing_groups, node_names, pod_names
    from calico_bundle.network.dns_servers import may_be_cut_off, need_routes_back

    nobody = dns.listed and not dns.hidden and not any(e.ready for e in dns.endpoints)
    events = _reasons(servers)
    by_network = bool(events) and may_be_cut_off(events) and need_routes_back(context.cluster, servers.failing)
    cut_off = _nodes_at_fault(context, servers.failing) if by_network else ()
    severity = ERROR if nobody and not cut_off else WARNING
    # What another finding explains is not counted once more: it would come before its own cause.
    hit = failing_groups(context.paths) if severity == ERROR else []
    return Finding(
        INFO.code,
        INFO.name,
        severity,
        service_subject(dns.service.namespace, dns.service.name),
        _message(servers, events, cut_off),
        _lines(servers.failing, events),
        paths=sum(len(group.pods) for group in hit),
        pods=pod_names(context.paths, hit),
        nodes=node_names(hit),
        fixes=_fixes(dns, servers, events),
    )


def _reasons(servers: DnsServers) -> tuple[DnsServerEventFact, ...]:
    """Why the pods are not ready, as far as the logs of just these pods say: what stops a server by itself comes first."""
    from calico_bundle.network.dns_servers import API, OWN

    failing = {pod.name for pod in servers.failing}
    return tuple(e for e in (*servers.told(*OWN), *servers.told(*API)) if e.pod in failing)


def _nodes_at_fault(context: Context, pods: Sequence[PodFact]) -> tuple[str, ...]:
    """The nodes of these pods whose Calico address is at fault: their pods may be cut off for that."""
    nodes = dict.fromkeys(pod.node for pod in pods if pod.node)
    return tuple(n for n in nodes if n in context.addresses and context.addresses[n].status.value in _WRONG)


def _message(servers: DnsServers, events: Sequence[DnsServerEventFact], cut_off: Sequence[str]) -> str:
    first = servers.failing[0]
    ends = (how for pod, how in servers.ended if pod is first)
    state = ", ".join((*first.waiting_reasons, *([_restarts(first)] if first.restarts else ()), *ends))
    said = f"{len(servers.failing)} of {len(servers.pods)} DNS pods are not ready, first {first.namespace}/{first.name}"
    said += f" ({state})" if state else ""
    said += f": {_why(events[0])}" if events else f"; {_unsaid(servers)}"
    if cut_off:
        return (
            f"{said}; that may follow from the Calico address of {', '.join(cut_off)}, where they run: mend that first"
        )
    return said


def _unsaid(servers: DnsServers) -> str:
    if any(pod.name in servers.logged for pod in servers.failing):
        return "no line of their logs in the bundle says why"
    return "their logs, which may say why, are not in the bundle"


def _why(event: DnsServerEventFact) -> str:
    values = event.values
    told = {
        "loop": f"they forward the zone {values.get('zone', '.')!r} to themselves (plugin/loop)",
        "configuration-error": f"the Corefile cannot be read ({values.get('error', '')})",
        "address-in-use": f"another process has their port ({values.get('error', '')})",
        "panic": f"the server breaks down ({values.get('error', '')})",
        "api-refused": f"the API server does not let them in ({values.get('error', '')})",
        "api-unreachable": f"they do not reach the API server at {values.get('api', '?')} ({values.get('error', '')})",
        "waiting-for-api": "they wait for the API server",
    }
    return told[event.event]


def _fixes(dns: DnsService, servers: DnsServers, events: Sequence[DnsServerEventFact]) -> tuple[Fix, ...]:
    space = dns.service.namespace
    if events and events[0].event == "loop":
        title = "forward to a server that is not this cluster's own: the node's /etc/resolv.conf names a local address"
        look = f"kubectl edit configmap coredns -n {quote(space)}  # forward . <an upstream server's address>"
        return (Fix(title, (look,), "The DNS pods read the Corefile anew; those that crash start again."),)
    if events and events[0].event == "configuration-error":
        look = f"kubectl edit configmap coredns -n {quote(space)}"
        return (Fix("mend the line of the Corefile that is quoted", (look,), "none: these pods do not answer now"),)
    if events:
        return ()
    pod = servers.failing[0].name
    commands = (
        f"kubectl logs -n {quote(space)} {quote(pod)} --previous",
        f"kubectl describe pod -n {quote(space)} {quote(pod)}",
    )
    return (Fix("find out why they are not ready", commands, "none: this only looks"),)


def _lines(pods: Sequence[PodFact], events: Sequence[DnsServerEventFact]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys((*(e.evidence for e in events[:3]), *(p.evidence for p in pods[:3]))))


def _killed(servers: DnsServers) -> list[tuple[PodFact, str]]:
    """The pods that are ready, and of which the kernel ended a container for the memory it used."""
    from calico_bundle.network.dns_servers import OUT_OF_MEMORY

    return [(pod, how) for pod, how in servers.ended if OUT_OF_MEMORY in how and pod.ready is not False]


def _out_of_memory(dns: DnsService, killed: Sequence[tuple[PodFact, str]]) -> Finding:
    pod, how = killed[0]
    more = f", and {len(killed) - 1} more" if len(killed) > 1 else ""
    space, name = quote(dns.service.namespace), quote(pod.name)
    look = f"kubectl describe pod -n {space} {name}  # limits.memory"
    return Finding(
        INFO.code,
        INFO.name,
        WARNING,
        service_subject(dns.service.namespace, dns.service.name),
        f"{pod.namespace}/{pod.name} used more memory than its limit and was ended ({how}; {_restarts(pod)}){more}: while a "
        "DNS pod starts anew, lookups that are led to it are lost",
        tuple(dict.fromkeys(p.evidence for p, _ in killed[:3])),
        fixes=(
            Fix("raise the memory limit of the DNS pods", (look,), "each DNS pod is replaced, one after the other"),
        ),
    )


def _restarts(pod: PodFact) -> str:
    return f"{pod.restarts:,} restart{'s' if pod.restarts != 1 else ''}"


# --- upstream servers -------------------------------------------------------------------------------------------------


def _upstream(dns: DnsService, told: Upstreams) -> Finding:
    return Finding(
        INFO.code,
        INFO.name,
        WARNING,
        service_subject(dns.service.namespace, dns.service.name),
        f"DNS pods, which forward names outside the cluster, {told.said}",
        tuple(dict.fromkeys(e.evidence for e in told.events[:5])),
    )


CHECK = Check(INFO, lacks, run)
