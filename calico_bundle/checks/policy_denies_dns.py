"""CB401: a network policy denies pods' DNS traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding
from calico_bundle.names import CLUSTER_SUBJECT

if TYPE_CHECKING:
    from calico_bundle.network.policy.survey import Group, Survey

INFO = CheckInfo(
    code="CB401",
    name="policy-denies-dns",
    severity=ERROR,
    means="A NetworkPolicy, a GlobalNetworkPolicy or a tier denies pods' lookups on their way to DNS endpoints.",
    finds=(
        "Policies of Kubernetes and Calico, evaluated for each kind of pod and endpoint: out of the pod and into the "
        "endpoint, at the port that it listens on, UDP and TCP."
    ),
    matters="These pods cannot resolve names, wherever they run; node addresses and routes have no part in it.",
    proves="The rule that denies, or the policies that apply and have no rule that allows DNS.",
    fix=(
        "Add a rule that allows UDP and TCP to the DNS endpoints' port: to a policy of Kubernetes itself, and before one of "
        "Calico's as a policy of the same tier and selection with a lower order. Where both directions are denied, both "
        "are needed. The report lays them in and says how many paths come back."
    ),
    limits=(
        "Policies are taken as the only ones there are. Whether Calico's calico-node has programmed them is not looked at. "
        "Host endpoints and kinds of policies that are not understood leave it open, and are never called denying. It is "
        "assumed that kube-proxy does not masquerade pods' lookups, unless recorded rules show it."
    ),
)
_MOST = 20
_MOST_TRIED = 5
"""Fixes that are followed through all paths; with more policies than that, those that deny the most pods."""
_SHOWN = 20


def lacks(context: Context) -> str | None:
    """Policies, and the DNS service with its endpoints."""
    if not context.cluster.policies:
        return "no network policy was collected, or there is none"
    if context.dns is None or not context.dns.listed:
        return "no endpoints of a cluster DNS service are in the bundle"
    return None


def run(context: Context) -> list[Finding]:
    """One finding for each policy that denies, those with the most pods first."""
    found = sorted(asked(context).denied, key=lambda group: (-len(group.pods), group.verdict.text))
    return [_finding(context, group, number < _MOST_TRIED) for number, group in enumerate(found[:_MOST])]


def asked(context: Context) -> Survey:
    """What policies say to the lookups of all pods that use cluster DNS."""
    from calico_bundle.network.policy.survey import survey
    from calico_bundle.paths import Verdict

    paths = enumerate(context.paths.pods)
    askers = ((number, path.place) for number, path in paths if path.verdict is not Verdict.NOT_APPLICABLE)
    ready = context.dns.ready if context.dns else ()
    return survey(context.paths.policies, askers, ready)


def _finding(context: Context, group: Group, is_tried: bool) -> Finding:
    from calico_bundle.remedies.policies import allow_dns

    pods = [context.paths.pods[number].pod for number in group.pods[:_SHOWN]]
    count = len(group.pods)
    who = "1 pod" if count == 1 else f"{count} pods"
    verdict = group.verdict
    return Finding(
        INFO.code,
        INFO.name,
        ERROR,
        CLUSTER_SUBJECT,
        f"lookups of {who} are {verdict.text}",
        verdict.evidence,
        paths=count,
        pods=tuple(f"{pod.namespace}/{pod.name}" for pod in pods),
        nodes=tuple(sorted({pod.node for pod in pods if pod.node})),
        fixes=allow_dns(context, verdict, group.pods, try_it=is_tried),
    )


CHECK = Check(INFO, lacks, run)
