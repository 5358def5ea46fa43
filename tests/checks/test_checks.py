"""The checks through `analyze`, on stories with one thing changed: what each says, and when it is skipped."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest

import calico_bundle as cb
from calico_bundle.checks import all_checks
from tests.stories import load_stories, story

ERROR_CODES = {"CB101", "CB102", "CB103", "CB201", "CB202", "CB203", "CB204", "CB302"}
Edit = Callable[[str, str], str | None]


def changed(
    name: str, edit: Edit = lambda _, text: text, renamed: Mapping[str, str] = MappingProxyType({})
) -> cb.Analysis:
    """A story with each file's text edited; None leaves the file away. `renamed` are files with other paths."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in story(name).members():
            text = edit(path, content.decode())
            if text is not None:
                info = tarfile.TarInfo(renamed.get(path, path))
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
    return cb.analyze(io.BytesIO(stream.getvalue()))


def without(*parts: str) -> Edit:
    return lambda path, text: None if any(part in path for part in parts) else text


def replaced(old: str, new: str, only: str = "") -> Edit:
    return lambda path, text: text.replace(old, new) if only in path else text


def codes(analysis: cb.Analysis) -> list[tuple[str, str]]:
    return [(f.code, f.subject) for f in analysis.findings]


def skipped(analysis: cb.Analysis) -> set[str]:
    return {s["code"] for s in analysis.report()["checks_skipped"]}


# --- all of them ----------------------------------------------------------------------------------------------------


def test_every_check_explains_itself():
    for check in all_checks():
        info = check.info
        assert all((info.means, info.finds, info.matters, info.proves, info.fix, info.limits))
        assert info.severity in ("error", "warning", "info")
        assert cb.explain(info.code).startswith(f"{info.code} {info.name} ({info.severity})")
    assert {c.info.code for c in all_checks() if c.info.severity == "error"} >= ERROR_CODES


@pytest.mark.parametrize("told", load_stories(), ids=lambda s: s.name)
def test_skipped_checks_find_nothing_and_say_what_is_missing(told):
    analysis = cb.analyze(str(told.path)) if told.path else cb.analyze(io.BytesIO(told.archive()))
    found = {f.code for f in analysis.findings}
    for one in analysis.report()["checks_skipped"]:
        assert one["code"] not in found
        assert one["reason"]


def test_findings_come_errors_first_then_by_code_and_subject():
    rank = {"error": 0, "warning": 1, "info": 2}
    for told in load_stories():
        analysis = cb.analyze(io.BytesIO(told.archive()))
        keys = [(rank[f.severity], f.code, f.subject) for f in analysis.findings]
        assert keys == sorted(keys)


# --- addresses ------------------------------------------------------------------------------------------------------


def test_wrong_address_cites_annotation_internal_ip_cards_and_log():
    (finding,) = changed("incident").findings["CB101"]
    texts = [e.text for e in finding.evidence]
    for part in (
        "projectcalico.org/IPv4Address: 192.168.50.12/24",
        "address: 10.0.1.12",
        "inet 10.0.1.12/24",
        "inet 192.168.50.12/24",
        "Using autodetected IPv4",
    ):
        assert any(part in text for text in texts), part


def test_wrong_address_is_skipped_without_any_stored_address():
    annotations = changed(
        "incident",
        lambda _, text: "\n".join(line for line in text.split("\n") if "projectcalico.org/IPv4Address" not in line),
    )
    assert {"CB101", "CB102", "CB103"} <= skipped(annotations)
    assert not {c for c, _ in codes(annotations)} & {"CB101", "CB102", "CB103"}


MEASURED = [t for t in load_stories() if t.path is not None and t.measured["pods"]]
LEFT_AWAY = (
    ("pods",),
    ("neigh",),
    ("sysctl",),
    ("birdcl",),
    (".log",),
    ("rule",),
    ("iptables",),
    ("route",),
    ("addr",),
    ("ippools",),
    ("blockaffinities",),
    ("daemonset",),
    ("nodes.yaml",),
    ("er-1", "de-1"),
    ("er-2", "de-2"),
    ("er-3", "de-3"),
    ("nodes.yaml", "er-1", "de-1"),
)
"""Parts of file names: a kind of record or object, or all of one machine (worker-1, node-1)."""


@pytest.mark.parametrize("told", MEASURED, ids=lambda t: t.name)
def test_leaving_records_away_leaves_things_open_and_turns_nothing_round(told):
    """Whatever the collector did not bring: what is still decided is as measured, and nobody else is blamed."""
    wrong = []
    for parts in LEFT_AWAY:
        analysis = changed(told.name, without(*parts))
        wrong += [(parts, f.code, f.subject) for f in analysis.findings if blames_another(told, f)]
        for path in analysis.diagnosis.paths.pods:
            measured = told.measured["pods"].get(f"{path.pod.namespace}/{path.pod.name}")
            if measured and path.verdict not in ("unknown", "not-applicable", measured["verdict"]):
                wrong.append((parts, path.pod.name, f"said {path.verdict}, measured {measured['verdict']}"))
        if not {"broken", "degraded"} & set(told.measured["paths"]) and analysis.verdict.status == "broken":
            wrong.append((parts, "verdict", analysis.verdict.headline))
    assert not wrong


def blames_another(told, finding) -> bool:
    errors = finding.code.startswith("CB1") and finding.severity == "error"
    return errors and finding.subject.partition("/")[2] in told.expected["must_not_blame"]


def test_address_is_not_missing_where_ip_addr_and_the_table_local_are():
    assert "CB103" in skipped(changed("stale-address", without("ip_addr", "ip_route")))


def test_the_table_local_shows_that_an_address_is_missing():
    """Without `ip addr` it has all addresses of the machine."""
    told = [(f.code, f.subject) for f in changed("stale-address", without("ip_addr")).findings]
    assert told == [(f.code, f.subject) for f in changed("stale-address", lambda _, text: text).findings]
    assert ("CB103", "node/node-2") in told


def test_fix_is_can_reach_for_calico_that_does_not_know_the_internal_ip():
    old = changed("incident-by-hand", lambda _, text: text.replace("calico/node:v3.28", "calico/node:v3.21"))
    (finding,) = old.findings["CB101"]
    assert any("can-reach=" in command for fix in finding.fixes for command in fix.commands)


def test_works_but_differs_is_information_alone():
    (finding,) = changed("overlapping-mask-works").findings["CB104"]
    assert (finding.severity, finding.subject, finding.fixes) == ("info", "node/node-2", ())
    assert "10.9.9.12" in finding.message
    assert "10.0.1.12" in finding.message


# --- sessions and routes --------------------------------------------------------------------------------------------


def test_session_that_is_down_cites_the_session():
    (finding,) = changed("blocked-port").findings["CB201"]
    assert any("Mesh_" in e.text for e in finding.evidence)
    assert finding.paths == 4


def test_session_checks_are_skipped_without_bgp_state():
    without_bgp = changed("blocked-port", without("birdcl", ".log", "events"))
    assert {"CB201", "CB202"} <= skipped(without_bgp)
    assert without_bgp.verdict.status == "broken"


def test_log_of_bird_shows_a_session_to_be_down():
    without_table = changed("blocked-port", without("birdcl"))
    (finding,) = without_table.findings["CB201"]
    assert all("State changed to" in e.text or "route" in e.path for e in finding.evidence)


def test_session_says_who_dials_and_what_it_meets():
    """The greater address string dials (10.0.1.12 before 10.0.1.11); `Connect` without an error is a silent drop."""
    (finding,) = changed("blocked-port").findings["CB201"]
    assert "BIRD on node-2, which dials 10.0.1.11, says `Connect`" in finding.message
    commands = [c.split("  #")[0] for c in finding.fixes[0].commands]
    assert [c for c in commands if c.startswith("nc")] == ["nc -vz -w 3 -s 10.0.1.12 10.0.1.11 179"]
    # Its iptables-save has the rule, by which the laboratory blocked the port.
    assert "sudo iptables -D cali-INPUT -p tcp -m tcp --dport 179 -j DROP" in commands


def test_unusable_next_hop_cites_session_and_route():
    (finding,) = changed("routed-racks").findings["CB202"]
    texts = " ".join(e.text for e in finding.evidence)
    assert "Established" in texts
    assert " via " in texts


def test_table_that_ends_in_an_error_is_not_whole():
    """calicoctl cluster diags writes both streams into one file, also when the command was killed."""

    def killed(path: str, text: str) -> str:
        if path != "nodes/node-1/ip_route_all.txt":
            return text
        return "".join(text.splitlines(keepends=True)[:3]) + "command terminated with exit code 137\n"

    cut = changed("healthy", killed)
    assert not [f.code for f in cut.findings if f.severity == "error"]
    assert cut.verdict.status != "broken"


@pytest.mark.parametrize("name", ["mesh-off", "as-numbers"])
def test_broken_paths_have_a_finding_and_an_exit_status_where_only_objects_were_collected(name: str):
    """No peering at all is a missing route; one that cannot come up as configured is a session that is down."""
    mesh_off = "---\napiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: {name: default}\n"
    mesh_off += "spec: {nodeToNodeMeshEnabled: false}\n"
    peer = "---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: all}\n"
    peer += "spec: {peerIP: 10.0.1.12, asNumber: 65009}\n"
    more = mesh_off if name == "mesh-off" else mesh_off + peer

    def configured(path: str, text: str) -> str | None:
        return (
            None if "events" in path else text.replace("192.168.50.12", "10.0.1.12") + (more if "pools" in path else "")
        )

    found = changed("kubernetes-objects-only", configured)
    assert found.verdict.status == "broken"
    assert ("CB203" if name == "mesh-off" else "CB201") in found.verdict.root_causes


def test_next_hop_inside_one_network_is_not_mended_by_crossing_subnets():
    """CrossSubnet encapsulates between networks alone."""
    (finding,) = changed("routed-racks").findings["CB202"]
    assert "CrossSubnet" in finding.fixes[0].commands[0]


def test_node_without_default_route_is_named():
    found = changed("no-default-route").findings["CB203"]
    assert {f.subject for f in found} == {"node/node-1", "node/node-2", "node/node-3"}


def test_route_checks_are_skipped_without_routes():
    assert {"CB203", "CB204"} <= skipped(changed("healthy", without("route")))


# --- DNS ------------------------------------------------------------------------------------------------------------


def test_no_ready_endpoint():
    analysis = changed("incident", replaced("addresses:", "notReadyAddresses:", only="endpoints"))
    assert ("CB302", "service/kube-system/kube-dns") in codes(analysis)
    assert analysis.verdict.status == "broken"
    report = analysis.report()
    assert (
        report["dns"]["paths"]["broken"] == report["dns"]["paths"]["total"] - report["dns"]["paths"]["not_applicable"]
    )
    assert {p["reason"]["code"] for p in report["paths"] if p["verdict"] == "broken"} == {"CB302"}
    assert "CB302" in analysis.verdict.root_causes


def test_endpoints_that_are_not_in_the_bundle_are_not_missing_endpoints():
    analysis = changed("healthy", without("endpoint"))
    assert "CB302" in skipped(analysis)
    assert analysis.verdict.status == "inconclusive"


def test_hidden_endpoint_addresses_are_not_missing_endpoints():
    """The service is named by hand; its endpoints are there and their addresses are hidden."""
    analysis = cb.analyze(str(story("redacted").path), dns="kube-system/kube-dns")
    assert "CB302" not in {c for c, _ in codes(analysis)}
    assert analysis.verdict.status == "inconclusive"


@pytest.mark.parametrize("name, said", [("incident", True), ("dns-split", False), ("healthy-two-cards", False)])
def test_all_endpoints_on_one_node(name: str, said: bool):
    assert bool(changed(name).findings["CB303"]) == said


def test_one_node_has_no_other_to_run_dns_on():
    single = changed("healthy", lambda path, text: None if "node-1" in path or "node-3" in path else text)
    assert all(f.subject.startswith("service/") for f in single.findings["CB303"])


# --- the bundle -----------------------------------------------------------------------------------------------------


def test_incomplete_bundle_lists_what_is_missing():
    analysis = changed("incident-troubleshoot")
    (finding,) = analysis.findings["CB901"]
    assert finding.paths == analysis.report()["dns"]["paths"]["unknown"]
    assert finding.subject == "bundle"
    assert {m["artifact"] for m in analysis.report()["bundle"]["missing"]} >= {"ip addr", "ip route"}


def test_bundle_without_pods_says_so():
    (finding,) = changed("node-dumps-only").findings["CB901"]
    assert "no pod" in finding.message


def test_lines_that_are_not_understood_are_counted():
    analysis = changed("healthy", lambda path, text: text + "what is this line about?\n" if "route" in path else text)
    (finding,) = analysis.findings["CB902"]
    gaps = analysis.report()["bundle"]["gaps"]
    assert finding.severity == "info"
    assert str(len(gaps)) in finding.message
    assert {g["kind"] for g in gaps} == {"not-understood"}


def test_nothing_is_said_where_all_was_understood():
    assert not changed("healthy").findings["CB902"]
    assert not changed("healthy").findings["CB901"]


@pytest.mark.parametrize("hidden", ["'***HIDDEN***'", "x-ipv4-0000000012-x", "10.apple.pear.plum", None])
def test_detection_does_not_fail_for_an_address_that_was_hidden_or_not_collected(hidden: str | None):
    """CB106 said "the Node has no InternalIP of IPv4; nothing is stored, so it exits" of what nobody had seen."""

    def hide(path: str, text: str) -> str | None:
        if not path.endswith("/nodes.yaml"):
            return text
        return re.sub(r"10\.0\.1\.\d+(/24)?", hidden, text) if hidden else None

    assert "CB106" not in {code for code, _ in codes(changed("healthy-two-cards", hide))}


def test_a_wrong_address_is_shown_by_what_the_probes_of_calico_node_say():
    """node/pkg/health/health.go: a pod that is not ready names the peers without a session; so do its peers, of it."""
    (finding,) = changed("incident", lambda _, text: text).findings["CB101"]
    told = [line for line in finding.evidence if "BGP not established with" in line.text]
    assert "10.0.1.11,10.0.1.13" in told[0].text
    assert [line.text.split()[-1] for line in told[1:]] == ["192.168.50.12", "192.168.50.12"]
