"""What was read on a machine: addresses, routes, neighbors, settings, BGP state, logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from calico_bundle.evidence import Evidence
from calico_bundle.facts.types import Address, Interface, Network


@dataclass(frozen=True, slots=True)
class InterfaceFact:
    """A network interface of a node."""

    order: Annotated[int, "place in the listing, from 0: kernel dump order, which autodetection walks in reverse"]
    index: Annotated[int | None, "interface index; None where the listing has none (-br)"]
    name: Annotated[str, "name, without @peer"]
    flags: Annotated[tuple[str, ...], "flags in angle brackets, e.g. UP, LOWER_UP, NO-CARRIER"]
    state: Annotated[str | None, "operational state: UP | DOWN | UNKNOWN | LOWERLAYERDOWN"]
    mtu: Annotated[int | None, "MTU in bytes"]
    mac: Annotated[str | None, "link-layer address, lower case"]
    master: Annotated[str | None, "bridge, bond or VRF it is enslaved to"]
    kind: Annotated[str | None, "kind from the detail line of `ip -d`: vxlan, bond, bridge, vlan, veth ..."]
    vxlan_local: Annotated[Address | None, "vxlan: outer source address"]
    vxlan_device: Annotated[str | None, "vxlan: underlying device"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class AddressFact:
    """An address of a network interface."""

    interface: Annotated[str, "interface name"]
    address: Annotated[Interface, "address with its prefix length"]
    peer: Annotated[Address | None, "the far end of a point-to-point address"]
    scope: Annotated[str | None, "global | link | host | site"]
    flags: Annotated[tuple[str, ...], "secondary, dynamic, deprecated, tentative, noprefixroute ..."]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where a route sends packets."""

    gateway: Annotated[Address | None, "next hop; None on a connected network"]
    device: Annotated[str | None, "outgoing interface"]
    flags: Annotated[tuple[str, ...], "onlink, linkdown, dead, pervasive"]
    weight: Annotated[int, "weight among the next hops of a multipath route"]


@dataclass(frozen=True, slots=True)
class RouteFact:
    """A route of a node's kernel."""

    family: Annotated[int, "4 or 6"]
    table: Annotated[str, "routing table as printed; `main` when the listing prints none"]
    type: Annotated[str, "unicast, local, broadcast, multicast, anycast, blackhole, unreachable, prohibit, throw"]
    destination: Annotated[Network, "network; default is 0.0.0.0/0 or ::/0"]
    next_hops: Annotated[tuple[NextHop, ...], "one, or several for a multipath route; none for blackhole and its like"]
    protocol: Annotated[str | None, "who wrote it, as printed: kernel, static, bird, 80 (Felix) ..."]
    scope: Annotated[str | None, "link | host | global, as printed"]
    source: Annotated[Address | None, "preferred source address (src)"]
    metric: Annotated[int, "metric; 0 when not printed"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class RuleFact:
    """A policy routing rule of a node's kernel."""

    family: Annotated[int | None, "4 or 6, as far as the rule itself or the file name tells"]
    priority: Annotated[int, "priority; lower is looked at first"]
    inverted: Annotated[bool, "`not`: applies to what does not match"]
    source: Annotated[Network | None, "from; None means all"]
    destination: Annotated[Network | None, "to; None means all"]
    input_device: Annotated[str | None, "iif"]
    output_device: Annotated[str | None, "oif"]
    mark: Annotated[int | None, "fwmark"]
    mark_mask: Annotated[int | None, "mask of fwmark; None means all bits"]
    other: Annotated[tuple[str, ...], "further selectors as printed (uidrange, ipproto, sport, l3mdev ...)"]
    action: Annotated[str, "lookup, blackhole, unreachable, prohibit, goto, nop"]
    table: Annotated[str | None, "table of lookup, or target of goto"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class NeighborFact:
    """An entry of a node's ARP or neighbor table."""

    address: Annotated[Address, "neighbor's address"]
    device: Annotated[str | None, "interface"]
    mac: Annotated[str | None, "link-layer address, lower case; None when it did not answer"]
    state: Annotated[str | None, "REACHABLE, STALE, DELAY, PERMANENT, INCOMPLETE, FAILED ..."]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class SysctlFact:
    """A kernel setting of a node."""

    key: Annotated[str, "dotted name, e.g. net.ipv4.conf.all.rp_filter"]
    value: Annotated[str, "value as printed"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class BGPSessionFact:
    """One BGP peering as BIRD or `calicoctl node status` shows it on a node."""

    protocol: Annotated[str | None, "BIRD's protocol name, e.g. Mesh_10_0_0_1; only birdcl shows it"]
    peer: Annotated[Address | None, "peer address; from the neighbor line, else from the name"]
    type: Annotated[str | None, "node-to-node mesh | node specific | global"]
    state: Annotated[str, "protocol state: up, start, down ..."]
    since: Annotated[str | None, "time or date, as printed"]
    info: Annotated[str, "BGP state and last error: Established, Passive, Connect, Active Socket: ..."]
    established: Annotated[bool, "info begins with Established"]
    source_address: Annotated[Address | None, "own address of the session (`show protocols all`, only when up)"]
    source: Annotated[str, "birdcl | calicoctl | CalicoNodeStatus"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class BGPRouteFact:
    """A route in BIRD's table on a node (`show route`)."""

    destination: Annotated[Network, "network"]
    kind: Annotated[str, "via | dev | blackhole | unreachable | prohibited | multipath"]
    gateway: Annotated[Address | None, "next hop after resolution"]
    device: Annotated[str | None, "outgoing interface"]
    protocol: Annotated[str, "BIRD protocol it came from, e.g. Mesh_10_0_0_1, kernel1, static1"]
    learned_from: Annotated[Address | None, "`from` address, where it differs"]
    best: Annotated[bool, "marked *"]
    preference: Annotated[int | None, "first number in the parentheses"]
    metric: Annotated[str | None, "second part in the parentheses, as printed: 0, ?, -"]
    stale: Annotated[bool, "marked s: kept by graceful restart"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class LogEventFact:
    """A line of a calico-node (or BIRD, Felix, confd) log that means something here."""

    time: Annotated[str | None, "timestamp as printed; None for BIRD's lines"]
    level: Annotated[str | None, "INFO, WARNING, ERROR, FATAL"]
    component: Annotated[str | None, "startup, monitor-addresses, felix, confd, bird ..."]
    event: Annotated[str, "what it means: the slug of its rule, e.g. address-autodetected"]
    values: Annotated[Mapping[str, str], "the values in it: address, interface, method, node ..."]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class PortRuleFact:
    """A rule of a node's filter table that refuses a TCP port (`iptables-save`)."""

    chain: Annotated[str, "chain, e.g. INPUT, cali-INPUT"]
    source: Annotated[Network | None, "-s; None means any"]
    destination: Annotated[Network | None, "-d; None means any"]
    ports: Annotated[tuple[str, ...], "--dport, --sport or their lists, as printed: 179, 1000:2000"]
    jump: Annotated[str, "-j: DROP or REJECT"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class ServiceRuleFact:
    """A rule of kube-proxy's in the nat table, of those that a DNS lookup can meet (`iptables-save`)."""

    chain: Annotated[str, "chain, e.g. KUBE-SERVICES, KUBE-SVC-..., KUBE-SEP-..."]
    source: Annotated[Network | None, "-s; None means any"]
    source_inverted: Annotated[bool, "`! -s`: any source but this"]
    destination: Annotated[Network | None, "-d; None means any"]
    protocol: Annotated[str | None, "-p"]
    port: Annotated[int | None, "--dport"]
    jump: Annotated[str | None, "-j: chain or target"]
    to_destination: Annotated[str | None, "--to-destination of a DNAT"]
    evidence: Annotated[Evidence, "its line"]
