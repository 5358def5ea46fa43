"""Markdown, read by a parser of CommonMark and GFM's tables: what is data stays text."""

from __future__ import annotations

import copy
import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from calico_bundle.report import Style
from calico_bundle.report.markdown import code, prose, render
from tests.report import hand_made

HOSTILE = st.text(alphabet=st.sampled_from("ab`*_<>[]()#|\\!&-+.:/@~= \n\t1"), max_size=40) | st.text(max_size=30)


def tokens(text: str) -> list[Token]:
    found = MarkdownIt("commonmark").enable("table").parse(text)
    return [*found, *(child for token in found for child in token.children or ())]


def shown(text: str) -> str:
    """The words that a reader sees."""
    kinds = {"text": " ", "code_inline": "", "softbreak": " "}
    return "".join(t.content for t in tokens(text) if t.type in kinds and not t.children)


def test_the_report_has_what_a_ticket_needs():
    written = render(hand_made.broken_report(), Style())
    assert written.startswith("# Cluster DNS: broken\n")
    for words in ("192.168.50.12", "node-2", "CB101 wrong-bgp-source-ip", "kubectl", "nodes.yaml:"):
        assert words in written
    headings = [t.tag for t in tokens(written) if t.type == "heading_open"]
    assert headings.count("h1") == 1


def test_a_table_keeps_its_columns():
    made = hand_made.broken_report()
    made["hypotheses"][0]["text"] = "a | b `c|d`"
    rows = [t for t in tokens(render(made, Style())) if t.type == "tr_open"]
    cells = [t for t in tokens(render(made, Style())) if t.type in ("td_open", "th_open")]
    assert len(rows) == 1 + len(made["hypotheses"]) + 1 + 1
    assert len(cells) == 3 * (1 + len(made["hypotheses"])) + 5 * 2


def test_a_large_cluster_fits_a_ticket():
    assert len(render(hand_made.large_report(), Style())) < 65_536  # GitHub's limit of a comment


@given(HOSTILE)
def test_a_sentence_shows_its_words_and_nothing_else(text: str):
    text = re.sub(r"`[^`]+`", "", text).replace("`", "")
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    written = f"x {prose(text)} x"
    assert {t.type for t in tokens(written)} <= allowed
    assert "".join(shown(written).split()) == "".join(f"x{text}x".split()).replace("\x00", "\ufffd")


@given(HOSTILE)
def test_code_shows_what_it_was_given(text: str):
    found = [t.content for t in tokens(f"x {code(text)} x") if t.type == "code_inline"]
    assert found == [" ".join(text.split()).replace("\x00", "\ufffd")] or not text.split()


@given(HOSTILE)
def test_no_text_becomes_markup(text: str):
    made = copy.deepcopy(hand_made.broken_report())
    usual = {t.type for t in tokens(render(made, Style()))} | {"code_inline"}
    made["verdict"]["headline"] = made["findings"][0]["message"] = text
    made["findings"][0]["evidence"] = [hand_made.evidence(" ".join(text.split()) or "x", 1, " ".join(text.split()))]
    made["nodes"][1]["name"] = text
    made["hypotheses"][0]["text"] = text
    assert {t.type for t in tokens(render(made, Style()))} <= usual
