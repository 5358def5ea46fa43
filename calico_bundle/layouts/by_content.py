"""Folders that no tool made: the content decides what a file is, and the path, as far as it can, whose it is.

The commonest bundle in practice: `node1_ip_a.txt`, `ip-addr-node1.log`, `node1/ip_a`, `nodes/node1/...`, and several
archives in one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import NameHint, components, host_of_folder, left_aside, names_a_host, read_name
from calico_bundle.layouts.node_names import NodeNames, node_names
from calico_bundle.layouts.pod_paths import PodPath, is_pod_name, pod_of

# sos writes ip_netns_exec_NAME_..., in newer versions below networking/namespaces/NAME; people write netns-NAME.
_NETNS_WORD = re.compile(
    r"(?i)(?<![a-z0-9])(?:ip[ _-])?netns[ _.-]+(?:exec[ _.-]+)?(?!list|ls|txt|log|show|identify)[a-z0-9]"
)
_UNDERSCORES = 2
"""In NAMESPACE_POD_UID, and in POD_NAMESPACE_CONTAINER-ID.log."""

_MACHINE_PARENTS = frozenset({"nodes", "node", "hosts", "host", "machines"})


def roots(_paths: Sequence[str]) -> tuple[str, ...]:
    """The folders in which this layout holds: the top, always."""
    return ("",)


def place(path: str, nodes: Sequence[str]) -> Placement:
    """Place one path by its folders and its name.

    >>> placed = place("outputs/ip_route_table_100_worker-1.txt", ["worker-1"])
    >>> placed.node, placed.kind, placed.table
    ('worker-1', 'ip-route', '100')
    """
    *folders, name = components(path) or [""]
    if _other_namespace(folders, name):
        return Placement(skip="another network namespace, not the node's own")
    if aside := left_aside(name):
        return Placement(skip=aside)
    known = node_names(nodes)
    node = _known_node(folders, name, known)
    hint = read_name(known.without(name))
    pod = _pod(folders, name, hint)
    node = node or _candidate(folders, name, hint, pod)
    return Placement(node, hint.kind, hint.table, hint.family, pod.namespace, pod.pod, pod.container)


def _pod(folders: Sequence[str], name: str, hint: NameHint) -> PodPath:
    if hint.machine and hint.kind != "calico-log":
        return PodPath()
    return pod_of(folders, name)


def _other_namespace(folders: Sequence[str], name: str) -> bool:
    if any(_NETNS_WORD.search(part) for part in (*folders, name)):
        return True
    pairs = pairwise(folders)
    return any((above, below) == ("networking", "namespaces") for above, below in pairs) or "netns" in folders


def _known_node(folders: Sequence[str], name: str, known: NodeNames) -> str | None:
    """A node by a folder of its name, else by its name in the file name, else by its name within a folder's."""
    for folder in reversed(folders):
        if node := known.same(folder):
            return node
    if node := known.within(name):
        return node
    return next(filter(None, (known.within(folder) for folder in reversed(folders))), None)


def _candidate(folders: Sequence[str], name: str, hint: NameHint, pod: PodPath) -> str | None:
    """A name for the machine where no known node's stands in the path; whether it is a node's is for the join to find.

    Two machines must never get one name; a machine that gets two is only less well known. So a folder and what else the
    file name says go together: `case/alpha` for `case/ip-a-alpha.txt`.
    """
    for above, below in pairwise(folders):
        if above.lower() in _MACHINE_PARENTS and names_a_host(below):
            return below
    if pod.pod and (machine := _machine_of_logs((*folders, name))):
        return machine
    if not hint.machine or pod.pod:
        return None
    folder = next((h for f in reversed(folders) if not is_pod_name(f) and (h := host_of_folder(f))), None)
    if folder and hint.rest:
        return f"{folder}/{hint.rest}"
    return folder or (hint.rest if names_a_host(hint.rest or "") else None)


def _machine_of_logs(parts: Sequence[str]) -> str | None:
    """The folder that a machine's /var/log/pods or /var/log/containers was copied to, as `kind export logs` does.

    There the kubelet names what is below with underscores, which no name of Kubernetes has.
    """
    for at, (folder, below) in enumerate(pairwise(parts)):
        if folder in ("pods", "containers") and below.count("_") == _UNDERSCORES:
            above = [part for part in parts[:at] if part not in ("var", "log")]
            return host_of_folder(above[-1]) if above else None
    return None


LAYOUT = Layout("by-content", "files recognized by their content", roots, place, rank=99)
