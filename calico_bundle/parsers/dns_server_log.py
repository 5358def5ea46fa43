"""Logs of CoreDNS (the cluster's, and that of NodeLocal DNSCache): what says that the server itself is in trouble."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from calico_bundle.facts.dns import DnsServerEventFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.calico_log_prefixes import LONGEST_LINE, unwrap
from calico_bundle.parsers.lines import decoded_lines
from calico_bundle.parsers.log_tally import Tally

_LONGEST = 4096
# coremain/run.go prints zone and port of each server, then its version; plugin/pkg/log has the level in brackets.
_OWN_LINE = re.compile(
    r"\[(?:INFO|WARNING|ERROR|FATAL|DEBUG|PANIC)\] (?:plugin/\w|SIGTERM|Reloading|Corefile|[\d.:\[\]a-f]+:\d+ - \d+ \")"
    r"|CoreDNS-\d+\.\d+|linux/\w+, go1\.\d+|\S*Corefile:\d+ - Error during parsing"
)
_SIGNS = ("plugin/", "CoreDNS-", "Corefile:", "[INFO] ")

_TO = r"(?:->|dial (?:udp|tcp)[46]? )\[?(?P<upstream>[0-9a-fA-F.:]{2,45}?)\]?:\d{1,5}: "
_ZONE = r'for zone "(?P<zone>[^"]{1,255})"'
_API = r"(?:dial tcp (?P<api>[0-9a-fA-F.:\[\]]{2,50}:\d{1,5})|https://(?P<host>[^/\"\s]{1,100}))"


class _Rule(NamedTuple):
    """One event: what a line of it has in it, and the pattern whose groups are its values."""

    event: str
    sign: str
    pattern: re.Pattern[str]


def _rule(event: str, sign: str, pattern: str) -> _Rule:
    return _Rule(event, sign, re.compile(pattern))


# Sources: CoreDNS 1.8 to 1.12: plugin/loop/loop.go, plugin/errors/errors.go, plugin/forward, plugin/kubernetes/controller.go
# and kubernetes.go, plugin/ready/ready.go, caddyfile parsing of coredns/caddy; client-go tools/cache/reflector.go; Go, net.
_RULES = (
    _rule("loop", "plugin/loop: Loop", rf"plugin/loop: Loop \(\S{{1,80}} -> \S{{1,40}}\) detected {_ZONE}"),
    _rule("upstream-timeout", "i/o timeout", rf"plugin/errors: .{{0,600}}?{_TO}(?P<error>i/o timeout)"),
    _rule(
        "upstream-unreachable",
        "plugin/errors: ",
        rf"plugin/errors: .{{0,600}}?{_TO}(?:read: |write: |connect: |sendto: |sendmsg: )?"
        r"(?P<error>connection refused|network is unreachable|no route to host|operation not permitted)",
    ),
    _rule("upstream-unreachable", "no healthy", r"plugin/errors: .{0,600}?(?P<error>no healthy (?:proxies|upstreams?))"),
    _rule(
        "api-unreachable",
        "dial tcp",
        rf"(?:Failed to watch|[Ff]ailed to list|plugin/kubernetes: ).{{0,600}}?{_API}.{{0,300}}?: "
        r"(?P<error>i/o timeout|connect: connection refused|connect: no route to host|connect: network is unreachable)",
    ),
    _rule("api-refused", "nauthorized", r"(?:Failed to watch|[Ff]ailed to list).{0,300}?: (?P<error>Unauthorized)\b"),
    _rule("api-refused", "is forbidden", r"(?:Failed to watch|[Ff]ailed to list).{0,600}? (?P<error>is forbidden)\b"),
    _rule("waiting-for-api", 'Still waiting on: "kubernetes"', r"plugin/ready: (?P<error>Still waiting on: \"kubernetes\")"),
    _rule("waiting-for-api", "unsynced Kubernetes API", r"(?P<error>starting server with unsynced Kubernetes API)"),
    _rule("configuration-error", "Error during parsing", r"Corefile:\d{1,6} - (?P<error>Error during parsing: .{1,200})"),
    _rule("configuration-error", "plugin/reload: ", r"plugin/reload: (?P<error>Corefile changed but reload failed: .{1,200})"),
    _rule("address-in-use", "address already in use", r"(?P<error>listen (?:tcp|udp) \S{1,60}: bind: address already in use)"),
    _rule("panic", "anic", r"^(?:\[PANIC\]|panic:) (?P<error>.{1,200})"),
    _rule("started", "CoreDNS-", r"^CoreDNS-(?P<version>\d[\w.+-]{0,40})"),
)  # fmt: skip


def recognizes(head: str) -> bool:
    r"""Whether a text that begins like this is a log of CoreDNS.

    >>> recognizes(".:53\n[INFO] plugin/reload: Running configuration SHA512 = 591cf3\nCoreDNS-1.11.1\n")
    True
    >>> recognizes("CoreDNS-1.11.1 is what we run\n")
    False
    """
    if not any(sign in head for sign in _SIGNS):
        return False
    lines = [unwrap(line)[0] for line in head.split("\n")[:-1] or [head]]
    return any(found for line in lines if (found := _OWN_LINE.match(line)) and _is_whole(line, found[0]))


def _is_whole(line: str, begun: str) -> bool:
    """Versions stand alone on their lines."""
    return not begun.startswith(("CoreDNS", "linux")) or " " not in line.removeprefix("linux/").replace(", ", "")


def parse(text: str, path: str) -> Parsed:
    r"""Count the lines that say that the server is in trouble, by what they say.

    >>> line = '[FATAL] plugin/loop: Loop (127.0.0.1:46073 -> :53) detected for zone ".", see https://coredns.io\n'
    >>> fact = parse(line, "coredns.log").facts[0]
    >>> fact.event, fact.values["zone"]
    ('loop', '.')
    """
    return _read(text.split("\n"), path)


def stream(pieces: Iterable[bytes], path: str) -> Parsed:
    r"""Read the same from a log that is too large to be held.

    >>> stream([b"panic: run", b"time error\n"], "coredns.log").facts[0].event
    'panic'
    """
    return _read(decoded_lines(pieces, LONGEST_LINE), path)


def _read(lines: Iterable[str], path: str) -> Parsed:
    tally: Tally[tuple[str, tuple[tuple[str, str], ...]]] = Tally(path)
    for number, line in enumerate(lines, start=1):
        rules = [rule for rule in _RULES if rule.sign in line]
        if rules and (found := _event(rules, unwrap(line[:_LONGEST])[0])):
            tally.add(found, number, line[:_LONGEST])
    facts = (
        DnsServerEventFact(
            None, None, event, MappingProxyType(dict(values)), sort.count, sort.first_time, sort.last_time, sort.first,
            {"last": sort.last},
        )
        for (event, values), sort in tally
    )  # fmt: skip
    return Parsed(tuple(facts))


def _event(rules: Iterable[_Rule], line: str) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    for rule in rules:
        if found := rule.pattern.search(line):
            return rule.event, tuple(sorted(_values(found.groupdict()).items()))
    return None


def _values(found: Mapping[str, str | None]) -> dict[str, str]:
    """The values of a line; the address of the API server stands in the URL where nothing was dialed."""
    named = {**found, "host": None, "api": found.get("api") or found.get("host")}
    return {key: value for key, value in named.items() if value is not None}


# Asked after the parsers of what may quote such a line.
PARSER = Parser(kind="dns-server-log", recognizes=recognizes, parse=parse, rank=85, stream=stream)
