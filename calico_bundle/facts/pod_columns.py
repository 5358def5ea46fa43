"""Pods in columns: what is asked of every pod of a cluster, without making 150,000 records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calico_bundle.facts.kubernetes import PodFact


@dataclass(frozen=True, slots=True)
class PodColumns:
    """The columns of all pods, equally long; `PodFact` says what each means.

    `ipv4s` holds the first IPv4 address of each as an integer, None where there is none.
    """

    namespaces: Sequence[str]
    names: Sequence[str]
    nodes: Sequence[str | None]
    ipv4s: Sequence[int | None]
    host_networks: Sequence[bool | None]
    dns_policies: Sequence[str | None]
    phases: Sequence[str | None]
    labels: Sequence[Mapping[str, str]]
    service_accounts: Sequence[str | None]
    not_whole: frozenset[int]
    """The places of the pods of which labels or the service account are hidden, or not shown."""


def is_not_whole(pod: PodFact) -> bool:
    """Whether what policies select pods by is hidden, or not shown."""
    return not {"labels", "service_account"}.isdisjoint((*pod.redacted, *pod.not_shown))


def columns_of(pods: Sequence[PodFact]) -> PodColumns:
    """The columns of some pods: those they are kept in, or made from the records.

    >>> columns_of(()).names
    ()
    """
    kept = getattr(pods, "columns", None)
    if isinstance(kept, PodColumns):
        return kept
    return PodColumns(
        namespaces=tuple(p.namespace for p in pods),
        names=tuple(p.name for p in pods),
        nodes=tuple(p.node for p in pods),
        ipv4s=tuple(next((int(ip) for ip in p.ips if ip.version == 4), None) for p in pods),
        host_networks=tuple(p.host_network for p in pods),
        dns_policies=tuple(p.dns_policy for p in pods),
        phases=tuple(p.phase for p in pods),
        labels=tuple(p.labels for p in pods),
        service_accounts=tuple(p.service_account for p in pods),
        not_whole=frozenset(place for place, pod in enumerate(pods) if is_not_whole(pod)),
    )
