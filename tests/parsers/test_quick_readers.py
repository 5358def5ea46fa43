"""Readers of bytes: which is asked first, and that what one takes is what the general way makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calico_bundle.parsers import Parsed, Parser, choose, quick
from calico_bundle.parsers.quick import QuickReading
from calico_bundle.sources.text import decode

FIXTURES = sorted(path for path in (Path(__file__).parents[2] / "fixtures").rglob("*") if path.is_file())


def parser_of(mark: str, asked: list[str]) -> Parser:
    def read(data: bytes, _path: str) -> Parsed | None:
        asked.append(mark)
        return Parsed((mark,)) if data.startswith(mark.encode()) else None

    return Parser(mark, lambda head: head.startswith(mark), lambda _, __: Parsed(()), quick=read)


def asked_for(monkeypatch: pytest.MonkeyPatch, files: list[tuple[str, str]]) -> list[tuple[str | None, str]]:
    """The kind that each file was taken for, and who was asked."""
    asked: list[str] = []
    parsers = {mark: parser_of(mark, asked) for mark in "abc"}
    monkeypatch.setattr(quick, "all_parsers", lambda: tuple(parsers.values()))
    reading, found = QuickReading(), []
    for path, text in files:
        asked.clear()
        taken, parser = reading.guess(text.encode(), path), parsers.get(text[:1])
        if not taken and parser:
            taken = reading.read(parser, text.encode(), path)
        found.append((taken[0] if taken else None, "".join(asked)))
    return found


def test_reader_of_the_last_file_of_a_name_is_asked_first(monkeypatch: pytest.MonkeyPatch):
    files = [("n1/x-1.txt", "c1"), ("n2/x-1.txt", "c2"), ("n1/x-2.txt", "b1"), ("n2/x-2.txt", "b2"), ("n2/y.txt", "c")]
    assert asked_for(monkeypatch, files) == [("c", "c"), ("c", "c"), ("b", "cb"), ("b", "b"), ("c", "c")]


def test_name_decides_nothing(monkeypatch: pytest.MonkeyPatch):
    files = [("n1/x.txt", "c1"), ("n2/x.txt", "a"), ("n3/x.txt", "other"), ("n4/x.txt", "c")]
    assert [kind for kind, _ in asked_for(monkeypatch, files)] == ["c", "a", None, "c"]


def test_reader_that_refuses_a_file_is_asked_once(monkeypatch: pytest.MonkeyPatch):
    def refuse(_data: bytes, _path: str) -> None:
        asked.append("a")

    asked: list[str] = []
    parser = Parser("a", lambda _: True, lambda _, __: Parsed(()), quick=refuse)
    monkeypatch.setattr(quick, "all_parsers", lambda: (parser,))
    reading = QuickReading()
    for expected in (1, 2):
        assert reading.guess(b"text", "x.txt") is None
        assert reading.read(parser, b"text", "x.txt") is None
        assert len(asked) == expected


def test_reader_may_hold_files_of_one_pass_beside_each_other(monkeypatch: pytest.MonkeyPatch):
    def made() -> Callable[[bytes, str], Parsed]:
        seen: list[bytes] = []
        return lambda data, _: Parsed((seen.append(data), len(seen)))

    parser = Parser("a", lambda _: True, lambda _, __: Parsed(()), reader=made)
    monkeypatch.setattr(quick, "all_parsers", lambda: (parser,))
    for reading in (QuickReading(), QuickReading()):
        assert reading.read(parser, b"one", "n1/x.txt") == ("a", Parsed((None, 1)))
        assert reading.guess(b"two", "n2/x.txt") == ("a", Parsed((None, 2)))


def test_empty_file_is_for_the_general_way(monkeypatch: pytest.MonkeyPatch):
    assert asked_for(monkeypatch, [("x.txt", "c"), ("x.txt", "")])[1] == (None, "")


def test_recorded_files_are_read_the_same_in_both_ways():
    reading = QuickReading()
    for file in FIXTURES:
        data, path = file.read_bytes(), file.name
        general = choose(decode(data))
        taken = reading.guess(data, path) or (reading.read(general, data, path) if general else None)
        if taken:
            assert general is not None, file
            expected = general.parse(decode(data), path)
            kind, parsed = taken
            assert kind == general.kind, file
            assert list(parsed.facts) == list(expected.facts), file
            assert (parsed.gaps, parsed.owner) == (expected.gaps, expected.owner), file
