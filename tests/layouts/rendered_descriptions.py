"""What `kubectl describe` prints of recorded objects (kubectl's pkg/describe/describe.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]
Pairs = Sequence[tuple[str, Any]]


def described(objects: Iterable[Object], kind: str) -> str:
    """Several objects of one kind, two blank lines apart."""
    return "\n\n".join(_ENTRIES[kind](one) for one in objects)


def _aligned(entries: Pairs) -> str:
    """Keys and values as text/tabwriter aligns them: two blanks behind the longest key; a list is one line each."""
    width = max(len(key) for key, value in entries if not isinstance(value, str) or "\n" not in value) + 3
    text = ""
    for key, value in entries:
        if isinstance(value, str) and value.startswith("\n"):
            text += f"{key}:{value}\n"
            continue
        lines = list(value) if isinstance(value, list) else [value]
        begin = f"{key}:".ljust(width)
        text += "".join(f"{begin if at == 0 else ' ' * width}{line}\n" for at, line in enumerate(lines or ["<none>"]))
    return text


def _section(entries: Pairs, depth: int = 2) -> str:
    width = max((len(key) for key, _ in entries), default=0) + 3
    return "".join(f"\n{' ' * depth}{f'{key}:'.ljust(width)}{value}" for key, value in entries)


def _labels(one: Object) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(one["metadata"].get("labels", {}).items())]


def _annotations(one: Object) -> list[str]:
    return [f"{key}: {value}" for key, value in sorted(one["metadata"].get("annotations", {}).items())]


def _conditions(one: Object) -> str:
    head = "\n  Type             Status\n  ----             ------"
    return head + "".join(f"\n  {c['type']:16} {c['status']} " for c in one["status"].get("conditions", ()))


def _node(node: Object) -> str:
    addresses = [(a["type"], a["address"]) for a in node["status"]["addresses"]]
    spec = node["spec"]
    entries: list[tuple[str, Any]] = [
        ("Name", node["metadata"]["name"]),
        ("Roles", "<none>"),
        ("Labels", _labels(node)),
        ("Annotations", _annotations(node)),
        ("CreationTimestamp", "Sun, 22 Nov 2026 10:00:00 +0000"),
        ("Taints", "<none>"),
        ("Unschedulable", "false"),
        ("Lease", _section([("HolderIdentity", node["metadata"]["name"])])),
        ("Conditions", _conditions(node)),
        ("Addresses", _section(addresses)),
        ("System Info", _section([("Machine ID", "abc"), ("Kernel Version", "6.8.0")])),
    ]
    entries += [("PodCIDR", spec["podCIDR"]), ("PodCIDRs", spec["podCIDR"])] if "podCIDR" in spec else []
    entries += [("ProviderID", spec["providerID"])] if "providerID" in spec else []
    return _aligned([*entries, ("Non-terminated Pods", "(9 in total)"), ("Events", "<none>")])


def _pod(pod: Object) -> str:
    status, spec, metadata = pod["status"], pod["spec"], pod["metadata"]
    owner = next((f"{o['kind']}/{o['name']}" for o in metadata.get("ownerReferences", ())), None)
    ip = status.get("podIP", "")
    containers = "".join(
        f"\n  {c['name']}:{_section([('Image', c['image']), ('State', 'Running'), ('Restart Count', 0)], 4)}"
        for c in spec.get("containers", ())
    )
    entries: list[tuple[str, Any]] = [
        ("Name", metadata["name"]),
        ("Namespace", metadata["namespace"]),
        ("Priority", "0"),
        ("Node", f"{spec['nodeName']}/{status['hostIP']}" if "nodeName" in spec else "<none>"),
        ("Labels", _labels(pod)),
        ("Annotations", _annotations(pod)),
        ("Status", status["phase"]),
        ("IP", ip),
        ("IPs", _section([("IP", ip)])),
        *([("Controlled By", owner)] if owner else []),
        ("Containers", containers or "\n"),
        ("Conditions", _conditions(pod)),
        ("Events", "<none>"),
    ]
    return _aligned(entries)


def _service(service: Object) -> str:
    spec = service["spec"]
    address = spec.get("clusterIP", "")
    ports = [("Port", f"{p.get('name', '<unset>')}  {p['port']}/{p.get('protocol', 'TCP')}") for p in spec["ports"]]
    return _aligned([
        *_head(service),
        ("Selector", ",".join(f"{k}={v}" for k, v in spec.get("selector", {}).items()) or "<none>"),
        ("Type", spec.get("type", "ClusterIP")),
        ("IP", address),
        ("IPs", address),
        *ports,
        ("Session Affinity", "None"),
        ("Events", "<none>"),
    ])  # fmt: skip


def _head(one: Object) -> Pairs:
    metadata = one["metadata"]
    labels = [("Labels", _labels(one)), ("Annotations", _annotations(one))]
    return [("Name", metadata["name"]), ("Namespace", metadata["namespace"]), *labels]


def _endpoints(endpoints: Object) -> str:
    text = ""
    for subset in endpoints.get("subsets", ()):
        keys = (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses"))
        listed = [(name, ",".join(a["ip"] for a in subset.get(key, ())) or "<none>") for name, key in keys]
        text += _section(listed)
    return _aligned([*_head(endpoints), ("Subsets", text or "\n"), ("Events", "<none>")])


def _daemon_set(daemon_set: Object) -> str:
    template = ""
    for container in daemon_set["spec"]["template"]["spec"]["containers"]:
        variables = [(v["name"], v.get("value", "(v1:spec.nodeName)")) for v in container.get("env", ())]
        template += f"\n   {container['name']}:{_section([('Image', container['image'])], 4)}"
        template += f"\n    Environment:{_section(variables, 6)}"
    return _aligned([
        *_head(daemon_set),
        ("Selector", "k8s-app=calico-node"),
        ("Node-Selector", "kubernetes.io/os=linux"),
        ("Desired Number of Nodes Scheduled", "3"),
        ("Pod Template", f"\n  Labels:  k8s-app=calico-node\n  Containers:{template}"),
        ("Events", "<none>"),
    ])  # fmt: skip


_ENTRIES = {
    "nodes": _node, "pods": _pod, "services": _service, "endpoints": _endpoints, "daemonsets": _daemon_set,
}  # fmt: skip
