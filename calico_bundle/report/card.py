"""The card by which an analysis shows itself in Jupyter: verdict, findings with evidence and fix, who is hit and spared.

All text is escaped; nothing is loaded, and nothing runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from calico_bundle.report.words import summary

MOST_LINES = 6
"""Lines of evidence shown per finding; the card says how many more there are."""

_COLORS = {
    "broken": "#c5221f", "at-risk": "#b06000", "healthy": "#188038", "inconclusive": "#5f6368",
    "error": "#c5221f", "warning": "#b06000", "info": "#5f6368",
}  # fmt: skip
_SHOWN_STATUS = {"broken": "hit", "works": "spared", "unknown": "unknown"}
_MONOSPACE = "font-family:monospace;white-space:pre-wrap;margin:0.2em 0 0.6em 1em"


def render(report: Mapping[str, Any]) -> str:
    """Write the card of a report as an HTML fragment."""
    verdict = report["verdict"]
    color = _COLORS[verdict["status"]]
    head = f"<b style='color:{color}'>{escape(verdict['status'])}</b> {escape(verdict['headline'])}"
    findings = "".join(_finding(f) for f in report["findings"] if f["severity"] != "info")
    return (
        f"<div style='border-left:4px solid {color};padding:0.3em 1em;max-width:70em'><p>{head}</p>{findings}"
        f"{_effects(report['effects'])}<p><i>{escape(summary(report['dns']['paths']))}</i></p></div>"
    )


def _finding(finding: Mapping[str, Any]) -> str:
    color = _COLORS[finding["severity"]]
    label = f"{finding['severity']}[{finding['code']}]"
    head = f"<b style='color:{color}'>{escape(label)}</b> {escape(finding['name'])}: {escape(finding['message'])}"
    fixes = "".join(_fix(fix) for fix in finding["fixes"])
    return f"<p style='margin-bottom:0.2em'>{head}</p>{_evidence(finding['evidence'])}{fixes}"


def _evidence(lines: Sequence[Mapping[str, Any]]) -> str:
    shown = "\n".join(f"{line['path']}:{line['line']}  {line['text']}" for line in lines[:MOST_LINES])
    more = len(lines) - MOST_LINES
    rest = f"\nand {more} more lines: findings[...].evidence has them" if more > 0 else ""
    return f"<div style='{_MONOSPACE}'>{escape(shown + rest)}</div>" if lines else ""


def _fix(fix: Mapping[str, Any]) -> str:
    counted = ""
    if fix["restores"] is not None:
        counted = f" (restores {fix['restores']} paths, leaves {fix['leaves_broken']} broken)"
    commands = escape("\n".join(fix["commands"]))
    return f"<p style='margin:0 0 0 1em'>Fix: {escape(fix['title'] + counted)}</p><div style='{_MONOSPACE}'>{commands}</div>"


def _effects(effects: Sequence[Mapping[str, Any]]) -> str:
    rows = (f"<li><b>{_SHOWN_STATUS[e['status']]}</b> {escape(e['text'])}</li>" for e in effects)
    return f"<ul>{''.join(rows)}</ul>"
