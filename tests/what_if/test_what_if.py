"""What a change does to a recorded cluster: addresses by detection, routes and sessions by Calico's rules, the rest kept."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import calico_bundle as cb
from calico_bundle.paths import Verdict
from calico_bundle.what_if import Change, try_out
from tests.checks.test_checks import Edit, changed
from tests.stories import load_stories

SCHEMA = json.loads((Path(cb.__file__).parent / "report/schema.json").read_text(encoding="utf-8"))
NODE_2, NODE_3 = "shop-worker-2", "shop-worker-3"


@pytest.fixture(scope="module")
def incident() -> cb.Analysis:
    return changed("incident")


def verdicts(analysis: cb.Analysis) -> dict[str, str]:
    """The verdicts of the pods that ask cluster DNS."""
    asking = (p for p in analysis.diagnosis.paths.pods if p.verdict is not Verdict.NOT_APPLICABLE)
    return {f"{p.pod.namespace}/{p.pod.name}": p.verdict.value for p in asking}


def without_records(node: str) -> Edit:
    """Nothing was collected on a node."""
    return lambda path, text: None if f"nodes/{node}/ip-" in path else text


def address(analysis: cb.Analysis, node: str) -> str:
    return str(analysis.diagnosis.cluster.nodes[node].bgp_address)


# --- a method -------------------------------------------------------------------------------------------------------


def test_the_incident_ends_with_a_method_that_takes_the_internal_ip(incident: cb.Analysis):
    after = incident.what_if(method="kubernetes-internal-ip")
    assert set(verdicts(after).values()) == {"reaches"}
    assert address(after, NODE_2) == "10.0.1.12/24"
    assert after.verdict.headline.startswith("predicted, with the detection method kubernetes-internal-ip: ")
    assert not after.findings["CB101"]


def test_what_is_asked_about_stays_as_it_was(incident: cb.Analysis):
    before = (incident.verdict, verdicts(incident), address(incident, NODE_2))
    incident.what_if(method="kubernetes-internal-ip")
    assert (incident.verdict, verdicts(incident), address(incident, NODE_2)) == before


def test_paths_by_routes_that_were_worked_out_anew_are_predicted_and_those_inside_a_node_are_not(
    incident: cb.Analysis,
):
    paths = incident.what_if(method="kubernetes-internal-ip").diagnosis.paths.pods
    basis = {(p.pod.node == NODE_2): p.basis for p in paths if p.verdict is Verdict.REACHES}
    assert basis == {False: "predicted", True: "observed"}


def test_the_report_says_what_was_changed_and_fits_the_schema(incident: cb.Analysis):
    report = incident.what_if(method="kubernetes-internal-ip").report()
    jsonschema.validate(report, SCHEMA)
    moved = {"node": NODE_2, "before": "192.168.50.12/24", "after": "10.0.1.12/24", "open": None}
    assert report["what_if"] == {"change": "the detection method kubernetes-internal-ip", "nodes": [moved]}
    assert report["bundle"]["inputs"] == incident.report()["bundle"]["inputs"]
    assert "what_if" not in incident.report()
    text = incident.what_if(method="kubernetes-internal-ip").to_text()
    assert f"changes: {NODE_2} 192.168.50.12/24 -> 10.0.1.12/24" in text


def test_the_configured_method_is_the_new_one(incident: cb.Analysis):
    """Else CB105 would say that the new address moves back."""
    after = incident.what_if(method="can-reach=10.0.1.1")
    assert after.diagnosis.choices.installation.method == "can-reach=10.0.1.1"
    assert not after.findings["CB105"]


def test_a_right_node_that_is_moved_to_another_network_is_never_called_healthy():
    """Node-2 has a second card; its peers have none on that network, and nothing shows a router between the two."""
    after = changed("card-added-later").what_if(method="interface=ens19")
    assert address(after, "node-2") == "192.168.50.12/24"
    crossing = {p.verdict for p in after.diagnosis.paths.pods if p.pod.node != "node-2"} - {Verdict.NOT_APPLICABLE}
    assert crossing
    assert crossing <= {Verdict.BROKEN, Verdict.UNKNOWN}


def test_a_node_on_which_a_method_finds_nothing_keeps_its_address(incident: cb.Analysis):
    """configureIPsAndSubnets: a failure keeps the stored value."""
    after = incident.what_if(method="interface=^ens19$")
    assert address(after, NODE_3) == address(incident, NODE_3)
    assert any(f.subject == f"node/{NODE_3}" for f in after.findings["CB106"])


def test_a_node_on_which_a_method_cannot_be_replayed_has_no_address_and_no_decided_path():
    """Its cards were not collected: what `interface=` gives there is anybody's guess, and nothing is assumed."""
    after = changed("incident", without_records(NODE_3)).what_if(method="interface=^ens18$")
    assert address(after, NODE_3) == "None"
    there = {p.verdict for p in after.diagnosis.paths.pods if p.pod.node == NODE_3} - {Verdict.NOT_APPLICABLE}
    assert there == {Verdict.UNKNOWN}
    moves = {m["node"]: m["open"] for m in after.report()["what_if"]["nodes"]}
    assert "ip addr" in moves[NODE_3]


def test_a_prefix_that_is_not_known_is_not_assumed_where_cross_subnet_asks_for_it():
    """kubernetes-internal-ip without the node's cards gives the address alone."""

    def edit(path: str, text: str) -> str | None:
        if f"{NODE_2}/ip-" in path:
            return None
        return text.replace("vxlanMode: Never", "vxlanMode: CrossSubnet") if "ippool" in path else text

    after = changed("incident", edit).what_if(method="kubernetes-internal-ip")
    assert address(after, NODE_2) == "None"


# --- addresses and interfaces ---------------------------------------------------------------------------------------


def test_a_right_address_by_hand_mends_and_is_said_to_move_back(incident: cb.Analysis):
    """The method that is set still chooses the other card: CB105."""
    after = incident.what_if(address={NODE_2: "10.0.1.12/24"})
    assert set(verdicts(after).values()) == {"reaches"}
    assert [f.subject for f in after.findings["CB105"]] == [f"node/{NODE_2}"]


def test_an_address_that_the_node_has_not_breaks_its_sessions(incident: cb.Analysis):
    after = incident.what_if(address={NODE_2: "10.0.1.99/24"})
    assert after.verdict.root_causes[0] == "CB103"
    assert verdicts(after) == verdicts(incident)


def test_an_interface_that_is_gone_takes_its_address_routes_and_choice_with_it(incident: cb.Analysis):
    after = incident.what_if(remove_interface={NODE_2: "ens19"})
    node = after.diagnosis.cluster.nodes[NODE_2]
    assert address(after, NODE_2) == "10.0.1.12/24"
    assert node.interface("ens19") is None
    assert not [r for r in node.routes or () if any(hop.device == "ens19" for hop in r.next_hops)]
    assert not [r for r in node.routes or () if str(r.source) == "192.168.50.12"]
    assert set(verdicts(after).values()) == {"reaches"}


def test_without_the_card_that_all_traffic_takes_everything_is_lost(incident: cb.Analysis):
    after = incident.what_if(remove_interface={NODE_2: "ens18"})
    assert after.verdict.status == "broken"
    assert "reaches" not in {
        v for name, v in verdicts(after).items() if "worker-2" not in name and "coredns" not in name
    }


@pytest.mark.parametrize("told", [s for s in load_stories() if s.layout != "?"], ids=lambda s: s.name)
def test_a_change_of_nothing_changes_no_verdict(told: Any):
    """Every node gets the address that it has: the engine of predictions must not have an opinion of its own."""
    analysis = cb.analyze(io.BytesIO(told.archive()))
    own = {
        n.name: str(n.bgp_address) for n in analysis.diagnosis.cluster.nodes.values() if n.kubernetes and n.bgp_address
    }
    if own:
        after = analysis.what_if(address=own)
        assert verdicts(after) == verdicts(analysis)
        assert after.verdict.root_causes == analysis.verdict.root_causes


def test_one_change_after_another_is_both(incident: cb.Analysis):
    wrong_first = incident.what_if(address={NODE_3: "10.0.1.99/24"}).what_if(method="kubernetes-internal-ip")
    assert verdicts(wrong_first) == verdicts(incident.what_if(method="kubernetes-internal-ip"))


def test_a_session_stays_open_where_a_rule_on_the_node_may_refuse_its_port():
    """Measured: TCP/179 dropped on the node itself keeps the session down, whatever the address."""
    rule = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 179 -j DROP\nCOMMIT\n"

    def edit(path: str, text: str) -> str:
        return (
            f"# Generated by iptables-save v1.8.9 (nf_tables)\n{rule}"
            if f"{NODE_2}/iptables-nft-save" in path
            else text
        )

    after = changed("incident", edit).what_if(method="kubernetes-internal-ip")
    elsewhere = {p.verdict for p in after.diagnosis.paths.pods if p.pod.node != NODE_2} - {Verdict.NOT_APPLICABLE}
    assert elsewhere == {Verdict.UNKNOWN}


# --- what is no change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, said",
    [
        ({"method": "kubernetes-internal-pi"}, "did you mean 'kubernetes-internal-ip'"),
        ({"method": "interfce=eth0"}, "did you mean 'interface='"),
        ({"method": "interface=["}, "expression"),
        ({"method": "cidr=10.0.0.1"}, "no CIDR"),
        ({"method": "first-found\nrm -rf"}, "more than one line"),
        ({"address": {NODE_2: "10.0.1.12"}}, "/32"),
        ({"address": {NODE_2: "10.0.1.300/24"}}, "no IPv4 address"),
        ({"address": {"shop-worker-22": "10.0.1.12/24"}}, f"did you mean '{NODE_2}'"),
        ({"remove_interface": {NODE_2: "ens9"}}, "did you mean 'ens19'"),
        ({"remove_interface": {NODE_2: ["ens19", "lo"]}}, "loopback"),
        ({}, "nothing is changed"),
    ],
)
def test_what_is_no_change_is_refused_with_what_would_be_one(incident: cb.Analysis, change: dict[str, Any], said: str):
    with pytest.raises(cb.BundleError, match=said.replace("?", r"\?").replace("/", "/")):
        incident.what_if(**change)


def test_interfaces_that_were_not_collected_cannot_be_taken_away():
    blind = changed("incident", without_records(NODE_3))
    with pytest.raises(cb.UsageError, match="not in the bundle"):
        blind.what_if(remove_interface={NODE_3: "ens19"})


def test_a_trial_follows_no_more_pairs_than_the_analysis(incident: cb.Analysis):
    trial = try_out(incident.diagnosis.paths, incident.diagnosis.dns, Change.of(method="kubernetes-internal-ip"))
    assert not trial.paths.counts[Verdict.UNKNOWN]
    assert trial.paths.walked <= incident.diagnosis.paths.walked + len(trial.cluster.nodes)
