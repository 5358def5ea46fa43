"""SUSE supportconfig: one archive per machine, text files with the outputs of many commands in each.

Written from its source (openSUSE/supportutils 001ba3f, net_info_namespace). The files are split by their headings before
a layout sees them; here is only whose they are. The machine's name is in `network.txt`, as the output of `hostname`.
"""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement

_MARKS = ("basic-environment.txt", "network.txt")


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders that hold both `basic-environment.txt` and `network.txt`.

    >>> roots(["scc_n1_261122_2329/basic-environment.txt", "scc_n1_261122_2329/network.txt"])
    ('scc_n1_261122_2329/',)
    """
    found = [{path[: -len(mark)] for path in paths if path.endswith(mark)} for mark in _MARKS]
    return tuple(sorted(top for top in found[0] & found[1] if top == "" or top.endswith("/")))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root: all is of one machine.

    >>> place("network.txt", []).group, bool(place("network-cni-ff305cc29f.txt", []).skip)
    ('.', True)
    """
    if "/" in path or not path:
        return None
    if path.startswith("network-") and path.endswith(".txt"):
        return Placement(skip="another network namespace, not the node's own")
    return Placement(group=".")


_PARTS = ("basic-environment.txt", "network.txt", "rpm.txt")
LAYOUT = Layout("supportconfig", "SUSE supportconfig", roots, place, rank=25, parts=_PARTS)
