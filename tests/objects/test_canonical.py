"""Canonical YAML read without a parser: what is taken is what the YAML parser gives, line by line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calico_bundle.objects.canonical import Canonical, NotCanonicalError
from calico_bundle.objects.located import LocatedList, LocatedMap, Needs, UnreadableError, Value
from calico_bundle.objects.yaml_documents import read_yaml, sanitized

_ODD = (
    *(
        "null",
        "~",
        "true",
        "False",
        "yes",
        "053",
        "53",
        "-1",
        "1.10",
        "0x1f",
        "1e3",
        "2024-01-01",
        "=",
        "<<",
        "-",
        "--",
        "- a",
    ),
    *(
        "a: b",
        "a:b",
        "a:",
        ":a",
        "a #b",
        "a#b",
        "#a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "?",
        "? a",
        "{}",
        "[]",
        "{a",
        "[a",
    ),
    *(
        "",
        " ",
        " a",
        "a ",
        "a  b",
        "it's",
        'say "x"',
        "a\\b",
        "a\nb",
        "a\n\nb\n",
        "\ta",
        "a\tb",
        "a,b",
        "a]b",
        "\u00fc",
        "\u2028",
        "\x85",
    ),
    *(
        "\U0001f9ca",
        "\xa0",
        "\ufeff",
        "***",
        "***HIDDEN***",
        "a" * 300,
        "word " * 30,
        "kind",
        "10.0.0.1",
        "fd00::1",
        "::1",
    ),
)
_PLAIN = ("10.0.0.1", "web", "Calico is running", "it: 'is'", 53, True, None, "true", "2026-06-19T08:06:11Z", "")
_PLAIN_KEYS = ("name", "labels", "a", "b.c/d-e", "x", "y", "z", "managedFields", "q", "r", "s")
_scalars = st.one_of(
    st.sampled_from(_ODD), st.integers(-5, 2**70), st.booleans(), st.none(), st.text(max_size=12), st.floats(0, 9)
)
_keys = st.one_of(
    st.sampled_from(["f:x", "4", "true", "null", "-k", "k k", "", "\u00fc"]),
    st.text(alphabet="abc:.# -'\"", max_size=4),
)


def objects_of(scalars: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of such scalars and keys, nested to some depth."""
    maps = st.dictionaries(keys, scalars, min_size=1, max_size=4)
    inner = st.one_of(scalars, maps, st.lists(scalars, max_size=3), st.lists(maps, max_size=3))
    deeper = st.one_of(
        inner, st.dictionaries(keys, inner, max_size=4), st.lists(st.dictionaries(keys, inner, min_size=1))
    )
    return st.dictionaries(keys, deeper, min_size=1, max_size=5)


def almost_plain(odd: tuple[Any, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects as the API server has them, but for one odd text and one odd key that may stand anywhere."""
    return objects_of(st.sampled_from((*_PLAIN * 2, odd[0])), st.sampled_from((*_PLAIN_KEYS * 3, odd[1])))


_plain_objects = objects_of(st.sampled_from(_PLAIN), st.sampled_from(_PLAIN_KEYS))
_objects = st.one_of(_plain_objects, st.tuples(_scalars, _keys).flatmap(almost_plain), objects_of(_scalars, _keys))
_slow = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def dumped(value: object, *, width: float, indentless: bool = True, style: str | None = None) -> str:
    """A list of one object, as PyYAML writes it; lists at the indentation of their key, as kubectl has them, or deeper."""

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, indentless and not deeper)

    deeper = not indentless
    text: str = yaml.dump(value, Dumper=Dumper, width=width, allow_unicode=True, default_style=style)
    return "- " + text.replace("\n", "\n  ").removesuffix("  ")


def is_same(value: Value, expected: Value) -> bool:
    """Whether two values are equal, and stand on the same lines."""
    if type(value) is not type(expected) or value != expected:
        return False
    if isinstance(value, LocatedMap) and isinstance(expected, LocatedMap):
        return (value.line, value.lines) == (expected.line, expected.lines) and all(
            is_same(value[key], expected[key]) for key in value
        )
    if isinstance(value, LocatedList) and isinstance(expected, LocatedList):
        return (value.line, value.lines) == (expected.line, expected.lines) and all(map(is_same, value, expected))
    return True


def general(text: str) -> Value:
    """The item as the YAML parser has it; it has to be one."""
    (items,) = read_yaml(sanitized(text), 7)
    assert isinstance(items, LocatedList)
    (item,) = items
    return item


def pruned(value: Value, needs: Needs | None) -> Value:
    """What is left of a value when only that is kept which is needed."""
    if needs is None or not isinstance(value, LocatedMap | LocatedList):
        return value
    if isinstance(value, LocatedList):
        items = LocatedList(value.line)
        items.lines = value.lines
        items += [pruned(item, needs) for item in value]
        return items
    kept = LocatedMap(value.line)
    for key in (key for key in value if key in needs):
        kept[key], kept.lines[key] = pruned(value[key], needs[key]), value.lines[key]
    return kept


def taken(text: str, needs: Needs | None = None) -> LocatedMap | None:
    """What is read of an item without the parser; None where that is refused."""
    try:
        return Canonical(text, 7).read(needs)
    except NotCanonicalError:
        return None


@_slow
@given(_objects, st.sampled_from([80, 1e6]), st.booleans(), st.sampled_from([None, '"', "'", "|", ">"]))
def test_what_is_taken_is_what_the_parser_gives(
    value: object, width: float, indentless: bool, style: str | None
) -> None:
    text = dumped(value, width=width, indentless=indentless, style=style)
    found = taken(text)
    assert found is None or is_same(found, general(text))


_NEEDS: Needs = {"name": None, "labels": {"a": None, "name": {"a": None}}, "a": {"name": None, "b.c/d-e": None}}


@_slow
@given(_objects, st.sampled_from([80, 1e6]), st.booleans())
def test_what_is_needed_is_taken_and_nothing_else(value: object, width: float, indentless: bool) -> None:
    text = dumped(value, width=width, indentless=indentless)
    found = taken(text, _NEEDS)
    assert found is None or is_same(found, pruned(general(text), _NEEDS))


_LINES = (
    *(
        "# remark",
        "name: other",
        "  name: deeper",
        "- name",
        "- name: x",
        "    deep",
        '  "name": x',
        "  ? name",
        "...",
        "---",
        "",
    ),
    *(
        "  b: 'open",
        '  b: "open',
        "  name: close'",
        '  name: close"',
        "  b: {x: 1,",
        "  name: y}",
        "  b: |",
        "  b: >-",
        "   name: odd",
    ),
    *(
        "  b: &x 1",
        "  name: *x",
        "  b: !!str 1",
        "\tname: x",
        "  name: x\r",
        "  name: a",
        "    name: b",
        "  <<: {}",
        "  b: x: y",
    ),
)


@_slow
@given(_objects, st.lists(st.tuples(st.integers(0, 30), st.sampled_from(_LINES)), min_size=1, max_size=3))
def test_a_line_that_does_not_belong_is_no_other_value(value: object, added: list[tuple[int, str]]) -> None:
    lines = dumped(value, width=1e6).splitlines()
    for place, line in added:
        lines.insert(1 + place % len(lines), line)
    text = "\n".join(lines) + "\n"
    for needs in (None, _NEEDS):
        found = taken(text, needs)
        try:
            expected = general(text)
        except (UnreadableError, ValueError, AssertionError):
            # What is passed over need not be valid; what is read has to be.
            assert found is None or needs is not None or "managedFields" in text
            continue
        assert found is None or is_same(found, pruned(expected, needs))


@_slow
@given(_plain_objects)
def test_plain_objects_are_taken(value: dict[str, Any]) -> None:
    text = dumped(value, width=1e6)
    found = taken(text)
    assert found is not None
    assert is_same(found, general(text))


def test_what_kubectl_writes_is_taken() -> None:
    text = """- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      example.com/rack: Köln-Süd · Regal 7
      kubectl.kubernetes.io/last-applied-configuration: |
        {"apiVersion":"v1","kind":"Node",

         "metadata":{"name":"not me"}}
      node.alpha.kubernetes.io/ttl: "0"
      say: 'it''s'
      text: "a \\"b\\" \\U0001F9CA"
    managedFields:
    - apiVersion: v1
      fieldsV1:
        f:metadata:
          f:annotations:
            .: {}
            k:{"type":"Ready"}:
              v:"x": {}
    name: n1
  status:
    conditions:
    - message: 'kubelet: ready'
      status: "True"
      type: Ready
    images: []
"""
    needs: Needs = {
        "metadata": {"name": None, "annotations": {"say": None}},
        "status": {"conditions": {"status": None}, "images": None},
    }
    found = taken(text, needs)
    assert found is not None
    assert is_same(found, pruned(general(text), needs))


@pytest.mark.parametrize(
    "text",
    [
        "- name: a\n    b\n",
        "- name: 'a\n    b'\n",
        '- name: "a\\\n    b"\n',
        "- name: |\n    b\n",
        "- name: a # b\n",
        "- name: a: b\n",
        "- name: a\n  name: b\n",
        "- name: *b\n",
        "- name:\n    - a\n",
        "- name:\n  b: c\n",
        '- b: "open\n  name: x\n    end"\n',
        "- b: {x: 1,\n  name: y}\n",
        "- name: a\r\n",
        "- name: a\u2028b\n",
        "- name:\ta\n",
        "-  name: a\n",
        "name: a\n",
    ],
)
def test_what_needs_a_parser_is_refused(text: str) -> None:
    assert taken(text, {"name": None}) is None
    assert taken(text) is None
