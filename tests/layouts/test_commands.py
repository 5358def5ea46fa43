"""What a recorded command line says of its output."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.bundle import read_bundle
from calico_bundle.layouts import Placement
from calico_bundle.layouts.commands import as_run
from tests.layouts.test_rendered import packed

HERE = Placement("n1", "ip-route", "7")


@pytest.mark.parametrize(
    "command,kind,table,family",
    [
        ("/usr/sbin/ip route", "ip-route", None, None),
        ("ip route show table all", "ip-route", None, None),
        ("ip -6 r ls table 100", "ip-route", "100", 6),
        ("sudo /sbin/ip -4 -d route list table main", "ip-route", "main", 4),
        ('sh -c "ip ro show t 100"', "ip-route", "100", None),
        ("ip -s -s address", "ip-addr", None, None),
        ("ip a", "ip-addr", None, None),
        ("nsenter -t 1 -n ip rule list", "ip-rule", None, None),
        ("ip neigh show", "ip-neigh", None, None),
        ("ip neigh show nud all", "ip-neigh", None, None),
        ("ip route 2>/dev/null", "ip-route", None, None),
        ("ip route > /tmp/routes 2>&1 || true", "ip-route", None, None),
        ("ip addr | tee addr.txt", "ip-addr", None, None),
        ("ip route   # of node 1", "ip-route", None, None),
    ],
)
def test_what_a_whole_listing_is_of(command, kind, table, family):
    placed = as_run(HERE, command)
    assert (placed.node, placed.kind, placed.table, placed.family, placed.skip) == ("n1", kind, table, family, None)


@pytest.mark.parametrize(
    "command",
    [
        "ip route show dev eth1",
        "ip route get 10.0.0.1",
        "ip r s 10.0.0.0/8",
        "ip route show table 100 dev eth1",
        "ip route show proto bird",
        "ip addr show eth0",
        "ip a s up",
        'bash -c "ip route | grep default"',
        "ip netns exec blue ip route",
        "ip -n blue route",
        "ip -netns blue addr",
        "ip route 2>/dev/null | head -2",
        "echo === ; ip r show default",
        "kubectl exec -n calico-system calico-node-x7k2p -- ip route | head -3",
    ],
)
def test_a_part_is_never_taken_for_the_whole(command):
    assert as_run(HERE, command).skip


@pytest.mark.parametrize(
    "command", ["", "hostname", "iptables -L -v", "netstat -rn", "uname -a", "ip link show", "zip route"]
)
def test_other_commands_say_nothing(command):
    assert as_run(HERE, command) == HERE


def test_what_is_set_aside_stays_so():
    aside = Placement(skip="standard error")
    assert as_run(aside, "ip route") == aside


@given(st.text())
def test_no_command_makes_it_raise(command):
    as_run(HERE, command)


def how(command):
    keys = '"exitCode":"0","error":"","outputDir":"","input":"","env":null'
    return f'{{"command":"{command}",{keys}}}'.encode()


def test_the_record_beside_an_output_says_whose_table_it_is():
    top = "b/host-collectors/run-host/"
    files = {
        f"{top}first-info.json": how("/usr/sbin/ip route show table 100"),
        f"{top}first.txt": b"default via 10.0.1.1 dev eth0\n",
        f"{top}second-info.json": how("/usr/sbin/ip route show dev eth1"),
        f"{top}second.txt": b"10.0.9.0/24 dev eth1 proto kernel scope link src 10.0.9.1\n",
        f"{top}third.txt": b"default via 10.0.1.1 dev eth0\n",
    }
    found = {a.path.rpartition("/")[2]: a for a in read_bundle(packed("b.tar.gz", files)).artifacts}
    assert found["first.txt"].placement.table == "100"
    assert "only some" in (found["second.txt"].placement.skip or "")
    assert (found["second.txt"].kind, found["third.txt"].placement.table) == (None, None)
    assert found["first-info.json"].placement.skip


@pytest.mark.parametrize(
    "command,kind",
    [
        ("route -n | grep UG", "route-n"),
        ("head -3 /proc/net/route", "route-n"),
        ("birdcl show route | head -3", "bird-routes"),
        ("sudo calicoctl node status | grep -v up", "calicoctl-node-status"),
        ("ip a; ip r | head -3", "ip-route"),
    ],
)
def test_some_lines_of_a_listing_are_no_listing(command, kind):
    assert as_run(Placement("n1"), command, kind).skip


@pytest.mark.parametrize(
    "command,kind",
    [
        ("echo show route | birdcl", "bird-routes"),
        ("sysctl -a | grep forward", "sysctl"),
        ("kubectl logs calico-node-x7k2p | tail -100", "calico-log"),
        ("ip a; ip r | head -3", "ip-addr"),
    ],
)
def test_what_stands_for_itself_or_is_whole_is_read(command, kind):
    assert as_run(Placement("n1"), command, kind).skip is None
