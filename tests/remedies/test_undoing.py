"""The way back from a fix: what is set today is put back, and never guessed where the bundle does not show it."""

from __future__ import annotations

import json
import shlex
import subprocess
from ipaddress import IPv4Interface
from typing import Any

import pytest
import yaml

from calico_bundle.calico.distribution import Distribution
from calico_bundle.calico.installation import installation_of
from calico_bundle.cluster import Cluster
from calico_bundle.facts import ContainerSpec, DaemonSetFact, HelmChartConfigFact, InstallationFact
from calico_bundle.remedies.commands import telling
from calico_bundle.remedies.undoing import undoing, undoing_by_hand
from calico_bundle.what_if import Move
from tests.network.hand_made import NOWHERE
from tests.remedies.test_address_fix import SECOND, diagnosed, fix_of, node, wrong_node

KUBERNETES = "kubernetes-internal-ip"


def operated(setting: dict[str, object] | None) -> Cluster:
    return Cluster({}, installations=(InstallationFact("default", setting, None, None, None, None, None, NOWHERE),))


def by_manifest(**environment: str | None) -> Cluster:
    container = ContainerSpec("calico-node", "quay.io/calico/node:v3.28.5", environment, {})
    return Cluster({}, daemonsets=(DaemonSetFact("kube-system", "calico-node", (container,), None, NOWHERE),))


def way_back(
    cluster: Cluster, method: str = KUBERNETES, distribution: Distribution = Distribution.PLAIN, **more: Any
) -> Any:
    return undoing(cluster, installation_of(cluster), distribution, method, **more)


def patched(document: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386, section 2)."""
    if not isinstance(patch, dict):
        return patch
    target = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        target.pop(key, None) if value is None else target.update({key: patched(target.get(key), value)})
    return target


def patch_in(command: str) -> Any:
    words = shlex.split(command, comments=True)
    return json.loads(words[words.index("-p") + 1])


@pytest.mark.parametrize("method", [KUBERNETES, "can-reach=10.0.1.1", "cidr=10.0.1.0/24", "interface=^eth0$"])
@pytest.mark.parametrize(
    "before", [{"firstFound": True}, {"interface": "eth.*"}, {"cidrs": ["10.0.0.0/8"]}, {"firstFound": False}, {}, None]
)
def test_the_operators_setting_is_as_it_was_after_the_fix_and_the_way_back(before: Any, method: str):
    """RFC 7386: null removes a field; the operator takes no two methods (validation.go)."""
    cluster = operated(before)
    (forth, *_), (back, *_) = (
        telling(installation_of(cluster), Distribution.PLAIN, method).commands,
        way_back(cluster, method),
    )
    network = {} if before is None else {"nodeAddressAutodetectionV4": before}
    document = {"spec": {"calicoNetwork": network}}
    assert patched(patched(document, patch_in(forth)), patch_in(back)) == document


def test_the_way_back_says_what_is_set_today():
    assert way_back(operated({"interface": "eth.*"}))[0].endswith('# set today: {"interface": "eth.*"}')


@pytest.mark.parametrize("before", [{"interface": "***HIDDEN***"}, {"unknownField": True}])
def test_what_a_collector_hid_is_not_put_back(before: Any):
    (note,) = way_back(operated(before))
    assert note.startswith("kubectl get installation.operator.tigera.io default")
    assert "before the change" in note


@pytest.mark.parametrize(
    "environment, expected",
    [
        ({"IP": "autodetect"}, ["IP=autodetect", "IP_AUTODETECTION_METHOD-"]),
        (
            {"IP_AUTODETECTION_METHOD": "interface=^(eth0|ens3)$"},
            ["IP-", "IP_AUTODETECTION_METHOD=interface=^(eth0|ens3)$"],
        ),
        ({"IP": "10.0.1.12"}, ["IP=10.0.1.12", "IP_AUTODETECTION_METHOD-"]),
    ],
)
def test_a_manifests_environment_is_put_back_and_what_was_not_there_is_taken_away(
    environment: Any, expected: list[str]
):
    """kubectl reference, `set env`: NAME- removes a variable."""
    back, wait = way_back(by_manifest(**environment))
    assert shlex.split(back, comments=True)[-2:] == expected
    assert wait.startswith("kubectl rollout status")


@pytest.mark.parametrize("cluster", [by_manifest(IP=None), by_manifest(IP="***HIDDEN***")])
def test_a_value_that_a_reference_or_a_collector_hides_is_not_guessed(cluster: Cluster):
    note, back, _ = way_back(cluster)
    assert "--list" in note
    assert "before the change" in note
    assert back == "kubectl rollout undo daemonset/calico-node -n kube-system"


def test_nothing_is_put_back_by_guess_where_nothing_shows_how_calico_was_installed():
    assert all("before the change" in command for command in way_back(Cluster({})))


def test_the_values_of_a_chart_are_put_back_letter_by_letter():
    values = "installation:\n  registry: r.example\n"
    back, _ = way_back(
        operated(None),
        distribution=Distribution.RKE2,
        chart=HelmChartConfigFact("kube-system", "rke2-calico", values, NOWHERE),
    )
    assert patch_in(back) == {"spec": {"valuesContent": values}}


def test_the_manifest_of_microk8s_is_edited_back(tmp_path: Any):
    manifest = tmp_path / "cni.yaml"
    manifest.write_text(
        '- name: IP\n  value: "autodetect"\n- name: IP_AUTODETECTION_METHOD\n  value: "can-reach=10.0.1.1"\n',
        encoding="utf-8",
    )
    cluster = by_manifest(IP="autodetect", IP_AUTODETECTION_METHOD="first-found")
    words = shlex.split(way_back(cluster, distribution=Distribution.MICROK8S)[0], comments=True)[1:]
    subprocess.run([str(manifest) if w.endswith("cni.yaml") else w for w in words], check=True)
    found = {item["name"]: item["value"] for item in yaml.safe_load(manifest.read_text(encoding="utf-8"))}
    assert found == {"IP": "autodetect", "IP_AUTODETECTION_METHOD": "first-found"}


def test_addresses_written_by_hand_are_written_back():
    moves = [Move("n1", IPv4Interface("192.168.50.12/24"), None), Move("n2", None, IPv4Interface("10.0.1.1/24"))]
    words = [shlex.split(command)[-1] for command in undoing_by_hand(moves)]
    assert words == ["projectcalico.org/IPv4Address=192.168.50.12/24", "projectcalico.org/IPv4Address-"]


@pytest.mark.parametrize("distribution", list(Distribution))
@pytest.mark.parametrize(
    "cluster", [operated({"firstFound": True}), by_manifest(IP="autodetect"), by_manifest(IP=None)]
)
def test_every_command_back_is_one_line_that_a_shell_reads(cluster: Cluster, distribution: Distribution):
    for command in way_back(cluster, distribution=distribution):
        assert command.isprintable()
        assert shlex.split(command, comments=True)


def test_a_fix_of_addresses_has_a_way_back_and_asks_dns_at_last_from_a_pod_that_fails():
    """app-2 is on the DNS server's own node and reaches; app-1 is the first that fails."""
    fix = fix_of(diagnosed(node(1), wrong_node(SECOND), node(3)))
    assert fix.undo[0].startswith("kubectl set env daemonset/calico-node -n kube-system")
    assert fix.commands[-1].startswith("kubectl exec -n default app-1 -- nslookup kubernetes.default")
    assert "to go back:" in repr(fix)
