"""Streams: whatever is asked in whatever order, the bytes come once and in their order."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.errors import UsageError
from calico_bundle.evidence import Gap
from calico_bundle.sources import Member, read_members
from calico_bundle.sources.streams import BytesFlow, Flow, InputFlow, Section
from tests.sources.packing import tar_with, zip_of

PARTS = st.lists(st.binary(min_size=1, max_size=9), max_size=9)
ASKED = st.lists(st.tuples(st.sampled_from(["peek", "take", "some", "skip"]), st.integers(0, 20)), max_size=12)


class Parts(Flow):
    """A stream that gives its bytes in these parts."""

    def __init__(self, parts: list[bytes]) -> None:
        super().__init__()
        self._parts = iter(parts)

    def _next(self, wanted: int) -> bytes:  # noqa: ARG002
        return next(self._parts, b"")


def check(flow: Flow, expected: bytes, asked: list[tuple[str, int]]) -> None:
    at = 0
    for what, count in asked:
        left = expected[at : at + count]
        if what == "peek":
            assert flow.peek(count) == left
        elif what == "take":
            assert flow.take(count) == left
        elif what == "skip":
            assert flow.skip(count) == len(left)
        else:
            left = flow.some(count)
            assert expected.startswith(left, at)
            assert bool(left) == bool(count and at < len(expected))
        at += 0 if what == "peek" else len(left)
    assert flow.take(1000) == expected[at:]


@given(PARTS, ASKED)
def test_bytes_come_once_and_in_order(parts: list[bytes], asked: list[tuple[str, int]]) -> None:
    check(Parts(parts), b"".join(parts), asked)


@given(PARTS, ASKED, st.integers(0, 90), st.integers(0, 5))
def test_section_ends_where_it_ends(parts: list[bytes], asked: list[tuple[str, int]], size: int, before: int) -> None:
    whole, flow = b"".join(parts), Parts(parts)
    start = flow.skip(before)
    section = Section(flow, size)
    check(section, whole[start : start + size], asked)
    section.drain()
    assert section.missing == max(0, size - len(whole[start:]))
    assert flow.take(1000) == whole[start + size :]


@given(PARTS, st.integers(0, 90), st.integers(0, 9))
def test_pieces_are_the_whole(parts: list[bytes], size: int, looked_at: int) -> None:
    expected = b"".join(parts)[:size]
    for read in (Section.read_whole, lambda section: b"".join(section.pieces())):
        section = Section(Parts(parts), size)
        section.peek(looked_at)
        assert read(section) == expected


def test_file_object_may_give_any_sort_of_bytes() -> None:
    class Odd(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return bytearray(super().read(size))  # type: ignore[return-value]

    assert InputFlow(Odd(b"abc"), None, lambda _: None).take(9) == b"abc"


def members_of(data: bytes, gaps: list[Gap]) -> Iterator[Member]:
    return read_members(io.BytesIO(data), on_gap=gaps.append)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_large_member_comes_in_pieces(form: int) -> None:
    large = bytes(range(256)) * 8192
    gaps: list[Gap] = []
    archive = tar_with(("large", large), ("after", b"1"), form=form)
    found = {member.path: list(member.pieces()) for member in members_of(archive, gaps)}
    assert b"".join(found["large"]) == large
    assert max(map(len, found["large"])) <= 1024 * 1024
    assert found["after"] == [b"1"]
    assert gaps == []


def test_look_at_the_head_takes_nothing() -> None:
    member = next(members_of(tar_with(("a", b"abc")), []))
    assert member.stream is not None
    assert member.stream.peek(2) == b"ab"
    assert member.read() == b"abc"
    with pytest.raises(UsageError, match="once"):
        member.stream.peek(2)


def test_member_is_read_whole_or_in_pieces_and_not_twice() -> None:
    members = members_of(tar_with(("a", b"1"), ("b", b"2" * 3000)), [])
    first = next(members)
    assert list(first.pieces()) == [b"1"]
    with pytest.raises(UsageError, match="once"):
        first.read()
    with pytest.raises(UsageError, match="once"):
        list(first.pieces())
    second = next(members)
    late = second.pieces()
    next(late)
    assert next(members, None) is None
    with pytest.raises(UsageError, match="before the next"):
        next(late)


def test_wrong_checksum_is_told_of_pieces_too() -> None:
    archive = bytearray(zip_of({"a.txt": b"default via 10.0.0.1\n" * 9}, zipfile.ZIP_STORED))
    archive[archive.index(b"default") + 2] ^= 1
    gaps: list[Gap] = []
    for member in members_of(bytes(archive), gaps):
        list(member.pieces())
    assert "its checksum is wrong" in gaps[0].message


def test_section_of_nothing_is_whole() -> None:
    assert Section(BytesFlow(b"abc"), 0).read_whole() == b""
