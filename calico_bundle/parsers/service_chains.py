"""Where a walk through chains of kube-proxy's rules ends: shared by the listings of iptables and of nftables.

kube-proxy writes a chain for each port of a service, with rules that pick one of its endpoints at random, and a chain for
each endpoint, which translates (Kubernetes pkg/proxy/iptables/proxier.go and nftables/proxier.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Does, ServiceTarget

Line = tuple[int, str]
DNS_PORT = 53
_PORT = re.compile(r":(\d{1,5})$")
_MOST_CHAINS = 20_000
"""Chains of one walk; a service has two for each of its endpoints, and Endpoints hold a thousand addresses."""


class Target(NamedTuple):
    """Where a rule leads: an address and its port; None where the port may be another than what is left of the line."""

    address: Address
    port: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One rule: the chains that it leads to, the addresses it translates to, or what else it does.

    `always` when it applies to every packet of the service's protocol, so that no rule after it is met once it ends.
    """

    evidence: Evidence
    chains: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    does: Does | None = None
    always: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Where a packet may end: what is done with it, and by which rule."""

    does: Does
    target: Target | None
    evidence: Evidence

    def of(self, asked: tuple[Address, str], *, local: bool) -> ServiceTarget:
        """What it means for lookups to an address over a protocol."""
        address, port = self.target or (None, None)
        return ServiceTarget(*asked, self.does, address, local, self.evidence, port)


def ends(
    entry: Step,
    chains: Mapping[str, Sequence[Line]],
    read: Callable[[Line], Step],
    *,
    whole: bool,
    known: Collection[str] = (),
) -> Iterator[End]:
    """Every end of a packet that meets a rule; `known` are chains that are there, with rules or without.

    Rules are read where the walk comes to them. A chain of which no rule is listed is empty where the listing is whole and
    names it, and otherwise not shown.

    >>> from ipaddress import ip_address
    >>> leaf = Step(Evidence("f", 2, "dnat"), targets=(Target(ip_address("10.244.0.2"), 53),), always=True)
    >>> found = list(ends(Step(Evidence("f", 1, "jump"), ("SVC",)), {"SVC": [(2, "dnat")]}, lambda line: leaf, whole=True))
    >>> [(end.does.value, str(end.target.address)) for end in found]
    [('translates', '10.244.0.2')]
    """
    yield from _of_rule(entry)
    seen: set[str] = set()
    waiting = [(name, entry) for name in reversed(entry.chains)]
    while waiting and len(seen) < _MOST_CHAINS:
        name, by = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        met, closed = _met(read(line) for line in chains.get(name, ()))
        for step in met:
            yield from _of_rule(step)
        if not closed:
            is_listed = whole and (name in known or name in chains)
            yield End(Does.LEAVES if is_listed else Does.NOT_SHOWN, None, by.evidence)
        waiting += [(chain, step) for step in reversed(met) for chain in reversed(step.chains)]
    if waiting:
        yield End(Does.NOT_SHOWN, None, entry.evidence)


def _of_rule(step: Step) -> Iterator[End]:
    yield from (End(Does.TRANSLATES, target, step.evidence) for target in step.targets)
    if step.does:
        yield End(step.does, None, step.evidence)


def _met(steps: Iterable[Step]) -> tuple[list[Step], bool]:
    """The rules of a chain that do something with a packet that meets them, and whether one of them is the last for all."""
    met: list[Step] = []
    for step in steps:
        if step.chains or step.targets or step.does:
            met.append(step)
            if step.always:
                return met, True
    return met, False


def address_in(text: str) -> Address | None:
    """The address of ADDRESS:PORT; None for what is none.

    >>> str(address_in("10.244.0.2:53")), str(address_in("[fd00::2]:53")), address_in("kube-dns:domain")
    ('10.244.0.2', 'fd00::2', None)
    """
    host = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    try:
        return ip_address(host)
    except ValueError:
        return None


def target_in(text: str, *, is_cut: bool, portless: int | None = None) -> Target | None:
    """The address and port of ADDRESS:PORT; `portless` is the port that one without a port stands for, where it may be so.

    A line that is cut off in an address would show another one, and in a port another port.

    >>> target_in("10.244.0.2:53", is_cut=False), target_in("10.244.0.2:5", is_cut=True).port
    (Target(address=IPv4Address('10.244.0.2'), port=53), None)
    >>> target_in("10.244.0.2", is_cut=False), target_in("10.244.0.2", is_cut=False, portless=53).port
    (None, 53)
    """
    address, port = address_in(text), _PORT.search(text)
    has_none = ":" not in text.rpartition("]")[2]
    if address is None or (port is None and (is_cut or portless is None or not has_none)):
        return None
    number = int(port[1]) if port else portless
    return Target(address, None if is_cut else number)
