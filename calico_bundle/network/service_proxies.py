"""Where each node's rules lead lookups, judged by what is known of the whole cluster."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, PodFact, ProxyMode, ServiceTableFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_queries import FINISHED, labeled
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_targets import ProxyRules, answers_itself, is_met, led_to, met_cited
from calico_bundle.network.translator import Translator, Translators

_APART = timedelta(hours=15)
"""`iptables-save` prints its machine's local time without a zone: up to 14 hours from UTC, in which events are."""
_SAME_TIME = timedelta(minutes=5)
"""How far the clocks of nodes may be apart."""
_IPV4 = 4
_BACKENDS = frozenset({"nft", "legacy"})


class ServiceProxies:
    """What each node's rules make of lookups sent to the DNS service.

    >>> from calico_bundle.facts import ServiceFact
    >>> dns = DnsService(ServiceFact("kube-system", "kube-dns", "ClusterIP", (), (), {}, {}, (), None), (), False)
    >>> ServiceProxies(Cluster({}), dns).lost
    {}
    """

    def __init__(self, cluster: Cluster, dns: DnsService, of_pods: ServiceProxies | None = None) -> None:
        """For lookups of pods; with what is known of those, for the nodes' own."""
        self._cluster, self._dns, self._of_pods = cluster, dns, of_pods
        self.translators: Translators = of_pods.translators if of_pods else Translators(cluster)

    @cached_property
    def own(self) -> ServiceProxies:
        """The same for lookups that the nodes send themselves, as their hostNetwork pods do."""
        return ServiceProxies(self._cluster, self._dns, self)

    def on(self, node: str) -> ProxyRules | None:
        """Where a node's rules lead lookups; None where nothing is recorded that tells."""
        return self.known.get(node)

    @property
    def lost(self) -> dict[str, ProxyRules]:
        """The nodes whose rules lose lookups, all or some."""
        return {name: rules for name, rules in self.known.items() if rules.all_lost or rules.some_lost}

    def is_taken(self, name: str) -> bool:
        """Whether a rule before those for services may take a node's lookups, or the node answers them itself."""
        node = self._cluster.nodes[name]
        return answers_itself(node, self._dns.address) or any(map(self._taking, node.service_tables or ()))

    @property
    def untold(self) -> dict[str, Evidence]:
        """Nodes of which rules for services are listed that do not show where lookups go, or contradict each other."""
        found = ((name, self._untelling(node)) for name, node in self._cluster.nodes.items() if name not in self.known)
        return {name: line for name, line in found if line is not None}

    def _untelling(self, node: ClusterNode) -> Evidence | None:
        modes = self.translators.on(node).modes
        if answers_itself(node, self._dns.address):
            return None
        listed = [t for t in node.service_tables or () if t.mode in modes]
        listed.sort(key=lambda t: not (t.services or t.targets))
        return next((self._taking(t) or t.evidence for t in listed if self._is_telling(t)), None)

    def _taking(self, table: ServiceTableFact) -> Evidence | None:
        """The rule that may take lookups before they come to those for services."""
        own = self._of_pods is not None
        return next(iter(met_cited(table, own=own)), None) if is_met(table, own=own) is None else None

    def _is_telling(self, table: ServiceTableFact) -> bool:
        """Whether entries should be in a listing: where it has none, another mode than its own may be in use."""
        if table.services or table.targets:
            return True
        return not table.in_sets and (table.mode != ProxyMode.IPVS or table.mode in self._modes_of_others)

    def not_told(self, node: ClusterNode) -> str:
        """Why a node's rules do not tell where lookups go."""
        known = self.translators.on(node)
        if known.who is Translator.ANOTHER:
            return "another plugin may translate services here, in rules that are not known"
        if answers_itself(node, self._dns.address):
            return "NodeLocal DNSCache answers lookups on the node itself"
        if node.service_tables is None:
            return "the rules for services are not in the bundle"
        if not any(t.mode in known.modes for t in node.service_tables):
            return f"what is recorded is not of {known.who}, which translates services there"
        taking = next(filter(None, map(self._taking, node.service_tables)), None)
        if taking is not None:
            return f"a rule before those for services may take lookups elsewhere: `{taking.text}`"
        return "what is recorded of its rules does not show where lookups go, or contradicts itself"

    @cached_property
    def known(self) -> Mapping[str, ProxyRules]:
        """The nodes of which it is known, each with where its rules lead."""
        if self._of_pods and not any(map(_differs, self._cluster.nodes.values())):
            return self._of_pods.known
        found = {name: rules for name, node in self._cluster.nodes.items() if (rules := self._of(node))}
        fitting = [_time(r) for r in found.values() if r.compared and r.targets and not r.stale and not r.lacking]
        return {
            name: replace(rules, confirmed=self._is_confirmed(name, rules, fitting)) for name, rules in found.items()
        }

    def _is_confirmed(self, name: str, rules: ProxyRules, fitting: Sequence[datetime | None]) -> bool:
        """Whether a difference can have no other cause.

        Rules that nobody uses any more, since eBPF took kube-proxy's place, stay alike on all nodes.
        """
        is_known = self.translators.on(self._cluster.nodes[name]).who is not Translator.UNKNOWN
        return (rules.confirmed and is_known) or _was_late(rules, fitting) or self._is_down(name)

    def _is_down(self, name: str) -> bool:
        return self.translators.failing(self._cluster.nodes[name]) is not None

    def _of(self, node: ClusterNode) -> ProxyRules | None:
        known = self.translators.on(node)
        if not known.modes:
            return None
        rules = led_to(node, self._dns, known.modes, _Addresses(self), own=self._of_pods is not None) or self._absent(
            node, known.modes
        )
        return None if rules is None else self._timely(self._fitting_service(node.name, rules))

    def _fitting_service(self, node: str, rules: ProxyRules) -> ProxyRules:
        """Rules that lead nowhere, where the Service itself leads nobody anywhere from this node, are as they should be."""
        leads = not self._dns.keeps_local or any(e.node == node for e in self._dns.ready)
        if self._dns.without_udp or ((rules.none or rules.rejects) and not leads):
            return replace(rules, stale=(), lacking=(), astray={}, compared=False)
        return rules

    def _timely(self, rules: ProxyRules) -> ProxyRules:
        """What is known to be of another time than the endpoints is not compared with them; nor what a pod contradicts."""
        gone = {target.address for target in rules.stale if target not in rules.astray}
        if rules.none or not (self._is_apart(rules.recorded) or self._running & gone):
            return rules
        return replace(rules, stale=(), lacking=(), astray={}, compared=False)

    def _is_apart(self, recorded: str | None) -> bool:
        if recorded is None or self._newest is None:
            return False
        told = _parsed(recorded)
        return told is not None and abs(told - self._newest) > _APART

    @cached_property
    def _newest(self) -> datetime | None:
        """When the newest event was, which is about when the objects were collected."""
        newest = max((e.last_seen for e in self._cluster.events if e.last_seen), default=None)
        try:
            return datetime.fromisoformat(newest or "").replace(tzinfo=None)
        except ValueError:
            return None

    @cached_property
    def _running(self) -> frozenset[Address]:
        """The addresses of DNS pods that are ready, whatever the endpoints say."""
        selector = self._dns.service.selector
        key = next(iter(selector), None)
        found = labeled(self._cluster.pods, key, selector[key]) if key else []
        ready = (p for p in found if p.ready and p.phase not in FINISHED and selector.items() <= p.labels.items())
        return frozenset(ip for pod in ready for ip in pod.ips)

    @cached_property
    def service_addresses(self) -> frozenset[str]:
        """The addresses of the other services."""
        own = self._dns.address
        return frozenset(str(ip) for s in self._cluster.services for ip in s.cluster_ips if ip != own)

    # --- no rules at all ----------------------------------------------------------------------------------------------

    def _absent(self, node: ClusterNode, modes: tuple[str, ...]) -> ProxyRules | None:
        """No entry for any service on a node, where other nodes show by which means kube-proxy works in this cluster.

        Either the place for entries is there and empty, or it is in neither of the two kinds of iptables: a listing shows
        one of them. Where kube-proxy does not run, nobody makes it: the kind that the other nodes use is enough.
        """
        tables = [t for t in node.service_tables or () if t.mode in modes]
        if not tables or any(t.services or t.targets or not t.whole for t in tables) or len(self._modes_of_others) != 1:
            return None
        if answers_itself(node, self._dns.address) or self._dns.address is None or any(map(self._taking, tables)):
            return None
        mode = next(iter(self._modes_of_others))
        own = [t for t in tables if t.mode == mode]
        backends = {t.backend for t in own}
        is_gone = self._is_down(node.name) and bool(own) and backends == self._backends_of_others
        if not any(t.prepared for t in own) and not backends >= _BACKENDS and not is_gone:
            return None
        compared = self._dns.listed and not self._dns.hidden and bool(self._dns.ready)
        lines = tuple(t.evidence for t in own)
        return ProxyRules((), (), mode, lines, none=True, compared=compared, confirmed=True)

    @cached_property
    def _backends_of_others(self) -> frozenset[str | None]:
        tables = (t for node in self._cluster.nodes.values() for t in node.service_tables or ())
        return frozenset(t.backend for t in tables if t.services)

    @cached_property
    def _modes_of_others(self) -> frozenset[str]:
        tables = (t for node in self._cluster.nodes.values() for t in node.service_tables or ())
        return frozenset(t.mode for t in tables if t.services)


def _differs(node: ClusterNode) -> bool:
    """Whether packets of pods come to a node's rules and its own do not, or the other way round."""
    return any(is_met(t, own=True) is not is_met(t, own=False) for t in node.service_tables or ())


class _Addresses(Container[str]):
    """The addresses of services, gathered when somebody asks for one: most nodes' rules have the DNS address."""

    def __init__(self, proxies: ServiceProxies) -> None:
        self._proxies = proxies

    def __contains__(self, address: object) -> bool:
        return address in self._proxies.service_addresses


def _parsed(recorded: str | None) -> datetime | None:
    """The time that `iptables-save` prints."""
    try:
        return datetime.strptime((recorded or "").strip(), "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007 - no zone is printed
    except ValueError:
        return None


def _time(rules: ProxyRules) -> datetime | None:
    return _parsed(rules.recorded)


def _was_late(rules: ProxyRules, fitting: Sequence[datetime | None]) -> bool:
    """Whether rules were recorded when those of another node fitted the endpoints already, so that these are behind."""
    own = _time(rules)
    return any(own is None or other is None or other <= own + _SAME_TIME for other in fitting)


def pods_at(addresses: Collection[Address], cluster: Cluster) -> dict[Address, PodFact]:
    """The pods of the bundle that have one of some IPv4 addresses, finished ones left out.

    >>> pods_at((), Cluster({}))
    {}
    """
    if not addresses:
        return {}
    wanted = {int(ip): ip for ip in addresses if ip.version == _IPV4}
    kept = columns_of(cluster.pods)
    places = [(place, ip) for place, ip in enumerate(kept.ipv4s) if ip is not None and ip in wanted]
    return {wanted[ip]: cluster.pods[place] for place, ip in places if kept.phases[place] not in FINISHED}
