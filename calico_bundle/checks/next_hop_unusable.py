"""CB202: the route is there, learned or written by Felix, but its next hop or tunnel's end cannot carry the traffic."""

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
    means="The route is there, learned over an established session or Felix's own, but its next hop cannot carry pod traffic.",
    finds=(
        "Lookups lost between two nodes whose session is established, at a router or an unreachable route; or in a tunnel, "
        "on the way to a node's Calico address that packets do not get to."
    ),
    matters=(
        "`Established` looks healthy everywhere, and pods are cut off all the same: BIRD resolves the next hop through "
        "a gateway, and a router between the nodes has no route to pod addresses."
    ),
    proves=(
        "The established session's line, and the route with a gateway that is no node (or `unreachable`); of a tunnel, the "
        "lines that show nobody at the address it leads to."
    ),
    fix=(
        "Encapsulate between subnets (vxlanMode or ipipMode CrossSubnet), or have the routers learn the pod routes by "
        "BGP. The report tries VXLAN CrossSubnet on every node. Where a tunnel leads to an address that packets do not get "
        "to: ping from each of the node's addresses, and have Calico use the one that answers."
    ),
    limits=(
        "That a router has no pod routes is taken for granted unless Calico peers with a router. Where nothing shows that "
        "another address of the node would serve, it stays open whether the address or the network is at fault (else CB101)."
    ),
)
_SAID = "{node} and {others} have a BGP session, yet the routes between them do not carry pod traffic"
_TO_FAR_END = (
    "pod traffic for {node} goes through a tunnel to its Calico address, which packets of {others} do not get to"
)


def mend(context: Context, losses: Sequence[Loss]) -> tuple[Fix, ...]:
    """Encapsulate between subnets; routers then see the nodes' addresses alone. No help between nodes of one network."""
    from calico_bundle.remedies.elsewhere import encapsulate
    from calico_bundle.remedies.looking import see_far_end, see_next_hop

    if losses[0].far_end:
        others = sorted({name for loss in losses for name in (loss.source, loss.target) if name} - {losses[0].far_end})
        return see_far_end(context, context.cluster.nodes[losses[0].far_end], others)
    helps = any(_between_subnets(context, loss) for loss in losses)
    return (encapsulate(context) if helps else ()) or see_next_hop(context, losses[0].at, losses[0].cause)


def note(context: Context, losses: Sequence[Loss]) -> str:
    """Which address of the far end packets do not get to, and that nothing tells of its others."""
    from calico_bundle.remedies.looking import other_cards

    node = context.cluster.nodes.get(losses[0].far_end or "")
    if node is None or node.bgp_address is None:
        return ""
    stored = node.bgp_address.ip
    others = [f"{card.address.ip} on {card.interface}" for card in other_cards(context, node)]
    which = f"whether {' or '.join(others[:3])} would serve" if others else "whether another address would serve"
    return f"that address is {stored}; {which}, or the network is at fault, is in no line"


def _between_subnets(context: Context, loss: Loss) -> bool:
    ends = [context.cluster.nodes.get(name or "") for name in (loss.source, loss.target)]
    stored = [node.bgp_address for node in ends if node and node.bgp_address]
    return len(stored) == 2 and stored[1].ip not in stored[0].network


def lacks(context: Context) -> str | None:
    """BGP state of at least one node."""
    from calico_bundle.losses import has_losses

    if context.paths.forwarding.peerings.any_shown_up_or_down or has_losses(context, INFO.code):
        return None
    return "no BGP state (birdcl show protocols, calicoctl node status) or BIRD log is in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node that the routes in question share."""
    from calico_bundle.losses import FAR_END, findings

    return findings(context, INFO, {"": _SAID, FAR_END: _TO_FAR_END}, mend, note)


CHECK = Check(INFO, lacks, run)
