"""The network between the nodes drops packets with pods' addresses: a cloud's source check, or port security."""

from __future__ import annotations

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, Words, left_over, on_hosts, unseen
from calico_bundle.hypotheses.tunnels_used import tunnels_used

_WORDS = Words(
    "every pool sends all of its packets through a tunnel",
    "which tunnels the pools use",
    anywhere=("kubectl get ippools.crd.projectcalico.org -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Never to be told from a bundle, unless no packet leaves a node with the address of a pod."""
    if left_over(case):
        return None
    used = tunnels_used(case.context.cluster)
    if used.devices is None:
        return unseen(case, _WORDS, ())
    if not used.plain:
        return Answer(Status.RULED_OUT, _WORDS.clear, used.pools[:MOST_QUOTED])
    text = "whether the network carries packets with pods' addresses shows only while lookups are made: capture on both ends"
    ends = [node.name for node in case.context.cluster.nodes.values() if node.bgp_address][:2] or ["NODE"]
    capture = "sudo timeout 30 tcpdump -ni any port 53"
    return Answer(Status.NOT_CHECKABLE, text, collect=on_hosts(dict.fromkeys(ends, capture)))


HYPOTHESIS = Hypothesis(
    "pod-addresses-dropped",
    "Does a cloud's source/destination check, port security or a filter drop packets with the addresses of pods?",
    (),
    "Calico documentation, Public cloud: AWS's source/destination check must be off for traffic that is not encapsulated",
    examine,
)
