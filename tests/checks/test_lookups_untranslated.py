"""Lookups that no rule of a node translates, or of which the records do not show it: lost where surely so, else open.

A recorded bundle in which everything works, with the rules of a node, the Service or its endpoints changed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.checks.test_service_proxy_stale import KUBE_PROXY, Edit, analyzed, edit, findings, hypothesis, without
from tests.stories import FIXTURES


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "healthy" / "bundle", tmp_path / "bundle")
    return tmp_path / "bundle"


def verdicts(bundle: Path, node: str) -> set[str]:
    """What becomes of the lookups of pods on a node."""
    paths = analyzed(bundle).diagnosis.paths.pods
    return {path.verdict.value for path in paths if path.pod.node == node and path.verdict.value != "not-applicable"}


def texts(bundle: Path, node: str) -> str:
    return " | ".join(p.text for p in analyzed(bundle).diagnosis.paths.pods if p.pod.node == node)


def add_kube_proxy(bundle: Path, *nodes: str) -> None:
    pods = (KUBE_PROXY.format(node=node, state="running: {}", ready=True) for node in nodes)
    (bundle / "k8s" / "kube-proxy.yaml").write_text("".join(pods))


# --- rules are recorded, and do not show a translation ----------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        without("KUBE-"),  # nothing of kube-proxy's in the nat table
        lambda text: text.partition("*nat")[0],
        lambda text: text[: text.index("-A KUBE-SEP-CFC3")],  # cut off before it is seen where lookups go
        without("-A KUBE-SERVICES", "COMMIT"),
    ],
    ids=["empty", "no nat table", "cut", "cut before the entries"],
)
def test_a_listing_without_a_translation_leaves_lookups_open(bundle: Path, change: Edit):
    """Kubernetes, Virtual IPs and Service Proxies: nothing but kube-proxy's rules leads a Service's address anywhere."""
    edit(bundle, change, "node-1")
    assert verdicts(bundle, "node-1") == {"unknown"}
    assert "iptables-save" in texts(bundle, "node-1")
    assert verdicts(bundle, "node-3") == {"reaches"}


def test_no_rules_on_all_nodes_is_not_healthy_and_they_are_not_called_missing(bundle: Path):
    edit(bundle, without("KUBE-"), "node-1", "node-2", "node-3")
    verdict = analyzed(bundle).diagnosis.verdict
    assert verdict.status == "inconclusive"
    assert "service rules" not in verdict.headline


def test_no_rules_where_kube_proxy_does_not_run_is_lost(bundle: Path):
    """What other nodes have in that kind of iptables is not there, and nobody is there to write it."""
    edit(bundle, without("KUBE-"), "node-1")
    add_kube_proxy(bundle, "node-2", "node-3")
    assert verdicts(bundle, "node-1") == {"broken"}
    (found,) = findings(bundle)
    assert (found.severity, found.nodes) == ("error", ("node-1",))
    assert "kube-proxy does not run there" in found.message
    assert hypothesis(bundle)["status"] == "supported"


def test_ipvs_has_its_entries_elsewhere(bundle: Path):
    """Kubernetes pkg/proxy/ipvs: iptables then holds sets of addresses alone; `ipvsadm` was not collected."""
    entry = "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT"
    edit(bundle, without("KUBE-SVC", "KUBE-SEP", "-A KUBE-SERVICES"), "node-1")
    edit(bundle, lambda text: text.replace("-A PREROUTING -j KUBE", f"{entry}\n-A PREROUTING -j KUBE"), "node-1")
    assert verdicts(bundle, "node-1") == {"reaches"}


# --- rules before those of kube-proxy ---------------------------------------------------------------------------------

TO_PROXY = "-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.1:53"


def before(*rules: str, chain: str = "PREROUTING") -> Edit:
    jump = f"-A {chain} -j KUBE-SERVICES"
    return lambda text: text.replace(jump, "\n".join((*rules, jump)))


@pytest.mark.parametrize(
    "rules",
    [
        (TO_PROXY,),
        ("-A PREROUTING -p udp -j OTHER", "-A OTHER -d 10.96.0.0/12 -j REDIRECT --to-ports 5353"),
        ('-A PREROUTING -d 10.96.0.10/32 -m comment --comment "a -j b" -j RETURN',),
        ("-A PREROUTING -p udp -m multiport --dports 40:60,123 -j ACCEPT",),
    ],
)
def test_a_rule_that_takes_lookups_first_leaves_them_open(bundle: Path, rules: tuple[str, ...]):
    """iptables(8): the first rule that matches and ends the walk decides; who answers at its target is not known here."""
    edit(bundle, before(*rules), "node-1")
    paths = analyzed(bundle).diagnosis.paths.pods
    found = {path.pod.name: (path.verdict.value, path.text) for path in paths if path.pod.node == "node-1"}
    assert found["app-1"][0] == "unknown"
    assert f"`{rules[0]}`" in found["app-1"][1]
    assert found["host-1"][0] == "reaches", "what the node sends itself comes by OUTPUT"
    assert hypothesis(bundle)["status"] == "not-checkable"


@pytest.mark.parametrize(
    "rules",
    [
        ("-A PREROUTING -p tcp -m tcp --dport 53 -j DNAT --to-destination 10.0.1.1:53",),
        ("-A PREROUTING -p udp -m udp --dport 5353 -j DNAT --to-destination 10.0.1.1:53",),
        ("-A PREROUTING -d 10.0.1.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.1:53",),
        (
            "-A PREROUTING -m addrtype --dst-type LOCAL -j HOSTPORTS",
            "-A HOSTPORTS -p udp --dport 53 -j DNAT --to 10.0.1.1",
        ),
        ("-A PREROUTING -j cali-PREROUTING", "-A cali-PREROUTING -j cali-fip-dnat", "-A cali-fip-dnat -j RETURN"),
        ("-A PREROUTING -p udp -j MARK --set-xmark 0x1/0x1",),
    ],
)
def test_a_rule_for_other_packets_takes_none(bundle: Path, rules: tuple[str, ...]):
    edit(bundle, before(*rules), "node-1")
    assert verdicts(bundle, "node-1") == {"reaches"}


def test_a_rule_behind_those_of_kube_proxy_takes_none(bundle: Path):
    jump = "-A PREROUTING -j KUBE-SERVICES"
    edit(bundle, lambda text: text.replace(jump, f"{jump}\n{TO_PROXY}"), "node-1")
    assert verdicts(bundle, "node-1") == {"reaches"}


def test_a_missing_jump_comes_back_when_all_rules_are_written(bundle: Path):
    """Kubernetes pkg/proxy/iptables/proxier.go, syncProxyRules: a full sync, as at the start, ensures the jumps."""
    edit(bundle, without("-A PREROUTING -j KUBE-SERVICES"), "node-1")
    (found,) = findings(bundle)
    (fix,) = found.fixes
    assert (fix.restores, fix.leaves_broken) == (1, 0)
    assert any("-A PREROUTING " in command for command in fix.commands)
    assert found.evidence[0].text.startswith(":PREROUTING ACCEPT")


@pytest.mark.parametrize("without_rules", [without("KUBE-"), without("-A KUBE-SERVICES"), without("-j KUBE-SERVICES")])
def test_a_rule_that_takes_lookups_may_lead_them_to_somebody_where_kube_proxy_does_not(
    bundle: Path, without_rules: Edit
):
    edit(bundle, before(TO_PROXY), "node-1")
    edit(bundle, without_rules, "node-1")
    add_kube_proxy(bundle, "node-2", "node-3")
    app = next(p for p in analyzed(bundle).diagnosis.paths.pods if p.pod.name == "app-1")
    assert app.verdict.value == "unknown"
