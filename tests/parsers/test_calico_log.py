"""Logs of calico-node: every rule, every prefix, repeats, owners, and that no line is lost."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.parsers import calico_log
from calico_bundle.parsers.calico_log_rules import RULES, classify
from calico_bundle.parsers.calico_log_rules.daemons import BIRD
from calico_bundle.parsers.calico_log_rules.health import PROBES
from calico_bundle.parsers.calico_log_rules.rule import KEY_LENGTH, PROTOCOL

PREFIX = "2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: "
DETECTED = "Using autodetected IPv4 address on interface {}: {}"
BGP = "calico/node is not ready: BIRD is not ready: BGP not established with "

# Slug and values of each rule's example, in the order of the table; read off the texts, not off the patterns.
EXPECTED = [
    ("bgp-not-established", {"peers": "10.0.0.1,10.0.0.2"}),
    ("bird-graceful-restart-in-progress", {}),
    (
        "bird-socket-unreachable",
        {"family": "4", "error": "dial unix /var/run/calico/bird.ctl: connect: connection refused"},
    ),
    ("nodename-file-missing", {"error": "stat /var/lib/calico/nodename: no such file or directory"}),
    ("bird-not-ready", {"error": "Error querying BIRD: EOF"}),
    ("felix-not-ready", {"error": "readiness probe reporting 503"}),
    ("felix-not-live", {"error": "liveness probe reporting 503"}),
    ("bird-not-live", {"service": "bird", "error": "down: bird: 1s"}),
    ("bird-not-live", {"error": "exit status 1"}),
    (
        "address-autodetected",
        {"family": "4", "interface": "eth1", "address": "192.168.50.12/24", "method": "first-found"},
    ),
    ("address-autodetected", {"family": "4", "interface": "eth0", "address": "10.0.1.12/24", "method": "interface"}),
    (
        "address-autodetected",
        {
            "family": "6",
            "interface": "eth0",
            "address": "fd00::12/64",
            "cidrs": "fd00::/8 fc00::/8",
            "method": "cidr",
        },
    ),
    (
        "address-autodetected",
        {"family": "4", "address": "10.0.1.12/24", "destination": "8.8.8.8", "method": "can-reach"},
    ),
    (
        "address-autodetected",
        {"family": "4", "interface": "eth0", "address": "10.0.1.12/24", "method": "skip-interface"},
    ),
    ("address-dialed", {"destination": "8.8.8.8", "address": "10.0.1.12"}),
    ("address-prefix-taken", {"address": "10.0.1.12/24"}),
    ("address-interface-not-found", {"address": "10.0.1.99"}),
    (
        "address-autodetection-failed",
        {"family": "4", "method": "first-found", "error": "no valid IPv4 addresses found on the host interfaces"},
    ),
    (
        "address-autodetection-failed",
        {
            "family": "4",
            "method": "interface",
            "regexes": "ens.* bond0",
            "error": "no valid host interfaces found",
        },
    ),
    (
        "address-autodetection-failed",
        {"family": "4", "method": "cidr", "cidrs": "10.9.0.0/16", "error": "no valid IPv4 addresses found"},
    ),
    (
        "address-autodetection-failed",
        {"family": "6", "method": "skip-interface", "regexes": "eth.*", "error": "no valid IPv6 addresses found"},
    ),
    (
        "address-autodetection-failed",
        {
            "family": "4",
            "method": "can-reach",
            "destination": "8.8.8.8",
            "error": "dial udp4 8.8.8.8:80: network is unreachable",
        },
    ),
    (
        "address-autodetection-failed",
        {"method": "kubernetes-internal-ip", "value": "10.0.1.99", "error": "invalid CIDR address: 10.0.1.99"},
    ),
    ("detection-method-invalid", {"value": "10.0.0.0", "method": "cidr=10.0.0.0"}),
    ("detection-method-invalid", {"method": "can_reach=8.8.8.8"}),
    ("detection-method-invalid", {"method": "kubernetes-internal-ip"}),
    ("address-none-detected", {"family": "4"}),
    ("address-kept-existing", {"family": "4", "address": "10.0.1.12/24", "reason": "failed"}),
    ("address-kept-existing", {"family": "4", "address": "10.0.1.12/24", "reason": "disabled"}),
    ("address-from-environment", {"family": "4", "variable": "IP", "address": "10.0.1.12/24"}),
    ("address-environment-invalid", {"family": "4", "variable": "IP", "value": "autodetected"}),
    ("address-not-on-host", {"family": "4", "address": "192.168.50.12"}),
    ("address-on-host", {"family": "4", "address": "172.16.200.103", "interface": "bond0"}),
    ("address-changed", {"family": "4"}),
    ("node-interfaces-changed", {}),
    ("node-addresses-updated", {}),
    ("bgp-data-initialized", {}),
    ("node-resource-built", {"node": "worker-2"}),
    ("address-conflict", {"family": "4", "node": "worker-1", "address": "10.0.2.15"}),
    (
        "address-changed-same-name",
        {"family": "4", "node": "worker-2", "original": "10.0.1.12", "updated": "192.168.50.12"},
    ),
    ("address-cleared", {"family": "4", "address": "10.0.1.12/24"}),
    ("as-number", {"origin": "global"}),
    ("as-number", {"origin": "node", "as_number": "64512"}),
    ("as-number", {"origin": "environment", "as_number": "64513"}),
    ("node-name", {"node": "worker-2"}),
    ("node-name", {"node": "worker-2.example.com"}),
    ("node-name", {"node": "worker-2", "version": "v3.28.5"}),
    ("log-level-set", {"log_level": "info"}),
    ("calico-started", {}),
    ("calico-start-failed", {}),
    ("no-address-configured", {}),
    ("address-configuration-failed", {"error": "conflicting node detected: IPv4 address conflict"}),
    ("startup-terminating", {}),
    (
        "bgp-peerings-recomputed",
        {"node": "worker-2", "name": "ip_addr_v4", "reasons": "HostBGPConfig(node=worker-2; name=ip_addr_v4) updated"},
    ),
    (
        "bird-config-updated",
        {"target": "/etc/calico/confd/config/bird.cfg", "key": "/calico/bgp/v1/host"},
    ),
    ("ipip-programmed-by-bird", {}),
    ("felix-hosts-refreshed", {}),
    ("felix-host-metadata", {"node": "worker-2", "address": "10.116.0.3/20"}),
    ("felix-interface-addresses", {"interface": "nerdctl0", "addresses": "set.Set{10.4.0.1}"}),
    (
        "felix-parent-device-missing",
        {"address": "192.168.50.12", "error": "Unable to find parent interface with address 192.168.50.12"},
    ),
    ("felix-parent-device-changed", {"before": "eth0", "after": "eth1"}),
    ("felix-tunnel-configured", {}),
    ("felix-vtep-changed", {"interface": "vxlan.calico", "wanted": "192.168.50.12", "existing": "10.0.1.12"}),
    ("felix-tunnel-recreated", {"interface": "vxlan.calico", "reason": "port: 4789 vs 8472"}),
    ("felix-vtep-missing", {"node": "worker-2"}),
    ("felix-vtep-sent", {"node": "worker-2"}),
    ("bgp-established-count", {"established": "1"}),
    ("runtime-health-failed", {}),
    ("bird-protocol-initializing", {"protocol": "Mesh_10_0_1_11"}),
    ("bird-protocol-starting", {"protocol": "Mesh_10_0_1_11"}),
    ("bird-protocol-connected", {"protocol": "Mesh_10_0_1_11", "table": "master"}),
    ("bird-protocol-state", {"protocol": "Mesh_10_0_1_11", "state": "up"}),
    ("bird-protocol-configured", {"protocol": "Mesh_10_0_1_11", "action": "Reconfigured"}),
    ("bird-protocol-configured", {"protocol": "Mesh_10_0_1_11", "action": "Removing"}),
    ("bird-started", {}),
    ("bird-graceful-restart", {"phase": "started"}),
    ("bird-reconfigured", {"phase": "Reconfiguration requested by SIGHUP"}),
    ("bird-connecting", {"protocol": "Mesh_10_0_1_11", "peer": "10.0.1.11", "address": "192.168.50.12"}),
    ("bird-session-event", {"protocol": "Mesh_10_0_1_11", "what": "BGP session established"}),
    (
        "bird-session-event",
        {"protocol": "Mesh_10_0_1_11", "what": "Neighbor graceful restart", "phase": "detected"},
    ),
    ("bird-connection-lost", {"protocol": "Mesh_10_0_1_11", "error": "No route to host"}),
    (
        "bird-connect-delayed",
        {"protocol": "Mesh_10_0_1_11", "what": "Startup", "seconds": "5", "reason": "errors"},
    ),
    (
        "bird-incoming-connection",
        {"protocol": "Mesh_10_0_1_11", "peer": "10.0.1.11", "port": "43210", "action": "accepted"},
    ),
    ("bird-unknown-peer", {"address": "192.168.50.12", "port": "40625"}),
    (
        "bird-socket-error",
        {"protocol": "Mesh_10_0_1_11", "operation": "bind", "error": "Cannot assign requested address"},
    ),
    ("bird-session-error", {"protocol": "Mesh_10_0_1_11", "error": "Hold timer expired"}),
    ("bird-session-refused", {"protocol": "Mesh_10_0_1_11", "reason": "Bad peer AS: 64513"}),
    ("bird-next-hop-local", {"address": "10.0.2.15", "interface": "eth0"}),
    ("bird-next-hop-recursive", {"address": "10.255.108.128", "network": "10.255.108.128/26"}),
    ("bird-next-hop-invalid", {"protocol": "Mesh_10_0_1_11", "network": "10.244.1.0/26"}),
]


def line_of(rule):
    """A rule's example as a line of a log."""
    return f"bird: {rule.example}" if rule in BIRD else PREFIX + rule.example


def read(text):
    return calico_log.parse(text, "calico-node.log")


def messages_read(text):
    return [(fact.event, dict(fact.values)) for fact in read(text).facts]


# --- the rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule,expected", list(zip(RULES, EXPECTED, strict=True)), ids=[r.slug for r in RULES])
def test_a_rules_example_is_read_by_that_rule_alone(rule, expected):
    matching = [r for r in RULES if (re.search if r in PROBES else re.match)(r.pattern, rule.example)]
    assert matching == [rule]
    assert messages_read(line_of(rule) + "\n") == [expected]


@pytest.mark.parametrize("rule", RULES, ids=[r.slug for r in RULES])
def test_a_rule_is_documented_and_found_by_its_first_characters(rule):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.slug)
    assert rule.meaning
    assert "count" not in re.compile(rule.pattern).groupindex
    assert "/" in rule.source
    if rule not in PROBES:
        named = re.match(PROTOCOL, rule.example) or re.match("BGP: ", rule.example)
        message = rule.example[named.end() :] if named and rule in BIRD else rule.example
        assert message[:KEY_LENGTH] in rule.beginnings()
        assert all(len(key) == KEY_LENGTH or key == "Down" for key in rule.beginnings())


def test_the_other_wordings_of_a_text_are_read_too():
    # Reference: message variants over versions, for one rule each.
    for message, slug, values in (
        ("Calico started successfully", "calico-started", {}),
        ("VXLAN tunnel device configured", "felix-tunnel-configured", {}),
        ("Using node name: w2. Version number: v3.24.1", "node-name", {"node": "w2", "version": "v3.24.1"}),
        (
            (
                "Failed to find parent device. Missing/conflicting local information?route programming is "
                "likely to fail. "
                "error=unable to find parent interface with address 10.0.0.9"
            ),
            "felix-parent-device-missing",
            {"address": "10.0.0.9", "error": "unable to find parent interface with address 10.0.0.9"},
        ),
        (
            'Received *proto.HostMetadataUpdate update from calculation graph msg=hostname:"ai" ipv4_addr:"172.19.0.1"',
            "felix-host-metadata",
            {"node": "ai", "address": "172.19.0.1"},
        ),
        (
            "Calico node 'w1' is already using the IPv6 address fd00::1.",
            "address-conflict",
            {"family": "6", "node": "w1", "address": "fd00::1"},
        ),
    ):
        assert messages_read(PREFIX + message) == [(slug, values)]
    for message, slug, values in (
        ("Mesh_fd00__1: Down", "bird-session-event", {"protocol": "Mesh_fd00__1", "what": "Down"}),
        ("BGP: Unexpected connect from unknown address 10.0.0.7", "bird-unknown-peer", {"address": "10.0.0.7"}),
        ("Reconfigured", "bird-reconfigured", {"phase": "Reconfigured"}),
        (
            "Mesh_10_0_0_7: Socket error: bind: Address not available",
            "bird-socket-error",
            {"protocol": "Mesh_10_0_0_7", "operation": "bind", "error": "Address not available"},
        ),
    ):
        assert messages_read(f"bird: {message}") == [(slug, values)]


def test_an_interface_of_a_pod_is_no_event():
    text = PREFIX + 'Linux interface addrs changed. addrs=set.Set{fe80::1} ifaceName="cali1234"\n'
    assert read(text).facts == ()
    assert read(text).gaps == ()


# --- events of pods ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message,expected",
    [
        (BGP + "10.0.0.1,10.0.0.2", ("bgp-not-established", {"peers": "10.0.0.1,10.0.0.2"})),
        # The next line of the probe's output glued to the last address, as in a public issue.
        (
            (
                f"Readiness probe failed: {BGP}10.3.67.92,10.3.67.932019-10-02 14:51:02.472 [INFO][170] "
                "readiness.go 88: "
                "Number of node(s) with BGP peering established = 0"
            ),
            ("bgp-not-established", {"peers": "10.3.67.92,10.3.67.93"}),
        ),
        (
            (
                "Readiness probe failed: 2022-03-30 11:23:39.871 [INFO][130] confd/health.go 180: Number "
                "of node(s) with BGP "
                f"peering established = 0\n{BGP}192.168.50.42\n"
            ),
            ("bgp-not-established", {"peers": "192.168.50.42"}),
        ),
        (
            "calico/node is not ready: BIRD6 is not ready: BGP not established with fd00::1,fd00::2",
            ("bgp-not-established", {"family": "6", "peers": "fd00::1,fd00::2"}),
        ),
        (
            (
                "Readiness probe failed: calico/node is not ready: BIRD is not ready: error querying BIRD: "
                "unable to connect "
                "to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory"
            ),
            (
                "bird-socket-unreachable",
                {"family": "4", "error": "dial unix /var/run/calico/bird.ctl: connect: no such file or directory"},
            ),
        ),
        (
            (
                "Readiness probe failed: calico/node is not ready: felix is not ready: Get "
                '"http://localhost:9099/readiness": '
                "dial tcp 127.0.0.1:9099: connect: connection refused"
            ),
            (
                "felix-not-ready",
                {
                    "error": 'Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection '
                    "refused"
                },
            ),
        ),
        (
            (
                "Readiness probe failed: 2022-09-26 21:01:13.334 [INFO][249] confd/health.go 180: Number "
                "of node(s) with BGP "
                "peering established = 1"
            ),
            ("bgp-established-count", {"established": "1"}),
        ),
        (PREFIX + "Using node name: w2", ("node-name", {"node": "w2"})),
        ("bird: Started", ("bird-started", {})),
        ('Successfully pulled image "calico/node"', None),
        ("", None),
    ],
)
def test_the_message_of_an_event_is_classified(message, expected):
    assert classify(message) == expected


# --- prefixes ---------------------------------------------------------------------------------------------------------

INNER = PREFIX + DETECTED.format("eth1", "192.168.50.12/24")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "2025-01-01T00:00:00.000000000Z stdout F ",
        "2025-01-01T00:00:00.000000000+02:00 stderr F ",
        "2025-01-01T00:00:00.000000000Z ",
        "2025-01-01_00:00:00.12345 ",
        "[pod/calico-node-abcde/calico-node] ",
        "[pod/calico-node-abcde/calico-node] 2025-01-01T00:00:00.000000000Z ",
        "calico-node-abcde calico-node │ ",
        "calico-system calico-node-abcde calico-node | ",
        "Jan 01 00:00:00 worker-2 docker[123]: ",
        "2025-01-01T00:00:00+0000 worker-2 dockerd[1]: ",
    ],
)
def test_prefixes_are_seen_through(before):
    text = f"{before}{INNER}\n{before}bird: Mesh_10_0_0_1: State changed to up\n"
    parsed = read(text)
    assert [(f.event, f.component, f.time) for f in parsed.facts] == [
        ("address-autodetected", "startup", "2025-01-01 10:00:00.000"),
        ("bird-protocol-state", "bird", None),
    ]
    assert parsed.gaps == ()
    assert [f.evidence.text for f in parsed.facts] == [quote(line) for line in text.splitlines()]
    assert calico_log.recognizes(text)


def test_docker_json_lines_are_seen_through_and_their_parts_joined():
    logs = [INNER[:40], INNER[40:] + "\n", "bird: Started\n"]
    text = "\n".join(json.dumps({"log": log, "stream": "stdout", "time": "2025-01-01T00:00:00Z"}) for log in logs)
    assert [(f.event, f.evidence.line) for f in read(text).facts] == [("address-autodetected", 1), ("bird-started", 3)]


def test_the_parts_of_a_cri_line_are_joined_within_their_stream():
    time = "2025-01-01T00:00:00.000000000Z"
    text = "\n".join(
        [
            f"{time} stdout P {INNER[:70]}",
            f"{time} stderr F bird: Started",
            f"{time} stdout P {INNER[70:80]}",
            f"{time} stdout F {INNER[80:]}",
        ]
    )
    assert [(f.event, f.evidence.line) for f in read(text).facts] == [("address-autodetected", 1), ("bird-started", 2)]
    cut = read(f"{time} stdout P {INNER[:70]}\n")
    assert cut.facts == ()
    assert [(g.kind, g.line) for g in cut.gaps] == [(GapKind.TRUNCATED, 1)]


def test_lines_of_old_versions_have_no_component():
    fact = read("2018-10-19 06:41:19.968 [INFO][10] startup.go 564: Using node name: ai\n").facts[0]
    assert (fact.component, fact.level, fact.time) == (None, "INFO", "2018-10-19 06:41:19.968")


# --- owner ------------------------------------------------------------------------------------------------------------


def test_the_owner_is_the_node_that_the_log_names():
    names = ("Determined node name: w-2", "Using node name: w-2", "Starting node w-2 with version v3.28.5")
    assert read("\n".join(PREFIX + name for name in names)).owner == "w-2"
    assert read(PREFIX + "Early log level set to info").owner is None


def test_a_log_that_names_two_nodes_has_no_owner():
    parsed = read(f"{PREFIX}Using node name: w-1\n{PREFIX}Using node name: w-2\n")
    assert parsed.owner is None
    assert [(g.kind, g.message) for g in parsed.gaps] == [
        (GapKind.CONTRADICTED, "the log names 2 nodes: w-1, w-2"),
    ]


# --- repeats ----------------------------------------------------------------------------------------------------------


def detected(number, address):
    minute = f"2025-01-01 10:{number:02}:00.000"
    return f"{minute} [INFO][87] monitor-addresses/autodetection_methods.go 103: " + DETECTED.format("eth1", address)


def test_of_a_run_of_equals_the_first_and_the_last_stay_and_every_change():
    addresses = ["10.0.0.1/24"] * 5 + ["10.9.0.1/24"] + ["10.0.0.1/24"] * 2
    text = "\n".join(detected(n, address) for n, address in enumerate(addresses))
    facts = read(text).facts
    assert [(f.evidence.line, f.values["address"], f.values.get("count")) for f in facts] == [
        (1, "10.0.0.1/24", None),
        (5, "10.0.0.1/24", "5"),
        (6, "10.9.0.1/24", None),
        (7, "10.0.0.1/24", None),
        (8, "10.0.0.1/24", "2"),
    ]
    assert facts[1].time == "2025-01-01 10:04:00.000"


def test_the_families_and_the_components_run_apart():
    other = "Using autodetected IPv6 address on interface eth1: fd00::1/64"
    text = "\n".join([detected(0, "10.0.0.1/24"), PREFIX + other, INNER, detected(1, "10.0.0.1/24"), PREFIX + other])
    assert [f.evidence.line for f in read(text).facts] == [1, 2, 3, 4, 5]
    assert [f.values.get("count") for f in read(text).facts] == [None, None, None, "2", "2"]


def test_a_changing_port_is_no_change():
    ports = [f"bird: BGP: Unexpected connect from unknown address 10.0.0.7 (port {n})" for n in range(40000, 40100)]
    facts = read("\n".join(ports)).facts
    assert [(f.values["port"], f.values.get("count")) for f in facts] == [("40000", None), ("40099", "100")]


def test_probe_texts_in_a_log_are_events_and_repeats_of_them_are_counted():
    facts = read("\n".join([BGP + "10.0.0.1"] * 50 + [BGP + "10.0.0.2"])).facts
    assert [(f.values["peers"], f.values.get("count"), f.evidence.line) for f in facts] == [
        ("10.0.0.1", None, 1),
        ("10.0.0.1", "50", 50),
        ("10.0.0.2", None, 51),
    ]


def test_a_flapping_session_costs_no_more_than_the_limit_and_its_last_state_is_kept(monkeypatch):
    monkeypatch.setattr(calico_log, "MOST_EVENTS", 10)
    states = ["start", "feed", "up"] * 20 + ["down"]
    parsed = read("\n".join(f"bird: Mesh_10_0_0_1: State changed to {state}" for state in states))
    assert len(parsed.facts) == 11
    assert parsed.facts[-1].values["state"] == "down"
    assert parsed.facts[-1].evidence.line == len(states)
    assert [(g.kind, g.message) for g in parsed.gaps] == [
        (GapKind.REFUSED, "50 more events bird-protocol-state were counted and not kept"),
    ]


# --- lines that are no events -----------------------------------------------------------------------------------------


def test_ordinary_lines_and_what_belongs_to_them_are_passed_over():
    text = "\n".join(
        [
            PREFIX + "Nothing that matters here",
            "2025-01-01 10:00:00.000 [INFO][1] cni-installer/<nil> <nil>: CNI plugin version is v3.28.5",
            "bird: kernel1: something new",
            "W0105 12:00:00.000000      45 reflector.go:324] failed to list",
            'time="2025-01-01T10:00:00Z" level=info msg="Running as a Kubernetes pod"',
            "panic: runtime error",
            "",
            "goroutine 1 [running]:",
            "main.main()",
            "\t/go/src/main.go:12 +0x1d",
        ]
    )
    assert read(text) == calico_log.Parsed(())


def test_a_line_without_a_known_prefix_is_a_gap_and_so_is_what_follows_it():
    parsed = read(f"{INNER}\nsomething else\n  more of it\nbird: Started\nerror: unable to upgrade connection: no\n")
    assert [(g.line, g.kind) for g in parsed.gaps] == [
        (2, GapKind.NOT_UNDERSTOOD),
        (3, GapKind.NOT_UNDERSTOOD),
        (5, GapKind.COLLECTOR_ERROR),
    ]
    assert len(parsed.facts) == 2


def test_hidden_values_are_left_out_and_said_so():
    text = (
        f"{PREFIX}{DETECTED.format('eth1', '***HIDDEN***/24')}\n{PREFIX}Using node name: ***TOKEN_HOST_0A***\n"
        f"{BGP}***HIDDEN***,***HIDDEN***\n{PREFIX}Nothing about ***HIDDEN***\n"
    )
    parsed = read(text)
    assert [(f.event, dict(f.values)) for f in parsed.facts] == [
        ("address-autodetected", {"family": "4", "interface": "eth1", "method": "first-found"}),
        ("node-name", {}),
        ("bgp-not-established", {}),
    ]
    assert parsed.owner is None
    assert [(g.line, g.kind) for g in parsed.gaps] == [(n, GapKind.REDACTED) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-01-01 10:00:00 INFO server started\n",
        "2025-01-01T10:00:00Z stdout F [INFO] plugin/reload: Running configuration\n",
        "default via 10.0.0.1 dev eth0\n",
        "  Warning  Unhealthy  2m  kubelet  Readiness probe failed: " + INNER,
        "bird: one line alone\nother\n",
        (
            "name     proto    table    state  since       info\n"
            "Mesh_10_0_0_1 BGP      master   up     10:00:00    Established\n"
        ),
        "Calico process is running.\n",
    ],
)
def test_other_texts_are_not_recognized(text):
    assert not calico_log.recognizes(text)


def test_runits_texts_are_recognized():
    assert calico_log.recognizes("Calico node failed to start\n")


# --- properties -------------------------------------------------------------------------------------------------------

KNOWN = st.sampled_from([line_of(rule) for rule in RULES])
ORDINARY = st.sampled_from([PREFIX + "nothing", "bird: nothing", ""])
UNKNOWN = st.sampled_from(["what is this", "10.0.0.1 dev eth0", "name proto", "x: y"])
FRAGMENTS = st.sampled_from(
    ["bird: ", PREFIX, '{"log":', "2025-01-01T00:00:00Z stdout P ", "[pod/a/b] ", "***HIDDEN***"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), FRAGMENTS, KNOWN, st.just("\n")), max_size=20).map("".join))
def test_no_text_raises_and_every_quote_can_be_read_again(text):
    calico_log.recognizes(text)
    classify(text)
    lines = text.split("\n")
    for fact in read(text).facts:
        assert fact.evidence.text == quote(lines[fact.evidence.line - 1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            KNOWN.map(lambda x: ("known", x)),
            ORDINARY.map(lambda x: ("ordinary", x)),
            UNKNOWN.map(lambda x: ("unknown", x)),
        ),
        max_size=30,
    )
)
def test_every_line_is_an_event_or_counted_or_ordinary_or_a_gap(lines):
    parsed = read("\n".join(line for _, line in lines))
    # The last of a run carries its length, and the first stands beside it.
    singles = sum("count" not in f.values for f in parsed.facts)
    repeated = sum(int(f.values["count"]) - 1 for f in parsed.facts if "count" in f.values)
    assert singles + repeated == sum(kind == "known" for kind, _ in lines)
    listed = len([g for g in parsed.gaps if g.line])
    counted = sum(int(g.message.split()[0]) for g in parsed.gaps if "more lines" in g.message)
    assert listed + counted == sum(kind == "unknown" for kind, _ in lines)
