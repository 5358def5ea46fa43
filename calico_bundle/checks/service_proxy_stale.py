"""CB402: kube-proxy's rules do not lead the DNS address to the current endpoints, or kube-proxy does not run."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import node_subject, service_subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.evidence import Evidence
    from calico_bundle.network.service_proxies import ServiceProxies
    from calico_bundle.network.service_targets import ProxyRules

INFO = CheckInfo(
    code="CB402",
    name="service-proxy-stale",
    severity=ERROR,
    means="A node's rules do not lead the DNS service's address to today's ready endpoints, or kube-proxy does not run there.",
    finds=(
        "Rules of kube-proxy (iptables, nftables, IPVS) or of Calico's eBPF dataplane that translate the DNS address to an "
        "address that is no ready endpoint, refuse it, or have no entry for it although they have entries for other services."
    ),
    matters=(
        "Pods of that node ask an address where nobody answers. Routes and Calico's addresses have no part in it, and pods of "
        "other nodes are spared."
    ),
    proves="The rules as the node listed them, and the endpoints; the pods of kube-proxy.",
    fix="See in the log of kube-proxy why it fell behind, and restart it there (in k3s and MicroK8s: the agent that it is in).",
    limits=(
        "Rules and endpoints are recorded one after the other. Endpoints that changed in between look like stale rules: it is "
        "an error only where another node's rules fit the endpoints, where kube-proxy is seen to be down, or where there "
        "is no entry at all, and a warning otherwise. Nodes whose lookups NodeLocal DNSCache answers are left out, and so are "
        "clusters in which another plugin may translate services. Only UDP is judged."
    ),
)
_MOST_NAMED = 3
_MOST_LINES = 8


def lacks(context: Context) -> str | None:
    """Rules of a node that tell where lookups go, and the DNS service's endpoints; or pods of kube-proxy that do not run."""
    dns, proxies = context.dns, context.paths.service_proxies
    if dns is None or proxies is None or dns.address is None:
        return "no cluster DNS service with an IPv4 address is in the bundle"
    if _down(context, proxies) or any(rules.compared or rules.none for rules in proxies.known.values()):
        return None
    if not dns.listed:
        return "the DNS service's endpoints are not in the bundle"
    if not dns.ready and not dns.hidden:
        return "the DNS service has no ready endpoint to which rules could lead"
    reasons = dict.fromkeys(map(proxies.not_told, context.cluster.nodes.values()))
    return next(iter(reasons), "no node is in the bundle") if not proxies.known else _NOT_COMPARED


_NOT_COMPARED = "the rules and the endpoints are known to be of different times, or the endpoints are hidden"


def run(context: Context) -> list[Finding]:
    """One finding for all nodes with the same rules, and one for those on which kube-proxy does not run."""
    proxies = context.paths.service_proxies
    if proxies is None:
        return []
    alike: dict[object, dict[str, ProxyRules]] = {}
    for name, rules in proxies.lost.items():
        key = (rules.mode, rules.targets, rules.stale, rules.rejects, rules.none, rules.confirmed)
        alike.setdefault(key, {})[name] = rules
    found = [_stale(context, nodes, proxies) for nodes in alike.values()]
    said = set(proxies.lost)
    down = {name: why for name, why in _down(context, proxies).items() if name not in said}
    return [*found, *([_not_running(down)] if down else [])]


def _down(context: Context, proxies: ServiceProxies) -> dict[str, tuple[str, tuple[Evidence, ...]]]:
    """The nodes on which kube-proxy is seen not to run, with the reason and the lines."""
    found = {name: proxies.translators.failing(node) for name, node in context.cluster.nodes.items()}
    return {name: why for name, why in found.items() if why is not None}


def _stale(context: Context, nodes: Mapping[str, ProxyRules], proxies: ServiceProxies) -> Finding:
    from calico_bundle.impact import failing_groups, pod_names

    rules = next(iter(nodes.values()))
    hit = [group for group in failing_groups(context.paths) if group.node in nodes]
    lines = [line for one in nodes.values() for line in one.evidence]
    doubt = "" if rules.confirmed else "; it looks the same if the endpoints changed between the two recordings"
    dns = context.dns
    ready = dns.ready if dns else ()
    return Finding(
        INFO.code,
        INFO.name,
        ERROR if rules.confirmed else WARNING,
        _subject(context, list(nodes)),
        f"{_what(context, rules, list(nodes))}{doubt}",
        tuple(dict.fromkeys((*lines[:_MOST_LINES], *(e.evidence for e in ready[:2])))),
        paths=sum(len(group.pods) for group in hit),
        pods=pod_names(context.paths, hit),
        nodes=tuple(nodes),
        fixes=(_restart(list(nodes), proxies),) if rules.mode != "ebpf" else (),
    )


def _subject(context: Context, nodes: Sequence[str]) -> str:
    if len(nodes) == 1 or context.dns is None:
        return node_subject(nodes[0])
    return service_subject(context.dns.service.namespace, context.dns.service.name)


def _what(context: Context, rules: ProxyRules, nodes: Sequence[str]) -> str:
    """What the rules make of lookups, in words."""
    address = context.dns.address if context.dns else None
    by = f"the {rules.mode} rules on {_named(nodes)}"
    if rules.none:
        return f"{by} do not translate the DNS address {address}, though the service has ready endpoints"
    if rules.rejects:
        return f"{by} refuse lookups to {address}, though the service has ready endpoints"
    stale = ", ".join(map(str, rules.stale))
    share = "" if rules.all_lost else f" {len(rules.stale)} of {len(rules.targets)} targets:"
    return f"{by} lead the DNS address {address} to{share} {stale}, which is no ready endpoint{_whose(context, rules)}"


def _whose(context: Context, rules: ProxyRules) -> str:
    """Whose the addresses are, as far as the bundle tells."""
    from calico_bundle.network.service_proxies import pods_at

    if not context.cluster.pods:
        return ""
    pods = pods_at(rules.stale, context.cluster)
    named = [f"{ip} is {pods[ip].namespace}/{pods[ip].name}" for ip in rules.stale if ip in pods]
    return f" ({'; '.join(named[:_MOST_NAMED])})" if named else " and no pod's address in this bundle"


def _named(nodes: Sequence[str]) -> str:
    more = f" and {len(nodes) - _MOST_NAMED} more nodes" if len(nodes) > _MOST_NAMED else ""
    return ", ".join(nodes[:_MOST_NAMED]) + more


def _restart(nodes: Sequence[str], proxies: ServiceProxies) -> Fix:
    commands = tuple(_restarting(node, proxies) for node in nodes[:_MOST_NAMED])
    title = "restart kube-proxy on the node, so that it writes its rules anew"
    return Fix(title, commands, "Rules stay in the kernel while kube-proxy restarts. See its log first.")


def _restarting(node: str, proxies: ServiceProxies) -> str:
    """How kube-proxy is restarted: as a pod of a DaemonSet, a static pod, or a part of the node's agent."""
    pods = proxies.translators.pods.get(node)
    if not pods:
        find = f"kubectl get pods -A -o wide --field-selector spec.nodeName={quote(node)}"
        return f"{find}  # find kube-proxy; k3s has it in its agent"
    if (pods[0].owner or "").startswith("DaemonSet/"):
        return f"kubectl delete pod -n {quote(pods[0].namespace)} {quote(pods[0].name)}"
    return f"crictl stop $(crictl ps -q --name kube-proxy)   # on {node}: a static pod"


def _not_running(down: Mapping[str, tuple[str, tuple[Evidence, ...]]]) -> Finding:
    first, (why, _) = next(iter(down.items()))
    message = f"kube-proxy does not run on {_named(list(down))} ({why}): rules there stay as they were when it stopped"
    lines = [line for _, evidence in down.values() for line in evidence]
    subject = node_subject(first) if len(down) == 1 else "cluster"
    return Finding(INFO.code, INFO.name, WARNING, subject, message, tuple(lines[:_MOST_LINES]), nodes=tuple(down))


CHECK = Check(INFO, lacks, run)
