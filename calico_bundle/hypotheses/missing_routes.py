"""A node lacks a route that DNS needs: into the block of another node, to the service, or to its own pods."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, Words, unlisted, unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calico_bundle.evidence import Evidence
    from calico_bundle.paths import DnsPaths

_WORDS = Words("", "the routing table", ("ip route show table all", "ip rule"))
_SAMPLES = 16


def examine(case: Case) -> Answer | None:
    """Ruled out where every way was followed along recorded routes, and none ended for want of one."""
    from calico_bundle.paths import Verdict

    found = case.found("CB203")
    if found:
        return from_findings(found)
    paths = case.context.paths
    lacking = [node.name for node in paths.cluster.nodes.values() if node.routes is None] + unlisted(case)
    if lacking or not paths.cluster.nodes:
        return unseen(case, _WORDS, lacking)
    quoted = tuple(dict.fromkeys(_followed(paths)))
    if paths.counts[Verdict.UNKNOWN] or not quoted:
        return _open(case)
    others = case.found("CB101", "CB102", "CB103", "CB201", "CB202")
    but = f", but for what {others[0].code} explains" if others else ""
    text = f"every way that DNS takes was followed along recorded routes, and none is missing{but}"
    return Answer(Status.RULED_OUT, text, quoted[:MOST_QUOTED])


def _open(case: Case) -> Answer:
    from calico_bundle.collecting import to_decide
    from calico_bundle.network.outcome import ENDPOINTS, PODS

    asked = to_decide(case.context.paths)
    text = "the routes are in the bundle, and not every way along them could be followed"
    return Answer(Status.NOT_CHECKABLE, text, collect=(asked.commands[:12] if asked else ()) or (PODS, ENDPOINTS))


def _followed(paths: DnsPaths) -> Iterator[Evidence]:
    """The routes that some lookups take, those that arrive first."""
    from calico_bundle.network.outcome import Outcome

    asking = islice((group for group in paths.groups if group.outcomes), _SAMPLES)
    walked = [fate for group in asking if (fate := group.first_fate)]
    for fate in sorted(walked, key=lambda fate: fate.outcome is Outcome.LOST):
        for hop in (*fate.request.hops, *fate.reply.hops):
            if hop.does == "routes" and hop.evidence and not hop.predicted:
                yield hop.evidence


HYPOTHESIS = Hypothesis(
    "missing-routes",
    "Does a node lack a route that DNS needs, for no reason that an address or a session gives?",
    ("CB203",),
    "Linux: a packet without a route is dropped; Calico: BIRD and Felix write the routes to pods",
    examine,
)
