"""Kernel settings from `sysctl -a`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.parsers import Parsed, sysctl

ALL = """\
abi.vsyscall32 = 1
dev.cdrom.info = CD-ROM information, Id: cdrom.c 3.20 2003/12/17
kernel.core_pattern = |/usr/share/apport/apport -p%p -s%s
kernel.domainname = \n\
sysctl: permission denied on key 'fs.protected_fifos'
sysctl: reading key "net.ipv6.conf.all.stable_secret"
net.core.somaxconn = 4096
net.ipv4.conf.all.rp_filter = 2
net.ipv4.conf.eth0/100.rp_filter = 1
net.ipv4.conf.vxlan.calico.rp_filter = 0
net.ipv4.tcp_rmem = 4096\t131072\t6291456
net.ipv6.conf.all.forwarding = 1
"""


def test_settings_of_both_families_are_kept() -> None:
    parsed = sysctl.parse(ALL, "n1/sysctl_-a")
    assert parsed.gaps == ()
    assert [(fact.key, fact.value, fact.evidence.line) for fact in parsed.facts] == [
        ("net.ipv4.conf.all.rp_filter", "2", 8),
        ("net.ipv4.conf.eth0.100.rp_filter", "1", 9),
        ("net.ipv4.conf.vxlan.calico.rp_filter", "0", 10),
        ("net.ipv4.tcp_rmem", "4096\t131072\t6291456", 11),
        ("net.ipv6.conf.all.forwarding", "1", 12),
    ]


def test_whole_paths_are_the_same_settings() -> None:
    """troubleshoot's sysctl collector: the name of every file below /proc/sys, an equals sign, what it holds."""
    text = (
        "/proc/sys/net/ipv4/conf/all/rp_filter = 2\n/proc/sys/net/ipv4/conf/eth0.100/rp_filter = 1\n"
        "/proc/sys/net/ipv4/route/flush = \n/proc/sys/vm/swappiness = 60\n"
    )
    assert sysctl.recognizes(text)
    parsed = sysctl.parse(text, "sysctl/worker-1")
    assert parsed.gaps == ()
    assert [(fact.key, fact.value) for fact in parsed.facts] == [
        ("net.ipv4.conf.all.rp_filter", "2"),
        ("net.ipv4.conf.eth0.100.rp_filter", "1"),
        ("net.ipv4.route.flush", ""),
    ]


def test_how_many_connections_are_tracked_is_kept_and_nothing_else_of_netfilter() -> None:
    text = (
        "net.netfilter.nf_conntrack_buckets = 65536\nnet.netfilter.nf_conntrack_count = 131\n"
        "net.netfilter.nf_conntrack_max = 262144\nnet.nf_conntrack_max = 262144\n"
    )
    assert [(fact.key, fact.value, fact.evidence.line) for fact in sysctl.parse(text, "n1/sysctl_-a").facts] == [
        ("net.netfilter.nf_conntrack_count", "131", 2),
        ("net.netfilter.nf_conntrack_max", "262144", 3),
        ("net.nf_conntrack_max", "262144", 4),
    ]


@pytest.mark.parametrize(
    "line, kind",
    [
        ("sysctl: permission denied on key 'net.ipv4.tcp_fastopen_key'", GapKind.COLLECTOR_ERROR),
        ("net.ipv4.conf.all.rp_filter = ***HIDDEN***", GapKind.REDACTED),
        ("error: unable to upgrade connection", GapKind.COLLECTOR_ERROR),
        ("net.ipv4.conf.all.rp_filter", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_a_line_without_a_setting_is_a_gap(line: str, kind: GapKind) -> None:
    parsed = sysctl.parse(f"net.ipv4.ip_forward = 1\n{line}\n", "n1/sysctl_-a")
    assert [fact.key for fact in parsed.facts] == ["net.ipv4.ip_forward"]
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(2, kind)]


def test_a_configuration_file_is_not_what_is_in_force() -> None:
    assert sysctl.parse("net.ipv4.ip_forward = 1\n", "n1/etc/sysctl.d/99-k8s.conf") == Parsed(())


@pytest.mark.parametrize(
    "text",
    [
        "# Kernel settings\nnet.ipv4.ip_forward = 1\n",
        "net.ipv4.ip_forward=1\n",
        "key = value\nother = thing\n",
        "[section]\nnet.ipv4.ip_forward = 1\n",
        "",
    ],
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert not sysctl.recognizes(text)


def test_the_whole_listing_is_recognized_though_it_is_cut() -> None:
    assert sysctl.recognizes(ALL)
    assert sysctl.recognizes((ALL * 100)[:8192])


keys = st.from_regex(r"net\.ipv[46]\.[a-z]{1,9}(\.[a-z0-9]{1,9}){0,3}", fullmatch=True)
values = st.from_regex(r"[0-9a-z]{0,9}(\t[0-9]{1,4}){0,3}", fullmatch=True).filter(
    lambda value: "redacted" not in value
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(keys, values), min_size=1, max_size=6))
def test_round_trip(rows: list[tuple[str, str]]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in rows)
    parsed = sysctl.parse(text, "n1/sysctl")
    assert sysctl.recognizes(text)
    assert parsed.gaps == ()
    assert [(fact.key, fact.value) for fact in parsed.facts] == [(key, value.strip()) for key, value in rows]


@settings(max_examples=100, deadline=None)
@given(st.text() | st.lists(st.sampled_from([*ALL.split(), "\n", " = ", "net.ipv4."])).map("".join))
def test_never_raises(text: str) -> None:
    sysctl.recognizes(text)
    assert isinstance(sysctl.parse(text, "n1/sysctl"), Parsed)
