"""Request and reply of every pod to every DNS endpoint, decided once per class of pods with equal fate.

A path is a lookup sent to the DNS service's address: the translation to an endpoint, the way there and the way back.
Pods of one node whose addresses match the same routes share their fate, so the walk is done for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, EndpointFact, PodFact
from calico_bundle.network.ends import table_lines
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.lookup_source import Source, of_node, of_pod
from calico_bundle.network.outcome import Cause, Hop, Outcome, Packet, Walk, Why
from calico_bundle.network.service import DnsService


class Verdict(StrEnum):
    """What a pod's lookups come to."""

    REACHES = "reaches"
    DEGRADED = "degraded"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Fate:
    """Request and reply between one class of pods and one endpoint."""

    endpoint: EndpointFact
    endpoint_node: str | None
    source_node: str
    host_network: bool
    request: Walk
    reply: Walk

    @property
    def outcome(self) -> Outcome:
        """Delivered when the answer comes back; lost when either way is; unknown otherwise."""
        both = {self.request.outcome, self.reply.outcome}
        if Outcome.LOST in both:
            return Outcome.LOST
        return Outcome.UNKNOWN if Outcome.UNKNOWN in both else Outcome.DELIVERED

    @property
    def predicted(self) -> bool:
        """Whether a table that was worked out, and not recorded, has a part in it."""
        return self.request.predicted or self.reply.predicted

    @property
    def cause(self) -> Cause | None:
        """What stops it: the lost way's cause before the open one's, the request's before the reply's."""
        for outcome in (Outcome.LOST, Outcome.UNKNOWN):
            for walk in (self.request, self.reply):
                if walk.outcome is outcome:
                    return walk.cause
        return None


@dataclass(frozen=True, slots=True)
class PodPath:
    """One pod's verdict; `fates` holds one entry per ready endpoint and is shared by the pods of its class."""

    pod: PodFact
    verdict: Verdict
    text: str
    fates: tuple[Fate, ...] = ()

    @property
    def basis(self) -> str:
        """What the verdict rests on: `observed` records, a table `predicted` from Calico's rules, or `none`."""
        if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE):
            return "none"
        return "predicted" if any(fate.predicted for fate in self.fates) else "observed"


class DnsPaths:
    """All pods' paths to the cluster DNS.

    >>> DnsPaths(Cluster({}), None).pods
    ()
    """

    def __init__(self, cluster: Cluster, dns: DnsService | None) -> None:
        self.cluster = cluster
        self.dns = dns
        self.forwarding = Forwarding(cluster)
        self._fates: dict[object, Fate] = {}
        self._pod_nodes = {ip: p for p in cluster.pods for ip in p.ips if not p.host_network}

    @cached_property
    def pods(self) -> tuple[PodPath, ...]:
        """One path per pod that is not finished, in the order of the bundle's objects sorted by name."""
        alive = [p for p in self.cluster.pods if p.phase not in ("Succeeded", "Failed")]
        return tuple(self.of(pod) for pod in sorted(alive, key=lambda p: (p.namespace, p.name)))

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many pods have each verdict."""
        found = dict.fromkeys(Verdict, 0)
        for path in self.pods:
            found[path.verdict] += 1
        return found

    def of(self, pod: PodFact) -> PodPath:
        """One pod's path."""
        spared = not_applicable(pod, self.dns)
        if spared:
            return PodPath(pod, Verdict.NOT_APPLICABLE, spared)
        open_question = self._cannot_tell(pod)
        if open_question:
            return PodPath(pod, Verdict.UNKNOWN, open_question)
        ready = self.dns.ready if self.dns else ()
        if not ready:
            return PodPath(pod, Verdict.BROKEN, "the DNS service has no ready endpoint")
        return self._judged(pod, ready)

    def _cannot_tell(self, pod: PodFact) -> str | None:
        if not self.cluster.has_calico:
            return "nothing in the bundle speaks of Calico, and this program knows no other network's rules"
        if self.dns is None:
            return "the bundle has no cluster DNS service"
        if not self.dns.listed:
            return f"the bundle has no endpoints of {self.dns.service.namespace}/{self.dns.service.name}"
        if self.dns.hidden:
            return "the addresses of the DNS endpoints were hidden by the collector"
        if self.dns.address is None:
            return "the DNS service's address is not in the bundle"
        if pod.node is None:
            return "the pod has no node yet"
        if pod.node not in self.cluster.nodes:
            return f"the bundle has nothing of the pod's node {pod.node}"
        return None if _ipv4(pod) else "the pod's address is not in the bundle"

    def _judged(self, pod: PodFact, ready: Iterable[EndpointFact]) -> PodPath:
        fates = tuple(self.fate(pod, endpoint) for endpoint in ready)
        verdict = _verdict(fate.outcome for fate in fates)
        return PodPath(pod, verdict, _reason(verdict, fates), fates)

    # --- one class of pods, one endpoint ------------------------------------------------------------------------------

    def endpoint_node(self, endpoint: EndpointFact) -> str | None:
        """The node an endpoint is on: as its object says, else its pod's, else the one whose address it is."""
        if endpoint.node:
            return endpoint.node
        pod = self._pod_nodes.get(endpoint.ip) if endpoint.ip else None
        if pod:
            return pod.node
        owners = self.forwarding.wires.nodes_at(endpoint.ip) if endpoint.ip else set()
        return next(iter(owners)) if len(owners) == 1 else None

    def fate(self, pod: PodFact, endpoint: EndpointFact) -> Fate:
        """Request and reply between a pod and an endpoint, from the class it belongs to."""
        key = self._class_of(pod, endpoint)
        if key not in self._fates:
            self._fates[key] = self._decide(pod, endpoint)
        return self._fates[key]

    def _class_of(self, pod: PodFact, endpoint: EndpointFact) -> object:
        """Pods are of one class when every table involved takes the same route for their addresses, by the same rules."""
        address = _ipv4(pod)
        routes = tuple(
            self._route_key(node, address) for node in (pod.node, self.endpoint_node(endpoint)) if address is not None
        )
        itself = endpoint.ip == address and not pod.host_network
        return (pod.node, pod.host_network, endpoint.ip, routes, itself)

    def _route_key(self, name: str | None, address: Address) -> object:
        node = self.cluster.nodes.get(name or "")
        if node is None:
            return None
        if node.routes is None:
            return self.forwarding.pods.block_of(address), _rules_about(node, address, ())
        route = self.forwarding.routing(node).lookup(address).route
        devices = [hop.device or "" for hop in route.next_hops] if route else []
        # Every pod has a /32 of its own on its node; it says no more than "it is here".
        here = any(map(self.forwarding.pods.is_workload_device, devices))
        return ("a pod here" if here else id(route) if route else "no route", _rules_about(node, address, devices))

    def _decide(self, pod: PodFact, endpoint: EndpointFact) -> Fate:
        there = self.endpoint_node(endpoint)
        node = self.cluster.nodes[pod.node or ""]
        sources = self._sources(pod, node, endpoint)
        requests = [self._request(pod, node, source, endpoint, there) for source in sources]
        replies = [
            self._reply(endpoint, there, node.name, target, source.routed_as)
            for source, request in zip(sources, requests, strict=True)
            for target in _answered(source, request, node)
        ]
        request, reply = _agreed(requests), _agreed(replies)
        if pod.host_network:
            request = self._sent_to_service(node, request)
        return Fate(endpoint, there, node.name, pod.host_network, request, reply)

    def _sources(self, pod: PodFact, node: ClusterNode, endpoint: EndpointFact) -> tuple[Source, ...]:
        """The addresses that a lookup can come from: a pod keeps its own, a node's lookup gets one from its routes."""
        address, service = _ipv4(pod), self.dns.address if self.dns else None
        if address is None or service is None or endpoint.ip is None:
            return ()
        if pod.host_network:
            return of_node(self.forwarding, node, service, endpoint.ip) or (Source(address, address),)
        return of_pod(self.forwarding, node, service, endpoint.ip, address)

    def _sent_to_service(self, node: ClusterNode, request: Walk) -> Walk:
        """A node's own lookup needs a route for the service address before kube-proxy ever sees it."""
        service = self.dns.address if self.dns else None
        if service is None:
            return request
        lookup = self.forwarding.routing(node).lookup(service)
        if lookup.undecided and request.delivered:
            settle = f"`ip route` of {node.name}"
            cause = Cause(Why.ROUTES_NOT_RECORDED, node.name, lookup.undecided, settle=settle)
            return Walk(Outcome.UNKNOWN, request.hops, request.node, None, cause)
        return request if lookup.undecided or lookup.route is not None else _no_service_route(node, service)

    def _request(
        self, pod: PodFact, node: ClusterNode, source: Source, endpoint: EndpointFact, there: str | None
    ) -> Walk:
        if endpoint.ip is None:
            return _not_placed(endpoint, there)
        packet = Packet(source.seen, endpoint.ip, source.routed_as)
        send = self.forwarding.from_node if pod.host_network else self.forwarding.from_pod
        return _ending_at(send(node.name, packet), there)

    def _reply(self, endpoint: EndpointFact, there: str | None, home: str, target: Address, original: Address) -> Walk:
        """The way back to the address that the endpoint saw; the asking node puts the original address back."""
        if there is None or there not in self.cluster.nodes or endpoint.ip is None:
            return _not_placed(endpoint, there)
        send = self.forwarding.from_pod if endpoint.ip in self._pod_nodes else self.forwarding.from_node
        return _ending_at(send(there, Packet(endpoint.ip, target, restored=(home, original))), home)


def _answered(source: Source, request: Walk, node: ClusterNode) -> tuple[Address, ...]:
    """The address that a reply is for: what the endpoint sees, or what was sent where the request never left its node.

    Whether it left is not known where the node's table was not recorded: a default route may take it out.
    """
    left = any(hop.does in ("routes", "encapsulates") for hop in request.hops)
    if left or request.outcome is not Outcome.LOST or request.node != node.name:
        return (source.seen,)
    return (source.routed_as,) if node.routes is not None else (source.seen, source.routed_as)


def _rules_about(node: ClusterNode, address: Address, devices: Sequence[str]) -> tuple[int, ...]:
    """Which policy rules speak of an address or of its pod's cable: what they do to one pod they do not to another."""
    return tuple(
        index
        for index, rule in enumerate(node.rules or ())
        if any(network and address in network for network in (rule.source, rule.destination))
        or rule.input_device in devices
    )


def _ipv4(pod: PodFact) -> Address | None:
    return next((ip for ip in pod.ips if ip.version == 4), None)


def not_applicable(pod: PodFact, dns: DnsService | None) -> str | None:
    """Why a pod does not use cluster DNS at all; None when it does (Kubernetes: DNS for Services and Pods).

    >>> from calico_bundle.evidence import Evidence
    >>> line = Evidence("pods.yaml", 4, "  name: cart-0")
    >>> rest = ("Running", True, 0, (), None, {}, (), line)
    >>> not_applicable(PodFact("shop", "cart-0", "node-1", (), None, False, "Default", (), *rest), None)
    "dnsPolicy Default: it uses its node's resolvers"
    """
    if pod.dns_policy == "Default":
        return "dnsPolicy Default: it uses its node's resolvers"
    if pod.host_network and pod.dns_policy not in ("ClusterFirstWithHostNet", "None"):
        return f"hostNetwork with dnsPolicy {pod.dns_policy}: it uses its node's resolvers"
    own = {str(ip) for ip in dns.service.cluster_ips} if dns else set()
    if pod.dns_policy == "None" and not own & set(pod.dns_nameservers):
        return "dnsPolicy None with other name servers"
    return None


def _verdict(outcomes: Iterable[Outcome]) -> Verdict:
    found = set(outcomes)
    if Outcome.UNKNOWN in found or not found:
        return Verdict.UNKNOWN
    if found == {Outcome.DELIVERED}:
        return Verdict.REACHES
    return Verdict.BROKEN if found == {Outcome.LOST} else Verdict.DEGRADED


def _reason(verdict: Verdict, fates: Iterable[Fate]) -> str:
    if verdict is Verdict.REACHES:
        return "every ready DNS endpoint answers"
    wanted = Outcome.UNKNOWN if verdict is Verdict.UNKNOWN else Outcome.LOST
    causes = [fate.cause for fate in fates if fate.outcome is wanted]
    first = next((c for c in causes if c), None)
    if first is None:
        return "nothing in the bundle decides it"
    return (
        f"{first.text}; {first.settle} would settle it" if verdict is Verdict.UNKNOWN and first.settle else first.text
    )


def _not_placed(endpoint: EndpointFact, there: str | None) -> Walk:
    text = f"the bundle does not tell which node has {endpoint.ip}"
    cause = Cause(Why.UNDECIDED, there, text, settle="`kubectl get pods -A -o yaml`")
    return Walk(Outcome.UNKNOWN, (), None, None, cause)


def _agreed(walks: list[Walk]) -> Walk:
    """The walk when all worlds agree; an open one when they do not."""
    if len({w.outcome for w in walks}) == 1:
        return walks[0]
    open_one = next((w for w in walks if w.outcome is Outcome.UNKNOWN), None)
    if open_one is not None:
        return open_one
    text = "it depends on the address that lookups come from, which kube-proxy may masquerade"
    cause = Cause(Why.UNDECIDED, None, text, settle="`ip route` and `iptables-save -t nat` of the node")
    first = walks[0] if walks else Walk(Outcome.UNKNOWN, (), None)
    return Walk(Outcome.UNKNOWN, first.hops, first.node, None, cause)


def _ending_at(walk: Walk, node: str | None) -> Walk:
    """A packet that is delivered on another machine than the one it was for is lost."""
    if not walk.delivered or node is None or walk.node == node:
        return walk
    text = f"the packet for {node} ends on {walk.node}"
    return Walk(Outcome.LOST, walk.hops, walk.node, walk.interface, Cause(Why.WRONG_MACHINE, walk.node, text))


def _no_service_route(node: ClusterNode, address: Address) -> Walk:
    text = (
        f"{node.name} has no route that covers the DNS service address {address}, so its own lookups are not even sent"
    )
    lines = table_lines(node)
    hop = Hop(node.name, "drops", None, f"a route that covers {address}", "none", next(iter(lines), None))
    return Walk(Outcome.LOST, (hop,), node.name, None, Cause(Why.NO_SERVICE_ROUTE, node.name, text, lines, address))
