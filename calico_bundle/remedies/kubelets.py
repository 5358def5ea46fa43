"""Has a kubelet report another address: where each distribution has its arguments, and what restarts with it.

What a kubelet reports changes nothing by itself: it is a part of another fix.

Sources: kubeadm (KUBELET_EXTRA_ARGS in /etc/default/kubelet); docs.rke2.io and docs.k3s.io (config.yaml, node-ip; a server
is one service with its kubelet, and containers go on while it restarts); microk8s.io, configuring services (args/kubelet;
since 1.21 the kubelet is in kubelite, with the API server on a control plane node); kubespray roles/kubernetes/node
(kubelet.service reads kubelet.env, which has --node-ip from the inventory; systemd takes the last setting of a name).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from calico_bundle.calico.distribution import Distribution
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address
from calico_bundle.findings import Fix


@dataclass(frozen=True, slots=True)
class _Kubelet:
    """The line that sets the address (`{}`), its file, what to heed of lines that are there, the restart, and what it takes."""

    line: str
    place: str
    heed: str
    restart: str
    interrupts: str


_ON_SERVERS = "on a server node the API server is away meanwhile, so take one of them at a time. Pods keep running."
_JOIN = "join it with a line of this name that is there"
_PLAIN = _Kubelet(
    "KUBELET_EXTRA_ARGS=--node-ip={}",
    "/etc/default/kubelet",
    f"with kubeadm; {_JOIN}",
    "sudo systemctl restart kubelet",
    "The kubelet restarts; pods keep running.",
)
_KUBELETS = {
    Distribution.RKE2: _Kubelet(
        "node-ip: {}",
        "/etc/rancher/rke2/config.yaml",
        _JOIN,
        "sudo systemctl try-restart rke2-server rke2-agent",
        f"RKE2 restarts on the node, and the kubelet with it; {_ON_SERVERS}",
    ),
    Distribution.K3S: _Kubelet(
        "node-ip: {}",
        "/etc/rancher/k3s/config.yaml",
        _JOIN,
        "sudo systemctl try-restart k3s k3s-agent",
        f"K3s restarts on the node, and the kubelet with it; {_ON_SERVERS}",
    ),
    Distribution.KUBESPRAY: _Kubelet(
        "KUBELET_ADDRESS=--node-ip={}",
        "/etc/kubernetes/kubelet.env",
        "set the node's ip in the inventory too, or kubespray undoes it",
        "sudo systemctl restart kubelet",
        "The kubelet restarts; pods keep running.",
    ),
    Distribution.MICROK8S: _Kubelet(
        "--node-ip={}",
        "/var/snap/microk8s/current/args/kubelet",
        "change a line --node-ip that is there instead",
        "sudo snap restart microk8s.daemon-kubelite",
        "Kubelet and kube-proxy restart there, on a control plane node the API server too; pods keep running.",
    ),
}


def report_address(node: ClusterNode, address: Address | None, distribution: Distribution) -> tuple[Fix, ...]:
    """Have the kubelet report another address; none where nothing shows which one it should be.

    >>> report_address(ClusterNode("node-1"), None, Distribution.PLAIN)
    ()
    """
    if address is None:
        return ()
    on, kubelet = f"# on {shlex.quote(node.name)}", _KUBELETS.get(distribution, _PLAIN)
    line = shlex.quote(kubelet.line.format(address))
    change = (f"echo {line} | sudo tee -a {kubelet.place}  {on}; {kubelet.heed}", f"{kubelet.restart}  {on}")
    check = f"kubectl get node {shlex.quote(node.name)} -o wide  # INTERNAL-IP should say {address}"
    title = f"have the kubelet of {node.name} report {address} (--node-ip)"
    return (Fix(title, (*change, check), kubelet.interrupts),)
