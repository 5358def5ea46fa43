"""`ipvsadm -Ln` and `ipvsadm-save -n`: the virtual servers that kube-proxy's IPVS mode makes of services.

Sources: ipvsadm.c (its two forms of listing); Kubernetes pkg/proxy/ipvs/proxier.go (a virtual server for each address,
protocol and port of a service, a real server for each endpoint) and graceful_termination.go (an endpoint that is gone
stays with weight 0 while it has connections, and gets no new ones).
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
from calico_bundle.parsers.service_chains import address_in

_TITLE = "IP Virtual Server version "
_COLUMNS = re.compile(r"\s*(?:Prot LocalAddress:Port|-> RemoteAddress:Port)")
_VIRTUAL = re.compile(r"\s*(?P<protocol>TCP|UDP|SCTP|FWM) {1,}(?P<server>\S+)(?: .*)?$")
_REAL = re.compile(
    r"\s*-> (?P<server>\S+)\s+(?:(?P<forward>Masq|Route|Tunnel|Local)\s+(?P<weight>\d+)|(?P<figures>\d\S*))"
)
_SAVED_VIRTUAL = re.compile(r"-A -(?P<protocol>[tuf]|-sctp-service) (?P<server>\S+)(?: .*)?$")
_SAVED_REAL = re.compile(
    r"-a -(?P<protocol>[tuf]|-sctp-service) (?P<server>\S+) -r (?P<real>\S+)(?: -\S+)*?(?: -w (?P<weight>\d+))?(?: .*)?$"
)
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
    real: list[tuple[str, Evidence]] = field(default_factory=list)


def recognizes(head: str) -> bool:
    """Whether a text begins like either listing.

    >>> recognizes("IP Virtual Server version 1.2.1 (size=4096)\\n"), recognizes("-A -u 10.96.0.10:53 -s rr\\n")
    (True, True)
    """
    first = next((line for _, line in output_lines(head)), "")
    return first.startswith(_TITLE) or _SAVED_VIRTUAL.match(first) is not None


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
    targets = tuple(target for server in reading.servers for target in _targets(server))
    whole = not gaps.count and text.endswith("\n") and not reading.some_unnamed
    fact = ServiceTableFact(
        ProxyMode.IPVS, whole, True, reading.count, reading.samples, None, None, targets, reading.head
    )
    return Parsed((fact,), gaps.result())


class _Reading:
    """The servers met so far; the last one is that which real servers belong to."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: _Server | None = None
        self.head: Evidence | None = None
        self.servers: list[_Server] = []
        self.count = 0
        self.samples: tuple[Address, ...] = ()
        self.some_unnamed = False

    def take(self, number: int, line: str) -> bool:
        """Take one line in; False for one that is not understood."""
        evidence = Evidence(self._path, number, quote(line))
        if line.startswith(_TITLE):
            self.head = evidence
            return True
        if _COLUMNS.match(line):
            return True
        if found := _VIRTUAL.match(line) or _SAVED_VIRTUAL.match(line):
            self.head = self.head or evidence
            self._virtual(found["protocol"], found["server"], evidence)
            return True
        if found := _SAVED_REAL.match(line):
            self._real(found["real"], found["weight"], evidence)
            return True
        if found := _REAL.match(line):
            self._real(found["server"], found["weight"], evidence)
            return True
        return False

    def _virtual(self, protocol: str, name: str, evidence: Evidence) -> None:
        self.count += 1
        host, _, port = name.rpartition(":")
        address, known = address_in(name), _PROTOCOLS.get(protocol)
        if address and len(self.samples) < MOST_SAMPLES:
            self.samples += (address,)
        # Without -n, names stand in place of addresses and ports.
        self.some_unnamed |= known is not None and (address is None or not port.isdigit())
        wanted = known is not None and port == _DNS_PORT and bool(host)
        self._open = _Server(known or "", name, evidence) if wanted else None
        if self._open:
            self.servers.append(self._open)

    def _real(self, name: str, weight: str | None, evidence: Evidence) -> None:
        if self._open is not None and weight != _DISABLED:
            # Tables of figures (--stats, --rate) do not show the weight.
            self._open.real.append((name, evidence))


def _targets(server: _Server) -> Iterator[ServiceTarget]:
    address = address_in(server.name)
    if address is None:
        return
    for name, evidence in server.real:
        target = address_in(name)
        does = Does.TRANSLATES if target else Does.NOT_SHOWN
        yield ServiceTarget(address, server.protocol, does, target, local=False, evidence=evidence)
    if not server.real:
        # The kernel answers that the port is unreachable (net/netfilter/ipvs/ip_vs_core.c: ip_vs_leave).
        yield ServiceTarget(address, server.protocol, Does.REJECTS, None, local=False, evidence=server.evidence)


PARSER = Parser("ipvsadm", recognizes, parse, rank=32)
