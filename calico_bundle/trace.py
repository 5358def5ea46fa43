"""One path, hop by hop, request and reply: between pods, nodes, addresses, and to the cluster DNS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address

from calico_bundle.addresses import AddressVerdict
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.errors import AmbiguousNameError, UnknownNameError
from calico_bundle.evidence import Evidence
from calico_bundle.expectations import Expectations
from calico_bundle.facts import Address, PodFact
from calico_bundle.network.lookup_source import Source, of_pod_to
from calico_bundle.network.outcome import PODS, Cause, Hop, Outcome, Packet, Settles, Walk, Why
from calico_bundle.network.routing import source_address
from calico_bundle.network.service_proxy import leading_to
from calico_bundle.paths import NETWORK_NOT_SHOWN, DnsPaths, Fate, Verdict
from calico_bundle.traced_path import End, Leg, Path

DNS = "dns"
_MOST_LISTED = 20


def trace(
    paths: DnsPaths, source: str, destination: str = DNS, addresses: Mapping[str, AddressVerdict] | None = None
) -> Path:
    """Trace one path. `source` is a pod or node, `destination` a pod, a node, an address or `dns`.

    With the verdicts on the nodes' `addresses`, each hop shows what it would be with the right ones.

    Raises `UnknownNameError` for a name that is not in the bundle, `AmbiguousNameError` for one that fits several pods.

    >>> paths = DnsPaths(Cluster({"node-1": ClusterNode("node-1")}), None)
    >>> trace(paths, "node-1").reason
    "nothing in the bundle speaks of Calico, and this program knows no other network's rules"
    """
    cluster = paths.cluster
    start = resolve(cluster, source)
    if start.kind == "ip":
        raise UnknownNameError("pod or node", source, _known(cluster))
    path = _to_dns(paths, start) if destination == DNS else _to_one(paths, start, resolve(cluster, destination))
    beside = Expectations(paths.forwarding, addresses or {}).beside
    return replace(path, legs=tuple(replace(x, request=beside(x.request), reply=beside(x.reply)) for x in path.legs))


def _to_one(paths: DnsPaths, start: End, end: End) -> Path:
    leg = _leg(paths, start, end)
    verdict = {Outcome.DELIVERED: Verdict.REACHES, Outcome.LOST: Verdict.BROKEN, Outcome.UNKNOWN: Verdict.UNKNOWN}[
        leg.outcome
    ]
    return Path(start, end, verdict, leg.cause.text if leg.cause else "request and reply arrive", (leg,))


def resolve(cluster: Cluster, name: str) -> End:
    """A pod (`shop/cart-0`, `pod/shop/cart-0`, or `cart-0` when only one has the name), a node, or an address.

    The beginning of a pod's name will do where it fits that pod alone. Raises `UnknownNameError` or
    `AmbiguousNameError`.

    >>> resolve(Cluster({}), "10.0.0.1").kind
    'ip'
    """
    plain = name.removeprefix("pod/").removeprefix("node/")
    if plain in cluster.nodes and not name.startswith("pod/"):
        return _node_end(cluster.nodes[plain])
    found = _only(name, [p for p in cluster.pods if plain in (p.name, _full(p))], "NAMESPACE/POD")
    if found is not None:
        return _pod_end(found)
    address = _read_address(plain)
    if address is not None:
        return _address_end(cluster, address)
    found = _begun(cluster, name, plain)
    if found is None:
        raise UnknownNameError("pod, node or address", name, _known(cluster))
    return _pod_end(found)


def _begun(cluster: Cluster, name: str, plain: str) -> PodFact | None:
    """The one pod whose name begins so; a node is always named in full, and takes part only to tell the two apart."""
    if not plain.rpartition("/")[2] or name.startswith("node/"):
        return None
    pods = [p for p in cluster.pods if (_full(p) if "/" in plain else p.name).startswith(plain)]
    nodes = [] if name.startswith("pod/") else sorted(n for n in cluster.nodes if n.startswith(plain))
    if pods and nodes:
        raise AmbiguousNameError(f"{name!r} begins names of pods and nodes: {_listed([*nodes, *map(_full, pods)])}")
    return _only(name, pods, "more of the name")


def _only(name: str, pods: Sequence[PodFact], wanted: str) -> PodFact | None:
    if len(pods) > 1:
        several = _listed(sorted(map(_full, pods)))
        raise AmbiguousNameError(f"{name!r} fits several pods: {several}; give {wanted}")
    return pods[0] if pods else None


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _full(pod: PodFact) -> str:
    return f"{pod.namespace}/{pod.name}"


def _read_address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _known(cluster: Cluster) -> list[str]:
    return [*cluster.nodes, *(f"{p.namespace}/{p.name}" for p in cluster.pods)]


def _node_end(node: ClusterNode) -> End:
    stored = node.bgp_address.ip if node.bgp_address else None
    return End("node", node.name, node.name, node.internal_ip or stored)


def _pod_end(pod: PodFact) -> End:
    return End("pod", f"{pod.namespace}/{pod.name}", pod.node, next((ip for ip in pod.ips if ip.version == 4), None))


def _address_end(cluster: Cluster, address: Address) -> End:
    """An address of a pod is that pod; of a node, it is that address on that node; any other is an address alone."""
    for pod in cluster.pods:
        if address in pod.ips and pod.host_network is False:
            return _pod_end(pod)
    holders = _holders(cluster, address)
    return End("ip", str(address), holders[0] if len(holders) == 1 else None, address)


def _holders(cluster: Cluster, address: Address) -> list[str]:
    """The nodes that have an address: several where each has its own, as with 127.0.0.1 or docker's 172.17.0.1.

    What the machine or the Node object says comes before what Calico stores, which can be stale.
    """
    nodes = cluster.nodes.values()
    named = [n.name for n in nodes if n.interface_of(address) or address in _internal_ips(n)]
    return named or [n.name for n in nodes if address in _stored(n)]


def _internal_ips(node: ClusterNode) -> tuple[Address, ...]:
    return node.kubernetes.internal_ips if node.kubernetes else ()


def _stored(node: ClusterNode) -> list[Address]:
    of = node.kubernetes
    return [stored.ip for stored in (of.bgp_ipv4, of.bgp_ipv6) if stored] if of else []


def _to_dns(paths: DnsPaths, start: End) -> Path:
    """The path of a pod is the report's own; a node's own lookup is walked as a hostNetwork pod's would be."""
    pod = _pod_of(paths.cluster, start) or _as_pod(paths, start)
    judged = paths.of(pod)
    legs = tuple(
        Leg(End("pod", _endpoint_name(f.endpoint), f.endpoint_node, f.endpoint.ip), _translated(paths, f), f.reply)
        for f in judged.fates
    )
    address = paths.dns.address if paths.dns else None
    return Path(start, End("ip", DNS, None, address), judged.verdict, judged.text, legs)


def _translated(paths: DnsPaths, fate: Fate) -> Walk:
    """The request with kube-proxy's part in it: the node translates the service address before it routes the packet."""
    walk, node = fate.request, paths.cluster.nodes.get(fate.source_node)
    not_sent = walk.cause is not None and walk.cause.why in (Why.NO_SERVICE_ROUTE, Why.NO_POD_GATEWAY)
    if node is None or fate.endpoint.ip is None or paths.dns is None or not_sent:
        return walk
    rule = leading_to(node, fate.endpoint.ip)
    text, line = (rule.evidence.text, rule.evidence) if rule else (None, fate.endpoint.evidence)
    hop = Hop(node.name, "translates", text, f"{paths.dns.address} to {fate.endpoint.ip}", text, line)
    return replace(walk, hops=(hop, *walk.hops))


def _endpoint_name(endpoint: object) -> str:
    pod, namespace = getattr(endpoint, "pod", None), getattr(endpoint, "pod_namespace", None)
    return f"{namespace}/{pod}" if pod else str(getattr(endpoint, "ip", ""))


def _pod_of(cluster: Cluster, end: End) -> PodFact | None:
    return next((p for p in cluster.pods if end.kind == "pod" and end.name == f"{p.namespace}/{p.name}"), None)


def _as_pod(paths: DnsPaths, end: End) -> PodFact:
    """A node's own lookups, in the shape of a hostNetwork pod's."""
    node = paths.cluster.nodes[end.name]
    # A node can be known by its records alone; nothing shows the evidence of a pod that is made up for the walk.
    cited = node.kubernetes.evidence if node.kubernetes else Evidence("", None, "")
    ips = (end.ip,) if end.ip else ()
    return PodFact(
        "", end.name, end.name, ips, end.ip, True, "ClusterFirstWithHostNet", (), None, None, 0, (), None, {}, (), cited
    )


def _leg(paths: DnsPaths, start: End, end: End) -> Leg:
    asked = _source(paths, start, end)
    request = _sent(paths, start, end, Packet(asked.seen, end.ip, asked.routed_as) if asked and end.ip else None)
    if end.node is None and end.kind == "ip":
        return Leg(end, request, _open_reply(paths.cluster, end))
    # An answer comes from the address that was asked, whatever address the route back would give it.
    answer = Packet(end.ip, asked.seen, restored=(start.node, asked.routed_as)) if asked and start.node else None
    return Leg(end, request, _sent(paths, end, start, answer))


def _open_reply(cluster: Cluster, end: End) -> Walk:
    several = end.ip is not None and _holders(cluster, end.ip)
    what = f"an address of several nodes ({_listed(several)})" if several else "not a pod or node of this bundle"
    text = f"{end.name} is {what}: its way back is not known"
    return Walk(
        Outcome.UNKNOWN,
        (),
        None,
        None,
        Cause(Why.UNDECIDED, None, text, settle=Settles((), beside=f"the routes of {end.name}")),
    )


def _source(paths: DnsPaths, start: End, end: End) -> Source | None:
    """A pod keeps its address unless natOutgoing masquerades it; a node's packet gets one from the route it takes."""
    node = paths.cluster.nodes.get(start.node or "")
    if start.ip is None or node is None or end.ip is None:
        return None
    if not _is_host(paths.cluster, start):
        found = of_pod_to(paths.forwarding, node, end.ip, start.ip)
        return found[0] if len(found) == 1 else Source(start.ip, start.ip)
    route = paths.forwarding.routing(node).lookup(end.ip).route if node.routes is not None else None
    chosen = source_address(node, route, end.ip)[0] if route else None
    return Source(chosen or start.ip, chosen or start.ip)


def _is_host(cluster: Cluster, end: End) -> bool | None:
    pod = _pod_of(cluster, end)
    return pod.host_network if pod else end.kind in ("node", "ip")


def _sent(paths: DnsPaths, start: End, end: End, packet: Packet | None) -> Walk:
    if start.node is None or start.node not in paths.cluster.nodes or packet is None:
        text = f"the bundle does not tell the node and address of {start.name} and {end.name}"
        cause = Cause(Why.UNDECIDED, None, text, settle=Settles((PODS,)))
        return Walk(Outcome.UNKNOWN, (), None, None, cause)
    host = _is_host(paths.cluster, start)
    if host is None:
        cause = Cause(Why.UNDECIDED, start.node, NETWORK_NOT_SHOWN, settle=Settles((PODS,)))
        return Walk(Outcome.UNKNOWN, (), None, None, cause)
    send: Callable[[str, Packet], Walk] = paths.forwarding.from_node if host else paths.forwarding.from_pod
    walk = send(start.node, packet)
    if walk.delivered and end.node is not None and walk.node != end.node:
        text = f"the packet for {end.name} ends on {walk.node}"
        return Walk(Outcome.LOST, walk.hops, walk.node, walk.interface, Cause(Why.WRONG_MACHINE, walk.node, text))
    return walk
