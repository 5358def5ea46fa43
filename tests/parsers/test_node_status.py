"""`calicoctl node status`: tables of both styles, wrapped rows, and every text in place of a table."""

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.facts import BGPSessionFact, LogEventFact
from calico_bundle.parsers import node_status

# Rows from public issues; the layout is tablewriter's.
WRAPPED = """\
root@n1:~# calicoctl node status
Calico process is running.

IPv4 BGP status
+----------------+-------------------+-------+----------+--------------------------------+
|  PEER ADDRESS  |     PEER TYPE     | STATE |  SINCE   |              INFO              |
+----------------+-------------------+-------+----------+--------------------------------+
| 192.168.63.204 | node-to-node mesh | start | 17:19:38 | Active Socket: Connection      |
|                |                   |       |          | refused                        |
| 10.2.167.162   | node-to-node mesh | start | 00:21:18 | Passive                        |
| 10.0.0.9       | global            | up    | 2025-01-01 | Established                  |
+----------------+-------------------+-------+----------+--------------------------------+

IPv6 BGP status
No IPv6 peers found.
"""


def read(text):
    return node_status.parse(text, "status.txt")


def sessions(text):
    return [f for f in read(text).facts if isinstance(f, BGPSessionFact)]


def events(text):
    return [(f.event, dict(f.values)) for f in read(text).facts if isinstance(f, LogEventFact)]


def test_a_wrapped_row_is_one_session():
    parsed = read(WRAPPED)
    assert [(str(s.peer), s.type, s.state, s.since, s.info, s.established) for s in sessions(WRAPPED)] == [
        ("192.168.63.204", "node-to-node mesh", "start", "17:19:38", "Active Socket: Connection refused", False),
        ("10.2.167.162", "node-to-node mesh", "start", "00:21:18", "Passive", False),
        ("10.0.0.9", "global", "up", "2025-01-01", "Established", True),
    ]
    assert {(s.source, s.protocol, s.source_address) for s in sessions(WRAPPED)} == {("calicoctl", None, None)}
    assert events(WRAPPED) == [("no-bgp-peers", {"family": "6"})]
    assert parsed.gaps == ()
    assert [f.evidence.line for f in parsed.facts] == [8, 10, 11, 15]


def test_go_prettys_table_and_both_families():
    text = """\
Calico process is running.

IPv4 BGP status
+--------------+---------------+-------+----------+---------------------------------------------+
| PEER ADDRESS | PEER TYPE     | STATE | SINCE    | INFO                                        |
+--------------+---------------+-------+----------+---------------------------------------------+
| 10.0.0.2     | node specific | start | 10:00:00 | Active Socket: Network is unreachable       |
+--------------+---------------+-------+----------+---------------------------------------------+

IPv6 BGP status
+---------------------+-------------------+-------+----------+-------------+
| PEER ADDRESS        | PEER TYPE         | STATE | SINCE    | INFO        |
+---------------------+-------------------+-------+----------+-------------+
| fd80:24e2:f998::2   | node-to-node mesh | up    | 23:18:20 | Established |
| fd80::3:port:180    | global            | up    | 23:18:20 | Established |
+---------------------+-------------------+-------+----------+-------------+

"""
    assert [(str(s.peer), s.info) for s in sessions(text)] == [
        ("10.0.0.2", "Active Socket: Network is unreachable"),
        ("fd80:24e2:f998::2", "Established"),
        ("fd80::3", "Established"),
    ]
    assert read(text).gaps == ()


def test_the_status_of_old_versions():
    # calicoctl before v1, from a public issue.
    text = """\
calico-node container is running. Status: Up 21 seconds

IPv4 BGP status
IP: 10.0.5.101    AS Number: 64511 (inherited)
+--------------+-------------------+-------+----------+-----------------------------------------+
| Peer address |     Peer type     | State |  Since   |                   Info                  |
+--------------+-------------------+-------+----------+-----------------------------------------+
|  10.0.5.102  | node-to-node mesh | start | 07:05:27 | Active        Socket: Connection closed |
+--------------+-------------------+-------+----------+-----------------------------------------+

IPv6 BGP status
No IPv6 address configured.
"""
    assert [(str(s.peer), s.info) for s in sessions(text)] == [("10.0.5.102", "Active Socket: Connection closed")]
    assert read(text).gaps == ()


@pytest.mark.parametrize(
    "text,expected,gap",
    [
        ("Calico process is not running.\n", ("calico-process-not-running", {}), None),
        (
            "Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n",
            ("bgp-backend-not-running", {}),
            None,
        ),
        (
            "Calico process is running.\n\nNone of the BGP backend processes (BIRD or GoBGP) are running.\n",
            ("bgp-backend-not-running", {}),
            None,
        ),
        (
            "INFO: BIRDv6 process: 'bird6' is not running.\n",
            ("bird-process-not-running", {"family": "6", "process": "bird6"}),
            None,
        ),
        (
            (
                "IPv4 BGP status\nError querying BIRD: unable to connect to BIRDv4 socket: dial unix "
                "/var/run/bird/bird.ctl: connect: no such file or directory\n"
            ),
            (
                "bird-socket-unreachable",
                {
                    "family": "4",
                    "error": "dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
                },
            ),
            GapKind.COLLECTOR_ERROR,
        ),
        (
            "error querying BIRD: i/o timeout\n",
            ("bird-query-failed", {"error": "i/o timeout"}),
            GapKind.COLLECTOR_ERROR,
        ),
    ],
)
def test_a_text_in_place_of_a_table_is_an_event(text, expected, gap):
    assert events(text) == [expected]
    assert [g.kind for g in read(text).gaps] == ([gap] if gap else [])


@pytest.mark.parametrize(
    "text,kinds",
    [
        ("", [GapKind.NOT_UNDERSTOOD]),
        ("Calico process is running.\n", [GapKind.TRUNCATED]),
        (
            "Calico process is running.\n\nIPv4 BGP status\n\nIPv6 BGP status\nNo IPv6 peers found.\n",
            [GapKind.TRUNCATED],
        ),
        (WRAPPED[: WRAPPED.index("| 192")], [GapKind.TRUNCATED]),
        ("This command must be run as root.\n", [GapKind.COLLECTOR_ERROR]),
        ("OCI runtime exec failed: exec failed\n", [GapKind.COLLECTOR_ERROR]),
        ("| a | b | C | d | e |\n", [GapKind.NOT_UNDERSTOOD]),
        ("| ***HIDDEN*** | global | up | 10:00:00 | Established |\n", [GapKind.REDACTED]),
        ("| nowhere | global | up | 10:00:00 | Established |\n", [GapKind.NOT_UNDERSTOOD]),
    ],
)
def test_what_is_missing_or_unknown_is_a_gap(text, kinds):
    assert [g.kind for g in read(text).gaps] == kinds


def test_a_session_with_a_hidden_address_is_a_session_all_the_same():
    assert [(s.peer, s.established) for s in sessions("| ***HIDDEN*** | global | up | 10:00:00 | Established |\n")] == [
        (None, True)
    ]


def test_it_is_recognized_by_its_own_lines_only():
    assert node_status.recognizes(WRAPPED)
    assert node_status.recognizes("Calico process is not running.\n")
    assert node_status.recognizes(WRAPPED[WRAPPED.index("|  PEER") :])
    assert not node_status.recognizes("name     proto    table    state  since       info\n")
    assert not node_status.recognizes("bird: Started\nbird: Mesh: IPv4 BGP status\n")


# --- properties -------------------------------------------------------------------------------------------------------

WORD = st.text("abcdefgh:()", min_size=1, max_size=12)
ROW = st.tuples(
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    st.sampled_from(["node-to-node mesh", "node specific", "global"]),
    st.sampled_from(["up", "start", "down"]),
    st.sampled_from(["10:00:00", "2025-01-01"]),
    st.lists(WORD, min_size=1, max_size=8),
)


def wrapped(words, width=30):
    """A cell as tablewriter wraps it: at blanks, to about 30 characters."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


@settings(max_examples=50, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.booleans())
def test_a_rendered_table_is_read_back(rows, wrap):
    out = [
        "Calico process is running.",
        "",
        "IPv4 BGP status",
        "+--+--+",
        "| PEER ADDRESS | PEER TYPE | STATE | SINCE | INFO |",
    ]
    for address, kind, state, since, words in rows:
        first, *rest = wrapped(words) if wrap else [" ".join(words)]
        out.append(f"| {address} | {kind} | {state} | {since} | {first.ljust(30)} |")
        out += [f"|    |   |   |   | {more.ljust(30)} |" for more in rest]
    text = "\n".join([*out, "+--+--+", ""])
    parsed = read(text)
    assert parsed.gaps == ()
    assert [(s.peer, s.type, s.state, s.since, s.info) for s in parsed.facts] == [
        (ip_address(address), kind, state, since, " ".join(words)) for address, kind, state, since, words in rows
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(WRAPPED.splitlines())), max_size=15).map("\n".join))
def test_no_text_raises_and_every_quote_can_be_read_again(text):
    node_status.recognizes(text)
    parsed = read(text)
    lines = text.split("\n")
    assert parsed.facts or parsed.gaps
    for fact in parsed.facts:
        assert fact.evidence.text == quote(lines[fact.evidence.line - 1])
