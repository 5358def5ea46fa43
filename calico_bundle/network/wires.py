"""What joins and separates networks. Same prefix is not same wire, and other prefix is not isolation.

All inference of that kind is here. Evidence, the strongest first:

1. a neighbor entry: the next hop answered, and with which link-layer address, or it did not answer;
2. an Established BGP session between the two addresses;
3. InternalIPs: two nodes with different InternalIPs in one network, each on the card in question;
4. a neighbor entry for another address of the same two cards: the wire is the same, whoever is asked for;
5. a network on which a node's neighbor table shows nobody has no router that reaches it, where routers ask by ARP.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from ipaddress import IPv4Address

from calico_bundle.calico.bgp import Peerings, SessionState
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, NeighborFact
from calico_bundle.facts.neighbor_listing import entries_of, neighbors_at
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.network.cards import may_be_in_a_cloud
from calico_bundle.network.prediction import OWN_CARD
from calico_bundle.numbers import whole_number

SILENT = "FAILED"
"""Nobody answered three times. INCOMPLETE is a question that still waits for its answer, and shows nothing."""


_KEPT_ENTRIES = 128
"""net.ipv4.neigh.default.gc_thresh1 where nobody changed it (net/ipv4/arp.c)."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a frame ends: on a node's interface, at a machine that is no node, nowhere, or nobody can tell."""

    kind: str  # "node", "router", "silent", "unknown"
    node: str | None = None
    interface: str | None = None
    evidence: Evidence | None = None
    text: str = ""


class Wires:
    """Answers, for one cluster, whether two machines are joined; built once, looked up per hop."""

    def __init__(self, cluster: Cluster, peerings: Peerings) -> None:
        self._nodes = cluster.nodes
        self._peerings = peerings
        self._holders: dict[Address, list[tuple[str, str]]] = defaultdict(list)
        self._macs: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._stored: dict[Address, set[str]] = defaultdict(set)
        self._internal: dict[Address, set[str]] = defaultdict(set)
        pods = columns_of(cluster.pods)
        self._pods_on = Counter(n for n, host in zip(pods.nodes, pods.host_networks, strict=True) if not host)
        for node in cluster.nodes.values():
            self._index(node)
        spoken_of = {node for node in pods.nodes if node} | {b.node for b in cluster.blocks if b.node}
        known = {n.name for n in cluster.nodes.values() if n.internal_ip or n.bgp_address or n.addresses}
        self.all_nodes_known = spoken_of | set(cluster.nodes) <= known
        """Whether every node that the bundle speaks of has an address in it: only then is another address no node's."""

    def _index(self, node: ClusterNode) -> None:
        for address in node.card_addresses:
            if not address.address.ip.is_loopback and not address.address.ip.is_link_local:
                self._holders[address.address.ip].append((node.name, address.interface))
        for interface in node.cards:
            if interface.mac:
                self._macs[interface.mac].add((node.name, interface.name))
        if node.bgp_address:
            self._stored[node.bgp_address.ip].add(node.name)
        if node.internal_ip:
            self._internal[node.internal_ip].add(node.name)

    def nodes_at(self, address: Address) -> set[str]:
        """Nodes that hold an address, or are said to: on an interface, as InternalIP, or as Calico's stored address."""
        holders = {name for name, _ in self._holders.get(address, [])}
        said = self._internal.get(address, set()) | self._stored.get(address, set())
        return holders | {name for name in said if self._nodes[name].holds(address) is not False}

    def cards_with(self, mac: str) -> frozenset[tuple[str, str]]:
        """The cards, each with its node, that have a link-layer address."""
        return frozenset(self._macs.get(mac, ()))

    def land(self, sender: ClusterNode, device: str, next_hop: Address) -> Landing:
        """Where a frame sent out of a device toward a next hop ends."""
        entry = self._neighbor(sender, device, next_hop)
        if entry is not None:
            return self._contradicted(sender, entry, next_hop) or self._by_neighbor(sender, entry, next_hop)
        owners = self.nodes_at(next_hop) - {sender.name}
        if not owners:
            return Landing("router", text=f"{next_hop} is no address of a node in the bundle")
        if len(owners) > 1:
            return Landing("unknown", text=f"{next_hop} is held by {', '.join(sorted(owners))}")
        return self._by_addresses(sender, device, self._nodes[owners.pop()], next_hop)

    def _contradicted(self, sender: ClusterNode, entry: NeighborFact, next_hop: Address) -> Landing | None:
        """An entry that failed beside a session that is up with that very address: one of the two is old."""
        if entry.mac is not None and entry.state != SILENT:
            return None
        owners = [self._nodes[name] for name in self.nodes_at(next_hop)]
        for owner in owners:
            up = self.session(sender, owner) if next_hop == _stored_ip(owner) else None
            if up is not None:
                text = f"{next_hop} did not answer ARP on {entry.device}, yet the session with {owner.name} is up"
                return Landing("unknown", evidence=up, text=text)
        return None

    @staticmethod
    def _neighbor(sender: ClusterNode, device: str, next_hop: Address) -> NeighborFact | None:
        fitting = (n for n in neighbors_at(sender.neighbors or (), next_hop) if n.device in (device, None))
        return next((n for n in fitting if n.mac is not None or n.state == SILENT), None)

    def _by_neighbor(self, sender: ClusterNode, entry: NeighborFact, next_hop: Address) -> Landing:
        if entry.mac is None or entry.state == SILENT:
            return Landing("silent", evidence=entry.evidence, text=f"{next_hop} did not answer ARP on {entry.device}")
        answered = self._macs.get(entry.mac, set())
        if len(answered) == 1:
            node, interface = next(iter(answered))
            return Landing("node", node, interface, entry.evidence)
        owners = sorted(self.nodes_at(next_hop))
        possible = owners if answered else [node for node in owners if self._card_unknown(node, next_hop)]
        if len(owners) == 1 and possible:
            owner = self._nodes[owners[0]]
            # Whose link-layer address it is, is not known: then any card in the sender's network may have answered.
            is_open = not answered and owner.addresses is not None and entry.device is not None
            card = _arrival(sender, entry.device or "", owner, next_hop) if is_open else owner.interface_of(next_hop)
            return Landing("node", owner.name, card, entry.evidence)
        if possible:
            text = f"{next_hop} answers as {entry.mac}, which may be {' or '.join(possible)}"
            return Landing("unknown", evidence=entry.evidence, text=text)
        return Landing(
            "router", evidence=entry.evidence, text=f"{next_hop} answers as {entry.mac}, which is no node's card"
        )

    def _card_unknown(self, name: str, address: Address) -> bool:
        """Whether the card of an address, or its link-layer address, was not recorded: then any answer may be it."""
        node = self._nodes[name]
        card = node.interface_of(address)
        found = node.interface(card) if card is not None else None
        return found is None or not found.mac

    def _by_addresses(self, sender: ClusterNode, device: str, owner: ClusterNode, next_hop: Address) -> Landing:
        interface = _arrival(sender, device, owner, next_hop)
        session = self.session(sender, owner)
        if session is not None and next_hop == _stored_ip(owner):
            return Landing("node", owner.name, interface, session)
        if next_hop == owner.internal_ip and sender.internal_ip != next_hop and _goes_by_internal_ip(sender, device):
            return Landing("node", owner.name, interface, None, "both are the nodes' InternalIPs, in one network")
        if interface is not None and owner.holds(next_hop) and self._heard(sender, device, owner, interface):
            text = f"ARP was answered between {device} of {sender.name} and {interface} of {owner.name}"
            return Landing("node", owner.name, interface, None, text)
        text = f"nothing shows whether {device} of {sender.name} and {next_hop} of {owner.name} are on one wire"
        return Landing("unknown", text=text)

    def _heard(self, sender: ClusterNode, device: str, owner: ClusterNode, card: str) -> bool:
        """Whether an entry of either, for any address of the other, shows their two cards to be on one wire."""
        ends = ((sender, device, owner, card), (owner, card, sender, device))
        return any(
            entry.device == here and entry.state != SILENT and self._macs.get(entry.mac or "") == {(other.name, there)}
            for one, here, other, there in ends
            for held in other.card_addresses
            for entry in neighbors_at(one.neighbors or (), held.address.ip)
        )

    def session(self, one: ClusterNode, other: ClusterNode) -> Evidence | None:
        """The line that shows the session between two nodes' stored addresses to be up."""
        session = self._peerings.session(one, other)
        return session.evidence[0] if session.state is SessionState.UP else None

    def routed(self, sender: ClusterNode, source: Address | None, target: Address) -> Landing:
        """Whether routers between two networks carry a node's packet to another node's address."""
        owners = self.nodes_at(target)
        if len(owners) != 1:
            text = f"{target} is held by {', '.join(sorted(owners)) or 'no node'}"
            return Landing("unknown", text=text)
        owner = self._nodes[next(iter(owners))]
        interface = owner.interface_of(target)
        session = self.session(sender, owner)
        if session is not None and target == _stored_ip(owner) and source in (None, _stored_ip(sender)):
            return Landing("node", owner.name, interface, session)
        # A sender whose cards are not known may be on that network itself.
        if interface is not None and sender.addresses is not None and self._deserted(owner, interface):
            text = f"{owner.name}'s neighbor table shows nobody on {interface}: no router delivers there"
            card = next((a.evidence for a in owner.card_addresses if a.address.ip == target), None)
            return Landing("silent", owner.name, interface, card, text)
        if target == owner.internal_ip and source in (None, sender.internal_ip) and _ready(owner) and _ready(sender):
            return Landing("node", owner.name, interface, None, "both nodes are Ready under these InternalIPs")
        text = f"nothing shows whether the routers carry packets from {source or sender.name} to {target}"
        return Landing("unknown", text=text)

    def _deserted(self, node: ClusterNode, interface: str) -> bool:
        """Whether a card's network shows no sign of any other machine, in a neighbor table that was recorded whole.

        Delivering to the node takes an ARP request for its address, and answering one makes an entry (arp_process()). It
        shows nothing in a cloud, whose network knows the addresses without asking, nor where the kernel may have thrown
        the entry away.
        """
        if not node.neighbors or "ip-neigh" in node.incomplete or may_be_in_a_cloud(node) or self.forgets(node):
            return False
        # `ip -6 neigh` says nothing of IPv4, and entries without a device are those of one device alone.
        listed = [n for n in entries_of(node.neighbors) if isinstance(n.address, IPv4Address)]
        return bool(listed) and not any(n.device is None or (n.device == interface and n.mac) for n in listed)

    def forgets(self, node: ClusterNode) -> bool:
        """Whether the kernel drops entries that are not in use: above gc_thresh1 of them (neigh_periodic_work()).

        The table is one for all network namespaces, and every pod has an entry for its gateway in its own.
        """
        setting = (node.sysctls or {}).get("net.ipv4.neigh.default.gc_thresh1")
        number = whole_number(setting.value) if setting else None
        most = _KEPT_ENTRIES if number is None else number
        neighbors, gateways = node.neighbors or (), self._pods_on[node.name]
        if len(neighbors) + gateways < most:
            return False
        return sum(isinstance(n.address, IPv4Address) for n in entries_of(neighbors)) + gateways >= most


def _stored_ip(node: ClusterNode) -> Address | None:
    return node.bgp_address.ip if node.bgp_address else None


def _arrival(sender: ClusterNode, device: str, owner: ClusterNode, next_hop: Address) -> str | None:
    """The card by which a node gets a frame for an address of its own; None when several could.

    Linux answers ARP for any of its addresses on every card (arp_ignore 0), so it is not the card that holds the address
    but the one in the sender's network.
    """
    if owner.addresses is None:
        if owner.routes is not None:
            return None
        stored = owner.bgp_address
        return OWN_CARD if stored is not None and stored.ip == next_hop == owner.internal_ip else None
    listed = sender.card_addresses
    ours: list[Address] = [a.address.ip for a in listed if a.interface == device and a.address.version == 4]
    if not ours and sender.bgp_address and sender.internal_ip == sender.bgp_address.ip:
        ours = [sender.bgp_address.ip]
    cards = {
        a.interface for a in owner.card_addresses for ip in ours if ip in a.address.network and a.interface != "lo"
    }
    return cards.pop() if len(cards) == 1 else None


def _goes_by_internal_ip(sender: ClusterNode, device: str) -> bool:
    """Whether a device holds the sender's InternalIP; where its cards are not known, whether Calico's address is it."""
    if sender.addresses is None:
        return sender.internal_ip is not None and sender.internal_ip == _stored_ip(sender)
    return any(a.interface == device and a.address.ip == sender.internal_ip for a in sender.card_addresses)


def _ready(node: ClusterNode) -> bool:
    return bool(node.kubernetes and node.kubernetes.ready)
