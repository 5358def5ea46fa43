"""CB402 and its hypothesis: a recorded bundle whose rules fit the endpoints, with the rules of a node changed.

What becomes of lookups with such rules is measured in `tests/network/test_service_rules_recorded.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import calico_bundle as cb
from tests.stories import FIXTURES

GONE = "10.244.2.77"
NODES = ("node-1", "node-2", "node-3")
Edit = Callable[[str], str]

KUBE_PROXY = """\
apiVersion: v1
kind: Pod
metadata: {{name: kube-proxy-{node}, namespace: kube-system, labels: {{k8s-app: kube-proxy}}}}
spec: {{nodeName: {node}, hostNetwork: true}}
status:
  phase: Running
  conditions: [{{type: Ready, status: "{ready}"}}]
  containerStatuses: [{{restartCount: 0, state: {{{state}}}}}]
---
"""
FELIX = """\
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {{name: default}}
spec: {{bpfEnabled: {enabled}}}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The bundle in which everything works: three nodes, each with `iptables-save`, and no pod of kube-proxy."""
    unused = shutil.ignore_patterns("birdcl*", "*.log", "ip_neigh*", "ip_r*", "sysctl*", "daemonsets*", "ippools*")
    shutil.copytree(FIXTURES / "healthy" / "bundle", tmp_path / "bundle", ignore=unused)
    return tmp_path / "bundle"


def edit(bundle: Path, change: Edit, *nodes: str) -> None:
    for node in nodes:
        path = bundle / "nodes" / node / "iptables-save.txt"
        path.write_text(change(path.read_text()))


def add_pods(bundle: Path, **states: str) -> None:
    """A pod of kube-proxy on every node, running but where a state is given."""
    texts = []
    for node in NODES:
        state = states.get(node.replace("-", "_"), "running: {}")
        texts.append(KUBE_PROXY.format(node=node, state=state, ready=state.startswith("running")))
    (bundle / "k8s" / "kube-proxy.yaml").write_text("".join(texts))


def stale(text: str) -> str:
    return text.replace("10.244.2.2", GONE).replace("10.244.2.3", "10.244.2.78")


def partly_stale(text: str) -> str:
    return text.replace("10.244.2.2", GONE)


def without(*words: str) -> Edit:
    return lambda text: "\n".join(line for line in text.split("\n") if not any(word in line for word in words))


@cache
def analyzed(bundle: Path) -> cb.Analysis:
    """Asked for when a test has changed what it changes."""
    return cb.analyze(str(bundle))


def findings(bundle: Path) -> list[Any]:
    return list(analyzed(bundle).findings["CB402"])


def hypothesis(bundle: Path) -> dict[str, Any]:
    told = analyzed(bundle).report()["hypotheses"]
    return next(h for h in told if h["name"] == "service-proxy-stale")


def skipped(bundle: Path) -> str | None:
    told = analyzed(bundle).report()["checks_skipped"]
    return next((s["reason"] for s in told if s["code"] == "CB402"), None)


# --- rules that fit ---------------------------------------------------------------------------------------------------


def test_rules_that_fit_are_no_finding_and_rule_it_out_with_their_lines(bundle: Path):
    assert findings(bundle) == []
    told = hypothesis(bundle)
    assert told["status"] == "ruled-out"
    assert "10.244.2.2, 10.244.2.3" in told["text"]
    assert all("--to-destination 10.244.2." in line["text"] for line in told["evidence"])


# --- rules that do not ------------------------------------------------------------------------------------------------


def test_stale_rules_of_one_node_are_an_error_where_another_nodes_fit(bundle: Path):
    edit(bundle, stale, "node-1")
    (found,) = findings(bundle)
    assert (found.severity, found.subject, found.nodes) == ("error", "node/node-1", ("node-1",))
    assert f"{GONE}, 10.244.2.78, which is no ready endpoint" in found.message
    assert [e.text for e in found.evidence if GONE in e.text]
    assert hypothesis(bundle)["status"] == "supported"


def test_one_stale_target_of_two_is_said_with_its_share(bundle: Path):
    edit(bundle, partly_stale, "node-1")
    (found,) = findings(bundle)
    assert found.severity == "error"
    assert f"to 1 of 2 targets: {GONE}" in found.message


def test_nodes_with_the_same_rules_are_told_together(bundle: Path):
    edit(bundle, stale, "node-1", "node-3")
    (found,) = findings(bundle)
    assert (found.subject, found.nodes) == ("service/kube-system/kube-dns", ("node-1", "node-3"))


def test_rules_of_all_nodes_that_differ_may_be_of_another_time(bundle: Path):
    """Endpoints that changed between the two recordings look just like this."""
    add_pods(bundle)
    edit(bundle, stale, *NODES)
    (found,) = findings(bundle)
    assert found.severity == "warning"
    assert "changed between the two recordings" in found.message


def test_kube_proxy_that_does_not_run_confirms_them(bundle: Path):
    edit(bundle, stale, *NODES)
    add_pods(bundle, node_1="waiting: {reason: CrashLoopBackOff}")
    severities = {tuple(f.nodes): f.severity for f in findings(bundle)}
    assert severities == {("node-1",): "error", ("node-2", "node-3"): "warning"}


def test_rules_recorded_a_day_before_the_objects_are_not_compared(bundle: Path):
    edit(bundle, stale, *NODES)
    event = "{apiVersion: v1, kind: Event, metadata: {name: e, namespace: shop}, reason: R, message: m, %s}\n"
    (bundle / "k8s" / "events.yaml").write_text(event % 'lastTimestamp: "2026-11-24T12:00:00Z"')
    assert findings(bundle) == []
    assert "different times" in (skipped(bundle) or "")
    assert hypothesis(bundle)["status"] == "not-checkable"


def test_target_that_is_a_ready_dns_pod_contradicts_the_endpoints(bundle: Path):
    """Then the endpoints are behind, or not all were collected: nothing is called stale."""
    endpoints = bundle / "k8s" / "endpoints.yaml"
    endpoints.write_text(endpoints.read_text().replace("10.244.2.2", "10.244.2.99"))
    assert findings(bundle) == []


OTHER_PORT = "10.244.2.2:5353, 10.244.2.3:5353, where that endpoint does not listen (it does at port 53)"


def to_another_port(text: str) -> str:
    return text.replace(":53\n", ":5353\n")


def broken(bundle: Path) -> set[str]:
    """The pods whose lookups are lost."""
    told = analyzed(bundle).dns_paths
    rows = zip(told["namespace"], told["pod"], told["verdict"], strict=True)
    return {f"{namespace}/{pod}" for namespace, pod, verdict in rows if verdict == "broken"}


def test_another_port_than_the_endpoints_is_stale(bundle: Path):
    """Endpoints: "port: 53" (Kubernetes pkg/proxy: a rule leads to the endpoint's own port)."""
    edit(bundle, to_another_port, "node-1")
    (found,) = findings(bundle)
    assert (found.severity, found.nodes) == ("error", ("node-1",))
    assert OTHER_PORT in found.message
    assert "no pod's address" not in found.message
    assert len(broken(bundle)) == found.paths > 0
    assert hypothesis(bundle)["status"] == "supported"


def test_another_port_is_right_where_the_endpoints_listen_there(bundle: Path):
    edit(bundle, to_another_port, *NODES)
    endpoints = bundle / "k8s" / "endpoints.yaml"
    endpoints.write_text(endpoints.read_text().replace("port: 53\n", "port: 5353\n"))
    assert findings(bundle) == []
    assert hypothesis(bundle)["status"] == "ruled-out"


def test_ports_that_nothing_shows_are_neither_stale_nor_fitting(bundle: Path):
    """A named targetPort is each pod's own (Kubernetes API: ServicePort.targetPort)."""
    edit(bundle, to_another_port, *NODES)
    endpoints, services = bundle / "k8s" / "endpoints.yaml", bundle / "k8s" / "services.yaml"
    endpoints.write_text(endpoints.read_text().partition("        ports:")[0] + "kind: List\n")
    services.write_text(services.read_text().replace("targetPort: 53", "targetPort: dns"))
    assert findings(bundle) == []
    told = hypothesis(bundle)
    assert told["status"] == "not-checkable"
    assert "at which ports the endpoints listen" in told["text"]
    assert any("endpointslices" in command for command in told["collect"])


def test_rule_without_a_port_leaves_the_packet_its_own(bundle: Path):
    """iptables-extensions(8), DNAT: without a port the destination port is not changed; recorded in the laboratory, too."""
    edit(bundle, lambda text: text.replace(":53\n", "\n"), *NODES)
    assert findings(bundle) == []
    assert hypothesis(bundle)["status"] == "ruled-out"


# --- rules that nothing leads to --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chain, own", [("PREROUTING", False), ("OUTPUT", True)])
def test_chain_that_does_not_lead_to_the_rules_concerns_the_packets_that_come_to_it(
    bundle: Path, chain: str, own: bool
):
    """iptables(8): PREROUTING alters packets that come in, OUTPUT those of the machine's own; recorded in the laboratory."""
    edit(bundle, without(f"-A {chain} -j KUBE-SERVICES"), "node-1")
    (found,) = findings(bundle)
    assert (found.severity, found.nodes) == ("error", ("node-1",))
    assert f"the chain {chain} of the nat table does not lead to KUBE-SERVICES" in found.message
    assert broken(bundle) == set(found.pods) == ({"default/host-1"} if own else {"default/app-1"})
    assert found.paths == 1


def test_node_of_which_no_pod_asks_by_itself_loses_nothing(bundle: Path):
    edit(bundle, without("-A OUTPUT -j KUBE-SERVICES"), "node-1")
    pods = bundle / "k8s" / "pods.yaml"
    pods.write_text(pods.read_text().replace("dnsPolicy: ClusterFirstWithHostNet", "dnsPolicy: ClusterFirst"))
    (found,) = findings(bundle)
    assert (found.severity, found.paths) == ("warning", 0)
    assert broken(bundle) == set()


# --- no rule ----------------------------------------------------------------------------------------------------------


def test_no_entry_on_one_node_is_an_error(bundle: Path):
    """Every service has an entry or a refusal (Kubernetes pkg/proxy/iptables/proxier.go: syncProxyRules)."""
    edit(bundle, without("-A KUBE-SERVICES"), "node-2")
    (found,) = findings(bundle)
    assert (found.severity, found.nodes) == ("error", ("node-2",))
    assert "do not translate the DNS address 10.96.0.10" in found.message


@pytest.mark.parametrize(
    "partial",
    [
        without("KUBE-SERVICES"),  # the other kind of iptables may have it
        without("-A KUBE-SERVICES", "COMMIT"),  # cut off
        lambda text: text.partition("*nat")[0],  # the filter table alone
    ],
)
def test_listing_that_need_not_be_whole_says_nothing(bundle: Path, partial: Edit):
    edit(bundle, partial, "node-2")
    assert findings(bundle) == []
    told = hypothesis(bundle)
    assert told["status"] == "not-checkable"
    assert "node-2" in told["text"]
    assert "iptables-save" in told["collect"]


def test_both_kinds_of_iptables_without_rules_are_no_rules(bundle: Path):
    edit(bundle, without("KUBE-"), "node-2")
    path = bundle / "nodes" / "node-2" / "iptables-save.txt"
    legacy = path.read_text().replace(" (nf_tables)", "")
    (path.parent / "iptables-legacy-save.txt").write_text(legacy)
    (found,) = findings(bundle)
    assert found.nodes == ("node-2",)


def test_address_that_is_hidden_is_not_missing(bundle: Path):
    edit(bundle, lambda text: text.replace("-d 10.96.0.10/32", "-d ***HIDDEN***/32"), "node-2")
    assert findings(bundle) == []


# --- who translates ---------------------------------------------------------------------------------------------------


def test_rules_left_over_from_before_ebpf_are_not_looked_at(bundle: Path):
    edit(bundle, stale, "node-1")
    (bundle / "k8s" / "felix.yaml").write_text(FELIX.format(enabled="true"))
    assert findings(bundle) == []
    assert "eBPF" in (skipped(bundle) or "")
    assert any("-bpf nat dump" in command for command in hypothesis(bundle)["collect"])


def test_map_of_ebpf_is_compared(bundle: Path):
    (bundle / "k8s" / "felix.yaml").write_text(FELIX.format(enabled="true"))
    for node, target in zip(NODES, ("10.244.2.2", "10.244.2.77", "10.244.2.2"), strict=True):
        text = f"10.96.0.10 port 53 proto 17 id 2 count 2 local 0\n\t2:0\t {target}:53\n\t2:1\t 10.244.2.3:53\n"
        (bundle / "nodes" / node / "bpf-nat.txt").write_text(text)
    (found,) = findings(bundle)
    assert (found.nodes, found.severity) == (("node-2",), "error")
    assert "the ebpf rules on node-2" in found.message


def test_another_plugin_may_translate_in_ways_that_are_not_known(bundle: Path):
    edit(bundle, stale, "node-1")
    text = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium, namespace: kube-system}}\n"
    (bundle / "k8s" / "cilium.yaml").write_text(text)
    assert findings(bundle) == []
    assert "another plugin" in (skipped(bundle) or "")


def test_node_local_cache_answers_by_itself(bundle: Path):
    """kubernetes/dns: the cache holds the DNS address on a card of its own, and lookups never meet kube-proxy's rules."""
    edit(bundle, stale, *NODES)
    for node in NODES:
        path = bundle / "nodes" / node / "ip_addr.txt"
        line = "99: nodelocaldns    inet 10.96.0.10/32 scope global nodelocaldns\n"
        path.write_text(path.read_text() + line)
    assert findings(bundle) == []
    assert "NodeLocal DNSCache" in (skipped(bundle) or "")


# --- kube-proxy itself ------------------------------------------------------------------------------------------------


def test_kube_proxy_that_waits_is_a_warning_of_its_own(bundle: Path):
    """The kernel keeps the rules of a program that is gone."""
    add_pods(bundle, node_3="waiting: {reason: CrashLoopBackOff}")
    (found,) = findings(bundle)
    assert (found.severity, found.nodes) == ("warning", ("node-3",))
    assert "kube-system/kube-proxy-node-3 waits: CrashLoopBackOff" in found.message


def test_running_kube_proxy_is_no_finding(bundle: Path):
    add_pods(bundle)
    assert findings(bundle) == []


# --- what is missing --------------------------------------------------------------------------------------------------


def test_without_rules_it_is_skipped_and_not_ruled_out(bundle: Path):
    for node in NODES:
        (bundle / "nodes" / node / "iptables-save.txt").unlink()
    assert skipped(bundle) == "the rules for services are not in the bundle"
    told = hypothesis(bundle)
    assert told["status"] == "not-checkable"
    assert "ipvsadm -Ln" in told["collect"]


def test_without_the_rules_of_one_node_it_is_not_ruled_out(bundle: Path):
    (bundle / "nodes" / "node-3" / "iptables-save.txt").unlink()
    assert skipped(bundle) is None
    told = hypothesis(bundle)
    assert told["status"] == "not-checkable"
    assert told["text"].startswith("the rules fit the endpoints on node-1, node-2; of node-3 it is not known")


def test_without_endpoints_it_is_skipped(bundle: Path):
    edit(bundle, stale, "node-1")
    (bundle / "k8s" / "endpoints.yaml").unlink()
    assert skipped(bundle) == "the DNS service's endpoints are not in the bundle"
    assert any("endpointslices" in command for command in hypothesis(bundle)["collect"])
