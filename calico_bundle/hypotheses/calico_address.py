"""A node's Calico address is one that its peers cannot use, that another node has, or that the node does not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import (
    BIRD_SESSIONS,
    MOST_QUOTED,
    Words,
    left_over,
    lines,
    named,
    unlisted,
    unseen,
)

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.network.outcome import Settles

_CODES = ("CB101", "CB102", "CB103")
_MOST_NODES = 12
_WORDS = Words(
    "every node's Calico address is its InternalIP, or one that its peers can use",
    "what shows whether the Calico address is right",
    ("ip addr", "ip route show table all", BIRD_SESSIONS),
    ("kubectl get nodes -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Ruled out where every node's address was judged, and none is at fault."""
    from calico_bundle.addresses import AddressStatus

    if left_over(case):
        return None
    found = case.found(*_CODES)
    if found:
        return from_findings(found)
    verdicts = case.context.addresses
    fine = (AddressStatus.OK, AddressStatus.UNINTENDED)
    open_ = [name for name, verdict in verdicts.items() if verdict.status not in fine] + unlisted(case)
    quoted = tuple(dict.fromkeys(line for verdict in verdicts.values() for line in verdict.evidence))
    if open_ or not quoted:
        return _open(case, open_)
    return Answer(Status.RULED_OUT, _WORDS.clear, quoted[:MOST_QUOTED])


def _open(case: Case, open_: Sequence[str]) -> Answer:
    """What is not there of the nodes that are open; where all is, a ping from each address shows what no listing does."""
    nodes = case.context.cluster.nodes
    listed = [nodes[name] for name in open_ if name in nodes]
    if len(listed) < len(open_) or not listed or not all(node.bgp_address and node.internal_ip for node in listed):
        return unseen(case, _WORDS, open_)
    missing = [_not_there(case, node) for node in listed[:_MOST_NODES]]
    wanted = [one for one in missing if one.commands]
    if wanted:
        return Answer(
            Status.NOT_CHECKABLE, f"{_WORDS.unseen} on {named(open_)} is not in the bundle", collect=lines(case, wanted)
        )
    pings = tuple(_pings(case, listed[:_MOST_NODES]))
    if not pings:
        return unseen(case, _WORDS, open_)
    return Answer(
        Status.NOT_CHECKABLE, f"no line shows which address of {named(open_)} the other nodes can use", collect=pings
    )


def _not_there(case: Case, node: ClusterNode) -> Settles:
    from calico_bundle.calico.programming import without_bgp
    from calico_bundle.network.outcome import Settles

    bgp = node.sessions is None and not without_bgp(case.context.cluster)
    there = (node.addresses is not None, node.routes is not None, not bgp)
    return Settles(tuple(c for c, is_there in zip(_WORDS.commands, there, strict=True) if not is_there), node.name)


def _pings(case: Case, nodes: Sequence[ClusterNode]) -> Iterator[str]:
    from calico_bundle.remedies.looking import see_far_end

    names = list(case.context.cluster.nodes)
    for node in nodes:
        for fix in see_far_end(case.context, node, (name for name in names if name != node.name)):
            yield from fix.commands


HYPOTHESIS = Hypothesis(
    "calico-address",
    "Does Calico use an address of a node that its peers cannot use, or that is not the node's alone?",
    _CODES,
    "Calico: BGP sessions, next hops and tunnels use the address stored for each node (confd bird.cfg; Felix vxlan_mgr.go)",
    examine,
)
