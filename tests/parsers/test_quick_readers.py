"""Readers of bytes: which is asked first, and that what one takes is what the general way makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calico_bundle.parsers import Parsed, choose, quick
from calico_bundle.parsers.quick import QuickReading
from calico_bundle.sources.text import decode

FIXTURES = sorted(path for path in (Path(__file__).parents[2] / "fixtures").rglob("*") if path.is_file())


def reader(mark: bytes, asked: list[bytes]) -> Callable[[bytes, str], Parsed | None]:
    def read(data: bytes, _path: str) -> Parsed | None:
        asked.append(mark)
        return Parsed((mark,)) if data.startswith(mark) else None

    return read


def asked_for(monkeypatch: pytest.MonkeyPatch, files: list[tuple[str, bytes]]) -> list[tuple[str | None, bytes]]:
    """The kind that each file was taken for, and who was asked."""
    asked: list[bytes] = []
    readers = tuple((mark.decode(), reader(mark, asked)) for mark in (b"a", b"b", b"c"))
    monkeypatch.setattr(quick, "quick_readers", lambda: readers)
    reading, found = QuickReading(), []
    for path, data in files:
        asked.clear()
        taken = reading.read(data, path)
        found.append((taken[0] if taken else None, b"".join(asked)))
    return found


def test_reader_that_takes_files_of_a_name_is_asked_first(monkeypatch: pytest.MonkeyPatch):
    files = [("n1/x.txt", b"c1"), ("n2/x.txt", b"c2"), ("n1/y.txt", b"b1"), ("n2/y.txt", b"b2"), ("n2/z.txt", b"c")]
    expected = [("c", b"abc"), ("c", b"c"), ("b", b"cab"), ("b", b"b"), ("c", b"c")]
    assert asked_for(monkeypatch, files) == expected


def test_name_decides_nothing(monkeypatch: pytest.MonkeyPatch):
    files = [("n1/x.txt", b"c1"), ("n2/x.txt", b"a"), ("n3/x.txt", b"other"), ("n4/x.txt", b"c")]
    assert [kind for kind, _ in asked_for(monkeypatch, files)] == ["c", "a", None, "c"]


def test_empty_file_is_for_the_general_way(monkeypatch: pytest.MonkeyPatch):
    assert asked_for(monkeypatch, [("x.txt", b"")]) == [(None, b"")]


def test_recorded_files_are_read_the_same_in_both_ways():
    reading = QuickReading()
    for file in FIXTURES:
        data, path = file.read_bytes(), file.name
        if taken := reading.read(data, path):
            general = choose(decode(data))
            assert general is not None, file
            expected = general.parse(decode(data), path)
            kind, parsed = taken
            assert kind == general.kind, file
            assert list(parsed.facts) == list(expected.facts), file
            assert (parsed.gaps, parsed.owner) == (expected.gaps, expected.owner), file
