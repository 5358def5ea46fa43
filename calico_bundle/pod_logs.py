"""Whose log it is: what was read in the logs of pods, with the pod that each log's path names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from calico_bundle.facts import DnsServerEventFact, LookupErrorFact, PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.layouts.file_names import stem
from calico_bundle.layouts.pod_paths import PodPath, pod_of
from calico_bundle.placing import Artifact

T = TypeVar("T", LookupErrorFact, DnsServerEventFact)
_Pod = tuple[str, str]
"""Namespace and name."""

# `kubectl logs --previous` as people and collectors name it; logs that were rotated: app.log.1, 0.log.20251122-101010.
_PREVIOUS = re.compile(r"(?i)(?:^|[-_.])prev(?:ious)?(?=[-_.]|$)|\.log\.(?:\d{1,3}|\d{8}-\d{6})(?=\.|$)")
_RUN = re.compile(r"(\d{1,6})\.log")
_ROTATED = re.compile(r"(?<=\.log)\.[0-9-]+$")
_PREVIOUS_END = re.compile(r"(?i)[-_.]prev(?:ious)?$")


class PodLogs:
    """Whose logs some files are, told by their paths, and by the names of the pods that the bundle has.

    >>> PodLogs(()).named_in(["logs", "shop"], "cart-0.log") is None
    True
    """

    def __init__(self, pods: Sequence[PodFact]) -> None:
        self._pods = pods

    @cached_property
    def _namespaces_of(self) -> dict[str, list[str]]:
        columns = columns_of(self._pods)
        found: dict[str, list[str]] = {}
        for namespace, name in zip(columns.namespaces, columns.names, strict=True):
            found.setdefault(name, []).append(namespace)
        return found

    def whose(self, artifact: Artifact) -> PodPath:
        """The pod whose log a file is: as its layout says, else as its path does, else by a pod's name in its path."""
        placement = artifact.placement
        *folders, name = artifact.file.split("/")
        told = PodPath(placement.namespace, placement.pod, placement.container)
        told = told if told.pod else pod_of(folders, name)
        if told.pod and told.namespace and told.namespace in self._namespaces_of.get(told.pod, ()):
            return told
        found = self.named_in(folders, name)
        return PodPath(*found, told.container) if found else told

    def named_in(self, folders: Sequence[str], file: str) -> _Pod | None:
        """The pod of the bundle that a path names, with its namespace; None where it names none, or no single one."""
        return next(self._names(folders, file), None)

    def _names(self, folders: Sequence[str], file: str) -> Iterator[_Pod]:
        """Where a path says the namespace, that counts before the bare name."""
        name = _PREVIOUS_END.sub("", stem(_ROTATED.sub("", file)))
        yield from (
            pair for pair in reversed([*pairwise(folders), *((f, name) for f in folders[-1:])]) if self._is(pair)
        )
        yield from (pair for pair in _joined(name) if self._is(pair))
        for word in (name, *folders[-1:]):
            namespaces = self._namespaces_of.get(word, ())
            if len(namespaces) == 1:
                yield namespaces[0], word

    def _is(self, pair: _Pod) -> bool:
        return pair[0] in self._namespaces_of.get(pair[1], ())


def _joined(name: str) -> Iterator[_Pod]:
    """What a file's name can have as namespace and pod: `shop_cart-0_app`, `cart-0_shop_app`, `shop-cart-0`."""
    for separator in ("_", "."):
        words = name.split(separator)
        for first, second in pairwise(words[:3]):
            yield first, second
            yield second, first
    for dash in re.finditer("-", name[:512]):
        yield name[: dash.start()], name[dash.end() :]


def facts_of_pods(artifacts: Iterable[Artifact], kind: type[T], pods: Sequence[PodFact] = ()) -> tuple[T, ...]:
    """The facts of a kind in the logs of pods, once each, with the pod.

    >>> facts_of_pods((), LookupErrorFact)
    ()
    """
    logs, found, artifacts = PodLogs(pods), dict[object, T](), tuple(artifacts)
    telling = [(artifact, facts) for artifact in artifacts if (facts := artifact.parsed.of(kind))]
    # Also those that tell nothing: the last run of a container may be one without errors.
    newest = _newest_runs(artifact.file for artifact in artifacts) if telling else {}
    for artifact, facts in telling:
        pod, past = logs.whose(artifact), is_of_the_past(artifact.file, newest)
        for fact in facts:
            # A log that lies in a bundle twice tells the same twice.
            whose = (pod.namespace, pod.pod) if pod.pod else artifact.path
            found.setdefault((whose, fact.evidence.line, fact.evidence.text, fact.count), _with(fact, pod, past=past))
    return tuple(found.values())


def _newest_runs(files: Iterable[str]) -> dict[str, int]:
    """The number of the last run of each container by its folder, as kubelets name logs: CONTAINER/2.log."""
    newest: dict[str, int] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        if run := _RUN.match(name):
            newest[folder] = max(newest.get(folder, 0), int(run[1]))
    return newest


def is_of_the_past(file: str, newest: dict[str, int]) -> bool:
    """Whether a log is that of a container before the one that runs, or the part of one that was rotated away.

    >>> is_of_the_past("shop/cart-0/app-previous.log", {}), is_of_the_past("shop/cart-0/app.log", {})
    (True, False)
    """
    folder, _, name = file.rpartition("/")
    run = _RUN.match(name)
    return bool(_PREVIOUS.search(name)) or bool(run and int(run[1]) < newest.get(folder, 0))


def _with(fact: T, pod: PodPath, *, past: bool) -> T:
    if isinstance(fact, LookupErrorFact):
        return replace(fact, namespace=pod.namespace, pod=pod.pod, container=pod.container, past=past)
    return replace(fact, namespace=pod.namespace, pod=pod.pod, past=past)
