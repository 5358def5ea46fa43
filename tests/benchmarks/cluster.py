"""A cluster of any size with the incident in it: which node has which addresses and pods, and which pods lose DNS.

Nodes share one network and one Calico pool, a block of 64 addresses each. The wrong nodes hold a second card, on a
network that nobody else is in; Calico took its address, so no BGP session with them comes up, and nobody has their
routes, nor they anybody's. CoreDNS runs on the first of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address

GATEWAY = "10.1.0.1"
SECOND_NETWORK = "192.168.50"
POOL = "10.128.0.0/12"
DNS_ADDRESS = "10.96.0.10"
BLOCK_ADDRESSES = 64
REPLICAS = 20
"""Pods of one workload, which share a Service."""
MOST_PODS = BLOCK_ADDRESSES - 4

_FIRST_NODE = int(IPv4Address("10.1.0.10"))
_FIRST_BLOCK = int(IPv4Address("10.128.0.0"))
_SHORT = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of Kubernetes' random names (apimachinery, util/rand)."""
_STEP = 8_675_309


@dataclass(frozen=True, slots=True)
class Size:
    """How large a cluster is, and how many of its nodes are wrong."""

    nodes: int
    pods_per_node: int
    wrong_nodes: int = 1
    log_bytes: int = 56_000
    """Of the log of each calico-node."""


SIZES = {
    "small": Size(5, 20),
    "medium": Size(100, 30, wrong_nodes=3),
    "large": Size(1_000, 30, wrong_nodes=10),
    "xl": Size(5_000, 30, wrong_nodes=20),
}


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod; `workload` numbers those that share a Service, and is None for what runs on every node."""

    namespace: str
    name: str
    ip: str
    labels: tuple[tuple[str, str], ...]
    dns_policy: str = "ClusterFirst"
    host_network: bool = False
    workload: int | None = None

    @property
    def uses_cluster_dns(self) -> bool:
        """Whether its lookups go to the cluster's DNS: with the node's network only where the policy says so."""
        return self.dns_policy == ("ClusterFirstWithHostNet" if self.host_network else "ClusterFirst")

    @property
    def interface(self) -> str:
        """The node's end of its cable, named as Calico names it."""
        return "cali" + hashlib.sha1(f"{self.namespace}.{self.name}".encode()).hexdigest()[:11]  # noqa: S324


@dataclass(frozen=True)
class Node:
    """One node, with its pods worked out when they are asked for."""

    index: int
    is_wrong: bool
    pod_count: int

    @property
    def name(self) -> str:
        """Such as `worker-0007`."""
        return f"worker-{self.index:04d}"

    @cached_property
    def internal_ip(self) -> str:
        """The address that its peers can use."""
        return str(IPv4Address(_FIRST_NODE + self.index))

    @property
    def second_ip(self) -> str:
        """The address of the second card that a wrong node has."""
        return f"{SECOND_NETWORK}.{self.index + 11}"

    @property
    def calico_address(self) -> str:
        """The address that Calico took, with its network."""
        return f"{self.second_ip}/24" if self.is_wrong else f"{self.internal_ip}/16"

    @cached_property
    def block(self) -> str:
        """The addresses that its pods have."""
        return f"{self.address(0)}/26"

    def address(self, number: int) -> str:
        """An address of its block."""
        return str(IPv4Address(_FIRST_BLOCK + BLOCK_ADDRESSES * self.index + number))

    def mac(self, card: int = 0) -> str:
        """The hardware address of one of its cards."""
        return f"52:54:{card:02x}:{self.index >> 8:02x}:{self.index & 255:02x}:01"

    @property
    def calico_pod(self) -> str:
        """The name of its calico-node pod."""
        return f"calico-node-{suffix('calico', self.index)}"

    def pods(self) -> Iterator[Pod]:
        """Its pods: three that every node runs, CoreDNS on the first two nodes or twice on the first wrong one, apps."""
        yield from self._daemons()
        for number in range(self.pod_count - 3):
            yield self._app(number)

    def _daemons(self) -> Iterator[Pod]:
        for namespace, name, policy in (
            ("calico-system", "calico-node", "ClusterFirst"),
            ("kube-system", "kube-proxy", "ClusterFirst"),
            ("monitoring", "node-exporter", "ClusterFirstWithHostNet"),
        ):
            pod_name = self.calico_pod if name == "calico-node" else f"{name}-{suffix(name, self.index)}"
            yield Pod(namespace, pod_name, self.internal_ip, (("k8s-app", name),), policy, host_network=True)

    def _app(self, number: int) -> Pod:
        if self.index == 0 and number < 2:
            name = f"coredns-5d78c9869d-{suffix('coredns', number)}"
            return Pod("kube-system", name, self.address(number + 2), (("k8s-app", "kube-dns"),), "Default")
        serial = self.index * MOST_PODS + number
        workload = (self.index * (self.pod_count - 3) + number) // REPLICAS
        namespace, app = f"team-{workload % 50:02d}", f"shop-{workload:05d}"
        labels = (("app.kubernetes.io/instance", app), ("app.kubernetes.io/name", app), ("tier", '"1"'))
        # Some programs ask the node's own resolver.
        policy = "Default" if number % 10 == 9 else "ClusterFirst"
        name = f"{app}-7d9f6c5b84-{suffix('app', serial)}"
        return Pod(namespace, name, self.address(number + 2), labels, policy, workload=workload)


@dataclass(frozen=True)
class Cluster:
    """All nodes of a size; the wrong ones come first."""

    size: Size

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, in the order of its name."""
        size = self.size
        return tuple(Node(index, index < size.wrong_nodes, size.pods_per_node) for index in range(size.nodes))

    def pods(self) -> Iterator[tuple[Node, Pod]]:
        """Every pod with its node."""
        for node in self.nodes:
            for pod in node.pods():
                yield node, pod

    def verdict(self, node: Node, pod: Pod) -> str:
        """What becomes of the pod's lookups: CoreDNS on a wrong node is reached from that node alone."""
        if not pod.uses_cluster_dns:
            return "not_applicable"
        return "reaches" if node.index == 0 or not self.size.wrong_nodes else "broken"


def suffix(kind: str, number: int) -> str:
    """Five letters that look random, are always the same, and differ for any two numbers: names are given once.

    >>> suffix("app", 7) == suffix("app", 7), len(suffix("app", 7))
    (True, 5)
    """
    start = int.from_bytes(hashlib.sha1(kind.encode()).digest()[:8], "big")  # noqa: S324
    # No multiple of 3, so that no two numbers below 27 ** 5 come to the same.
    value = (start + number * _STEP) % len(_SHORT) ** 5
    letters = ""
    for _ in range(5):
        value, letter = divmod(value, len(_SHORT))
        letters += _SHORT[letter]
    return letters
