"""The view of pods' paths: one entry per pod, written once for pods that share their fate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calico_bundle.diagnosis import Diagnosis
from calico_bundle.facts import EndpointFact
from calico_bundle.findings import Finding
from calico_bundle.impact import FAILING, lost_pairs
from calico_bundle.paths import PathGroup, PodPath, Verdict


def paths_of(diagnosis: Diagnosis, which: str) -> list[dict[str, Any]]:
    """One entry per pod that is not finished; `which` is all, broken or none."""
    if which == "none":
        return []
    told = _Told(diagnosis.dns.ready if diagnosis.dns else (), diagnosis.findings)
    return [told.path(p) for p in diagnosis.paths.pods if which == "all" or p.verdict in FAILING]


MOST_NAMED = 3
"""Pods of a group that are named; all are counted."""


def path_groups_of(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """One entry for the pods of a node that share a verdict and its reason, in the order of their first pods."""
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for group in diagnosis.paths.groups:
        first = diagnosis.paths.pods[group.pods[0]]
        code = reason_code(first, diagnosis.findings)
        key = (group.node, group.verdict, group.basis, code, group.text)
        entry = found.setdefault(
            key,
            {
                "node": group.node,
                "verdict": group.verdict.value,
                "basis": group.basis,
                "reason": {"code": code, "text": group.text},
                "count": 0,
                "pods": [],
            },
        )
        entry["count"] += len(group.pods)
        room = MOST_NAMED - len(entry["pods"])
        pods = (diagnosis.paths.pods[place].pod for place in group.pods[:room])
        entry["pods"] += [f"{pod.namespace}/{pod.name}" for pod in pods]
    return list(found.values())


class _Told:
    """Writes paths; what many of them have in common is one object in all of them."""

    def __init__(self, endpoints: Sequence[EndpointFact], findings: Sequence[Finding]) -> None:
        self._endpoints, self._findings = endpoints, findings
        self._codes: dict[PathGroup, str | None] = {}
        self._listed: dict[tuple[object, ...], list[dict[str, Any]]] = {}
        self._lists: dict[PathGroup, list[dict[str, Any]]] = {}

    def path(self, path: PodPath) -> dict[str, Any]:
        """One pod's path."""
        group = path.group
        if group not in self._codes:
            self._codes[group] = reason_code(path, self._findings)
            self._lists[group] = self._list(group)
        return _path(path, self._codes[group], self._lists[group])

    def _list(self, group: PathGroup) -> list[dict[str, Any]]:
        outcomes = tuple(group.outcomes)
        if outcomes not in self._listed:
            self._listed[outcomes] = [
                {"ip": str(e.ip), "pod": e.pod, "node": node, "request": request.value, "reply": reply.value}
                for e, (node, request, reply) in zip(self._endpoints, outcomes, strict=False)
            ]
        return self._listed[outcomes]


def _path(path: PodPath, code: str | None, endpoints: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "namespace": path.pod.namespace,
        "pod": path.pod.name,
        "node": path.pod.node,
        # The contract has no third value; where it is not known, the verdict is `unknown` and the reason says so.
        "host_network": bool(path.pod.host_network),
        "verdict": path.verdict.value,
        "basis": path.basis,
        "reason": {"code": code, "text": path.text},
        "endpoints": endpoints,
    }


def reason_code(path: PodPath, findings: Sequence[Finding]) -> str | None:
    """The finding that explains a failing path.

    It is the first that blames a node at an end of a lost way, or names the way.
    """
    if path.verdict is Verdict.UNKNOWN:
        return "CB901"
    if path.verdict not in FAILING:
        return None
    if path.group.code:
        return path.group.code
    if not path.group.outcomes:
        return "CB302"
    return code_of(set(lost_pairs(path.group)), findings)


def code_of(ways: set[tuple[str, str | None]], findings: Sequence[Finding]) -> str | None:
    """The first finding that explains one of the lost ways between two nodes.

    >>> code_of({("node-1", "node-2")}, ()) is None
    True
    """
    ends = {n for way in ways if way[0] != way[1] for n in way}
    return next((f.code for f in findings if f.blames & ends or f.pairs & ways), None)
