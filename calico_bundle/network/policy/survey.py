"""What policies come to for many pods: which are denied by what, which are let through, and of which it cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from calico_bundle.facts import EndpointFact
from calico_bundle.network.policy.dns import Class, DnsPolicies, PolicyVerdict


@dataclass(slots=True)
class Group:
    """Pods (their places in what was asked) that get one verdict, for all endpoints or for some."""

    verdict: PolicyVerdict
    pods: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Survey:
    """The verdicts that pods get: a pod is in each group that holds for it and some endpoint."""

    denied: tuple[Group, ...]
    open: tuple[Group, ...]
    allowed: tuple[Group, ...]


def survey(policies: DnsPolicies, askers: Iterable[tuple[int, int]], endpoints: Sequence[EndpointFact]) -> Survey:
    """The verdicts of some pods for some endpoints; each asker is its number and its place in the cluster's pods.

    >>> from calico_bundle.cluster import Cluster
    >>> survey(DnsPolicies(Cluster({}), None), (), ()).denied
    ()
    """
    by_class: dict[Class, list[int]] = {}
    for number, place in askers:
        by_class.setdefault(policies.class_of(place), []).append(number)
    groups: dict[tuple[bool | None, str], Group] = {}
    for kind, numbers in by_class.items():
        for verdict in _distinct(policies.on(kind, endpoint) for endpoint in endpoints):
            group = groups.setdefault((verdict.allowed, verdict.text), Group(verdict))
            group.pods.extend(numbers)
    return Survey(*(_with(groups.values(), allowed) for allowed in (False, None, True)))


def _distinct(verdicts: Iterable[PolicyVerdict]) -> list[PolicyVerdict]:
    return list({(verdict.allowed, verdict.text): verdict for verdict in verdicts}.values())


def _with(groups: Iterable[Group], allowed: bool | None) -> tuple[Group, ...]:
    return tuple(group for group in groups if group.verdict.allowed is allowed)
