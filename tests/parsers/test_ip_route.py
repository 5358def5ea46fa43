"""Routes from every shape of `ip route` and `ip -j route`; listings recorded from iproute2 6.1."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import NextHop, RouteFact
from calico_bundle.parsers import Parsed, ip_route, ip_route_json

RECORDED = """\
default via 10.0.1.1 dev eth0 proto static \n\
default dev d1 scope link metric 900 \n\
10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.5 \n\
unreachable 10.77.0.0/16 metric 5 \n\
prohibit 10.78.0.0/16 \n\
10.80.0.0/16 via inet6 fe80::1 dev eth0 \n\
10.81.0.0/16 via 10.0.1.1 dev eth0 mtu lock 1400 advmss 1300 initcwnd 10 quickack 1 congctl cubic \n\
10.83.0.0/16 via 10.0.1.1 dev eth0 realm 5 \n\
10.85.0.0/16 nhid 7 via 10.0.1.1 dev eth0 \n\
10.86.0.0/16 nhid 9 \n\
\tnexthop via 10.0.1.1 dev eth0 weight 1 \n\
\tnexthop via 10.0.1.12 dev eth0 weight 3 \n\
blackhole 10.87.0.0/16 nhid 10 dev lo \n\
blackhole 10.244.1.0/26 proto bird \n\
10.244.1.10 dev cali553a67e357d scope link metric 1024 \n\
10.244.2.0/26 via 10.0.1.12 dev tunl0 proto bird onlink \n\
10.244.3.0/26 proto bird \n\
        nexthop via 10.0.1.13 dev eth0 weight 2 onlink \n\
        nexthop dev d1 weight 1 dead linkdown \n\
blackhole 10.244.9.0/26 proto 80 \n\
throw 10.79.0.0/16 table 100 \n\
multicast 239.0.0.0/8 dev eth0 scope link \n\
local 10.0.1.5 dev eth0 table local proto kernel scope host src 10.0.1.5 \n\
broadcast 10.0.1.255 dev eth0 table local proto kernel scope link src 10.0.1.5 \n\
2001:db8:a::/48 metric 1024 pref medium
\tnexthop via fe80::1 dev eth0 weight 1 \n\
\tnexthop via fe80::2 dev eth0 weight 3 \n\
unreachable 2001:db8:ff::/48 dev lo metric 1024 error -101 pref medium
anycast fe80:: dev eth0 table local proto kernel metric 0 pref medium
default via fe80::1 dev eth0 proto ra metric 100 expires 599sec pref medium
default dev d1 metric 2048 pref medium
"""
AS_JSON = [
    {"dst": "default", "gateway": "10.0.1.1", "dev": "eth0", "protocol": "static", "flags": []},
    {"dst": "default", "dev": "d1", "scope": "link", "metric": 900, "flags": []},
    {"type": "unreachable", "dst": "10.77.0.0/16", "metric": 5, "flags": []},
    {"dst": "10.80.0.0/16", "via": {"family": "inet6", "host": "fe80::1"}, "dev": "eth0", "flags": []},
    {"dst": "10.81.0.0/16", "gateway": "10.0.1.1", "dev": "eth0", "flags": [], "metrics": [{"mtu": 1400}]},
    {"type": "blackhole", "dst": "10.87.0.0/16", "nhid": 10, "dev": "lo", "flags": []},
    {"dst": "10.244.2.0/26", "gateway": "10.0.1.12", "dev": "tunl0", "protocol": "bird", "flags": ["onlink"]},
    {"dst": "10.244.3.0/26", "protocol": "bird", "flags": [], "nexthops": [
        {"gateway": "10.0.1.13", "dev": "eth0", "weight": 2, "flags": ["onlink"]},
        {"dev": "d1", "weight": 1, "flags": ["dead", "linkdown"]}]},
    {"type": "local", "dst": "10.0.1.5", "dev": "eth0", "table": "local", "protocol": "kernel", "scope": "host",
     "prefsrc": "10.0.1.5", "flags": []},
    {"dst": "default", "dev": "d1", "metric": 2048, "flags": [], "pref": "medium"},
]  # fmt: skip


def routes(text: str, path: str = "n1/r") -> list[RouteFact]:
    parsed = ip_route.parse(text, path)
    assert parsed.gaps == ()
    return list(parsed.facts)


def by_destination(text: str) -> dict[str, RouteFact]:
    return {f"{route.destination} {route.metric}": route for route in routes(text)}


def hop(gateway: str | None, device: str | None, *flags: str, weight: int = 1) -> NextHop:
    return NextHop(ip_address(gateway) if gateway else None, device, flags, weight)


def test_every_recorded_line_is_a_route_or_belongs_to_one() -> None:
    found = routes(RECORDED)
    cited = {route.evidence.line for route in found}
    hops = {n for n, line in enumerate(RECORDED.split("\n"), 1) if line.strip().startswith("nexthop")}
    assert cited | hops == set(range(1, RECORDED.count("\n") + 1))
    assert cited & hops == set()


def test_columns() -> None:
    found = by_destination(RECORDED)
    assert found["10.0.1.0/24 0"] == RouteFact(
        4, "main", "unicast", ip_network("10.0.1.0/24"), (hop(None, "eth0"),), "kernel", "link",
        ip_address("10.0.1.5"), 0, found["10.0.1.0/24 0"].evidence,
    )  # fmt: skip
    assert found["10.244.2.0/26 0"].next_hops == (hop("10.0.1.12", "tunl0", "onlink"),)
    assert found["10.244.1.10/32 1024"].next_hops == (hop(None, "cali553a67e357d"),)
    assert (found["10.79.0.0/16 0"].table, found["10.79.0.0/16 0"].type) == ("100", "throw")
    assert (found["10.244.9.0/26 0"].protocol, found["10.244.1.0/26 0"].protocol) == ("80", "bird")
    assert (found["10.0.1.5/32 0"].type, found["10.0.1.5/32 0"].scope) == ("local", "host")


def test_what_goes_nowhere_has_no_next_hop() -> None:
    found = by_destination(RECORDED)
    for key in ("10.77.0.0/16 5", "10.78.0.0/16 0", "10.87.0.0/16 0", "10.244.1.0/26 0", "2001:db8:ff::/48 1024"):
        assert found[key].next_hops == (), key


def test_multipath_with_tabs_or_blanks() -> None:
    found = by_destination(RECORDED)
    assert found["10.86.0.0/16 0"].next_hops == (hop("10.0.1.1", "eth0"), hop("10.0.1.12", "eth0", weight=3))
    assert found["10.244.3.0/26 0"].next_hops == (
        hop("10.0.1.13", "eth0", "onlink", weight=2),
        hop(None, "d1", "dead", "linkdown"),
    )
    assert found["2001:db8:a::/48 1024"].next_hops == (hop("fe80::1", "eth0"), hop("fe80::2", "eth0", weight=3))


def test_one_line_form_is_the_same() -> None:
    joined = RECORDED.replace("\n\tnexthop", "\\\tnexthop").replace("\n        nexthop", "\\\tnexthop")
    assert [replace(r, evidence=None) for r in routes(joined)] == [replace(r, evidence=None) for r in routes(RECORDED)]


def test_families() -> None:
    found = by_destination(RECORDED)
    assert (found["10.80.0.0/16 0"].family, str(found["10.80.0.0/16 0"].next_hops[0].gateway)) == (4, "fe80::1")
    assert (found["0.0.0.0/0 0"].family, found["0.0.0.0/0 900"].family) == (4, 4)
    assert (found["::/0 100"].family, found["::/0 2048"].family) == (6, 6)


@pytest.mark.parametrize(
    "text, path, family",
    [
        ("default dev eth0\n", "n1/ip_route", 4),
        ("default dev eth0\n", "n1/ip-route-v6.txt", 6),
        ("root@n1:~# ip -6 route\ndefault dev eth0\n", "n1/r", 6),
        ("fe80::/64 dev eth0 metric 256\ndefault dev eth0\n", "n1/r", 6),
        ("default dev eth0\n\nfe80::/64 dev eth0 metric 256\n10.0.0.0/8 dev eth1\n", "n1/r", 6),
        ("fe80::/64 dev eth0 metric 256\n10.0.0.0/8 dev eth1\ndefault dev eth0\n", "n1/r", 4),
        ("fe80::/64 dev eth0 metric 256\ndefault dev eth0 scope link\n", "n1/r", 4),
        ("10.0.0.0/8 dev eth1\nunreachable default dev lo metric 4294967295 error -101\n", "n1/r", 6),
        ("fe80::/64 dev eth0\ndefault proto bird\n\tnexthop via 10.0.0.1 dev eth0 weight 1\n", "n1/r", 4),
    ],
)
def test_family_of_a_default_route(text: str, path: str, family: int) -> None:
    default = next(route for route in routes(text, path) if route.destination.prefixlen == 0)
    assert (default.family, default.destination.version) == (family, family)


@pytest.mark.parametrize(
    "header, table",
    [
        ("Table 100:", "100"),
        ("root@n1:~# ip route show table 100", "100"),
        ("+ ip r ls table local", "local"),
        ("# /usr/sbin/ip route show table all", "main"),
        ("==> n1/ip_route <==", "main"),
    ],
)
def test_a_header_names_the_table_of_lines_that_print_none(header: str, table: str) -> None:
    found = routes(f"{header}\n10.0.0.0/8 dev eth0\n10.1.0.0/16 dev eth0 table 7\n10.2.0.0/16 dev eth0 table main\n")
    assert [route.table for route in found] == [table, "7", "main"]


def test_short_and_host_destinations() -> None:
    found = routes("10/8 dev eth0\n172.16/12 dev eth0\n10.1.2.3 dev eth0\nfd00::1 dev eth0 metric 1\n")
    assert [str(route.destination) for route in found] == ["10.0.0.0/8", "172.16.0.0/12", "10.1.2.3/32", "fd00::1/128"]


def test_double_blanks_and_cached_ipv6_of_old_kernels() -> None:
    text = (
        "10.0.0.0/8 via 10.64.54.1 dev tun0  proto static  metric 50\n"
        "2404:6800::200e via fe80::1 dev enp0s25  metric 0\n    cache  mtu 1492 hoplimit 255\n"
    )
    assert [str(route.destination) for route in routes(text)] == ["10.0.0.0/8", "2404:6800::200e/128"]


@pytest.mark.parametrize(
    "line, kind",
    [
        ("Message truncated", GapKind.TRUNCATED),
        ("Dump was interrupted and may be inconsistent.", GapKind.TRUNCATED),
        ("Error: ipv4: FIB table does not exist.", GapKind.COLLECTOR_ERROR),
        ("OCI runtime exec failed: exec failed: no such file", GapKind.COLLECTOR_ERROR),
        ("default via 10.happy.blue.tree dev eth0", GapKind.REDACTED),
        ("10.happy.blue.tree/24 dev eth0 proto kernel", GapKind.REDACTED),
        ("***HIDDEN*** via 10.0.0.1 dev eth0", GapKind.REDACTED),
        ("10.0.0.0/8 via 10.0.0.300 dev eth0", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.1/8 dev eth0", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.0/8 via fe80::1 dev eth0", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.0/8 dev eth0 metric x", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.0/8", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.0/8 via", GapKind.NOT_UNDERSTOOD),
        ("10.0.0.0/8 nhid 9", GapKind.NOT_UNDERSTOOD),
        ("default from 2001:db8:5::/48 dev d1 metric 1024 pref medium", GapKind.NOT_UNDERSTOOD),
        ("10.82.0.0/16 tos 0x10 via 10.0.1.1 dev eth0", GapKind.NOT_UNDERSTOOD),
        ("10.84.0.0/16  encap ip id 5 src 10.0.0.1 dst 10.0.1.9 ttl 0 tos 0 dev eth0", GapKind.NOT_UNDERSTOOD),
        ("8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.5 uid 0", GapKind.NOT_UNDERSTOOD),
        ("10.0.1.12 dev ens18 lladdr 52:54:00:1b:ab:bc REACHABLE", GapKind.NOT_UNDERSTOOD),
        ("10.0.1.0/24 dev ens18 [kernel1 12:00:00] * (10)", GapKind.NOT_UNDERSTOOD),
        ("10.0.1.0/24 via 10.0.1.13 on ens18 [Mesh_10_0_1_13 12:00:00]", GapKind.NOT_UNDERSTOOD),
        ("\tnexthop via 10.0.0.1 dev eth0 weight 1", GapKind.NOT_UNDERSTOOD),
        ("a line that nobody understands", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_a_line_without_a_route_is_a_gap(line: str, kind: GapKind) -> None:
    parsed = ip_route.parse(f"# ip route\n{line}\n", "n1/r")
    assert parsed.facts == ()
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(2, kind)]


def test_an_answer_of_route_get_is_no_route() -> None:
    parsed = ip_route.parse("10.244.3.1 dev d1 src 172.16.5.4\n    cache \n", "n1/r")
    assert (parsed.facts, len(parsed.gaps)) == ((), 1)


def test_a_hidden_next_hop_spoils_the_whole_route_and_is_cited() -> None:
    text = "default\n\tnexthop via 10.0.0.1 dev eth0\n\tnexthop via ***HIDDEN*** dev eth1\n10.0.0.0/8 dev eth0\n"
    parsed = ip_route.parse(text, "n1/r")
    assert [str(route.destination) for route in parsed.facts] == ["10.0.0.0/8"]
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(3, GapKind.REDACTED)]


def test_an_unknown_word_is_a_gap_and_the_route_stays_whole() -> None:
    parsed = ip_route.parse("10.0.0.0/8 via 10.0.0.1 dev eth0 frobnicate metric 7 table 100\n", "n1/r")
    assert [(route.metric, route.table) for route in parsed.facts] == [(7, "100")]
    assert [gap.line for gap in parsed.gaps] == [1]


def test_a_hidden_source_leaves_the_route() -> None:
    parsed = ip_route.parse("10.0.0.0/8 dev eth0 src ***HIDDEN***\n", "n1/r")
    assert [route.source for route in parsed.facts] == [None]
    assert [gap.kind for gap in parsed.gaps] == [GapKind.REDACTED]


def test_a_text_that_ends_within_a_next_hop() -> None:
    whole = ip_route.parse("10.0.0.0/8 via 10.0.1.12\n", "n1/r")
    cut = ip_route.parse("10.0.0.0/8 via 10.0.1.1", "n1/r")
    assert [route.next_hops for route in whole.facts] == [(hop("10.0.1.12", None),)]
    assert (cut.facts, cut.gaps[0].kind) == ((), GapKind.TRUNCATED)


def test_the_device_that_the_command_names() -> None:
    found = routes("$ ip route show dev eth7\ndefault via 10.0.0.1 proto dhcp\n10.0.0.0/8 proto kernel scope link\n")
    assert [route.next_hops[0].device for route in found] == ["eth7", "eth7"]


@pytest.mark.parametrize("command", ["ip neigh", "ip -n blue route", "ip netns exec blue ip route"])
def test_routes_below_another_command_are_not_the_nodes(command: str) -> None:
    parsed = ip_route.parse(f"# {command}\n10.0.0.0/8 dev eth0\n# ip route\n10.1.0.0/16 dev eth0\n", "n1/r")
    assert [str(route.destination) for route in parsed.facts] == ["10.1.0.0/16"]
    assert [gap.line for gap in parsed.gaps] == [2]


def test_an_empty_listing_may_be_a_node_without_ipv6_but_not_without_ipv4() -> None:
    assert [gap.kind for gap in ip_route.parse("\n", "n1/ip_route.txt").gaps] == [GapKind.COLLECTOR_ERROR]
    assert ip_route.parse("\n", "n1/ip_-6_route").gaps == ()


def test_five_thousand_lines_are_all_read() -> None:
    lines = [f"10.{n // 250}.{n % 250}.0/26 via 10.0.1.{n % 250} dev ens18 proto bird " for n in range(5000)]
    assert len(routes("\n".join(lines) + "\n")) == 5000


# --- JSON


@pytest.mark.parametrize("indent", [None, 4])
def test_json_says_what_the_text_says(indent: int | None) -> None:
    text = json.dumps(AS_JSON, indent=indent)
    parsed = ip_route_json.parse(text, "n1/r.json")
    of_text = [replace(route, evidence=None) for route in routes(RECORDED)]
    assert ip_route_json.recognizes(text)
    assert parsed.gaps == ()
    assert len(parsed.facts) == len(AS_JSON)
    for route in parsed.facts:
        assert replace(route, evidence=None) in of_text


@pytest.mark.parametrize(
    "record, kind",
    [
        ({"dst": "***HIDDEN***", "dev": "eth0"}, GapKind.REDACTED),
        ({"dst": "default", "gateway": "10.a.b.c", "dev": "eth0"}, GapKind.REDACTED),
        ({"dst": "default"}, GapKind.NOT_UNDERSTOOD),
        ({"dst": "default", "dev": "eth0", "from": "2001:db8::/48"}, GapKind.NOT_UNDERSTOOD),
        ({"dst": "default", "dev": "eth0", "metric": "x"}, GapKind.NOT_UNDERSTOOD),
        ({"dst": "10.0.0.0/8", "gateway": "fe80::1", "dev": "eth0"}, GapKind.NOT_UNDERSTOOD),
        ({"dst": "10.0.0.0/8", "type": "strange", "dev": "eth0"}, GapKind.NOT_UNDERSTOOD),
        ({"dev": "eth0"}, GapKind.NOT_UNDERSTOOD),
        ([], GapKind.NOT_UNDERSTOOD),
    ],
)
def test_json_record_without_a_route_is_a_gap(record: object, kind: GapKind) -> None:
    parsed = ip_route_json.parse(json.dumps([record]), "n1/r.json")
    assert parsed.facts == ()
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(1, kind)]


def test_json_encapsulation_does_not_take_the_tunnel_end_for_the_destination() -> None:
    text = '[{"dst":"10.84.0.0/16","encap":"ip","id":5,"src":"10.0.0.1","dst":"10.0.1.9","dev":"eth0","flags":[]}]'
    parsed = ip_route_json.parse(text, "n1/r.json")
    assert (parsed.facts, len(parsed.gaps)) == ((), 1)


def test_json_that_ends_early_keeps_what_is_whole() -> None:
    text = json.dumps(AS_JSON)[:-60]
    parsed = ip_route_json.parse(text, "n1/r.json")
    assert len(parsed.facts) == len(AS_JSON) - 1
    assert [gap.kind for gap in parsed.gaps] == [GapKind.TRUNCATED]


# --- properties

gateways = {4: st.ip_addresses(v=4), 6: st.ip_addresses(v=6)}
devices = st.from_regex(r"(?:eth|cali|ens|bond)[0-9a-f]{1,8}", fullmatch=True)
hop_flags = st.lists(st.sampled_from(["onlink", "linkdown", "dead", "pervasive"]), unique=True, max_size=2).map(tuple)


@st.composite
def route_facts(draw: st.DrawFn) -> RouteFact:
    family = draw(st.sampled_from([4, 6]))
    length = draw(st.integers(1, 32 if family == 4 else 128))
    destination = ip_network(f"{draw(gateways[family])}/{length}", strict=False)
    gateway = st.none() | gateways[family]
    hops = draw(st.lists(st.builds(NextHop, gateway, devices, hop_flags, st.integers(2, 256)), min_size=1, max_size=3))
    if len(hops) == 1:
        hops = [replace(hops[0], weight=1)]
    kind = draw(st.sampled_from(["unicast", "blackhole", "unreachable", "local"]))
    hops = [] if kind in ("blackhole", "unreachable") else hops
    table, protocol = draw(st.sampled_from(["main", "100", "local"])), draw(st.sampled_from([None, "bird", "80"]))
    scope, source = draw(st.sampled_from([None, "link"])), draw(st.none() | gateways[family])
    return RouteFact(
        family, table, kind, destination, tuple(hops), protocol, scope, source, draw(st.integers(0, 2**32 - 1)), None
    )


def render_hop(one: NextHop) -> str:
    return (f"via {one.gateway} " if one.gateway else "") + f"dev {one.device} "


def render(route: RouteFact, separator: str) -> str:
    text = "" if route.type == "unicast" else route.type + " "
    host = route.destination.prefixlen == route.destination.max_prefixlen
    text += f"{route.destination.network_address if host else route.destination} "
    single = route.next_hops[0] if len(route.next_hops) == 1 else None
    text += render_hop(single) if single else ""
    text += "" if route.table == "main" else f"table {route.table} "
    text += f"proto {route.protocol} " if route.protocol else ""
    text += f"scope {route.scope} " if route.scope else ""
    text += f"src {route.source} " if route.source else ""
    text += f"metric {route.metric} " if route.metric else ""
    text += "".join(flag + " " for flag in single.flags) if single else ""
    for one in () if single else route.next_hops:
        text += f"{separator}\tnexthop {render_hop(one)}weight {one.weight} " + "".join(f + " " for f in one.flags)
    return text


@settings(max_examples=80, deadline=None)
@given(st.lists(route_facts(), min_size=1, max_size=5), st.sampled_from(["\n", "\\"]))
def test_round_trip(facts: list[RouteFact], separator: str) -> None:
    text = "".join(render(fact, separator) + "\n" for fact in facts)
    assert ip_route.recognizes(text)
    assert [replace(route, evidence=None) for route in routes(text)] == facts


words = st.sampled_from([*RECORDED.split(), "\n", "\n", "\\", "uid", "cache", "[", "{", '"dst":', "-1", "9" * 5000])


@settings(max_examples=200, deadline=None)
@given(st.text() | st.lists(words).map(" ".join) | st.lists(words).map(lambda w: "[{" + " ".join(w)))
@pytest.mark.parametrize("module", [ip_route, ip_route_json])
def test_never_raises(module: object, text: str) -> None:
    module.recognizes(text)
    assert isinstance(module.parse(text, "n1/r"), Parsed)


def test_deep_nesting_is_a_gap() -> None:
    parsed = ip_route_json.parse("[" * 100_000, "n1/r.json")
    assert (parsed.facts, len(parsed.gaps)) == ((), 1)
