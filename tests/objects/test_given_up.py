"""A file of which too much cannot be read is left: what came before is kept, and that the rest is not looked at is told."""

from __future__ import annotations

import json

import pytest

from calico_bundle.evidence import GapKind
from calico_bundle.objects import json_documents, reading
from calico_bundle.parsers.objects import parse, stream

MOST = 5
GOOD = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{}"}}
JSON = json.dumps(GOOD)
YAML = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {}\n"
ITEM = "- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: {}\n"
LIST = '{"apiVersion": "v1", "kind": "List", "items": [\n'
# What it begins with, one good object, one broken one: each way in which objects stand in a file.
FILES = {
    "JSON values": ("", JSON + "\n", '{"kind":"Node"\n'),
    "JSON items": (LIST, f"  {JSON},\n", '  {"kind": "Node",,},\n'),
    "YAML documents": ("", f"---\n{YAML}", "---\nkind: Node\na: [\n"),
    "YAML items": ("kind: List\nitems:\n", ITEM, "- kind: Node\n  a: [\n"),
    "kubectl's items": ("apiVersion: v1\nitems:\n", ITEM, "- apiVersion: v1\n  kind: Node\n  a: [\n"),
}


def named(good: str, name: str) -> str:
    return good.replace("{}", name)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reading, json_documents):
        monkeypatch.setattr(module, "MOST_PROBLEMS", MOST)


@pytest.mark.parametrize("way", ["parse", "stream"])
@pytest.mark.parametrize("file", FILES)
def test_what_came_before_is_kept_and_the_rest_is_said_to_be_left_out(file: str, way: str):
    head, good, broken = FILES[file]
    text = head + named(good, "first") + broken * MOST + named(good, "last")
    found = parse(text, "x") if way == "parse" else stream(iter((text.encode(),)), "x")
    assert [fact.name for fact in found.facts] == ["first"]
    assert [gap.kind for gap in found.gaps].count(GapKind.REFUSED) == 1


@pytest.mark.parametrize("file", FILES)
def test_fewer_cost_nobody_else_their_place(file: str):
    head, good, broken = FILES[file]
    text = head + named(good, "first") + broken * (MOST - 2) + named(good, "middle") + named(good, "last")
    found = parse(text, "x")
    assert {"first", "middle"} <= {fact.name for fact in found.facts}
    assert GapKind.REFUSED not in [gap.kind for gap in found.gaps]


def test_values_in_each_other_that_end_at_one_mistake_are_gone_through_once(monkeypatch: pytest.MonkeyPatch):
    tried = []

    class Counted(json.JSONDecoder):
        def raw_decode(self, s, idx=0):
            tried.append(idx)
            return super().raw_decode(s, idx)

    monkeypatch.setattr(json_documents, "_PASS_OVER", Counted(strict=False))
    parse('{"kind": "Node", "a": ' + '{"managedFields": ' * 50 + "[1, x", "x")
    assert len(tried) == 1
