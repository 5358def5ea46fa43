"""Lines that are longer than the limit are left out; the others keep their numbers, however the file comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.sources import Limits
from calico_bundle.sources.long_lines import LongLines

TEXTS = st.lists(st.sampled_from([b"\n", b"abc", b"a", b" ", b"x" * 9]), max_size=60).map(b"".join)


def expected(data: bytes, most: int) -> tuple[bytes, list[int]]:
    """The rule itself, line by line."""
    lines = data.split(b"\n")
    long = [number for number, line in enumerate(lines, 1) if len(line) > most]
    return b"\n".join(b"" if len(line) > most else line for line in lines), long


@given(TEXTS, st.integers(1, 12))
def test_whole_file(data: bytes, most: int):
    lines = LongLines("f", Limits(max_line_bytes=most))
    assert (lines.whole(data), [gap.line for gap in lines.gaps()]) == expected(data, most)


@given(TEXTS, st.integers(1, 12), st.integers(1, 30))
def test_file_in_pieces(data: bytes, most: int, size: int):
    lines = LongLines("f", Limits(max_line_bytes=most))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert (b"".join(lines.pieces(pieces, data)), [gap.line for gap in lines.gaps()]) == expected(data, most)


def test_json_may_stand_on_one_line():
    lines = LongLines("f", Limits(max_line_bytes=10))
    data = b' {"kind": "List", "items": []}'
    assert lines.whole(data) == data
    assert b"".join(lines.pieces([data], data)) == data
    assert lines.gaps() == ()


def test_utf16_is_cut_at_its_own_lines():
    lines = LongLines("f", Limits(max_line_bytes=10))
    assert lines.whole("one\n{}\ntwo\n".format("x" * 11).encode("utf-16")) == b"one\n\ntwo\n"
    assert [gap.line for gap in lines.gaps()] == [2]
