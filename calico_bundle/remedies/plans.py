"""Several causes at once: the fix of each comes to something alone, and to more together with the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from calico_bundle.calico.distribution import Distribution, distribution_of
from calico_bundle.findings import ERROR, Context, Finding, Fix
from calico_bundle.remedies.outlooks import mends, outlook_of


def with_plan(context: Context, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, in which a fix that leaves failing paths says what it comes to with those of the other causes."""
    findings = in_the_words_of(distribution_of(context.cluster), findings)
    proposed = [(finding.code, fix) for finding in findings if (fix := _proposed(finding))]
    if len({fix.mends for _, fix in proposed}) < 2:
        return findings
    whole = reduce(or_, (fix.mends for _, fix in proposed if fix.mends))
    seen = mends(outlook_of(context.paths, whole))
    codes = list(dict.fromkeys(code for code, _ in proposed))
    return tuple(_told(finding, codes, seen) for finding in findings)


def in_the_words_of(distribution: Distribution, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with commands as a distribution has them: MicroK8s brings a kubectl of its own, under its own name."""
    if distribution is not Distribution.MICROK8S:
        return tuple(findings)
    return tuple(replace(finding, fixes=tuple(map(_of_microk8s, finding.fixes))) for finding in findings)


def _of_microk8s(fix: Fix) -> Fix:
    commands, undo = (
        tuple(_KUBECTL.sub(r"\1microk8s kubectl ", command) for command in listed)
        for listed in (fix.commands, fix.undo)
    )
    return replace(fix, commands=commands, undo=undo)


_KUBECTL = re.compile(r"(^|\| )kubectl (?=\w)")
"""The command, at the beginning or behind a pipe; not the word in a comment or inside quotes."""


def _proposed(finding: Finding) -> Fix | None:
    """The fix of a cause that is sure, where it could be tried."""
    first = finding.fixes[0] if finding.fixes and finding.severity == ERROR else None
    return first if first and first.mends else None


def _told(finding: Finding, codes: Sequence[str], seen: str) -> Finding:
    fix = _proposed(finding)
    if fix is None or fix.leaves_broken == 0:
        return finding
    others = [code for code in codes if code != finding.code] or ["the other findings of this kind"]
    more = f"; with the fixes for {' and '.join(others)} together {seen}"
    return replace(finding, fixes=(replace(fix, tried=fix.tried + more), *finding.fixes[1:]))
