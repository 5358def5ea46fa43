"""Recorded laboratory bundles: every decided request, reply and verdict against the packets that were really sent.

The recording stands beside the repository; where it is absent, these tests are skipped and say so.
"""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest

import calico_bundle as cb
from calico_bundle.network.outcome import Outcome, Walk, Why
from calico_bundle.paths import Fate, PodPath, Verdict

RECORDED = Path(__file__).resolve().parents[3] / "shared/lab/recorded.tar.xz"
NAMED = 38
RANDOM_ONES = 24
NOT_EVEN_SENT = (Why.NO_SERVICE_ROUTE, Why.NO_POD_GATEWAY)
"""The service address decides then, not what a DNS pod answers when it is asked directly."""

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason=f"no recording at ../{'/'.join(RECORDED.parts[-3:])}")


@dataclass(frozen=True)
class Run:
    """One recorded bundle: its files without the measurement, and the measurement."""

    name: str
    files: dict[str, bytes]
    truth: dict[str, Any]

    def analyzed(self) -> cb.Analysis:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for path, content in self.files.items():
                info = tarfile.TarInfo(path)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return cb.analyze(io.BytesIO(stream.getvalue()))


@cache
def runs() -> dict[str, Run]:
    """The named runs and the first random ones; what a run measured is kept from the analysis."""
    if not RECORDED.exists():
        return {}
    found: dict[str, dict[str, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(RECORDED.read_bytes()))) as archive:
        for member in archive:
            parts = Path(member.name).parts
            at = next((i for i, part in enumerate(parts) if part == "named" or part.startswith("random-seed")), None)
            if member.isfile() and at is not None and len(parts) > at + 2:
                content = archive.extractfile(member)
                assert content is not None
                found.setdefault(parts[at + 1], {})["/".join(parts[at + 2 :])] = content.read()
    named = [name for name in sorted(found) if not name.startswith("random")]
    random_ones = [name for name in sorted(found) if name.startswith("random")][:RANDOM_ONES]
    return {name: _run(name, found[name]) for name in (*named, *random_ones)}


def _run(name: str, files: dict[str, bytes]) -> Run:
    bundle = {path: content for path, content in files.items() if path.startswith(("cluster/", "nodes/"))}
    return Run(name, bundle, json.loads(files["truth.json"]))


@cache
def analysis_of(name: str) -> cb.Analysis:
    return runs()[name].analyzed()


every_run = pytest.mark.parametrize("name", list(runs()))


def address_of(chosen: str) -> str:
    return str(ip_interface(chosen).ip)


def judged(analysis: cb.Analysis) -> list[PodPath]:
    return list(analysis.diagnosis.paths.pods)


def test_all_named_runs_are_there():
    assert sum(1 for name in runs() if not name.startswith("random")) == NAMED
    assert len(runs()) == NAMED + RANDOM_ONES


# --- every decided way against its probe ----------------------------------------------------------------------------


def wrong_ways(run: Run, path: PodPath) -> list[str]:
    """Decided requests and replies of one pod that its probes contradict."""
    truth = run.truth
    probes = {(p["src"], p["dst"]): p for p in truth["probes"] if p["proto"] == "dns" and p["dst_kind"] == "pod"}
    lookup = next(v for v in truth["dns_vip"] if v["src"] == path.pod.name)
    found = []
    for fate in path.fates:
        probe = probes[path.pod.name, fate.endpoint.pod]
        if fate.request.cause and fate.request.cause.why in NOT_EVEN_SENT:
            found += [] if lookup["ok"] == 0 else [f"{path.pod.name} is said not even to send, and was answered"]
            continue
        found += contradicted("request", fate.request, fate, arrived=probe["request"])
        if probe["request"]:
            found += contradicted("reply", fate.reply, fate, arrived=probe["reply"])
    return found


def contradicted(what: str, walk: Walk, fate: Fate, *, arrived: bool) -> list[str]:
    if walk.outcome is Outcome.UNKNOWN or (walk.outcome is Outcome.DELIVERED) == arrived:
        return []
    why = walk.cause.text if walk.cause else ""
    return [f"{what} {fate.source_node} to {fate.endpoint.pod}: said {walk.outcome}, measured {arrived}; {why}"]


@every_run
def test_decided_requests_and_replies_agree_with_the_probes(name: str):
    assert not [wrong for path in judged(analysis_of(name)) for wrong in wrong_ways(runs()[name], path)]


@every_run
def test_decided_verdicts_agree_with_lookups_at_the_service_address(name: str):
    lookups = {v["src"]: v for v in runs()[name].truth["dns_vip"]}
    wrong = []
    for path in judged(analysis_of(name)):
        lookup = lookups[path.pod.name]
        measured = {"all": {"reaches"}, "some": {"degraded"}, "none": {"broken"}}[lookup["endpoints_reachable"]]
        if lookup["ok"] == 0:
            # Where some endpoint answers, the load balancer's luck can miss it in every try.
            measured = {"degraded", "broken"} if lookup["endpoints_reachable"] == "some" else {"broken"}
        if path.verdict not in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE, *measured):
            wrong.append((path.pod.name, path.verdict.value, measured, path.text))
    assert not wrong


@every_run
def test_every_pod_of_the_run_is_judged(name: str):
    asking = {v["src"] for v in runs()[name].truth["dns_vip"] if v["src_kind"] in ("pod", "hostNetworkPod")}
    assert {p.pod.name for p in judged(analysis_of(name))} == asking


def test_most_paths_are_decided():
    """Unknown is honest and must stay rare where everything was recorded; the bound is what was reached, rounded up."""
    paths = [p for name in runs() for p in judged(analysis_of(name))]
    unknown = [p for p in paths if p.verdict is Verdict.UNKNOWN]
    assert len(unknown) <= 0.03 * len(paths)


# --- blame ----------------------------------------------------------------------------------------------------------


@every_run
def test_no_node_with_its_internal_ip_is_blamed(name: str):
    nodes = runs()[name].truth["nodes"]
    right = {n for n, fact in nodes.items() if fact["chosen"] and address_of(fact["chosen"]) == fact["internal_ip"]}
    blamed = {f.subject.partition("/")[2] for f in analysis_of(name).findings if f.code.startswith("CB10")}
    assert not blamed & right


@pytest.mark.parametrize("name", [n for n in runs() if n.startswith("seed-")])
def test_wrong_node_of_the_incident_is_named_in_every_encapsulation(name: str):
    nodes = runs()[name].truth["nodes"]
    wrong = {f"node/{n}" for n, fact in nodes.items() if address_of(fact["chosen"]) != fact["internal_ip"]}
    assert wrong
    assert {f.subject for f in analysis_of(name).findings["CB101"]} == wrong
    assert analysis_of(name).verdict.root_causes[0] == "CB101"


def lost_between_pods(run: Run, node: str) -> bool:
    kinds = ("src_kind", "dst_kind")
    between = [
        p
        for p in run.truth["probes"]
        if p["proto"] == "dns" and all(p[k] == "pod" for k in kinds) and p["src_node"] != p["dst_node"]
    ]
    return any(not p["reply"] for p in between if node in (p["src_node"], p["dst_node"]))


@every_run
def test_blamed_node_did_lose_packets(name: str):
    """CB101 to CB103 say that paths break: where no packet between its pods and others was lost, no node is blamed."""
    run = runs()[name]
    blamed = [f for f in analysis_of(name).findings if f.code in ("CB101", "CB102", "CB103")]
    assert not [f.subject for f in blamed if not lost_between_pods(run, f.subject.partition("/")[2])]


@every_run
def test_healthy_means_that_every_lookup_was_answered(name: str):
    analysis = analysis_of(name)
    if analysis.verdict.status == "healthy":
        assert all(v["ok"] == v["tries"] for v in runs()[name].truth["dns_vip"])
    if all(v["ok"] == v["tries"] for v in runs()[name].truth["dns_vip"]):
        assert not [p for p in judged(analysis) if p.verdict in (Verdict.BROKEN, Verdict.DEGRADED)]
