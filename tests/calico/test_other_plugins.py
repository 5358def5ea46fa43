"""Other network plugins: what Calico left behind is not judged, and what they carry is not Calico's."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

import calico_bundle as cb
from calico_bundle.calico.other_plugins import plugin_of_device

NODES = (1, 2, 3)
ADDRESSES = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    inet 127.0.0.1/8 scope host lo
2: ens18: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    inet 10.0.1.1{0}/24 brd 10.0.1.255 scope global ens18
"""
RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
# Recorded shapes of each plugin's routes: on the node {0}, whose pods are 10.244.{0}.0/24, to that of the node {1}.
OWN = {
    "cilium": "10.244.{0}.0/24 via 10.244.{0}.117 dev cilium_host proto kernel src 10.244.{0}.117\n"
    "10.244.{0}.117 dev cilium_host proto kernel scope link\n",
    "kube-flannel-ds": "10.244.{0}.0/24 dev cni0 proto kernel scope link src 10.244.{0}.1\n",
    "weave-net": "10.244.0.0/16 dev weave proto kernel scope link src 10.244.{0}.1\n",
    "ovnkube-node": "10.244.{0}.0/24 dev ovn-k8s-mp0 proto kernel scope link src 10.244.{0}.2\n",
    "kindnet": "10.244.{0}.20 dev veth1a2b3c4d scope host\n",
}
FAR = {
    "cilium": "10.244.{1}.0/24 via 10.244.{0}.117 dev cilium_host proto kernel src 10.244.{0}.117 mtu 1450\n",
    "kube-flannel-ds": "10.244.{1}.0/24 via 10.244.{1}.0 dev flannel.1 onlink\n",
    "ovnkube-node": "10.244.0.0/16 via 10.244.{0}.1 dev ovn-k8s-mp0\n",
    "kindnet": "10.244.{1}.0/24 via 10.0.1.1{1} dev ens18\n",
}
PLUGINS = tuple(OWN)


def listed(*items: Mapping[str, Any]) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()


def node(number: int, stored: str | None) -> dict[str, Any]:
    annotations = {"projectcalico.org/IPv4Address": stored} if stored else {}
    addresses = [{"type": "InternalIP", "address": f"10.0.1.1{number}"}]
    metadata = {"name": f"node-{number}", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"addresses": addresses}}


def pod(name: str, number: int, ip: str, daemonset: str | None = None) -> dict[str, Any]:
    owners = [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": daemonset, "controller": True, "uid": "u"}]
    host = ip.startswith("10.0.1.")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "ownerReferences": owners if daemonset else []},
        "spec": {"nodeName": f"node-{number}", "hostNetwork": host, "dnsPolicy": "ClusterFirst"},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
    }


def dns() -> dict[str, bytes]:
    metadata = {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
    ports = [{"port": 53, "protocol": "UDP"}]
    spec = {"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"], "ports": ports}
    subsets = [{"addresses": [{"ip": "10.244.2.20", "nodeName": "node-2"}], "ports": ports}]
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    return {"services.json": listed(service), "endpoints.json": listed(endpoints)}


def left_over() -> dict[str, bytes]:
    """What a cluster keeps of Calico that was moved to another plugin: a pool, and annotations with old addresses."""
    spec = {"cidr": "10.244.0.0/16", "ipipMode": "Never", "vxlanMode": "Never"}
    pool = {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "default"}, "spec": spec}
    return {"ippools.json": listed(pool), "nodes.json": listed(*(node(n, f"192.168.50.1{n}/24") for n in NODES))}


def machines(plugin: str) -> dict[str, bytes]:
    found = {}
    for n in NODES:
        routes = f"default via 10.0.1.1 dev ens18 proto static\n10.0.1.0/24 dev ens18 proto kernel scope link src 10.0.1.1{n}\n"
        routes += OWN[plugin].format(n) + "".join(FAR.get(plugin, "").format(n, m) for m in NODES if m != n)
        texts = {"ip-addr": ADDRESSES.format(n), "ip-route": routes, "ip-rule": RULES}
        found |= {f"node-{n}/{name}.txt": text.encode() for name, text in texts.items()}
    return found


def pods(*daemonsets: str) -> dict[str, bytes]:
    agents = [pod(f"{name}-{n}", n, f"10.0.1.1{n}", name) for name in daemonsets for n in NODES]
    return {"pods.json": listed(*agents, *(pod(f"app-{n}", n, f"10.244.{n}.20") for n in NODES))}


def calico_node(backend: str) -> dict[str, bytes]:
    environment = [{"name": "CALICO_NETWORKING_BACKEND", "value": backend}]
    template = {"spec": {"containers": [{"name": "calico-node", "env": environment}]}}
    metadata = {"name": "calico-node", "namespace": "kube-system"}
    daemonset = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": {"template": template}}
    return {"daemonsets.json": listed(daemonset)}


def analyzed(files: Mapping[str, bytes]) -> dict[str, Any]:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return cb.analyze(io.BytesIO(data.getvalue())).report()


@pytest.mark.parametrize("recorded", [True, False], ids=["routes", "objects"])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_what_calico_left_behind_in_a_cluster_of_another_plugin_is_not_judged(plugin: str, recorded: bool) -> None:
    report = analyzed(dns() | left_over() | pods(plugin) | (machines(plugin) if recorded else {}))
    assert report["verdict"]["status"] == "inconclusive"
    assert f"DaemonSet kube-system/{plugin}) runs here, and calico-node does not" in report["verdict"]["headline"]
    assert [f["code"] for f in report["findings"] if f["code"].startswith(("CB1", "CB2"))] == []
    assert {n["address_verdict"] for n in report["nodes"]} == {"unknown"}
    assert {p["verdict"] for p in report["paths"] if not p["host_network"]} == {"unknown"}
    (other,) = report["other_plugins"]
    assert (other["daemonset"], other["evidence"][0]["path"]) == (f"kube-system/{plugin}", "pods.json")


@pytest.mark.parametrize("plugin", [p for p in PLUGINS if p != "kindnet"])
def test_packets_that_leave_by_a_device_of_another_plugin_beside_calico_are_not_called_lost(plugin: str) -> None:
    report = analyzed(dns() | left_over() | calico_node("bird") | pods("calico-node", plugin) | machines(plugin))
    assert {p["verdict"] for p in report["paths"] if not p["host_network"]} <= {"unknown", "reaches"}
    assert "CB205" not in [f["code"] for f in report["findings"]]


@pytest.mark.parametrize("backend", ["none", "bird"])
def test_routes_are_predicted_from_calicos_rules_only_where_calico_carries_pods(backend: str) -> None:
    nodes = listed(*(node(n, f"10.0.1.1{n}/24") for n in NODES))
    objects = (
        dns() | left_over() | {"nodes.json": nodes} | calico_node(backend) | pods("calico-node", "kube-flannel-ds")
    )
    reasons = {p["reason"]["text"] for p in analyzed(objects)["paths"] if p["verdict"] == "unknown"}
    carried = any("flannel (DaemonSet kube-system/kube-flannel-ds) carries pods' packets here" in r for r in reasons)
    assert carried is (backend == "none")


def test_canal_is_calico_for_policy_and_flannel_for_packets() -> None:
    report = analyzed(dns() | left_over() | pods("canal"))
    assert [(o["name"], "beside calico-node" in o["text"]) for o in report["other_plugins"]] == [("flannel", True)]
    assert {p["verdict"] for p in report["paths"] if not p["host_network"]} == {"unknown"}


def test_a_cluster_with_calico_alone_has_no_other_plugin() -> None:
    report = analyzed(dns() | left_over() | calico_node("bird") | pods("calico-node", "kube-proxy", "node-exporter"))
    assert report["other_plugins"] == []


@pytest.mark.parametrize(
    "card", ["eth0", "ens18", "eno1", "bond0.12", "br-ex", "docker0", "lxcbr0", "enp3s0", "tunl0", "vethernet"]
)
def test_cards_are_of_no_plugin(card: str) -> None:
    assert plugin_of_device(card) is None
