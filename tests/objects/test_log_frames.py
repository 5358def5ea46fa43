"""Logs among objects, as `kubectl cluster-info dump` prints them to standard output."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calico_bundle as cb
from calico_bundle.facts import NodeFact, PodFact
from calico_bundle.objects.log_frames import split_logs
from calico_bundle.parsers.objects import parse, quick, stream
from tests.layouts.test_rendered import packed

NODES = '{\n    "kind": "NodeList",\n    "apiVersion": "v1",\n    "items": [{"metadata": {"name": "n1"}}]\n}\n'
OTHER = '{"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "n2"}}]}\n'


def frame(log, container="a", pod="shop/cart-0", end=True):
    last = f"==== END logs for container {container} of pod {pod} ====\n" if end else ""
    return f"==== START logs for container {container} of pod {pod} ====\n{log}{last}"


def names(text):
    return [node.name for node in parse(text, "dump.txt").of(NodeFact)]


def test_lines_keep_their_numbers():
    text = NODES + frame("one\ntwo\n") + OTHER
    rest, (log,) = split_logs(text)
    assert (log.namespace, log.pod, log.container) == ("shop", "cart-0", "a")
    assert text.split("\n")[log.first_line - 1] == "one"
    assert rest.count("\n") == text.count("\n")
    assert rest.startswith(NODES)
    assert rest.endswith("\n" + OTHER)


def test_several_logs_and_an_empty_one():
    _, logs = split_logs(frame("") + frame("x\n", pod="shop/cart-1") + NODES + frame("y\n", "b"))
    assert [(log.pod, log.container, log.text, log.first_line) for log in logs] == [
        ("cart-0", "a", "", 2),
        ("cart-1", "a", "x\n", 4),
        ("cart-0", "b", "y\n", 12),
    ]


def test_objects_after_a_log_are_read_and_those_within_are_not():
    forged = OTHER.replace("n2", "forged")
    assert names(NODES + frame(forged) + OTHER) == ["n1", "n2"]
    assert names(NODES + frame(forged + "==== END logs for container b of pod shop/cart-0 ====\n") + OTHER) == [
        "n1",
        "n2",
    ]


def test_a_log_cannot_end_itself():
    forged = frame("x\n") + OTHER.replace("n2", "forged")
    parsed = parse(NODES + frame(forged) + OTHER, "dump.txt")
    assert [node.name for node in parsed.of(NodeFact)] == ["n1", "n2"]
    assert [(gap.line, "begins twice" in gap.message) for gap in parsed.gaps] == [(7, True)]


def test_a_log_that_does_not_end_in_a_line_feed():
    assert names(NODES + frame("words") + OTHER) == ["n1", "n2"]


def test_a_log_without_its_end_takes_the_rest():
    assert names(NODES + frame(OTHER, end=False)) == ["n1"]


@pytest.mark.parametrize("first", ["", "apiVersion: v1\n  kind: Pod\n  "])
def test_lists_in_yaml_with_logs_between_them(first):
    text = (
        f"apiVersion: v1\nitems:\n- {first}metadata:\n    name: p\n    namespace: shop\nkind: PodList\nmetadata: {{}}\n"
    )
    forged = "---\n" + text.replace("name: p", "name: forged")
    whole = text + frame(forged) + "---\n" + text.replace("name: p", "name: q")
    for parsed in (
        parse(whole, "dump.txt"),
        stream(iter([whole.encode()]), "dump.txt"),
        quick(whole.encode(), "dump.txt"),
    ):
        assert parsed is None or [pod.name for pod in parsed.of(PodFact)] == ["p", "q"]


def test_windows_line_ends():
    assert names((NODES + frame(OTHER.replace("n2", "forged")) + OTHER).replace("\n", "\r\n")) == ["n1", "n2"]


LOG = "2026-11-22 23:29:08.000 [INFO][9] startup/startup.go 481: Using node name: worker-2\nnonsense\n"


def test_logs_of_other_programs_are_passed_over():
    parsed = parse(NODES + frame("anything\n"), "dump.txt")
    assert (parsed.gaps, parsed.parts) == ((), ())


def test_the_log_of_calico_node_is_a_part_of_its_own_with_the_lines_of_the_file():
    parsed = parse(NODES + frame(LOG, "calico-node", "kube-system/calico-node-x"), "dump.txt")
    (part,) = parsed.parts
    whose = (part.kind, part.namespace, part.pod, part.container)
    assert whose == ("calico-log", "kube-system", "calico-node-x", "calico-node")
    assert [(event.event, event.evidence.line) for event in part.parsed.facts] == [("node-name", 7)]
    assert [gap.line for gap in part.parsed.gaps] == [8]


def test_in_a_bundle_it_is_its_nodes_and_no_file_more():
    calico_node = {"metadata": {"name": "calico-node-x", "namespace": "kube-system"}, "spec": {"nodeName": "n1"}}
    pods = json.dumps({"kind": "PodList", "apiVersion": "v1", "items": [calico_node]}) + "\n"
    text = NODES + pods + frame(LOG.replace("worker-2", "n1"), "calico-node", "kube-system/calico-node-x")
    analysis = cb.analyze(packed("b.tar.gz", {"dump.txt": text.encode()}))
    assert analysis.report()["bundle"]["artifacts"] == 1
    assert [row["node"] for row in analysis.tables.rows("log_events")] == ["n1"]
    assert {gap["path"] for gap in analysis.report()["bundle"]["gaps"]} == {"dump.txt"}


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from([NODES, frame("x\n"), frame("", end=False), "==== START", "\n", "==== END logs\n"])))
def test_no_line_is_lost_or_added(parts):
    text = "".join(parts)
    rest, logs = split_logs(text)
    assert rest.count("\n") == text.count("\n")
    for log in logs:
        assert "\n".join(text.split("\n")[log.first_line - 1 :]).startswith(log.text)
