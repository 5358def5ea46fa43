"""Lists in JSON that are read the quick way give what the general reader gives: facts, lines and gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.objects.documents import Surroundings
from calico_bundle.objects.json_documents import JsonReader
from calico_bundle.objects.json_lists import read_kubectl_list
from calico_bundle.objects.json_values import located
from calico_bundle.objects.located import LocatedList, LocatedMap, Value
from calico_bundle.objects.reading import Reading
from calico_bundle.parsers import Parsed
from calico_bundle.parsers.objects import parse, quick, recognizes, stream

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures").rglob("*.json"))
Tree = dict[str, object]

POD: Tree = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "annotations": {"example.com/note": 'a "quoted": \\ word'},
        "labels": {"app": "web", "k8s-app": "calico-node"},
        "managedFields": [{"fieldsV1": {"f:metadata": {}}}],
        "name": "web-1",
        "namespace": "shop",
        "ownerReferences": [{"controller": True, "kind": "ReplicaSet", "name": "web"}],
    },
    "spec": {
        "containers": [{"name": "main", "readinessProbe": {"httpGet": {"port": 8080}}, "resources": {}}],
        "dnsConfig": {"nameservers": ["10.0.0.10"]},
        "dnsPolicy": "None",
        "hostNetwork": False,
        "nodeName": "worker-1",
    },
    "status": {
        "conditions": [{"status": "True", "type": "Initialized"}, {"status": "False", "type": "Ready"}],
        "containerStatuses": [{"restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
        "hostIP": "172.20.0.1",
        "phase": "Running",
        "podIP": "10.1.2.3",
        "podIPs": [{"ip": "10.1.2.3"}, {"ip": "fd00::3"}],
    },
}
NODE: Tree = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"annotations": {"projectcalico.org/IPv4Address": "172.20.0.1/24"}, "labels": {}, "name": "worker-1"},
    "spec": {"podCIDR": "10.1.0.0/24"},
    "status": {
        "addresses": [{"address": "172.20.0.1", "type": "InternalIP"}, {"address": "w1", "type": "Hostname"}],
        "conditions": [{"status": "True", "type": "Ready"}],
    },
}
ENDPOINTS: Tree = {
    "apiVersion": "v1",
    "kind": "Endpoints",
    "metadata": {"name": "kube-dns", "namespace": "kube-system"},
    "subsets": [{"addresses": [{"ip": "10.1.2.3"}, {"ip": "10.1.2.4", "targetRef": {"kind": "Pod", "name": "a"}}]}],
}
SECRET: Tree = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
ODD_VALUES: tuple[object, ...] = (
    None, True, "", "null", 0, -1, 1.5, 10**17, 10**18, -(10**18), 10**25, 1e300, "***HIDDEN***", "10.1.2.300", "é🟢",
    "\n", '"x": {', "a\\", '\\":', "</a&b>", [], {}, [1, None, "x"], {"a": {"b": []}}, [[{"a": 1}]], "x-ipv4-0000000001-x",
)  # fmt: skip
FORMS: dict[str, Callable[[object], str]] = {
    "kubectl": lambda tree: json.dumps(tree, indent=4, sort_keys=True, ensure_ascii=False) + "\n",
    "tall": lambda tree: json.dumps(tree, indent=2),
    "narrow": lambda tree: json.dumps(tree, indent=1, ensure_ascii=False),
    "compact": lambda tree: json.dumps(tree, separators=(",", ":"), ensure_ascii=False) + "\n",
    "spaced": json.dumps,
    "tabs": lambda tree: json.dumps(tree, indent="\t"),
    "html": lambda tree: json.dumps(tree, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026"),
}


def outline(items: Sequence[object], **top: object) -> Tree:
    return {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {"resourceVersion": ""}} | top


def same(found: Parsed, expected: Parsed) -> bool:
    return list(found.facts) == list(expected.facts) and found.gaps == expected.gaps


def general(data: bytes) -> Parsed:
    return parse(data.decode("utf-8-sig", "replace"), "x.json")


def pieces(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[begin:end] for begin, end in pairwise(places))


def maps_in(value: object) -> list[Tree]:
    if isinstance(value, list):
        return [found for one in value for found in maps_in(one)]
    return [value, *(found for one in value.values() for found in maps_in(one))] if isinstance(value, dict) else []


@st.composite
def objects(draw: st.DrawFn) -> Tree:
    """An object with some values changed, keys added or taken away."""
    tree: Tree = json.loads(json.dumps(draw(st.sampled_from([POD, POD, NODE, ENDPOINTS, SECRET]))))
    for _ in range(draw(st.integers(0, 3))):
        inner = draw(st.sampled_from(maps_in(tree)))
        keys = [*inner, "managedFields", "items", 'a "key":', "end\\", "ü"]
        key = draw(st.sampled_from(keys))
        if key in inner and draw(st.booleans()):
            del inner[key]
        else:
            inner[key] = json.loads(json.dumps(draw(st.sampled_from(ODD_VALUES))))
    return tree


LISTS = st.builds(
    outline,
    st.lists(objects(), max_size=4),
    kind=st.sampled_from(["List", "List", "PodList", "NodeList", "SecretList", "", "null", "Pod"]),
    apiVersion=st.sampled_from(["v1", "v1", "apps/v1", "", "null"]),
)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "tabs"])
def test_usual_lists_are_read_the_quick_way(form: str):
    data = FORMS[form](outline([POD, NODE, ENDPOINTS, SECRET, POD])).encode()
    found = quick(data, "x.json")
    assert found is not None
    assert len(found.facts) == 5
    assert same(found, general(data))


@given(LISTS, st.sampled_from(list(FORMS)), st.lists(st.integers(0, 10**6), max_size=3))
@settings(max_examples=150)
def test_any_list_gives_the_same_facts_and_gaps(tree: Tree, form: str, cuts: list[int]):
    data = FORMS[form](tree).encode()
    assert recognizes(data.decode()) or "kind" not in tree
    expected = general(data)
    found = quick(data, "x.json")
    assert found is None or same(found, expected)
    if tree["kind"] == "List":
        assert same(stream(pieces(data, cuts), "x.json"), expected)


@pytest.mark.parametrize("kind", [None, "", "null", "List", "Status"])
@pytest.mark.parametrize("items", [None, [], [POD], "x"])
def test_item_that_may_be_a_list_itself(kind: object, items: object):
    data = FORMS["compact"](outline([POD | {"kind": kind, "items": items}, NODE], kind="PodList")).encode()
    found = quick(data, "x.json")
    assert found is None or same(found, general(data))


DAMAGE = (
    b"", b"}", b"{", b"]", b"[", b",", b'"', b"\\", b"\\u12", b"\\ud800", b"\\q", b"\xff", b"\t", b"\n", b"\r", b" ", b"NaN",
    b"01", b"1e3", b"-", b"1.", b"Infinity", b'"kind": "Pod",', b'"kind":"Pod",', b'"name" : 1,', b"\nremark\n", b"\n---\n",
    b"/* */", b"\x00", b"[" * 120, b'{"a":' * 120 + b"1" + b"}" * 120,
)  # fmt: skip


@given(st.lists(objects(), min_size=1, max_size=4), st.sampled_from(list(FORMS)), st.data())
@settings(max_examples=250)
def test_damaged_text_gives_the_same_facts_and_gaps(items: list[Tree], form: str, drawn: st.DataObject):
    data = FORMS[form](outline(items)).encode()
    at = drawn.draw(st.integers(0, len(data)))
    end = at + drawn.draw(st.sampled_from([0, 0, 1, 5, len(data)]))
    data = data[:at] + drawn.draw(st.sampled_from(DAMAGE)) + data[end:]
    expected = general(data)
    found = quick(data, "x.json")
    assert found is None or same(found, expected)
    streamed = stream(pieces(data, [at, end]), "x.json")
    assert list(streamed.facts) == list(expected.facts)
    assert in_any_order(streamed.gaps) == in_any_order(expected.gaps)


def in_any_order(gaps: Sequence[Gap]) -> list[tuple[object, ...]]:
    """Gaps to compare: in pieces, a mistake is told behind what stands before it, and not first of all."""
    return sorted((gap.line or 0, gap.kind.value, gap.message) for gap in gaps)


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("where", ['"name"', '"phase"', '"port"', '"k8s-app"', '"f:metadata"', '"kind"'])
def test_key_given_twice_is_found_wherever_it_is(form: str, where: str):
    text = FORMS[form](outline([POD, NODE]))
    at = text.index(where)
    value = text.index(":", at + len(where) - 1)
    data = (text[:at] + where + text[value : value + 1] + " 1, " + text[at:]).encode()
    assert quick(data, "x.json") is None
    expected = general(data)
    assert same(stream(iter([data]), "x.json"), expected)
    if where != '"f:metadata"':
        assert [gap.kind for gap in expected.gaps] == [GapKind.CONTRADICTED]


@pytest.mark.parametrize("depth", [80, 95, 97, 98, 99, 120])
@pytest.mark.parametrize("form", list(FORMS))
def test_depth_is_limited_as_ever(form: str, depth: int):
    nested: object = 1
    for _ in range(depth):
        nested = [nested]
    data = FORMS[form](outline([POD | {"x": nested}, NODE])).encode()
    found = quick(data, "x.json")
    assert found is None or same(found, general(data))
    assert same(stream(iter([data]), "x.json"), general(data))


@given(st.recursive(
    st.sampled_from(ODD_VALUES) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("managedFields"), inner),
    max_leaves=20,
))  # fmt: skip
def test_lines_follow_from_the_shape(tree: object):
    for indent in (1, 4, 0):
        text = msgspec.json.format(json.dumps({"a": tree}), indent=indent)
        expected = JsonReader(text, 7).read(0)[0]
        raw = msgspec.json.Decoder(float_hook=str).decode(text.encode())
        assert with_lines(located(raw, 7, tall=indent > 0)) == with_lines(expected)


def with_lines(value: Value) -> object:
    if isinstance(value, LocatedMap):
        return value.line, value.lines, {key: with_lines(value.get(key)) for key in value}
    if isinstance(value, LocatedList):
        return value.line, value.lines, [with_lines(one) for one in value]
    return type(value), value


def test_kubectl_list_is_read_as_it_comes():
    data = FORMS["kubectl"](outline([POD] * 20)).encode()
    reading, surroundings = Reading("x.json", ""), Surroundings(lambda _: False, lambda _: False)
    begin = iter([data[: len(data) // 2]])
    rest = (pytest.fail("more was asked for than one object needs") for _ in range(1))
    assert next(iter(read_kubectl_list(chain(begin, rest), reading, surroundings))) == general(data).facts[0]


def test_recorded_files_are_read_the_same():
    taken = 0
    for file in FIXTURES:
        data = file.read_bytes()
        if recognizes(data[:8192].decode("utf-8-sig", "replace")):
            found = quick(data, "x.json")
            taken += found is not None
            assert found is None or same(found, general(data)), file
            assert same(stream(iter([data]), "x.json"), general(data)), file
    assert taken
