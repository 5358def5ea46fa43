"""CB203: a node has no usable route that it needs, for no cause named by another check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.losses import Loss

INFO = CheckInfo(
    code="CB203",
    name="route-missing",
    severity=ERROR,
    means="A node has no usable route to an address it needs, and CB101 to CB202 do not explain why.",
    finds=(
        "Lookups lost for want of a route: to a block of another node, to the service address, or any default route at "
        "all."
    ),
    matters=(
        "Pods behind the missing route are cut off. A node without a default route does not even answer its own pods."
    ),
    proves="The node's routing table, and the route that packets take instead, if any.",
    fix=(
        "Find out who should have written the route: BIRD (is the session up? ask `birdcl show protocols`), Felix (is "
        "calico-node ready on the node?), or the system (a default route)."
    ),
    limits="Why it is missing is said only where BIRD itself says that it holds routes back.",
)
_RECOVERING = (
    "BIRD there is in graceful restart recovery and writes no routes until every peer has answered, or for 240 s after "
    "its start; collect again after that, and see which peer does not answer"
)


def lacks(context: Context) -> str | None:
    """The routes of at least one node."""
    from calico_bundle.losses import has_losses

    recorded = any(n.routes is not None for n in context.cluster.nodes.values())
    return None if recorded or has_losses(context, INFO.code) else "no node's routes (ip route) are in the bundle"


def see_routes(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """What to look at: why a route is missing is for the most part in no bundle."""
    from calico_bundle.network.outcome import Why
    from calico_bundle.remedies.looking import see_default_route, see_route

    if losses[0].cause.why in (Why.NO_POD_GATEWAY, Why.NO_SERVICE_ROUTE):
        return see_default_route(context, losses[0].at)
    return see_route(context, losses[0].at, losses[0].cause)


def note(context: Context, losses: Sequence[Loss]) -> str:
    """Whether BIRD holds its routes back at the moment."""
    from calico_bundle.calico.bgp import recovering

    nodes = (context.cluster.nodes.get(loss.cause.node or "") for loss in losses)
    return _RECOVERING if any(node and recovering(node) for node in nodes) else ""


def run(context: Context) -> list[Finding]:
    """One finding per node that the losses share."""
    from calico_bundle.losses import findings
    from calico_bundle.network.outcome import Why

    message = {
        Why.NO_POD_GATEWAY: "pods on {node} cannot send anything",
        Why.NO_SERVICE_ROUTE: "{node} itself cannot send to the DNS service",
        "": "there is no way for pod traffic between {node} and {others}",
    }
    return findings(context, INFO, message, see_routes, note)


CHECK = Check(INFO, lacks, run)
