"""From a bundle's facts to one cluster: joined by node identity, once each, with what contradicts it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from calico_bundle import facts as f
from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import MOST_LINE_GAPS, Gap, GapKind
from calico_bundle.facts.endpoint_table import EndpointTable, merge_endpoints
from calico_bundle.facts.listing import FactList
from calico_bundle.facts.pod_table import merge_pods
from calico_bundle.facts.service_table import merge_services
from calico_bundle.facts.shown import contradicts, join_events, join_nodes, tell_networks, unique
from calico_bundle.identity import A_POD, MACHINE_KINDS, SHOWING_ADDRESSES, find_impostors, find_owners, make_directory
from calico_bundle.mixtures import mixture_of
from calico_bundle.pod_logs import facts_of_pods
from calico_bundle.records import (
    Records,
    address_listings,
    by_node,
    collected,
    filter_tables,
    incomplete,
    log_events,
    merge_addresses,
    merge_neighbors,
    merge_sessions,
    rules,
    service_tables,
    some_routes,
)
from calico_bundle.stand_ins import addresses_out_of, left_open, lists_ipv4, routes_of, with_stand_ins
from calico_bundle.times import is_asked, with_doubts
from calico_bundle.wholeness import left_out

T = TypeVar("T")

_FRESH = timedelta(minutes=15)
"""How far a CalicoNodeStatus may be from the newest event; calico-node updates it every 10 s unless told otherwise."""


def join(bundle: Bundle) -> Cluster:
    """Join a bundle's facts into one cluster."""
    directory = make_directory(bundle.artifacts)
    owners = find_owners(bundle.artifacts, directory)
    stated = _Stated(a for a in bundle.artifacts if a.kind not in MACHINE_KINDS and a.parsed.facts)
    impostors = find_impostors(bundle.artifacts, owners, directory, _pod_networks(stated))
    files = {a.path: a for a in bundle.artifacts} if impostors else {}
    gaps = [_impostor(files[path], owners[path].node, other) for path, other in impostors.items()]
    placed = {path: owner for path, owner in owners.items() if path not in impostors} if impostors else owners
    machine = [a for a in bundle.artifacts if a.kind in MACHINE_KINDS and a.parsed.facts]
    nodes = _nodes(stated, by_node(machine, placed), {gap.path for gap in bundle.gaps}, gaps)
    objects = {name: node.kubernetes for name, node in nodes.items() if node.kubernetes}
    pools = unique(stated.of(f.IPPoolFact), lambda p: p.name)
    blocks = unique(stated.of(f.IPBlockFact), lambda b: (b.cidr, b.node, b.source))
    endpoints = merge_endpoints(stated.parts(f.EndpointFact))
    pods = merge_pods(stated.parts(f.PodFact))
    gaps += _contradicting_endpoints(endpoints)
    cluster = Cluster(
        nodes=nodes,
        pods=_told(pods, nodes.values(), [*pools, *blocks]),
        services=merge_services(stated.parts(f.ServiceFact)),
        endpoints=endpoints,
        daemonsets=unique(stated.of(f.DaemonSetFact), lambda d: (d.namespace, d.name)),
        deployments=unique(stated.of(f.DeploymentFact), lambda d: (d.namespace, d.name)),
        events=join_events(stated.of(f.EventFact)),
        namespaces=unique(stated.of(f.NamespaceFact), lambda n: n.name),
        pools=pools,
        blocks=blocks,
        bgp_configurations=unique(stated.of(f.BGPConfigurationFact), lambda c: c.name),
        bgp_peers=unique(stated.of(f.BGPPeerFact), lambda p: p.name),
        node_statuses=unique(stated.of(f.CalicoNodeStatusFact), lambda s: s.node),
        felix_configurations=unique(stated.of(f.FelixConfigurationFact), lambda c: c.name),
        installations=unique(stated.of(f.InstallationFact), lambda i: i.name),
        chart_configs=unique(stated.of(f.HelmChartConfigFact), lambda c: (c.namespace, c.name)),
        policies=unique(stated.of(f.PolicyFact), lambda p: (p.api, p.kind, p.namespace, p.own_name)),
        tiers=unique(stated.of(f.TierFact), lambda t: t.name),
        network_sets=unique(stated.of(f.NetworkSetFact), lambda s: (s.namespace, s.name)),
        host_endpoints=unique(stated.of(f.HostEndpointFact), lambda h: h.name),
        service_accounts=unique(stated.of(f.ServiceAccountFact), lambda a: (a.namespace, a.name)),
        lookup_errors=facts_of_pods(bundle.artifacts, f.LookupErrorFact, pods),
        dns_server_events=facts_of_pods(bundle.artifacts, f.DnsServerEventFact, pods),
        dns_configurations=unique(stated.of(f.DnsConfigurationFact), lambda c: (c.namespace, c.name)),
        kubelet_defaults=unique(stated.of(f.KubeletDefaultsFact), lambda c: (c.namespace, c.name)),
        clocks=tuple(_clocks(bundle.artifacts)),
        owners=placed,
        gaps=(*gaps, *_unassigned(machine, owners)),
        unread=_unread(bundle.artifacts),
        mixture=mixture_of(stated.of(f.NodeFact), objects),
    )
    return with_doubts(cluster)


def _clocks(artifacts: Iterable[Artifact]) -> Iterator[f.ClockFact]:
    for artifact in artifacts:
        if artifact.kind == "date" and is_asked(artifact.file, artifact.part.command.line if artifact.part else None):
            yield from artifact.parsed.of(f.ClockFact)


def _contradicting_endpoints(endpoints: EndpointTable) -> Iterator[Gap]:
    told, more = endpoints.contradicting[:MOST_LINE_GAPS], endpoints.contradicting[MOST_LINE_GAPS:]
    for one in told:
        subject = f"{one.source} of {one.namespace}/{one.service}"
        message = f"{subject}: other addresses here than in {one.there.path}: taken at different times?"
        yield Gap(one.here.path, one.here.line, GapKind.CONTRADICTED, message)
    if more:
        yield Gap(more[0].here.path, None, GapKind.CONTRADICTED, f"{len(more)} more Services have other addresses here")


def _unread(artifacts: Iterable[Artifact]) -> dict[str, int]:
    """How many objects could not be read: of pods and nodes, of what says where DNS is, and of what may keep pods from it."""
    lost: Counter[str] = Counter()
    for artifact in artifacts:
        lost.update(artifact.parsed.lost)
        if _fails_to_list_policies(artifact):
            lost[_POLICIES] += 1
    return {kind: lost[kind] for kind in _NEEDED if lost[kind]}


_POLICIES = "file of network policies"
_NEEDED = ("EndpointSlice", "Node", "Pod", "NetworkPolicy", "GlobalNetworkPolicy", "Tier", _POLICIES)
_OF_POLICIES = re.compile(r"network-?polic(?:y|ies)\b", re.IGNORECASE)
_NO_SUCH_KIND = ("have a resource type", "could not find the requested resource", "no matches for kind")
"""What kubectl says where the API server does not know a kind: then there are no objects of it."""


def _fails_to_list_policies(artifact: Artifact) -> bool:
    """Whether a file that is named for policies has none because they could not be had."""
    if artifact.parsed.facts or not _OF_POLICIES.search(artifact.file.rpartition("/")[2]):
        return False
    return any(not any(words in gap.message for words in _NO_SUCH_KIND) for gap in artifact.parsed.gaps)


def _told(
    pods: Sequence[f.PodFact], nodes: Iterable[ClusterNode], ranges: Iterable[f.IPPoolFact | f.IPBlockFact]
) -> Sequence[f.PodFact]:
    """Pods whose network their address tells, where nothing else shows it."""
    known = [n.kubernetes for n in nodes if n.kubernetes]
    machines = {i.ip: n.name for n in known for i in (n.bgp_ipv4, n.bgp_ipv6) if i}
    machines |= {ip: n.name for n in known for ip in n.internal_ips}
    networks = [r.cidr for r in ranges if r.cidr] + [cidr for n in known for cidr in n.pod_cidrs]
    return tell_networks(pods, machines, networks)


class _Stated:
    """The facts of some artifacts by their class, each artifact walked through once."""

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        self._parts: list[FactList | dict[type, list[object]]] = []
        for artifact in artifacts:
            facts = artifact.parsed.facts
            self._parts.append(facts if isinstance(facts, FactList) else _by_class(facts))

    def of(self, kind: type[T]) -> Iterator[T]:
        """The facts of one class, in the order in which they were read."""
        for part in self.parts(kind):
            yield from part

    def parts(self, kind: type[T]) -> list[Sequence[T]]:
        """The same, file by file."""
        return [part.of(kind) if isinstance(part, FactList) else part.get(kind, ()) for part in self._parts]  # type: ignore[misc]


def _by_class(facts: Iterable[object]) -> dict[type, list[object]]:
    found: dict[type, list[object]] = {}
    for fact in facts:
        found.setdefault(type(fact), []).append(fact)
    return found


def _pod_networks(stated: _Stated) -> tuple[f.Network, ...]:
    """The networks of pods: of the pools, else what each node has of them."""
    pools = tuple(pool.cidr for pool in stated.of(f.IPPoolFact) if pool.cidr)
    return pools or tuple(cidr for node in stated.of(f.NodeFact) for cidr in node.pod_cidrs)


def _impostor(artifact: Artifact, node: str, other: str) -> Gap:
    if other == A_POD:
        message = f"placed as {node}'s, and is of a pod's own network: the command did not run in the node's; not used"
        return Gap(artifact.file, _line(artifact), GapKind.CONTRADICTED, message)
    holds = "holds" if artifact.kind in SHOWING_ADDRESSES else "lies beside what holds"
    message = f"placed as {node}'s, and {holds} {other}'s own address: swapped, or saved under the wrong name; not used"
    return Gap(artifact.file, _line(artifact), GapKind.CONTRADICTED, message)


def _line(artifact: Artifact) -> int | None:
    """Where an artifact begins that is a part of a file."""
    return artifact.part.line if artifact.part else None


def _unassigned(machine: Iterable[Artifact], owners: Container[str]) -> list[Gap]:
    message = "no node could be found for it: neither its path nor its content names one that fits exactly one node"
    return [Gap(a.file, _line(a), GapKind.UNASSIGNED, message) for a in machine if a.path not in owners]


# --- the records of one node ----------------------------------------------------------------------------------------


def _nodes(stated: _Stated, recorded: Mapping[str, Records], cut: set[str], gaps: list[Gap]) -> dict[str, ClusterNode]:
    nodes = tuple(stated.of(f.NodeFact))
    objects = join_nodes(nodes)
    gaps += _contradicting(nodes, objects)
    names = sorted({*objects, *recorded})
    found = {name: _node(name, objects.get(name), recorded.get(name, {}), cut, gaps) for name in names}
    newest = max((x.last_seen for x in stated.of(f.EventFact) if x.last_seen), default=None)
    told = stated.of(f.CalicoNodeStatusFact)
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
        if contradicts(node, first):
            message = f"Node {node.name} has other addresses here than in {first.evidence.path}, which is used"
            yield Gap(node.evidence.path, node.evidence.line, GapKind.CONTRADICTED, message)


def _node(name: str, kubernetes: f.NodeFact | None, told: Records, cut: set[str], gaps: list[Gap]) -> ClusterNode:
    records = with_stand_ins(told)
    interfaces, addresses = merge_addresses(address_listings(records), gaps)
    routes, disputed = routes_of(records, gaps, cut)
    lacking = incomplete(records, cut) | left_open(records)
    if not lists_ipv4(addresses):
        addresses = addresses_out_of(routes)
        lacking |= {"ip-addr"} if "ip-route" in lacking else frozenset()
    sysctls, kubelets = records.get("sysctl", ()), records.get("kubelet-config", ())
    # A listing of processes that has no such argument says nothing of it.
    kubelets = [*kubelets, *(a for a in records.get("kubelet-command", ()) if a.parsed.facts)]
    return _with_what_lacks(
        ClusterNode(
            name,
            kubernetes,
            interfaces=interfaces,
            addresses=addresses,
            routes=routes,
            some_routes=some_routes(records),
            rules=rules(records),
            neighbors=merge_neighbors(records.get("ip-neigh", ())),
            sysctls={s.key: s for a in sysctls for s in a.parsed.of(f.SysctlFact)} if sysctls else None,
            service_rules=collected(records, "iptables-save", f.ServiceRuleFact),
            port_rules=collected(records, "iptables-save", f.PortRuleFact),
            service_tables=service_tables(records, cut),
            filter_tables=filter_tables(records, cut),
            sessions=merge_sessions([*records.get("bird-protocols", ()), *records.get("calicoctl-node-status", ())]),
            bgp_routes=collected(records, "bird-routes", f.BGPRouteFact),
            kubelet_dns=[k for a in kubelets for k in a.parsed.of(f.KubeletDnsFact)] if kubelets else None,
            log_events=log_events(records),
            incomplete=lacking,
            listed_in_order="ip-addr" in records,
            disputed=disputed,
        ),
        gaps,
    )


def _with_what_lacks(node: ClusterNode, gaps: list[Gap]) -> ClusterNode:
    """A node of which listings are known to be parts where they lack what every kernel lists."""
    lacking = tuple(left_out(node))
    if not lacking:
        return node
    gaps += [gap for _, gap in lacking]
    return replace(node, incomplete=node.incomplete | {kind for kind, _ in lacking})
