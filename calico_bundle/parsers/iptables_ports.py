"""Rules of the filter table that refuse a TCP port, out of `iptables-save`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from calico_bundle.evidence import Evidence, quote
from calico_bundle.facts import PortRuleFact
from calico_bundle.parsers.lines import output_lines

_REFUSING = (" -j DROP", " -j REJECT")
_PORTS = ("--dport", "--dports", "--sport", "--sports")
_OF_SERVICES = "-A KUBE-"
"""Chains in which kube-proxy refuses services without endpoints: they say nothing of the node's own ports."""


def refused_ports(text: str, path: str) -> Iterator[PortRuleFact]:
    """The rules that refuse TCP ports; whether a rule before them lets a packet through is not looked at.

    >>> rule = "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 179 -j DROP"
    >>> [fact.ports for fact in refused_ports(f"*filter\\n{rule}\\nCOMMIT\\n", "n1")]
    [('179',)]
    """
    if not any(word in text for word in _REFUSING) or "port" not in text:
        return
    table = ""
    for number, line in output_lines(text):
        if line.startswith("*"):
            table = line[1:].strip()
        elif table == "filter" and "port" in line and "-p tcp" in line and any(word in line for word in _REFUSING):
            fact = _rule(line[line.find("-A ") :], Evidence(path, number, quote(line)))
            if fact is not None:
                yield fact


def _rule(rule: str, evidence: Evidence) -> PortRuleFact | None:
    try:
        words = shlex.split(rule)
        options = {word: words[at + 1] for at, word in enumerate(words[:-1]) if words[at - 1] != "!"}
        ports = tuple(port for name in _PORTS for port in options.get(name, "").split(",") if port)
        if rule.startswith(_OF_SERVICES) or not ports:
            return None
        source, destination = _network(options.get("-s")), _network(options.get("-d"))
        return PortRuleFact(words[1], source, destination, ports, options["-j"], evidence)
    except (ValueError, IndexError, KeyError):
        return None


def _network(text: str | None) -> IPv4Network | IPv6Network | None:
    return ip_network(text, strict=False) if text else None
