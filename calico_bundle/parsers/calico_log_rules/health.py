"""What calico-node's probes say: in the pod's events, and in logs. Each text may stand anywhere in the message."""

from __future__ import annotations

from calico_bundle.parsers.calico_log_rules.rule import Rule

_HEALTH = "node/pkg/health/health.go"
_BIRD = "node/pkg/health/bird/bird.go"
_NOT_READY = r"calico/node is not ready: "
_BIRD_NOT_READY = _NOT_READY + r"BIRD(?P<family>6)? is not ready: "
# Where kubelet joined the probe's outputs, the next log line follows the last address without a blank
# (10.3.67.932019-10-02 14:51:02.472, seen in a public issue): its date ends the list.
_END_OF_LIST = r"(?=\d{4}-\d\d-\d\d[ T]\d\d:\d\d|[^0-9A-Fa-f.:,%]|$)"

COMPANION = (
    Rule(
        "bgp-established-count",
        r"Number of node\(s\) with BGP peering established = (?P<established>\d+)",
        "how many sessions are up; the probe writes it beside its verdict",
        _HEALTH,
        "Number of node(s) with BGP peering established = 1",
        starts=("Numbe",),
    ),
    Rule(
        "runtime-health-failed",
        r"Runtime health check failed\b(?!.*calico/node is not ready)",
        "calico-node found itself unhealthy while running (v3.33 and later)",
        "node/pkg/lifecycle/startup/startup.go",
        'Runtime health check failed failures=1 reason="no health checks specified"',
    ),
)

PROBES = (
    Rule(
        "bgp-not-established",
        _BIRD_NOT_READY + r"BGP not established with\s+(?P<peers>[0-9A-Fa-f.:,%]+?)" + _END_OF_LIST,
        "these peers have no session; after the first 30 seconds of calico-node: not one session is up",
        _HEALTH,
        "calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,10.0.0.2",
    ),
    Rule(
        "bird-graceful-restart-in-progress",
        _BIRD_NOT_READY + r"graceful restart in progress",
        "BIRD still holds routes back after its start",
        _HEALTH,
        "calico/node is not ready: BIRD is not ready: graceful restart in progress",
    ),
    Rule(
        "bird-socket-unreachable",
        _NOT_READY
        + r"BIRD6? is not ready: (?i:error) querying BIRD: unable to connect to BIRDv(?P<family>[46]) socket: "
        r"(?P<error>[^\n]*)",
        "BIRD does not run, or not yet",
        _BIRD,
        "calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial "
        "unix /var/run/calico/bird.ctl: connect: connection refused",
    ),
    Rule(
        "nodename-file-missing",
        _BIRD_NOT_READY + r"(?i:failed) to stat\(\) nodename file: (?P<error>[^\n]*)",
        "start-up has not finished: it writes this file",
        _HEALTH,
        "calico/node is not ready: BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: "
        "no such file or directory",
    ),
    Rule(
        "bird-not-ready",
        _BIRD_NOT_READY + r"(?!BGP not established|graceful restart in|(?i:failed) to stat\(\)"
        r"|(?i:error) querying BIRD: unable to connect to BIRDv)(?P<error>[^\n]*)",
        "BIRD is not ready for another reason",
        _HEALTH,
        "calico/node is not ready: BIRD is not ready: Error querying BIRD: EOF",
    ),
    Rule(
        "felix-not-ready",
        _NOT_READY + r"felix is not ready: (?P<error>[^\n]*)",
        "Felix has not programmed the node yet, or does not run",
        _HEALTH,
        "calico/node is not ready: felix is not ready: readiness probe reporting 503",
    ),
    Rule(
        "felix-not-live",
        _NOT_READY + r"Felix is not live: (?P<error>[^\n]*)",
        "Felix hangs, or does not run",
        _HEALTH,
        "calico/node is not ready: Felix is not live: liveness probe reporting 503",
    ),
    Rule(
        "bird-not-live",
        _NOT_READY + r"bird(?P<family>6)?/confd is not live: (?:(?i:service) (?P<service>\S+) is not running\. "
        r"Output << (?P<error>[^\n]*?) >>|(?P<other>[^\n]*))",
        "BIRD or confd does not run",
        _HEALTH,
        "calico/node is not ready: bird/confd is not live: Service bird is not running. Output << down: bird: 1s >>",
    ),
    Rule(
        "bird-not-live",
        _NOT_READY + r"(?:bird(?P<family>6)? is not live: |bad response from bird6?: )(?P<error>[^\n]*)",
        "BIRD does not answer (v3.28 and later)",
        _HEALTH,
        "calico/node is not ready: bird is not live: exit status 1",
    ),
)
