"""Harvester's and Longhorn's support bundles (rancher/support-bundle-kit): `yamls/`, `logs/` and an archive per node.

Written from its source (rancher/support-bundle-kit 1efdd22) and its sample bundle of 2022. Only a node's nested
supportconfig, where there is one, holds addresses and routes; its own layout is asked first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import read_name

_MARK = "yamls/cluster/"
_NODE = re.compile(r"nodes/(?P<node>[^/]+?)(?:\.zip!)?/")
_LOG = re.compile(r"logs/(?P<ns>[^/]+)/(?P<pod>[^/]+)/(?P<container>[^/]+?)\.log(?:\.\d+)?")


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders that hold `yamls/cluster/`, and `yamls/namespaced/` or `metadata.yaml` beside it.

    >>> roots(["supportbundle_x/yamls/cluster/v1/nodes.yaml", "supportbundle_x/metadata.yaml"])
    ('supportbundle_x/',)
    """
    found = {path[: path.index(_MARK)] for path in paths if _MARK in path}
    others = {path[: -len("metadata.yaml")] for path in paths if path.endswith("metadata.yaml")} if found else set()
    others |= {path[: path.index("yamls/namespaced/")] for path in paths if "yamls/namespaced/" in path}
    return tuple(sorted(root for root in found & others if root == "" or root.endswith("/")))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root.

    >>> place("nodes/node1.zip!/node1/logs/kernel.log", []).node
    'node1'
    >>> place("logs/kube-system/rke2-canal-x7k2p/calico-node.log.1", []).pod
    'rke2-canal-x7k2p'
    """
    if path.startswith("yamls/") or path in {"metadata.yaml", "bundleGenerationError.log"}:
        return Placement()
    if found := _LOG.fullmatch(path):
        return Placement(namespace=found["ns"], pod=found["pod"], container=found["container"])
    if found := _NODE.match(path):
        hint = read_name(path.rpartition("/")[2])
        return Placement(found["node"], hint.kind, hint.table, hint.family)
    return None


_PARTS = ("yamls/cluster/", "yamls/namespaced/", "metadata.yaml")
LAYOUT = Layout("support-bundle-kit", "Harvester or Longhorn support bundle", roots, place, rank=30, parts=_PARTS)
