"""What the graph's vertices and edges are, and what each of their attributes means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_KIND = {"kind": "what it is: one of the kinds of this table"}
_FAMILY = {"family": "4 or 6"}
_POOL = {"pool": "name of the smallest IPPool that holds it; None when none does"}

VERTEX_ATTRIBUTES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "node": {
            **_KIND,
            "name": "the node's name",
            "internal_ip": "its first IPv4 InternalIP",
            "bgp_ip": "the IPv4 address that Calico stores for it, with its prefix length",
            "ready": "its condition Ready; None when the bundle does not tell",
            "addresses_recorded": "whether its addresses were recorded: if not, lack of interfaces says nothing",
            "routes_recorded": "whether its routes were recorded: if not, lack of route edges says nothing",
            "sessions_recorded": "whether its BGP sessions were recorded: if not, lack of session edges says nothing",
        },
        "interface": {
            **_KIND,
            "node": "name of the node it belongs to",
            "name": "its name on that node",
            "type": "kind of device: vxlan, bond, bridge, vlan ...; None for a plain card, or if not recorded",
            "state": "operational state: UP | DOWN | UNKNOWN | LOWERLAYERDOWN",
            "mac": "link-layer address",
            "mtu": "MTU in bytes",
        },
        "subnet": {
            **_KIND,
            "prefix": "a prefix, not a wire: machines in it need not reach each other; two NATs can use the same one",
            **_FAMILY,
            **_POOL,
        },
        "block": {**_KIND, "cidr": "the address block", **_FAMILY, **_POOL},
        "pod": {
            **_KIND,
            "namespace": "its namespace",
            "name": "its name",
            "ip": "its first IPv4 address, else its first address",
            "phase": "Pending, Running, Succeeded, Failed ...",
            "ready": "its condition Ready",
            "host_network": "whether it uses its node's network",
        },
        "service": {
            **_KIND,
            "namespace": "its namespace",
            "name": "its name",
            "cluster_ip": "the IPv4 address that pods ask",
        },
        "endpoint": {
            **_KIND,
            "ip": "its address",
            "pod": "NAMESPACE/NAME of its pod",
            "node": "name of its node: as its object says, else its pod's, else the only one with that address",
        },
        "address": {
            **_KIND,
            "ip": "address of a BGP peer that is not the address of exactly one other node",
            "nodes": "names of the nodes that have it, separated by commas; None when the bundle shows none",
        },
    }
)
"""Every kind of vertex: its attributes and what they mean. A vertex has all attributes of its kind; None is unknown."""

EDGE_ATTRIBUTES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "has-interface": {**_KIND},
        "in-subnet": {**_KIND, "address": "the interface's address, with its prefix length"},
        "owns-block": {
            **_KIND,
            "read_from": "BlockAffinity | IPAMBlock | Node (spec.podCIDRs, where the bundle has no blocks)",
            "state": "confirmed | pending | pendingDeletion",
        },
        "runs-on": {**_KIND},
        "address-in-block": {**_KIND, "address": "the pod's address"},
        "has-endpoint": {
            **_KIND,
            "ready": "whether the service sends anything there; None when the bundle does not tell",
            "read_from": "Endpoints | EndpointSlice",
        },
        "is-pod": {**_KIND},
        "on-node": {**_KIND},
        "bgp-session": {
            **_KIND,
            "peer": "the peer's address",
            "established": "whether the session is up, as seen from this end",
            "info": "BGP state and last error, as printed",
            "type": "node-to-node mesh | node specific | global",
            "source_address": "own address of the session",
            "read_from": "birdcl | calicoctl",
        },
        "route": {
            **_KIND,
            "destination": "the route's network",
            "type": "unicast, blackhole, unreachable, prohibit, throw",
            "gateway": "next hop; None on a connected network",
            "gateway_node": "the only other node that has the gateway's address; None when none has, or several have",
            "device": "outgoing interface",
            "protocol": "who wrote it, as printed: kernel, bird, 80 (Felix) ...",
            "source_address": "preferred source address",
            "table": "routing table",
            "metric": "metric",
        },
    }
)
"""Every kind of edge: its attributes and what they mean.

None of them is called `source`, `target`, `key` or `id`: networkx writes its own data under these names.
"""
