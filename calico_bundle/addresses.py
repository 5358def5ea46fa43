"""What is to be said of each node's Calico address: one verdict per node, with what it rests on.

`wrong` takes three things together: the address is not the one the node goes by, or that one stands apart from all others;
pod traffic between this node and a peer is lost, and the peers cannot use the address; and another address of the node
would serve them. An address that differs and works is `unintended`. Where one of the three is open, the verdict is `unknown`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_interface

from calico_bundle.calico.bgp import SessionState
from calico_bundle.calico.other_plugins import replaced_by
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Interface
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.internal_ips import InternalIps, own_networks
from calico_bundle.network.outcome import Cause, Outcome, Packet, Walk, Why

MOST_PEERS = 32
"""Peers that a suspicious address is tried against: all are alike as far as it goes, but those that were looked at tell
more, so they come first."""


# Ways of losing a packet that a wrong next hop or a wrong tunnel source has, although the session is up.
_USELESS_ADDRESS = frozenset({
    Why.ROUTER_HAS_NO_POD_ROUTE, Why.DROPPING_ROUTE, Why.NEXT_HOP_SILENT, Why.NETWORKS_NOT_JOINED,
    Why.TUNNEL_SOURCE_REFUSED, Why.REVERSE_PATH_FILTER,
})  # fmt: skip


# What a peer shows against an address although the session over it is up: the node's packets leave with another source.
_SENT_AS_ANOTHER = frozenset({Why.TUNNEL_SOURCE_REFUSED})

_ADDRESS_EVENTS = frozenset({"address-conflict", "node-addresses-updated", "calico-started"})
"""What calico-node says last of its address at a start: that it conflicts, or that it goes on with it."""


class AddressStatus(StrEnum):
    """The contract's `address_verdict`."""

    OK = "ok"
    WRONG = "wrong"
    DUPLICATE = "duplicate"
    NOT_ON_NODE = "not-on-node"
    UNINTENDED = "unintended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Trial:
    """One peer's view of a suspicious address: how the peer proves that it cannot use it."""

    peer: str
    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class AddressVerdict:
    """One node's Calico address, judged."""

    node: str
    status: AddressStatus
    stored: Address | None = None
    interface: str | None = None
    expected: Address | None = None
    expected_interface: str | None = None
    evidence: tuple[Evidence, ...] = ()
    trials: tuple[Trial, ...] = field(default=())
    shared_with: tuple[str, ...] = ()


_Judged = tuple[AddressStatus, tuple[Trial, ...], Address | None]
"""A status, how peers show it, and the address that is right where that is not the InternalIP."""


def judge_addresses(cluster: Cluster, forwarding: Forwarding) -> Mapping[str, AddressVerdict]:
    """The verdict on every node's stored IPv4 address, by node name."""
    return _Judge(cluster, forwarding).all()


class _Judge:
    def __init__(self, cluster: Cluster, forwarding: Forwarding) -> None:
        self.cluster = cluster
        self.forwarding = forwarding
        self.holders: dict[Address, list[str]] = defaultdict(list)
        for node in cluster.nodes.values():
            if node.bgp_address:
                self.holders[node.bgp_address.ip].append(node.name)
        self.conflicts = {n.name: c for n in cluster.nodes.values() if (c := _conflict(n))}
        for name, conflict in self.conflicts.items():
            if name not in self.holders[conflict.address]:
                self.holders[conflict.address].append(name)
        self._culprits_of: dict[Address, frozenset[str]] = {}
        self._is_left_over = cluster.mixture is not None or replaced_by(cluster) is not None
        self.suspicious = {n.name for n in cluster.nodes.values() if _differs(n)}
        self.internal_ips = InternalIps(cluster)

    def all(self) -> dict[str, AddressVerdict]:
        return {name: self.one(node) for name, node in self.cluster.nodes.items()}

    def one(self, node: ClusterNode) -> AddressVerdict:
        conflict = self.conflicts.get(node.name)
        stored = conflict.address if conflict else node.bgp_address.ip if node.bgp_address else None
        if stored is None:
            return AddressVerdict(node.name, AddressStatus.UNKNOWN, evidence=_cited(node, "name"))
        status, trials, other = self._status(node, stored)
        expected = other or _expected(node, status)
        sharing = tuple(n for n in self.holders[stored] if n != node.name)
        return AddressVerdict(
            node.name,
            status,
            stored,
            node.interface_of(stored),
            expected,
            node.interface_of(expected) if expected else None,
            _cited(node, "bgp_ipv4") if status is AddressStatus.OK else self._evidence(node, stored, expected),
            trials,
            sharing,
        )

    def _evidence(self, node: ClusterNode, stored: Address, expected: Address | None) -> tuple[Evidence, ...]:
        conflict = self.conflicts.get(node.name)
        return (*_lines(node, stored, expected), *((conflict.evidence,) if conflict else ()))

    def _status(self, node: ClusterNode, stored: Address) -> _Judged:
        if self._is_left_over:
            return AddressStatus.UNKNOWN, (), None
        if node.name in self._culprits(stored):
            return AddressStatus.DUPLICATE, (), None
        if node.holds(stored) is False:
            return AddressStatus.NOT_ON_NODE, (), None
        if node.internal_ip is None:
            return AddressStatus.UNKNOWN, (), None
        if _differs(node):
            return (*self._tried(node, stored), None)
        if not self.internal_ips.stands_apart(node):
            return AddressStatus.OK, (), None
        return self._tried_apart(node, stored)

    def _culprits(self, stored: Address) -> frozenset[str]:
        """Of nodes with one address, those are to blame whose own interfaces or InternalIP disagree with it."""
        if stored not in self._culprits_of:
            sharing = [self.cluster.nodes[name] for name in self.holders[stored]]
            culprits = [n for n in sharing if n.internal_ip not in (None, stored) or n.holds(stored) is False]
            # A Node object that outlived its machine still holds the address; the machine that has it now is not to blame.
            gone = [n for n in sharing if n.kubernetes and not n.kubernetes.ready]
            blamed = culprits or (gone if len(gone) < len(sharing) else []) or sharing
            self._culprits_of[stored] = frozenset(n.name for n in blamed if len(sharing) > 1)
        return self._culprits_of[stored]

    def _tried(self, node: ClusterNode, stored: Address) -> tuple[AddressStatus, tuple[Trial, ...]]:
        """Judge an address that is not the InternalIP by whether its peers get along with it."""
        walks = self._walks(node)
        lost = [(peer, walk) for peer, walk in walks if walk and walk.outcome is Outcome.LOST]
        trials = tuple(t for t in (self._trial(node, stored, peer, walk) for peer, walk in lost) if t)
        if trials and any(self._would_serve(node, peer, node.internal_ip) for peer, _ in lost):
            return AddressStatus.WRONG, trials
        if walks and all(walk and walk.delivered for _, walk in walks):
            return AddressStatus.UNINTENDED, ()
        return AddressStatus.UNKNOWN, trials

    def _tried_apart(self, node: ClusterNode, stored: Address) -> _Judged:
        """Judge an InternalIP that may itself be the wrong one of the node's addresses.

        That it works with every peer outside its own network shows it right. That it works with none, that packets to or
        from it are lost, and that another address gets through to those who lose them, shows it wrong: unless a node goes
        by that network which has no other. Then the networks may just have lost each other.
        """
        here = own_networks(node)
        walks = self._walks(node, lambda peer: not any(peer.internal_ip in n for n in here if peer.internal_ip))
        if walks and all(walk and walk.delivered for _, walk in walks):
            return AddressStatus.OK, (), None
        if any(map(self.internal_ips.is_meant, here)):
            return AddressStatus.UNKNOWN, (), None
        lost = [(peer, walk) for peer, walk in walks if walk and walk.outcome is Outcome.LOST and self._is_plain(peer)]
        tried = [(peer, self._trial_apart(node, stored, peer, walk)) for peer, walk in lost]
        failed = {peer.name for peer, trial in tried if trial}
        if any(self._gets_along(node, peer, walk) for peer, walk in walks if peer.name not in failed):
            return AddressStatus.UNKNOWN, (), None
        for held in other_addresses(node, stored):
            trials = tuple(
                trial
                for peer, trial in tried
                if trial and peer.internal_ip in held.network and self._would_serve(node, peer, held.ip)
            )
            if trials:
                return AddressStatus.WRONG, trials, held.ip
        return AddressStatus.UNKNOWN, (), None

    def _gets_along(self, node: ClusterNode, peer: ClusterNode, walk: Walk | None) -> bool:
        up = self.forwarding.peerings.session(peer, node).state is SessionState.UP
        return up or (walk is not None and walk.delivered)

    def _is_plain(self, peer: ClusterNode) -> bool:
        """Whether nothing is odd about a node's own address."""
        return peer.name not in self.suspicious and not self.internal_ips.stands_apart(peer)

    def _walks(
        self, node: ClusterNode, wanted: Callable[[ClusterNode], bool] = lambda _: True
    ) -> list[tuple[ClusterNode, Walk | None]]:
        """Pod traffic between a node and its peers, those first that were looked at."""
        others = [n for n in self.cluster.nodes.values() if n.name != node.name and n.bgp_address and wanted(n)]
        peers = sorted([n for n in others if n.name not in self.suspicious] or others, key=_told_least)
        return [(peer, self.forwarding.between_pods(peer.name, node.name)) for peer in peers[:MOST_PEERS]]

    # --- the three questions --------------------------------------------------------------------------------------

    def _trial(self, node: ClusterNode, stored: Address, peer: ClusterNode, pods: Walk) -> Trial | None:
        """How a peer shows that it cannot use the address.

        Packets to or from it are lost; the session is down or its routes were not learned; or the address does not carry
        pod packets as next hop or tunnel source.
        """
        down = self._session_down(node, peer)
        unheard = self._unheard(node, stored, peer)
        if unheard:
            return Trial(peer.name, unheard.text, (*unheard.evidence, *(down or ())))
        if down is not None and not _beside(node, stored):
            return Trial(peer.name, f"no BGP session between {node.name} and {peer.name} is up", down)
        useless = pods.cause if pods.cause and pods.cause.why in _USELESS_ADDRESS else None
        return Trial(peer.name, useless.text, useless.evidence) if useless else None

    def _trial_apart(self, node: ClusterNode, stored: Address, peer: ClusterNode, pods: Walk) -> Trial | None:
        """How a peer shows that it cannot use an address that is the InternalIP: a session that is down is not enough.

        What blocks the port, or stops BIRD, would do so with any other address too.
        """
        cause = pods.cause if pods.cause and pods.cause.why in _SENT_AS_ANOTHER else None
        if cause is None and self.forwarding.peerings.session(peer, node).state is not SessionState.UP:
            cause = self._unheard(node, stored, peer)
        return Trial(peer.name, cause.text, cause.evidence) if cause else None

    def _unheard(self, node: ClusterNode, stored: Address, peer: ClusterNode) -> Cause | None:
        """Why packets between an address and a peer's are lost."""
        theirs = peer.bgp_address.ip if peer.bgp_address else None
        for sender, packet in ((peer, Packet(theirs, stored)), (node, Packet(stored, theirs) if theirs else None)):
            walk = self._sent(sender, packet)
            if walk and walk.outcome is Outcome.LOST and walk.cause:
                return walk.cause
        return None

    def _sent(self, sender: ClusterNode, packet: Packet | None) -> Walk | None:
        return self.forwarding.from_node(sender.name, packet) if packet else None

    def _session_down(self, node: ClusterNode, peer: ClusterNode) -> tuple[Evidence, ...] | None:
        """The lines that show the session, or the learning of routes over it, to be down; None when it may be up.

        One that cannot come up as it is configured says nothing of the address.
        """
        peerings = self.forwarding.peerings
        if peerings.configuration.obstacle(peer, node) is not None:
            return None
        session = peerings.session(peer, node)
        if session.state is SessionState.UP:
            return None
        if session.state is SessionState.DOWN:
            return session.evidence
        learning = peerings.learns(peer, node)
        return learning.evidence if learning.state is SessionState.DOWN else None

    def _would_serve(self, node: ClusterNode, peer: ClusterNode, right: Address | None) -> bool:
        """Whether an address would do for a peer: packets get through both ways.

        Of the InternalIP it is enough to be in the peer's network; of another card's address it is not, for networks of
        the same name may lie anywhere.
        """
        theirs = self._right_of(peer)
        if right is None or theirs is None or node.holds(right) is False:
            return False
        walks = [self._sent(peer, Packet(theirs.ip, right)), self._sent(node, Packet(right, theirs.ip))]
        if any(w and w.outcome is Outcome.LOST for w in walks):
            return False
        return all(w and w.delivered for w in walks) or (right == node.internal_ip and right in theirs.network)

    def _right_of(self, peer: ClusterNode) -> Interface | None:
        """The address that a peer should have: where its own is as suspicious, its InternalIP stands for it."""
        if peer.name not in self.suspicious:
            return peer.bgp_address
        listed = (a.address for a in peer.card_addresses if a.address.ip == peer.internal_ip)
        return next(listed, ip_interface(peer.internal_ip) if peer.internal_ip else None)


@dataclass(frozen=True, slots=True)
class _Conflict:
    """An address that calico-node found another node to hold: it exits, and clears its own stored value."""

    address: Address
    evidence: Evidence


def _conflict(node: ClusterNode) -> _Conflict | None:
    """The conflict a node's log ends with; None where a start after it went well."""
    told = node.current_log.events(*_ADDRESS_EVENTS)
    last = told[-1] if told else None
    if last is None or last.event != "address-conflict":
        return None
    try:
        return _Conflict(ip_address(last.values.get("address", "")), last.evidence)
    except ValueError:
        return None


def _beside(node: ClusterNode, stored: Address) -> bool:
    """Whether the InternalIP stands beside an address, on its card or in its network: what blocks one blocks the other."""
    network = node.bgp_address.network if node.bgp_address else None
    same_card = node.interface_of(stored) is not None and node.internal_ip is not None
    same_card = same_card and node.interface_of(stored) == node.interface_of(node.internal_ip or stored)
    return same_card or (network is not None and node.internal_ip is not None and node.internal_ip in network)


def _differs(node: ClusterNode) -> bool:
    """Whether a node's Calico address is another than the one it goes by."""
    return bool(node.bgp_address and node.internal_ip and node.bgp_address.ip != node.internal_ip)


def _expected(node: ClusterNode, status: AddressStatus) -> Address | None:
    """The address Calico should have: the InternalIP, where the machine has it or was not looked at."""
    if status is AddressStatus.UNKNOWN:
        return None
    if status is AddressStatus.OK or (node.internal_ip and node.holds(node.internal_ip) is not False):
        return node.internal_ip
    return None


def other_addresses(node: ClusterNode, stored: Address) -> Iterator[Interface]:
    """What a node has on its other cards.

    >>> list(other_addresses(ClusterNode("node-1"), ip_address("10.0.1.11")))
    []
    """
    for held in node.card_addresses:
        ip = held.address.ip
        if ip.version == 4 and not (ip.is_loopback or ip.is_link_local) and held.interface != node.interface_of(stored):
            yield held.address


def _told_least(node: ClusterNode) -> int:
    """How much was not collected of a node that shows what it can use: its routes, its sessions, its log."""
    return (node.routes is None) * 4 + (node.sessions is None) * 2 + (not node.log_events)


def _cited(node: ClusterNode, *columns: str) -> tuple[Evidence, ...]:
    cited = node.kubernetes.cited if node.kubernetes else {}
    return tuple(cited[c] for c in columns if c in cited)


def _lines(node: ClusterNode, stored: Address, expected: Address | None) -> tuple[Evidence, ...]:
    """The lines that show an address choice: annotation, InternalIP, both cards, and calico-node's own word."""
    cards = [a.evidence for a in node.card_addresses if a.address.ip in (stored, expected)]
    said = [e.evidence for e in node.log.events("address-autodetected") if _names(e.values, stored)]
    return (*_cited(node, "bgp_ipv4", "internal_ips"), *cards, *said[-1:])


def _names(values: Mapping[str, str], stored: Address) -> bool:
    return values.get("address", "").split("/")[0] == str(stored)


def blamed(verdicts: Mapping[str, AddressVerdict], *statuses: AddressStatus) -> Sequence[AddressVerdict]:
    """The nodes with one of these statuses, by name.

    >>> blamed({}, AddressStatus.WRONG)
    []
    """
    return [v for _, v in sorted(verdicts.items()) if v.status in statuses]


def names(verdicts: Iterable[AddressVerdict]) -> frozenset[str]:
    """Their node names."""
    return frozenset(v.node for v in verdicts)
