"""One recorded laboratory run, read with its nodes and pods renamed the same way in every file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

LAB_NAMESPACE = "default"
"""Namespace in which the laboratory hashes every pod's veth name, DNS pods included."""


@dataclass(frozen=True, slots=True)
class PodName:
    """A pod as the story calls it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Give `namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run: folder with truth.json, scenario.json, cluster/ and nodes/, and what the story renames in it."""

    path: Path
    pods: Mapping[str, PodName]
    nodes: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """One recorded file as the story has it: names replaced, traces of the laboratory taken out."""
        return without_lab_traces(self._renamed((self.path / name).read_text()))

    def folder(self, node: str) -> str:
        """The folder of what was recorded on a node, by its name in the story."""
        return "nodes/" + next(old for old, new in self.node_names().items() if new == node)

    def has(self, name: str) -> bool:
        """Whether the run recorded that file (BIRD's are absent where BIRD did not run)."""
        return (self.path / name).is_file()

    @property
    def truth(self) -> Json:
        """The measurement, renamed."""
        loaded: Json = json.loads(self.text("truth.json"))
        return loaded

    @property
    def scenario(self) -> Json:
        """The input of the laboratory, renamed."""
        loaded: Json = json.loads(self.text("scenario.json"))
        return loaded

    def objects(self, name: str) -> list[Json]:
        """The recorded Kubernetes or Calico objects of one kind; none where the run has none of it."""
        path = f"cluster/{name}.yaml"
        items: list[Json] = yaml.safe_load(self.text(path))["items"] if self.has(path) else []
        return items

    def node_names(self) -> dict[str, str]:
        """Recorded node name to the story's, in recorded order."""
        scenario = json.loads((self.path / "scenario.json").read_text())
        return {n["name"]: self.nodes.get(n["name"], n["name"]) for n in scenario["nodes"]}

    def pod(self, name: str) -> PodName:
        """The story's namespace and name of a pod that is already renamed."""
        return next((p for p in self.pods.values() if p.name == name), PodName(LAB_NAMESPACE, name))

    def _renamed(self, text: str) -> str:
        for old, new in self.pods.items():
            text = text.replace(veth(LAB_NAMESPACE, old), veth(new.namespace, new.name))
        names = {**self.nodes, **{old: new.name for old, new in self.pods.items()}}
        changed = sorted((old for old, new in names.items() if old != new), key=len, reverse=True)
        if not changed:
            return text
        tokens = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, changed))})(?!\w)")
        return tokens.sub(lambda m: names[m[1]], text)


def veth(namespace: str, pod: str) -> str:
    """Calico's name of a pod's interface on the node: `cali` and 11 digits of SHA-1 over `namespace.pod`.

    >>> veth("default", "app-2")
    'cali8b7b28d52a2'
    """
    return "cali" + hashlib.sha1(f"{namespace}.{pod}".encode(), usedforsecurity=False).hexdigest()[:11]


def without_lab_traces(text: str) -> str:
    """Make veth stand-ins of network cards look like cards, and name pod namespaces as a container runtime does.

    >>> without_lab_traces("2: ens18@if3: <UP> mtu 1500\\n    link/ether 52:54:00:1b:ab:bc link-netns clca0d7-fabric")
    '2: ens18: <UP> mtu 1500\\n    link/ether 52:54:00:1b:ab:bc'
    >>> without_lab_traces("link-netns clca0d7-p-app-2")
    'link-netns cni-78e34cd41e'
    """
    text = re.sub(r"(?m)^(\d+: (?:ens|eth)\d+)@if\d+:", r"\1:", text)
    text = re.sub(r" link-netns \w+-fabric", "", text)
    # `ip -d` prints the card's queues on the link line; the veth stand-in puts its kind first, on a line of its own.
    text = re.sub(r"(?m)^(    link/ether 52:54:.*maxmtu \d+ )\n    veth ", r"\1", text)
    text = re.sub(r'"link_index":\d+,("ifname":"(?:ens|eth)\d+")', r"\1", text)
    text = re.sub(r'("address":"52:54:[^}\[]*?),"link_netnsid":\d+', r"\1", text)
    return re.sub(r"link-netns \w+-p-([\w-]+)", lambda m: f"link-netns cni-{_digest(m[1])}", text)


def _digest(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:10]


def find_run(recorded: Path, name: str) -> Path:
    """The folder of a recorded run, at any depth under `recorded`.

    Raises FileNotFoundError where it is absent and ValueError where there are several.
    """
    found = sorted(p.parent for p in recorded.rglob("truth.json") if p.parent.name == name)
    if not found:
        raise FileNotFoundError(f"no recorded run {name!r} (a folder of that name with truth.json) under {recorded}")
    if len(found) > 1:
        raise ValueError(f"several recorded runs {name!r}: {', '.join(str(p.relative_to(recorded)) for p in found)}")
    return found[0]
