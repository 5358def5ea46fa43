"""Each text of calico-node and of its probes that is known, and its other wordings."""

import re

import pytest

from calico_bundle.parsers.calico_log_rules import RULES, classify
from calico_bundle.parsers.calico_log_rules.daemons import BIRD
from calico_bundle.parsers.calico_log_rules.health import PROBES
from calico_bundle.parsers.calico_log_rules.rule import KEY_LENGTH, PROTOCOL
from tests.parsers.calico_log_texts import BGP, PREFIX, line_of, messages_read, read

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
    ("felix-tunnel-failed", {"error": "failed to create vxlan interface: file exists"}),
    ("felix-vni-taken", {}),
    ("felix-vtep-changed", {"interface": "vxlan.calico", "wanted": "192.168.50.12", "existing": "10.0.1.12"}),
    ("felix-tunnel-recreated", {"interface": "vxlan.calico", "reason": "port: 4789 vs 8472"}),
    ("felix-vtep-missing", {"node": "worker-2"}),
    ("felix-vtep-sent", {"node": "worker-2"}),
    ("felix-loose-filter-refused", {}),
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
        (
            "Failed configure IPIP tunnel device, retrying... error=exit status 1",
            "felix-tunnel-failed",
            {"error": "exit status 1"},
        ),
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
