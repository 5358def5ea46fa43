"""How an installation is told another detection method: exact commands, where else it would be undone, and what restarts.

Sources: operator api/v1 (nodeAddressAutodetectionV4: exactly one method; edits of its DaemonSet are undone); rancher/rke2
(the chart rke2-calico renders the Installation, a HelmChartConfig gives it values); canonical/microk8s (the manifest in
args/cni-network is applied again at updates); kubespray roles/network_plugin/calico/templates/calico-node.yml.j2 (with
calico_ip_auto_method it writes IP=autodetect, too); calico node/pkg/lifecycle/startup (the method is asked when IP is
autodetect, at the start and, from then on, once a minute).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from calico_bundle.addresses import AddressVerdict
from calico_bundle.calico.distribution import Distribution
from calico_bundle.calico.installation import CalicoInstallation
from calico_bundle.facts import HelmChartConfigFact
from calico_bundle.remedies.values import merged

_OPERATOR, _MANIFEST = "calico-system", "kube-system"
MICROK8S = "/var/snap/microk8s/current/args/cni-network/cni.yaml"
KUBESPRAY = "inventory/mycluster/group_vars/k8s_cluster/k8s-net-calico.yml"
_FIELDS = {
    "interface": "interface", "skip-interface": "skipInterface", "can-reach": "canReach", "cidr": "cidrs",
}  # fmt: skip
_RESTART = "calico-node restarts node by node (a rolling update of its DaemonSet). Pods keep running; "
_BY_BGP = (
    "while a node's BGP sessions come up again its routes are kept by graceful restart, or missing for some seconds where "
    "its address changes."
)
_BY_FELIX = (
    "Felix writes their routes here, without BGP: where a node's address changes, pod traffic to and from it stops until "
    "Felix on every node has written them anew."
)


@dataclass(frozen=True, slots=True)
class Told:
    """Commands in their order, and what has to be known beside them."""

    commands: tuple[str, ...]
    note: str = ""


def telling(
    installation: CalicoInstallation, distribution: Distribution, method: str, chart: HelmChartConfigFact | None = None
) -> Told:
    """The commands by which an installation takes a method; both ways where it is not shown which one it is.

    `chart` is what gives RKE2's chart its values, where the bundle has it.
    """
    if not installation.by_operator and installation.namespace is None:
        return _either(installation, method)
    known: Mapping[Distribution, Callable[[CalicoInstallation, str], Told]] = (
        {Distribution.RKE2: partial(_rke2, chart=chart), Distribution.K3S: _k3s}
        if installation.by_operator
        else _BY_DISTRIBUTION
    )
    plain = _operator if installation.by_operator else _manifest
    return known.get(distribution, plain)(installation, method)


def restarts(*, by_bgp: bool) -> str:
    """What a restart of calico-node interrupts, where pods' routes come over BGP and where they do not."""
    return _RESTART + (_BY_BGP if by_bgp else _BY_FELIX)


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
    now = installation.operator_setting or "firstFound"
    taken = "" if now in setting(method) else f"null takes {now} away, as the operator refuses two methods at once. "
    note = (
        f"{taken}Whatever applies the Installation later (Helm, GitOps) has to have the same. The operator changes the "
        "DaemonSet some seconds after the first command: until then the second one may say that all is rolled out."
    )
    return Told((patch, rollout(installation.namespace or _OPERATOR)), note)


def _rke2(installation: CalicoInstallation, method: str, chart: HelmChartConfigFact | None = None) -> Told:
    """Through the chart's values: Helm writes the Installation anew at every update."""
    wanted = _with_null(installation, method)
    values = merged(chart.values_content if chart else "", wanted)
    note = (
        "RKE2 runs the chart again, which rolls calico-node out. An edit of the Installation alone is undone when the chart is "
        "applied again, and another valuesContent in place of the one that is there would undo what that sets."
    )
    look = f"kubectl get {CHART} -o yaml"
    wait = rollout(installation.namespace or _OPERATOR)
    if chart and values is None:
        lines = json.dumps({"installation": {"calicoNetwork": {"nodeAddressAutodetectionV4": wanted}}})
        return Told((look, f"kubectl edit {CHART}  # join this with its valuesContent: {lines}", wait), note)
    if chart:
        patch = shlex.quote(json.dumps({"spec": {"valuesContent": values}}))
        return Told((look, f"kubectl patch {CHART} --type=merge -p {patch}", wait), note)
    config = {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChartConfig",
        "metadata": {"name": "rke2-calico", "namespace": "kube-system"},
        "spec": {"valuesContent": values},
    }
    look += "  # if it is there, `kubectl edit` it and join what stands in the next command with its valuesContent"
    # `create` refuses where one is there; `apply` would replace its values.
    create = f"printf '%s' {shlex.quote(json.dumps(config))} | kubectl create -f -  # only if it is not there"
    return Told((look, create, wait), note)


CHART = "helmchartconfigs.helm.cattle.io rke2-calico -n kube-system"


def _manifest(installation: CalicoInstallation, method: str) -> Told:
    """Through the DaemonSet's environment; IP=autodetect too, as a literal IP would win."""
    note = (
        "IP=autodetect is set with the method, or set again, because a literal IP would win over it. Whatever applies "
        "Calico's manifest later (kubectl apply, GitOps) has to have the same two values."
    )
    return Told((_set_env(installation, method), rollout(installation.namespace or _MANIFEST)), note)


def _k3s(installation: CalicoInstallation, method: str) -> Told:
    """K3s ships flannel: Calico came by somebody's manifest, or by the operator's."""
    told = _operator(installation, method) if installation.by_operator else _manifest(installation, method)
    note = (
        "K3s ships flannel, and Calico was installed beside it. Where its manifest lies in "
        "/var/lib/rancher/k3s/server/manifests of a server, change it there too: K3s applies it again."
    )
    return Told(told.commands, note)


def _microk8s(installation: CalicoInstallation, method: str) -> Told:
    """In the manifest that MicroK8s applies; on every control plane node, so that none of them brings the old one back."""
    edits = [sed("IP", "autodetect"), sed("IP_AUTODETECTION_METHOD", method)]
    edit = f"sudo sed -i {' '.join(f'-e {edit}' for edit in edits)} {MICROK8S}  # on every control plane node"
    look = f"grep -A1 -E {shlex.quote(_NAMES)} {MICROK8S}  # both are there, with these values; what is not, add to env"
    apply = f"microk8s kubectl apply -f {MICROK8S}"
    note = "MicroK8s applies this file again at updates, and undoes what was changed in the DaemonSet alone."
    return Told((edit, look, apply, f"microk8s {rollout(installation.namespace or _MANIFEST)}"), note)


_NAMES = r"name: \"?IP(_AUTODETECTION_METHOD)?\"?$"


def sed(name: str, value: str) -> str:
    """The value on the line behind the name: IP has to be autodetect, or the method is not asked (startup.go)."""
    change = f's#value:.*#value: "{value}"#'
    return shlex.quote(f"/name: {name}$/{{n;{change}}}")


def _kubespray(installation: CalicoInstallation, method: str) -> Told:
    """In the DaemonSet, and in the inventory, as the next run of the playbook writes the DaemonSet anew."""
    line = f'calico_ip_auto_method: "{method}"'
    drop = f"sed -i '/^calico_ip_auto_method:/d' {KUBESPRAY}  # in your inventory"
    add = f"echo {shlex.quote(line)} >> {KUBESPRAY}"
    note = (
        "The first two commands work at once, and the next run of kubespray would undo them: group_vars are the source, "
        "and with this variable its template writes IP=autodetect, too. The playbook need not be run for it now."
    )
    return Told((_set_env(installation, method), rollout(installation.namespace or _MANIFEST), drop, add), note)


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
