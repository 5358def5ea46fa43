"""Lines of calico-node logs made by hand, and what is read of them."""

from calico_bundle.parsers import calico_log
from calico_bundle.parsers.calico_log_rules.daemons import BIRD

PREFIX = "2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: "
DETECTED = "Using autodetected IPv4 address on interface {}: {}"
BGP = "calico/node is not ready: BIRD is not ready: BGP not established with "
INNER = PREFIX + DETECTED.format("eth1", "192.168.50.12/24")


def line_of(rule):
    """A rule's example as a line of a log."""
    return f"bird: {rule.example}" if rule in BIRD else PREFIX + rule.example


def read(text):
    return calico_log.parse(text, "calico-node.log")


def messages_read(text):
    return [(fact.event, dict(fact.values)) for fact in read(text).facts]
