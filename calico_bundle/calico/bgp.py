"""Whether BGP sessions are up, and who learns whose routes: what the cluster shows.

Measured: a session is Established if and only if TCP from the dialing side's stored address to the peer's on the BGP port
completes. What shows a session, the strongest first: BIRD's own table; its log; a calico-node pod that is not ready and
says whom it does not reach; a CalicoNodeStatus, which copies BIRD's table and may be old; a configuration under which it
cannot come up.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from ipaddress import ip_address
from itertools import pairwise, permutations

from calico_bundle.calico.bgp_configuration import BgpConfiguration, is_reflector, peers_with_routers, stored
from calico_bundle.calico.exclusions import Version
from calico_bundle.calico.readiness import lasting_events, peers_in
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, BGPSessionFact, IPPoolFact, Network
from calico_bundle.facts.pod_queries import unready_on_host_network
from calico_bundle.facts.route_queries import bird_routes_to, first_learned, has_bird_routes, is_learned

REPORTED = "CalicoNodeStatus"
"""Source of sessions that nobody asked BIRD for: calico-node wrote them into an object, at some time."""

_KINDS = ("Mesh_", "Node_", "Global_")
"""How confd begins the names of BIRD's protocols for sessions; the peer's address follows, with _ for its dots."""

_VXLAN_MODES = frozenset({"Always", "CrossSubnet"})
_MOST_BETWEEN = 32
"""Nodes of other AS numbers that are asked whether they hand a route on; with more of them nothing is said."""


class SessionState(StrEnum):
    """Whether a session is up."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    NONE = "none"  # not configured: these two do not peer


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of a session, or of learning routes over it, and the lines that show it.

    `observed` is False where nobody looked, and the configuration alone says it.
    """

    state: SessionState
    evidence: tuple[Evidence, ...] = ()
    observed: bool = True


_UNKNOWN = Session(SessionState.UNKNOWN)
_CLOSED = (SessionState.DOWN, SessionState.NONE)


class Peerings:
    """The BGP sessions of one cluster, by pairs of nodes."""

    def __init__(self, cluster: Cluster, version: Version | None = None) -> None:
        self._cluster = cluster
        self.configuration = BgpConfiguration(cluster, version)
        self._routers = peers_with_routers(cluster)
        self._numbers = {name: self.configuration.as_number(node) for name, node in cluster.nodes.items()}
        self._blocks = _announced(cluster)
        self._complaints = _not_established(cluster, self.configuration)
        self._sessions: dict[tuple[str, str], Session] = {}
        self._seen: dict[tuple[str, str], Session] = {}

    @cached_property
    def any_shown_up_or_down(self) -> bool:
        """Whether the bundle has tables or logs of BIRD's: they show both what is up and what is not."""
        nodes = self._cluster.nodes.values()
        return any(n.sessions is not None or any(p.startswith(_KINDS) for p in n.log.last_states) for n in nodes)

    @staticmethod
    def logged(node: ClusterNode, wanted: Container[str] | None = None) -> dict[Address, bool]:
        """The peers that BIRD's log speaks of, by address: whether the last state of their session is up.

        `wanted` are the protocols that matter; None for all of them.
        """
        states = logged_peers(node) if wanted is None else node.current_log.states_of(wanted)
        names: dict[Address, list[str]] = {}
        for protocol in states:
            address = _peer_in(protocol)
            if address is not None:
                names.setdefault(address, []).append(protocol)
        return {address: _last_state(node, found, states) == "up" for address, found in names.items()}

    def complained(self, node: str) -> list[Address]:
        """The peers, by address, whom a calico-node pod that is not ready says it does not reach."""
        return self._complained_of.get(node, [])

    @cached_property
    def _complained_of(self) -> dict[str, list[Address]]:
        found: dict[str, list[Address]] = {}
        for name, peer in self._complaints:
            found.setdefault(name, []).append(peer)
        return found

    def announced(self, node: str) -> frozenset[Network]:
        """The blocks of a node that its BIRD announces."""
        return self._blocks.get(node, frozenset())

    @property
    def any_shown_down(self) -> bool:
        """Whether it has anything that can show a session to be down: readiness events and BGPPeers too."""
        return self.any_shown_up_or_down or bool(self._complaints or self._cluster.bgp_peers)

    def session(self, one: ClusterNode, other: ClusterNode) -> Session:
        """The session between two nodes."""
        key = (one.name, other.name)
        if key not in self._sessions:
            self._sessions[key] = self._found_out(one, other)
        return self._sessions[key]

    def _found_out(self, one: ClusterNode, other: ClusterNode) -> Session:
        if self.configuration.peers(one, other) is False:
            return Session(SessionState.NONE, observed=False)
        for shown in (self._shown, self._logged, self._complained, self._reported):
            states = [s for s in (shown(one, other), shown(other, one)) if s.state is not SessionState.UNKNOWN]
            if states:
                return _agreed(states)
        obstacle = self.configuration.obstacle(one, other)
        return Session(SessionState.DOWN, obstacle.evidence, observed=False) if obstacle else _UNKNOWN

    def learns(self, one: ClusterNode, other: ClusterNode) -> Session:
        """Whether a node gets another's routes: over their session, or through reflectors they share."""
        key = (one.name, other.name)
        if key not in self._seen:
            self._seen[key] = self._worked_out(one, other)
        return self._seen[key]

    def is_changed(self, one: ClusterNode, other: ClusterNode) -> bool:
        """Whether what was recorded between two nodes is of before a change that is tried out; nothing is, here."""
        del one, other
        return False

    def _worked_out(self, one: ClusterNode, other: ClusterNode) -> Session:
        seen = self._learned(one, other)
        if seen.state is not SessionState.UNKNOWN:
            return seen
        direct = self.session(one, other)
        if direct.state is SessionState.UNKNOWN:
            direct = self._learned(other, one)
        handed_on = self._handed_on_by_others(one, other)
        ways = (direct, handed_on)
        for state in (SessionState.UP, SessionState.UNKNOWN):
            found = next((way for way in ways if way.state is state), None)
            if found is not None:
                return found
        return direct if direct.state is SessionState.DOWN else handed_on

    # --- what shows a session -------------------------------------------------------------------------------------

    @staticmethod
    def _shown(node: ClusterNode, peer: ClusterNode) -> Session:
        """BIRD's own table, or calicoctl's."""
        return _in_table(s for s in node.sessions or () if s.peer == stored(peer) and s.source != REPORTED)

    @staticmethod
    def _reported(node: ClusterNode, peer: ClusterNode) -> Session:
        """The node's CalicoNodeStatus."""
        return _in_table(s for s in node.sessions or () if s.peer == stored(peer) and s.source == REPORTED)

    @staticmethod
    def _logged(node: ClusterNode, peer: ClusterNode) -> Session:
        """BIRD's log: the last state of the session's protocol, when the log has one."""
        address = stored(peer)
        names = protocol_names(address) if address is not None else []
        log = node.current_log
        if log.last_states.keys().isdisjoint(names) or (last := log.last_change(*names)) is None:
            return _UNKNOWN
        up = last.values.get("state") == "up"
        return Session(SessionState.UP if up else SessionState.DOWN, (last.evidence,))

    def _complained(self, node: ClusterNode, peer: ClusterNode) -> Session:
        """A calico-node pod that is not ready has no session at all, 30 s after its start (confd health.go)."""
        address = stored(peer)
        line = self._complaints.get((node.name, address)) if address is not None else None
        return Session(SessionState.DOWN, (line,)) if line else _UNKNOWN

    def _learned(self, node: ClusterNode, peer: ClusterNode) -> Session:
        """The kernel's table: a route of BIRD's into the peer's block; or routes of BIRD's to others and none there."""
        blocks = self._blocks.get(peer.name, frozenset())
        routes = node.routes or ()
        to_peer = tuple(r.evidence for r in bird_routes_to(routes, blocks) if is_learned(r))
        if to_peer:
            return Session(SessionState.UP, to_peer)
        if recovering(node) is not None:
            return _UNKNOWN
        if blocks and has_bird_routes(routes):
            first = first_learned(routes)
            return Session(SessionState.DOWN, (first.evidence,) if first else ())
        return _UNKNOWN

    def _handed_on_by_others(self, one: ClusterNode, other: ClusterNode) -> Session:
        """By one reflector that both peer with, by two that peer with each other, or by a node of another AS.

        RFC 4456, section 6: a route of a client goes to every peer, one of a non-client to the clients alone; so the
        second reflector hands on what the first one's client said, and a third would not get it. Routers that Calico
        peers with may reflect too, and nothing of them is in a bundle.
        """
        between = self._of_other_numbers(one, other)
        if len(between) > _MOST_BETWEEN:
            return _UNKNOWN
        ways = (*self._chains(one, other), *((node,) for node in between))
        chains = [self._chain(one, way, other) for way in ways]
        for links in chains:
            if all(link.state is SessionState.UP for link in links):
                return Session(SessionState.UP, tuple(e for link in links for e in link.evidence))
        if self._routers or not all(any(link.state in _CLOSED for link in links) for links in chains):
            return _UNKNOWN
        closed = [link for links in chains for link in links if link.state in _CLOSED]
        seen = any(link.observed for link in closed)
        return Session(SessionState.DOWN, tuple(dict.fromkeys(e for link in closed for e in link.evidence)), seen)

    def _of_other_numbers(self, one: ClusterNode, other: ClusterNode) -> list[ClusterNode]:
        """Nodes that hand a route on although they are no reflectors: they have it from another AS, or it goes to one.

        RFC 4271, section 9.2: what was learned inside an AS is not told to peers inside it; all else is. Measured with a
        mesh of two AS numbers.
        """
        if len(set(self._numbers.values())) < 2:
            return []
        ends = (self._numbers[one.name], self._numbers[other.name])
        return [
            node
            for name, node in self._cluster.nodes.items()
            if name not in (one.name, other.name) and not is_reflector(node) and {self._numbers[name]} != set(ends)
        ]

    def _chains(self, one: ClusterNode, other: ClusterNode) -> Iterator[tuple[ClusterNode, ...]]:
        reflectors = [
            n for n in self._cluster.nodes.values() if is_reflector(n) and n.name not in (one.name, other.name)
        ]
        yield from ((reflector,) for reflector in reflectors)
        yield from permutations(reflectors, 2)

    def _chain(self, one: ClusterNode, chain: Sequence[ClusterNode], other: ClusterNode) -> list[Session]:
        way = (other, *reversed(chain), one)
        if self.configuration.loops(way):
            return [Session(SessionState.NONE, observed=False)]
        return [self.session(near, far) for near, far in pairwise(way)]


@lru_cache(16 * 1024)  # every node's log names the same peers
def _peer_in(protocol: str) -> Address | None:
    """The peer's address in the name of a session's protocol (`Mesh_10_0_0_1`)."""
    return _address(protocol.partition("_")[2].replace("_", "."))


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def protocol_names(address: Address) -> list[str]:
    """The names that BIRD's protocols for a peer can have.

    >>> protocol_names(ip_address("10.0.0.1"))
    ['Mesh_10_0_0_1', 'Node_10_0_0_1', 'Global_10_0_0_1']
    """
    written = str(address).replace(".", "_")
    return [f"{kind}{written}" for kind in _KINDS]


def _last_state(node: ClusterNode, protocols: Sequence[str], states: Mapping[str, str]) -> str | None:
    """The state that came last of the protocols for one peer; there is more than one where BGPPeers changed."""
    if len(protocols) == 1:
        return states[protocols[0]]
    last = node.current_log.last_change(*protocols)
    return last.values.get("state") if last else None


def logged_peers(node: ClusterNode) -> Mapping[str, str]:
    """The last state of each session in a node's log, by the name of BIRD's protocol, such as `Mesh_10_0_0_1`.

    >>> logged_peers(ClusterNode("n1"))
    {}
    """
    states = node.current_log.last_states
    return {protocol: state for protocol, state in states.items() if protocol.startswith(_KINDS)}


def recovering(node: ClusterNode) -> Evidence | None:
    """The line that shows a node's BIRD in graceful restart recovery.

    calico-node starts it with -R: until every peer has answered, or for 240 s, it writes no route at all (measured; BIRD
    nest/proto.c graceful_restart_init).

    >>> recovering(ClusterNode("n1")) is None
    True
    """
    held = [e for e in node.log.events("bird-status") if e.values.get("graceful_restart") == "true"]
    return held[-1].evidence if held else None


def _in_table(rows: Iterable[BGPSessionFact]) -> Session:
    found = tuple(rows)
    if not found:
        return _UNKNOWN
    up = any(s.established for s in found)
    return Session(SessionState.UP if up else SessionState.DOWN, tuple(s.evidence for s in found))


def _agreed(states: Sequence[Session]) -> Session:
    if len({s.state for s in states}) > 1:
        return Session(SessionState.UNKNOWN, tuple(e for s in states for e in s.evidence))
    return Session(states[0].state, tuple(e for s in states for e in s.evidence))


def _announced(cluster: Cluster) -> dict[str, frozenset[Network]]:
    """The blocks of each node that its BIRD announces, by node: confirmed ones of pools that BIRD exports.

    Routes of VXLAN pools are Felix's in every version, and `disableBGPExport` keeps a pool's to the node; a pool that hides
    these may be of that kind. Pod CIDRs that stand in for blocks that were not collected need not be any.
    """
    if not cluster.has_blocks:
        return {}
    waiting = {(b.node, b.cidr) for b in cluster.blocks if b.state not in (None, "", "confirmed")}
    hidden = [p.cidr for p in cluster.pools if p.cidr and _may_be_kept(p)]
    return {
        node: frozenset(
            block
            for block in blocks
            if (node, block) not in waiting
            and not any(pool.version == block.version and pool.overlaps(block) for pool in hidden)
        )
        for node, blocks in cluster.blocks_by_node.items()
    }


def _may_be_kept(pool: IPPoolFact) -> bool:
    shown_to_export = not pool.disable_bgp_export and "disable_bgp_export" not in pool.not_shown
    return pool.hides_mode or pool.vxlan_mode in _VXLAN_MODES or not shown_to_export


def _not_established(cluster: Cluster, configuration: BgpConfiguration) -> dict[tuple[str, Address], Evidence]:
    """(node, peer address) to the event by which a calico-node pod that is not ready says whom it does not reach.

    Past the first 30 s such a pod has no session at all, and names every peer; an event that leaves one out is of the
    first seconds of some start (node/pkg/health/health.go).
    """
    pods = {p.name: p for p in unready_on_host_network(cluster.pods) if p.node in cluster.nodes}
    found: dict[tuple[str, Address], Evidence] = {}
    for name, pod in pods.items():
        lasting = lasting_events([e for e in cluster.events if e.object_name == name])
        if not lasting:
            continue
        node = cluster.nodes[pod.node or ""]
        others = (n for n in cluster.nodes.values() if n.name != node.name and configuration.peers(node, n))
        peers = {stored(n) for n in others}
        for event in lasting:
            named = peers_in(event)
            if named >= peers:
                found.update({(node.name, peer): event.evidence for peer in named})
    return found
