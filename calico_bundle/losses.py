"""Lost ways that no node's address explains, sorted by what is behind them: session, next hop, overlap, route, or a filter.

The order of blame: an address at fault explains every loss at its node (CB101, CB102, CB103). Of the rest, a drop by a
check of the receiver is a case of its own; so is a card in whose network the pod's address lies, which takes the packet
before any route of Calico's. A session that is down explains a missing route, an established session with a bad next hop
is another case, and so is a tunnel to an address of Calico's where nobody is; what is left is a missing route.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from calico_bundle.addresses import AddressStatus
from calico_bundle.calico.bgp import Session, SessionState, recovering
from calico_bundle.evidence import Evidence
from calico_bundle.facts import AddressFact
from calico_bundle.findings import ERROR, CheckInfo, Context, Finding, Fix
from calico_bundle.impact import Blame, failing_groups, hit_by, lost_pairs, node_names, pod_names
from calico_bundle.names import CLUSTER_SUBJECT, node_subject
from calico_bundle.network.outcome import Cause, Walk, Why
from calico_bundle.paths import DnsPaths, Fate

SESSION, NEXT_HOP, ROUTE, FILTER, OVERLAP = "CB201", "CB202", "CB203", "CB204", "CB205"
_AT_FAULT = frozenset({AddressStatus.WRONG, AddressStatus.DUPLICATE, AddressStatus.NOT_ON_NODE})
_ROUTE_GONE = frozenset({Why.NO_ROUTE, Why.ROUTER_HAS_NO_POD_ROUTE, Why.DROPPING_ROUTE})
_NEXT_HOP_BAD = frozenset(
    {Why.ROUTER_HAS_NO_POD_ROUTE, Why.DROPPING_ROUTE, Why.NEXT_HOP_SILENT, Why.NETWORKS_NOT_JOINED}
)
_NOBODY_THERE = frozenset({Why.NEXT_HOP_SILENT, Why.NETWORKS_NOT_JOINED})
FAR_END = "far-end"
"""The key of the sentence about losses of a far end."""
_OF_OTHER_CHECKS = frozenset({
    Why.POLICY_DENIES, Why.SERVICE_RULES_STALE, Why.SERVICE_LEADS_NOWHERE, Why.FIREWALL_DROPS,
})  # fmt: skip
_FILTERED = frozenset({Why.REVERSE_PATH_FILTER, Why.TUNNEL_SOURCE_REFUSED})


@dataclass(frozen=True, slots=True)
class Loss:
    """One way that is lost between two nodes (or inside one), and the code of the check that it belongs to."""

    code: str
    source: str
    target: str | None
    cause: Cause
    evidence: tuple[Evidence, ...] = ()
    """What shows the code to be right, beside the cause's own lines: the session, the card, BIRD's state."""
    far_end: str | None = None
    """The node whose Calico address a tunnel leads to, where packets do not get to it."""

    @property
    def at(self) -> str:
        """The node to look at: where the packet is lost, else the one that sent it."""
        return self.cause.node or self.source


def unexplained(context: Context) -> tuple[Loss, ...]:
    """Every lost way of a failing path that is not laid at a node's address, once per pair of nodes and cause."""
    at_fault = {name for name, verdict in context.addresses.items() if verdict.status in _AT_FAULT}
    found: dict[object, Loss] = {}
    for fate in _lost_ways(context.paths, Blame(context.cluster, at_fault)):
        if fate.cause and fate.cause.why not in _OF_OTHER_CHECKS:
            loss = _sorted_out(context, fate.source_node, fate.endpoint_node, fate.cause)
            loss = _at_far_end(context, loss, fate)
            found.setdefault((loss.code, loss.source, loss.target, loss.cause.why, loss.cause.node), loss)
    return tuple(found.values())


def _lost_ways(paths: DnsPaths, blame: Blame) -> Iterator[Fate]:
    for group in failing_groups(paths):
        if not all(map(blame.lies_with, lost_pairs(group))):
            yield from (f for f in group.lost_fates if not blame.lies_with((f.source_node, f.endpoint_node)))


def _sorted_out(context: Context, source: str, target: str | None, cause: Cause) -> Loss:
    if cause.why in _FILTERED:
        return Loss(FILTER, source, target, cause)
    card = _card_in_the_way(context, cause)
    if card is not None:
        return Loss(OVERLAP, source, target, cause, (card.evidence,))
    session = _session(context, source, target)
    right = all(_is_right(context, name) for name in (source, target) if name)
    if session.state is SessionState.DOWN and cause.why in _ROUTE_GONE and right:
        return Loss(SESSION, source, target, cause, session.evidence)
    if session.state is SessionState.UP and cause.why in _NEXT_HOP_BAD:
        return Loss(NEXT_HOP, source, target, cause, session.evidence)
    node = context.cluster.nodes.get(cause.node or "")
    held = recovering(node) if node else None
    return Loss(ROUTE, source, target, cause, (held,) if held else ())


def _at_far_end(context: Context, loss: Loss, fate: Fate) -> Loss:
    """No route is missing where it leads into a tunnel, and the tunnel to an address of Calico's where nobody is."""
    walks = (fate.request, fate.reply)
    if loss.code != ROUTE or loss.cause.why not in _NOBODY_THERE or not any(map(_tunneled, walks)):
        return loss
    ends = (context.cluster.nodes.get(name or "") for name in (loss.source, loss.target))
    held = (node.name for node in ends if node and node.bgp_address and node.bgp_address.ip == loss.cause.toward)
    far_end = next(held, None)
    return replace(loss, code=NEXT_HOP, far_end=far_end) if far_end else loss


def _tunneled(walk: Walk | None) -> bool:
    return walk is not None and any(hop.does == "encapsulates" for hop in walk.hops)


def _card_in_the_way(context: Context, cause: Cause) -> AddressFact | None:
    """A card of the node where the packet is lost whose network takes the pod's address before its block's route."""
    pods = context.paths.forwarding.pods
    if cause.toward is None or cause.why not in _ROUTE_GONE | _NEXT_HOP_BAD or pods.block_of(cause.toward) is None:
        return None
    return next((card for name, card in pods.cards_around(cause.toward) if name == cause.node), None)


def _is_right(context: Context, name: str) -> bool:
    """Whether a node's address is known to be none of the reasons why a session is down."""
    verdict = context.addresses.get(name)
    return verdict is not None and verdict.status in (AddressStatus.OK, AddressStatus.UNINTENDED)


def _session(context: Context, one: str, other: str | None) -> Session:
    """What the cluster shows of the session between two nodes."""
    nodes = context.cluster.nodes
    if other is None or other == one or one not in nodes or other not in nodes:
        return Session(SessionState.NONE)
    return context.paths.forwarding.peerings.session(nodes[one], nodes[other])


def has_losses(context: Context, code: str) -> bool:
    """Whether a check has something to explain, whatever was collected."""
    return any(loss.code == code for loss in unexplained(context))


Mend = Callable[[Context, Sequence[Loss]], tuple[Fix, ...]]
Note = Callable[[Context, Sequence[Loss]], str]


def no_fix(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Nothing to paste: what mends it is not to be told from a bundle."""
    del context, losses
    return ()


def no_note(context: Context, losses: Sequence[Loss]) -> str:
    """Nothing to add to the cause's own text."""
    del context, losses
    return ""


def findings(
    context: Context, info: CheckInfo, message: Mapping[str, str], mend: Mend = no_fix, note: Note = no_note
) -> list[Finding]:
    """One finding per culprit of a code's losses; `message` has a sentence per kind of cause, `""` for the others.

    `note` adds what only the check knows to say of the losses.
    """
    losses = [loss for loss in unexplained(context) if loss.code == info.code]
    grouped: dict[tuple[str | None, bool], list[Loss]] = {}
    for loss in losses:
        grouped.setdefault((_culprit(context, loss, losses), loss.far_end is not None), []).append(loss)
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0] or "", item[0][1]))
    return [
        _told(context, _finding(context, info, node, group, message), mend, note, group) for (node, _), group in ordered
    ]


def _told(context: Context, finding: Finding, mend: Mend, note: Note, losses: Sequence[Loss]) -> Finding:
    added = "; ".join(filter(None, (note(context, losses), _unseen_addresses(context, losses))))
    message = f"{finding.message}; {added}" if added else finding.message
    return replace(finding, message=message, fixes=mend(context, losses))


def _unseen_addresses(context: Context, losses: Sequence[Loss]) -> str:
    """That an address may be behind it after all, where Calico's address of an end was not collected."""
    ends = sorted({name for loss in losses for name in (loss.source, loss.target) if name})
    nodes = context.cluster.nodes
    unseen = [name for name in ends if name in nodes and nodes[name].is_unseen("bgp_ipv4")]
    if not unseen:
        return ""
    named = ", ".join(unseen[:3]) + (" and others" if unseen[3:] else "")
    return f"Calico's address of {named} is not in the bundle, and may be what is wrong: `kubectl get nodes -o yaml` shows it"


def _culprit(context: Context, loss: Loss, losses: Sequence[Loss]) -> str | None:
    """The node where the loss lies; None where two nodes disagree and nothing tells which of them is at fault.

    A route that is not there and a drop on arrival lie on one node. A session has two ends: one of them is at fault
    only when it is down to several peers that get along with each other.
    """
    if loss.far_end:
        return loss.far_end
    if loss.code in (ROUTE, FILTER, OVERLAP):
        return loss.at
    counts = Counter(n for other in losses for n in (other.source, other.target) if n)
    node, count = counts.most_common(1)[0]
    peers = sorted({n for other in losses for n in (other.source, other.target) if n} - {node})
    if count < 2 or node not in (loss.source, loss.target):
        return None
    return node if _get_along(context, peers) else None


def _get_along(context: Context, names: Sequence[str]) -> bool:
    sessions = [_session(context, one, other) for one, other in combinations(names, 2)]
    return bool(sessions) and all(s.state is SessionState.UP for s in sessions)


def _finding(
    context: Context, info: CheckInfo, node: str | None, losses: Sequence[Loss], message: Mapping[str, str]
) -> Finding:
    first = losses[0]
    ends = sorted({n for loss in losses for n in (loss.source, loss.target) if n})
    one = node or ends[0]
    others = ", ".join(n for n in ends[:6] if n != one) or one
    said = message.get(FAR_END if first.far_end else first.cause.why, message[""]).format(node=one, others=others)
    pairs = frozenset((loss.source, loss.target) for loss in losses)
    hit = hit_by(pairs, context.paths)
    return Finding(
        info.code,
        info.name,
        ERROR,
        node_subject(node) if node else CLUSTER_SUBJECT,
        f"{said}: {first.cause.text}",
        _evidence(losses),
        paths=sum(len(group.pods) for group in hit),
        pods=pod_names(context.paths, hit),
        nodes=node_names(hit),
        pairs=pairs,
    )


def _evidence(losses: Sequence[Loss]) -> tuple[Evidence, ...]:
    lines = [e for loss in losses[:5] for e in loss.evidence + loss.cause.evidence]
    return tuple(dict.fromkeys(lines))
