"""The laboratory's own parts, without a laboratory; and, where CALICO_BUNDLE_LAB=1 asks for it, real runs."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.lab import bird, capabilities, felix, kube_proxy, objects, probes, topology
from tests.lab.batch import run_all
from tests.lab.minimize import minimize, simpler
from tests.lab.namespaces import existing
from tests.lab.peers import peers
from tests.lab.random_scenarios import random_scenarios
from tests.lab.scenarios import by_name, named
from tests.lab.topology import Masquerade, Scenario

SEED = int(os.environ.get("CALICO_BUNDLE_LAB_SEED", "20240501"))
NAMED = (
    "incident",
    "incident-vxlan-cross-subnet",
    "incident-ipip",
    "routed-filter-2",
    "reflector-on-both",
    "dns-split",
    "masquerade-all",
    "policy-routing",
)
RANDOM_ONES = 12


# --- without a laboratory -------------------------------------------------------------------------------------------------


def test_named_scenarios_have_names_of_their_own() -> None:
    names = [scenario.name for scenario in named()]
    assert len(names) == len(set(names)) >= 45


@pytest.mark.parametrize("name", [scenario.name for scenario in named()])
def test_scenarios_survive_json(name: str) -> None:
    scenario = by_name(name)
    assert topology.from_json(topology.to_json(scenario)) == scenario


@given(seed=st.integers(0, 10_000))
def test_random_scenarios_are_sound_and_repeatable(seed: int) -> None:
    (scenario,) = random_scenarios(seed, 1)
    assert random_scenarios(seed, 2)[0] == scenario
    assert topology.from_json(topology.to_json(scenario)) == scenario
    assert scenario.endpoints
    addresses = [node.pod_ip(pod) for node, pod in scenario.pods if not pod.host_network]
    assert len(addresses) == len(set(addresses))
    cards = [card for n in scenario.nodes for card in n.interfaces] + [
        card for r in scenario.routers for card in r.interfaces
    ]
    assert {card.segment for card in cards} <= set(scenario.segments)


def test_an_unknown_field_is_refused() -> None:
    text = topology.to_json(by_name("healthy")).replace('"pool"', '"pond"')
    with pytest.raises(TypeError):
        topology.from_json(text)


def test_the_greater_address_string_dials() -> None:
    scenario = by_name("healthy")
    low = peers(scenario, scenario.nodes[0])
    high = peers(scenario, scenario.nodes[2])
    assert all(peer.passive for peer in low)
    assert not any(peer.passive for peer in high)


def test_nodes_with_one_address_never_peer_and_break_a_third() -> None:
    scenario = by_name("duplicate-on-two")
    assert [bird.can_run(scenario, node) for node in scenario.nodes] == [False, True, True]
    assert [p.address for p in peers(scenario, scenario.nodes[1])] == ["10.0.1.11"]


def test_clients_peer_with_reflectors_alone() -> None:
    scenario = by_name("reflector-right")
    assert [len(peers(scenario, node)) for node in scenario.nodes] == [2, 1, 1]
    assert "rr client" in bird.configuration(scenario, scenario.nodes[0])


def test_peers_of_another_as_are_told_so_and_direct_in_the_mesh() -> None:
    scenario = by_name("as-numbers-one-lan")
    assert {p.address: p.as_number for p in peers(scenario, scenario.nodes[0])} == {
        "10.0.1.12": 64513,
        "10.0.1.13": 64512,
    }
    assert "local as 64513;" in bird.configuration(scenario, scenario.nodes[1])
    assert "multihop" not in bird.configuration(scenario, scenario.nodes[1])


def test_an_as_number_that_fits_no_node_gets_no_reverse_side() -> None:
    scenario = by_name("peer-with-wrong-as")
    names = [[p.protocol for p in peers(scenario, node)] for node in scenario.nodes]
    assert names == [["Global_10_0_1_12"], [], ["Global_10_0_1_12"]]
    assert "multihop" in bird.configuration(scenario, scenario.nodes[0])


@pytest.mark.parametrize(
    "name, port", [("other-listen-port", 1790), ("peer-without-port", 1790), ("peer-on-wrong-port", 179)]
)
def test_peers_are_dialed_on_the_port_that_confd_takes(name: str, port: int) -> None:
    scenario = by_name(name)
    assert {p.port for node in scenario.nodes for p in peers(scenario, node)} == {port}
    assert "listen bgp port 1790;" in bird.configuration(scenario, scenario.nodes[0])


def test_objects_of_bgp_are_written_as_calico_keeps_them(tmp_path: Path) -> None:
    objects.write(by_name("peer-on-wrong-port"), tmp_path, {"app-1"})
    settings, written = (
        yaml.safe_load((tmp_path / "cluster" / f"{name}.yaml").read_text())["items"]
        for name in ("bgpconfigurations", "bgppeers")
    )
    assert settings[0]["spec"] == {"asNumber": 64512, "listenPort": 1790, "nodeToNodeMeshEnabled": False}
    assert written[0]["spec"] == {"asNumber": 64512, "node": "node-1", "peerIP": "10.0.1.12:179"}
    objects.write(by_name("as-numbers-one-lan"), tmp_path / "as", ())
    second = yaml.safe_load((tmp_path / "as" / "cluster" / "nodes.yaml").read_text())["items"][1]
    assert second["metadata"]["annotations"]["projectcalico.org/ASNumber"] == "64513"
    assert not (tmp_path / "as" / "cluster" / "bgpconfigurations.yaml").exists()


def test_pods_are_ready_that_answer_their_node(tmp_path: Path) -> None:
    objects.write(by_name("healthy"), tmp_path, {"app-1"})
    pods = yaml.safe_load((tmp_path / "cluster" / "pods.yaml").read_text())["items"]
    probed = {p["metadata"]["name"]: p["status"]["conditions"][0]["status"] for p in pods if "containers" in p["spec"]}
    assert probed == {"app-1": "True", "app-2": "False", "app-3": "False"}


def test_bird_leaves_tunnel_routes_to_others() -> None:
    for name, kept_out in (("healthy", False), ("incident-ipip", True)):
        text = bird.configuration(by_name(name), by_name(name).nodes[0])
        assert ("if ( net ~ 10.244.0.0/16 ) then reject;" in text) is kept_out


@pytest.mark.parametrize("kind, marks", [("by-cidr", 1), ("all", 1), ("none", 0)])
def test_the_service_masquerades_as_told(kind: Masquerade, marks: int) -> None:
    scenario = replace(by_name("healthy"), masquerade=kind)
    lines = kube_proxy.rules(scenario, scenario.nodes[0]).splitlines()
    own = [li for li in lines if "-d 10.96.0.10/32" in li and li.endswith("KUBE-MARK-MASQ")]
    assert len(own) == marks
    assert [("! -s 10.244.0.0/16" in li) for li in own] == [kind == "by-cidr"] * marks


def test_every_dns_pod_has_a_service_of_its_own() -> None:
    scenario = by_name("dns-split")
    lines = kube_proxy.rules(scenario, scenario.nodes[0]).splitlines()
    assert sum("-d 10.96.0.110/32" in li for li in lines) == sum("-d 10.96.0.111/32" in li for li in lines) == 2
    assert sum("--mode random" in li for li in lines) == len(scenario.endpoints) - 1


def test_tunnel_packets_are_accepted_from_stored_addresses_alone() -> None:
    scenario = by_name("incident-vxlan")
    rules = felix.filter_rules(scenario, scenario.nodes[0])
    assert any("-s 192.168.50.12 -j ACCEPT" in rule for rule in rules)
    assert not any("10.0.1.12" in rule for rule in rules)
    assert rules[-1].endswith("--dport 4789 -j DROP")


def test_a_stale_address_has_no_parent_card() -> None:
    assert [node.parent for node in by_name("stale-address").nodes] == ["ens18", None, "ens18"]


def test_borrowed_addresses_are_found() -> None:
    assert [(n.name, a) for n, a in felix.borrowed(by_name("borrowed-address"))] == [("node-3", "10.244.1.33")]


def test_flows_of_one_port_are_told_apart() -> None:
    node = by_name("healthy").nodes[0]
    app, host = node.pods
    table = "".join(
        f"ipv4 2 udp 17 29 src={source} dst=10.96.0.110 sport=40000 dport=53 [UNREPLIED] "
        f"src=10.244.2.2 dst={source} sport=53 dport=40000 mark=0 use=1\n"
        for source in ("10.244.1.10", "10.0.1.11")
    )
    found = [probes.expected_source(table, pod, node, 40000, "10.96.0.110") for pod in (app, host)]
    assert found == ["10.244.1.10", "10.0.1.11"]
    assert probes.expected_source(table, app, node, 40000, "10.96.0.111") is None


def test_minimizing_leaves_what_shows_it() -> None:
    scenario = by_name("two-wrong-share-b")

    def shows(candidate: Scenario) -> bool:
        stored = {IPv4Address(node.stored_ip) for node in candidate.nodes}
        return IPv4Address("192.168.50.13") in stored

    small = minimize(scenario, shows, most_runs=200)
    assert [node.name for node in small.nodes] == ["node-2", "node-3"]  # the DNS pods' node has to stay
    assert small.routers == ()
    assert not any(shows(candidate) for candidate in simpler(small))


def test_minimizing_stops_after_its_share_of_runs() -> None:
    runs: list[Scenario] = []

    def never(candidate: Scenario) -> bool:
        runs.append(candidate)
        return False

    minimize(by_name("incident"), never, most_runs=4)
    assert len(runs) == 4


# --- real runs --------------------------------------------------------------------------------------------------------------

_WHY_NOT = "; ".join(capabilities.missing()) or (
    "" if os.environ.get("CALICO_BUNDLE_LAB") == "1" else "CALICO_BUNDLE_LAB=1 is not set"
)


@pytest.mark.slow
@pytest.mark.skipif(bool(_WHY_NOT), reason=f"laboratory: {_WHY_NOT}")
def test_packets_agree_with_the_analyzer(tmp_path: Path) -> None:
    scenarios = [*(by_name(name) for name in NAMED), *random_scenarios(SEED, RANDOM_ONES)]
    sys.stdout.write(f"CALICO_BUNDLE_LAB_SEED={SEED}\n")
    results = run_all(scenarios, tmp_path, jobs=3)
    failed = [f"{r.name}: {r.error}" for r in results if r.comparison is None]
    wrong = [
        f"{r.name}: {line}" for r in results if r.comparison for d in r.comparison.disagreements for line in d.lines()
    ]
    agreed = sum(r.comparison.agreed for r in results if r.comparison)
    assert not failed, "\n".join(failed)
    assert not wrong, f"seed {SEED}\n" + "\n".join(wrong)
    assert agreed > 500
    own = f"cblab-{os.getpid()}-"
    assert not [name for name in existing() if name.startswith(own)]
