"""The cluster's DNS service and the endpoints its address leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from calico_bundle.cluster import Cluster
from calico_bundle.errors import UnknownNameError, UsageError
from calico_bundle.facts import Address, EndpointFact, ServiceFact
from calico_bundle.facts.endpoint_table import Contradicting, endpoints_of, first_contradicting
from calico_bundle.facts.service_table import named, names, with_port

DNS_PORT = 53
# Kubernetes' own name (kubeadm keeps it for CoreDNS), OpenShift's, RKE2's chart, MicroK8s' and others'.
_KNOWN_NAMES = ("kube-dns", "dns-default", "rke2-coredns-rke2-coredns", "coredns")


@dataclass(frozen=True)
class DnsService:
    """A DNS service with its endpoints. `listed` is False when the bundle holds no endpoints object for it.

    Its own address may be hidden by the collector; a Service that has none is not taken for it. `hidden` when it has, or may
    have, ready endpoints that are not shown: their addresses are hidden, or who is ready. `contradicting` is an object of its
    that is there twice, with other addresses.
    """

    service: ServiceFact
    endpoints: tuple[EndpointFact, ...]
    listed: bool
    hidden: bool = False
    contradicting: Contradicting | None = None

    @property
    def contradiction(self) -> str | None:
        """That its endpoints are told in two ways, in words; None where they are not."""
        if self.contradicting is None:
            return None
        paths = f"{self.contradicting.there.path} and {self.contradicting.here.path}"
        name = f"{self.service.namespace}/{self.service.name}"
        return f"{paths} have other endpoints of {name}: taken at different times? give one collection at a time"

    @property
    def address(self) -> Address | None:
        """The IPv4 cluster address that pods ask."""
        return next((ip for ip in self.service.cluster_ips if ip.version == 4), None)

    @property
    def without_udp(self) -> bool:
        """Whether the Service surely has no port for lookups over UDP: its address is translated at its ports alone."""
        ports = self.service.ports
        is_shown = bool(ports) and "ports" not in (*self.service.redacted, *self.service.not_shown)
        return is_shown and not any((p.port, p.protocol) == (DNS_PORT, "UDP") for p in ports)

    @property
    def keeps_local(self) -> bool:
        """Whether lookups are led to endpoints of their own node alone (Kubernetes: Service Internal Traffic Policy)."""
        return self.service.internal_traffic_policy == "Local"

    @cached_property
    def ending(self) -> tuple[EndpointFact, ...]:
        """Endpoints that end and still serve, where none is ready: proxies may lead to them until they are gone.

        kube-proxy does since Kubernetes 1.26 (KEP-1669, pkg/proxy/topology.go).
        """
        if any(e.ready is not False for e in self.endpoints):
            return ()
        return tuple(e for e in self.endpoints if e.ends_serving)

    def listening(self, endpoint: EndpointFact, protocol: str = "UDP") -> int | None:
        """The port at which an endpoint takes lookups; None where that is not known.

        kube-proxy finds it by the name of the Service's port (Kubernetes pkg/proxy/endpointslicecache.go). Where the endpoints'
        ports are not shown, it is a targetPort that is a number, which the endpoints of pods have.
        """
        own = [p for p in self.service.ports if p.port == DNS_PORT and p.protocol == protocol]
        if len(own) != 1 or "ports" in (*self.service.redacted, *self.service.not_shown):
            return None
        if endpoint.ports is not None:
            found = {p.port for p in endpoint.ports if (p.name or "", p.protocol) == (own[0].name or "", protocol)}
            return found.pop() if len(found) == 1 else None
        target = own[0].target_port or str(DNS_PORT)
        return int(target) if target.isdigit() and self.service.selector and not self.service.not_shown else None

    @cached_property
    def ready(self) -> tuple[EndpointFact, ...]:
        """Ready IPv4 endpoints."""
        return tuple(e for e in self.endpoints if e.ready and e.ip is not None and e.ip.version == 4)

    @cached_property
    def answering(self) -> Mapping[Address, int | None]:
        """The addresses of ready endpoints, each with the port that it listens on; None: not known, or told in two ways."""
        found: dict[Address, int | None] = {}
        for endpoint in self.ready:
            if endpoint.ip is not None:
                port = self.listening(endpoint)
                found[endpoint.ip] = port if found.get(endpoint.ip, port) == port else None
        return found


def find_dns(cluster: Cluster, wanted: str | None = None) -> DnsService | None:
    """The cluster's DNS service: the one named, else the one that Kubernetes' label or a well-known name marks.

    Raises `UsageError` when `wanted` is not NAMESPACE/SERVICE, `UnknownNameError` when there is no such service.

    >>> find_dns(Cluster({})) is None
    True
    """
    if wanted is not None:
        return _with_endpoints(cluster, _named(cluster, wanted))
    candidates = [s for s in with_port(cluster.services, DNS_PORT) if s.cluster_ips or "cluster_ips" in s.redacted]
    marked = [s for s in candidates if s.labels.get("k8s-app") == "kube-dns" or s.selector.get("k8s-app") == "kube-dns"]
    chosen = min(marked or candidates, key=_rank, default=None)
    if chosen is None or (not marked and chosen.name not in _KNOWN_NAMES):
        return None
    return _with_endpoints(cluster, chosen)


def addressless(cluster: Cluster) -> ServiceFact | None:
    """A DNS service that surely has no address of its own: it is neither hidden nor left out by a table.

    >>> addressless(Cluster({})) is None
    True
    """
    marked = (s for s in with_port(cluster.services, DNS_PORT) if s.labels.get("k8s-app") == "kube-dns")
    bare = (s for s in marked if not (s.cluster_ips or s.redacted or s.not_shown) and s.type == "ClusterIP")
    return next(bare, None)


def why_none(cluster: Cluster) -> str:
    """Why no DNS service is known whose address pods could ask.

    >>> why_none(Cluster({}))
    'no cluster DNS service is in the bundle'
    """
    service = addressless(cluster)
    if service is None:
        return "no cluster DNS service is in the bundle"
    return f"the DNS service {service.namespace}/{service.name} has no address of its own"


def _named(cluster: Cluster, wanted: str) -> ServiceFact:
    namespace, slash, name = wanted.partition("/")
    if not slash or not namespace or not name:
        raise UsageError(f"the DNS service must be NAMESPACE/SERVICE, such as kube-system/kube-dns, not {wanted!r}")
    service = named(cluster.services, namespace, name)
    if service is None:
        raise UnknownNameError("service", wanted, names(cluster.services))
    return service


def _rank(service: ServiceFact) -> tuple[int, str, str]:
    known = _KNOWN_NAMES.index(service.name) if service.name in _KNOWN_NAMES else len(_KNOWN_NAMES)
    return known, service.namespace, service.name


def _with_endpoints(cluster: Cluster, service: ServiceFact) -> DnsService:
    own = endpoints_of(cluster.endpoints, service.namespace, service.name)
    hidden = any(map(_hides, own))
    twice = first_contradicting(cluster.endpoints, service.namespace, service.name)
    return DnsService(service, tuple(e for e in own if e.ip is not None), bool(own), hidden, twice)


def _hides(endpoint: EndpointFact) -> bool:
    """Whether it stands for a ready IPv4 address that is not shown, or may be one."""
    if endpoint.ip is None:
        return endpoint.ready is not False
    return endpoint.ready is None and endpoint.ip.version == 4
