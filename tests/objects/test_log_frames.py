"""Logs among objects, as `kubectl cluster-info dump` prints them to standard output."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import NodeFact, PodFact
from calico_bundle.objects.log_frames import split_logs
from calico_bundle.parsers.objects import parse, quick, stream

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


def test_logs_are_no_gaps_but_calico_nodes_own_is_told():
    assert parse(NODES + frame("anything\n"), "dump.txt").gaps == ()
    (gap,) = parse(NODES + frame("anything\n", "calico-node", "kube-system/calico-node-x"), "dump.txt").gaps
    assert (gap.kind, gap.line) == (GapKind.NOT_UNDERSTOOD, 7)
    assert "calico-node" in gap.message


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from([NODES, frame("x\n"), frame("", end=False), "==== START", "\n", "==== END logs\n"])))
def test_no_line_is_lost_or_added(parts):
    text = "".join(parts)
    rest, logs = split_logs(text)
    assert rest.count("\n") == text.count("\n")
    for log in logs:
        assert "\n".join(text.split("\n")[log.first_line - 1 :]).startswith(log.text)
