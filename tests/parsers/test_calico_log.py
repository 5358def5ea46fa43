"""Logs of calico-node: every prefix, repeats, owners, and that no line is lost."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.parsers import calico_log, calico_log_reading
from calico_bundle.parsers.calico_log_rules import RULES, classify
from tests.parsers.calico_log_texts import BGP, DETECTED, INNER, PREFIX, line_of, read

# --- prefixes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        "",
        "2025-01-01T00:00:00.000000000Z stdout F ",
        "2025-01-01T00:00:00.000000000+02:00 stderr F ",
        "2025-01-01T00:00:00.000000000Z ",
        "2025-01-01_00:00:00.12345 ",
        "[pod/calico-node-abcde/calico-node] ",
        "[pod/calico-node-abcde/calico-node] 2025-01-01T00:00:00.000000000Z ",
        "calico-node-abcde calico-node │ ",
        "calico-system calico-node-abcde calico-node | ",
        "calico-node-bcd2f calico-node ",
        "calico-system calico-node-bcd2f calico-node ",
        "Jan 01 00:00:00 worker-2 docker[123]: ",
        "2025-01-01T00:00:00+0000 worker-2 dockerd[1]: ",
    ],
)
def test_prefixes_are_seen_through(before):
    text = f"{before}{INNER}\n{before}bird: Mesh_10_0_0_1: State changed to up\n"
    parsed = read(text)
    assert [(f.event, f.component, f.time) for f in parsed.facts] == [
        ("address-autodetected", "startup", "2025-01-01 10:00:00.000"),
        ("bird-protocol-state", "bird", None),
    ]
    assert parsed.gaps == ()
    assert [f.evidence.text for f in parsed.facts] == [quote(line) for line in text.splitlines()]
    assert calico_log.recognizes(text)


def test_sterns_default_prefix_ends_where_the_container_its_pod_is_named_for_ends():
    text = f"calico-node-bcd2f calico-node {INNER}\ncalico-node-bcd2f calico-node Calico node started successfully\n"
    assert [f.event for f in read(text).facts] == ["address-autodetected", "calico-started"]


def test_docker_json_lines_are_seen_through_and_their_parts_joined():
    logs = [INNER[:40], INNER[40:] + "\n", "bird: Started\n"]
    text = "\n".join(json.dumps({"log": log, "stream": "stdout", "time": "2025-01-01T00:00:00Z"}) for log in logs)
    assert [(f.event, f.evidence.line) for f in read(text).facts] == [("address-autodetected", 1), ("bird-started", 3)]


def test_the_parts_of_a_cri_line_are_joined_within_their_stream():
    time = "2025-01-01T00:00:00.000000000Z"
    text = "\n".join(
        [
            f"{time} stdout P {INNER[:70]}",
            f"{time} stderr F bird: Started",
            f"{time} stdout P {INNER[70:80]}",
            f"{time} stdout F {INNER[80:]}",
        ]
    )
    assert [(f.event, f.evidence.line) for f in read(text).facts] == [("address-autodetected", 1), ("bird-started", 2)]
    cut = read(f"{time} stdout P {INNER[:70]}\n")
    assert cut.facts == ()
    assert [(g.kind, g.line) for g in cut.gaps] == [(GapKind.TRUNCATED, 1)]


def test_lines_of_old_versions_have_no_component():
    fact = read("2018-10-19 06:41:19.968 [INFO][10] startup.go 564: Using node name: ai\n").facts[0]
    assert (fact.component, fact.level, fact.time) == (None, "INFO", "2018-10-19 06:41:19.968")


# --- owner ------------------------------------------------------------------------------------------------------------


def test_the_owner_is_the_node_that_the_log_names():
    names = ("Determined node name: w-2", "Using node name: w-2", "Starting node w-2 with version v3.28.5")
    assert read("\n".join(PREFIX + name for name in names)).owner == "w-2"
    assert read(PREFIX + "Early log level set to info").owner is None


def test_a_log_that_names_two_nodes_has_no_owner():
    parsed = read(f"{PREFIX}Using node name: w-1\n{PREFIX}Using node name: w-2\n")
    assert parsed.owner is None
    assert [(g.kind, g.message) for g in parsed.gaps] == [
        (GapKind.CONTRADICTED, "the log names 2 nodes: w-1, w-2"),
    ]


# --- repeats ----------------------------------------------------------------------------------------------------------


def detected(number, address):
    minute = f"2025-01-01 10:{number:02}:00.000"
    return f"{minute} [INFO][87] monitor-addresses/autodetection_methods.go 103: " + DETECTED.format("eth1", address)


def test_of_a_run_of_equals_the_first_and_the_last_stay_and_every_change():
    addresses = ["10.0.0.1/24"] * 5 + ["10.9.0.1/24"] + ["10.0.0.1/24"] * 2
    text = "\n".join(detected(n, address) for n, address in enumerate(addresses))
    facts = read(text).facts
    assert [(f.evidence.line, f.values["address"], f.values.get("count")) for f in facts] == [
        (1, "10.0.0.1/24", None),
        (5, "10.0.0.1/24", "5"),
        (6, "10.9.0.1/24", None),
        (7, "10.0.0.1/24", None),
        (8, "10.0.0.1/24", "2"),
    ]
    assert facts[1].time == "2025-01-01 10:04:00.000"


def test_the_families_and_the_components_run_apart():
    other = "Using autodetected IPv6 address on interface eth1: fd00::1/64"
    text = "\n".join([detected(0, "10.0.0.1/24"), PREFIX + other, INNER, detected(1, "10.0.0.1/24"), PREFIX + other])
    assert [f.evidence.line for f in read(text).facts] == [1, 2, 3, 4, 5]
    assert [f.values.get("count") for f in read(text).facts] == [None, None, None, "2", "2"]


def test_a_changing_port_is_no_change():
    ports = [f"bird: BGP: Unexpected connect from unknown address 10.0.0.7 (port {n})" for n in range(40000, 40100)]
    facts = read("\n".join(ports)).facts
    assert [(f.values["port"], f.values.get("count")) for f in facts] == [("40000", None), ("40099", "100")]


def test_probe_texts_in_a_log_are_events_and_repeats_of_them_are_counted():
    facts = read("\n".join([BGP + "10.0.0.1"] * 50 + [BGP + "10.0.0.2"])).facts
    assert [(f.values["peers"], f.values.get("count"), f.evidence.line) for f in facts] == [
        ("10.0.0.1", None, 1),
        ("10.0.0.1", "50", 50),
        ("10.0.0.2", None, 51),
    ]


def test_a_flapping_session_costs_no_more_than_the_limit_and_its_last_state_is_kept(monkeypatch):
    monkeypatch.setattr(calico_log_reading, "MOST_EVENTS", 10)
    states = ["start", "feed", "up"] * 20 + ["down"]
    parsed = read("\n".join(f"bird: Mesh_10_0_0_1: State changed to {state}" for state in states))
    assert len(parsed.facts) == 11
    assert parsed.facts[-1].values["state"] == "down"
    assert parsed.facts[-1].evidence.line == len(states)
    assert [(g.kind, g.message) for g in parsed.gaps] == [
        (GapKind.REFUSED, "50 more events bird-protocol-state were counted and not kept"),
    ]


# --- lines that are no events -----------------------------------------------------------------------------------------


def test_ordinary_lines_and_what_belongs_to_them_are_passed_over():
    text = "\n".join(
        [
            PREFIX + "Nothing that matters here",
            "2025-01-01 10:00:00.000 [INFO][1] cni-installer/<nil> <nil>: CNI plugin version is v3.28.5",
            "bird: kernel1: something new",
            "W0105 12:00:00.000000      45 reflector.go:324] failed to list",
            'time="2025-01-01T10:00:00Z" level=info msg="Running as a Kubernetes pod"',
            "panic: runtime error",
            "",
            "goroutine 1 [running]:",
            "main.main()",
            "\t/go/src/main.go:12 +0x1d",
        ]
    )
    assert read(text) == calico_log.Parsed(())


def test_a_line_without_a_known_prefix_is_a_gap_and_so_is_what_follows_it():
    parsed = read(f"{INNER}\nsomething else\n  more of it\nbird: Started\nerror: unable to upgrade connection: no\n")
    assert [(g.line, g.kind) for g in parsed.gaps] == [
        (2, GapKind.NOT_UNDERSTOOD),
        (3, GapKind.NOT_UNDERSTOOD),
        (5, GapKind.COLLECTOR_ERROR),
    ]
    assert len(parsed.facts) == 2


def test_hidden_values_are_left_out_and_said_so():
    text = (
        f"{PREFIX}{DETECTED.format('eth1', '***HIDDEN***/24')}\n{PREFIX}Using node name: ***TOKEN_HOST_0A***\n"
        f"{BGP}***HIDDEN***,***HIDDEN***\n{PREFIX}Nothing about ***HIDDEN***\n"
    )
    parsed = read(text)
    assert [(f.event, dict(f.values)) for f in parsed.facts] == [
        ("address-autodetected", {"family": "4", "interface": "eth1", "method": "first-found"}),
        ("node-name", {}),
        ("bgp-not-established", {}),
    ]
    assert parsed.owner is None
    assert [(g.line, g.kind) for g in parsed.gaps] == [(n, GapKind.REDACTED) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-01-01 10:00:00 INFO server started\n",
        "2025-01-01T10:00:00Z stdout F [INFO] plugin/reload: Running configuration\n",
        "default via 10.0.0.1 dev eth0\n",
        "  Warning  Unhealthy  2m  kubelet  Readiness probe failed: " + INNER,
        "bird: one line alone\nother\n",
        (
            "name     proto    table    state  since       info\n"
            "Mesh_10_0_0_1 BGP      master   up     10:00:00    Established\n"
        ),
        "Calico process is running.\n",
    ],
)
def test_other_texts_are_not_recognized(text):
    assert not calico_log.recognizes(text)


def test_runits_texts_are_recognized():
    assert calico_log.recognizes("Calico node failed to start\n")


def frame(container, log, pod="kube-system/calico-node-x7k2p"):
    whose = f"logs for container {container} of pod {pod} ====\n"
    return f"==== START {whose}{log}==== END {whose}"


def test_a_pods_logs_in_frames_are_known_by_the_pod():
    long = frame("install-cni", 'time="2021-01-01T00:00:00Z" level=info msg="Installed"\n' * 200)
    assert calico_log.recognizes(long[:8192])
    assert not calico_log.recognizes(long[:8192].replace("calico-node-x7k2p", "coredns-x7k2p"))
    parsed = calico_log.parse(long + frame("calico-node", INNER + "\n"), "logs.txt")
    assert ([fact.evidence.line for fact in parsed.facts], parsed.gaps) == ([204], ())


@pytest.mark.parametrize(
    "error", ["Create log request error: no", 'Request log error: container "a" is waiting to start']
)
def test_a_log_that_the_dump_could_not_get_is_not_collected(error):
    (gap,) = calico_log.parse(frame("calico-node", f"{error}\n"), "logs.txt").gaps
    assert (gap.kind, gap.line) == (GapKind.COLLECTOR_ERROR, 2)


# --- properties -------------------------------------------------------------------------------------------------------

KNOWN = st.sampled_from([line_of(rule) for rule in RULES])
ORDINARY = st.sampled_from([PREFIX + "nothing", "bird: nothing", ""])
UNKNOWN = st.sampled_from(["what is this", "10.0.0.1 dev eth0", "name proto", "x: y"])
FRAGMENTS = st.sampled_from(
    ["bird: ", PREFIX, '{"log":', "2025-01-01T00:00:00Z stdout P ", "[pod/a/b] ", "***HIDDEN***"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), FRAGMENTS, KNOWN, st.just("\n")), max_size=20).map("".join))
def test_no_text_raises_and_every_quote_can_be_read_again(text):
    calico_log.recognizes(text)
    classify(text)
    lines = text.split("\n")
    for fact in read(text).facts:
        assert fact.evidence.text == quote(lines[fact.evidence.line - 1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            KNOWN.map(lambda x: ("known", x)),
            ORDINARY.map(lambda x: ("ordinary", x)),
            UNKNOWN.map(lambda x: ("unknown", x)),
        ),
        max_size=30,
    )
)
def test_every_line_is_an_event_or_counted_or_ordinary_or_a_gap(lines):
    parsed = read("\n".join(line for _, line in lines))
    # The last of a run carries its length, and the first stands beside it.
    singles = sum("count" not in f.values for f in parsed.facts)
    repeated = sum(int(f.values["count"]) - 1 for f in parsed.facts if "count" in f.values)
    assert singles + repeated == sum(kind == "known" for kind, _ in lines)
    listed = len([g for g in parsed.gaps if g.line])
    counted = sum(int(g.message.split()[0]) for g in parsed.gaps if "more lines" in g.message)
    assert listed + counted == sum(kind == "unknown" for kind, _ in lines)
