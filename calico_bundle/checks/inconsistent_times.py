"""CB903: the artifacts were collected at times too far apart to be joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import BUNDLE_SUBJECT

if TYPE_CHECKING:
    from calico_bundle.times import TimeGap

INFO = CheckInfo(
    code="CB903",
    name="inconsistent-times",
    severity=WARNING,
    means="Parts of the bundle were collected more than an hour apart, or a clock in it is wrong.",
    finds=(
        "Two parts of which one was surely collected more than an hour before the other, with nothing collected in between. "
        "When a part was collected show `date` and must-gather's `timestamp`, the remark above `iptables-save`, and a Ready "
        "Node's lastHeartbeatTime. The newest line of calico-node's log and the newest event show that theirs came later."
    ),
    matters=(
        "Pods, endpoints, addresses and routes of different times are joined to a cluster that there never was. So a "
        "cluster is not called healthy by them, and nothing counts as missing on a node for not being in records of "
        "another time than the objects."
    ),
    proves="The line of each part that shows its time.",
    fix="Collect everything again in one go. Where it was one go, set the clocks (chrony, ntpd): one of them is wrong.",
    limits=(
        "A time without a zone may be any zone's: such parts are told apart from a day on. Times of files in archives and "
        "folders are not used, as copying and unpacking set them. Old events and rotated logs are no sign of it."
    ),
)
_DAYS = 3
"""From so many on, days are counted and not hours."""
_FORM = "%Y-%m-%d %H:%M:%S UTC"


def lacks(context: Context) -> str | None:
    """Two parts that show their time, one of them until when it was collected at the latest."""
    from calico_bundle.times import are_comparable

    return None if are_comparable(context.cluster) else "no two parts of the bundle show when they were collected"


def run(context: Context) -> list[Finding]:
    """One finding for the bundle, about the widest gap in it."""
    from calico_bundle.times import collected, nodes_apart, widest_gap

    gap = widest_gap(collected(context.cluster))
    if gap is None:
        return []
    nodes = tuple(sorted(nodes_apart(context.cluster)))
    evidence = (gap.before.evidence, gap.after.evidence)
    fix = Fix("collect all parts again in one go", (), "none: collecting changes nothing")
    message = _message(gap)
    return [Finding(INFO.code, INFO.name, WARNING, BUNDLE_SUBJECT, message, evidence, nodes=nodes, fixes=(fix,))]


def _message(gap: TimeGap) -> str:
    before, after = gap.before, gap.after
    latest = (before.latest or before.earliest).strftime(_FORM)
    earliest = after.earliest.strftime(_FORM)
    return (
        f"the parts of this bundle were collected at least {_long(gap)} apart, or a clock is wrong: {before.part} by {latest} "
        f"({before.told}), and {after.part} not before {earliest} ({after.told})"
    )


def _long(gap: TimeGap) -> str:
    hours = int(gap.width.total_seconds()) // 3600
    if hours >= _DAYS * 24:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours > 1 else "1 hour"


CHECK = Check(INFO, lacks, run)
