"""The cluster with something else mended than an address: a policy, service rules, a filter, a port; paths after it.

What is mended stands in the records as it would after the fix: the rule that a policy gains, the targets that kube-proxy
writes for today's ready endpoints, the setting of a card. Sessions between nodes whose port is opened are predicted by
`TriedPeerings`: up where packets get through both ways. All else stays as it was recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, BGPPeerFact, Does, PolicyFact, ServiceTableFact, ServiceTarget
from calico_bundle.network.service import DnsService
from calico_bundle.network.settings import LOOSE
from calico_bundle.paths import DnsPaths
from calico_bundle.what_if.allowing import Allowance, allowed
from calico_bundle.what_if.encapsulating import encapsulated
from calico_bundle.what_if.machines import with_address
from calico_bundle.what_if.trial import Move, followed, stored


@dataclass(frozen=True, slots=True)
class Mended:
    """What one fix changes, or several together.

    >>> Mended(rewritten=frozenset({"node-1"})) | Mended(rewritten=frozenset({"node-2"})) == Mended(
    ...     rewritten=frozenset({"node-1", "node-2"})
    ... )
    True
    """

    moves: frozenset[Move] = frozenset()
    """Calico addresses that change."""
    allowances: frozenset[Allowance] = frozenset()
    """What policies let through that they did not."""
    rewritten: frozenset[str] = frozenset()
    """Nodes on which the service proxy writes its rules anew."""
    loosened: frozenset[tuple[str, str]] = frozenset()
    """Nodes and cards whose reverse-path filter is set to loose."""
    opened: frozenset[tuple[str, str]] = frozenset()
    """Pairs of nodes between which the BGP port is opened."""
    encapsulated: frozenset[str] = frozenset()
    """Pools that are set to VXLAN CrossSubnet."""
    retried: frozenset[tuple[str, str]] = frozenset()
    """Pairs of nodes that are configured to peer in another way."""
    peers: frozenset[BGPPeerFact] = frozenset()
    """BGPPeers as they are changed, in the place of those of their names."""

    def __or__(self, other: Mended) -> Mended:
        """Both together."""
        return Mended(*(getattr(self, f.name) | getattr(other, f.name) for f in fields(self)))

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))


def paths_after(before: DnsPaths, mended: Mended) -> DnsPaths:
    """The paths of the cluster once it is mended."""
    cluster = with_policies(before.cluster, mended.allowances)
    cluster = _with_nodes(cluster, _with_rules(cluster, before, mended.rewritten))
    if not (mended.moves or mended.loosened or mended.opened or mended.encapsulated or mended.retried):
        return before.beside(cluster)
    cluster = _with_peers(cluster, {peer.name: peer for peer in mended.peers})
    cluster = _with_nodes(cluster, _with_filters(cluster, mended.loosened))
    if mended.moves or mended.opened or mended.retried:
        cluster = _with_nodes(cluster, _reprogrammed(cluster, mended))
    cluster = encapsulated(cluster, mended.encapsulated, before.forwarding.pods)
    return followed(before, before.dns, cluster, mended.opened | mended.retried)


def _with_nodes(cluster: Cluster, changed: Mapping[str, ClusterNode]) -> Cluster:
    return replace(cluster, nodes={**cluster.nodes, **changed}) if changed else cluster


def with_policies(cluster: Cluster, allowances: Collection[Allowance]) -> Cluster:
    """The cluster whose policies let something through in addition."""
    if not allowances:
        return cluster
    policies: tuple[PolicyFact, ...] = tuple(cluster.policies)
    for allowance in sorted(allowances, key=lambda a: a.order):
        policies = allowed(policies, allowance)
    return replace(cluster, policies=policies)


def _with_peers(cluster: Cluster, changed: Mapping[str, BGPPeerFact]) -> Cluster:
    peers = tuple(changed.get(peer.name, peer) for peer in cluster.bgp_peers)
    return replace(cluster, bgp_peers=peers) if changed else cluster


# --- service rules ------------------------------------------------------------------------------------------------------


def _with_rules(cluster: Cluster, before: DnsPaths, names: Collection[str]) -> dict[str, ClusterNode]:
    """Nodes whose rules lead lookups to today's ready endpoints."""
    proxies = before.service_proxies
    if proxies is None or before.dns is None:
        return {}
    found = {}
    for name in names:
        rules, node = proxies.on(name), cluster.nodes[name]
        mode = rules.mode if rules else ""
        tables = tuple(_led_right(t, before.dns, name) if t.mode == mode else t for t in node.service_tables or ())
        found[name] = node.altered(service_tables=tables)
    return found


def _led_right(table: ServiceTableFact, dns: DnsService, node: str) -> ServiceTableFact:
    """With entries for today's endpoints, and the jumps to them: kube-proxy makes both when it writes all of its rules.

    What stands before a jump stays there (Kubernetes pkg/proxy/iptables/proxier.go: syncProxyRules).
    """
    address = dns.address
    from_pods, from_node = (None if is_met is None else True for is_met in (table.from_pods, table.from_node))
    others = tuple(t for t in table.targets if t.address != address)
    targets = (*others, *_targets(table, dns, address, node)) if address else others
    return replace(table, targets=targets, from_pods=from_pods, from_node=from_node)


def _targets(table: ServiceTableFact, dns: DnsService, address: Address, node: str) -> Iterator[ServiceTarget]:
    for endpoint in (e for e in dns.ready if not dns.keeps_local or e.node == node):
        for protocol in ("UDP", "TCP"):
            yield ServiceTarget(address, protocol, Does.TRANSLATES, endpoint.ip, local=False, evidence=table.evidence)


# --- filters and ports --------------------------------------------------------------------------------------------------


def _with_filters(cluster: Cluster, loosened: Collection[tuple[str, str]]) -> dict[str, ClusterNode]:
    found: dict[str, ClusterNode] = {}
    for name, card in sorted(loosened):
        node = found.get(name, cluster.nodes[name])
        key = f"net.ipv4.conf.{card}.rp_filter"
        settings = dict(node.sysctls or {})
        if key in settings:
            settings[key] = replace(settings[key], value=str(LOOSE))
            found[name] = node.altered(sysctls=settings)
    return found


def _reprogrammed(cluster: Cluster, mended: Mended) -> dict[str, ClusterNode]:
    after = {move.node: move.after for move in mended.moves}
    opened = {name for pair in mended.opened for name in pair}
    found = {}
    for name, node in cluster.nodes.items():
        moved = with_address(node, after.get(name, stored(node)))
        found[name] = moved.altered(port_rules=None) if name in opened else moved
    return found
