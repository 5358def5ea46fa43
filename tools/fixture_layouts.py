"""Where each file lies, per kind of bundle. Each layout gives `path in the bundle -> text`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tools.fixture_objects import CALICO, OBJECT_STYLES, Install, calico_node_pod_name, kubectl_yaml, wrapped
from tools.fixture_runs import Json, Run
from tools.fixture_text import ADDRESS_SHAPES, calico_log, link, node_status

Files = dict[str, str]
ADDRESS_IN_TEXT = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?\b")


@dataclass(frozen=True, slots=True)
class Dump:
    """What of a run goes into the bundle, and in which shape."""

    run: Run
    objects: Mapping[str, list[Json]]
    install: Install
    root: str = ""
    address_shape: str = "plain"
    object_style: str = "kubectl-yaml"
    log_line: Mapping[str, str] = field(default_factory=dict)
    with_objects: bool = True
    with_nodes: bool = True
    files: Mapping[str, str] = field(default_factory=dict)
    """Hand-made folders: recorded file to its free name; `{node}` and `{pod}` are filled in."""

    def addresses(self, node: str) -> str:
        """The node's addresses in the shape of this dump."""
        recorded, shape = ADDRESS_SHAPES[self.address_shape]
        return shape(self.run.text(f"{self.run.folder(node)}/{recorded}"))

    def log(self, node: str) -> str:
        """calico-node's log on a node."""
        recorded = self.run.text(f"{self.run.folder(node)}/calico-node.log")
        return calico_log(recorded, self.run.truth["nodes"][node], self.log_line.get(node))

    def recorded(self, node: str) -> dict[str, str]:
        """Every recorded or derived file of a node by its plain name; only those the run has."""
        folder = self.run.folder(node)
        out = {p.name: self.run.text(f"{folder}/{p.name}") for p in sorted((self.run.path / folder).iterdir())}
        out |= {"ip_addr": self.addresses(node), "calico-node.log": self.log(node)}
        if "birdcl_show_protocols.txt" in out:
            out["calicoctl_node_status"] = node_status(out["birdcl_show_protocols.txt"])
        return out


def cluster_diags(dump: Dump) -> Files:
    """`calicoctl cluster diags`: objects below cluster/, commands run in calico-node below nodes/; no BIRD output."""
    out: Files = {}
    for name, items in dump.objects.items():
        group = {"installations": "operator.tigera.io"}.get(name, CALICO if _is_calico(items) else None)
        place = f"cluster/crd/{name}.{group}.yaml" if group else f"cluster/kubernetes/{name}.yaml"
        if name != "events":  # no events in this format but those that `kubectl describe pod` appends
            out[place] = kubectl_yaml(wrapped(items))
    for node in dump.run.truth["nodes"]:
        out |= {f"nodes/{node}/{name}": text for name, text in _diags_node(dump, node).items()}
    return out


def _is_calico(items: list[Json]) -> bool:
    return bool(items) and items[0]["apiVersion"].startswith(CALICO)


def _diags_node(dump: Dump, node: str) -> Files:
    recorded = dump.recorded(node)
    names = {"ip-addr": "ip_addr", "ip-route": "ip_route_table_all.txt", "ip-rule": "ip_rule.txt",
             "ip-neigh": "ip_neigh.txt", "iptables-nft-save": "iptables_save.txt"}  # fmt: skip
    pod = f"{dump.install.namespace}/{calico_node_pod_name(node)}"
    return {
        **{f"{name}.txt": recorded[source] for name, source in names.items()},
        "ip-link.txt": link(recorded["ip_addr"]),
        f"{pod}.log": recorded["calico-node.log"],
        f"{pod}.txt": _described(dump, node),
    }


def _described(dump: Dump, node: str) -> str:
    """`kubectl describe pod` of a calico-node pod, with its events."""
    name = calico_node_pod_name(node)
    pod = next(p for p in dump.objects["pods"] if p["metadata"]["name"] == name)
    events = [e for e in dump.objects.get("events", []) if e["involvedObject"]["name"] == name]
    ready = pod["status"]["conditions"][0]["status"]
    lines = [
        f"Name:                 {name}", f"Namespace:            {pod['metadata']['namespace']}",
        f"Node:                 {node}/{pod['status']['hostIP']}", "Labels:               k8s-app=calico-node",
        f"Status:               {pod['status']['phase']}", f"IP:                   {pod['status']['podIP']}",
        "Controlled By:        DaemonSet/calico-node", "Conditions:", "  Type              Status",
        f"  Ready             {ready} ", "Events:" + ("" if events else "               <none>"),
    ]  # fmt: skip
    if events:
        lines += ["  Type     Reason     Age                From     Message",
                  "  ----     ------     ----               ----     -------"]  # fmt: skip
    lines += [f"  Warning  Unhealthy  10s (x{e['count']} over 5m)  kubelet  {e['message'].rstrip()}" for e in events]
    return "\n".join(lines) + "\n"


def hand_made(dump: Dump) -> Files:
    """A folder that somebody filled by hand, under names of their own."""
    out: Files = {}
    ending, write = OBJECT_STYLES[dump.object_style]
    for name, items in dump.objects.items() if dump.with_objects else ():
        out[dump.files["objects"].format(kind=name, ending=ending)] = write(wrapped(items))
    for node in dump.run.truth["nodes"] if dump.with_nodes else ():
        recorded = dump.recorded(node)
        for source, name in dump.files.items():
            if source in recorded:
                out[name.format(node=node, pod=calico_node_pod_name(node))] = recorded[source]
    return out


def troubleshoot(dump: Dump) -> Files:
    """troubleshoot.sh: objects as JSON, per namespace; nothing that a machine printed."""
    out = {"version.yaml": kubectl_yaml({"apiVersion": "troubleshoot.sh/v1beta2", "kind": "SupportBundle",
                                         "spec": {"versionNumber": "v0.123.14"}}),
           "cluster-info/cluster_version.json": _json({"info": {"gitVersion": "v1.30.4"}, "string": "v1.30.4"}),
           "cluster-resources/nodes.json": _json(_listed("Node", dump.objects["nodes"]))}  # fmt: skip
    used = {o["metadata"]["namespace"] for plural in _NAMESPACED for o in dump.objects.get(plural, [])}
    namespaces = sorted({"default", "kube-node-lease", "kube-public", "kube-system", *used})
    out["cluster-resources/namespaces.json"] = _json(
        _listed("Namespace", [{"metadata": {"name": n}} for n in namespaces])
    )
    for plural, kind in _NAMESPACED.items():
        for namespace in namespaces:
            here = [o for o in dump.objects.get(plural, []) if o["metadata"]["namespace"] == namespace]
            if here or plural in ("pods", "events"):  # the others are left out where empty, to keep the folder small
                out[f"cluster-resources/{plural}/{namespace}.json"] = _json(_listed(kind, here))
    for plural, items in dump.objects.items():
        if _is_calico(items):
            base = f"cluster-resources/custom-resources/{plural}.{CALICO}"
            out |= {f"{base}.json": _json(items), f"{base}.yaml": kubectl_yaml(items)}
    return out


_NAMESPACED = {"pods": "Pod", "services": "Service", "endpoints": "Endpoints", "daemonsets": "DaemonSet",
               "events": "Event"}  # fmt: skip


def _listed(kind: str, items: list[Json]) -> Json:
    """A typed list as client-go marshals it: items without kind, and null where there are none."""
    bare = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in items]
    return {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": bare or None}


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def hide_addresses(files: Files) -> Files:
    """As troubleshoot.sh before v0.49 did: every IPv4 address becomes one and the same string."""
    return {path: ADDRESS_IN_TEXT.sub("***HIDDEN***", text) for path, text in files.items()}


LAYOUTS: dict[str, Callable[[Dump], Files]] = {
    "calicoctl-cluster-diags": cluster_diags,
    "hand-made": hand_made,
    "troubleshoot": troubleshoot,
}
"""Layout name to its writer."""
