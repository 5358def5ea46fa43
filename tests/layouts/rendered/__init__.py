"""One recorded cluster, the incident, written as each producer writes its bundles.

Every module of this folder writes one format, from what its producer's source or real bundles show; nothing in it goes by
what this program reads. A new format is one new module: `test_rendered.py` and docs/formats.md find it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.stories import story

Files = Mapping[str, bytes]
"""The files of one archive or folder, by their path in it."""

Bundles = Mapping[str, Files]
"""What a customer sends: the files of each archive, by its name. Formats of one machine give one per node."""


class Recorded:
    """What was recorded of the cluster: Kubernetes' objects, and each node's outputs and log."""

    def __init__(self, root: Path) -> None:
        self._root = next(root.glob("calico-diagnostics-*"))

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return tuple(sorted(path.name for path in (self._root / "nodes").iterdir()))

    def objects(self, resource: str) -> list[dict[str, Any]]:
        """The objects of a resource as `kubectl get -A -o json` gives them: `pods`, `ippools.crd.projectcalico.org`.

        Empty for a resource that was not recorded: the names are those of the files in the bundle of fixtures/incident.
        """
        for path in self._root.glob(f"cluster/*/{resource}.yaml"):
            return deepcopy(_items(path))
        return []

    def output(self, node: str, name: str) -> str:
        """What a command printed on a node: `ip-addr`, `ip-route` (all tables), `ip-rule`, `ip-neigh`, `ip-link`.

        And `iptables-nft-save`.
        """
        return (self._root / "nodes" / node / f"{name}.txt").read_text(encoding="utf-8")

    def log(self, node: str) -> tuple[str, str]:
        """The name of a node's calico-node pod, and its log."""
        path = next((self._root / "nodes" / node).glob("*/calico-node-*.log"))
        return path.stem, path.read_text(encoding="utf-8")

    def namespace(self, pod: str) -> str:
        """The namespace of a pod."""
        return next(str(p["metadata"]["namespace"]) for p in self.objects("pods") if p["metadata"]["name"] == pod)


@cache
def _items(path: Path) -> list[dict[str, Any]]:
    """The items of a list, read once. Who writes a format may change what it gets, so it is given copies."""
    return list(yaml.safe_load(path.read_text(encoding="utf-8"))["items"])


@dataclass(frozen=True, slots=True)
class Rendering:
    """A format: how it writes the recorded cluster, and what then can be answered.

    `layout` is the name that the report must give. `status` is the verdict's; where it is not `broken`, `lacks` names
    what the format does not collect and the report must say is missing (`missing[].artifact`, the reason of a path, or
    a gap of what was hidden holds these words). `source` is where the format is known from.
    """

    layout: str
    title: str
    source: str
    write: Callable[[Recorded], Bundles]
    status: str
    lacks: tuple[str, ...] = ()


@cache
def recorded() -> Recorded:
    """The incident as it was recorded."""
    path = story("incident").path
    assert path is not None
    return Recorded(path)


@cache
def renderings() -> Mapping[str, Rendering]:
    """Every format of this folder, by its module's name."""
    modules = {m.name: importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)}
    return {name: module.RENDERING for name, module in sorted(modules.items()) if hasattr(module, "RENDERING")}
