"""`ip route`, of one table or of all, IPv4 and IPv6 in one file: routes of a node's kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_network

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, Network, NextHop, RouteFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import (
    IPV4,
    IPV6,
    Command,
    Draft,
    address,
    command_in,
    family_of_path,
    is_hidden,
    nearest_family,
    network,
    note_empty,
    note_other,
    number,
    sample_lines,
)

_TYPE_NAMES = ("unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw")
# `ip -N` prints their numbers, from 1 (RTN_* in linux/rtnetlink.h).
_TYPES = {name: name for name in _TYPE_NAMES} | {str(at): name for at, name in enumerate(_TYPE_NAMES, start=1)}
# IPv6 names a device for these (`unreachable ::/96 dev lo`), yet nothing is sent there.
_NOWHERE = frozenset(("blackhole", "unreachable", "prohibit", "throw"))
_DEFAULT = frozenset(("default", "any", "all"))
_HOP_FLAGS = frozenset(("onlink", "linkdown", "dead", "pervasive"))
_IGNORED_FLAGS = frozenset(
    (
        "offload",
        "offload_failed",
        "rt_offload",
        "trap",
        "rt_trap",
        "unresolved",
        "notify",
        "cloned",
        "redirected",
        "lock",
    )
)
# Read over with their value: they do not change where a packet goes.
_IGNORED_WITH_VALUE = frozenset(
    """advmss age congctl cwnd expires error fastopen_no_cookie features flow hoplimit initcwnd initrwnd ipid mtu nhid
    pref quickack realm realms reordering rto_min rtt rttvar ssthresh ttl-propagate used users window""".split()  # noqa: SIM905
)
# Words that make a line something else than a route that every packet to its destination takes.
_NOT_PLAIN = {
    "from": "this route is for some source addresses only",
    "tos": "this route is for one type of service only",
    "dsfield": "this route is for one type of service only",
    "encap": "this route wraps packets in another protocol",
    "uid": "an answer of `ip route get`, not a route",
    "iif": "a cached or multicast route",
}
_IPV6_ONLY = frozenset(("pref", "expires", "error"))
_EVERYWHERE = {IPV4: ip_network("0.0.0.0/0"), IPV6: ip_network("::/0")}
_TYPE_AND_DESTINATION = 2


@dataclass(slots=True)
class _Draft(Draft):
    """A route while its lines are read; `hops` of a multipath route come from further lines."""

    line_number: int
    line: str
    type: str
    destination: Network | None
    family: int | None
    table: str | None = None
    hops: list[NextHop] = field(default_factory=list)
    gateway: Address | None = None
    device: str | None = None
    flags: tuple[str, ...] = ()
    weight: int = 1
    via_other_family: bool = False
    protocol: str | None = None
    scope: str | None = None
    source: Address | None = None
    metric: int = 0
    unknown_word: str | None = None
    hidden_source: bool = False
    problem_line: tuple[int, str] | None = None

    def end_hop(self) -> None:
        """Put the next hop that was read so far with the others."""
        if self.gateway is not None or self.device is not None:
            self.hops.append(NextHop(self.gateway, self.device, self.flags, self.weight))
        self.gateway, self.device, self.flags, self.weight = None, None, (), 1

    def fact(self, family: int, path: str) -> RouteFact:
        """The finished record."""
        return RouteFact(
            family,
            self.table or "main",
            self.type,
            self.destination or _EVERYWHERE[family],
            () if self.type in _NOWHERE else tuple(self.hops),
            self.protocol,
            self.scope,
            self.source,
            self.metric,
            Evidence(path, self.line_number, quote(self.line)),
        )


def _begin(line_number: int, line: str, words: list[str]) -> _Draft | None:
    """A draft from a line's words; None when the line does not begin like a route."""
    at = 1 if words[0] in _TYPES and len(words) > 1 else 0
    kind = _TYPES[words[0]] if at else "unicast"
    destination = None if words[at] in _DEFAULT else network(words[at])
    draft = _Draft(line_number, line, kind, destination, destination.version if destination else None)
    if destination is None and words[at] not in _DEFAULT:
        if not is_hidden(words[at]):
            return None
        draft.refuse("hidden by the collector", GapKind.REDACTED)
    _read_words(draft, words, at + 1)
    return draft


def _read_words(draft: _Draft, words: list[str], at: int) -> None:
    """Take the words behind a destination (or behind `nexthop`) into the draft."""
    count = len(words)
    while at < count:
        word = words[at]
        at += 1
        if word in _HOP_FLAGS:
            draft.flags = (*draft.flags, word)
        elif word in _IGNORED_FLAGS:
            continue
        elif word == "nexthop":
            draft.end_hop()
        elif word in _NOT_PLAIN:
            draft.refuse(_NOT_PLAIN[word])
            return
        elif word not in _READERS and word not in _IGNORED_WITH_VALUE:
            draft.unknown_word = draft.unknown_word or word
        elif at == count:
            draft.refuse("cut behind the word " + word)
        else:
            at = _read_value(draft, words, word, at)


def _read_value(draft: _Draft, words: list[str], word: str, at: int) -> int:
    """Take the value of one word; the place behind it."""
    value = words[at]
    if value in ("inet", "inet6") and word == "via":
        draft.via_other_family = True
        draft.family = draft.family or (IPV6 if value == "inet" else IPV4)
    if value in ("lock", "inet", "inet6") and at + 1 < len(words):
        at += 1
        value = words[at]
    reader = _READERS.get(word)
    if reader:
        reader(draft, value)
    elif word in _IPV6_ONLY:
        draft.family = draft.family or IPV6
    return at + 1


def _read_via(draft: _Draft, value: str) -> None:
    draft.gateway = address(value)
    if draft.gateway is None:
        draft.refuse(*_why_no_address(value))
    elif not draft.via_other_family:
        draft.family = draft.family or draft.gateway.version
        if draft.family != draft.gateway.version:
            draft.refuse("destination and next hop are of different families")


def _why_no_address(value: str) -> tuple[str, GapKind | None]:
    return ("hidden by the collector", GapKind.REDACTED) if is_hidden(value) else ("next hop not understood", None)


def _read_source(draft: _Draft, value: str) -> None:
    draft.source = address(value)
    if draft.source is not None:
        draft.family = draft.family or draft.source.version
    elif is_hidden(value):
        draft.hidden_source = True
    else:
        draft.unknown_word = draft.unknown_word or value


def _read_scope(draft: _Draft, value: str) -> None:
    draft.scope = value
    # The kernel gives IPv6 routes the scope global only (net/ipv6/route.c, rt6_fill_node).
    if value in ("link", "host"):
        draft.family = draft.family or IPV4


def _read_metric(draft: _Draft, value: str) -> None:
    metric = number(value)
    if metric is None:
        draft.refuse("metric not understood")
    draft.metric = metric or 0


def _read_device(draft: _Draft, value: str) -> None:
    draft.device = value


def _read_protocol(draft: _Draft, value: str) -> None:
    draft.protocol = value


def _read_table(draft: _Draft, value: str) -> None:
    draft.table = value


def _read_weight(draft: _Draft, value: str) -> None:
    draft.weight = number(value) or 1


_READERS = {
    "dev": _read_device,
    "via": _read_via,
    "proto": _read_protocol,
    "scope": _read_scope,
    "src": _read_source,
    "metric": _read_metric,
    "table": _read_table,
    "weight": _read_weight,
}


class _Reader:
    """Goes through the lines of one text and keeps what spans several: multipath routes, commands between the data."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self._path = path
        self._drafts: list[_Draft] = []
        self._open: _Draft | None = None
        self._command = Command("route")
        self._table: str | None = None

    def take(self, line_number: int, line: str) -> None:
        """Read one line."""
        words = (line.replace("\\", " ") if "\\" in line else line).split()
        if not words:
            return
        if self._command.object not in ("route", None) or self._command.network_namespace is not None:
            self._take_other(line_number, line, "another command's output")
        elif words[0] == "nexthop":
            self._take_hop(line_number, line, words)
        elif words[0] == "cache":
            self._take_cache()
        elif words[0] == "nh_info":
            pass  # `ip -d route`: the next-hop object behind `nhid`, whose hops are printed as well.
        elif draft := _begin(line_number, line, words):
            self.close()
            draft.family = draft.family or self._command.family
            draft.table = draft.table or self._table
            self._open = draft
        else:
            self._take_other(line_number, line)

    def _take_hop(self, line_number: int, line: str, words: list[str]) -> None:
        if self._open is None:
            self.gaps.add(line_number, line, why="a next hop without its route")
            return
        before = (self._open.problem, self._open.unknown_word, self._open.hidden_source)
        _read_words(self._open, words, 0)
        if before != (self._open.problem, self._open.unknown_word, self._open.hidden_source):
            self._open.problem_line = (line_number, line)

    def _take_cache(self) -> None:
        # Below an IPv4 route it belongs to `ip route get`; IPv6 kernels before 4.2 list learned exceptions as routes.
        if self._open and self._open.family == IPV4:
            self._open.refuse("a cached route or an answer of `ip route get`, not a route")

    def _take_other(self, line_number: int, line: str, why: str = "line not understood") -> None:
        self.close()
        command = command_in(line)
        header = line.split() if line.rstrip().endswith(":") else []
        if command:
            self._command, self._table = command, command.table
        elif len(header) == 2 and header[0].lower() == "table":
            self._table = header[1].rstrip(":")
        else:
            note_other(self.gaps, line_number, line, why)

    def close(self, *, unfinished: bool = False) -> None:
        """End the route that was being read; `unfinished` when the text ends within its last line."""
        draft, self._open = self._open, None
        if draft is None:
            return
        if not draft.hops:
            # `ip route show dev eth0` leaves the device out.
            draft.device = draft.device or self._command.device
        draft.end_hop()
        if draft.type == "unicast" and not draft.hops:
            draft.refuse("a route without device and next hop")
        elif unfinished and draft.hops and draft.hops[-1].device is None:
            draft.refuse("the text ends within this line", GapKind.TRUNCATED)
        self._note_problems(draft)
        if draft.problem is None:
            self._drafts.append(draft)

    def _note_problems(self, draft: _Draft) -> None:
        if draft.unknown_word and not _may_be_new_keyword(draft.unknown_word):
            draft.refuse("line not understood")
        line_number, line = draft.problem_line or (draft.line_number, draft.line)
        if draft.problem:
            self.gaps.add(line_number, line, kind=draft.problem_kind, why=draft.problem)
        elif draft.unknown_word:
            self.gaps.add(line_number, line, why=f"word {draft.unknown_word} not understood")
        elif draft.hidden_source:
            self.gaps.add(line_number, line, kind=GapKind.REDACTED, why="source address hidden by the collector")

    def facts(self) -> tuple[RouteFact, ...]:
        """All routes, in the order of the text; a `default` without address takes its family from the lines around."""
        # `ip route` means IPv4, and IPv6 has printed `pref` on every line since iproute2 4.1.
        fallback = family_of_path(self._path) or IPV4
        families = nearest_family([draft.family for draft in self._drafts], fallback)
        return tuple(draft.fact(family, self._path) for draft, family in zip(self._drafts, families, strict=True))


def _may_be_new_keyword(word: str) -> bool:
    """Whether an unknown word can be a keyword of a newer `ip`, and not the mark of another command's line."""
    return (
        word.isascii()
        and word.replace("_", "").replace("-", "").isalpha()
        and word.islower()
        and word not in ("lladdr", "on")
    )


@lru_cache(1024)  # files of one kind share most of their lines
def _is_route(line: str) -> bool:
    """Whether a line, with the next hops of further lines behind it, reads as a route to its last word."""
    words = line.replace("\\", " ").split()
    draft = _begin(0, line, words) if words else None
    if draft is None or draft.unknown_word or (draft.problem and draft.problem_kind is not GapKind.REDACTED):
        return False
    return len(words) > _TYPE_AND_DESTINATION or draft.type != "unicast" or bool(draft.hops or draft.device)


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip route`: at least half of its first lines are routes to their last word.

    >>> recognizes("blackhole 10.244.1.0/26 proto bird\\n")
    True
    >>> recognizes("10.244.3.0/26      via 10.0.1.13 on ens18 [Mesh_10_0_1_13 12:00:00] * (100/0) [i]\\n")
    False
    """
    text = "\n".join(sample_lines(head))
    joined = re.sub(r"\n\s*(?=nexthop\s)", " ", text).split("\n")
    lines = [line for line in joined if not line.strip().startswith(("cache", "nh_info"))]
    routes = sum(map(_is_route, lines))
    return routes > 0 and 2 * routes >= len(lines)


def parse(text: str, path: str) -> Parsed:
    """Read the routes of `ip route`, `ip -6 route`, `ip route show table all`, with `-o`, `-d` and `-N` as well.

    A destination or next hop that is hidden, cut or not understood gives a gap and no route. A route that only some
    packets to its destination take (`from`, `tos`) gives a gap too. Raises nothing.

    >>> parsed = parse("default proto static\\n\\tnexthop via 10.0.0.1 dev eth0 weight 1\\n", "n1/ip_route.txt")
    >>> route = parsed.facts[0]
    >>> str(route.destination), str(route.next_hops[0].gateway), route.table, route.evidence.line
    ('0.0.0.0/0', '10.0.0.1', 'main', 1)
    >>> parse("default via ***HIDDEN*** dev eth0\\n", "n1/ip_route.txt").gaps[0].kind.value
    'redacted'
    """
    reader = _Reader(path)
    for line_number, line in enumerate(text.split("\n"), start=1):
        reader.take(line_number, line)
    reader.close(unfinished=not text.endswith("\n"))
    if family_of_path(path) != IPV6:
        note_empty(reader.gaps, text)
    return Parsed(reader.facts(), reader.gaps.result())


PARSER = Parser(kind="ip-route", recognizes=recognizes, parse=parse)
