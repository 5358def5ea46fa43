"""A change, tried out: each node's address after it, and a cluster to walk packets through."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface

from calico_bundle.calico.detection import Detection, Settings, choose_address
from calico_bundle.calico.installation import with_method
from calico_bundle.choices import Choices
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.service import DnsService
from calico_bundle.network.tried_sessions import TriedPeerings
from calico_bundle.paths import DnsPaths
from calico_bundle.what_if.change import Change
from calico_bundle.what_if.machines import with_address, without_interface

_PREFIX_MATTERS = "CrossSubnet"


@dataclass(frozen=True, slots=True)
class Move:
    """One node's Calico address before and after; `open` says why the one after it is not known."""

    node: str
    before: IPv4Interface | None
    after: IPv4Interface | None
    open: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """The cluster after a change, its paths, and the nodes whose address it changes or leaves open."""

    change: Change
    cluster: Cluster
    paths: DnsPaths
    moves: tuple[Move, ...]


def try_out(before: DnsPaths, dns: DnsService | None, change: Change) -> Trial:
    """Work out the cluster after a change.

    Raises `UnknownNameError` or `UsageError` for what is not there.
    """
    cluster = before.cluster
    change.check(cluster)
    moves = tuple(_moves(before, change).values())
    return Trial(change, *after_moves(before, dns, change, moves), moves)


def after_moves(
    before: DnsPaths, dns: DnsService | None, change: Change, moves: tuple[Move, ...]
) -> tuple[Cluster, DnsPaths]:
    """The cluster in which nodes have moved, and its paths."""
    taken = _taken_away(before.cluster, change)
    found = {move.node: move for move in moves}
    nodes = {
        name: with_address(node, found[name].after if name in found else stored(node))
        for name, node in taken.nodes.items()
    }
    changed = with_method(replace(taken, nodes=nodes), change.method)
    return changed, followed(before, dns, changed)


def followed(
    before: DnsPaths, dns: DnsService | None, changed: Cluster, opened: Collection[tuple[str, str]] = ()
) -> DnsPaths:
    """The paths of a cluster after a change; `opened` are the pairs of nodes whose session nothing blocks any more."""
    ground = Forwarding(changed, TriedPeerings(changed, before.forwarding, opened=opened))
    forwarding = Forwarding(changed, TriedPeerings(changed, before.forwarding, ground, opened))
    return DnsPaths(changed, dns, forwarding)


def _taken_away(cluster: Cluster, change: Change) -> Cluster:
    nodes = dict(cluster.nodes)
    for name, interface in change.removed:
        nodes[name] = without_interface(nodes[name], interface)
    return replace(cluster, nodes=nodes) if change.removed else cluster


def _moves(before: DnsPaths, change: Change) -> Mapping[str, Move]:
    """The nodes whose address changes or is open, by name."""
    taken = _taken_away(before.cluster, change)
    choices = Choices(taken, Forwarding(taken) if change.removed else before.forwarding)
    touched = {name for name, _ in change.removed}
    found = {}
    for name, node in taken.nodes.items():
        if name in change.addresses:
            move = Move(name, stored(node), change.addresses[name])
        elif node.kubernetes is None or (change.method is None and name not in touched):
            continue
        elif change.method is None:
            move = moved(taken, node, choices.predicted(node))
        else:
            move = moved(taken, node, chosen(choices, node, change.method))
        if move.open or move.after != move.before:
            found[name] = move
    return found


def chosen(choices: Choices, node: ClusterNode, method: str) -> Detection:
    """The address of a node under a method; it keeps the one before where the method finds none."""
    if choices.installation.backend == "none":
        return Detection(stored(node))
    settings = Settings("autodetect", method, choices.installation.version)
    return choose_address(settings, choices.machine(node), stored(node))


def moved(cluster: Cluster, node: ClusterNode, found: Detection) -> Move:
    """What a detection comes to for a node, as far as it is known."""
    before = stored(node)
    if found.undecided:
        return Move(node.name, before, None, found.undecided)
    if found.address is None:
        return Move(node.name, before, None, f"{found.failure}, so calico-node does not start")
    after = IPv4Interface(found.address)
    if _has_all_cards(node):
        return Move(node.name, before, after)
    if before is not None and after.ip == before.ip:
        return Move(node.name, before, before)
    if any(pool.hides_mode or _PREFIX_MATTERS in (pool.ipip_mode, pool.vxlan_mode) for pool in cluster.pools):
        text = f"the prefix length of {after.ip} is not in the bundle, and CrossSubnet asks for it"
        return Move(node.name, before, None, text)
    return Move(node.name, before, after)


def stored(node: ClusterNode) -> IPv4Interface | None:
    """The IPv4 address that Calico stores for a node.

    >>> stored(ClusterNode("n1")) is None
    True
    """
    return node.kubernetes.bgp_ipv4 if node.kubernetes else None


def _has_all_cards(node: ClusterNode) -> bool:
    return node.interfaces is not None and node.addresses is not None and "ip-addr" not in node.incomplete
