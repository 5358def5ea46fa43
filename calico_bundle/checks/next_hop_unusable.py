"""CB202: the session is up and the route is learned, but its next hop cannot carry the traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding, Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calico_bundle.losses import Loss

INFO = CheckInfo(
    code="CB202",
    name="next-hop-unusable",
    severity=ERROR,
    means="The BGP session is up and the route is learned, but its next hop cannot carry pod traffic.",
    finds="Lookups lost between two nodes whose session is established, at a router or an unreachable route.",
    matters=(
        "`Established` looks healthy everywhere, and pods are cut off all the same: BIRD resolves the next hop through "
        "a gateway, and a router between the nodes has no route to pod addresses."
    ),
    proves="The established session's line, and the route with a gateway that is no node (or `unreachable`).",
    fix=(
        "Encapsulate between subnets (vxlanMode or ipipMode CrossSubnet), or have the routers learn the pod routes by "
        "BGP. The report tries VXLAN CrossSubnet on every node."
    ),
    limits="That a router has no pod routes is taken for granted unless Calico peers with a router.",
)
_MESSAGE = {"": "{node} and {others} have a BGP session, yet the routes between them do not carry pod traffic"}


def mend(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Encapsulate between subnets; routers then see the nodes' addresses alone. No help between nodes of one network."""
    from calico_bundle.remedies.elsewhere import encapsulate

    return encapsulate(context) if any(_between_subnets(context, loss) for loss in losses) else ()


def _between_subnets(context: Context, loss: Loss) -> bool:
    ends = [context.cluster.nodes.get(name or "") for name in (loss.source, loss.target)]
    stored = [node.bgp_address for node in ends if node and node.bgp_address]
    return len(stored) == 2 and stored[1].ip not in stored[0].network


def lacks(context: Context) -> str | None:
    """BGP state of at least one node."""
    if context.paths.forwarding.peerings.any_shown_up_or_down:
        return None
    return "no BGP state (birdcl show protocols, calicoctl node status) or BIRD log is in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node that the routes in question share."""
    from calico_bundle.losses import findings

    return findings(context, INFO, _MESSAGE, mend)


CHECK = Check(INFO, lacks, run)
