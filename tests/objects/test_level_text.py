"""Text that is taken for level has, to a YAML reader, nothing open at the end of a line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.objects.level_text import is_level, keys_of

PIECES = (
    '"', "'", '\\"', "''", "\\", "a", "b: c", "- ", "k: ", "k:", ": ", " ", "{", "}", "{}", "[", "]", "[]", ",", "|", ">",
    "|-", "# c", "&a ", "!!str ", "it's", "x", "\n    ", "\n    k: ", "\n    j: ", "\n    - ", "\n      ", "\n      - ",
    "\n      m: ", "\n        ", "\n", "\t", "?", "\n    l:",
)  # fmt: skip


def _open_over_a_key(text: str) -> bool:
    """Whether any text in quotes or bracket goes on over a line of at most four spaces, as the YAML reader sees it."""
    lines = text.split("\n")
    opened: list[int] = []
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        first, last = token.start_mark.line, token.end_mark.line
        if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
            opened.append(first)
        elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken):
            first = opened.pop()
        elif not (isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')):
            continue
        if any(line[:5].strip() for line in lines[first + 1 : last + 1]):
            return True
    return False


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_nothing_in_level_text_is_open_over_a_key(rest: str) -> None:
    text = "\n    k: " + rest
    if not is_level(text.encode()):
        return
    try:
        list(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return
    assert not _open_over_a_key(text)


@pytest.mark.parametrize(
    "text, level",
    [
        ('\n    a: "b"\n    c: {}\n    d: []', True),
        ('\n    a: "b\n    c: d"', False),
        ("\n    a: 'b\n    c: d'", False),
        ("\n    a: {\n    c: d}", False),
        ("\n    a: [b,\n    c]", False),
        ('\n    a: word\n        "x\n      b: "\n    c: fake\n      "', False),
        ('\n    a: "b\n      c"\n    d: e', True),
        ("\n    command:\n    - sh\n    - -c\n    - 'long\n      text'\n    - |\n      a: \"\n    z: y", True),
        ('\n    a: |\n      {"b": ["\n    c: d', True),
        ("\n    a: it's\n    b: &c 'd\n    e: f'", False),
        ("\n    a:\tb", False),
    ],
)
def test_level_text(text: str, level: bool) -> None:
    assert is_level(text.encode()) is level


def test_keys_with_their_lines_and_none_where_anything_else_is_there() -> None:
    assert keys_of(b"\n    a: |\n      b\n\n      c\n    d:") == ((b"a", b"d"), (b" |\n      b\n\n      c", b""))
    for odd in ("   x: y", "    # c", '    "x": y', "    ? x", "  x: y", "x", "    x:y", "    <<: *a"):
        assert keys_of(f"\n    a: b\n{odd}\n    c: d".encode()) is None
