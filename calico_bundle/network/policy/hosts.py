"""Host endpoints: policies on nodes' own interfaces, as far as lookups can meet them.

Source: Calico's reference, Host endpoint, its guides to failsafe rules and applyOnForward, and felix rules/endpoints.go.
What a node sends by itself meets the policies of its host endpoints, but UDP to port 53 is let out by a failsafe rule unless
FelixConfiguration says otherwise. What passes through meets those with applyOnForward, and is let through where none of them
applies to the host endpoint in its direction. Whether an encapsulated packet does, depends on the interface: where such a
policy does not plainly allow a lookup, it is left open, and never called denied. Policies with preDNAT or doNotTrack drop
nothing that none of their rules matches; where a rule is for the protocol of lookups, it is left open, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calico_bundle.cluster import Cluster
from calico_bundle.facts import HostEndpointFact, PolicyFact
from calico_bundle.network.policy.labeled import Directory
from calico_bundle.network.policy.packet import Packet
from calico_bundle.network.policy.rules import Matching, is_for
from calico_bundle.network.policy.selection import applies
from calico_bundle.network.policy.tiers import ALLOW, DENY, Finals, Tier, Walk, tiers_of

_ALLOWING_PROFILE = "projectcalico-default-allow"


@dataclass(frozen=True, slots=True)
class _Part:
    """Policies for one use of host endpoints, and what a packet gets that none of them applies to."""

    tiers: tuple[Tier, ...]
    on_forward: bool


class Hosts:
    """The host endpoints of a cluster and the policies that apply to them."""

    def __init__(self, cluster: Cluster, directory: Directory, matching: Matching) -> None:
        self._endpoints, self._directory, self._matching = cluster.host_endpoints, directory, matching
        globals_ = [p for p in cluster.policies if p.api == "calico" and p.namespace is None]
        self._plain = _Part(tiers_of((p for p in globals_ if not p.hosts_only), cluster.tiers), on_forward=False)
        forwarding = (p for p in globals_ if p.on_forward and not p.hosts_only)
        self._forwarding = _Part(tiers_of(forwarding, cluster.tiers), on_forward=True)
        self._early = [p for p in globals_ if p.hosts_only]
        self._unplaced = [endpoint for endpoint in self._endpoints if endpoint.node is None]
        self._by_node: dict[str, list[HostEndpointFact]] = {}
        for endpoint in self._endpoints:
            if endpoint.node is not None:
                self._by_node.setdefault(endpoint.node, list(self._unplaced)).append(endpoint)
        self.any = bool(self._endpoints)
        self.on_forward = self.any and bool(self._forwarding.tiers or self._early)
        """Whether any of their policies may be for what passes through."""

    def on(self, node: str) -> list[HostEndpointFact]:
        """The host endpoints of a node, and those of which the node is not shown."""
        return self._by_node.get(node, self._unplaced)

    def own(self, node: str, packet: Packet, direction: str) -> Finals:
        """What becomes of a packet that a node sends or takes by itself."""
        return self._at(self.on(node), packet, direction, self._plain)

    def crossed(self, one: str | None, other: str | None) -> Iterator[tuple[str | None, list[HostEndpointFact]]]:
        """The nodes of the two ends of a way, each with the host endpoints that a packet between them may pass.

        `one` is None for a node without any. From pod to pod of one node a packet passes no card; it may pass a host endpoint
        of all interfaces (`*`).
        """
        within = one is not None and one == other
        for node in dict.fromkeys((one, other) if one else (other,)):
            theirs = self._endpoints if node is None else self.on(node)
            found = [endpoint for endpoint in theirs if not within or _is_of_all(endpoint)]
            if found:
                yield node, found

    def passing(self, packet: Packet, endpoints: Sequence[HostEndpointFact]) -> Finals:
        """What becomes of a packet that passes some host endpoints on its way."""
        finals = Finals()
        if not self.on_forward:
            finals.add(ALLOW, "no host endpoint decides")
            return finals
        for direction in ("Egress", "Ingress"):
            finals.found |= self._at(endpoints, packet, direction, self._forwarding).found | finals.found
        return finals

    def _at(self, endpoints: Sequence[HostEndpointFact], packet: Packet, direction: str, part: _Part) -> Finals:
        finals = Finals()
        for endpoint in endpoints:
            thing = self._directory.host_endpoint(endpoint)
            early = [p for p in self._early if _is_of(p, packet.protocol) and applies(p, thing) is not False]
            if early:
                finals.add(DENY, f"{early[0].shown} (doNotTrack or preDNAT) may drop it", early[0])
            walk = Walk(self._matching, thing, packet, direction)
            allowing = part.on_forward or _ALLOWING_PROFILE in endpoint.profiles
            text = f"HostEndpoint {endpoint.name}: no policy decides"
            walk.through(part.tiers, ALLOW if allowing else DENY, text)
            finals.found |= walk.finals.found | finals.found
        finals.add(ALLOW, "no host endpoint decides")
        return finals


def _is_of_all(endpoint: HostEndpointFact) -> bool:
    """Whether a host endpoint may stand for more than one card of its node, or for one that is not shown."""
    return endpoint.node is None or endpoint.interface == "*" or not (endpoint.interface or endpoint.expected_ips)


def _is_of(policy: PolicyFact, protocol: str) -> bool:
    """Whether a policy may have a rule for a protocol."""
    return bool(policy.unread) or any(rule.unread or is_for(rule, protocol) for rule in policy.rules)
