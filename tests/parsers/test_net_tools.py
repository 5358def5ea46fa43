"""`ifconfig`, `route -n`, `netstat -rn`, `/proc/net/route`, `fib_trie`: what `ip` says of the same machine, as far as they go.

The outputs of `ip` are recorded; what the other programs print of it is derived by their own rules (`rendered_net_tools`).
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.facts import AddressFact, InterfaceFact, RouteFact
from calico_bundle.parsers import Parsed, Parser, choose, fib_trie, ifconfig, ip_addr, ip_route, proc_route, route_n
from tests.layouts import rendered_net_tools as texts
from tests.layouts.rendered import recorded

NODES = recorded().nodes
PARSERS = (ifconfig.PARSER, route_n.PARSER, proc_route.PARSER, fib_trie.PARSER)


def read(text: str, kind: str) -> Parsed:
    """Read a text by the parser that its content chooses; every line must be understood, and every quote its own line."""
    parser = choose(text)
    assert parser is not None
    assert parser.kind == kind
    parsed = parser.parse(text, "n1/x.txt")
    lines = text.split("\n")
    for fact in parsed.facts:
        evidence = fact.evidence  # type: ignore[attr-defined]
        assert evidence.text == quote(lines[evidence.line - 1])
    return parsed


def as_seen(route: RouteFact) -> tuple[object, ...]:
    hops = tuple((hop.gateway, hop.device) for hop in route.next_hops)
    return (route.family, route.table, route.type, route.destination, hops, route.metric)


# --- the same machine in every form ---------------------------------------------------------------------------------


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("form", [texts.route_n, lambda t: texts.route_n(t, netstat=True), texts.proc_net_route])
def test_routes_are_those_of_ip_route(node, form):
    printed = recorded().output(node, "ip-route")
    parsed = read(form(printed), "route-n")
    expected = ip_route.parse(texts.ip_route_main(printed), "x").facts
    assert parsed.gaps == ()
    assert {as_seen(r) for r in parsed.facts} == {as_seen(r) for r in expected}
    assert {(r.protocol, r.scope, r.source) for r in parsed.facts} == {(None, None, None)}


@pytest.mark.parametrize("node", NODES)
def test_fib_trie_has_the_destinations_of_all_tables_and_no_next_hop(node):
    printed = recorded().output(node, "ip-route")
    parsed = read(texts.fib_trie(printed), "fib-trie")
    expected = [r for r in ip_route.parse(printed, "x").facts if r.family == 4]
    assert parsed.gaps == ()
    assert {(r.table, r.type, r.destination) for r in parsed.facts} == {
        (r.table, r.type, r.destination) for r in expected
    }
    assert not any(r.next_hops for r in parsed.facts)


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("old", [False, True])
def test_interfaces_and_addresses_are_those_of_ip_addr(node, old):
    printed = recorded().output(node, "ip-addr")
    parsed = read(texts.ifconfig(printed, old=old), "ifconfig")
    expected = ip_addr.parse(printed, "x")
    assert parsed.gaps == ()

    def cards(found: Parsed) -> dict[str, tuple[object, ...]]:
        return {i.name: (i.mtu, "UP" in i.flags, None if i.name == "lo" else i.mac) for i in found.of(InterfaceFact)}

    def held(found: Parsed) -> set[tuple[object, ...]]:
        return {(a.interface, a.address) for a in found.of(AddressFact)}

    assert cards(parsed) == cards(expected)
    assert held(parsed) == held(expected)
    assert {i.index for i in parsed.of(InterfaceFact)} == {None}


# --- ifconfig -------------------------------------------------------------------------------------------------------


def test_an_alias_is_an_address_of_its_interface():
    text = """\
eth0      Link encap:Ethernet  HWaddr 00:0C:29:C2:C8:63
          inet addr:10.0.1.12  Bcast:10.0.1.255  Mask:255.255.255.0
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
          Interrupt:19 Base address:0x2000

eth0:1    Link encap:Ethernet  HWaddr 00:0C:29:C2:C8:63
          inet addr:10.0.1.112  Bcast:10.0.1.255  Mask:255.255.255.0
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
"""
    parsed = read(text, "ifconfig")
    assert parsed.gaps == ()
    assert [(i.name, i.flags, i.mtu) for i in parsed.of(InterfaceFact)] == [
        ("eth0", ("UP", "BROADCAST", "RUNNING", "MULTICAST"), 1500)
    ]
    assert [str(a.address) for a in parsed.of(AddressFact)] == ["10.0.1.12/24", "10.0.1.112/24"]


def test_tunnels_have_a_far_end_and_no_link_layer_address():
    text = """\
tun0: flags=4305<UP,POINTOPOINT,RUNNING,NOARP,MULTICAST>  mtu 1500
        inet 10.8.0.2  netmask 255.255.255.255  destination 10.8.0.1
        inet6 2001:db8::5  prefixlen 64  scopeid 0x0<global>
        unspec 00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00  txqueuelen 100  (UNSPEC)

tunl0: flags=193<UP,RUNNING,NOARP>  mtu 1480
        inet 10.244.2.1  netmask 255.255.255.255
        tunnel   txqueuelen 1000  (IPIP Tunnel)
"""
    parsed = read(text, "ifconfig")
    assert parsed.gaps == ()
    assert [(a.interface, str(a.address), a.peer, a.scope) for a in parsed.of(AddressFact)] == [
        ("tun0", "10.8.0.2/32", ip_address("10.8.0.1"), None),
        ("tun0", "2001:db8::5/64", None, "global"),
        ("tunl0", "10.244.2.1/32", None, None),
    ]
    assert {i.mac for i in parsed.of(InterfaceFact)} == {None}


@pytest.mark.parametrize("own", ["***HIDDEN***", "10.happy.blue.tree"])
def test_a_hidden_address_is_a_gap(own):
    text = f"eth0: flags=4163<UP,BROADCAST>  mtu 1500\n        inet {own}  netmask 255.255.255.0\n"
    parsed = read(text, "ifconfig")
    assert [gap.kind for gap in parsed.gaps] == [GapKind.REDACTED]
    assert not parsed.of(AddressFact)


def test_an_error_below_the_data_is_named():
    text = "eth0: flags=4163<UP,BROADCAST>  mtu 1500\nerror: unable to upgrade connection\nwhat is this\n"
    assert [g.kind for g in read(text, "ifconfig").gaps] == [GapKind.COLLECTOR_ERROR, GapKind.NOT_UNDERSTOOD]


def old_block(name: str, address: str) -> str:
    return (
        f"{name:<9} Link encap:Ethernet  HWaddr 00:0c:29:c2:c8:63  \n"
        f"          inet addr:{address}  Bcast:10.0.1.255  Mask:255.255.255.0\n"
        "          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n\n"
    )


def test_a_name_of_nine_characters_may_go_on():
    """net-tools 1.60, ife_print_long(): "%-9.9s Link encap". Of enp129s0f0 and enp129s0f1 it prints the same."""
    text = old_block("enp129s0f", "10.0.1.12") + old_block("enp129s0f", "10.0.2.12") + old_block("eth0", "10.0.3.12")
    parsed = read(text, "ifconfig")
    assert [i.name for i in parsed.of(InterfaceFact)] == ["eth0"]
    assert [str(a.address) for a in parsed.of(AddressFact)] == ["10.0.3.12/24"]
    assert [(gap.kind, gap.line) for gap in parsed.gaps] == [(GapKind.TRUNCATED, 1)]


@pytest.mark.parametrize("other", ["cali0123456789a", "bond0.1000", "enp129s0f0:1"])
def test_nine_characters_are_a_whole_name_where_longer_ones_are_printed(other):
    """Debian's net-tools and busybox print "%-9s": whole names."""
    parsed = read(old_block("bond0.100", "10.0.1.12") + old_block(other, "10.0.2.12"), "ifconfig")
    assert parsed.gaps == ()
    assert [a.interface for a in parsed.of(AddressFact)] == ["bond0.100", other.partition(":")[0]]


@pytest.mark.parametrize("name", ["eth0", "bond0.10", "bond0.10:1"])
def test_shorter_names_and_aliases_are_whole(name):
    parsed = read(old_block(name, "10.0.1.12"), "ifconfig")
    assert parsed.gaps == ()
    assert [a.interface for a in parsed.of(AddressFact)] == [name.partition(":")[0]]


# --- routes ---------------------------------------------------------------------------------------------------------

HEADER = "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"


def test_what_route_n_prints_of_routes_that_lead_nowhere():
    text = HEADER + (
        "10.244.2.0      0.0.0.0         255.255.255.192 U     0      0        0 *\n"
        "10.9.0.0        -               255.255.0.0     !     0      -        0 -\n"
        "10.0.1.9        -               255.255.255.255 !H    0      -        0 -\n"
    )
    parsed = read(text, "route-n")
    assert parsed.gaps == ()
    assert [(r.type, str(r.destination), r.next_hops) for r in parsed.facts] == [
        ("blackhole", "10.244.2.0/26", ()),
        ("unreachable", "10.9.0.0/16", ()),
        ("unreachable", "10.0.1.9/32", ()),
    ]


@pytest.mark.parametrize(
    "line,kind",
    [
        ("default         gateway         0.0.0.0         UG    0      0        0 eth0", GapKind.NOT_UNDERSTOOD),
        ("10.0.1.0        0.0.0.0         255.0.255.0     U     0      0        0 eth0", GapKind.NOT_UNDERSTOOD),
        ("10.0.1.7        0.0.0.0         255.255.255.0   U     0      0        0 eth0", GapKind.NOT_UNDERSTOOD),
        ("10.0.1.0        0.0.0.0         255.255.255.0   U     0      0", GapKind.NOT_UNDERSTOOD),
        ("0.0.0.0         ***HIDDEN***    0.0.0.0         UG    0      0        0 eth0", GapKind.REDACTED),
        ("SIOCADDRT: No such device", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_a_line_that_is_no_whole_route_is_a_gap(line, kind):
    parsed = read(HEADER + line + "\n", "route-n")
    assert (parsed.facts, [gap.kind for gap in parsed.gaps]) == ((), [kind])


EXTENDED = HEADER.replace("Iface\n", "Iface    MSS   Window irtt\n")


def test_route_ee_prints_six_characters_of_a_name():
    """net-tools, rprint_fib(): "%-6.6s" of the device where -ee was given; docker0 becomes docker."""
    text = EXTENDED + (
        "0.0.0.0         10.0.1.1        0.0.0.0         UG    100    0        0 ens18    0     0      0\n"
        "172.17.0.0      0.0.0.0         255.255.0.0     U     0      0        0 docker   0     0      0\n"
        "10.9.0.0        -               255.255.0.0     !     0      -        0 -        -     -      -\n"
    )
    parsed = read(text, "route-n")
    assert [(str(r.destination), r.type) for r in parsed.facts] == [
        ("0.0.0.0/0", "unicast"),
        ("10.9.0.0/16", "unreachable"),
    ]
    assert [(gap.kind, gap.line) for gap in parsed.gaps] == [(GapKind.TRUNCATED, 4)]


def test_other_forms_print_the_whole_name():
    line = "172.17.0.0      0.0.0.0         255.255.0.0     U     0      0        0 docker\n"
    (route,) = read(HEADER + line, "route-n").facts
    assert route.next_hops[0].device == "docker"


def test_ipv6_routes_as_net_tools_writes_addresses():
    """INET6_rresolve() writes [::] without -n, and fix_v4_address() leaves out the ::ffff: of a mapped address."""
    text = (
        "Kernel IPv6 routing table\n"
        "Destination                    Next Hop                   Flag Met Ref Use If\n"
        "0.0.0.0/96                     [::]                       !n   1024 0      0 lo\n"
        "[::]/0                         fe80::1                    UG   100 1      4 ens33\n"
        "[::]/0                         gateway                    UG   100 1      4 ens33\n"
        "0.0.0.0/95                     ::                         !n   1024 0      0 lo\n"
        "fe80::/64                      [::]                       U    256 1      4 ens33\n"
    )
    parsed = read(text, "route-n")
    assert [(r.type, str(r.destination), [str(h.gateway) for h in r.next_hops]) for r in parsed.facts] == [
        ("unreachable", str(ip_network("::ffff:0.0.0.0/96")), []),
        ("unicast", "::/0", ["fe80::1"]),
        ("unicast", "fe80::/64", ["None"]),
    ]
    assert [gap.line for gap in parsed.gaps] == [5, 6]


def test_the_default_route_without_n():
    line = "default         10.0.1.1        0.0.0.0         UG    100    0        0 eth0\n"
    (route,) = read(HEADER + line, "route-n").facts
    assert (route.destination, route.next_hops[0].gateway, route.metric) == (
        ip_network("0.0.0.0/0"), ip_address("10.0.1.1"), 100,
    )  # fmt: skip


def test_routes_of_both_families_in_one_text():
    text = HEADER + (
        "10.0.1.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0\n\n"
        "Kernel IPv6 routing table\n"
        "Destination                    Next Hop                   Flag Met Ref Use If\n"
        "2001:db8::/64                  ::                         U    256 1     0 eth0\n"
        "::/0                           fe80::1                    UGDAe 1024 1     0 eth0\n"
        "::/0                           ::                         !n   -1  1     0 lo\n"
        "2001:db8::5/128                ::                         Un   0   2     4 eth0\n"
        "ff00::/8                       ::                         U    256 1     0 eth0\n"
    )
    parsed = read(text, "route-n")
    assert parsed.gaps == ()
    assert [(r.family, r.table, r.type, str(r.destination), r.metric) for r in parsed.facts] == [
        (4, "main", "unicast", "10.0.1.0/24", 0),
        (6, "main", "unicast", "2001:db8::/64", 256),
        (6, "main", "unicast", "::/0", 1024),
        (6, "main", "unreachable", "::/0", 2**32 - 1),
        (6, "local", "local", "2001:db8::5/128", 0),
        (6, "local", "multicast", "ff00::/8", 256),
    ]


def test_proc_net_route_of_a_big_endian_machine():
    """s390x prints the numbers in its own order; masks tell which one it is."""
    text = texts.proc_net_route(recorded().output(NODES[0], "ip-route"))
    lines = [line.split("\t") for line in text.splitlines()]
    for words in lines[1:]:
        for at in (1, 2, 7):
            words[at] = bytes.fromhex(words[at])[::-1].hex().upper()
    turned = "".join("\t".join(words) + "\n" for words in lines)
    assert [as_seen(r) for r in read(turned, "route-n").facts] == [as_seen(r) for r in read(text, "route-n").facts]


def test_a_line_of_proc_net_route_that_fits_no_mask_is_a_gap():
    text = (
        texts.proc_net_route("10.0.1.0/24 dev eth0 scope link\n")
        + "eth1\t0201000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    parsed = read(text, "route-n")
    assert ([str(r.destination) for r in parsed.facts], len(parsed.gaps)) == (["10.0.1.0/24"], 1)


def test_fib_trie_of_a_machine_without_rules_prints_one_table_twice():
    leaves = (
        "  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
        "     |-- 10.0.1.12\n        /32 host LOCAL\n        /32 link UNICAST tos=16\n"
    )
    parsed = read(f"Main:\n{leaves}Local:\n{leaves}Id 100:\n{leaves}", "fib-trie")
    assert [(r.table, r.type, str(r.destination)) for r in parsed.facts] == [
        ("main", "unicast", "0.0.0.0/0"),
        ("local", "local", "10.0.1.12/32"),
        ("100", "unicast", "0.0.0.0/0"),
        ("100", "local", "10.0.1.12/32"),
    ]
    assert len(parsed.gaps) == 3


# --- any text -------------------------------------------------------------------------------------------------------

_WORDS = """
    eth0 eth0: lo Link encap:Ethernet HWaddr flags=4163<UP> mtu 1500 inet addr:10.0.1.12 Mask:255.255.255.0 netmask
    255.255.255.0 inet6 addr: fe80::1/64 prefixlen 64 Destination Gateway Genmask Flags Metric Iface U UG !H * -
    0.0.0.0 10.0.1.0 Next Hop Flag 0001 0003 0101000A 00FFFFFF FFFFFFFF 0 Main: Local: +-- |-- /24 link UNICAST
"""
WORDS = st.sampled_from(_WORDS.split())
LINES = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=30)
STARTS = st.sampled_from([
    "", HEADER, "eth0: flags=4163<UP>  mtu 1500\n", "eth0  Link encap:Ethernet\n", "Main:\n     |-- 10.0.1.12\n",
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n",
    "Destination                    Next Hop                   Flag Met Ref Use If\n",
])  # fmt: skip


@pytest.mark.parametrize("parser", PARSERS, ids=lambda p: p.kind)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(STARTS, st.lists(st.tuples(st.sampled_from(["", " ", "      "]), LINES).map("".join), max_size=8))
@example(HEADER, ["10.0.1.0 0.0.0.0 255.255.255.0 U 0 0 0"])
def test_no_text_makes_it_raise_and_no_quote_is_another_line(parser: Parser, start: str, lines: list[str]):
    text = start + "\n".join(lines)
    parsed = parser.parse(text, "x")
    printed = text.split("\n")
    for fact in parsed.facts:
        assert fact.evidence.text == quote(printed[fact.evidence.line - 1])
    parser.recognizes(text)


@pytest.mark.parametrize("node", NODES[:1])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_a_line_put_in_between_is_a_fact_or_a_gap_and_changes_nothing_else(node, data):
    printed = recorded().output(node, "ip-route")
    for parser, text in ((route_n.PARSER, texts.route_n(printed)), (proc_route.PARSER, texts.proc_net_route(printed))):
        lines = text.splitlines()
        at = data.draw(st.integers(2, len(lines)))
        lines.insert(at, "zzz " + data.draw(st.sampled_from(["what", "10.0.0.1 x", "|-- 1.2.3.4"])))
        found = parser.parse("\n".join(lines) + "\n", "x")
        whole = parser.parse(text, "x")
        assert [as_seen(r) for r in found.facts] == [as_seen(r) for r in whole.facts]
        assert [gap.line for gap in found.gaps] == [at + 1]


def test_helpers_of_the_renderings_hold_what_is_asked_of_them():
    """A rendering that lost a route would make every test above say yes to nothing."""
    printed = recorded().output(NODES[0], "ip-route")
    assert texts.route_n(printed).count("\n") == len(texts.ip_route_main(printed).splitlines()) + 2
    own = replace(next(iter(ip_addr.parse(recorded().output(NODES[0], "ip-addr"), "x").of(AddressFact))), flags=())
    assert own.address == ip_interface("127.0.0.1/8")


@pytest.mark.parametrize("columns,blanks,whole", [(11, "", True), (11, " ", False), (10, "", False), (8, " ", False)])
def test_a_line_without_its_end_is_a_cut(columns, blanks, whole):
    """The kernel fills each line up with blanks; the routes behind a cut were held not to be there."""
    header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    entry = "ens18\t00000000\t0101000A\t0003\t0\t0\t100\t00000000\t0\t0\t0"
    text = header + "\t".join(entry.split("\t")[:columns]) + blanks
    gaps = proc_route.parse(text, "route").gaps
    assert [gap.kind for gap in gaps] == ([] if whole else [GapKind.TRUNCATED])
