"""What is asked for is enough: a bundle with parts taken away, and given back what the report says to collect, is decided."""

from __future__ import annotations

import io
import random
import shlex
import tarfile
from collections.abc import Iterable, Mapping, Sequence

import pytest

import calico_bundle as cb
from tests.stories import story

Member = tuple[str, bytes]

# The files of fixtures' by-hand bundles that hold what a command prints.
_PRINTS = {
    "ip addr": "ip_addr.txt",
    "ip -d addr": "ip_addr.txt",
    "ip route show table all": "ip_route_all.txt",
    "ip rule": "ip_rule.txt",
    "ip neigh": "ip_neigh.txt",
    "sysctl -a": "sysctl.txt",
    "iptables-save -t nat": "iptables-save.txt",
}
_OBJECTS = {"nodes": "nodes", "pods": "pods", "services": "services", "endpoints,endpointslices": "endpoints"}


def analyzed(members: Iterable[Member]) -> cb.Analysis:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in members:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return cb.analyze(io.BytesIO(stream.getvalue()))


def files_of(command: str, nodes: Mapping[str, str]) -> set[str]:
    """The files that a command to collect would have made; `nodes` are those of the pods."""
    words = shlex.split(command)
    if words[:2] == ["kubectl", "get"]:
        return {f"k8s/{_OBJECTS[words[2]]}.yaml"}
    node = words[1] if words[0] == "ssh" else nodes[words[4]]
    return {f"nodes/{node}/{_PRINTS[one]}" for one in words[-1].split("; ")}


def taken_away(files: Sequence[str], chosen: random.Random) -> set[str]:
    """Some of what can be collected again; never everything of the machines, which would leave nothing of Calico."""
    able = [path for path in files if path.endswith((*_PRINTS.values(), "k8s/services.yaml"))]
    return set(chosen.sample(able, chosen.randint(1, 6)))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["healthy", "vxlan", "routed-racks", "two-wrong-share-network"])
def test_what_the_report_asks_for_decides_what_the_whole_bundle_decides(name: str, seed: int):
    whole = dict(story(name).members())
    root = next(path for path in whole if "k8s/nodes.yaml" in path).removesuffix("k8s/nodes.yaml")
    gone = taken_away(list(whole), random.Random(f"{name} {seed}"))
    decided = analyzed(whole.items())
    pods = decided.tables.pods
    nodes = dict(zip(pods["name"], pods["node"], strict=True))
    kept = {path: content for path, content in whole.items() if path not in gone}
    report = analyzed(kept.items()).report()
    while report["dns"]["paths"]["unknown"]:
        commands = report["collect"]["commands"]
        wanted = {f"{root}{file}" for command in commands for file in files_of(command, nodes)} & whole.keys()
        assert wanted - kept.keys(), (report["collect"], sorted(gone))
        kept |= {path: whole[path] for path in wanted}
        report = analyzed(kept.items()).report()
    assert report["dns"]["paths"] == decided.report()["dns"]["paths"]
