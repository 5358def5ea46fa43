"""Lines of `ip route` for generated listings: common ones, and odd ones."""

from __future__ import annotations

from hypothesis import strategies as st

PLAIN = (
    "default via 10.0.1.1 dev ens18 proto static metric 100 ",
    "default via 10.0.1.2 dev ens19 proto dhcp src 10.0.1.12 metric 200",
    "blackhole 10.244.1.0/26 proto bird ",
    "unreachable 10.244.9.0/26 proto 12",
    "10.244.1.3 dev cali0123456789a scope link ",
    "10.244.1.4 dev cali0123456789b scope link ",
    "10.244.2.0/26 via 10.0.1.13 dev ens18 proto bird ",
    "10.244.2.0/26 via 10.0.1.14 dev ens18 proto bird metric 32",
    "10.244.2.64/26 via 10.0.1.13 dev tunl0 proto bird onlink ",
    "10.244.2.7 via 10.0.1.14 dev ens18 proto bird ",
    "10.0.1.0/24 dev ens18 proto kernel scope link src 10.0.1.11 ",
    "172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown ",
    "10.0.0.0/8 via 10.0.1.1 dev ens18 table 100 ",
    "default via 10.0.1.9 dev ens18 table 100 ",
    "10.0.1.0/24 dev ens18  proto kernel  scope link  src 10.0.1.11 ",
    "throw 10.244.2.0/26 table 100",
    "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 ",
    "local 10.0.1.11 dev ens18 table local proto kernel scope host src 10.0.1.11 ",
    "local 10.0.1.12 dev ens18 table local proto kernel scope host src 10.0.1.12 ",
    "broadcast 10.0.1.255 dev ens18 table local proto kernel scope link src 10.0.1.11 ",
    "local default dev lo table 101 scope host ",
    "fe80::/64 dev ens18 proto kernel metric 256 pref medium",
    "fe80::/64 dev cali0123456789a proto kernel metric 256 pref medium",
    "local fe80::ecee:eeff:feee:eeee dev cali0123456789a table local proto kernel metric 0 pref medium",
    "local ::1 dev lo table local proto kernel metric 0 pref medium",
    "multicast ff00::/8 dev ens18 table local proto kernel metric 256 pref medium",
    "anycast fe80:: dev ens18 table local proto kernel metric 0 pref medium",
    "2001:db8:1::/64 via fe80::1 dev ens18 proto bird metric 1024 pref medium",
    "default via fe80::1 dev ens18 proto ra metric 1024 expires 1500sec hoplimit 64 pref medium",
    "unicast 10.9.0.0/16 via 10.0.1.13 dev ens18 proto static",
    "10.128.0.0/9 via 10.0.1.13 dev ens18 proto static dead linkdown",
)
"""Lines that are one whole route each, as `ip` of some version prints them."""

ODD = (
    "",
    " ",
    "default dev eth0",
    "default proto static",
    "\tnexthop via 10.0.1.1 dev ens18 weight 1",
    "10.7.0.0/16 proto bird nexthop via 10.0.1.1 dev ens18 weight 1 nexthop via 10.0.1.2 dev ens18 weight 1",
    "10.7.0.0/16 proto bird \\\tnexthop via 10.0.1.1 dev ens18 weight 1",
    "    cache expires 100sec",
    "10.0.0.1/24 dev eth0",
    "10.8/16 dev eth0 scope link",
    "10.0.0.0/08 dev eth0",
    "10.0.0.5/32 dev eth0",
    "0.0.0.0/0 dev eth0 scope link",
    "  10.0.0.5 dev eth0",
    "local  10.0.0.5 dev eth0",
    "2 10.0.0.5 dev eth0 table 255",
    "2001:DB8::/64 dev eth0",
    "2001:db8:0:0::/64 dev eth0",
    "10.0.0.5 dev src src 10.0.0.6",
    "10.0.0.5 dev src",
    "10.0.0.5 dev table table 7",
    "10.0.0.5 dev inet src 10.0.0.6",
    "10.0.0.5 dev lock proto kernel",
    "10.0.0.5 dev eth0 proto  bird",
    "10.0.0.5 dev eth0 src 2001:db8:0:0::1",
    "10.0.0.5 via inet6 fe80::1 dev eth0",
    "10.0.0.5 via fe80::1 dev eth0",
    "10.0.0.5 dev eth0 metric 99999999999999999999999",
    "10.0.0.5 dev eth0 table local table main",
    "10.0.0.5 dev eth0 newword 7",
    "10.0.0.5 dev eth0 from 10.0.0.9",
    "10.0.0.5 dev \u200beth0",
    "10.0.0.5 dev eth0 \x1b[31mproto bird",
    "10.0.0.5 dev eth0\r",
    "10.0.0.256 dev eth0",
    "***HIDDEN*** dev eth0",
    "root@n1:~# ip -6 route show table 100",
    "table 100:",
    "RTNETLINK answers: Operation not permitted",
    "Dump was interrupted and may be inconsistent.",
    "10.0.0.5",
    "10.0.0.5 dev",
    "10.0.0.5 dev eth0 lladdr 52:54:00:00:00:01 REACHABLE",
)
"""Lines that stand in such files too, are no whole routes, or are written otherwise than `ip` writes them."""


@st.composite
def near_listings(draw: st.DrawFn) -> list[str]:
    """A listing near to one that has all common lines: some lines removed, added, moved, doubled."""
    lines = list(PLAIN)
    for _ in range(draw(st.integers(0, 12))):
        at, there = draw(st.integers(0, len(lines))), draw(st.integers(0, len(lines)))
        change = draw(st.integers(0, 3))
        if change == 0 and len(lines) > 7:
            del lines[at : at + draw(st.integers(1, 6))]
        elif change == 1:
            number = draw(st.integers(0, 12))
            lines.insert(at, f"10.244.{number}.0/26 via 10.0.1.{number} dev ens18 proto bird ")
        elif change == 2:
            block = lines[at : at + 3]
            del lines[at : at + 3]
            lines[there:there] = block
        else:
            lines.insert(at, draw(st.sampled_from(PLAIN)))
    return lines


@st.composite
def listings(draw: st.DrawFn) -> list[str]:
    """Such a listing, or one with odd lines among the others."""
    lines = draw(near_listings())
    for odd in draw(st.lists(st.sampled_from(ODD), max_size=1)):
        lines.insert(draw(st.integers(0, len(lines))), odd)
    return lines
