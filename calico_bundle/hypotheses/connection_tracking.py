"""A node's table of tracked connections is full, so that its kernel drops what would open another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

_COUNT = "net.netfilter.nf_conntrack_count"
_MOST = ("net.netfilter.nf_conntrack_max", "net.nf_conntrack_max")
_FULL, _ROOMY = 0.95, 0.5
"""Shares of the table: from the first on it is as good as full; below the second it was not full shortly before either.

In between it may have been full at another time, which the kernel's log alone tells.
"""
_WORDS = Words(
    "no node's table of connections was half full when it was collected",
    "how full the table of tracked connections was",
    (
        "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",
        'dmesg | grep "nf_conntrack: table full"',
    ),
    effect="lookups fail at times, wherever they go, while the table is full",
)


def examine(case: Case) -> Answer | None:
    """Ruled out by the kernel's own count on every node."""
    return from_nodes(case, _WORDS, _shown)


def _shown(node: ClusterNode) -> Shown:
    from calico_bundle.numbers import whole_number

    settings = node.sysctls or {}
    held, most = settings.get(_COUNT), next((settings[key] for key in _MOST if key in settings), None)
    count, limit = (whole_number(fact.value) if fact else None for fact in (held, most))
    if held is None or most is None or count is None or not limit:
        return Shown(node.name)
    if count >= _FULL * limit:
        return Shown(
            node.name, f"{node.name} tracks {count:,} of at most {limit:,} connections", (held.evidence, most.evidence)
        )
    return Shown(node.name, evidence=(held.evidence, most.evidence) if count < _ROOMY * limit else ())


HYPOTHESIS = Hypothesis(
    "connection-tracking",
    "Is the table of tracked connections full on a node?",
    (),
    "Linux nf_conntrack_core.c: above nf_conntrack_max new connections are dropped (`nf_conntrack: table full`)",
    examine,
)
