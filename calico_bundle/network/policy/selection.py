"""Which endpoints a policy applies to, and which of them a rule's source or destination means.

Source: Calico's reference, Network policy: selector, namespaceSelector, serviceAccountSelector, serviceAccounts; and
libcalico-go lib/backend/syncersv1/updateprocessors. A rule of a policy with a namespace means its own namespace, as soon
as it selects by anything and names no other.
"""

from __future__ import annotations

from calico_bundle.calico.selectors import Known, SelectorError, both, compiled
from calico_bundle.facts import PolicyFact, PolicySide
from calico_bundle.network.policy.labeled import Labeled
from calico_bundle.network.policy.packet import End, either, opposite


def applies(policy: PolicyFact, thing: Labeled) -> bool | None:
    """Whether a policy applies to a pod or a host endpoint; None where that cannot be told."""
    if policy.namespace is not None and policy.namespace != thing.namespace:
        return False
    if policy.unread:
        return None
    return both(
        fits(policy.selector, thing.labels),
        fits(policy.namespace_selector, thing.namespace_labels),
        fits(policy.service_account_selector, thing.account_labels),
    )


def fits(expression: str | None, known: Known) -> bool | None:
    """Whether an expression selects what has these labels; all is selected where none is given.

    >>> fits(None, Known({})), fits("a b c", Known({})) is None
    (True, True)
    """
    if not expression:
        return True
    try:
        return compiled(expression).test(known)
    except SelectorError:
        return None


def selects_by_labels(side: PolicySide) -> bool:
    """Whether a source or destination means endpoints by anything of theirs, and not all addresses."""
    accounts = side.service_accounts or side.service_account_selector
    return bool(side.selector or side.namespace_selector or side.not_selector or accounts)


def selected(side: PolicySide, end: End, namespace: str | None) -> bool | None:
    """Whether one of the things at an end is what a side of a rule selects; `namespace` is the policy's own."""
    if not selects_by_labels(side):
        return True
    without = opposite(_any_there(end, lambda thing: fits(side.not_selector, thing.labels)))
    excluded = True if not side.not_selector else without
    given = side.selector or side.namespace_selector or side.service_accounts or side.service_account_selector
    if not given and namespace is None:
        return excluded
    return both(excluded, _any_there(end, lambda thing: _means(side, thing, namespace)))


def _means(side: PolicySide, thing: Labeled, namespace: str | None) -> bool | None:
    own = True if namespace is None or side.namespace_selector else thing.namespace == namespace
    return both(
        own,
        fits(side.namespace_selector, thing.namespace_labels),
        _account(side, thing),
        fits(side.service_account_selector, thing.account_labels),
        fits(side.selector, thing.labels),
    )


def _account(side: PolicySide, thing: Labeled) -> bool | None:
    if not side.service_accounts:
        return True
    return thing.account in side.service_accounts if thing.account_known else None


def _any_there(end: End, test: object) -> bool | None:
    found: bool | None = False if end.addresses or end.things else None
    for thing, surely in end.things:
        fitting = test(thing)  # type: ignore[operator]
        found = either(found, fitting if surely or fitting is False else None)
    return found
