"""A tunnel's MTU, and what the tunnel adds, are more than the card carries: large packets are lost, small ones pass."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.facts import InterfaceFact

_OVERHEAD = {"tunl0": 20, "vxlan.calico": 50, "wireguard.cali": 60}
"""Bytes that a tunnel of Calico's adds to a packet of IPv4, by its device."""

_WORDS = Words(
    "on every node what its tunnels and pods send fits the card that carries it",
    "the MTU of cards and tunnels",
    ("ip -d addr",),
    effect=(
        "it loses large packets alone: short answers over UDP pass, long ones and zone data do not, so it is not what "
        "breaks all lookups"
    ),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by the MTUs of every node."""
    return from_nodes(case, _WORDS, _shown)


def _shown(node: ClusterNode) -> Shown:
    card = _card(node)
    if card is None or card.mtu is None:
        return Shown(node.name)
    inner = [(device, _OVERHEAD[device.name]) for device in node.cards if device.name in _OVERHEAD and _is_up(device)]
    inner = inner or [(cable, 0) for cable in _first_cable(node)]
    for device, added in inner:
        if device.mtu is not None and device.mtu + added > card.mtu:
            adds = f", to which the tunnel adds {added}," if added else ""
            sign = f"{device.name} of {node.name} has an MTU of {device.mtu}{adds} and {card.name} carries {card.mtu}"
            return Shown(node.name, sign, (device.evidence, card.evidence))
    whole = "ip-addr" not in node.incomplete
    return Shown(node.name, evidence=(card.evidence, *(device.evidence for device, _ in inner)) if whole else ())


def _card(node: ClusterNode) -> InterfaceFact | None:
    """The card that carries what goes to other nodes: that of the address which Calico uses."""
    name = node.interface_of(node.bgp_address.ip) if node.bgp_address else None
    return node.interface(name) if name and name != "lo" and name not in _OVERHEAD else None


def _is_up(device: InterfaceFact) -> bool:
    return "UP" in device.flags or device.state == "UP"


def _first_cable(node: ClusterNode) -> list[InterfaceFact]:
    """One pod's cable: Calico gives all of a node's the same MTU."""
    from calico_bundle.facts.cards import is_cable

    return list(islice(filter(is_cable, node.interfaces or ()), 1))


HYPOTHESIS = Hypothesis(
    "tunnel-mtu",
    "Is a tunnel's MTU larger than the card below it carries?",
    (),
    "Calico documentation, Configure MTU: IPIP adds 20 bytes, VXLAN 50, WireGuard 60 (IPv4)",
    examine,
)
