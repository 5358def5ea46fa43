"""What the rules of a machine's filter table do with a packet: let it pass, drop it, or either.

Source: iptables(8) and iptables-extensions(8): the first rule that applies and ends the packet's way decides, else the
chain's policy. What a condition means that is not read here is not known: with it both may happen. Calico's and
kube-proxy's own chains drop by policies and services alone, which are judged elsewhere; packets that policies let through
are accepted behind cali-FORWARD (felix rules/static.go: "Policy explicitly accepted packet").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from typing import TypeAlias

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, FilterRule, FilterTableFact

PASS, DROP = "pass", "drop"
_ON, _BACK = "on", "back"
_DROPPING = frozenset({"DROP", "REJECT"})
_GOES_ON = frozenset(
    {
        "LOG",
        "NFLOG",
        "ULOG",
        "MARK",
        "CONNMARK",
        "CT",
        "NOTRACK",
        "TCPMSS",
        "CLASSIFY",
        "SET",
        "TRACE",
        "CHECKSUM",
        "DSCP",
        "TOS",
        "TTL",
        "SECMARK",
        "CONNSECMARK",
    }
)
_MANAGED = ("cali-", "KUBE-")
_LISTED = frozenset({"cali-FORWARD", "cali-INPUT", "cali-OUTPUT"})
_MOST_DEPTH = 20
_PROTOCOLS = {"udp": "udp", "17": "udp", "tcp": "tcp", "6": "tcp", "4": "ipip", "ipencap": "ipip", "ipv4": "ipip"}
_LAST_PORT = 65535
_NODES_SETS = frozenset({"cali40all-hosts-net", "cali40all-vxlan-net"})
"""Felix's sets of the nodes' addresses, which tunnels come from."""
_NOT_BETWEEN_NODES = ("docker", "virbr", "lxdbr", "podman", "cni-podman")


Ports: TypeAlias = tuple[int, int]
"""The first and the last port of those that a packet may have."""

ASKERS_PORTS: Ports = (1024, 65535)
"""Resolvers ask from any port that is not privileged (ip(7): ip_local_port_range)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A packet as a filter chain meets it; None stands for what is not known.

    `comes_from_pod` and `goes_to_pod` say whether it comes in, or goes out, by the cable of a pod: None where it does neither
    (made or taken by the machine itself). `sources` and `destinations` are the addresses that it may have.
    """

    chain: str
    protocol: str | None
    sources: tuple[Address, ...] = ()
    destinations: tuple[Address, ...] = ()
    source_ports: Ports | None = None
    destination_ports: Ports | None = None
    is_new: bool | None = True
    comes_from_pod: bool | None = None
    goes_to_pod: bool | None = None
    between_nodes: bool = False

    @property
    def is_of_pod(self) -> bool:
        """Whether policies of pods decide on it."""
        return bool(self.comes_from_pod or self.goes_to_pod)


@dataclass(frozen=True, slots=True)
class Filtered:
    """What may become of a packet, each with the rule that first led to it."""

    found: Mapping[str, Evidence | None]

    @property
    def dropped(self) -> bool | None:
        """Whether it is dropped; None where it may be."""
        return (len(self.found) == 1 or None) if DROP in self.found else False

    @property
    def line(self) -> Evidence | None:
        """The rule that drops it."""
        return self.found.get(DROP)


class FilterTable:
    """One filter table, ready to be asked.

    >>> table = FilterTable(FilterTableFact(True, None, (), Evidence("n1", 1, "*filter")), lambda name: False)
    >>> table.meets(Probe("FORWARD", "udp")).dropped
    False
    """

    def __init__(self, fact: FilterTableFact, is_cable: Callable[[str], bool]) -> None:
        self.fact, self._is_cable = fact, is_cable
        self._chains: dict[str, list[FilterRule]] = {}
        for rule in fact.rules:
            self._chains.setdefault(rule.chain, []).append(rule)

    @property
    def may_drop(self) -> bool:
        """Whether anything in it drops."""
        return any(rule.jump in _DROPPING for rule in self.fact.rules)

    def networks(self) -> Iterator[IPv4Network]:
        """The networks that its rules tell apart."""
        for rule in self.fact.rules:
            for option, value in zip(rule.matches, rule.matches[1:], strict=False):
                yield from (_networks(value) or ()) if option in ("-s", "-d") else ()

    def meets(self, probe: Probe) -> Filtered:
        """What becomes of a packet."""
        found = self._through(probe.chain, probe, 0)
        for way in (_ON, _BACK):
            if way in found:
                found.setdefault(PASS, found.pop(way))
        if not self.fact.whole:
            found.setdefault(PASS, None)
        return Filtered(found)

    def _through(self, chain: str, probe: Probe, depth: int) -> dict[str, Evidence | None]:
        """The ends that a packet may have in a chain, or that it comes out of it again."""
        found: dict[str, Evidence | None] = {}
        for rule in self._chains.get(chain, ()):
            applies = self._applies(rule, probe)
            if applies is False:
                continue
            ends = self._ends(rule, probe, depth)
            for end, line in ends.items():
                if end not in (_ON, _BACK):
                    found.setdefault(end, line)
            if _BACK in ends:
                found.setdefault(_ON, None)
            if applies and _ON not in ends:
                return found
        return {**found, _ON: None}

    def _ends(self, rule: FilterRule, probe: Probe, depth: int) -> dict[str, Evidence | None]:
        jump, line = rule.jump, rule.evidence
        if jump is None or jump in _GOES_ON:
            return {_ON: None}
        if jump == "ACCEPT":
            return {PASS: line}
        if jump == "RETURN":
            return {_BACK: None}
        if jump in _DROPPING:
            return {_ON: None} if rule.chain.startswith(_MANAGED) else {DROP: line}
        if jump in self._chains and depth < _MOST_DEPTH:
            return self._through(jump, probe, depth + 1)
        # Calico's inner chains accept some packets of their own; those of kube-proxy, and empty ones, accept none.
        return {_ON: None, PASS: line} if jump.startswith("cali-") and jump not in _LISTED else {_ON: None}

    # --- conditions -------------------------------------------------------------------------------------------------

    def _applies(self, rule: FilterRule, probe: Probe) -> bool | None:
        """Whether a rule is for a packet; None where that is not known."""
        if probe.is_of_pod and rule.jump == "ACCEPT" and _is_policys(rule):
            return True
        found: set[bool | None] = set()
        for option, value, inverted in _options(rule):
            holds = self._holds(option, value, probe)
            found.add(holds if holds is None else holds is not inverted)
        return False if False in found else None if None in found else True

    def _holds(self, option: str, value: str, probe: Probe) -> bool | None:
        if option in ("-i", "-o"):
            return self._by_interface(value, probe.comes_from_pod if option == "-i" else probe.goes_to_pod)
        if option == "-p":
            return _is_protocol(value, probe.protocol)
        if option in ("-s", "-d"):
            return _within(value, probe.sources if option == "-s" else probe.destinations)
        if option in ("--dport", "--dports", "--sport", "--sports"):
            return _is_port(value, probe.destination_ports if option.startswith("--d") else probe.source_ports)
        if option in ("--ctstate", "--state"):
            return _is_state(value, is_new=probe.is_new)
        if option == "--match-set":
            return True if probe.between_nodes and value in _NODES_SETS else None
        if option == "--dst-type" and value == "LOCAL":
            return probe.chain == "INPUT"
        return None

    def _by_interface(self, pattern: str, is_pods: bool | None) -> bool | None:
        if is_pods is None:
            return False
        if pattern == "+":
            return True
        if pattern == "lo" or pattern.startswith(_NOT_BETWEEN_NODES):
            return False
        if not self._is_cable(pattern):
            return None if pattern.endswith("+") else (False if is_pods else None)
        return (True if pattern.endswith("+") else None) if is_pods else False


def _is_policys(rule: FilterRule) -> bool:
    """Whether a rule accepts what Calico's policies let through: by its mark, with Felix's own comment."""
    comments = [value for option, value, _ in _options(rule, comments=True) if option == "--comment"]
    return any(one.startswith("cali:") for one in comments) and "--mark" in rule.matches


def _options(rule: FilterRule, *, comments: bool = False) -> Iterator[tuple[str, str, bool]]:
    """The conditions of a rule: option, value, and whether it is inverted."""
    words: Sequence[str] = rule.matches
    for at, word in enumerate(words):
        if not word.startswith("-") or (at and words[at - 1] in ("--comment", "-m")):
            continue
        if word == "-m" or (word == "--comment" and not comments):
            continue
        value = words[at + 1] if at + 1 < len(words) else ""
        yield word, value, at > 0 and words[at - 1] == "!"


def _is_protocol(value: str, protocol: str | None) -> bool | None:
    if value in ("all", "0"):
        return True
    if protocol is None:
        return None if _PROTOCOLS.get(value.lower()) in ("udp", "tcp") else False
    return _PROTOCOLS.get(value.lower()) == protocol


def _networks(value: str) -> list[IPv4Network] | None:
    try:
        return [
            network for one in value.split(",") if isinstance(network := ip_network(one, strict=False), IPv4Network)
        ]
    except ValueError:
        return None


def _within(value: str, addresses: Sequence[Address]) -> bool | None:
    networks = _networks(value)
    if networks is None:
        return None
    found = {any(address in network for network in networks) for address in addresses}
    return found.pop() if len(found) == 1 else None


def _is_port(value: str, ports: Ports | None) -> bool | None:
    if ports is None:
        return None
    try:
        listed = [[int(end or _LAST_PORT) for end in one.split(":")] for one in value.split(",")]
    except ValueError:
        return None
    first, last = ports
    if any(ends[0] <= first and last <= ends[-1] for ends in listed):
        return True
    return None if any(ends[0] <= last and first <= ends[-1] for ends in listed) else False


def _is_state(value: str, *, is_new: bool | None) -> bool | None:
    """The first packet of a lookup is NEW and its answer ESTABLISHED; both have been translated."""
    states = set(value.split(","))
    possible = {True: ("NEW",), False: ("ESTABLISHED",), None: ("NEW", "ESTABLISHED")}[is_new]
    found = {bool(states & {state, "DNAT"}) for state in possible}
    return found.pop() if len(found) == 1 else None
