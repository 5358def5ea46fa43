"""A tunnel device that the pools ask for is missing, down or without its address, or one is left that no pool asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes, left_over, unseen
from calico_bundle.hypotheses.tunnels_used import tunnels_used

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.facts import InterfaceFact

_WORDS = Words(
    "every node has the tunnel devices that the pools ask for, up and with their addresses, and no other",
    "what shows the tunnel devices",
    ("ip -d addr",),
    ("kubectl get ippools.crd.projectcalico.org -o yaml",),
)
_ALL = ("tunl0", "vxlan.calico")


def examine(case: Case) -> Answer | None:
    """Ruled out by every node's devices, beside the pools."""
    if left_over(case):
        return None
    used = tunnels_used(case.context.cluster)
    if used.devices is None:
        return unseen(case, _WORDS, ())
    wanted = used.devices

    def shown(node: ClusterNode) -> Shown:
        return _shown(node, wanted)

    return from_nodes(case, _WORDS, shown, used.pools[:2])


def _shown(node: ClusterNode, wanted: Mapping[str, object]) -> Shown:
    if node.interfaces is None:
        return Shown(node.name)
    found = {name: device for name in _ALL if (device := node.interface(name)) is not None}
    for name in _ALL:
        sign = _wanted(node, name, found.get(name)) if name in wanted else _unwanted(node, found.get(name))
        if sign:
            line = found[name].evidence if name in found else node.cards[0].evidence
            return Shown(node.name, sign, (line,))
    lines = [found[name].evidence for name in wanted if name in found]
    unexplained = any(_address(node, name) is not None for name in found if name not in wanted)
    if unexplained or len(lines) < len(wanted) or "ip-addr" in node.incomplete:
        return Shown(node.name)
    return Shown(node.name, evidence=tuple(lines or [card.evidence for card in node.cards if card.name != "lo"][:2]))


def _wanted(node: ClusterNode, name: str, device: InterfaceFact | None) -> str:
    """What is wrong with a device that pools ask for."""
    if device is None:
        return f"{node.name} has no {name}, which the pools ask for" if node.lacks_interface(name) else ""
    if device.flags and "UP" not in device.flags:
        return f"{name} of {node.name} is down"
    if _address(node, name) is None and node.addresses is not None and "ip-addr" not in node.incomplete:
        return f"{name} of {node.name} has no address"
    stored = node.bgp_address.ip if node.bgp_address else None
    if device.vxlan_local and stored and device.vxlan_local != stored:
        return f"{name} of {node.name} sends from {device.vxlan_local}, and Calico's address is {stored}"
    return ""


def _unwanted(node: ClusterNode, device: InterfaceFact | None) -> str:
    """A device that is left over; the module ipip makes an idle tunl0 wherever it is loaded."""
    if device is None or "UP" not in device.flags or _address(node, device.name) is None:
        return ""
    # What routes lead into is no left-over: then the list of pools lacks one.
    if any(hop.device == device.name for route in node.routes or () for hop in route.next_hops):
        return ""
    return f"{device.name} of {node.name} is left over: no pool asks for it"


def _address(node: ClusterNode, name: str) -> object | None:
    held = (fact.address for fact in node.card_addresses if fact.interface == name and fact.address.version == 4)
    return next(held, None)


HYPOTHESIS = Hypothesis(
    "tunnel-devices",
    "Is a tunnel device of Calico's missing, down, without its address, or left over?",
    (),
    "Felix vxlan_mgr.go, ipip_mgr.go: the device, its address and its outer source follow the pools and Calico's address",
    examine,
)
