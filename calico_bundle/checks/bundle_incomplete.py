"""CB901: what is missing keeps paths unknown."""

from __future__ import annotations

from collections import Counter

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding
from calico_bundle.names import BUNDLE_SUBJECT

INFO = CheckInfo(
    code="CB901",
    name="bundle-incomplete",
    severity=WARNING,
    means="The bundle does not hold what decides some paths; the report says what is missing.",
    finds="Paths whose verdict is unknown, or the absence of what any verdict needs.",
    matters="What was not looked at is not healthy. The verdict covers only the paths that are decided.",
    proves="The reason given with each undecided path, and the list of what is missing.",
    fix="Collect what the list names, from the nodes it names, and analyze both bundles together.",
    limits="It lists what would decide the question in most cases; a contradiction can ask for more.",
)


def lacks(context: Context) -> str | None:
    """It needs nothing."""
    del context
    return None


def run(context: Context) -> list[Finding]:
    """One finding, or none."""
    from calico_bundle.impact import node_names, pod_names
    from calico_bundle.paths import Verdict

    unknown = [g for g in context.paths.groups if g.verdict is Verdict.UNKNOWN]
    if not unknown and context.paths.pods:
        return []
    texts: Counter[str] = Counter()
    for group in unknown:
        texts[group.text] += len(group.pods)
    reasons = texts.most_common(3)
    said = "; ".join(f"{text} ({count} paths)" if count > 1 else text for text, count in reasons)
    missing = ", ".join(dict.fromkeys(m.artifact for m in context.missing))
    message = (
        f"{texts.total()} of {len(context.paths.pods)} paths stay unknown: {said}"
        if unknown
        else (f"no pod is in the bundle, so no path can be judged; missing: {missing or 'nothing that is known of'}")
    )
    return [
        Finding(
            INFO.code,
            INFO.name,
            WARNING,
            BUNDLE_SUBJECT,
            message,
            paths=texts.total(),
            pods=pod_names(context.paths, unknown),
            nodes=node_names(unknown),
        )
    ]


CHECK = Check(INFO, lacks, run)
