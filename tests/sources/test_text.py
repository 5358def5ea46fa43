"""Bytes to text: encodings, line ends, terminal colors; and what is no text."""

from __future__ import annotations

import codecs
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.sources.text import can_come_in_pieces, decode, decode_head, looks_binary, text_pieces

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


# What decoding has to do with, in any order: line ends, colors, titles, cut characters of UTF-8, a mark.
ODD = st.lists(
    st.sampled_from(
        [
            *(b"default via", b"\n", b"\r", b"\x1b[1;31m", b"\x1b[", b"\x1b]0;t", b"\x07", b"\x1b", b"[0", b"m", b"0"),
            *("\u00e9".encode(), b"\xc3", b"\xa9", b"\xe2\x82", codecs.BOM_UTF8, b"\0", b" "),
        ]
    ),
    max_size=30,
).map(b"".join)


@settings(max_examples=500)
@given(ODD, st.lists(st.integers(0, 60), max_size=6))
def test_pieces_decode_as_the_whole_does(data: bytes, cuts: list[int]) -> None:
    data = b"ip route: " + data
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(at) if end > start]
    assert b"".join(text_pieces(pieces)).decode(errors="replace") == decode(data)


def test_long_line_with_colors_is_joined_once() -> None:
    pieces = [b"\x1b[1m", *[b"x" * 5000] * 300, b"\nend\n"]
    assert list(text_pieces(pieces)) == [b"x" * 5000 * 300 + b"\nend\n"]


@given(ODD, st.integers(0, 40))
def test_head_is_the_head_of_the_whole(data: bytes, most: int) -> None:
    assert decode_head(data, most) == decode(data)[:most]


@given(ODD, st.integers(1, 40))
def test_head_of_a_large_file_is_the_head_of_the_whole(data: bytes, times: int) -> None:
    data = (b"ip route: " + data) * (times * 300)
    assert decode_head(data, 8192) == decode(data)[:8192]


@given(ODD.map(lambda data: b"x" * 200 + data), st.integers(200, 300))
def test_cut_head_shows_the_whole_but_for_its_end(data: bytes, cut: int) -> None:
    head = data[:cut]
    if can_come_in_pieces(head):
        assert decode(data).startswith(decode(head)[:-9])
