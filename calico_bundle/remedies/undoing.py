"""How to go back: the commands that put the detection method back as it is set today, where the bundle shows it.

Sources: RFC 7386 (null takes a field away); the operator's core_controller (an unset nodeAddressAutodetectionV4 is filled in
by default); kubectl reference, `set env` (NAME- removes a variable) and `rollout undo`; what else each installation takes: see
`commands`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from shlex import quote

from calico_bundle.calico.distribution import Distribution
from calico_bundle.calico.installation import CalicoInstallation
from calico_bundle.cluster import Cluster
from calico_bundle.facts import HelmChartConfigFact
from calico_bundle.remedies.commands import CHART, KUBESPRAY, MICROK8S, rollout, sed, setting
from calico_bundle.what_if import Move

_OPERATED, _BY_HAND = "calico-system", "kube-system"
_NAMES = ("IP", "IP_AUTODETECTION_METHOD")
_PLAIN = re.compile(r"[\w.:,/=|^$()\[\]+?\\*-]+", re.ASCII)
"""What an address or a method is made of; a collector's mark for something hidden has other characters, or is all stars."""
_FIELDS = frozenset({"firstFound", "kubernetes", "interface", "skipInterface", "canReach", "cidrs"})


def undoing(
    cluster: Cluster,
    installation: CalicoInstallation,
    distribution: Distribution,
    method: str,
    chart: HelmChartConfigFact | None = None,
) -> tuple[str, ...]:
    """The commands that undo another method; where what is set today is not in the bundle, how to note it first."""
    if installation.by_operator:
        wait = rollout(installation.namespace or _OPERATED)
        if distribution is Distribution.RKE2:
            return *_chart(chart), wait
        return _operator(cluster, method, wait)
    namespace = installation.namespace
    if namespace is None:
        return (_NOTE_OPERATOR, _noted(_BY_HAND))
    now = _environment(cluster)
    if distribution is Distribution.MICROK8S:
        return _microk8s(now, namespace)
    also = [_INVENTORY] if distribution is Distribution.KUBESPRAY else []
    return *_manifest(now, namespace), rollout(namespace), *also


def undoing_by_hand(moves: Sequence[Move]) -> tuple[str, ...]:
    """The commands that write the addresses back into the nodes; an address that was not there is taken away."""
    key = "projectcalico.org/IPv4Address"
    return tuple(
        f"kubectl annotate node {quote(move.node)} --overwrite {key}{f'={move.before}' if move.before else '-'}"
        for move in moves
    )


# --- the ways -----------------------------------------------------------------------------------------------------------

_NOTE = "# before the change: note what it prints, to put it back; it is not in the bundle"
_NOTE_OPERATOR = (
    "kubectl get installation.operator.tigera.io default -o "
    f"jsonpath='{{.spec.calicoNetwork.nodeAddressAutodetectionV4}}'  {_NOTE}"
)


def _operator(cluster: Cluster, method: str, wait: str) -> tuple[str, ...]:
    first = next(iter(cluster.installations), None)
    if first is None:
        return (_NOTE_OPERATOR,)
    before = first.autodetection_v4
    if before is not None and not _is_shown(before):
        return (_NOTE_OPERATOR,)
    back = None if before is None else {**dict.fromkeys(setting(method)), **before}
    shown = "not set, and the operator fills in its default" if before is None else f"{json.dumps(dict(before))}"
    spec = json.dumps({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": back}}})
    patch = f"kubectl patch installation.operator.tigera.io default --type=merge -p {quote(spec)}"
    return (f"{patch}  # set today: {shown}", wait)


def _is_shown(before: Mapping[str, object]) -> bool:
    """Whether a setting is one of the operator's, with nothing in it that a collector hid."""
    values = [word for value in before.values() for word in (value if isinstance(value, list) else [value])]
    told = all(isinstance(value, bool) or _is_plain(value) for value in values)
    return told and _FIELDS.issuperset(before)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and bool(_PLAIN.fullmatch(value)) and not value.startswith("***")


def _chart(chart: HelmChartConfigFact | None) -> tuple[str, ...]:
    """The values as they stand, or without what the fix adds."""
    if chart is None:
        return (
            f"kubectl delete {CHART}  # only where the fix created it; else `kubectl edit` it and put back what it had",
        )
    if chart.values_content is None:
        return (f"kubectl edit {CHART}  # put back the valuesContent that the first command printed",)
    patch = quote(json.dumps({"spec": {"valuesContent": chart.values_content}}))
    return (f"kubectl patch {CHART} --type=merge -p {patch}  # its valuesContent as it is set today",)


Environment = Mapping[str, str | None]


def _environment(cluster: Cluster) -> Environment | None:
    """IP and the method as calico-node has them today; None where that is not shown, or a reference stands there."""
    daemonset = cluster.calico_node
    container = next((c for c in daemonset.containers if c.name == "calico-node"), None) if daemonset else None
    if container is None:
        return None
    given = {name: container.environment[name] for name in _NAMES if name in container.environment}
    if not all(map(_is_plain, given.values())):
        return None
    return {name: given.get(name) for name in _NAMES}


def _manifest(now: Environment | None, namespace: str) -> tuple[str, ...]:
    if now is None:
        return (_noted(namespace), f"kubectl rollout undo daemonset/calico-node -n {quote(namespace)}")
    values = " ".join(f"{name}-" if value is None else quote(f"{name}={value}") for name, value in now.items())
    return (f"kubectl set env daemonset/calico-node -n {quote(namespace)} -c calico-node {values}  # {_today(now)}",)


def _today(now: Environment) -> str:
    """What is set today, in words.

    >>> _today({"IP": "autodetect", "IP_AUTODETECTION_METHOD": None})
    'set today: IP=autodetect, no IP_AUTODETECTION_METHOD'
    """
    return "set today: " + ", ".join(
        f"no {name}" if value is None else f"{name}={value}" for name, value in now.items()
    )


def _noted(namespace: str) -> str:
    return f"kubectl set env daemonset/calico-node -n {quote(namespace)} -c calico-node --list  {_NOTE}"


def _microk8s(now: Environment | None, namespace: str) -> tuple[str, ...]:
    apply = (f"microk8s kubectl apply -f {MICROK8S}", f"microk8s {rollout(namespace)}")
    if now is None:
        look = f"grep -A1 -E 'name: .?IP(_AUTODETECTION_METHOD)?.?$' {MICROK8S}  {_NOTE}"
        return (look, *apply)
    edits = " ".join(f"-e {sed(name, value)}" for name, value in now.items() if value is not None)
    absent = [name for name, value in now.items() if value is None]
    edit = f"sudo sed -i {edits} {MICROK8S}  # on every control plane node; {_today(now)}" if edits else ""
    drop = (
        f"sudoedit {MICROK8S}  # on every control plane node; take {' and '.join(absent)} out of env" if absent else ""
    )
    return (*filter(None, (edit, drop)), *apply)


_INVENTORY = (
    f"sed -i '/^calico_ip_auto_method:/d' {KUBESPRAY}"
    "  # in your inventory; put back the line that stood there, if one did"
)
