"""A stand-in for IPIP where the kernel has none: tunl0 is a TUN device, and the prober carries its packets.

Like the kernel's own tunnel: the outer source is what the route to the far end gives (not the address that Calico chose),
and the outer packets pass the receiver's reverse-path filter and rules. Calico's BIRD writes `via NEXTHOP dev tunl0 onlink`
for next hops that it could resolve; here those routes are written from the table of Debian's BIRD, which cannot.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import socket
import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from tests.lab import felix
from tests.lab.bird import Bird
from tests.lab.probes import Prober
from tests.lab.processes import inside, ip, output, set_kernel
from tests.lab.topology import Node, Scenario
from tests.lab.wiring import Built

DEVICE = "tunl0"
_SET_INTERFACE = 0x400454CA  # TUNSETIFF, linux/if_tun.h
_TUN_WITHOUT_HEADER = 0x1001  # IFF_TUN | IFF_NO_PI
_IPIP = 4  # the protocol number of IP in IP
_BLOCK = re.compile(r"^(\d[\d./]+)\s+(via|unreachable|blackhole|dev|multipath)\b", re.MULTILINE)
_NEXT_HOP = re.compile(r"BGP\.next_hop:\s+(\S+)")


def applies(scenario: Scenario) -> bool:
    """Whether a scenario has IPIP tunnels."""
    return scenario.encapsulation.startswith("ipip")


def add_device(built: Built, node: Node) -> None:
    """Make tunl0 with the node's tunnel address."""
    if not applies(built.scenario):
        return
    lines = [
        f"tuntap add dev {DEVICE} mode tun",
        f"link set {DEVICE} mtu 1480 up",
        f"addr add {node.tunnel_ip}/32 dev {DEVICE}",
    ]
    ip(lines, built.of(node))
    set_kernel(built.of(node), {f"ipv4/conf/{DEVICE}/rp_filter": node.filter_of(DEVICE)})


def program_routes(built: Built, birds: Sequence[Bird]) -> None:
    """Write the pool routes of BIRD's table into the kernel, as Calico's BIRD would."""
    if not applies(built.scenario):
        return
    for bird in birds:
        if bird.recovers():
            continue
        # A prefix that somebody else has a route for stays theirs: BIRD adds, and the kernel refuses it a second one.
        taken = {str(r["dst"]) for r in json.loads(output("ip", "-n", bird.namespace, "-j", "route") or "[]")}
        wanted = {prefix: route for prefix, route in _routes(built.scenario, bird) if prefix not in taken}
        ip([f"route add {route}" for route in wanted.values()], bird.namespace)


def _routes(scenario: Scenario, bird: Bird) -> Iterator[tuple[str, str]]:
    """Prefixes and routes; `ip -j` prints one address without its /32."""
    yield bird.node.block, f"blackhole {bird.node.block} proto bird"
    text = bird.ask("show", "route", "all", "primary")
    heads = list(_BLOCK.finditer(text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        hop = _NEXT_HOP.search(text[head.start() : following.start() if following else len(text)])
        if hop and IPv4Network(head[1]).subnet_of(IPv4Network(scenario.pool)):
            yield head[1].removesuffix("/32"), _route(scenario, bird.node, head[1], head[2], hop[1])


def _route(scenario: Scenario, node: Node, block: str, kind: str, hop: str) -> str:
    if kind == "unreachable":
        return f"unreachable {block} proto bird"
    device = f"dev {node.parent}" if felix.is_direct(scenario, node, hop) else f"dev {DEVICE}"
    return f"{block} via {hop} {device} onlink proto bird"


@contextlib.contextmanager
def tunnels(built: Built, prober: Prober) -> Iterator[None]:
    """Carry packets of all tunnels while the body runs."""
    with contextlib.ExitStack() as open_things:
        if applies(built.scenario):
            for node in built.scenario.nodes:
                _carry(built.of(node), prober, open_things)
        yield


def _carry(namespace: str, prober: Prober, open_things: contextlib.ExitStack) -> None:
    with inside(namespace):
        tunnel = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        open_things.callback(os.close, tunnel)
        fcntl.ioctl(tunnel, _SET_INTERFACE, struct.pack("16sH22x", DEVICE.encode(), _TUN_WITHOUT_HEADER))
        outer = open_things.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, _IPIP))
    outer.setblocking(False)
    hops = _hops(namespace)
    prober.watch(tunnel, lambda: _wrap(tunnel, outer, hops))
    prober.watch(outer.fileno(), lambda: _unwrap(outer, tunnel))


def _hops(namespace: str) -> list[tuple[IPv4Network, str]]:
    """Where the routes into the tunnel lead, the longest prefix first."""
    routes = json.loads(output("ip", "-n", namespace, "-j", "route", "show", "dev", DEVICE) or "[]")
    found = [(IPv4Network(r["dst"]), str(r["gateway"])) for r in routes if "gateway" in r and r["dst"] != "default"]
    return sorted(found, key=lambda item: -item[0].prefixlen)


def _wrap(tunnel: int, outer: socket.socket, hops: Sequence[tuple[IPv4Network, str]]) -> None:
    packet = os.read(tunnel, 65535)
    destination = IPv4Address(packet[16:20])
    hop = next((far for network, far in hops if destination in network), None)
    if hop and packet[0] >> 4 == 4:
        outer.sendto(packet, (hop, 0))


def _unwrap(outer: socket.socket, tunnel: int) -> None:
    packet = outer.recv(65535)
    os.write(tunnel, packet[(packet[0] & 15) * 4 :])
