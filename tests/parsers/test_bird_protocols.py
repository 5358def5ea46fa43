"""`show protocols` and `show protocols all`, as birdcl prints them and as the control socket sends them."""

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.parsers import bird_protocols

HEADER = "name     proto    table    state  since       info"
DETAILS = """\
BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
static1  Static   master   up     23:29:00    
  Preference:     200
  Route change stats:     received   rejected   filtered    ignored   accepted
    Import updates:              1          0          0          0          1

Mesh_10_0_1_11 BGP      master   up     23:29:01    Established   
  Description:    Connection to BGP peer
  BGP state:          Established
    Neighbor address: 10.0.1.11
    Neighbor AS:      64512
    Source address:   10.0.1.12
    Hold timer:       227/240

Node_10_9_9_9_port_180 BGP      master   start  2026-11-22  Connect       
  BGP state:          Connect
    Neighbor address: 10.9.9.8
    Last error:       Socket: No route to host

"""  # noqa: W291 - BIRD pads the column


def read(text):
    return bird_protocols.parse(text, "protocols.txt")


def row(name, state="up", since="10:00:00", info="Established", proto="BGP"):
    """A row as nest/proto.c prints it."""
    return f"{name:<8} {proto:<8} {'master':<8} {state:<5}  {since:<10}  {info}"


def test_details_complete_the_rows():
    parsed = read(DETAILS)
    up, down = parsed.facts
    assert (str(up.peer), up.type, up.state, up.since, up.info) == (
        "10.0.1.11", "node-to-node mesh", "up", "23:29:01", "Established",
    )  # fmt: skip
    assert (up.protocol, up.established, str(up.source_address), up.source) == (
        "Mesh_10_0_1_11", True, "10.0.1.12", "birdcl",
    )  # fmt: skip
    assert (str(down.peer), down.type, down.since, down.info, down.source_address) == (
        "10.9.9.8", "node specific", "2026-11-22", "Connect Socket: No route to host", None,
    )  # fmt: skip
    assert [f.evidence.line for f in parsed.facts] == [8, 16]
    assert parsed.gaps == ()


def test_an_error_that_the_column_has_is_not_repeated():
    text = row("Mesh_10_0_0_2", "start", info="Active        Socket: Connection refused")
    text += "\n  BGP state:          Active\n    Last error:       Socket: Connection refused\n"
    assert [s.info for s in read(text).facts] == ["Active Socket: Connection refused"]


def test_the_raw_socket_form_gives_the_same_facts():
    raw = """\
0001 BIRD v0.3.3+birdv1.6.8 ready.
2002-name     proto    table    state  since       info
1002-static1  Static   master   up     10:00:00    
1002-Mesh_10_0_0_2 BGP      master   up     10:00:00    Established   
 Mesh_10_0_0_3 BGP      master   start  10:00:00    Passive       
1006-  Description:    Connection to BGP peer
   BGP state:          Passive
     Neighbor address: 10.0.0.3
1006-
0000 
"""  # noqa: W291 - BIRD pads the column
    parsed = read(raw)
    assert [(str(s.peer), s.info, s.evidence.line) for s in parsed.facts] == [
        ("10.0.0.2", "Established", 4),
        ("10.0.0.3", "Passive", 5),
    ]
    assert parsed.gaps == ()
    assert [s.evidence.text for s in parsed.facts] == [quote(raw.splitlines()[n]) for n in (3, 4)]


@pytest.mark.parametrize(
    "name,peer,kind",
    [
        ("Mesh_10_0_0_2", "10.0.0.2", "node-to-node mesh"),
        ("Global_10_0_0_2_port_1790", "10.0.0.2", "global"),
        ("Node_fd00__2", "fd00::2", "node specific"),
        ("Mesh_fd80_24e2_f998_72d7__2", "fd80:24e2:f998:72d7::2", "node-to-node mesh"),
        ("Mesh_10_0_0", None, "node-to-node mesh"),
        ("Local_Workload_10_0_0_2", None, None),
        ("uplink1", None, None),
    ],
)
def test_the_peer_is_in_the_name(name, peer, kind):
    session = read(row(name)).facts[0]
    assert (session.peer and str(session.peer), session.type, session.protocol) == (peer, kind, name)


def test_other_protocols_are_no_sessions_and_no_gaps():
    text = "\n".join(
        [HEADER, *(row(f"p{n}", proto=proto, info="") for n, proto in enumerate(("Static", "Kernel", "BFD")))]
    )
    assert read(text) == bird_protocols.Parsed(())


def test_a_protocol_that_is_down_has_no_info():
    session = read(row("Mesh_10_0_0_2", "down", info="").rstrip()).facts[0]
    assert (session.state, session.info, session.established) == ("down", "", False)


@pytest.mark.parametrize(
    "text,kinds",
    [
        ("", [GapKind.TRUNCATED]),
        (HEADER, [GapKind.TRUNCATED]),
        (f"{HEADER}\nsomething else\n", [GapKind.NOT_UNDERSTOOD]),
        ("  Neighbor address: 10.0.0.1\n", [GapKind.NOT_UNDERSTOOD]),
        (
            "Unable to connect to server control socket (/var/run/calico/bird.ctl): Connection refused\n",
            [GapKind.COLLECTOR_ERROR],
        ),
        (row("Mesh_x") + "\n    Neighbor address: ***HIDDEN***\n", [GapKind.REDACTED]),
        (row("Mesh_10_0_0_2") + "\n    Source address:   ***HIDDEN***\n", [GapKind.REDACTED]),
        (row("Mesh_10_0_0_2") + "\n    Neighbor address: 10.0.0\n", [GapKind.NOT_UNDERSTOOD]),
    ],
)
def test_what_is_missing_or_unknown_is_a_gap(text, kinds):
    assert [g.kind for g in read(text).gaps] == kinds


def test_it_is_recognized_by_its_own_lines_only():
    assert bird_protocols.recognizes(DETAILS)
    assert bird_protocols.recognizes(row("Mesh_10_0_0_2"))
    assert not bird_protocols.recognizes("10.244.2.0/26      blackhole [static1 23:29:00] * (200)\n")
    assert not bird_protocols.recognizes("bird: Mesh_10_0_0_2: State changed to up\n")


# --- properties -------------------------------------------------------------------------------------------------------

INFO = st.sampled_from(
    ["Established", "Connect", "Passive", "Active Socket: Connection refused", "Idle BGP Error: Bad"]
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["Mesh", "Node", "Global"]),
        st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
        st.sampled_from(["up", "start", "down", "stop", "flush"]),
        st.sampled_from(["10:00:00", "2026-11-22", "2026-11-22 10:00:00"]),
        INFO,
        st.booleans(),
    ),
    max_size=10,
)


def as_raw(lines):
    """Lines as the control socket sends them: every row with its code, or only the first of a run of equal codes."""
    out, before = [], None
    for line in lines:
        code = "2002" if line == HEADER else "1006" if line.startswith("  ") else "1002"
        out.append(f"{code}-{line}" if code != before else f" {line}")
        before = code
    return ["0001 BIRD 1.6.8 ready.", *out, "0000 "]


@settings(max_examples=60, deadline=None)
@given(ROWS.filter(bool), st.booleans())
def test_a_rendered_table_is_read_back(rows, raw):
    lines = [HEADER]
    for kind, address, state, since, info, details in rows:
        name = f"{kind}_{str(address).replace('.', '_').replace(':', '_')}"
        lines.append(row(name, state, since, info))
        if details:
            lines += [f"  BGP state:          {info.split()[0]}", f"    Neighbor address: {address}"]
    parsed = read("\n".join(as_raw(lines) if raw else lines) + "\n")
    assert parsed.gaps == ()
    assert [(s.peer, s.state, s.since, s.info, s.established) for s in parsed.facts] == [
        (ip_address(address), state, since, info, info == "Established") for _, address, state, since, info, _ in rows
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(DETAILS.splitlines())), max_size=15).map("\n".join))
def test_no_text_raises_and_every_quote_can_be_read_again(text):
    bird_protocols.recognizes(text)
    lines = text.split("\n")
    for fact in read(text).facts:
        assert fact.evidence.text == quote(lines[fact.evidence.line - 1])
