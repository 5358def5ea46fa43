"""Which fix is proposed: what mends everything, breaks nothing and lasts; and the traps that it does not step into."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

import calico_bundle as cb
from calico_bundle.bundle import Bundle
from calico_bundle.diagnosis import _concluded
from calico_bundle.facts import ContainerSpec, DaemonSetFact
from calico_bundle.findings import Fix
from calico_bundle.network.service import find_dns
from calico_bundle.paths import DnsPaths
from calico_bundle.remedies.candidates import Candidate, anchored
from calico_bundle.remedies.trying import Trials
from tests.network.hand_made import NOWHERE, blocks_of, card, cluster, endpoint, machine, pod, pool, routes_of, service

SETTINGS = "net.ipv4.conf.all.rp_filter = 0"


def node(number: int, *more: str, stored: str | None = None, **changed: Any) -> Any:
    """A node of LAN 10.0.1.0/24 by eth0, with more cards behind it; `stored` is Calico's address."""
    own = f"10.0.1.{10 + number}"
    good = stored is None
    others = [n for n in (1, 2, 3) if n != number] if good else []
    given: dict[str, Any] = {
        "routes": routes_of(number, *(n for n in others if n != 2)),
        "sysctls": SETTINGS,
        "internal": own,
        "calico": stored or f"{own}/24",
    }
    return machine(f"node-{number}", card("lo"), card("eth0", f"{own}/24"), *more, **{**given, **changed})


SECOND = card("eth1", "192.168.50.12/24")
SESSIONS_2 = "10.0.1.11 Connect\n10.0.1.13 Connect"


def wrong_node(*more: str, **changed: Any) -> Any:
    """Node-2, which took its second card; nobody learns its routes."""
    given = {"stored": "192.168.50.12/24", "sessions": SESSIONS_2, **changed}
    return node(2, *(more or (SECOND,)), **given)


def diagnosed(*nodes: Any, version: str = "v3.28.5", pools: Any = None, **environment: str) -> cb.Analysis:
    """Node-2 hosts CoreDNS, a pod runs on each node; Calico is from the manifest."""
    env: dict[str, str | None] = {"IP": "autodetect", **environment}
    env = {name: value for name, value in env.items() if value}
    container = ContainerSpec("calico-node", f"quay.io/calico/node:{version}", env, {})
    where = cluster(
        *nodes,
        pools=(pools or pool(),),
        blocks=blocks_of(1, 2, 3),
        pods=tuple(pod(f"app-{n}", f"node-{n}", f"10.244.{n}.2") for n in (1, 2, 3)),
        services=(service(),),
        endpoints=(endpoint("10.244.2.2", "node-2", "coredns"),),
        daemonsets=(DaemonSetFact("kube-system", "calico-node", (container,), None, NOWHERE),),
    )
    diagnosis = _concluded(Bundle((), (), (), ()), DnsPaths(where, find_dns(where)))
    return cb.Analysis(Bundle((), (), (), ()), diagnosis=diagnosis)


def fix_of(analysis: cb.Analysis, code: str = "CB101") -> Fix:
    (finding, *_) = analysis.findings[code]
    (fix,) = finding.fixes
    return fix


def method_in(fix: Fix) -> str | None:
    found = [
        c.split("IP_AUTODETECTION_METHOD=")[1].rstrip("'") for c in fix.commands if "IP_AUTODETECTION_METHOD=" in c
    ]
    return found[0] if found else None


def test_internal_ip_is_proposed_where_it_mends_everything_and_lasts():
    fix = fix_of(diagnosed(node(1), wrong_node(), node(3)))
    assert method_in(fix) == "kubernetes-internal-ip"
    assert (fix.restores, fix.leaves_broken) == (2, 0)
    assert "replayed on every node: 2 of 2 failing paths reach" in fix.tried
    assert "a card added later changes none of its choices" in fix.tried
    assert fix.runner_up.startswith("can-reach=10.0.1.1: it does the same, but")
    assert any("kubectl get node node-2 " in c and "10.0.1.12" in c for c in fix.commands)


@pytest.mark.parametrize(
    "version, expected",
    [("v3.28.5", "kubernetes-internal-ip"), ("v3.22.0", "kubernetes-internal-ip"), ("v3.21.6", "can-reach=10.0.1.1")],
)
def test_a_method_is_proposed_from_the_version_that_has_it(version: str, expected: str):
    """kubernetes-internal-ip came with v3.22.0."""
    assert method_in(fix_of(diagnosed(node(1), wrong_node(), node(3), version=version))) == expected


def test_an_internal_ip_that_two_nodes_report_is_not_taken():
    """CB107: node-3's kubelet reports the address of node-1; Calico's own address there is right and works."""
    third = node(3, internal="10.0.1.11")
    analysis = diagnosed(node(1), wrong_node(), third)
    assert [f.subject for f in analysis.findings["CB107"]] == ["node/node-1", "node/node-3"]
    fix = fix_of(analysis)
    assert method_in(fix) not in (None, "kubernetes-internal-ip")
    assert "kubernetes-internal-ip: it finds no address on node-3" in fix.runner_up


def test_a_name_that_another_node_has_not_is_not_proposed():
    """node-3's card has another name: `interface=^eth0$` would find nothing there."""
    other = machine(
        "node-3",
        card("lo"),
        card("enp1s0", "10.0.1.13/24"),
        routes=routes_of(3, 1).replace("eth0", "enp1s0"),
        internal="10.0.1.13",
        calico="10.0.1.13/24",
        sysctls=SETTINGS,
    )
    fix = fix_of(
        diagnosed(node(1), wrong_node(), other, version="v3.14.0", IP_AUTODETECTION_METHOD="can-reach=10.0.1.1")
    )
    assert method_in(fix) in (None, "interface=^(enp1s0|eth0)$", "can-reach=10.0.1.11")


@pytest.mark.parametrize("names, expected", [(["eth1"], "^eth1$"), (["bond1", "bond1.2"], "^(bond1|bond1[.]2)$")])
def test_names_are_anchored_so_that_a_vlan_or_a_longer_name_does_not_match(names: list[str], expected: str):
    assert anchored(names) == expected


def trials(analysis: cb.Analysis, **other: str) -> Trials:
    """Node-2 is at fault; the others should have what they are given here, else their InternalIP."""
    found = analysis.diagnosis
    wanted = {
        name: ip_address(other.get(name.replace("-", "_"), str(n.internal_ip)))
        for name, n in found.cluster.nodes.items()
    }
    return Trials(found.choices, found.paths, wanted, frozenset({"node-1", "node-3"}))


def test_a_method_that_the_next_card_undoes_is_said_to_be_that():
    """`skip-interface=^eth1$` mends it, and takes eth2 when that comes: walked from the last card on."""
    tried = trials(diagnosed(node(1), wrong_node(), node(3)))
    skipping = tried.of(Candidate("skip-interface=^eth1$", ""))
    assert skipping.proposed
    assert "node-2 (tried with eth2 at 203.0.113.77/24)" in skipping.falls
    for lasting in ("cidr=10.0.1.0/24", "interface=^eth0$", "kubernetes-internal-ip", "can-reach=10.0.1.1"):
        assert not tried.of(Candidate(lasting, "")).falls


def test_a_pattern_that_also_matches_a_vlan_loses_to_it():
    """Unanchored, `eth0` matches eth0.100 too, and that comes later in the kernel's order."""
    vlan = card("eth0.100", "172.20.0.12/24")
    tried = trials(diagnosed(node(1), wrong_node(SECOND, vlan), node(3)))
    assert tried.of(Candidate("interface=eth0", "")).because == "it leaves node-2 with 172.20.0.12"
    assert tried.of(Candidate("interface=^eth0$", "")).proposed


def test_a_method_that_moves_a_node_that_works_is_out():
    """A second address on the right card of node-3 is what its peers use: its InternalIP would be another."""
    third = node(3, card("eth1", "10.0.1.113/24"), calico="10.0.1.113/24")
    tried = trials(diagnosed(node(1), wrong_node(), third), node_3="10.0.1.113")
    found = tried.of(Candidate("kubernetes-internal-ip", ""))
    assert found.because == "it moves node-3, which works with 10.0.1.113, to 10.0.1.13"
    assert not found.proposed


def test_a_method_that_gives_two_nodes_one_address_is_out():
    """VirtualBox's 10.0.2.15 on every machine."""
    shared = card("eth1", "10.0.2.15/24")
    tried = trials(
        diagnosed(node(1, shared), wrong_node(shared), node(3, shared)),
        node_1="10.0.2.15",
        node_2="10.0.2.15",
        node_3="10.0.2.15",
    )
    assert "one address" in tried.of(Candidate("interface=^eth1$", "")).because


def test_a_method_that_cannot_be_replayed_somewhere_is_out():
    blind = machine("node-3", internal="10.0.1.13", calico="10.0.1.13/24")
    tried = trials(diagnosed(node(1), wrong_node(), blind))
    assert tried.of(Candidate("interface=^eth0$", "")).because.startswith("what it gives on node-3 is not known")


def test_where_none_is_safe_the_report_says_so_and_why():
    """node-2's InternalIP is on none of its cards either: nothing shows which address it should have."""
    lost = node(2, SECOND, stored="192.168.50.99/24", internal="10.9.9.9", sessions=SESSIONS_2)
    fix = fix_of(diagnosed(node(1), lost, node(3)), "CB103")
    assert fix.commands == ()
    assert fix.title.startswith("none is proposed")
    assert "node-2" in fix.tried


def test_addresses_are_written_by_hand_with_their_mask_where_detection_is_off_and_no_method_fits():
    """A bare address becomes a /32, in whose subnet nobody is: CrossSubnet would send everything through tunnels."""
    blind = machine("node-3", calico="10.0.1.13/24")
    fix = fix_of(diagnosed(node(1), wrong_node(), blind, IP="none"))
    assert "kubectl annotate node node-2 --overwrite projectcalico.org/IPv4Address=10.0.1.12/24" in fix.commands
    assert not any("IP_AUTODETECTION_METHOD" in c for c in fix.commands)
    assert "node-3" in fix.runner_up


def test_a_right_address_that_will_move_gets_a_method_that_keeps_it():
    """CB105: first-found takes eth1 at the next poll; nothing is broken yet."""
    analysis = diagnosed(node(1), node(2, SECOND, sessions=None), node(3))
    assert analysis.findings["CB105"]
    assert method_in(fix_of(analysis, "CB105")) == "kubernetes-internal-ip"


def test_every_node_at_fault_has_the_same_fix():
    """One DaemonSet, one method: it mends all of them or is not proposed."""
    third = node(3, card("eth1", "192.168.50.13/24"), stored="192.168.50.13/24", sessions="10.0.1.11 Connect")
    analysis = diagnosed(node(1), wrong_node(), third)
    fixes = {f.subject: f.fixes for f in analysis.findings["CB101"]}
    assert set(fixes) == {"node/node-2", "node/node-3"}
    assert fixes["node/node-2"] == fixes["node/node-3"]
    assert sum(c.startswith("kubectl get node ") for c in fixes["node/node-2"][0].commands) == 2
