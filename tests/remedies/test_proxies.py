"""Restarts that write service rules anew: what is promised equals an analysis of rules that fit, and each install's way.

A broken bundle is the recorded healthy one with the rules of a node changed; mended, it is the recorded one again.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import calico_bundle as cb
from tests.checks.test_service_proxy_stale import FELIX, add_pods, edit, partly_stale, stale, without
from tests.stories import FIXTURES


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "healthy" / "bundle", tmp_path / "bundle")
    return tmp_path / "bundle"


def fix_of(bundle: Path) -> Any:
    found = cb.analyze(str(bundle)).findings["CB402"]
    return next(f.fixes[0] for f in found if f.severity == "error")


def failing(bundle: Path) -> int:
    paths = cb.analyze(str(bundle)).diagnosis.paths.pods
    return sum(p.verdict.value in ("broken", "degraded") for p in paths)


@pytest.mark.parametrize("change", [stale, partly_stale, without("-A KUBE-SERVICES")])
@pytest.mark.parametrize("nodes", [["node-1"], ["node-1", "node-3"]])
def test_what_is_promised_is_what_right_rules_give(bundle: Path, change: Callable[[str], str], nodes: list[str]):
    right = failing(bundle)
    edit(bundle, change, *nodes)
    broken = failing(bundle)
    fix = fix_of(bundle)
    assert broken > right == 0
    assert (fix.restores, fix.leaves_broken) == (broken, 0)
    assert f"{broken} of {broken} failing paths reach" in fix.tried


def test_a_node_whose_rules_are_wrong_in_another_way_stays_broken(bundle: Path):
    edit(bundle, stale, "node-1")
    edit(bundle, without("-A KUBE-SERVICES"), "node-3")
    of_node_3 = cb.analyze(str(bundle))
    failing_there = sum(p.verdict.value == "broken" and p.pod.node == "node-3" for p in of_node_3.diagnosis.paths.pods)
    one = next(f.fixes[0] for f in of_node_3.findings["CB402"] if f.nodes == ("node-1",))
    assert failing_there
    assert (one.restores, one.leaves_broken) == (failing(bundle) - failing_there, failing_there)
    assert f"together {failing(bundle)} of {failing(bundle)} failing paths reach" in one.tried


def test_a_kube_proxy_that_cannot_run_is_not_said_to_be_mended_by_a_restart(bundle: Path):
    edit(bundle, stale, "node-1")
    add_pods(bundle, node_1="waiting: {reason: CrashLoopBackOff}")
    fix = fix_of(bundle)
    assert fix.restores is None
    assert fix.commands[0].startswith("kubectl logs -n kube-system kube-proxy-node-1 --previous")
    assert fix.tried.startswith("no: ")


# --- commands -----------------------------------------------------------------------------------------------------------


def test_a_pod_of_a_daemonset_is_deleted_and_waited_for_and_the_rules_are_looked_at(bundle: Path):
    edit(bundle, stale, "node-1")
    add_pods(bundle)
    restart, wait, look = fix_of(bundle).commands
    assert restart == "kubectl delete pod -n kube-system -l k8s-app=kube-proxy --field-selector spec.nodeName=node-1"
    assert wait == "kubectl rollout status daemonset/kube-proxy -n kube-system"
    assert "--to-destination 10.244.2." in look


@pytest.mark.parametrize(
    "provider, expected",
    [
        ("k3s", "sudo systemctl try-restart k3s k3s-agent"),
        ("rke2", "sudo env CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml"),
    ],
)
def test_where_it_is_in_the_agent_or_a_static_pod(bundle: Path, provider: str, expected: str):
    edit(bundle, stale, "node-1")
    path = bundle / "k8s" / "nodes.yaml"
    path.write_text(path.read_text().replace("    spec:\n", f"    spec:\n      providerID: {provider}://node\n"))
    command = fix_of(bundle).commands[0]
    assert command.startswith(expected)
    assert command.endswith("# on node-1")
    assert shlex.split(command, comments=True)


def test_with_ebpf_it_is_calico_node(bundle: Path):
    (bundle / "k8s" / "felix.yaml").write_text(FELIX.format(enabled="true"))
    for node, target in (("node-1", "10.244.2.2"), ("node-2", "10.244.2.77"), ("node-3", "10.244.2.2")):
        text = f"10.96.0.10 port 53 proto 17 id 2 count 2 local 0\n\t2:0\t {target}:53\n\t2:1\t 10.244.2.3:53\n"
        (bundle / "nodes" / node / "bpf-nat.txt").write_text(text)
    fix = fix_of(bundle)
    assert "-l k8s-app=calico-node --field-selector spec.nodeName=node-2" in fix.commands[0]
    assert fix.leaves_broken == 0
