"""Where a walk through chains of kube-proxy's rules ends: shared by the listings of iptables and of nftables.

kube-proxy writes a chain for each port of a service, with rules that pick one of its endpoints at random, and a chain for
each endpoint, which translates (Kubernetes pkg/proxy/iptables/proxier.go and nftables/proxier.go).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Does

_MOST_CHAINS = 20_000
"""Chains of one walk; a service has two for each of its endpoints, and Endpoints hold a thousand addresses."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rule: the chains that it leads to, the addresses it translates to, or what else it does.

    `always` when it applies to every packet of the service's protocol, so that no rule after it is met once it ends.
    """

    evidence: Evidence
    chains: tuple[str, ...] = ()
    targets: tuple[Address, ...] = ()
    does: Does | None = None
    always: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Where a packet may end: what is done with it, and by which rule."""

    does: Does
    target: Address | None
    evidence: Evidence


def ends(
    entry: Step, chains: Mapping[str, Sequence[Step]], *, whole: bool, known: Collection[str] = ()
) -> Iterator[End]:
    """Every end of a packet that meets a rule; `known` are chains that are there, with rules or without.

    A chain of which no rule is listed is empty where the listing is whole and names it, and otherwise not shown.

    >>> from ipaddress import ip_address
    >>> leaf = Step(Evidence("f", 2, "dnat"), targets=(ip_address("10.244.0.2"),), always=True)
    >>> found = list(ends(Step(Evidence("f", 1, "jump"), ("SVC",)), {"SVC": (leaf,)}, whole=True))
    >>> [(end.does.value, str(end.target)) for end in found]
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
        met, closed = _met(chains.get(name, ()))
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


def _met(steps: Sequence[Step]) -> tuple[list[Step], bool]:
    """The rules of a chain that a packet may meet, and whether one of them is the last for every packet."""
    last = next((place for place, step in enumerate(steps) if step.always), None)
    return (list(steps), False) if last is None else (list(steps[: last + 1]), True)


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
