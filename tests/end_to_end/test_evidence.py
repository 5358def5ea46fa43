"""Every quoted line is in the bundle, at the line that is said: in findings, effects and every hop of a trace."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import calico_bundle as cb
from calico_bundle.evidence import quote
from calico_bundle.sources import Limits, read_members
from calico_bundle.sources.text import decode
from tests.stories import Story, load_stories

Analyzed = Callable[[Story], cb.Analysis]
Quoted = tuple[str, int | None, str]
every_story = pytest.mark.parametrize("told", load_stories(), ids=lambda s: s.name)


def lines_of(told: Story) -> dict[str, list[str]]:
    """Every file of the bundle as it stands, read anew, by path."""
    source = str(told.path) if told.path else io.BytesIO(told.archive())
    members = read_members(source, limits=Limits(), on_gap=lambda _: None, on_progress=None)
    return {member.path: decode(member.read()).split("\n") for member in members}


def evidence_in(view: Any) -> Iterator[Quoted]:
    """Whatever has the shape of evidence, wherever it stands in a report or trace."""
    if isinstance(view, dict):
        if set(view) == {"path", "line", "text"}:
            yield view["path"], view["line"], view["text"]
        for value in view.values():
            yield from evidence_in(value)
    elif isinstance(view, list):
        for value in view:
            yield from evidence_in(value)


def misquoted(quoted: Iterator[Quoted], files: dict[str, list[str]]) -> list[Quoted]:
    return [
        (path, line, text)
        for path, line, text in quoted
        if path not in files
        or (line is not None and (not 1 <= line <= len(files[path]) or quote(files[path][line - 1]) != text))
    ]


@every_story
def test_report_quotes_what_stands_there(told: Story, analyzed: Analyzed):
    quoted = list(evidence_in(analyzed(told).report()))
    assert quoted
    assert not misquoted(iter(quoted), lines_of(told))


@every_story
def test_gaps_are_in_files_of_the_bundle(told: Story, analyzed: Analyzed):
    files = lines_of(told)
    for gap in analyzed(told).report()["bundle"]["gaps"]:
        if gap["line"] is not None:
            assert 1 <= gap["line"] <= len(files[gap["path"]])


@every_story
def test_traces_quote_what_stands_there(told: Story, analyzed: Analyzed):
    analysis, files = analyzed(told), lines_of(told)
    pods = [f"{p['namespace']}/{p['pod']}" for p in analysis.report()["paths"]]
    nodes = list(analysis.diagnosis.cluster.nodes)
    ways = [(pod, "dns") for pod in pods] + [(one, other) for one in nodes for other in (*nodes, *pods[:6])]
    quoted = [q for source, to in ways for q in evidence_in(analysis.trace(source, to))]
    assert not misquoted(iter(quoted), files)
    assert quoted or not any(n.routes and n.internal_ip for n in analysis.diagnosis.cluster.nodes.values())


@every_story
def test_rule_of_a_hop_is_the_line_it_quotes(told: Story, analyzed: Analyzed):
    analysis = analyzed(told)
    for path in analysis.diagnosis.paths.pods:
        for fate in path.fates:
            for hop in (*fate.request.hops, *fate.reply.hops):
                assert hop.does in ("routes", "encapsulates", "translates", "delivers", "drops")
                if hop.rule is not None and not hop.rule.startswith("predicted: "):
                    assert hop.evidence is not None
                    assert hop.rule == hop.evidence.text


@every_story
def test_facts_of_every_table_quote_what_stands_there(told: Story, analyzed: Analyzed):
    """Not only what a finding happens to quote: the line behind every fact, and behind every field cited on its own."""
    files = lines_of(told)
    facts = [f for a in analyzed(told).bundle.artifacts for f in a.parsed.facts]
    cited = [e for f in facts for e in (f.evidence, *getattr(f, "cited", {}).values())]
    assert cited
    assert not misquoted(((e.path, e.line, e.text) for e in cited), files)


def test_error_findings_quote_something(analyzed: Analyzed):
    silent = [
        (told.name, f["code"], f["subject"])
        for told in load_stories()
        for f in analyzed(told).report()["findings"]
        if f["severity"] == "error" and not f["evidence"]
    ]
    assert not silent
