"""What a node may do to packets whatever its routes say: drop new connections for want of room, or be gone altogether."""

from __future__ import annotations

from calico_bundle.cluster import ClusterNode
from calico_bundle.network.outcome import Cause, Settles, Why
from calico_bundle.network.settings import tracked_connections


def doubt_of(node: ClusterNode) -> Cause | None:
    """Why no lookup by way of a node is sure to get through; None where nothing says so.

    >>> doubt_of(ClusterNode("node-1"))
    """
    return _full(node) or gone(node)


def _full(node: ClusterNode) -> Cause | None:
    """A table that is full: each lookup opens a connection in it.

    Above the limit one that nobody answered yet is given up for it; where there is none, the packet is dropped
    (nf_conntrack_core.c: early_drop()). How often, no count tells.
    """
    tracked = tracked_connections(node)
    if tracked is None or tracked.count < tracked.limit:
        return None
    text = (
        f"{node.name} tracks {tracked.count:,} of at most {tracked.limit:,} connections, so its kernel drops lookups at "
        "times, or was about to"
    )
    settle = Settles(('dmesg | grep "nf_conntrack: table full"',), node.name)
    return Cause(Why.UNDECIDED, node.name, text, tracked.evidence, settle=settle)


def gone(node: ClusterNode) -> Cause | None:
    """Why a node may be off: it is not Ready, and no record of the machine itself shows that it runs.

    >>> gone(ClusterNode("node-1"))
    """
    kubernetes = node.kubernetes
    if kubernetes is None or kubernetes.ready or "ready" in kubernetes.redacted or "ready" not in kubernetes.cited:
        return None
    seen = (node.routes, node.addresses, node.neighbors, node.sysctls, node.sessions, node.service_tables)
    if any(records is not None for records in seen):
        return None
    text = f"{node.name} is not Ready, and nothing was recorded on it: it may be off, and its pods with it"
    settle = Settles(("ip route show table all",), node.name)
    return Cause(Why.UNDECIDED, node.name, text, (kubernetes.cited["ready"],), settle=settle)
