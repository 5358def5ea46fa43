"""Lets DNS through policies that deny it: every policy on the way, in both directions, tried on the policies as recorded.

Sources: Kubernetes' reference, Network Policies (rules add up); Calico's reference, Network policy and calicoctl (`patch`
replaces whole lists, so a policy of its own before the one that denies is applied instead).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from shlex import quote

from calico_bundle.calico.installation import has_api_server
from calico_bundle.facts import PodFact, PolicyFact
from calico_bundle.findings import Context, Fix
from calico_bundle.network.corefile import cluster_domains, configuration_of
from calico_bundle.network.policy.dns import DnsPolicies, PolicyVerdict
from calico_bundle.network.policy.survey import survey
from calico_bundle.network.service import DNS_PORT
from calico_bundle.remedies.asking import asking
from calico_bundle.remedies.outlooks import tried_fix
from calico_bundle.what_if.allowing import Allowance
from calico_bundle.what_if.mending import Mended, with_policies

_MOST_STEPS = 6
"""Policies on one way; a tier each is already much."""
_WAYS = ("egress", "ingress")
_NOTHING_STOPS = (
    "Nothing is interrupted: more is allowed than before. calico-node applies it within seconds, nothing restarts."
)
_NOT_TRIED = "no: the policies that deny more pods were"

Ports = tuple[tuple[str, int | str], ...]


def allow_dns(context: Context, verdict: PolicyVerdict, pods: Sequence[int], *, try_it: bool = True) -> tuple[Fix, ...]:
    """Let lookups of some pods (their numbers among the paths) through what denies them; none where no policy is named."""
    first = _allowance(context, verdict)
    if first is None:
        return ()
    found = _needed(context, pods) if try_it else (first,)
    named = " and ".join(dict.fromkeys(a.policy.shown for a in found))
    commands = (*(_command(context, a) for a in found), *_seen(context, pods))
    title = f"allow DNS in {named}"
    if not try_it:
        return (Fix(title, commands, _NOTHING_STOPS, tried=_NOT_TRIED),)
    how = f"with {len(found)} allowing rule{'s' if len(found) > 1 else ''} laid in"
    mended = Mended(allowances=frozenset(found))
    return (tried_fix(context, title, commands, _NOTHING_STOPS, mended, how),)


def _needed(context: Context, pods: Sequence[int]) -> tuple[Allowance, ...]:
    """What it takes until nothing denies these pods, or what denies them is no policy with a name."""
    policies, found = context.paths.policies, dict[Allowance, None]()
    one_of_each = {policies.class_of(place): place for place in (context.paths.pods[n].place for n in pods)}
    askers = [(place, place) for place in one_of_each.values()]
    while len(found) < _MOST_STEPS:
        denied = _first_denial(context, policies, askers)
        allowance = _allowance(context, denied) if denied else None
        if allowance is None or allowance in found:
            break
        found[allowance] = None
        policies = DnsPolicies(with_policies(context.cluster, found), context.dns)
    return tuple(found)


def _first_denial(context: Context, policies: DnsPolicies, askers: Sequence[tuple[int, int]]) -> PolicyVerdict | None:
    ready = context.dns.ready if context.dns else ()
    denied = survey(policies, askers, ready).denied
    return denied[0].verdict if denied else None


def _allowance(context: Context, verdict: PolicyVerdict) -> Allowance | None:
    """What the first of the policies that deny is to let through; None at host endpoints, and where none is named."""
    if verdict.way not in _WAYS or not verdict.policies:
        return None
    denying = verdict.policies[0]
    own = (p for p in context.cluster.policies if p.evidence == denying.evidence and p.shown == denying.shown)
    return Allowance(next(own, denying), verdict.way, _ports(context))


def _ports(context: Context) -> Ports:
    """The ports that DNS servers listen on: policies see lookups behind the translation of the Service's port."""
    listed = [p for p in context.dns.service.ports if p.port == DNS_PORT] if context.dns else []
    found = {
        p.protocol: int(p.target_port) if p.target_port.isdigit() else p.target_port for p in listed if p.target_port
    }
    return tuple((protocol, found.get(protocol, DNS_PORT)) for protocol in ("UDP", "TCP"))


def _seen(context: Context, pods: Sequence[int]) -> Iterator[str]:
    """How to see that it worked: a lookup out of one of the pods, and not of a DNS server, where there is another."""
    denied = (context.paths.pods[number].pod for number in pods)
    servers = []
    for pod in denied:
        if not _is_server(context, pod):
            yield from asking(pod)
            return
        servers.append(pod)
    for pod in servers[:1]:
        yield _from_beside(context, pod)


def _is_server(context: Context, pod: PodFact) -> bool:
    service = context.dns.service if context.dns else None
    is_near = service is not None and bool(service.selector) and service.namespace == pod.namespace
    return is_near and service is not None and service.selector.items() <= pod.labels.items()


def _from_beside(context: Context, pod: PodFact) -> str:
    """A lookup from a container laid beside the DNS server: CoreDNS's image has no shell and no tools (coredns#3533)."""
    configuration = configuration_of(context.cluster, context.dns) if context.dns else None
    name = f"kubernetes.default.svc.{cluster_domains(configuration)[0]}"
    asked = f"nslookup {quote(name)} {context.dns.address if context.dns and context.dns.address else ''}".rstrip()
    return f"kubectl debug -n {quote(pod.namespace)} {quote(pod.name)} -it --image=busybox:1.36 -- {asked}"


# --- commands -----------------------------------------------------------------------------------------------------------


def _command(context: Context, allowance: Allowance) -> str:
    if allowance.in_place:
        return _patch(allowance)
    tool, other = ("kubectl", "") if has_api_server(context.cluster) else ("calicoctl", _EITHER)
    return f"printf '%s' {quote(json.dumps(_manifest(allowance)))} | {tool} apply -f -{other}"


_EITHER = "  # or kubectl apply, where the API server of Calico is installed"


def _patch(allowance: Allowance) -> str:
    """A rule more in the policy that denies: it lets more through, and makes it apply to nothing more."""
    policy, way = allowance.policy, allowance.way
    has_rules = any(rule.direction.lower() == way for rule in policy.rules)
    rule = {"ports": [{"protocol": protocol, "port": port} for protocol, port in allowance.ports]}
    operation = {"op": "add", "path": f"/spec/{way}" + "/-" * has_rules, "value": rule if has_rules else [rule]}
    patch = quote(json.dumps([operation]))
    return f"kubectl patch networkpolicy.networking.k8s.io {_of(policy)} --type=json -p {patch}"


def _manifest(allowance: Allowance) -> dict[str, object]:
    """A policy of the same tier and selection, right before the one that denies."""
    policy = allowance.policy
    chosen = {
        "selector": policy.selector,
        "namespaceSelector": policy.namespace_selector,
        "serviceAccountSelector": policy.service_account_selector,
    }
    rules = [
        {"action": "Allow", "protocol": protocol, "destination": {"ports": [port]}}
        for protocol, port in allowance.ports
    ]
    spec = {
        "tier": policy.tier,
        "order": allowance.before,
        **{key: value for key, value in chosen.items() if value},
        "types": [allowance.way.capitalize()],
        allowance.way: rules,
    }
    metadata = {"name": allowance.name, **({"namespace": policy.namespace} if policy.namespace else {})}
    return {"apiVersion": "projectcalico.org/v3", "kind": policy.kind, "metadata": metadata, "spec": spec}


def _of(policy: PolicyFact) -> str:
    return f"-n {quote(policy.namespace)} {quote(policy.name)}" if policy.namespace else quote(policy.name)
