"""troubleshoot.sh (`kubectl support-bundle`, KOTS, kURL, Embedded Cluster, k0s).

Written from the producer's source (replicatedhq/troubleshoot 5bf008f) and from real bundles of 2022 to 2025.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import read_name, stem
from calico_bundle.layouts.node_names import NodeNames, node_names
from calico_bundle.layouts.pod_paths import is_pod_name

_MARKS = ("cluster-resources", "host-collectors")
_SMALL_MARKS = ("version.yaml", "analysis.json", "execution-data", "collector-errors")
_MARK = re.compile(rf"(^|.*?/)(?:{'|'.join(_MARKS)})/")
_SMALL_MARK = re.compile(rf"(^|.*?/)({'|'.join(map(re.escape, _SMALL_MARKS))})(?:/|$)")
_CUSTOM = "cluster-resources/custom-resources/"
_ERRORS = "errors of the collector: what it names was not collected"
_WHOLE_CLUSTER = frozenset(
    {"analysis.json", "cluster-info", "cluster-resources", "execution-data", "goldpinger", "dns", "version.yaml"}
)
_GROUPS = frozenset({"run-host", "system", "journald"})
"""Folders of host collectors of which there is one per machine; a copy's has the name that somebody gave it."""
_LOG_END = re.compile(r"(?P<container>.+?)(?P<previous>-previous)?\.log")


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format.

    A producer before 2023 wrote custom resources as YAML only. There the YAML is no copy of a JSON file, and its folder
    becomes a root of its own, below which nothing is taken for a copy.
    """
    tops = {found[1] for path in paths if _has_any(path, _MARKS) and (found := _MARK.match(path))}
    small: dict[str, set[str]] = {}
    for path in paths:
        if _has_any(path, _SMALL_MARKS) and (found := _SMALL_MARK.match(path)):
            small.setdefault(found[1], set()).add(found[2])
    tops |= {top for top, marks in small.items() if "version.yaml" in marks and len(marks) > 1}
    return tuple(sorted(tops | {top + _CUSTOM for top in tops if _has_yaml_only(top, paths)}))


def _has_any(path: str, marks: Sequence[str]) -> bool:
    """Whether one of the marks can be in a path at all, told much faster than by a pattern."""
    return any(mark in path for mark in marks)


def _has_yaml_only(top: str, paths: Sequence[str]) -> bool:
    endings = {path.rsplit(".", 1)[-1] for path in paths if path.startswith(top + _CUSTOM)}
    return "yaml" in endings and "json" not in endings


def place(path: str, nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root of the format; None for a file of a collector that this layout does not know.

    >>> place("cluster-resources/pods/logs/kube-system/calico-node-x7k2p/calico-node-previous.log", []).container
    'calico-node'
    >>> place("ip-commands/worker-1.log", ["worker-1"]).node
    'worker-1'
    """
    parts = path.split("/")
    if _is_error_file(parts):
        return Placement(skip=_ERRORS)
    if len(parts) <= 2 and "." in parts[0] and path.endswith(".yaml"):
        return Placement()  # below custom-resources/ as a root
    if path.startswith(_CUSTOM) and path.endswith((".yaml", ".yml")):
        return Placement(skip="the same objects as the .json beside it")
    if path.startswith("cluster-resources/pods/logs/"):
        return _pod_log(parts[3:])
    if parts[0] in {"secrets", "configmaps"}:
        return Placement(skip="one value of a secret or a config map, not the object")
    if parts[0] in _WHOLE_CLUSTER:
        return Placement()
    if parts[0] == "host-collectors":
        return _host_collector(parts, node_names(nodes))
    return _collector(parts, nodes)


def _is_error_file(parts: Sequence[str]) -> bool:
    """Files that say what could not be collected.

    `statefulsets-errors.json` may be a folder of lists of objects (a producer of 2025): those are read.
    """
    name = parts[-1]
    return (
        parts[0] == "collector-errors"
        or parts[:2] == ["host-collectors", "errors"]
        or parts[0].endswith("-errors")
        or (name == "errors.json" and len(parts) == 2)
        or name.endswith(("-errors.json", "-logs-errors.log"))
        or (name in {"error.txt", "stderr.txt"} and len(parts) > 2)
    )


def _pod_log(below: Sequence[str]) -> Placement:
    """NAMESPACE/POD/CONTAINER.log, or CONTAINER-previous.log."""
    if len(below) != 3:
        return Placement()
    namespace, pod, name = below
    found = _LOG_END.fullmatch(name)
    return Placement(namespace=namespace, pod=pod, container=found["container"] if found else None)


def _command_side_file(name: str) -> str | None:
    """Why a file beside a command's output is not output."""
    if name.endswith("-info.json"):
        return "how the command was run; its output is the .txt beside it"
    return "standard error of the command" if name.endswith("-stderr.txt") else None


def _host_collector(parts: Sequence[str], known: NodeNames) -> Placement:
    """Outputs of the machine on which the command ran, or, in pods on every node, of the node that the path names.

    The writer in the producer's source puts the node second, its reader third.
    """
    node = next((n for part in parts[1:-1][:2] if (n := known.same(part))), None) or _unknown_node(parts)
    if why := _command_side_file(parts[-1]):
        return Placement(node, skip=why)
    hint = read_name(parts[-1])
    # Without a name in the path all of them are of the one machine on which the command ran. A folder below run-host/
    # is a node, or what one command left in files: no other machine's, either way.
    group = None if node else "/".join(parts[: 3 if len(parts) > 3 and parts[1] == "run-host" else 1])
    return Placement(node, hint.kind, hint.table, hint.family, group=group)


def _unknown_node(parts: Sequence[str]) -> str | None:
    """A name in the place of a node, of which no Node object is in the bundle (`system/node_list.json` may list it)."""
    if len(parts) > 3 and parts[2] in _GROUPS and parts[1] not in _GROUPS:
        return parts[1]
    return parts[2] if len(parts) == 4 and parts[1] == "system" else None


def _collector(parts: Sequence[str], nodes: Sequence[str]) -> Placement | None:
    """A collector that the author of the bundle's specification named."""
    known, name = node_names(nodes), parts[-1]
    if len(parts) == 2 and parts[0] in {"sysctl", "node-metrics"}:
        return Placement(stem(name), "sysctl" if parts[0] == "sysctl" else None)
    if len(parts) >= 4 and name.endswith(("-stdout.txt", "-stderr.txt")):
        hint = read_name(name.removesuffix("-stdout.txt"))
        skip = _command_side_file(name)
        return Placement(None, hint.kind, hint.table, hint.family, parts[-3], parts[-2], skip=skip)
    if len(parts) == 2 and name.endswith(".log"):
        return _daemonset_or_pod(parts[0], name.removesuffix(".log"), nodes)
    if len(parts) == 3 and is_pod_name(parts[1]) and (found := _LOG_END.fullmatch(name)):
        return Placement(pod=parts[1], container=found["container"])
    node = known.same(parts[1]) if len(parts) > 2 else None
    return Placement(node) if node else None


def _daemonset_or_pod(collector: str, name: str, nodes: Sequence[str]) -> Placement:
    """NAME/NODE.log: a node's output of a command run on all. NAME/POD.log: a pod's log. NAME/NAME.log: a run pod's."""
    if pod := name.removeprefix("unknown-node-") if name.startswith("unknown-node-") else None:
        return Placement(pod=pod)
    if node := node_names(nodes).same(name):
        return Placement(node)
    if name == collector or is_pod_name(name.removesuffix("-previous")):
        return Placement(pod=None if name == collector else name.removesuffix("-previous"))
    # Without Kubernetes' own list the name is all there is.
    return Placement(None if nodes else name)


_PARTS = ("cluster-resources/", "host-collectors/", "version.yaml", "execution-data/")
LAYOUT = Layout("troubleshoot", "troubleshoot.sh support bundle", roots, place, rank=20, parts=_PARTS)
