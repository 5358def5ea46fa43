"""One path as text: hop by hop, request and reply, what was expected beside what was found."""

from __future__ import annotations

from calico_bundle.report import Style, View
from calico_bundle.report.page import Page
from calico_bundle.report.words import trace_summary, where

_VERDICT_STYLE = {
    "reaches": "bold green",
    "degraded": "bold yellow",
    "broken": "bold red",
    "unknown": "bold yellow",
    "not-applicable": "bold",
}
_OUTCOME_STYLE = {"delivered": "green", "lost": "bold red", "unknown": "yellow"}


def render_trace(trace: View, style: Style) -> str:
    """Write one path as text; `quiet` gives who asked whom, the verdict and the last line only."""
    page = Page(style)
    reason = trace["reason"]
    code = f" {reason['code']}" if reason["code"] else ""
    page.line(f"{_place(trace['from'])} -> {_place(trace['to'])}")
    page.line((trace["verdict"], _VERDICT_STYLE[trace["verdict"]]), f" ({trace['basis']}){code}: {reason['text']}")
    if not style.quiet:
        for endpoint in trace.get("endpoints", ()):
            page.blank()
            page.line((f"endpoint {_place(endpoint['to'])}", "bold"))
            _pair(page, endpoint)
        if "endpoints" not in trace:
            page.blank()
            _pair(page, trace)
        page.blank()
    page.line((trace_summary(trace), _VERDICT_STYLE[trace["verdict"]]))
    return page.text()


def _place(place: View) -> str:
    about = [part for part in (place["ip"], place["node"]) if part and part != place["name"]]
    return f"{place['name']} ({', '.join(about)})" if about else str(place["name"])


def _pair(page: Page, pair: View) -> None:
    for name in ("request", "reply"):
        _way(page, name, pair[name])


def _way(page: Page, name: str, way: View) -> None:
    page.line((f"{name}: ", "bold"), (way["outcome"], _OUTCOME_STYLE[way["outcome"]]), lead="  ")
    for number, hop in enumerate(way["hops"], 1):
        _hop(page, number, hop)
    if not way["hops"]:
        page.line("no hop is known", lead="    ")


def _hop(page: Page, number: int, hop: View) -> None:
    style = "bold red" if hop["does"] == "drops" else "bold"
    page.line(f"{hop['node'] or 'a machine that is no node'} ", (hop["does"], style), lead=f"  {number:>3}. ")
    labels = ("expected", "found") if hop["rule"] == hop["found"] else ("rule", "expected", "found")
    for label in labels:
        if hop[label] is not None or (label == "found" and hop["expected"] is not None):
            page.line(hop[label] or "not recorded", lead=f"       {label + ':':<9} ")
    if hop["evidence"]:
        text = hop["evidence"]["text"]
        said = text in (hop["rule"], hop["found"])
        page.line(
            (where(hop["evidence"]), "bright_blue"), f" | {text}" if text and not said else "", lead="       --> "
        )
