"""Interfaces and addresses from every shape of `ip addr` and `ip link`; listings recorded from iproute2 6.1."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Interface, ip_address, ip_interface

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import AddressFact, InterfaceFact
from calico_bundle.parsers import Parsed, ip_addr, ip_addr_brief, ip_addr_json

DETAILED = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0  allmulti 0 minmtu 0 maxmtu 0 numtxqueues 1
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
3: d0@dp0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether be:ad:29:4b:8e:63 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 \n\
    veth numtxqueues 2 numrxqueues 2 gso_max_size 65536 \n\
    inet 10.9.9.1 peer 10.9.9.2/32 scope global d0
       valid_lft forever preferred_lft forever
    inet6 2001:db8:1::5 peer 2001:db8:1::6/128 scope global nodad \n\
       valid_lft forever preferred_lft forever
5: d1@dp1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP group default qlen 1000
    link/ether 1E:98:A8:94:C2:E9 brd ff:ff:ff:ff:ff:ff link-netns blue promiscuity 0
    veth
    bridge_slave state forwarding priority 32 cost 2 hairpin off guard off
    alias uplink to LAN A
    altname enp3s0
    inet 172.16.5.4/16 metric 77 scope global d1:web
       valid_lft forever preferred_lft forever
    inet6 2001:db8:2::5/64 scope global nodad deprecated mngtmpaddr \n\
       valid_lft forever preferred_lft 0sec
    RX:  bytes packets errors dropped  missed   mcast           \n\
           200       2      0       0       0       0 \n\
    RX errors:  length    crc   frame    fifo overrun
                     0      0       0       0       0 \n\
    TX:  bytes packets errors dropped carrier collsns           \n\
          1.2M       1      0       0       0       0 \n\
12: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN group default qlen 1000
    link/ether 96:e6:48:1a:f3:b2 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 \n\
    vxlan id 4096 local 10.0.1.5 dev eth0 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udpcsum
    inet 10.244.1.0/32 scope global vxlan.calico
       valid_lft forever preferred_lft forever
15: vxe: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default qlen 1000
    link/ether 7e:74:fe:bb:1b:7c brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 \n\
    vxlan external id 0 srcport 0 0 dstport 4790 nolearning ttl auto ageing 300
"""
ONE_LINE = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
3: d0    inet 10.9.9.1 peer 10.9.9.2/32 scope global d0\\       valid_lft forever preferred_lft forever
3: d0    inet6 2001:db8:1::5 peer 2001:db8:1::6/128 scope global nodad \\       valid_lft forever preferred_lft forever
5: d1    inet 172.16.5.4/16 metric 77 scope global d1:web\\       valid_lft forever preferred_lft forever
5: d1    inet6 2001:db8:2::5/64 scope global nodad deprecated mngtmpaddr \\       valid_lft forever preferred_lft 0sec
12: vxlan.calico    inet 10.244.1.0/32 scope global vxlan.calico\\       valid_lft forever preferred_lft forever
"""
BRIEF = """\
lo               UNKNOWN        127.0.0.1/8 \n\
d0@dp0           UP             10.9.9.1 peer 10.9.9.2/32 2001:db8:1::5 peer 2001:db8:1::6/128 \n\
d1@dp1           UP             172.16.5.4/16 metric 77 2001:db8:2::5/64 \n\
vxlan.calico     UNKNOWN        10.244.1.0/32 \n\
vxe              DOWN           \n\
"""
# iproute2 without `state` (2.6.x), an unindented valid_lft, tunnels without address: shapes of real bundles.
OLD = """\
2: eth7: <NO-CARRIER,BROADCAST,MULTICAST,SLAVE,UP> mtu 1500 qdisc mq master bond1 qlen 1000
    link/ether 00:11:3f:e2:f5:9f brd ff:ff:ff:ff:ff:ff link-netnsid 1
3: tunl0@NONE: <NOARP> mtu 1480 qdisc noop state DOWN
    link/ipip 10.9.8.7 peer 10.9.8.6
4: tunl1: <NOARP> mtu 1480 qdisc noop state DOWN
    link/[65534]
    inet 172.30.0.1 peer 172.30.0.2/32 scope global tun0
    inet6 2001:db8::9/64 scope global mngtmpaddr dynamic
    valid_lft 2592000sec preferred_lft 6480000sec
"""


def links(parsed: Parsed) -> dict[str, InterfaceFact]:
    return {fact.name: fact for fact in parsed.facts if isinstance(fact, InterfaceFact)}


def addresses(parsed: Parsed) -> list[AddressFact]:
    return [fact for fact in parsed.facts if isinstance(fact, AddressFact)]


def without_evidence(facts: list[AddressFact]) -> list[AddressFact]:
    return [replace(fact, evidence=None) for fact in facts]


def test_long_form() -> None:
    parsed = ip_addr.parse(DETAILED, "n1/a")
    found = links(parsed)
    assert parsed.gaps == ()
    assert [(link.order, link.index, link.name) for link in found.values()] == [
        (0, 1, "lo"), (1, 3, "d0"), (2, 5, "d1"), (3, 12, "vxlan.calico"), (4, 15, "vxe"),
    ]  # fmt: skip
    assert found["d1"].mac == "1e:98:a8:94:c2:e9"
    assert (found["d1"].master, found["d1"].kind, found["lo"].kind) == ("br0", "veth", None)
    assert found["vxe"].flags == ("BROADCAST", "MULTICAST")
    assert (found["vxe"].state, found["vxe"].mtu, found["vxe"].vxlan_local, found["vxe"].kind) == (
        "DOWN", 1500, None, "vxlan",
    )  # fmt: skip
    assert (found["vxlan.calico"].vxlan_local, found["vxlan.calico"].vxlan_device) == (ip_address("10.0.1.5"), "eth0")


def test_addresses_of_the_long_form() -> None:
    found = {str(fact.address): fact for fact in addresses(ip_addr.parse(DETAILED, "n1/a"))}
    assert (found["10.9.9.1/32"].peer, found["10.9.9.1/32"].interface) == (ip_address("10.9.9.2"), "d0")
    assert (found["172.16.5.4/16"].scope, found["172.16.5.4/16"].flags) == ("global", ())
    assert found["2001:db8:2::5/64"].flags == ("nodad", "deprecated", "mngtmpaddr")
    assert found["127.0.0.1/8"].scope == "host"


def test_every_form_gives_the_same_addresses() -> None:
    long = addresses(ip_addr.parse(DETAILED, "n1/a"))
    one_line = ip_addr.parse(ONE_LINE, "n1/a")
    brief = ip_addr_brief.parse(BRIEF, "n1/a")
    assert one_line.gaps == brief.gaps == ()
    assert without_evidence(addresses(one_line)) == without_evidence(long)
    assert [(f.interface, f.address, f.peer) for f in addresses(brief)] == [
        (f.interface, f.address, f.peer) for f in long
    ]


def test_one_line_form_knows_neither_flags_nor_state() -> None:
    found = links(ip_addr.parse(ONE_LINE, "n1/a"))
    assert [(link.order, link.index) for link in found.values()] == [(0, 1), (1, 3), (2, 5), (3, 12)]
    assert all(link.flags == () and link.state is None and link.mtu is None for link in found.values())


def test_brief_link_has_flags_and_mac() -> None:
    text = "gre1@NONE        DOWN           10.9.8.7 <NOARP> \nens18            UP   52:54:00:C1:19:C8 <UP,LOWER_UP> \n"
    found = links(ip_addr_brief.parse(text, "n1/a"))
    assert (found["ens18"].mac, found["ens18"].flags) == ("52:54:00:c1:19:c8", ("UP", "LOWER_UP"))
    assert (found["gre1"].mac, found["gre1"].state) == ("10.9.8.7", "DOWN")


def test_old_shapes() -> None:
    parsed = ip_addr.parse(OLD, "n1/a")
    found = links(parsed)
    assert parsed.gaps == ()
    assert (found["eth7"].state, found["eth7"].master, found["eth7"].flags[0]) == (None, "bond1", "NO-CARRIER")
    assert (found["tunl0"].mac, found["tunl1"].mac) == ("10.9.8.7", None)
    assert [str(fact.address) for fact in addresses(parsed)] == ["172.30.0.1/32", "2001:db8::9/64"]


def test_busybox_without_group_and_qlen() -> None:
    text = (
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP \n"
        "    link/ether 01:02:03:04:05:06 brd ff:ff:ff:ff:ff:ff\n    inet 192.168.1.1/24 scope global eth0\n"
    )
    assert ip_addr.recognizes(text)
    parsed = ip_addr.parse(text, "n1/a")
    assert parsed.gaps == ()
    assert links(parsed)["eth0"].state == "UP"


@pytest.mark.parametrize(
    "line, kind",
    [
        ("    inet 10.happy.blue.tree/24 brd 10.happy.blue.wolf scope global eth0", GapKind.REDACTED),
        ("    inet ***HIDDEN***/24 scope global eth0", GapKind.REDACTED),
        ("    inet 10.x.x.7/24 scope global eth0", GapKind.REDACTED),
        ("    inet 10.0.0.300/24 scope global eth0", GapKind.NOT_UNDERSTOOD),
        ("    inet 10.0.0.3/255.255.255.0 scope global eth0", GapKind.NOT_UNDERSTOOD),
        ("Message truncated", GapKind.TRUNCATED),
        ("error: unable to upgrade connection: pod does not exist", GapKind.COLLECTOR_ERROR),
        ("a line that nobody understands", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_a_line_without_a_fact_is_a_gap(line: str, kind: GapKind) -> None:
    parsed = ip_addr.parse("2: eth0: <UP> mtu 1500 qdisc mq state UP\n" + line + "\n", "n1/a")
    assert addresses(parsed) == []
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(2, kind)]


def test_an_unknown_word_is_a_gap_and_the_interface_stays() -> None:
    parsed = ip_addr.parse("2: eth0: <UP> mtu 1500 qdisc mq state UP frobnicated\n", "n1/a")
    assert list(links(parsed)) == ["eth0"]
    assert [gap.line for gap in parsed.gaps] == [1]


def test_addresses_below_a_broken_header_go_to_no_interface() -> None:
    text = "2: eth0: <UP> mtu 1500 qdisc mq\n3: eth1:  mtu 1500 qdisc mq\n    inet 10.0.0.1/24 scope global eth1\n"
    parsed = ip_addr.parse(text, "n1/a")
    assert addresses(parsed) == []
    assert [gap.line for gap in parsed.gaps] == [2, 3]


def test_another_namespace_in_the_same_file_is_not_the_node() -> None:
    text = "# ip netns exec blue ip addr\n2: eth0: <UP> mtu 1500 qdisc mq\n# ip addr\n3: eth1: <UP> mtu 1500 qdisc mq\n"
    parsed = ip_addr.parse(text, "n1/a")
    assert list(links(parsed)) == ["eth1"]
    assert [gap.line for gap in parsed.gaps] == [2]


@pytest.mark.parametrize("module", [ip_addr, ip_addr_brief, ip_addr_json])
@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_listing_was_not_collected(module: object, text: str) -> None:
    parsed = module.parse(text, "n1/ip_addr.txt")
    assert [gap.kind for gap in parsed.gaps] == [GapKind.COLLECTOR_ERROR]


def test_a_hidden_address_in_the_brief_form_is_a_gap() -> None:
    parsed = ip_addr_brief.parse("eth0  UP  10.happy.blue.tree/24 10.0.0.1/24\neth1  UP  garbage\n", "n1/a")
    assert [(fact.interface, str(fact.address)) for fact in addresses(parsed)] == [("eth0", "10.0.0.1/24")]
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(1, GapKind.REDACTED), (2, GapKind.NOT_UNDERSTOOD)]


# --- JSON

AS_JSON = [
    {},
    {"ifindex": 5, "link": "dp1", "ifname": "d1", "flags": ["BROADCAST", "UP"], "mtu": 1500, "master": "br0",
     "operstate": "UP", "link_type": "ether", "address": "1E:98:A8:94:C2:E9", "linkinfo": {"info_kind": "veth"},
     "addr_info": [
         {"family": "inet", "local": "172.16.5.4", "prefixlen": 16, "metric": 77, "scope": "global", "label": "d1:w"},
         {"family": "inet6", "local": "2001:db8:1::5", "address": "2001:db8:1::6", "prefixlen": 128, "scope": "global",
          "nodad": True, "deprecated": True}]},
    {"ifindex": 13, "ifname": "vx6", "flags": [], "mtu": 1430, "operstate": "DOWN",
     "linkinfo": {"info_kind": "vxlan", "info_data": {"id": 4097, "local6": "2001:db8::5", "link": "eth0"}},
     "addr_info": [{}]},
]  # fmt: skip


@pytest.mark.parametrize("indent", [None, 4])
def test_json(indent: int | None) -> None:
    text = json.dumps(AS_JSON, indent=indent)
    parsed = ip_addr_json.parse(text, "n1/a.json")
    found = links(parsed)
    assert ip_addr_json.recognizes(text)
    assert parsed.gaps == ()
    assert (found["d1"].mac, found["d1"].kind, found["d1"].order) == ("1e:98:a8:94:c2:e9", "veth", 0)
    assert (found["vx6"].vxlan_local, found["vx6"].vxlan_device) == (ip_address("2001:db8::5"), "eth0")
    assert [(str(f.address), str(f.peer), f.flags) for f in addresses(parsed)] == [
        ("172.16.5.4/16", "None", ()),
        ("2001:db8:1::5/128", "2001:db8:1::6", ("nodad", "deprecated")),
    ]


def test_pretty_json_cites_the_line_of_each_address() -> None:
    text = json.dumps(AS_JSON, indent=4)
    lines = text.split("\n")
    for fact in addresses(ip_addr_json.parse(text, "n1/a.json")):
        assert f'"local": "{fact.address.ip}"' in lines[fact.evidence.line - 1]
        assert lines[fact.evidence.line - 1].strip() == fact.evidence.text


def test_json_that_ends_early_keeps_what_is_whole() -> None:
    text = json.dumps(AS_JSON)
    parsed = ip_addr_json.parse(text[: text.index('"vx6"')], "n1/a.json")
    assert list(links(parsed)) == ["d1"]
    assert [gap.kind for gap in parsed.gaps] == [GapKind.TRUNCATED]


@pytest.mark.parametrize(
    "entry, kind",
    [
        ({"local": "***HIDDEN***", "prefixlen": 24}, GapKind.REDACTED),
        ({"local": "10.0.0.1"}, GapKind.NOT_UNDERSTOOD),
        ({"local": "10.0.0.1", "prefixlen": 99}, GapKind.NOT_UNDERSTOOD),
        ({"local": "10.0.0.1", "prefixlen": 32, "address": "***HIDDEN***"}, GapKind.REDACTED),
    ],
)
def test_json_address_that_is_not_known(entry: dict[str, object], kind: GapKind) -> None:
    parsed = ip_addr_json.parse(json.dumps([{"ifname": "eth0", "addr_info": [entry]}]), "n1/a.json")
    assert addresses(parsed) == []
    assert [gap.kind for gap in parsed.gaps] == [kind]


# --- properties

names = st.from_regex(r"[a-z][a-z0-9.\-]{0,13}[a-z0-9]", fullmatch=True)
flags = st.lists(st.sampled_from(["UP", "LOWER_UP", "BROADCAST", "NO-CARRIER"]), unique=True).map(tuple)
v4 = st.ip_addresses(v=4).flatmap(lambda a: st.integers(1, 32).map(lambda p: ip_interface(f"{a}/{p}")))
v6 = st.ip_addresses(v=6).flatmap(lambda a: st.integers(1, 128).map(lambda p: ip_interface(f"{a}/{p}")))
interfaces = st.lists(
    st.tuples(names, flags, st.integers(68, 65536), st.sampled_from(["UP", "DOWN"]), st.lists(v4 | v6, max_size=3)),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)


def render_long(rows: list[tuple], separator: str = "\n") -> str:
    text = ""
    for index, (name, marks, mtu, state, own) in enumerate(rows, start=1):
        text += f"{index}: {name}@if{index}: <{','.join(marks)}> mtu {mtu} qdisc noqueue state {state} group default"
        for each in own:
            family, label = ("inet", " " + name) if isinstance(each, IPv4Interface) else ("inet6", " ")
            text += f"{separator}    {family} {each} scope global{label}{separator}       valid_lft forever"
        text += "\n"
    return text


@settings(max_examples=60, deadline=None)
@given(interfaces, st.sampled_from(["\n", "\\"]))
def test_round_trip_long_and_joined(rows: list[tuple], separator: str) -> None:
    text = render_long(rows, separator)
    parsed = ip_addr.parse(text, "n1/a")
    assert ip_addr.recognizes(text)
    assert parsed.gaps == ()
    assert [(f.name, f.flags, f.mtu, f.state) for f in links(parsed).values()] == [row[:4] for row in rows]
    assert [(f.interface, f.address) for f in addresses(parsed)] == [(row[0], a) for row in rows for a in row[4]]


@settings(max_examples=60, deadline=None)
@given(interfaces)
def test_round_trip_brief(rows: list[tuple]) -> None:
    text = "".join(f"{name:16} {state:14} {' '.join(map(str, own))} \n" for name, _, _, state, own in rows)
    parsed = ip_addr_brief.parse(text, "n1/a")
    assert ip_addr_brief.recognizes(text) == any(row[4] for row in rows)
    assert parsed.gaps == ()
    assert [(f.name, f.state) for f in links(parsed).values()] == [(row[0], row[3]) for row in rows]
    assert [(f.interface, f.address) for f in addresses(parsed)] == [(row[0], a) for row in rows for a in row[4]]


pieces = st.lists(
    st.sampled_from([*DETAILED.split("\n"), *ONE_LINE.split("\n"), *BRIEF.split("\n"), "[{", '"ifname":'])
)


@settings(max_examples=150, deadline=None)
@given(st.text() | pieces.map("\n".join) | pieces.map(" ".join) | pieces.map(lambda p: "[" + "".join(p)))
@pytest.mark.parametrize("module", [ip_addr, ip_addr_brief, ip_addr_json])
def test_never_raises(module: object, text: str) -> None:
    module.recognizes(text)
    parsed = module.parse(text, "n1/a")
    assert isinstance(parsed, Parsed)


WHOLE = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 10.0.1.12/24 brd 10.0.1.255 scope global dynamic eth0
       valid_lft 86000sec preferred_lft 86000sec"""


@pytest.mark.parametrize(
    "last", ["fore", " preferred_lft forever", "10.0.1.12/24", " brd 10.0.1.255", "10.0.1.1", "group def"]
)
def test_an_end_within_a_line_is_a_cut(last: str):
    """A cut address was another address, and the cards behind the cut were held not to be there."""
    parsed = ip_addr.parse(WHOLE[: WHOLE.rindex(last) + len(last)].removesuffix(" preferred_lft forever"), "n1/a")
    addresses = [str(fact.address) for fact in parsed.facts if isinstance(fact, AddressFact)]
    assert (addresses[1:] in ([], ["10.0.1.12/24"]), parsed.gaps[-1].kind.value) == (True, "truncated")


@pytest.mark.parametrize("end", [" valid_lft 86000sec preferred_lft 86000sec", "eth0", "preferred_lft forever"])
def test_an_end_without_its_line_feed_is_none(end: str):
    """Collectors trim what they save."""
    assert ip_addr.parse(WHOLE[: WHOLE.rindex(end) + len(end)], "n1/a").gaps == ()
