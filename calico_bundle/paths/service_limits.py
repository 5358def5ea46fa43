"""What the DNS service does not lead to its endpoints: a port that it does not have, and nodes that it keeps lookups on.

Sources: Kubernetes, Virtual IPs and Service Proxies (a proxy captures traffic to a Service's address and port), and
Service Internal Traffic Policy (with Local, a node without an endpoint of its own has none).
"""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import EndpointFact
from calico_bundle.network.outcome import ENDPOINTS, SERVICES, Cause, Outcome, Settles, Why
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_proxies import ServiceProxies
from calico_bundle.network.service_targets import ProxyRules
from calico_bundle.network.translator import Translator
from calico_bundle.paths.hindrances import Hindrance

NO_PORT, NO_LOCAL_ENDPOINT = "CB301", "CB302"
_BY_KUBE_PROXY = (Translator.KUBE_PROXY, Translator.UNKNOWN)


class ServiceLimits:
    """What lookups from each node meet by the DNS service's own fields; `homes` are the nodes of its ready endpoints."""

    def __init__(self, dns: DnsService | None, proxies: ServiceProxies | None, homes: Sequence[str | None]) -> None:
        self._dns, self._proxies, self._homes = dns, proxies, homes
        self.any = dns is not None and (dns.without_udp or dns.keeps_local)
        """Whether there is anything to ask."""

    def on(self, node: ClusterNode, *, own: bool) -> Hindrance | None:
        """What all lookups from a node meet: of its pods, or (own) of the node itself."""
        if self._dns is None or self._proxies is None or not self.any or self._proxies.is_taken(node.name):
            return None
        rules = (self._proxies.own if own else self._proxies).on(node.name)
        if self._dns.without_udp:
            return self._without_port(node.name, rules)
        return self._kept_local(node, rules)

    def unasked(self, node: str) -> frozenset[int]:
        """The endpoints to which no lookup from a node is led, by their places."""
        if self._dns is None or not self._dns.keeps_local or node not in self._homes:
            return frozenset()
        return frozenset(place for place, home in enumerate(self._homes) if home != node)

    def _without_port(self, node: str, rules: ProxyRules | None) -> Hindrance:
        service = self._service
        if rules is not None and rules.targets:
            text = f"{service} has no port UDP 53, and the rules of {node} translate it: one of the two is older"
            return _open(NO_PORT, node, text, rules, Settles((SERVICES,)))
        text = f"{service} has no port UDP 53, so nothing translates its address for lookups over UDP"
        return self._lost(NO_PORT, node, text)

    def _kept_local(self, node: ClusterNode, rules: ProxyRules | None) -> Hindrance | None:
        local = {e.ip for e, home in zip(self._ready, self._homes, strict=True) if home == node.name}
        led = {t.address for t in rules.targets if t not in rules.stale or t in rules.astray} if rules else set()
        text = f"{self._service} keeps lookups on their node (internalTrafficPolicy: Local)"
        if led - local:
            text = f"{text}, and the rules of {node.name} lead to endpoints elsewhere: one of the two is older"
            return _open(NO_LOCAL_ENDPOINT, node.name, text, rules, Settles((SERVICES,)))
        if local:
            return None
        if None in self._homes:
            text = f"{text}, and the bundle does not tell the nodes of all endpoints"
            return _open(NO_LOCAL_ENDPOINT, node.name, text, rules, Settles((ENDPOINTS,)))
        if self._proxies and self._proxies.translators.on(node).who not in _BY_KUBE_PROXY:
            text = f"{text}, and whether what translates on {node.name} does so is not known here"
            return _open(NO_LOCAL_ENDPOINT, node.name, text, rules, None)
        return self._lost(NO_LOCAL_ENDPOINT, node.name, f"{text}, and no ready endpoint is on {node.name}")

    def _lost(self, code: str, node: str, text: str) -> Hindrance:
        lines = (self._dns.service.evidence,) if self._dns else ()
        return Hindrance(code, Outcome.LOST, Cause(Why.SERVICE_LEADS_NOWHERE, node, text, lines))

    @property
    def _ready(self) -> Sequence[EndpointFact]:
        return self._dns.ready if self._dns else ()

    @property
    def _service(self) -> str:
        return f"{self._dns.service.namespace}/{self._dns.service.name}" if self._dns else ""


def _open(code: str, node: str, text: str, rules: ProxyRules | None, settle: Settles | None) -> Hindrance:
    lines = rules.evidence if rules else ()
    return Hindrance(code, Outcome.UNKNOWN, Cause(Why.UNDECIDED, node, text, lines, settle=settle))
