"""Files to objects: every shape that collectors write, and what stands around it."""

from __future__ import annotations

import pytest

from calico_bundle.evidence import GapKind
from calico_bundle.objects.documents import KubernetesObject, Surroundings, read_objects
from calico_bundle.objects.located import LocatedMap, Problem

AROUND = Surroundings(lambda line: line.startswith("Warning: "), lambda line: line.startswith("Error from server"))
WANTED = frozenset(["Node", "Pod", "Event"])
Short = tuple[str, str, int]


def read(text: str) -> tuple[list[Short], list[Problem]]:
    """The objects as (kind, name, line of the name), and the problems."""
    objects, problems = [], []
    for found in read_objects(text, WANTED.__contains__, AROUND):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            objects.append(short(found))
    return objects, problems


def short(found: KubernetesObject) -> Short:
    metadata = found.body["metadata"]
    assert isinstance(metadata, LocatedMap)
    return found.kind, str(metadata["name"]), metadata.lines["name"]


def node(name: str, *, dash: str = "") -> str:
    pad = " " * len(dash)
    return f"{dash}apiVersion: v1\n{pad}kind: Node\n{pad}metadata:\n{pad}  name: {name}\n"


JSON_A = '{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "a"}}'
JSON_B = '{\n "kind": "Pod",\n "metadata": {\n  "name": "b"\n }\n}'
LIST = "apiVersion: v1\nitems:\n" + node("a", dash="- ") + node("b", dash="- ") + "kind: List\nmetadata: {}\n"
BOTH = [("Node", "a", 6), ("Node", "b", 10)]


@pytest.mark.parametrize(
    "text, expected",
    [
        (node("a"), [("Node", "a", 4)]),
        ("\ufeff" + node("a"), [("Node", "a", 4)]),
        ("---\n" + node("a"), [("Node", "a", 5)]),
        ("\n\n--- # first\n" + node("a") + "---\n" + node("b"), [("Node", "a", 7), ("Node", "b", 12)]),
        (node("a") + node("b"), [("Node", "a", 4), ("Node", "b", 8)]),
        (node("a") + "...\n---\n" + node("b"), [("Node", "a", 4), ("Node", "b", 10)]),
        (LIST, BOTH),
        (LIST + LIST, [*BOTH, ("Node", "a", 18), ("Node", "b", 22)]),
        ("kind: List\nitems:\n" + node("a", dash="  - "), [("Node", "a", 6)]),
        ("kind: PodList\napiVersion: v1\nitems:\n- metadata:\n    name: p\n", [("Pod", "p", 5)]),
        ("items:\n- metadata:\n    name: p\nkind: PodList\n", [("Pod", "p", 3)]),
        (node("a", dash="- ") + node("b", dash="- "), [("Node", "a", 4), ("Node", "b", 8)]),
        ("kind: List\nitems: [{kind: Pod, metadata: {name: p}}]\n", [("Pod", "p", 2)]),
        ("{kind: Pod, metadata: {name: p}}\n", [("Pod", "p", 1)]),
        ("---\n" + JSON_B + "\n---\n" + node("a"), [("Pod", "b", 5), ("Node", "a", 12)]),
        (JSON_A, [("Node", "a", 1)]),
        (JSON_A + JSON_B, [("Node", "a", 1), ("Pod", "b", 4)]),
        (JSON_B + "\n" + JSON_A, [("Pod", "b", 4), ("Node", "a", 7)]),
        (f"[{JSON_A},\n{JSON_B}]", [("Node", "a", 1), ("Pod", "b", 5)]),
        ('{"kind":"PodList","items":[{"metadata":{"name":"p"}}]}', [("Pod", "p", 1)]),
        ('{"items":[{"metadata":{"name":"p"}}],"kind":"PodList"}', [("Pod", "p", 1)]),
        (f'{{"kind":"List","items":[{{"kind":"List","items":[{JSON_A}]}}]}}', [("Node", "a", 1)]),
        ("Warning: v1 is old\n\n" + node("a"), [("Node", "a", 6)]),
        ("Warning: v1 is old\n" + JSON_A, [("Node", "a", 2)]),
        (node("a").replace("\n", "\r\n"), [("Node", "a", 4)]),
    ],
)
def test_shapes_of_files(text: str, expected: list[Short]):
    assert read(text) == (expected, [])


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"PodList","items":null}',
        '{"kind":"PodList","apiVersion":"v1","items":[]}',
        "kind: PodList\nitems: null\n",
        "kind: List\nitems: []\n",
        'kind: List\nitems: "null"\n',
        "[]",
        "{kind: Status, status: Success}\n",
        "kind: Secret\ndata: {a: b}\n",
        "kind: SecretList\nitems:\n- data: {a: b}\n",
        '{"kind":"SecretList","items":[{"data":{"a":"b"}}]}',
        "kind: List\nitems:\n- kind: Secret\n  data: {a: b}\n",
        '[{"kind":"Secret","data":{"a":"b"}}]',
        "---\n---\n",
    ],
)
def test_nothing_in_it_and_nothing_wrong(text: str):
    assert read(text) == ([], [])


@pytest.mark.parametrize(
    "value, kind",
    [
        ("{metadata: {name: x}, involvedObject: {kind: Pod}}", "Event"),
        ("{metadata: {name: x}, spec: {containers: []}}", "Pod"),
        ("{metadata: {name: x}, status: {nodeInfo: {}}}", "Node"),
    ],
)
def test_a_kind_that_is_not_said_is_told_from_the_fields(value: str, kind: str):
    assert read(f"items:\n- {value}\n") == ([(kind, "x", 2)], [])


def test_objects_without_any_kind_are_one_problem():
    objects, problems = read('{"items": [{"metadata": {}},\n{"metadata": {}}]}')
    assert objects == []
    assert [(p.line, p.message) for p in problems] == [(1, "2 object(s) without a kind; here is the first")]


@pytest.mark.parametrize(
    "text, line, kind, message",
    [
        ("", None, GapKind.COLLECTOR_ERROR, "the file is empty"),
        ("\n \n", None, GapKind.COLLECTOR_ERROR, "the file is empty"),
        ("Error from server (Forbidden): no\n", 1, GapKind.COLLECTOR_ERROR, "not collected"),
        ('\n{"kind": "Status",\n"status": "Failure"}', 2, GapKind.COLLECTOR_ERROR, "not collected"),
        ("hello there\n", 1, GapKind.NOT_UNDERSTOOD, "line not understood"),
        ("kind: Node\nmetadata: {name: a\n", 2, GapKind.TRUNCATED, "cut off"),
        ("kind: Node\na: b: c\n", 2, GapKind.NOT_UNDERSTOOD, "not valid YAML"),
        ("kind: List\n", 1, GapKind.NOT_UNDERSTOOD, "a List without items"),
        ("kind: List\nitems: 5\n", 2, GapKind.NOT_UNDERSTOOD, "items that are no list"),
        ("kind: List\nitems:\n- 5\n", 3, GapKind.NOT_UNDERSTOOD, "no object"),
        ("kind: Node\nkind: Pod\n", 2, GapKind.CONTRADICTED, "twice"),
        ("kind: Node\na: &x b\nc: *x\n", 3, GapKind.REFUSED, "alias"),
    ],
)
def test_what_is_no_object_is_told(text: str, line: int | None, kind: GapKind, message: str):
    objects, problems = read(text)
    assert objects == []
    assert [(p.line, p.kind) for p in problems] == [(line, kind)]
    assert message in problems[0].message


def test_a_broken_document_does_not_lose_the_others():
    objects, problems = read(node("a") + "---\nkind: Node\n  name: b\n---\n" + node("c"))
    assert objects == [("Node", "a", 4), ("Node", "c", 12)]
    assert [p.line for p in problems] == [7]


@pytest.mark.parametrize(
    "bad", ["- kind: Node\n   metadata: [\n", '- kind: "Node\n', "- *alias\n", "- kind: Node\n  a: b: c\n"]
)
def test_a_broken_item_does_not_lose_the_others(bad: str):
    text = LIST.replace(node("b", dash="- "), bad + node("b", dash="- "))
    objects, problems = read(text)
    assert [name for _, name, _ in objects] == ["a", "b"]
    assert [p.kind is GapKind.TRUNCATED for p in problems] == [False]
    assert problems[0].line in range(7, 7 + bad.count("\n") + 1)


def test_an_error_behind_the_data_is_told_and_the_data_kept():
    for data, name_line in ((node("a"), 4), (LIST, 6), (JSON_A + "\n", 1)):
        objects, problems = read(data + 'Error from server (NotFound): nodes "x" not found\n')
        assert objects[0] == ("Node", "a", name_line)
        assert [(p.line, p.kind) for p in problems] == [(data.count("\n") + 1, GapKind.COLLECTOR_ERROR)]
        assert problems[0].text == 'Error from server (NotFound): nodes "x" not found'


def test_text_behind_json_is_told_line_by_line():
    objects, problems = read(JSON_A + "\nhello\n" + JSON_B)
    assert [name for _, name, _ in objects] == ["a", "b"]
    assert [(p.line, p.text) for p in problems] == [(2, "hello")]


def test_after_broken_json_the_next_value_is_read_and_nothing_quoted():
    objects, problems = read('{"kind": "Secret",\n "data": {"password" "hunter2"},\n "more": 1\n}\n' + JSON_A)
    assert [name for _, name, _ in objects] == ["a"]
    assert [p.line for p in problems] == [2]
    assert not any("hunter2" in p.message + p.text for p in problems)


def test_a_list_without_its_end_is_cut_off_and_its_last_item_doubtful():
    objects, problems = read(LIST.split("kind: List")[0])
    assert objects == [("Node", "a", 6)]
    assert [(p.line, p.kind) for p in problems] == [(7, GapKind.TRUNCATED)]


def test_the_group_is_part_of_what_an_object_is():
    text = "apiVersion: longhorn.io/v1beta1\nkind: Node\n---\napiVersion: v1\nkind: Node\n---\nkind: Node\n"
    groups = [
        found.group for found in read_objects(text, WANTED.__contains__, AROUND) if isinstance(found, KubernetesObject)
    ]
    assert groups == ["longhorn.io", "", None]


@pytest.mark.parametrize("cut", ["a", "node", "node-"])
def test_a_value_that_the_text_ends_in_is_no_value(cut: str):
    """A Node cut off in its name became a node of another name, with the first one's address."""
    objects, problems = read(f"apiVersion: v1\nkind: Node\nmetadata:\n  labels: {{}}\n  name: b\nspec:\n  other: {cut}")
    assert objects == [("Node", "b", 5)]
    assert [(p.line, p.kind) for p in problems] == [(7, GapKind.TRUNCATED)]


@pytest.mark.parametrize("end", ['"x"', "'x'", "{}", "[]", "true", "null", "Active"])
def test_a_text_that_was_trimmed_is_whole_where_its_last_value_shows_its_end(end: str):
    assert read(f"{node('a')}spec:\n  other: {end}") == ([("Node", "a", 4)], [])
