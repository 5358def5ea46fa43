"""What a Corefile tells a DNS server to do: its server blocks, their zones, and where they forward.

Source: CoreDNS manual, "Configuration"; the syntax is that of caddy's caddyfile package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, DnsConfigurationFact
from calico_bundle.network.service import DnsService
from calico_bundle.numbers import whole_number

DEFAULT_DOMAIN = "cluster.local"
_NODE_LOCAL = ("node-local", "nodelocal")
_PLAIN = "dns://"
_SERVER_BLOCK, _DIRECTIVE = 1, 2


@dataclass(slots=True)
class Directive:
    """One directive of a server block, with its options and the number of its line in the Corefile from 0."""

    name: str
    arguments: tuple[str, ...]
    line: int
    options: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(slots=True)
class ServerBlock:
    """One server: the zones that it answers for, at which ports (None: not said), and its directives.

    `braced` is False where its directives stand in no braces, or it is no server at all (`import`): then it is not read.
    """

    zones: tuple[str, ...]
    line: int
    ports: tuple[int | None, ...] = ()
    braced: bool = True
    directives: list[Directive] = field(default_factory=list)

    def named(self, name: str) -> Iterator[Directive]:
        """The directives of a name."""
        return (directive for directive in self.directives if directive.name == name)


def server_blocks(corefile: str) -> tuple[ServerBlock, ...]:
    r"""The server blocks of a Corefile; those that speak no plain DNS have no zones.

    >>> (block,) = server_blocks(".:53 {\n  errors # all\n  forward . 8.8.8.8 {\n    prefer_udp\n  }\n}\n")
    >>> block.zones, [(d.name, d.arguments) for d in block.directives]
    (('.',), [('errors', ()), ('forward', ('.', '8.8.8.8'))])
    """
    blocks: list[ServerBlock] = []
    depth, before = 0, list[str]()
    for number, line in enumerate(corefile.split("\n")):
        words = line.split("#", 1)[0].split()
        opens = bool(words) and words[-1] == "{"
        told = words[:-1] if opens else [word for word in words if word != "}"]
        if told and depth == 0:
            # A comma at the end of a line: the zones go on in the next one.
            keys, before = [*before, *told], []
            if told[-1].endswith(",") and not opens:
                before = keys
                continue
            plain = [key for key in keys if not key.startswith("(") and ("://" not in key or key.startswith(_PLAIN))]
            blocks.append(ServerBlock(tuple(map(_zone, plain)), number, tuple(map(_port, plain)), opens))
        elif told and depth == _SERVER_BLOCK and blocks:
            blocks[-1].directives.append(Directive(told[0], tuple(told[1:]), number))
        elif told and depth == _DIRECTIVE and blocks and blocks[-1].directives:
            blocks[-1].directives[-1].options.append(tuple(told))
        depth = max(0, depth + opens - words.count("}"))
    return tuple(blocks)


def _zone(word: str) -> str:
    """A zone without its scheme, port, comma and last dot; the root is a dot."""
    name = word.rstrip(",").rpartition("://")[2]
    host, _, port = name.rpartition(":")
    name = host if port.isdigit() else name
    return name.rstrip(".").lower() or "."


def _port(word: str) -> int | None:
    """The port of a zone, where one is written behind it."""
    _, colon, port = word.rstrip(",").rpartition("://")[2].rpartition(":")
    return whole_number(port) if colon else None


def configuration_of(cluster: Cluster, dns: DnsService) -> DnsConfigurationFact | None:
    """The Corefile of the cluster's DNS servers; None where the bundle has none that is surely theirs.

    >>> from calico_bundle.network.service import find_dns
    >>> find_dns(Cluster({})) is None
    True
    """
    own = [c for c in cluster.dns_configurations if c.namespace == dns.service.namespace]
    servers = [c for c in own if not is_node_local(c.name)]
    named = [c for c in servers if c.name in ("coredns", dns.service.name)]
    return next(iter(named), servers[0] if len(servers) == 1 else None)


def is_node_local(name: str) -> bool:
    """Whether an object is called as those of NodeLocal DNSCache are.

    >>> is_node_local("node-local-dns"), is_node_local("nodelocaldns"), is_node_local("coredns")
    (True, True, False)
    """
    return name.startswith(_NODE_LOCAL)


def cluster_domains(configuration: DnsConfigurationFact | None) -> tuple[str, ...]:
    """The zones of the cluster's own names: those of the `kubernetes` directive; the default where none is known."""
    blocks = server_blocks(configuration.corefile) if configuration else ()
    found = [zone for b in blocks for d in b.named("kubernetes") for zone in map(_zone, d.arguments) if zone != "{"]
    return tuple(zone for zone in found if not zone.endswith(".arpa")) or (DEFAULT_DOMAIN,)


def forward_targets(configuration: DnsConfigurationFact) -> tuple[tuple[str, Evidence], ...]:
    """Where a DNS server sends what it does not know, with the line: addresses, or a file such as /etc/resolv.conf."""
    found = []
    for block in server_blocks(configuration.corefile):
        for directive in (d for name in ("forward", "proxy") for d in block.named(name)):
            found += [(target, cited(configuration, directive.line)) for target in directive.arguments[1:]]
    return tuple(found)


def cited(configuration: DnsConfigurationFact, line: int) -> Evidence:
    """A line of a Corefile as evidence; the whole where it has no line of its own (JSON)."""
    return configuration.cited.get(str(line), configuration.evidence)


def as_address(target: str) -> Address | None:
    """The address that a target of a `forward` is; None for a file or a name.

    >>> as_address("tls://9.9.9.9:853"), as_address("/etc/resolv.conf") is None
    (IPv4Address('9.9.9.9'), True)
    """
    text = target.rpartition("://")[2].split("%", 1)[0]
    text = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
    text = text.rpartition(":")[0] if text.count(":") == 1 else text
    try:
        return ip_address(text)
    except ValueError:
        return None


def addresses_in(words: Sequence[str]) -> list[Address]:
    """The addresses among the arguments of a directive.

    >>> addresses_in([".", "10.0.0.53:5353"])
    [IPv4Address('10.0.0.53')]
    """
    return [address for address in map(as_address, words) if address is not None]
