"""`eks-log-collector.sh`: one archive per node, named for the EC2 instance; no `ip addr` and no objects."""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering

STAMP = "2026-11-22_2310-UTC_0.7.8"


def write(recorded: Recorded) -> Bundles:
    """Members begin with `./`: the archive is made by `tar -C DIR .`."""
    return {f"eks_{instance(at)}_{STAMP}.tar.gz": _files(recorded, at) for at in range(len(recorded.nodes))}


def instance(at: int) -> str:
    """The instance id of a node."""
    return f"i-0c0ffee00000000{at + 1}"


def _files(recorded: Recorded, at: int) -> dict[str, bytes]:
    node = recorded.nodes[at]
    texts = {
        "networking/iproute.txt": recorded.output(node, "ip-route"),
        "networking/iprule.txt": recorded.output(node, "ip-rule"),
        "networking/ifconfig.txt": "",
        "networking/resolv.conf": "nameserver 10.0.0.2\n",
        "ipamd/enis.json": '{"PrimaryENI":"eni-1","AssignedIPs":0,"ENIs":{}}',
        "ipamd/pods.json": "{}",
        "system/instance-id.txt": instance(at) + "\n",
        "sysctls/sysctl_all.txt": "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.ip_forward = 1\n",
        "kubelet/kubelet.log": "Nov 22 23:10:00 ip-10-0-1-12 kubelet[901]: I1122 23:10:00.000000     901 server.go:1] up\n",
        "kubelet/svc.log": "======== Unable to find KUBECONFIG, IGNORING POD DATA =========\n",
    }
    return {f"./{path}": text.encode() for path, text in texts.items()}


RENDERING = Rendering(
    "eks-log-collector",
    "EKS log collector",
    "awslabs/amazon-eks-ami e480fe1",
    write,
    status="inconclusive",
    lacks=("nodes", "pods", "services"),
)
