"""A node's Calico address is one that its peers cannot use, that another node has, or that the node does not have."""

from __future__ import annotations

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import BIRD_SESSIONS, MOST_QUOTED, Words, left_over, unlisted, unseen

_CODES = ("CB101", "CB102", "CB103")
_WORDS = Words(
    "every node's Calico address is its InternalIP, or one that its peers can use",
    "what shows whether the Calico address is right",
    ("ip addr", "ip route show table all", BIRD_SESSIONS),
    ("kubectl get nodes -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Ruled out where every node's address was judged, and none is at fault."""
    from calico_bundle.addresses import AddressStatus

    if left_over(case):
        return None
    found = case.found(*_CODES)
    if found:
        return from_findings(found)
    verdicts = case.context.addresses
    fine = (AddressStatus.OK, AddressStatus.UNINTENDED)
    open_ = [name for name, verdict in verdicts.items() if verdict.status not in fine] + unlisted(case)
    quoted = tuple(dict.fromkeys(line for verdict in verdicts.values() for line in verdict.evidence))
    if open_ or not quoted:
        return unseen(case, _WORDS, open_)
    return Answer(Status.RULED_OUT, _WORDS.clear, quoted[:MOST_QUOTED])


HYPOTHESIS = Hypothesis(
    "calico-address",
    "Does Calico use an address of a node that its peers cannot use, or that is not the node's alone?",
    _CODES,
    "Calico: BGP sessions, next hops and tunnels use the address stored for each node (confd bird.cfg; Felix vxlan_mgr.go)",
    examine,
)
