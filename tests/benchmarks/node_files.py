"""What `calicoctl cluster diags` collects of each node: `ip addr`, `link`, `route`, `rule`, `neigh`, and its log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from tests.benchmarks.cluster import GATEWAY, SECOND_NETWORK, Cluster, Node, Pod

RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
_MOST_NEIGHBORS = 100
_MOST_PEERS_IN_LOG = 20
_UP = "<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP"

# Lines that Felix, confd and BIRD write again and again, from logs of Calico v3.31.
_NOISE = (
    (
        "2026-09-25 {t} [INFO][60] felix/summary.go 100: Summarising {n} dataplane reconciliation loops over 1m{s}.3s: "
        "avg={n}ms longest={m}ms (resync-filter-v4,resync-nat-v4)\n"
    ),
    (
        "2026-09-25 {t} [INFO][60] felix/int_dataplane.go 1924: Linux interface addrs changed. "
        'addrs=set.Set{{fe80::ecee:eeff:feee:eeee}} ifaceName="cali{h:011x}"\n'
    ),
    "2026-09-25 {t} [INFO][60] felix/conntrack.go 90: Removing conntrack flows ip=10.128.{s}.{n}\n",
    (
        "2026-09-25 {t} [INFO][62] confd/resource.go 278: Target config /etc/calico/confd/config/bird_aggr.cfg has been "
        "updated due to change in key: /calico/ipam/v2/host/worker-{n:04d}/ipv4/block\n"
    ),
    (
        "2026-09-25 {t} [WARNING][60] felix/route_table.go 1231: Failed to delete neighbor FDB entry error=no such file "
        'or directory ifaceRegex="^cali.*" ip=10.128.{s}.{n}\n'
    ),
)


class NodeFiles:
    """The files of every node of a cluster; what all routing tables have in common is written once."""

    def __init__(self, cluster: Cluster) -> None:
        self._wrong = [node for node in cluster.nodes if node.is_wrong]
        self._right = [node for node in cluster.nodes if not node.is_wrong]
        lines = [f"{node.block} via {node.internal_ip} dev eth0 proto bird \n" for node in self._right]
        self._to_peers = "".join(lines)
        self._starts: dict[int, tuple[int, int]] = {}
        start = 0
        for node, line in zip(self._right, lines, strict=True):
            self._starts[node.index] = start, start + len(line)
            start += len(line)
        self._log_bytes = cluster.size.log_bytes

    def of(self, node: Node) -> Iterator[tuple[str, str]]:
        """The files of one node, by their path below its folder."""
        cables = [pod for pod in node.pods() if not pod.host_network]
        yield "ip-addr.txt", _addresses(node, cables)
        yield "ip-link.txt", _links(node, cables)
        yield "ip-route.txt", self._routes(node, cables)
        yield "ip-rule.txt", RULES
        yield "ip-neigh.txt", self._neighbors(node)
        yield f"calico-system/{node.calico_pod}.log", self._log(node)
        yield f"calico-system/{node.calico_pod}.txt", _description(node)

    def _routes(self, node: Node, cables: list[Pod]) -> str:
        """Sorted by destination, as the kernel gives them, then table local and IPv6."""
        own = f"blackhole {node.block} proto bird \n"
        own += "".join(f"{pod.ip} dev {pod.interface} scope link \n" for pod in cables)
        # A wrong node has no session, so it has no route of a peer, and no peer has its route.
        before, after = self._starts.get(node.index, (0, len(self._to_peers)))
        return (
            f"default via {GATEWAY} dev eth0 proto static metric 100 \n"
            f"10.1.0.0/16 dev eth0 proto kernel scope link src {node.internal_ip} metric 100 \n"
            f"{self._to_peers[:before]}{own}{self._to_peers[after:]}{_local_routes(node)}{_ipv6_routes(cables)}"
        )

    def _neighbors(self, node: Node) -> str:
        peers = (self._right + self._wrong)[:_MOST_NEIGHBORS]
        lines = [f"{GATEWAY} dev eth0 lladdr 00:00:5e:00:01:0a REACHABLE \n"]
        lines += [f"{peer.internal_ip} dev eth0 lladdr {peer.mac()} STALE \n" for peer in peers if peer != node]
        return "".join(lines)

    def _log(self, node: Node) -> str:
        card, address = ("eth1" if node.is_wrong else "eth0"), node.calico_address
        lines = [
            "2026-09-25 00:00:00.100 [INFO][9] startup/startup.go 555: Early log level set to info\n",
            (
                "2026-09-25 00:00:06.322 [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address on "
                f"interface {card}: {address}\n"
            ),
            f"2026-09-25 00:00:09.433 [INFO][9] startup/startup.go 243: Using node name: {node.name}\n",
        ]
        peers = [peer for peer in (self._wrong + self._right) if peer != node][:_MOST_PEERS_IN_LOG]
        lines += [line for peer in peers for line in _session(node, peer)]
        left = self._log_bytes - sum(map(len, lines))
        return "".join(lines) + _noise(node, left)


def _session(node: Node, peer: Node) -> list[str]:
    session = "bird: Mesh_" + peer.calico_address.partition("/")[0].replace(".", "_")
    lines = [f"{session}: Initializing\n", f"{session}: Starting\n", f"{session}: State changed to start\n"]
    if not node.is_wrong and not peer.is_wrong:
        lines += [f"{session}: Connected to table master\n"]
        lines += [f"{session}: State changed to feed\n", f"{session}: State changed to up\n"]
    return lines


def _noise(node: Node, size: int) -> str:
    lines = []
    for number in count(node.index * 7):
        if size <= 0:
            return "".join(lines)
        second = number * 13 % 60
        time = f"{1 + number // 1800 % 22:02d}:{number // 30 % 60:02d}:{second:02d}.{number * 37 % 1000:03d}"
        words = {"t": time, "n": number % 97, "s": second, "m": number * 31 % 500, "h": number * 2654435761 % 16**11}
        line = _NOISE[number % len(_NOISE)].format_map(words)
        lines.append(line)
        size -= len(line)
    raise AssertionError


def _links(node: Node, cables: list[Pod]) -> str:
    """As `ip link`: no addresses, and how the link is used."""
    return "".join(f"{head.replace(' group', ' mode DEFAULT group')}{ether}" for head, ether, _ in _cards(node, cables))


def _addresses(node: Node, cables: list[Pod]) -> str:
    return "".join(f"{head}{ether}{addresses}" for head, ether, addresses in _cards(node, cables))


def _cards(node: Node, cables: list[Pod]) -> Iterator[tuple[str, str, str]]:
    yield (
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n",
        "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n",
        _inet("127.0.0.1/8", "scope host lo") + _inet6("::1/128", "host noprefixroute"),
    )
    broadcast = "brd 10.1.255.255 scope global eth0"
    yield _ether(2, "eth0"), _mac(node.mac()), _inet(f"{node.internal_ip}/16", broadcast)
    if node.is_wrong:
        broadcast = f"brd {SECOND_NETWORK}.255 scope global eth1"
        yield _ether(3, "eth1"), _mac(node.mac(1)), _inet(node.calico_address, broadcast)
    for number, pod in enumerate(cables, 4):
        namespace = f" link-netns cni-{pod.interface[4:8]}-{number:04x}"
        head = _ether(number, f"{pod.interface}@if3")
        yield head, _mac("ee:ee:ee:ee:ee:ee", namespace), _inet6("fe80::ecee:eeff:feee:eeee/64", "link")


def _ether(number: int, name: str) -> str:
    return f"{number}: {name}: {_UP} group default qlen 1000\n"


def _mac(mac: str, namespace: str = "") -> str:
    return f"    link/ether {mac} brd ff:ff:ff:ff:ff:ff{namespace}\n"


def _inet(address: str, rest: str) -> str:
    return f"    inet {address} {rest}\n       valid_lft forever preferred_lft forever\n"


def _inet6(address: str, scope: str) -> str:
    return f"    inet6 {address} scope {scope} \n       valid_lft forever preferred_lft forever\n"


def _local_routes(node: Node) -> str:
    second = node.second_ip
    own = f"{SECOND_NETWORK}.0/24 dev eth1 proto kernel scope link src {second} metric 101 \n" if node.is_wrong else ""
    own += (
        f"local {node.internal_ip} dev eth0 table local proto kernel scope host src {node.internal_ip} \n"
        f"broadcast 10.1.255.255 dev eth0 table local proto kernel scope link src {node.internal_ip} \n"
        "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 \n"
        "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1 \n"
        "broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1 \n"
    )
    if node.is_wrong:
        own += f"local {second} dev eth1 table local proto kernel scope host src {second} \n"
        own += f"broadcast {SECOND_NETWORK}.255 dev eth1 table local proto kernel scope link src {second} \n"
    return own


def _ipv6_routes(cables: list[Pod]) -> str:
    lines = [f"fe80::/64 dev {pod.interface} proto kernel metric 256 pref medium\n" for pod in cables]
    lines += ["local ::1 dev lo table local proto kernel metric 0 pref medium\n"]
    lines += [
        f"local fe80::ecee:eeff:feee:eeee dev {pod.interface} table local proto kernel metric 0 pref medium\n"
        for pod in cables
    ]
    lines += [
        f"multicast ff00::/8 dev {pod.interface} table local proto kernel metric 256 pref medium\n" for pod in cables
    ]
    return "".join(lines)


def _description(node: Node) -> str:
    """The beginning of `kubectl describe pod`."""
    return (
        f"Name:                 {node.calico_pod}\nNamespace:            calico-system\n"
        f"Node:                 {node.name}/{node.internal_ip}\nStatus:               Running\n"
        f"IP:                   {node.internal_ip}\nContainers:\n  calico-node:\n"
        "    Image:         docker.io/calico/node:v3.31.7\n    Environment:\n"
        "      CALICO_NETWORKING_BACKEND:  bird\n      IP:  autodetect\n      IP_AUTODETECTION_METHOD:  first-found\n"
        "QoS Class:                   Burstable\nEvents:                      <none>\n"
    )
