"""The addresses behind many Services: kept as few words each, a record is made when it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import groupby
from typing import Final, TypeAlias

from calico_bundle.evidence import Evidence
from calico_bundle.facts.kubernetes import EndpointFact, ServicePort
from calico_bundle.facts.listing import LazyFacts
from calico_bundle.facts.packed import WithText

_SLICE: Final = "EndpointSlice"
_NOT_READY: Final = "false"


@dataclass(frozen=True, slots=True)
class EndpointGroup(WithText):
    """The addresses of one object; its text has lines of `IP READY NODE POD NAMESPACE`, a word that is not there is empty.

    Each address is an IPv4 one and ready unless it says `false`. `line` is that of the first address, `height` how many
    lines of the file each one has, `cited` what stands before the address on its line.
    """

    namespace: str
    service: str
    source: str
    path: str
    line: int
    height: int
    cited: str
    object_name: str | None = None
    ports: tuple[ServicePort, ...] | None = None

    def __len__(self) -> int:
        return self.text.count("\n") + 1

    def __iter__(self) -> Iterator[EndpointFact]:
        """Make the records.

        >>> texts = ("10.0.0.1  n1 web-0 ",)
        >>> group = EndpointGroup("shop", "web", "Endpoints", "e.yaml", 9, 7, "- ip: ", texts=texts)
        >>> [(fact.ip, fact.ready, fact.pod_namespace, fact.evidence.text) for fact in group]
        [(IPv4Address('10.0.0.1'), True, 'shop', '- ip: 10.0.0.1')]
        """
        for number, words in enumerate(self.text.split("\n")):
            ip, ready, node, pod, pods_namespace = words.split(" ")
            yield EndpointFact(
                namespace=self.namespace,
                service=self.service,
                ip=IPv4Address(ip),
                ready=ready != _NOT_READY,
                node=node or None,
                pod_namespace=(pods_namespace.strip('"') or self.namespace) if pod else None,
                pod=pod or None,
                source=self.source,
                evidence=Evidence(self.path, self.line + number * self.height, self.cited + ip),
                object_name=self.object_name,
                ports=self.ports,
            )

    @property
    def repeats(self) -> bool:
        """Whether an address stands in it twice."""
        ips = [words.partition(" ")[0] for words in self.text.split("\n")]
        return len(set(ips)) < len(ips)


@dataclass(frozen=True, slots=True)
class MadeEndpoints:
    """Addresses behind one Service that are records already."""

    namespace: str
    service: str
    source: str
    facts: Sequence[EndpointFact]
    object_name: str | None = None
    repeats: bool = True

    def __len__(self) -> int:
        return len(self.facts)

    def __iter__(self) -> Iterator[EndpointFact]:
        return iter(self.facts)


Group: TypeAlias = "EndpointGroup | MadeEndpoints"


@dataclass(frozen=True, slots=True)
class Contradicting:
    """One object that two files show with other addresses: a line of it in either."""

    namespace: str
    service: str
    source: str
    here: Evidence
    there: Evidence


class EndpointTable(LazyFacts[EndpointFact]):
    """Addresses behind Services, object by object.

    >>> len(EndpointTable([])), EndpointTable([]).of_service("kube-system", "kube-dns")
    (0, ())
    """

    def __init__(self, groups: Sequence[Group], contradicting: Sequence[Contradicting] = ()) -> None:
        self.groups = groups
        self.contradicting = contradicting
        """Objects that are there twice with other addresses: what is kept of their Services is both."""

    def __len__(self) -> int:
        return sum(map(len, self.groups))

    def __iter__(self) -> Iterator[EndpointFact]:
        for group in self.groups:
            yield from group

    def of_service(self, namespace: str, name: str) -> tuple[EndpointFact, ...]:
        """The addresses behind one Service."""
        # Asked for one Service or a few of tens of thousands.
        groups = (group for group in self.groups if group.service == name and group.namespace == namespace)
        return tuple(fact for group in groups for fact in group)


def endpoints_of(endpoints: Sequence[EndpointFact], namespace: str, name: str) -> tuple[EndpointFact, ...]:
    """The addresses behind one Service.

    >>> endpoints_of((), "kube-system", "kube-dns")
    ()
    """
    if isinstance(endpoints, EndpointTable):
        return endpoints.of_service(namespace, name)
    return tuple(e for e in endpoints if (e.namespace, e.service) == (namespace, name))


def first_contradicting(endpoints: Sequence[EndpointFact], namespace: str, name: str) -> Contradicting | None:
    """The first object of a Service that is there twice with other addresses; None where none is.

    >>> first_contradicting((), "kube-system", "kube-dns") is None
    True
    """
    told = endpoints.contradicting if isinstance(endpoints, EndpointTable) else ()
    return next((one for one in told if (one.namespace, one.service) == (namespace, name)), None)


def merge_endpoints(parts: Sequence[Sequence[EndpointFact]]) -> EndpointTable:
    """The addresses of several files, each once.

    EndpointSlices are what kube-proxy reads; Endpoints count where no slice is there, and of these the most complete:
    an object before a description before a table, which shows no more than the first three. A table of slices shows
    nobody's readiness: it only fills what Endpoints leave out.

    >>> len(merge_endpoints([(), ()]))
    0
    """
    every = [group for part in parts for group in groups_of(part)]
    tabled = _by_service(g for g in every if _is_table_of_slices(g))
    groups = [g for g in every if not _is_table_of_slices(g)] if tabled else every
    sliced = {(g.namespace, g.service) for g in groups if g.source == _SLICE}
    telling = _most_complete([g for g in groups if g.source == _SLICE or (g.namespace, g.service) not in sliced])
    objects = Counter((g.namespace, g.service, g.source) for g in telling)
    seen: set[object] = set()
    stated = [_without(seen, g) if objects[g.namespace, g.service, g.source] > 1 or g.repeats else g for g in telling]
    several = [g for g in telling if objects[g.namespace, g.service, g.source] > 1]
    agreed = _with_agreed_ports(stated, several)
    return EndpointTable(_filled(agreed, tabled) if tabled else agreed, list(_contradicting(several)))


def _with_agreed_ports(stated: list[Group], several: Sequence[Group]) -> list[Group]:
    """The groups, without the ports of an address that two objects give other ports.

    Either they are of different times, or each has a part of the ports.
    """
    ports: dict[tuple[object, ...], set[object]] = {}
    for group in several:
        for fact in group:
            ports.setdefault((fact.namespace, fact.service, fact.ip), set()).add(fact.ports)
    unsure = {key for key, told in ports.items() if len(told) > 1}
    return [_without_ports(group, unsure) for group in stated] if unsure else stated


def _without_ports(group: Group, unsure: Collection[tuple[object, ...]]) -> Group:
    facts = list(group)
    if not any((fact.namespace, fact.service, fact.ip) in unsure for fact in facts):
        return group
    kept = [replace(f, ports=None) if (f.namespace, f.service, f.ip) in unsure else f for f in facts]
    return MadeEndpoints(group.namespace, group.service, group.source, kept, group.object_name)


def _is_table_of_slices(group: Group) -> bool:
    """Descriptions and objects of slices say what each address is of."""
    return group.source == _SLICE and isinstance(group, MadeEndpoints) and "pod" in next(iter(group)).not_shown


def _by_service(groups: Iterable[Group]) -> dict[tuple[str, str], list[EndpointFact]]:
    """The addresses of several groups, each once, by their Service."""
    seen: set[object] = set()
    found: dict[tuple[str, str], list[EndpointFact]] = {}
    for group in groups:
        found.setdefault((group.namespace, group.service), []).extend(_without(seen, group))
    return found


def _filled(stated: Sequence[Group], tabled: Mapping[tuple[str, str], list[EndpointFact]]) -> list[Group]:
    """What is stated, and from tables of slices what it leaves out."""
    left = dict(tabled)
    kept = [_completed(group, left.pop((group.namespace, group.service), ())) for group in stated]
    return [*kept, *(MadeEndpoints(*service, _SLICE, tuple(facts)) for service, facts in left.items())]


def _completed(group: Group, tabled: Sequence[EndpointFact]) -> Group:
    """A group whose hidden ready addresses are put in from all addresses of the Service, if a table shows all.

    Those that are ready are among all. Where some of the known ones are not, the two were not taken of the same state.
    """
    shown = [fact for fact in group if not _hides(fact)] if tabled else []
    known, every = {fact.ip for fact in shown}, {fact.ip for fact in tabled if fact.ip is not None}
    incomplete = any(fact.ip is None and fact.ready is None for fact in tabled)
    if len(shown) in (0, len(group)) or incomplete or not known <= every:
        return group
    rest = [fact for fact in tabled if fact.ip is not None and fact.ip not in known]
    return MadeEndpoints(group.namespace, group.service, group.source, (*shown, *rest))


def _hides(fact: EndpointFact) -> bool:
    return fact.ip is None and bool(fact.ready)


def _contradicting(groups: Sequence[Group]) -> Iterator[Contradicting]:
    """The objects that two files show with other addresses; what a collector hid in either is no difference."""
    versions: dict[tuple[str, str, str, str | None], dict[str, list[EndpointFact]]] = {}
    for group in groups:
        for fact in group:
            key = (group.namespace, group.service, group.source, group.object_name)
            versions.setdefault(key, {}).setdefault(fact.evidence.path, []).append(fact)
    for (namespace, service, source, _), by_path in sorted(versions.items(), key=str):
        shown = [found for _, found in sorted(by_path.items()) if all(_is_shown(e) for e in found)]
        other = next((found for found in shown[1:] if _addresses(found) != _addresses(shown[0])), None)
        if other:
            yield Contradicting(namespace, service, source, other[0].evidence, shown[0][0].evidence)


def _is_shown(fact: EndpointFact) -> bool:
    """Whether nothing of an address is hidden, cut off or left out by a table."""
    return fact.ready is False or (fact.ip is not None and fact.ready is not None)


def _addresses(found: Sequence[EndpointFact]) -> set[tuple[object, bool | None]]:
    return {(fact.ip, fact.ready) for fact in found if fact.ip is not None}


def _most_complete(groups: Sequence[Group]) -> Sequence[Group]:
    """The groups without those that show less of a Service than another one does; of slices, which are parts, behind it."""
    unshown = [0 if isinstance(g, EndpointGroup) else _unshown(g) for g in groups]
    if not any(unshown):
        return groups
    least: dict[tuple[str, str], int] = {}
    for group, number in zip(groups, unshown, strict=True):
        key = (group.namespace, group.service)
        least[key] = min(number, least.get(key, number))
    kept = zip(groups, unshown, strict=True)
    found = [(g, number) for g, number in kept if g.source == _SLICE or number == least[g.namespace, g.service]]
    return [g for g, _ in sorted(found, key=lambda pair: pair[1])]


def _unshown(group: MadeEndpoints) -> int:
    """How many columns are not shown; that there was none does not outrank that there are more than are shown."""
    number = max((len(fact.not_shown) for fact in group), default=0)
    return number + 1 if number and all(fact.ip is None and not fact.ready for fact in group) else number


def groups_of(facts: Sequence[EndpointFact]) -> Sequence[Group]:
    """Facts by their Service, in their order."""
    if isinstance(facts, EndpointTable):
        return facts.groups
    grouped = groupby(facts, lambda e: (e.namespace, e.service, e.source, e.object_name))
    return [MadeEndpoints(*key[:3], tuple(group), key[3]) for key, group in grouped]


def _without(seen: set[object], group: Group) -> Group:
    """The addresses of a group that were not seen before; they are now."""
    kept = []
    for fact in group:
        # Without an address: that there is none, or that there is one that is not shown.
        key = (fact.namespace, fact.service, fact.ip or fact.ready, fact.source)
        if key not in seen:
            seen.add(key)
            kept.append(fact)
    return MadeEndpoints(group.namespace, group.service, group.source, kept, group.object_name)
