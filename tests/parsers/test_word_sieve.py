"""Every place of every word is found, wherever it stands in a large text."""

from __future__ import annotations

import random
import re

import pytest

from calico_bundle.parsers.lookup_wordings import NEEDLES
from calico_bundle.parsers.word_sieve import SHORTEST, WordSieve, count_lines

BLOCK = 1 << 20
ORDINARY = b"the service timed out: no host, no name, connection closed\n"


def places(data: bytes) -> list[int]:
    return sorted({m.start() for word in NEEDLES for m in re.finditer(b"(?=" + re.escape(word) + b")", data)})


@pytest.mark.parametrize("size", [10, 65_536, 70_001, BLOCK, BLOCK + 9, 2 * BLOCK + 3])
def test_it_finds_what_a_plain_search_finds(size):
    dice = random.Random(size)
    text = bytearray((ORDINARY * (size // len(ORDINARY) + 1))[:size])
    for word in NEEDLES * 2:
        spots = [dice.randrange(size), BLOCK - dice.randrange(30), size - len(word), size - len(word) - 3]
        place = min(spot for spot in dice.sample(spots, 4) if spot is not None)
        place = max(0, min(dice.choice([*spots, place]), size - len(word)))
        text[place : place + len(word)] = word
    data = bytes(text)
    assert list(WordSieve(NEEDLES).places(data)) == places(data)


@pytest.mark.parametrize("offset", range(16))
def test_it_finds_a_word_at_the_border_of_two_blocks(offset):
    data = bytearray(b"." * (BLOCK + 100))
    word = NEEDLES[0]
    data[BLOCK - offset : BLOCK - offset + len(word)] = word
    assert list(WordSieve([word]).places(bytes(data))) == [BLOCK - offset]


def test_a_word_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="short"):
        WordSieve([b"short"])
    assert min(map(len, NEEDLES)) >= SHORTEST


@pytest.mark.parametrize("count", [3, 50_000])
def test_lines_are_counted(count):
    assert count_lines(b"a line\n" * count) == count
