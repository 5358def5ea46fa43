"""What pods' lookups meet beside routes: the policies that apply to them, and the service rules of their nodes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import EndpointFact, PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.network.outcome import Cause, Outcome, Settles, Why
from calico_bundle.network.policy import COMMAND_BESIDE, COMMANDS
from calico_bundle.network.policy.dns import Class, DnsPolicies, PolicyVerdict
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_proxies import ServiceProxies
from calico_bundle.network.service_targets import ProxyRules, led_astray
from calico_bundle.network.settings import forwarding
from calico_bundle.paths.doubts import doubt_of
from calico_bundle.paths.hindrances import Hindrance, Hindrances
from calico_bundle.paths.service_limits import ServiceLimits

POLICY, SERVICE_RULES, INCOMPLETE = "CB401", "CB402", "CB901"


class Obstacles:
    """What is in the way of lookups, found once for pods that policies treat alike.

    `homes` are the nodes of the ready DNS endpoints, in their order.

    >>> bool(Obstacles(Cluster({}), None, ()).met_by(0, "node-1", by_cache=True))
    False
    """

    def __init__(self, cluster: Cluster, dns: DnsService | None, homes: Sequence[str | None]) -> None:
        self.policies = DnsPolicies(cluster, dns)
        self.proxies = ServiceProxies(cluster, dns) if dns else None
        of_asker = {False: self.proxies, True: self.proxies.own} if self.proxies else {}
        self._misled = {own: proxies.lost for own, proxies in of_asker.items()}
        self._untold = {own: proxies.untold for own, proxies in of_asker.items()}
        self._limits = ServiceLimits(dns, self.proxies, homes)
        self._hosts = columns_of(cluster.pods).host_networks
        self._ready = dns.ready if dns else ()
        self._homes, self._nodes = homes, cluster.nodes
        self._still = {name: line for name, node in cluster.nodes.items() if (line := _not_forwarding(node))}
        self._doubtful = {name: cause for name, node in cluster.nodes.items() if (cause := doubt_of(node))}
        by_rules: list[Mapping[str, object]] = [*self._misled.values(), *self._untold.values()]
        self._named = {
            *(cluster.nodes if self._limits.any else ()),
            *self._still,
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
        limited = self._limits.any and not by_cache
        key = (kind and kind.key, own, limited, node if node in self._named else None)
        if key not in self._met:
            rules = self._misled.get(own, {}).get(node)
            by_rules = self._by_rules(node, rules, own=own)
            doubts = chain(self._by_still(node), self._by_doubt(node))
            by_service = self._by_service(node, own=own) if limited else ()
            met = _worst(chain(by_service, doubts, by_rules.items(), self._by_policies(kind)))
            aside, unasked = _aside(node, rules, self._ready)
            unasked |= self._limits.unasked(node) if limited else frozenset()
            same = (tuple(sorted(met.items(), key=_place)), aside, unasked)
            self._met[key] = self._same.setdefault(same, Hindrances(met, aside, unasked))
        return self._met[key]

    def _by_service(self, node: str, *, own: bool) -> Iterable[tuple[int, Hindrance]]:
        found = self._limits.on(self._nodes[node], own=own)
        return ((place, found) for place in range(len(self._ready))) if found else ()

    def _by_policies(self, kind: Class | None) -> Iterable[tuple[int, Hindrance]]:
        if kind is None:
            return ()
        if kind.key not in self._denied:
            verdicts = ((place, self.policies.on(kind, endpoint)) for place, endpoint in enumerate(self._ready))
            self._denied[kind.key] = [(place, _denied(found)) for place, found in verdicts if found.allowed is not True]
        return self._denied[kind.key]

    def _by_still(self, node: str) -> Iterator[tuple[int, Hindrance]]:
        """Nodes that do not forward what comes in by a card: neither what is for their pods nor the answers to them."""
        for place, home in enumerate(self._homes):
            still = next((name for name in (home, node) if name in self._still), None) if home != node else None
            if still is not None:
                text = f"{still} may not forward what comes in by one of its cards: `{self._still[still].text}`"
                cause = Cause(Why.UNDECIDED, still, text, (self._still[still],), settle=Settles(("sysctl -a",), still))
                yield place, Hindrance(INCOMPLETE, Outcome.UNKNOWN, cause)

    def _by_doubt(self, node: str) -> Iterator[tuple[int, Hindrance]]:
        """Nodes that may drop packets, or be gone: the pod's own, and those of the endpoints."""
        for place, home in enumerate(self._homes if self._doubtful else ()):
            found = next((self._doubtful[name] for name in (node, home) if name in self._doubtful), None)
            if found is not None:
                yield place, Hindrance(INCOMPLETE, Outcome.UNKNOWN, found)

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


def _not_forwarding(node: ClusterNode) -> Evidence | None:
    """The setting by which a node does not forward what comes in by the card of its own address (IN_DEV_FORWARD)."""
    own = {node.internal_ip, node.bgp_address.ip if node.bgp_address else None} - {None}
    cards = {node.interface_of(ip) for ip in own if ip is not None} if node.sysctls else set()
    found = (forwarding(node, card) for card in sorted(filter(None, cards)))
    return next((line for does, line in found if does is False), None)


def _denied(found: PolicyVerdict) -> Hindrance:
    if found.allowed is False:
        text = f"a policy drops it: {found.text}"
        return Hindrance(POLICY, Outcome.LOST, Cause(Why.POLICY_DENIES, None, text, found.evidence))
    text = f"whether policies let it through is open: {found.text}"
    cause = Cause(Why.UNDECIDED, None, text, found.evidence, settle=Settles((*COMMANDS.values(), COMMAND_BESIDE)))
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
