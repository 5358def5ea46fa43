"""All facts of one cluster, joined by node identity; and what is missing.

A node's own records can be there in several forms (`ip addr` plain, with `-d`, as JSON). The fullest is taken, details
of the others are added, and where they contradict each other that is a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from calico_bundle import facts as f
from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.facts.log_events import NodeLog
from calico_bundle.identity import MACHINE_KINDS, Owner, find_impostors, find_owners, make_directory

T = TypeVar("T")

_FRESH = timedelta(minutes=15)
"""How far a CalicoNodeStatus may be from the newest event; calico-node updates it every 10 s unless told otherwise."""


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """One node: its Node object and what was recorded on the machine; None is "not recorded", () is "none there"."""

    name: str
    kubernetes: f.NodeFact | None = None
    interfaces: tuple[f.InterfaceFact, ...] | None = None
    addresses: tuple[f.AddressFact, ...] | None = None
    routes: tuple[f.RouteFact, ...] | None = None
    rules: tuple[f.RuleFact, ...] | None = None
    neighbors: tuple[f.NeighborFact, ...] | None = None
    sysctls: Mapping[str, f.SysctlFact] | None = None
    service_rules: tuple[f.ServiceRuleFact, ...] | None = None
    sessions: tuple[f.BGPSessionFact, ...] | None = None
    bgp_routes: tuple[f.BGPRouteFact, ...] | None = None
    log_events: Sequence[f.LogEventFact] = ()
    incomplete: frozenset[str] = frozenset()
    """Kinds (`ip-addr`, `ip-route`) of which lines are hidden, cut off or not understood: what they lack may be there."""

    @property
    def bgp_address(self) -> f.Interface | None:
        """The IPv4 address that Calico stores for the node, with its prefix length."""
        return self.kubernetes.bgp_ipv4 if self.kubernetes else None

    @property
    def log(self) -> NodeLog:
        """The log events, with what can be asked of many without making a record of each."""
        return self.log_events if isinstance(self.log_events, NodeLog) else NodeLog((self.log_events,))

    @property
    def current_log(self) -> NodeLog:
        """Log events of the container that runs; what one before it said last is no longer so."""
        return self.log.current

    @property
    def internal_ip(self) -> f.Address | None:
        """The node's first IPv4 InternalIP."""
        ips = self.kubernetes.internal_ips if self.kubernetes else ()
        return next((ip for ip in ips if ip.version == 4), None)

    def interface_of(self, address: f.Address) -> str | None:
        """The interface that holds an address; None when none does, or nothing was recorded."""
        return next((a.interface for a in self.addresses or () if a.address.ip == address), None)

    def holds(self, address: f.Address) -> bool | None:
        """Whether the machine has the address; None when its addresses were not recorded, or not whole.

        A route that has it as source or as local destination contradicts a listing that lacks it.
        """
        if self.interface_of(address) is not None:
            return True
        if self.addresses is None or "ip-addr" in self.incomplete:
            return None
        named = (r for r in self.routes or () if r.source == address or r.type == "local")
        spoken_of = any(address in (r.source, r.destination.network_address) for r in named)
        return None if spoken_of else False


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything known of one cluster; node records by name, other facts as they were read (duplicates removed)."""

    nodes: Mapping[str, ClusterNode]
    pods: tuple[f.PodFact, ...] = ()
    services: tuple[f.ServiceFact, ...] = ()
    endpoints: tuple[f.EndpointFact, ...] = ()
    daemonsets: tuple[f.DaemonSetFact, ...] = ()
    events: tuple[f.EventFact, ...] = ()
    namespaces: tuple[f.NamespaceFact, ...] = ()
    pools: tuple[f.IPPoolFact, ...] = ()
    blocks: tuple[f.IPBlockFact, ...] = ()
    bgp_configurations: tuple[f.BGPConfigurationFact, ...] = ()
    bgp_peers: tuple[f.BGPPeerFact, ...] = ()
    node_statuses: tuple[f.CalicoNodeStatusFact, ...] = ()
    felix_configurations: tuple[f.FelixConfigurationFact, ...] = ()
    installations: tuple[f.InstallationFact, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    @property
    def calico_node(self) -> f.DaemonSetFact | None:
        """The DaemonSet that runs calico-node (canal's too); None when the bundle has none."""
        return next((d for d in self.daemonsets if any(c.name == "calico-node" for c in d.containers)), None)

    @property
    def blocks_by_node(self) -> dict[str, frozenset[f.Network]]:
        """Address blocks by the node that owns them; a Node's pod CIDRs count where Calico's blocks were not collected."""
        owned: dict[str, set[f.Network]] = {}
        for block in self.blocks:
            if block.node and not block.deleted:
                owned.setdefault(block.node, set()).add(block.cidr)
        if not owned:
            owned = {n.name: set(n.kubernetes.pod_cidrs) for n in self.nodes.values() if n.kubernetes}
        return {name: frozenset(blocks) for name, blocks in owned.items()}

    @property
    def has_blocks(self) -> bool:
        """Whether Calico's own blocks are known; the Nodes' pod CIDRs are, where BIRD has routes for just them.

        Calico's IPAM takes no notice of pod CIDRs; with host-local they are the blocks (USE_POD_CIDR).
        """
        if any(block.node and not block.deleted for block in self.blocks):
            return True
        cidrs = {cidr for n in self.nodes.values() if n.kubernetes for cidr in n.kubernetes.pod_cidrs}
        routes = (r for n in self.nodes.values() for r in n.routes or ())
        return bool(cidrs) and any(r.protocol in ("bird", "12") and r.destination in cidrs for r in routes)

    @property
    def has_calico(self) -> bool:
        """Whether anything in the bundle speaks of Calico."""
        stored = any(n.kubernetes and (n.kubernetes.bgp_ipv4 or n.kubernetes.bgp_ipv6) for n in self.nodes.values())
        return bool(stored or self.pools or self.blocks or self.installations or self.calico_node or self._calico_dumps)

    @property
    def _calico_dumps(self) -> bool:
        names = (i.name for n in self.nodes.values() for i in n.interfaces or ())
        events = any(n.log_events or n.sessions for n in self.nodes.values())
        return events or any(name.startswith(("cali", "vxlan.calico")) for name in names)


def join(bundle: Bundle) -> Cluster:
    """Join a bundle's facts into one cluster."""
    owners = find_owners(bundle.artifacts)
    impostors = find_impostors(bundle.artifacts, owners, make_directory(bundle.artifacts))
    gaps = [_impostor(path, owners[path].node, other) for path, other in impostors.items()]
    owners = {path: owner for path, owner in owners.items() if path not in impostors}
    cut = {gap.path for gap in bundle.gaps}
    nodes = _nodes(bundle.artifacts, owners, cut, gaps)
    every = bundle.artifacts
    return Cluster(
        nodes=nodes,
        pods=_unique(every, f.PodFact, lambda p: (p.namespace, p.name)),
        services=_unique(every, f.ServiceFact, lambda s: (s.namespace, s.name)),
        endpoints=_endpoints(every),
        daemonsets=_unique(every, f.DaemonSetFact, lambda d: (d.namespace, d.name)),
        events=_unique(every, f.EventFact, lambda e: (e.namespace, e.object_name, e.message, e.last_seen)),
        namespaces=_unique(every, f.NamespaceFact, lambda n: n.name),
        pools=_unique(every, f.IPPoolFact, lambda p: p.name),
        blocks=_unique(every, f.IPBlockFact, lambda b: (b.cidr, b.node, b.source)),
        bgp_configurations=_unique(every, f.BGPConfigurationFact, lambda c: c.name),
        bgp_peers=_unique(every, f.BGPPeerFact, lambda p: p.name),
        node_statuses=_unique(every, f.CalicoNodeStatusFact, lambda s: s.node),
        felix_configurations=_unique(every, f.FelixConfigurationFact, lambda c: c.name),
        installations=_unique(every, f.InstallationFact, lambda i: i.name),
        owners=owners,
        gaps=(*gaps, *_unassigned(bundle.artifacts, {**owners, **dict.fromkeys(impostors)})),
    )


def _unique(artifacts: Iterable[Artifact], kind: type[T], key: Callable[[T], object]) -> tuple[T, ...]:
    """Facts of one class, each object once: bundles hold the same object in several files."""
    found: dict[object, T] = {}
    for artifact in artifacts:
        for fact in artifact.parsed.of(kind):
            found.setdefault(key(fact), fact)
    return tuple(found.values())


def _endpoints(every: Sequence[Artifact]) -> tuple[f.EndpointFact, ...]:
    """Addresses behind services. EndpointSlices are what kube-proxy reads; Endpoints count where no slice is there."""
    unique = _unique(every, f.EndpointFact, lambda e: (e.namespace, e.service, e.ip, e.source))
    sliced = {(e.namespace, e.service) for e in unique if e.source == "EndpointSlice"}
    return tuple(e for e in unique if e.source == "EndpointSlice" or (e.namespace, e.service) not in sliced)


def _impostor(path: str, node: str, other: str) -> Gap:
    message = f"placed as {node}'s, and holds {other}'s own address: swapped, or saved under the wrong name; not used"
    return Gap(path, None, GapKind.CONTRADICTED, message)


def _unassigned(artifacts: Iterable[Artifact], owners: Container[str]) -> list[Gap]:
    message = "no node could be found for it: neither its path nor its content names one that fits exactly one node"
    return [
        Gap(a.path, None, GapKind.UNASSIGNED, message)
        for a in artifacts
        if a.kind in MACHINE_KINDS and a.path not in owners and a.parsed.facts
    ]


# --- the records of one node ----------------------------------------------------------------------------------------


def _nodes(
    artifacts: Sequence[Artifact], owners: Mapping[str, Owner], cut: set[str], gaps: list[Gap]
) -> dict[str, ClusterNode]:
    stated = [x for a in artifacts for x in a.parsed.of(f.NodeFact)]
    objects = {n.name: n for n in reversed(stated)}
    gaps += _contradicting(stated, objects)
    by_node: dict[str, list[Artifact]] = {name: [] for name in objects}
    for artifact in artifacts:
        if artifact.path in owners:
            by_node.setdefault(owners[artifact.path].node, []).append(artifact)
    found = {name: _node(name, objects.get(name), by_node[name], cut, gaps) for name in sorted(by_node)}
    events = (x for a in artifacts for x in a.parsed.of(f.EventFact))
    newest = max((x.last_seen for x in events if x.last_seen), default=None)
    told = (x for a in artifacts for x in a.parsed.of(f.CalicoNodeStatusFact))
    reported = {x.node: x for x in told if _is_fresh(x.last_updated, newest)}
    return {name: _with_reported(node, reported.get(name)) for name, node in found.items()}


def _is_fresh(told: str | None, newest: str | None) -> bool:
    """Whether a status is of about the time of the bundle's newest event; without either nobody knows how old it is."""
    try:
        age = datetime.fromisoformat(newest or "") - datetime.fromisoformat(told or "")
    except (ValueError, TypeError):
        return False
    return abs(age) <= _FRESH


def _with_reported(node: ClusterNode, status: f.CalicoNodeStatusFact | None) -> ClusterNode:
    """A node's sessions from its CalicoNodeStatus, where BIRD itself was not asked and the status is kept up to date."""
    if status is None or node.sessions is not None or not status.sessions or status.period == 0:
        return node
    return replace(node, sessions=status.sessions)


def _contradicting(stated: Iterable[f.NodeFact], objects: Mapping[str, f.NodeFact]) -> Iterable[Gap]:
    """Node objects of one name that say different things: taken at different times, or of two clusters."""
    for node in stated:
        first = objects[node.name]
        if (node.bgp_ipv4, node.internal_ips) != (first.bgp_ipv4, first.internal_ips):
            message = f"Node {node.name} has other addresses here than in {first.evidence.path}, which is used"
            yield Gap(node.evidence.path, node.evidence.line, GapKind.CONTRADICTED, message)


_INCOMPLETE = frozenset({GapKind.REDACTED, GapKind.TRUNCATED, GapKind.NOT_UNDERSTOOD, GapKind.COLLECTOR_ERROR})


def _incomplete(artifacts: Sequence[Artifact], cut: set[str]) -> frozenset[str]:
    """Kinds of which every listing has lines that gave no facts, or ends where the archive was cut."""
    whole: dict[str, bool] = {}
    for artifact in _of(artifacts, "ip-addr", "ip-route"):
        damaged = artifact.path in cut or any(gap.kind in _INCOMPLETE for gap in artifact.parsed.gaps)
        whole[artifact.kind or ""] = whole.get(artifact.kind or "", False) or not damaged
    return frozenset(kind for kind, found in whole.items() if not found)


def _node(
    name: str, kubernetes: f.NodeFact | None, artifacts: Sequence[Artifact], cut: set[str], gaps: list[Gap]
) -> ClusterNode:
    interfaces, addresses = _merge_addresses(_of(artifacts, "ip-addr"), gaps)
    sysctls = _of(artifacts, "sysctl")
    return ClusterNode(
        name,
        kubernetes,
        interfaces=interfaces,
        addresses=addresses,
        routes=_merge_routes(_of(artifacts, "ip-route"), gaps),
        rules=_collected(artifacts, "ip-rule", f.RuleFact),
        neighbors=_collected(artifacts, "ip-neigh", f.NeighborFact),
        sysctls={s.key: s for a in sysctls for s in _facts(a, f.SysctlFact)} if sysctls else None,
        service_rules=_collected(artifacts, "iptables-save", f.ServiceRuleFact),
        sessions=_merge_sessions(_of(artifacts, "bird-protocols", "calicoctl-node-status")),
        bgp_routes=_collected(artifacts, "bird-routes", f.BGPRouteFact),
        log_events=NodeLog(_facts(a, f.LogEventFact) for a in artifacts),
        incomplete=_incomplete(artifacts, cut),
    )


def _of(artifacts: Iterable[Artifact], *kinds: str) -> list[Artifact]:
    """Artifacts of these kinds that gave facts: an error text in place of data means "not recorded", not "none"."""
    return [a for a in artifacts if a.kind in kinds and a.parsed.facts]


def _facts(artifact: Artifact, kind: type[T]) -> Sequence[T]:
    return artifact.parsed.of(kind)


def _collected(artifacts: Sequence[Artifact], kind: str, fact: type[T]) -> tuple[T, ...] | None:
    """The facts of the fullest artifact of a kind; None when there is none."""
    fitting = _of(artifacts, kind)
    if not fitting:
        return None
    return tuple(_facts(max(fitting, key=lambda a: len(a.parsed.facts)), fact))


def _merge_addresses(
    artifacts: Sequence[Artifact], gaps: list[Gap]
) -> tuple[tuple[f.InterfaceFact, ...] | None, tuple[f.AddressFact, ...] | None]:
    """Interfaces and addresses from the fullest listing, with details (`ip -d`) added from the others."""
    if not artifacts:
        return None, None
    ranked = sorted(artifacts, key=_address_rank, reverse=True)
    base = ranked[0]
    interfaces = {i.name: i for i in _facts(base, f.InterfaceFact)}
    for other in ranked[1:]:
        for more in _facts(other, f.InterfaceFact):
            if more.name in interfaces:
                interfaces[more.name] = _filled(interfaces[more.name], more)
    addresses = _facts(base, f.AddressFact)
    _check_agreement(base, {str(a.address) for a in addresses}, ranked[1:], gaps)
    # `ip link` alone lists cards and no address: the addresses then were not recorded.
    return tuple(interfaces.values()), tuple(addresses) or None


def _address_rank(artifact: Artifact) -> tuple[int, int, int, str]:
    interfaces = _facts(artifact, f.InterfaceFact)
    addresses = len(_facts(artifact, f.AddressFact))
    detailed = sum(1 for i in interfaces if i.kind)
    return (min(addresses, 1), len(interfaces) + addresses, detailed, artifact.path)


def _filled(base: f.InterfaceFact, more: f.InterfaceFact) -> f.InterfaceFact:
    names = ("index", "state", "mtu", "mac", "master", "kind", "vxlan_local", "vxlan_device")
    missing = {n: getattr(more, n) for n in names if getattr(base, n) is None and getattr(more, n) is not None}
    return replace(base, **missing) if missing else base


def _check_agreement(base: Artifact, addresses: set[str], others: Sequence[Artifact], gaps: list[Gap]) -> None:
    for other in others:
        extra = sorted({str(a.address) for a in _facts(other, f.AddressFact)} - addresses)
        if extra:
            message = (
                f"lists {', '.join(extra)}, which {base.path} of the same node does not: taken at different times?"
            )
            gaps.append(Gap(other.path, None, GapKind.CONTRADICTED, message))


def _merge_routes(artifacts: Sequence[Artifact], gaps: list[Gap]) -> tuple[f.RouteFact, ...] | None:
    """Routes per family and table, each table from the listing that holds the most of it."""
    tables: dict[tuple[int, str], tuple[str, list[f.RouteFact]]] = {}
    for artifact in sorted(artifacts, key=lambda a: (-len(a.parsed.facts), a.path)):
        for key, routes in _by_table(artifact).items():
            if key not in tables:
                tables[key] = (artifact.path, routes)
            elif _differ(tables[key][1], routes):
                message = f"table {key[1]} differs from {tables[key][0]} of the same node: taken at different times?"
                gaps.append(Gap(artifact.path, None, GapKind.CONTRADICTED, message))
    return tuple(r for _, routes in tables.values() for r in routes) if artifacts else None


def _by_table(artifact: Artifact) -> dict[tuple[int, str], list[f.RouteFact]]:
    tables: dict[tuple[int, str], list[f.RouteFact]] = {}
    named = artifact.placement.table
    for route in _facts(artifact, f.RouteFact):
        # `ip route show table 100` does not print the table; the layout knows it from the file's name.
        placed = replace(route, table=named) if named and route.table == "main" else route
        tables.setdefault((placed.family, placed.table), []).append(placed)
    return tables


def _differ(one: Iterable[f.RouteFact], other: Iterable[f.RouteFact]) -> bool:
    def shape(routes: Iterable[f.RouteFact]) -> set[object]:
        return {(r.type, r.destination, tuple((n.gateway, n.device) for n in r.next_hops)) for r in routes}

    return shape(one) != shape(other)


def _merge_sessions(artifacts: Sequence[Artifact]) -> tuple[f.BGPSessionFact, ...] | None:
    """Sessions by peer: birdcl's own words before calicoctl's table, `show protocols all` before the short form."""
    if not artifacts:
        return None
    found: dict[object, f.BGPSessionFact] = {}
    ranked = sorted((s for a in artifacts for s in _facts(a, f.BGPSessionFact)), key=_session_rank)
    for session in ranked:
        found.setdefault(session.peer or session.protocol, session)
    return tuple(found.values())


def _session_rank(session: f.BGPSessionFact) -> tuple[bool, bool, str, int]:
    evidence = session.evidence
    return (session.source != "birdcl", session.source_address is None, evidence.path, evidence.line or 0)
