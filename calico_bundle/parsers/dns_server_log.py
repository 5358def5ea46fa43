"""Logs of CoreDNS (the cluster's, and that of NodeLocal DNSCache): what says that the server itself is in trouble."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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

_Values = dict[str, str]
_FAILED = re.compile(
    r": (?:read: |write: |connect: |sendto: |sendmsg: )?"
    r"(?P<error>i/o timeout|connection refused|network is unreachable|no route to host|operation not permitted)"
)
# plugin/errors: "RCODE NAME TYPE: ERROR".
_QUERY = re.compile(r"plugin/errors: \d{1,5} (?P<name>\S{1,255}) (?P<type>[A-Z0-9]{1,12}): ")
_ASKED = re.compile(r"(?:->|dial (?:udp|tcp)[46]? )\[?(?P<upstream>[0-9a-fA-F.:]{2,45}?)\]?:\d{1,5}\Z")
_DIALED = re.compile(r"dial tcp (?P<api>[0-9a-fA-F.:\[\]]{2,50}:\d{1,5})")
_HOST = re.compile(r"https://(?P<api>[^/\"\s]{1,100})")
_BEFORE = 120
"""Characters before an error within which the address stands that it is about."""
_OF_API = ("Failed to watch", "ailed to list", "plugin/kubernetes: ")


def _upstream(line: str) -> _Values | None:
    """The server that left a query unanswered, and how, of a line of plugin/errors."""
    place = line.find("plugin/errors: ")
    failed = _FAILED.search(line, place) if place >= 0 else None
    if failed is None:
        return None
    asked = _ASKED.search(line[max(0, failed.start() - _BEFORE) : failed.start()])
    return {"upstream": asked["upstream"], "error": failed["error"]} if asked else None


def _upstream_that(error: str) -> Callable[[str], _Values | None]:
    def read(line: str) -> _Values | None:
        found = _upstream(line)
        return found if found and found["error"] == error else None

    return read


def _probe(line: str) -> _Values | None:
    """The question of plugin/loop, which some servers leave unanswered on purpose."""
    asked = _QUERY.search(line)
    return _upstream(line) if asked and asked["type"] == "HINFO" else None


def _api(line: str) -> _Values | None:
    """The API server that could not be reached, and how."""
    failed = _FAILED.search(line) if any(sign in line for sign in _OF_API) else None
    if failed is None:
        return None
    before = line[max(0, failed.start() - _BEFORE) : failed.start()]
    found = _DIALED.search(before) or _HOST.search(line, 0, failed.start())
    return {"api": found["api"], "error": failed["error"]} if found else None


def _said(pattern: str) -> Callable[[str], _Values | None]:
    compiled = re.compile(pattern)

    def read(line: str) -> _Values | None:
        found = compiled.search(line)
        return found.groupdict() if found else None

    return read


class _Rule(NamedTuple):
    """One event: what a line of it has in it, and what gives its values, or None where it is not it."""

    event: str
    sign: str
    read: Callable[[str], _Values | None]


_LOOP = r'plugin/loop: Loop \(\S{1,80} -> \S{1,40}\) detected for zone "(?P<zone>[^"]{1,255})"'
_COREFILE = r"Corefile:\d{1,6} - (?P<error>Error during parsing: .{1,200})"
_LISTING = r"^(?=.{0,400}?[Ff]ailed to (?:watch|list)).{0,2000}"

# Sources: CoreDNS 1.8 to 1.12: plugin/loop/loop.go, plugin/errors/errors.go, plugin/pkg/proxy/errors.go, plugin/kubernetes,
# plugin/ready/ready.go, plugin/reload/reload.go, coredns/caddy (Corefile); client-go tools/cache/reflector.go; Go, net.
_RULES = (
    _Rule("loop", "plugin/loop: Loop", _said(_LOOP)),
    _Rule("probe-unanswered", " HINFO: ", _probe),
    _Rule("upstream-timeout", "plugin/errors: ", _upstream_that("i/o timeout")),
    _Rule("upstream-refused", "plugin/errors: ", _upstream_that("connection refused")),
    _Rule("upstream-unreachable", "plugin/errors: ", _upstream),
    _Rule("upstream-unreachable", "plugin/errors: ", _said(r"(?P<error>no healthy proxies)")),
    _Rule("api-unreachable", "dial tcp", _api),
    _Rule("api-refused", "nauthorized", _said(rf"{_LISTING}: (?P<error>Unauthorized)\b")),
    _Rule("api-refused", "is forbidden", _said(rf"{_LISTING} (?P<error>is forbidden)\b")),
    _Rule("waiting-for-api", "Still waiting", _said(r"plugin/ready: (?P<error>Still waiting on: \"kubernetes\")")),
    _Rule("waiting-for-api", "unsynced", _said(r"(?P<error>starting server with unsynced Kubernetes API)")),
    _Rule("configuration-error", "Error during parsing", _said(_COREFILE)),
    _Rule("configuration-error", "but reload failed", _said(r"(?P<error>Corefile changed but reload failed: .{1,200})")),
    _Rule("address-in-use", "already in use", _said(r"(?P<error>listen (?:tcp|udp) \S{1,60}: bind: address already in use)")),
    _Rule("panic", "anic", _said(r"^(?:\[PANIC\]|panic:) (?P<error>.{1,200})")),
    _Rule("started", "CoreDNS-", _said(r"^CoreDNS-(?P<version>\d[\w.+-]{0,40})")),
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
            asked = _QUERY.search(line, 0, _LONGEST)
            tally.add(found, number, line[:_LONGEST], asked["name"] if asked else None)
    facts = (
        DnsServerEventFact(
            None, None, event, MappingProxyType(dict(values)), sort.count, sort.first_time, sort.last_time, sort.first,
            {"last": sort.last}, sort.names,
        )
        for (event, values), sort in tally
    )  # fmt: skip
    return Parsed(tuple(facts))


def _event(rules: Iterable[_Rule], line: str) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    for rule in rules:
        values = rule.read(line)
        if values is not None:
            return rule.event, tuple(sorted(values.items()))
    return None


# Asked after the parsers of what may quote such a line.
PARSER = Parser(kind="dns-server-log", recognizes=recognizes, parse=parse, rank=85, stream=stream)
