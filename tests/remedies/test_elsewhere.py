"""Commands for causes that are no address: they name the card, the rule and the node, and paste into a shell."""

from __future__ import annotations

import shlex
from ipaddress import ip_address

from calico_bundle.calico.distribution import Distribution
from calico_bundle.evidence import Evidence
from calico_bundle.remedies.elsewhere import loosen_filter, open_port, report_address
from tests.network.hand_made import machine

RULES = """*filter
:INPUT ACCEPT [0:0]
-A INPUT -s 10.0.1.0/24 -p tcp -m tcp --dport 179 -j DROP
-A INPUT -p tcp -m tcp --dport 8472 -j DROP
-A KUBE-EXTERNAL-SERVICES -p tcp -m tcp --dport 179 -j REJECT
COMMIT"""


def setting(text: str) -> Evidence:
    return Evidence("sysctl.txt", 1, text)


def test_the_filter_of_the_card_is_loosened_now_and_for_the_next_boot():
    (fix,) = loosen_filter("node-1", [setting("net.ipv4.conf.ens19.rp_filter = 1"), setting("default via 10.0.1.1")])
    assert shlex.split(fix.commands[0], comments=True)[-1] == "net.ipv4.conf.ens19.rp_filter=2"
    assert "/etc/sysctl.d/" in fix.commands[1]


def test_a_filter_that_is_loose_already_is_not_what_to_change():
    assert loosen_filter("node-1", [setting("net.ipv4.conf.ens19.rp_filter = 2")]) == ()


def test_the_rule_that_refuses_the_port_is_taken_away_and_no_other():
    (fix,) = open_port(machine("node-1", service_rules=None), [179]) or (None,)
    assert fix is None
    (fix,) = open_port(machine("node-1", service_rules=RULES), [179])
    assert fix.commands == ("sudo iptables -D INPUT -s 10.0.1.0/24 -p tcp -m tcp --dport 179 -j DROP  # on node-1",)


def test_the_kubelet_is_told_where_its_distribution_has_it():
    address = ip_address("10.0.1.12")
    (plain,) = report_address(machine("n"), address, Distribution.PLAIN)
    assert "--node-ip=10.0.1.12" in plain.commands[0]
    (rke2,) = report_address(machine("n"), address, Distribution.RKE2)
    assert "/etc/rancher/rke2/config.yaml" in rke2.commands[0]
    assert "10.0.1.12" in rke2.commands[-1]
    assert report_address(machine("n"), None, Distribution.PLAIN) == ()
