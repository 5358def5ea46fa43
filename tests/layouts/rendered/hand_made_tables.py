"""A folder that somebody filled by hand: tables of kubectl and calicoctl, and `ip` outputs of each node.

Commonest in practice. The tables do not show dnsPolicy, so that no pod is known to use the cluster's DNS; Calico's
addresses and the routes decide the cause all the same.
"""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_kubectl import (
    calicoctl_nodes,
    calicoctl_pools,
    endpoints_table,
    nodes_wide,
    pods_wide,
    services_wide,
)

OUTPUTS = {"ip-addr": "ip_a", "ip-route": "ip_route_show_table_all", "ip-rule": "ip_rule"}


def outputs(recorded: Recorded) -> dict[str, bytes]:
    """What the nodes' commands printed, one folder per node."""
    return {
        f"case/{node}/{name}.txt": recorded.output(node, output).encode()
        for node in recorded.nodes
        for output, name in OUTPUTS.items()
    }


def write(recorded: Recorded) -> Bundles:
    """One archive."""
    nodes = recorded.objects("nodes")
    texts = {
        "get_nodes_wide.txt": nodes_wide(nodes),
        "get_pods.txt": "$ kubectl get pods -A -o wide\n" + pods_wide(recorded.objects("pods")),
        "svc.txt": services_wide(recorded.objects("services")) + "\n" + endpoints_table(recorded.objects("endpoints")),
        "calicoctl.txt": calicoctl_nodes(nodes)
        + "\n"
        + calicoctl_pools(recorded.objects("ippools.crd.projectcalico.org")),
    }
    return {"case.tar.gz": outputs(recorded) | {f"case/{name}": text.encode() for name, text in texts.items()}}


RENDERING = Rendering(
    "by-content",
    "hand-made folder, tables only",
    "kubernetes/kubernetes 51652d1 (printers), projectcalico/calico 906a842 (calicoctl)",
    write,
    status="broken",
    lacks=("dnsPolicy", "kubectl get pods -A -o yaml"),
)
