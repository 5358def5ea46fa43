"""Whether policies let pods' lookups through to the DNS endpoints: once per class of pods that policies treat alike."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv4Address

from calico_bundle.calico.selectors import Known
from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import EndpointFact, PodFact, PolicyFact
from calico_bundle.facts.pod_columns import PodColumns, columns_of
from calico_bundle.network.outcome import Settles
from calico_bundle.network.policy import COMMAND_BESIDE, COMMANDS
from calico_bundle.network.policy.ends import Ends, Target
from calico_bundle.network.policy.hosts import Hosts
from calico_bundle.network.policy.labeled import ACCOUNT_LABEL, Directory, Labeled
from calico_bundle.network.policy.packet import End, Packet
from calico_bundle.network.policy.places import Behind, Places, accounts_of, keys_of, networks_of
from calico_bundle.network.policy.rules import Matching
from calico_bundle.network.policy.tiers import ALLOW, Decision, Finals, Tier, Walk, tiers_of
from calico_bundle.network.service import DNS_PORT, DnsService
from calico_bundle.network.service_proxy import masquerades

UDP, TCP = "UDP", "TCP"
KINDS = ("NetworkPolicy", "Calico NetworkPolicy", "GlobalNetworkPolicy")
NO_POLICY = "no policy applies to it"
_NO_ONE = Labeled(Known({}))


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """Whether policies let a lookup through (None: that cannot be told), in words, with the lines that decide."""

    allowed: bool | None
    text: str
    evidence: tuple[Evidence, ...] = ()
    policies: tuple[PolicyFact, ...] = ()
    way: str = ""
    """`egress` (out of the pod) or `ingress` (into the endpoint), where one of them alone decides."""
    passed: str | None = None
    """The node whose host endpoints leave it open."""


@dataclass(frozen=True, slots=True)
class Class:
    """Pods that policies treat alike: `node` is given for those in their node's network, which have no labels then."""

    key: Hashable
    thing: Labeled | None = field(compare=False)
    address: int | None = field(compare=False)
    node: str | None = field(default=None, compare=False)
    cached: bool | None = field(default=False, compare=False)
    """Whether a cache of DNS on the node answers (NodeLocal DNSCache); None where that cannot be told."""
    masqueraded: bool = field(default=False, compare=False)
    home: str | None = field(default=None, compare=False)
    """The node that it is on, where host endpoints make a difference by it."""


class DnsPolicies:
    """What policies say to lookups.

    >>> DnsPolicies(Cluster({}), None).any
    False
    """

    def __init__(self, cluster: Cluster, dns: DnsService | None) -> None:
        self._cluster, self._dns = cluster, dns
        self.any = bool(cluster.policies or cluster.host_endpoints)
        """Whether there is anything to ask: without policies, nothing is denied by one."""
        self._behind = Behind(cluster)
        self._classes: dict[Hashable, Class] = {}
        self._by_place: dict[int, Class] = {}
        self._alike: dict[tuple[str, int, str | None], Hashable] = {}
        self._verdicts: dict[Hashable, PolicyVerdict] = {}
        self._one_way: dict[Hashable, Finals] = {}
        self._masking: dict[str, bool] = {}
        self._tiers: dict[str | None, tuple[Tier, ...]] = {}

    @property
    def collected(self) -> bool:
        """Whether the bundle has policies of any kind; without any, nothing tells that none are there."""
        return bool(self._cluster.policies)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The kinds of policies of which the bundle has none."""
        return tuple(kind for kind in KINDS if kind not in {kind_of(p.api, p.kind) for p in self._cluster.policies})

    def settles(self, verdict: PolicyVerdict) -> Settles:
        """What would settle an open verdict: policies that the bundle lacks or has in part, or what a host endpoint does."""
        if verdict.passed is not None:
            beside = "before and after some lookups: the counters of its cali- chains for the host endpoint tell"
            return Settles(("iptables-save -c",), verdict.passed, beside)
        in_part = {kind_of(p.api, p.kind) for p in self._cluster.policies if p.unread or any(r.unread for r in p.rules)}
        wanted = {*self.lacking, *in_part} & COMMANDS.keys()
        return Settles((*(command for kind, command in COMMANDS.items() if kind in wanted), COMMAND_BESIDE))

    # --- classes ----------------------------------------------------------------------------------------------------

    def class_of(self, pod: int | PodFact) -> Class:
        """The class of a pod: one of the cluster's by its place, or any."""
        if isinstance(pod, PodFact):
            return self._class_at(
                columns_of((pod,)), 0, self._selectable(pod.namespace, pod.labels, pod.service_account)
            )
        if pod not in self._by_place:
            columns = self._columns
            namespace, labels, account = columns.namespaces[pod], columns.labels[pod], columns.service_accounts[pod]
            # Equal labels are one object in the columns, which live as long as this.
            alike = (namespace, id(labels), account)
            if alike not in self._alike:
                self._alike[alike] = self._selectable(namespace, labels, account)
            self._by_place[pod] = self._class_at(columns, pod, self._alike[alike])
        return self._by_place[pod]

    def _selectable(self, namespace: str, labels: Mapping[str, str], account: str | None) -> Hashable:
        """What of a pod policies select by."""
        own = tuple(labels.get(name) for name in self._keys[0])
        return (namespace, own, self._account(namespace, account) if self._keys[1] else None)

    def _account(self, namespace: str, account: str | None) -> Hashable:
        """What service accounts have in common that policies treat alike."""
        names, keys = self._accounts
        known = self._directory.account(namespace, account)
        is_named = account in names or ACCOUNT_LABEL in self._keys[0]
        labels = tuple(known.labels.get(key) for key in keys)
        return (account if is_named else account is None, known.complete, labels)

    def _class_at(self, columns: PodColumns, place: int, selectable: Hashable) -> Class:
        host, node, value = columns.host_networks[place], columns.nodes[place], columns.ipv4s[place]
        if host:
            home = node if node in self._endpoint_nodes or self._told_apart(node) else None
            own = ("host", self._ends.host_kind(node), home)
            return self._classes.setdefault(own, Class(own, None, None, node, home=node))
        whole = place not in columns.not_whole
        key: Hashable = (
            selectable,
            whole,
            self._places.of(value),
            value if value in self._endpoint_values else None,
            cached := self._ends.cached_on(node),
            masked := self._masks(node, value),
            host,
            home := self._told_apart(node),
        )
        if key not in self._classes:
            labels, account = columns.labels[place], columns.service_accounts[place]
            thing = self._directory.described(columns.namespaces[place], labels, account, whole=whole)
            self._classes[key] = Class(key, thing if host is False else None, value, None, cached, masked, home)
        return self._classes[key]

    def _told_apart(self, node: str | None) -> str | None:
        """A node whose own host endpoints lookups of its pods may pass."""
        return node if self._hosts.any and self._hosts.on_forward and self._hosts.on(node or "") else None

    def _masks(self, node: str | None, value: int | None) -> bool:
        """Whether recorded rules of kube-proxy masquerade what the pods of a node ask; it is not the rule."""
        known = self._cluster.nodes.get(node or "")
        if node is None or known is None or not known.service_rules or value is None or self._service is None:
            return False
        if node not in self._masking:
            self._masking[node] = masquerades(known, self._service, IPv4Address(value)) is True
        return self._masking[node]

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def on(self, kind: Class, endpoint: EndpointFact) -> PolicyVerdict:
        """Whether lookups of a class of pods get through to an endpoint: out of the pod, and into the endpoint.

        UDP decides; where TCP comes to something else, that is said.
        """
        if kind.thing is None and kind.node is None:
            text = "whether the pod is in its node's network is not shown, so that it is not known which policies apply"
            return PolicyVerdict(None, text)
        target = self._ends.target(endpoint)
        on_host = kind.node is not None or target.thing is None or self._hosts.on_forward
        key = (kind.key, target.key, self._is_itself(kind, target), target.node if on_host else None)
        if key not in self._verdicts:
            self._verdicts[key] = self._on(kind, target)
        return self._verdicts[key]

    def _on(self, kind: Class, target: Target) -> PolicyVerdict:
        found = self._both_ways(kind, target, UDP)
        other = self._both_ways(kind, target, TCP) if TCP in self._protocols else found
        if other.allowed is found.allowed or other.allowed is None:
            return found
        more = f"; over TCP it is {'allowed' if other.allowed else 'denied'}: {other.text}"
        evidence = tuple(dict.fromkeys((*found.evidence, *other.evidence)))
        return replace(found, text=found.text + more, evidence=evidence)

    def _both_ways(self, kind: Class, target: Target, protocol: str) -> PolicyVerdict:
        ways = {"egress": self._out(kind, target, protocol), "ingress": self._into(kind, target, protocol)}
        passed = None
        if self._hosts.any:
            passed, ways["host endpoints"] = self._passing(kind, target, protocol)
        port = target.end(protocol).port
        at = f"{protocol} port {'not known' if port is None else port}"
        denied = next((name for name, way in ways.items() if way.allowed is False), None)
        open_one = next((name for name, way in ways.items() if way.allowed is None), None)
        if denied is not None and not self._is_itself(kind, target):
            return _verdict(False, {f"denied on {denied} ({at})": ways[denied].decision}, denied)
        if denied is not None or open_one is not None:
            name = denied or open_one or ""
            found = _verdict(None, {f"open on {name} ({at})": ways[name].decision}, name)
            return replace(found, passed=passed)
        return _verdict(True, {name: way.decision for name, way in ways.items()})

    def _passing(self, kind: Class, target: Target, protocol: str) -> tuple[str | None, Finals]:
        """What host endpoints on the way do, and the node of the first that leave it open."""
        end, merged = target.end(protocol), [_allowed("no host endpoint is passed")]
        for node, endpoints in self._hosts.crossed(kind.home or kind.node, target.node):
            packets = (Packet(source, end, protocol) for source in self._sources(kind))
            found = _together([self._hosts.passing(packet, endpoints) for packet in packets])
            if found.allowed is not True:
                return node, found
            merged.insert(0, found)
        return None, _together(merged)

    def _is_itself(self, kind: Class, target: Target) -> bool:
        """Whether a pod asks itself: it cannot be kept from that (Kubernetes: Network policies)."""
        return kind.address is not None and kind.address == target.value

    def _out(self, kind: Class, target: Target, protocol: str) -> Finals:
        """The lookup as it leaves: at the pod, or at the node's host endpoints."""
        node, sources = kind.node, self._sources(kind)
        if node is not None:
            end = target.end(protocol)
            return _together([self._from_host(node, Packet(source, end, protocol)) for source in sources])
        worlds: list[tuple[Hashable, End]] = []
        if kind.cached is not True:
            worlds.append((target.key, target.end(protocol)))
        if kind.cached is not False:
            worlds += enumerate(self._ends.local_cache)
        found = [
            self._kept(("out", kind.key, key, protocol), kind.thing, Packet(sources[0], end, protocol), "Egress")
            for key, end in worlds
        ]
        return _together(found)

    def _into(self, kind: Class, target: Target, protocol: str) -> Finals:
        """The lookup as it arrives: at the endpoint's pod, or at its node's host endpoints."""
        end = target.end(protocol)
        if target.thing is None:
            if target.node is None or not self._hosts.any:
                return _allowed("the endpoint is in its node's network, where no policy of pods applies")
            packets = (Packet(source, end, protocol) for source in self._sources(kind))
            return _together([self._hosts.own(target.node, packet, "Ingress") for packet in packets])
        if kind.node is not None and kind.node == target.node:
            return _allowed("a node always reaches its own pods")
        worlds: list[tuple[Hashable, End]] = []
        if kind.cached is not True:
            worlds += [((kind.key, number), source) for number, source in enumerate(self._sources(kind))]
        if kind.cached is not False or kind.masqueraded:
            worlds += enumerate(self._ends.host(tuple(self._cluster.nodes)))
        found = [
            self._kept(("in", key, target.key, protocol), target.thing, Packet(source, end, protocol), "Ingress")
            for key, source in worlds
        ]
        # A cache asks endpoints on its own node, too, where nothing stops it.
        return _together(found if kind.cached is False else [*found, _allowed("a node always reaches its own pods")])

    def _from_host(self, node: str, packet: Packet) -> Finals:
        if not self._hosts.on(node):
            return _allowed("policies of pods do not apply to its node's network")
        if packet.protocol == UDP and packet.destination.port == DNS_PORT and not self._own_failsafes:
            return _allowed("a failsafe rule lets UDP to port 53 out of host endpoints")
        return self._hosts.own(node, packet, "Egress")

    def _sources(self, kind: Class) -> tuple[End, ...]:
        """The ends at which a lookup may begin: a pod's own, or one for each kind of address that its node has."""
        if kind.node is not None:
            return self._ends.host((kind.node,))
        return (self._ends.of_pod(kind.thing, kind.address),)

    def _kept(self, key: Hashable, thing: Labeled | None, packet: Packet, direction: str) -> Finals:
        if key not in self._one_way:
            thing = thing or _NO_ONE
            walk = Walk(self._matching, thing, packet, direction)
            self._one_way[key] = walk.through(self._tiers_for(thing.namespace), ALLOW, NO_POLICY)
        return self._one_way[key]

    def _tiers_for(self, namespace: str | None) -> tuple[Tier, ...]:
        """The tiers with the policies that can apply to pods of a namespace."""
        if namespace not in self._tiers:
            own = [p for p in self._cluster.policies if p.namespace in (None, namespace) and not p.hosts_only]
            self._tiers[namespace] = tiers_of(own, self._cluster.tiers)
        return self._tiers[namespace]

    # --- what is made once ------------------------------------------------------------------------------------------

    @cached_property
    def _directory(self) -> Directory:
        return Directory(self._cluster)

    @cached_property
    def _protocols(self) -> frozenset[str]:
        ports = self._dns.service.ports if self._dns else ()
        return frozenset(port.protocol for port in ports if port.port == DNS_PORT)

    @cached_property
    def _matching(self) -> Matching:
        return Matching(self._behind, self._service_name, self._protocols)

    @cached_property
    def _hosts(self) -> Hosts:
        return Hosts(self._cluster, self._directory, self._matching)

    @cached_property
    def _ends(self) -> Ends:
        return Ends(self._cluster, self._dns, self._directory, self._kind_of_target)

    def _kind_of_target(self, thing: Labeled | None, value: int | None) -> Hashable:
        """What endpoints have in common that policies treat alike."""
        if thing is None:
            return (None, self._places.of(value))
        labels = (thing.labels.complete, *(thing.labels.labels.get(name) for name in self._keys[0]))
        account = (thing.account, thing.account_known) if self._keys[1] else None
        return (thing.namespace, labels, account, self._places.of(value))

    @cached_property
    def _columns(self) -> PodColumns:
        return columns_of(self._cluster.pods)

    @cached_property
    def _keys(self) -> tuple[Sequence[str], bool]:
        keys, accounts = keys_of(self._cluster.policies)
        return sorted(keys), accounts

    @cached_property
    def _accounts(self) -> tuple[frozenset[str], frozenset[str]]:
        return accounts_of(self._cluster.policies)

    @cached_property
    def _places(self) -> Places:
        return Places(networks_of(self._cluster, self._behind, self._service_name))

    @cached_property
    def _endpoint_values(self) -> frozenset[int]:
        return frozenset(int(e.ip) for e in (self._dns.endpoints if self._dns else ()) if e.ip is not None)

    @cached_property
    def _endpoint_nodes(self) -> frozenset[str | None]:
        """The nodes of the endpoints: each reaches its own, which the others need not."""
        return frozenset(self._ends.target(e).node for e in (self._dns.endpoints if self._dns else ()))

    @cached_property
    def _service_name(self) -> str | None:
        return f"{self._dns.service.namespace}/{self._dns.service.name}" if self._dns else None

    @cached_property
    def _service(self) -> IPv4Address | None:
        address = self._dns.address if self._dns else None
        return address if isinstance(address, IPv4Address) else None

    @cached_property
    def _own_failsafes(self) -> bool:
        """Whether the failsafe rules were changed."""
        return any(c.failsafe_outbound is not None for c in self._cluster.felix_configurations)


def kind_of(api: str, kind: str) -> str:
    """A kind of policies as people tell them apart.

    >>> kind_of("calico", "NetworkPolicy")
    'Calico NetworkPolicy'
    """
    return f"Calico {kind}" if api == "calico" and kind == "NetworkPolicy" else kind


def _allowed(text: str) -> Finals:
    return Finals({ALLOW: Decision(text)})


def _together(found: Sequence[Finals]) -> Finals:
    """What is possible in any of some worlds."""
    merged: dict[str, Decision] = {}
    for one in found:
        merged = {**one.found, **merged}
    return Finals(merged)


def _verdict(allowed: bool | None, decisions: Mapping[str, Decision], way: str = "") -> PolicyVerdict:
    text = "; ".join(f"{name}: {decision.text}" for name, decision in decisions.items())
    evidence = dict.fromkeys(line for decision in decisions.values() for line in decision.evidence)
    policies = tuple(policy for decision in decisions.values() for policy in decision.policies)
    return PolicyVerdict(allowed, text, tuple(evidence), policies, way)
