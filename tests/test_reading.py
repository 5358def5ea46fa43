"""The reading pass: large files in pieces, and an answer that does not depend on the order of the files."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from calico_bundle import bundle
from calico_bundle.bundle import Artifact, read_bundle
from calico_bundle.parsers import Parsed, Parser, choose
from tests.sources.packing import tar_with

FIXTURES = Path(__file__).parents[1] / "fixtures"
ROUTES = b"default via 10.0.0.1 dev eth0 proto static\n" + b"10.0.0.0/24 dev eth0 proto kernel scope link\n" * 300


def files_of(folder: Path) -> list[tuple[str, bytes]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in paths]


def by_path(files: list[tuple[str, bytes]]) -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in read_bundle(io.BytesIO(tar_with(*files))).artifacts}


@pytest.mark.parametrize("name", ["incident", "incident-by-hand", "node-dumps-only"])
def test_order_of_the_files_changes_nothing(name: str):
    files = files_of(FIXTURES / name)
    expected = by_path(files)
    for seed in range(3):
        random.Random(seed).shuffle(files)
        found = by_path(files)
        assert found.keys() == expected.keys()
        for path, artifact in found.items():
            plain = replace(artifact.parsed, facts=tuple(artifact.parsed.facts))
            before = expected[path]
            assert plain == replace(before.parsed, facts=tuple(before.parsed.facts)), path
            assert (artifact.kind, artifact.placement) == (before.kind, before.placement), path


def test_files_of_one_name_may_be_of_any_kind():
    files = [("n1/out.txt", ROUTES), ("n2/out.txt", b"0:\tfrom all lookup local\n"), ("n3/out.txt", ROUTES)]
    assert [artifact.kind for artifact in by_path(files).values()] == ["ip-route", "ip-rule", "ip-route"]


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What a parser that can read in pieces was given, of files of 10 KB and more."""
    given: list[bytes] = []

    def stream(pieces: Iterator[bytes], path: str) -> Parsed:
        given.extend(pieces)
        return Parsed((path,))

    def chosen(text: str) -> Parser | None:
        parser = choose(text)
        return replace(parser, stream=stream) if parser and parser.kind == "ip-route" else parser

    monkeypatch.setattr(bundle, "choose", chosen)
    monkeypatch.setattr(bundle, "LARGE_BYTES", 10_000)
    return given


def test_large_file_is_read_in_pieces(streamed: list[bytes]):
    (artifact,) = by_path([("r.txt", ROUTES)]).values()
    assert b"".join(streamed) == ROUTES
    assert (artifact.size, artifact.kind, artifact.parsed.facts) == (len(ROUTES), "ip-route", ("r.txt",))


def test_pieces_have_the_lines_of_the_text(streamed: list[bytes]):
    by_path([("r.txt", ROUTES.replace(b"\n", b"\r\n"))])
    assert b"".join(streamed) == ROUTES


@pytest.mark.parametrize(
    "data",
    [
        ROUTES[:9000],
        ROUTES.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + ROUTES,
        b"\x1b[1m" + ROUTES,
        b"\x7fELF\x02\x01\x01\0\0" * 2000,
        b"words\n" * 3000,
    ],
    ids=["small", "UTF-16", "with a mark", "with colors", "binary", "unknown"],
)
def test_any_other_file_is_read_whole(data: bytes, streamed: list[bytes]):
    known = read_bundle(io.BytesIO(tar_with(("known", ROUTES[:900]), ("r.txt", data)))).artifacts[1]
    assert streamed == []
    assert known.size == len(data)
    assert known.kind == (None if b"via" not in data.replace(b"\0", b"") else "ip-route")


def test_cut_large_file_is_a_gap_and_what_is_there_is_read(streamed: list[bytes]):
    archive = tar_with(("r.txt", ROUTES))
    cut = read_bundle(io.BytesIO(archive[:11_000]))
    assert b"".join(streamed) == ROUTES[: 11_000 - 512]
    assert cut.artifacts[0].size == 11_000 - 512
    assert "only" in cut.gaps[0].message
