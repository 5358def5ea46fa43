"""How an installation is told another detection method: exact commands, where else it would be undone, and what restarts.

Sources: operator api/v1 (nodeAddressAutodetectionV4: exactly one method; edits of its DaemonSet are undone); rancher/rke2
(the chart rke2-calico renders the Installation, a HelmChartConfig gives it values); canonical/microk8s (the manifest in
args/cni-network is applied again at updates); kubespray docs/CNI/calico.md (calico_ip_auto_method).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calico_bundle.addresses import AddressVerdict
from calico_bundle.calico.distribution import Distribution
from calico_bundle.calico.installation import CalicoInstallation

_OPERATOR, _MANIFEST = "calico-system", "kube-system"
_MICROK8S = "/var/snap/microk8s/current/args/cni-network/cni.yaml"
_KUBESPRAY = "inventory/mycluster/group_vars/k8s_cluster/k8s-net-calico.yml"
_FIELDS = {
    "interface": "interface", "skip-interface": "skipInterface", "can-reach": "canReach", "cidr": "cidrs",
}  # fmt: skip
RESTART = (
    "calico-node restarts node by node (a rolling update of its DaemonSet). Pods keep running; while a node's BGP "
    "sessions come up again its routes are kept by graceful restart, or missing for some seconds where its address "
    "changes."
)


@dataclass(frozen=True, slots=True)
class Told:
    """Commands in their order, and what has to be known beside them."""

    commands: tuple[str, ...]
    note: str = ""


def telling(installation: CalicoInstallation, distribution: Distribution, method: str) -> Told:
    """The commands by which an installation takes a method; both ways where it is not shown which one it is."""
    if not installation.by_operator and installation.namespace is None:
        return _either(installation, method)
    known: Mapping[Distribution, Callable[[CalicoInstallation, str], Told]] = (
        {Distribution.RKE2: _rke2} if installation.by_operator else _BY_DISTRIBUTION
    )
    plain = _operator if installation.by_operator else _manifest
    return known.get(distribution, plain)(installation, method)


def verifying(addresses: Sequence[AddressVerdict]) -> tuple[str, ...]:
    """How to see that it worked: the stored address, one command per node."""
    return tuple(
        f"kubectl get node {shlex.quote(v.node)} -o yaml | grep projectcalico.org/IPv4Address"
        f"  # should say {v.expected}"
        for v in addresses
    )


def stored_by_hand(node: str, address: object) -> str:
    """The command that writes a node's Calico address where detection is off; with its mask, or it becomes a /32."""
    return f"kubectl annotate node {shlex.quote(node)} --overwrite projectcalico.org/IPv4Address={address}"


def setting(method: str) -> dict[str, object]:
    """A method as the Installation's nodeAddressAutodetectionV4 has it.

    >>> setting("cidr=10.0.0.0/8,192.168.1.0/24"), setting("kubernetes-internal-ip")
    ({'cidrs': ['10.0.0.0/8', '192.168.1.0/24']}, {'kubernetes': 'NodeInternalIP'})
    """
    name, _, value = method.partition("=")
    if name not in _FIELDS:
        return {"kubernetes": "NodeInternalIP"} if name == "kubernetes-internal-ip" else {"firstFound": True}
    return {_FIELDS[name]: value.split(",") if name == "cidr" else value}


# --- the ways -----------------------------------------------------------------------------------------------------------


def _with_null(installation: CalicoInstallation, method: str) -> dict[str, object]:
    """The one method, and null for the one that is set now: firstFound is what the operator fills in by default."""
    wanted = setting(method)
    now = installation.operator_setting or "firstFound"
    return wanted if now in wanted else {now: None, **wanted}


def _operator(installation: CalicoInstallation, method: str) -> Told:
    spec = {"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": _with_null(installation, method)}}}
    patch = f"kubectl patch installation.operator.tigera.io default --type=merge -p {shlex.quote(json.dumps(spec))}"
    return Told((patch, rollout(installation.namespace or _OPERATOR)))


def _rke2(installation: CalicoInstallation, method: str) -> Told:
    """Through the chart's values: Helm writes the Installation anew at every update."""
    network = {"calicoNetwork": {"nodeAddressAutodetectionV4": _with_null(installation, method)}}
    values = json.dumps({"installation": network})
    config = {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChartConfig",
        "metadata": {"name": "rke2-calico", "namespace": "kube-system"},
        "spec": {"valuesContent": values},
    }
    look = "kubectl get helmchartconfig rke2-calico -n kube-system -o yaml  # keep what its valuesContent has: add it below"
    apply = f"printf '%s' {shlex.quote(json.dumps(config))} | kubectl apply -f -"
    note = "An edit of the Installation alone is undone when RKE2's chart is applied again."
    return Told((look, apply, rollout(installation.namespace or _OPERATOR)), note)


def _manifest(installation: CalicoInstallation, method: str) -> Told:
    """Through the DaemonSet's environment; IP=autodetect too, as a literal IP would win."""
    note = "Whatever applies Calico's manifest later (kubectl apply, GitOps) has to have the same two values."
    return Told((_set_env(installation, method), rollout(installation.namespace or _MANIFEST)), note)


def _k3s(installation: CalicoInstallation, method: str) -> Told:
    told = _manifest(installation, method)
    note = (
        "Where Calico's manifest lies in /var/lib/rancher/k3s/server/manifests, change it there: K3s applies it again."
    )
    return Told(told.commands, note)


def _microk8s(installation: CalicoInstallation, method: str) -> Told:
    """In the manifest that MicroK8s applies; on every control plane node, so that none of them brings the old one back."""
    change = f's#value:.*#value: "{method}"#'
    words = shlex.quote("/name: IP_AUTODETECTION_METHOD/{n;" + change + "}")
    edit = f"sudo sed -i {words} {_MICROK8S}  # on every control plane node"
    apply = f"microk8s kubectl apply -f {_MICROK8S}"
    note = "MicroK8s applies this file again at updates, and undoes what was changed in the DaemonSet alone."
    return Told((edit, apply, f"microk8s {rollout(installation.namespace or _MANIFEST)}"), note)


def _kubespray(installation: CalicoInstallation, method: str) -> Told:
    """In the inventory, as the next run of the playbook writes the DaemonSet anew."""
    line = f'calico_ip_auto_method: "{method}"'
    drop = f"sed -i '/^calico_ip_auto_method:/d' {_KUBESPRAY}  # in your inventory"
    add = f"echo {shlex.quote(line)} >> {_KUBESPRAY}"
    run = "ansible-playbook -i inventory/mycluster/hosts.yaml -b cluster.yml --tags=network"
    note = "A later run of kubespray undoes what was changed in the DaemonSet alone."
    return Told((drop, add, run, rollout(installation.namespace or _MANIFEST)), note)


def _either(installation: CalicoInstallation, method: str) -> Told:
    ask = "kubectl get installation.operator.tigera.io default  # if it is there, the next command; else the one behind it"
    operator, manifest = _operator(installation, method), _set_env(installation, method)
    wait = "kubectl get pods -A -l k8s-app=calico-node -w  # until all have restarted"
    note = "How Calico was installed is not in the bundle: the operator undoes edits of its DaemonSet."
    return Told((ask, operator.commands[0], manifest, wait), note)


def _set_env(installation: CalicoInstallation, method: str) -> str:
    namespace, daemonset = installation.namespace or _MANIFEST, "calico-node"
    environment = f"IP=autodetect {shlex.quote(f'IP_AUTODETECTION_METHOD={method}')}"
    named = f"daemonset/{shlex.quote(daemonset)} -n {shlex.quote(namespace)}"
    return f"kubectl set env {named} -c calico-node {environment}"


def rollout(namespace: str) -> str:
    """The command that waits until calico-node has restarted everywhere.

    >>> rollout("kube-system")
    'kubectl rollout status daemonset/calico-node -n kube-system'
    """
    return f"kubectl rollout status daemonset/calico-node -n {shlex.quote(namespace)}"


_BY_DISTRIBUTION: Mapping[Distribution, Callable[[CalicoInstallation, str], Told]] = {
    Distribution.K3S: _k3s,
    Distribution.MICROK8S: _microk8s,
    Distribution.KUBESPRAY: _kubespray,
}
