"""Lost ways that no node's address explains, sorted by what is behind them: session, next hop, route, or a filter.

The order of blame: an address at fault explains every loss at its node (CB101, CB102, CB103). Of the rest, a session
that is down explains a missing route, an established session with a bad next hop is a case of its own, a drop by a
check of the receiver another; what is left is a missing route.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from calico_bundle.addresses import AddressStatus
from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import BGPSessionFact
from calico_bundle.findings import ERROR, CheckInfo, Context, Finding, Fix
from calico_bundle.impact import FAILING, hit_by, is_theirs, node_names, pod_names
from calico_bundle.names import CLUSTER_SUBJECT, node_subject
from calico_bundle.network.outcome import Cause, Outcome, Why
from calico_bundle.paths import DnsPaths, Fate

SESSION, NEXT_HOP, ROUTE, FILTER = "CB201", "CB202", "CB203", "CB204"
_AT_FAULT = frozenset({AddressStatus.WRONG, AddressStatus.DUPLICATE, AddressStatus.NOT_ON_NODE})
_ROUTE_GONE = frozenset({Why.NO_ROUTE, Why.ROUTER_HAS_NO_POD_ROUTE, Why.DROPPING_ROUTE})
_NEXT_HOP_BAD = frozenset(
    {Why.ROUTER_HAS_NO_POD_ROUTE, Why.DROPPING_ROUTE, Why.NEXT_HOP_SILENT, Why.NETWORKS_NOT_JOINED}
)
_FILTERED = frozenset({Why.REVERSE_PATH_FILTER, Why.TUNNEL_SOURCE_REFUSED})


@dataclass(frozen=True, slots=True)
class Loss:
    """One way that is lost between two nodes (or inside one), and the code of the check that it belongs to."""

    code: str
    source: str
    target: str | None
    cause: Cause
    session: BGPSessionFact | None = None


def unexplained(context: Context) -> tuple[Loss, ...]:
    """Every lost way of a failing path that is not laid at a node's address, once per pair of nodes and cause."""
    at_fault = {name for name, verdict in context.addresses.items() if verdict.status in _AT_FAULT}
    found: dict[object, Loss] = {}
    for fate in _lost_ways(context.paths):
        if fate.cause and not is_theirs(context.cluster, fate, at_fault):
            loss = _sorted_out(context, fate.source_node, fate.endpoint_node, fate.cause)
            found.setdefault((loss.code, loss.source, loss.target, loss.cause.why, loss.cause.node), loss)
    return tuple(found.values())


def _lost_ways(paths: DnsPaths) -> Sequence[Fate]:
    fates = {id(f): f for p in paths.pods if p.verdict in FAILING for f in p.fates if f.outcome is Outcome.LOST}
    return tuple(fates.values())


def _sorted_out(context: Context, source: str, target: str | None, cause: Cause) -> Loss:
    nodes = context.cluster.nodes
    session = _session(nodes[source], nodes[target]) if target and target in nodes and target != source else None
    if cause.why in _FILTERED:
        return Loss(FILTER, source, target, cause)
    right = all(_is_right(context, name) for name in (source, target) if name)
    if session is not None and not session.established and cause.why in _ROUTE_GONE and right:
        return Loss(SESSION, source, target, cause, session)
    if session is not None and session.established and cause.why in _NEXT_HOP_BAD:
        return Loss(NEXT_HOP, source, target, cause, session)
    return Loss(ROUTE, source, target, cause)


def _is_right(context: Context, name: str) -> bool:
    """Whether a node's address is known to be none of the reasons why a session is down."""
    verdict = context.addresses.get(name)
    return verdict is not None and verdict.status in (AddressStatus.OK, AddressStatus.UNINTENDED)


def _session(one: ClusterNode, other: ClusterNode) -> BGPSessionFact | None:
    """What either side shows of the session between two nodes."""
    for node, peer in ((one, other), (other, one)):
        address = peer.bgp_address.ip if peer.bgp_address else None
        found = next((s for s in node.sessions or () if s.peer == address), None)
        if found is not None:
            return found
    return None


Mend = Callable[[Context, Sequence[Loss]], tuple[Fix, ...]]


def no_fix(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Nothing to paste: what mends it is not to be told from a bundle."""
    del context, losses
    return ()


def findings(context: Context, info: CheckInfo, message: Mapping[str, str], mend: Mend = no_fix) -> list[Finding]:
    """One finding per culprit of a code's losses; `message` has a sentence per kind of cause, `""` for the others."""
    losses = [loss for loss in unexplained(context) if loss.code == info.code]
    grouped: dict[str | None, list[Loss]] = {}
    for loss in losses:
        grouped.setdefault(_culprit(context, loss, losses), []).append(loss)
    ordered = sorted(grouped.items(), key=lambda item: item[0] or "")
    return [
        replace(_finding(context, info, node, group, message), fixes=mend(context, group)) for node, group in ordered
    ]


def _culprit(context: Context, loss: Loss, losses: Sequence[Loss]) -> str | None:
    """The node where the loss lies; None where two nodes disagree and nothing tells which of them is at fault.

    A route that is not there and a drop on arrival lie on one node. A session has two ends: one of them is at fault
    only when it is down to several peers that get along with each other.
    """
    if loss.code in (ROUTE, FILTER):
        return loss.cause.node or loss.source
    counts = Counter(n for other in losses for n in (other.source, other.target) if n)
    node, count = counts.most_common(1)[0]
    peers = sorted({n for other in losses for n in (other.source, other.target) if n} - {node})
    if count < 2 or node not in (loss.source, loss.target):
        return None
    return node if _get_along(context, peers) else None


def _get_along(context: Context, names: Sequence[str]) -> bool:
    nodes = [context.cluster.nodes[n] for n in names if n in context.cluster.nodes]
    sessions = [_session(one, other) for one, other in combinations(nodes, 2)]
    return bool(sessions) and all(s is not None and s.established for s in sessions)


def _finding(
    context: Context, info: CheckInfo, node: str | None, losses: Sequence[Loss], message: Mapping[str, str]
) -> Finding:
    first = losses[0]
    ends = sorted({n for loss in losses for n in (loss.source, loss.target) if n})
    one = node or ends[0]
    others = ", ".join(n for n in ends[:6] if n != one) or one
    said = message.get(first.cause.why, message[""]).format(node=one, others=others)
    pairs = frozenset((loss.source, loss.target) for loss in losses)
    paths = hit_by(pairs, context.paths)
    return Finding(
        info.code,
        info.name,
        ERROR,
        node_subject(node) if node else CLUSTER_SUBJECT,
        f"{said}: {first.cause.text}",
        _evidence(losses),
        paths=len(paths),
        pods=pod_names(paths),
        nodes=node_names(paths),
        pairs=pairs,
    )


def _evidence(losses: Sequence[Loss]) -> tuple[Evidence, ...]:
    lines = [e for loss in losses[:5] for e in ((loss.session.evidence,) if loss.session else ()) + loss.cause.evidence]
    return tuple(dict.fromkeys(lines))
