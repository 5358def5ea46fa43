"""Whether what was given is more than one collection: one cluster before and after, or two clusters.

Objects of one and records of another make a cluster that there never was, in which nobody is to be blamed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from itertools import combinations

from calico_bundle import facts as f
from calico_bundle.facts.shown import contradicts, unshown

_ONE_AT_A_TIME = "give them one at a time"
_SEVERAL = 2


def mixture_of(stated: Iterable[f.NodeFact], used: Mapping[str, f.NodeFact]) -> str | None:
    """What shows that these Node objects are of several collections; None where nothing does.

    `used` are the ones taken for the cluster, by name.

    >>> mixture_of((), {}) is None
    True
    """
    return _two_times(stated, used) or _two_clusters(used.values())


def _two_times(stated: Iterable[f.NodeFact], used: Mapping[str, f.NodeFact]) -> str | None:
    """Two objects of one Node with other addresses. A table may be old, and counts for less than an object anyway."""
    for node in stated:
        first = used[node.name]
        if unshown(node) == unshown(first) and contradicts(node, first):
            return (
                f"these look like two collections of one cluster: Node {node.name} has other addresses in "
                f"{node.evidence.path} than in {first.evidence.path}; {_ONE_AT_A_TIME}"
            )
    return None


def _two_clusters(nodes: Iterable[f.NodeFact]) -> str | None:
    """Several InternalIPs that are each of two Nodes, the Nodes of either side in a folder of their own.

    One alone shows nothing: behind NAT every machine may be 10.0.2.15. Nor do Nodes of one list: they are one cluster's.
    """
    holders: dict[f.Address, list[f.NodeFact]] = {}
    for node in nodes:
        for ip in node.internal_ips:
            holders.setdefault(ip, []).append(node)
    pairs: dict[tuple[str, str], list[tuple[f.Address, f.NodeFact, f.NodeFact]]] = {}
    for ip, sharing in holders.items():
        by_folder = {_folder(node): node for node in sorted(sharing, key=lambda node: node.name)}
        for first, second in combinations(sorted(by_folder), _SEVERAL):
            pairs.setdefault((first, second), []).append((ip, by_folder[first], by_folder[second]))
    found = max(pairs.values(), key=len, default=[])
    if len(found) < _SEVERAL:
        return None
    ip, one, other = found[0]
    return (
        f"these look like two clusters: {len(found)} InternalIPs are each of two Nodes, such as {ip} of {one.name} "
        f"({one.evidence.path}) and of {other.name} ({other.evidence.path}); {_ONE_AT_A_TIME}"
    )


def _folder(node: f.NodeFact) -> str:
    return posixpath.dirname(node.evidence.path)
