"""`kubectl cluster-info dump --output-directory=D`: `nodes.json`, `NAMESPACE/pods.json`, `NAMESPACE/POD/logs.txt`.

Written from the producer's source (kubernetes/kubernetes clusterinfo_dump.go 04791b4) and from a real dump of 2017.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement

# By the output format: JSON, YAML, and .txt for every other.
_LIST = re.compile(
    r"(?P<namespace>[^/]+)/"
    r"(?P<resource>events|replication-controllers|services|daemonsets|deployments|replicasets|pods)\.(?:json|yaml|txt)"
)
_NODES = ("nodes.json", "nodes.yaml", "nodes.txt")
_LOGS = "/logs.txt"
_MARKS = ("/replication-controllers.", "/pods.", "nodes.", _LOGS)


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format: where a namespace's files are of its kinds, two of its marks agreeing.

    `replication-controllers` beside `pods` is of no other format; without the former (removed by hand), the list of nodes
    and a pod's `logs.txt` tell.
    """
    marks: dict[str, set[str]] = {}
    for path in paths:
        if any(mark in path for mark in _MARKS):
            for top, mark in _marks_of(path):
                marks.setdefault(top, set()).add(mark)
    return tuple(sorted(top for top, found in marks.items() if _is_root(found)))


def _marks_of(path: str) -> tuple[tuple[str, str], ...]:
    """Tops of which a path can be a mark, each with the mark."""
    *above, name = path.split("/")
    if name in _NODES:
        return ((_folder(above), "nodes"),)
    if path.endswith(_LOGS) and len(above) >= 2:
        return ((_folder(above[:-2]), "logs"),)
    found = _LIST.fullmatch("/".join((*above[-1:], name)))
    return ((_folder(above[:-1]), found["resource"]),) if found else ()


def _folder(parts: Sequence[str]) -> str:
    return "".join(f"{part}/" for part in parts)


def _is_root(marks: set[str]) -> bool:
    return "pods" in marks and ("replication-controllers" in marks or {"nodes", "logs"} <= marks)


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root of the format.

    >>> place("calico-system/calico-node-x7k2p/logs.txt", []).pod
    'calico-node-x7k2p'
    """
    if path in _NODES or _LIST.fullmatch(path):
        return Placement()
    parts = path.split("/")
    if len(parts) == 3 and parts[2] == "logs.txt":
        return Placement(namespace=parts[0], pod=parts[1])
    return None


_PARTS = ("nodes.json", "kube-system/pods.json", "kube-system/services.json", "logs.txt")
LAYOUT = Layout("cluster-info-dump", "kubectl cluster-info dump", roots, place, rank=40, parts=_PARTS)
