"""Makes a bundle from the facts of one incident.

Only what a case states is written. What `full` adds, so that the bundle holds what a collector would have found,
follows from the facts by these rules and by nothing else:

- F1  A node whose cards are not told has one, `eth0`, with its InternalIP and a /24.
- F2  The n-th node (from 1) has the block 10.244.n.0/26 of the pool 10.244.0.0/16, unless the case tells another.
- F3  Sessions are Established, but for those told to be down, which are `start`, `Connect` at both ends.
- F4  `ip route` holds the network of each card, a default route by the first address of the InternalIP's network,
      the node's own block as BIRD's blackhole, and one route of BIRD's per peer whose session is up. No encapsulation.
- F5  Every node is Ready and holds its InternalIP.
- F6  Every node runs one pod, at the fifth address of its block, and has Felix's routes to its pods.

Cases name addresses that a report leaves out by one rule too (`filled` says so): those of 192.0.2.0/24, the n-th node's
ending in 10 + n.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

import yaml

POOL = "10.244.0.0/16"

_MTU = {"tunl0": 1480, "vxlan.calico": 1450}
"""What Calico gives its tunnels above cards of 1500 (Calico documentation, Configure MTU): no case is about it."""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine, as far as it is told; None and empty mean that the report says nothing."""

    name: str
    internal: str | None = None
    stored: str | None = None
    stored_6: str | None = None
    tunnel: str | None = None
    block: str | None = None
    ready: bool | None = None
    cards: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    not_established: tuple[str, ...] = ()
    waiting: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A cluster, as far as it is told."""

    nodes: tuple[Node, ...]
    environment: Mapping[str, str | None] = field(default_factory=dict)
    version: str | None = None
    operator: Mapping[str, object] | None = None
    pool: str | None = None
    encapsulation: str | None = None
    encapsulates: str = "Always"
    dns: str | None = None
    pods: tuple[Mapping[str, str], ...] = ()
    cut: tuple[str, ...] = ()


def read(told: Mapping[str, Any]) -> Incident:
    """A case's `cluster`; a key that is no field is an error."""
    nodes = tuple(Node(name, **_frozen(facts or {})) for name, facts in told["nodes"].items())
    return Incident(nodes, **_frozen({k: v for k, v in told.items() if k != "nodes"}))


def _frozen(told: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}


# --- F1 to F5 -------------------------------------------------------------------------------------------------------


def completed(incident: Incident) -> Incident:
    """The cluster with what follows from the facts; `cut` names the nodes whose sessions are all told to be down."""
    nodes = tuple(_with_cards(n, i) for i, n in enumerate(incident.nodes, 1))
    pool = incident.pool or POOL
    pods = (*incident.pods, *({"name": f"app-{n.name.lower()}", "node": n.name, "ip": _pod_ip(n)} for n in nodes))
    complete = replace(incident, pool=pool, pods=pods, nodes=nodes)
    return replace(complete, nodes=tuple(_with_network(n, complete) for n in nodes))


def _pod_ip(node: Node) -> str:
    return str(ip_network(node.block or "").network_address + 5)


def _with_cards(node: Node, number: int) -> Node:
    cards = node.cards or ((f"eth0 {node.internal}/24",) if node.internal else ())
    return replace(node, cards=cards, block=node.block or f"10.244.{number}.0/26", ready=True)


def _with_network(node: Node, incident: Incident) -> Node:
    cut, pods = incident.cut, incident.pods
    peers = [n for n in incident.nodes if n.name != node.name and n.stored]
    up = [n for n in peers if n.name not in cut and node.name not in cut]
    told = {line.split()[0] for line in node.sessions}
    sessions = [f"{_ip(p.stored)} {'up Established' if p in up else 'start Connect'}" for p in peers]
    routes = node.routes or (*_own_routes(node, pods), *(r for p in up if (r := _to_peer(node, p))))
    more = tuple(s for s in sessions if s.split()[0] not in told)
    return replace(node, sessions=(*node.sessions, *more), routes=tuple(routes))


def _own_routes(node: Node, pods: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for name, address in _held(node):
        network = ip_interface(address).network
        if not network.is_loopback and network.prefixlen < network.max_prefixlen and network.version == 4:
            if node.internal and ip_address(node.internal) in network:
                yield f"default via {network.network_address + 1} dev {name} proto static"
            yield f"{network} dev {name} proto kernel scope link src {_ip(address)}"
    yield f"blackhole {node.block} proto bird"
    yield from (f"{p['ip']} dev cali{n:011x} scope link" for n, p in enumerate(pods, 1) if p["node"] == node.name)


def _to_peer(node: Node, peer: Node) -> str | None:
    """The route that BIRD writes: its next hop is the peer's stored address, on the card whose network holds it."""
    target = ip_address(_ip(peer.stored))
    near = [n for n, a in _held(node) if target in ip_interface(a).network]
    if near:
        return f"{peer.block} via {target} dev {near[0]} proto bird"
    home = next(((n, a) for n, a in _held(node) if node.internal and _ip(a) == node.internal), None)
    if home is None:
        return None
    gateway = ip_interface(home[1]).network.network_address + 1
    return f"{peer.block} via {gateway} dev {home[0]} proto bird"


def _held(node: Node) -> Iterator[tuple[str, str]]:
    for card in node.cards:
        name, *addresses = card.split()
        yield from ((name, a) for a in addresses)


def _ip(text: str | None) -> str:
    return (text or "").split("/")[0]


# --- the files ------------------------------------------------------------------------------------------------------


def write(incident: Incident, folder: Path) -> Path:
    """Write the bundle; a file that would hold nothing is not written."""
    objects = {
        "nodes": [_node_object(n) for n in incident.nodes],
        "daemonsets": _daemonset(incident),
        "installations": _installation(incident),
        "ippools": _pool(incident),
        "services": _service(incident),
        "endpoints": _endpoints(incident),
        "pods": [*_pods(incident), *_calico_pods(incident)],
        "events": [e for n in incident.nodes for e in _event(n)],
    }
    for name, items in objects.items():
        if items:
            _put(
                folder / "kubectl" / f"{name}.yaml",
                yaml.safe_dump({"apiVersion": "v1", "items": items, "kind": "List"}),
            )
    for node in incident.nodes:
        for name, text in _machine(node).items():
            if text:
                _put(folder / "nodes" / node.name / name, text)
    return folder


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _node_object(node: Node) -> dict[str, object]:
    annotations = {
        "projectcalico.org/IPv4Address": node.stored,
        "projectcalico.org/IPv6Address": node.stored_6,
        "projectcalico.org/IPv4IPIPTunnelAddr": node.tunnel,
    }
    metadata: dict[str, object] = {"name": node.name, "annotations": {k: v for k, v in annotations.items() if v}}
    addresses = [{"type": "InternalIP", "address": node.internal}] if node.internal else []
    status: dict[str, object] = {"addresses": [*addresses, {"type": "Hostname", "address": node.name}]}
    if node.ready is not None:
        status["conditions"] = [{"type": "Ready", "status": str(node.ready)}]
    spec = {"podCIDR": node.block} if node.block else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}


def _daemonset(incident: Incident) -> list[object]:
    if not incident.environment and not incident.version:
        return []
    container: dict[str, object] = {"name": "calico-node"}
    hidden = {"valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "hidden"}}}
    container["env"] = [
        {"name": k, **({"value": v} if v is not None else hidden)} for k, v in incident.environment.items()
    ]
    if incident.version:
        container["image"] = f"docker.io/calico/node:{incident.version}"
    metadata = {"name": "calico-node", "namespace": "calico-system" if incident.operator else "kube-system"}
    spec = {"template": {"spec": {"containers": [container]}}}
    return [{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}]


def _installation(incident: Incident) -> list[object]:
    if incident.operator is None:
        return []
    spec = {"calicoNetwork": dict(incident.operator)}
    return [
        {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": "default"}, "spec": spec}
    ]


def _pool(incident: Incident) -> list[object]:
    if not incident.pool:
        return []
    spec: dict[str, object] = {"cidr": str(ip_network(incident.pool))}
    if incident.encapsulation:
        spec[f"{incident.encapsulation}Mode"] = incident.encapsulates
    metadata = {"name": "default-ipv4-ippool"}
    return [{"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": metadata, "spec": spec}]


def _service(incident: Incident) -> list[object]:
    if not incident.dns:
        return []
    metadata = {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
    spec = {"clusterIP": incident.dns, "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}
    return [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}]


def _endpoints(incident: Incident) -> list[object]:
    addresses = [
        {
            "ip": p["ip"],
            "nodeName": p["node"],
            "targetRef": {"kind": "Pod", "name": p["name"], "namespace": "kube-system"},
        }
        for p in incident.pods
        if p["name"].startswith("coredns")
    ]
    if not addresses:
        return []
    subsets = [{"addresses": addresses, "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}]
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    return [{"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}]


def _pods(incident: Incident) -> Iterator[object]:
    for pod in incident.pods:
        policy = "Default" if pod["name"].startswith("coredns") else "ClusterFirst"
        namespace = "kube-system" if pod["name"].startswith("coredns") else "default"
        yield _pod(pod["name"], namespace, {"nodeName": pod["node"], "dnsPolicy": policy}, pod["ip"])


def _calico_pods(incident: Incident) -> Iterator[object]:
    """calico-node's own pods, where an event is told of one, or what it waits for."""
    for node in incident.nodes:
        if node.not_established or node.waiting:
            spec = {"nodeName": node.name, "dnsPolicy": "ClusterFirst", "hostNetwork": True}
            pod = _pod(f"calico-node-{node.name}", "kube-system", spec, node.internal)
            if node.waiting:
                waiting = {"name": "calico-node", "ready": False, "state": {"waiting": {"reason": node.waiting}}}
                pod["status"] = {"phase": "Pending", "containerStatuses": [waiting]}
            yield pod


def _pod(name: str, namespace: str, spec: dict[str, object], ip: str | None) -> dict[str, object]:
    status: dict[str, object] = {"phase": "Running"}
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def _event(node: Node) -> Iterator[object]:
    if node.not_established:
        peers = ",".join(node.not_established)
        message = (
            f"Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with {peers}"
        )
        yield {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"calico-node-{node.name}.1", "namespace": "kube-system"},
            "reason": "Unhealthy",
            "type": "Warning",
            "message": message,
            "involvedObject": {"kind": "Pod", "namespace": "kube-system", "name": f"calico-node-{node.name}"},
            "source": {"component": "kubelet", "host": node.name},
        }


def _machine(node: Node) -> dict[str, str]:
    return {
        "ip_addr.txt": "".join(_card(i, c) for i, c in enumerate(_listed(node), 1)),
        "ip_route.txt": "".join(f"{r} \n" for r in node.routes),
        "calicoctl_node_status.txt": _status(node.sessions),
        "calico-node.log": "".join(f"{line}\n" for line in node.log),
    }


def _listed(node: Node) -> tuple[str, ...]:
    """All cards: the loopback, which every machine has, before those told."""
    if not node.cards or node.cards[0].startswith("lo "):
        return node.cards
    return ("lo 127.0.0.1/8", *node.cards)


def _card(index: int, card: str) -> str:
    """One card as `ip addr` prints it, without the line of its hardware address, which no report has."""
    name, *addresses = card.split()
    flags = "LOOPBACK,UP,LOWER_UP" if name == "lo" else "BROADCAST,MULTICAST,UP,LOWER_UP"
    lines = [f"{index}: {name}: <{flags}> mtu {_MTU.get(name, 1500)} qdisc noqueue state UP group default "]
    for address in addresses:
        scope = "host" if address.startswith("127.") else "global"
        family, label = ("inet6", "") if ":" in address else ("inet", f" {name}")
        lines += [f"    {family} {address} scope {scope}{label}", "       valid_lft forever preferred_lft forever"]
    return "".join(f"{line}\n" for line in lines)


def _status(sessions: Sequence[str]) -> str:
    """The table of `calicoctl node status`, from `ADDRESS STATE INFO ...`."""
    if not sessions:
        return ""
    rows = [s.split(" ", 2) for s in sessions]
    rule = "+-----------------+-------------------+-------+----------+--------------------------------+\n"
    head = "|  PEER ADDRESS   |     PEER TYPE     | STATE |  SINCE   |              INFO              |\n"
    body = "".join(f"| {a:<15} | node-to-node mesh | {s:<5} | 10:00:00 | {i:<30} |\n" for a, s, i in rows)
    return f"Calico process is running.\n\nIPv4 BGP status\n{rule}{head}{rule}{body}{rule}"
