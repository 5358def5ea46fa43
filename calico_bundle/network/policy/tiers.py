"""What tiers of policies decide: by order, rule by rule, with the default of each tier, and the profile at the end.

Source: Calico's reference, Tier and Network policy (order, action, types); felix calc/policy_sorter.go. Where something
cannot be told, every outcome that is possible is kept: decided is what all of them agree on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from calico_bundle.evidence import Evidence
from calico_bundle.facts import PolicyFact, PolicyRule, TierFact
from calico_bundle.network.policy.labeled import Labeled
from calico_bundle.network.policy.packet import Packet
from calico_bundle.network.policy.rules import Matching
from calico_bundle.network.policy.selection import applies

ALLOW, DENY, PASS, LOG = "Allow", "Deny", "Pass", "Log"
_ACTIONS = (ALLOW, DENY, PASS)
_KNOWN_ORDERS = {"default": 1e6, "adminnetworkpolicy": 1e3, "baselineadminnetworkpolicy": 1e7}
"""Orders of the tiers that Calico makes by itself (libcalico-go: v3 Tier)."""
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """What decided: in words, the lines, and the policies."""

    text: str
    evidence: tuple[Evidence, ...] = ()
    policies: tuple[PolicyFact, ...] = ()


@dataclass(slots=True)
class Finals:
    """What can become of a packet: each possible outcome with what first led to it."""

    found: dict[str, Decision] = field(default_factory=dict)

    def add(self, action: str, text: str, *policies: PolicyFact, line: Evidence | None = None) -> None:
        """Note a possible outcome, with the line of a rule, else with those of the policies."""
        evidence = (line,) if line else tuple(policy.evidence for policy in policies)
        self.found.setdefault(action, Decision(text, evidence, policies))

    @property
    def allowed(self) -> bool | None:
        """Whether the packet passes; None where both is possible."""
        return self.found.keys() == {ALLOW} if len(self.found) == 1 else None

    @property
    def decision(self) -> Decision:
        """What decided; where both is possible, what may deny it."""
        return self.found[DENY] if DENY in self.found else self.found[ALLOW]


@dataclass(slots=True)
class _Within:
    """Where a packet stands in a tier: whether no policy may have applied yet, and those that did and left it open."""

    untouched: bool = True
    left_open: list[PolicyFact] = field(default_factory=list)
    passes: bool = False

    @property
    def goes_on(self) -> bool:
        return self.untouched or bool(self.left_open)


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier and its policies in their order; `order` is None where it is not known."""

    name: str
    order: float | None
    default: str | None
    policies: tuple[PolicyFact, ...]


def tiers_of(policies: Iterable[PolicyFact], tiers: Iterable[TierFact]) -> tuple[Tier, ...]:
    """The tiers that have policies, in their order; those whose order is not known stand last.

    >>> tiers_of((), ())
    ()
    """
    known = {tier.name: tier for tier in tiers}
    by_tier: dict[str, list[PolicyFact]] = {}
    for policy in policies:
        by_tier.setdefault(policy.tier, []).append(policy)
    found = [_tier(name, known.get(name), listed) for name, listed in by_tier.items()]
    return tuple(sorted(found, key=lambda tier: (math.inf if tier.order is None else tier.order, tier.name)))


def _tier(name: str, fact: TierFact | None, policies: list[PolicyFact]) -> Tier:
    order = _KNOWN_ORDERS.get(name)
    default: str | None = DENY if name in _KNOWN_ORDERS else None
    if fact is not None:
        order = fact.order if fact.order is not None or fact.default_action is None else math.inf
        default = fact.default_action
    return Tier(name, order, default, tuple(sorted(policies, key=lambda p: (_order(p), p.own_name))))


def _order(policy: PolicyFact) -> float:
    return math.inf if policy.order is None else policy.order


class Walk:
    """One packet at one endpoint, in one direction."""

    def __init__(self, matching: Matching, thing: Labeled, packet: Packet, direction: str) -> None:
        self._matching, self._thing, self._packet, self._direction = matching, thing, packet, direction
        self.finals = Finals()

    def through(self, tiers: Sequence[Tier], otherwise: str, text: str) -> Finals:
        """What can become of the packet; `otherwise` is the outcome where no policy decides, with its words."""
        # A tier of which the order is not known may come before or behind any other.
        for tier in tiers:
            if tier.order is None:
                self._tier(tier)
        for tier in tiers:
            if tier.order is not None and not self._tier(tier):
                return self.finals
        self.finals.add(otherwise, text)
        return self.finals

    def _tier(self, tier: Tier) -> bool:
        """Whether the packet may come to the next tier."""
        at = _Within()
        for _, group in groupby(tier.policies, _order):
            self._equally_high(list(group), at)
            if not at.goes_on:
                return at.passes
        if at.left_open and tier.default != PASS:
            self.finals.add(DENY, self._unmatched(at.left_open, tier), *at.left_open[:_MOST_NAMED])
        return at.passes or at.untouched or (bool(at.left_open) and tier.default != DENY)

    def _equally_high(self, group: list[PolicyFact], at: _Within) -> None:
        """Policies of one order go by their names; how those with and without a namespace compare is not documented."""
        surely_ends = False
        ordered = len({(p.api, p.namespace) for p in group}) == 1
        for policy in group:
            applying = applies(policy, self._thing) if self._direction in policy.types or policy.unread else False
            if applying is False:
                continue
            stays = self._policy(policy, at)
            if applying:
                at.untouched = False
                surely_ends |= not stays
            if stays:
                at.left_open.append(policy)
            elif applying and ordered:
                break
        if surely_ends:
            at.untouched = False
            at.left_open.clear()

    def _policy(self, policy: PolicyFact, at: _Within) -> bool:
        """Whether a policy may leave the packet open; its outcomes are noted."""
        if policy.unread:
            text = f"{policy.shown} is not understood ({', '.join(policy.unread)})"
            self.finals.add(ALLOW, text, policy)
            self.finals.add(DENY, text, policy)
            at.passes = True
            return True
        for rule in policy.rules:
            if rule.direction != self._direction or rule.action == LOG:
                continue
            matching = self._matching.matches(rule, self._packet, policy.namespace)
            if matching is False:
                continue
            self._outcome(policy, rule, at)
            if matching and rule.action in _ACTIONS:
                return False
        return True

    def _outcome(self, policy: PolicyFact, rule: PolicyRule, at: _Within) -> None:
        place = f"{policy.shown}, {rule.direction.lower()} rule {rule.place}"
        actions = (rule.action,) if rule.action in _ACTIONS else _ACTIONS
        for action in actions:
            if action == PASS:
                at.passes = True
            else:
                self.finals.add(action, f"{place} ({action})", policy, line=rule.evidence)

    def _unmatched(self, policies: Sequence[PolicyFact], tier: Tier) -> str:
        listed = ", ".join(p.shown for p in policies[:_MOST_NAMED])
        more = f" and {len(policies) - _MOST_NAMED} more" if len(policies) > _MOST_NAMED else ""
        verb = "apply" if len(policies) > 1 else "applies"
        where = f" (tier {tier.name})" if tier.name != "default" else ""
        return f"{listed}{more} {verb}{where}, and no {self._direction.lower()} rule allows it"
