"""Wordings of failed lookups, each as its producer writes it, and what each of them tells.

Sources of the wordings:
Go, package net: dnsclient.go and net.go (DNSError.Error: `lookup NAME on SERVER: ERR`; errNoSuchHost, errServerMisbehaving).
glibc sysdeps/posix/gai_strerror-strs.h; musl src/network/gai_strerror.c.
JDK net_util_md.c (NET_ThrowUnknownHostExceptionWithGaiError: `NAME: GAI`); Netty DnsQueryContext (time-out).
libuv and Node's lib/internal/errors.js (DNSException: `SYSCALL CODE HOSTNAME`), c-ares ares_strerror.c.
CPython Modules/socketmodule.c (set_gaierror) and urllib3's NameResolutionError.
.NET System.Net.Http (HttpRequestException: `MESSAGE (HOST:PORT)`).
curl lib/hostip.c and lib/connect.c; GNU Wget src/host.c; BusyBox libbb/xconnect.c; BIND bin/dig.
nginx src/http/ngx_http_upstream.c and src/core/ngx_resolver.c (ngx_resolver_strerror), src/core/ngx_inet.c.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.parsers.lookup_wordings import NEEDLES, understood

DNS = "10.96.0.10"
SAID = [
    # No answer came.
    (f"dial tcp: lookup db on {DNS}:53: read udp 10.244.1.5:40410->{DNS}:53: i/o timeout", "timeout", "Go", "db", DNS),
    ("dial tcp: lookup db: i/o timeout", "timeout", "Go", "db", None),
    (
        f"io.netty.resolver.dns.DnsNameResolverTimeoutException: [/{DNS}:53] query via UDP timed out after 5000 milliseconds",
        "timeout", "Java (Netty)", None, DNS,
    ),
    (
        (f"DnsNameResolverTimeoutException: [30351: /{DNS}:53] DefaultDnsQuestion(db. IN A) query '30351' via UDP timed out"
        " after 5000 milliseconds (no stack trace available)"), "timeout", "Java (Netty)", None, DNS,
    ),
    ("Error: queryA ETIMEOUT db.shop", "timeout", "Node.js", "db.shop", None),
    ("2025/03/01 10:00:00 [error] 7#7: *1 db.shop could not be resolved (110: Operation timed out), client: 10.0.0.1",
     "timeout", "nginx", "db.shop", None),
    ("curl: (28) Resolving timed out after 5000 milliseconds", "timeout", "curl", None, None),
    (";; connection timed out; no servers could be reached", "timeout", "BIND", None, None),
    # Nobody listens there, and that was answered (ICMP port unreachable): udp(7), ECONNREFUSED.
    (f"lookup db on {DNS}:53: read udp 10.244.1.5:4->{DNS}:53: read: connection refused", "refused", "Go", "db", DNS),
    # The query could not be sent, or was turned back on the way.
    (f"lookup db on {DNS}:53: dial udp {DNS}:53: connect: network is unreachable", "unreachable", "Go", "db", DNS),
    # A server answered.
    (f"dial tcp: lookup db on {DNS}:53: no such host", "no-such-name", "Go", "db", DNS),
    ("dial tcp: lookup db on [fd00::a]:53: no such host", "no-such-name", "Go", "db", "fd00::a"),
    (f"dial tcp: lookup db on {DNS}:53: server misbehaving", "server-failure", "Go", "db", DNS),
    ("Error: getaddrinfo ENOTFOUND db", "no-such-name", "Node.js", "db", None),
    ("socket.gaierror: [Errno -2] Name or service not known", "no-such-name", "libc", None, None),
    ("Failed to resolve 'db' ([Errno -2] Name or service not known)", "no-such-name", "libc", "db", None),
    ("java.net.UnknownHostException: db: Name or service not known", "no-such-name", "Java", "db", None),
    ("System.Net.Http.HttpRequestException: Name or service not known (db:80)", "no-such-name", ".NET", "db", None),
    ("No such host is known. (db:443)", "no-such-name", ".NET", "db", None),
    ("[error] 7#7: *1 db could not be resolved (3: Host not found)", "no-such-name", "nginx", "db", None),
    ("[error] 7#7: *1 db could not be resolved (2: Server failure)", "server-failure", "nginx", "db", None),
    # EAI_AGAIN: no answer, or SERVFAIL.
    ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "temporary", "libc", None, None),
    ("socket.gaierror: [Errno -3] Try again", "temporary", "musl", None, None),
    ("Error: getaddrinfo EAI_AGAIN db", "temporary", "Node.js", "db", None),
    ("java.net.UnknownHostException: db: Temporary failure in name resolution", "temporary", "Java", "db", None),
    ("dial tcp: lookup db: Try again", "temporary", "Go", "db", None),
    ("Resource temporarily unavailable (db:80)", "temporary", ".NET", "db", None),
    ('could not translate host name "db" to address: Temporary failure in name resolution', "temporary", "libc", "db", None),
    ("php_network_getaddresses: getaddrinfo failed: Temporary failure in name resolution", "temporary", "libc", None, None),
    # Nothing tells which.
    ("java.net.UnknownHostException: db", "ambiguous", "Java", "db", None),
    ("curl: (6) Could not resolve host: db", "ambiguous", "curl", "db", None),
    ("wget: unable to resolve host address 'db'", "ambiguous", "wget", "db", None),
    ("wget: bad address 'db'", "ambiguous", "BusyBox", "db", None),
    ('nginx: [emerg] host not found in upstream "db" in /etc/nginx/nginx.conf:9', "ambiguous", "nginx", "db", None),
]  # fmt: skip


@pytest.mark.parametrize("line, kind, resolver, name, server", SAID, ids=[s[0][:50] for s in SAID])
def test_each_wording_is_understood_as_its_producer_means_it(line, kind, resolver, name, server):
    assert understood(f"2025-03-01T10:00:00Z ERROR {line}") == (kind, resolver, name, server)


@pytest.mark.parametrize("line", [s[0] for s in SAID])
def test_the_search_finds_every_wording(line):
    assert any(needle.decode() in line for needle in NEEDLES)


def test_json_with_escaped_quotes_is_read_as_well():
    line = r'{"error":"Get \"http://db.shop/\": dial tcp: lookup db.shop on 10.96.0.10:53: no such host"}'
    assert understood(line) == ("no-such-name", "Go", "db.shop", DNS)


@pytest.mark.parametrize(
    "line",
    [
        "resolved 3 conflicts: Try again",
        "read tcp 10.0.0.1:1->10.0.0.2:443: i/o timeout",
        "table lookup done: 3 hosts",
        "cache lookup of key db: connection refused by peer policy",
        "write: Resource temporarily unavailable",
        "the host not found in cache",
        "",
    ],
)
def test_what_speaks_of_no_lookup_is_passed_over(line):
    assert understood(line) is None


@settings(max_examples=100, derandomize=True, database=None)
@given(st.text(), st.sampled_from(NEEDLES), st.text())
def test_no_line_makes_it_raise(before, needle, behind):
    understood(before + needle.decode() + behind)
