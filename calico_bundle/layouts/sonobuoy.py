"""sonobuoy: `meta/`, `podlogs/NAMESPACE/POD/logs/CONTAINER.txt`, `hosts/NODE/`, `resources/`, `plugins/`.

Written from the producer's source (vmware-tanzu/sonobuoy 3075601, pkg/discovery) and a real archive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import stem

_MARK = re.compile(
    r"(^|.*?/)(?:meta/(?:config\.json|run\.log|query-time\.json)|podlogs/|resources/(?:ns|cluster)/|hosts/)"
)
_META = ("meta/config.json", "meta/run.log", "meta/query-time.json")
_OTHERS = ("podlogs/", "resources/", "hosts/")


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format: with its `meta/`, and with objects, hosts or logs beside that."""
    meta: set[str] = set()
    others: set[str] = set()
    for path in paths:
        is_meta = path.endswith(_META)
        if (is_meta or any(mark in path for mark in _OTHERS)) and (found := _MARK.match(path)):
            (meta if path.startswith("meta/", found.end(1)) else others).add(found[1])
    return tuple(sorted(meta & others))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root.

    >>> place("podlogs/kube-system/calico-node-x7k2p/logs/calico-node.txt", []).pod
    'calico-node-x7k2p'
    >>> place("plugins/systemd-logs/results/worker-1/systemd_logs", []).node
    'worker-1'
    """
    parts = path.split("/")
    if parts[0] == "podlogs" and len(parts) == 5:
        return Placement(namespace=parts[1], pod=parts[2], container=stem(parts[4]))
    if parts[0] == "hosts" and len(parts) > 2:
        return Placement(parts[1])
    if parts[0] == "plugins" and parts[2:3] == ["results"] and len(parts) > 4:
        return Placement(None if parts[3] == "global" else parts[3])
    return Placement() if parts[0] in ("meta", "resources", "plugins", "serverversion.json") else None


_PARTS = ("meta/config.json", "plugins/", "podlogs/")
LAYOUT = Layout("sonobuoy", "sonobuoy", roots, place, rank=30, parts=_PARTS)
