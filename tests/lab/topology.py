"""What a laboratory cluster is made of: plain frozen records, and their JSON.

Nothing here touches the machine. A scenario says everything that decides where packets go, so two runs of one scenario
must come to the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, Literal

Encapsulation = Literal["none", "vxlan", "vxlan-cross-subnet", "ipip", "ipip-cross-subnet"]
Masquerade = Literal["by-cidr", "all", "none"]
CLUSTER_AS = 64512
"""Calico's default AS number."""
DEFAULT_PORT = 179
"""Where BIRD listens unless the BGPConfiguration says otherwise."""


@dataclasses.dataclass(frozen=True, slots=True)
class Interface:
    """A card: its segment, its addresses with their masks, whether it is up, and whether its cable carries."""

    name: str
    segment: str
    addresses: tuple[str, ...]
    up: bool = True
    carrier: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Router:
    """A machine that is no node; it drops what it has no route for."""

    name: str
    interfaces: tuple[Interface, ...]
    routes: tuple[str, ...] = ()
    rp_filter: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Pod:
    """A pod; `ip` is None for one in its node's network."""

    name: str
    ip: str | None
    dns: bool = False
    dns_policy: str = "ClusterFirst"

    @property
    def host_network(self) -> bool:
        """Whether it lives in its node's network."""
        return self.ip is None

    @property
    def cable(self) -> str:
        """The name of the node's end of its cable, as Calico forms it: `cali` and a hash of the pod's name."""
        return "cali" + hashlib.sha256(self.name.encode()).hexdigest()[:11]


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A node. `stored` is Calico's address, on a card or not; rules and routes are written as `ip` takes them.

    `as_number` is the node's own, where it has not the cluster's. `loose` are devices whose own reverse-path filter is 2.
    """

    name: str
    interfaces: tuple[Interface, ...]
    internal_ip: str
    stored: str
    block: str
    pods: tuple[Pod, ...] = ()
    default_gateway: str | None = None
    rp_filter: int = 1
    routes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reflector: bool = False
    as_number: int | None = None
    loose: tuple[str, ...] = ()

    def filter_of(self, device: str) -> int:
        """The reverse-path filter that a device has for itself."""
        return 2 if device in self.loose else self.rp_filter

    @property
    def stored_ip(self) -> str:
        """Calico's address without its mask."""
        return self.stored.split("/")[0]

    @property
    def stored_network(self) -> IPv4Network:
        """The network that Calico takes for the node's own; of a bare address, that address alone."""
        return IPv4Interface(self.stored).network

    @property
    def tunnel_ip(self) -> str:
        """The address of its tunnel device: the first of its block."""
        return str(IPv4Network(self.block)[0])

    @property
    def parent(self) -> str | None:
        """The card that holds Calico's address; None when none does."""
        holders = (i.name for i in self.interfaces if any(a.split("/")[0] == self.stored_ip for a in i.addresses))
        return next(holders, None)

    def pod_ip(self, pod: Pod) -> str:
        """The address in the pod's status."""
        return pod.ip or self.internal_ip


@dataclasses.dataclass(frozen=True, slots=True)
class BlockedPort:
    """A node that refuses TCP/179, from one address or from all; `drop` stays silent, `reject` resets."""

    node: str
    source: str | None = None
    action: Literal["drop", "reject"] = "drop"


@dataclasses.dataclass(frozen=True, slots=True)
class Peering:
    """A BGPPeer object that names its peer by address, with a port or without; of one node, or of all."""

    name: str
    peer_ip: str
    as_number: int
    node: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """One cluster, and what of it is left out of its bundle (file names without extension).

    `recovering` starts every BIRD with `-R`, as calico-node does: the waiting of a graceful restart applies. `stale_rules` are
    nodes whose kube-proxy leads every service to addresses that no pod has any more.
    """

    name: str
    why: str
    segments: tuple[str, ...]
    nodes: tuple[Node, ...]
    routers: tuple[Router, ...] = ()
    encapsulation: Encapsulation = "none"
    pool: str = "10.244.0.0/16"
    service_ip: str = "10.96.0.10"
    masquerade: Masquerade = "by-cidr"
    nat_outgoing: bool = True
    blocked: tuple[BlockedPort, ...] = ()
    omitted: tuple[str, ...] = ()
    mesh: bool = True
    listen_port: int = DEFAULT_PORT
    peerings: tuple[Peering, ...] = ()
    recovering: bool = False
    stale_rules: tuple[str, ...] = ()

    @property
    def tunneled(self) -> bool:
        """Whether pods' packets can go through tunnels."""
        return self.encapsulation != "none"

    @property
    def crosses_subnets_only(self) -> bool:
        """Whether nodes of one network send without a tunnel."""
        return self.encapsulation.endswith("cross-subnet")

    @property
    def uses_bird(self) -> bool:
        """Whether BGP runs: not with VXLAN everywhere, where Felix alone writes the routes."""
        return self.encapsulation != "vxlan"

    @property
    def meshed(self) -> bool:
        """Whether every node peers with every other: not where reflectors are, which are set up with the mesh off."""
        return self.mesh and not any(node.reflector for node in self.nodes)

    def as_number_of(self, node: Node) -> int:
        """A node's AS number: its own, else the cluster's."""
        return node.as_number or CLUSTER_AS

    @property
    def pods(self) -> tuple[tuple[Node, Pod], ...]:
        """Every pod with its node."""
        return tuple((node, pod) for node in self.nodes for pod in node.pods)

    @property
    def endpoints(self) -> tuple[tuple[Node, Pod], ...]:
        """The DNS pods with their nodes."""
        return tuple((node, pod) for node, pod in self.pods if pod.dns)

    def probe_service_ip(self, index: int) -> str:
        """The address of a service that has only the DNS pod of this number behind it."""
        head, last = self.service_ip.rsplit(".", 1)
        return f"{head}.{int(last) + 100 + index}"


def to_json(scenario: Scenario) -> str:
    """A scenario as JSON text."""
    return json.dumps(dataclasses.asdict(scenario), indent=1) + "\n"


def from_json(text: str) -> Scenario:
    """The scenario of a JSON text; TypeError for a field that no record has."""
    loaded = json.loads(text)
    loaded["nodes"] = tuple(_node(n) for n in loaded["nodes"])
    loaded["routers"] = tuple(_router(r) for r in loaded.get("routers", ()))
    loaded["blocked"] = tuple(BlockedPort(**b) for b in loaded.get("blocked", ()))
    loaded["peerings"] = tuple(Peering(**p) for p in loaded.get("peerings", ()))
    return Scenario(**_tuples(loaded))


def _node(fields: dict[str, Any]) -> Node:
    fields["interfaces"] = tuple(Interface(**_tuples(i)) for i in fields["interfaces"])
    fields["pods"] = tuple(Pod(**p) for p in fields.get("pods", ()))
    return Node(**_tuples(fields))


def _router(fields: dict[str, Any]) -> Router:
    fields["interfaces"] = tuple(Interface(**_tuples(i)) for i in fields["interfaces"])
    return Router(**_tuples(fields))


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}


def save(scenario: Scenario, path: Path) -> None:
    """Write a scenario."""
    path.write_text(to_json(scenario), encoding="utf-8")


def load(path: Path) -> Scenario:
    """Read a scenario."""
    return from_json(path.read_text(encoding="utf-8"))


def mac(*parts: str) -> str:
    """A fixed link-layer address for a card, so that two runs show the same."""
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return f"52:54:00:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}"
