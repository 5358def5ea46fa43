"""What a failed lookup looks like in a log: the wordings of resolvers, and what each of them tells.

That a server answered "no such name" is told from no answer at all, and both from a text that may stand for either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from calico_bundle.facts.dns import AMBIGUOUS, NO_SUCH_NAME, REFUSED, SERVER_FAILURE, TEMPORARY, TIMEOUT, UNREACHABLE

NEEDLES = (
    b": i/o timeout", b": no such host", b"server misbehaving", b":53: read: ", b":53: write: ", b":53: connect: ",
    b": context deadline exceeded", b"failure in name resolution", b"Name or service not known", b"Name does not resolve",
    b"address associated with hostname", b"Name has no usable address", b": Try again", b"[Errno -3] Try again",
    b"getaddrinfo E", b"queryA ETIMEOUT", b"queryAaaa ETIMEOUT", b"querySrv ETIMEOUT", b"queryA ENOTFOUND",
    b"querySrv ENOTFOUND", b"queryA ESERVFAIL", b"querySrv ESERVFAIL", b"queryA ECONNREFUSED", b"querySrv ECONNREFUSED",
    b"UnknownHostException", b"NameResolverTimeoutException", b"DnsErrorCauseException", b" [response code ",
    b"could not be resolved (", b"host not found in ", b"Could not resolve host", b"Could not resolve proxy",
    b"Resolving timed out after", b"name lookup timed out", b"unable to resolve host address", b"bad address '",
    b"no servers could be reached", b"communications error to ", b"** server can't find ", b"such host is known",
    b"temporarily unavailable (", b"SocketException (0000000", b"while contacting DNS servers",
    b"Could not contact DNS servers", b"Domain name not found", b"DNS server returned ", b"The DNS operation timed out",
    b"DNS query name does not exist", b"All nameservers failed to answer", b"Unknown MySQL server host",
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
    "Name has no usable address": NO_SUCH_NAME,
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
    "EAI_NONAME": NO_SUCH_NAME,
    "ENOTFOUND": NO_SUCH_NAME,
    "ENODATA": NO_SUCH_NAME,
    "ETIMEOUT": TIMEOUT,
}
# c-ares src/lib/ares_strerror.c, and its codes as Node names them.
_ARES = {
    "Timeout while contacting DNS servers": TIMEOUT,
    "Could not contact DNS servers": REFUSED,
    "Domain name not found": NO_SUCH_NAME,
    "DNS server returned answer with no data": NO_SUCH_NAME,
    "DNS server returned general failure": SERVER_FAILURE,
}
_ARES_CODES = {
    "ETIMEOUT": TIMEOUT,
    "ECONNREFUSED": REFUSED,
    "ENOTFOUND": NO_SUCH_NAME,
    "ESERVFAIL": SERVER_FAILURE,
}
# RFC 1035, 4.1.1, RCODE: each is an answer.
_CODES = {"NXDOMAIN": NO_SUCH_NAME, "SERVFAIL": SERVER_FAILURE, "REFUSED": SERVER_FAILURE}
_SENT = {"timed out": TIMEOUT, "connection refused": REFUSED, "network unreachable": UNREACHABLE}
# The MySQL client adds the code of getaddrinfo (netdb.h).
_MYSQL = {"-3": TEMPORARY, "-2": NO_SUCH_NAME, "-5": NO_SUCH_NAME}
_JNDI = {"name not found": NO_SUCH_NAME, "server failure": SERVER_FAILURE}
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


def _mysql(said: str) -> str:
    return _MYSQL.get(said, AMBIGUOUS)


def _nginx(said: str) -> str:
    return _NGINX.get(said, AMBIGUOUS)


def _unmistakable(said: str) -> str | None:
    """What the libc's words mean where nothing around them speaks of a name: two of them are said of other things too."""
    return None if said in ("Try again", "Non-recoverable error") else _LIBC[said]


def _wording(resolver: str, pattern: str, means: str | Mapping[str, str] | Callable[[str], str | None]) -> _Wording:
    return _Wording(resolver, re.compile(pattern), means)


# The most particular first: the libc's words stand within those of what calls it.
_SERVER = r"\[?(?P<server>[0-9a-fA-F.:]{2,45}?)\]?:\d{1,5}"
_NETTY = (
    r"\[(?:\d{1,9}: )?(?:[^\[\]/\s]{0,80}/)?\[?(?P<server>[0-9a-fA-F.:]{2,45})\]?:53\][^\n]{0,300}? timed out after \d"
)
_NAMED = re.compile(
    r"""(?:resolve(?: (?:host(?:name)?|proxy):?)?|host name|getaddrinfo for) \\?["']?(?P<name>[^\s"'\\:,()]{1,255}+)"""
)
_BEFORE = 160
"""Characters before the libc's words within which what calls it names the host."""
# System.Net.Http puts host and port behind the message. A SocketException of Dns, and of nothing else, has two numbers.
_SOCKET = {"Name or service not known": NO_SUCH_NAME, "Resource temporarily unavailable": TEMPORARY}
_SOCKET_DNS = {"11": TEMPORARY, "6": AMBIGUOUS, "0xFFFDFFFF": NO_SUCH_NAME}


def _any(words: Mapping[str, str]) -> str:
    return "|".join(map(re.escape, words))


# DNSError.Error() as a whole, at the beginning of a message or behind what wraps it: others speak of looking up, too.
_DEADLINE = (
    rf"(?:^|[:=(\"'] ?|\d[Z\d]? )lookup {_NAME}(?: on {_SERVER})?: (?:dial [a-z0-9]+ \S{{1,60}}: )?"
    "context deadline exceeded"
)
_CALLED = rf"(?:could not translate host name|Could not resolve hostname) \\?[\"']?{_NAME}\\?[\"']?(?: to address)?"
_FAILED_TO = r"Failed to resolve '(?P<name>[^'\s]{1,255})'"
_DNSPYTHON = r"Server (?:Do53:)?(?P<server>[0-9a-fA-F.:]{2,45})(?:@53| (?:UDP|TCP) port 53) answered "
_WORDINGS = (
    _wording("Go", _DEADLINE, TIMEOUT),
    _wording("Go", rf"\blookup {_NAME}(?: on {_SERVER})?: (?P<said>[^\"\n]{{1,200}})", _first_of(_GO)),
    _wording("Java (Netty)", _NETTY, TIMEOUT),
    _wording("Java (Netty)", r"\bDnsNameResolverTimeoutException: ", TIMEOUT),
    _wording("Java (Netty)", rf"DnsErrorCauseException: Query failed with (?P<said>{_any(_CODES)})\b", _CODES),
    _wording("Java (Netty)", rf"UnknownHostException: {_FAILED_TO}", AMBIGUOUS),
    _wording("Java", rf"UnknownHostException: {_NAME}(?:: (?P<said>{_NATIVE}))?", _java),
    _wording("Java", r"UnknownHostException\b", AMBIGUOUS),
    _wording("Java (JNDI)", r"\bDNS (?P<said>name not found|server failure) \[response code \d", _JNDI),
    _wording("Node.js", rf"getaddrinfo (?P<said>{_any(_NODE)})\b(?: {_NAME})?", _NODE),
    _wording("Node.js", rf"\bquery[A-Z][a-z]{{0,5}} (?P<said>{_any(_ARES_CODES)})\b(?: {_NAME})?", _ARES_CODES),
    _wording("nginx", rf"(?:^|[\s\"]){_NAME} could not be resolved \((?P<said>\d{{1,3}}): ", _nginx),
    _wording("nginx", r"""host not found in (?:upstream|resolver) \\?"(?P<name>[^\s"\\:]{1,255})""", AMBIGUOUS),
    _wording("curl", r"Resolving timed out after \d|\bname lookup timed out", TIMEOUT),
    _wording("c-ares", rf"(?:[(\['\"]|: )(?P<said>{_any(_ARES)})(?=[)\]'\".]|$)", _ARES),
    _wording("libc", rf"{_CALLED}: (?P<said>{_NATIVE})", _LIBC),
    _wording("curl", rf"Could not resolve (?:host|proxy):? ?'?(?:{_NAME})?", AMBIGUOUS),
    _wording("wget", r"unable to resolve host address [^\w\s]{0,3}(?P<name>[\w.-]{1,255})", AMBIGUOUS),
    _wording("BusyBox", r"bad address '(?P<name>[^'\s]{1,255})'", AMBIGUOUS),
    _wording("dnspython", rf"{_DNSPYTHON}The DNS operation timed out", TIMEOUT),
    _wording("dnspython", rf"{_DNSPYTHON}(?P<said>SERVFAIL|REFUSED)\b", _CODES),
    _wording("dnspython", r"The DNS operation timed out", TIMEOUT),
    _wording("dnspython", rf"The DNS query name does not exist: {_NAME}", NO_SUCH_NAME),
    _wording("BIND", rf"communications error to (?P<server>[0-9a-fA-F.:]{{2,45}})#53: (?P<said>{_any(_SENT)})", _SENT),
    _wording("BIND", rf"\*\* server can't find {_NAME}: (?P<said>{_any(_CODES)})\b", _CODES),
    _wording("BIND", r"no servers could be reached", TIMEOUT),
    _wording("MySQL", r"Unknown MySQL server host '(?P<name>[^'\s]{1,255})' \((?P<said>-?\d{1,5})\)", _mysql),
    _wording(".NET", rf"(?P<said>{_any(_SOCKET)}) \({_NAME}:\d{{1,5}}\)", _SOCKET),
    _wording(".NET", rf"SocketException \(0000000\d, (?P<said>{_any(_SOCKET_DNS)})\): ", _SOCKET_DNS),
    _wording(".NET", rf"No such host is known\.?(?: \({_NAME}:\d{{1,5}}\))?", NO_SUCH_NAME),
    _wording(
        "musl", r"(?:\[Errno -3\]|getaddrinfo[^\n:]{0,40}:|failed to lookup address information:) Try again", TEMPORARY
    ),
    _wording("libc", rf"(?P<said>{_NATIVE})", _unmistakable),
)
_DEADLINE_ALONE = ": context deadline exceeded"
_OTHERS = tuple(needle.decode() for needle in NEEDLES if needle.decode() != _DEADLINE_ALONE)


def understood(line: str) -> Failure | None:
    """What a line says of a failed lookup; None where it speaks of none.

    >>> understood("dial tcp: lookup db on 10.96.0.10:53: read udp 10.244.1.5:4->10.96.0.10:53: i/o timeout")
    Failure(kind='timeout', resolver='Go', name='db', server='10.96.0.10')
    >>> understood("Error: getaddrinfo ENOTFOUND db").kind
    'no-such-name'
    >>> understood("table lookup done: 3 hosts, no such hostname") is None
    True
    """
    # Nearly every such line is of something else than a lookup.
    if _DEADLINE_ALONE in line and "lookup " not in line and not any(needle in line for needle in _OTHERS):
        return None
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
