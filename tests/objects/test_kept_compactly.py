"""Texts and columns that are kept in little memory give back what was put into them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.facts.coded import coded
from calico_bundle.facts.packed import PackedTexts, WithText, pack, packed_together, unpack

_characters = st.characters()
_texts = st.lists(st.text(_characters, max_size=4), max_size=9).map(lambda texts: texts * 40)


@given(_texts, st.data())
def test_packed_texts_are_the_texts(texts: list[str], data: st.DataObject) -> None:
    packed = PackedTexts(texts)
    assert list(packed) == texts
    assert [packed[place] for place in range(-len(texts), len(texts))] == texts * 2
    part = data.draw(st.slices(len(texts)))
    assert list(packed[part]) == texts[part]


def test_long_texts_are_kept_in_several_runs() -> None:
    texts = [str(number % 7) * size for number in range(9) for size in (0, 1, 32_767, 32_768, 100_000, 3)]
    packed = PackedTexts(texts)
    assert list(packed) == texts
    assert [packed[place] for place in reversed(range(len(texts)))] == texts[::-1]


def test_a_text_may_hold_what_no_encoding_has() -> None:
    assert list(PackedTexts(["\ud800", "\n", "", "ä"])) == ["\ud800", "\n", "", "ä"]


@given(st.lists(st.one_of(st.text(max_size=3), st.integers(), st.builds(WithText, texts=st.tuples(st.text())))))
def test_things_with_a_text_keep_it_and_the_others_stay(things: list[object]) -> None:
    together = packed_together(things)
    assert [one.text if isinstance(one, WithText) else one for one in together] == [
        one.text if isinstance(one, WithText) else one for one in things
    ]


@given(st.binary(max_size=200))
def test_packed_bytes_are_the_bytes(data: bytes) -> None:
    assert unpack(pack(data)) == data


@given(st.lists(st.sampled_from([True, False, None, "web", ("a", "b"), 70_000])).map(lambda rows: rows * 5), st.data())
def test_a_coded_column_has_the_very_objects(rows: list[object], data: st.DataObject) -> None:
    labels: list[object] = [{}, {"app": "web"}]
    rows = [labels[row] if isinstance(row, bool) else row for row in rows]
    found = coded(rows)
    assert list(map(id, found)) == list(map(id, rows))
    assert all(found[place] is row for place, row in enumerate(rows))
    part = data.draw(st.slices(len(rows)))
    assert list(found[part]) == rows[part]


def test_columns_of_many_values_are_told_apart() -> None:
    for count in (256, 257, 70_000):
        rows = [str(number) for number in range(count)] * 4
        assert list(coded(rows)) == rows
