"""Listings of `ip addr` and `ip link` as iproute2 prints them, for property tests."""

from __future__ import annotations

from ipaddress import IPv6Address

from hypothesis import strategies as st

LIFETIME = "       valid_lft forever preferred_lft forever\n"
IPV4 = st.builds("{}.{}.{}.{}".format, *[st.sampled_from([0, 1, 10, 99, 172, 199, 240, 255])] * 4)
IPV6 = st.builds(lambda n: str(IPv6Address(n)), st.integers(0, 2**128 - 1)) | st.sampled_from(
    ["::", "::1", "fe80::1", "2001:db8::", "1:2:3:4:5:6:7:8", "1:0:0:4:5:6:0:8", "fe80::ecee:eeff:feee:eeee"]
)
MAC = st.sampled_from(["52:54:f9:1e:1e:a4", "ee:ee:ee:ee:ee:ee", "10.0.0.1", "::", "a0:00:02"])
FLAGS = st.sampled_from(["LOOPBACK,UP,LOWER_UP", "NO-CARRIER,BROADCAST,MULTICAST,UP", "BROADCAST", "M-DOWN,UP"])


def maybe(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A text, or none."""
    return st.just("") | text


HEADERS = st.builds(
    "<{}> mtu {}{}{} state {}{}{}{}\n".format,
    FLAGS,
    st.sampled_from(["1500", "65536", "0", "01450"]),
    maybe(st.sampled_from([" qdisc mq", " qdisc noqueue"])),
    maybe(st.sampled_from([" master br-1", " master state"])),
    st.sampled_from(["UP", "DOWN", "UNKNOWN"]),
    maybe(st.just(" mode DEFAULT")),
    maybe(st.sampled_from([" group default", " group 7"])),
    st.sampled_from(["", " ", " qlen 1000"]),
)
LINKS = st.builds(
    "    link/{}{}{}{}\n".format,
    st.sampled_from(["ether", "loopback", "none", "ipip", "tunnel6"]),
    maybe(MAC.map(" {}".format)),
    maybe(st.sampled_from([" brd ff:ff:ff:ff:ff:ff", " brd 0.0.0.0"])),
    maybe(st.sampled_from([" link-netnsid 3", " link-netns cni-1", " permaddr aa:bb:cc:dd:ee:ff", " "])),
)
OWN_4 = st.builds(
    "    inet {}/{}{}{} scope {}{}{}\n{}".format,
    IPV4,
    st.integers(0, 32),
    maybe(st.just(" metric 100")),
    maybe(st.just(" brd 10.0.0.255")),
    st.sampled_from(["global", "host", "link", "200"]),
    maybe(st.sampled_from([" secondary", " dynamic noprefixroute"])),
    st.sampled_from(["", " ", " eth0", " eth0:1", " home", " brd", " token:x"]),
    st.sampled_from([LIFETIME, "       valid_lft 86000sec preferred_lft 0sec\n"]),
)
OWN_6 = st.builds(
    "    inet6 {}/{} scope {}{}{} \n{}".format,
    IPV6,
    st.integers(0, 128),
    st.sampled_from(["global", "link", "host"]),
    maybe(st.just(" proto kernel_ll")),
    maybe(st.sampled_from([" tentative", " dadfailed deprecated", " noprefixroute"])),
    st.just(LIFETIME),
)
NAMES = st.sampled_from(
    """lo eth0 enp1s0.100 vxlan.calico cali0 cali0a cali12345abcdef calico token veth-a@if3 eth0@NONE cali77@if12 br_1
    state cali5@eth0 cali0ab@if1""".split()  # noqa: SIM905
)
BLOCKS = st.builds(
    lambda name, header, link, others, own: f"{name}: {header}{link}{others}{''.join(own)}",
    NAMES,
    HEADERS,
    LINKS,
    maybe(st.sampled_from(["    altname enp0s3\n", "    altname a\n    altname b\n"])),
    st.lists(OWN_4 | OWN_6, max_size=3),
)
CABLE_TAILS = st.sampled_from(
    [
        "",
        f"    inet6 fe80::ecee:eeff:feee:eeee/64 scope link \n{LIFETIME}",
        f"    inet6 2001:db8::1/64 scope global \n{LIFETIME}",
        "    altname pod\n",
    ]
)


@st.composite
def cables(draw: st.DrawFn) -> list[str]:
    """Cables of pods, all of one form."""
    header, tail = draw(HEADERS), draw(CABLE_TAILS)
    word, space = draw(st.sampled_from(["link-netns", "link-netnsid"])), draw(st.sampled_from(["", " "]))
    link = f"    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff {word} "
    names = draw(st.lists(st.integers(0, 400), max_size=6))
    peer = draw(st.sampled_from(["@if3", "@if4", ""]))
    return [f"cali{name:x}{peer}: {header}{link}cni-{name}{space}\n{tail}" for name in names]


@st.composite
def listings(draw: st.DrawFn) -> list[str]:
    """Lines of whole listings, in which names may occur twice."""
    blocks = draw(st.lists(BLOCKS, max_size=4)) + draw(cables()) + draw(st.lists(BLOCKS, max_size=2)) + draw(cables())
    if draw(st.booleans()):
        blocks = draw(st.permutations(blocks))
    return "".join(f"{index}: {block}" for index, block in enumerate(blocks, 1)).splitlines(keepends=True)
