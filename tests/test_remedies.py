"""Fixes as commands: they paste into a shell, name what is installed, and say what they interrupt."""

from __future__ import annotations

import json
import shlex
from ipaddress import ip_address
from typing import Any

import pytest

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.calico.installation import CalicoInstallation
from calico_bundle.choices import Choices
from calico_bundle.findings import Context
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.remedies import address_fix, can_reach, use_internal_ip
from tests.network.hand_made import cluster, lan_node


def installed(**changed: Any) -> CalicoInstallation:
    given: dict[str, Any] = {
        "by_operator": False,
        "namespace": "kube-system",
        "version": (3, 28, 5),
        "method": "first-found",
        "operator_setting": None,
        "evidence": (),
    }
    return CalicoInstallation(**{**given, **changed})


def wrong(node: str = "node-2", expected: str | None = "10.0.1.12") -> AddressVerdict:
    return AddressVerdict(
        node, AddressStatus.WRONG, ip_address("192.168.50.12"), "eth1", ip_address(expected) if expected else None
    )


def operator_setting(command: str) -> dict[str, Any]:
    words = shlex.split(command)
    assert words[:4] == ["kubectl", "patch", "installation.operator.tigera.io", "default"]
    return json.loads(words[words.index("-p") + 1])["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"]


def test_manifest_sets_the_environment_of_calico_node():
    fix = use_internal_ip(installed(), [wrong()], 4, 0)
    assert fix is not None
    assert shlex.split(fix.commands[0]) == [
        "kubectl",
        "set",
        "env",
        "daemonset/calico-node",
        "-n",
        "kube-system",
        "-c",
        "calico-node",
        "IP=autodetect",
        "IP_AUTODETECTION_METHOD=kubernetes-internal-ip",
    ]
    assert fix.commands[1] == "kubectl rollout status daemonset/calico-node -n kube-system"
    assert (fix.restores, fix.leaves_broken) == (4, 0)
    assert "rolling update" in fix.disruption


def test_namespace_of_the_daemonset_is_used():
    fix = use_internal_ip(installed(namespace="networking"), [wrong()], None, None)
    assert fix is not None
    assert all("-n networking" in c for c in fix.commands[:2])


@pytest.mark.parametrize(
    "set_now, expected",
    [
        (None, {"firstFound": None, "kubernetes": "NodeInternalIP"}),
        ("interface", {"interface": None, "kubernetes": "NodeInternalIP"}),
        ("kubernetes", {"kubernetes": "NodeInternalIP"}),
    ],
)
def test_operator_clears_the_method_that_is_set(set_now: str | None, expected: dict[str, Any]):
    """validation.go: at most one method; a merge patch removes a field by null."""
    fix = use_internal_ip(
        installed(by_operator=True, operator_setting=set_now, namespace="calico-system"), [wrong()], 1, 0
    )
    assert fix is not None
    assert operator_setting(fix.commands[0]) == expected
    assert fix.commands[1].endswith("-n calico-system")


def test_every_wrong_node_is_verified():
    fix = use_internal_ip(installed(), [wrong(), wrong("node-3", "10.0.1.13")], 4, 0)
    assert fix is not None
    checks = [c for c in fix.commands if c.startswith("kubectl get node ")]
    assert [("node-2" in c, "10.0.1.12" in c) for c in checks] == [(True, True), (False, False)]
    assert "node-3" in checks[1]
    assert "10.0.1.13" in checks[1]


def test_names_are_quoted_for_the_shell():
    fix = use_internal_ip(installed(namespace="a; rm -rf /"), [wrong("$(reboot)")], None, None)
    assert fix is not None
    for command in fix.commands:
        words = shlex.split(command.split("  #")[0])
        assert "rm" not in words
        assert "$(reboot)" in words or "kubectl" in words[0]
    assert any("'$(reboot)'" in c for c in fix.commands)


@pytest.mark.parametrize("version, offered", [((3, 21, 6), False), ((3, 22), True), ((3, 22, 0), True), (None, True)])
def test_method_is_offered_from_the_version_that_has_it(version: tuple[int, ...] | None, offered: bool):
    """kubernetes-internal-ip came with v3.22.0."""
    assert (use_internal_ip(installed(version=version), [wrong()], 1, 0) is not None) == offered


def test_no_fix_without_an_address_to_move_to():
    assert use_internal_ip(installed(), [wrong(expected=None)], 1, 0) is None
    assert use_internal_ip(installed(), [], 1, 0) is None


def test_older_versions_get_can_reach():
    manifest = can_reach(installed(version=(3, 20)), [wrong()], "10.0.1.11", None, None)
    assert shlex.split(manifest.commands[0])[-1] == "IP_AUTODETECTION_METHOD=can-reach=10.0.1.11"
    operator = can_reach(installed(by_operator=True), [wrong()], "10.0.1.11", None, None)
    assert operator_setting(operator.commands[0]) == {"firstFound": None, "canReach": "10.0.1.11"}
    for fix in (manifest, operator):
        assert any(c.startswith("kubectl get node node-2 ") for c in fix.commands)
        assert fix.restores is None


def context_with(other: AddressVerdict) -> Any:
    """node-2 is at fault, the other verdict is node-3's."""
    where = cluster(lan_node(2, 3), lan_node(3, 2))
    nothing: Any = None
    addresses = {"node-2": wrong(), "node-3": other}
    choices = Choices(where, Forwarding(where))
    return Context(nothing, where, nothing, nothing, addresses, choices, (), ())


def test_method_is_proposed_where_it_leaves_the_other_nodes_as_they_are():
    right = AddressVerdict("node-3", AddressStatus.OK, ip_address("10.0.1.13"), "eth0", ip_address("10.0.1.13"))
    (fix,) = address_fix(context_with(right), [wrong()], 4, 0)
    assert "kubernetes-internal-ip" in fix.title


def test_method_that_would_move_a_working_node_is_not_proposed():
    """node-3 works with an address that is not its InternalIP; the DaemonSet's method holds for it too."""
    odd = AddressVerdict("node-3", AddressStatus.UNINTENDED, ip_address("192.168.50.13"), "eth1", None)
    assert address_fix(context_with(odd), [wrong()], 4, 0) == ()
