"""Kubernetes and Calico objects of a story: the recorded ones, completed by rule to what a cluster has beside them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from tools.fixture_runs import Json, Run
from tools.fixture_text import readiness_message

CALICO = "crd.projectcalico.org"
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' alphabet for generated names: no vowels, no digits that look like letters."""


@dataclass(frozen=True, slots=True)
class Install:
    """How Calico was installed, and what else the story says about the objects.

    `environment` is set on the container calico-node; `dns_policy` is CoreDNS's (kubeadm's is Default); `slices` puts
    EndpointSlices in place of Endpoints; `without_calico` turns the cluster into one that runs flannel.
    """

    operator: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    dns_policy: str | None = None
    slices: bool = False
    without_calico: bool = False

    @property
    def namespace(self) -> str:
        """Where calico-node runs."""
        return "calico-system" if self.operator else "kube-system"


def build(run: Run, install: Install) -> dict[str, list[Json]]:
    """All objects of the story by plural name."""
    out = {name: run.objects(name) for name in
           ("nodes", "pods", "services", "endpoints", "daemonsets", "ippools", "blockaffinities", "bgppeers",
            "bgpconfigurations")}  # fmt: skip
    for pod in out["pods"]:
        _complete_pod(run, pod, install)
    for service in out["services"]:
        service["metadata"]["labels"] = {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}
        service["spec"]["clusterIPs"] = [service["spec"]["clusterIP"]]
        service["spec"]["type"] = "ClusterIP"
    for endpoints in out["endpoints"]:
        _complete_endpoints(endpoints)
    if install.slices:
        out["endpointslices"] = [_slice(e) for e in out.pop("endpoints")]
    out = _flannel(out) if install.without_calico else _calico(run, install, out)
    return {name: items for name, items in out.items() if items}


def _complete_pod(run: Run, pod: Json, install: Install) -> None:
    metadata = pod["metadata"]
    known = run.pod(metadata["name"])
    dns = "k8s-app" in metadata["labels"]
    metadata["namespace"] = "kube-system" if dns else known.namespace
    metadata["labels"] = metadata["labels"] if dns else {"app": re.sub(r"(-[a-z]*\d[a-z0-9]*)+$", "", metadata["name"])}
    if dns and install.dns_policy:
        pod["spec"]["dnsPolicy"] = install.dns_policy
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]


def _complete_endpoints(endpoints: Json) -> None:
    for subset in endpoints["subsets"]:
        for address in subset["addresses"]:
            address["targetRef"]["namespace"] = endpoints["metadata"]["namespace"]


def _slice(endpoints: Json) -> Json:
    """The EndpointSlice that the control plane makes beside such Endpoints."""
    metadata, (subset,) = endpoints["metadata"], endpoints["subsets"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {"name": f"{metadata['name']}-{suffix(metadata['name'])}", "namespace": metadata["namespace"],
                     "labels": {"kubernetes.io/service-name": metadata["name"]}},
        "endpoints": [{"addresses": [a["ip"]], "conditions": {"ready": True, "serving": True, "terminating": False},
                       "nodeName": a["nodeName"], "targetRef": a["targetRef"]} for a in subset["addresses"]],
        "ports": subset["ports"],
    }  # fmt: skip


def suffix(name: str) -> str:
    """Five letters as Kubernetes would append, the same for the same name.

    >>> suffix("node-1")
    'w6rfk'
    """
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()
    return "".join(SUFFIX_LETTERS[byte % len(SUFFIX_LETTERS)] for byte in digest[:5])


# --- Calico ----------------------------------------------------------------------------------------------------------


def _calico(run: Run, install: Install, out: dict[str, list[Json]]) -> dict[str, list[Json]]:
    (daemonset,) = out["daemonsets"]
    daemonset["metadata"]["namespace"] = install.namespace
    (container,) = daemonset["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e["value"] for e in container["env"]}
    if install.operator:
        daemonset["metadata"]["ownerReferences"] = [_owner("operator.tigera.io/v1", "Installation", "default")]
        env.setdefault("IP_AUTODETECTION_METHOD", "first-found")
        out["installations"] = [_installation(run, env["IP_AUTODETECTION_METHOD"])]
    env |= dict(install.environment)
    container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    out["pods"] += [_calico_node_pod(run, install, name) for name in run.truth["nodes"]]
    out["events"] = [e for name in run.truth["nodes"] for e in _readiness_events(run, install, name)]
    return out


def _owner(version: str, kind: str, name: str) -> Json:
    return {"apiVersion": version, "kind": kind, "name": name, "controller": True, "blockOwnerDeletion": True}


def _installation(run: Run, method: str) -> Json:
    """The operator's configuration that renders this method (operator: render/node.go)."""
    spec = {"first-found": {"firstFound": True}, "kubernetes-internal-ip": {"kubernetes": "NodeInternalIP"}}[method]
    (pool,) = run.objects("ippools")
    if {pool["spec"]["ipipMode"], pool["spec"]["vxlanMode"]} != {"Never"}:
        raise ValueError("the Installation is written for pools without encapsulation only")
    return {
        "apiVersion": "operator.tigera.io/v1",
        "kind": "Installation",
        "metadata": {"name": "default"},
        "spec": {
            "cni": {"type": "Calico", "ipam": {"type": "Calico"}},
            "calicoNetwork": {
                "bgp": "Enabled",
                "linuxDataplane": "Iptables",
                "nodeAddressAutodetectionV4": spec,
                "ipPools": [{"cidr": pool["spec"]["cidr"], "encapsulation": "None", "natOutgoing": "Enabled"}],
            },
        },
    }


def calico_node_pod_name(node: str) -> str:
    """The name of the calico-node pod on a node."""
    return f"calico-node-{suffix(node)}"


def _sessions(run: Run, node: str) -> tuple[int, list[str]]:
    """Established sessions of a node, and the peers without one."""
    sessions = run.truth["bgp"][node]
    missing = [peer.split("_", 1)[1].replace("_", ".") for peer, s in sessions.items() if s["state"] != "up"]
    return len(sessions) - len(missing), missing


def is_ready(run: Run, node: str) -> bool:
    """Calico's readiness rule after the first 30 seconds: one established session is enough, and so is no peer."""
    established, missing = _sessions(run, node)
    return bool(established) or not missing


def _calico_node_pod(run: Run, install: Install, node: str) -> Json:
    ip = run.truth["nodes"][node]["internal_ip"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": calico_node_pod_name(node),
            "namespace": install.namespace,
            "labels": {"k8s-app": "calico-node"},
            "ownerReferences": [_owner("apps/v1", "DaemonSet", "calico-node")],
        },
        "spec": {"nodeName": node, "hostNetwork": True, "dnsPolicy": "ClusterFirst"},
        "status": {"phase": "Running", "hostIP": ip, "podIP": ip, "podIPs": [{"ip": ip}],
                   "conditions": [{"type": "Ready", "status": "True" if is_ready(run, node) else "False"}],
                   "containerStatuses": [{"name": "calico-node", "ready": is_ready(run, node), "restartCount": 0}]},
    }  # fmt: skip


def _readiness_events(run: Run, install: Install, node: str) -> list[Json]:
    """Calico's readiness rule, told by kubelet: all peers for 30 seconds (3 probes), one peer afterwards."""
    established, missing = _sessions(run, node)
    if not missing:
        return []
    pod = calico_node_pod_name(node)
    stamp = " ".join(run.text(f"{run.folder(node)}/calico-node.log").split()[:2])
    when = stamp.replace(" ", "T").split(".")[0] + "Z"
    return [{
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{pod}.{suffix(pod)}", "namespace": install.namespace},
        "type": "Warning",
        "reason": "Unhealthy",
        "message": readiness_message(stamp, established, missing),
        "involvedObject": {"kind": "Pod", "name": pod, "namespace": install.namespace},
        "source": {"component": "kubelet", "host": node},
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 3 if established else 30,
    }]  # fmt: skip


def _flannel(out: dict[str, list[Json]]) -> dict[str, list[Json]]:
    """The same cluster without anything of Calico's, and with flannel's annotations and DaemonSet."""
    for node in out["nodes"]:
        ip = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
        node["metadata"]["annotations"] = {
            "flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/public-ip": ip,
            "flannel.alpha.coreos.com/kube-subnet-manager": "true"}  # fmt: skip
    labels = {"app": "flannel"}
    out["daemonsets"] = [{
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": "kube-flannel-ds", "namespace": "kube-flannel", "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
            "hostNetwork": True,
            "containers": [{"name": "kube-flannel", "image": "docker.io/flannel/flannel:v0.25.5"}]}}},
    }]  # fmt: skip
    return {name: items for name, items in out.items() if name not in ("ippools", "blockaffinities")}


# --- how objects are written -----------------------------------------------------------------------------------------


class _KubectlDumper(yaml.SafeDumper):
    """Block style as kubectl prints it: keys sorted, dashes at their parent's indent, odd strings in double quotes."""


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    tag = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    style = "|" if "\n" in text else None if tag == "tag:yaml.org,2002:str" else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_KubectlDumper.add_representer(str, _string)


def wrapped(items: list[Json]) -> Json:
    """What `kubectl get` puts around several objects."""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def kubectl_yaml(value: Any) -> str:
    """`kubectl get ... -o yaml`."""
    text: str = yaml.dump(value, Dumper=_KubectlDumper, sort_keys=True, width=10_000, allow_unicode=True)
    return text


class _IndentedDumper(_KubectlDumper):
    """The same with dashes indented, as editors and other tools write YAML."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)


def indented_yaml(value: Any) -> str:
    """YAML that went through another tool: keys in the order of the API, dashes indented."""
    text: str = yaml.dump(value, Dumper=_IndentedDumper, sort_keys=False, width=10_000)
    return text


def kubectl_json(value: Any) -> str:
    """`kubectl get ... -o json`."""
    return json.dumps(value, indent=4, sort_keys=True) + "\n"


OBJECT_STYLES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "kubectl-yaml": ("yaml", kubectl_yaml),
    "indented-yaml": ("yaml", indented_yaml),
    "kubectl-json": ("json", kubectl_json),
}
"""Style to file name ending and writer."""
