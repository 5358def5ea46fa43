"""Many Services: of each is kept what is asked of all, and the text from which its record is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeAlias

from calico_bundle.facts.kubernetes import ServiceFact
from calico_bundle.facts.listing import LazyFacts
from calico_bundle.facts.packed import WithText
from calico_bundle.facts.types import Address


@dataclass(frozen=True, slots=True)
class ServiceText(WithText):
    """A Service that is not yet a record; `ip` is its only cluster address, `make(text, line)` makes the record."""

    namespace: str
    name: str
    ip: str | None
    line: int
    make: Callable[[str, int], ServiceFact]

    def made(self) -> ServiceFact:
        """The record."""
        return self.make(self.text, self.line)


Kept: TypeAlias = "ServiceText | ServiceFact"


class ServiceTable(LazyFacts[ServiceFact]):
    """Services in their order.

    >>> len(ServiceTable([])), list(ServiceTable([]))
    (0, [])
    """

    def __init__(self, kept: Sequence[Kept]) -> None:
        self.kept = kept

    def __len__(self) -> int:
        return len(self.kept)

    def __iter__(self) -> Iterator[ServiceFact]:
        return map(_made, self.kept)


def merge_services(parts: Sequence[Sequence[ServiceFact]]) -> ServiceTable:
    """The Services of several files, each once: the first one that has its namespace and name; tables stand last.

    >>> len(merge_services([(), ()]))
    0
    """
    found: dict[tuple[str, str], Kept] = {}
    for part in sorted((part for part in parts if part), key=lambda part: _unshown(_kept(part)[0])):
        for service in _kept(part):
            found.setdefault((service.namespace, service.name), service)
    return ServiceTable(list(found.values()))


def with_port(services: Sequence[ServiceFact], port: int) -> Iterator[ServiceFact]:
    """The Services that have a port of that number.

    >>> list(with_port((), 53))
    []
    """
    words = f"port: {port}\n"
    likely = (s for s in _kept(services) if not isinstance(s, ServiceText) or words in s.text)
    return (s for s in map(_made, likely) if any(p.port == port for p in s.ports))


def named(services: Sequence[ServiceFact], namespace: str, name: str) -> ServiceFact | None:
    """The Service of that name.

    >>> named((), "kube-system", "kube-dns") is None
    True
    """
    found = (s for s in _kept(services) if (s.namespace, s.name) == (namespace, name))
    return next(map(_made, found), None)


def names(services: Sequence[ServiceFact]) -> list[str]:
    """The names of Services, with their namespaces.

    >>> names(())
    []
    """
    return [f"{s.namespace}/{s.name}" for s in _kept(services)]


def cluster_addresses(services: Sequence[ServiceFact]) -> Iterator[tuple[Address, Callable[[], ServiceFact]]]:
    """The cluster addresses of Services, each with what makes the record of its Service.

    >>> list(cluster_addresses(()))
    []
    """
    for service in _kept(services):
        if isinstance(service, ServiceText):
            if service.ip:
                yield IPv4Address(service.ip), service.made
        else:
            yield from ((ip, lambda service=service: service) for ip in service.cluster_ips)


def _unshown(service: Kept) -> int:
    return 0 if isinstance(service, ServiceText) else len(service.not_shown)


def _kept(services: Sequence[ServiceFact]) -> Sequence[Kept]:
    return services.kept if isinstance(services, ServiceTable) else services


def _made(service: Kept) -> ServiceFact:
    return service.made() if isinstance(service, ServiceText) else service
