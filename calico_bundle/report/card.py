"""The card by which an analysis shows itself in Jupyter: verdict, findings with evidence and fix, who is hit and spared.

All text is escaped; nothing is loaded, and nothing runs. Text has the notebook's own color, light or dark, and a code host
that strips styles leaves words that say it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from calico_bundle.display import AS_IT_STANDS
from calico_bundle.report import View
from calico_bundle.report.palette import LIGHT, MARKS, tone
from calico_bundle.report.words import count, fold, summary, where

MOST_LINES = 6
"""Lines of evidence shown per finding; the card says how many more there are."""

MOST_FINDINGS = 10
"""Findings shown in full; the card says how many more there are."""

MOST_MOVES = 8
"""Nodes that a tried change moves and that are named."""

_SHOWN_STATUS = {"broken": "hit", "works": "spared", "unknown": "unknown"}
_LINES = f"{AS_IT_STANDS};margin:0.2em 0 0.6em 1em"


def render(report: View, drawing: str = "") -> str:
    """Write the card of a report as an HTML fragment; `drawing` is the picture of the cluster, as HTML."""
    shown, brief = _by_weight(report["findings"])
    parts = [
        _head(report),
        _moves(report.get("what_if")),
        drawing,
        *map(_finding, shown),
        _brief(brief),
        _effects(report["effects"]),
        _beside(report),
        f"<p>{escape(summary(report['dns']['paths']))}</p>",
        _next(),
    ]
    line = f"border-left:4px solid {_ground(report['verdict']['status'])}"
    return f'<div style="{line};padding:0.3em 1em;max-width:70em;overflow-wrap:anywhere">{"".join(parts)}</div>'


def _ground(status: str) -> str:
    """A ground that white text is readable on, and that stands out from a light and from a dark notebook."""
    return LIGHT[tone(status)]


def _badge(status: str, word: str | None = None) -> str:
    style = f"background:{_ground(status)};color:#ffffff;padding:0 0.4em;border-radius:0.2em;white-space:nowrap"
    return f'<b style="{style}">{MARKS[tone(status)]} {escape(word or status)}</b>'


def _head(report: View) -> str:
    verdict, bundle = report["verdict"], report["bundle"]
    layouts = ", ".join(bundle["layouts"]) or "no known format"
    of = f"{fold(bundle['inputs'])} ({layouts}), {count(bundle['artifacts'], 'file')}"
    return f"<p>{_badge(verdict['status'])} {escape(verdict['headline'])}<br><small>bundle: {escape(of)}</small></p>"


def _by_weight(findings: Sequence[View]) -> tuple[list[View], list[View]]:
    """Those that are shown in full, and the others."""
    heavy = [finding for finding in findings if finding["severity"] != "info"][:MOST_FINDINGS]
    return heavy, [finding for finding in findings if finding not in heavy]


def _finding(finding: View) -> str:
    label = _badge(finding["severity"], f"{finding['severity']}[{finding['code']}]")
    head = f"{label} {escape(finding['name'])}: {escape(finding['message'])}"
    return f"<p>{head}</p>{_evidence(finding['evidence'])}{''.join(map(_fix, finding['fixes']))}"


def _evidence(lines: Sequence[View]) -> str:
    more = len(lines) - MOST_LINES
    rest = [f"and {more} more lines: a.findings[...] has them"] if more > 0 else []
    return _lines([*(f"{where(line)}  {line['text']}" for line in lines[:MOST_LINES]), *rest])


def _lines(lines: Iterable[str]) -> str:
    text = escape("\n".join(lines))
    return f'<pre style="{_LINES}">{text}</pre>' if text else ""


def _fix(fix: View) -> str:
    counted = ""
    if fix["restores"] is not None:
        counted = f" (restores {count(fix['restores'], 'path')}, leaves {fix['leaves_broken']:,} broken)"
    back = f"<p>To go back:</p>{_lines(fix['undo'])}" if fix.get("undo") else ""
    return f"<p><b>Fix:</b> {escape(fix['title'] + counted)}</p>{_lines(fix['commands'])}{back}"


def _brief(findings: Sequence[View]) -> str:
    """What is worth knowing, and what is too much to be shown in full: by code, with how often."""
    if not findings:
        return ""
    codes: dict[str, int] = {}
    for finding in findings:
        name = f"{finding['code']} {finding['name']}"
        codes[name] = codes.get(name, 0) + 1
    told = ", ".join(name if number == 1 else f"{name} ({number:,} times)" for name, number in codes.items())
    return f"<p>Also found: {escape(told)}; <code>a.findings</code> says what.</p>"


def _moves(tried: Mapping[str, Any] | None) -> str:
    if tried is None:
        return ""
    moved = [
        f"{move['node']}: {move['before'] or 'no address'} to {move['after'] or move['open'] or 'no address'}"
        for move in tried["nodes"]
    ]
    told = fold(moved, MOST_MOVES) if moved else "none"
    return f"<p>Nodes whose Calico address changes: {escape(told)}. <code>a.moves</code> lists them.</p>"


def _effects(effects: Sequence[View]) -> str:
    rows = (f"<li>{_badge(e['status'], _SHOWN_STATUS[e['status']])} {escape(e['text'])}</li>" for e in effects)
    return f"<ul>{''.join(rows)}</ul>" if effects else ""


def _beside(report: View) -> str:
    """Other causes, what is missing and what to collect: how much, and where it is."""
    supported = [h["name"] for h in report["hypotheses"] if h["status"] == "supported"]
    statuses = [h["status"] for h in report["hypotheses"]]
    told = []
    if statuses:
        ruled_out, left = statuses.count("ruled-out"), statuses.count("not-checkable")
        what = f"supported: {fold(supported)}" if supported else "none is supported"
        told.append(
            (f"What else could explain it: {what}; {ruled_out} ruled out, {left} not checkable", "a.hypotheses")
        )
    if report["bundle"]["missing"]:
        told.append((f"Missing: {count(len(report['bundle']['missing']), 'thing')}", "a.missing"))
    if report["collect"]:
        told.append((f"What would decide {count(report['collect']['paths'], 'path')} that are unknown", "a.collect"))
    return "".join(f"<p>{escape(text)} (<code>{where_}</code>)</p>" for text, where_ in told)


def _next() -> str:
    asked = ("a.nodes", "a.dns_paths", 'a.path("NAMESPACE/POD")', "a.tables", "a.graph", "a.what_if(method=...)")
    return f"<p><small>Look further: {', '.join(f'<code>{escape(one)}</code>' for one in asked)}</small></p>"
