"""The fix as commands to paste, and what it interrupts.

Sources: Calico's documentation on IP autodetection (operator: `nodeAddressAutodetectionV4`, exactly one method;
manifest: the DaemonSet's environment); `kubernetes-internal-ip` exists since v3.22.0.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.calico.installation import CalicoInstallation
from calico_bundle.findings import Context, Fix

_GOOD = frozenset({AddressStatus.OK, AddressStatus.UNINTENDED})
KUBERNETES_METHOD_SINCE = (3, 22)
_RESTART = (
    "calico-node restarts node by node (a rolling update of its DaemonSet). Pods keep running; while a node's BGP "
    "sessions come up again its routes are kept by graceful restart, or missing for some seconds where its address "
    "changes."
)


def address_fix(
    context: Context, wrong: Sequence[AddressVerdict], restores: int | None, leaves: int | None
) -> tuple[Fix, ...]:
    """The method that gives the nodes at fault their right address and leaves every other node's as it is.

    It is replayed on every node first, as a method holds for the whole DaemonSet; none is proposed when that fails.
    """
    installation = context.choices.installation
    fix = use_internal_ip(installation, wrong, restores, leaves)
    if fix is not None and _chooses_right(context, wrong, "kubernetes-internal-ip"):
        return (fix,)
    target = next((str(v.expected) for v in wrong if v.expected), None)
    if (
        fix is None
        and target
        and all(v.expected for v in wrong)
        and _chooses_right(context, wrong, f"can-reach={target}")
    ):
        return (can_reach(installation, wrong, target, restores, leaves),)
    return ()


def _chooses_right(context: Context, wrong: Sequence[AddressVerdict], method: str) -> bool:
    """Whether a method gives each node at fault what it should have, and each good one what it has."""
    should = {v.node: v.stored for v in context.addresses.values() if v.status in _GOOD}
    should.update({v.node: v.expected for v in wrong})
    chosen = context.choices.under(method)
    return all((found := chosen[node].address) is not None and found.ip == ip for node, ip in should.items())


def use_internal_ip(
    installation: CalicoInstallation, wrong: Sequence[AddressVerdict], restores: int | None, leaves: int | None
) -> Fix | None:
    """Have Calico take the address that the kubelet reports; None where that is no way out.

    >>> installation = CalicoInstallation(False, "kube-system", (3, 21, 0), None, None, ())
    >>> use_internal_ip(installation, [], None, None) is None
    True
    """
    version = installation.version
    if not wrong or any(v.expected is None for v in wrong):
        return None
    if version is not None and version < KUBERNETES_METHOD_SINCE:
        return None
    commands = _operator(installation) if installation.by_operator else _manifest(installation)
    title = "have Calico use each node's InternalIP (kubernetes-internal-ip)"
    return Fix(title, (*commands, *_verify(wrong)), _RESTART, restores, leaves)


def can_reach(
    installation: CalicoInstallation,
    wrong: Sequence[AddressVerdict],
    target: str,
    restores: int | None,
    leaves: int | None,
) -> Fix:
    """Have Calico take the address that leads to a target; for versions without kubernetes-internal-ip.

    >>> installation = CalicoInstallation(False, "kube-system", (3, 21, 0), None, None, ())
    >>> can_reach(installation, [], "10.0.0.1", None, None).title
    'have Calico use the address from which each node reaches 10.0.0.1 (can-reach)'
    """
    if installation.by_operator:
        commands: tuple[str, ...] = (
            _patch({_set_now(installation): None, "canReach": target}),
            _rollout("calico-system"),
        )
    else:
        commands = _set_method(installation, f"can-reach={target}")
    title = f"have Calico use the address from which each node reaches {target} (can-reach)"
    return Fix(title, (*commands, *_verify(wrong)), _RESTART, restores, leaves)


def _operator(installation: CalicoInstallation) -> tuple[str, ...]:
    """Through the Installation: the operator undoes edits of its DaemonSet.

    The method set now must go, one is the limit.
    """
    method: dict[str, object] = {"kubernetes": "NodeInternalIP"}
    if _set_now(installation) != "kubernetes":
        method = {_set_now(installation): None, **method}
    return _patch(method), _rollout(installation.namespace or "calico-system")


def _set_now(installation: CalicoInstallation) -> str:
    """The field to clear; firstFound is what the operator fills in where nothing was set."""
    return installation.operator_setting or "firstFound"


def _patch(method: dict[str, object]) -> str:
    spec = {"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": method}}}
    return f"kubectl patch installation.operator.tigera.io default --type=merge -p {shlex.quote(json.dumps(spec))}"


def _manifest(installation: CalicoInstallation) -> tuple[str, ...]:
    return _set_method(installation, "kubernetes-internal-ip")


def _set_method(installation: CalicoInstallation, method: str) -> tuple[str, ...]:
    """Through the DaemonSet's environment; IP=autodetect too, as a literal IP would win."""
    namespace = installation.namespace or "kube-system"
    environment = f"IP=autodetect {shlex.quote(f'IP_AUTODETECTION_METHOD={method}')}"
    command = f"kubectl set env daemonset/calico-node -n {shlex.quote(namespace)} -c calico-node {environment}"
    return command, _rollout(namespace)


def _rollout(namespace: str) -> str:
    return f"kubectl rollout status daemonset/calico-node -n {shlex.quote(namespace)}"


def _verify(wrong: Sequence[AddressVerdict]) -> tuple[str, ...]:
    """How to see that it worked: the stored address, one command per node."""
    return tuple(
        f"kubectl get node {shlex.quote(v.node)} -o yaml | grep projectcalico.org/IPv4Address"
        f"  # should say {v.expected}"
        for v in wrong
    )
