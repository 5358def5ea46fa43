"""`calico-node -bpf nat dump`: where Calico's eBPF dataplane leads service addresses.

A line for each address, port and protocol, with the number of its backends, and a line for each backend (projectcalico/calico
felix/cmd/calico-bpf/commands/nat.go). It has no end that would show that it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.facts.service_proxy import MOST_SAMPLES
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import cut_line, is_collector_error, output_lines
from calico_bundle.parsers.service_chains import End, Target, address_in, target_in

_SERVICE = re.compile(
    r"\s*(?P<address>[0-9a-fA-F.:]+) port (?P<port>\d+) proto (?P<protocol>\d+) id (?P<id>\d+) count (?P<count>-?\d+)"
    r" local (?P<local>\d+)(?P<flags> .*)?$"
)
_BACKEND = re.compile(r"\s*(?P<id>\d+):(?P<place>\d+)\s+(?P<target>\S+)$")
_LOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|[WIE]\d{4} ")
_PROTOCOLS = {"17": "UDP", "6": "TCP"}
_DNS_PORT = "53"


@dataclass(slots=True)
class _Service:
    """One service of port 53, with the backends that are listed of it."""

    address: Address
    protocol: str
    count: int
    local: bool
    evidence: Evidence
    backends: list[tuple[Target | None, Evidence]] = field(default_factory=list)


def recognizes(head: str) -> bool:
    """Whether a text begins like the listing.

    >>> recognizes("10.96.0.10 port 53 proto 17 id 2 count 1 local 0\\n\\t2:0\\t 10.244.0.2:53\\n")
    True
    """
    lines = (line for _, line in output_lines(head) if not _LOG.match(line))
    return _SERVICE.match(next(lines, "")) is not None


def parse(text: str, path: str) -> Parsed:
    """Read a listing into one `ServiceTableFact`.

    >>> text = "10.96.0.10 port 53 proto 17 id 2 count 1 local 0\\n\\t2:0\\t 10.244.0.2:53\\n"
    >>> [str(target.target) for target in parse(text, "n1").facts[0].targets]
    ['10.244.0.2']
    """
    gaps, head, named = LineGaps(path), None, list[str]()
    services: list[_Service] = []
    current: _Service | None = None
    cut = cut_line(text)
    for number, line in output_lines(text):
        evidence = Evidence(path, number, quote(line))
        if found := _SERVICE.match(line):
            head = head or evidence
            named.append(found["address"])
            current = _service(found, evidence)
            services += [current] if current else []
        elif found := _BACKEND.match(line):
            if current is not None:
                current.backends.append((target_in(found["target"], is_cut=number == cut), evidence))
        elif is_collector_error(line):
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="error in place of data")
        elif not _LOG.match(line):
            gaps.add(number, line)
    if head is None:
        return Parsed((), gaps.result())
    targets = tuple(target for service in services for target in _targets(service))
    samples = tuple(a for name in named[:MOST_SAMPLES] if (a := address_in(name)))
    fact = ServiceTableFact(ProxyMode.EBPF, False, True, len(named), samples, None, None, targets, head)
    return Parsed((fact,), gaps.result())


def _service(found: re.Match[str], evidence: Evidence) -> _Service | None:
    address, protocol = address_in(found["address"]), _PROTOCOLS.get(found["protocol"])
    if address is None or protocol is None or found["port"] != _DNS_PORT:
        return None
    local = "internal-local" in (found["flags"] or "")
    return _Service(address, protocol, int(found["count"]), local, evidence)


def _targets(service: _Service) -> Iterator[ServiceTarget]:
    asked = (service.address, service.protocol)
    for target, evidence in service.backends:
        yield End(Does.TRANSLATES if target else Does.NOT_SHOWN, target, evidence).of(asked, local=service.local)
    if len(service.backends) != service.count:
        yield ServiceTarget(*asked, Does.NOT_SHOWN, None, service.local, service.evidence)
    elif not service.backends:
        # Felix bpf-gpl/nat_lookup.h: a frontend without backends is NAT_NO_BACKEND, and the packet is refused.
        yield ServiceTarget(*asked, Does.REJECTS, None, service.local, service.evidence)


PARSER = Parser("bpf-nat", recognizes, parse, rank=33)
