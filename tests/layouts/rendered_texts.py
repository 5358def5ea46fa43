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
