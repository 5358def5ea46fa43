"""Insights archive of OpenShift: `config/node/NODE.json`, `config/pod/NAMESPACE/POD.json`, logs below `conditional/`.

Written from the archive that openshift/insights-operator shows (docs/insights-archive-sample). Of pods it has those of
operators that are in trouble, and it takes Calico's annotations off the nodes: what is not in it may well be there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement

_MARKS = ("config/node/", "config/pod/", "insights-operator/")
_STATES = re.compile(r"cluster-scoped-resources/nmstate\.io/nodenetworkstates/(?P<node>[^/]+)\.json")
_NODE_LOG = re.compile(r"config/node/logs/(?P<node>[^/]+)\.log")
_LOG = re.compile(
    r"conditional/namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/containers/(?P<container>[^/]+)/logs/[^/]+"
)
_POD_LOG = re.compile(r"config/pod/(?P<namespace>[^/]+)/(?:logs/)?(?P<pod>[^/]+)/[^/]+\.log")
_TOPS = frozenset({
    "aggregated", "cluster-scoped-resources", "conditional", "config", "events", "insights-operator", "namespaces",
})  # fmt: skip


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format: where two of `config/node/`, `config/pod/`, `insights-operator/` lie together."""
    marks: dict[str, set[str]] = {}
    for path in paths:
        for mark in _MARKS:
            at = path.find(mark)
            if at == 0 or (at > 0 and path[at - 1] == "/"):
                marks.setdefault(path[:at], set()).add(mark)
    return tuple(sorted(top for top, found in marks.items() if len(found) > 1))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root of the format.

    >>> place("cluster-scoped-resources/nmstate.io/nodenetworkstates/worker-1.json", []).node
    'worker-1'
    """
    if found := _STATES.fullmatch(path) or _NODE_LOG.fullmatch(path):
        return Placement(found["node"])
    if found := _LOG.fullmatch(path):
        return Placement(namespace=found["namespace"], pod=found["pod"], container=found["container"])
    if found := _POD_LOG.fullmatch(path):
        return Placement(namespace=found["namespace"], pod=found["pod"])
    top, below, _ = path.partition("/")
    return Placement() if below and top in _TOPS else None


_PARTS = ("config/node/", "config/pod/", "insights-operator/")
LAYOUT = Layout("insights", "OpenShift Insights archive", roots, place, rank=30, parts=_PARTS)
