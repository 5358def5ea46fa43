"""Whether DNS servers with a Corefile answer for the cluster's names: what surely keeps them from it, and what may.

Sources: CoreDNS manual, Configuration (server blocks: the longest zone that fits, at the port behind it; a directive
without zones has those of its block), and its plugins: kubernetes, forward, loop; acl (the first rule that matches counts;
without type and net it matches all); hosts (a name that it lacks is SERVFAIL without `fallthrough`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import DnsConfigurationFact
from calico_bundle.network.corefile import (
    DEFAULT_DOMAIN,
    Directive,
    ServerBlock,
    as_address,
    cited,
    configuration_of,
    forward_targets,
    server_blocks,
)
from calico_bundle.network.service import DNS_PORT, DnsService
from calico_bundle.numbers import whole_number

_HARMLESS = frozenset({
    "acl", "any", "autopath", "bufsize", "cache", "cancel", "debug", "dnstap", "errors", "forward", "health", "kubernetes",
    "loadbalance", "local", "log", "loop", "metadata", "minimal", "multisocket", "pprof", "prometheus", "proxy", "ready",
    "reload", "timeouts", "trace",
})  # fmt: skip
"""Plugins that leave answers to the cluster's names as they are."""
_FOR_ALL = frozenset(("net", "type", "*"))
_REFUSING = {"block": "refuses", "filter": "gives an empty answer to", "drop": "drops"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing about a Corefile, as what "the Corefile" does, with its lines.

    `is_sure`: it keeps DNS servers that run with it from answering; else it may. `stops`: it concerns the cluster's names.
    """

    text: str
    evidence: tuple[Evidence, ...]
    is_sure: bool = True
    stops: bool = True


def remarks(cluster: Cluster, dns: DnsService, configuration: DnsConfigurationFact) -> tuple[Remark, ...]:
    """What surely keeps DNS servers with a Corefile from answering, then what may; nothing where neither is there."""
    found = _Corefile(cluster, dns, configuration).remarks()
    return tuple(sorted(found, key=lambda remark: (not remark.is_sure, not remark.stops)))


def told_not_to_answer(cluster: Cluster, dns: DnsService | None) -> tuple[str, tuple[Evidence, ...]] | None:
    """Why the DNS servers' Corefile surely keeps them from the cluster's names, if they run with it; None where not.

    >>> told_not_to_answer(Cluster({}), None) is None
    True
    """
    configuration = configuration_of(cluster, dns) if dns else None
    found = remarks(cluster, dns, configuration) if dns and configuration else ()
    sure = next((remark for remark in found if remark.is_sure and remark.stops), None)
    if sure is None or configuration is None:
        return None
    return f"the Corefile in {configuration.namespace}/{configuration.name} {sure.text}", sure.evidence


class _Corefile:
    """A Corefile beside the port at which its servers are asked, and the domain that pods are told."""

    def __init__(self, cluster: Cluster, dns: DnsService, configuration: DnsConfigurationFact) -> None:
        self.dns, self.configuration = dns, configuration
        self.blocks = server_blocks(configuration.corefile)
        self.ports = {dns.listening(e) for e in dns.ready or dns.endpoints}
        told = [k for node in cluster.nodes.values() for k in node.kubelet_dns or () if k.domain]
        self.kubelet = told[0] if len({k.domain for k in told}) == 1 else None

    def remarks(self) -> Iterator[Remark]:
        """All there is to say, in no order."""
        yield from self._loops()
        unread = self._unread()
        if unread:
            yield unread
        elif misplaced := self._misplaced():
            yield misplaced
            if misplaced.is_sure:
                return
        for block in self._answering(self.domain):
            yield from self._refusals(block)
        # What is lacking may stand where it was not read.
        if not unread:
            yield from self._lacking()

    def _cited(self, line: int) -> tuple[Evidence, ...]:
        return (cited(self.configuration, line),)

    # --- servers that ask themselves --------------------------------------------------------------------------------

    def _loops(self) -> Iterator[Remark]:
        """All servers have the same Corefile: what forwards to one of them is forwarded to itself there."""
        service, own = self.dns.service, {e.ip: e for e in self.dns.endpoints}
        for target, line in forward_targets(self.configuration):
            address = as_address(target)
            if address in service.cluster_ips:
                text = f"forwards to {target}, which is the DNS service itself: a loop"
                yield Remark(text, (line, service.evidence), stops=False)
            elif address in own and _port_of(target) == self.dns.listening(own[address]):
                text = f"forwards to {target}, which is one of the DNS servers themselves: a loop"
                yield Remark(text, (line, own[address].evidence), stops=False)

    # --- what was not read ------------------------------------------------------------------------------------------

    def _unread(self) -> Remark | None:
        for number, line in enumerate(self.configuration.corefile.split("\n")):
            words = line.split("#", 1)[0].split()
            if words[:1] == ["import"]:
                text = f"imports {' '.join(words[1:]) or 'other parts'}, which is not in it"
                return Remark(text, self._cited(number), is_sure=False)
            if any(mark in word for word in words for mark in ("{$", "{%")):
                return Remark("has values of the servers' environment in it", self._cited(number), is_sure=False)
        odd = next((block for block in self.blocks if not block.braced), None)
        return Remark("has a line that is not understood", self._cited(odd.line), is_sure=False) if odd else None

    # --- ports ------------------------------------------------------------------------------------------------------

    def _misplaced(self) -> Remark | None:
        """That servers listen at other ports than they are asked at; a port that is not written may be another, too."""
        ports = {port for block in self.blocks for port in block.ports}
        asked = ", ".join(map(str, sorted(p for p in self.ports if p is not None)))
        if not self.ports or None in self.ports:
            text = "may listen at another port than the endpoints have, which is not known"
            return Remark(text, (self.configuration.evidence,), is_sure=False)
        if ports & self.ports or (None in ports and DNS_PORT in self.ports) or not ports:
            return None
        lines = (cited(self.configuration, self.blocks[0].line), *(e.evidence for e in self.dns.ready[:1]))
        if None in ports:
            return Remark(f"names no port, and the servers are asked at {asked}", lines, is_sure=False)
        listed = ", ".join(map(str, sorted(p for p in ports if p is not None)))
        return Remark(f"has the servers listen at port {listed}, and they are asked at {asked}", lines)

    # --- the cluster's names ----------------------------------------------------------------------------------------

    @property
    def domain(self) -> str:
        """The cluster's domain: what kubelets tell pods, else a zone of the Corefile, else the default."""
        if self.kubelet and self.kubelet.domain:
            return self.kubelet.domain
        zones = [zone for zone in self._zones() if zone != "."]
        return DEFAULT_DOMAIN if DEFAULT_DOMAIN in zones or not zones else zones[0]

    def _zones(self) -> Iterator[str]:
        """The zones of `kubernetes` directives that are no reverse ones."""
        found = (zone for b in self.blocks for d in b.named("kubernetes") for zone in _zones_of(d, b))
        return (zone for zone in found if not zone.endswith(".arpa"))

    def _answering(self, domain: str) -> list[ServerBlock]:
        """The blocks that answer for a domain: those with the longest zone that fits, at a port that is asked."""
        fitting = [
            (len(zone) if zone != "." else 0, block)
            for block in self.blocks
            for zone, port in zip(block.zones, block.ports, strict=True)
            if _holds(zone, domain) and (port is None or not self.ports or {port, None} & self.ports)
        ]
        longest = max((length for length, _ in fitting), default=0)
        return [block for length, block in fitting if length == longest]

    def _lacking(self) -> Iterator[Remark]:
        all_own = [(d, b) for b in self.blocks for d in b.named("kubernetes")]
        if not all_own:
            text = "has no `kubernetes` directive, so no name of the cluster is known"
            yield Remark(text, (self.configuration.evidence,))
            return
        lines = self._cited(all_own[0][0].line)
        if not list(self._zones()):
            yield Remark("has a `kubernetes` directive for reverse lookups alone, and no name of the cluster", lines)
            return
        yield from self._of_domain(lines)
        if not forward_targets(self.configuration):
            text = "forwards nothing: only names of the cluster are answered"
            yield Remark(text, (self.configuration.evidence,), is_sure=False, stops=False)

    def _of_domain(self, lines: tuple[Evidence, ...]) -> Iterator[Remark]:
        """Whether what answers for the domain that pods are told is what knows its names."""
        domain, told = self.domain, self.kubelet
        zones = list(self._zones())
        if "." in zones:
            yield Remark("has a `kubernetes` directive that names no domain", lines, is_sure=False)
        elif told and not any(_holds(zone, domain) for zone in zones):
            text = f"knows the names of {zones[0]}, and the kubelets tell pods that the cluster's domain is {domain}"
            yield Remark(text, (*lines, told.cited.get("domain", told.evidence)))
        elif not told and domain != DEFAULT_DOMAIN:
            text = (
                f"knows the names of {domain}, which is not Kubernetes' own {DEFAULT_DOMAIN}; whether the kubelets tell "
                "pods so (clusterDomain) is not in the bundle"
            )
            yield Remark(text, lines, is_sure=False)
        elif not (answering := self._answering(domain)):
            yield Remark(f"has no server block that answers for {domain} by plain DNS", lines)
        elif not any(list(block.named("kubernetes")) for block in answering):
            text = f"has another server block answer for {domain} than the one with the `kubernetes` directive"
            yield Remark(text, (*self._cited(answering[0].line), *lines))

    # --- plugins that answer before it ------------------------------------------------------------------------------

    def _refusals(self, block: ServerBlock) -> Iterator[Remark]:
        """What stands before the `kubernetes` plugin, whose place is not that of its line (CoreDNS plugin.cfg)."""
        yield from self._of_acl(list(block.named("acl")))
        for directive in block.directives:
            lines = self._cited(directive.line)
            if directive.name == "hosts":
                yield from _of_hosts(directive, lines)
            elif directive.name not in _HARMLESS:
                text = f"has `{directive.name}`, which may change what is answered: it is not followed here"
                yield Remark(text, lines, is_sure=False)

    def _of_acl(self, directives: Sequence[Directive]) -> Iterator[Remark]:
        """The first rule that matches counts: what stands behind one for all has no effect."""
        concerned = (d for d in directives if not d.arguments or any(_holds(z, self.domain) for z in _named(d)))
        rules = [(option, directive) for directive in concerned for option in directive.options]
        for number, ((action, *conditions), directive) in enumerate(rules):
            is_for_all = _FOR_ALL.issuperset(conditions)
            if action in _REFUSING:
                whose, is_sure = ("all", True) if is_for_all and not number else ("some", False)
                text = f"{_REFUSING[action]} {whose} queries (acl)" + ("" if is_sure else ": not followed here")
                yield Remark(text, self._cited(directive.line), is_sure)
            if is_for_all:
                return


def _of_hosts(directive: Directive, lines: tuple[Evidence, ...]) -> Iterator[Remark]:
    through = [option[1:] for option in directive.options if option[0] == "fallthrough"]
    if () in through:
        return
    if through or directive.arguments[1:]:
        text = "has `hosts` for some zones, or that lets some through: it is not followed here"
        yield Remark(text, lines, is_sure=False)
    else:
        text = "answers all names from `hosts`, and lets those that it lacks through to nothing else (no fallthrough)"
        yield Remark(text, lines)


def _zones_of(directive: Directive, block: ServerBlock) -> tuple[str, ...]:
    return _named(directive) or block.zones


def _named(directive: Directive) -> tuple[str, ...]:
    return tuple(zone.rstrip(".").lower() or "." for zone in directive.arguments)


def _holds(zone: str, domain: str) -> bool:
    """Whether a domain is in a zone.

    >>> _holds("local", "cluster.local"), _holds(".", "cluster.local"), _holds("cluster.lokal", "cluster.local")
    (True, True, False)
    """
    return zone in (".", domain) or domain.endswith(f".{zone}")


def _port_of(target: str) -> int:
    """The port of a target of `forward`."""
    _, colon, port = target.rpartition("]")[2].rpartition(":") if "]" in target else target.rpartition(":")
    found = whole_number(port) if colon and (target.count(":") == 1 or "]" in target) else None
    return DNS_PORT if found is None else found
