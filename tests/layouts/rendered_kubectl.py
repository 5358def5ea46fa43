"""What commands print of recorded objects and outputs, by the rule of the command that prints it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, pads_last: bool = False) -> str:
    """Rows as Go's text/tabwriter pads them for kubectl: at least 6 wide, with 3 blanks between columns.

    kubectl's last cell ends its row unpadded; calicoctl ends each cell with a tab, the last too (`pads_last`).
    """
    lines = [list(columns), *map(list, rows)]
    widths = [max(3, *(len(line[at]) for line in lines)) + 3 for at in range(len(columns))]
    text = ""
    for line in lines:
        padded = "".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        text += (padded if pads_last else padded[: -widths[-1]] + line[-1]) + "\n"
    return text


def _address(node: Object, kind: str) -> str:
    found = (a["address"] for a in node["status"].get("addresses", ()) if a["type"] == kind)
    return next(found, "<none>")


def _name(one: Object) -> str:
    return str(one["metadata"]["name"])


def _namespace(one: Object) -> str:
    return str(one["metadata"]["namespace"])


def nodes_wide(nodes: Iterable[Object]) -> str:
    """`kubectl get nodes -o wide` (printers.go, printNode)."""
    columns = "NAME,STATUS,ROLES,AGE,VERSION,INTERNAL-IP,EXTERNAL-IP,OS-IMAGE,KERNEL-VERSION,CONTAINER-RUNTIME"
    return table(columns.split(","), map(_node_row, nodes))


def _node_row(node: Object) -> list[str]:
    ready = next(c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready")
    info = node["status"].get("nodeInfo", {})
    told = [info.get(key, "<unknown>") for key in ("osImage", "kernelVersion", "containerRuntimeVersion")]
    addresses = [_address(node, kind) for kind in ("InternalIP", "ExternalIP")]
    version = info.get("kubeletVersion", "v1.35.0")
    return [_name(node), "Ready" if ready == "True" else "NotReady", "<none>", "5d4h", version, *addresses, *told]


def pods_wide(pods: Iterable[Object]) -> str:
    """`kubectl get pods -A -o wide` (printers.go, printPod)."""
    columns = "NAMESPACE,NAME,READY,STATUS,RESTARTS,AGE,IP,NODE,NOMINATED NODE,READINESS GATES"
    return table(columns.split(","), map(_pod_row, pods))


def _pod_row(pod: Object) -> list[str]:
    status = pod["status"]
    containers = status.get("containerStatuses", [])
    waiting = next((c["state"]["waiting"]["reason"] for c in containers if "waiting" in c.get("state", {})), None)
    ready = sum(bool(c.get("ready", True)) for c in containers)
    restarts = sum(c.get("restartCount", 0) for c in containers)
    shown = f"{restarts} (3m50s ago)" if restarts else "0"
    spec, total = pod["spec"], len(pod["spec"].get("containers", containers)) or 1
    is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
    counted = f"{ready if containers else total * is_ready}/{total}"
    ip, node = status.get("podIP", "<none>"), spec.get("nodeName", "<none>")
    phase = waiting or {"Succeeded": "Completed"}.get(status["phase"], status["phase"])
    return [_namespace(pod), _name(pod), counted, phase, shown, "5d4h", ip, node, "<none>", "<none>"]


def services_wide(services: Iterable[Object]) -> str:
    """`kubectl get services -A -o wide` (printers.go, printService)."""
    columns = "NAMESPACE,NAME,TYPE,CLUSTER-IP,EXTERNAL-IP,PORT(S),AGE,SELECTOR"
    return table(columns.split(","), map(_service_row, services))


def _service_row(service: Object) -> list[str]:
    spec = service["spec"]
    ports = ",".join(f"{p['port']}/{p.get('protocol', 'TCP')}" for p in spec.get("ports", ())) or "<none>"
    selector = ",".join(f"{k}={v}" for k, v in sorted(spec.get("selector", {}).items())) or "<none>"
    address = spec.get("clusterIP", "<none>")
    named = [_namespace(service), _name(service)]
    return [*named, spec.get("type", "ClusterIP"), address, "<none>", ports, "5d4h", selector]


def endpoints_table(endpoints: Iterable[Object]) -> str:
    """`kubectl get endpoints -A` (printers.go, formatEndpoints): three ready pairs of address and port, and how many more."""
    columns = ("NAMESPACE", "NAME", "ENDPOINTS", "AGE")
    return table(columns, ([_namespace(e), _name(e), _ready_pairs(e), "5d4h"] for e in endpoints))


def _ready_pairs(endpoints: Object) -> str:
    subsets = endpoints.get("subsets", [])
    if not subsets:
        return "<none>"
    pairs = [f"{a['ip']}:{p['port']}" for s in subsets for p in s["ports"] for a in s.get("addresses", ())]
    return ",".join(pairs[:3]) + (f" + {len(pairs) - 3} more..." if len(pairs) > 3 else "")


def calicoctl_nodes(nodes: Iterable[Object]) -> str:
    """`calicoctl get nodes -o wide` (calicoctl/resourcemgr/node.go): what Calico keeps in the annotations of a Node."""
    return table(("NAME", "ASN", "IPV4", "IPV6"), map(_calico_node_row, nodes), pads_last=True)


def _calico_node_row(node: Object) -> list[str]:
    told = node["metadata"].get("annotations", {})
    v4, v6 = (told.get(f"projectcalico.org/IPv{family}Address", "") for family in (4, 6))
    return [_name(node), told.get("projectcalico.org/ASNumber", "(64512)"), v4, v6]


def calicoctl_pools(pools: Iterable[Object]) -> str:
    """`calicoctl get ippools -o wide` (calicoctl/resourcemgr/ippool.go)."""
    columns = "NAME,CIDR,NAT,IPIPMODE,VXLANMODE,DISABLED,DISABLEBGPEXPORT,SELECTOR"
    return table(columns.split(","), map(_pool_row, pools), pads_last=True)


def _pool_row(pool: Object) -> list[str]:
    spec = pool["spec"]
    flags = [str(spec.get(key, False)).lower() for key in ("natOutgoing", "disabled", "disableBGPExport")]
    modes = [spec.get(key, "Never") for key in ("ipipMode", "vxlanMode")]
    return [_name(pool), spec["cidr"], flags[0], *modes, *flags[1:], spec.get("nodeSelector", "all()")]
