"""What becomes of a method: replayed on every node, its paths predicted, and replayed again with one more card on each node.

A method is safe when it gives every node at fault the address it should have, leaves every other node the one that works,
and no path that reaches now is lost or left open by it. It survives the next card when a card that somebody adds later
changes none of its choices. The card that is tried is in a network of its own (203.0.113.0/24, RFC 5737), and the newest,
so that it comes last in the kernel's order, which is where detection looks first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface

from calico_bundle.calico.detection import Card, detect
from calico_bundle.choices import Choices
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address
from calico_bundle.paths import DnsPaths, Verdict
from calico_bundle.remedies.candidates import Candidate
from calico_bundle.what_if import Change, Move
from calico_bundle.what_if.trial import after_moves, chosen, moved, stored

_NUMBERED = re.compile(r"((?:eth|en[opsx]|ens|enp\d+s|wlan|bond)[a-z]*)(\d{1,4})")
_NEXT_CARD = IPv4Interface("203.0.113.77/24")
_FAILING = (Verdict.BROKEN, Verdict.DEGRADED)


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many paths come to what under some new addresses: those that fail now, and those that reach now."""

    restored: int = 0
    left: int = 0
    left_open: int = 0
    lost: int = 0
    lost_sight_of: int = 0
    settled: int = 0
    """Paths that are open now and reach then."""

    @property
    def safe(self) -> bool:
        """Whether every path that reaches now surely does then."""
        return not self.lost and not self.lost_sight_of


@dataclass(frozen=True, slots=True)
class Tried:
    """One method: why it is out, or what it comes to."""

    candidate: Candidate
    because: str = ""
    outlook: Outlook | None = None
    falls: str = ""
    """The node on which the next card would be taken, and which card was tried."""
    moves: tuple[Move, ...] = field(default=())
    unjudged: tuple[str, ...] = ()
    """Nodes that it moves although nothing shows whether their address is right."""

    @property
    def rank(self) -> tuple[object, ...]:
        """The better, the smaller."""
        seen = self.outlook or Outlook()
        unsure = seen.left + seen.left_open
        return (bool(self.because), self.outlook is None, not seen.safe, unsure, bool(self.falls), len(self.unjudged))

    @property
    def proposed(self) -> bool:
        """Whether it may be proposed at all."""
        return not self.because and self.outlook is not None and self.outlook.safe


class Trials:
    """Tries methods on one cluster; what gives the same addresses is followed once."""

    def __init__(self, choices: Choices, paths: DnsPaths, wanted: Mapping[str, Address], kept: frozenset[str]) -> None:
        """`wanted` is the address that each node should have; `kept` are the nodes that have it already."""
        self._choices, self._paths, self._wanted, self._kept = choices, paths, wanted, kept
        self._outlooks: dict[tuple[Move, ...], Outlook] = {}

    def of(self, candidate: Candidate) -> Tried:
        """What a method comes to."""
        version = self._choices.installation.version
        if not candidate.is_in(version):
            since = ".".join(map(str, candidate.since or ()))
            return Tried(candidate, f"Calico has it since v{since}")
        moves = []
        for node in self._choices.cluster.nodes.values():
            if node.kubernetes is None:
                continue
            move, fault = self._replayed(node, candidate.method)
            if fault:
                return Tried(candidate, fault)
            moves += [move] if move.after != move.before else []
        shared = _shared(self._choices.cluster.nodes.values(), moves)
        if shared:
            return Tried(candidate, f"it gives {' and '.join(shared)} one address")
        found = tuple(moves)
        unjudged = tuple(move.node for move in found if move.node not in self._wanted)
        return Tried(candidate, "", self.outlook(found), self._falls(candidate.method), found, unjudged)

    def _replayed(self, node: ClusterNode, method: str) -> tuple[Move, str]:
        """A node's address under a method, and why that rules the method out."""
        found = chosen(self._choices, node, method)
        move = moved(self._choices.cluster, node, found)
        wanted = self._wanted.get(node.name)
        if found.failure:
            return move, f"it finds no address on {node.name}: {found.failure}"
        if move.open:
            return move, f"what it gives on {node.name} is not known: {move.open}"
        if wanted is not None and move.after is not None and move.after.ip != wanted:
            verb = "moves" if node.name in self._kept else "leaves"
            before = f"{node.name}, which works with {wanted}," if node.name in self._kept else f"{node.name}"
            reports = verb == "leaves" and move.after.ip == node.internal_ip
            reported = ", which its kubelet reports as InternalIP" if reports else ""
            return move, f"it {verb} {before} {'to' if verb == 'moves' else 'with'} {move.after.ip}{reported}"
        return move, ""

    def _falls(self, method: str) -> str:
        """The first node on which one more card would change the choice."""
        version = self._choices.installation.version
        for node in self._choices.cluster.nodes.values():
            machine = self._choices.machine(node)
            if machine.cards is None or not machine.ordered:
                continue
            name = _next_name([card.name for card in machine.cards])
            more = replace(machine, cards=(*machine.cards, Card(name, (_NEXT_CARD,))))
            if detect(method, more, version).address != detect(method, machine, version).address:
                return f"a card added later to {node.name} (tried with {name} at {_NEXT_CARD}) would be taken"
        return ""

    def outlook(self, moves: tuple[Move, ...]) -> Outlook:
        """What the paths come to under some new addresses."""
        if moves not in self._outlooks:
            change = Change(addresses={m.node: m.after for m in moves if m.after})
            _, after = after_moves(self._paths, self._paths.dns, change, moves)
            self._outlooks[moves] = compared(self._paths, after)
        return self._outlooks[moves]


def compared(before: DnsPaths, after: DnsPaths) -> Outlook:
    """The paths of one cluster before and after a change: each pod's path beside itself."""
    pairs = Counter(zip(before.pods.groups, after.pods.groups, strict=True))
    counts: Counter[tuple[Verdict, Verdict]] = Counter()
    for (one, other), count in pairs.items():
        counts[one.verdict, other.verdict] += count
    reach = (Verdict.REACHES,)
    return Outlook(
        restored=_sum(counts, _FAILING, reach),
        left=_sum(counts, _FAILING, _FAILING),
        left_open=_sum(counts, _FAILING, (Verdict.UNKNOWN,)),
        lost=_sum(counts, reach, _FAILING),
        lost_sight_of=_sum(counts, reach, (Verdict.UNKNOWN,)),
        settled=_sum(counts, (Verdict.UNKNOWN,), reach),
    )


def _sum(counts: Mapping[tuple[Verdict, Verdict], int], one: Sequence[Verdict], other: Sequence[Verdict]) -> int:
    return sum(count for (before, after), count in counts.items() if before in one and after in other)


def _shared(nodes: Iterable[ClusterNode], moves: Sequence[Move]) -> list[str]:
    """Nodes that would have one address."""
    after = {move.node: move.after for move in moves}
    found: dict[Address, list[str]] = {}
    for node in nodes:
        address = after.get(node.name, stored(node))
        if address is not None:
            found.setdefault(address.ip, []).append(node.name)
    moving = ([*names] for names in found.values() if len(names) > 1 and not after.keys().isdisjoint(names))
    return next(moving, [])[:2]


def _next_name(names: Sequence[str]) -> str:
    """The name that one more card would get beside the last one: eth2 after eth1.

    >>> _next_name(["lo", "ens18", "ens19", "cali1a2b"]), _next_name(["lo"])
    ('ens20', 'eth1')
    """
    numbered = [found for name in names if (found := _NUMBERED.fullmatch(name))]
    if not numbered:
        return "eth1"
    stem = numbered[-1][1]
    return f"{stem}{1 + max(int(found[2]) for found in numbered if found[1] == stem)}"
