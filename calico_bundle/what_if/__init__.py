"""What if: a cluster in which something of Calico's was changed, worked out from the records of one in which it was not.

What stays as it was recorded: cards, the kernel's own routes and those set by hand, rules, filters, neighbors, and the BGP
sessions between nodes that keep their addresses. What is worked out anew, on every node: Calico's address (by a replay of
its detection), the sessions of a node whose address changes, and the routes that BIRD and Felix write. What the bundle does
not show stays open: no address is assumed for a node on which a method cannot be replayed.

Two things are taken for granted: calico-node has restarted everywhere and come to rest, and no firewall that the bundle does
not show stands between two addresses that routes and wires join.
"""

from __future__ import annotations

from calico_bundle.what_if.change import Change
from calico_bundle.what_if.trial import Move, Trial, try_out

__all__ = ["Change", "Move", "Trial", "try_out"]
