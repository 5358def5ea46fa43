"""Rules of the nat table that lookups meet before those for services. No parser of its own.

Source: iptables(8): the first rule that matches and ends the walk through a chain decides, and a packet that no rule of
the nat table translates by then is not translated at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from calico_bundle.facts import Address
from calico_bundle.numbers import whole_number
from calico_bundle.parsers.iptables_tables import Line, SavedTable
from calico_bundle.parsers.service_chains import DNS_PORT

_COMMENT = re.compile(r' --comment (?:"(?:[^"\\]|\\.)*"|\S+)')
_RULE = re.compile(r"-A (?P<chain>\S+)(?P<match>.*?) -[jg] (?P<target>\S+)")
_PROTOCOL = re.compile(r"(?P<no>! )?-p (?P<name>\S+)")
_PORTS = re.compile(r"(?P<no>! )?--d(?:estination-)?ports? (?P<ports>\S+)")
_DESTINATION = re.compile(r"(?P<no>! )?-d (?P<network>\S+)")
_TO_ITSELF = re.compile(r"(?<!! )--dst-type LOCAL(?![\w,])")
_UDP = frozenset({"udp", "17", "all"})
_TAKES = frozenset({"DNAT", "REDIRECT", "NETMAP", "ACCEPT"})
_BACK = "RETURN"
_MOST_CHAINS = 1_000


class _Rule(NamedTuple):
    """A rule that lookups may match: its line, its chain, and where they go then."""

    line: Line
    chain: str
    target: str


def taken_before(table: SavedTable, hook: str, addresses: Collection[Address]) -> Line | None:
    """The first rule that may take lookups to these addresses before a hook's jump to the rules for services.

    Rules that are for other packets are passed over: of another protocol, port or address, or to the machine itself. Without
    an address, any may be the one.

    >>> table = SavedTable("nat", (1, "*nat"), None, None, None)
    >>> table.others.append((2, "-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.1:53"))
    >>> taken_before(table, "PREROUTING", ())[0]
    2
    """
    jump = next((number for number, _ in table.chains.get(hook, ())), None)
    rules: dict[str, list[_Rule]] = {}
    for rule in _matched(table.others, addresses):
        rules.setdefault(rule.chain, []).append(rule)
    first = [rule for rule in rules.get(hook, ()) if jump is None or rule.line[0] < jump]
    return next((rule.line for rule in first if rule.target == _BACK or _takes(rule, rules)), None)


def _takes(rule: _Rule, rules: dict[str, list[_Rule]]) -> bool:
    """Whether a rule, or one of a chain that it leads to, ends a lookup's walk."""
    seen: set[str] = set()
    waiting = [rule]
    while waiting and len(seen) < _MOST_CHAINS:
        target = waiting.pop().target
        if target in _TAKES:
            return True
        if target not in seen:
            seen.add(target)
            waiting += rules.get(target, ())
    return False


def _matched(lines: Sequence[Line], addresses: Collection[Address]) -> Iterator[_Rule]:
    for line in lines:
        found = _RULE.search(_COMMENT.sub("", line[1]))
        if found and _may_match(found["match"], addresses):
            yield _Rule(line, found["chain"], found["target"])


def _may_match(match: str, addresses: Collection[Address]) -> bool:
    protocol, ports, to = _PROTOCOL.search(match), _PORTS.search(match), _DESTINATION.search(match)
    if protocol and (protocol["name"] in _UDP) == bool(protocol["no"]):
        return False
    if ports and not ports["no"] and not any(map(_has_dns, ports["ports"].split(","))):
        return False
    if _TO_ITSELF.search(match):
        return False
    return not to or bool(to["no"]) or not addresses or any(_holds(to["network"], address) for address in addresses)


def _has_dns(ports: str) -> bool:
    """Whether one port or range of ports has that of DNS; what cannot be read may."""
    first, _, last = ports.partition(":")
    low, high = whole_number(first), whole_number(last or first)
    return low is None or high is None or low <= DNS_PORT <= high


def _holds(network: str, address: Address) -> bool:
    try:
        return address in ip_network(network, strict=False)
    except ValueError:
        return True
