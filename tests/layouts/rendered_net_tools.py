"""What other commands print of the same machine: texts derived from recorded `ip addr` and `ip route`.

Each follows the rule of the program that prints it; nothing here is how this program reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, ip_interface, ip_network
from typing import Any


@dataclass
class Interface:
    """One interface of `ip addr`: its lines, and its addresses as printed."""

    index: int
    name: str
    flags: list[str]
    mtu: int
    mac: str = ""
    addresses: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def interfaces(ip_addr: str) -> list[Interface]:
    """The interfaces of a recorded `ip addr`."""
    found: list[Interface] = []
    for line in ip_addr.splitlines():
        if header := re.match(r"(\d+): ([^:@]+)\S*: <([^>]*)> mtu (\d+)", line):
            found.append(Interface(int(header[1]), header[2], header[3].split(","), int(header[4])))
        elif own := re.match(r"    (inet6? .*?) *$", line):
            found[-1].addresses.append(own[1])
        elif link := re.match(r"    link/\S+ (\S+)", line):
            found[-1].mac = link[1]
    return found


def ip_one_line(ip_addr: str, family: int) -> str:
    """`ip -4 -o a` (iproute2, print_addrinfo()): one line per address, the line feed before the lifetimes as a backslash."""
    word = "inet6" if family == 6 else "inet"
    shown = [(i, a) for i in interfaces(ip_addr) for a in i.addresses if a.split()[0] == word]
    lifetimes = "\\       valid_lft forever preferred_lft forever"
    return "".join(f"{i.index}: {i.name}    {a} {lifetimes}\n" for i, a in shown)


def ip_route_main(ip_route_all: str) -> str:
    """`ip route` (iproute2): the IPv4 routes of the table main alone."""
    return "".join(line + "\n" for line in ip_route_all.splitlines() if " table " not in line and ":" not in line)


def route_n(ip_route_all: str, *, netstat: bool = False) -> str:
    """`route -n`, or `netstat -rn` (net-tools, rprint_fib1()), of what the kernel writes into /proc/net/route.

    That is the main table, sorted by destination; `*` stands for no device; flags U up, G gateway, H host.
    """
    columns = "Flags   MSS Window  irtt Iface" if netstat else "Flags Metric Ref    Use Iface"
    lines = ["Kernel IP routing table", f"Destination     Gateway         Genmask         {columns}"]
    for network, gateway, device, metric in sorted(_main_routes(ip_route_all), key=lambda r: (r[0], r[3])):
        flags = "U" + "G" * bool(int(gateway)) + "H" * (network.prefixlen == 32)
        start = f"{network.network_address!s:<15} {gateway!s:<15} {network.netmask!s:<15} "
        if netstat:
            lines.append(f"{start}{flags:<5} {0:>5} {0:<5} {0:>6} {device}")
        else:
            lines.append(f"{start}{flags:<5} {metric:<6} {0:<2} {0:>7} {device}")
    return "\n".join(lines) + "\n"


def proc_net_route(ip_route_all: str) -> str:
    """`/proc/net/route` of a little-endian machine (fib_route_seq_show() in net/ipv4/fib_trie.c)."""
    lines = ["Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"]
    for network, gateway, device, metric in sorted(_main_routes(ip_route_all), key=lambda r: (r[0], r[3])):
        flags = 1 + 2 * bool(int(gateway)) + 4 * (network.prefixlen == 32)
        numbers = [_little(network.network_address), _little(gateway), f"{flags:04X}", "0", "0", str(metric)]
        lines.append("\t".join([device, *numbers, _little(network.netmask), "0", "0", "0"]))
    return "".join(f"{line:<127}\n" for line in lines)


def _little(address: IPv4Address) -> str:
    return address.packed[::-1].hex().upper()


def _main_routes(ip_route_all: str) -> Iterator[tuple[IPv4Network, IPv4Address, str, int]]:
    """Destination, gateway, device and metric of the IPv4 routes of the table main."""
    for line in ip_route_main(ip_route_all).splitlines():
        words = line.split()
        kind = words.pop(0) if words[0] in ("blackhole", "unreachable", "prohibit") else ""
        pairs = dict(zip(words[1::2], words[2::2], strict=False))
        network = ip_network("0.0.0.0/0" if words[0] == "default" else words[0])
        assert isinstance(network, IPv4Network)
        device = "*" if kind else pairs["dev"]
        yield network, IPv4Address(pairs.get("via", 0)), device, int(pairs.get("metric", 0))


def fib_trie(ip_route_all: str) -> str:
    """The leaves of `/proc/net/fib_trie` (fib_trie_seq_show()) of a machine with policy rules, so with two tables."""
    text = ""
    for table in ("Main", "Local"):
        text += f"{table}:\n  +-- 0.0.0.0/0 3 0 5\n"
        for line in ip_route_all.splitlines():
            if (" table local" in line) == (table == "Local") and ":" not in line:
                text += _leaf(line)
    return text


def _leaf(line: str) -> str:
    words = line.split()
    kind = words.pop(0) if words[0] in ("blackhole", "local", "broadcast") else "unicast"
    network = ip_network("0.0.0.0/0" if words[0] == "default" else words[0])
    scope = {"host": "host", "link": "link"}.get(dict(zip(words[1::2], words[2::2], strict=False)).get("scope", ""))
    return f"     |-- {network.network_address}\n        /{network.prefixlen} {scope or 'universe'} {kind.upper()}\n"


def ifconfig(ip_addr: str, *, old: bool = False) -> str:
    """`ifconfig -a` (net-tools 2, or 1.60 where `old`): interfaces by name, each with its first IPv4 address."""
    shown = sorted(interfaces(ip_addr), key=lambda i: i.name)
    return "\n".join("\n".join(_old_block(i) if old else _new_block(i)) + "\n" for i in shown)


def _first_ipv4(interface: Interface) -> IPv4Network | None:
    return next((ip_interface(a.split()[1]) for a in interface.addresses if a.startswith("inet ")), None)  # type: ignore[return-value]


def _ioctl_flags(interface: Interface) -> list[str]:
    """The names of IFF_*: what `ip` calls LOWER_UP is no ioctl flag; an interface with carrier is RUNNING."""
    order = ("UP", "BROADCAST", "LOOPBACK", "POINTOPOINT", "RUNNING", "NOARP", "MULTICAST")
    flags = {*interface.flags, *(("RUNNING",) if "LOWER_UP" in interface.flags else ())}
    return [flag for flag in order if flag in flags]


def _new_block(interface: Interface) -> Iterator[str]:
    yield f"{interface.name}: flags=4163<{','.join(_ioctl_flags(interface))}>  mtu {interface.mtu}"
    if own := _first_ipv4(interface):
        ending = "" if interface.name == "lo" else f"  broadcast {own.network.broadcast_address}"  # type: ignore[attr-defined]
        yield f"        inet {own.ip}  netmask {own.netmask}{ending}"  # type: ignore[attr-defined]
    for words in (a.split() for a in interface.addresses if a.startswith("inet6 ")):
        address, _, length = words[1].partition("/")
        scope = {"host": "0x10<host>", "link": "0x20<link>"}.get(words[3], "0x0<global>")
        yield f"        inet6 {address}  prefixlen {length}  scopeid {scope}"
    kind = "loop" if interface.name == "lo" else f"ether {interface.mac}"
    yield f"        {kind}  txqueuelen 1000  ({'Local Loopback' if interface.name == 'lo' else 'Ethernet'})"
    for way in ("RX", "TX"):
        yield f"        {way} packets 73  bytes 6009 (5.8 KiB)"
        yield f"        {way} errors 0  dropped 0  overruns 0  {'frame 0' if way == 'RX' else 'carrier 0  collisions 0'}"


def _old_block(interface: Interface) -> Iterator[str]:
    kind = "Local Loopback  " if interface.name == "lo" else f"Ethernet  HWaddr {interface.mac}  "
    yield f"{interface.name:<9} Link encap:{kind}"
    if own := _first_ipv4(interface):
        ending = "" if interface.name == "lo" else f"  Bcast:{own.network.broadcast_address}"  # type: ignore[attr-defined]
        yield f"          inet addr:{own.ip}{ending}  Mask:{own.netmask}"  # type: ignore[attr-defined]
    for words in (a.split() for a in interface.addresses if a.startswith("inet6 ")):
        yield f"          inet6 addr: {words[1]} Scope:{words[3].capitalize()}"
    yield f"          {' '.join(_ioctl_flags(interface))}  MTU:{interface.mtu}  Metric:1"
    yield "          RX packets:36 errors:0 dropped:0 overruns:0 frame:0"
    yield "          TX packets:152 errors:0 dropped:0 overruns:0 carrier:0"
    yield "          collisions:0 txqueuelen:1000 "
    yield "          RX bytes:5602 (5.6 KB)  TX bytes:13935 (13.9 KB)"


def cri(log: str, stamp: str = "2026-11-22T23:10:00.000000000Z", longest: int = 16384) -> str:
    """A container's log as containerd keeps it (CRI logging format): lines longer than its buffer in parts, marked P."""
    lines: list[str] = []
    for line in log.splitlines():
        parts = [line[at : at + longest] for at in range(0, len(line), longest)] or [""]
        lines += [f"{stamp} stdout P {part}" for part in parts[:-1]] + [f"{stamp} stdout F {parts[-1]}"]
    return "".join(f"{line}\n" for line in lines)


def docker_json(log: str, stamp: str = "2026-11-22T23:10:00.000000000Z") -> str:
    """A container's log as docker's json-file driver keeps it."""
    return "".join(
        json.dumps({"log": f"{line}\n", "stream": "stdout", "time": stamp}) + "\n" for line in log.splitlines()
    )


def prefixed(log: str, before: str) -> str:
    """Every line with the same words before it: `kubectl logs --prefix`, stern."""
    return "".join(f"{before}{line}\n" for line in log.splitlines())


def listed(objects: Sequence[dict[str, Any]]) -> bytes:
    """`kubectl get X -A -o json`."""
    content = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
    return json.dumps(content, indent=4).encode()
