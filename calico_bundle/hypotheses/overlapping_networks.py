"""Networks that must be apart overlap: those of pods, of services, of the nodes, and of bridges such as docker0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import Shown, Words, bearing, from_nodes, unseen

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode

_WORDS = Words(
    "no pool, no Service's address and no network of the nodes' cards overlap",
    "which networks cards, pools and services have",
    ("ip addr",),
    (
        "kubectl get ippools.crd.projectcalico.org,blockaffinities.crd.projectcalico.org -o yaml",
        "kubectl get services -A -o yaml",
    ),
)


def examine(case: Case) -> Answer | None:
    """Ruled out where pools, services and every node's cards are known, and none overlap."""
    found = case.found("CB205")
    if found:
        return _told(case)
    cluster = case.context.cluster
    pools = [pool for pool in cluster.pools if pool.cidr is not None]
    if not pools or len(pools) < len(cluster.pools) or not cluster.services or case.skip_of("CB205"):
        return unseen(case, _WORDS, ())
    own = case.context.paths.forwarding.pods.own_networks

    def shown(node: ClusterNode) -> Shown:
        whole = node.addresses is not None and "ip-addr" not in node.incomplete
        return Shown(node.name, evidence=tuple(card.evidence for card in own(node.name)) if whole else ())

    dns = case.context.dns
    return from_nodes(case, _WORDS, shown, (pools[0].evidence, *((dns.service.evidence,) if dns else ())))


def _told(case: Case) -> Answer:
    """An overlap on which a path is lost is an error; the others stand, and lose none that is known."""
    from calico_bundle.findings import ERROR

    found = case.found("CB205")
    answer = from_findings(found)
    if any(finding.severity == ERROR for finding in found):
        return answer
    return Answer(Status.SUPPORTED, f"{answer.text}. {bearing(case, ())}", answer.evidence)


HYPOTHESIS = Hypothesis(
    "overlapping-networks",
    "Do the networks of pods, services, nodes or bridges such as docker0 overlap?",
    ("CB205",),
    "Linux: the longest prefix wins, so that a card's network takes packets away from a pool that holds it",
    examine,
)
