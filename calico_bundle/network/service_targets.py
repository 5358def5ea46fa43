"""Where a node's rules lead lookups sent to the DNS service: to today's ready endpoints, to others, or nowhere.

Sources: Kubernetes pkg/proxy/{iptables,nftables,ipvs}/proxier.go; projectcalico/calico felix/bpf-gpl/nat_lookup.h. What a
node lists is of one moment, and the endpoints of another: the difference is said, and why it came to be is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.network.service import DnsService

_LOCAL_CACHE = "nodelocaldns"
"""The card on which NodeLocal DNSCache holds the addresses that it answers (kubernetes/dns, flag -interfacename)."""
POD_CHAIN, OWN_CHAIN = "PREROUTING", "OUTPUT"
"""Where packets that come in by a card meet rules that translate, and where those of the machine itself do."""
_IPVS_CARD = "kube-ipvs0"
_GONE = 0
"""In place of a port: no ready endpoint has the address."""
MODES = tuple(ProxyMode)
_NOWHERE = frozenset({Does.REJECTS, Does.DROPS, Does.LEAVES})
_OPEN = frozenset({Does.NOT_SHOWN, Does.UNTRACKED})


class Led(NamedTuple):
    """Where a rule leads lookups: an address, and the port there; None where what is left of the rule does not show it."""

    address: Address
    port: int | None

    def __str__(self) -> str:
        return str(self.address) if self.port is None else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """Where one node's rules lead lookups sent to the DNS service's address.

    `targets` are those of UDP port 53, `tcp_targets` of TCP (None: TCP is not known). `stale` are targets that are no ready
    endpoint, or at a port where it does not listen; these are `astray`, with the port where it does. `lacking` are ready
    endpoints that no rule leads to: an endpoint's absence costs nothing while another is led to. `rejects` when a rule refuses
    lookups, `none` when no rule translates the address although others are translated, or no packet comes to the rules, as
    the chain `unmet` does not lead to them. Where the endpoints are not known, `stale` and `lacking` are empty and `compared`
    is False; `ports_known` when their ports were compared, too. `confirmed` when a difference cannot come from endpoints that
    changed between the two recordings.
    """

    targets: tuple[Led, ...]
    tcp_targets: tuple[Led, ...] | None
    mode: str
    evidence: tuple[Evidence, ...]
    stale: tuple[Led, ...] = ()
    lacking: tuple[Address, ...] = ()
    astray: Mapping[Led, int] = field(default_factory=dict, hash=False)
    unmet: str | None = None
    ports_known: bool = True
    rejects: bool = False
    none: bool = False
    compared: bool = True
    confirmed: bool = False
    recorded: str | None = None

    @property
    def all_lost(self) -> bool:
        """Whether no lookup over UDP is led to a ready endpoint, while there are ready endpoints to lead to."""
        return self.compared and (self.rejects or self.none or len(self.targets) == len(self.stale))

    @property
    def some_lost(self) -> bool:
        """Whether some lookups over UDP are led to what is no ready endpoint, and others to one that is."""
        return self.compared and not self.all_lost and bool(self.stale)


def led_to(
    node: ClusterNode,
    dns: DnsService,
    modes: Collection[str] = MODES,
    services: Container[str] = (),
    *,
    own: bool = False,
) -> ProxyRules | None:
    """Where a node's recorded rules lead lookups; None where no rules were recorded, or they do not tell.

    `services` are addresses of the cluster's services: that the address has no entry is said only where a listing has one
    of another of them, and so is of this cluster, with its addresses as they are. `modes` are those that count: rules of
    another one are left over. `own` for lookups that the node sends itself, as its hostNetwork pods do: they come to the rules
    by another chain than those of pods.

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
    entered = [t for t in tables if any(x.address == address for x in t.targets)]
    if not entered:
        return _unserved(tables, dns, services) if all(is_met(t, own=own) is not None for t in tables) else None
    met = [t for t in entered if is_met(t, own=own) is not False]
    if not met:
        return _unmet(entered[0], dns, own=own)
    udp = None if any(is_met(t, own=own) is None for t in met) else _agreed(met, address, "UDP")
    return None if udp is None else _compared(udp, _agreed(met, address, "TCP"), dns)


def led_astray(targets: Sequence[Led], rules: ProxyRules) -> str:
    """Targets at which nobody answers, in words: what is no ready endpoint, and what is one at another port.

    >>> from ipaddress import ip_address
    >>> one = Led(ip_address("10.244.0.2"), 5353)
    >>> led_astray([one], ProxyRules((one,), None, "iptables", (), (one,), astray={one: 53}))
    '10.244.0.2:5353, where that endpoint does not listen (it does at port 53)'
    """
    gone = ", ".join(str(one.address) for one in targets if one not in rules.astray)
    ports = ", ".join(str(port) for port in dict.fromkeys(rules.astray[one] for one in targets if one in rules.astray))
    astray = ", ".join(str(one) for one in targets if one in rules.astray)
    said = [f"{gone}, which is no ready endpoint"] if gone else []
    if astray:
        said.append(f"{astray}, where that endpoint does not listen (it does at port {ports})")
    return "; ".join(said)


def is_met(table: ServiceTableFact, *, own: bool) -> bool | None:
    """Whether lookups come to a listing's rules: a node's own, or those of its pods; None where they may not.

    >>> from calico_bundle.facts import ServiceTableFact
    >>> flushed = ServiceTableFact("iptables", True, True, 1, (), None, None, (), Evidence("n1", 1, "*nat"), from_pods=False)
    >>> is_met(flushed, own=False), is_met(flushed, own=True)
    (False, True)
    """
    return table.from_node if own else table.from_pods


def met_cited(table: ServiceTableFact, *, own: bool) -> tuple[Evidence, ...]:
    """The line that says why lookups do not come to a listing's rules, or perhaps not; none where it has none.

    >>> met_cited(ServiceTableFact("iptables", True, True, 1, (), None, None, (), Evidence("n1", 1, "*nat")), own=False)
    ()
    """
    line = table.cited.get("from_node" if own else "from_pods")
    return (line,) if line else ()


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
    def led(self) -> tuple[Led, ...]:
        return tuple(dict.fromkeys(Led(t.target, t.port) for t in self.targets if t.target is not None))

    @property
    def outcome(self) -> object:
        return frozenset((t.does in _NOWHERE, t.target, t.port) for t in self.targets)


def _agreed(tables: Iterable[ServiceTableFact], address: Address, protocol: str) -> _Found | None:
    """What the listings say, where all that have an entry for it say the same and show it in full."""
    found = [
        _Found(table, own)
        for table in tables
        if (own := tuple(t for t in table.targets if t.address == address and t.protocol == protocol))
    ]
    if not found or (len(found) > 1 and len({one.outcome for one in found}) > 1):
        return None
    first = found[0]
    kinds = {t.does for t in first.targets}
    is_mixed = bool(kinds & _NOWHERE) and bool(kinds - _NOWHERE)
    return None if kinds & _OPEN or is_mixed else first


def _compared(udp: _Found, tcp: _Found | None, dns: DnsService) -> ProxyRules:
    ready, led = dns.answering, udp.led
    at = [(one, ready.get(one.address, _GONE)) for one in led]
    # Addresses that a collector hid, or a table left out, may be any of the targets.
    compared = dns.listed and not dns.hidden and bool(ready)
    refused = any(t.does in (Does.REJECTS, Does.DROPS) for t in udp.targets)
    is_local = any(t.local for t in udp.targets)
    astray = {one: port for one, port in at if port and one.port not in (None, port)}
    return ProxyRules(
        targets=led,
        tcp_targets=tcp.led if tcp else None,
        mode=udp.table.mode,
        evidence=tuple(dict.fromkeys(t.evidence for t in udp.targets)),
        stale=tuple(one for one, port in at if port == _GONE or (astray and one in astray)) if compared else (),
        lacking=_lacking(ready, [one for one, _ in at if not astray or one not in astray])
        if compared and not is_local
        else (),
        astray=astray if compared else {},
        ports_known=all(one.port and port for one, port in at if port != _GONE),
        rejects=refused,
        none=not refused and not led,
        confirmed=any(t.does == Does.LEAVES for t in udp.targets),
        # A node without an endpoint of its own refuses with internalTrafficPolicy: Local, as it should.
        compared=compared and not (is_local and not led),
        recorded=udp.table.recorded,
    )


def _lacking(ready: Iterable[Address], led: Iterable[Led]) -> tuple[Address, ...]:
    addresses = {one.address for one in led}
    return tuple(address for address in ready if address not in addresses)


def _unmet(table: ServiceTableFact, dns: DnsService, *, own: bool) -> ProxyRules:
    """Rules that no packet comes to: kube-proxy makes the jumps to them whenever it writes its rules."""
    ready = tuple(dns.answering)
    return ProxyRules(
        (),
        (),
        table.mode,
        tuple(dict.fromkeys((*met_cited(table, own=own), *(t.evidence for t in table.targets)))),
        lacking=ready,
        none=True,
        unmet=OWN_CHAIN if own else POD_CHAIN,
        confirmed=True,
        compared=dns.listed and not dns.hidden and bool(ready),
        recorded=table.recorded,
    )


def _unserved(tables: Sequence[ServiceTableFact], dns: DnsService, services: Container[str]) -> ProxyRules | None:
    """No entry for lookups over UDP, in a listing that is whole and has other services; else nothing is said.

    kube-proxy gives every service with an address an entry, or a refusal, in each of its modes. An entry for TCP alone is
    taken for one that does not fit what is known of the service, and nothing is said.
    """
    serving = [t for t in tables if t.services]
    if not serving or not all(t.whole for t in serving) or len({t.mode for t in serving}) > 1:
        return None
    if not any(str(sample) in services for t in serving for sample in t.samples):
        return None
    ready = tuple(dns.answering)
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
