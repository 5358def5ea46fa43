"""A policy that lets lookups through which it denied: as a rule more in it, or as a policy of the same selection before it.

Kubernetes: policies of a pod add up, so that a rule more allows and takes nothing away (reference, Network Policies: "the
union"). Calico: of the policies of a tier the one with the lower `order` comes first, and the first rule that matches and is
no Log decides (reference, Network policy). One with the selection and the types of another adds no endpoint to the tier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calico_bundle.facts import PolicyFact, PolicyPort, PolicyRule, PolicySide

KUBERNETES = "kubernetes"
_LAST = 1e9
"""Before a policy without an order, which comes last."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one policy is to let through, one way: protocols with their port, a number or a name."""

    policy: PolicyFact
    way: str
    """`egress` or `ingress`."""
    ports: tuple[tuple[str, int | str], ...]

    @property
    def order(self) -> tuple[str, ...]:
        """For a fixed order among many."""
        return (self.policy.namespace or "", self.policy.kind, self.policy.name, self.way)

    @property
    def in_place(self) -> bool:
        """Whether the policy itself gains a rule; otherwise another one is put before it."""
        return self.policy.api == KUBERNETES

    @property
    def before(self) -> float:
        """The order of a policy that comes before this one."""
        return _LAST if self.policy.order is None else self.policy.order - 1

    @property
    def name(self) -> str:
        """The name of the policy that is put before: with its tier, as policies of a tier are named."""
        own = f"allow-dns-{self.way}-before-{self.policy.own_name}"[:_LONGEST].rstrip("-.")
        return own if self.policy.tier == "default" else f"{self.policy.tier}.{own}"


_LONGEST = 200


def allowed(policies: Sequence[PolicyFact], allowance: Allowance) -> tuple[PolicyFact, ...]:
    """The policies with what one of them lets through in addition."""
    policy = allowance.policy
    if not allowance.in_place:
        return (*policies, _before(policy, allowance))
    return tuple(replace(p, rules=(*p.rules, *_rules(p, allowance))) if _is(p, policy) else p for p in policies)


def _is(one: PolicyFact, other: PolicyFact) -> bool:
    return one.evidence == other.evidence and (one.kind, one.namespace, one.name) == (
        other.kind, other.namespace, other.name,
    )  # fmt: skip


def _before(policy: PolicyFact, allowance: Allowance) -> PolicyFact:
    return replace(
        policy,
        name=allowance.name,
        order=allowance.before,
        types=(allowance.way.capitalize(),),
        rules=tuple(_rules(policy, allowance)),
    )


def _rules(policy: PolicyFact, allowance: Allowance) -> list[PolicyRule]:
    return [_rule(policy, allowance.way, protocol, port) for protocol, port in allowance.ports]


def _rule(policy: PolicyFact, way: str, protocol: str, port: int | str) -> PolicyRule:
    matched = PolicyPort(port, port) if isinstance(port, int) else PolicyPort(None, None, port)
    direction = way.capitalize()
    place = sum(rule.direction == direction for rule in policy.rules)
    to = PolicySide(ports=(matched,))
    return PolicyRule(direction, place, "Allow", protocol, None, None, PolicySide(), to, (), policy.evidence)
