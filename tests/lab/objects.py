"""The cluster's objects as `kubectl get -o yaml` prints them: `cluster/*.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.lab.readiness import PORT
from tests.lab.topology import CLUSTER_AS, DEFAULT_PORT, Node, Pod, Scenario

_DNS_LABELS = {"k8s-app": "kube-dns"}


def write(scenario: Scenario, out: Path, ready: Collection[str]) -> None:
    """Write every list of objects, but those that the scenario leaves out. `ready` names the pods that answer their node."""
    folder = out / "cluster"
    folder.mkdir(parents=True)
    for name, items in _lists(scenario, ready):
        if name not in scenario.omitted:
            text = yaml.safe_dump({"apiVersion": "v1", "items": items, "kind": "List"}, width=4096)
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def _lists(scenario: Scenario, ready: Collection[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield "nodes", [_node(scenario, node) for node in scenario.nodes]
    yield "pods", [_pod(node, pod, is_ready=pod.name in ready) for node, pod in scenario.pods]
    yield "services", [_service(scenario)]
    yield "endpoints", [_endpoints(scenario)]
    yield "ippools", [_pool(scenario)]
    yield "blockaffinities", [_affinity(node) for node in scenario.nodes]
    yield "daemonsets", [_calico_node(scenario)]
    yield from (
        (name, items)
        for name, items in (("bgpconfigurations", _bgp(scenario)), ("bgppeers", _peers(scenario)))
        if items
    )


def _bgp(scenario: Scenario) -> list[dict[str, Any]]:
    """The BGPConfiguration `default`; none where everything is as without one."""
    spec: dict[str, Any] = {} if scenario.meshed else {"nodeToNodeMeshEnabled": False}
    if scenario.listen_port != DEFAULT_PORT:
        spec |= {"listenPort": scenario.listen_port, "nodeToNodeMeshEnabled": scenario.meshed}
    return [_calico("BGPConfiguration", "default", spec | {"asNumber": CLUSTER_AS})] if spec else []


def _peers(scenario: Scenario) -> list[dict[str, Any]]:
    found = []
    if any(node.reflector for node in scenario.nodes):
        to_reflectors = {"nodeSelector": "all()", "peerSelector": "route-reflector == 'true'"}
        found.append(_calico("BGPPeer", "to-reflectors", to_reflectors))
    for peering in scenario.peerings:
        spec: dict[str, Any] = {"asNumber": peering.as_number, "peerIP": peering.peer_ip}
        found.append(_calico("BGPPeer", peering.name, spec | ({"node": peering.node} if peering.node else {})))
    return found


def _calico(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "crd.projectcalico.org/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _node(scenario: Scenario, node: Node) -> dict[str, Any]:
    annotations = {"projectcalico.org/IPv4Address": node.stored}
    labels = {"kubernetes.io/hostname": node.name}
    if scenario.tunneled:
        kind = "VXLAN" if scenario.encapsulation.startswith("vxlan") else "IPIP"
        annotations[f"projectcalico.org/IPv4{kind}TunnelAddr"] = node.tunnel_ip
    if node.as_number is not None:
        annotations["projectcalico.org/ASNumber"] = str(node.as_number)
    if node.reflector:
        annotations["projectcalico.org/RouteReflectorClusterID"] = "244.0.0.1"
        labels["route-reflector"] = "true"
    addresses = [{"address": node.internal_ip, "type": "InternalIP"}, {"address": node.name, "type": "Hostname"}]
    status = {"addresses": addresses, "conditions": [{"status": "True", "type": "Ready"}]}
    metadata = {"annotations": annotations, "labels": labels, "name": node.name}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"podCIDR": node.block}, "status": status}


def _pod(node: Node, pod: Pod, *, is_ready: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {"dnsPolicy": pod.dns_policy, "nodeName": node.name}
    if pod.host_network:
        spec["hostNetwork"] = True
    address = node.pod_ip(pod)
    status: dict[str, Any] = {
        "hostIP": node.internal_ip,
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
    }
    # DNS pods have no probe here: one that failed it would leave the service, whose rules are written for all of them.
    if not pod.dns and not pod.host_network:
        spec["containers"] = [{"name": "app", "readinessProbe": {"httpGet": {"path": "/ready", "port": PORT}}}]
        status["conditions"] = [{"status": str(is_ready), "type": "Ready"}]
    labels = _DNS_LABELS if pod.dns else {"app": pod.name}
    metadata = {"labels": dict(labels), "name": pod.name, "namespace": "kube-system" if pod.dns else "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def _service(scenario: Scenario) -> dict[str, Any]:
    metadata = {"labels": dict(_DNS_LABELS), "name": "kube-dns", "namespace": "kube-system"}
    ports = [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53}]
    spec = {
        "clusterIP": scenario.service_ip,
        "clusterIPs": [scenario.service_ip],
        "ports": ports,
        "selector": dict(_DNS_LABELS),
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _endpoints(scenario: Scenario) -> dict[str, Any]:
    addresses = [
        {
            "ip": n.pod_ip(p),
            "nodeName": n.name,
            "targetRef": {"kind": "Pod", "name": p.name, "namespace": "kube-system"},
        }
        for n, p in scenario.endpoints
    ]
    subsets = [{"addresses": addresses, "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}]
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}


def _pool(scenario: Scenario) -> dict[str, Any]:
    mode = "CrossSubnet" if scenario.crosses_subnets_only else "Always"
    modes = {kind: mode if scenario.encapsulation.startswith(kind) else "Never" for kind in ("ipip", "vxlan")}
    spec = {"blockSize": 26, "cidr": scenario.pool, "natOutgoing": scenario.nat_outgoing}
    return _calico("IPPool", "default-ipv4-ippool", spec | {f"{kind}Mode": mode for kind, mode in modes.items()})


def _affinity(node: Node) -> dict[str, Any]:
    name = f"{node.name}-{node.block.replace('.', '-').replace('/', '-')}"
    return _calico(
        "BlockAffinity", name, {"cidr": node.block, "deleted": "false", "node": node.name, "state": "confirmed"}
    )


def _calico_node(scenario: Scenario) -> dict[str, Any]:
    backend = "bird" if scenario.uses_bird else "vxlan"
    env = {"CALICO_NETWORKING_BACKEND": backend, "DATASTORE_TYPE": "kubernetes", "IP": "autodetect"}
    container = {"env": [{"name": k, "value": v} for k, v in env.items()], "image": "docker.io/calico/node:v3.28.5"}
    template = {
        "metadata": {"labels": {"k8s-app": "calico-node"}},
        "spec": {"containers": [container | {"name": "calico-node"}]},
    }
    metadata = {"labels": {"k8s-app": "calico-node"}, "name": "calico-node", "namespace": "kube-system"}
    spec = {"selector": {"matchLabels": {"k8s-app": "calico-node"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}
