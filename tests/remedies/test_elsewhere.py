"""Fixes for causes that are no address: they name the card, the rule and the node, paste into a shell, and were tried.

What is promised of them was measured: `python -m tests.lab fixes`, kept in tests/lab/mended.
"""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

import calico_bundle as cb
from calico_bundle.calico.distribution import Distribution
from calico_bundle.findings import Fix
from calico_bundle.remedies.elsewhere import loosening, taking_away
from calico_bundle.remedies.kubelets import report_address
from tests.lab import recording
from tests.network.hand_made import machine
from tests.stories import FIXTURES

RULES = """*filter
:INPUT ACCEPT [0:0]
-A INPUT -s 10.0.1.0/24 -p tcp -m tcp --dport 179 -j DROP
-A INPUT -p tcp -m tcp --dport 8472 -j DROP
-A KUBE-EXTERNAL-SERVICES -p tcp -m tcp --dport 179 -j REJECT
COMMIT"""


@cache
def recorded(name: str, place: Path) -> cb.Analysis:
    return cb.analyze(str(recording.read(recording.archive_of(name), place) / "bundle"))


def fix_of(analysis: cb.Analysis, code: str) -> Fix:
    return analysis.findings[code][0].fixes[0]


# --- filters ------------------------------------------------------------------------------------------------------------


def test_the_filter_of_the_card_is_loosened_now_and_for_the_next_boot():
    """ip-sysctl: the larger of `all` and the card's own counts, so that 2 at the card is loose."""
    now, lasting, look = loosening("node-1", ["ens19"])
    assert shlex.split(now, comments=True)[-1] == "net.ipv4.conf.ens19.rp_filter=2"
    assert "/etc/sysctl.d/" in lasting
    assert "net.ipv4.conf.all.rp_filter net.ipv4.conf.ens19.rp_filter" in look


def test_a_dot_in_the_name_of_a_card_is_written_as_sysctl_takes_it():
    """sysctl(8): a slash in a key stands for a dot in a name (net.ipv4.conf.ens18/100.rp_filter)."""
    now, _, _ = loosening("node-1", ["ens18.100"])
    assert shlex.split(now, comments=True)[-1] == "net.ipv4.conf.ens18/100.rp_filter=2"


@pytest.mark.parametrize(
    "name, device", [("pool-holds-the-lan-ipip", "tunl0"), ("pool-holds-the-lan-vxlan", "vxlan.calico")]
)
def test_the_device_that_drops_is_loosened_and_not_all_of_them(name: str, device: str, tmp_path: Path):
    """Felix before v3.12 ends when `all` is 2 (felix int_dataplane.go; v3.12.0 release notes, felix pull request 2189).

    The maintainers' own advice there: leave `all` strict, and set the cards to loose that are asymmetric.
    """
    commands = fix_of(recorded(name, tmp_path), "CB204").commands
    written = [shlex.split(line, comments=True)[-1].removesuffix("=2") for line in commands if " -w " in line]
    assert f"net.ipv4.conf.{device.replace('.', '/')}.rp_filter" in written
    assert "net.ipv4.conf.all.rp_filter" not in written
    looks = [shlex.split(line, comments=True)[1:] for line in commands if line.startswith("sysctl ")]
    assert sorted(key for _, *keys in looks for key in keys) == sorted(written)
    assert {first for first, *_ in looks} == {"net.ipv4.conf.all.rp_filter"}


@pytest.mark.parametrize("version, warned", [("v3.11.3", True), ("v3.28.5", False), (None, True)])
def test_an_old_felix_that_ends_over_a_loose_filter_is_told_of(version: str | None, warned: bool, tmp_path: Path):
    folder = recording.read(recording.archive_of("pool-holds-the-lan-ipip"), tmp_path) / "bundle"
    sets = folder / "cluster" / "daemonsets.yaml"
    if version:
        sets.write_text(re.sub(r"calico/node:v[\d.]+", f"calico/node:{version}", sets.read_text()))
    else:
        sets.unlink()
    fix = fix_of(cb.analyze(str(folder)), "CB204")
    assert ("FELIX_IGNORELOOSERPF" in fix.disruption) == warned


def test_filters_that_would_drop_next_are_loosened_too(tmp_path: Path):
    """Measured: with node-2's filter alone at 2, node-1 and node-3 drop what comes back."""
    fix = fix_of(recorded("pool-holds-the-lan-ipip", tmp_path), "CB204")
    assert [node in fix.title for node in ("node-1", "node-2", "node-3")] == [True] * 3
    assert (fix.restores, fix.leaves_broken) == (2, 0)


def test_a_filter_that_is_not_what_drops_in_the_end_is_not_proposed(tmp_path: Path):
    """Loose asks for some route to the source (ip-sysctl); a table with a blackhole has none."""
    fix = fix_of(recorded("policy-routing", tmp_path), "CB204")
    assert fix.commands == ()
    assert fix.title.startswith("none is proposed")


# --- sessions -----------------------------------------------------------------------------------------------------------


def test_the_rule_that_refuses_the_port_is_taken_away_and_no_other():
    assert taking_away(machine("node-1", service_rules=None), [179]) == ()
    (command,) = taking_away(machine("node-1", service_rules=RULES), [179])
    assert command == "sudo iptables -D INPUT -s 10.0.1.0/24 -p tcp -m tcp --dport 179 -j DROP  # on node-1"


def test_with_the_port_open_all_paths_come_back():
    """Measured, and kept: port-dropped."""
    fix = fix_of(cb.analyze(str(FIXTURES / "blocked-port" / "bundle")), "CB201")
    assert (fix.restores, fix.leaves_broken) == (4, 0)
    assert sum(command.startswith("sudo iptables -D") for command in fix.commands) == 3


@pytest.mark.parametrize("name", ["peers-with-wrong-as", "peer-with-wrong-as", "peer-on-wrong-port"])
def test_a_session_that_the_configuration_keeps_down_is_not_said_to_come_up_with_the_port(name: str, tmp_path: Path):
    """BIRD says `Bad peer AS`, or a BGPPeer names what the other side is not: TCP gets through there."""
    fix = fix_of(recorded(name, tmp_path), "CB201")
    assert not any(command.startswith(("nc ", "sudo iptables")) for command in fix.commands)
    patch = json.loads(shlex.split(fix.commands[0])[-1])["spec"]
    wanted = {"asNumber": 64512} if name != "peer-on-wrong-port" else {"peerIP": "10.0.1.12:1790", "asNumber": 64512}
    assert wanted.items() <= patch.items()
    assert (fix.restores, fix.leaves_broken) == (4, 0)


def test_what_no_bgp_peer_is_to_blame_for_is_left_to_look_at(tmp_path: Path):
    """Two AS numbers in a mesh that is not direct: Calico's version, or the numbers, have to change."""
    fix = fix_of(recorded("as-numbers-routed", tmp_path), "CB201")
    assert fix.restores is None
    assert fix.tried.startswith("no: ")


# --- kubelets -----------------------------------------------------------------------------------------------------------


def test_the_kubelet_is_told_where_its_distribution_has_it():
    address = ip_address("10.0.1.12")
    (plain,) = report_address(machine("n"), address, Distribution.PLAIN)
    assert "--node-ip=10.0.1.12" in plain.commands[0]
    (rke2,) = report_address(machine("n"), address, Distribution.RKE2)
    assert "/etc/rancher/rke2/config.yaml" in rke2.commands[0]
    assert "10.0.1.12" in rke2.commands[-1]
    assert report_address(machine("n"), None, Distribution.PLAIN) == ()


def test_the_kubelet_of_microk8s_is_told_in_its_arguments_and_restarts_with_kubelite():
    """MicroK8s "Configuring services": arguments in /var/snap/microk8s/current/args; kubelet is in kubelite since 1.21."""
    (fix,) = report_address(machine("n"), ip_address("10.0.1.12"), Distribution.MICROK8S)
    assert "/var/snap/microk8s/current/args/kubelet" in fix.commands[0]
    assert "--node-ip=10.0.1.12" in fix.commands[0]
    assert "snap restart microk8s.daemon-kubelite" in fix.commands[1]
    assert not any("systemctl" in command for command in fix.commands)
    assert "API server" in fix.disruption


@pytest.mark.parametrize("distribution", [Distribution.K3S, Distribution.RKE2])
def test_what_restarts_with_a_kubelet_that_is_part_of_a_server_is_said(distribution: Distribution):
    """K3s and RKE2 run the kubelet in the service that is also the control plane on a server node (their documentation)."""
    (fix,) = report_address(machine("n"), ip_address("10.0.1.12"), distribution)
    assert distribution.value in fix.disruption
    assert "API server" in fix.disruption
    (plain,) = report_address(machine("n"), ip_address("10.0.1.12"), Distribution.PLAIN)
    assert "API server" not in plain.disruption


def test_the_kubelet_of_kubespray_is_told_where_its_unit_reads_and_in_the_inventory():
    """kubespray roles/kubernetes/node: kubelet.service reads /etc/kubernetes/kubelet.env, and KUBELET_ADDRESS from it."""
    (fix,) = report_address(machine("n"), ip_address("10.0.1.12"), Distribution.KUBESPRAY)
    assert "KUBELET_ADDRESS=--node-ip=10.0.1.12" in fix.commands[0]
    assert "/etc/kubernetes/kubelet.env" in fix.commands[0]
    assert "inventory" in fix.commands[0]
