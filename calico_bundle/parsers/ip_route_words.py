"""The words of one line of `ip route`, and the route they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network

from calico_bundle.evidence import Evidence, GapKind, quote
from calico_bundle.facts import Address, Network, NextHop, RouteFact
from calico_bundle.parsers.ip_text import IPV4, IPV6, Draft, address, is_hidden, network, number

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


@dataclass(slots=True)
class RouteDraft(Draft):
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


def begin(line_number: int, line: str, words: list[str]) -> RouteDraft | None:
    """A draft from a line's words; None when the line does not begin like a route."""
    at = 1 if words[0] in _TYPES and len(words) > 1 else 0
    kind = _TYPES[words[0]] if at else "unicast"
    destination = None if words[at] in _DEFAULT else network(words[at])
    draft = RouteDraft(line_number, line, kind, destination, destination.version if destination else None)
    if destination is None and words[at] not in _DEFAULT:
        if not is_hidden(words[at]):
            return None
        draft.refuse("hidden by the collector", GapKind.REDACTED)
    read_words(draft, words, at + 1)
    return draft


def read_words(draft: RouteDraft, words: list[str], at: int) -> None:
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


def _read_value(draft: RouteDraft, words: list[str], word: str, at: int) -> int:
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


def _read_via(draft: RouteDraft, value: str) -> None:
    draft.gateway = address(value)
    if draft.gateway is None:
        draft.refuse(*_why_no_address(value))
    elif not draft.via_other_family:
        draft.family = draft.family or draft.gateway.version
        if draft.family != draft.gateway.version:
            draft.refuse("destination and next hop are of different families")


def _why_no_address(value: str) -> tuple[str, GapKind | None]:
    return ("hidden by the collector", GapKind.REDACTED) if is_hidden(value) else ("next hop not understood", None)


def _read_source(draft: RouteDraft, value: str) -> None:
    draft.source = address(value)
    if draft.source is not None:
        draft.family = draft.family or draft.source.version
    elif is_hidden(value):
        draft.hidden_source = True
    else:
        draft.unknown_word = draft.unknown_word or value


def _read_scope(draft: RouteDraft, value: str) -> None:
    draft.scope = value
    # The kernel gives IPv6 routes the scope global only (net/ipv6/route.c, rt6_fill_node).
    if value in ("link", "host"):
        draft.family = draft.family or IPV4


def _read_metric(draft: RouteDraft, value: str) -> None:
    metric = number(value)
    if metric is None:
        draft.refuse("metric not understood")
    draft.metric = metric or 0


def _read_device(draft: RouteDraft, value: str) -> None:
    draft.device = value


def _read_protocol(draft: RouteDraft, value: str) -> None:
    draft.protocol = value


def _read_table(draft: RouteDraft, value: str) -> None:
    draft.table = value


def _read_weight(draft: RouteDraft, value: str) -> None:
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
