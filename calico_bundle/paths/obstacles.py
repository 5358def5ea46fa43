"""What pods' lookups meet beside routes: the policies that apply to them, and the service rules of their nodes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from calico_bundle.cluster import Cluster
from calico_bundle.facts import EndpointFact, PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.network.corefile_judging import told_not_to_answer
from calico_bundle.network.outcome import Cause, Outcome, Settles, Why
from calico_bundle.network.policy.dns import Class, DnsPolicies, PolicyVerdict
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_proxies import ServiceProxies
from calico_bundle.network.service_targets import ProxyRules, led_astray
from calico_bundle.paths.doubts import doubt_of
from calico_bundle.paths.firewalls import Firewalls
from calico_bundle.paths.hindrances import Hindrance, Hindrances
from calico_bundle.paths.service_limits import ServiceLimits
from calico_bundle.paths.still import Still, Stopped, is_default_cable

POLICY, SERVICE_RULES, INCOMPLETE = "CB401", "CB402", "CB901"


class Obstacles:
    """What is in the way of lookups, found once for pods that policies treat alike.

    `homes` are the nodes of the ready DNS endpoints, in their order.

    >>> bool(Obstacles(Cluster({}), None, ()).met_by(0, "node-1", by_cache=True))
    False
    """

    def __init__(
        self,
        cluster: Cluster,
        dns: DnsService | None,
        homes: Sequence[str | None],
        is_cable: Callable[[str], bool] = is_default_cable,
    ) -> None:
        self.policies = DnsPolicies(cluster, dns)
        self.proxies = ServiceProxies(cluster, dns) if dns else None
        of_asker = {False: self.proxies, True: self.proxies.own} if self.proxies else {}
        self._misled = {own: proxies.lost for own, proxies in of_asker.items()}
        self._untold = {own: proxies.untold for own, proxies in of_asker.items()}
        self._limits = ServiceLimits(dns, self.proxies, homes)
        columns = columns_of(cluster.pods)
        self._hosts, self._values = columns.host_networks, columns.ipv4s
        self._ready = dns.ready if dns else ()
        self._homes, self._nodes = homes, cluster.nodes
        still = {name: Still(node, is_cable) for name, node in cluster.nodes.items() if node.sysctls}
        self._still = {name: found for name, found in still.items() if found.by_card or found.by_cable}
        self._unanswered = _unanswered(cluster, dns)
        self._doubtful = {name: cause for name, node in cluster.nodes.items() if (cause := doubt_of(node))}
        by_rules: list[Mapping[str, object]] = [*self._misled.values(), *self._untold.values()]
        ports = [dns.listening(endpoint) if dns else None for endpoint in self._ready]
        self.firewalls = Firewalls(cluster, self._ready, homes, ports, is_cable)
        self._named = {
            *(cluster.nodes if self._limits.any else ()),
            *self._still,
            *self.firewalls.nodes,
            *self._doubtful,
            *homes,
            *(name for found in by_rules for name in found),
        }
        self._met: dict[Hashable, Hindrances] = {}
        self._denied: dict[Hashable, Sequence[tuple[int, Hindrance]]] = {}
        self._same: dict[Hashable, Hindrances] = {}

    def met_by(self, pod: int | PodFact, node: str, *, by_cache: bool = False) -> Hindrances:
        """What lookups of a pod on a node meet: one object for all that meet the same.

        A pod is given by its place in the cluster, or itself; `by_cache` where a cache of the node asks for it.
        """
        own = by_cache or (pod.host_network if isinstance(pod, PodFact) else self._hosts[pod]) is True
        kind = self.policies.class_of(pod) if self.policies.any else None
        value = self._address_of(pod) if self.firewalls.nodes and not own else None
        at = self.firewalls.place_of(value)
        key = (kind and kind.key, own, by_cache, at, node if node in self._named else None)
        if key not in self._met:
            rules = self._misled.get(own, {}).get(node)
            by_rules = self._by_rules(node, rules, own=own)
            limited = self._limits.any and not by_cache
            by_service = self._by_service(node, own=own) if limited else ()
            doubts = chain(self._by_still(node, own=own), self._by_doubt(node), self._by_configuration())
            filtered = self.firewalls.met_by(node, value, own=own, by_cache=by_cache)
            met = _worst(chain(by_service, doubts, filtered, by_rules.items(), self._by_policies(kind)))
            aside, unasked = _aside(node, rules, self._ready)
            unasked |= self._limits.unasked(node) if limited else frozenset()
            same = (tuple(sorted(met.items(), key=_place)), aside, unasked)
            self._met[key] = self._same.setdefault(same, Hindrances(met, aside, unasked))
        return self._met[key]

    def _by_service(self, node: str, *, own: bool) -> Iterable[tuple[int, Hindrance]]:
        found = self._limits.on(self._nodes[node], own=own)
        return ((place, found) for place in range(len(self._ready))) if found else ()

    def _address_of(self, pod: int | PodFact) -> int | None:
        return columns_of((pod,)).ipv4s[0] if isinstance(pod, PodFact) else self._values[pod]

    def _by_policies(self, kind: Class | None) -> Iterable[tuple[int, Hindrance]]:
        if kind is None:
            return ()
        if kind.key not in self._denied:
            verdicts = ((place, self.policies.on(kind, endpoint)) for place, endpoint in enumerate(self._ready))
            self._denied[kind.key] = [
                (place, _denied(found, self.policies)) for place, found in verdicts if found.allowed is not True
            ]
        return self._denied[kind.key]

    def _by_still(self, node: str, *, own: bool) -> Iterator[tuple[int, Hindrance]]:
        """Nodes that do not forward what comes in by an interface: requests for their pods, or answers to them."""
        for place, home in enumerate(self._homes if self._still else ()):
            found = next(filter(None, (self._still_at(name, home, node, own=own) for name in (home, node))), None)
            if found is not None:
                text = f"{found.node} may not forward what comes in by {found.by}: `{found.line.text}`"
                cause = Cause(
                    Why.UNDECIDED, found.node, text, (found.line,), settle=Settles(("sysctl -a",), found.node)
                )
                yield place, Hindrance(INCOMPLETE, Outcome.UNKNOWN, cause)

    def _still_at(self, name: str | None, home: str | None, node: str, *, own: bool) -> Stopped | None:
        still = self._still.get(name) if name is not None else None
        forwards = not own or (name == home and home != node)
        return still.met_by(crosses=home != node) if still and forwards else None

    def _by_doubt(self, node: str) -> Iterator[tuple[int, Hindrance]]:
        """Nodes that may drop packets, or be gone: the pod's own, and those of the endpoints."""
        for place, home in enumerate(self._homes if self._doubtful else ()):
            found = next((self._doubtful[name] for name in (node, home) if name in self._doubtful), None)
            if found is not None:
                yield place, Hindrance(INCOMPLETE, Outcome.UNKNOWN, found)

    def _by_configuration(self) -> Iterator[tuple[int, Hindrance]]:
        """Servers that are told not to answer: those that run may have been told something else at their start."""
        for place, _ in enumerate(self._ready if self._unanswered else ()):
            if self._unanswered:
                yield place, Hindrance(INCOMPLETE, Outcome.UNKNOWN, self._unanswered)

    def _by_rules(self, node: str, rules: ProxyRules | None, *, own: bool) -> Mapping[int, Hindrance]:
        untold = self._untold.get(own, {}).get(node)
        if untold is not None:
            text = f"what is recorded of {node}'s service rules does not show where lookups go, or contradicts itself"
            settle: Settles | None = Settles(("iptables-save", "nft list ruleset"), node)
            if untold.text.startswith("-A "):
                settle = None
                text = f"a rule of {node} may take lookups elsewhere before they come to those for services: `{untold.text}`"
            cause = Cause(Why.UNDECIDED, node, text, (untold,), settle=settle)
            return dict.fromkeys(range(len(self._ready)), Hindrance(SERVICE_RULES, Outcome.UNKNOWN, cause))
        if rules is None or not rules.all_lost:
            return {}
        return dict.fromkeys(range(len(self._ready)), _misled(node, rules))


def _place(at: tuple[int, Hindrance]) -> int:
    return at[0]


def _worst(found: Iterable[tuple[int, Hindrance]]) -> dict[int, Hindrance]:
    """One hindrance for each endpoint: what is surely lost is lost, whatever else is open."""
    met: dict[int, Hindrance] = {}
    for place, hindrance in found:
        if place not in met or (hindrance.outcome is Outcome.LOST and met[place].outcome is not Outcome.LOST):
            met[place] = hindrance
    return met


def _unanswered(cluster: Cluster, dns: DnsService | None) -> Cause | None:
    """Why the DNS servers may not answer, although lookups reach them: what their configuration tells them."""
    told = told_not_to_answer(cluster, dns)
    return Cause(Why.UNDECIDED, None, f"{told[0]}, unless they run with another", told[1]) if told else None


def _denied(found: PolicyVerdict, policies: DnsPolicies) -> Hindrance:
    if found.allowed is False:
        text = f"a policy drops it: {found.text}"
        return Hindrance(POLICY, Outcome.LOST, Cause(Why.POLICY_DENIES, None, text, found.evidence))
    text = f"whether policies let it through is open: {found.text}"
    cause = Cause(Why.UNDECIDED, None, text, found.evidence, settle=policies.settles(found))
    return Hindrance(POLICY, Outcome.UNKNOWN, cause)


def _misled(node: str, rules: ProxyRules) -> Hindrance:
    text = f"the DNS address: the {rules.mode} service rules of {node} {_leading(rules)}"
    if rules.confirmed:
        return Hindrance(SERVICE_RULES, Outcome.LOST, Cause(Why.SERVICE_RULES_STALE, node, text, rules.evidence))
    cause = Cause(
        Why.UNDECIDED, node, f"{text}, unless the endpoints changed between the two recordings", rules.evidence
    )
    return Hindrance(SERVICE_RULES, Outcome.UNKNOWN, cause)


def _leading(rules: ProxyRules) -> str:
    if rules.unmet:
        return f"are met by no packet of this pod: the chain {rules.unmet} does not lead to them"
    if rules.none or rules.rejects:
        return "do not lead it anywhere"
    return f"lead it to {led_astray(rules.stale, rules)}"


def _aside(
    node: str, rules: ProxyRules | None, ready: Sequence[EndpointFact]
) -> tuple[Hindrance | None, frozenset[int]]:
    """What becomes of lookups that are led to no endpoint, and the endpoints to which none is led."""
    if rules is None or not rules.some_lost:
        return None, frozenset()
    return _misled(node, rules), frozenset(place for place, e in enumerate(ready) if e.ip in rules.lacking)
