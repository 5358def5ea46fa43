"""Something between the nodes blocks TCP port 179, so that no BGP session comes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, left_over, on_hosts
from calico_bundle.hypotheses.sessions import Pair, first_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_TRIED = 4


def examine(case: Case) -> Answer | None:
    """Ruled out by sessions over that port; a bundle never shows what blocks it."""
    from calico_bundle.calico.programming import without_bgp

    if left_over(case) or without_bgp(case.context.cluster):
        return None
    seen = first_sessions(case)
    closed = [*seen.down, *seen.excused, *seen.unseen]
    if not closed and seen.lines and not seen.left_out:
        text = "nodes have BGP sessions, or routes over them, with each node that runs a DNS endpoint"
        return Answer(Status.RULED_OUT, text, seen.lines[:MOST_QUOTED])
    if not closed:
        text = "not every BGP session that DNS needs could be looked at"
        return Answer(Status.NOT_CHECKABLE, text, collect=("kubectl get nodes -o wide", "calicoctl node status"))
    one, other = closed[0]
    why = (
        "; the address at fault explains it alone, and a firewall may come on top" if closed[0] in seen.excused else ""
    )
    text = f"only a session that is up shows that TCP 179 is open, and that of {one} with {other} is not seen to be up{why}"
    return Answer(Status.NOT_CHECKABLE, text, collect=_tries(case, closed))


def _tries(case: Case, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """A try from each side, by the addresses that the nodes should have."""
    nodes = case.context.cluster.nodes
    configuration = case.context.paths.forwarding.peerings.configuration
    tries: dict[str, str] = {}
    for one, other in pairs[:_MOST_TRIED]:
        verdict = case.context.addresses.get(other)
        address = (verdict.expected or verdict.stored) if verdict else None
        if address is not None:
            tries.setdefault(one, f"nc -vz -w 3 {address} {configuration.port(nodes[other])}")
    return on_hosts(tries) or ("calicoctl node status",)


HYPOTHESIS = Hypothesis(
    "bgp-port",
    "Does a firewall between the nodes block BGP (TCP 179)?",
    (),
    "Calico documentation, System requirements: BGP needs TCP 179 between the nodes",
    examine,
)
