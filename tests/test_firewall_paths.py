"""Lookups and the nodes' own firewalls: iptables(8), the first rule that applies and ends a packet's way decides.

What is forwarded meets FORWARD alone, what a machine sends itself OUTPUT, and what it takes INPUT (Netfilter's hooks).
Behind cali-FORWARD Calico accepts what its policies let through (felix rules/static.go).
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import calico_bundle as cb
from calico_bundle.hypotheses import Answer, Status
from tests.checks.test_checks import Edit, changed, replaced

CALICO = (
    '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD\n'
    '-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." '
    "-m mark --mark 0x10000/0x10000 -j ACCEPT\n"
)
DNS_DROP = "-A FORWARD -p udp -m udp --dport 53 -j DROP\n"
ANSWER_DROP = "-A FORWARD -p udp -m udp --sport 53 -j DROP\n"


def firewall(*lines: str, node: str = "node-1", policy: str = "ACCEPT") -> Edit:
    def edit(path: str, text: str) -> str:
        if f"nodes/{node}/iptables-save" not in path:
            return text
        text = text.replace(":FORWARD ACCEPT", f":FORWARD {policy}\n:cali-FORWARD -", 1)
        return text.replace("-A INPUT -j cali-INPUT\n", "".join(lines) + "-A INPUT -j cali-INPUT\n", 1)

    return edit


def verdicts(analysis: cb.Analysis) -> Mapping[str, str]:
    wanted = ("app-1", "app-2", "app-3", "host-1", "host-3")
    found = {path.pod.name: path.verdict.value for path in analysis.diagnosis.paths.pods}
    return {name: found[name] for name in wanted}


def hypothesis(analysis: cb.Analysis) -> Answer:
    return next(c.answer for c in analysis.diagnosis.hypotheses if c.hypothesis.name == "host-firewall")


GOOD = dict.fromkeys(("app-1", "app-2", "app-3", "host-1", "host-3"), "reaches")

# rules and policy on a node, and what is not as it was
CASES = [
    ("request", firewall(DNS_DROP), {"app-1": "broken"}),
    ("answer", firewall(ANSWER_DROP), {"app-1": "broken"}),
    ("at-the-endpoint", firewall(DNS_DROP, node="node-2"), dict.fromkeys(GOOD, "broken")),
    ("network", firewall("-A FORWARD -d 10.244.2.0/26 -j DROP\n"), {"app-1": "broken"}),
    ("rejected", firewall("-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n"), {"app-1": "broken"}),
    ("policy", firewall(policy="DROP"), {"app-1": "broken"}),
    ("docker", firewall(CALICO, "-A FORWARD -o docker0 -j DOCKER\n", policy="DROP"), {}),
    ("behind-calico", firewall(CALICO, DNS_DROP), {}),
    ("before-calico", firewall(DNS_DROP, CALICO), {"app-1": "broken"}),
    ("rate", firewall("-A FORWARD -p udp -m udp --dport 53 -m limit --limit 9/sec -j DROP\n"), {"app-1": "unknown"}),
    ("other-port", firewall("-A FORWARD -p udp -m udp --dport 123 -j DROP\n"), {}),
    ("other-protocol", firewall("-A FORWARD -p tcp -m tcp --dport 53 -j DROP\n"), {}),
    ("other-network", firewall("-A FORWARD -d 172.31.0.0/16 -j DROP\n"), {}),
    ("other-card", firewall("-A FORWARD ! -i docker0 -o docker0 -j DROP\n"), {}),
    ("invalid", firewall("-A FORWARD -m conntrack --ctstate INVALID -j DROP\n"), {}),
    (
        "accepted-first",
        firewall("-A FORWARD -s 10.244.0.0/16 -j ACCEPT\n-A FORWARD -d 10.244.0.0/16 -j ACCEPT\n", DNS_DROP),
        {},
    ),
    ("one-pod", firewall("-A FORWARD -s 10.99.0.1/32 -j DROP\n"), {}),
    (
        "chain",
        firewall("-A FORWARD -j MINE\n-A MINE -p udp -m multiport --dports 53,123 -j DROP\n"),
        {"app-1": "broken"},
    ),
    ("returned", firewall("-A FORWARD -j MINE\n-A MINE -p udp -j RETURN\n-A MINE -j DROP\n"), {}),
    ("host-out", firewall("-A OUTPUT -p udp -m udp --dport 53 -j DROP\n"), {"host-1": "broken"}),
    ("host-in", firewall("-A INPUT -p udp -m udp --sport 53 -j DROP\n"), {"host-1": "broken"}),
    ("host-ssh", firewall("-A INPUT -p tcp -m tcp --dport 22 -j DROP\n"), {}),
]


@pytest.mark.parametrize("edit, differing", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_firewalls_rules_decide(edit: Edit, differing: dict[str, str]) -> None:
    analysis = changed("healthy", edit)
    assert verdicts(analysis) == GOOD | differing


def test_what_a_firewall_drops_supports_the_hypothesis_and_blames_no_node() -> None:
    analysis = changed("healthy", firewall(DNS_DROP))
    found = hypothesis(analysis)
    assert found.status is Status.SUPPORTED
    assert [line.text for line in found.evidence] == [DNS_DROP.strip()]
    assert analysis.verdict.status == "broken"
    assert [f.code for f in analysis.findings if f.severity == "error"] == []
    path = next(p for p in analysis.report()["paths"] if p["pod"] == "app-1")
    assert path["reason"]["code"] is None
    assert "node-1's own firewall drops lookups" in path["reason"]["text"]


def test_what_a_firewall_may_drop_is_left_open_with_what_would_tell() -> None:
    analysis = changed("healthy", firewall("-A FORWARD -p udp -m udp --dport 53 -m limit --limit 9/sec -j DROP\n"))
    found = hypothesis(analysis)
    assert found.status is Status.NOT_CHECKABLE
    assert "--limit 9/sec" in found.evidence[0].text
    assert any("iptables-save -c" in command for command in found.collect)


def test_rules_that_are_cut_off_decide_nothing() -> None:
    cut = firewall(policy="DROP")
    analysis = changed(
        "healthy",
        lambda path, text: (
            cut(path, text).partition("-A INPUT")[0] if "iptables" in path and "node-1" in path else text
        ),
    )
    assert verdicts(analysis)["app-1"] == "unknown"


def test_firewalls_that_nobody_recorded_are_named() -> None:
    analysis = changed("healthy", lambda path, text: None if "iptables-save" in path else text)
    assert hypothesis(analysis).status is Status.NOT_CHECKABLE
    assert "the nodes' own firewalls" in analysis.verdict.headline
    assert "the nodes' own firewalls" not in changed("healthy").verdict.headline


VXLAN_DROP = "-A INPUT -p udp -m udp --dport 4789 -j DROP\n"
FELIX_ACCEPTS = (
    "-A cali-INPUT -p udp -m comment --comment cali:x -m multiport --dports 4789 -m set --match-set cali40all-vxlan-net src "
    "-m addrtype --dst-type LOCAL -j ACCEPT\n"
)


def both(path: str, text: str) -> str:
    for node in ("node-1", "node-3"):
        text = firewall(VXLAN_DROP, node=node)(path, text)
    return text


def tunnels(analysis: cb.Analysis) -> Answer:
    return next(c.answer for c in analysis.diagnosis.hypotheses if c.hypothesis.name == "tunnel-traffic-blocked")


def test_a_fix_promises_nothing_that_a_firewall_drops_in_the_tunnel() -> None:
    """Calico's system requirements: VXLAN needs UDP 4789 between the nodes."""
    assert max(fix.restores or 0 for f in changed("vxlan").findings for fix in f.fixes) > 0
    analysis = changed("vxlan", both)
    assert tunnels(analysis).status is Status.SUPPORTED
    assert tunnels(analysis).evidence[0].text == VXLAN_DROP.strip()
    assert {fix.restores or 0 for f in analysis.findings if f.code == "CB101" for fix in f.fixes} == {0}


def test_what_felix_accepts_before_is_not_dropped() -> None:
    """felix rules/static.go: cali-INPUT accepts VXLAN from the nodes' addresses (cali40all-vxlan-net)."""

    edit = replaced("-A INPUT -j cali-INPUT\n", f"-A INPUT -j cali-INPUT\n{VXLAN_DROP}{FELIX_ACCEPTS}")
    assert tunnels(changed("vxlan", edit)).status is Status.NOT_CHECKABLE
    assert "tcpdump" in "".join(tunnels(changed("vxlan", edit)).collect)


def test_ipip_is_protocol_4() -> None:
    dropping = firewall("-A INPUT -p ipencap -j DROP\n", node="node-2")

    def edit(path: str, text: str) -> str:
        text = text.replace("vxlanMode: Always", "vxlanMode: Never").replace("ipipMode: Never", "ipipMode: Always")
        return dropping(path, text) or ""

    assert tunnels(changed("vxlan", edit)).status is Status.SUPPORTED
    assert tunnels(changed("vxlan", dropping)).status is Status.NOT_CHECKABLE
