"""The findings as text, in the shape of a compiler's diagnostic, and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle.report import View
from calico_bundle.report.page import Page, Span
from calico_bundle.report.words import count, fold, is_elsewhere, outcome, where

SEVERITY_STYLE = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}

_SAME_CODE = 3
"""Findings of one code that are written out in full; with `-v` all are."""

_QUOTED = 6
"""Lines of evidence that a finding quotes; with `-v` it quotes all."""

_LONGEST_PODS = 20
"""The report lists at most so many pods of a finding."""


def findings(page: Page, report: View) -> None:
    """Write every finding; of many with one code the first ones in full and the others by name."""
    written: list[View] = []
    codes = list(dict.fromkeys(finding["code"] for finding in report["findings"]))
    for code in codes:
        alike = [finding for finding in report["findings"] if finding["code"] == code]
        full = len(alike) if page.verbose or len(alike) <= _SAME_CODE + 1 else _SAME_CODE
        for finding in alike[:full]:
            _finding(page, finding, written)
            written += finding["fixes"]
        if alike[full:]:
            page.blank()
            subjects = fold([finding["subject"] for finding in alike[full:]])
            page.line(f"and {len(alike) - full:,} more {code} {alike[0]['name']} (-v shows all): {subjects}")


def _finding(page: Page, finding: View, written: Sequence[View]) -> None:
    style = SEVERITY_STYLE[finding["severity"]]
    title = ("" if _names_subject(finding) else f"{finding['subject']}: ") + finding["message"]
    page.blank()
    page.line((f"{finding['severity']}[{finding['code']}]", style), (f" {finding['name']}: {title}", "bold"))
    margin = quotes(page, finding["evidence"], indent="")
    _note(page, margin, "effect", _effect(page, finding))
    for number, fix in enumerate(finding["fixes"], 1):
        label = f"fix {number} of {len(finding['fixes'])}" if len(finding["fixes"]) > 1 else "fix"
        if fix in written:
            _note(page, margin, label, f"as above: {fix['title']}")
        else:
            _fix(page, margin, fix, label)
    _note(page, margin, "explain", f"bundle-analyze explain {finding['code']}")


def _names_subject(finding: View) -> bool:
    return finding["subject"] in ("cluster", "bundle") or finding["subject"].rpartition("/")[2] in finding["message"]


def _note(page: Page, margin: str, label: str, words: str) -> None:
    page.line(words, lead=(f"{margin} = {label}: ", "bold"))


def _effect(page: Page, finding: View) -> str:
    affects = finding["affects"]
    parts = [count(affects["paths"], "path") if affects["paths"] else "no path now"]
    if affects["nodes"]:
        nodes = fold(affects["nodes"], None if page.verbose else 5)
        parts.append(f"{_nodes_label(finding)} {nodes}")
    if affects["pods"]:
        parts.append(f"pod{'s' * (len(affects['pods']) > 1)} {_pods(page, affects)}")
    return "; ".join(parts)


def _nodes_label(finding: View) -> str:
    """What the nodes are: those of the pods that are hit, where the finding is about another node."""
    affects = finding["affects"]
    if affects["pods"] and is_elsewhere(finding):
        return "pods hit are on"
    return f"node{'s' * (len(affects['nodes']) > 1)}"


def _pods(page: Page, affects: View) -> str:
    # The report itself stops at so many names, so the others cannot be counted, only admitted.
    if len(affects["pods"]) < _LONGEST_PODS:
        return fold(affects["pods"], None if page.verbose else 3)
    return ", ".join(affects["pods"][: None if page.verbose else 3]) + " and others"


def _fix(page: Page, margin: str, fix: View, label: str) -> None:
    _note(page, margin, label, fix["title"])
    indent = " " * (len(margin) + 5)
    commands(page, fix["commands"], indent)
    if fix["commands"] or fix["restores"] is not None:
        page.line(outcome(fix), lead=indent)
    for key in ("tried", "runner_up", "disruption"):
        if fix.get(key):
            page.line(fix[key], lead=f"{indent}{key.replace('_', '-')}: ")
    if fix.get("undo"):
        page.exact(indent, "to go back:")
        commands(page, fix["undo"], f"{indent}  ")


def commands(page: Page, lines: Sequence[str], indent: str) -> None:
    """Write commands to be copied: indented, each on one line, never wrapped or cut."""
    # A line break inside a command could only come out of the bundle, and would put words of it on a line of their
    # own, ready to be pasted into a shell: the page takes it out, and the schema of the report forbids it.
    for command in lines:
        page.exact(indent, (command, "green"))


def quotes(page: Page, evidence: Sequence[View], indent: str) -> str:
    """Quote lines of the bundle beside their numbers, file by file; gives the margin that notes stand behind."""
    by_file: dict[str, list[View]] = {}
    for item in evidence if page.verbose or len(evidence) <= _QUOTED + 1 else evidence[:_QUOTED]:
        by_file.setdefault(item["path"], []).append(item)
    margin = indent + " " * max((len(str(item["line"])) for item in evidence if item["line"]), default=1)
    bar: Span = (f"{margin} |", "bright_blue")
    for lines in by_file.values():
        page.exact(margin, ("--> ", "bright_blue"), where(lines[0]))
        page.exact(bar)
        for item in lines:
            _quote(page, item, margin)
    hidden = len(evidence) - sum(len(lines) for lines in by_file.values())
    if hidden:
        page.exact(margin, ("... ", "bright_blue"), f"and {count(hidden, 'more line')} of evidence (-v)")
    if evidence:
        page.exact(bar)
    return margin


def _quote(page: Page, item: View, margin: str) -> None:
    if item["text"]:
        number = "" if item["line"] is None else str(item["line"])
        page.line(
            item["text"], lead=(f"{number:>{len(margin)}} | ", "bright_blue"), hang=(f"{margin} | ", "bright_blue")
        )


_HIT_OR_SPARED: dict[str, tuple[str, str]] = {
    "broken": ("hit", "red"),
    "unknown": ("unknown", "yellow"),
    "works": ("spared", "green"),
}


def effects(page: Page, report: View) -> None:
    """Write who is hit and who is spared, and why."""
    if not report.get("effects"):
        return
    page.heading("Who is hit, who is spared, and why")
    order = list(_HIT_OR_SPARED)
    for effect in sorted(report["effects"], key=lambda item: order.index(item["status"])):
        word, style = _HIT_OR_SPARED[effect["status"]]
        _statement(page, (word, style), effect)


_RELATIONS: dict[str, tuple[str, str]] = {
    "contradicts": ("contradicts", "red"),
    "agrees": ("agrees", "green"),
    "says-nothing": ("-", "yellow"),
}
_LISTED_SYMPTOMS = 5


def symptoms(page: Page, report: View) -> None:
    """Write what pods' logs say of failed lookups, what contradicts the verdicts first."""
    told = report.get("symptoms")
    if not told or not told["pods"]:
        return
    page.heading("What the pods' own logs say of their lookups")
    counts = told["relations"]
    page.line(
        f"{count(told['lines'], 'line')} of failed lookups in the logs of {count(told['pods'], 'pod')}: "
        f"{counts['contradicts']:,} contradict the verdict on their path, {counts['agrees']:,} agree with it",
        lead="  ",
    )
    listed = told["listed"] if page.verbose else told["listed"][:_LISTED_SYMPTOMS]
    for symptom in listed:
        name = f"{symptom['namespace'] or '?'}/{symptom['pod']}"
        times = [time for time in (symptom["first_time"], symptom["last_time"]) if time]
        when = f" ({' to '.join(dict.fromkeys(times))})" if times else ""
        _statement(page, _RELATIONS[symptom["relation"]], {**symptom, "name": name, "text": f"{symptom['text']}{when}"})
    if told["pods"] > len(listed):
        page.line(f"and {count(told['pods'] - len(listed), 'more pod')}", lead="  ")


_CONSIDERED: dict[str, tuple[str, str]] = {
    "supported": ("supported", "red"),
    "ruled-out": ("ruled out", "green"),
    "not-checkable": ("not checked", "yellow"),
}


def hypotheses(page: Page, report: View) -> None:
    """Write which other causes were considered, and what would settle those that could not be checked."""
    if not report["hypotheses"]:
        return
    page.heading("Causes considered")
    settles = page.verbose or not _is_explained(report)
    for hypothesis in report["hypotheses"]:
        # What is ruled out is many, and is read by who doubts it.
        folded = hypothesis["status"] == "ruled-out" and not page.verbose
        _statement(page, _CONSIDERED[hypothesis["status"]], hypothesis, quoted=not folded)
        if hypothesis["collect"] and settles:
            page.exact(_INDENT, "to settle it, collect:")
            _some_commands(page, hypothesis["collect"], _SETTLING, f"{_INDENT}  ")
    if not settles and any(hypothesis["collect"] for hypothesis in report["hypotheses"]):
        page.line("-v has the commands that would settle what was not checked", lead="  ")


def _is_explained(report: View) -> bool:
    """Whether nothing is left to look for: nothing fails, or it is known what makes it fail."""
    verdict = report["verdict"]
    return verdict["status"] == "healthy" or bool(verdict["root_causes"])


def collect(page: Page, report: View) -> None:
    """Write what to collect to decide the paths that are unknown."""
    wanted = report["collect"]
    if not wanted or not (wanted["commands"] or wanted["beside"]):
        return
    page.heading(f"To decide {count(wanted['paths'], 'unknown path')}, collect")
    _some_commands(page, wanted["commands"], _LISTED_COMMANDS, "  ")
    for words in wanted["beside"]:
        page.line(words, lead="  and see: ")


def _some_commands(page: Page, lines: Sequence[str], most: int, indent: str) -> None:
    shown = lines if page.verbose else lines[:most]
    commands(page, shown, indent)
    if lines[len(shown) :]:
        page.line(f"and {len(lines) - len(shown):,} more (-v)", lead=indent)


_LISTED_COMMANDS = 12
_SETTLING = 3
"""Commands that an open hypothesis lists: for more nodes they are the same."""

_INDENT = " " * 15
_LISTED_EVIDENCE = 2


def _statement(page: Page, word: tuple[str, str], item: View, *, quoted: bool = True) -> None:
    lead: Span = (f"  {word[0]:<12} ", word[1])
    page.line((f"{item['name']}: ", "bold"), item["text"], lead=lead)
    if not quoted:
        return
    listed = item["evidence"] if page.verbose else item["evidence"][:_LISTED_EVIDENCE]
    for evidence in listed:
        page.line(
            (where(evidence), "bright_blue"),
            f" | {evidence['text']}" if evidence["text"] else "",
            lead=f"{_INDENT}--> ",
        )
    if item["evidence"][len(listed) :]:
        page.exact(_INDENT, f"and {count(len(item['evidence']) - len(listed), 'more line')} (-v)")
