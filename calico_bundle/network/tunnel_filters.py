"""Tunnels between nodes, and the firewalls of these nodes: IP protocol 4 of IPIP, or the UDP port of VXLAN."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address
from calico_bundle.network.firewall import FilterTable, Ports, Probe

VXLAN_PORT = 4789
"""Felix's default (FelixConfiguration: vxlanPort)."""
_ANY_PORT: Ports = (1, 65535)


class Kind(NamedTuple):
    """One kind of tunnel: its protocol, its port, and what to call its packets."""

    protocol: str
    port: int | None
    words: str


class Dropped(NamedTuple):
    """A rule that drops tunnels, or may, and the node that it is of."""

    node: str
    line: Evidence
    is_sure: bool


IPIP = Kind("ipip", None, "IPIP (IP protocol 4), which lookups between nodes may take")


def kinds_used(cluster: Cluster) -> tuple[Kind, ...]:
    """The kinds of tunnels that IPv4 pools ask for.

    >>> kinds_used(Cluster({}))
    ()
    """
    pools = [pool for pool in cluster.pools if pool.cidr is None or pool.cidr.version == 4]
    ports = {found.vxlan_port for found in cluster.felix_configurations if found.vxlan_port} or {VXLAN_PORT}
    vxlan = [Kind("udp", port, f"VXLAN (UDP {port}), which lookups between nodes may take") for port in sorted(ports)]
    ipip = (IPIP,) if any(pool.ipip_mode not in (None, "Never") for pool in pools) else ()
    return (*ipip, *(vxlan if any(pool.vxlan_mode not in (None, "Never") for pool in pools) else ()))


def dropped_tunnels(
    tables: Mapping[str, Sequence[FilterTable]], cluster: Cluster, kind: Kind, pairs: Iterable[tuple[str, str]]
) -> Iterator[Dropped]:
    """The rules that drop the tunnels of some pairs of nodes: as one sends them, or the other takes them."""
    for sender, receiver in pairs:
        for name, chain in ((sender, "OUTPUT"), (receiver, "INPUT")):
            for table in tables.get(name, ()):
                found = table.meets(_probe(cluster, kind, chain, sender, receiver))
                if found.dropped is not False and found.line is not None:
                    yield Dropped(name, found.line, found.dropped is True and len(tables[name]) == 1)


def _probe(cluster: Cluster, kind: Kind, chain: str, sender: str, receiver: str) -> Probe:
    inward = chain == "INPUT"
    return Probe(
        chain,
        kind.protocol,
        _address(cluster, sender),
        _address(cluster, receiver),
        source_ports=_ANY_PORT,
        destination_ports=(kind.port, kind.port) if kind.port is not None else None,
        is_new=None,
        comes_from_pod=False if inward else None,
        goes_to_pod=None if inward else False,
        between_nodes=True,
    )


def _address(cluster: Cluster, name: str) -> tuple[Address, ...]:
    """The address that a node's tunnels have."""
    node = cluster.nodes.get(name)
    return (node.bgp_address.ip,) if node and node.bgp_address else ()
