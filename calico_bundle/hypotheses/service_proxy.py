"""kube-proxy's rules lead the DNS address elsewhere than to the endpoints, or kube-proxy does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings

if TYPE_CHECKING:
    from calico_bundle.network.service_proxies import ServiceProxies
    from calico_bundle.network.service_targets import ProxyRules

# On the node, as root; iptables has two kinds of rules, and each program lists one.
_COLLECT = {
    "iptables": ("iptables-save", "iptables-legacy-save"),
    "nftables": ("nft list table ip kube-proxy",),
    "ipvs": ("ipvsadm -Ln",),
    "ebpf": ("kubectl exec -n calico-system POD -- calico-node -bpf nat dump",),
}
_PODS = "kubectl get pods -n kube-system -o yaml"
_ENDPOINTS = "kubectl get endpoints,endpointslices -n kube-system -o yaml"
_MOST_NAMED = 3
_NOT_COMPARED = "the rules and the endpoints are of different times, or the endpoints are not in the bundle"
_PORTS_NOT_KNOWN = "the addresses fit, and at which ports the endpoints listen is not in the bundle"


def examine(case: Case) -> Answer | None:
    """Ruled out only where the rules of every node whose pods lose lookups were recorded, and fit the endpoints."""
    from calico_bundle.network.service import why_none

    found = case.found("CB402")
    if found:
        return from_findings(found)
    dns, proxies = case.context.dns, case.context.paths.service_proxies
    if dns is None or proxies is None or dns.address is None:
        return Answer(Status.NOT_CHECKABLE, why_none(case.context.cluster), collect=(_ENDPOINTS, _PODS))
    if case.found("CB302") and not dns.ready:
        text = "the DNS service has no ready endpoint, so that there is none to which rules could lead lookups"
        return Answer(Status.NOT_CHECKABLE, text)
    return _without_finding(case, proxies)


def _without_finding(case: Case, proxies: ServiceProxies) -> Answer:
    asked = _asked(case)
    fitting = {
        name: rules for name, rules in proxies.known.items() if _is_fitting(rules) and _is_fitting(proxies.own.on(name))
    }
    unseen = [name for name in asked if name not in fitting]
    if asked and not unseen:
        first = next(rules for name, rules in fitting.items() if name in asked)
        lines = tuple(line for name in asked[:_MOST_NAMED] for line in fitting[name].evidence[:2])
        return Answer(Status.RULED_OUT, f"{_fits(first)} on {_nodes(asked)}", lines)
    return Answer(Status.NOT_CHECKABLE, _open(case, proxies, unseen, fitting), collect=_commands(case, proxies, unseen))


def _is_fitting(rules: ProxyRules | None) -> bool:
    return rules is not None and rules.compared and rules.ports_known and not rules.all_lost


def _asked(case: Case) -> list[str]:
    """The nodes whose pods lose lookups, where any do; else all nodes."""
    from calico_bundle.impact import failing_groups

    nodes = case.context.cluster.nodes
    losing = dict.fromkeys(group.node for group in failing_groups(case.context.paths) if group.node in nodes)
    return [name for name in losing if name is not None] or list(nodes)


def _fits(rules: ProxyRules) -> str:
    targets = ", ".join(str(target.address) for target in rules.targets)
    return f"the {rules.mode} rules lead the DNS address to its ready endpoints ({targets})"


def _open(case: Case, proxies: ServiceProxies, unseen: list[str], fitting: dict[str, ProxyRules]) -> str:
    if not unseen:
        return "no node is in the bundle"
    rules = proxies.on(unseen[0])
    if rules is None or proxies.own.on(unseen[0]) is None:
        reason = proxies.not_told(case.context.cluster.nodes[unseen[0]])
    else:
        reason = _PORTS_NOT_KNOWN if rules.compared else _NOT_COMPARED
    fits = f"the rules fit the endpoints on {_nodes(list(fitting))}; " if fitting else ""
    return f"{fits}of {_nodes(unseen)} it is not known: {reason}"


def _commands(case: Case, proxies: ServiceProxies, unseen: list[str]) -> tuple[str, ...]:
    """What would settle it: the listing of the mode that is known to be used, else of each, and what tells the mode."""
    from calico_bundle.network.translator import Translator

    nodes = case.context.cluster.nodes
    known = proxies.translators.on(nodes[unseen[0]]).who if unseen else Translator.UNKNOWN
    modes = {table.mode for node in nodes.values() for table in node.service_tables or () if table.services}
    dns = case.context.dns
    ports_known = all(rules.ports_known for rules in proxies.known.values())
    endpoints = () if dns and dns.listed and ports_known else (_ENDPOINTS,)
    if known is Translator.EBPF:
        return (*_COLLECT["ebpf"], *endpoints)
    if len(modes) == 1:
        return (*_COLLECT[next(iter(modes))], _PODS, *endpoints)
    listings = [command for mode in ("iptables", "nftables", "ipvs") for command in _COLLECT[mode]]
    return (*listings, _PODS, *endpoints)


def _nodes(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more nodes" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


HYPOTHESIS = Hypothesis(
    "service-proxy-stale",
    "Do the rules of each node lead the DNS service's address to its ready endpoints?",
    ("CB402",),
    "Kubernetes pkg/proxy: every node translates a service's address by rules of its own",
    examine,
)
