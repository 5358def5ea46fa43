"""What each bundle format can answer: the recorded incident written in it, and analyzed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tests.layouts.rendered import Rendering, renderings
from tests.layouts.test_rendered import analyzed

HEADER = (
    "bundle", "layout", "verdict", "paths decided", "objects", "calico-node's settings", "its log", "ip addr", "ip route",
    "ip rule", "BGP state",
)  # fmt: skip
"""The columns of the table."""

_OBJECTS = {"nodes": "nodes", "pods": "pods", "services": "services", "endpoints": "endpoints", "ip pools": "pools"}
_RECORDS = ("calico-node daemonset", "calico-node log", "ip addr", "ip route", "ip rule", "BGP state")


@cache
def rows() -> tuple[Sequence[str], ...]:
    """One row per format: what was seen of it, and what that decided."""
    return tuple(_row(one, analyzed(one).report()) for one in sorted(renderings().values(), key=lambda one: one.title))


def _row(rendering: Rendering, report: Mapping[str, Any]) -> Sequence[str]:
    seen = {row["artifact"]: row for row in report["coverage"]}
    counts = report["dns"]["paths"]
    judged = counts["total"] - counts["not_applicable"]
    objects = [word for name, word in _OBJECTS.items() if seen[name]["seen"]]
    records = [_share(seen[name]) for name in _RECORDS]
    decided = f"{judged - counts['unknown']} of {judged}" if counts["total"] else "no pods"
    return rendering.title, rendering.layout, report["verdict"]["status"], decided, ", ".join(objects) or "-", *records


def _share(row: Mapping[str, Any]) -> str:
    if not row["seen"]:
        return "-"
    return "yes" if row["of"] is None else f"{row['seen']} of {row['of']}"
