"""Who is set up to peer with whom, under which AS numbers and ports, who dials, and what cannot come up as configured.

Sources: confd's client.go (updatePeersV1, nodesWithIPPortAndAS, nodeAsBGPPeers) and bird.cfg template; BIRD's
proto/bgp/bgp.c (sessions inside one AS are multihop by default, others are direct).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from calico_bundle.calico.exclusions import Version
from calico_bundle.calico.selectors import SelectorError, selects
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, BGPConfigurationFact, BGPPeerFact
from calico_bundle.numbers import whole_number

DEFAULT_AS_NUMBER = 64512
DEFAULT_PORT = 179
MESH_IS_MULTIHOP_SINCE = (3, 33)
"""From here on the mesh of different AS numbers is multihop; before, BIRD's default for external sessions holds."""


_REFLECTOR = "route_reflector_cluster_id"
ONE_DIALS_SINCE = (3, 22)
"""Before, both ends of a session of the mesh dialed."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a session cannot come up as it is configured, and the lines that say so."""

    text: str
    evidence: tuple[Evidence, ...]


class BgpConfiguration:
    """What Nodes, BGPConfigurations and BGPPeers configure; says nothing of whether packets get through.

    >>> configuration = BgpConfiguration(Cluster({}), None)
    >>> configuration.as_number(ClusterNode("n1")), configuration.port(ClusterNode("n1"))
    (64512, 179)
    """

    def __init__(self, cluster: Cluster, version: Version | None) -> None:
        self._peers = cluster.bgp_peers
        self._by_name = {c.name: c for c in cluster.bgp_configurations}
        self._version = version

    @property
    def _default(self) -> BGPConfigurationFact | None:
        return self._by_name.get("default")

    @property
    def mesh(self) -> bool:
        """Whether nodes peer with each other by themselves: unless the BGPConfiguration `default` says otherwise."""
        return self._default is None or self._default.node_to_node_mesh is not False

    def as_number(self, node: ClusterNode) -> int | None:
        """A node's AS number: its own, else the cluster's; None for one that is not understood."""
        own = node.kubernetes.as_number if node.kubernetes else None
        common = self._default.as_number if self._default else None
        return _as_number(own or common or str(DEFAULT_AS_NUMBER))

    def port(self, node: ClusterNode) -> int:
        """The TCP port on which a node's BIRD listens, and others dial it."""
        own = self._by_name.get(f"node.{node.name}")
        ports = (c.listen_port for c in (own, self._default) if c is not None)
        return next((p for p in ports if p), DEFAULT_PORT)

    def loops(self, way: Sequence[ClusterNode]) -> bool:
        """Whether a route that is handed on along these nodes comes back into an AS that it has left: it is refused there.

        RFC 4271, section 9.1.2: a route is left out whose AS path holds the own number. Between nodes of one AS the path
        stays as it is.
        """
        path: list[int | None] = []
        for near, far in pairwise(way):
            if self.as_number(near) != self.as_number(far):
                path.append(self.as_number(near))
            if self.as_number(far) in path:
                return True
        return False

    def peers(self, one: ClusterNode, other: ClusterNode) -> bool | None:
        """Whether two nodes are set up to peer; None when the configuration cannot be read."""
        if _hides(one, "bgp_ipv4") or _hides(other, "bgp_ipv4"):
            return None
        if stored(one) is None or stored(other) is None or stored(one) == stored(other):
            return False
        if self._by_mesh(one, other):
            in_doubt = _hides(one, _REFLECTOR) or _hides(other, _REFLECTOR)
            return None if self._peers and in_doubt else True
        try:
            return any(True for _ in self._between(one, other))
        except SelectorError:
            return None

    def dials(self, one: ClusterNode, other: ClusterNode) -> ClusterNode | None:
        """The node that opens a session of the mesh: the one whose address is greater as text; None when either may.

        The other is `passive on` towards it (bird.cfg template since v3.22; measured in the laboratory).
        """
        if not self._by_mesh(one, other) or stored(one) is None or stored(other) is None:
            return None
        if self._version is not None and self._version < ONE_DIALS_SINCE:
            return None
        return max(one, other, key=lambda node: str(stored(node)))

    def obstacle(self, one: ClusterNode, other: ClusterNode) -> Obstacle | None:
        """Why their session cannot come up, whatever the network does; None where nothing configured stands against it."""
        if self._by_mesh(one, other):
            return self._not_direct(one, other) or self._not_direct(other, one)
        try:
            between = list(self._between(one, other))
        except SelectorError:
            return None
        faults = [self._fault(peer, far) for peer, far in between]
        # One BGPPeer that fits is enough: confd makes the reverse side of it by itself.
        return None if not faults or None in faults else faults[0]

    def corrected(self, one: ClusterNode, other: ClusterNode) -> list[BGPPeerFact]:
        """The BGPPeers that do not fit the node at their far end, as they would fit it; no others."""
        try:
            between = list(self._between(one, other))
        except SelectorError:
            return []
        return [self._fitting(peer, far) for peer, far in between if self._fault(peer, far)]

    def _fitting(self, peer: BGPPeerFact, far: ClusterNode) -> BGPPeerFact:
        ip, actual = str(stored(far)), self.as_number(far)
        asked = _port(peer.peer_ip) if peer.peer_ip else None
        place = peer.peer_ip if asked in (None, self.port(far)) else f"{ip}:{self.port(far)}"
        return replace(peer, peer_ip=place, as_number=str(actual) if actual is not None else peer.as_number)

    def _by_mesh(self, one: ClusterNode, other: ClusterNode) -> bool:
        return self.mesh and not (is_reflector(one) or is_reflector(other))

    def _between(self, one: ClusterNode, other: ClusterNode) -> Iterator[tuple[BGPPeerFact, ClusterNode]]:
        """The BGPPeers that make two nodes peer, each with the node at its far end."""
        for peer in self._peers:
            for near, far in ((one, other), (other, one)):
                if _makes_peer(peer, near, far):
                    yield peer, far

    def _fault(self, peer: BGPPeerFact, far: ClusterNode) -> Obstacle | None:
        """What keeps a BGPPeer's `peerIP` from fitting the node that has the address.

        confd makes the reverse side only for a node whose address, AS number and port all fit (nodesWithIPPortAndAS);
        without it the node's BIRD refuses the connection, or dials nobody.
        """
        if peer.peer_selector or peer.peer_ip is None:
            return None
        lines = _lines(peer.evidence, _cited(far, "as_number"))
        asked = _as_number(peer.as_number) if peer.as_number else self.as_number(ClusterNode(""))
        actual = self.as_number(far)
        if asked is not None and actual is not None and asked != actual:
            text = f"BGPPeer {peer.name} expects AS {asked} of {far.name}, which has AS {actual}"
            return Obstacle(text, lines)
        port = _port(peer.peer_ip)
        if port is not None and port != self.port(far):
            return Obstacle(f"BGPPeer {peer.name} dials port {port}, and {far.name} listens on {self.port(far)}", lines)
        return None

    def _not_direct(self, node: ClusterNode, peer: ClusterNode) -> Obstacle | None:
        """Why an external session of the mesh cannot be direct: the neighbor is in none of the node's networks."""
        ours, theirs, target = self.as_number(node), self.as_number(peer), stored(peer)
        if ours is None or theirs is None or ours == theirs or target is None or node.addresses is None:
            return None
        if self._version is None or self._version >= MESH_IS_MULTIHOP_SINCE:
            return None
        if any(target in a.address.network for a in node.card_addresses):
            return None
        text = (
            f"{node.name} (AS {ours}) and {peer.name} (AS {theirs}) differ in their AS numbers, so their session must be "
            f"direct, and {target} is in no network of {node.name}"
        )
        return Obstacle(text, _lines(_cited(node, "as_number"), _cited(peer, "as_number"), _cited(peer, "bgp_ipv4")))


def stored(node: ClusterNode) -> Address | None:
    """The address that Calico stores for a node, without its mask.

    >>> stored(ClusterNode("n1")) is None
    True
    """
    return node.bgp_address.ip if node.bgp_address else None


def is_reflector(node: ClusterNode) -> bool:
    """Whether a node is a route reflector: it leaves the mesh, and the mesh leaves it out.

    >>> is_reflector(ClusterNode("n1"))
    False
    """
    return bool(node.kubernetes and node.kubernetes.route_reflector_cluster_id)


def peers_with_routers(cluster: Cluster) -> bool:
    """Whether Calico speaks BGP, or is set up to, with machines that are no nodes: they may then know pod routes.

    >>> peers_with_routers(Cluster({}))
    False
    """
    own = {address for n in cluster.nodes.values() if (address := stored(n))}
    peers = {s.peer for n in cluster.nodes.values() for s in n.sessions or () if s.established and s.peer}
    configured = {p.peer_ip.split(":")[0] for p in cluster.bgp_peers if p.peer_ip and p.peer_ip.count(":") <= 1}
    return any(p.version == 4 for p in peers - own) or bool(configured - {str(ip) for ip in own})


def _makes_peer(peer: BGPPeerFact, node: ClusterNode, other: ClusterNode) -> bool:
    """Whether a BGPPeer makes `node` peer with `other`; raises SelectorError for a selector that is not understood."""
    if peer.node not in (None, "", node.name) or not _selects(peer.node_selector, node):
        return False
    if "peer_selector" in peer.not_shown:
        raise SelectorError(f"the peerSelector of {peer.name} is not in the bundle")
    if peer.peer_selector:
        return _selects(peer.peer_selector, other)
    return peer.peer_ip is not None and peer.peer_ip.split(":")[0] == str(stored(other))


def _selects(selector: str | None, node: ClusterNode) -> bool:
    if selector and _hides(node, "labels"):
        raise SelectorError(f"the labels of {node.name} are not in the bundle")
    return selects(selector or "", node.kubernetes.labels if node.kubernetes else {})


def _hides(node: ClusterNode, column: str) -> bool:
    """Whether a node is known from a table or a description that does not show a column."""
    return bool(node.kubernetes and column in node.kubernetes.not_shown)


def _port(peer_ip: str) -> int | None:
    """The port of an IPv4 `peerIP`, when it names one."""
    return whole_number(peer_ip.partition(":")[2])


def _as_number(text: str) -> int | None:
    """An AS number from its plain or dotted form (RFC 5396), None for anything else.

    >>> _as_number("64512"), _as_number("1.10"), _as_number("?")
    (64512, 65546, None)
    """
    high, dot, low = text.partition(".")
    first, second = whole_number(high), whole_number(low)
    if first is None or not dot:
        return first
    return None if second is None else first * 65536 + second


def _cited(node: ClusterNode, column: str) -> Evidence | None:
    return node.kubernetes.cited.get(column) if node.kubernetes else None


def _lines(*found: Evidence | None) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(line for line in found if line is not None))
