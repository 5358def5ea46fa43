"""Every input that the fuzzer started from or once failed on, replayed; docs/fuzzing.md tells how new ones get here."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import fuzz_targets
from tools.fuzz import CORPUS
from tools.fuzz_targets import targets

INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_kept_input(path: Path):
    targets()[path.parent.name](path.read_bytes())


def test_every_target_has_a_corpus_and_every_corpus_a_target():
    assert {path.parent.name for path in INPUTS} == set(targets())


def test_corpus_is_small():
    assert sum(path.stat().st_size for path in INPUTS) < 512 * 1024


def damaged(data: bytes, seed: int) -> Iterator[bytes]:
    """Endless variants of an input, always the same ones."""
    dice = random.Random(seed)
    for _ in itertools.count():
        changed = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(changed) + 1)
            changed[at : at + dice.randint(0, 4)] = dice.choice(
                [b"", b"\0", b"\n", b" ", b"\xff", b"\x1b[31m", b"9" * 30]
            )
        yield bytes(changed)


@pytest.mark.parametrize("name", sorted(set(targets()) - {"command"}))
def test_damaged_input(name: str):
    run = targets()[name]
    for path in INPUTS:
        if path.parent.name == name:
            for data in itertools.islice(damaged(path.read_bytes(), len(name)), 12):
                run(data)


def test_target_notices_a_wrong_quote(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fuzz_targets, "quote", lambda _: "something else")
    with pytest.raises(AssertionError):
        targets()["parser-ip_route"](b"default via 10.0.0.1 dev eth0\n")


def test_target_notices_an_internal_error(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("calico_bundle.analysis.analyze", fail)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        targets()["command"](b"0\n@@ a.txt\ndefault via 10.0.0.1 dev eth0\n")
