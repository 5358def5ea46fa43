"""Pods ask whom their kubelet's clusterDNS names (Kubernetes, DNS for Services and Pods), when it is not the DNS service."""

from __future__ import annotations

import pytest

from tests.dns_bundles import with_files
from tests.network.test_node_local_dns import KUBESPRAY, config_map

FILE = "apiVersion: kubelet.config.k8s.io/v1beta1\nclusterDNS:\n- {}\nkind: KubeletConfiguration\n"
CACHE = {
    "k8s/nodelocal.yaml": "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: nodelocaldns, namespace: kube-system}\n"
    "spec: {template: {spec: {containers: []}}}\n",
    "k8s/nodelocal-cm.yaml": config_map("nodelocaldns", KUBESPRAY),
}
NEAR = "169.254.25.10"


def kubelets(address: str, *nodes: str) -> dict[str, str]:
    return {f"nodes/{node}/kubelet-config.yaml": FILE.format(address) for node in nodes}


def verdicts(files: dict[str, str]):
    report = with_files("healthy", files).report()
    found = {(p["node"], p["verdict"]) for p in report["paths"] if p["verdict"] != "not-applicable"}
    told = next(h for h in report["hypotheses"] if h["name"] == "pod-dns-settings")
    return found, told, {p["reason"]["text"] for p in report["paths"] if p["verdict"] == "unknown"}


ALL = ("node-1", "node-2", "node-3")


def test_a_kubelet_that_names_the_dns_service_changes_nothing():
    assert verdicts(kubelets("10.96.0.10", *ALL))[0] == {(node, "reaches") for node in ALL}


def test_a_path_that_nobody_takes_is_not_called_good():
    found, told, reasons = verdicts(kubelets("10.96.0.99", "node-1"))
    assert found == {("node-1", "unknown"), ("node-2", "reaches"), ("node-3", "reaches")}
    assert "the kubelet of node-1 tells pods to ask 10.96.0.99 (clusterDNS)" in next(iter(reasons))
    assert told["status"] == "supported"
    assert told["evidence"][0] == {"path": "nodes/node-1/kubelet-config.yaml", "line": 3, "text": "- 10.96.0.99"}
    assert "the DNS service has 10.96.0.10" in told["text"]


@pytest.mark.parametrize("address", [NEAR, "127.0.0.53"])
def test_an_address_that_a_server_on_the_node_may_have_blames_nobody(address):
    found, told, _ = verdicts(kubelets(address, *ALL))
    assert found == {(node, "unknown") for node in ALL}
    assert told["status"] == "not-checkable"


def test_the_address_of_the_cache_on_the_node_is_the_clusters_dns():
    found, _, _ = verdicts({**CACHE, **kubelets(NEAR, *ALL)})
    assert "unknown" not in {verdict for _, verdict in found}


def test_kubelets_that_name_the_service_leave_the_cache_unasked():
    analysis = with_files("healthy", {**CACHE, **kubelets("10.96.0.10", *ALL)})
    told = next(h for h in analysis.report()["hypotheses"] if h["name"] == "node-local-dns-cache")
    assert told["status"] == "ruled-out"
    assert "the DNS service's own address" in told["text"]


def test_some_kubelets_do_not_speak_for_the_others():
    analysis = with_files("healthy", {**CACHE, **kubelets("10.96.0.10", "node-1")})
    told = next(h for h in analysis.report()["hypotheses"] if h["name"] == "node-local-dns-cache")
    assert told["status"] == "not-checkable"


def test_two_configurations_of_one_kubelet_that_differ_leave_it_open():
    other = {"nodes/node-1/kubelet-configz.json": '{"kubeletconfig":{"clusterDNS":["10.96.0.99"]}}'}
    for files in ({**kubelets("10.96.0.10", "node-1"), **other}, {**other, **kubelets("10.96.0.10", "node-1")}):
        assert ("node-1", "unknown") in verdicts(files)[0]


def test_a_kubelets_arguments_tell_it_as_its_file_does():
    """kubelet's reference: --cluster-dns stands before the configuration file."""
    ps = "USER PID %CPU %MEM COMMAND\nroot 812 2.1 1.2 /usr/bin/kubelet --cluster-dns=10.96.0.99\n"
    found, told, _ = verdicts({"nodes/node-1/ps.txt": ps})
    assert found == {("node-1", "unknown"), ("node-2", "reaches"), ("node-3", "reaches")}
    assert told["status"] == "supported"
    silent = "USER PID %CPU %MEM COMMAND\nroot 812 2.1 1.2 /usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n"
    assert verdicts({"nodes/node-1/ps.txt": silent})[0] == {(node, "reaches") for node in ALL}


def kubeadm(address: str) -> dict[str, str]:
    """kubeadm's ConfigMap (cmd/kubeadm/app/phases/kubelet/config.go): data.kubelet is a KubeletConfiguration."""
    text = "".join(f"    {line}\n" for line in FILE.format(address).splitlines())
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubelet-config, namespace: kube-system}\n"
    return {"k8s/kubelet-cm.yaml": f"{head}data:\n  kubelet: |\n{text}"}


def test_what_kubeadm_gives_kubelets_leaves_open_whom_pods_ask_where_their_own_configuration_is_not_there():
    found, told, reasons = verdicts({**kubeadm("10.96.0.99"), **kubelets("10.96.0.10", "node-2")})
    assert found == {("node-1", "unknown"), ("node-2", "reaches"), ("node-3", "unknown")}
    assert told["status"] == "not-checkable"
    assert told["evidence"][0] == {"path": "k8s/kubelet-cm.yaml", "line": 8, "text": "- 10.96.0.99"}
    assert any("kubeadm's ConfigMap kube-system/kubelet-config" in reason for reason in reasons)
    assert verdicts(kubeadm("10.96.0.10"))[0] == {(node, "reaches") for node in ALL}
