"""YAML to located values: safe on hostile text, right about lines, shy about types."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.objects import yaml_documents
from calico_bundle.objects.located import DEEPEST, LocatedList, LocatedMap, UnreadableError, Value
from calico_bundle.objects.yaml_documents import read_yaml, sanitized

NODE = """\
# a comment
kind: Node
metadata:
  name: n1
  managedFields:
  - manager: kubelet
    fieldsV1: {f:a: {}}
  labels: {zone: a, rack: "7"}
status:
  addresses:
  - address: 10.0.0.1
    type: InternalIP
  -
    address: n1
"""


def read(text: str, first_line: int = 1) -> Value:
    return next(read_yaml(text, first_line))


def as_map(value: Value) -> LocatedMap:
    assert isinstance(value, LocatedMap)
    return value


def test_every_key_knows_its_line():
    node = as_map(read(NODE))
    assert node.lines == {"kind": 2, "metadata": 3, "status": 9}
    assert as_map(node["metadata"]).lines == {"name": 4, "labels": 8}
    addresses = as_map(node["status"])["addresses"]
    assert isinstance(addresses, LocatedList)
    assert [as_map(entry).lines["address"] for entry in addresses] == [11, 14]


def test_the_first_line_is_counted_on():
    assert as_map(read(NODE, 100)).lines["kind"] == 101


def test_managed_fields_are_passed_over():
    assert as_map(as_map(read(NODE))["metadata"]) == {"name": "n1", "labels": {"zone": "a", "rack": "7"}}


@pytest.mark.parametrize(
    "written, meant",
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("53", 53),
        ("-1", -1),
        ('"53"', "53"),
        ("'true'", "true"),
        ("!!str 53", "53"),
        ("1.10", "1.10"),
        ("010", "010"),
        ("12e3", "12e3"),
        ("0x1f", "0x1f"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("9" * 30, "9" * 30),
        ("on", "on"),
    ],
)
def test_only_nothing_truth_and_whole_numbers_are_more_than_text(written: str, meant: object):
    value = as_map(read(f"a: {written}\n"))["a"]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000, "a: " + "{b: " * 50_000, "? " * 50_000])
def test_deep_nesting_is_refused_and_does_not_crash(text: str):
    with pytest.raises(UnreadableError):
        read(text)


def test_the_deepest_nesting_that_is_read():
    assert read("[" * DEEPEST + "]" * DEEPEST) is not None
    with pytest.raises(UnreadableError, match="nested") as refused:
        read("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))
    assert refused.value.kind is GapKind.REFUSED


@pytest.mark.parametrize(
    "text, line, kind, message",
    [
        ("a: &x [1]\nb: *x\n", 2, GapKind.REFUSED, "alias"),
        ("a: 1\n*x : 2\n", 2, GapKind.REFUSED, "alias"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, GapKind.REFUSED, "tag"),
        ("a: 1\nb: !mine {}\n", 2, GapKind.REFUSED, "tag"),
        ("a: 1\n? [b]\n: c\n", 2, GapKind.REFUSED, "key"),
        ("a: 1\nb: c: d\n", 2, GapKind.NOT_UNDERSTOOD, "mapping values"),
        ("a: 1\nb: 'c\n", 2, GapKind.TRUNCATED, "end of stream"),
        ("a: 1\na: 2\n", 2, GapKind.CONTRADICTED, "twice"),
    ],
)
def test_what_is_refused_is_told_with_its_line(text: str, line: int, kind: GapKind, message: str):
    with pytest.raises(UnreadableError, match=message) as refused:
        list(read_yaml(text))
    assert (refused.value.line, refused.value.kind) == (line, kind)


def test_a_merge_key_is_a_key_like_any_other():
    assert read("<<: {a: b}\nc: d\n") == {"<<": {"a": "b"}, "c": "d"}


def test_forbidden_characters_do_not_shift_lines():
    text = sanitized("a: x\x85y\u2028z\x00\rw\r\nb: 2\r\n\ufeffc: 3\n")
    assert list(as_map(read(text)).lines.values()) == [1, 2, 3]


def test_without_libyaml_all_is_the_same(monkeypatch: pytest.MonkeyPatch):
    fast = as_map(read(NODE))
    monkeypatch.setattr(yaml_documents, "_LOADER", yaml.SafeLoader)
    slow = as_map(read(NODE))
    assert (slow, slow.lines) == (fast, fast.lines)
    with pytest.raises(UnreadableError, match="nested"):
        read("[" * 1000)


@given(st.text() | st.text("a1:-[]{}&*!|>'\"#%,? \n\t", max_size=60))
@settings(max_examples=150)
def test_any_text_is_read_or_refused(text: str):
    line = 1
    try:
        list(read_yaml(sanitized(text)))
    except UnreadableError as refused:
        line = refused.line
    assert 1 <= line <= text.count("\n") + 1


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(TREES)
@settings(max_examples=100)
def test_what_pyyaml_writes_is_read_back(tree: object):
    assert read(yaml.safe_dump(tree)) == tree
