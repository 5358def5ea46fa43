"""`birdc show route` and `show route all`: what BIRD learned, from whom, and which route it prefers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, BGPRouteFact, Network
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import bird_lines, is_bird_error, is_redacted

# BIRD 1.6 nest/rt-table.c rt_show_rte: "%-18s %s [%s %s%s]%s%s"; the network is left blank on further paths to it.
# The parentheses are proto/bgp/attrs.c bgp_get_route_info; OSPF and RIP print theirs in the same place.
_PATH = re.compile(
    r"""(?x)
    (?P<network>\S+)? \s+
    (?: via \s (?P<gateway>\S+) \s on \s (?P<via_device>\S+) | dev \s (?P<device>\S+)
      | (?P<other>blackhole|unreachable|prohibited|multipath) )
    \s \[ (?P<protocol>\S+) \s (?P<time>[^\]]*?) (?: \s? from \s (?P<from>[^\]\s]+) )? \]
    (?: \s (?P<mark>[*!]) )?
    (?: \s [A-Z]\w* )?
    \s \( (?P<preference>\d{1,9}) (?P<flags>[-s]*) (?: / (?P<metric>[^)]*) )? \)
    (?: \s \[ [^\]]* \] )? $"""
)
_NEXT_HOP = re.compile(r"\s+via (?P<gateway>\S+) on (?P<device>\S+) weight \d+$")
# `show route all`: Type, and one line for each attribute; values of lists go on with two tabs.
_ATTRIBUTE = re.compile(r"\s+[A-Za-z][\w.]*(?: \[[^\]]*\])?:|\t\t\s*\S")
_COUNT = re.compile(r"\d+ of \d+ routes for \d+ networks")
_GREETING = re.compile(r"^(?:0001 )?BIRD \S+ ready\.", re.MULTILINE)
_BEGINS = re.compile(
    r"^(?:\d{4}-| )?[0-9a-fA-F.:]+/\d{1,3}\s+(?:via \S+ on \S+|dev \S+|blackhole|unreachable|prohibited|multipath)"
    r" \[\S+ [^\]]*\]",
    re.MULTILINE,
)


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is `show route`.

    >>> recognizes("10.244.2.0/26      blackhole [static1 23:29:00] * (200)\n")
    True
    >>> recognizes("blackhole 10.244.2.0/26 proto bird\n")
    False
    """
    return " [" in head and bool(_BEGINS.search(head))


def parse(text: str, path: str) -> Parsed:
    r"""Read BIRD's routes: one fact for each path to a network, in the order printed.

    A multipath route gives one fact of kind `multipath` for each of its next hops (their weights are not kept); with
    no next hop printed, one without gateway and device. A route that BIRD could not sync to the kernel (marked `!`)
    is its best one all the same. Attribute lines of `show route all` add nothing that a column holds.

    >>> r = parse("10.244.1.0/26  via 10.0.1.1 on ens18 [Mesh_10_0_1_11 23:29:00] * (100/?) [i]\n", "r.txt").facts[0]
    >>> str(r.gateway), r.best, r.preference, r.metric
    ('10.0.1.1', True, 100, '?')
    """
    reader = _Reader(path)
    for number, line, printed in bird_lines(text):
        reader.read(line, number, printed)
    reader.end_multipath()
    if not reader.facts and not reader.gaps.count and not _GREETING.search(text):
        reader.gaps.add(None, "", why="no routes in it, and no greeting of BIRD either")
    return Parsed(tuple(reader.facts), reader.gaps.result())


@dataclass(frozen=True, slots=True)
class _Printed:
    """A path as printed: its match, the network it leads to, and the line to quote."""

    found: re.Match[str]
    network: Network
    evidence: Evidence


class _Reader:
    """The state between lines: the network of further paths, and the multipath route whose next hops follow."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.gaps = LineGaps(path)
        self.facts: list[BGPRouteFact] = []
        self._network: Network | None = None
        self._multipath: _Printed | None = None
        self._evidence = Evidence(path, None, "")
        self._next_hops = 0
        self._in_route = False

    def read(self, line: str, number: int, printed: str) -> None:
        """Take one line: its text, its number, and the line as it stands, to quote."""
        self._evidence = Evidence(self.path, number, quote(printed))
        if self._multipath and (hop := _NEXT_HOP.match(line)) and self._take_next_hop(hop):
            return
        if found := _PATH.match(line):
            self.end_multipath()
            self._in_route = self._take_path(found)
            if self._in_route:
                return
        elif (self._in_route and _ATTRIBUTE.match(line)) or _COUNT.match(line):
            return
        elif not line[:1].isspace():
            # Paths that follow belong to the network of this line, which is not known.
            self.end_multipath()
            self._network, self._in_route = None, False
        self._gap(number, line)

    def end_multipath(self) -> None:
        """A multipath route that came without next hops is a route all the same."""
        if self._multipath and not self._next_hops:
            self._add(self._multipath, None, None)
        self._multipath, self._next_hops = None, 0

    def _take_path(self, found: re.Match[str]) -> bool:
        if found["network"]:
            self._network = _network(found["network"])
        gateway, learned_from = _address(found["gateway"]), _address(found["from"])
        unread = (found["gateway"] and not gateway) or (found["from"] and not learned_from)
        if self._network is None or unread:
            return False
        if found["other"] == "multipath":
            self._multipath = _Printed(found, self._network, self._evidence)
        else:
            device = found["via_device"] or found["device"]
            self._add(_Printed(found, self._network, self._evidence), gateway, device)
        return True

    def _take_next_hop(self, hop: re.Match[str]) -> bool:
        gateway = _address(hop["gateway"])
        if self._multipath is None or gateway is None:
            return False
        self._add(replace(self._multipath, evidence=self._evidence), gateway, hop["device"])
        self._next_hops += 1
        return True

    def _add(self, printed: _Printed, gateway: Address | None, device: str | None) -> None:
        found = printed.found
        self.facts.append(
            BGPRouteFact(
                destination=printed.network,
                kind=found["other"] or ("via" if found["gateway"] else "dev"),
                gateway=gateway,
                device=device,
                protocol=found["protocol"],
                learned_from=_address(found["from"]),
                best=found["mark"] is not None,
                preference=int(found["preference"]),
                metric=found["metric"],
                stale="s" in found["flags"],
                evidence=printed.evidence,
            )
        )

    def _gap(self, number: int, line: str) -> None:
        if is_redacted(line):
            self.gaps.add(number, line, kind=GapKind.REDACTED, why="route hidden by the collector")
        else:
            self.gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR if is_bird_error(line) else None)


def _address(text: str | None) -> Address | None:
    """An address, without the interface that a link-local one has after a percent sign."""
    try:
        return ip_address((text or "").partition("%")[0])
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


PARSER = Parser(kind="bird-routes", recognizes=recognizes, parse=parse, rank=40)
