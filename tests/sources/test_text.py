"""Bytes to text: encodings, line ends, terminal colors; and what is no text."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.sources.text import decode, looks_binary

LINES = "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 scope link\n"


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        LINES.encode("utf-8-sig"),
        LINES.encode("utf-16"),
        LINES.encode("utf-16-le"),
        LINES.encode("utf-16-be"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.replace("\n", "\r\n").encode(),
        LINES.replace("\n", "\r\r\n").encode(),
        LINES.replace("\n", "\r\n").encode("utf-16"),
        LINES.replace("default", "\x1b[1;31mdefault\x1b[0m").replace("\n", "\x1b[K\r\n").encode(),
        b"\x1b]0;title\x07" + LINES.encode(),
    ],
)
def test_same_lines_in_every_dress(data: bytes) -> None:
    assert decode(data) == LINES
    assert not looks_binary(data)


def test_bytes_that_are_no_utf8_are_marked_and_the_rest_stays() -> None:
    assert decode(b"caf\xe9 10.0.0.1\n") == "caf\ufffd 10.0.0.1\n"


def test_escape_without_an_end_swallows_no_line() -> None:
    assert decode(b"\x1b]0;title\nsecond\n\x1b[\nfourth\n").count("\n") == 4
    assert "second" in decode(b"\x1b]0;title\nsecond\n")


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_never_raises(data: bytes) -> None:
    assert isinstance(decode(data), str)
    assert looks_binary(data) in (True, False)


@settings(max_examples=200)
@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=200))
def test_line_numbers_are_those_of_the_file(text: str) -> None:
    decoded = decode(text.encode())
    assert decoded.count("\n") == text.count("\n")
    if "\r" not in text and "\x1b" not in text:
        assert decoded == text


@pytest.mark.parametrize(
    "data, is_binary",
    [
        (b"", False),
        (b"caf\xe9 latin-1 text with few accents\n", False),
        (b"log line\n" * 50 + bytes(100) + b"next line\n", False),
        (b"\x1b[32mgreen\x1b[0m\n", False),
        (b"\x7fELF\x02\x01\x01" + bytes(50), True),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0", True),
        (bytes(500), True),
        (bytes(range(256)), True),
    ],
)
def test_what_is_no_text(data: bytes, is_binary: bool) -> None:
    assert looks_binary(data) is is_binary
