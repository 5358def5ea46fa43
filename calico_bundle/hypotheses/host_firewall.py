"""A node's own firewall drops lookups or their answers: the filter table of iptables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, Words, left_over, lines, named, unlisted, unseen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.evidence import Evidence
    from calico_bundle.paths.hindrances import Hindrance

_WORDS = Words("", "the filter table (iptables)", ("iptables-save -c", "nft list ruleset"))
_ANOTHER = "nftables' own tables, as firewalld's, are not shown by iptables-save"
_NFTABLES = "nftables"
_MOST_SAID = 3


def examine(case: Case) -> Answer | None:
    """Supported by rules that surely drop lookups; ruled out where every node's rules were listed, and none may."""
    from calico_bundle.network.outcome import Outcome, Why

    if left_over(case):
        return None
    found = list(case.context.paths.hindered_by(Why.FIREWALL_DROPS))
    sure = [(group, one) for group, one in found if one.outcome is Outcome.LOST]
    if sure:
        pods = sum(len(group.pods) for group in dict.fromkeys(group for group, _ in sure))
        text, quoted = _said([one for _, one in sure])
        return Answer(Status.SUPPORTED, f"{text}. It concerns lookups of {pods:,} pods", quoted)
    if found:
        text, quoted = _said([one for _, one in found])
        wanted = [one.cause.settle for _, one in found if one.cause.settle]
        return Answer(Status.NOT_CHECKABLE, text, quoted, lines(case, dict.fromkeys(wanted)))
    return _none_found(case)


def _none_found(case: Case) -> Answer:
    nodes = list(case.context.cluster.nodes.values())
    lacking = [*case.context.paths.firewalls.unread, *unlisted(case)]
    if lacking or not nodes:
        return unseen(case, _WORDS, lacking)
    heads = tuple(table.evidence for node in nodes for table in node.filter_tables or ())[:MOST_QUOTED]
    half = [node.name for node in nodes if not any(t.backend == _NFTABLES for t in node.filter_tables or ())]
    if not half:
        return Answer(Status.RULED_OUT, "no rule of a node's own firewall is for lookups or their answers", heads)
    text = f"the filter tables of iptables let lookups and their answers through; {_ANOTHER}: open for {named(half)}"
    collect = unseen(case, Words("", "", ("nft list ruleset",)), half).collect
    return Answer(Status.NOT_CHECKABLE, text, heads, collect)


def _said(found: Sequence[Hindrance]) -> tuple[str, tuple[Evidence, ...]]:
    texts = list(dict.fromkeys(one.cause.text for one in found))
    more = f"; and {len(texts) - _MOST_SAID:,} rules more" if len(texts) > _MOST_SAID else ""
    quoted = dict.fromkeys(line for one in found for line in one.cause.evidence)
    return "; ".join(texts[:_MOST_SAID]) + more, tuple(quoted)[:MOST_QUOTED]


HYPOTHESIS = Hypothesis(
    "host-firewall",
    "Does a node's own firewall drop lookups or their answers?",
    (),
    "iptables(8), iptables-extensions(8); Netfilter's hooks; felix rules/static.go (cali-FORWARD)",
    examine,
)
