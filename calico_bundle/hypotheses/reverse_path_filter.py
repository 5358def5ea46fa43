"""The reverse-path filter drops one direction: the answer would leave by another card than the packet came in by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, from_findings
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence

_WORDS = Words(
    "where the filter is strict, every way that DNS takes comes back by the card that it went out by",
    "the reverse-path filter (sysctl)",
    ("sysctl -a", "ip route show table all"),
)
_OFF = Words("no node's filter is strict", _WORDS.unseen, _WORDS.commands)
_STRICT = 1


def examine(case: Case) -> Answer | None:
    """Ruled out where no filter is strict, or where every way was followed and no filter dropped anything."""
    from calico_bundle.paths import Verdict

    found = case.found("CB204")
    if found:
        return from_findings(found)
    counts, dns = case.context.paths.counts, case.context.dns
    walked = sum(counts[verdict] for verdict in (Verdict.REACHES, Verdict.DEGRADED, Verdict.BROKEN))
    decided = bool(walked and dns and dns.ready) and not counts[Verdict.UNKNOWN]

    def shown(node: ClusterNode) -> Shown:
        mode, line = _of_cards(case, node)
        known = mode is not None and (mode != _STRICT or decided)
        return Shown(node.name, evidence=(line,) if known and line else ())

    strict = any(_of_cards(case, node)[0] == _STRICT for node in case.context.cluster.nodes.values())
    return from_nodes(case, _WORDS if strict else _OFF, shown)


def _of_cards(case: Case, node: ClusterNode) -> tuple[int | None, Evidence | None]:
    """The strictest setting of a node's cards and tunnels, and its line."""
    from calico_bundle.network.settings import reverse_path_filter
    from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE

    cards = [fact.interface for fact in case.context.paths.forwarding.pods.own_networks(node.name)]
    tunnels = [name for name in (IPIP_DEVICE, VXLAN_DEVICE) if node.interface(name)]
    found = [reverse_path_filter(node, name) for name in dict.fromkeys((*cards, *tunnels))]
    if not found or any(mode is None for mode, _ in found):
        return None, None
    return next((one for one in found if one[0] == _STRICT), found[0])


HYPOTHESIS = Hypothesis(
    "reverse-path-filter",
    "Does a reverse-path filter drop packets that come in by another card than the answer leaves by?",
    ("CB204",),
    "Linux Documentation/networking/ip-sysctl.rst: rp_filter, the maximum of conf/all and conf/INTERFACE",
    examine,
)
