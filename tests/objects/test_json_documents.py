"""JSON to located values: right about lines, and a broken item costs only itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.objects.json_documents import JsonReader
from calico_bundle.objects.located import DEEPEST, LocatedList, LocatedMap, UnreadableError, Value


def read(text: str) -> Value:
    reader = JsonReader(text)
    value, _ = reader.read(0)
    assert reader.problems == []
    return value


def as_map(value: Value) -> LocatedMap:
    assert isinstance(value, LocatedMap)
    return value


def pretty_list(count: int) -> list[str]:
    items = [{"kind": "Node", "metadata": {"name": f"n{i}"}} for i in range(count)]
    return json.dumps({"apiVersion": "v1", "items": items, "kind": "List"}, indent=4).split("\n")


def names(value: Value) -> list[object]:
    items = as_map(value)["items"]
    assert isinstance(items, LocatedList)
    return [as_map(as_map(item)["metadata"])["name"] for item in items]


def test_every_key_and_item_knows_its_line():
    value = as_map(read('{"a": 1,\n "b": [\n  "x",\n  {"c":\n null}\n ]}'))
    assert value.lines == {"a": 1, "b": 2}
    items = value["b"]
    assert isinstance(items, LocatedList)
    assert items.lines == [3, 4]
    assert as_map(items[1]).lines == {"c": 4}


@pytest.mark.parametrize(
    "written, meant",
    [
        ("1", 1),
        ("-5", -5),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("9" * 30, "9" * 30),
        ("true", True),
        ("null", None),
        (r'"a\"b\\\u00e9\n"', 'a"b\\é\n'),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\ud800"', "\ufffd"),
        ('"a\tb"', "a\tb"),
        ("{}", {}),
        ("[ ]", []),
    ],
)
def test_values(written: str, meant: object):
    value = as_map(read(f'{{"a": {written}}}'))["a"]
    assert value == meant


def test_managed_fields_are_passed_over():
    text = '{"managedFields": [{"a": {}}], "b": {"managedFields": [1, "]"],\n"c": 2}}'
    assert read(text) == {"b": {"c": 2}}


@pytest.mark.parametrize(
    "text, line, kind",
    [
        ('{"a": 1\n "b": 2}', 2, GapKind.NOT_UNDERSTOOD),
        ('{"a": 1,\n}', 2, GapKind.NOT_UNDERSTOOD),
        ('{"a": nul}', 1, GapKind.NOT_UNDERSTOOD),
        ('{"a": "x\n"}', 1, GapKind.NOT_UNDERSTOOD),
        (r'{"a": "\q"}', 1, GapKind.NOT_UNDERSTOOD),
        ('{"a": [1, 2}', 1, GapKind.NOT_UNDERSTOOD),
        ('{"a":\n {"b": 1,\n', 2, GapKind.TRUNCATED),
        ('{"a": 1,\n"a": 2}', 2, GapKind.CONTRADICTED),
        ('{"a": ' * 100_000, 1, GapKind.REFUSED),
        ('{"a": ' + "[" * 100_000, 1, GapKind.REFUSED),
    ],
)
def test_what_is_broken_is_told_with_its_line(text: str, line: int, kind: GapKind):
    with pytest.raises(UnreadableError) as broken:
        read(text)
    assert (broken.value.line, broken.value.kind) == (line, kind)


def test_the_deepest_nesting_that_is_read():
    inner = DEEPEST - 1
    assert read('{"a":' + "[" * inner + "]" * inner + "}") is not None
    with pytest.raises(UnreadableError, match="nested"):
        read('{"a":' + "[" * DEEPEST + "]" * DEEPEST + "}")


@pytest.mark.parametrize("damage", ['"name": "n1', '"name": "n1"}, {', "", '"name" "n1"'])
def test_a_broken_item_of_a_list_costs_only_itself(damage: str):
    lines = pretty_list(4)
    broken = next(i for i, line in enumerate(lines) if '"n1"' in line)
    lines[broken] = damage
    if not damage:
        del lines[broken : broken + 3]
    reader = JsonReader("\n".join(lines))
    value, end = reader.read(0)
    assert names(value) == ["n0", "n2", "n3"]
    assert as_map(value)["kind"] == "List"
    assert end == len("\n".join(lines))
    assert all(abs((problem.line or 0) - broken) <= 4 for problem in reader.problems)
    assert reader.problems


def test_a_list_that_is_cut_off_keeps_its_whole_items():
    lines = pretty_list(3)
    text = "\n".join(lines[: next(i for i, line in enumerate(lines) if '"n2"' in line)])
    reader = JsonReader(text)
    assert names(reader.read(0)[0]) == ["n0", "n1"]
    assert [problem.kind for problem in reader.problems] == [GapKind.TRUNCATED]


def test_one_line_that_is_cut_off_keeps_its_whole_items():
    text = '{"kind":"NodeList","items":[{"metadata":{"name":"n0"}},{"metadata":{"na'
    reader = JsonReader(text)
    assert names(reader.read(0)[0]) == ["n0"]
    assert len(reader.problems) == 1


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), TREES, max_size=4), st.sampled_from([None, 1, 4, "\t"]), st.booleans())
@settings(max_examples=100)
def test_what_json_writes_is_read_back(tree: dict[str, object], indent: int | str | None, ascii_only: bool):
    assert read(json.dumps(tree, indent=indent, ensure_ascii=ascii_only)) == tree


@given(st.text('{}[]",:1tn\\ \n', max_size=60), st.sampled_from("{["))
@settings(max_examples=150)
def test_any_text_is_read_or_refused(text: str, first: str):
    reader = JsonReader(first + text)
    end, line = None, 1
    try:
        _, end = reader.read(0)
    except UnreadableError as refused:
        line = refused.line
    assert 1 <= line <= text.count("\n") + 1
    if end is not None:
        assert 1 <= end <= len(text) + 1
        assert reader.problems or json.loads((first + text)[:end], strict=False) is not None
