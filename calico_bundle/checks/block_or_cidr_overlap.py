"""CB205: pool, service, node and host networks overlap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import CLUSTER_SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import IPBlockFact, Network
    from calico_bundle.losses import Loss

INFO = CheckInfo(
    code="CB205",
    name="block-or-cidr-overlap",
    severity=WARNING,
    means="Networks that must be apart overlap: those of pods, of services, of nodes and of the machines' other cards.",
    finds=(
        "Two pools, two nodes' address blocks, a pool and a card's or node's address, a pool and a service's address, "
        "or a service's address and a card's network, that share addresses."
    ),
    matters=(
        "An address in two networks goes to one of them, by the longest prefix: a card's network inside a block takes "
        "its packets away from the pods there. Pods' packets to machines inside a pool are not masqueraded. With blocks "
        "that lie elsewhere nothing fails until a new pod or a new block gets an address that is in use."
    ),
    proves="The lines that state the two networks. It is an error where a DNS path is lost to a card's network.",
    fix=(
        "Move the pods to a pool that overlaps with nothing: make the new IPPool, disable the old one, recreate the "
        "pods. For a bridge such as docker0, give it another network. A pool that only keeps traffic to a network "
        "from being masqueraded belongs disabled."
    ),
    limits="The service network as a whole is not in a bundle; the addresses of its services stand for it.",
)
_MESSAGE = {"": "{node} sends packets for pods on {others} out of a card of its own, whose network overlaps the pods'"}
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Claim:
    """A network, who uses it, the line that says so, and the nodes that have it."""

    network: Network
    user: str
    evidence: Evidence
    nodes: tuple[str, ...] = ()


def lacks(context: Context) -> str | None:
    """Pools or blocks: without them it is not known which addresses are pods'."""
    return None if context.cluster.pools or context.cluster.blocks else "no IPPools or address blocks are in the bundle"


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What overlaps a network: the first ones, how many there are, and the nodes of all."""

    named: tuple[_Claim, ...]
    count: int
    nodes: frozenset[str]

    @classmethod
    def of(cls, claims: Sequence[_Claim]) -> Self:
        """What some claims come to."""
        return cls(tuple(claims[:_MOST_NAMED]), len(claims), frozenset(n for claim in claims for n in claim.nodes))


class _Sorted:
    """Claims in the order of their networks, in which those inside of another follow it without a gap."""

    def __init__(self, claims: Iterable[_Claim]) -> None:
        self._claims = sorted(claims, key=lambda claim: _place(claim.network))
        self._places = [_place(claim.network) for claim in self._claims]
        self._lengths = {(claim.network.version, claim.network.prefixlen) for claim in self._claims}
        self._found: dict[Network, _Overlap] = {}

    def overlapping(self, network: Network) -> _Overlap:
        """The claims that overlap a network."""
        if network not in self._found:
            around = (c for outer in self._around(network) for c in self._claims[slice(*self._equal(outer))])
            inside = self._claims[bisect_left(self._places, _place(network)) : self._end(network)]
            self._found[network] = _Overlap.of([*around, *inside])
        return self._found[network]

    def among(self) -> Iterator[tuple[_Claim, _Overlap]]:
        """Each claim with those that follow and overlap it, so that each pair is told once; they have no nodes."""
        for index, claim in enumerate(self._claims, start=1):
            end = self._end(claim.network)
            yield claim, _Overlap(tuple(self._claims[index : min(end, index + _MOST_NAMED)]), end - index, frozenset())

    def _around(self, network: Network) -> Iterator[Network]:
        for version, length in sorted(self._lengths):
            if version == network.version and length < network.prefixlen:
                yield network.supernet(new_prefix=length)

    def _equal(self, network: Network) -> tuple[int, int]:
        return bisect_left(self._places, _place(network)), bisect_right(self._places, _place(network))

    def _end(self, network: Network) -> int:
        """Behind the last claim whose network begins in a network."""
        return bisect_right(self._places, (network.version, int(network.broadcast_address), network.max_prefixlen))


def _place(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def run(context: Context) -> list[Finding]:
    """What breaks DNS paths, then every overlap that stands: one finding per network and kind of what overlaps it."""
    from calico_bundle.losses import findings

    standing = [_finding(one, overlap) for one, overlap in _overlaps(context) if overlap.count]
    return findings(context, INFO, _MESSAGE, see_card) + standing


def see_card(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Show the card that takes the pods' packets: which network is free for it, or for the pods, is in no bundle."""
    from calico_bundle.remedies.looking import see_card_in_the_way

    del context
    return see_card_in_the_way(losses[0].at, losses[0].cause)


def _overlaps(context: Context) -> Iterator[tuple[_Claim, _Overlap]]:
    """Each claim with those that it must be apart from and is not."""
    pools = [_Claim(p.cidr, f"IPPool {p.name}", p.evidence) for p in context.cluster.pools if p.for_pods and p.cidr]
    machines = list(_of_machines(context))
    services = list(_of_services(context, {claim.network for claim in (*pools, *machines)}))
    yield from _Sorted(pools).among()
    for others in (_Sorted(machines), _Sorted(services)):
        yield from ((pool, others.overlapping(pool.network)) for pool in pools)
    yield from _services_among(machines, services)
    yield from _between_blocks([b for b in context.cluster.blocks if b.node and not b.deleted])


def _of_machines(context: Context) -> Iterator[_Claim]:
    """Each network of the machines once: of their cards, or their InternalIPs where cards were not recorded."""
    found: dict[Network, list[_Claim]] = {}
    for node in context.cluster.nodes.values():
        for claim in _of_machine(context, node):
            found.setdefault(claim.network, []).append(claim)
    for first, *others in found.values():
        nodes = tuple(dict.fromkeys(n for claim in (first, *others) for n in claim.nodes))
        more = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
        yield replace(first, user=first.user + more, nodes=nodes)


def _of_machine(context: Context, node: ClusterNode) -> Iterator[_Claim]:
    from ipaddress import ip_network

    if node.addresses is not None:
        for card in context.paths.forwarding.pods.own_networks(node.name):
            yield _Claim(card.address.network, f"{card.interface} of {node.name}", card.evidence, (node.name,))
    elif node.kubernetes is not None and node.internal_ip is not None:
        line = node.kubernetes.cited.get("internal_ips", node.kubernetes.evidence)
        yield _Claim(ip_network(node.internal_ip), f"the InternalIP of {node.name}", line, (node.name,))


def _of_services(context: Context, others: Iterable[Network]) -> Iterator[_Claim]:
    """The addresses of Services that lie in one of the other networks."""
    from ipaddress import ip_network

    from calico_bundle.facts.service_table import cluster_addresses
    from calico_bundle.network.pods import Prefixes

    prefixes = Prefixes((network, "") for network in others)
    for ip, service_of in cluster_addresses(context.cluster.services):
        if prefixes.find(ip) is not None:
            service = service_of()
            yield _Claim(ip_network(ip), f"service {service.namespace}/{service.name}", service.evidence)


def _services_among(machines: Iterable[_Claim], services: Iterable[_Claim]) -> Iterator[tuple[_Claim, _Overlap]]:
    """Service addresses that lie in a network of the machines, by that network."""
    from calico_bundle.network.pods import Prefixes

    by_network = {claim.network: claim for claim in machines}
    prefixes = Prefixes((network, "") for network in by_network)
    inside: dict[Network, list[_Claim]] = {}
    for service in services:
        held = prefixes.find(service.network.network_address)
        if held is not None:
            inside.setdefault(held[0], []).append(service)
    yield from ((by_network[network], _Overlap.of(found)) for network, found in inside.items())


def _between_blocks(blocks: Iterable[IPBlockFact]) -> Iterator[tuple[_Claim, _Overlap]]:
    """Blocks of one node inside a block of another. Blocks nest or are apart, so the one before in order is enough."""
    outer: IPBlockFact | None = None
    for block in sorted(blocks, key=lambda b: (b.cidr.version, int(b.cidr.network_address), b.cidr.prefixlen)):
        if outer is None or not (outer.cidr.version == block.cidr.version and outer.cidr.overlaps(block.cidr)):
            outer = block
        elif block.node != outer.node:
            yield _block_claim(outer), _Overlap.of([_block_claim(block)])


def _block_claim(block: IPBlockFact) -> _Claim:
    return _Claim(block.cidr, f"the block of {block.node}", block.evidence, (block.node,) if block.node else ())


def _finding(one: _Claim, overlap: _Overlap) -> Finding:
    named = ", ".join(f"{o.network} ({o.user})" for o in overlap.named)
    more = f" and {overlap.count - _MOST_NAMED} more" if overlap.count > _MOST_NAMED else ""
    message = f"{one.network} ({one.user}) overlaps {named}{more}"
    lines = (one.evidence, *(o.evidence for o in overlap.named))
    nodes = tuple(sorted({*one.nodes, *overlap.nodes}))
    return Finding(INFO.code, INFO.name, WARNING, CLUSTER_SUBJECT, message, tuple(dict.fromkeys(lines)), nodes=nodes)


CHECK = Check(INFO, lacks, run)
