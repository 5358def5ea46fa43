"""What a failed lookup looks like in a log: the wordings of resolvers, and what each of them tells.

That a server answered "no such name" is told from no answer at all, and both from a text that may stand for either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from calico_bundle.facts.dns import AMBIGUOUS, NO_SUCH_NAME, REFUSED, SERVER_FAILURE, TEMPORARY, TIMEOUT, UNREACHABLE

NEEDLES = (
    b": i/o timeout", b": no such host", b"server misbehaving", b":53: read: connection refused", b":53: connect: ",
    b"failure in name resolution", b"Name or service not known", b"Name does not resolve", b": Try again",
    b"[Errno -3] Try again", b"getaddrinfo EAI_", b"getaddrinfo ENOTFOUND", b"queryA ETIMEOUT", b"queryAaaa ETIMEOUT",
    b"querySrv ETIMEOUT", b"UnknownHostException", b"NameResolverTimeoutException",
    b"could not be resolved (", b"host not found in ", b"Could not resolve host", b"Resolving timed out after",
    b"unable to resolve host address", b"bad address '", b"no servers could be reached",
    b"such host is known", b"temporarily unavailable (",
)  # fmt: skip
"""One of these is in every line that `understood` understands; none is shorter than the sieve's shortest."""


class Failure(NamedTuple):
    """What one line says: the kind, whose wording it is, the name looked up and the server asked, where it tells."""

    kind: str
    resolver: str
    name: str | None = None
    server: str | None = None


class _Wording(NamedTuple):
    """One wording: whose it is, its pattern (groups `name`, `server`, `said`), and what `said` stands for."""

    resolver: str
    pattern: re.Pattern[str]
    means: str | Mapping[str, str] | Callable[[str], str | None]


# glibc sysdeps/posix/gai_strerror-strs.h, musl src/network/gai_strerror.c. EAI_AGAIN is what a time-out and SERVFAIL
# both come to, EAI_NONAME is an answer: the name does not exist, or has no address.
_LIBC = {
    "Temporary failure in name resolution": TEMPORARY,
    "Try again": TEMPORARY,
    "Name or service not known": NO_SUCH_NAME,
    "Name does not resolve": NO_SUCH_NAME,
    "No address associated with hostname": NO_SUCH_NAME,
    "Non-recoverable failure in name resolution": SERVER_FAILURE,
    "Non-recoverable error": SERVER_FAILURE,
}
# Go, package net: errors of dnsclient.go and dnsclient_unix.go, and of the system calls below them.
_GO = {
    "i/o timeout": TIMEOUT,
    "no such host": NO_SUCH_NAME,
    "server misbehaving": SERVER_FAILURE,
    "no answer from DNS server": SERVER_FAILURE,
    "connection refused": REFUSED,
    "network is unreachable": UNREACHABLE,
    "no route to host": UNREACHABLE,
    "operation not permitted": UNREACHABLE,
    **_LIBC,
}
# libuv src/uv-common.h by way of Node's lib/dns.js; c-ares' codes as Node names them.
_NODE = {
    "EAI_AGAIN": TEMPORARY,
    "EAI_FAIL": SERVER_FAILURE,
    "EAI_NODATA": NO_SUCH_NAME,
    "ENOTFOUND": NO_SUCH_NAME,
    "ETIMEOUT": TIMEOUT,
}
# nginx src/core/ngx_resolver.c, ngx_resolver_strerror(); 110 is ETIMEDOUT.
_NGINX = {"110": TIMEOUT, "2": SERVER_FAILURE, "3": NO_SUCH_NAME, "5": SERVER_FAILURE}

_NAME = r"""(?P<name>[^\s"'\\:,()]{1,255}+)"""
_NATIVE = "|".join(map(re.escape, _LIBC))


def _first_of(words: Mapping[str, str]) -> Callable[[str], str | None]:
    # Each is the end of an error's text: behind it comes what quotes the error, or nothing.
    pattern = re.compile(rf"(?:{'|'.join(map(re.escape, words))})(?![\w-])")

    def kind(said: str) -> str | None:
        found = pattern.search(said)
        return words[found[0]] if found else None

    return kind


def _java(said: str) -> str | None:
    """The native message that the JDK puts behind the name; without one the cause is not told."""
    return _LIBC.get(said, AMBIGUOUS)


def _nginx(said: str) -> str:
    return _NGINX.get(said, AMBIGUOUS)


def _unmistakable(said: str) -> str | None:
    """What the libc's words mean where nothing around them speaks of a name: two of them are said of other things too."""
    return None if said in ("Try again", "Non-recoverable error") else _LIBC[said]


def _wording(resolver: str, pattern: str, means: str | Mapping[str, str] | Callable[[str], str | None]) -> _Wording:
    return _Wording(resolver, re.compile(pattern), means)


# The most particular first: the libc's words stand within those of what calls it.
_SERVER = r"\[?(?P<server>[0-9a-fA-F.:]{2,45}?)\]?:\d{1,5}"
_NETTY = r"\[(?:\d{1,9}: )?[^\[\]/\s]{0,80}/(?P<server>[0-9a-fA-F.:]{2,45}):53\][^\n]{0,300}? timed out after \d"
_NAMED = re.compile(r"""(?:resolve|host name|getaddrinfo for) \\?["']?(?P<name>[^\s"'\\:,()]{1,255}+)""")
_BEFORE = 160
"""Characters before the libc's words within which what calls it names the host."""
_SOCKET = {"Name or service not known": NO_SUCH_NAME, "Resource temporarily unavailable": TEMPORARY}
_WORDINGS = (
    _wording("Go", rf"\blookup {_NAME}(?: on {_SERVER})?: (?P<said>[^\"\n]{{1,200}})", _first_of(_GO)),
    _wording("Java (Netty)", _NETTY, TIMEOUT),
    _wording("Java", rf"UnknownHostException: {_NAME}(?:: (?P<said>{_NATIVE}))?", _java),
    _wording("Java", r"UnknownHostException\b", AMBIGUOUS),
    _wording("Node.js", rf"getaddrinfo (?P<said>{'|'.join(_NODE)})\b(?: {_NAME})?", _NODE),
    _wording("Node.js", rf"\bquery[A-Z][a-z]{{0,5}} (?P<said>ETIMEOUT) {_NAME}", _NODE),
    _wording("nginx", rf"(?:^|[\s\"]){_NAME} could not be resolved \((?P<said>\d{{1,3}}): ", _nginx),
    _wording("nginx", r"""host not found in (?:upstream|resolver) \\?"(?P<name>[^\s"\\:]{1,255})""", AMBIGUOUS),
    _wording("curl", r"Resolving timed out after \d", TIMEOUT),
    _wording("curl", rf"Could not resolve host:? ?'?(?:{_NAME})?", AMBIGUOUS),
    _wording("wget", r"unable to resolve host address [^\w\s]{0,3}(?P<name>[\w.-]{1,255})", AMBIGUOUS),
    _wording("BusyBox", r"bad address '(?P<name>[^'\s]{1,255})'", AMBIGUOUS),
    _wording("BIND", r"no servers could be reached", TIMEOUT),
    _wording(".NET", rf"(?P<said>{'|'.join(_SOCKET)}) \({_NAME}:\d{{1,5}}\)", _SOCKET),
    _wording(".NET", rf"No such host is known\.?(?: \({_NAME}:\d{{1,5}}\))?", NO_SUCH_NAME),
    _wording("musl", r"(?:\[Errno -3\]|getaddrinfo[^\n:]{0,40}:) Try again", TEMPORARY),
    _wording("libc", rf"(?P<said>{_NATIVE})", _unmistakable),
)


def understood(line: str) -> Failure | None:
    """What a line says of a failed lookup; None where it speaks of none.

    >>> understood("dial tcp: lookup db on 10.96.0.10:53: read udp 10.244.1.5:4->10.96.0.10:53: i/o timeout")
    Failure(kind='timeout', resolver='Go', name='db', server='10.96.0.10')
    >>> understood("Error: getaddrinfo ENOTFOUND db").kind
    'no-such-name'
    >>> understood("table lookup done: 3 hosts, no such hostname") is None
    True
    """
    for wording in _WORDINGS:
        if found := wording.pattern.search(line):
            parts = found.groupdict()
            kind = _kind(wording.means, parts.get("said") or "")
            if kind is not None:
                name = parts["name"] if "name" in parts else _named_before(line, found.start())
                return Failure(kind, wording.resolver, name, parts.get("server"))
    return None


def _named_before(line: str, place: int) -> str | None:
    """The host that what calls the libc names in words of its own: Python's urllib3, libpq, PHP."""
    named = _NAMED.search(line, max(0, place - _BEFORE), place)
    return named["name"] if named else None


def _kind(means: str | Mapping[str, str] | Callable[[str], str | None], said: str) -> str | None:
    if isinstance(means, str):
        return means
    return means(said) if callable(means) else means.get(said)
