"""Request and reply of every pod to every DNS endpoint, decided once per class of nodes and addresses that are alike.

A path is a lookup sent to the DNS service's address: the translation to an endpoint, the way there and the way back.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Address
from typing import cast

from calico_bundle.cluster import Cluster
from calico_bundle.facts import EndpointFact, PodFact
from calico_bundle.facts.pod_columns import PodColumns, columns_of
from calico_bundle.facts.pod_queries import FINISHED, disputing_nodes
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.kubelet_dns import AskedElsewhere, asked_elsewhere
from calico_bundle.network.likeness import Likeness
from calico_bundle.network.node_local_dns import NodeLocalCache, node_local_cache
from calico_bundle.network.outcome import Packet, Settles, Why
from calico_bundle.network.policy.dns import DnsPolicies
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_proxies import ServiceProxies
from calico_bundle.paths.classes import Classes
from calico_bundle.paths.fates import Asker, Fate, Lookups, Verdict
from calico_bundle.paths.firewalls import Firewalls
from calico_bundle.paths.hindrances import CachedGroup, HinderedGroup, Hindrance, Hindrances
from calico_bundle.paths.obstacles import Obstacles
from calico_bundle.paths.open_questions import (
    HOST_NETWORK,
    NETWORK_NOT_SHOWN,
    NO_NODE_SHOWN,
    OpenQuestion,
    open_for_all,
    open_for_one,
)
from calico_bundle.paths.pods import DoubtfulGroup, PathGroup, PodPath, PodPaths, WalkedGroup

__all__ = ["NETWORK_NOT_SHOWN", "DnsPaths", "Fate", "PathGroup", "PodPath", "Verdict", "not_applicable"]


class DnsPaths:
    """All pods' paths to the cluster DNS.

    >>> len(DnsPaths(Cluster({}), None).pods)
    0
    """

    def __init__(self, cluster: Cluster, dns: DnsService | None, forwarding: Forwarding | None = None) -> None:
        """Prepare to decide; `forwarding` where it is not just that of the cluster's records."""
        self.cluster = cluster
        self.dns = dns
        self.forwarding = forwarding or Forwarding(cluster)
        self._columns = columns_of(cluster.pods)
        self._pod_nodes = self.forwarding.pods.homes
        self._lookups = Lookups(cluster, dns, self.forwarding, self._pod_nodes)
        self._groups: dict[object, PathGroup] = {}

    def beside(self, cluster: Cluster) -> DnsPaths:
        """The paths with other policies or service rules, where routes are as they were: no pair is walked anew."""
        other = DnsPaths(cluster, self.dns, self.forwarding)
        if self._ready and not self._open_for_all:
            other._likeness, other._classes = self._likeness, self._classes
        return other

    @cached_property
    def pods(self) -> PodPaths:
        """One path per pod that is not finished, by namespace and name."""
        columns = self._columns
        alive = [place for place, phase in enumerate(columns.phases) if phase not in FINISHED]
        by_name = list(zip(columns.namespaces, columns.names, strict=True)).__getitem__
        order = array("I", sorted(alive, key=by_name))
        groups = self._groups_of(columns, order)
        for number, group in enumerate(groups):
            group.pods.append(number)
        return PodPaths(self.cluster.pods, order, groups)

    @cached_property
    def groups(self) -> Sequence[PathGroup]:
        """The groups of pods that share their fate, in the order of their first pods."""
        return tuple(dict.fromkeys(self.pods.groups))

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many pods have each verdict."""
        found = dict.fromkeys(Verdict, 0)
        for group in self.groups:
            found[group.verdict] += len(group.pods)
        return found

    def of(self, pod: PodFact) -> PodPath:
        """One pod's path; the pod need not be in the bundle."""
        return PodPath((pod,), 0, self._group_at(columns_of((pod,)), 0, pod))

    def endpoint_node(self, endpoint: EndpointFact) -> str | None:
        """The node an endpoint is on: as its object says, else its pod's, else the one whose address it is."""
        return self._lookups.endpoint_node(endpoint)

    @property
    def walked(self) -> int:
        """How many pairs of an asker and an endpoint were walked to decide all of them."""
        return self._classes.walked

    # --- grouping ---------------------------------------------------------------------------------------------------

    def _groups_of(self, columns: PodColumns, order: Sequence[int]) -> list[PathGroup]:
        """The groups of the pods at some places, each found by the first of the pods that share it."""
        if self._open_for_all or not self._ready:
            return [self._group_at(columns, place) for place in order]
        found: dict[object, PathGroup] = {}
        groups: list[PathGroup] = []
        for place, key in zip(order, self._keys(columns, order), strict=True):
            if key not in found:
                found[key] = self._group_at(columns, place)
            groups.append(found[key])
        return groups

    def _keys(self, columns: PodColumns, order: Sequence[int]) -> Iterator[object]:
        """For each pod what only pods of one group have alike: its own place where nothing more is quickly told."""
        nodes, hosts, policies, values = columns.nodes, columns.host_networks, columns.dns_policies, columns.ipv4s
        spot, known, endpoints = self._likeness.spot, self.cluster.nodes, self._endpoint_values
        met_by = self._obstacles.met_by if self._cache is None else self._met_either_way
        for place in order:
            node, value, policy, host = nodes[place], values[place], policies[place], hosts[place]
            if value is None or node is None or node not in known or host is None or policy in ("None", None):
                yield place
            elif host:
                yield (node, policy, value, met_by(place, node))
            else:
                at = None if value in endpoints else spot(node, value)
                yield place if at is None else (node, policy, at, met_by(place, node))

    def _group_at(self, columns: PodColumns, place: int, pod: PodFact | None = None) -> PathGroup:
        """The group of the pod at a place of the columns."""
        node, host = columns.nodes[place], columns.host_networks[place]
        policy = columns.dns_policies[place]
        spared = _without_cluster_dns(policy, host_network=host)
        if policy == "None":
            pod = pod or self.cluster.pods[place]
            if "dns_nameservers" in pod.redacted:
                return self._plain(node, Verdict.UNKNOWN, "dnsPolicy None, and the collector hid its name servers")
            spared = not_applicable(pod, self.dns)
        if spared:
            return self._plain(node, Verdict.NOT_APPLICABLE, spared)
        if host is None:
            return self._open(node, HOST_NETWORK)
        if policy is None and node is None:
            return self._open(node, NO_NODE_SHOWN)
        found = self._met(self._asking(node, columns.ipv4s[place], host=host), place if pod is None else pod)
        return self._in_doubt(found) if policy is None else found

    def _asking(self, node: str | None, value: int | None, *, host: bool) -> PathGroup:
        """The group of a pod that asks the cluster's DNS."""
        open_question = self._open_for_all or open_for_one(self.cluster, node, value) or self._elsewhere(node)
        if open_question is not None:
            return self._open(node, open_question)
        if not self._ready:
            return self._plain(node, Verdict.BROKEN, "the DNS service has no ready endpoint")
        direct = self._walked(str(node), int(value or 0), host=host)
        # A pod in its node's network asks with the node's own address either way.
        cache = self._cache
        if cache is None or cache.asked is False:
            return direct
        found = direct if host else self._cached(cache, direct, IPv4Address(int(value or 0)))
        doubt = cache.doubt(node) if found.verdict is not Verdict.BROKEN else None
        return self._open(node, OpenQuestion(doubt.text, doubt.settle)) if doubt else found

    def _elsewhere(self, node: str | None) -> OpenQuestion | None:
        """That the kubelet of a node tells pods to ask somebody else: what becomes of that is not followed here."""
        told = self.asked_elsewhere.get(node or "")
        return OpenQuestion(f"the kubelet of {node} {told.text}, and not the DNS service") if told else None

    @cached_property
    def asked_elsewhere(self) -> Mapping[str, AskedElsewhere]:
        """By node: whom its kubelet tells pods to ask, where that is not the cluster DNS."""
        return asked_elsewhere(
            self.cluster, self.dns, self._cache.addresses if self._cache and self._cache.runs else ()
        )

    def _cached(self, cache: NodeLocalCache, direct: PathGroup, address: IPv4Address) -> PathGroup:
        """The group of a pod that asks the DNS cache on its node, or may: the cache asks on with the node's address."""
        node = str(direct.node)
        own = self.cluster.nodes[node].internal_ip
        if own is None or not self.forwarding.from_pod(node, Packet(address, own)).delivered:
            return direct
        behind = self._walked(node, int(own), host=True)
        if cache.asked is None and behind.verdict is direct.verdict:
            return direct
        if cache.asked is None:
            return self._open(node, OpenQuestion(f"{cache.why}, and the two ways fare differently"))
        return self._groups.setdefault(("cached", behind), CachedGroup(behind, Hindrances({})))

    def _open(self, node: str | None, question: OpenQuestion) -> PathGroup:
        return self._plain(node, Verdict.UNKNOWN, question.text, question.settle)

    def _met(self, walked: PathGroup, pod: int | PodFact) -> PathGroup:
        """The group with what its lookups meet beside routes."""
        if not isinstance(walked, WalkedGroup | CachedGroup) or walked.node is None:
            return walked
        hindrances = self._obstacles.met_by(pod, walked.node, by_cache=isinstance(walked, CachedGroup))
        if not hindrances:
            return walked
        key = (walked, hindrances)
        if key not in self._groups:
            self._groups[key] = HinderedGroup(walked, hindrances)
        return self._groups[key]

    def _met_either_way(self, place: int, node: str) -> object:
        """What a pod's lookups meet, whether they go by the cache on its node or not."""
        met_by = self._obstacles.met_by
        return met_by(place, node), met_by(place, node, by_cache=True)

    @cached_property
    def _cache(self) -> NodeLocalCache | None:
        return node_local_cache(self.cluster, self.dns)

    @property
    def policies(self) -> DnsPolicies:
        """What policies say to lookups."""
        return self._obstacles.policies

    @property
    def service_proxies(self) -> ServiceProxies | None:
        """Where the nodes' service rules lead lookups; None without a DNS service."""
        return self._obstacles.proxies

    @property
    def firewalls(self) -> Firewalls:
        """What the nodes' own firewalls do to lookups."""
        return self._obstacles.firewalls

    def hindered_by(self, why: Why) -> Iterator[tuple[PathGroup, Hindrance]]:
        """The groups of pods that something else than routes stops for a reason, or may stop, and what does."""
        for group in self.groups:
            if isinstance(group, HinderedGroup):
                yield from ((group, hindrance) for hindrance in group.hindered_by(why))

    @cached_property
    def _obstacles(self) -> Obstacles:
        homes = [self.endpoint_node(e) for e in self._ready]
        return Obstacles(self.cluster, self.dns, homes, self.forwarding.pods.is_workload_device)

    def _plain(self, node: str | None, verdict: Verdict, text: str, settle: Settles | None = None) -> PathGroup:
        key = (node, text)
        if key not in self._groups:
            self._groups[key] = PathGroup(node, verdict, text, settle)
        return self._groups[key]

    def _in_doubt(self, asking: PathGroup) -> PathGroup:
        """The group of pods of which nothing shows whether they ask, with what they would get if they do."""
        key = ("in doubt", asking)
        if key not in self._groups:
            self._groups[key] = DoubtfulGroup(asking)
        return self._groups[key]

    def _walked(self, node: str, value: int, *, host: bool) -> PathGroup:
        itself = value in self._endpoint_values and not host and value
        spot = None if host or itself else self._likeness.spot(node, value)
        if spot is None:
            return self._placed(node, value, host=host, itself=itself)
        key = (node, spot)
        if key not in self._groups:
            self._groups[key] = self._placed(node, value, host=False, itself=False)
        return self._groups[key]

    def _placed(self, node: str, value: int, *, host: bool, itself: int | bool) -> PathGroup:
        """The group by all that tells addresses apart."""
        likeness = self._likeness
        place = likeness.host_place(node, value) if host else likeness.pod_place(node, value)
        # What other nodes say of one block, or of one borrowed address, they need not say of the next.
        part = None if host else likeness.part_of(node, value)
        key = (node, place, part, itself)
        if key not in self._groups:
            asker = Asker(node, IPv4Address(value), host)
            results = self._classes.of(asker, place)
            self._groups[key] = WalkedGroup(asker, results, self._classes, self._lookups)
        return self._groups[key]

    @cached_property
    def _ready(self) -> Sequence[EndpointFact]:
        return self.dns.ready if self.dns else ()

    @cached_property
    def _endpoint_values(self) -> frozenset[int]:
        return frozenset(int(e.ip) for e in self._ready if e.ip is not None)

    @cached_property
    def _likeness(self) -> Likeness:
        nodes = self.cluster.nodes
        homes, more = self._known_homes(), dict[int, str]()
        disputing = set(disputing_nodes(self.cluster.pods, self._pod_nodes))
        for endpoint in self._ready:
            node = self.endpoint_node(endpoint)
            if node is not None and node in nodes and endpoint.ip is not None and self._lookups.is_pod(endpoint):
                value = int(endpoint.ip)
                before = homes.get(value) or more.setdefault(value, node)
                disputing.update({before, node} if before != node else ())
        ends = (self.endpoint_node(endpoint) for endpoint in self._ready)
        known = frozenset(name for name in ends if name and name in nodes)
        return Likeness(self.forwarding, {**homes, **more} if more else homes, known, frozenset(disputing))

    def _known_homes(self) -> Mapping[int, str]:
        """The nodes of pods' addresses, as far as the bundle has these nodes."""
        nodes, homes = self.cluster.nodes, self._pod_nodes
        # Nearly always it has all of them.
        if nodes.keys() >= set(homes.values()):
            return cast("Mapping[int, str]", homes)
        return {value: node for value, node in homes.items() if node is not None and node in nodes}

    @cached_property
    def _classes(self) -> Classes:
        return Classes(self._likeness, self._lookups, self._ready)

    @cached_property
    def _open_for_all(self) -> OpenQuestion | None:
        return open_for_all(self.cluster, self.dns)


def not_applicable(pod: PodFact, dns: DnsService | None) -> str | None:
    """Why a pod does not use cluster DNS at all; None when it does (Kubernetes: DNS for Services and Pods).

    >>> from calico_bundle.evidence import Evidence
    >>> line = Evidence("pods.yaml", 4, "  name: cart-0")
    >>> rest = ("Running", True, 0, (), None, {}, (), line)
    >>> not_applicable(PodFact("shop", "cart-0", "node-1", (), None, False, "Default", (), *rest), None)
    "dnsPolicy Default: it uses its node's resolvers"
    """
    spared = _without_cluster_dns(pod.dns_policy, host_network=pod.host_network)
    if spared:
        return spared
    own = {str(ip) for ip in dns.service.cluster_ips} if dns else set()
    if own and pod.dns_policy == "None" and not own & set(pod.dns_nameservers):
        return "dnsPolicy None with other name servers"
    return None


def _without_cluster_dns(policy: str | None, *, host_network: bool | None) -> str | None:
    """Why a policy alone keeps a pod from cluster DNS; None for one that is not shown."""
    if policy == "Default":
        return "dnsPolicy Default: it uses its node's resolvers"
    if host_network and policy not in ("ClusterFirstWithHostNet", "None", None):
        return f"hostNetwork with dnsPolicy {policy}: it uses its node's resolvers"
    return None
