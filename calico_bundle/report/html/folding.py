"""What a page shows of long lists, and how lines of the bundle are quoted: for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calico_bundle.report import View

__all__ = ["CONSIDERED", "HIT_OR_SPARED", "RELATIONS", "by_file", "ordered", "skipped_alike", "split"]

HIT_OR_SPARED: Mapping[str, str] = {"broken": "hit", "unknown": "unknown", "works": "spared"}
"""Groups of traffic, in the order in which they are read."""

CONSIDERED: Mapping[str, str] = {"supported": "supported", "not-checkable": "not checked", "ruled-out": "ruled out"}
RELATIONS: Mapping[str, str] = {"contradicts": "contradicts", "agrees": "agrees", "says-nothing": "says nothing"}


def ordered(items: Sequence[View], key: str, order: Mapping[str, str]) -> list[View]:
    """Sort by a status, in the order in which its words stand.

    >>> [one["s"] for one in ordered([{"s": "works"}, {"s": "broken"}], "s", HIT_OR_SPARED)]
    ['broken', 'works']
    """
    places = list(order)
    return sorted(items, key=lambda item: places.index(item[key]))


def split(items: Sequence[Any], first: int, most: int) -> tuple[Sequence[Any], Sequence[Any], int]:
    """What of a list is shown at once, what is unfolded, and how many are left to the JSON report.

    >>> split("abcdefg", 2, 5)
    ('ab', 'cde', 2)
    >>> split("abc", 2, 5)
    ('abc', '', 0)
    """
    if len(items) <= first + 1:
        return items, items[:0], 0
    return items[:first], items[first:most], max(0, len(items) - most)


def by_file(evidence: Sequence[View]) -> list[tuple[str, list[View]]]:
    """Group quoted lines by their file.

    >>> by_file([{"path": "a", "line": 1, "text": "x"}, {"path": "a", "line": 3, "text": "y"}])[0][0]
    'a'
    """
    found: dict[str, list[View]] = {}
    for line in evidence:
        found.setdefault(line["path"], []).append(line)
    return list(found.items())


def skipped_alike(checks: Sequence[View]) -> list[tuple[str, list[View]]]:
    """Checks that said nothing, or left something open, by the reason."""
    found: dict[str, list[View]] = {}
    for check in checks:
        if check["status"] in ("skipped", "open"):
            found.setdefault(check["reason"] or "", []).append(check)
    return list(found.items())


def missing_alike(missing: Sequence[View]) -> list[tuple[str, str, list[str]]]:
    """What is not in the bundle, with the nodes that it is missing of."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        found.setdefault((one["artifact"], one["effect"]), []).extend([one["node"]] if one["node"] else [])
    return [(artifact, effect, nodes) for (artifact, effect), nodes in found.items()]


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding on a page: its anchor, and its fixes, each with the anchor of an earlier finding that has the same one."""

    id: str
    finding: View
    fixes: Sequence[tuple[View, str]]


def arranged(findings: Sequence[View]) -> list[list[Shown]]:
    """Findings by their code, in the order of the report; a fix is written out where it comes first."""
    first: dict[str, str] = {}
    codes: dict[str, list[Shown]] = {}
    for number, finding in enumerate(findings, 1):
        anchor = f"finding-{number}"
        fixes = [(fix, first.setdefault(repr(fix), anchor)) for fix in finding["fixes"]]
        shown = Shown(anchor, finding, [(fix, "" if known == anchor else known) for fix, known in fixes])
        codes.setdefault(finding["code"], []).append(shown)
    return list(codes.values())
