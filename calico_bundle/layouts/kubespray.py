"""kubespray's `collect-info.yaml`: `collect-info/commands/HOST/NAME` and `collect-info/logs/HOST/var/log/...` of all hosts.

Written from the playbook's source (kubernetes-sigs/kubespray 15589dd). A host has the name that the inventory gives it,
which kubespray makes the node's name too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement

_MARK = re.compile(r"(^|.*?/)commands/[^/]+/(?:ip_info|route_info|calico_info)$")
_OF_HOST = {
    "ip_info": Placement(kind="ip-addr", family=4),
    "route_info": Placement(kind="ip-route", family=4, table="main"),
    "calico_info": Placement(kind="calicoctl-node-status"),
}


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders of the format, which the playbook calls `collect-info`."""
    ends = ("/ip_info", "/route_info", "/calico_info")
    return tuple(sorted({found[1] for path in paths if path.endswith(ends) and (found := _MARK.match(path))}))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root.

    >>> placed = place("commands/node1/ip_info", [])
    >>> placed.node, placed.kind
    ('node1', 'ip-addr')
    >>> place("logs/node1/var/log/calico/bird/current", []).node
    'node1'
    """
    top, _, rest = path.partition("/")
    host, _, name = rest.partition("/")
    if top not in ("commands", "logs") or not host or not name:
        return None
    known = _OF_HOST.get(name, Placement()) if top == "commands" else Placement()
    return Placement(host, known.kind, known.table, known.family)


_PARTS = ("collect-info/commands/", "route_info", "calico_pool_info")
LAYOUT = Layout("kubespray", "kubespray collect-info", roots, place, rank=30, parts=_PARTS)
