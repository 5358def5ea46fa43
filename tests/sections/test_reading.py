"""Several outputs in one file, in a bundle: each is read by its own parser, cited by its lines, and laid at its node's door."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.bundle import Bundle, read_bundle
from calico_bundle.cluster import Cluster
from calico_bundle.evidence import quote
from calico_bundle.joining import join
from calico_bundle.parsers import choose
from calico_bundle.sections.reading import Parts, moved, read_blocks, read_parts
from tests.sources.packing import tar_with


def addresses(last: int) -> str:
    return (
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\n"
        "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n"
        "2: eth0: <UP> mtu 1500 qdisc noqueue state UP\n"
        f"    inet 10.0.0.{last}/24 scope global eth0\n       valid_lft forever preferred_lft forever\n"
    )


ROUTES = "default via 10.0.0.1 dev eth0 proto static\n10.0.0.0/24 dev eth0 proto kernel scope link\n"
ROUTES_6 = "fe80::/64 dev eth0 proto kernel metric 256 pref medium\n"
RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
NODES = (
    "apiVersion: v1\nitems:\n"
    + "".join(
        f"- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n{n}\n"
        f"  status:\n    addresses:\n    - address: 10.0.0.{n}\n      type: InternalIP\n"
        for n in (1, 2)
    )
    + 'kind: List\nmetadata:\n  resourceVersion: ""\n'
)


LOG = "2025-01-01 10:00:00.000 [INFO][9] startup/startup.go 481: Using node name: n1\n"


def bundle(**files: str) -> Bundle:
    return read_bundle(
        io.BytesIO(tar_with(*((name.replace("__", "."), text.encode()) for name, text in files.items())))
    )


def cluster(**files: str) -> Cluster:
    return join(bundle(nodes__yaml=NODES, **files))


def own(found: Cluster, node: str) -> set[str]:
    return {str(a.address) for a in found.nodes[node].addresses or ()} - {"127.0.0.1/8"}


def test_a_terminal_of_two_machines():
    text = f"root@n1:~# ip a\n{addresses(1)}root@n1:~# ssh n2 ip a\n{addresses(2)}root@n1:~# ip r\n{ROUTES}root@n1:~#"
    found = cluster(dump__txt=text)
    assert (own(found, "n1"), own(found, "n2")) == ({"10.0.0.1/24"}, {"10.0.0.2/24"})
    assert [r.table for r in found.nodes["n1"].routes or ()] == ["main", "main"]
    assert found.nodes["n2"].routes is None
    assert not found.gaps


def test_the_headings_of_tail_name_the_owners():
    found = cluster(all__txt=f"==> n1/ip_a <==\n{addresses(1)}\n==> n2/ip_a.txt <==\n{addresses(2)}")
    assert (own(found, "n1"), own(found, "n2")) == ({"10.0.0.1/24"}, {"10.0.0.2/24"})


def test_a_trace_is_laid_at_the_door_of_the_node_whose_address_it_shows():
    found = cluster(out__txt=f"+ ip -4 addr\n{addresses(2)}+ ip -6 route\n{ROUTES_6}+ ip rule\n{RULES}")
    assert own(found, "n2") == {"10.0.0.2/24"}
    assert [r.family for r in found.nodes["n2"].routes or ()] == [6]
    assert len(found.nodes["n2"].rules or ()) == len(RULES.splitlines())


def test_traces_of_two_machines_in_one_file_are_nobodys():
    found = cluster(out__txt=f"+ ip addr\n{addresses(1)}+ ip rule\n{RULES}+ ip addr\n{addresses(2)}")
    assert [found.nodes[node].rules for node in ("n1", "n2")] == [None, None]
    assert {gap.line for gap in found.gaps} >= {8}


def test_hostname_among_the_outputs_names_the_machine():
    files = bundle(x__txt=f"=== hostname ===\nn7\n\n=== ip addr ===\n{addresses(7)}=== date ===\nMonday\n")
    assert set(join(files).nodes) == {"n7"}
    assert [(a.path, a.kind) for a in files.artifacts] == [
        ("x.txt", None),
        ("x.txt#L1-L3", "hostname"),
        ("x.txt#L4-L10", "ip-addr"),
    ]


def test_another_network_namespace_is_set_aside():
    files = bundle(n1__txt=f"# ip a\n{addresses(1)}# ip netns exec blue ip a\n{addresses(9)}")
    assert [(a.kind, bool(a.placement.skip)) for a in files.artifacts] == [("ip-addr", False), (None, True)]


def test_a_routing_table_by_its_command():
    files = bundle(n1__txt=f"+ ip a\n{addresses(1)}+ ip route show table 100\n{ROUTES}")
    assert {route.table for a in files.artifacts if a.kind == "ip-route" for route in a.parsed.facts} == {"100"}


def test_a_failed_command_is_no_empty_answer():
    files = bundle(n1__txt=f"+ ip a\n{addresses(1)}+ ip rule\nbash: ip: command not found\n")
    assert [a.kind for a in files.artifacts] == ["ip-addr", "collector-error"]
    assert [(g.path, g.line) for g in files.artifacts[1].parsed.gaps] == [("n1.txt", 9)]


@pytest.mark.parametrize(
    "text",
    [
        addresses(1),
        "root@n1:~# ip a\n" + addresses(1),
        "==== ip r ====\n" + ROUTES,
        "+ ip r\n" + ROUTES + "+ ip -6 r\n" + ROUTES_6,
        "# kubectl get nodes\n" + NODES,
        NODES.replace("items:", "# ip a\nitems:"),
        LOG * 9 + "+ ip route\n" + ROUTES + LOG,
    ],
)
def test_the_output_of_one_command_is_read_as_a_whole(text):
    (artifact,) = bundle(f__txt=text).artifacts
    plain = choose(text).parse(text, "f.txt")
    assert (artifact.path, tuple(artifact.parsed.facts)) == ("f.txt", tuple(plain.facts))
    assert artifact.parsed.gaps == plain.gaps


HEADINGS = st.sampled_from(["root@n{0}:~# {1}", "+ {1}", "=== {1} ===", "==> n{0}/{1} <==", "n{0}:~ # {1}"])
OUTPUTS = st.sampled_from(
    [("ip a", addresses(1)), ("ip r", ROUTES), ("ip -6 r", ROUTES_6), ("ip rule", RULES), ("date", "Monday\n")]
)
PARTS = st.lists(st.tuples(HEADINGS, st.integers(1, 3), OUTPUTS), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(PARTS, st.booleans())
def test_every_fact_cites_its_own_line(parts, spaced):
    text = "".join(f"{h.format(n, line)}\n{out}" + "\n" * spaced for h, n, (line, out) in parts)
    lines = text.split("\n")
    found = read_parts(text, "f.txt", choose(text))
    for part in found.known if isinstance(found, Parts) else ():
        assert part.parsed.facts or part.kind == "hostname"
        for fact in part.parsed.facts:
            assert quote(lines[fact.evidence.line - 1]) == fact.evidence.text
            assert part.line <= fact.evidence.line <= part.last


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.text()
    | st.lists(st.sampled_from(["+ ip a", "==> x <==", "#==[ Command ]==#", "# ip r", ""]) | st.text()).map("\n".join)
)
def test_no_text_makes_it_raise(text):
    read_parts(text, "x", choose(text))


def test_every_line_that_an_object_cites_is_moved():
    parsed = choose(NODES).parse(NODES, "n.yaml")
    for before, after in zip(parsed.facts, moved(parsed, 10).facts, strict=True):
        assert after.evidence.line == before.evidence.line + 10
        assert {key: e.line for key, e in after.cited.items()} == {key: e.line + 10 for key, e in before.cited.items()}


@pytest.mark.parametrize("heading", ["root@n1:~# {}\n", "bash-5.1# {}\n", "+ {}\n", "==> n1 <==\n+ {}\n"])
@pytest.mark.parametrize(
    "command",
    [
        "ip route | head -1",
        "ip route show default",
        "ip r s dev eth0",
        "ip route show vrf mgmt",
        "ip route show scope link",
    ],
)
def test_an_output_is_the_part_that_its_command_asked_for(heading, command):
    """A file with one command at its prompt lost the command, and the part stood for the whole table."""
    text = heading.format(command) + "default via 10.0.0.1 dev eth0\n"
    for more in ("", heading.format("ip rule") + RULES):
        assert cluster(n1_txt=text + more).nodes["n1"].routes is None


@pytest.mark.parametrize("more", ["", "root@n1:~# ip rule\n" + RULES])
def test_a_table_shown_by_its_name_is_no_other(more):
    """The table `local` alone says nothing of `main`, and nothing of tables that rules lead to."""
    text = "root@n1:~# ip r s t local\nlocal 10.0.0.1 dev eth0 proto kernel scope host src 10.0.0.1\n"
    assert {r.table for r in cluster(n1_txt=text + more).nodes["n1"].routes} == {"local"}


def test_two_outputs_of_one_kind_keep_what_each_was_asked_for():
    six = "root@n1:~# ip -6 route\n" + ROUTES_6
    found = cluster(n1_txt=f"root@n1:~# ip route show table 100\n{ROUTES}root@n1:~# ip route\n{ROUTES}{six}").nodes[
        "n1"
    ]
    assert {(r.family, r.table) for r in found.routes} == {(4, "100"), (4, "main"), (6, "main")}


def test_outputs_without_headings_are_read_where_each_is_known():
    """`ip a; echo; ip r; echo; ip rule` in one file was of no kind, or one output with the others as garbage in it."""
    found = cluster(n1_txt=f"{addresses(1)}\n{ROUTES}\n\n{RULES}").nodes["n1"]
    assert own(cluster(n1_txt=f"{addresses(1)}\n{ROUTES}"), "n1") == {"10.0.0.1/24"}
    assert ([r.evidence.line for r in found.routes], [r.evidence.line for r in found.rules]) == ([8, 9], [12, 13])
    assert (found.incomplete, found.routes[0].evidence.text) == (frozenset(), quote(ROUTES.splitlines()[0]))


@pytest.mark.parametrize("more", [f"\n{ROUTES}", "\nno output at all\n", f"\n{RULES}\n{ROUTES}"])
def test_blocks_that_may_be_of_several_machines_or_of_none_are_left_as_they_are(more: str):
    assert read_blocks(ROUTES + more, "n1.txt") is None
