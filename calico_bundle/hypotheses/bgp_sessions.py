"""A BGP session that the ways to the DNS endpoints need is down, or up with a next hop that leads nowhere."""

from __future__ import annotations

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import BIRD_SESSIONS, MOST_QUOTED, Words, bearing, left_over, named, unseen
from calico_bundle.hypotheses.sessions import Sessions, sessions

_CODES = ("CB201", "CB202")
_WORDS = Words(
    "each BGP session that DNS needs is up",
    "what shows the BGP sessions",
    (BIRD_SESSIONS,),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by every session that DNS needs; one to a node whose address is at fault is down for that."""
    from calico_bundle.calico.programming import without_bgp

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
    return Answer(Status.RULED_OUT, _excepting(seen), quoted[:MOST_QUOTED])


def _excepting(seen: Sessions) -> str:
    """What is ruled out, and which sessions an address at fault explains."""
    if not seen.excused:
        return _WORDS.clear
    at_fault = sorted(seen.at_fault & {name for pair in seen.excused for name in pair})
    whose = f"those of {named(at_fault)}, whose Calico address is at fault"
    if not seen.up:
        return f"the only BGP sessions that DNS needs are {whose}, which explains that they are not seen to be up"
    return f"each BGP session that DNS needs is up, except {whose}, which explains that these are not"


HYPOTHESIS = Hypothesis(
    "bgp-sessions",
    "Is a BGP session down, or without a usable next hop, although the addresses of both ends are right?",
    _CODES,
    "Calico: a pod's route is announced over BGP, unless its pool uses VXLAN (Felix)",
    examine,
)
