"""Brings DNS pods back behind their Service: by its selector, by their number, or by finding out what ails them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from calico_bundle.facts import DeploymentFact, PodFact
from calico_bundle.facts.pod_queries import FINISHED, labeled
from calico_bundle.findings import Context, Fix
from calico_bundle.network.dns_servers import dns_servers
from calico_bundle.network.service import DnsService
from calico_bundle.remedies.outlooks import listed

_MARKS = (("k8s-app", "kube-dns"), ("k8s-app", "coredns"), ("app.kubernetes.io/name", "coredns"), ("app", "coredns"))
"""Labels of DNS pods: kubeadm's and others' manifests, the chart of CoreDNS, and older ones."""


@dataclass(frozen=True, slots=True)
class Unselected:
    """DNS pods that the DNS Service's selector does not match, and the labels that would match them all."""

    pods: tuple[PodFact, ...]
    labels: dict[str, str]
    text: str


def unselected(context: Context, dns: DnsService) -> Unselected | None:
    """The DNS pods in the Service's namespace, where its selector matches no pod at all; None where it does, or may."""
    service = dns.service
    if not service.selector or "selector" in (*service.redacted, *service.not_shown):
        return None
    if dns_servers(context.bundle, context.cluster, dns).pods:
        return None
    found = [pod for key, value in _MARKS for pod in labeled(context.cluster.pods, key, value)]
    own = {pod.name: pod for pod in found if pod.namespace == service.namespace and pod.phase not in FINISHED}
    pods = tuple(pod for pod in own.values() if "labels" not in (*pod.redacted, *pod.not_shown))
    if not pods:
        return None
    wanted = _common(pods, service.selector)
    names = listed([pod.name for pod in pods])
    text = f"its selector {_shown(service.selector)} matches no pod, and the DNS pods {names} have {_shown(wanted)}"
    return Unselected(pods, wanted, text)


def _common(pods: Sequence[PodFact], selector: object) -> dict[str, str]:
    """Labels that all these pods have: those of the selector's keys, else the first that marks them as DNS pods."""
    keys = selector if isinstance(selector, dict) else {}
    shared = {key: value for key, value in pods[0].labels.items() if all(p.labels.get(key) == value for p in pods)}
    own = {key: shared[key] for key in sorted(keys) if key in shared}
    marks = ({key: value} for key, value in _MARKS if shared.get(key) == value)
    return own or next(marks, {})


def _shown(labels: object) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) if isinstance(labels, dict) else "?"


def bring_back(
    context: Context, dns: DnsService, stopped: DeploymentFact | None, missed: Unselected | None
) -> tuple[Fix, ...]:
    """How to have ready DNS pods again: a change where the bundle shows what is wrong, else what to look at first."""
    if stopped:
        return (_started(stopped),)
    if missed and missed.labels:
        return (_selecting(dns, missed),)
    return (_looking(context, dns),)


def _started(stopped: DeploymentFact) -> Fix:
    command = f"kubectl scale deployment {quote(stopped.name)} -n {quote(stopped.namespace)} --replicas=2"
    return Fix("let the Deployment have DNS pods again", (command,), "none: nobody answers now")


def _selecting(dns: DnsService, missed: Unselected) -> Fix:
    """The whole selector is put in place: merged, a key that is wrong would stay."""
    name, space = quote(dns.service.name), quote(dns.service.namespace)
    patch = json.dumps([{"op": "replace", "path": "/spec/selector", "value": missed.labels}])
    commands = (
        f"kubectl patch service {name} -n {space} --type=json -p {quote(patch)}",
        _slices(dns),
    )
    title = f"have the Service {dns.service.namespace}/{dns.service.name} select {_shown(missed.labels)}"
    return Fix(title, commands, "none: nobody answers now; what manages the Service (Helm, an operator) may undo it")


def _looking(context: Context, dns: DnsService) -> Fix:
    space = quote(dns.service.namespace)
    of_dns = f" -l {quote(_shown(dict(dns.service.selector)))}" if dns.service.selector else ""
    pods = f"kubectl get pods -n {space}{of_dns} -o wide"
    servers = dns_servers(context.bundle, context.cluster, dns)
    commands: tuple[str, ...]
    if servers.all_ready:
        why = "the pods say that they are ready, so what writes the endpoints (kube-controller-manager) may be behind"
        commands = (pods, _slices(dns), "kubectl get pods -n kube-system -l component=kube-controller-manager")
    elif servers.pods:
        why = "it depends on why the pods are not ready"
        commands = (f"kubectl describe pods -n {space}{of_dns}", f"kubectl logs -n {space}{of_dns} --all-containers")
    else:
        why = "none of its pods is in the bundle"
        commands = (pods, f"kubectl get deployments,daemonsets,replicasets,events -n {space}")
    return Fix(f"find out why nothing is ready; no change is safe before: {why}", commands, "none: this only looks")


def _slices(dns: DnsService) -> str:
    chosen = quote(f"kubernetes.io/service-name={dns.service.name}")
    return f"kubectl get endpointslices -n {quote(dns.service.namespace)} -l {chosen} -o yaml"
