"""CB902: files or lines that could not be read."""

from __future__ import annotations

from collections import Counter

from calico_bundle.findings import INFO as INFO_SEVERITY
from calico_bundle.findings import Check, CheckInfo, Context, Finding
from calico_bundle.names import BUNDLE_SUBJECT

INFO = CheckInfo(
    code="CB902",
    name="input-not-understood",
    severity=INFO_SEVERITY,
    means="Files or lines of the bundle could not be read; nothing was taken from them.",
    finds="Damaged or refused files, errors in place of data, lines that no parser knows, values the collector hid.",
    matters="A fact may stand in what was not understood. The rest was analyzed all the same.",
    proves="The list of gaps, each with path, line and reason (`-v` lists all of them).",
    fix="Collect damaged files again; report lines that this program should know.",
    limits="A line that is understood wrongly is not in the list.",
)


def lacks(context: Context) -> str | None:
    """It needs nothing."""
    del context
    return None


def run(context: Context) -> list[Finding]:
    """One finding that counts the gaps by kind, or none."""
    if not context.gaps:
        return []
    kinds = Counter(str(gap.kind) for gap in context.gaps)
    files = len({gap.path for gap in context.gaps})
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    gaps = "1 gap" if len(context.gaps) == 1 else f"{len(context.gaps)} gaps"
    message = f"{gaps} in {'1 file' if files == 1 else f'{files} files'}: {counted}"
    return [Finding(INFO.code, INFO.name, INFO.severity, BUNDLE_SUBJECT, message)]


CHECK = Check(INFO, lacks, run)
