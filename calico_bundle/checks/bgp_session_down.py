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
        "listener."
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
        address = peer.bgp_address.ip if peer.bgp_address else None
        info = next((s.info for s in node.sessions or () if s.peer == address and not s.established), None)
        meant = meaning(info) if info else None
        if meant:
            dials = f", which dials {address}," if node is dialing else ""
            return f"BIRD on {node.name}{dials} says `{info}`: {meant}"
    return None


def mend(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Try the port of the first session, from the side that dials where that is known."""
    ends = _ends(context, losses[0])
    if ends is None or not all(n.bgp_address for n in ends):
        return ()
    configuration = context.paths.forwarding.peerings.configuration
    dialing = configuration.dials(*ends)
    tests = tuple(
        f"nc -vz -w 3 -s {_stored(a)} {_stored(b)} {configuration.port(b)}  # on the node of {_stored(a)}"
        for a, b in (ends, ends[::-1])
        if dialing in (None, a)
    )
    title = "let TCP through from the side that dials, and its answers back; first see whether it fails"
    from calico_bundle.remedies.elsewhere import open_port

    ports = [configuration.port(node) for node in ends]
    opened = tuple(fix for node in ends for fix in open_port(node, ports))
    return (Fix(title, tests, "Testing the port interrupts nothing."), *opened)


def _stored(node: ClusterNode) -> str:
    return str(node.bgp_address.ip) if node.bgp_address else "?"


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
