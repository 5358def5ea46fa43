"""Quotes: what is blanked, cleaned and cut, however quickly that was seen."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from calico_bundle.evidence import LONGEST_QUOTE, quote

WORDS = ["password: x", "API-KEY=1", "token", "secret", "Authorization : Bearer y", "-----BEGIN RSA PRIVATE KEY-----"]
LINES = st.lists(
    st.text(max_size=9) | st.sampled_from([*WORDS, "\t", "  ", "\x1b[1m", "\u017fecret=1", "a" * 390])
).map("".join)


@given(LINES)
@example(" " * LONGEST_QUOTE + "a")
def test_a_line_that_is_seen_to_be_plain_is_quoted_like_any_other(line: str) -> None:
    # A bell is cleaned away, and no line with one is plain.
    assert quote(line) == quote("\x07" + line)
