"""CB402: kube-proxy's rules do not lead the DNS address to the current endpoints, or kube-proxy does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import node_subject, service_subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.evidence import Evidence
    from calico_bundle.network.service_proxies import ServiceProxies
    from calico_bundle.network.service_targets import ProxyRules
    from calico_bundle.paths import PathGroup

INFO = CheckInfo(
    code="CB402",
    name="service-proxy-stale",
    severity=ERROR,
    means="A node's rules do not lead the DNS service's address to today's ready endpoints, or kube-proxy does not run there.",
    finds=(
        "Rules of kube-proxy (iptables, nftables, IPVS) or of Calico's eBPF dataplane that translate the DNS address to an "
        "address that is no ready endpoint, or to a port at which the endpoint does not listen; that refuse it, or have no "
        "entry for it although they have entries for other services; and rules that no packet comes to: of pods without the "
        "jump from PREROUTING, of the node itself and its hostNetwork pods without the jump from OUTPUT."
    ),
    matters=(
        "Pods of that node ask an address where nobody answers. Routes and Calico's addresses have no part in it, and pods of "
        "other nodes are spared."
    ),
    proves="The rules as the node listed them, and the endpoints; the pods of kube-proxy.",
    fix=(
        "See in the log of kube-proxy why it fell behind, and restart it there: a pod of a DaemonSet, a static pod (RKE2), the "
        "agent that it is in (K3s, MicroK8s), or calico-node with eBPF. The report tries it with rules for today's endpoints."
    ),
    limits=(
        "Rules and endpoints are recorded one after the other. Endpoints that changed in between look like stale rules: it is "
        "an error only where another node's rules fit the endpoints, where kube-proxy is seen to be down, or where there "
        "is no entry at all, and a warning otherwise. A listing without a translation, or with a rule before "
        "those of kube-proxy that may take lookups (`iptables-save` alone shows it), leaves their paths open. "
        "Nodes whose lookups NodeLocal DNSCache answers are left out, and so are "
        "clusters in which another plugin may translate services. Ports are compared where Endpoints or EndpointSlices show "
        "them, or the Service has a targetPort that is a number. Only UDP is judged."
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
    lost = proxies.lost
    own = {name: rules for name, rules in proxies.own.lost.items() if rules != lost.get(name)}
    alike: dict[object, dict[str, ProxyRules]] = {}
    for name, rules in (*lost.items(), *own.items()):
        key = (rules.mode, rules.targets, rules.stale, rules.rejects, rules.none, rules.unmet, rules.confirmed)
        alike.setdefault(key, {})[name] = rules
    found = [_stale(context, nodes, proxies) for nodes in alike.values()]
    down = {name: why for name, why in _down(context, proxies).items() if name not in lost}
    return [*found, *([_not_running(context, down)] if down else [])]


def _down(context: Context, proxies: ServiceProxies) -> dict[str, tuple[str, tuple[Evidence, ...]]]:
    """The nodes on which kube-proxy is seen not to run, with the reason and the lines."""
    found = {name: proxies.translators.failing(node) for name, node in context.cluster.nodes.items()}
    return {name: why for name, why in found.items() if why is not None}


def _stale(context: Context, nodes: Mapping[str, ProxyRules], proxies: ServiceProxies) -> Finding:
    from calico_bundle.impact import pod_names
    from calico_bundle.network.service_targets import OWN_CHAIN
    from calico_bundle.remedies.proxies import rewrite_rules

    rules = next(iter(nodes.values()))
    hit = _hit(context, nodes, proxies)
    lines = [line for one in nodes.values() for line in one.evidence]
    doubt = "" if rules.confirmed else "; it looks the same if the endpoints changed between the two recordings"
    dns = context.dns
    ready = dns.ready if dns else ()
    return Finding(
        INFO.code,
        INFO.name,
        # What the node alone sends loses nobody's lookups where none of its hostNetwork pods uses cluster DNS.
        ERROR if rules.confirmed and (hit or rules.unmet != OWN_CHAIN) else WARNING,
        _subject(context, list(nodes)),
        f"{_what(context, rules, list(nodes), proxies)}{doubt}",
        tuple(dict.fromkeys((*lines[:_MOST_LINES], *(e.evidence for e in ready[:2])))),
        paths=sum(len(group.pods) for group in hit),
        pods=pod_names(context.paths, hit),
        nodes=tuple(nodes),
        fixes=rewrite_rules(context, nodes),
    )


def _hit(context: Context, nodes: Mapping[str, ProxyRules], proxies: ServiceProxies) -> list[PathGroup]:
    """The pods whose lookups are lost by these rules, and by nothing else before."""
    by_rules = (group for group in context.paths.groups if group.code == INFO.code and group.node in nodes)
    return [group for group in by_rules if _rules_for(context, group, proxies) == nodes[str(group.node)]]


def _rules_for(context: Context, group: PathGroup, proxies: ServiceProxies) -> ProxyRules | None:
    """What the rules of its node make of a group's lookups; a cache on the node asks as the node itself does."""
    node, lost = str(group.node), proxies.lost
    by_node = context.paths.pods[group.pods[0]].pod.host_network or node not in lost
    return proxies.own.lost.get(node) if by_node else lost[node]


def _subject(context: Context, nodes: Sequence[str]) -> str:
    if len(nodes) == 1 or context.dns is None:
        return node_subject(nodes[0])
    return service_subject(context.dns.service.namespace, context.dns.service.name)


def _what(context: Context, rules: ProxyRules, nodes: Sequence[str], proxies: ServiceProxies) -> str:
    """What the rules make of lookups, in words."""
    from calico_bundle.network.service_targets import OWN_CHAIN, led_astray

    address = context.dns.address if context.dns else None
    by = f"the {rules.mode} rules on {_named(nodes)}"
    if rules.unmet:
        who = "the node itself, and of its hostNetwork pods" if rules.unmet == OWN_CHAIN else "a pod"
        where = "them" if rules.mode == "nftables" else "KUBE-SERVICES"
        jump = f"the chain {rules.unmet} of the nat table does not lead to {where}"
        return f"{by} are met by no packet of {who}, so that nothing translates the DNS address {address}: {jump}"
    if rules.none:
        text = f"{by} do not translate the DNS address {address}, though the service has ready endpoints"
        why = proxies.translators.failing(context.cluster.nodes[nodes[0]])
        return f"{text}: kube-proxy does not run there ({why[0]})" if why else text
    if rules.rejects:
        return f"{by} refuse lookups to {address}, though the service has ready endpoints"
    share = "" if rules.all_lost else f" {len(rules.stale)} of {len(rules.targets)} targets:"
    return f"{by} lead the DNS address {address} to{share} {led_astray(rules.stale, rules)}{_whose(context, rules)}"


def _whose(context: Context, rules: ProxyRules) -> str:
    """Whose the addresses are, as far as the bundle tells."""
    from calico_bundle.network.service_proxies import pods_at

    if not context.cluster.pods or set(rules.stale) <= rules.astray.keys():
        return ""
    gone = [target.address for target in rules.stale if target not in rules.astray]
    pods = pods_at(gone, context.cluster)
    named = [f"{ip} is {pods[ip].namespace}/{pods[ip].name}" for ip in gone if ip in pods]
    return f" ({'; '.join(named[:_MOST_NAMED])})" if named else " and no pod's address in this bundle"


def _named(nodes: Sequence[str]) -> str:
    more = f" and {len(nodes) - _MOST_NAMED} more nodes" if len(nodes) > _MOST_NAMED else ""
    return ", ".join(nodes[:_MOST_NAMED]) + more


def _not_running(context: Context, down: Mapping[str, tuple[str, tuple[Evidence, ...]]]) -> Finding:
    from calico_bundle.remedies.proxies import run_again

    first, (why, _) = next(iter(down.items()))
    message = f"kube-proxy does not run on {_named(list(down))} ({why}): rules there stay as they were when it stopped"
    lines = [line for _, evidence in down.values() for line in evidence]
    subject = node_subject(first) if len(down) == 1 else "cluster"
    fixes = run_again(context, list(down))
    told = (INFO.code, INFO.name, WARNING, subject, message, tuple(lines[:_MOST_LINES]))
    return Finding(*told, nodes=tuple(down), fixes=fixes)


CHECK = Check(INFO, lacks, run)
