"""Several causes at once: the fix of each comes to something alone, and to more together with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from calico_bundle.findings import ERROR, Context, Finding, Fix
from calico_bundle.remedies.outlooks import mends, outlook_of


def with_plan(context: Context, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, in which a fix that leaves failing paths says what it comes to with those of the other causes."""
    proposed = [(finding.code, fix) for finding in findings if (fix := _proposed(finding))]
    if len({fix.mends for _, fix in proposed}) < 2:
        return tuple(findings)
    whole = reduce(or_, (fix.mends for _, fix in proposed if fix.mends))
    seen = mends(outlook_of(context.paths, whole))
    codes = list(dict.fromkeys(code for code, _ in proposed))
    return tuple(_told(finding, codes, seen) for finding in findings)


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
