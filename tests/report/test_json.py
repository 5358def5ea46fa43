"""The JSON report: it fits its schema, its order is the contract's, and it can be shown anywhere."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from calico_bundle.evidence import GapKind
from calico_bundle.report.json import render, render_trace, schema
from tests.report import hand_made

REPORTS = (
    hand_made.broken_report,
    hand_made.healthy_report,
    hand_made.inconclusive_report,
    hand_made.large_report,
    hand_made.dual_stack_report,
)
TRACES = (hand_made.dns_trace, hand_made.node_trace)


def errors(made: Any, name: Any = "schema") -> list[str]:
    return [error.message for error in Draft202012Validator(schema(name)).iter_errors(made)]


@pytest.mark.parametrize("name", ["schema", "trace_schema"])
def test_the_schemas_are_schemas(name):
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("make", REPORTS)
def test_a_report_fits_the_schema_and_survives_the_writing(make):
    made = make()
    assert errors(made) == []
    assert json.loads(render(made)) == made


@pytest.mark.parametrize("make", TRACES)
def test_a_trace_fits_its_schema_and_survives_the_writing(make):
    made = make()
    assert errors(made, "trace_schema") == []
    assert json.loads(render_trace(made)) == made


@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: made.update(extra=1),
        lambda made: made.pop("hypotheses"),
        lambda made: made.update(schema_version=2),
        lambda made: made["verdict"].update(status="bad"),
        lambda made: made["verdict"].update(status="healthy"),  # it has root causes
        lambda made: made["nodes"][0].update(address_verdict="fine"),
        lambda made: made["nodes"][0].pop("ipv6"),
        lambda made: made["findings"][0].update(code="XY1"),
        lambda made: made["findings"][0].update(subject="node-2"),
        lambda made: made["findings"][0]["affects"].update(pods=["shop/cart-0"] * 21),
        lambda made: made["findings"][0]["fixes"][0].update(commands=["one\ntwo"]),
        lambda made: made["findings"][0]["evidence"][0].update(line=0),
        lambda made: made["dns"]["paths"].update(broken=-1),
        lambda made: made["effects"][0].update(status="spared"),
        lambda made: made["bundle"]["gaps"][0].update(kind="odd"),
        lambda made: made["paths"][0].update(basis="guessed"),
        lambda made: made["paths"][0]["endpoints"][0].update(reply="dropped"),
    ],
)
def test_the_schema_refuses_what_the_contract_does_not_have(spoil):
    made = hand_made.broken_report()
    spoil(made)
    assert errors(made)


def test_a_trace_has_either_endpoints_or_one_pair():
    made = hand_made.node_trace()
    assert errors(made | {"endpoints": []}, "trace_schema")
    del made["reply"]
    assert errors(made, "trace_schema")


def test_every_kind_of_gap_is_in_the_schema():
    gaps = schema()["properties"]["bundle"]["properties"]["gaps"]
    assert set(gaps["items"]["properties"]["kind"]["enum"]) == {kind.value for kind in GapKind}


def shuffled(made: Any) -> Any:
    """The same, with every object's keys in another order."""
    if isinstance(made, dict):
        return {key: shuffled(made[key]) for key in sorted(made, reverse=True)}
    return [shuffled(item) for item in made] if isinstance(made, list) else made


@pytest.mark.parametrize("make", [hand_made.broken_report, hand_made.dual_stack_report])
def test_the_order_is_the_contracts_whatever_order_comes_in(make):
    assert render(shuffled(make())) == render(make()) == json.dumps(make(), indent=2, ensure_ascii=False) + "\n"


def test_keys_of_the_contract_come_in_the_order_it_names_them():
    written = json.loads(render(shuffled(hand_made.broken_report())))
    more = {"effects", "symptoms", "checks", "checks_skipped", "collect", "coverage", "other_plugins"}
    assert [key for key in written if key not in more] == [
        "schema_version",
        "tool",
        "bundle",
        "verdict",
        "nodes",
        "findings",
        "hypotheses",
        "dns",
        "paths",
    ]
    assert list(written["paths"][0]) == [
        "namespace",
        "pod",
        "node",
        "host_network",
        "verdict",
        "basis",
        "reason",
        "endpoints",
    ]


def test_a_key_that_the_schema_does_not_know_is_written_all_the_same():
    assert json.loads(render({"new": {"a": 1}, "schema_version": 1})) == {"schema_version": 1, "new": {"a": 1}}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
@settings(max_examples=100)
def test_whatever_is_written_can_be_read_again_and_shown_on_a_terminal(made):
    written = render(made)
    assert json.loads(written) == made
    assert not set(written) - {"\n"} & {chr(code) for code in (*range(32), *range(127, 160), 0x202E, 0x200B, 0xFEFF)}


def test_a_file_name_that_is_not_utf8_can_be_encoded():
    assert '"\\udcff.yaml"' in render({"path": "\udcff.yaml"})
    render({"path": "\udcff.yaml"}).encode("utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_an_error(value):
    with pytest.raises(ValueError, match="JSON"):
        render({"a": value})


def test_a_value_that_json_lacks_is_an_error():
    with pytest.raises(TypeError):
        render({"a": {1, 2}})
