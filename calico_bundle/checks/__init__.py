"""One finding per file: what it needs, what it says, why, the fix, and its known limits.

A check is a module of this folder that has a `CHECK`; nothing else is needed to add one. A check whose input is missing
is skipped and said to be skipped, which is not "passed".
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from calico_bundle.errors import UnknownNameError
from calico_bundle.evidence import Evidence, Gap, Missing

if TYPE_CHECKING:
    from calico_bundle.addresses import AddressVerdict
    from calico_bundle.bundle import Bundle
    from calico_bundle.choices import Choices
    from calico_bundle.cluster import Cluster
    from calico_bundle.network.service import DnsService
    from calico_bundle.paths import DnsPaths

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a finding means, for `explain` and the documentation."""

    code: str
    name: str
    severity: str
    means: str
    finds: str
    matters: str
    proves: str
    fix: str
    limits: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend it: commands to paste, what they interrupt, how many paths they bring back (None: not known)."""

    title: str
    commands: tuple[str, ...]
    disruption: str
    restores: int | None = None
    leaves_broken: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, with the lines that prove it and what it affects.

    `blames` are the nodes whose address is at fault; `pairs` the ways (pod's node, endpoint's node) that it explains.
    """

    code: str
    name: str
    severity: str
    subject: str
    message: str
    evidence: tuple[Evidence, ...] = ()
    paths: int = 0
    pods: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    blames: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str | None]] = frozenset()


@dataclass(frozen=True, slots=True)
class Context:
    """What checks look at."""

    bundle: Bundle
    cluster: Cluster
    dns: DnsService | None
    paths: DnsPaths
    addresses: Mapping[str, AddressVerdict]
    choices: Choices
    gaps: tuple[Gap, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its information, why it cannot run on this input (None: it can), and what it finds."""

    info: CheckInfo
    lacks: Callable[[Context], str | None]
    run: Callable[[Context], list[Finding]]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that could not be made, and why."""

    code: str
    reason: str


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
    raise UnknownNameError("finding", code_or_name, [i.code for i in catalog()] + [i.name for i in catalog()])


def explain(code_or_name: str) -> str:
    """What a finding means, why it matters, what proves it, how to mend it, and what it cannot see.

    Raises `UnknownNameError`.

    >>> explain("CB101").splitlines()[0]
    'CB101 wrong-bgp-source-ip (error)'
    """
    entry = info(code_or_name)
    parts = {
        "Finds": entry.finds,
        "Matters": entry.matters,
        "Proved by": entry.proves,
        "Fix": entry.fix,
        "Known limits": entry.limits,
    }
    body = "\n\n".join(f"{title}: {text}" for title, text in parts.items())
    return f"{entry.code} {entry.name} ({entry.severity})\n\n{entry.means}\n\n{body}"


def run_all(context: Context) -> tuple[tuple[Finding, ...], tuple[Skipped, ...]]:
    """Run every check: findings (errors first, then by code and subject) and what was skipped."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for check in all_checks():
        reason = check.lacks(context)
        if reason:
            skipped.append(Skipped(check.info.code, reason))
        else:
            findings += check.run(context)
    order = {ERROR: 0, WARNING: 1, INFO: 2}
    return tuple(sorted(findings, key=lambda f: (order[f.severity], f.code, f.subject))), tuple(skipped)
