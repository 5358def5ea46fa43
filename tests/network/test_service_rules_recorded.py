"""Where kube-proxy's rules lead lookups, against what answered when they were in force.

`service_rules/MODE.CASE.txt` is what the node listed, and `answers.json` who answered 60 lookups of a pod to the service's
address (`own_answers.json`: 60 of the node's own), recorded by `tests/lab/service_rules.py`. The two DNS pods answered for
themselves, at port 53; 10.244.0.77 is no pod's.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import ServicePort, ServiceTableFact
from calico_bundle.network.service import DnsService
from calico_bundle.network.service_targets import ProxyRules, led_to
from calico_bundle.parsers import choose
from tests.network.hand_made import endpoint, service

FOLDER = Path(__file__).parent / "service_rules"
ANSWERS: dict[str, dict[str, int]] = json.loads((FOLDER / "answers.json").read_text())
OWN_ANSWERS: dict[str, dict[str, int]] = json.loads((FOLDER / "own_answers.json").read_text())
PORTS = (ServicePort("dns", 53, "UDP"), ServicePort("dns-tcp", 53, "TCP"))
SERVERS = ("10.244.0.2", "10.244.0.3")
TABLES = frozenset({"10.96.0.1"})


def listed(name: str) -> tuple[ServiceTableFact, ...]:
    text = (FOLDER / f"{name}.txt").read_text()
    parser = choose(text)
    assert parser is not None
    parsed = parser.parse(text, name)
    assert parsed.gaps == ()
    return tuple(parsed.of(ServiceTableFact))


def dns(*ready: str) -> DnsService:
    return DnsService(service(), tuple(endpoint(ip, "node-2", ports=PORTS) for ip in ready), listed=True)


def rules(name: str, *ready: str, own: bool = False) -> ProxyRules | None:
    node = ClusterNode("node-1", service_tables=listed(name))
    return led_to(node, dns(*(ready or SERVERS)), services=TABLES, own=own)


def agree(found: ProxyRules | None, answers: dict[str, int], *, exactly: bool = True) -> None:
    """What is said of the rules fits who answered."""
    assert found is not None
    answered = {server for server in answers if server not in ("lost", "refused")}
    led = {str(target.address) for target in set(found.targets) - set(found.stale)}
    assert answered == led if exactly else answered <= led
    assert found.all_lost == (not answered)
    assert found.some_lost == (bool(answered) and "lost" in answers)


def test_every_listing_has_its_answers():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(ANSWERS)
    assert len(ANSWERS) > 40


@pytest.mark.parametrize("name", [name for name in ANSWERS if not name.endswith(".untracked")])
def test_lookups_go_where_the_rules_are_said_to_lead(name: str):
    # Who asked once keeps its endpoint for three hours, with session affinity.
    agree(rules(name), ANSWERS[name], exactly="affinity" not in name)


@pytest.mark.parametrize("name", list(OWN_ANSWERS))
def test_the_nodes_own_lookups_meet_the_rules_by_another_chain(name: str):
    agree(rules(name, own=True), OWN_ANSWERS[name])


@pytest.mark.parametrize("name", [name for name in OWN_ANSWERS if not name.endswith(".met")])
def test_a_missing_jump_is_of_one_chain_alone(name: str):
    """iptables(8): PREROUTING alters packets as they come in, OUTPUT those that are made on the machine."""
    assert (ANSWERS[name] == {"lost": 60}) == name.endswith(".flushed")
    assert (OWN_ANSWERS[name] == {"lost": 60}) == name.endswith(".unmet")
    lost = rules(name, own=name.endswith(".unmet"))
    assert lost is not None
    assert lost.none
    assert lost.unmet == ("OUTPUT" if name.endswith(".unmet") else "PREROUTING")


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith("other-port")])
def test_an_endpoint_at_another_port_is_said_with_both_ports(name: str):
    found = rules(name)
    assert found is not None
    assert [str(target) for target in found.stale] == [f"{ip}:5353" for ip in SERVERS[-len(found.stale) :]]
    assert found.astray == dict.fromkeys(found.stale, 53)


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith("other-port")])
def test_ports_that_are_not_known_are_not_compared(name: str):
    node = ClusterNode("node-1", service_tables=listed(name))
    named = service(ports=(ServicePort("dns", 53, "UDP", "dns"),))
    known = DnsService(named, tuple(endpoint(ip, "node-2") for ip in SERVERS), listed=True)
    found = led_to(node, known, services=TABLES)
    assert found is not None
    assert (found.stale, found.ports_known) == ((), False)


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith(".untracked")])
def test_untracked_lookups_are_not_translated_whatever_the_rules_say(name: str):
    """Nobody answered here: on a real node NodeLocal DNSCache does, which holds the address itself."""
    assert ANSWERS[name] == {"lost": 60}
    assert rules(name) is None


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith((".healthy", ".one", ".affinity"))])
def test_every_quote_is_the_line_it_cites(name: str):
    lines = (FOLDER / f"{name}.txt").read_text().split("\n")
    found = rules(name)
    assert found is not None
    assert found.evidence
    for evidence in found.evidence:
        assert evidence.line is not None
        assert lines[evidence.line - 1].strip() == evidence.text


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith(".one")])
def test_a_ready_endpoint_that_no_rule_leads_to_is_lacking_and_loses_nothing(name: str):
    found = rules(name)
    assert found is not None
    assert [str(ip) for ip in found.lacking] == ["10.244.0.3"]
    assert not found.all_lost
    assert not found.some_lost


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith(".local")])
def test_rules_for_the_nodes_own_endpoints_lack_no_others(name: str):
    """internalTrafficPolicy: Local (Kubernetes API, ServiceSpec)."""
    found = rules(name)
    assert found is not None
    assert found.lacking == ()


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.endswith(".healthy")])
def test_tcp_is_told_apart_from_udp(name: str):
    found = rules(name)
    assert found is not None
    assert [str(target.address) for target in found.tcp_targets or ()] == list(SERVERS)
