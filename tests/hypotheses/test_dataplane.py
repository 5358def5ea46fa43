"""Hypotheses about addresses, tunnels, routes and nodes: each supported, ruled out and open, on stories with one change.

`healthy` is a mesh without tunnels, `vxlan` one with them; both have `ip addr`, routes and `sysctl` of every node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

import calico_bundle as cb
from calico_bundle import coverage
from calico_bundle.findings import Context
from calico_bundle.hypotheses import Answer, Case, Status
from calico_bundle.hypotheses.node_by_node import bearing
from tests.checks.test_checks import Edit, changed, replaced, without

SUPPORTED, RULED_OUT, OPEN = Status.SUPPORTED, Status.RULED_OUT, Status.NOT_CHECKABLE


def answers(analysis: cb.Analysis) -> Mapping[str, Answer]:
    return {c.hypothesis.name: c.answer for c in analysis.diagnosis.hypotheses}


def answer(name: str, story: str = "healthy", *edits: Edit) -> Answer:
    return answers(changed(story, together(*edits)))[name]


def together(*edits: Edit) -> Edit:
    def edit(path: str, text: str) -> str | None:
        for one in edits:
            changed_text = one(path, text)
            if changed_text is None:
                return None
            text = changed_text
        return text

    return edit


def added(only: str, line: str) -> Edit:
    return lambda path, text: f"{text}{line}\n" if only in path else text


def lacking(pattern: str, only: str = "") -> Edit:
    return lambda path, text: re.sub(pattern, "", text, flags=re.MULTILINE) if only in path else text


def quoted(found: Answer) -> str:
    return "\n".join(line.text for line in found.evidence)


NODE_2 = "nodes/node-2/"
FELIX = "2026-11-22 23:30:08.000 [WARNING][70] felix/vxlan_mgr.go 800: "
FATAL = "2026-11-22 23:30:46.000 [FATAL][1032] felix/int_dataplane.go 1032: "
# The local table of `ip route` shows the addresses of a machine as well.
NO_CARDS = without(f"{NODE_2}ip_addr", f"{NODE_2}ip_route")
COUNT = "net.netfilter.nf_conntrack_count = {}\nnet.netfilter.nf_conntrack_max = 1000"

# name, story, the change, the status, what its text or its lines must hold
CASES: list[tuple[str, str, Edit, Status, str]] = [
    ("calico-address", "incident", together(), SUPPORTED, "192.168.50.12"),
    ("calico-address", "healthy", together(), RULED_OUT, "IPv4Address"),
    ("calico-address", "healthy", without("nodes.yaml"), OPEN, "Calico address"),
    ("bgp-sessions", "blocked-port", together(), SUPPORTED, "CB201"),
    ("bgp-sessions", "healthy", together(), RULED_OUT, "Established"),
    ("bgp-sessions", "vxlan", together(), RULED_OUT, "vxlan"),
    ("bgp-sessions", "healthy", without("birdcl", "route", ".log", "status"), OPEN, "BGP sessions"),
    ("bgp-port", "healthy", together(), RULED_OUT, "Established"),
    ("bgp-port", "blocked-port", together(), OPEN, "TCP 179"),
    ("missing-routes", "no-default-route", together(), SUPPORTED, "CB203"),
    ("missing-routes", "healthy", together(), RULED_OUT, "10.244."),
    ("missing-routes", "healthy", without(f"{NODE_2}ip_route"), OPEN, "node-2"),
    ("default-route", "no-default-route", together(), SUPPORTED, "node-1 has no default route"),
    ("default-route", "healthy", together(), RULED_OUT, "default via"),
    ("default-route", "healthy", without(f"{NODE_2}ip_route"), OPEN, "node-2"),
    ("overlapping-networks", "healthy", together(), RULED_OUT, "cidr"),
    (
        "overlapping-networks",
        "healthy",
        replaced("10.244.0.0/16", "10.0.0.0/8", "ippools"),
        SUPPORTED,
        "not seen to break DNS here",
    ),
    ("overlapping-networks", "healthy", NO_CARDS, OPEN, "node-2"),
    ("overlapping-networks", "healthy", without("services.yaml"), OPEN, "networks"),
    ("node-not-ready", "healthy", together(), RULED_OUT, "status"),
    ("node-not-ready", "healthy", without("nodes.yaml"), OPEN, "Ready"),
    ("removed-nodes", "healthy", together(), RULED_OUT, "cidr"),
    ("removed-nodes", "healthy", without("blockaffinities"), OPEN, "Nodes"),
    ("removed-nodes", "healthy", replaced("node: node-2", "node: old-2", "blockaffinities"), SUPPORTED, "old-2"),
    ("ip-forwarding", "healthy", together(), RULED_OUT, "forwarding = 1"),
    ("ip-forwarding", "healthy", without(f"{NODE_2}sysctl"), OPEN, "node-2"),
    ("ip-forwarding", "healthy", lacking(r"^.*forwarding.*\n", f"{NODE_2}sysctl"), OPEN, "node-2"),
    (
        "ip-forwarding",
        "healthy",
        replaced("ens18.forwarding = 1", "ens18.forwarding = 0", f"{NODE_2}sysctl"),
        SUPPORTED,
        "comes in by ens18",
    ),
    (
        "ip-forwarding",
        "healthy",
        together(
            lacking(r"^.*\.forwarding.*\n", f"{NODE_2}sysctl"), added(f"{NODE_2}sysctl", "net.ipv4.ip_forward = 0")
        ),
        SUPPORTED,
        "ip_forward = 0",
    ),
    (
        "ip-forwarding",
        "healthy",
        together(
            lacking(r"^.*\.forwarding.*\n", f"{NODE_2}sysctl"), added(f"{NODE_2}sysctl", "net.ipv4.ip_forward = 1")
        ),
        OPEN,
        "node-2",
    ),
    ("nic-offload", "vxlan", together(), OPEN, "VXLAN"),
    ("nic-offload", "healthy", replaced("ipipMode: Never", "ipipMode: Always", "ippools"), OPEN, "IPIP"),
    ("nic-offload", "healthy", together(), RULED_OUT, "vxlanMode: Never"),
    ("nic-offload", "healthy", without("ippools"), OPEN, "pools"),
    ("unlike-cards", "incident", together(), SUPPORTED, "every lost path begins or ends there"),
    ("unlike-cards", "card-added-later", together(), RULED_OUT, "none of 8 paths is lost"),
    ("unlike-cards", "healthy", together(), RULED_OUT, "no node has a card"),
    ("unlike-cards", "healthy", NO_CARDS, OPEN, "list of cards"),
    ("connection-tracking", "healthy", together(), OPEN, "tracked connections"),
    ("connection-tracking", "healthy", added("sysctl", COUNT.format(100)), RULED_OUT, "nf_conntrack_count = 100"),
    ("connection-tracking", "healthy", added("sysctl", COUNT.format(700)), OPEN, "tracked connections"),
    ("connection-tracking", "healthy", added("sysctl", COUNT.format(999)), SUPPORTED, "999 of at most 1,000"),
    ("reverse-path-filter", "healthy", together(), RULED_OUT, "rp_filter"),
    ("reverse-path-filter", "healthy", without("sysctl"), OPEN, "filter"),
    (
        "reverse-path-filter",
        "healthy",
        lambda path, text: re.sub("(rp_filter = )1", r"\g<1>0", text) if "sysctl" in path else text,
        RULED_OUT,
        "no node's filter is strict",
    ),
    ("tunnel-mtu", "vxlan", together(), RULED_OUT, "mtu 1450"),
    ("tunnel-mtu", "vxlan", without(f"{NODE_2}ip_addr"), OPEN, "node-2"),
    (
        "tunnel-mtu",
        "vxlan",
        lambda path, text: re.sub(r"(vxlan.calico: <.*?> mtu )1450", r"\g<1>1500", text) if NODE_2 in path else text,
        SUPPORTED,
        "adds 50",
    ),
    ("tunnel-devices", "vxlan", together(), RULED_OUT, "vxlan.calico"),
    ("tunnel-devices", "vxlan", without("ippools"), OPEN, "tunnel devices"),
    ("tunnel-devices", "vxlan", without(f"{NODE_2}ip_addr"), OPEN, "node-2"),
    (
        "tunnel-devices",
        "vxlan",
        replaced("vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP>", "vxlan.calico: <BROADCAST>"),
        SUPPORTED,
        "is down",
    ),
    (
        "tunnel-devices",
        "vxlan",
        lacking(r"^\s+inet 10\.244\.2\.\d+/32 .*vxlan\.calico\n", f"{NODE_2}ip_addr"),
        SUPPORTED,
        "has no address",
    ),
    (
        "tunnel-devices",
        "vxlan",
        lacking(r"^\d+: vxlan\.calico(.|\n)*?(?=^\d+: |\Z)", f"{NODE_2}ip_addr"),
        SUPPORTED,
        "no vxlan",
    ),
    (
        "tunnel-devices",
        "vxlan",
        replaced("local 192.168.50.12", "local 10.9.9.9", f"{NODE_2}ip_addr"),
        SUPPORTED,
        "sends from 10.9.9.9",
    ),
    ("tunnel-traffic-blocked", "healthy", together(), RULED_OUT, "vxlanMode: Never"),
    ("tunnel-traffic-blocked", "vxlan", together(), OPEN, "udp port 4789"),
    (
        "tunnel-traffic-blocked",
        "healthy",
        together(
            replaced("ipipMode: Never", "ipipMode: Always"),
            replaced("spec:\n", "spec:\n      providerID: azure:///a\n", "nodes.yaml"),
        ),
        SUPPORTED,
        "IP protocol 4",
    ),
    ("tunnel-traffic-blocked", "healthy", replaced("ipipMode: Never", "ipipMode: '***HIDDEN***'"), OPEN, "ippools"),
    ("tunnel-devices", "healthy", replaced("ipipMode: Never", "ipipMode: '***HIDDEN***'"), OPEN, "ippools"),
    ("cross-subnet-mask", "healthy", replaced("vxlanMode: Never", "vxlanMode: '***HIDDEN***'"), OPEN, "ippools"),
    ("pod-addresses-dropped", "vxlan", together(), RULED_OUT, "vxlanMode: Always"),
    ("pod-addresses-dropped", "healthy", together(), OPEN, "pods' addresses"),
    ("cross-subnet-mask", "healthy", together(), RULED_OUT, "CrossSubnet"),
    (
        "cross-subnet-mask",
        "healthy",
        together(
            replaced("vxlanMode: Never", "vxlanMode: CrossSubnet"),
            replaced("10.0.1.12/24", "10.0.1.12/32", "nodes.yaml"),
        ),
        SUPPORTED,
        "10.0.1.12/32",
    ),
    ("cross-subnet-mask", "healthy", without("ippools"), OPEN, "prefix"),
    ("tunnel-addresses", "vxlan", together(), RULED_OUT, "10.244."),
    ("tunnel-addresses", "vxlan", together(NO_CARDS, without("nodes.yaml")), OPEN, "node-2"),
    ("one-sided-tunnel", "healthy", together(), RULED_OUT, "either both ways take a tunnel or none"),
    ("one-sided-tunnel", "vxlan", without(f"{NODE_2}ip_route"), OPEN, "node-2"),
    ("cards-in-one-network", "healthy", together(), RULED_OUT, "inet"),
    ("cards-in-one-network", "healthy", NO_CARDS, OPEN, "node-2"),
    ("unlike-cards", "incident", together(), SUPPORTED, "shop-worker-2 alone has ens19"),
    ("unlike-cards", "no-default-route", together(), RULED_OUT, "no node has a card"),
    ("unlike-cards", "no-default-route", NO_CARDS, OPEN, "node-2"),
    ("calico-node-start", "healthy", together(), RULED_OUT, "runs on every node"),
    ("nic-offload", "vxlan", together(), OPEN, "ethtool"),
    ("address-detection", "healthy", together(), RULED_OUT, "gives it"),
    ("address-detection", "healthy", NO_CARDS, OPEN, "node-2"),
    ("address-detection", "healthy", without("daemonsets"), OPEN, "what Calico's detection gives"),
    ("address-detection", "card-added-later", together(), SUPPORTED, "gives it"),
]


@pytest.mark.parametrize(
    "name, story, edit, status, holds",
    CASES,
    ids=[f"{n}-{s}-{st.value}-{i}" for i, (n, s, _, st, _) in enumerate(CASES)],
)
def test_each_is_supported_ruled_out_or_open(name: str, story: str, edit: Edit, status: Status, holds: str) -> None:
    found = answer(name, story, edit)
    assert found.status is status, found
    assert holds in f"{found.text}\n{quoted(found)}\n{found.collect}"


@pytest.mark.parametrize(
    "line, holds",
    [
        (
            f"{FELIX}Failed to configure VXLAN tunnel device, retrying... error=failed to create vxlan interface: file exists",
            "cannot set up its tunnel device",
        ),
        (
            f"{FELIX}Failed to create VXLAN device. Another device with this VNI may already exist",
            "another device has its VXLAN id",
        ),
        ("Calico node failed to start", "ends before it has started"),
        # In this wording in reports of calico-node v3.8 to v3.11 that crash (int_dataplane.go 1032 and near).
        (
            f"{FATAL}Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof.",
            "ends over the reverse-path",
        ),
    ],
)
def test_a_log_that_ends_in_a_failure_supports_that_calico_node_does_not_start(line: str, holds: str) -> None:
    found = answer("calico-node-start", "vxlan", added(f"{NODE_2}calico-node.log", line))
    assert found.status is SUPPORTED
    assert holds in found.text
    assert line[-40:] in quoted(found)


@pytest.mark.parametrize(
    "after",
    [
        'Linux interface addrs changed. addrs=set.Set{10.0.1.12} ifaceName="ens18"',
        "All-hosts IP set out-of sync, refreshing it.",
    ],
)
def test_a_felix_that_works_after_it_refused_the_filter_is_not_held_up(after: str) -> None:
    """Felix asks for the filter first (doStaticDataplaneConfig), and runs its dataplane after that."""
    refused = f"{FATAL}Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof."
    line = f"2026-11-22 23:31:00.000 [INFO][80] felix/int_dataplane.go 900: {after}"
    found = answer("calico-node-start", "healthy", added(f"{NODE_2}calico-node.log", f"{refused}\n{line}"))
    assert found.status is not SUPPORTED


def test_a_felix_that_was_told_to_take_a_loose_filter_is_none() -> None:
    ignored = f"{FATAL}Kernel's RPF check is set to 'loose' and IgnoreLooseRPF set to true."
    found = answer("calico-node-start", "healthy", added(f"{NODE_2}calico-node.log", ignored))
    assert found.status is not SUPPORTED


def test_a_tunnel_that_was_set_up_after_a_failure_is_none() -> None:
    failed = f"{FELIX}Failed to configure VXLAN tunnel device, retrying..."
    done = f"{FELIX}VXLAN tunnel device configured"
    found = answer("calico-node-start", "vxlan", added(f"{NODE_2}calico-node.log", f"{failed}\n{done}"))
    assert found.status is not SUPPORTED


@pytest.mark.parametrize(
    "story, nodes, said",
    [
        ("incident", {"shop-worker-2"}, "4 of the 4 lost paths begin or end there"),
        (
            "incident",
            {"no-such-node"},
            "True, and not what breaks DNS here: none of the 4 lost paths begins or ends there",
        ),
        ("healthy", {"node-1"}, "True, and not seen to break DNS here"),
        (
            "kubernetes-objects-only",
            {"no-such-node"},
            "None of the 4 lost paths begins or ends there; whether it breaks the 4",
        ),
        ("no-calico", {"node-1"}, "Whether it breaks DNS is open"),
    ],
)
def test_what_holds_on_a_node_is_set_beside_the_lost_paths(story: str, nodes: set[str], said: str) -> None:
    assert bearing(case_of(changed(story)), nodes).startswith(said)


def test_what_paths_take_no_account_of_says_so() -> None:
    text = bearing(case_of(changed("healthy")), {"node-1"}, "packets are lost")
    assert text == "Packets are lost. Paths are judged without regard to it, so whether it breaks DNS is open."


def case_of(analysis: cb.Analysis) -> Case:
    found = analysis.diagnosis
    context = Context(
        found.bundle, found.cluster, found.dns, found.paths, found.addresses, found.choices, found.gaps, found.missing
    )
    return Case(context, found.findings, found.skipped)


def test_a_session_with_a_peer_that_is_no_node_is_that_of_a_removed_one() -> None:
    line = "Mesh_10_0_1_99 BGP      master   start  01:12:02    Connect"
    found = answer("removed-nodes", "healthy", added(f"{NODE_2}birdcl_show_protocols", line))
    assert found.status is SUPPORTED
    assert "10.0.1.99" in found.text


def test_two_cards_in_one_network_are_seen() -> None:
    second = (
        "9: ens99: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    inet 10.0.1.77/24 scope global ens99"
    )
    found = answer("cards-in-one-network", "no-default-route", added(f"{NODE_2}ip_addr", second))
    assert found.status is SUPPORTED
    assert "10.0.1.77/24" in quoted(found)


@pytest.mark.parametrize("status, said", [('"False"', "is not Ready"), ("Unknown", "unknown state")])
def test_a_node_that_is_not_ready(status: str, said: str) -> None:
    found = answer("node-not-ready", "healthy", _unready(status))
    assert found.status is SUPPORTED
    assert said in found.text


def _unready(status: str) -> Edit:
    return lambda path, text: text.replace('status: "True"', f"status: {status}", 1) if "nodes.yaml" in path else text


def test_a_tunnel_on_one_side_alone() -> None:
    """What node-1 sends to node-3's pods leaves without the tunnel; node-3 still answers through it."""
    found = answer("one-sided-tunnel", "vxlan", _plain_route)
    assert found.status is SUPPORTED
    assert "vxlan.calico" in found.text


def test_a_tunnel_on_one_side_shows_whatever_a_third_node_lacks() -> None:
    """As in projectcalico/calico issue 1325: the two nodes' routes are enough."""
    third = next(n for n in ("node-2", "node-3") if n not in answer("one-sided-tunnel", "vxlan", _plain_route).text)
    found = answer("one-sided-tunnel", "vxlan", _plain_route, without(f"nodes/{third}/ip_route"))
    assert found.status is SUPPORTED


def _plain_route(path: str, text: str) -> str:
    if "nodes/node-1/ip_route" not in path:
        return text
    return re.sub(
        r"^(10\.244\.2\.0/26) via \S+ dev vxlan\.calico.*$",
        r"\1 via 10.0.1.12 dev ens18 proto 80",
        text,
        flags=re.MULTILINE,
    )


def test_two_nodes_with_one_tunnel_address() -> None:
    found = answer("tunnel-addresses", "vxlan", replaced("10.244.2.0/32", "10.244.1.0/32", f"{NODE_2}ip_addr"))
    assert found.status is SUPPORTED
    assert "10.244.1.0" in found.text


# --- what answers say -------------------------------------------------------------------------------------------------


def test_calico_node_that_has_started_and_has_no_session_is_not_called_well():
    """node/pkg/health/health.go: past the first 30 s a pod that is not ready for BGP has no session at all."""
    found = answers(changed("incident", together()))["calico-node-start"]
    assert found.status is RULED_OUT
    assert "on shop-worker-2 it is not ready" in found.text
    assert "BGP not established with 10.0.1.11,10.0.1.13" in found.evidence[0].text


def test_sessions_that_an_address_at_fault_explains_are_named_by_its_node():
    """No answer in which either of two things may be meant."""
    text = answers(changed("incident", together()))["bgp-sessions"].text
    assert "those of shop-worker-2, whose Calico address is at fault" in text
    assert " or " not in text


def test_a_finding_that_is_the_hypothesis_is_not_told_as_another_cause():
    found = answers(changed("incident", together()))
    assert "(the finding CB101 itself)" in found["calico-address"].text
    assert "no second cause" in found["unlike-cards"].text


def test_why_the_method_gives_that_card_is_said_where_the_replay_ends_at_the_stored_address():
    """autodetection/interfaces.go: the cards are walked from the end of the kernel's list; `ens19` is the last there."""
    assert "it is ens19 because first-found" in answers(changed("incident", together()))["address-detection"].text
    other = replaced("IPv4Address: 192.168.50.12/24", "IPv4Address: 192.168.50.99/24", "nodes.yaml")
    assert "because" not in answers(changed("incident", other))["address-detection"].text


def test_without_bgp_nothing_is_said_of_sessions():
    """Pools of VXLAN alone: Felix writes the routes (calico/programming.py)."""
    analysis = changed("vxlan", together())
    (fix,) = analysis.findings["CB101"][0].fixes
    assert "BGP sessions" not in fix.disruption
    assert "peer" not in answers(analysis)["removed-nodes"].text
    (seen,) = (one for one in coverage.seen(analysis.diagnosis.context.cluster) if one.artifact == "BGP state")
    assert "without BGP" in seen.text


def test_that_no_pool_uses_a_tunnel_is_shown_by_the_lines_of_their_modes():
    for name in ("nic-offload", "tunnel-traffic-blocked"):
        lines = answers(changed("incident", together()))[name].evidence
        assert {line.text for line in lines} == {"ipipMode: Never", "vxlanMode: Never"}
