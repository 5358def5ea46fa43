"""Which nodes, and which addresses on them, are alike as far as any packet can tell.

A packet's way is decided by what the records of the nodes say, whatever the nodes are called. So two ways come to the same
when the records that they meet are equal once every node is called by the part that it plays: the sender, the receiver.
Three things make up what a way between two nodes meets, and each has a key here that can be compared and hashed:

* `nature` of a node: all that its records say of itself, and of machines that are no nodes;
* `relation` of one node to another: all that its records say of the other, in words that fit any other;
* `place` of an address: where it lies, seen from the node that has it.

Whatever cannot be said without a name keeps the name in the key, and the node is then like no other. A key may tell apart
what is alike, which costs time; it must never take for alike what is not. `tests/network/test_likeness.py` holds every
field of `ClusterNode` to be in a key, and changes records at random to show it.
"""

from __future__ import annotations

from calico_bundle.network.likeness.likeness import Likeness
from calico_bundle.network.likeness.tables import Part

__all__ = ["Likeness", "Part"]
