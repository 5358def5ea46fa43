"""Lists cut into items: the pieces are the text, and each has its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.objects.yaml_lists import cut_list, stated_kind, top_keys

KUBECTL = """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Node
  data: |
    - kind: not an item

    kind: not a kind
- kind: Pod

# between items
-
  kind: Service
kind: List
metadata:
  resourceVersion: ""
"""


def indented(text: str) -> str:
    body = text.partition("items:\n")[2].partition("kind: List")[0]
    return text.replace(body, "".join(f"  {line}\n" if line else "\n" for line in body.split("\n")[:-1]))


@pytest.mark.parametrize("text", [KUBECTL, indented(KUBECTL), KUBECTL.replace("\n", "\r\n")])
def test_items_begin_at_dashes_of_the_first_ones_indentation(text: str):
    cut = cut_list(text, 1)
    assert cut is not None
    assert [line for line, _ in cut.items] == [3, 9, 12]
    assert cut.head + "".join(item for _, item in cut.items) + cut.tail == text.replace("items:\r\n", "").replace(
        "items:\n", ""
    )
    assert cut.tail_line == 14
    assert stated_kind(cut.items[0][1], cut.key_indent) == "Node"
    assert top_keys(cut.head) | top_keys(cut.tail) == {"apiVersion": "v1", "kind": "List"}


def test_a_bare_list_is_cut_too():
    cut = cut_list("\n- kind: A\n- kind: B\n", 5)
    assert cut is not None
    assert cut.items == ((6, "- kind: A\n"), (7, "- kind: B\n"))


@pytest.mark.parametrize(
    "text",
    [
        "kind: Node\n",
        "items: []\n",
        "items: null\n",
        "items: [{kind: Node}]\n",
        "items:\nkind: List\n",
        "items:\n- a\nitems:\n- b\n",
        "- a\nkind: List\n",
        "",
    ],
)
def test_what_is_not_laid_out_as_a_list_is_not_cut(text: str):
    assert cut_list(text, 1) is None


@pytest.mark.parametrize(
    "text, indent, kind",
    [
        ("kind: Secret\n", 0, "Secret"),
        ("a: b\nkind: 'Secret'\r\n", 0, "Secret"),
        ("kind: A\nkind: B\n", 0, None),
        ("a:\n  kind: A\n", 0, None),
        ("- a: b\n  kind: A", 2, "A"),
        ("-\n  kind: A", -1, None),
    ],
)
def test_a_kind_is_read_without_parsing_only_when_it_is_sure(text: str, indent: int, kind: str | None):
    assert stated_kind(text, indent) == kind


@given(st.text("-ab: \n#{}\r", max_size=80))
@settings(max_examples=150)
def test_nothing_is_lost_by_cutting(text: str):
    cut = cut_list("items:\n" + text, 1)
    if cut:
        pieces = [item for _, item in cut.items]
        assert text.endswith("".join(pieces) + cut.tail)
        assert not text[: -len("".join(pieces) + cut.tail)].replace("#", "").split("\n")[0].strip("-ab: {}\r")
