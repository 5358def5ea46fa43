"""crashd: outputs of commands per host, and objects and logs of `kube_capture`, all below folders of its own naming."""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_net_tools import listed

CAPTURED = ("nodes", "pods", "services", "endpoints", "daemonsets", "ippools.crd.projectcalico.org")


def write(recorded: Recorded) -> Bundles:
    """`capture(cmd=...)` names a folder for the host, and the file for the command, with `_` for what is no letter."""
    files: dict[str, bytes] = {}
    for resource in CAPTURED:
        files[f"kubecapture/core_v1/{resource.partition('.')[0]}-20261122231000.json"] = listed(
            recorded.objects(resource)
        )
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        host = node.replace("-", "_")
        files[f"{host}/ip_addr.txt"] = recorded.output(node, "ip-addr").encode()
        files[f"{host}/ip_route_show_table_all.txt"] = recorded.output(node, "ip-route").encode()
        files[f"kubecapture/core_v1/{recorded.namespace(pod)}/{pod}/calico-node.log"] = log.encode()
    return {"diagnostics.tar.gz": {f"crashd/{path}": data for path, data in files.items()}}


RENDERING = Rendering(
    "by-content", "crashd", "vmware-tanzu/crash-diagnostics 228379e (documentation)", write, status="broken"
)
