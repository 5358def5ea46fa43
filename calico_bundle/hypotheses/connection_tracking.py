"""A node's table of tracked connections is full, so that its kernel drops what would open another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

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
    from calico_bundle.network.settings import tracked_connections

    tracked = filter(None, map(tracked_connections, case.context.cluster.nodes.values()))
    # Paths by way of a table that is full are left open themselves.
    judged = any(one.count >= one.limit for one in tracked)
    return from_nodes(case, replace(_WORDS, effect="") if judged else _WORDS, _shown)


def _shown(node: ClusterNode) -> Shown:
    from calico_bundle.network.settings import tracked_connections

    tracked = tracked_connections(node)
    if tracked is None:
        return Shown(node.name)
    if tracked.count >= _FULL * tracked.limit:
        sign = f"{node.name} tracks {tracked.count:,} of at most {tracked.limit:,} connections"
        return Shown(node.name, sign, tracked.evidence)
    return Shown(node.name, evidence=tracked.evidence if tracked.count < _ROOMY * tracked.limit else ())


HYPOTHESIS = Hypothesis(
    "connection-tracking",
    "Is the table of tracked connections full on a node?",
    (),
    "Linux nf_conntrack_core.c: above nf_conntrack_max new connections are dropped (`nf_conntrack: table full`)",
    examine,
)
