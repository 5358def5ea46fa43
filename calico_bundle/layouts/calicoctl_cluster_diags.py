"""`calicoctl cluster diags`: one folder `calico-diagnostics-STAMP` with `cluster/`, `nodes/NODE/`, `links/`, `tls/`.

Written from calicoctl's source (projectcalico/calico 87c1590).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from sys import intern

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.node_names import node_names

_STAMPED = re.compile(r"(?:^|.*?/)calico-diagnostics-\d{8}_\d{6}/")
_CLUSTER = re.compile(r"(^|.*?/)cluster/(?:kubernetes/|crd/|version\.yaml$)")
_NODES = re.compile(r"(^|.*?/)nodes/[^/]*/ip-route\.txt$")
# A name of its own: the routes of `ip route show table all` hold both families; `ip rule` alone is IPv4.
_NODE_FILES: dict[str, Placement] = {
    "ip-addr.txt": Placement(kind="ip-addr"),
    "ip-link.txt": Placement(),
    "ip-route.txt": Placement(kind="ip-route"),
    "ip-route-v6.txt": Placement(kind="ip-route", family=6),
    "ip-rule.txt": Placement(kind="ip-rule", family=4),
    "ip-neigh.txt": Placement(kind="ip-neigh"),
}
_PREVIOUS = re.compile(r"(?P<pod>.+?)\.(?P<container>[a-z0-9-]+)\.previous\.log")


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format: by their stamped name, or where `cluster/kubernetes/` and its like lie together."""
    stamped = {found[0] for path in paths if "calico-diagnostics-" in path and (found := _STAMPED.match(path))}
    by_cluster: dict[str, set[str]] = {}
    for path in paths:
        if "cluster/" in path and (found := _CLUSTER.match(path)):
            by_cluster.setdefault(found[1], set()).add(path[found.end(1) :].split("/")[1])
    with_routes = {found[1] for path in paths if path.endswith("/ip-route.txt") and (found := _NODES.match(path))}
    # A renamed folder: two of its marks must agree, since `cluster/` alone is anybody's.
    marked = {r for r, marks in by_cluster.items() if "kubernetes" in marks and (len(marks) > 1 or r in with_routes)}
    return tuple(sorted(stamped | marked))


def place(path: str, nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root of the format.

    >>> place("nodes/worker-1/ip-route-v6.txt", []).family
    6
    >>> place("nodes/worker-1/calico-system/calico-node-x7k2p.log", []).pod
    'calico-node-x7k2p'
    """
    top, _, rest = path.partition("/")
    if top == "nodes" and rest:
        return _place_of_node(rest.split("/"), nodes)
    if top == "cluster" and rest:
        if path.endswith(".txt"):
            return Placement(skip="the same objects as the .yaml beside it, as a table")
        return Placement()
    if top == "links":
        return Placement(skip="a link to a file of nodes/, which is read there")
    if top == "tls":
        return Placement(skip="certificates")
    return Placement() if path == "files_with_unsupported_annotation.txt" else None


def _place_of_node(parts: list[str], nodes: Sequence[str]) -> Placement | None:
    # A pod without a node lies in a folder without a name, which an archive may drop: nodes//NAMESPACE/POD.log.
    if len(parts) >= 3 or not _is_pod_file(parts) or parts[0] in node_names(nodes):
        # One text for all files of a node.
        node, below = intern(parts[0]) or None, parts[1:]
    else:
        node, below = None, parts
    if len(below) == 1:
        hint = _NODE_FILES.get(below[0], Placement())
        return Placement(node, hint.kind, family=hint.family)
    if len(below) == 2 and below[0] != "bpf-maps":
        return _pod_file(node, below[0], below[1])
    return Placement(node) if below else None


def _is_pod_file(parts: Sequence[str]) -> bool:
    """Whether NAME/FILE is a namespace's pod and not a node's own file: only Calico's and Tigera's are walked."""
    return len(parts) == 2 and parts[1].endswith((".log", ".txt")) and ("calico" in parts[0] or "tigera" in parts[0])


def _pod_file(node: str | None, namespace: str, name: str) -> Placement:
    if found := _PREVIOUS.fullmatch(name):
        return Placement(node, namespace=namespace, pod=found["pod"], container=found["container"])
    if name.endswith((".log", ".txt")):
        return Placement(node, namespace=intern(namespace), pod=name[:-4])
    return Placement(node)


_PARTS = ("cluster/kubernetes/", "cluster/crd/", "cluster/version.yaml", "links/")
LAYOUT = Layout("calicoctl-cluster-diags", "calicoctl cluster diags", roots, place, rank=10, parts=_PARTS)
