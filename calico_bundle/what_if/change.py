"""What is changed in a cluster, as somebody asks for it: checked against what is there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface

from calico_bundle.calico.detection import Machine, detect
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.errors import UnknownNameError, UsageError
from calico_bundle.names import did_you_mean

METHODS = ("first-found", "kubernetes-internal-ip", "interface=", "skip-interface=", "can-reach=", "cidr=")
LOOPBACK = "lo"
_CIDR = re.compile(r"[0-9.]+/[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Change:
    """A detection method for all nodes, addresses of single nodes, interfaces that are gone; one at least.

    >>> Change(method="kubernetes-internal-ip").text
    'the detection method kubernetes-internal-ip'
    """

    method: str | None = None
    addresses: Mapping[str, IPv4Interface] = field(default_factory=dict)
    removed: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        method: str | None = None,
        address: Mapping[str, str] | None = None,
        remove_interface: Mapping[str, str | Collection[str]] | None = None,
    ) -> Change:
        """A change as a person writes it.

        Raises `UsageError` where it is none.

        >>> Change.of(address={"node-1": "10.0.1.11/24"}).text
        'the address 10.0.1.11/24 for node-1'
        """
        if method is not None:
            _check_method(method)
        addresses = {node: _address(node, text) for node, text in (address or {}).items()}
        removed = tuple((node, name) for node, names in (remove_interface or {}).items() for name in _several(names))
        loopback = next((node for node, name in removed if name == LOOPBACK), None)
        if loopback is not None:
            raise UsageError(f"lo of {loopback} cannot be taken away: every machine has its loopback interface")
        if method is None and not addresses and not removed:
            raise UsageError("nothing is changed: give a method, an address, or an interface to remove")
        return cls(method, addresses, removed)

    @property
    def text(self) -> str:
        """The change in words."""
        parts = [f"the detection method {self.method}"] if self.method is not None else []
        parts += [f"the address {address} for {node}" for node, address in self.addresses.items()]
        parts += [f"no {name} on {node}" for node, name in self.removed]
        return ", ".join(parts)

    def check(self, cluster: Cluster) -> None:
        """Raise `UnknownNameError` or `UsageError` for a node or an interface that is not there."""
        for name in (*self.addresses, *(node for node, _ in self.removed)):
            if name not in cluster.nodes:
                raise UnknownNameError("node", name, sorted(cluster.nodes))
        for name in self.addresses:
            if cluster.nodes[name].kubernetes is None:
                raise UsageError(f"the bundle has no Node object of {name}, which would hold its address")
        for name, interface in self.removed:
            _check_interface(cluster.nodes[name], interface)


def _several(names: str | Collection[str]) -> Iterator[str]:
    yield from (names,) if isinstance(names, str) else names


def _check_method(method: str) -> None:
    if not method.isprintable() or method != method.strip():
        raise UsageError(
            f"{method!r} is no detection method: it begins or ends with a blank, or has more than one line"
        )
    found = detect(method, Machine(()))
    if found.failure and ("invalid" in found.failure or "no CIDR" in found.failure or "expression" in found.failure):
        words = found.failure.partition(":")[0]
        raise UsageError(f"{method!r} is no detection method ({words}): {did_you_mean(method, METHODS)}")
    if method.endswith("="):
        raise UsageError(f"{method!r} says nothing behind its equals sign")


def _address(node: str, text: str) -> IPv4Interface:
    if not _CIDR.fullmatch(text):
        more = (
            "" if not re.fullmatch(r"[0-9.]+", text) else "; without it Calico stores a /32, in whose subnet nobody is"
        )
        raise UsageError(f"{text!r} for {node} is not of the form ADDRESS/LENGTH, such as 10.0.1.12/24{more}")
    try:
        return IPv4Interface(text)
    except ValueError as error:
        raise UsageError(f"{text!r} for {node} is no IPv4 address with its prefix length") from error


def _check_interface(node: ClusterNode, name: str) -> None:
    if node.interfaces is None:
        raise UsageError(f"the interfaces of {node.name} are not in the bundle, so none can be taken away")
    if node.interface(name) is None:
        raise UnknownNameError(f"interface of {node.name}", name, [card.name for card in node.cards])
