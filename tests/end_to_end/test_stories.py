"""Every story through `analyze`: what the report says against what was measured with real packets."""

from __future__ import annotations

import io
import json
import shlex
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest
import yaml

import calico_bundle as cb
from calico_bundle.network.outcome import Why
from calico_bundle.report.exit_status import exit_status
from tests.stories import Story, load_stories, story

Report = dict[str, Any]
Reported = Callable[[Story], Report]
Analyzed = Callable[[Story], cb.Analysis]

STORIES = load_stories()
FAILING = ("broken", "degraded")
# True of what the collector brought, whatever happened in the cluster: they blame nobody.
ABOUT_THE_BUNDLE = {"CB901", "CB902", "CB903"}
NOT_EVEN_SENT = (Why.NO_SERVICE_ROUTE, Why.NO_POD_GATEWAY)
EXIT_STATUS = {"broken": {1}, "healthy": {0}, "inconclusive": {3}, "at-risk": {0, 1}}

every_story = pytest.mark.parametrize("told", STORIES, ids=lambda s: s.name)
BLAMED = [s for s in STORIES if set(s.expected["blamed_codes"].values()) & {"CB101", "CB102", "CB103"}]
every_blamed_story = pytest.mark.parametrize("told", BLAMED, ids=lambda s: s.name)
WRONG_CARD = [s for s in STORIES if "CB101" in s.expected["blamed_codes"].values()]


def by_code(report: Report, *codes: str) -> list[dict[str, Any]]:
    return [f for f in report["findings"] if f["code"] in codes]


def node_of(finding: dict[str, Any]) -> str | None:
    kind, _, name = finding["subject"].partition("/")
    return name if kind == "node" else None


# --- the verdict on the whole ---------------------------------------------------------------------------------------


@every_story
def test_status_is_as_expected(told: Story, reported: Reported):
    assert reported(told)["verdict"]["status"] == told.expected["verdict_status"]


@every_story
def test_root_causes_are_as_expected(told: Story, reported: Reported):
    expected = told.expected["root_causes"]
    if expected is not None:
        assert reported(told)["verdict"]["root_causes"] == expected


@every_story
def test_exit_status_follows_from_the_status(told: Story, reported: Reported):
    report = reported(told)
    allowed = EXIT_STATUS[told.expected["verdict_status"]]
    assert exit_status(report) in allowed
    assert exit_status(report, "never") == (3 if allowed == {3} else 0)


@every_story
def test_headline_is_one_sentence_that_names_the_node_to_blame(told: Story, reported: Reported):
    headline = reported(told)["verdict"]["headline"]
    assert "\n" not in headline
    assert headline.endswith(".")
    if told.expected["blamed_codes"]:
        assert any(node in headline for node in told.expected["blamed_codes"])


# --- who is blamed --------------------------------------------------------------------------------------------------


@every_story
def test_blamed_nodes_are_named_with_the_right_code(told: Story, reported: Reported):
    found = {(node_of(f), f["code"]) for f in reported(told)["findings"]}
    assert set(told.expected["blamed_codes"].items()) <= found


@every_story
def test_no_address_is_blamed_that_is_right(told: Story, reported: Reported):
    errors = [f for f in reported(told)["findings"] if f["code"].startswith("CB1") and f["severity"] != "info"]
    assert not {node_of(f) for f in errors} & set(told.expected["must_not_blame"])


@every_story
def test_nodes_table_agrees_with_the_blame(told: Story, reported: Reported):
    verdicts = {"CB101": "wrong", "CB102": "duplicate", "CB103": "not-on-node"}
    blamed = {node: verdicts[code] for node, code in told.expected["blamed_codes"].items() if code in verdicts}
    table = {n["name"]: n["address_verdict"] for n in reported(told)["nodes"]}
    assert {n: v for n, v in table.items() if v in verdicts.values()} == blamed


@every_story
def test_forbidden_codes_do_not_appear(told: Story, reported: Reported):
    assert not {f["code"] for f in reported(told)["findings"]} & set(told.expected["forbidden_codes"])


@every_story
def test_nothing_is_said_that_was_not_expected(told: Story, reported: Reported):
    expected = told.expected
    known = {*(expected["root_causes"] or ()), *expected["warranted"], *ABOUT_THE_BUNDLE}
    if expected["root_causes"] is None:
        known |= {"CB203"}
    assert {f["code"] for f in reported(told)["findings"]} <= known


@every_story
def test_warranted_findings_are_about_the_right_nodes(told: Story, reported: Reported):
    for code, nodes in told.expected["warranted"].items():
        for finding in by_code(reported(told), code):
            assert (finding["affects"]["nodes"] or [node_of(finding)]) == nodes


# --- paths ----------------------------------------------------------------------------------------------------------


@every_story
def test_every_pod_is_judged_as_measured(told: Story, reported: Reported):
    found = {f"{p['namespace']}/{p['pod']}": p["verdict"] for p in reported(told)["paths"]}
    open_ones = {"unknown"} if told.expected["unknown_paths_allowed"] else set()
    wrong = {
        name: (found.get(name), pod["verdict"])
        for name, pod in told.measured["pods"].items()
        if found and found.get(name) not in {pod["verdict"]} | open_ones
    }
    assert not wrong, "found, measured"


@every_story
def test_every_request_and_reply_that_is_decided_was_measured_so(told: Story, analyzed: Analyzed):
    """Each DNS pod was asked directly; a reply was measured only where the request arrived.

    Where a lookup cannot even be sent to the service address, that address decides, and it was never answered.
    """
    for path in analyzed(told).diagnosis.paths.pods:
        pod = told.measured["pods"].get(f"{path.pod.namespace}/{path.pod.name}")
        for fate in path.fates if pod else ():
            direct = pod["endpoints"][fate.endpoint.pod]
            if fate.request.cause and fate.request.cause.why in NOT_EVEN_SENT:
                assert pod["service"]["answered"] == 0
                continue
            assert fate.request.outcome in ("delivered" if direct["request"] else "lost", "unknown")
            if direct["request"]:
                assert fate.reply.outcome in ("delivered" if direct["reply"] else "lost", "unknown")


@every_story
def test_pods_that_do_not_use_cluster_dns_are_not_judged(told: Story, reported: Reported):
    found = {f"{p['namespace']}/{p['pod']}": p for p in reported(told)["paths"]}
    for name in told.expected["not_applicable"]:
        if found:
            assert found[name]["verdict"] == "not-applicable"
    spared = {name for name, p in found.items() if p["verdict"] == "not-applicable"}
    assert spared == (set(told.expected["not_applicable"]) if found else set())


@every_story
def test_counts_of_paths_add_up(told: Story, reported: Reported):
    report = reported(told)
    counts = dict(report["dns"]["paths"])
    total = counts.pop("total")
    verdicts = Counter(p["verdict"].replace("-", "_") for p in report["paths"])
    assert total == sum(counts.values()) == len(report["paths"])
    assert {k: v for k, v in counts.items() if v} == dict(verdicts)


@every_story
def test_undecided_paths_say_what_would_decide_them(told: Story, reported: Reported):
    report = reported(told)
    for path in report["paths"]:
        if path["verdict"] == "unknown":
            assert path["reason"]["code"] == "CB901"
            assert path["reason"]["text"]
            assert path["basis"] == "none"
    assert bool(by_code(report, "CB901")) == (
        not report["paths"] or any(p["verdict"] == "unknown" for p in report["paths"])
    )


@every_story
def test_failing_paths_name_the_finding_behind_them(told: Story, reported: Reported):
    report = reported(told)
    for path in report["paths"]:
        if path["verdict"] in FAILING:
            assert path["reason"]["code"] in report["verdict"]["root_causes"]
            assert path["basis"] == "observed"


@every_blamed_story
def test_paths_of_a_finding_are_those_that_were_measured_to_fail(told: Story, reported: Reported):
    measured = {name for name, p in told.measured["pods"].items() if p["verdict"] in FAILING}
    report = reported(told)
    named = {pod for f in report["findings"] if f["severity"] == "error" for pod in f["affects"]["pods"]}
    assert named <= measured if told.expected["unknown_paths_allowed"] else named == measured
    assert named
    assert max(f["affects"]["paths"] for f in report["findings"]) <= len(measured)


# --- folder and archive ---------------------------------------------------------------------------------------------


def without_inputs(report: Report) -> Report:
    return {**report, "bundle": {**report["bundle"], "inputs": None}}


@every_story
def test_archive_gives_the_same_report_as_the_folder(told: Story, reported: Reported):
    from_archive = cb.analyze(io.BytesIO(told.archive())).report()
    assert without_inputs(from_archive) == without_inputs(reported(told))


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_kind_of_archive_does_not_matter(kind: str, reported: Reported):
    told = story("incident")
    from_archive = cb.analyze(io.BytesIO(told.archive(kind))).report()
    assert without_inputs(from_archive) == without_inputs(reported(told))


def test_archive_on_disk_is_named_by_its_base_name(tmp_path):
    path = tmp_path / "customer.tar.gz"
    path.write_bytes(story("healthy").archive())
    assert cb.analyze(str(path)).report()["bundle"]["inputs"] == ["customer.tar.gz"]


# --- the five facts of the incident ---------------------------------------------------------------------------------

AT_FAULT_HOSTS_DNS = [
    s
    for s in WRONG_CARD
    if len(s.expected["wrong_nodes"]) == 1
    and s.expected["verdict_status"] == "broken"
    and s.expected["warranted"].get("CB303") == s.expected["wrong_nodes"]
]


def test_the_incident_is_among_those_with_the_five_facts():
    assert {"incident", "incident-by-hand", "vxlan", "card-down"} <= {s.name for s in AT_FAULT_HOSTS_DNS}


@pytest.mark.parametrize("told", AT_FAULT_HOSTS_DNS, ids=lambda s: s.name)
def test_effects_are_the_five_facts_as_measured(told: Story, reported: Reported):
    effects = {e["name"]: e["status"] for e in reported(told)["effects"]}
    facts, culprit = told.measured["facts"], told.expected["wrong_nodes"][0]
    measured = {
        "dns-from-other-nodes": not facts["dns_fails_for_pods_elsewhere"],
        "pods-elsewhere": facts["other_traffic_elsewhere_works"],
        "dns-on-its-own-node": facts["dns_works_for_pods_there"],
        "node-to-node": facts["nodes_reach_each_other"],
        f"pods-on-{culprit}": not facts["pods_there_cut_off_from_pods_elsewhere"],
    }
    assert set(effects) == set(measured)
    for name, works in measured.items():
        open_one = {"unknown"} if told.expected["unknown_paths_allowed"] else set()
        assert effects[name] in {"works" if works else "broken"} | open_one, name


def test_effects_of_the_incident_say_why():
    report = cb.analyze(str(story("incident").path)).report()
    texts = {e["name"]: e["text"] for e in report["effects"]}
    assert "needs no DNS" in texts["pods-elsewhere"]
    assert "inside the node" in texts["dns-on-its-own-node"]
    assert "nodes' own routes, not Calico's" in texts["node-to-node"]
    assert all(e["evidence"] for e in report["effects"])


def dns_nodes(told: Story) -> set[str]:
    endpoints = {name for pod in told.measured["pods"].values() for name in pod["endpoints"]}
    return {pod["node"] for name, pod in told.measured["pods"].items() if name.split("/")[1] in endpoints}


@every_story
def test_lookups_elsewhere_and_on_the_own_node_are_as_measured(told: Story, reported: Reported):
    """From what was measured pod by pod; an effect may be unknown only where paths may be."""
    effects = {e["name"]: e["status"] for e in reported(told)["effects"]}
    for name, wanted in (("dns-from-other-nodes", False), ("dns-on-its-own-node", True)):
        pods = [p for p in told.measured["pods"].values() if (p["node"] in dns_nodes(told)) == wanted]
        verdicts = {p["verdict"] for p in pods} - {"not-applicable"}
        if verdicts and name in effects and not told.expected["unknown_paths_allowed"]:
            assert effects[name] == ("broken" if verdicts & set(FAILING) else "works"), name
        elif verdicts and told.expected["unknown_paths_allowed"]:
            assert effects.get(name, "unknown") in ("unknown", "broken" if verdicts & set(FAILING) else "works"), name


@every_story
def test_nodes_reach_each_other_as_measured(told: Story, reported: Reported):
    effects = {e["name"]: e["status"] for e in reported(told)["effects"]}
    if told.measured["facts"].get("nodes_reach_each_other") and "node-to-node" in effects:
        allowed = {"works", "unknown"} if told.expected["unknown_paths_allowed"] else {"works"}
        assert effects["node-to-node"] in allowed


# --- the words of a finding and its fix -----------------------------------------------------------------------------


def cards_were_recorded(told: Story, node: str) -> bool:
    """Whether the bundle holds a file with the addresses of the node's cards; where all may be decided, it does."""
    return not told.expected["unknown_paths_allowed"] or any(
        node in path and b"inet " in content for path, content in told.members()
    )


def cards(told: Story) -> dict[str, str]:
    """Address to interface, from the laboratory's input: what was really plugged in."""
    scenario = json.loads((source_of(told) / "scenario.json").read_text())
    pairs = [(i["address"], i["name"]) for node in scenario["nodes"] for i in node["interfaces"]]
    return {str(ip_interface(address).ip): name for address, name in pairs}


@pytest.mark.parametrize("told", WRONG_CARD, ids=lambda s: s.name)
def test_message_names_both_addresses_and_both_cards(told: Story, reported: Reported):
    findings = {node_of(f): f for f in by_code(reported(told), "CB101")}
    for node in told.expected["wrong_nodes"]:
        fact, message = told.measured["nodes"][node], findings[node]["message"]
        for word in (node, str(ip_interface(fact["chosen"]).ip), fact["internal_ip"]):
            assert word in message
        if cards_were_recorded(told, node):
            assert fact["interface"] in message
            assert cards(told)[fact["internal_ip"]] in message


@pytest.mark.parametrize("name", ["duplicate-address", "duplicate-everywhere"])
def test_message_of_a_shared_address_names_who_shares_it(name: str, reported: Reported):
    told = story(name)
    for finding in by_code(reported(told), "CB102"):
        for node in told.expected["wrong_nodes"]:
            assert node in finding["message"]
        assert "10.0.2.15" in finding["message"]
        assert told.measured["nodes"][node_of(finding)]["internal_ip"] in finding["message"]


def test_message_of_a_stale_address_names_it_and_the_right_one(reported: Reported):
    (finding,) = by_code(reported(story("stale-address")), "CB103")
    for word in ("10.0.1.22", "10.0.1.12", "node-2", "ens18"):
        assert word in finding["message"]


def by_operator(told: Story) -> bool:
    return bool(yaml.safe_load((source_of(told) / "build.yaml").read_text()).get("install", {}).get("operator"))


def source_of(told: Story) -> Path:
    """The folder of a story's input; that of the story whose archive it is, for one that was cut."""
    whole = yaml.safe_load((told.folder / "build.yaml").read_text()).get("archive_of")
    return told.folder.parent / whole if whole else told.folder


def commands(report: Report, *codes: str) -> list[list[str]]:
    fixes = [fix for f in by_code(report, *codes) for fix in f["fixes"]]
    assert fixes
    return [fix["commands"] for fix in fixes]


@every_blamed_story
def test_fix_is_made_for_the_way_calico_was_installed(told: Story, reported: Reported):
    for lines in commands(reported(told), "CB101", "CB102", "CB103"):
        words = shlex.split(lines[0])
        if by_operator(told):
            assert words[:4] == ["kubectl", "patch", "installation.operator.tigera.io", "default"]
            setting = json.loads(words[words.index("-p") + 1])["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"]
            assert setting == {"firstFound": None, "kubernetes": "NodeInternalIP"}
        else:
            assert words[:6] == ["kubectl", "set", "env", "daemonset/calico-node", "-n", "kube-system"]
            assert "IP=autodetect" in words
            assert "IP_AUTODETECTION_METHOD=kubernetes-internal-ip" in words


@every_blamed_story
def test_fix_waits_for_the_restart_and_shows_how_to_verify(told: Story, reported: Reported):
    namespace = "calico-system" if by_operator(told) else "kube-system"
    for lines in commands(reported(told), "CB101", "CB102", "CB103"):
        assert f"kubectl rollout status daemonset/calico-node -n {namespace}" in lines
        for node in told.expected["wrong_nodes"]:
            (check,) = [line for line in lines if line.startswith(f"kubectl get node {node} ")]
            assert told.measured["nodes"][node]["internal_ip"] in check


@every_blamed_story
def test_fix_restores_what_was_measured_to_fail(told: Story, reported: Reported):
    lost = sum(count for verdict, count in told.measured["paths"].items() if verdict in FAILING)
    for finding in by_code(reported(told), "CB101", "CB102", "CB103"):
        for fix in finding["fixes"]:
            if not told.expected["unknown_paths_allowed"]:
                assert (fix["restores"], fix["leaves_broken"]) == (lost, 0)
            else:
                assert fix["restores"] is None or 0 < fix["restores"] <= lost
            assert fix["disruption"]
