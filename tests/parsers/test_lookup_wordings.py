"""Wordings of failed lookups, each as its producer writes it, and what each of them tells.

Sources of the wordings:
Go, package net: dnsclient.go and net.go (DNSError.Error: `lookup NAME on SERVER: ERR`; errNoSuchHost, errServerMisbehaving).
glibc sysdeps/posix/gai_strerror-strs.h; musl src/network/gai_strerror.c.
JDK net_util_md.c (NET_ThrowUnknownHostExceptionWithGaiError: `NAME: GAI`); Netty DnsQueryContext (time-out).
libuv and Node's lib/internal/errors.js (DNSException: `SYSCALL CODE HOSTNAME`), c-ares ares_strerror.c.
CPython Modules/socketmodule.c (set_gaierror) and urllib3's NameResolutionError.
.NET System.Net.Http (HttpRequestException: `MESSAGE (HOST:PORT)`).
curl lib/hostip.c and lib/connect.c; GNU Wget src/host.c; BusyBox libbb/xconnect.c; BIND bin/dig.
c-ares src/lib/ares_strerror.c, as curl, aiohttp, gRPC and Fluent Bit quote it; Node's lib/internal/errors.js for its codes.
.NET src/libraries/System.Net.NameResolution (a SocketException of Dns prints two numbers; dotnet/runtime issue 47556).
dnspython dns/resolver.py (LifetimeTimeout, NXDOMAIN, NoNameservers) and dns/exception.py; BIND bin/dig/dighost.c.
JDK com.sun.jndi.dns.DnsClient (response codes); Rust library/std/src/sys (lookup_host); libpq; MySQL client errmsg.
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
    # InetSocketAddress.toString(): an address with a name before it or none, IPv6 in brackets (JDK 14) or bare (before).
    (f"DnsNameResolverTimeoutException: [{DNS}:53] query via UDP timed out after 5000 milliseconds", "timeout",
     "Java (Netty)", None, DNS),
    (f"DnsNameResolverTimeoutException: [17: dns/{DNS}:53] query '17' via UDP timed out after 5000 milliseconds", "timeout",
     "Java (Netty)", None, DNS),
    ("DnsNameResolverTimeoutException: [/[fd00::a]:53] query via UDP timed out after 5000 milliseconds", "timeout",
     "Java (Netty)", None, "fd00::a"),
    ("DnsNameResolverTimeoutException: [/fd00::a:53] query via UDP timed out after 5000 milliseconds", "timeout",
     "Java (Netty)", None, "fd00::a"),
    # An address that was not looked up itself: the exception's name tells that no answer came, and not from whom.
    ("DnsNameResolverTimeoutException: [dns.example/<unresolved>:53] query via UDP timed out after 5000 milliseconds",
     "timeout", "Java (Netty)", None, None),
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
MORE = [
    # No answer came.
    ("dial tcp: lookup db: context deadline exceeded", "timeout", "Go", "db", None),
    (f'Get "http://db/": dial tcp: lookup db on {DNS}:53: dial udp {DNS}:53: context deadline exceeded', "timeout", "Go",
     "db", DNS),
    ("curl: (6) Could not resolve host: db (Timeout while contacting DNS servers)", "timeout", "c-ares", "db", None),
    ("aiodns.error.DNSError: (12, 'Timeout while contacting DNS servers')", "timeout", "c-ares", None, None),
    ("C-ares status is not ARES_SUCCESS qtype=A name=db is_balancer=0: Timeout while contacting DNS servers", "timeout",
     "c-ares", None, None),
    ("curl: (28) name lookup timed out", "timeout", "curl", None, None),
    ((f"dns.resolver.LifetimeTimeout: The resolution lifetime expired after 5.403 seconds: Server Do53:{DNS}@53 answered The"
     " DNS operation timed out."), "timeout", "dnspython", None, DNS),
    (f"The resolution lifetime expired after 3.202 seconds: Server {DNS} UDP port 53 answered The DNS operation timed out.",
     "timeout", "dnspython", None, DNS),
    ("dns.exception.Timeout: The DNS operation timed out after 30.001 seconds", "timeout", "dnspython", None, None),
    (f";; communications error to {DNS}#53: timed out", "timeout", "BIND", None, DNS),
    # Nobody listens there.
    (f"lookup db on {DNS}:53: dial tcp {DNS}:53: connect: connection refused", "refused", "Go", "db", DNS),
    ("Error: querySrv ECONNREFUSED _mongodb._tcp.db", "refused", "Node.js", "_mongodb._tcp.db", None),
    (f";; communications error to {DNS}#53: connection refused", "refused", "BIND", None, DNS),
    ("Cannot connect to host db:80 ssl:default [Could not contact DNS servers]", "refused", "c-ares", None, None),
    # It could not be sent, or was turned back.
    (f"lookup db on {DNS}:53: write udp 10.244.1.5:4->{DNS}:53: write: operation not permitted", "unreachable", "Go", "db",
     DNS),
    (f"lookup db on {DNS}:53: read udp 10.244.1.5:4->{DNS}:53: read: no route to host", "unreachable", "Go", "db", DNS),
    # A server answered.
    ("Error: queryA ENOTFOUND db", "no-such-name", "Node.js", "db", None),
    ("Error: querySrv ESERVFAIL _mongodb._tcp.db", "server-failure", "Node.js", "_mongodb._tcp.db", None),
    ("Error: getaddrinfo ENODATA db", "no-such-name", "Node.js", "db", None),
    ("socket.gaierror: [Errno -5] No address associated with hostname", "no-such-name", "libc", None, None),
    ("socket.gaierror: [Errno -2] Name does not resolve", "no-such-name", "libc", None, None),
    ("socket.gaierror: [Errno -5] Name has no usable address", "no-such-name", "libc", None, None),
    ("Caused by: io.netty.resolver.dns.DnsErrorCauseException: Query failed with NXDOMAIN", "no-such-name", "Java (Netty)",
     None, None),
    ("Caused by: io.netty.resolver.dns.DnsErrorCauseException: Query failed with SERVFAIL", "server-failure",
     "Java (Netty)", None, None),
    ("javax.naming.NameNotFoundException: DNS name not found [response code 3]", "no-such-name", "Java (JNDI)", None, None),
    ("javax.naming.ServiceUnavailableException: DNS server failure [response code 2]", "server-failure", "Java (JNDI)",
     None, None),
    ("dns.resolver.NXDOMAIN: The DNS query name does not exist: db.", "no-such-name", "dnspython", "db.", None),
    ((f"dns.resolver.NoNameservers: All nameservers failed to answer the query db. IN A: Server Do53:{DNS}@53 answered "
     "SERVFAIL"), "server-failure", "dnspython", None, DNS),
    ("** server can't find db.shop: NXDOMAIN", "no-such-name", "BIND", "db.shop", None),
    ("** server can't find db.shop: SERVFAIL", "server-failure", "BIND", "db.shop", None),
    ("curl: (6) Could not resolve host: db (Domain name not found)", "no-such-name", "c-ares", "db", None),
    ("ERROR 2005 (HY000): Unknown MySQL server host 'db' (-2)", "no-such-name", "MySQL", "db", None),
    ("System.Net.Sockets.SocketException (00000005, 0xFFFDFFFF): Name or service not known", "no-such-name", ".NET", None,
     None),
    # EAI_AGAIN: no answer, or SERVFAIL.
    ("System.Net.Internals.SocketExceptionFactory+ExtendedSocketException (00000001, 11): Resource temporarily unavailable",
     "temporary", ".NET", None, None),
    ("System.Net.Http.HttpRequestException: Resource temporarily unavailable (db.shop:4003)", "temporary", ".NET", "db.shop",
     None),
    ('could not translate host name "db" to address: Try again', "temporary", "libc", "db", None),
    ("ssh: Could not resolve hostname db: Temporary failure in name resolution", "temporary", "libc", "db", None),
    ("failed to lookup address information: Temporary failure in name resolution", "temporary", "libc", None, None),
    ("dns error: failed to lookup address information: Try again", "temporary", "musl", None, None),
    ("ERROR 2005 (HY000): Unknown MySQL server host 'db' (-3)", "temporary", "MySQL", "db", None),
    # Nothing tells which.
    ("java.net.UnknownHostException: Failed to resolve 'db' [A(1)] after 2 queries", "ambiguous", "Java (Netty)", "db",
     None),
    ("System.Net.Internals.SocketExceptionFactory+ExtendedSocketException (00000005, 6): No such device or address",
     "ambiguous", ".NET", None, None),
    ("curl: (5) Could not resolve proxy: proxy", "ambiguous", "curl", "proxy", None),
    ("Unknown MySQL server host 'db' (11)", "ambiguous", "MySQL", "db", None),
]  # fmt: skip
SAID += MORE


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
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        'Get "https://10.96.0.1:443/api": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        "cache lookup user-7: context deadline exceeded",
        "System.Net.Sockets.SocketException (11): Resource temporarily unavailable",
        "System.Net.Sockets.SocketException (111): Connection refused",
        "Domain name not found in the registrar's list",
        "read udp 10.244.1.5:4->10.96.0.10:53: read: connection refused",
        "pthread_create: Resource temporarily unavailable (os error 11)",
        "javax.naming.NamingException: [LDAP: error code 32 - no such object] [response code 3]",
        "[Errno 11] Resource temporarily unavailable",
        "",
    ],
)
def test_what_speaks_of_no_lookup_is_passed_over(line):
    assert understood(line) is None


@settings(max_examples=100, derandomize=True, database=None)
@given(st.text(), st.sampled_from(NEEDLES), st.text())
def test_no_line_makes_it_raise(before, needle, behind):
    understood(before + needle.decode() + behind)
