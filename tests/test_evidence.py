"""Quotes: what is blanked, cleaned and cut, however quickly that was seen."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calico_bundle.evidence import LONGEST_QUOTE, LineGaps, quote

WORDS = ["password: x", "API-KEY=1", "token", "secret", "Authorization : Bearer y", "-----BEGIN RSA PRIVATE KEY-----"]
LINES = st.lists(
    st.text(max_size=9) | st.sampled_from([*WORDS, "\t", "  ", "\x1b[1m", "\u017fecret=1", "a" * 390])
).map("".join)


@given(LINES)
@example(" " * LONGEST_QUOTE + "a")
def test_a_line_that_is_seen_to_be_plain_is_quoted_like_any_other(line: str) -> None:
    # A bell is cleaned away, and no line with one is plain.
    assert quote(line) == quote("\x07" + line)


@pytest.mark.parametrize(
    "line",
    [
        "client-key-data: {}",
        'curl -H "Authorization: Bearer {}" https://10.0.0.1',
        "kubelet --bootstrap-token {} --v=2",
        "AWS_SECRET_ACCESS_KEY={}",
        "dbPassword = '{}'",
        "etcd https://root:{}@10.0.0.1:2379",
        "tls.key: {}",
        "-----BEGIN EC PRIVATE KEY----- {}",
        "msg=denied bearer {}",
    ],
)
def test_secret_is_not_quoted(line: str):
    assert "hunter2" not in quote(line.format("hunter2-hunter2"))


def test_key_without_its_name_is_not_quoted():
    key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"  # noqa: S105 - made up
    assert quote(key) == quote(f"  {key}==") == quote(token) == "<secret>"


def test_what_only_looks_like_a_secret_is_quoted():
    digest = f"sha256:{'0123456789abcdef' * 4}"
    path = "/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/publish/pvc0123456789"
    for line in (f"image: calico/node@{digest}", f"containerID: {digest}", f"mounted {path}"):
        assert quote(line) == line


@given(st.text(alphabet="-=: eyJ./@AZaz09+tokensecret", max_size=300))
def test_quoting_a_quote_hides_no_less(line: str):
    assert quote(quote(line)) == quote(line) or len(quote(line)) == LONGEST_QUOTE


def test_reason_of_a_gap_is_as_clean_as_its_quote():
    """A reason names a word of the line, and that word may be a secret or move the cursor."""
    gaps = LineGaps("n1/ip-rule.txt")
    gaps.add(2, "from all looku\x1b[2Jp", why="word looku\x1b[2Jp\x07 not understood")
    gaps.add(3, "", why="word token=hunter2 not understood")
    assert [gap.message for gap in gaps.result()] == [
        "word lookup not understood: from all lookup",
        "word token=<secret>",
    ]
