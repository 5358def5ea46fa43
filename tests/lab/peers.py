"""Who peers with whom, as confd works it out: the mesh, BGPPeer objects, and the reverse sides that it adds by itself.

Source: Calico v3.28 confd/pkg/backends/calico/client.go (updatePeersV1, nodesWithIPPortAndAS) and
confd/etc/calico/confd/templates/bird.cfg.template.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.lab.topology import DEFAULT_PORT, Node, Peering, Scenario


@dataclass(frozen=True, slots=True)
class Peer:
    """A neighbor in a node's configuration; without a port BIRD takes its own default."""

    protocol: str
    address: str
    as_number: int
    port: int | None
    client: bool
    passive: bool
    multihop: bool


def peers(scenario: Scenario, node: Node) -> list[Peer]:
    """A node's neighbors. Those with the node's own address are skipped; of two to one address and port the first is."""
    if scenario.meshed:
        mesh = [_mesh(scenario, node, other) for other in scenario.nodes if _others(node, other)]
    else:
        mesh = list(_reflected(scenario, node))
    explicit: dict[tuple[str, int | None], Peer] = {}
    for peer in _explicit(scenario, node):
        if peer.address != node.stored_ip:
            explicit.setdefault((peer.address, peer.port), peer)
    return [*mesh, *explicit.values()]


def _others(node: Node, other: Node) -> bool:
    return other is not node and other.stored_ip != node.stored_ip


def _port(scenario: Scenario) -> int | None:
    return scenario.listen_port if scenario.listen_port != DEFAULT_PORT else None


def _passive(node: Node, address: str) -> bool:
    """The node whose address is the greater string dials (confd, since v3.22)."""
    return address > node.stored_ip


def _mesh(scenario: Scenario, node: Node, other: Node) -> Peer:
    """Up to v3.32 the template writes no `multihop` for the mesh."""
    name, far = f"Mesh_{other.stored_ip.replace('.', '_')}", other.stored_ip
    return Peer(name, far, scenario.as_number_of(other), _port(scenario), False, _passive(node, far), multihop=False)


def _reflected(scenario: Scenario, node: Node) -> Iterator[Peer]:
    """The BGPPeer object by which all nodes peer with the reflectors, and its reverse side."""
    for other in scenario.nodes:
        if _others(node, other) and (node.reflector or other.reflector):
            yield _of_node(scenario, node, other)


def _of_node(scenario: Scenario, node: Node, other: Node) -> Peer:
    """A peering with another node, that takes AS number and port from it."""
    peer = _written("Node", other.stored_ip, scenario.as_number_of(other), _port(scenario))
    client = node.reflector and not other.reflector and peer.as_number == scenario.as_number_of(node)
    return replace(peer, client=client, passive=_passive(node, peer.address))


def _written(kind: str, address: str, as_number: int, port: int | None) -> Peer:
    """A peering of a BGPPeer object: it has `multihop`, and a port that is given is a part of its name."""
    name = f"{kind}_{address.replace('.', '_')}" + (f"_port_{port}" if port else "")
    return Peer(name, address, as_number, port, client=False, passive=False, multihop=True)


def _explicit(scenario: Scenario, node: Node) -> Iterator[Peer]:
    """Of objects for all nodes first, then of this node's, then the reverse sides."""
    nodes = {other.stored_ip for other in scenario.nodes}
    for kind in ("Global", "Node"):
        for peering in scenario.peerings:
            if peering.node == (None if kind == "Global" else node.name):
                address, port = _address_and_port(scenario, peering)
                peer = _written(kind, address, peering.as_number, port)
                yield replace(peer, passive=address in nodes and _passive(node, address))
    for peering in scenario.peerings:
        if node in _named(scenario, peering):
            dialing = (other for other in scenario.nodes if peering.node in (None, other.name))
            yield from (_of_node(scenario, node, other) for other in dialing)


def _address_and_port(scenario: Scenario, peering: Peering) -> tuple[str, int | None]:
    """Without a port in the object the cluster's is taken, but only for a peer whose AS number is the node's too."""
    address, _, port = peering.peer_ip.partition(":")
    return address, int(port) if port else _port(scenario) if _named(scenario, peering) else None


def _named(scenario: Scenario, peering: Peering) -> list[Node]:
    """The nodes that an object's address, AS number and port, where it has one, fit: these get a reverse side."""
    address, _, port = peering.peer_ip.partition(":")
    fitting = [node for node in scenario.nodes if node.stored_ip == address]
    # confd compares ports only where the BGPConfiguration has one.
    wrong_port = bool(port) and _port(scenario) not in (None, int(port))
    return [n for n in fitting if scenario.as_number_of(n) == peering.as_number and not wrong_port]
