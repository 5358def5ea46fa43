"""A BGP session that the ways to the DNS endpoints need is down, or up with a next hop that leads nowhere."""

from __future__ import annotations

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import BIRD_SESSIONS, MOST_QUOTED, Words, bearing, left_over, named, unseen
from calico_bundle.hypotheses.sessions import sessions, without_bgp

_CODES = ("CB201", "CB202")
_WORDS = Words(
    "each BGP session that DNS needs is up",
    "what shows the BGP sessions",
    (BIRD_SESSIONS,),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by every session that DNS needs; one to a node whose address is at fault is down for that."""
    if left_over(case):
        return None
    unneeded = without_bgp(case.context.cluster)
    if unneeded:
        return Answer(Status.RULED_OUT, "Felix writes the pods' routes here, without BGP", unneeded[:MOST_QUOTED])
    found = case.found(*_CODES)
    if found:
        return from_findings(found)
    return _by_sessions(case)


def _by_sessions(case: Case) -> Answer:
    seen = sessions(case)
    if seen.down:
        (one, other), evidence = next(iter(seen.down.items()))
        meant = bearing(case, {one, other})
        return Answer(
            Status.SUPPORTED, f"the session between {one} and {other} is down. {meant}", evidence[:MOST_QUOTED]
        )
    at_fault = [line for finding in case.found("CB101", "CB102", "CB103") for line in finding.evidence]
    quoted = (*seen.lines, *(at_fault if seen.excused else ()))
    if seen.unseen or not quoted:
        return unseen(case, _WORDS, list(dict.fromkeys(one for one, _ in seen.unseen)))
    if seen.left_out:
        text = f"there are too many sessions to look at all; those with {named(seen.left_out)} were left out"
        return Answer(Status.NOT_CHECKABLE, text, collect=("calicoctl node status",))
    but = ", or one of its ends has an address that is at fault, which explains it" if seen.excused else ""
    return Answer(Status.RULED_OUT, f"{_WORDS.clear}{but}", quoted[:MOST_QUOTED])


HYPOTHESIS = Hypothesis(
    "bgp-sessions",
    "Is a BGP session down, or without a usable next hop, although the addresses of both ends are right?",
    _CODES,
    "Calico: a pod's route is announced over BGP, unless its pool uses VXLAN (Felix)",
    examine,
)
