"""Kubernetes, Calico and operator objects: text to located values, located values to facts.

A builder is a module of this folder with `BUILDERS` (kind to function) and `GROUPS` (the API groups whose kinds these
are: Longhorn has a Node, MetalLB a BGPPeer, Knative a Service of its own); its name stands in `_MODULES`. `NEEDS`
says of kinds with many or large objects what their builder reads, so that the rest need not be taken in.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache

from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs

Builder = Callable[[Fields], Iterator[object]]
"""An object's fields to its facts; raises `fields.IncompleteError` for an object that cannot be one."""


# Named here so that the readers' modules, with numpy and the YAML parser, are loaded only by what needs them.
_MODULES = (
    "calico", "events", "namespaces", "nodes", "operator", "pods", "services", "workloads",
    "dns", "kubernetes_policies", "calico_policies", "service_accounts", "helm",
)  # fmt: skip


@cache
def all_builders() -> dict[tuple[str, str], Builder]:
    """The builder of every kind, by API group ("" is the core group) and kind.

    >>> sorted(kind for group, kind in all_builders() if group == "projectcalico.org")[:2]
    ['BGPConfiguration', 'BGPPeer']
    """
    found = [importlib.import_module(f"{__name__}.{name}") for name in _MODULES]
    return {(group, kind): build for m in found for kind, build in m.BUILDERS.items() for group in m.GROUPS}


def builder_of(kind: str, group: str | None) -> Builder | None:
    """The builder of a kind; the group decides where the text says it.

    >>> builder_of("Node", "longhorn.io") is None, builder_of("Node", "") is builder_of("Node", None)
    (True, True)
    """
    if group is not None:
        return all_builders().get((group, kind))
    return next((build for (_, name), build in all_builders().items() if name == kind), None)


@cache
def needs_of(kind: str) -> Needs | None:
    """What is read of an object of that kind; None: all of it.

    >>> "spec" in needs_of("Node"), "spec" in needs_of("Namespace")
    (True, False)
    """
    modules = {build.__module__ for (_, name), build in all_builders().items() if name == kind}
    found = [needs[kind] for m in modules if kind in (needs := getattr(importlib.import_module(m), "NEEDS", {}))]
    return {**found[0], "apiVersion": None, "kind": None} if len(found) == len(modules) == 1 else None


@cache
def all_kinds() -> frozenset[str]:
    """The kinds that some builder reads.

    >>> "Pod" in all_kinds(), "Secret" in all_kinds()
    (True, False)
    """
    return frozenset(kind for _, kind in all_builders())
