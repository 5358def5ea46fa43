"""Ways to have Calico choose other addresses, for one cluster: the detection methods that could fit, in order of liking.

Sources: node/pkg/lifecycle/startup/autodetection (methods; `cidr=` is in the tags from v3.16 on and not in v3.15,
kubernetes-internal-ip from v3.22.0); Calico's documentation on IP autodetection.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from calico_bundle.calico.exclusions import Version
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts import Address, RouteFact
from calico_bundle.facts.route_queries import routes_to
from calico_bundle.what_if.trial import stored

_MOST_WORDS = 4
"""Networks or names in one method: more than that is a list that nobody keeps up."""

_PLAIN_NAME = re.compile(r"[\w.:+@-]+", re.ASCII)
KUBERNETES = "kubernetes-internal-ip"
_EVERYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detection method, what it does in words, and the first version that has it."""

    method: str
    title: str
    asks: str = ""
    """What it asks of machines that are added or changed."""
    since: Version | None = None
    """None: every version that anybody still runs."""

    def is_in(self, version: Version | None) -> bool:
        """Whether a version has the method; one that is not known may."""
        return version is None or self.since is None or version >= self.since


def candidates(cluster: Cluster, wanted: Mapping[str, Address]) -> Iterator[Candidate]:
    """The methods that could give each node the address it should have, those that ask least of the machines first."""
    nodes = {name: cluster.nodes[name] for name in wanted}
    asks = "every kubelet has to report the right address (--node-ip)"
    yield Candidate(KUBERNETES, "have Calico use each node's InternalIP (kubernetes-internal-ip)", asks, (3, 22))
    yield from (_by_target(target) for target in _targets(nodes, wanted))
    yield from _by_network(nodes, wanted)
    yield from _by_name(nodes, wanted)


def _by_network(nodes: Mapping[str, ClusterNode], wanted: Mapping[str, Address]) -> Iterator[Candidate]:
    found = [network for name, ip in wanted.items() if (network := _network_of(nodes[name], ip))]
    networks = sorted(collapse_addresses(set(found)))
    if found and len(found) == len(wanted) and len(networks) <= _MOST_WORDS:
        named = ",".join(map(str, networks))
        asks = (
            "nodes that come in another network have to be added to it, and no card may get an address in these later"
        )
        yield Candidate(f"cidr={named}", f"have Calico use each node's address in {named} (cidr)", asks, (3, 16))


def _network_of(node: ClusterNode, ip: Address) -> IPv4Network | None:
    """The network of an address: of the card that holds it, else by the mask that Calico stores for it."""
    before = stored(node)
    known = [a.address for a in node.card_addresses if a.address.ip == ip] + ([before] if before else [])
    held = next((address.network for address in known if address.ip == ip), None)
    return held if isinstance(held, IPv4Network) and held.prefixlen < held.max_prefixlen else None


def _by_target(target: Address) -> Candidate:
    title = f"have Calico use the address from which each node reaches {target} (can-reach)"
    return Candidate(f"can-reach={target}", title, f"every node's route to {target} has to stay by the right card")


def _targets(nodes: Mapping[str, ClusterNode], wanted: Mapping[str, Address]) -> Iterator[Address]:
    """The router that most nodes go by, then the first node: both are reached by the card that other nodes use."""
    gateways = Counter(gateway for node in nodes.values() for gateway in _gateways(node))
    yield from (gateway for gateway, _ in gateways.most_common(1))
    yield from sorted(wanted.values(), key=int)[:1]


def _gateways(node: ClusterNode) -> Iterator[IPv4Address]:
    for route in _defaults(node):
        for hop in route.next_hops:
            if isinstance(hop.gateway, IPv4Address):
                yield hop.gateway
        return


def _defaults(node: ClusterNode) -> Iterator[RouteFact]:
    listed = routes_to(node.routes or node.some_routes, frozenset((_EVERYWHERE,)))
    yield from sorted((r for r in listed if r.table in ("main", "254")), key=lambda r: r.metric)


def _by_name(nodes: Mapping[str, ClusterNode], wanted: Mapping[str, Address]) -> Iterator[Candidate]:
    right = _names(nodes, wanted)
    if right is not None and 0 < len(right) <= _MOST_WORDS:
        pattern = anchored(right)
        asks = "every machine that is added has to have its card under one of these names"
        yield Candidate(f"interface={pattern}", f"have Calico use the address of {', '.join(right)} (interface)", asks)
    chosen = {n: before.ip for n, node in nodes.items() if (before := stored(node)) and before.ip != wanted[n]}
    wrong = _names({n: nodes[n] for n in chosen}, chosen)
    if wrong and len(wrong) <= _MOST_WORDS:
        pattern = anchored(wrong)
        asks = "no machine may get a card of yet another name"
        yield Candidate(f"skip-interface={pattern}", f"have Calico pass over {', '.join(wrong)} (skip-interface)", asks)


def _names(nodes: Mapping[str, ClusterNode], addresses: Mapping[str, Address]) -> Sequence[str] | None:
    """The cards that hold some addresses; None where one of them is not known."""
    found = {nodes[name].interface_of(ip) or "" for name, ip in addresses.items()}
    return sorted(found) if all(map(_PLAIN_NAME.fullmatch, found)) else None


def anchored(names: Sequence[str]) -> str:
    """A pattern for just these names: unanchored, `eth1` matches eth1.100 and eth10 too.

    >>> anchored(["bond0", "eth1"]), anchored(["bond0.100"])
    ('^(bond0|eth1)$', '^bond0[.]100$')
    """
    escaped = [re.sub(r"([.+*?])", r"[\1]", name) for name in names]
    return f"^{escaped[0]}$" if len(escaped) == 1 else f"^({'|'.join(escaped)})$"
