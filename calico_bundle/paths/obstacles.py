"""What pods' lookups meet beside routes: the policies that apply to them, and the service rules of their nodes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from calico_bundle.cluster import Cluster
from calico_bundle.facts import EndpointFact, PodFact
from calico_bundle.network.outcome import Cause, Outcome, Settles, Why
from calico_bundle.network.policy.dns import DnsPolicies, PolicyVerdict
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_proxies import ServiceProxies
from calico_bundle.network.service_targets import ProxyRules
from calico_bundle.paths.hindrances import Hindrance, Hindrances

POLICY, SERVICE_RULES = "CB401", "CB402"
_POLICIES = "kubectl get networkpolicies.networking.k8s.io,networkpolicies.crd,globalnetworkpolicies.crd -A -o yaml"


class Obstacles:
    """What is in the way of lookups, found once for pods that policies treat alike.

    >>> Obstacles(Cluster({}), None).key(0)
    """

    def __init__(self, cluster: Cluster, dns: DnsService | None) -> None:
        self._policies = DnsPolicies(cluster, dns)
        self._misled: Mapping[str, ProxyRules] = ServiceProxies(cluster, dns).lost if dns else {}
        self._ready = dns.ready if dns else ()
        self._met: dict[Hashable, Hindrances] = {}

    def key(self, pod: int | PodFact) -> Hashable:
        """What pods have in common that policies treat alike; a pod is given by its place in the cluster, or itself."""
        return self._policies.class_of(pod).key if self._policies.any else None

    def met_by(self, pod: int | PodFact, node: str) -> Hindrances:
        """What lookups of a pod on a node meet."""
        key = (self.key(pod), node if node in self._misled else None)
        if key not in self._met:
            rules = self._misled.get(node)
            met = {**self._by_rules(node, rules), **dict(self._by_policies(pod))}
            self._met[key] = Hindrances(met, *_aside(node, rules, self._ready))
        return self._met[key]

    def _by_policies(self, pod: int | PodFact) -> Iterator[tuple[int, Hindrance]]:
        if not self._policies.any:
            return
        kind = self._policies.class_of(pod)
        for place, endpoint in enumerate(self._ready):
            found = self._policies.on(kind, endpoint)
            if found.allowed is not True:
                yield place, _denied(found)

    def _by_rules(self, node: str, rules: ProxyRules | None) -> Mapping[int, Hindrance]:
        if rules is None or not rules.all_lost:
            return {}
        return dict.fromkeys(range(len(self._ready)), _misled(node, rules))


def _denied(found: PolicyVerdict) -> Hindrance:
    if found.allowed is False:
        text = f"a policy drops it: {found.text}"
        return Hindrance(POLICY, Outcome.LOST, Cause(Why.POLICY_DENIES, None, text, found.evidence))
    text = f"whether policies let it through is open: {found.text}"
    cause = Cause(Why.UNDECIDED, None, text, found.evidence, settle=Settles((_POLICIES,)))
    return Hindrance(POLICY, Outcome.UNKNOWN, cause)


def _misled(node: str, rules: ProxyRules) -> Hindrance:
    leads = "do not lead the DNS address anywhere" if rules.none or rules.rejects else f"lead it to {_listed(rules)}"
    text = f"the {rules.mode} service rules of {node} {leads}, which is no ready DNS endpoint"
    if rules.confirmed:
        return Hindrance(SERVICE_RULES, Outcome.LOST, Cause(Why.SERVICE_RULES_STALE, node, text, rules.evidence))
    cause = Cause(
        Why.UNDECIDED, node, f"{text}, unless the endpoints changed between the two recordings", rules.evidence
    )
    return Hindrance(SERVICE_RULES, Outcome.UNKNOWN, cause)


def _listed(rules: ProxyRules) -> str:
    return ", ".join(map(str, rules.stale[:3]))


def _aside(
    node: str, rules: ProxyRules | None, ready: Sequence[EndpointFact]
) -> tuple[Hindrance | None, frozenset[int]]:
    """What becomes of lookups that are led to no endpoint, and the endpoints to which none is led."""
    if rules is None or not rules.some_lost:
        return None, frozenset()
    return _misled(node, rules), frozenset(place for place, e in enumerate(ready) if e.ip in rules.lacking)
