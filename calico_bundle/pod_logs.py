"""Whose log it is: what was read in the logs of pods, with the pod that each log's path names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from calico_bundle.facts import DnsServerEventFact, LookupErrorFact
from calico_bundle.layouts.pod_paths import PodPath, pod_of
from calico_bundle.placing import Artifact

T = TypeVar("T", LookupErrorFact, DnsServerEventFact)


def facts_of_pods(artifacts: Iterable[Artifact], kind: type[T]) -> tuple[T, ...]:
    """The facts of a kind in the logs of pods, once each, with the pod.

    >>> facts_of_pods((), LookupErrorFact)
    ()
    """
    found: dict[object, T] = {}
    for artifact in artifacts:
        facts = artifact.parsed.of(kind)
        pod = pod_whose_log(artifact) if facts else PodPath()
        for fact in facts:
            # A log that lies in a bundle twice tells the same twice.
            whose = (pod.namespace, pod.pod) if pod.pod else artifact.path
            found.setdefault((whose, fact.evidence.line, fact.evidence.text, fact.count), _with(fact, pod))
    return tuple(found.values())


def pod_whose_log(artifact: Artifact) -> PodPath:
    """The pod whose log a file is: as its layout says, else as its path does."""
    placement = artifact.placement
    if placement.pod:
        return PodPath(placement.namespace, placement.pod, placement.container)
    *folders, name = artifact.file.split("/")
    return pod_of(folders, name)


def _with(fact: T, pod: PodPath) -> T:
    if isinstance(fact, LookupErrorFact):
        return replace(fact, namespace=pod.namespace, pod=pod.pod, container=pod.container)
    return replace(fact, namespace=pod.namespace, pod=pod.pod)
