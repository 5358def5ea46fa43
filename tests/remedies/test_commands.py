"""Commands: they paste into a shell, fit what is installed, and are not undone by whatever installed it."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.calico.distribution import Distribution, distribution_of
from calico_bundle.calico.installation import CalicoInstallation
from calico_bundle.cluster import Cluster
from calico_bundle.facts import ContainerSpec, DaemonSetFact, HelmChartConfigFact, InstallationFact
from calico_bundle.findings import Finding, Fix
from calico_bundle.remedies.commands import stored_by_hand, telling, verifying
from calico_bundle.remedies.plans import in_the_words_of
from tests.network.hand_made import NOWHERE, machine

KUBERNETES = "kubernetes-internal-ip"
METHODS = (KUBERNETES, "can-reach=10.0.1.1", "cidr=10.0.1.0/24,10.0.2.0/24", "interface=^(eth0|ens3)$")


def installed(**changed: Any) -> CalicoInstallation:
    manifest = CalicoInstallation(False, "kube-system", (3, 28, 5), "first-found", None, ())
    return replace(manifest, **changed)


OPERATOR = installed(by_operator=True, namespace="calico-system")


def operator_setting(command: str) -> dict[str, Any]:
    words = shlex.split(command)
    assert words[:4] == ["kubectl", "patch", "installation.operator.tigera.io", "default"]
    return json.loads(words[words.index("-p") + 1])["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"]


# --- what is installed ------------------------------------------------------------------------------------------------


def test_manifest_sets_the_environment_of_calico_node():
    commands = telling(installed(), Distribution.PLAIN, KUBERNETES).commands
    named = ["kubectl", "set", "env", "daemonset/calico-node", "-n", "kube-system", "-c", "calico-node"]
    assert shlex.split(commands[0]) == [*named, "IP=autodetect", f"IP_AUTODETECTION_METHOD={KUBERNETES}"]
    assert commands[1] == "kubectl rollout status daemonset/calico-node -n kube-system"


def test_namespace_of_the_daemonset_is_used():
    commands = telling(installed(namespace="networking"), Distribution.PLAIN, KUBERNETES).commands
    assert all("-n networking" in command for command in commands)


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
    commands = telling(replace(OPERATOR, operator_setting=set_now), Distribution.PLAIN, KUBERNETES).commands
    assert operator_setting(commands[0]) == expected
    assert commands[1].endswith("-n calico-system")


@pytest.mark.parametrize(
    "method, expected",
    [
        ("can-reach=10.0.1.1", {"canReach": "10.0.1.1"}),
        ("cidr=10.0.0.0/8,192.168.1.0/24", {"cidrs": ["10.0.0.0/8", "192.168.1.0/24"]}),
        ("interface=^(eth0|ens3)$", {"interface": "^(eth0|ens3)$"}),
        ("skip-interface=^eth1$", {"skipInterface": "^eth1$"}),
    ],
)
def test_operator_has_a_field_of_its_own_for_each_method(method: str, expected: dict[str, Any]):
    """api/v1/installation_types.go, NodeAddressAutodetection; no edit of the DaemonSet, which the operator undoes."""
    commands = telling(OPERATOR, Distribution.PLAIN, method).commands
    assert operator_setting(commands[0]) == {"firstFound": None, **expected}
    assert not any("set env" in command for command in commands)


def chart(values: str | None) -> HelmChartConfigFact:
    return HelmChartConfigFact("kube-system", "rke2-calico", values, NOWHERE)


def test_rke2_gets_the_values_of_its_chart_and_never_in_place_of_what_may_stand_there():
    """Helm writes the Installation anew: the chart's values have to say it. `create` refuses where one is there."""
    told = telling(OPERATOR, Distribution.RKE2, KUBERNETES)
    look, create, wait = told.commands
    assert look.startswith("kubectl get helmchartconfigs.helm.cattle.io rke2-calico -n kube-system -o yaml")
    config = json.loads(shlex.split(create)[2])
    assert shlex.split(create, comments=True)[3:] == ["|", "kubectl", "create", "-f", "-"]
    assert (config["kind"], config["metadata"]["name"]) == ("HelmChartConfig", "rke2-calico")
    values = yaml.safe_load(config["spec"]["valuesContent"])
    assert values["installation"]["calicoNetwork"]["nodeAddressAutodetectionV4"] == {
        "firstFound": None,
        "kubernetes": "NodeInternalIP",
    }
    assert wait.startswith("kubectl rollout status")
    assert "undone" in told.note


def test_values_that_the_bundle_has_are_kept_beside_the_method():
    values = (
        "installation:\n  calicoNetwork:\n    mtu: 1400\n  registry: r.example\nfelixConfiguration: {wireguard: true}\n"
    )
    _, patch, _ = telling(OPERATOR, Distribution.RKE2, "interface=^eth1$", chart(values)).commands
    after = yaml.safe_load(json.loads(shlex.split(patch)[-1])["spec"]["valuesContent"])
    assert after == {
        "installation": {
            "calicoNetwork": {"mtu": 1400, "nodeAddressAutodetectionV4": {"firstFound": None, "interface": "^eth1$"}},
            "registry": "r.example",
        },
        "felixConfiguration": {"wireguard": True},
    }


@pytest.mark.parametrize(
    "values",
    [None, "- 1", "a: &x 1\nb: *x", "a: ***HIDDEN***", "installation: 7", "when: 2026-01-01", "[" * 500, "a: {{b}}"],
)
def test_values_that_cannot_be_taken_over_are_for_a_person_to_join(values: str | None):
    look, edit, _ = telling(OPERATOR, Distribution.RKE2, KUBERNETES, chart(values)).commands
    assert look.startswith("kubectl get helmchartconfigs")
    assert edit.startswith("kubectl edit helmchartconfigs")
    assert not any("apply" in command or "patch" in command for command in (look, edit))


def test_k3s_ships_no_calico_and_the_operator_is_asked_where_it_brought_it():
    told = telling(OPERATOR, Distribution.K3S, KUBERNETES)
    assert operator_setting(told.commands[0])["kubernetes"] == "NodeInternalIP"
    assert "flannel" in told.note
    assert "set env" in telling(installed(), Distribution.K3S, KUBERNETES).commands[0]


def test_microk8s_gets_its_manifest_changed_which_it_applies_again_at_updates():
    edit, look, apply, wait = telling(installed(), Distribution.MICROK8S, "interface=^(eth0|ens3)$").commands
    words = shlex.split(edit, comments=True)
    assert words[:3] == ["sudo", "sed", "-i"]
    assert words[-1] == "/var/snap/microk8s/current/args/cni-network/cni.yaml"
    assert shlex.split(look, comments=True)[-1] == words[-1]
    assert apply == f"microk8s kubectl apply -f {words[-1]}"
    assert wait.startswith("microk8s kubectl rollout status")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("address", ["autodetect", "10.0.1.12"])
def test_the_edit_of_microk8s_manifest_does_what_it_should(method: str, address: str, tmp_path: Any):
    """A literal IP wins over the method (startup.go): both are set."""
    manifest = tmp_path / "cni.yaml"
    wanted = {"IP": address, "IP_AUTODETECTION_METHOD": "first-found", "IP6": "none"}
    text = "".join(f'        - name: {name}\n          value: "{value}"\n' for name, value in wanted.items())
    manifest.write_text(text, encoding="utf-8")
    edit = telling(installed(), Distribution.MICROK8S, method).commands[0]
    words = [str(manifest) if w.endswith("cni.yaml") else w for w in shlex.split(edit, comments=True)[1:]]
    subprocess.run(words, check=True)
    found = {item["name"]: item["value"] for item in yaml.safe_load(manifest.read_text(encoding="utf-8"))}
    assert found == {"IP": "autodetect", "IP_AUTODETECTION_METHOD": method, "IP6": "none"}


def test_kubespray_gets_its_daemonset_changed_and_the_inventory_that_a_later_run_takes():
    """roles/network_plugin/calico: a later run writes the DaemonSet, IP=autodetect with it, from calico_ip_auto_method."""
    told = telling(installed(), Distribution.KUBESPRAY, KUBERNETES)
    change, wait, drop, add = told.commands
    assert shlex.split(change)[-2:] == ["IP=autodetect", f"IP_AUTODETECTION_METHOD={KUBERNETES}"]
    assert wait.startswith("kubectl rollout status")
    assert "calico_ip_auto_method" in drop
    assert yaml.safe_load(shlex.split(add)[1]) == {"calico_ip_auto_method": KUBERNETES}
    assert "group_vars are the source" in told.note


def test_microk8s_has_a_kubectl_of_its_own():
    fix = Fix("t", ("kubectl get node n  # kubectl", "printf x | kubectl apply -f -", "sudo reboot"), "")
    (found,) = in_the_words_of(Distribution.MICROK8S, [Finding("CB401", "n", "error", "s", "m", fixes=(fix,))])
    assert found.fixes[0].commands == (
        "microk8s kubectl get node n  # kubectl",
        "printf x | microk8s kubectl apply -f -",
        "sudo reboot",
    )


def test_both_ways_are_told_where_nothing_shows_how_calico_was_installed():
    commands = telling(installed(namespace=None), Distribution.PLAIN, KUBERNETES).commands
    assert commands[0].startswith("kubectl get installation.operator.tigera.io")
    assert operator_setting(commands[1])["kubernetes"] == "NodeInternalIP"
    assert "set env daemonset/calico-node" in commands[2]


@pytest.mark.parametrize("distribution", list(Distribution))
@pytest.mark.parametrize("kind", [OPERATOR, installed(), installed(namespace=None)])
@pytest.mark.parametrize("method", METHODS)
def test_every_command_is_one_line_that_a_shell_reads(kind: Any, distribution: Distribution, method: str):
    for command in telling(kind, distribution, method).commands:
        assert command.isprintable()
        assert shlex.split(command, comments=True)


def test_names_are_quoted_for_the_shell():
    hostile = installed(namespace="a; rm -rf /")
    wrong = AddressVerdict("$(reboot)", AddressStatus.WRONG)
    for command in (*telling(hostile, Distribution.PLAIN, KUBERNETES).commands, *verifying([wrong])):
        words = shlex.split(command.split("  #")[0])
        assert "rm" not in words
    assert "'$(reboot)'" in stored_by_hand("$(reboot)", "10.0.1.12/24")


# --- who brought it ---------------------------------------------------------------------------------------------------


def daemonset(**environment: str) -> DaemonSetFact:
    container = ContainerSpec("calico-node", "quay.io/calico/node:v3.28.1", environment, {})
    return DaemonSetFact("kube-system", "calico-node", (container,), None, NOWHERE)


KUBESPRAYS = {"FELIX_CHAININSERTMODE": "Insert", "FELIX_IGNORELOOSERPF": "false"}


def installation(provider: str | None) -> InstallationFact:
    return InstallationFact("default", None, None, None, None, provider, None, NOWHERE)


@pytest.mark.parametrize(
    "where, expected",
    [
        (Cluster({}), Distribution.PLAIN),
        (Cluster({"n": machine("n", provider_id="rke2://n")}), Distribution.RKE2),
        (Cluster({}, installations=(installation("RKE2"),)), Distribution.RKE2),
        (Cluster({"n": machine("n", provider_id="k3s://n")}), Distribution.K3S),
        (Cluster({"n": machine("n", labels={"node.kubernetes.io/instance-type": "k3s"})}), Distribution.K3S),
        (Cluster({"n": machine("n", labels={"microk8s.io/cluster": "true"})}), Distribution.MICROK8S),
        (Cluster({}, daemonsets=(daemonset(**KUBESPRAYS),)), Distribution.KUBESPRAY),
        (Cluster({}, daemonsets=(daemonset(IP_AUTODETECTION_METHOD="can-reach=$(NODEIP)"),)), Distribution.KUBESPRAY),
        (Cluster({}, daemonsets=(daemonset(IP_AUTODETECTION_METHOD="first-found"),)), Distribution.PLAIN),
        (Cluster({"n": machine("n", provider_id="aws:///a/i-1")}), Distribution.PLAIN),
    ],
)  # fmt: skip
def test_distributions_are_told_apart_by_what_they_leave(where: Cluster, expected: Distribution):
    assert distribution_of(where) is expected
