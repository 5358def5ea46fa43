"""The report as SARIF 2.1.0, for code scanning and whoever reads it: rules, results, and the lines inside the bundle.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from calico_bundle.report import Format, Style, View

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
# RFC 3986, 3.3: what may stand in a segment of a path as it is; `!/` keeps members of nested archives readable.
_IN_PATH = "/!$&'()*+,;=@"


def render(report: View, style: Style) -> str:
    """Write a report as SARIF; `style` plays no part. Locations are paths inside the bundle."""
    del style
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _run(report: View) -> dict[str, Any]:
    codes = [check["code"] for check in report["checks"]]
    return {
        "tool": {"driver": {**report["tool"], "rules": [_rule(check) for check in report["checks"]]}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(report)}],
        "results": [_result(finding, codes) for finding in report["findings"]],
        "columnKind": "unicodeCodePoints",
        "properties": {"verdict": report["verdict"], "paths": report["dns"]["paths"]},
    }


def _rule(check: View) -> dict[str, Any]:
    return {
        "id": check["code"],
        "name": "".join(word.title() for word in check["name"].split("-")),
        "shortDescription": {"text": check["means"]},
        "defaultConfiguration": {"level": _LEVELS[check["severity"]]},
        "help": {"text": f"bundle-analyze explain {check['code']}"},
    }


def _result(finding: View, codes: Sequence[str]) -> dict[str, Any]:
    lines = [_location(line) for line in finding["evidence"]]
    result = {
        "ruleId": finding["code"],
        "ruleIndex": codes.index(finding["code"]),
        "level": _LEVELS[finding["severity"]],
        "message": {"text": finding["message"]},
        "locations": [{**one, "logicalLocations": [_subject(finding)]} for one in lines[:1]]
        or [{"logicalLocations": [_subject(finding)]}],
        "relatedLocations": [{"id": number, **one} for number, one in enumerate(lines[1:], 1)],
        "properties": {"affects": finding["affects"], "fixes": finding["fixes"]},
    }
    return {key: value for key, value in result.items() if value != []}


def _subject(finding: View) -> dict[str, str]:
    return {"fullyQualifiedName": finding["subject"], "kind": "resource"}


def _location(line: View) -> dict[str, Any]:
    from urllib.parse import quote

    place: dict[str, Any] = {"artifactLocation": {"uri": quote(line["path"], safe=_IN_PATH, errors="surrogatepass")}}
    if line["line"] is not None:
        place["region"] = {"startLine": line["line"], "snippet": {"text": line["text"]}}
    return {"physicalLocation": place}


def _notes(report: View) -> list[dict[str, Any]]:
    """What was not looked at, and input that gave nothing: said, so that no result does not read as nothing wrong."""
    skipped = [
        {"level": "note", "message": {"text": f"{check['code']} {check['name']} {check['status']}: {check['reason']}"}}
        for check in report["checks"]
        if check["status"] in ("skipped", "open")
    ]
    gaps = [
        {
            "level": "warning",
            "message": {"text": gap["message"]},
            "locations": [_location({"path": gap["path"], "line": gap["line"], "text": ""})],
        }
        for gap in report["bundle"]["gaps"]
    ]
    return skipped + gaps


FORMAT = Format("sarif", (".sarif",), render, lists_paths=False)
