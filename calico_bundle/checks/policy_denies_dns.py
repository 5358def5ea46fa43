"""CB401: a network policy denies pods' DNS traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import CLUSTER_SUBJECT, pod_subject, service_subject

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
        "Policies of host endpoints that may drop what a node forwards (applyOnForward), and kinds of policies that are not "
        "understood, leave it open, and are never called denying; so does a port by its name where the DNS pods show no named "
        "ports. It is assumed that kube-proxy does not masquerade pods' lookups, unless recorded rules show it."
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

    losing = frozenset(one for one in context.paths.groups if one.code == INFO.code)
    groups = context.paths.pods.groups
    broken = [number for number in group.pods if groups[number] in losing]
    pods = [context.paths.pods[number].pod for number in (broken or group.pods)[:_SHOWN]]
    count = len(group.pods)
    who = "1 pod" if count == 1 else f"{count} pods"
    verdict = group.verdict
    return Finding(
        INFO.code,
        INFO.name,
        # Lookups that something else loses, or of which nothing shows that there are any, are not lost by it.
        ERROR if broken else WARNING,
        _subject(context, group),
        f"lookups of {who} are {verdict.text}",
        verdict.evidence,
        paths=len(broken),
        pods=tuple(f"{pod.namespace}/{pod.name}" for pod in pods),
        nodes=tuple(sorted({pod.node for pod in pods if pod.node})),
        fixes=allow_dns(context, verdict, group.pods, try_it=is_tried),
    )


def _subject(context: Context, group: Group) -> str:
    """The DNS service where its pods are closed to lookups, the pod where it is one, else the cluster."""
    if group.verdict.way == "ingress" and context.dns is not None:
        return service_subject(context.dns.service.namespace, context.dns.service.name)
    if len(group.pods) == 1:
        pod = context.paths.pods[group.pods[0]].pod
        return pod_subject(pod.namespace, pod.name)
    return CLUSTER_SUBJECT


CHECK = Check(INFO, lacks, run)
