"""The report as text for a terminal, a pipe or a ticket: the verdict first, and the last line always sums up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from calico_bundle.report import PIPED_WIDTH, Format, Style, View
from calico_bundle.report.words import count, fold, summary, where

if TYPE_CHECKING:
    from calico_bundle.report.page import Page, Span

VERDICT_STYLE = {
    "broken": "bold red",
    "at-risk": "bold yellow",
    "inconclusive": "bold yellow",
    "healthy": "bold green",
}

_LISTED_NODES = 20
_LISTED_ENDPOINTS = 5
_LISTED_MISSING = 10


def render(
    report: View, *, width: int = PIPED_WIDTH, color: bool = False, verbose: bool = False, quiet: bool = False
) -> str:
    """Write a report as text; `verbose` folds nothing, `quiet` gives the headline and the last line only."""
    # Late, because `--help` imports every format to name it.
    from calico_bundle.report.page import Page
    from calico_bundle.report.text_findings import collect, effects, findings, hypotheses, symptoms

    page = Page(Style(width, color, verbose, quiet))
    _headline(page, report["verdict"])
    if not quiet:
        _bundle(page, report)
        for section in (
            findings,
            effects,
            symptoms,
            hypotheses,
            _dns,
            _nodes,
            _paths,
            _coverage,
            _other_plugins,
            _skipped,
            _missing,
            collect,
            _gaps,
            _files,
        ):
            section(page, report)
        page.blank()
    page.line((summary(report["dns"]["paths"]), VERDICT_STYLE[report["verdict"]["status"]]))
    return page.text()


def _headline(page: Page, verdict: View) -> None:
    page.line((verdict["status"], VERDICT_STYLE[verdict["status"]]), (f": {verdict['headline']}", "bold"))


def _bundle(page: Page, report: View) -> None:
    bundle = report["bundle"]
    layouts = f" ({', '.join(bundle['layouts'])})" if bundle["layouts"] else ""
    read = f"{fold(bundle['inputs'], None if page.verbose else 3)}{layouts}, {count(bundle['artifacts'], 'file')}"
    page.line(read, lead="  bundle: ")
    if like := bundle.get("closest_layout"):
        lacks = f", and not {', '.join(like['lacks'])}" if like["lacks"] else ""
        page.line(f"{like['title']} has {', '.join(like['has'])} too{lacks}", lead="  closest: ")
    if changed := report.get("what_if"):
        moves = [f"{m['node']} {m['before'] or 'none'} -> {m['after'] or m['open']}" for m in changed["nodes"]]
        page.line(fold(moves, None if page.verbose else 5) if moves else "no node's address", lead="  changes: ")
    if report["verdict"]["root_causes"]:
        names = {finding["code"]: finding["name"] for finding in report["findings"]}
        causes = [f"{code} {names.get(code, '')}".strip() for code in report["verdict"]["root_causes"]]
        page.line(", then ".join(causes), lead="  root cause: ")


def _dns(page: Page, report: View) -> None:
    services = report["dns"]["services"]
    page.heading("Cluster DNS")
    if not services:
        page.line("no DNS service was found in the bundle", lead="  ")
    for service in services:
        page.line(
            f"{service['namespace']}/{service['name']} at {', '.join(service['cluster_ips']) or 'no address in the bundle'}",
            lead="  ",
        )
        _endpoints(page, service["endpoints"])


def _endpoints(page: Page, endpoints: Sequence[View]) -> None:
    shown = endpoints if page.verbose or len(endpoints) <= _LISTED_ENDPOINTS + 1 else endpoints[:_LISTED_ENDPOINTS]
    for end in shown:
        pod = f" {end['namespace']}/{end['pod']}" if end["pod"] else ""
        node = f" on {end['node']}" if end["node"] else ""
        state: Span = (" ready", "green") if end["ready"] else (" not ready", "red")
        if not end["ready_shown"]:
            state = (" (whether it is ready is not shown)", "yellow")
        page.line(f"{end['ip']}{pod}{node}", state, lead="    ")
    if endpoints[len(shown) :]:
        page.line(f"and {len(endpoints) - len(shown):,} more", lead="    ")
    if not endpoints:
        page.line("no endpoint in the bundle", lead="    ")


_ADDRESS_VERDICTS = ("wrong", "duplicate", "not-on-node", "unintended", "unknown", "ok")
_ADDRESS_STYLE = {"ok": "green", "unknown": "yellow", "unintended": "yellow"}


def _nodes(page: Page, report: View) -> None:
    nodes = sorted(report["nodes"], key=lambda node: _ADDRESS_VERDICTS.index(_worst(node)))
    if not nodes:
        return
    page.heading("Nodes")
    shown = nodes if page.verbose or len(nodes) <= _LISTED_NODES + 1 else nodes[:_LISTED_NODES]
    rows = [row for node in shown for row in _node_rows(node)]
    page.table(("node", "InternalIP", "Calico address", "should be", "verdict"), rows)
    if nodes[len(shown) :]:
        counts = Counter(_worst(node) for node in nodes[len(shown) :])
        verdicts = ", ".join(f"{counts[word]:,} {word}" for word in _ADDRESS_VERDICTS if counts[word])
        page.line(f"and {len(nodes) - len(shown):,} more: {verdicts} (-v lists them)", lead="  ")


def _worst(node: View) -> str:
    words: list[str] = [part["address_verdict"] for part in (node, node["ipv6"]) if part]
    return min(words, key=_ADDRESS_VERDICTS.index)


def _node_rows(node: View) -> list[list[Span]]:
    rows: list[list[Span]] = [[node["name"], *_address_cells(node, node["bgp_interface"], node["expected_interface"])]]
    if node["ipv6"]:
        rows.append(["", *_address_cells(node["ipv6"], node["ipv6"]["bgp_interface"], None)])
    return rows


def _address_cells(node: View, interface: str | None, expected_interface: str | None) -> tuple[Span, ...]:
    verdict = node["address_verdict"]
    moves = node["predicted_ip"] and node["bgp_ip"] and node["predicted_ip"] != node["bgp_ip"]
    words = f"{verdict}, next restart: {node['predicted_ip']}" if moves else verdict
    stored, expected = _on(node["bgp_ip"], interface), _on(node["expected_ip"], expected_interface)
    return node["internal_ip"] or "-", stored, expected, (words, _ADDRESS_STYLE.get(verdict, "red"))


def _on(*parts: str | None) -> str:
    return " ".join(part for part in parts if part) or "-"


def _paths(page: Page, report: View) -> None:
    """Every pod that does not reach, by verdict and reason; only with -v, and only where the report lists them."""
    alike: dict[tuple[str, str], list[str]] = {}
    for path in report["paths"] if page.verbose else ():
        if path["verdict"] in ("broken", "degraded", "unknown"):
            key = (path["verdict"], path["reason"]["text"])
            alike.setdefault(key, []).append(f"{path['namespace']}/{path['pod']}")
    if alike:
        page.heading("Pods that do not reach DNS, or may not")
    for (verdict, reason), pods in alike.items():
        page.line((f"{verdict} ", "bold"), f"({count(len(pods), 'pod')}): {reason}", lead="  ")
        page.line(fold(pods, 50), lead="    ")


def _coverage(page: Page, report: View) -> None:
    rows = report.get("coverage", ())
    if not rows:
        return
    page.heading("What was there to look at")
    shown = [row for row in rows if page.verbose or not _complete(row)]
    if shown:
        page.table(("input", "seen", ""), [[row["artifact"], _seen(row), row["text"]] for row in shown])
    if len(rows) > len(shown):
        others = "all" if not shown else "the others,"
        page.line(f"{others} {count(len(rows) - len(shown), 'kind')} of input (-v lists them)", lead="  ")


def _complete(row: View) -> bool:
    return bool(row["seen"]) and (row["of"] is None or row["seen"] >= row["of"])


def _seen(row: View) -> str:
    return f"{row['seen']:,}" if row["of"] is None else f"{row['seen']:,} of {row['of']:,}"


def _other_plugins(page: Page, report: View) -> None:
    if not report.get("other_plugins"):
        return
    page.heading("Other network plugins")
    for plugin in report["other_plugins"]:
        page.line((plugin["name"], "bold"), f" (DaemonSet {plugin['daemonset']}): {plugin['text']}", lead="  ")
        for line in plugin["evidence"]:
            page.line((where(line), "bright_blue"), f" | {line['text']}" if line["text"] else "", lead="    --> ")


def _skipped(page: Page, report: View) -> None:
    if not report.get("checks_skipped"):
        return
    page.heading("Checks that could not be made")
    alike: dict[str, list[str]] = {}
    for item in report["checks_skipped"]:
        alike.setdefault(item["reason"], []).append(item["code"])
    for reason, codes in alike.items():
        page.line((", ".join(codes), "bold"), f": {reason}", lead="  ")


def _missing(page: Page, report: View) -> None:
    alike: dict[tuple[str, str], list[str]] = {}
    for item in report["bundle"]["missing"]:
        alike.setdefault((item["artifact"], item["effect"]), []).extend([item["node"]] if item["node"] else [])
    if not alike:
        return
    page.heading("What is missing, and what stays unknown for it")
    shown = len(alike) if page.verbose or len(alike) <= _LISTED_MISSING + 1 else _LISTED_MISSING
    for (artifact, effect), nodes in list(alike.items())[:shown]:
        of = f" of {fold(nodes, None if page.verbose else 5)}" if nodes else ""
        page.line((f"{artifact}{of}", "bold"), f": {effect}", lead="  ")
    if len(alike) > shown:
        page.line(f"and {len(alike) - shown:,} more (-v lists them)", lead="  ")


def _gaps(page: Page, report: View) -> None:
    gaps = report["bundle"]["gaps"]
    if not gaps:
        return
    page.heading("What was there and could not be understood")
    if page.verbose:
        for gap in gaps:
            line = "" if gap["line"] is None else f":{gap['line']}"
            page.line((f"{gap['path']}{line}", "bright_blue"), f": {gap['kind']}: {gap['message']}", lead="  ")
        return
    kinds = Counter(gap["kind"] for gap in gaps)
    counts = ", ".join(f"{kinds[kind]:,} {kind}" for kind in sorted(kinds))
    page.line(f"{counts}, in {count(len({gap['path'] for gap in gaps}), 'file')} (-v lists them)", lead="  ")


def _files(page: Page, report: View) -> None:
    """Every file and what it was taken for; only with -v."""
    files = report["bundle"].get("files", ()) if page.verbose else ()
    if not files:
        return
    page.heading("Files, and what they were taken for")
    for file in files:
        of = f" of {file['node']}" if file["node"] else ""
        told = f": not read, {file['not_read']}" if file["not_read"] else f": {file['kind']}{of}"
        page.line((file["path"], "bright_blue"), told, lead="  ")


def _render(report: View, style: Style) -> str:
    return render(report, width=style.width, color=style.color, verbose=style.verbose, quiet=style.quiet)


def _render_trace(trace: View, style: Style) -> str:
    from calico_bundle.report.text_trace import render_trace

    return render_trace(trace, style)


FORMAT = Format(name="text", suffix=(".txt",), render=_render, render_trace=_render_trace, lists_paths=False)
