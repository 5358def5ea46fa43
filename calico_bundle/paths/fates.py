"""Request and reply between one asker and one DNS endpoint, walked hop by hop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, EndpointFact
from calico_bundle.network.ends import routes_of, table_lines
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.lookup_source import Source, of_node, of_pod
from calico_bundle.network.outcome import PODS, Cause, Hop, Outcome, Packet, Settles, Walk, Why
from calico_bundle.network.service import DnsService


class Verdict(StrEnum):
    """What a pod's lookups come to."""

    REACHES = "reaches"
    DEGRADED = "degraded"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks a name up: an address on a node, a pod's own or (hostNetwork) the node's."""

    node: str
    address: Address
    host_network: bool


def both_ways(request: Outcome, reply: Outcome) -> Outcome:
    """What a lookup comes to: delivered when the answer comes back, lost when either way is, unknown otherwise.

    >>> both_ways(Outcome.DELIVERED, Outcome.LOST).value
    'lost'
    """
    both = {request, reply}
    if Outcome.LOST in both:
        return Outcome.LOST
    return Outcome.UNKNOWN if Outcome.UNKNOWN in both else Outcome.DELIVERED


@dataclass(frozen=True, slots=True)
class Fate:
    """Request and reply between one asker and one endpoint."""

    endpoint: EndpointFact
    endpoint_node: str | None
    source_node: str
    host_network: bool
    request: Walk
    reply: Walk

    @property
    def outcome(self) -> Outcome:
        """What the two come to together."""
        return both_ways(self.request.outcome, self.reply.outcome)

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


class Lookups:
    """Walks lookups from anywhere in one cluster to the endpoints of its DNS service.

    `pod_nodes` gives the node of every pod's own address.
    """

    def __init__(
        self, cluster: Cluster, dns: DnsService | None, forwarding: Forwarding, pod_nodes: Mapping[int, str | None]
    ) -> None:
        self.cluster, self.dns, self.forwarding = cluster, dns, forwarding
        self._pod_nodes = pod_nodes

    def is_pod(self, endpoint: EndpointFact) -> bool:
        """Whether an endpoint's address is a pod's own."""
        return endpoint.ip is not None and int(endpoint.ip) in self._pod_nodes

    def endpoint_node(self, endpoint: EndpointFact) -> str | None:
        """The node an endpoint is on: as its object says, else its pod's, else the one whose address it is."""
        if endpoint.node:
            return endpoint.node
        if endpoint.ip is None:
            return None
        if int(endpoint.ip) in self._pod_nodes:
            return self._pod_nodes[int(endpoint.ip)]
        owners = self.forwarding.wires.nodes_at(endpoint.ip)
        return next(iter(owners)) if len(owners) == 1 else None

    def fate(self, asker: Asker, endpoint: EndpointFact) -> Fate:
        """Walk a request and its reply."""
        there = self.endpoint_node(endpoint)
        node = self.cluster.nodes[asker.node]
        sources = self._sources(asker, node, endpoint)
        requests = [self._request(asker, source, endpoint, there) for source in sources]
        replies = [
            self._reply(endpoint, there, node.name, target, source.routed_as)
            for source, request in zip(sources, requests, strict=True)
            for target in _answered(source, request, node)
        ]
        request, reply = _agreed(requests, node), _agreed(replies, node)
        if asker.host_network:
            request = self._sent_to_service(node, request)
        return Fate(endpoint, there, node.name, asker.host_network, request, reply)

    def _sources(self, asker: Asker, node: ClusterNode, endpoint: EndpointFact) -> tuple[Source, ...]:
        """The addresses that a lookup can come from: a pod keeps its own, a node's lookup gets one from its routes."""
        service = self.dns.address if self.dns else None
        if service is None or endpoint.ip is None:
            return ()
        if asker.host_network:
            found = of_node(self.forwarding, node, service, endpoint.ip)
            return found or (Source(asker.address, asker.address),)
        return of_pod(self.forwarding, node, service, endpoint.ip, asker.address)

    def _sent_to_service(self, node: ClusterNode, request: Walk) -> Walk:
        """A node's own lookup needs a route for the service address before kube-proxy ever sees it."""
        service = self.dns.address if self.dns else None
        if service is None:
            return request
        lookup = self.forwarding.routing(node).lookup(service)
        if lookup.undecided and request.delivered:
            cause = Cause(Why.ROUTES_NOT_RECORDED, node.name, lookup.undecided, settle=routes_of(node))
            return Walk(Outcome.UNKNOWN, request.hops, request.node, None, cause)
        return request if lookup.undecided or lookup.route is not None else _no_service_route(node, service)

    def _request(self, asker: Asker, source: Source, endpoint: EndpointFact, there: str | None) -> Walk:
        if endpoint.ip is None:
            return _not_placed(endpoint, there)
        packet = Packet(source.seen, endpoint.ip, source.routed_as)
        send = self.forwarding.from_node if asker.host_network else self.forwarding.from_pod
        return _ending_at(send(asker.node, packet), there)

    def _reply(self, endpoint: EndpointFact, there: str | None, home: str, target: Address, original: Address) -> Walk:
        """The way back to the address that the endpoint saw; the asking node puts the original address back."""
        if there is None or there not in self.cluster.nodes or endpoint.ip is None:
            return _not_placed(endpoint, there)
        send = self.forwarding.from_pod if self.is_pod(endpoint) else self.forwarding.from_node
        return _ending_at(send(there, Packet(endpoint.ip, target, restored=(home, original))), home)


def _answered(source: Source, request: Walk, node: ClusterNode) -> tuple[Address, ...]:
    """The address that a reply is for: what the endpoint sees, or what was sent where the request never left its node.

    Whether it left is not known where the node's table was not recorded: a default route may take it out.
    """
    left = any(hop.does in ("routes", "encapsulates") for hop in request.hops)
    if left or request.outcome is not Outcome.LOST or request.node != node.name:
        return (source.seen,)
    return (source.routed_as,) if node.routes is not None else (source.seen, source.routed_as)


def verdict_of(outcomes: Iterable[Outcome]) -> Verdict:
    """What lookups come to whose endpoints have these outcomes.

    >>> verdict_of([Outcome.DELIVERED, Outcome.LOST]).value
    'degraded'
    """
    found = set(outcomes)
    if Outcome.UNKNOWN in found or not found:
        return Verdict.UNKNOWN
    if found == {Outcome.DELIVERED}:
        return Verdict.REACHES
    return Verdict.BROKEN if found == {Outcome.LOST} else Verdict.DEGRADED


def reason_of(verdict: Verdict, fates: Iterable[Fate]) -> str:
    """Why a verdict is what it is: the first cause among the fates that decided it."""
    if verdict is Verdict.REACHES:
        return "every ready DNS endpoint answers"
    wanted = Outcome.UNKNOWN if verdict is Verdict.UNKNOWN else Outcome.LOST
    first = next((cause for fate in fates if fate.outcome is wanted and (cause := fate.cause)), None)
    if first is None:
        return "nothing in the bundle decides it"
    settles = verdict is Verdict.UNKNOWN and first.settle
    return f"{first.text}; {first.settle} would settle it" if settles else first.text


def _not_placed(endpoint: EndpointFact, there: str | None) -> Walk:
    text = f"the bundle does not tell which node has {endpoint.ip}"
    cause = Cause(Why.UNDECIDED, there, text, settle=Settles((PODS,)))
    return Walk(Outcome.UNKNOWN, (), None, None, cause)


def _agreed(walks: list[Walk], asking: ClusterNode) -> Walk:
    """The walk when all worlds agree; an open one when they do not."""
    if len({w.outcome for w in walks}) == 1:
        return walks[0]
    open_one = next((w for w in walks if w.outcome is Outcome.UNKNOWN), None)
    if open_one is not None:
        return open_one
    text = "it depends on the address that lookups come from, which kube-proxy may masquerade"
    commands = ("ip route show table all", "iptables-save -t nat")
    cause = Cause(Why.UNDECIDED, None, text, settle=Settles(commands, asking.name))
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
