"""A network policy keeps pods from the DNS endpoints, or the endpoints from being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status, from_findings
from calico_bundle.hypotheses.node_by_node import lines

if TYPE_CHECKING:
    from calico_bundle.evidence import Evidence
    from calico_bundle.network.policy.survey import Survey

_HOSTS = "kubectl get hostendpoints.crd.projectcalico.org,globalnetworksets.crd.projectcalico.org -o yaml"
_MOST = 3


def examine(case: Case) -> Answer | None:
    """Ruled out where policies of every kind were collected and let all lookups through, quoting what lets them."""
    from calico_bundle.checks.policy_denies_dns import asked
    from calico_bundle.network.policy import COMMAND_BESIDE, COMMANDS

    found = case.found("CB401")
    if found:
        return from_findings(found)
    context = case.context
    lacking = context.paths.policies.lacking
    collect = (*(COMMANDS[kind] for kind in lacking), _HOSTS, COMMAND_BESIDE)
    reason = case.skip_of("CB401")
    if reason is not None:
        return Answer(Status.NOT_CHECKABLE, reason, collect=collect)
    policies = tuple(policy.evidence for policy in context.cluster.policies)
    seen = asked(context)
    if not seen.denied and seen.open:
        collect = lines(case, [context.paths.policies.settles(seen.open[0].verdict)])
    return _seen(seen, lacking, collect, policies)


def _seen(seen: Survey, lacking: tuple[str, ...], collect: tuple[str, ...], policies: tuple[Evidence, ...]) -> Answer:
    if seen.denied:
        group = seen.denied[0]
        return Answer(Status.SUPPORTED, f"lookups are {group.verdict.text}", group.verdict.evidence[:_MOST])
    if seen.open:
        group = seen.open[0]
        text = f"whether policies let lookups through is not known: {group.verdict.text}"
        return Answer(Status.NOT_CHECKABLE, text, group.verdict.evidence[:_MOST], collect)
    if lacking:
        kinds = " and no ".join(lacking)
        text = f"the policies of the bundle let every lookup through, and it has no {kinds}: there may be some"
        return Answer(Status.NOT_CHECKABLE, text, _lines(seen) or policies[:_MOST], collect)
    if not seen.allowed:
        return Answer(Status.NOT_CHECKABLE, "no pod of the bundle is known to use cluster DNS", collect=collect)
    return Answer(
        Status.RULED_OUT,
        f"policies let every lookup through: {seen.allowed[0].verdict.text}",
        _lines(seen) or policies[:_MOST],
    )


def _lines(seen: Survey) -> tuple[Evidence, ...]:
    lines = dict.fromkeys(line for group in seen.allowed for line in group.verdict.evidence)
    return tuple(lines)[:_MOST]


HYPOTHESIS = Hypothesis(
    "network-policy",
    "Does a network policy deny lookups, out of the pod or into the DNS endpoint?",
    ("CB401",),
    "Kubernetes: Network Policies; Calico's reference: network policy, global network policy, tier",
    examine,
)
