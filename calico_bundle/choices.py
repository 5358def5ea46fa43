"""What Calico would choose on each node: now, at the next restart, and under a method that somebody proposes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface
from typing import Any

from calico_bundle.calico.detection import (
    Card,
    Detection,
    Machine,
    OpenRouteError,
    RouteSource,
    Settings,
    choose_address,
    detect,
)
from calico_bundle.calico.installation import CalicoInstallation, environment_of, installation_of
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, Interface
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.routing import source_address
from calico_bundle.stand_ins import NO_SOURCES


class Choices:
    """Replays detection on the nodes of one cluster."""

    def __init__(self, cluster: Cluster, forwarding: Forwarding) -> None:
        self.cluster = cluster
        self.forwarding = forwarding
        self.installation: CalicoInstallation = installation_of(cluster)
        self._predicted: dict[tuple[str, int], Detection] = {}
        self._machines: dict[str, Machine] = {}

    def predicted(self, node: ClusterNode, family: int = 4) -> Detection:
        """The address the node has after calico-node's next start, with the environment it has now."""
        key = (node.name, family)
        if key not in self._predicted:
            self._predicted[key] = self._replayed(node, family)
        return self._predicted[key]

    def _replayed(self, node: ClusterNode, family: int) -> Detection:
        environment = environment_of(self.cluster, family)
        if environment is None:
            return Detection(
                undecided="calico-node's environment (its DaemonSet, or the Installation) is not in the bundle"
            )
        if self.installation.backend == "none":
            # configureIPsAndSubnets is skipped: the stored value stays as it is.
            return Detection(_stored(node, family), failure=None)
        ip, method = environment
        if "?" in (ip, method):
            return Detection(undecided="calico-node's IP or method comes from a reference that is not in the bundle")
        settings = Settings(ip, method, self.installation.version, family)
        seen = not node.is_unseen("bgp_ipv4" if family == 4 else "bgp_ipv6")
        return choose_address(settings, self.machine(node, family), _stored(node, family), is_stored_seen=seen)

    @property
    def detects(self) -> bool:
        """Whether calico-node looks for the address itself (IP=autodetect), at every start and once a minute."""
        environment = environment_of(self.cluster, 4)
        return environment is not None and environment[0] == "autodetect" and self.installation.backend != "none"

    def under(self, method: str, family: int = 4) -> Mapping[str, Detection]:
        """What a method would choose, on every node."""
        version = self.installation.version
        nodes = self.cluster.nodes.items()
        return {name: detect(method, self.machine(n, family), version, family) for name, n in nodes}

    def machine(self, node: ClusterNode, family: int = 4) -> Machine:
        """A node as autodetection sees it: from `ip addr`, else from the annotation projectcalico.org/Interfaces.

        `ip -4 addr` shows it nothing of IPv6, and ifconfig neither all addresses nor the order of the cards.
        """
        if node.name not in self._machines:
            self._machines[node.name] = self._seen(node)
        seen = self._machines[node.name]
        if family == 4 or not seen.ordered or any(a.version == family for c in seen.cards or () for a in c.addresses):
            return seen
        return replace(seen, cards=None)

    def _seen(self, node: ClusterNode) -> Machine:
        internal, unseen = node.kubernetes.internal_ips if node.kubernetes else (), node.is_unseen("internal_ips")
        is_whole = node.interfaces is not None and node.addresses is not None and "ip-addr" not in node.incomplete
        if is_whole:
            in_order = node.in_kernel_order
            return Machine(_cards(node), internal, self._route_source(node), in_order, may_have_others=unseen)
        annotated = _annotated(node)
        return Machine(annotated, internal, self._route_source(node), ordered=False, may_have_others=unseen)

    def _route_source(self, node: ClusterNode) -> RouteSource | None:
        return None if node.routes is None else _RouteSource(self.forwarding, node)


@dataclass(frozen=True, slots=True)
class _RouteSource:
    """The address that the kernel of one node would take for packets to a destination."""

    forwarding: Forwarding
    node: ClusterNode

    def __call__(self, destination: Address) -> Address | None:
        if destination.version != 4:
            raise OpenRouteError("routes of IPv6 are not looked up by this program")
        lookup = self.forwarding.routing(self.node).lookup(destination)
        if lookup.undecided:
            raise OpenRouteError(lookup.undecided)
        route = lookup.route
        if route is None:
            return None
        found = source_address(self.node, route, destination)[0]
        if found is None and (not self.node.in_kernel_order or NO_SOURCES in self.node.incomplete):
            raise OpenRouteError(f"the source address of `{route.evidence.text}` is not in the bundle")
        return found


def _cards(node: ClusterNode) -> tuple[Card, ...]:
    """The interfaces with their addresses, in the kernel's order.

    Cables of pods are left out where they have link-local addresses alone: no method takes one of those.
    """
    held: dict[str, list[Interface]] = {i.name: [] for i in node.cards}
    if any(address.interface not in held for address in node.card_addresses):
        held = {i.name: [] for i in node.interfaces or ()}
    for address in node.card_addresses:
        held.setdefault(address.interface, []).append(address.address)
    return tuple(Card(name, tuple(addresses)) for name, addresses in held.items())


def _stored(node: ClusterNode, family: int) -> Interface | None:
    kubernetes = node.kubernetes
    if kubernetes is None:
        return None
    return kubernetes.bgp_ipv4 if family == 4 else kubernetes.bgp_ipv6


def _annotated(node: ClusterNode) -> tuple[Card, ...] | None:
    """The cards of the annotation (v3.31+): default exclusions applied, sorted by name, addresses without prefix."""
    text = node.kubernetes.calico_interfaces if node.kubernetes else None
    try:
        listed: list[dict[str, Any]] = json.loads(text or "null")
        return tuple(
            Card(str(i["name"]), tuple(ip_interface(ip_address(a)) for a in i.get("addresses") or ())) for i in listed
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        # The objects' parser has noted what is wrong with it; without it the cards are just not known.
        return None
