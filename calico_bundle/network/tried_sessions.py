"""The BGP sessions of a cluster in which some nodes get another Calico address: seen for those that stay, else predicted.

Measured: a session is Established if and only if TCP from the dialing side's stored address to the peer's on the BGP port
completes. So one of a new address is up where both ways between the two addresses are open, as far as routes, wires and the
kernel's filters go. A firewall that knows the new address is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from calico_bundle.calico.bgp import Peerings, Session, SessionState
from calico_bundle.calico.bgp_configuration import is_reflector, stored
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, PortRuleFact
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.outcome import Outcome, Packet, Walk
from calico_bundle.numbers import whole_number

_UNKNOWN = Session(SessionState.UNKNOWN)


class TriedPeerings(Peerings):
    """Sessions after a change. `before` are those that the records show, by the nodes of `recorded`.

    Without `ground`, which walks packets between the new addresses, those of changed nodes are unknown. `opened` are pairs of
    nodes whose session was blocked and is not any more.
    """

    def __init__(
        self,
        cluster: Cluster,
        before: Forwarding,
        ground: Forwarding | None = None,
        opened: Collection[tuple[str, str]] = (),
    ) -> None:
        super().__init__(cluster, before.version)
        self._opened = frozenset(map(frozenset, opened))
        self._before, self._recorded, self._ground = before.peerings, before.cluster.nodes, ground
        moved = [node for node in cluster.nodes.values() if node.moved]
        concerned = (*moved, *(cluster.nodes[name] for pair in self._opened for name in pair))
        mixed = len(set(self._numbers.values())) > 1
        self._relaying = any(mixed or is_reflector(node) for node in concerned)
        """Whether a node that hands on the routes of others gets another address, or another session."""
        self._unreadable = not _shared(self._recorded.values()).isdisjoint(node.name for node in moved)
        """Whether two nodes had one address, which no BIRD that peers with both can read, and now have not."""

    def complained(self, node: str) -> list[Address]:
        """The peers, by address, whom the node said before that it does not reach."""
        return self._before.complained(node)

    def _found_out(self, one: ClusterNode, other: ClusterNode) -> Session:
        seen = self._seen_before(one, other)
        if seen is not None:
            return seen
        peering = self.configuration.peers(one, other)
        if peering is not True:
            return Session(SessionState.NONE, observed=False) if peering is False else _UNKNOWN
        obstacle = self.configuration.obstacle(one, other)
        return Session(SessionState.DOWN, obstacle.evidence, observed=False) if obstacle else self._open(one, other)

    def _seen_before(self, one: ClusterNode, other: ClusterNode) -> Session | None:
        if one.moved or other.moved:
            return None
        seen = self._before.session(self._recorded[one.name], self._recorded[other.name])
        if self._is_opened(one, other) and seen.state is not SessionState.UP:
            return None
        return None if self._unreadable and seen.state is not SessionState.UP else seen

    def _is_opened(self, one: ClusterNode, other: ClusterNode) -> bool:
        return frozenset((one.name, other.name)) in self._opened

    def _open(self, one: ClusterNode, other: ClusterNode) -> Session:
        """Whether the two addresses reach each other; their own lines are what shows it."""
        ours, theirs = stored(one), stored(other)
        if self._ground is None or ours is None or theirs is None:
            return _UNKNOWN
        if self._refused(one, ours, other, theirs) or self._refused(other, theirs, one, ours):
            return _UNKNOWN
        if one.holds(ours) is False or other.holds(theirs) is False:
            return Session(SessionState.DOWN, observed=False)
        there = _ending_at(self._ground.from_node(one.name, Packet(ours, theirs)), other.name)
        back = _ending_at(self._ground.from_node(other.name, Packet(theirs, ours)), one.name)
        lines = tuple(dict.fromkeys((*_lines(there), *_lines(back), *_own(one), *_own(other))))
        if Outcome.LOST in (there.outcome, back.outcome):
            return Session(SessionState.DOWN, lines, observed=False)
        up = there.delivered and back.delivered and bool(lines)
        return Session(SessionState.UP, lines, observed=False) if up else _UNKNOWN

    def _refused(self, node: ClusterNode, own: Address, peer: ClusterNode, theirs: Address) -> bool:
        """Whether a rule on a node may refuse the session: of its own port, or of the peer's."""
        ports = {self.configuration.port(node), self.configuration.port(peer)}
        return any(_may_refuse(rule, {own, theirs}, ports) for rule in node.port_rules or ())

    # --- learning ---------------------------------------------------------------------------------------------------

    def _worked_out(self, one: ClusterNode, other: ClusterNode) -> Session:
        if self.is_changed(one, other):
            return super()._worked_out(one, other)
        return self._before.learns(self._recorded[one.name], self._recorded[other.name])

    def is_changed(self, one: ClusterNode, other: ClusterNode) -> bool:
        """Whether the change may concern what two nodes learn of each other."""
        if one.moved or other.moved or self._relaying or self._is_opened(one, other):
            return True
        return self._unreadable and self._seen_before(one, other) is None

    def _learned(self, node: ClusterNode, peer: ClusterNode) -> Session:
        """What was learned before the change, of a pair that it may concern, says nothing of what is learned after it."""
        del node, peer
        return _UNKNOWN


def _may_refuse(rule: PortRuleFact, ends: Collection[Address], ports: Collection[int]) -> bool:
    """Whether a rule is about one of these ports, and about the two addresses as far as it names any."""
    if any(
        network is not None and not any(ip in network for ip in ends) for network in (rule.source, rule.destination)
    ):
        return False
    return any(_holds(words, port) for words in rule.ports for port in ports)


def _holds(words: str, port: int) -> bool:
    first, _, last = words.partition(":")
    low, high = whole_number(first or "0"), whole_number(last or ("65535" if ":" in words else first))
    # A port by its name, such as bgp, may be any.
    return low is None or high is None or low <= port <= high


def _shared(nodes: Iterable[ClusterNode]) -> set[str]:
    """The nodes that have one Calico address with another."""
    listed = list(nodes)
    holders = Counter(stored(node) for node in listed)
    return {node.name for node in listed if stored(node) is not None and holders[stored(node)] > 1}


def _ending_at(walk: Walk, node: str) -> Walk:
    return walk if not walk.delivered or walk.node == node else Walk(Outcome.LOST, walk.hops, walk.node)


def _lines(walk: Walk) -> Iterable[Evidence]:
    return (hop.evidence for hop in walk.hops if hop.evidence is not None)


def _own(node: ClusterNode) -> Iterable[Evidence]:
    return (node.kubernetes.evidence,) if node.kubernetes else ()
