"""What other commands and options print of the same: derived from recorded outputs, by the rule of the printing command."""

from __future__ import annotations

import re

_CARD = re.compile(r"(?m)^(?=\d+: )")


def cards(ip_addr: str) -> list[list[str]]:
    """The lines of each interface in `ip addr`."""
    return [block.rstrip("\n").split("\n") for block in _CARD.split(ip_addr) if block.strip()]


def addr_of_family(ip_addr: str, family: int) -> str:
    """`ip -4 addr` and `ip -6 addr`.

    iproute2 (ip/ipaddress.c): with a family, interfaces without an address of it are left out and so are the `link/`
    lines; the kernel's answer for IPv6 has no qdisc and no group.
    """
    word = "inet6 " if family == 6 else "inet "
    printed: list[str] = []
    for header, *below in cards(ip_addr):
        own = [i for i, line in enumerate(below) if line.lstrip().startswith(word)]
        if own:
            shown = re.sub(r" (?:qdisc|group) \S+", "", header) if family == 6 else header
            printed += [shown, *(line for i in own for line in below[i : i + 2])]
    return "".join(f"{line}\n" for line in printed)


def addr_one_line(ip_addr: str) -> str:
    """`ip -o addr`: one line per address, `\\` where a line break was (ip/ip_common.h: _SL_)."""
    printed: list[str] = []
    for header, *below in cards(ip_addr):
        index, name = header.split(": ")[:2]
        for place, line in enumerate(below):
            if line.lstrip().startswith("inet"):
                lifetimes = below[place + 1]
                printed.append(f"{index}: {name.partition('@')[0]:<7}{line}\\{lifetimes}")
    return "".join(f"{line}\n" for line in printed)


def is_ipv6_route(line: str) -> bool:
    """Whether a line of `ip route show table all` is a route of IPv6."""
    return ":" in line.split(" dev ", maxsplit=1)[0] or " pref " in line


def routes_of_table(ip_route: str, table: str, family: int) -> str:
    """`ip -4 route show table NAME` and with `-6`, out of `ip route show table all`.

    iproute2 (ip/iproute.c): `table X` is printed where all tables are asked for and X is not main, and nowhere else.
    """
    word = f" table {table}"
    lines = [line for line in ip_route.splitlines() if is_ipv6_route(line) == (family == 6)]
    if table == "main":
        return "".join(f"{line}\n" for line in lines if " table " not in line)
    return "".join(f"{line.replace(word, '', 1)}\n" for line in lines if f"{word} " in f"{line} ")


def all_routes_of(ip_route: str, family: int) -> str:
    """`ip -4 route show table all` and with `-6`."""
    return "".join(f"{line}\n" for line in ip_route.splitlines() if is_ipv6_route(line) == (family == 6))


def link_statistics(ip_link: str) -> str:
    """`ip -stats link`: below each interface two counters with their headings (iproute2, ip/ipaddress.c: print_stats64)."""
    counters = (
        "    RX:  bytes packets errors dropped  missed   mcast           \n"
        "     123456789  654321      0       0       0       0 \n"
        "    TX:  bytes packets errors dropped carrier collsns           \n"
        "      98765432  123456      0       0       0       0 \n"
    )
    return "".join("\n".join(block) + "\n" + counters for block in cards(ip_link))


def neighbor_statistics(ip_neigh: str) -> str:
    """`ip -stats neighbor`: `used A/B/C probes N` before the state (ip/ipneigh.c: print_neigh)."""
    lines = (line.rstrip().rpartition(" ") for line in ip_neigh.splitlines())
    return "".join(f"{entry} ref 1 used 39/26/39 probes 3 {state} \n" for entry, _, state in lines)


def addr_details(ip_addr: str) -> str:
    """`ip -d address`: more words behind the link-layer address, and a line for the kind (ip/ipaddress.c: print_linkinfo)."""
    words = " promiscuity 0 minmtu 68 maxmtu 65535 "
    ends = "numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 "
    printed: list[str] = []
    for header, *below in cards(ip_addr):
        kind = "veth" if header.split(": ")[1].startswith("cali") else ""
        link = [f"{below[0]}{words}", f"    {kind} {ends}"] if kind else [f"{below[0]}{words}{ends}"]
        printed += [header, *link, *below[1:]]
    return "".join(f"{line}\n" for line in printed)
