"""BIRD's answers and logs as the laboratory recorded them, against the truth recorded beside them."""

import json
import tarfile
from ipaddress import ip_interface
from pathlib import Path

import pytest

from calico_bundle.parsers import bird_protocols, bird_routes, bird_status, calico_log, node_status

RECORDED = Path(__file__).resolve().parents[2] / "../shared/lab/recorded.tar.xz"
SCENARIOS = ("seed-ipip", "three-subnets-none", "rr-wrong", "routed-default-b-rp2", "dns-split")
KINDS = {
    "birdcl_show_protocols.txt": bird_protocols,
    "birdcl_show_protocols_all.txt": bird_protocols,
    "birdcl_show_route.txt": bird_routes,
    "birdcl_show_route_all.txt": bird_routes,
    "birdcl_show_status.txt": bird_status,
    "calico-node.log": calico_log,
}
ALL = (bird_protocols, bird_routes, bird_status, calico_log, node_status)


@pytest.fixture(scope="module")
def recorded():
    """Texts of five recorded bundles, by scenario and path."""
    if not RECORDED.exists():
        pytest.skip("the laboratory's recordings are not beside this repository")
    texts = {}
    with tarfile.open(RECORDED) as archive:
        for member in archive:
            parts = member.name.split("/")
            if member.isfile() and len(parts) > 3 and parts[1] == "named" and parts[2] in SCENARIOS:
                texts[parts[2], "/".join(parts[3:])] = archive.extractfile(member).read().decode()
    return texts


def of_nodes(recorded, name):
    """Scenario, node and text of every node's file of this name."""
    return [(s, p.split("/")[1], text) for (s, p), text in recorded.items() if p.endswith("/" + name)]


@pytest.mark.parametrize("name", KINDS)
def test_every_line_is_accounted_for_and_the_kind_is_plain(recorded, name):
    texts = of_nodes(recorded, name)
    assert {scenario for scenario, _, _ in texts} == set(SCENARIOS)
    for _, _, text in texts:
        assert [m for m in ALL if m.recognizes(text[:8192])] == [KINDS[name]]
        parsed = KINDS[name].parse(text, name)
        assert parsed.gaps == ()
        assert parsed.facts


def test_other_files_of_a_node_are_not_taken_for_ours(recorded):
    others = [(path, text) for (_, path), text in recorded.items() if path.rsplit("/", 1)[-1] not in KINDS]
    assert others
    assert [path for path, text in others if any(m.recognizes(text[:8192]) for m in ALL)] == []


@pytest.mark.parametrize("name", ["birdcl_show_protocols.txt", "birdcl_show_protocols_all.txt"])
def test_sessions_are_those_of_the_truth(recorded, name):
    for scenario, node, text in of_nodes(recorded, name):
        truth = json.loads(recorded[scenario, "truth.json"])["bgp"][node]
        sessions = bird_protocols.parse(text, name).facts
        # States may move between the two commands; who peers with whom does not.
        assert {s.protocol for s in sessions} == set(truth)
        for session in sessions:
            assert session.protocol.split("_", 1)[1] == str(session.peer).replace(".", "_")
            assert session.established == truth[session.protocol]["info"].startswith("Established")


def test_both_forms_of_show_route_hold_the_same_routes(recorded):
    brief = {key: text for *key, text in of_nodes(recorded, "birdcl_show_route.txt") for key in [tuple(key)]}
    for scenario, node, text in of_nodes(recorded, "birdcl_show_route_all.txt"):

        def columns(text):
            return [
                (r.destination, r.kind, r.gateway, r.device, r.protocol, r.learned_from, r.best, r.metric)
                for r in bird_routes.parse(text, "routes.txt").facts
            ]

        assert columns(text) == columns(brief[scenario, node])
        # Every line that is a path has the protocol and the time in brackets; no other line has both.
        assert len(columns(text)) == sum(" [" in line and line[:1] != "\t" for line in text.splitlines())


def test_the_router_id_and_the_detected_address_are_those_of_the_truth(recorded):
    for scenario, node, text in of_nodes(recorded, "calico-node.log"):
        chosen = json.loads(recorded[scenario, "truth.json"])["nodes"][node]
        events = [f.values for f in calico_log.parse(text, "log").facts if f.event == "address-autodetected"]
        assert [e["address"] for e in events] == [chosen["chosen"]]
        assert [e["method"] for e in events] == [chosen["method"].split("=")[0]]
        status = recorded[scenario, f"nodes/{node}/birdcl_show_status.txt"]
        (event,) = bird_status.parse(status, "status").facts
        assert event.values["router_id"] == str(ip_interface(chosen["chosen"]).ip)
