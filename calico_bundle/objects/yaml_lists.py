"""Lists of objects as kubectl writes them, cut into their items, so that a broken item costs only itself.

The cut is safe because an item's own text is always indented deeper than its dash. Where text departs from that (a
quoted value that runs on at the left edge), the pieces do not parse, and the gaps say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ITEMS_KEY = re.compile(r"(?:\A|\n)items:[ \t]*(?:#[^\n]*)?\r?\n")
_FIRST_ITEM = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?P<dash>(?P<indent> *)-(?: +(?=\S)|(?=\r?\n)))")
_TOP_KEY = re.compile(
    r"(?:\A|\n)(?P<key>apiVersion|kind):[ \t]*(?P<quote>[\"']?)(?P<value>[\w./-]+)(?P=quote)[ \t\r]*(?=\n|\Z)"
)
_CUT_KIND = re.compile(r"(?:\A|\n)kind: (?!\w*List\Z)\w+\Z")


@dataclass(frozen=True, slots=True)
class CutList:
    """A list cut into pieces: what stands before and after its items, and the items, each with its line."""

    head: str
    tail: str
    tail_line: int
    items: tuple[tuple[int, str], ...]
    key_indent: int


def cut_list(text: str, first_line: int) -> CutList | None:
    """Cut a document that is a list of objects; None when it is not one, or not laid out line by line.

    >>> cut = cut_list("items:\\n- kind: Node\\n- kind: Pod\\nkind: List\\n", 1)
    >>> cut.items, cut.tail, cut.tail_line
    (((2, '- kind: Node\\n'), (3, '- kind: Pod\\n')), 'kind: List\\n', 4)
    """
    key = _ITEMS_KEY.search(text)
    start = key.end() if key else 0
    first = _FIRST_ITEM.match(text, start)
    if not first or _ITEMS_KEY.search(text, start):
        return None
    indent = first["indent"]
    end = _end_of_items(text, first.start("dash"), len(indent))
    if not key and text[end:].strip():
        return None
    starts = [first.start("dash"), *_item_starts(text, first.start("dash"), end, indent)]
    items: list[tuple[int, str]] = []
    line = first_line + text.count("\n", 0, starts[0])
    for begin, stop in zip(starts, [*starts[1:], end], strict=True):
        items.append((line, text[begin:stop]))
        line += text.count("\n", begin, stop)
    key_indent = len(first["dash"]) if first["dash"].endswith(" ") else -1
    head = text[: key.start() + 1 if key.start() else 0] if key else ""
    return CutList(head, text[end:], line, tuple(items), key_indent)


def stated_kind(text: str, key_indent: int = 0) -> str | None:
    """The `kind` that stands at that indentation, read without parsing; None when not sure.

    >>> stated_kind("- apiVersion: v1\\n  kind: Secret\\n", 2)
    'Secret'
    """
    if key_indent < 0:
        return None
    text = "\n" + text
    mark = "\n" + " " * key_indent + "kind: "
    at = text.find(mark)
    if at < 0 or text.find(mark, at + 1) >= 0:
        return None
    end = text.find("\n", at + 1)
    return text[at + len(mark) : end if end >= 0 else len(text)].strip().strip("\"'")


def top_keys(text: str) -> dict[str, str]:
    """`apiVersion` and `kind` of a text that is not parsed, where they stand at the left edge.

    >>> top_keys("apiVersion: v1\\nkind: List\\n")
    {'apiVersion': 'v1', 'kind': 'List'}
    """
    return {m["key"]: m["value"] for m in _TOP_KEY.finditer(text)}


def has_items(text: str) -> bool:
    """Whether `items:` stands at the left edge, with what is in it below.

    >>> has_items("kind: Lis\\nitems:\\n- kind: Pod\\n"), has_items("kind: Secret\\n")
    (True, False)
    """
    return bool(_ITEMS_KEY.search(text))


def ends_in_its_kind(tail: str) -> bool:
    """Whether what stands behind the items of a list ends within the word of its kind, so that the file is cut off.

    >>> ends_in_its_kind("kind: Lis"), ends_in_its_kind("kind: List"), ends_in_its_kind("kind: Lis\\nmetadata: {}\\n")
    (True, False, False)
    """
    return bool(_CUT_KIND.search(tail))


def _item_starts(text: str, first: int, end: int, indent: str) -> Iterator[int]:
    mark = f"\n{indent}-"
    at = text.find(mark, first, end)
    while at >= 0:
        if text[at + len(mark) : at + len(mark) + 1] in (" ", "\n", "\r", ""):
            yield at + 1
        at = text.find(mark, at + 1, end)


def _end_of_items(text: str, start: int, indent: int) -> int:
    """Where the first line begins that belongs to no item: not deeper than the dashes, and neither dash nor comment."""
    beside = rf"\n {{{indent}}}(?![ \t\r\n#]|-[ \r\n])(?=.)"
    before = rf"|\n {{0,{indent - 1}}}(?![ \t\r\n#])(?=.)" if indent else ""
    other = re.compile(beside + before, re.DOTALL)
    found = other.search(text, start)
    return found.start() + 1 if found else len(text)
