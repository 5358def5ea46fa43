"""`ipvsadm -Ln` and `ipvsadm-save -n`: the virtual servers that kube-proxy's IPVS mode makes of services.

Sources: ipvsadm.c (its two forms of listing); Kubernetes pkg/proxy/ipvs/proxier.go (a virtual server for each address,
protocol and port of a service, a real server for each endpoint) and graceful_termination.go (an endpoint that is gone
stays with weight 0 while it has connections, and gets no new ones). Neither form has an end that would show that it is
whole: what is not listed need not be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.facts.service_proxy import MOST_SAMPLES
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, output_lines
from calico_bundle.parsers.service_chains import End, Target, address_in, target_in

_TITLE = "IP Virtual Server version "
_TITLES = "Prot LocalAddress:Port Scheduler Flags"
_COLUMNS = re.compile(r"\s*(?:Prot LocalAddress:Port|-> RemoteAddress:Port)")
_VIRTUAL = re.compile(r"\s*(?P<protocol>TCP|UDP|SCTP|FWM) {1,}(?P<server>\S+)(?: .*)?$")
_REAL = re.compile(
    r"\s*-> (?P<server>\S+)\s+(?:(?P<forward>Masq|Route|Tunnel|Local)\s+(?P<weight>\d+)|(?P<figures>\d\S*))"
)
_SAVED_VIRTUAL = re.compile(r"-A -(?P<protocol>[tuf]|-sctp-service) (?P<server>\S+)(?: .*)?$")
_SAVED_REAL = re.compile(r"-a -(?:[tuf]|-sctp-service) \S+ -r (?P<real>\S+)(?P<options>(?: .*)?)$")
_WEIGHT = re.compile(r" -w (\d+)")
_PROTOCOLS = {"TCP": "TCP", "UDP": "UDP", "t": "TCP", "u": "UDP"}
_DNS_PORT = "53"
_ERROR = re.compile(r"Can't initialize ipvs|Are you sure that IP Virtual Server is built")
_DISABLED = "0"


@dataclass(slots=True)
class _Server:
    """A virtual server of port 53, and its real servers with the line of each."""

    protocol: str
    name: str
    evidence: Evidence
    real: list[tuple[Target | None, Evidence]] = field(default_factory=list)
    idle: bool = False


def recognizes(head: str) -> bool:
    """Whether a text begins like either listing.

    >>> recognizes("IP Virtual Server version 1.2.1 (size=4096)\\n"), recognizes("-A -u 10.96.0.10:53 -s rr\\n")
    (True, True)
    """
    first = next((line for _, line in output_lines(head)), "")
    return first.startswith((_TITLE, _TITLES)) or _SAVED_VIRTUAL.match(first) is not None


def parse(text: str, path: str) -> Parsed:
    """Read a listing into one `ServiceTableFact`.

    >>> listing = "IP Virtual Server version 1.2.1 (size=4096)\\nUDP  10.96.0.10:53 rr\\n  -> 10.244.0.2:53  Masq 1 0 0\\n"
    >>> [str(target.target) for target in parse(listing, "n1").facts[0].targets]
    ['10.244.0.2']
    """
    gaps, reading = LineGaps(path), _Reading(path)
    for number, line in output_lines(text):
        if is_collector_error(line) or _ERROR.match(line):
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="error in place of data")
        elif not reading.take(number, line):
            gaps.add(number, line)
    if reading.head is None:
        return Parsed((), gaps.result())
    last = reading.last
    targets = tuple(target for server in reading.servers for target in _targets(server, is_last=server is last))
    fact = ServiceTableFact(
        ProxyMode.IPVS, False, True, reading.count, reading.samples, None, None, targets, reading.head
    )
    return Parsed((fact,), gaps.result())


class _Reading:
    """The servers met so far; the last one is that which real servers belong to."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.last: _Server | None = None
        self.head: Evidence | None = None
        self.servers: list[_Server] = []
        self.count = 0
        self.samples: tuple[Address, ...] = ()

    def take(self, number: int, line: str) -> bool:
        """Take one line in; False for one that is not understood."""
        evidence = Evidence(self._path, number, quote(line))
        if line.startswith(_TITLE):
            self.head = evidence
            return True
        if _COLUMNS.match(line):
            self.head = self.head or evidence
            return True
        if found := _VIRTUAL.match(line) or _SAVED_VIRTUAL.match(line):
            self.head = self.head or evidence
            self._virtual(found["protocol"], found["server"], evidence)
            return True
        if found := _SAVED_REAL.match(line):
            weight = _WEIGHT.search(found["options"])
            # ipvsadm-save ends each line with the weight: without it, the line is cut off.
            target = target_in(found["real"], is_cut=weight is None)
            self._real(target, weight and weight[1], evidence)
            return True
        if found := _REAL.match(line):
            self._real(target_in(found["server"], is_cut=False), found["weight"], evidence)
            return True
        return False

    def _virtual(self, protocol: str, name: str, evidence: Evidence) -> None:
        self.count += 1
        host, _, port = name.rpartition(":")
        address, known = address_in(name), _PROTOCOLS.get(protocol)
        if address and len(self.samples) < MOST_SAMPLES:
            self.samples += (address,)
        wanted = known is not None and port == _DNS_PORT and bool(host)
        self.last = _Server(known or "", name, evidence) if wanted else None
        if self.last:
            self.servers.append(self.last)

    def _real(self, target: Target | None, weight: str | None, evidence: Evidence) -> None:
        if self.last is None:
            return
        if weight == _DISABLED:
            self.last.idle = True
        else:  # tables of figures (--stats, --rate) do not show the weight
            self.last.real.append((target, evidence))


def _targets(server: _Server, *, is_last: bool) -> Iterator[ServiceTarget]:
    address = address_in(server.name)
    if address is None:
        return
    for target, evidence in server.real:
        yield End(Does.TRANSLATES if target else Does.NOT_SHOWN, target, evidence).of(
            (address, server.protocol), local=False
        )
    if not server.real:
        # The kernel answers that the port is unreachable (net/netfilter/ipvs/ip_vs_core.c: ip_vs_leave).
        does = Does.NOT_SHOWN if is_last and not server.idle else Does.REJECTS
        yield ServiceTarget(address, server.protocol, does, None, local=False, evidence=server.evidence)


PARSER = Parser("ipvsadm", recognizes, parse, rank=32)
