"""Listings of rules for services: of nftables, IPVS and Calico's eBPF map; those of iptables are in `tests/network`.

Of nft, the listings in `tests/network/service_rules` are recorded with nftables 1.0.6. `ipvsadm -Ln` prints as in the
documentation of kube-proxy's IPVS mode (kubernetes pkg/proxy/ipvs/README.md) and ipvsadm.c; `-bpf nat dump` as in
projectcalico/calico felix/cmd/calico-bpf/commands/nat.go and the logs of its issues.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import ServiceTableFact
from calico_bundle.parsers import Parsed, bpf_nat, choose, iptables_list, iptables_save, ipvsadm, nft_ruleset

RECORDED = Path(__file__).parents[1] / "network" / "service_rules"
IPVS = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.96.0.1:443 rr persistent 10800
  -> 10.0.1.11:6443               Masq    1      4          0
TCP  10.96.0.10:53 rr
  -> 10.244.0.2:53                Masq    1      0          0
  -> 10.244.0.3:53                Masq    1      0          0
UDP  10.96.0.10:53 rr
  -> 10.244.0.2:53                Masq    1      0          12
  -> 10.244.0.3:53                Masq    0      0          4
"""
IPVS_SAVED = """\
-A -t 10.96.0.1:443 -s rr -p 10800
-a -t 10.96.0.1:443 -r 10.0.1.11:6443 -m -w 1
-A -u 10.96.0.10:53 -s rr
-a -u 10.96.0.10:53 -r 10.244.0.2:53 -m -w 1
-a -u 10.96.0.10:53 -r 10.244.0.3:53 -m -w 0
"""
BPF = """\
2022-07-27 02:57:03.265 [INFO][2459138] confd/maps.go 433: Loaded map file descriptor. fd=0x9 name="/sys/fs/bpf/x"
10.96.0.1 port 443 proto 6 id 0 count 1 local 0
\t0:0\t 10.0.1.11:6443
10.96.0.10 port 53 proto 17 id 2 count 2 local 1
\t2:0\t 10.244.0.2:53
\t2:1\t 10.244.0.3:53
10.96.0.10 port 53 proto 6 id 3 count 0 local 0 flags internal-local
"""


def table(parsed: Parsed) -> ServiceTableFact:
    (fact,) = parsed.of(ServiceTableFact)
    return fact


def targets(fact: ServiceTableFact, protocol: str = "UDP") -> list[tuple[str, str | None]]:
    own = [t for t in fact.targets if t.protocol == protocol]
    return [(t.does, None if t.target is None else str(t.target)) for t in own]


# --- IPVS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [IPVS, IPVS_SAVED])
def test_virtual_servers_lead_to_real_ones_that_have_a_weight(text: str):
    """Weight 0 is an endpoint that is gone, with connections left (pkg/proxy/ipvs/graceful_termination.go)."""
    parser = choose(text)
    assert parser is not None
    assert parser.kind == "ipvsadm"
    parsed = parser.parse(text, "n1")
    assert parsed.gaps == ()
    fact = table(parsed)
    assert targets(fact) == [("translates", "10.244.0.2")]
    assert (fact.mode, fact.whole, str(fact.samples[0])) == ("ipvs", False, "10.96.0.1")
    assert fact.services == sum(line.startswith(("TCP", "UDP", "-A")) for line in text.split("\n"))


def test_tcp_is_told_apart():
    assert targets(table(ipvsadm.parse(IPVS, "n1")), "TCP") == [
        ("translates", "10.244.0.2"),
        ("translates", "10.244.0.3"),
    ]


def test_virtual_server_without_real_ones_refuses():
    text = "IP Virtual Server version 1.2.1 (size=4096)\nUDP  10.96.0.10:53 rr\nUDP  10.96.0.11:53 rr\n"
    fact = table(ipvsadm.parse(text, "n1"))
    assert [(str(t.address), t.does) for t in fact.targets] == [("10.96.0.10", "rejects"), ("10.96.0.11", "not-shown")]


def test_listing_of_one_service():
    """`ipvsadm -Ln -u 10.96.0.10:53` prints the columns' titles alone above it."""
    text = "\n".join(IPVS.split("\n")[1:3] + IPVS.split("\n")[8:])
    parser = choose(text)
    assert parser is not None
    assert targets(table(parser.parse(text, "n1"))) == [("translates", "10.244.0.2")]


def test_listing_with_names_is_not_whole():
    """Without -n, ipvsadm prints names of hosts and ports."""
    text = "IP Virtual Server version 1.2.1 (size=4096)\nUDP  kube-dns.example:domain rr\n  -> n2.example:domain  Masq 1 0 0\n"
    fact = table(ipvsadm.parse(text, "n1"))
    assert not fact.whole
    assert fact.targets == ()


def test_real_server_with_a_name_is_not_shown():
    text = "IP Virtual Server version 1.2.1 (size=4096)\nUDP  10.96.0.10:53 rr\n  -> n2.example:domain  Masq 1 0 0\n"
    assert targets(table(ipvsadm.parse(text, "n1"))) == [("not-shown", None)]


def test_machine_without_ipvs_has_no_listing():
    """Recorded: ipvsadm 1.31 on a kernel without IPVS."""
    text = (
        "Can't initialize ipvs: Protocol not available\n"
        "Are you sure that IP Virtual Server is built in the kernel or as module?\n"
    )
    parsed = ipvsadm.parse(text, "n1")
    assert parsed.facts == ()
    assert {gap.kind for gap in parsed.gaps} == {GapKind.COLLECTOR_ERROR}


def test_addresses_of_ipv6_are_kept_apart():
    text = "IP Virtual Server version 1.2.1 (size=4096)\nUDP  [fd00::a]:53 rr\n  -> [fd00:1::2]:53  Masq 1 0 0\n"
    fact = table(ipvsadm.parse(text, "n1"))
    assert [(str(t.address), str(t.target)) for t in fact.targets] == [("fd00::a", "fd00:1::2")]


# --- eBPF -------------------------------------------------------------------------------------------------------------


def test_map_of_ebpf():
    parser = choose(BPF)
    assert parser is not None
    assert parser.kind == "bpf-nat"
    parsed = parser.parse(BPF, "n1")
    assert parsed.gaps == ()
    fact = table(parsed)
    assert targets(fact) == [("translates", "10.244.0.2"), ("translates", "10.244.0.3")]
    assert targets(fact, "TCP") == [("rejects", None)]
    assert [t.local for t in fact.targets] == [False, False, True]
    assert (fact.mode, fact.whole, fact.services) == ("ebpf", False, 3)


def test_backends_that_are_not_all_listed_are_said_to_lack():
    text = BPF.replace("\t2:1\t 10.244.0.3:53\n", "")
    assert targets(table(bpf_nat.parse(text, "n1"))) == [("translates", "10.244.0.2"), ("not-shown", None)]


# --- nftables ---------------------------------------------------------------------------------------------------------


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


def test_listing_that_is_cut_off_shows_no_more_than_it_has():
    text = recorded("nftables.healthy")
    cut = text[: text.index("chain endpoint-0XSGD6KX-kube-system/kube-dns/udp")]
    parsed = nft_ruleset.parse(cut, "n1")
    assert [gap.kind for gap in parsed.gaps] == [GapKind.TRUNCATED]
    fact = table(parsed)
    assert not fact.whole
    assert ("not-shown", None) in targets(fact)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(" {\n", " { # handle 7\n"),  # nft -a
        lambda text: text.replace(" . udp . ", " . 17 . ").replace(" . tcp . ", " . 6 . "),  # nft -nnn
        lambda text: text.replace(". 53 :", ". 53 counter packets 1 bytes 60 :"),
    ],
)
def test_other_forms_of_the_same_listing(change):
    """Recorded with `nft -a` and `nft -nnn`; counters of elements: nft(8)."""
    text = recorded("nftables.healthy")
    assert change(text) != text
    assert targets(table(nft_ruleset.parse(change(text), "n1"))) == targets(table(nft_ruleset.parse(text, "n1")))


def test_target_that_nft_has_no_words_for_is_not_shown():
    """nft prints a match or target of iptables that it cannot translate by its name alone."""
    text = recorded("nft-of-iptables.one").replace("dnat to 10.244.0.2:53", 'xt target "DNAT"')
    assert targets(table(nft_ruleset.parse(text, "n1"))) == [("not-shown", None)]


def test_rules_of_ipv6_are_not_taken_for_those_of_ipv4():
    text = recorded("nftables.healthy").replace("table ip kube-proxy", "table ip6 kube-proxy")
    assert nft_ruleset.parse(text, "n1").facts == ()


# --- iptables ---------------------------------------------------------------------------------------------------------


def iptables(text: str) -> ServiceTableFact:
    return table(iptables_save.parse(text, "n1"))


def test_who_saved_it_and_when():
    fact = iptables(recorded("iptables-nft.healthy"))
    assert (fact.backend, fact.whole, fact.prepared, fact.services) == ("nft", True, True, 3)
    assert fact.recorded is not None
    assert fact.recorded.endswith("2026")
    assert iptables(recorded("iptables-legacy.healthy")).backend == "legacy"


def test_rules_of_ip6tables_give_nothing():
    text = "# Generated by ip6tables-save v1.8.9 on Mon Nov 23 13:09:26 2026\n*nat\n:KUBE-SERVICES - [0:0]\nCOMMIT\n"
    assert iptables_save.parse(text, "n1").of(ServiceTableFact) == ()
    rule = "-A KUBE-SERVICES -d fd00::a/128 -p udp -m udp --dport 53 -j KUBE-SVC-X\n"
    assert iptables_save.parse(f"*nat\n:KUBE-SERVICES - [0:0]\n{rule}COMMIT\n", "n1").of(ServiceTableFact) == ()


def test_rules_without_the_end_of_the_table_are_not_all():
    text = recorded("iptables-nft.healthy")
    cut = text[: text.index("-A KUBE-SVC-TCOU7JCQXEZGVUNU -m comment")]
    fact = iptables(cut)
    assert not fact.whole
    assert targets(fact) == [("not-shown", None)]


def test_ipvs_mode_has_sets_in_place_of_entries():
    """Kubernetes pkg/proxy/ipvs/proxier.go: one rule of KUBE-SERVICES for the set of all cluster IPs."""
    rule = "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n"
    fact = iptables(f"*nat\n:KUBE-SERVICES - [0:0]\n{rule}COMMIT\n")
    assert (fact.prepared, fact.services, fact.targets) == (False, 0, ())


def test_rule_behind_one_that_always_applies_is_not_met():
    """iptables(8): a packet leaves the chain at the first rule that applies and has a target that ends it."""
    text = recorded("iptables-nft.one")
    more = "-A KUBE-SVC-TCOU7JCQXEZGVUNU -j KUBE-SEP-APISERVER0000001\nCOMMIT\n"
    nat, _, rest = text.partition("*nat")
    assert targets(iptables(nat + "*nat" + rest.replace("COMMIT\n", more, 1))) == [("translates", "10.244.0.2")]


def test_short_form_without_counters_and_numbers():
    """`iptables -t nat -L` (iptables(8): without -v no counters and devices; before 1.8.9 protocols by name)."""
    text = """\
Chain KUBE-SERVICES (2 references)
target     prot opt source               destination
KUBE-SVC-TCOU7JCQXEZGVUNU  udp  --  anywhere             10.96.0.10           /* kube-system/kube-dns:dns */ udp dpt:domain

Chain KUBE-SVC-TCOU7JCQXEZGVUNU (1 references)
target     prot opt source               destination
KUBE-SEP-A  all  --  anywhere             anywhere             /* kube-system/kube-dns:dns */

Chain KUBE-SEP-A (1 references)
target     prot opt source               destination
KUBE-MARK-MASQ  all  --  10.244.0.2           anywhere
DNAT       udp  --  anywhere             anywhere             /* kube-system/kube-dns:dns */ udp to:10.244.0.2:53
"""
    parser = choose(text)
    assert parser is not None
    assert parser.kind == "iptables-list"
    fact = table(parser.parse(text, "n1"))
    assert targets(fact) == [("translates", "10.244.0.2")]
    assert fact.targets[0].evidence.text.startswith("DNAT       udp")
    assert not fact.whole


def test_listing_without_the_jump_to_services_does_not_tell():
    jump = "    0     0 KUBE-SERVICES  0 "
    lines = recorded("iptables-list.one").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(jump))
    assert len(text) < len("".join(lines))
    fact = table(iptables_list.parse(text, "n1"))
    assert (fact.from_pods, fact.from_node) == (None, None)
    without_output = (
        "".join(lines).replace("Chain OUTPUT (", "Chain OTHER (").replace("Chain INPUT (", "Chain OUTPUT (")
    )
    fact = table(iptables_list.parse(without_output, "n1"))
    assert (fact.from_pods, fact.from_node) == (True, None)


def test_refusals_and_exemptions_of_the_other_tables():
    """Recorded with iptables 1.8.9 (`-t filter -nvL`, `-t raw -nvL`)."""
    head = " pkts bytes target     prot opt in     out     source               destination\n"
    refused = (
        "    0     0 REJECT     17   --  *      *       0.0.0.0/0            10.96.0.10   udp dpt:53 reject-with icmp\n"
    )
    untracked = (
        "    0     0 CT         17   --  *      *       0.0.0.0/0            10.96.0.10           udp dpt:53 NOTRACK\n"
    )
    text = f"Chain KUBE-SERVICES (1 references)\n{head}{refused}"
    assert targets(table(iptables_list.parse(text, "n1"))) == [("rejects", None)]
    text = f"Chain PREROUTING (policy ACCEPT 0 packets, 0 bytes)\n{head}{untracked}"
    assert targets(table(iptables_list.parse(text, "n1"))) == [("untracked", None)]


# --- any text ---------------------------------------------------------------------------------------------------------

PARSERS = (iptables_list, iptables_save, nft_ruleset, ipvsadm, bpf_nat)
LETTERS = ' \t\n{}()#:.,;@*/->"019aAKdjnpUé\x00\u2028'
LINES = st.sampled_from(
    [*IPVS.splitlines(), *IPVS_SAVED.splitlines(), *BPF.splitlines()]
    + [
        line
        for name in ("nftables.healthy", "nft-of-iptables.healthy", "iptables-nft.refused", "iptables-list.affinity")
        for line in recorded(name).split("\n")
    ]
)
TEXTS = st.one_of(
    st.text(LETTERS, max_size=99),
    st.lists(LINES, max_size=30).map("\n".join),
    st.lists(st.one_of(LINES, st.text(LETTERS, max_size=20)), max_size=9).map("\n".join),
)


@settings(max_examples=60, derandomize=True, database=None)
@given(TEXTS)
@example("table ip kube-proxy {\n\tchain a {\n")
@example("-A KUBE-SERVICES -d 10.96.0.10/99 -p udp --dport 53 -j KUBE-SVC-X\n")
def test_no_text_makes_them_raise_or_cite_what_is_not_there(text: str):
    lines = text.split("\n")
    for parser in PARSERS:
        for fact in parser.parse(text, "x").of(ServiceTableFact):
            for evidence in (fact.evidence, *(t.evidence for t in fact.targets)):
                assert evidence.line is not None
                assert 1 <= evidence.line <= len(lines)


@pytest.mark.parametrize(
    "text",
    [recorded("iptables-nft.healthy"), recorded("iptables-list.healthy"), IPVS_SAVED, BPF],
    ids=["save", "list", "ipvs", "bpf"],
)
def test_a_line_that_is_cut_off_in_a_port_shows_no_port(text: str):
    end = text.rindex(":53", 0, text.index(":53", text.index("10.244.0.2")) + 3) + 3
    parser = choose(text)
    assert parser is not None
    for left in (1, 2):
        cut = parser.parse(text[: end - left], "n1").of(ServiceTableFact)
        assert {t.port for fact in cut for t in fact.targets} <= {None}


@settings(max_examples=60, derandomize=True, database=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["iptables-nft.healthy", "nftables.healthy", "nft-of-iptables.healthy", "nftables-1.36.healthy"]),
)
def test_a_listing_cut_anywhere_is_never_whole_and_names_no_other_target(place: int, name: str):
    text = recorded(name)
    parser = nft_ruleset if name.startswith("nft") else iptables_save
    cut = text[: place % (text.index("\n}\n") if parser is nft_ruleset else text.rindex("COMMIT"))]
    for fact in parser.parse(cut, "x").of(ServiceTableFact):
        if fact.services:
            assert not fact.whole
        for target in fact.targets:
            assert str(target.target) in ("None", "10.244.0.2", "10.244.0.3")
            assert target.port in (None, 53)
            assert target.does in ("translates", "not-shown")
