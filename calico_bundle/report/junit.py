"""The report as JUnit XML, for a CI system: a case per check and subject; what could not be looked at is skipped, not passed.

Shape: the `testsuites` file of JUnit's Ant task and its followers, which Jenkins, GitLab and GitHub's actions read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from calico_bundle.report import Format, Style, View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# XML 1.0, production [2] Char: no other character may stand in a document, not even escaped.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INCOMPLETE = "CB901"
_SUITE = "calico_bundle"


def render(report: View, style: Style) -> str:
    """Write a report as JUnit XML; `style` plays no part.

    Errors are failures. Warnings and notes are in the output of a case that passes, and CB901 is skipped: it says what could
    not be judged.
    """
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    del style
    cases = [_verdict(report), *(case for check in report["checks"] for case in _cases(report, check))]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    root = Element("testsuites", {"name": _SUITE, **counts})
    suite = SubElement(root, "testsuite", {"name": _SUITE, **counts})
    properties = SubElement(suite, "properties")
    for name, value in _properties(report):
        SubElement(properties, "property", {"name": name, "value": _clean(value)})
    suite.extend(cases)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, "unicode")}\n'


def _properties(report: View) -> Iterator[tuple[str, str]]:
    verdict = report["verdict"]
    yield "version", report["tool"]["version"]
    yield "status", verdict["status"]
    yield "headline", verdict["headline"]
    yield "root_causes", " ".join(verdict["root_causes"])
    for name, number in report["dns"]["paths"].items():
        yield f"paths_{name}", str(number)


def _verdict(report: View) -> Element:
    from calico_bundle.report.words import summary

    status, headline = report["verdict"]["status"], report["verdict"]["headline"]
    told = f"{headline}\n{summary(report['dns']['paths'])}"
    # As the exit status has it: what is at risk has not failed yet.
    outcome = {"inconclusive": "skipped", "broken": "failure"}.get(status, "system-out")
    return _case("verdict", "cluster", outcome, headline, told, status)


def _cases(report: View, check: View) -> Iterator[Element]:
    """The cases of one check: one per finding, or one for the cluster that passes or is skipped."""
    name = f"{check['code']} {check['name']}"
    found = [finding for finding in report["findings"] if finding["code"] == check["code"]]
    for finding in found:
        yield _case(
            name, finding["subject"], _outcome(finding), finding["message"], _told(finding), finding["severity"]
        )
    if not found:
        outcome = None if check["status"] == "nothing-found" else "skipped"
        yield _case(name, "cluster", outcome, check["reason"] or "")


def _outcome(finding: View) -> str:
    if finding["code"] == _INCOMPLETE:
        return "skipped"
    return "failure" if finding["severity"] == "error" else "system-out"


def _told(finding: View) -> str:
    from calico_bundle.report.words import where

    lines = [finding["message"], *(f"{where(e)}: {e['text']}" for e in finding["evidence"])]
    for fix in finding["fixes"]:
        lines += ["", f"fix: {fix['title']}", *fix["commands"]]
        lines += ["to go back:", *fix["undo"]] if fix.get("undo") else []
    return "\n".join(lines)


def _case(name: str, subject: str, outcome: str | None, message: str, told: str = "", kind: str = "") -> Element:
    """One case; `outcome` is the element that says how it went, None for one that passed without a word."""
    from xml.etree.ElementTree import Element, SubElement

    case = Element(
        "testcase",
        {"classname": f"{_SUITE}.{name.split(maxsplit=1)[0]}", "name": _clean(f"{name} {subject}"), "time": "0"},
    )
    if outcome in ("failure", "skipped"):
        kinds = {"type": kind} if outcome == "failure" else {}
        SubElement(case, outcome, {"message": _clean(message), **kinds}).text = _clean(told)
    elif outcome:
        SubElement(case, outcome).text = _clean(told)
    return case


def _clean(text: str) -> str:
    from calico_bundle.evidence import clean

    return _NOT_IN_XML.sub("\ufffd", "\n".join(map(clean, text.split("\n"))))


FORMAT = Format("junit", (".xml",), render, lists_paths=False)
