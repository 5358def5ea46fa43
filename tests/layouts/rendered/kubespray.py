"""kubespray's `collect-info.yaml`: the outputs of all hosts in one archive; the cluster as tables and descriptions alone.

kubectl and calicoctl answer on the control plane; the other hosts have neither.
"""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_descriptions import described
from tests.layouts.rendered_kubectl import calicoctl_pools
from tests.layouts.rendered_net_tools import ip_one_line, ip_route_main

CALICO_LOGS = ("bird", "felix", "confd")
"""Folders of /var/log/calico, each with a file `current` of svlogd; calico-node keeps them where it is told to."""

CLUSTER = ("kube_describe_nodes", "kube_describe_all", "calico_pool_info")
"""What asks the cluster: `kubectl describe nodes`, `kubectl describe all --all-namespaces`, `calicoctl get ippools -o wide`."""


def write(recorded: Recorded) -> Bundles:
    """`shell: CMD 2>&1 | tee NAME` on every host, then `fetch`, which makes a folder per host."""
    files: dict[str, bytes] = {}
    for node in recorded.nodes:
        answers = node == recorded.nodes[0]
        texts = {
            "ip_info": ip_one_line(recorded.output(node, "ip-addr"), 4),
            "route_info": ip_route_main(recorded.output(node, "ip-route")),
            "kernel_info": "6.1.0-28-amd64\n",
            "calico_info": "/bin/sh: 1: /usr/local/bin/calicoctl: not found\n",
            **(_of_the_cluster(recorded) if answers else dict.fromkeys(CLUSTER, "/bin/sh: 1: kubectl: not found\n")),
        }
        files |= {f"collect-info/commands/{node}/{name}": text.encode() for name, text in texts.items()}
    return {"logs.tar.gz": files}


def _of_the_cluster(recorded: Recorded) -> dict[str, str]:
    kinds = ("pods", "services", "daemonsets")
    texts = (
        described(recorded.objects("nodes"), "nodes"),
        "\n\n".join(described(recorded.objects(kind), kind).rstrip("\n") + "\n" for kind in kinds),
        calicoctl_pools(recorded.objects("ippools.crd.projectcalico.org")),
    )
    return dict(zip(CLUSTER, texts, strict=True))


RENDERING = Rendering(
    "kubespray",
    "kubespray collect-info",
    "kubernetes-sigs/kubespray 15589dd",
    write,
    status="broken",
    lacks=("dnsPolicy",),
)
