"""`kind export logs`, and the e2e tests' log-dump: a folder of logs per node; no objects and no outputs."""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_net_tools import cri


def write(recorded: Recorded) -> Bundles:
    """/var/log/pods of every node as containerd keeps it, with lines split in parts of 256 bytes."""
    files = {"kind-version.txt": b"kind v0.24.0 go1.22.6 linux/amd64\n"}
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        folder = f"{node}/pods/{recorded.namespace(pod)}_{pod}_0f0e0d0c-1111-2222-3333-444455556666/calico-node"
        files[f"{folder}/0.log"] = cri(log, longest=256).encode()
        files[f"{node}/kubelet.log"] = (
            b"Nov 22 23:10:00 host kubelet[901]: I1122 23:10:00.000000     901 server.go:1] up\n"
        )
        files[f"{node}/kubernetes-version.txt"] = b"v1.31.0"
    return {"kind-logs.tar.gz": {f"kind-logs/{path}": data for path, data in files.items()}}


RENDERING = Rendering(
    "by-content",
    "kind export logs, e2e log-dump",
    "kubernetes-sigs/kind; kubernetes/test-infra 04898c9",
    write,
    status="inconclusive",
    lacks=("nodes", "pods", "services"),
)
