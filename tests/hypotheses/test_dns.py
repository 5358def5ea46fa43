"""The hypotheses about DNS itself: supported, ruled out by lines, or left open with commands, on recorded stories."""

from __future__ import annotations

import re

import pytest

from tests.checks.test_dns_servers import LOOP, SILENT, START, dns_down
from tests.dns_bundles import log_of, with_files
from tests.network.test_corefile import KUBEADM
from tests.network.test_node_local_dns import KUBESPRAY, config_map

LOGS = {log_of(pod, "coredns", "kube-system"): START for pod in ("coredns-2a", "coredns-2b")}
COREFILE = {"k8s/configmaps.yaml": config_map("coredns", KUBEADM)}


def dns_pods() -> list[str]:
    cluster = with_files("healthy").diagnosis.cluster
    return [p.name for p in cluster.pods if p.labels.get("k8s-app") == "kube-dns"]


def logs(text: str = START) -> dict[str, str]:
    return {log_of(pod, "coredns", "kube-system"): text for pod in dns_pods()}


def answer(name: str, *files: dict[str, str], edit=lambda _, text: text):
    told = {path: text for one in files for path, text in one.items()}
    found = with_files("healthy", told, edit).report()["hypotheses"]
    return next((h for h in found if h["name"] == name), None)


@pytest.mark.parametrize(
    "name, files, status",
    [
        ("dns-service-missing", (), "ruled-out"),
        ("dns-servers-unhealthy", (), "not-checkable"),
        ("dns-upstream-silent", (), "not-checkable"),
        ("dns-configuration-wrong", (), "not-checkable"),
        ("dns-configuration-wrong", (COREFILE,), "ruled-out"),
    ],
)
def test_what_was_not_collected_is_left_open(name, files, status):
    told = answer(name, *files)
    assert told["status"] == status
    assert bool(told["evidence"]) == (status == "ruled-out")


def test_servers_with_quiet_logs_that_are_ready_are_ruled_out():
    assert answer("dns-servers-unhealthy", logs())["status"] == "ruled-out"
    some = dict(list(logs().items())[:1])
    assert answer("dns-servers-unhealthy", some)["status"] == "not-checkable"


def test_a_loop_is_supported_only_where_the_servers_are_not_ready():
    assert answer("dns-servers-unhealthy", logs(START + LOOP), edit=dns_down)["status"] == "supported"
    told = answer("dns-servers-unhealthy", logs(LOOP + START))
    assert told["status"] == "not-checkable"
    assert "look at their times" in told["text"]


def test_upstream_servers_are_ruled_out_by_logs_of_servers_that_log_their_errors():
    assert answer("dns-upstream-silent", logs(START + SILENT))["status"] == "supported"
    told = answer("dns-upstream-silent", logs(), COREFILE)
    assert told["status"] == "ruled-out"
    assert told["evidence"][0]["text"] == "errors"
    quiet = {"k8s/configmaps.yaml": config_map("coredns", KUBEADM.replace("    errors\n", ""))}
    assert answer("dns-upstream-silent", logs(), quiet)["status"] == "not-checkable"


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("/etc/resolv.conf", "10.96.0.10", "the DNS service itself: a loop"),
        ("kubernetes cluster.local", "file cluster.local", "has no `kubernetes` directive"),
    ],
)
def test_a_corefile_that_says_the_wrong_thing_is_quoted(old, new, said):
    told = answer("dns-configuration-wrong", {"k8s/configmaps.yaml": config_map("coredns", KUBEADM.replace(old, new))})
    assert told["status"] == "supported"
    assert said in told["text"]


def of_corefile(corefile: str, *files: dict[str, str]):
    return answer("dns-configuration-wrong", {"k8s/configmaps.yaml": config_map("coredns", corefile)}, *files)


ACL = "    ready\n    acl {\n        RULE\n    }\n"
HOSTS = "    ready\n    hosts {\n        10.0.0.9 registry.example.com\n        RULE\n    }\n"
KUBELETS = (
    "apiVersion: kubelet.config.k8s.io/v1beta1\nclusterDNS:\n- 10.96.0.10\nclusterDomain: {}\n"
    "kind: KubeletConfiguration\n"
)


@pytest.mark.parametrize(
    "old, new, status, said",
    [
        # CoreDNS manual: a server listens at the port behind its zone; the recorded endpoints have port 53.
        (".:53 {", ".:5353 {", "supported", "listen at port 5353, and they are asked at 53"),
        (".:53 {", ". {", "ruled-out", "the cluster's zone cluster.local"),
        (".:53 {", "dns://.:53 {", "ruled-out", "the cluster's zone cluster.local"),
        (".:53 {", "tls://.:53 {", "supported", "no server block that answers for cluster.local"),
        # plugin forward: the address may be any server's; all servers have this Corefile (10.244.2.2 is an endpoint).
        ("/etc/resolv.conf", "10.244.2.2", "supported", "one of the DNS servers themselves: a loop"),
        ("/etc/resolv.conf", "10.244.2.2:5300", "ruled-out", "forwards the rest to 10.244.2.2:5300"),
        # plugin kubernetes: its zones are those that it names, else those of its block.
        ("kubernetes cluster.local", "kubernetes", "supported", "for reverse lookups alone"),
        ("kubernetes cluster.local in-addr.arpa ip6.arpa", "kubernetes", "not-checkable", "names no domain"),
        ("kubernetes cluster.local", "kubernetes cluster.lokal", "not-checkable", "cluster.lokal, which is not Kubernetes'"),
        # CoreDNS manual: the server block with the longest zone that fits answers.
        (".:53 {", "cluster.local:53 {\n    forward . 10.0.0.53\n}\n.:53 {", "supported", "another server block"),
        (".:53 {", "example.org:53 {", "supported", "no server block that answers for cluster.local"),
        (".:53 {", "cluster.local:53,\n.:53 {", "ruled-out", "the cluster's zone cluster.local"),
        # plugin acl: the first rule that matches; without type and net it is for all.
        ("    ready\n", ACL.replace("RULE", "block"), "supported", "refuses all queries (acl)"),
        ("    ready\n", ACL.replace("RULE", "drop type * net *"), "supported", "drops all queries (acl)"),
        ("    ready\n", ACL.replace("RULE", "block net 10.9.0.0/16"), "not-checkable", "refuses some queries (acl)"),
        ("    ready\n", ACL.replace("RULE", "allow\n        block"), "ruled-out", "the cluster's zone"),
        ("    ready\n", ACL.replace("acl {", "acl example.org {").replace("RULE", "block"), "ruled-out", "cluster's zone"),
        # plugin hosts: what it lacks it lets through only with fallthrough, and stands before plugin kubernetes.
        ("    ready\n", HOSTS.replace("RULE", ""), "supported", "no fallthrough"),
        ("    ready\n", HOSTS.replace("RULE", "fallthrough"), "ruled-out", "the cluster's zone"),
        ("    ready\n", HOSTS.replace("RULE", "fallthrough example.com"), "not-checkable", "for some zones"),
        # What is not read, or not followed, rules nothing out and supports nothing.
        ("    ready\n", "    ready\n    import custom/*.override\n", "not-checkable", "imports custom/*.override"),
        (".:53 {", "import custom/*.server\n.:5353 {", "not-checkable", "imports custom/*.server"),
        ("kubernetes cluster.local", "kubernetes {$DOMAIN}", "not-checkable", "environment"),
        ("    ready\n", "    template ANY ANY {\n        rcode NXDOMAIN\n    }\n", "not-checkable", "`template`"),
    ],
)  # fmt: skip
def test_what_a_corefile_comes_to_is_read_whole(old, new, status, said):
    assert old in KUBEADM
    told = of_corefile(KUBEADM.replace(old, new))
    assert (told["status"], said in told["text"]) == (status, True), told["text"]
    assert told["evidence"]
    assert bool(told["collect"]) == (status == "not-checkable")


@pytest.mark.parametrize("domain, status", [("cluster.local", "supported"), ("cluster.lokal", "ruled-out")])
def test_the_domain_that_kubelets_tell_pods_settles_which_zone_is_right(domain, status):
    """KubeletConfiguration, clusterDomain: the domain that the kubelet puts into pods' search lists."""
    kubelets = {f"nodes/node-{n}/kubelet-config.yaml": KUBELETS.format(domain) for n in (1, 2, 3)}
    told = of_corefile(KUBEADM.replace("kubernetes cluster.local", "kubernetes cluster.lokal"), kubelets)
    assert told["status"] == status
    if status == "supported":
        assert f"clusterDomain: {domain}" in [line["text"] for line in told["evidence"]]


def test_a_corefile_that_cannot_be_read_is_the_servers_own_word():
    line = "/etc/coredns/Corefile:3 - Error during parsing: Unknown directive 'banana'\n"
    assert answer("dns-configuration-wrong", logs(line), edit=dns_down)["status"] == "supported"


def test_a_node_local_cache_arises_only_where_there_is_one():
    assert answer("node-local-dns-cache") is None
    daemonset = {
        "k8s/nodelocal.yaml": "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: nodelocaldns, namespace: kube-system}\n"
        "spec: {template: {spec: {containers: []}}}\n",
        "k8s/nodelocal-cm.yaml": config_map("nodelocaldns", KUBESPRAY),
    }
    told = answer("node-local-dns-cache", daemonset)
    assert told["status"] == "not-checkable"
    assert "10.233.0.3 from the node's own address" in told["text"]


def default_policy(path: str, text: str) -> str:
    return text.replace("dnsPolicy: ClusterFirst\n", "dnsPolicy: Default\n", 1) if path.endswith("pods.yaml") else text


def test_a_pod_that_needs_the_cluster_dns_and_does_not_ask_it():
    line = "lookup orders.default.svc.cluster.local on 8.8.8.8:53: no such host\n"
    told = answer("pod-dns-settings", {log_of("app-1"): line}, edit=default_policy)
    assert told["status"] == "supported"
    assert "does not ask the cluster DNS: dnsPolicy Default" in told["text"]


def test_a_node_whose_own_resolver_is_the_cluster_dns():
    """The deadlock of kubespray's host_resolvconf: nodes ask the cluster DNS, which needs the nodes first."""
    line = "lookup registry.example.com on 10.96.0.10:53: read udp 10.0.1.11:4->10.96.0.10:53: i/o timeout\n"
    told = answer("pod-dns-settings", {log_of("app-1"): line}, edit=default_policy)
    assert told["status"] == "supported"
    assert "the node itself is set to ask the cluster DNS" in told["text"]


def test_pods_that_all_ask_the_cluster_dns_are_ruled_out():
    def asking(path: str, text: str) -> str:
        return (
            re.sub(r"dnsPolicy: \w+", "dnsPolicy: ClusterFirstWithHostNet", text)
            if path.endswith("pods.yaml")
            else text
        )

    assert answer("pod-dns-settings", edit=asking)["status"] == "ruled-out"
    assert answer("pod-dns-settings")["status"] == "not-checkable"


def test_the_logs_that_it_asks_for_settle_it():
    """The dump that the command writes: a frame, then the container's log, in the folder of its pod."""
    (command,) = (c for c in answer("dns-servers-unhealthy")["collect"] if "dump" in c)
    assert command == "kubectl cluster-info dump --namespaces kube-system --output-directory dump"
    of = "logs for container coredns of pod kube-system/{0} ===="
    frame = f"==== START {of}\n{{1}}==== END {of}\n"
    files = {f"kube-system-dump/kube-system/{pod}/logs.txt": frame.format(pod, START) for pod in dns_pods()}
    marks = {"kube-system-dump/nodes.json": "{}", "kube-system-dump/kube-system/replication-controllers.json": "{}"}
    marks["kube-system-dump/kube-system/pods.json"] = "{}"
    assert answer("dns-servers-unhealthy", files, marks)["status"] == "ruled-out"


def test_a_path_to_servers_that_are_told_not_to_answer_is_not_called_good():
    """The Corefile in the ConfigMap is what a server reads at its start: one that runs may have an older one."""
    wrong = {"k8s/configmaps.yaml": config_map("coredns", KUBEADM.replace(".:53 {", ".:5353 {"))}
    report = with_files("healthy", wrong).report()
    assert report["verdict"]["status"] == "inconclusive"
    told = {p["reason"]["text"] for p in report["paths"] if p["verdict"] == "unknown"}
    assert len(told) == 1
    assert "has the servers listen at port 5353, and they are asked at 53" in told.pop()


def test_what_is_surely_lost_stays_lost_whatever_the_corefile_says():
    def counts(corefile: str):
        report = with_files("incident", {"k8s/configmaps.yaml": config_map("coredns", corefile)}).report()
        return report["verdict"]["root_causes"], sum(p["verdict"] == "broken" for p in report["paths"])

    assert counts(KUBEADM.replace(".:53 {", ".:5353 {")) == counts(KUBEADM)
