"""The quick reader of plain logs and the reader of logs in pieces: what they read is what the general reader reads."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import quote
from calico_bundle.facts import LogEventFact
from calico_bundle.facts.log_events import LogEvents
from calico_bundle.parsers import (
    Parsed,
    calico_log,
    calico_log_prefixes,
    calico_log_quick,
    calico_log_reading,
    choose,
)
from calico_bundle.parsers.calico_log_rules import RULES, may_match
from calico_bundle.parsers.calico_log_rules.daemons import BIRD, is_of_pod
from calico_bundle.sources.text import decode
from tests.parsers.calico_log_texts import BGP, INNER, PREFIX, line_of

PATH = "node-1/calico-node.log"
FIXTURES = Path(__file__).parents[2] / "fixtures"


def facts_of(parsed: Parsed):
    return tuple(parsed.facts), parsed.gaps, parsed.owner


def general(data):
    return calico_log.parse(decode(data), PATH)


def quick(data):
    return calico_log.PARSER.quick(data, PATH)


# --- logs of mixed lines ----------------------------------------------------------------------------------------------

HEADERS = st.sampled_from([
    "2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: ",
    "2026-09-25 18:43:14.041 [WARNING][61] monitor-addresses/autodetection_methods.go 103: ",
    "2026-09-25 18:43:14.042 [ERROR][12345] felix/int_dataplane.go 1924: ",
    "2018-10-19 06:41:19.968 [INFO][10] startup.go 564: ",
    "2025-01-01 10:00:00.000 [INFO][1] cni-installer/<nil> <nil>: ",
    "2025-01-01 10:00:00.000 [INFO][1] a-very-long-component-name/and_a_long_file_name_too_for_it.go 1: ",
])  # fmt: skip
ODD_HEADERS = st.sampled_from([
    "2025-01-01 10:00:00.000123 [INFO][9] startup/startup.go 481: ",
    "2025-01-01 10:00:00.00 [INFO][9] startup/startup.go 481: ",
    "2025-01-01T00:00:00.000000000Z stdout F ",
    "2025-01-01T00:00:00.000000000Z stdout P ",
    "2025-01-01 10:00:00.000 [INFO][9] ", "2025-01-01 10:00:00.000 [info][9] a.go 1: ", "[pod/a/b] ", "bird: ", "bird6: ",
    "bird", "2", "b", "",
])  # fmt: skip
NOT_BIRDS = tuple(rule.example for rule in RULES if rule not in BIRD)
MESSAGES = st.one_of(
    st.sampled_from(NOT_BIRDS),
    st.sampled_from([example.split(" ")[0] for example in NOT_BIRDS]),
    st.sampled_from([
        'Linux interface addrs changed. addrs=set.Set{} ifaceName="cali0123456789a"',
        'Linux interface addrs changed. addrs=set.Set{} ifaceName="cali"3456789a"',
        'Linux interface addrs changed. addrs=set.Set{} ifaceName="eth0" ifaceName="cali0123456789a"',
        'Linux interface addrs changed. addrs="cali0123456789a"', "Linux", "Summarising 25 loops",
        "Using ***HIDDEN*** address", "***HIDDEN***", "<censored>", "Using node name: ***TOKEN_HOST_0A***",
        "Runtime health check failed " + BGP + "10.0.0.1", BGP + "10.0.0.1", "calico/node is not live", "", " ",
    ]),
    st.text("Us*<ig :\t", max_size=8),
)  # fmt: skip
BIRD_MESSAGES = st.one_of(
    st.sampled_from([rule.example for rule in BIRD]),
    st.builds(
        "{}: {}".format,
        st.sampled_from(["Mesh_10_0_0_1", "Mesh_10_0_0_2", "Global_fd00__1", "kernel1", "BGP"]),
        st.sampled_from([
            "State changed to up", "State changed to start", "Initializing", "Initializing more", "Starting",
            "Connect delayed by 5 seconds", "Connect delayed by 7 seconds", "Started", "what is this", "", "***HIDDEN***",
        ]),
    ),
    st.sampled_from(["BGP master up 1", "UP 10.0.0.1/24", "Started ", "***HIDDEN***: Starting"]),
)  # fmt: skip
BIRD_LINES = st.builds("{}{}".format, st.sampled_from(["bird: ", "bird6: "]), BIRD_MESSAGES)
PLAIN = st.one_of(
    st.builds("{}{}".format, HEADERS, MESSAGES),
    BIRD_LINES,
    st.sampled_from([line_of(rule) for rule in RULES]),
    st.sampled_from(["Calico node started successfully", BGP + "10.0.0.1", "W0105 12:00:00.000000 45 a.go:1] x"]),
)
ODD = st.one_of(
    st.builds("{}{}".format, ODD_HEADERS, st.one_of(MESSAGES, BIRD_MESSAGES)),
    st.sampled_from(
        ["", " ", "goroutine 1 [running]:", "main.main()", "\t/go/src/main.go:12", "what is this", "\x1b[0m"]
    ),
    st.text(max_size=30),
)
PLAIN_LOGS = st.lists(PLAIN, max_size=25)
LOGS = st.lists(st.one_of(PLAIN, PLAIN, PLAIN, ODD), max_size=12)
ENDS = st.sampled_from(["\n", "", "\r\n"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(PLAIN_LOGS, LOGS), ENDS, st.binary(max_size=2))
@example(["bird: BGP master up 1", "bird: BGP master up 2"], "\n", b"")
@example([INNER, "bird: Started", "bird6: Started"], "\n", b"")
@example(["2018-10-19 06:41:19.968 [INFO][10] health.go 564: " + BGP + "10.0.0.1", BGP + "10.0.0.1"], "\n", b"")
def test_what_the_quick_reader_takes_it_reads_as_the_general_one(lines, end, more):
    data = (end if end.strip("\n") else "\n").join(lines).encode("utf-8", "surrogatepass") + end.encode() + more
    found = quick(data)
    if found is not None:
        assert facts_of(found) == facts_of(general(data))
        assert choose(decode(data)) is calico_log.PARSER


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(HEADERS.map(lambda h: h + "nothing"), BIRD_LINES), min_size=1, max_size=25))
def test_plain_logs_are_taken(lines):
    """So that the property above says something: only what may be another thing, or hides something, is left."""
    left = ("***", ": BGP master", ": UP 10")
    plain = [line for line in lines if line == line.rstrip() and not any(text in line for text in left)]
    assert quick("\n".join([INNER, *plain]).encode()) is not None


@settings(max_examples=150, deadline=None)
@given(LOGS, ENDS, st.lists(st.integers(0, 400), max_size=6))
def test_pieces_are_read_as_the_whole(lines, end, cuts):
    data = "\n".join(lines).encode("utf-8", "replace") + end.encode() + b"\xff\xc3"
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:stop] for start, stop in pairwise(at)]
    assert facts_of(calico_log.stream(pieces, PATH)) == facts_of(general(data))


def test_pieces_of_utf_16_are_read_as_the_whole():
    data = f"{INNER}\nbird: Started\n".encode("utf-16")
    assert facts_of(calico_log.stream([data[i : i + 1] for i in range(len(data))], PATH)) == facts_of(general(data))


def test_a_line_without_end_is_cut_and_said_so(monkeypatch):
    monkeypatch.setattr(calico_log_prefixes, "LONGEST_LINE", 200)
    monkeypatch.setattr(calico_log, "LONGEST_LINE", 200)
    data = (INNER + "\n" + "x" * 500 + "\nbird: Started\n").encode()
    found = calico_log.stream([data[:300], data[300:]], PATH)
    assert [f.event for f in found.facts] == ["address-autodetected", "bird-started"]
    assert [g.message.split(":")[0] for g in found.gaps] == ["line is longer than is read", "line not understood"]


def test_a_split_line_without_end_is_cut_and_said_so(monkeypatch):
    monkeypatch.setattr(calico_log_prefixes, "LONGEST_LINE", 100)
    part = "2025-01-01T00:00:00Z stdout P bird: " + "x" * 50
    found = calico_log.parse("\n".join([part] * 3 + [part.replace(" P ", " F ")]), PATH)
    assert [(g.line, g.message.split(":")[0]) for g in found.gaps] == [
        (2, "line is longer than is read"), (3, "line is longer than is read")
    ]  # fmt: skip


RECORDED = sorted(FIXTURES.rglob("*.log"))


@pytest.mark.parametrize("log", RECORDED, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_recorded_logs_are_taken_and_read_alike(log):
    data = log.read_bytes()
    assert facts_of(quick(data)) == facts_of(general(data))
    assert facts_of(calico_log.stream([data[:99], data[99:]], PATH)) == facts_of(general(data))


# --- repeats and limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [2, 5])
def test_flapping_sessions_are_read_alike(monkeypatch, most):
    monkeypatch.setattr(calico_log_reading, "MOST_EVENTS", most)
    monkeypatch.setattr(calico_log_quick, "MOST_EVENTS", most)
    states = ["start", "up", "up", "down", "start", "start", "start", "up"]
    lines = [INNER, *(f"bird: Mesh_10_0_0_{n}: State changed to {s}" for s in states for n in (1, 2)), INNER]
    data = "\n".join(lines).encode()
    assert facts_of(quick(data)) == facts_of(general(data))
    assert quick(data).gaps


def test_two_names_are_left_to_the_general_reader():
    data = f"{PREFIX}Using node name: w-1\n{PREFIX}Using node name: w-2\n".encode()
    assert quick(data) is None
    assert quick(data.split(b"\n")[0]).owner == "w-1"


def test_things_without_number_cost_no_more_than_the_limit(monkeypatch):
    monkeypatch.setattr("calico_bundle.parsers.calico_log_events.MOST_THINGS", 3)
    found = general("".join(f"bird: P{n}: Starting\n" for n in range(10)).encode())
    assert len(found.facts) == 3
    assert [g.message for g in found.gaps] == ["7 more events bird-protocol-starting were counted and not kept"]


# --- how events are kept ----------------------------------------------------------------------------------------------


@given(LOGS.filter(bool))
@settings(max_examples=60, deadline=None)
def test_events_can_be_asked_for_by_their_place_and_kind(lines):
    text = "\n".join(lines)
    facts = calico_log.parse(text, PATH).facts
    every = list(facts)
    assert [facts[place] for place in range(len(facts))] == every
    assert every[::2] == list(facts[::2])
    assert [f.evidence.text for f in every] == [quote(text.split("\n")[f.evidence.line - 1]) for f in every]
    if isinstance(facts, LogEvents):
        assert facts.of(LogEventFact) is facts
        assert facts.of(str) == ()
        wanted = ("bird-started", "address-autodetected", "no such event")
        assert facts.events(wanted) == [f for f in every if f.event in wanted]
        states = [
            (f.values.get("protocol", ""), f.values.get("state", "")) for f in every if f.event.endswith("l-state")
        ]
        assert facts.states() == states


def test_the_texts_of_birds_lines_are_shared_by_logs():
    one, other = (quick(f"{INNER}\nbird: Mesh_10_0_0_1: State changed to up\n".encode()) for _ in range(2))
    calico_log_quick._bird_event.cache_clear()
    third = quick(f"{INNER}\nbird: Mesh_10_0_0_1: State changed to up\n".encode())
    assert one.facts.shared[0] is other.facts.shared[0]
    assert one.facts.shared[0] is third.facts.shared[0]


# --- what is told without the rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [r for r in RULES if r not in BIRD], ids=lambda r: r.example[:40])
def test_every_beginning_of_a_rules_text_may_match(rule):
    assert all(may_match(rule.example[:length]) for length in range(len(rule.example)))


@given(st.text('"cali0x', max_size=20))
@settings(max_examples=200, deadline=None)
def test_lines_of_a_pods_interface_are_told_by_their_end(end):
    message = f'Linux interface addrs changed. addrs=set.Set{{}} ifaceName="{end}"'
    if is_of_pod(message):
        assert general((PREFIX + message).encode()).facts == ()
