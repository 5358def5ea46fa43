"""Which address calico-node would choose on a node of a scenario: written from the source once more, and not the analyzer's.

Source: Calico node/pkg/lifecycle/startup/autodetection (interfaces.go, filtered.go, autodetection_methods.go): interfaces in
reverse kernel order whatever their state, addresses of one in their order, patterns that match anywhere in a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from tests.lab.topology import Node

_PASSED_OVER = re.compile(
    r"^(docker|cbr|dummy|podman|virbr|lxcbr|veth|lo|br-|cali|tunl|flannel|kube-ipvs|cni|vxlan\.calico|wireguard\.cali)"
)


def detected(node: Node, method: str) -> str | None:
    """The address with its mask; None where the method finds none."""
    name, _, words = method.partition("=")
    if name == "can-reach":
        return _toward(node, IPv4Address(words))
    return next((str(address) for card, address in _listed(node) if _fits(node, name, words, card, address)), None)


def _toward(node: Node, target: IPv4Address) -> str | None:
    """The address that the kernel would send from: of the card whose network the target is in, else the gateway's.

    can-reach asks the kernel (reachaddr.go). Routes and rules written by hand would have their say too.
    """
    if node.routes or node.rules:
        raise ValueError(f"{node.name} has routes or rules of its own, which are not followed here")
    listed = [IPv4Interface(address) for card in node.interfaces if card.up for address in card.addresses]
    gateway = IPv4Address(node.default_gateway) if node.default_gateway else None
    for wanted in (target, gateway):
        joined = [address for address in listed if wanted is not None and wanted in address.network]
        if joined:
            return str(max(joined, key=lambda address: address.network.prefixlen))
    return None


def _listed(node: Node) -> Iterator[tuple[str, IPv4Interface]]:
    for card in reversed(node.interfaces):
        yield from ((card.name, IPv4Interface(address)) for address in card.addresses)


def _fits(node: Node, name: str, words: str, card: str, address: IPv4Interface) -> bool:
    items = re.split(r"\s*,\s*", words)
    if name == "kubernetes-internal-ip":
        return str(address.ip) == node.internal_ip
    if name == "cidr":
        return any(address.ip in IPv4Network(item, strict=False) for item in items)
    if name == "interface":
        return any(re.search(item, card) for item in items)
    if name not in ("first-found", "skip-interface"):
        raise ValueError(f"{name} is no method that is known here")
    skipped = name == "skip-interface" and any(re.search(item, card) for item in items)
    return not skipped and not _PASSED_OVER.match(card)
