"""Addresses told apart only where something in the policies does: the places into which their networks cut all addresses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_network

from calico_bundle.calico.selectors import SelectorError, compiled
from calico_bundle.cluster import Cluster
from calico_bundle.facts import Network, PolicyFact, PolicySide
from calico_bundle.facts.endpoint_table import endpoints_of
from calico_bundle.network.policy.labeled import ACCOUNT_LABEL


class Places:
    """Addresses in the same place lie in the same of some networks.

    >>> places = Places([ip_network("10.0.0.0/24")])
    >>> places.of(0x0A000001) == places.of(0x0A0000FF), places.of(0x0A000001) == places.of(0x0A000100)
    (True, False)
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        edges: set[int] = set()
        for network in networks:
            if isinstance(network, IPv4Network):
                edges |= {int(network.network_address), int(network.broadcast_address) + 1}
        self._edges = sorted(edges)

    def of(self, address: int | None) -> int | None:
        """The place of an IPv4 address; None of none."""
        return None if address is None else bisect_right(self._edges, address)


def sides(policies: Iterable[PolicyFact]) -> Iterator[PolicySide]:
    """The sources and destinations of all rules."""
    for policy in policies:
        for rule in policy.rules:
            yield from (rule.source, rule.destination)


class Behind:
    """The addresses behind Services that rules name."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[str, tuple[Network, ...] | None] = {}

    def __call__(self, service: str) -> tuple[Network, ...] | None:
        """The addresses of a Service, by namespace/name; None where its endpoints were not collected, or are hidden."""
        if service not in self._known:
            own = endpoints_of(self._cluster.endpoints, *service.split("/", 1))
            hidden = not own or any(e.not_shown or (e.ip is None and e.ready) for e in own)
            self._known[service] = None if hidden else tuple(ip_network(e.ip) for e in own if e.ip is not None)
        return self._known[service]


def networks_of(cluster: Cluster, behind: Behind, dns: str | None) -> Iterator[Network]:
    """All networks that policies tell apart; what is behind the DNS service is told apart by who asks it."""
    for side in sides(cluster.policies):
        yield from (*(side.nets or ()), *side.not_nets)
        if side.service not in (None, dns):
            yield from behind(str(side.service)) or ()
    for found in cluster.network_sets:
        yield from found.nets


def keys_of(policies: Iterable[PolicyFact]) -> tuple[frozenset[str], bool]:
    """The labels of endpoints that any selector looks at, and whether service accounts matter."""
    listed = tuple(policies)
    expressions = {e for p in listed for e in (p.selector, p.namespace_selector)}
    expressions |= {e for side in sides(listed) for e in (side.selector, side.not_selector)}
    keys = {key for expression in expressions if expression for key in _keys(expression)}
    accounts = ACCOUNT_LABEL in keys or any(p.service_account_selector for p in listed)
    accounts |= any(side.service_accounts or side.service_account_selector for side in sides(listed))
    return frozenset(keys), accounts


def accounts_of(policies: Iterable[PolicyFact]) -> tuple[frozenset[str], frozenset[str]]:
    """What policies tell service accounts apart by: the names in rules, and the labels that selectors look at."""
    listed = tuple(policies)
    both = tuple(sides(listed))
    names = frozenset(name for side in both for name in side.service_accounts)
    expressions = {policy.service_account_selector for policy in listed} | {s.service_account_selector for s in both}
    return names, frozenset(key for expression in expressions if expression for key in _keys(expression))


def _keys(expression: str) -> frozenset[str]:
    try:
        return compiled(expression).keys
    except SelectorError:
        return frozenset()
