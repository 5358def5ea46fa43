"""CoreDNS's own log: each line as CoreDNS and client-go write it, and what it says of the server.

Sources: CoreDNS plugin/loop/loop.go, plugin/errors/errors.go (`CODE NAME TYPE: ERROR`), plugin/ready/ready.go,
plugin/kubernetes, plugin/reload/reload.go, plugin/pkg/proxy/errors.go, coremain/run.go; client-go
tools/cache/reflector.go; Go net.OpError for `read udp A->B: i/o timeout`.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.parsers import choose
from calico_bundle.parsers.dns_server_log import parse, recognizes, stream

START = ".:53\n[INFO] plugin/reload: Running configuration SHA512 = 591cf3\nCoreDNS-1.11.1\nlinux/amd64, go1.20.7, ae2bbc2\n"
REFLECTOR = (
    "E0301 10:00:01.000000       1 reflector.go:138] pkg/mod/k8s.io/client-go@v0.22.2/tools/cache/reflector.go:167: "
    "Failed to watch *v1.Service: failed to list *v1.Service: "
)
SAID = [
    ('[FATAL] plugin/loop: Loop (127.0.0.1:46073 -> :53) detected for zone ".", see https://coredns.io/plugins/loop',
     "loop", {"zone": "."}),
    ("[ERROR] plugin/errors: 2 example.com. A: read udp 10.244.0.5:41922->8.8.8.8:53: i/o timeout",
     "upstream-timeout", {"upstream": "8.8.8.8", "error": "i/o timeout"}),
    ("[ERROR] plugin/errors: 2 example.com. AAAA: read udp 10.244.0.5:4->192.168.1.1:53: read: connection refused",
     "upstream-refused", {"upstream": "192.168.1.1", "error": "connection refused"}),
    ("[ERROR] plugin/errors: 2 example.com. A: dial udp 192.168.1.1:53: connect: network is unreachable",
     "upstream-unreachable", {"upstream": "192.168.1.1", "error": "network is unreachable"}),
    ("[ERROR] plugin/errors: 2 example.com. A: no healthy proxies", "upstream-unreachable", {"error": "no healthy proxies"}),
    (f'{REFLECTOR}Get "https://10.96.0.1:443/api/v1/services?limit=500": dial tcp 10.96.0.1:443: i/o timeout',
     "api-unreachable", {"api": "10.96.0.1:443", "error": "i/o timeout"}),
    (f'{REFLECTOR}Get "https://10.96.0.1:443/api/v1/services?limit=500": dial tcp 10.96.0.1:443: connect: no route to host',
     "api-unreachable", {"api": "10.96.0.1:443", "error": "no route to host"}),
    (f"{REFLECTOR}Unauthorized", "api-refused", {"error": "Unauthorized"}),
    (f'{REFLECTOR}services is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list resource "services"',
     "api-refused", {"error": "is forbidden"}),
    ('[INFO] plugin/ready: Still waiting on: "kubernetes"', "waiting-for-api", {"error": 'Still waiting on: "kubernetes"'}),
    ("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API",
     "waiting-for-api", {"error": "starting server with unsynced Kubernetes API"}),
    ("/etc/coredns/Corefile:51 - Error during parsing: Unknown directive 'banana'",
     "configuration-error", {"error": "Error during parsing: Unknown directive 'banana'"}),
    ("Listen: listen tcp :53: bind: address already in use",
     "address-in-use", {"error": "listen tcp :53: bind: address already in use"}),
    ("panic: runtime error: invalid memory address", "panic", {"error": "runtime error: invalid memory address"}),
    ("CoreDNS-1.11.1", "started", {"version": "1.11.1"}),
]  # fmt: skip


@pytest.mark.parametrize("line, event, values", SAID, ids=[f"{s[1]}-{n}" for n, s in enumerate(SAID)])
def test_each_line_says_what_it_means(line, event, values):
    (fact,) = parse(f"{line}\n", "coredns.log").facts
    assert (fact.event, dict(fact.values), fact.evidence.line) == (event, values, 1)


@pytest.mark.parametrize(
    "prefix", ["", "2025-03-01T10:00:00.000000000Z stdout F ", "[pod/kube-system/coredns-x/coredns] "]
)
def test_it_is_recognized_behind_the_prefixes_of_collectors(prefix):
    text = "".join(f"{prefix}{line}\n" for line in START.splitlines())
    assert recognizes(text)
    assert choose(text).kind == "dns-server-log"
    assert [f.event for f in parse(text, "a").facts] == ["started"]


@pytest.mark.parametrize(
    "text",
    [
        "CoreDNS-1.11.1 is what we run\n",
        "see plugin/loop of CoreDNS\n",
        "2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: plugin/ is loaded\n",
        "apiVersion: v1\ndata:\n  Corefile: |\n    .:53 {\n    }\n",
    ],
)
def test_what_only_speaks_of_it_is_not_its_log(text):
    assert not recognizes(text)


def test_equal_lines_are_counted_with_the_first_and_the_last():
    line = "[ERROR] plugin/errors: 2 example.com. A: read udp 10.244.0.5:{}->8.8.8.8:53: i/o timeout"
    text = START + "\n".join(f"2025-03-01T10:00:0{n}Z stdout F {line.format(n)}" for n in range(5))
    fact = parse(text, "a").facts[1]
    assert (fact.count, fact.evidence.line, fact.cited["last"].line) == (5, 5, 9)
    assert (fact.first_time, fact.last_time) == ("2025-03-01T10:00:00Z", "2025-03-01T10:00:04Z")
    assert stream([text[:100].encode(), text[100:].encode()], "a") == parse(text, "a")


def test_the_loop_plugins_own_question_is_no_query_of_a_client():
    """plugin/loop asks once, at the start, for a name of two random numbers, of type HINFO."""
    line = "[ERROR] plugin/errors: 2 1234.5678. HINFO: read udp 10.244.0.5:4->8.8.8.8:53: i/o timeout\n"
    assert [f.event for f in parse(line, "a").facts] == ["probe-unanswered"]


def test_the_names_that_were_asked_for_are_kept():
    lines = [
        f"[ERROR] plugin/errors: 2 {n}.com. A: read udp 10.0.0.5:4->8.8.8.8:53: i/o timeout" for n in ("a", "b", "a")
    ]
    (fact,) = parse("\n".join(lines), "a").facts
    assert (fact.names, fact.count) == (("a.com.", "b.com."), 3)


def test_queries_in_the_log_are_no_events():
    line = '[INFO] 10.244.1.5:43122 - 1234 "A IN kubernetes.default.svc.cluster.local. udp 54 false 512" NOERROR qr 106 0.0001s'
    assert recognizes(f"{line}\n")
    assert parse(f"{line}\n", "a").facts == ()


@settings(max_examples=100, derandomize=True, database=None)
@given(st.text(), st.sampled_from([s[0] for s in SAID]), st.text())
def test_no_text_makes_it_raise(before, line, behind):
    recognizes(before + line + behind)
    parse(before + line[:60] + behind + line, "a")
