"""`show route` and `show route all`: paths, next hops, and that no line is lost."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind, quote
from calico_bundle.parsers import bird_routes

TABLE = """\
BIRD 1.6.8 ready.
0.0.0.0/0          via 10.0.1.1 on ens18 [kernel1 23:29:00] * (10)
10.244.1.0/26      via 10.0.1.11 on ens18 [Mesh_10_0_1_11 2026-11-22 from 10.0.1.13] * (100/0) [i]
                   via 10.0.1.1 on ens18 [Mesh_10_0_1_13 23:29:00] (100s/?) [AS64513i]
10.244.2.0/26      blackhole [static1 23:29:00] * (200)
                   blackhole [kernel1 23:29:00] (10)
10.244.3.0/26      unreachable [Node_10_0_1_13 23:29:00 from 10.0.1.14] ! (100/-) [?]
192.168.100.200/32 dev cali335e138aeb6 [kernel1 23:29:00] * (10)
fd00:10:244:1234:5678:9abc:def0:0/122 via fe80::1%eth0 on eth0 [Mesh_fd00__1 23:29:00 from fd00::1] * (100/?) [i]
"""


def read(text):
    return bird_routes.parse(text, "routes.txt")


def shown(route):
    """The columns of a route, as text."""
    return (
        str(route.destination), route.kind, route.gateway and str(route.gateway), route.device, route.protocol,
        route.learned_from and str(route.learned_from), route.best, route.preference, route.metric, route.stale,
    )  # fmt: skip


def test_every_form_of_a_path_is_read():
    parsed = read(TABLE)
    assert parsed.gaps == ()
    assert [shown(r) for r in parsed.facts] == [
        ("0.0.0.0/0", "via", "10.0.1.1", "ens18", "kernel1", None, True, 10, None, False),
        ("10.244.1.0/26", "via", "10.0.1.11", "ens18", "Mesh_10_0_1_11", "10.0.1.13", True, 100, "0", False),
        ("10.244.1.0/26", "via", "10.0.1.1", "ens18", "Mesh_10_0_1_13", None, False, 100, "?", True),
        ("10.244.2.0/26", "blackhole", None, None, "static1", None, True, 200, None, False),
        ("10.244.2.0/26", "blackhole", None, None, "kernel1", None, False, 10, None, False),
        ("10.244.3.0/26", "unreachable", None, None, "Node_10_0_1_13", "10.0.1.14", True, 100, "-", False),
        ("192.168.100.200/32", "dev", None, "cali335e138aeb6", "kernel1", None, True, 10, None, False),
        ("fd00:10:244:1234:5678:9abc:def0:0/122", "via", "fe80::1", "eth0", "Mesh_fd00__1", "fd00::1", True, 100, "?",
         False),
    ]  # fmt: skip
    assert [r.evidence.line for r in parsed.facts] == [2, 3, 4, 5, 6, 7, 8, 9]


def test_each_next_hop_of_a_multipath_route_is_one_fact():
    text = (
        "10.244.9.0/26      multipath [Mesh_10_0_1_11 23:29:00 from 10.0.1.13] * (100/0) [i]\n"
        "\tvia 10.0.1.11 on ens18 weight 1\n"
        "\tvia 10.0.2.11 on ens19 weight 2\n"
        "\tType: BGP unicast univ\n"
        "10.244.8.0/26      multipath [static1 23:29:00] * (200)\n"
        "10.244.7.0/26      blackhole [static1 23:29:00] * (200)\n"
    )
    parsed = read(text)
    assert parsed.gaps == ()
    assert [shown(r)[:4] for r in parsed.facts] == [
        ("10.244.9.0/26", "multipath", "10.0.1.11", "ens18"),
        ("10.244.9.0/26", "multipath", "10.0.2.11", "ens19"),
        ("10.244.8.0/26", "multipath", None, None),
        ("10.244.7.0/26", "blackhole", None, None),
    ]
    assert [r.evidence.line for r in parsed.facts] == [2, 3, 5, 6]
    assert {r.protocol for r in parsed.facts[:2]} == {"Mesh_10_0_1_11"}


def test_attributes_of_show_route_all_are_accounted_for():
    text = (
        "10.244.1.0/26      via 10.0.1.11 on ens18 [Mesh_10_0_1_11 23:29:00] * (100/0) [i]\n"
        "\tType: BGP unicast univ\n\tBGP.origin: IGP\n\tBGP.as_path: \n\tBGP.next_hop: 10.0.1.11\n"
        "\tBGP.community: (64512,1) (64512,2)\n\t\t(64512,3)\n\tBGP.20 [t]: 00 01\n\tKernel.krt_tunnel: tunl0\n"
    )
    assert len(read(text).facts) == 1
    assert read(text).gaps == ()


def test_the_raw_socket_form_gives_the_same_facts():
    raw = (
        "0001 BIRD 1.6.8 ready.\n"
        "1007-10.244.1.0/26      via 10.0.1.11 on ens18 [Mesh_10_0_1_11 23:29:00] * (100/0) [i]\n"
        "                    via 10.0.1.1 on ens18 [Mesh_10_0_1_13 23:29:00] (100/?) [i]\n"
        "1008-\tType: BGP unicast univ\n"
        "1012-\tBGP.origin: IGP\n"
        " \tBGP.as_path: \n"
        "1007-10.244.9.0/26      multipath [static1 23:29:00] * (200)\n"
        " \tvia 10.0.1.11 on ens18 weight 1\n"
        "0000 \n"
    )
    parsed = read(raw)
    assert parsed.gaps == ()
    assert [(str(r.destination), str(r.gateway), r.evidence.line) for r in parsed.facts] == [
        ("10.244.1.0/26", "10.0.1.11", 2),
        ("10.244.1.0/26", "10.0.1.1", 3),
        ("10.244.9.0/26", "10.0.1.11", 8),
    ]


@pytest.mark.parametrize(
    "text,gaps",
    [
        ("                   via 10.0.1.1 on ens18 [kernel1 23:29:00] (10)\n", [(1, GapKind.NOT_UNDERSTOOD)]),
        # The further path belongs to the network that was not understood, and to no other.
        (
            (
                "10.1.0.0/24        blackhole [static1 23:29:00] * (200)\n"
                "10.2.0.0/24        strange [static1 23:29:00] * (200)\n"
                "                   blackhole [kernel1 23:29:00] (10)\n"
                "\tType: static unicast univ\n"
            ),
            [(2, GapKind.NOT_UNDERSTOOD), (3, GapKind.NOT_UNDERSTOOD), (4, GapKind.NOT_UNDERSTOOD)],
        ),
        ("10.1.0.1/24        blackhole [static1 23:29:00] * (200)\n", [(1, GapKind.NOT_UNDERSTOOD)]),
        (
            "***HIDDEN***/26      via ***HIDDEN*** on ens18 [Mesh_x 23:29:00] * (100/0) [i]\n",
            [(1, GapKind.REDACTED)],
        ),
        (
            "10.1.0.0/24        via ***HIDDEN*** on ens18 [Mesh_x 23:29:00] * (100/0) [i]\n",
            [(1, GapKind.REDACTED)],
        ),
        ("Unable to connect to server control socket (/run/bird.ctl): No such file\n", [(1, GapKind.COLLECTOR_ERROR)]),
        ("Network not in table\n", [(1, GapKind.COLLECTOR_ERROR)]),
        ("\tvia 10.0.1.11 on ens18 weight 1\n", [(1, GapKind.NOT_UNDERSTOOD)]),
    ],
)
def test_a_line_that_is_not_understood_is_a_gap(text, gaps):
    assert [(g.line, g.kind) for g in read(text).gaps] == gaps


def test_an_answer_without_routes_is_told_from_no_answer():
    assert read("BIRD 1.6.8 ready.\n") == bird_routes.Parsed(())
    assert [g.kind for g in read("").gaps] == [GapKind.NOT_UNDERSTOOD]


def test_it_is_recognized_by_its_own_lines_only():
    assert bird_routes.recognizes(TABLE)
    assert bird_routes.recognizes("0001 BIRD 1.6.8 ready.\n1007-10.0.0.0/8 unreachable [static1 23:29:00] * (200)\n")
    assert not bird_routes.recognizes(
        "10.244.1.0/26 via 10.0.1.11 dev ens18 proto bird\nblackhole 10.244.2.0/26 proto bird\n"
    )
    assert not bird_routes.recognizes("name     proto    table    state  since       info\n")


# --- properties -------------------------------------------------------------------------------------------------------

PATH = st.tuples(
    st.sampled_from(["via", "dev", "blackhole", "unreachable", "prohibited"]),
    st.ip_addresses(v=4),
    st.sampled_from(["ens18", "tunl0", "vxlan.calico", "bond0.100"]),
    st.sampled_from(["kernel1", "static1", "Mesh_10_0_0_1"]),
    st.sampled_from(["23:29:00", "2026-11-22", "2026-11-22 23:29:00"]),
    st.one_of(st.none(), st.ip_addresses(v=4)),
    st.integers(0, 300),
    st.sampled_from([None, "0", "?", "-", "1024"]),
    st.booleans(),
)
NETWORKS = st.lists(
    st.tuples(
        st.ip_addresses(v=4), st.integers(0, 32), st.lists(PATH, min_size=1, max_size=3)
    ).map(lambda t: (ip_network((t[0], t[1]), strict=False), t[2])),
    max_size=8,
)  # fmt: skip


def rendered(network, path, *, best):
    """A path as nest/rt-table.c prints it."""
    kind, gateway, device, protocol, time, learned_from, preference, metric, stale = path
    via = {"via": f"via {gateway} on {device}", "dev": f"dev {device}"}.get(kind, kind)
    origin = f" from {learned_from}" if learned_from else ""
    flags = "s" if stale else ""
    info = f" ({preference}{flags}/{metric}) [i]" if metric is not None else f" ({preference}{flags})"
    return f"{network or ''!s:<18} {via} [{protocol} {time}{origin}]{' *' if best else ''}{info}"


@settings(max_examples=60, deadline=None)
@given(NETWORKS)
def test_a_rendered_table_is_read_back(networks):
    lines, expected = ["BIRD 1.6.8 ready."], []
    for network, paths in networks:
        for number, path in enumerate(paths):
            lines.append(rendered(None if number else network, path, best=not number))
            kind, gateway, device, protocol, _, learned_from, preference, metric, stale = path
            via = (ip_address(gateway), device) if kind == "via" else (None, device if kind == "dev" else None)
            expected.append((network, kind, *via, protocol, learned_from, not number, preference, metric, stale))
    parsed = read("\n".join(lines) + "\n")
    assert parsed.gaps == ()
    assert [
        (
            r.destination,
            r.kind,
            r.gateway,
            r.device,
            r.protocol,
            r.learned_from,
            r.best,
            r.preference,
            r.metric,
            r.stale,
        )
        for r in parsed.facts
    ] == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(TABLE.splitlines())), max_size=15).map("\n".join))
def test_no_text_raises_and_every_quote_can_be_read_again(text):
    bird_routes.recognizes(text)
    lines = text.split("\n")
    for fact in read(text).facts:
        assert fact.evidence.text == quote(lines[fact.evidence.line - 1])
