"""Which BGP sessions the ways to the DNS endpoints need, and what shows them. Hypotheses share this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Case

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence

Pair = tuple[str, str]
"""A node and one that it needs the routes of; where the DNS endpoints are known, one of the two runs one."""

_MOST_PAIRS, _FEW_PAIRS = 20_000, 2_000


@dataclass(slots=True)
class Sessions:
    """The pairs of nodes by what shows of their sessions; `excused` end on a node whose address is at fault."""

    up: dict[Pair, tuple[Evidence, ...]] = field(default_factory=dict)
    down: dict[Pair, tuple[Evidence, ...]] = field(default_factory=dict)
    excused: dict[Pair, tuple[Evidence, ...]] = field(default_factory=dict)
    unseen: list[Pair] = field(default_factory=list)
    at_fault: frozenset[str] = frozenset()
    """Nodes whose address is at fault."""
    left_out: list[str] = field(default_factory=list)
    """Nodes that run DNS endpoints and were not looked at: there are too many pairs."""

    @property
    def lines(self) -> tuple[Evidence, ...]:
        """What shows those that are up."""
        return tuple(dict.fromkeys(line for found in self.up.values() for line in found))


def first_sessions(case: Case) -> Sessions:
    """As `sessions`, but only as far as one that is not up is among the first of them: where that is enough to know."""
    found = sessions(case, _FEW_PAIRS)
    is_found = found.down or found.excused or found.unseen
    return found if is_found or not found.left_out else sessions(case)


def sessions(case: Case, most: int = _MOST_PAIRS) -> Sessions:
    """What is known of the sessions between nodes and those that run DNS endpoints, one way and the other."""
    from calico_bundle.calico.bgp import SessionState

    at_fault = _at_fault(case)
    found = Sessions(at_fault=at_fault, left_out=_ends(case)[_most_ends(case, most) :])
    peerings = case.context.paths.forwarding.peerings
    for one, other in needed_pairs(case, most):
        direct = peerings.session(one, other)
        # Where it is not known itself, whether its routes are learned, over whatever reflectors.
        known = direct.observed and direct.state in (SessionState.UP, SessionState.DOWN)
        session = direct if known else peerings.learns(one, other)
        pair = (one.name, other.name)
        if session.state is SessionState.UP:
            found.up[pair] = session.evidence
        elif not at_fault.isdisjoint(pair):
            found.excused[pair] = session.evidence
        elif session.state is SessionState.DOWN and session.evidence:
            found.down[pair] = session.evidence
        else:
            found.unseen.append(pair)
    return found


def needed_pairs(case: Case, most: int = _MOST_PAIRS) -> Iterator[tuple[ClusterNode, ClusterNode]]:
    """Nodes and those that run DNS endpoints, one way and the other; all nodes where the endpoints are not known."""
    nodes = case.context.cluster.nodes
    far = [nodes[name] for name in _ends(case)[: _most_ends(case, most)]]
    for node in nodes.values():
        for end in far:
            if end.name != node.name:
                yield from ((node, end), (end, node))


def _ends(case: Case) -> list[str]:
    """The nodes that run DNS endpoints; all nodes where that is not known."""
    nodes, paths, dns = case.context.cluster.nodes, case.context.paths, case.context.dns
    ends = {paths.endpoint_node(endpoint) for endpoint in (dns.ready if dns else ())} & nodes.keys()
    return sorted(filter(None, ends)) or sorted(nodes)


def _most_ends(case: Case, pairs: int) -> int:
    return max(1, pairs // max(1, 2 * len(case.context.cluster.nodes)))


def _at_fault(case: Case) -> frozenset[str]:
    from calico_bundle.addresses import AddressStatus, blamed, names

    statuses = (AddressStatus.WRONG, AddressStatus.DUPLICATE, AddressStatus.NOT_ON_NODE)
    return names(blamed(case.context.addresses, *statuses))
