"""The report as Markdown, for a ticket: GitHub, GitLab and Jira show it alike, and no word of the bundle becomes markup.

Source: CommonMark, and of GitHub's extensions (GFM) tables alone. Headings, lists, tables, code: what the three share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from calico_bundle.report import Format, Style, View
from calico_bundle.report.words import count, fold, summary, where

# Words that mean the same with and without Markdown; every other word is shown as code, where nothing has a meaning.
_PLAIN = re.compile(r"[\w(/\"'][\w.,:;()/'\"%=+-]*|[-+=]?\d[\w.,:;/%]*|-", re.ASCII)
_LINKED = re.compile(r"://|^www\.|_{2,}|^_|_$|^\d+[.)]$")
_OWN_CODE = re.compile(r"`([^`]+)`")
_TICKS = re.compile("`+")

_MOST_EVIDENCE, _MOST_ALIKE, _MOST_NODES = 8, 3, 20
_BAD = ("wrong", "duplicate", "not-on-node", "unintended", "unknown")
_CONSIDERED = {"supported": "supported", "ruled-out": "ruled out", "not-checkable": "not checkable"}
_HIT = {"broken": "hit", "works": "spared", "unknown": "unknown"}
_TOLD_OF_FIXES = {"tried": "Tried", "runner_up": "Runner-up"}


def render(report: View, style: Style) -> str:
    """Write a report as Markdown; `style` plays no part."""
    from calico_bundle.evidence import clean

    del style
    sections = (_head, _findings, _effects, _hypotheses, _nodes, _missing, _foot)
    # A ticket's text is also read in terminals: what drives them is taken out, as in the text report.
    return "\n".join(clean(line) for section in sections for line in section(report)) + "\n"


# --- text that is data ------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Write a sentence so that it reads as it stands: words that could be markup are shown as code.

    >>> prose("Calico on node-1 uses <b>10.0.0.1</b>, see `ip addr`")
    'Calico on node-1 uses `<b>10.0.0.1</b>,` see `ip addr`'
    """
    parts = _OWN_CODE.split(" ".join(text.split()))
    return "".join(code(part) if place % 2 else _words(part) for place, part in enumerate(parts))


def _strong(text: str) -> str:
    """Write a sentence in bold; none is no sentence, as four stars would be a line across the page."""
    return f"**{prose(text)}**" if text.strip() else ""


def _words(text: str) -> str:
    return " ".join(word if not word or _is_plain(word) else code(word) for word in text.split(" "))


def _is_plain(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None and _LINKED.search(word) is None


def code(text: str) -> str:
    """Write data as inline code.

    >>> code("a`b")
    '``a`b``'
    """
    text = " ".join(text.split())
    fence = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _block(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """Write lines as a block of code, in a fence that none of them can end."""
    fence = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table; a bar in a cell is escaped, in code too (GFM, Tables)."""
    for cells in (header, ["---"] * len(header), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


# --- sections -----------------------------------------------------------------------------------------------------------


def _head(report: View) -> Iterator[str]:
    verdict, bundle = report["verdict"], report["bundle"]
    yield f"# Cluster DNS: {verdict['status']}"
    yield ""
    yield _strong(verdict["headline"])
    yield ""
    yield f"* {prose(summary(report['dns']['paths']))}"
    if verdict["root_causes"]:
        names = {finding["code"]: finding["name"] for finding in report["findings"]}
        yield "* Root cause: " + ", then ".join(f"{c} {names.get(c, '')}".strip() for c in verdict["root_causes"])
    layouts = f" ({', '.join(bundle['layouts'])})" if bundle["layouts"] else ""
    yield f"* Bundle: {prose(fold(bundle['inputs'], 3))}{layouts}, {count(bundle['artifacts'], 'file')}"


def _findings(report: View) -> Iterator[str]:
    codes = list(dict.fromkeys(finding["code"] for finding in report["findings"]))
    for name in codes:
        alike = [finding for finding in report["findings"] if finding["code"] == name]
        shown = alike if len(alike) <= _MOST_ALIKE + 1 else alike[:_MOST_ALIKE]
        for finding in shown:
            yield from _finding(finding)
        if alike[len(shown) :]:
            yield from (
                "",
                f"{len(alike) - len(shown):,} more {name}: {prose(fold([f['subject'] for f in alike[len(shown) :]]))}",
            )


def _finding(finding: View) -> Iterator[str]:
    yield ""
    yield f"## {finding['severity']} {finding['code']} {finding['name']}: {prose(finding['subject'])}"
    yield ""
    yield prose(finding["message"])
    if finding["evidence"]:
        yield ""
        yield from _block(_quotes(finding["evidence"]))
    affects = finding["affects"]
    if affects["paths"]:
        yield ""
        pods = f"; pods {prose(fold(affects['pods']))}" if affects["pods"] else ""
        yield f"Effect: {count(affects['paths'], 'path')}, on {prose(fold(affects['nodes']))}{pods}."
    for fix in finding["fixes"]:
        yield from _fix(fix)


def _quotes(evidence: Sequence[View]) -> list[str]:
    lines = [f"{where(one)}: {one['text']}" for one in evidence[:_MOST_EVIDENCE]]
    more = len(evidence) - len(lines)
    return [*lines, f"... and {count(more, 'more line')}"] if more else lines


def _fix(fix: View) -> Iterator[str]:
    yield from ("", _strong(f"Fix: {fix['title']}"))
    if fix["commands"]:
        yield ""
        yield from _block(fix["commands"], "sh")
    yield ""
    if fix["restores"] is not None:
        yield f"Restores {count(fix['restores'], 'path')}, leaves {fix['leaves_broken'] or 0:,} broken."
    yield from (f"{title}: {prose(fix[key])}" for key, title in _TOLD_OF_FIXES.items() if fix.get(key))
    yield prose(fix["disruption"])
    if fix.get("undo"):
        yield from ("", "To go back:", "")
        yield from _block(fix["undo"], "sh")


def _effects(report: View) -> Iterator[str]:
    if report["effects"]:
        yield from ("", "## Who is hit, who is spared, and why", "")
        yield from (f"* **{_HIT[effect['status']]}**: {prose(effect['text'])}" for effect in report["effects"])


def _hypotheses(report: View) -> Iterator[str]:
    if report["hypotheses"]:
        yield from ("", "## Causes considered", "")
        rows = ((one["name"], _CONSIDERED[one["status"]], prose(one["text"])) for one in report["hypotheses"])
        yield from _table(("cause", "is", "because"), rows)


def _nodes(report: View) -> Iterator[str]:
    odd = [node for node in report["nodes"] if node["address_verdict"] in _BAD]
    if odd:
        yield from ("", "## Nodes whose Calico address is not plainly right", "")
        rows = (
            (
                prose(node["name"]),
                *(_address(node, key) for key in ("internal", "bgp", "expected")),
                node["address_verdict"],
            )
            for node in odd[:_MOST_NODES]
        )
        yield from _table(("node", "InternalIP", "Calico address", "should be", "verdict"), rows)
        if odd[_MOST_NODES:]:
            yield from ("", f"and {len(odd) - _MOST_NODES:,} more of {count(len(report['nodes']), 'node')}")


def _address(node: View, which: str) -> str:
    card = node.get(f"{which}_interface")
    return f"{node[f'{which}_ip'] or '?'}{f' on {prose(card)}' if card else ''}"


def _missing(report: View) -> Iterator[str]:
    skipped = [check for check in report["checks"] if check["status"] in ("skipped", "open")]
    missing = report["bundle"]["missing"]
    if skipped or missing or report["collect"]:
        yield from ("", "## Not looked at", "")
    yield from (f"* {one['code']} {one['name']}: {prose(one['reason'])}" for one in skipped)
    names = [" of ".join(filter(None, (one["artifact"], one["node"]))) for one in missing]
    if names:
        yield f"* Not in the bundle: {prose(fold(names, 8))}"
    if report["collect"] and report["collect"]["commands"]:
        yield from ("", f"To decide {count(report['collect']['paths'], 'unknown path')}, collect:", "")
        yield from _block(report["collect"]["commands"][:_MOST_NODES], "sh")


def _foot(report: View) -> Iterator[str]:
    tool = report["tool"]
    yield from ("", f"*{tool['name']} {tool['version']}, offline, from the bundle alone.*")


FORMAT = Format("markdown", (".md",), render, lists_paths=False)
