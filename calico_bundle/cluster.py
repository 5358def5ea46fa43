"""All facts of one cluster: its nodes with what was recorded on each, and its objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from calico_bundle import facts as f
from calico_bundle.evidence import Gap
from calico_bundle.facts.cards import CardIndex, distinct_of
from calico_bundle.facts.log_events import NodeLog
from calico_bundle.facts.route_queries import any_bird_route_to, has_bird_routes, names_as_own
from calico_bundle.identity import Owner


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """One node: its Node object and what was recorded on the machine; None is "not recorded", () is "none there"."""

    name: str
    kubernetes: f.NodeFact | None = None
    interfaces: Sequence[f.InterfaceFact] | None = None
    addresses: Sequence[f.AddressFact] | None = None
    routes: Sequence[f.RouteFact] | None = None
    rules: Sequence[f.RuleFact] | None = None
    neighbors: Sequence[f.NeighborFact] | None = None
    sysctls: Mapping[str, f.SysctlFact] | None = None
    service_rules: Sequence[f.ServiceRuleFact] | None = None
    service_tables: Sequence[f.ServiceTableFact] | None = None
    port_rules: Sequence[f.PortRuleFact] | None = None
    filter_tables: Sequence[f.FilterTableFact] | None = None
    sessions: tuple[f.BGPSessionFact, ...] | None = None
    bgp_routes: Sequence[f.BGPRouteFact] | None = None
    kubelet_dns: Sequence[f.KubeletDnsFact] | None = None
    log_events: Sequence[f.LogEventFact] = ()
    incomplete: frozenset[str] = frozenset()
    """Kinds (`ip-addr`, `ip-route`, `ip-rule`, `ip-neigh`) of which lines are hidden, cut off, left out or not understood.

    Such lines may have what lacks.

    `stand_ins.NO_SOURCES` stands for the source addresses of routes, which `route -n` does not print.
    """
    listed_in_order: bool = True
    """Whether what listed the interfaces keeps the kernel's order."""
    some_routes: Sequence[f.RouteFact] = ()
    """Routes that are known to be there, of tables of which the rest is not known."""
    disputed: frozenset[f.Network] = frozenset()
    """Destinations of which two listings of the routes say different things."""
    reprogrammed: bool = False
    """Whether Calico's routes among `routes` are those of before a change that is tried out: they are worked out anew."""
    moved: bool = False
    """Whether the change gives the node another Calico address or mask: its sessions and routes are those of before."""
    _index: CardIndex = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare to be asked for cards; nothing is walked through yet."""
        object.__setattr__(self, "_index", CardIndex(self.interfaces, self.addresses))

    def altered(self, **records: Any) -> ClusterNode:
        """The node with other records, for a trial; what was found out of its cards is kept where these stay the same."""
        node = replace(self, **records)
        if node.interfaces is self.interfaces and node.addresses is self.addresses:
            object.__setattr__(node, "_index", self._index)
        return node

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
        return self._index.holders.get(address)

    def interface(self, name: str) -> f.InterfaceFact | None:
        """The interface of a name; None when there is none, or nothing was recorded."""
        return self._index.interface(name)

    def is_unseen(self, column: str) -> bool:
        """Whether nothing shows a column of the Node object: there is no such object, or it hides or leaves out that."""
        of = self.kubernetes
        return of is None or column in of.not_shown or column in of.redacted

    def lacks_interface(self, name: str) -> bool:
        """Whether the machine surely has no interface of a name.

        `ip -4 addr` and `ip -o addr` leave out those without an address, and show no link-layer address of any.
        """
        if self.interfaces is None or "ip-addr" in self.incomplete or self.interface(name) is not None:
            return False
        return any(i.mac for i in self.cards)

    @property
    def unseen_addresses(self) -> frozenset[f.Address]:
        """IPv4 addresses that the node is said to have, and of which nothing recorded on it tells whether it has them."""
        said = (
            *(self.kubernetes.internal_ips if self.kubernetes else ()),
            self.bgp_address.ip if self.bgp_address else None,
        )
        return frozenset(a for a in said if a is not None and a.version == 4 and self.holds(a) is None)

    @property
    def in_kernel_order(self) -> bool:
        """Whether the interfaces and addresses stand in the order in which the kernel goes through them, none left out."""
        return self.listed_in_order and self.interfaces is not None and "ip-addr" not in self.incomplete

    @property
    def cards(self) -> Sequence[f.InterfaceFact]:
        """The interfaces that are not named like pods' cables: few, where the cables are many."""
        return self._index.cards

    @property
    def card_addresses(self) -> Sequence[f.AddressFact]:
        """The addresses without the IPv6 ones of the link alone that every cable of a pod has: all IPv4 ones are here."""
        return self._index.addresses

    def holds(self, address: f.Address) -> bool | None:
        """Whether the machine has the address; None when its addresses were not recorded, or not whole.

        A route that has it as source or as local destination contradicts a listing that lacks it. A listing without any
        address of the family may be that of `ip -4 addr`, which says nothing of IPv6.
        """
        if self.interface_of(address) is not None:
            return True
        if self.addresses is None or "ip-addr" in self.incomplete or not self._lists_family(address.version):
            return None
        return None if names_as_own(self.routes or (), address) else False

    def _lists_family(self, family: int) -> bool:
        """Whether an address of a family is listed; every machine has one of IPv4, on its loopback card."""
        return any(fact.address.version == family for fact in distinct_of(self.addresses or ()))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything known of one cluster; node records by name, other facts as they were read (duplicates removed)."""

    nodes: Mapping[str, ClusterNode]
    pods: Sequence[f.PodFact] = ()
    services: Sequence[f.ServiceFact] = ()
    endpoints: Sequence[f.EndpointFact] = ()
    daemonsets: tuple[f.DaemonSetFact, ...] = ()
    deployments: tuple[f.DeploymentFact, ...] = ()
    events: tuple[f.EventFact, ...] = ()
    namespaces: tuple[f.NamespaceFact, ...] = ()
    pools: tuple[f.IPPoolFact, ...] = ()
    blocks: tuple[f.IPBlockFact, ...] = ()
    bgp_configurations: tuple[f.BGPConfigurationFact, ...] = ()
    bgp_peers: tuple[f.BGPPeerFact, ...] = ()
    node_statuses: tuple[f.CalicoNodeStatusFact, ...] = ()
    felix_configurations: tuple[f.FelixConfigurationFact, ...] = ()
    installations: tuple[f.InstallationFact, ...] = ()
    chart_configs: tuple[f.HelmChartConfigFact, ...] = ()
    policies: tuple[f.PolicyFact, ...] = ()
    tiers: tuple[f.TierFact, ...] = ()
    network_sets: tuple[f.NetworkSetFact, ...] = ()
    host_endpoints: tuple[f.HostEndpointFact, ...] = ()
    service_accounts: tuple[f.ServiceAccountFact, ...] = ()
    lookup_errors: tuple[f.LookupErrorFact, ...] = ()
    dns_server_events: tuple[f.DnsServerEventFact, ...] = ()
    dns_configurations: tuple[f.DnsConfigurationFact, ...] = ()
    kubelet_defaults: tuple[f.KubeletDefaultsFact, ...] = ()
    clocks: tuple[f.ClockFact, ...] = ()
    """What clocks showed when the collector asked for the time."""
    owners: Mapping[str, Owner] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    """How many objects could not be read, of each kind without which nothing can be called healthy."""
    mixture: str | None = None
    """What shows that the facts are of several collections, which are then no one cluster."""

    @property
    def calico_node(self) -> f.DaemonSetFact | None:
        """The DaemonSet that runs calico-node (canal's too) with its environment; None when the bundle has none."""
        return next((d for d in self._calico_daemonsets if "environment" not in d.not_shown), None)

    @property
    def _calico_daemonsets(self) -> list[f.DaemonSetFact]:
        return [d for d in self.daemonsets if any(c.name == "calico-node" for c in d.containers)]

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
        return bool(cidrs) and any_bird_route_to((n.routes or () for n in self.nodes.values()), frozenset(cidrs))

    @property
    def has_calico(self) -> bool:
        """Whether anything in the bundle speaks of Calico."""
        stored = any(n.kubernetes and (n.kubernetes.bgp_ipv4 or n.kubernetes.bgp_ipv6) for n in self.nodes.values())
        objects = self.pools or self.blocks or self.installations or self._calico_daemonsets
        return bool(stored or objects or self._calico_dumps)

    @property
    def _calico_dumps(self) -> bool:
        names = (i.name for n in self.nodes.values() for i in n.interfaces or ())
        events = any(n.log_events or n.sessions or has_bird_routes(n.routes or ()) for n in self.nodes.values())
        return events or any(name.startswith(("cali", "vxlan.calico")) for name in names)
