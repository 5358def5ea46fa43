"""Every check of the catalog on its three bundles: it finds, finds nothing where there is nothing, and says it cannot look."""

from __future__ import annotations

import io
import tarfile
from functools import cache

import pytest

import calico_bundle as cb
from calico_bundle.checks import catalog
from tests.checks.cases import CASES, Given, each
from tests.lab import recording
from tests.stories import story

CODES = [info.code for info in catalog()]
MISSING = [code for code, case in CASES.items() if case.missing is not None]
LEFT_ASIDE = {"CB104", "CB107", "CB401", "CB402"}
"""Checks that a healthy verdict does without, and says so beside it: CB104 and CB107 are about what works, and where no
policies or no rules for services were collected, the stories have a verdict all the same."""
ALWAYS = [code for code, case in CASES.items() if case.missing is None]


def members(of: str) -> list[tuple[str, bytes]]:
    """The files of a story, or of a recording of the laboratory."""
    kind, _, name = of.rpartition(":")
    if kind != "lab":
        return story(name).members()
    with tarfile.open(recording.archive_of(name)) as tar:
        held = (
            (entry.name.removeprefix("bundle/"), tar.extractfile(entry)) for entry in tar if "bundle/" in entry.name
        )
        return [(path, content.read()) for path, content in held if content is not None]


@cache
def analyzed(given: Given) -> cb.Analysis:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in (*members(given.of), *((path, text.encode()) for path, text in given.files)):
            text: str | None = content.decode()
            for edit in given.edits:
                text = None if text is None else edit(path, text)
            if text is not None:
                info = tarfile.TarInfo(path)
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
    return cb.analyze(io.BytesIO(stream.getvalue()))


def became_of(code: str, given: Given) -> tuple[str, str | None]:
    """The status of a check in the JSON report, and the reason for it."""
    (check,) = (c for c in analyzed(given).report()["checks"] if c["code"] == code)
    return check["status"], check["reason"]


def test_every_code_has_its_bundles_and_says_why_they_are_what_they_are():
    assert sorted(CASES) == CODES
    givens = [g for case in CASES.values() for g in (case.positive, case.negative, case.missing) if g]
    assert all(len(given.why.split()) > 1 for given in givens)


@pytest.mark.parametrize("code", CODES)
def test_it_finds_what_is_there_with_the_lines_that_prove_it(code: str):
    case = CASES[code]
    found = analyzed(case.positive).findings[code]
    assert len(found)
    assert became_of(code, case.positive)[0] == "found"
    # What is not there, and how many lines were not understood, has no line.
    assert all(finding.evidence for finding in found) or code in ("CB901", "CB902")


@pytest.mark.parametrize("code", CODES)
def test_it_runs_and_finds_nothing_where_there_is_nothing(code: str):
    case = CASES[code]
    assert len(analyzed(case.negative).findings[code]) == 0
    assert became_of(code, case.negative) == ("nothing-found", None)


@pytest.mark.parametrize("code", MISSING)
def test_without_its_input_it_is_skipped_and_says_what_is_missing(code: str):
    missing = CASES[code].missing
    assert missing is not None
    status, reason = became_of(code, missing)
    assert (status, len(analyzed(missing).findings[code])) == ("skipped", 0)
    assert reason
    assert {"code": code, "reason": reason} in analyzed(missing).report()["checks_skipped"]
    if code not in LEFT_ASIDE:
        assert analyzed(missing).verdict.status != "healthy"


@pytest.mark.parametrize("code", ALWAYS)
def test_what_needs_nothing_is_never_skipped(code: str):
    nothing = Given(
        "healthy", "one file alone", (lambda path, text: text if path.endswith("node-1/ip_rule.txt") else None,)
    )
    assert became_of(code, nothing)[0] in ("found", "nothing-found")


@pytest.mark.parametrize("info", catalog(), ids=lambda info: info.code)
def test_it_explains_what_it_finds_why_it_matters_what_proves_it_the_fix_and_its_limits(info):
    parts = (info.means, info.finds, info.matters, info.proves, info.fix, info.limits)
    assert all(len(part.split()) > 3 and part.endswith((".", ")")) for part in parts)
    assert len(set(parts)) == len(parts)
    told = " ".join(cb.explain(info.code).split())
    assert all(" ".join(part.split()) in told for part in parts)


@pytest.mark.parametrize("of", ["lab:pool-holds-the-lan-ipip", "routed-wrong-card-works"])
def test_a_list_of_nodes_that_is_cut_off_breaks_no_path(of: str):
    """A sender whose Node object is not there may well have that address: Felix takes tunnel packets from every host's."""
    whole = analyzed(Given(of, "measured"))
    cut = analyzed(
        Given(of, "the list of Nodes is cut in the middle", (each(lambda text: text[: len(text) // 2], "nodes.yaml"),))
    )
    said = {pod["pod"]: pod["verdict"] for pod in whole.report()["paths"]}
    for pod in cut.report()["paths"]:
        assert pod["verdict"] in ("unknown", said[pod["pod"]])
