"""What the rules of a node's service proxy make of lookups sent to an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from calico_bundle.evidence import Evidence
from calico_bundle.facts.types import Address, Cited


class ProxyMode(StrEnum):
    """Who translates service addresses, and by which part of the kernel."""

    IPTABLES = "iptables"
    NFTABLES = "nftables"
    IPVS = "ipvs"
    EBPF = "ebpf"


class Does(StrEnum):
    """What a rule does with a packet to a service address."""

    TRANSLATES = "translates"
    REJECTS = "rejects"
    DROPS = "drops"
    LEAVES = "leaves"
    UNTRACKED = "untracked"
    NOT_SHOWN = "not-shown"


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """One thing that may become of a lookup sent to an address."""

    address: Annotated[Address, "the address asked: a cluster IP"]
    protocol: Annotated[str, "UDP | TCP"]
    does: Annotated[
        str,
        "translates | rejects | drops | leaves (no rule of the service's chain applies) | untracked (kept from translation, "
        "as NodeLocal DNSCache asks) | not-shown (the listing lacks a rule on the way)",
    ]
    target: Annotated[Address | None, "the endpoint that it is translated to"]
    local: Annotated[bool, "by the chain for endpoints of the same node alone (internalTrafficPolicy: Local)"]
    evidence: Annotated[Evidence, "the rule's line"]
    port: Annotated[int | None, "the port that it is translated to; missing where the line may be cut off in it"] = None


MOST_SAMPLES = 8
"""Addresses with entries that are kept of one listing."""


@dataclass(frozen=True, slots=True)
class ServiceTableFact:
    """A listing of a node's rules for service addresses, of one mode of kube-proxy or of Calico's eBPF dataplane."""

    mode: Annotated[str, "iptables | nftables | ipvs | ebpf"]
    whole: Annotated[bool, "listed from its beginning to its end: an address without an entry has none"]
    prepared: Annotated[
        bool, "the chain, table or list that kube-proxy puts entries for services in is there, with some or none"
    ]
    services: Annotated[int, "entries for addresses and ports of services, of DNS and others"]
    samples: Annotated[tuple[Address, ...], "some of the addresses that have entries; they show which cluster it is of"]
    backend: Annotated[str | None, "of iptables: nft | legacy, where the listing says which; None in other modes"]
    recorded: Annotated[str | None, "time of the listing, as printed, in the machine's own time zone"]
    targets: Annotated[tuple[ServiceTarget, ...], "what becomes of lookups (port 53)"]
    evidence: Annotated[Evidence, "the line that the listing begins with"]
    from_pods: Annotated[
        bool | None,
        "packets that come in by a card, as those of pods, meet the rules (PREROUTING); missing: perhaps not, as where "
        "a rule before them may take lookups",
    ] = True
    from_node: Annotated[
        bool | None,
        "packets that the node sends itself, as its hostNetwork pods do, meet them (OUTPUT); missing: perhaps not",
    ] = True
    in_sets: Annotated[
        bool, "its rules are for sets of addresses, as in IPVS mode: the entries are not in this listing"
    ] = False
    cited: Annotated[Cited, "evidence per column: recorded; from_pods and from_node where they are not true"] = field(
        default_factory=dict
    )
