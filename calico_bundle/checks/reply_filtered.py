"""CB204: one direction is dropped by a check of the receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.losses import Loss

INFO = CheckInfo(
    code="CB204",
    name="reply-filtered",
    severity=ERROR,
    means="One direction is dropped: by the reverse-path filter, or because a tunnel's source is not accepted.",
    finds="Packets that arrive at a node and are dropped there, although routes and sessions are fine.",
    matters="The other direction works, so pings one way, captures on the sender and session states all look right.",
    proves="The setting net.ipv4.conf.*.rp_filter, the route back, or the tunnel's outer source.",
    fix=(
        "Make the ways symmetric (the right address for Calico does it mostly), or set rp_filter to 2 (loose) on every "
        "card on the way there and back that drops, not on `all`: with 2 there Felix of a Calico before v3.12 ends at its "
        "start, unless FELIX_IGNORELOOSERPF is set. The report tries it, and says so where it mends nothing."
    ),
    limits="Without `sysctl` the filter is not known, and the path stays unknown instead.",
)


def mend(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Loosen the filter of the card that drops; a tunnel's source is mended by the right addresses."""
    from calico_bundle.remedies.elsewhere import loosen_filter

    return loosen_filter(context, (loss.cause for loss in losses))


def lacks(context: Context) -> str | None:
    """The routes of at least one node."""
    recorded = any(n.routes is not None for n in context.cluster.nodes.values())
    return None if recorded else "no node's routes (ip route) are in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node that the drops share."""
    from calico_bundle.losses import findings
    from calico_bundle.network.outcome import Why

    message = {
        Why.TUNNEL_SOURCE_REFUSED: "tunnel packets between {node} and {others} are refused",
        "": "packets between {node} and {others} are dropped on arrival",
    }
    return findings(context, INFO, message, mend)


CHECK = Check(INFO, lacks, run)
