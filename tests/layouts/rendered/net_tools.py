"""A folder filled by hand on machines without `ip`: `ifconfig -a`, `route -n`, and `kubectl get -o json` of the cluster."""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_net_tools import ifconfig, listed, prefixed, route_n

RESOURCES = (
    "nodes", "pods", "services", "endpoints", "endpointslices", "daemonsets",
    "ippools.crd.projectcalico.org", "ipamblocks.crd.projectcalico.org", "blockaffinities.crd.projectcalico.org",
)  # fmt: skip


def write(recorded: Recorded) -> Bundles:
    """One folder; the machines' outputs are named for the command and the host."""
    files = {f"case/{name.partition('.')[0]}.json": listed(recorded.objects(name)) for name in RESOURCES}
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        files[f"case/ifconfig-a_{node}.txt"] = ifconfig(
            recorded.output(node, "ip-addr"), old=node.endswith("1")
        ).encode()
        files[f"case/route-n_{node}.txt"] = route_n(recorded.output(node, "ip-route")).encode()
        files[f"case/{pod}.log"] = prefixed(log, f"[pod/{pod}/calico-node] ").encode()
    return {"case.tar.gz": files}


RENDERING = Rendering(
    "by-content",
    "a folder filled by hand, machines without `ip`",
    "net-tools 2.10 and 1.60; kubectl",
    write,
    status="broken",
)
