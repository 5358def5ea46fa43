"""`show status`: the router id, and whether BIRD still recovers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.parsers import bird_status

STATUS = """\
BIRD v0.3.3+birdv1.6.8 ready.
BIRD v0.3.3+birdv1.6.8
Router ID is 192.168.50.12
Current server time is 2026-11-22 23:29:06
Last reboot on 2026-11-22 23:29:00
Last reconfiguration on 2026-11-22 23:29:01
Daemon is up and running
"""


def read(text):
    return bird_status.parse(text, "status.txt")


def test_the_status_is_one_event():
    (event,) = read(STATUS).facts
    assert (event.event, event.component, event.time) == ("bird-status", "bird", "2026-11-22 23:29:06")
    assert event.values == {
        "version": "v0.3.3+birdv1.6.8",
        "router_id": "192.168.50.12",
        "server_time": "2026-11-22 23:29:06",
        "last_reboot": "2026-11-22 23:29:00",
        "last_reconfiguration": "2026-11-22 23:29:01",
        "graceful_restart": "false",
        "daemon": "Daemon is up and running",
    }
    assert (event.evidence.line, event.evidence.text) == (3, "Router ID is 192.168.50.12")
    assert read(STATUS).gaps == ()


def test_graceful_recovery_is_seen_also_in_the_raw_form():
    raw = (
        "0001 BIRD 1.6.8 ready.\n1000-BIRD 1.6.8\n1011-Router ID is 10.0.0.1\n Current server time is 10:00:00\n"
        "0024-Graceful restart recovery in progress\n   Waiting for 2 protocols to recover\n   Wait timer is 239/240\n"
        "0013 Daemon is up and running\n"
    )
    (event,) = read(raw).facts
    assert (event.values["graceful_restart"], event.values["waiting_for"], event.values["wait_timer"]) == (
        "true",
        "2",
        "239/240",
    )
    assert event.evidence.text == "0024-Graceful restart recovery in progress"
    assert read(raw).gaps == ()


def test_two_answers_are_two_events():
    other = STATUS.replace("192.168.50.12", "10.0.0.9")
    assert [e.values["router_id"] for e in read(STATUS + other).facts] == ["192.168.50.12", "10.0.0.9"]


@pytest.mark.parametrize(
    "text,kinds",
    [
        ("", [GapKind.NOT_UNDERSTOOD]),
        ("BIRD 1.6.8\n", [GapKind.TRUNCATED]),
        ("Unable to connect to server control socket (/x): Connection refused\n", [GapKind.COLLECTOR_ERROR]),
        (STATUS + "what is this\n", [GapKind.NOT_UNDERSTOOD]),
        (STATUS.replace("192.168.50.12", "***HIDDEN***"), [GapKind.REDACTED]),
    ],
)
def test_what_is_missing_or_unknown_is_a_gap(text, kinds):
    assert [g.kind for g in read(text).gaps] == kinds


def test_a_hidden_router_id_is_no_value():
    (event,) = read(STATUS.replace("192.168.50.12", "***HIDDEN***")).facts
    assert "router_id" not in event.values


def test_it_is_recognized_by_its_own_lines_only():
    assert bird_status.recognizes(STATUS)
    assert bird_status.recognizes("1011-Router ID is 10.0.0.1\n")
    assert not bird_status.recognizes("OSPF Router ID is what\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(STATUS.splitlines())), max_size=12).map("\n".join))
def test_no_text_raises_and_every_quote_can_be_read_again(text):
    bird_status.recognizes(text)
    parsed = read(text)
    lines = text.split("\n")
    assert parsed.facts or parsed.gaps
    for fact in parsed.facts:
        assert fact.evidence.text == quote(lines[fact.evidence.line - 1])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.ip_addresses(v=4), st.booleans()), min_size=1, max_size=3))
def test_a_rendered_status_is_read_back(answers):
    text = "".join(
        f"BIRD 1.6.8 ready.\nBIRD 1.6.8\nRouter ID is {router}\n"
        + ("Graceful restart recovery in progress\n" if recovering else "")
        + "Daemon is up and running\n"
        for router, recovering in answers
    )
    assert [(e.values["router_id"], e.values["graceful_restart"]) for e in read(text).facts] == [
        (str(router), str(recovering).lower()) for router, recovering in answers
    ]
