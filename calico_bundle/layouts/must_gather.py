"""OpenShift must-gather and `oc adm inspect`: `cluster-scoped-resources/GROUP/...`, `namespaces/NAMESPACE/...`.

Written from the sources of openshift/must-gather (16ac27e), of `oc adm inspect`, and from the fixtures of omc (gmeghnag/omc
fa18a99) and must-gather-explorer. Objects are found by their content; a pod's object lies in a file of its own and in
its namespace's list, and counts once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement

_SCOPED = "cluster-scoped-resources/"
_NAMESPACES = "namespaces/"
# `namespaces/` alone is anybody's (sos has networking/namespaces/): what inspect keeps below it tells.
_OF_NAMESPACE = re.compile(
    r"(?P<namespace>[^/]+)/(?:(?P=namespace)\.yaml\Z|pods/[^/]+/[^/]|(?:core|apps|batch|autoscaling|policy)/[^/]+\.yaml\Z)"
)
_STATES = re.compile(r"cluster-scoped-resources/nmstate\.io/nodenetworkstates/(?P<node>[^/]+)\.(?:yaml|json)")
# POD/CONTAINER/CONTAINER/logs/current.log, and what the kubelet rotated, which may be compressed.
_LOG = re.compile(
    r"namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/(?P<container>[^/]+)/[^/]+/logs/(?:rotated/)?[^/!]+(?:!/[^/]+)?"
)
_OF_NODE = re.compile(r"nodes/(?P<node>[^/]+)/.+")
_BESIDE = frozenset({
    "timestamp", "version", "event-filter.html", "must-gather.log", "must-gather.logs",
})  # fmt: skip


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format, at any depth and as many as there are: one per image of must-gather, one per inspect."""
    found: set[str] = set()
    for path in paths:
        if _SCOPED in path or _NAMESPACES in path:
            found.update(_top(path))
    return tuple(sorted(found))


def _top(path: str) -> tuple[str, ...]:
    """The folder that a path shows to be a root; the outermost one that does."""
    starts = [at for mark in (_SCOPED, _NAMESPACES) if (at := _at_name(path, mark)) is not None]
    return (path[: min(starts)],) if starts else ()


def _at_name(path: str, mark: str) -> int | None:
    """Where a path has that folder, with something below it that is inspect's."""
    at = path.find(mark)
    while at >= 0:
        is_folder = at == 0 or path[at - 1] == "/"
        if is_folder and (mark == _SCOPED or _OF_NAMESPACE.match(path, at + len(mark))):
            return at
        at = path.find(mark, at + 1)
    return None


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root of the format.

    >>> place("namespaces/calico-system/pods/calico-node-x7k2p/calico-node/calico-node/logs/previous.log", []).pod
    'calico-node-x7k2p'
    >>> place("cluster-scoped-resources/nmstate.io/nodenetworkstates/worker-1.yaml", []).node
    'worker-1'
    """
    if path.startswith(_SCOPED):
        found = _STATES.fullmatch(path)
        return Placement(found["node"]) if found else Placement()
    if path.startswith(_NAMESPACES):
        log = _LOG.fullmatch(path)
        return Placement(namespace=log["namespace"], pod=log["pod"], container=log["container"]) if log else Placement()
    if found := _OF_NODE.fullmatch(path):
        return Placement(found["node"])
    return Placement() if path in _BESIDE else None


_PARTS = ("cluster-scoped-resources/", "namespaces/", "event-filter.html")
LAYOUT = Layout("must-gather", "OpenShift must-gather or oc adm inspect", roots, place, rank=35, parts=_PARTS)
