"""CB201: a BGP session that should be up is not, and the addresses are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.cluster import ClusterNode
    from calico_bundle.losses import Loss

INFO = CheckInfo(
    code="CB201",
    name="bgp-session-down",
    severity=ERROR,
    means="A BGP session that should be up is not, although both nodes' addresses are right.",
    finds="Lookups lost for want of a route between two nodes whose session is down, or cannot come up as configured.",
    matters=(
        "Without the session neither node learns the other's pod routes; pod traffic between them is lost both ways."
    ),
    proves=(
        "The peer's line in `birdcl show protocols` or `calicoctl node status`, in BIRD's log or in a readiness event; "
        "the BGPPeer or AS numbers that do not fit; the route that the packets take instead."
    ),
    fix=(
        "Look for what blocks TCP port 179 between the two addresses: a firewall, a security group, another BGP "
        "daemon, different AS numbers. `Connect` without an error is a silent drop, `Connection refused` a reset or no "
        "listener. Where the two sides have spoken (`Bad peer AS`) or a BGPPeer does not fit, it is the configuration."
    ),
    limits=(
        "What blocks a port (firewall, security group, another daemon) is not told apart. Passwords, BFD, TTL security "
        "and `reversePeering: Manual` are not looked at."
    ),
)
_MESSAGE = {"": "the BGP session between {node} and {others} is down, and pod routes are missing for it"}


def _ends(context: Context, loss: Loss) -> tuple[ClusterNode, ClusterNode] | None:
    nodes = context.cluster.nodes
    if loss.target is None or loss.source not in nodes or loss.target not in nodes:
        return None
    return nodes[loss.source], nodes[loss.target]


def note(context: Context, losses: Sequence[Loss]) -> str:
    """Why the first session cannot come up as it is configured; else who is not Ready, and what the side that dials says."""
    ends = _ends(context, losses[0])
    if ends is None:
        return ""
    configuration = context.paths.forwarding.peerings.configuration
    obstacle = configuration.obstacle(*ends)
    if obstacle is not None:
        return f"as it is configured it cannot come up: {obstacle.text}"
    return "; ".join(filter(None, (*map(_unready, ends), _said(ends, configuration.dials(*ends)))))


def _unready(node: ClusterNode) -> str:
    kubernetes = node.kubernetes
    if kubernetes is None or kubernetes.ready or "ready" in kubernetes.redacted or "ready" not in kubernetes.cited:
        return ""
    return f"{node.name} is not Ready: see first whether the machine runs"


def _said(ends: tuple[ClusterNode, ClusterNode], dialing: ClusterNode | None) -> str | None:
    """The words of BIRD at the end that dials, or at either end that has something to say."""
    from calico_bundle.calico.bgp_states import meaning

    for node, peer in (ends, ends[::-1]) if dialing in (None, ends[0]) else (ends[::-1], ends):
        info = _info(node, peer)
        meant = meaning(info) if info else None
        if meant:
            address = peer.bgp_address.ip if peer.bgp_address else None
            dials = f", which dials {address}," if node is dialing else ""
            return f"BIRD on {node.name}{dials} says `{info}`: {meant}"
    return None


def mend(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Open the port of the sessions; none where they cannot come up as they are configured."""
    from calico_bundle.remedies.elsewhere import fit_peers, open_sessions

    configuration = context.paths.forwarding.peerings.configuration
    ends = [pair for loss in losses if (pair := _ends(context, loss)) and all(n.bgp_address for n in pair)]
    if any(configuration.obstacle(*pair) or not _may_be_blocked(pair) for pair in ends):
        return fit_peers(context, ends)
    return open_sessions(context, ends) if ends else ()


def _may_be_blocked(ends: tuple[ClusterNode, ClusterNode]) -> bool:
    """Whether nothing that BIRD says at either end speaks of another reason than a blocked port."""
    from calico_bundle.calico.bgp_states import may_be_blocked

    told = (_info(node, peer) for node, peer in (ends, ends[::-1]))
    return all(may_be_blocked(info) for info in told if info)


def _info(node: ClusterNode, peer: ClusterNode) -> str | None:
    """What BIRD on a node says of its session with a peer that is not up."""
    address = peer.bgp_address.ip if peer.bgp_address else None
    return next((s.info for s in node.sessions or () if s.peer == address and not s.established), None)


def lacks(context: Context) -> str | None:
    """Something that can show a session to be down."""
    from calico_bundle.losses import has_losses

    if context.paths.forwarding.peerings.any_shown_down or has_losses(context, INFO.code):
        return None
    return "no BGP state (birdcl show protocols, calicoctl node status), BIRD log or readiness event is in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node that the sessions in question share."""
    from calico_bundle.losses import findings

    return findings(context, INFO, _MESSAGE, mend, note)


CHECK = Check(INFO, lacks, run)
