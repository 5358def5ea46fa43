"""One finding per file: what it needs, what it says, why, the fix, and its known limits.

A check is a module of this folder that has a `CHECK`; nothing else is needed to add one. A check whose input is missing
is skipped and said to be skipped, which is not "passed".

A check imports the rooms of the analysis inside its functions, because `explain` and `--select` need what every check
says of itself and must not wait a quarter of a second for what none of them then uses.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from calico_bundle.errors import UnknownNameError
from calico_bundle.findings import ERROR, INFO, WARNING, Check, CheckInfo, Context, Finding, Skipped

_OF_CALICO = ("CB1", "CB2")
"""Codes about Calico's addresses, sessions and routes."""
_OF_THE_BUNDLE = "CB9"
"""Codes about what was given, whatever cluster it is of."""


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check of this folder, by code.

    >>> all_checks()[0].info.code
    'CB101'
    """
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.CHECK for m in modules if hasattr(m, "CHECK")), key=lambda c: c.info.code))


def catalog() -> tuple[CheckInfo, ...]:
    """What can be found, by code.

    >>> "CB303" in [info.code for info in catalog()]
    True
    """
    return tuple(check.info for check in all_checks())


def info(code_or_name: str) -> CheckInfo:
    """One entry of the catalog, by code or name, in any case.

    Raises `UnknownNameError`.

    >>> info("cb101").name
    'wrong-bgp-source-ip'
    """
    wanted = code_or_name.strip().lower()
    for entry in catalog():
        if wanted in (entry.code.lower(), entry.name):
            return entry
    known = [i.code for i in catalog()] + [i.name for i in catalog()]
    raise UnknownNameError("finding", code_or_name, known)


def run_all(context: Context) -> tuple[tuple[Finding, ...], tuple[Skipped, ...]]:
    """Run every check: findings (errors first, then by code and subject) and what was skipped."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    left_over, mixture = _left_over(context), context.cluster.mixture
    for check in all_checks():
        reason = left_over if left_over and check.info.code.startswith(_OF_CALICO) else None
        reason = mixture if mixture and not check.info.code.startswith(_OF_THE_BUNDLE) else reason
        reason = reason or check.lacks(context)
        if reason:
            skipped.append(Skipped(check.info.code, reason))
        else:
            findings += check.run(context)
    order = {ERROR: 0, WARNING: 1, INFO: 2}
    return tuple(sorted(findings, key=lambda f: (order[f.severity], f.code, f.subject))), tuple(skipped)


def _left_over(context: Context) -> str | None:
    """Why what Calico left behind is not looked at: it describes nothing that runs."""
    from calico_bundle.calico.other_plugins import replaced_by

    other = replaced_by(context.cluster)
    return f"calico-node does not run here; {other.name} (DaemonSet {other.daemonset}) does" if other else None
