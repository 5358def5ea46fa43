"""What the nodes' own firewalls do to lookups: on the asker's node and on the endpoint's, there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, EndpointFact
from calico_bundle.network.firewall import ASKERS_PORTS, FilterTable, Probe
from calico_bundle.network.outcome import Cause, Outcome, Settles, Why
from calico_bundle.network.policy.places import Places
from calico_bundle.network.tunnel_filters import Dropped, Kind, dropped_tunnels, kinds_used
from calico_bundle.paths.hindrances import Hindrance

INCOMPLETE = "CB901"
_CHAINS = (
    Probe("FORWARD", None, comes_from_pod=True, goes_to_pod=False),
    Probe("FORWARD", None, comes_from_pod=False, goes_to_pod=True),
    Probe("FORWARD", None, comes_from_pod=True, goes_to_pod=True),
    Probe("INPUT", None, comes_from_pod=False),
    Probe("INPUT", None, comes_from_pod=True),
    Probe("INPUT", "ipip", comes_from_pod=False, between_nodes=True),
    Probe("OUTPUT", "ipip", goes_to_pod=False, between_nodes=True),
    Probe("OUTPUT", None, goes_to_pod=False),
    Probe("OUTPUT", None, goes_to_pod=True),
)
"""Every way in which a lookup or its answer can meet a filter table, of addresses and ports that are not known."""


class Firewalls:
    """The nodes whose filter tables may drop a lookup or its answer.

    `homes` are the nodes of the ready endpoints, and `ports` the ports that they listen on.

    >>> Firewalls(Cluster({}), (), (), (), str.isalpha).nodes
    frozenset()
    """

    def __init__(
        self,
        cluster: Cluster,
        ready: Sequence[EndpointFact],
        homes: Sequence[str | None],
        ports: Sequence[int | None],
        is_cable: Callable[[str], bool],
    ) -> None:
        self._cluster, self._ends = cluster, list(zip(ready, homes, ports, strict=True))
        self._tables = {name: found for name, node in cluster.nodes.items() if (found := _loud(node, is_cable))}
        self.nodes = frozenset(self._tables)
        self._kinds = kinds_used(cluster)
        tables = (table for found in self._tables.values() for table in found)
        self._places = Places(network for table in tables for network in table.networks())

    @property
    def unread(self) -> list[str]:
        """The nodes of which no filter table was listed from its beginning to its end."""
        nodes = self._cluster.nodes.values()
        return [node.name for node in nodes if not any(table.whole for table in node.filter_tables or ())]

    def place_of(self, address: int | None) -> int | None:
        """What addresses have in common that these rules treat alike."""
        return self._places.of(address) if self._tables else None

    def tunnels_dropped(self, kind: Kind) -> Iterator[Dropped]:
        """The rules that drop tunnels of a kind between any two nodes, or may."""
        others = {name: next((one for one in self._cluster.nodes if one != name), None) for name in self._tables}
        for name, other in others.items():
            for pair in ((name, other), (other, name)) if other is not None else ():
                found = dropped_tunnels({name: self._tables[name]}, self._cluster, kind, (pair,))
                yield from found

    def met_by(self, node: str, address: int | None, *, own: bool, by_cache: bool) -> Iterator[tuple[int, Hindrance]]:
        """What stops lookups of a pod, or of a node itself, by the place of the endpoint that is asked."""
        for place in range(len(self._ends)) if self._tables else ():
            met = list(self._on_the_way(place, node, address, own=own, by_cache=by_cache))
            met += self._in_tunnels(node, self._ends[place][1])
            lost = next((one for one in met if one.outcome is Outcome.LOST), None)
            if met:
                yield place, lost or met[0]

    def _on_the_way(
        self, place: int, node: str, address: int | None, *, own: bool, by_cache: bool
    ) -> Iterator[Hindrance]:
        endpoint, home, port = self._ends[place]
        asker, at_home = self._cluster.nodes.get(node), self._cluster.nodes.get(home or "")
        on_host = endpoint.ip is not None and at_home is not None and at_home.holds(endpoint.ip) is True
        asking: tuple[Address, ...] = () if own or address is None else (IPv4Address(address),)
        asked = (endpoint.ip,) if endpoint.ip is not None else ()
        request = Probe(
            "FORWARD", None if by_cache else "udp", asking, asked, ASKERS_PORTS, None if port is None else (port, port)
        )
        reply = Probe("FORWARD", request.protocol, asked, asking, request.destination_ports, ASKERS_PORTS, is_new=False)
        within = home == node
        for name, probe in _crossed(node, home, own=own, on_host=on_host):
            if name not in self._tables:
                continue
            # Behind the first node a lookup may come from that node's own address, where it was masqueraded.
            there = replace(request, sources=_or_masqueraded(asking, asker) if name != node or within else asking)
            back = replace(reply, destinations=there.sources)
            yield from self._at(name, _filled(probe, there), "lookups")
            yield from self._at(name, _filled(_turned(probe), back), "the answers to lookups")

    def _in_tunnels(self, node: str, home: str | None) -> Iterator[Hindrance]:
        """What stops tunnels between two nodes: whether a lookup takes one, its way tells, which is not looked at here."""
        for kind in self._kinds if home is not None and home != node else ():
            for drop in dropped_tunnels(self._tables, self._cluster, kind, ((node, str(home)), (str(home), node))):
                yield _hindrance(drop.node, kind.words, drop.line, is_sure=False)

    def _at(self, name: str, probe: Probe, what: str) -> Iterator[Hindrance]:
        tables = self._tables[name]
        for table in tables:
            found = table.meets(probe)
            if found.dropped is False or found.line is None:
                continue
            # Two listings of one kind are of two times: which of them holds is not known.
            is_sure = found.dropped is True and sum(t.fact.backend == table.fact.backend for t in tables) == 1
            yield _hindrance(name, what, found.line, is_sure=is_sure)


def _hindrance(node: str, what: str, line: Evidence, *, is_sure: bool) -> Hindrance:
    if is_sure:
        text = f"{node}'s own firewall drops {what}: `{line.text}`"
        return Hindrance(None, Outcome.LOST, Cause(Why.FIREWALL_DROPS, node, text, (line,)))
    text = f"{node}'s own firewall may drop {what}: `{line.text}`"
    beside = "before and after some lookups: the rule's counters tell"
    settle = Settles(("iptables-save -c",), node, beside)
    return Hindrance(INCOMPLETE, Outcome.UNKNOWN, Cause(Why.FIREWALL_DROPS, node, text, (line,), settle=settle))


def _loud(node: ClusterNode, is_cable: Callable[[str], bool]) -> list[FilterTable]:
    """The filter tables of a node, where any of them may drop a lookup or an answer."""
    tables = [FilterTable(fact, is_cable) for fact in node.filter_tables or ()]
    probes = [replace(probe, is_new=is_new) for probe in _CHAINS for is_new in (True, False)]
    is_quiet = all(table.meets(p).dropped is False for table in tables if table.may_drop for p in probes)
    return [] if is_quiet else tables


def _crossed(node: str, home: str | None, *, own: bool, on_host: bool) -> Iterator[tuple[str, Probe]]:
    """The chains that a lookup meets, each on its node."""
    within = node == home
    first = Probe("OUTPUT" if own else "FORWARD", None, comes_from_pod=None if own else True, goes_to_pod=False)
    last = Probe("INPUT" if on_host else "FORWARD", None, comes_from_pod=False, goes_to_pod=None if on_host else True)
    if not within:
        yield node, first
        if home is not None:
            yield home, last
    elif own or on_host:
        if own:
            yield node, replace(first, goes_to_pod=not on_host)
        if on_host:
            yield node, replace(last, comes_from_pod=not own)
    else:
        yield node, replace(first, goes_to_pod=True)


def _turned(probe: Probe) -> Probe:
    """The chain that the answer meets there."""
    chain = {"INPUT": "OUTPUT", "OUTPUT": "INPUT"}.get(probe.chain, probe.chain)
    return replace(probe, chain=chain, comes_from_pod=probe.goes_to_pod, goes_to_pod=probe.comes_from_pod)


def _filled(chain: Probe, packet: Probe) -> Probe:
    return replace(packet, chain=chain.chain, comes_from_pod=chain.comes_from_pod, goes_to_pod=chain.goes_to_pod)


def _or_masqueraded(asking: tuple[Address, ...], asker: ClusterNode | None) -> tuple[Address, ...]:
    """The addresses that a lookup may come from, once its first node is behind it; none where these are not known."""
    return (*asking, asker.internal_ip) if asking and asker and asker.internal_ip else ()
