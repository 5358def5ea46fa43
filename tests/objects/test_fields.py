"""Fields: a value, or None and a gap that says why."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from calico_bundle.evidence import Evidence, GapKind
from calico_bundle.objects.fields import Fields, IncompleteError, Record
from calico_bundle.objects.located import LocatedMap
from calico_bundle.objects.reading import Reading, is_hidden
from calico_bundle.objects.yaml_documents import read_yaml


def fields(text: str) -> tuple[Fields, Reading]:
    reading = Reading("f.yaml", text)
    body = next(read_yaml(text))
    assert isinstance(body, LocatedMap)
    return Record(reading, "Thing", "", body).fields(), reading


@pytest.mark.parametrize(
    "text, hidden",
    [
        ("***HIDDEN***", True),
        ("***TOKEN_IPV4_A1B2C3***", True),
        ("***TOKEN_IPV4_A1B2C3_2***", True),
        ("10.0.0.***HIDDEN***/24", True),
        ("***", True),
        ("********", True),
        ("<censored>", True),
        ("x-ipv4-0000000001-x", True),
        ("10.0.0.1", False),
        ("a<b>", False),
        ("x-ray-1-x", False),
        ("", False),
    ],
)
def test_hidden_values(text: str, hidden: bool):
    assert is_hidden(text) is hidden


def test_a_hidden_value_is_none_and_named_once_per_object():
    thing, reading = fields("a: '***HIDDEN***'\nb: ['***', 10.0.0.1]\nc: 10.apple.pear.plum\n")
    assert thing.text("a", "first") is None
    assert [ip for ip, _ in thing.addresses("b", "first")] == [None, ip_address("10.0.0.1")]
    assert thing.address("c", "third") is None
    assert thing.record.redacted == ("first", "third")
    assert [(g.line, g.kind, g.message) for g in reading.gaps()] == [
        (1, GapKind.REDACTED, "Thing: first hidden by the collector in 1 object"),
        (3, GapKind.REDACTED, "Thing: third hidden by the collector in 1 object"),
    ]


@pytest.mark.parametrize("empty", ["", "null", '"null"'])
def test_what_is_not_there(empty: str):
    thing, reading = fields(f"a: {empty}\n")
    assert thing.text("a", "a") is thing.flag("a", "a") is thing.address("a", "a") is thing.plain("a", "a") is None
    assert "name" not in thing.child("b")
    assert reading.gaps() == ()


def test_a_wrong_type_is_a_gap_with_its_line():
    thing, reading = fields("a: [1]\nb: text\nc: {d: 1}\ne: maybe\nf: 1.5\ng: [10.0.0.0/33]\nmetadata: {name: x}\n")
    assert thing.text("a", "a") is None
    assert "x" not in thing.child("b")
    assert list(thing.children("c")) == list(thing.children("a")) == []
    assert thing.flag("e", "e") is thing.integer("f", "f") is thing.address("b", "b") is None
    assert thing.networks("g", "g") == ()
    assert [(g.line, g.message) for g in reading.gaps()] == [
        (1, "Thing x: a: text was expected"),
        (2, "Thing x: b: a mapping was expected"),
        (3, "Thing x: c: a list was expected"),
        (1, "Thing x: a: a mapping was expected"),
        (4, "Thing x: e: true or false was expected: maybe"),
        (5, "Thing x: f: a whole number was expected: 1.5"),
        (2, "Thing x: b: not an address: text"),
        (6, "Thing x: g: not a network: 10.0.0.0/33"),
    ]


def test_values_in_quotes_and_without_mean_the_same():
    thing, _ = fields("a: 5\nb: '5'\nc: true\nd: 'true'\n")
    assert thing.text("a", "") == thing.text("b", "") == "5"
    assert thing.integer("a", "") == thing.integer("b", "") == 5
    assert thing.text("c", "") == thing.text("d", "") == "true"
    assert thing.flag("c", "") is thing.flag("d", "") is True


def test_labels_keep_empty_and_odd_values():
    thing, _ = fields("a: {b: , c: '', d: null, e: 'null', f: 1.10, g: true, h: '***HIDDEN***'}\n")
    assert thing.string_map("a", "a") == {"b": "", "c": "", "d": "", "e": "null", "f": "1.10", "g": "true"}
    assert thing.record.redacted == ("a",)


def test_plain_values_of_a_mapping():
    thing, _ = fields("a: {firstFound: true, cidrs: [10.0.0.0/8], canReach: '<censored>', x: {y: null}}\n")
    value = thing.plain("a", "a")
    assert value == {"firstFound": True, "cidrs": ["10.0.0.0/8"], "canReach": None, "x": {"y": None}}
    assert type(value) is dict
    assert thing.record.redacted == ("a",)


def test_host_bits_of_a_network_are_ignored():
    thing, _ = fields("a: 10.0.0.1/8\n")
    assert thing.network("a", "a") == ip_network("10.0.0.0/8")


def test_required_text():
    thing, reading = fields("a: 'null'\nb: '***'\n")
    assert thing.required("a", "a") == "null"
    for key in ("b", "c"):
        with pytest.raises(IncompleteError):
            thing.required(key, key)
    assert [g.message for g in reading.gaps()] == [
        "Thing: c: is not there, so the object is left out",
        "Thing: b hidden by the collector in 1 object",
    ]


def test_evidence_is_the_line_wherever_it_is_asked_from():
    text = "".join(f"line {n}\n" for n in range(1, 30))
    reading = Reading("f", text)
    for line in (5, 29, 1, 2, 17, 3, 3, 28):
        assert reading.evidence(line) == Evidence("f", line, f"line {line}")


def test_a_line_that_also_holds_a_secret_is_not_quoted():
    text = '{"items":[{"kind":"Secret","data":{"a":"aHVudGVyMg=="}},{"kind":"Node"}]}\nnext\n'
    reading = Reading("f", text)
    assert reading.evidence(1) == Evidence("f", None, "")
    assert reading.evidence(2) == Evidence("f", 2, "next")
