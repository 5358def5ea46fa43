"""`calicoctl node diags`: one archive per node, with `diagnostics/` and outputs without extensions in it.

Written from calicoctl's source (projectcalico/calico 87c1590, calicoctl/commands/node/diags.go).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.pod_paths import pod_of

# People unpack several of them side by side, and then the folder bears another name: two of its files must agree.
_ROOT = re.compile(r"(^|.*?/)(?:ipv4_route|ipv4_addr)$")
_FILES = {
    "hostname": Placement(kind="hostname", group="."),
    "ipv4_route": Placement(kind="ip-route", family=4, group="."),
    "ipv6_route": Placement(kind="ip-route", family=6, group="."),
    "ipv4_addr": Placement(kind="ip-addr", family=4, group="."),
    "ipv6_addr": Placement(kind="ip-addr", family=6, group="."),
    "ipv4_tables": Placement(kind="iptables-save", family=4, group="."),
    "ipv6_tables": Placement(skip="packet filter of IPv6, which is not looked at"),
}
_OTHER_FILES = frozenset({"date", "nft_ruleset", "netstat", "ipsets", "ipset_container", "journalctl_calico_node"})


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders that hold both `ipv4_route` and `ipv4_addr`.

    >>> roots(["n1/diagnostics/ipv4_route", "n1/diagnostics/ipv4_addr", "n2/ipv4_addr"])
    ('n1/diagnostics/',)
    """
    marks: dict[str, int] = {}
    for path in paths:
        if path.endswith(("ipv4_route", "ipv4_addr")) and (found := _ROOT.match(path)):
            marks[found[1]] = marks.get(found[1], 0) + 1
    return tuple(sorted(root for root, count in marks.items() if count > 1))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root: all is of one machine, whose name the file `hostname` has.

    >>> place("ipv6_addr", []).family
    6
    """
    if path in _FILES:
        return _FILES[path]
    if path in _OTHER_FILES:
        return Placement(group=".")
    return _log(path.split("/")) if path.startswith("logs/") else None


def _log(parts: Sequence[str]) -> Placement:
    """A copy of /var/log/calico, or the log of one of Docker's containers."""
    pod = pod_of(parts[:-1], parts[-1])
    return Placement(group=".", namespace=pod.namespace, pod=pod.pod, container=pod.container)


_PARTS = ("ipv4_route", "ipv4_addr", "ipv6_addr", "journalctl_calico_node")
LAYOUT = Layout("calicoctl-node-diags", "calicoctl node diags", roots, place, rank=25, parts=_PARTS)
