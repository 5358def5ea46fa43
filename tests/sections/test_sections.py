"""Splitting a text that holds several outputs: by which lines, whose they are, and that no line is lost or moved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.sections import MOST_SECTIONS, may_have_sections, split
from calico_bundle.sections.commands import command_of

SETTINGS = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize(
    "heading,line,host",
    [
        ("root@n1:~# ip a", "ip a", "n1"),
        ("root@n1.example.com:/var/log# ip a", "ip a", "n1.example.com"),
        ("core@n1 ~ $ sudo ip a", "sudo ip a", "n1"),
        ("[root@n1 ~]# ip a", "ip a", "n1"),
        ("[core@n1 log]$ birdcl show protocols", "birdcl show protocols", "n1"),
        ("n1:~ # ip a", "ip a", "n1"),
        ("n1:/etc # ip a", "ip a", "n1"),
        ("+ ip a", "ip a", None),
        ("++ ip a", "ip a", None),
        ("$ ip a", "ip a", None),
        ("# /usr/sbin/ip a", "/usr/sbin/ip a", None),
        ("=== ip a ===", "ip a", None),
        ("--- ip a", "ip a", None),
        ("### ip a:", "ip a", None),
        ("ops@laptop:~$ kubectl get nodes", "kubectl get nodes", None),
        ("ops@laptop:~$ ssh core@n1 ip a", "ssh core@n1 ip a", "n1"),
        ("ops@laptop:~$ ssh -i key n1 ip a", "ssh -i key n1 ip a", None),
    ],
)
def test_headings_of_a_terminal(heading, line, host):
    (section,) = split(f"{heading}\noutput\n")
    assert (section.command.line, section.command.host, section.line, section.last) == (line, host, 1, 2)
    assert may_have_sections(heading + "\n")


@pytest.mark.parametrize(
    "text",
    [
        "# a remark\n",
        "---\napiVersion: v1\n",
        "-----\n",
        "+ a line that was added\n",
        "=====\n",
        "mail me at a@b.c # thanks\n",
        "10.0.0.0/24 dev eth0\n",
        "",
        "  root@n1:~# ip a\n",
        "==> no end\n",
        "#==[ no end\n",
    ],
)
def test_what_is_no_heading(text):
    assert len(split(text)) == 1
    assert split(text)[0].command.line == ""
    assert not may_have_sections(text)


def test_supportconfig():
    text = (
        "header\n\n#==[ Command ]======================================#\n# /sbin/ip addr\n1: lo\n\n"
        "#==[ Configuration File ]===========================#\n# /etc/hosts\n127.0.0.1 x\n\n"
        "#==[ Log File ]=====================================#\n# /var/log/x - Last 500 Lines\n# ip route\n\n"
    )
    found = [(s.command.line, s.line, s.last, s.command.is_output) for s in split(text)]
    assert found == [
        ("", 1, 2, True),
        ("/sbin/ip addr", 3, 6, True),
        ("/etc/hosts", 7, 10, False),
        ("/var/log/x - Last 500 Lines", 11, 14, True),
    ]


def test_a_printed_file_may_hold_further_headings():
    found = split("==> n1.txt <==\nroot@a:~# ip a\n1: lo\nroot@a:~# ip r\ndefault\n\n==> n2.txt <==\n1: lo\n")
    assert [(s.command.path, s.command.line, s.line) for s in found] == [
        ("n1.txt", "ip a", 2),
        ("n1.txt", "ip r", 4),
        ("n2.txt", "n2.txt", 7),
    ]


def test_where_a_command_ran():
    assert command_of("ip netns exec blue ip a", "n1").network_namespace == "blue"
    assert command_of("ip -n blue a", "n1").network_namespace == "blue"
    in_pod = command_of("kubectl exec -it -n calico-system calico-node-x7k2p -c calico-node -- ip -4 r", "laptop")
    assert (in_pod.namespace, in_pod.pod, in_pod.host) == ("calico-system", "calico-node-x7k2p", None)
    assert command_of("nsenter -t 1 -n ip a", "n1").host is None
    assert command_of("", "n1").host is None


LINES = st.sampled_from(
    [
        "root@n1:~# ip a",
        "root@n2:~#",
        "==> n1/ip_a <==",
        "#==[ Command ]===#",
        "# /sbin/ip route",
        "+ ip rule",
        "=== hostname ===",
        "n1:~ # ip r",
        "1: lo: <UP> mtu 1",
        "",
        "default via 10.0.0.1 dev eth0",
    ]
)


@SETTINGS
@given(st.lists(LINES | st.text(max_size=20), max_size=30).map("\n".join))
def test_every_line_is_in_one_part_and_has_its_number(text):
    lines = text.split("\n")
    seen = {}
    for section in split(text):
        for number, line in enumerate(section.text.split("\n"), start=section.line):
            if number <= section.last:
                assert number not in seen
                seen[number] = line
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith(("==>", "#==[")):
            # A heading is written anew, in a form that every parser knows.
            assert seen[number] in (line, "") or seen[number].startswith("$ ")


def test_hostile_numbers_of_headings():
    assert len(split("+ ip a\n" * (MOST_SECTIONS + 50))) <= MOST_SECTIONS
    assert len(split("==> f <==\n+ ip a\n+ ip a\n" * MOST_SECTIONS)) <= MOST_SECTIONS
