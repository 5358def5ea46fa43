"""Whose is it? Names differ between artifacts; this room joins them to one node identity, and says how.

Order of the joins: exact name; short name against full host name; the Node's Hostname; the instance id at the end of
its providerID; the pod a log belongs to; the name the text itself states; and last, an address of the machine that is
one Node's own. Files of one machine are joined as a group, by the host name that one of them states. An artifact that
fits several nodes, or none, stays unassigned, and that is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from calico_bundle.bundle import Artifact
from calico_bundle.facts import Address, AddressFact, Network, NodeFact, PodFact, RouteFact
from calico_bundle.facts.cards import distinct_of
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.route_queries import names_as_own, own_addresses
from calico_bundle.layouts.file_names import components, host_of_folder

MACHINE_KINDS = frozenset({
    "ip-addr", "ip-route", "ip-rule", "ip-neigh", "nmstate", "sysctl", "iptables-save", "nft-ruleset",
    "ipvsadm", "bpf-nat", "kubelet-config", "kubelet-command", "iptables-list", "ifconfig", "route-n", "fib-trie", "arp",
    "calico-log", "calicoctl-node-status", "bird-protocols", "bird-routes", "bird-status",
})  # fmt: skip
"""Kinds of artifacts that belong to one machine; all others are about the cluster."""

_SPEAKS_OF_NODE = frozenset({"calico-log", "calicoctl-node-status", "bird-protocols", "bird-routes", "bird-status"})
"""Kinds that are about the node whatever network namespace they were read in."""

HOSTNAME = "hostname"
"""The kind of a file that states what its machine calls itself."""

SHOWING_ADDRESSES = frozenset({"ip-addr", "ip-route", "nmstate", "ifconfig", "fib-trie"})
"""Kinds that show addresses of the machine itself."""

A_POD = "a pod"
"""In place of a node's name: the record is of a pod's own network."""

_POD_GATEWAY = ip_address("169.254.1.1")

PodPlace = tuple[str, str, str | None, bool | None]
"""A pod's namespace and name, its node, and whether it runs in the node's own network (None: not shown)."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The node an artifact belongs to, and how that was found."""

    node: str
    joined_by: str


class NodeDirectory:
    """Finds a node by any of the names and addresses it goes by; `named` are nodes that pods name, with or without object.

    >>> from calico_bundle.identity import NodeDirectory
    >>> NodeDirectory([], []).by_name("worker-1") is None
    True
    """

    def __init__(self, nodes: Iterable[NodeFact], pods: Iterable[PodPlace], named: Iterable[str] = ()) -> None:
        self._names: dict[str, set[tuple[str, str]]] = {}
        self._addresses: dict[object, set[str]] = {}
        self._own: dict[str, list[Address]] = {}
        self._pods: dict[str, set[tuple[str | None, str | None, bool | None]]] = {}
        for namespace, name, pods_node, host_network in pods:
            self._pods.setdefault(name, set()).add((namespace, pods_node, host_network))
        for node in nodes:
            self._add_names(node)
            for address in (*node.internal_ips, *(i.ip for i in (node.bgp_ipv4, node.bgp_ipv6) if i)):
                self._addresses.setdefault(address, set()).add(node.name)
                self._own.setdefault(node.name, []).append(address)
        self._has_objects = bool(self._names)
        for name in sorted(named):
            if name.lower() not in self._names:
                self._name(name, name, "exact name")

    @property
    def is_empty(self) -> bool:
        """Whether there is no Node object at all."""
        return not self._has_objects

    def _add_names(self, node: NodeFact) -> None:
        self._name(node.name, node.name, "exact name")
        self._name(_short(node.name), node.name, "short name")
        hostname = node.labels.get("kubernetes.io/hostname")
        for name in filter(None, (node.hostname, hostname)):
            self._name(name, node.name, "host name")
            self._name(_short(name), node.name, "short host name")
        if node.provider_id:
            self._name(node.provider_id.rsplit("/", 1)[-1], node.name, "instance id")

    def _name(self, name: str, node: str, how: str) -> None:
        # Under its own name a node is found by that, whatever else it is called.
        if how == "exact name" or name.lower() != node.lower():
            self._names.setdefault(name.lower(), set()).add((node, how))

    def by_name(self, name: str) -> Owner | None:
        """The node of a name, host name, short name or instance id; None when none or several fit.

        Layouts that guess a machine from folders give `case/alpha`: the last part counts too.
        """
        for candidate in dict.fromkeys((name.lower(), name.lower().rsplit("/", 1)[-1])):
            owner = self._only(candidate) or self._only(_short(candidate))
            if owner:
                return owner
        return None

    def _only(self, name: str) -> Owner | None:
        fitting = self._names.get(name, set())
        exact = [(n, how) for n, how in fitting if how == "exact name"]
        nodes = {n for n, _ in (exact or fitting)}
        if len(nodes) != 1:
            return None
        return Owner(nodes.pop(), min(how for _, how in (exact or fitting)))

    def by_pod(self, name: str | None, namespace: str | None, *, of_the_host: bool) -> Owner | None:
        """The node a pod runs on; for what was read in its network (`of_the_host`) only when that is the node's own.

        Without a namespace, a name that pods on several nodes have tells nothing.
        """
        fitting = {(n, h) for ns, n, h in self._pods.get(name or "", ()) if namespace in (None, ns)}
        if len(fitting) != 1:
            return None
        node, host_network = fitting.pop()
        if node is None or (of_the_host and not host_network):
            return None
        return Owner(node, "the pod's node")

    def by_address(self, addresses: Iterable[Address]) -> Owner | None:
        """The one node whose own address is among these; None when several fit (a shared 10.0.2.15)."""
        fitting = [self._addresses[a] for a in addresses if a in self._addresses]
        unique = {next(iter(nodes)) for nodes in fitting if len(nodes) == 1}
        return Owner(unique.pop(), "address") if len(unique) == 1 else None

    def own(self, node: str) -> Sequence[Address]:
        """A node's own addresses, as its Node object has them."""
        return self._own.get(node, ())


def _short(name: str) -> str:
    """A host name without its domain; an address has none (`10.0.9.9` is not the host `10`)."""
    return name if name.replace(".", "").replace(":", "").isdigit() else name.split(".", maxsplit=1)[0]


def make_directory(artifacts: Sequence[Artifact]) -> NodeDirectory:
    """The directory of all nodes that a bundle states, and of the pods that artifacts of machines are named after."""
    stated = [a for a in artifacts if a.kind not in MACHINE_KINDS]
    nodes = [f for a in stated for f in a.parsed.of(NodeFact)]
    asked = {a.placement.pod for a in artifacts if a.placement.pod and a.kind in MACHINE_KINDS}
    named = {name for a in stated for name in set(columns_of(a.parsed.of(PodFact)).nodes) if name}
    return NodeDirectory(nodes, _places(stated, asked, nodes) if asked else (), named)


def _places(stated: Sequence[Artifact], asked: set[str], nodes: Sequence[NodeFact]) -> Iterator[PodPlace]:
    """Where the pods of some names run: as an object of theirs says, else as a table does.

    A table does not show the network; a pod with its node's own address is in the node's.
    """
    machines = {int(ip): n.name for n in nodes for ip in n.internal_ips if ip.version == 4}
    found: dict[tuple[str, str], set[PodPlace]] = {}
    for artifact in stated:
        if pods := artifact.parsed.of(PodFact):
            kept = columns_of(pods)
            rows = zip(kept.namespaces, kept.names, kept.nodes, kept.host_networks, kept.ipv4s, strict=True)
            for namespace, name, node, host, ip in (row for row in rows if row[1] in asked):
                told = host if host is not None or ip is None or machines.get(ip) != node else True
                found.setdefault((namespace, name), set()).add((namespace, name, node, told))
    for places in found.values():
        yield from [place for place in places if place[3] is not None] or places


def find_owners(artifacts: Sequence[Artifact], directory: NodeDirectory | None = None) -> dict[str, Owner]:
    """The owner of every artifact of a machine, by path; what is not in the result is unassigned.

    Where the bundle holds no Node object at all, the names that the layouts found are taken as they are. `directory` is
    that of these artifacts, where it has been made.
    """
    known = directory or make_directory(artifacts)
    machine = [a for a in artifacts if a.kind in MACHINE_KINDS]
    groups = _group_owners(machine, known, _stated_names(artifacts))
    found = ((a.path, _owner(a, known, groups)) for a in machine)
    return {path: owner for path, owner in found if owner}


def _owner(artifact: Artifact, directory: NodeDirectory, groups: Mapping[str, Owner]) -> Owner | None:
    placement = artifact.placement
    return (
        groups.get(placement.node or placement.group or "")
        or directory.by_pod(placement.pod, placement.namespace, of_the_host=artifact.kind not in _SPEAKS_OF_NODE)
        or _owner_by_text(artifact.parsed.owner, directory)
        or directory.by_address(_addresses(artifact))
    )


def _owner_by_text(name: str | None, directory: NodeDirectory) -> Owner | None:
    """The node that a text itself names: a log, or the prompt at which a command was typed."""
    if not name:
        return None
    return directory.by_name(name) or (Owner(name, "name in the text") if directory.is_empty else None)


def _stated_names(artifacts: Iterable[Artifact]) -> dict[str, list[str]]:
    """The host names that the files of each group state, the shortest first: a machine may say both forms of its name.

    Several outputs in one file say it too, by the prompts between them.
    """
    found: dict[str, set[str]] = {}
    for artifact in artifacts:
        says_so = artifact.kind == HOSTNAME or artifact.part
        if says_so and artifact.parsed.owner and artifact.placement.group:
            found.setdefault(artifact.placement.group, set()).add(artifact.parsed.owner)
    return {group: sorted(names, key=lambda name: (len(name), name)) for group, names in found.items()}


def _group_owners(
    machine: Sequence[Artifact], directory: NodeDirectory, stated: Mapping[str, Sequence[str]]
) -> dict[str, Owner]:
    """Owner per name that a layout found; by the addresses of the whole group where the name says nothing."""
    members: dict[str, list[Artifact]] = {}
    for artifact in machine:
        name = artifact.placement.node or artifact.placement.group
        if name:
            members.setdefault(name, []).append(artifact)
    found = ((name, _group_owner(name, group, directory, stated.get(name, ()))) for name, group in members.items())
    return {name: owner for name, owner in found if owner}


def _group_owner(name: str, group: Sequence[Artifact], directory: NodeDirectory, stated: Sequence[str]) -> Owner | None:
    owners = {owner for host in stated if (owner := directory.by_name(host))}
    if len({owner.node for owner in owners}) == 1:
        return min(owners, key=lambda owner: owner.joined_by)
    if directory.is_empty and (named := directory.by_name(name)):
        return named
    if directory.is_empty and (stated or group[0].part):
        # Several outputs in one file that no one names may be of several machines.
        return Owner(stated[0], "host name") if stated else None
    if directory.is_empty:
        return Owner(name, "name in the path")
    return (
        directory.by_name(name)
        or directory.by_address(x for a in group for x in _addresses(a))
        or _owner_by_folder(group[0], directory)
    )


def _owner_by_folder(artifact: Artifact, directory: NodeDirectory) -> Owner | None:
    """The node that the root of a group, or an archive or folder around it, is named for; the innermost counts."""
    hosts = (host_of_folder(folder) for folder in reversed(components(artifact.placement.group or "")))
    return next((owner for host in hosts if host and (owner := directory.by_name(host))), None)


def find_impostors(
    artifacts: Sequence[Artifact],
    owners: Mapping[str, Owner],
    directory: NodeDirectory,
    pod_networks: Sequence[Network] = (),
) -> dict[str, str]:
    """Records that hold another node's own address and none of their node's: path to the name of that other node.

    Somebody swapped two dumps, or saved one under the wrong name; what they say of either node is not to be trusted. The
    same holds for a command that ran in a pod which has a network of its own: those are mapped to `A_POD`.
    """
    found: dict[str, str] = {}
    for artifact in artifacts:
        owner = owners.get(artifact.path) if artifact.kind in SHOWING_ADDRESSES else None
        if owner and not _shows_any(artifact, directory.own(owner.node)):
            stated = directory.by_address(_addresses(artifact))
            if stated and stated.node != owner.node:
                found[artifact.path] = stated.node
            elif not stated and _is_of_a_pod(artifact, pod_networks):
                found[artifact.path] = A_POD
    return {**found, **_beside_impostors(artifacts, owners, found)} if found else found


def _beside_impostors(
    artifacts: Sequence[Artifact], owners: Mapping[str, Owner], impostors: Mapping[str, str]
) -> dict[str, str]:
    """Records that show no address of their machine, placed as those are that do, all of which are another's.

    `route -n` and `arp` of a machine lie beside its `ifconfig`, and were swapped with it.
    """
    places: dict[str, set[str | None]] = {}
    for artifact in artifacts:
        place = artifact.placement.node or artifact.placement.group
        if place and artifact.kind in SHOWING_ADDRESSES and artifact.path in owners and artifact.parsed.facts:
            places.setdefault(place, set()).add(impostors.get(artifact.path))
    others = {place: whose.pop() for place, whose in places.items() if len(whose) == 1}
    beside = MACHINE_KINDS - _SPEAKS_OF_NODE
    found: dict[str, str] = {}
    for artifact in artifacts:
        other = others.get(artifact.placement.node or artifact.placement.group or "")
        if other and artifact.kind in beside and artifact.path in owners and artifact.path not in impostors:
            found[artifact.path] = other
    return found


def _is_of_a_pod(artifact: Artifact, pod_networks: Sequence[Network]) -> bool:
    """Whether a record was read in a pod's network: Calico gives it one default route, and one address without neighbors.

    Source: cni-plugin/internal/pkg/utils and dataplane/linux (169.254.1.1, addresses of full length).
    """
    for route in artifact.parsed.of(RouteFact):
        if route.destination.prefixlen == 0 and any(hop.gateway == _POD_GATEWAY for hop in route.next_hops):
            return True
    held = [a.address for a in artifact.parsed.of(AddressFact) if a.address.version == 4 and not a.address.is_loopback]
    return bool(held) and all(
        address.network.prefixlen == address.max_prefixlen and any(address.ip in network for network in pod_networks)
        for address in held
    )


def _shows_any(artifact: Artifact, addresses: Iterable[Address]) -> bool:
    """Whether a record shows one of these addresses; that is told without going through all that it shows."""
    routes = artifact.parsed.of(RouteFact)
    if any(names_as_own(routes, address) for address in addresses):
        return True
    wanted = frozenset(addresses)
    return any(fact.address.ip in wanted for fact in distinct_of(artifact.parsed.of(AddressFact)))


def _addresses(artifact: Artifact) -> Sequence[Address]:
    """The machine's own addresses that a record shows: of its cards, and as source or local destination of its routes."""
    if artifact.kind not in SHOWING_ADDRESSES:
        return ()
    found: list[Address] = [x.address.ip for x in distinct_of(artifact.parsed.of(AddressFact))]
    found += own_addresses(artifact.parsed.of(RouteFact))
    return found
