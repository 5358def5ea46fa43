"""Where a node's rules lead lookups sent to the DNS service: to today's ready endpoints, to others, or nowhere.

Sources: Kubernetes pkg/proxy/{iptables,nftables,ipvs}/proxier.go; projectcalico/calico felix/bpf-gpl/nat_lookup.h. What a
node lists is of one moment, and the endpoints of another: the difference is said, and why it came to be is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.network.service import DnsService

_LOCAL_CACHE = "nodelocaldns"
"""The card on which NodeLocal DNSCache holds the addresses that it answers (kubernetes/dns, flag -interfacename)."""
_IPVS_CARD = "kube-ipvs0"
MODES = tuple(ProxyMode)
_NOWHERE = frozenset({Does.REJECTS, Does.DROPS, Does.LEAVES})
_OPEN = frozenset({Does.NOT_SHOWN, Does.UNTRACKED})


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """Where one node's rules lead lookups sent to the DNS service's address.

    `targets` are those of UDP port 53, `tcp_targets` of TCP (None: TCP is not known). `stale` are targets that are no ready
    endpoint, `lacking` ready endpoints that no rule leads to: an endpoint's absence costs nothing while another is led to.
    `rejects` when a rule refuses lookups, `none` when no rule translates the address although others are translated.
    Where the endpoints are not known, `stale` and `lacking` are empty and `compared` is False. `confirmed` when a difference
    cannot come from endpoints that changed between the two recordings.
    """

    targets: tuple[Address, ...]
    tcp_targets: tuple[Address, ...] | None
    mode: str
    evidence: tuple[Evidence, ...]
    stale: tuple[Address, ...] = ()
    lacking: tuple[Address, ...] = ()
    rejects: bool = False
    none: bool = False
    compared: bool = True
    confirmed: bool = False
    recorded: str | None = None

    @property
    def all_lost(self) -> bool:
        """Whether no lookup over UDP is led to a ready endpoint, while there are ready endpoints to lead to."""
        return self.compared and (self.rejects or self.none or set(self.targets) == set(self.stale))

    @property
    def some_lost(self) -> bool:
        """Whether some lookups over UDP are led to what is no ready endpoint, and others to one that is."""
        return self.compared and not self.all_lost and bool(self.stale)


def led_to(
    node: ClusterNode, dns: DnsService, modes: Collection[str] = MODES, services: Container[str] = ()
) -> ProxyRules | None:
    """Where a node's recorded rules lead lookups; None where no rules were recorded, or they do not tell.

    `services` are addresses of the cluster's services: that the address has no entry is said only where a listing has one
    of another of them, and so is of this cluster, with its addresses as they are. `modes` are those that count: rules of
    another one are left over.

    Rules that other ones contradict, that a listing does not show in full, or that NodeLocal DNSCache keeps lookups from,
    do not tell either.

    >>> from calico_bundle.facts import ServiceFact
    >>> dns = DnsService(ServiceFact("kube-system", "kube-dns", "ClusterIP", (), (), {}, {}, (), None), (), False)
    >>> led_to(ClusterNode("n1"), dns) is None
    True
    """
    address = dns.address
    tables = [t for t in node.service_tables or () if t.mode in modes]
    if address is None or not tables or answers_itself(node, address):
        return None
    udp = _agreed(tables, address, "UDP")
    if udp is None:
        return _unserved(tables, dns, address, services)
    tcp = _agreed(tables, address, "TCP")
    return _compared(udp, tcp, dns)


def answers_itself(node: ClusterNode, address: Address | None) -> bool:
    """Whether lookups of a node's pods are answered on the node, as with NodeLocal DNSCache, or may be.

    >>> answers_itself(ClusterNode("n1"), None)
    False
    """
    holder = node.interface_of(address) if address is not None else None
    untracked = any(x.does == Does.UNTRACKED for t in node.service_tables or () for x in t.targets)
    return untracked or node.interface(_LOCAL_CACHE) is not None or holder not in (None, _IPVS_CARD)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a listing says of lookups over one protocol."""

    table: ServiceTableFact
    targets: tuple[ServiceTarget, ...]

    @property
    def addresses(self) -> tuple[Address, ...]:
        return tuple(dict.fromkeys(t.target for t in self.targets if t.target is not None))

    @property
    def outcome(self) -> object:
        return frozenset((t.does in _NOWHERE, t.target) for t in self.targets)


def _agreed(tables: Iterable[ServiceTableFact], address: Address, protocol: str) -> _Found | None:
    """What the listings say, where all that have an entry for it say the same and show it in full."""
    found = [
        _Found(table, own)
        for table in tables
        if (own := tuple(t for t in table.targets if t.address == address and t.protocol == protocol))
    ]
    if not found or len({one.outcome for one in found}) > 1:
        return None
    first = found[0]
    kinds = {t.does for t in first.targets}
    is_mixed = bool(kinds & _NOWHERE) and bool(kinds - _NOWHERE)
    return None if kinds & _OPEN or is_mixed else first


def _compared(udp: _Found, tcp: _Found | None, dns: DnsService) -> ProxyRules:
    ready = tuple(dict.fromkeys(e.ip for e in dns.ready if e.ip is not None))
    # Addresses that a collector hid, or a table left out, may be any of the targets.
    compared = dns.listed and not dns.hidden and bool(ready)
    refused = any(t.does in (Does.REJECTS, Does.DROPS) for t in udp.targets)
    is_local = any(t.local for t in udp.targets)
    return ProxyRules(
        targets=udp.addresses,
        tcp_targets=tcp.addresses if tcp else None,
        mode=udp.table.mode,
        evidence=tuple(dict.fromkeys(t.evidence for t in udp.targets)),
        stale=tuple(a for a in udp.addresses if a not in ready) if compared else (),
        lacking=tuple(a for a in ready if a not in udp.addresses) if compared and not is_local else (),
        rejects=refused,
        none=not refused and not udp.addresses,
        confirmed=any(t.does == Does.LEAVES for t in udp.targets),
        # A node without an endpoint of its own refuses with internalTrafficPolicy: Local, as it should.
        compared=compared and not (is_local and not udp.addresses),
        recorded=udp.table.recorded,
    )


def _unserved(
    tables: Sequence[ServiceTableFact], dns: DnsService, address: Address, services: Container[str]
) -> ProxyRules | None:
    """No entry for lookups over UDP, in a listing that is whole and has other services; else nothing is said.

    kube-proxy gives every service with an address an entry, or a refusal, in each of its modes. An entry for TCP alone is
    taken for one that does not fit what is known of the service, and nothing is said.
    """
    serving = [t for t in tables if t.services]
    has_any = any(x.address == address for t in tables for x in t.targets)
    if not serving or has_any or not all(t.whole for t in serving) or len({t.mode for t in serving}) > 1:
        return None
    if not any(str(sample) in services for t in serving for sample in t.samples):
        return None
    ready = tuple(dict.fromkeys(e.ip for e in dns.ready if e.ip is not None))
    return ProxyRules(
        (),
        (),
        serving[0].mode,
        (serving[0].evidence,),
        lacking=ready,
        none=True,
        confirmed=True,
        compared=dns.listed and not dns.hidden and bool(ready),
        recorded=serving[0].recorded,
    )
