"""kubespray's `collect-info.yaml`: the outputs of all hosts in one archive; the cluster as tables and descriptions alone."""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_net_tools import ip_one_line, ip_route_main

CALICO_LOGS = ("bird", "felix", "confd")
"""Folders of /var/log/calico, each with a file `current` of svlogd; calico-node keeps them where it is told to."""


def write(recorded: Recorded) -> Bundles:
    """`shell: CMD 2>&1 | tee NAME` on every host, then `fetch`, which makes a folder per host."""
    files: dict[str, bytes] = {}
    for node in recorded.nodes:
        texts = {
            "ip_info": ip_one_line(recorded.output(node, "ip-addr"), 4),
            "route_info": ip_route_main(recorded.output(node, "ip-route")),
            "kernel_info": "6.1.0-28-amd64\n",
            "k8s_info": "/bin/sh: 1: kubectl: not found\n",
            "kube_describe_nodes": "/bin/sh: 1: kubectl: not found\n",
            "calico_info": "/bin/sh: 1: /usr/local/bin/calicoctl: not found\n",
            "calico_pool_info": "/bin/sh: 1: /usr/local/bin/calicoctl: not found\n",
        }
        files |= {f"collect-info/commands/{node}/{name}": text.encode() for name, text in texts.items()}
    return {"logs.tar.gz": files}


RENDERING = Rendering(
    "kubespray",
    "kubespray collect-info",
    "kubernetes-sigs/kubespray 15589dd",
    write,
    status="inconclusive",
    lacks=("nodes", "pods", "services"),
)
