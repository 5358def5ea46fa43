"""CB201: a BGP session that should be up is not, and the addresses are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.losses import Loss

INFO = CheckInfo(
    code="CB201",
    name="bgp-session-down",
    severity=ERROR,
    means="A BGP session that should be up is not, although both nodes' addresses are right.",
    finds="Lookups lost for want of a route between two nodes whose session is recorded as not established.",
    matters=(
        "Without the session neither node learns the other's pod routes; pod traffic between them is lost both ways."
    ),
    proves=(
        "The peer's line in `birdcl show protocols` or `calicoctl node status`; the route that the packets take "
        "instead."
    ),
    fix=(
        "Look for what blocks TCP port 179 between the two addresses: a firewall, a security group, another BGP "
        "daemon, different AS numbers. `Connect` without an error is a silent drop, `Connection refused` a reset or no "
        "listener."
    ),
    limits="Why it is down (firewall, AS number, a crashed BIRD) is not told apart; without BGP state nothing is said.",
)
_MESSAGE = {"": "the BGP session between {node} and {others} is down, and pod routes are missing for it"}


def mend(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Try the port from both ends of the first session."""
    ends = [context.cluster.nodes.get(name or "") for name in (losses[0].source, losses[0].target)]
    stored = [n.bgp_address.ip for n in ends if n and n.bgp_address]
    if len(stored) < 2:
        return ()
    tests = tuple(f"nc -vz -w 3 -s {a} {b} 179  # on the node of {a}" for a, b in (stored, stored[::-1]))
    title = "open TCP port 179 both ways between the two addresses; first see from which side it fails"
    return (Fix(title, tests, "Testing the port interrupts nothing."),)


def lacks(context: Context) -> str | None:
    """BGP state of at least one node."""
    recorded = any(n.sessions is not None for n in context.cluster.nodes.values())
    return None if recorded else "no BGP state (birdcl show protocols, calicoctl node status) is in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node that the sessions in question share."""
    from calico_bundle.losses import findings

    return findings(context, INFO, _MESSAGE, mend)


CHECK = Check(INFO, lacks, run)
