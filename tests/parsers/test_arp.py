"""`arp -n`, `arp -a` and `/proc/net/arp`: one table of a machine in three forms.

The forms are those of net-tools (arp.c: arp_disp() and arp_disp_2()), busybox (networking/arp.c) and the kernel
(arp_format_neigh_entry() in net/ipv4/arp.c).
"""

from __future__ import annotations

import pytest

from calico_bundle.evidence import GapKind
from calico_bundle.parsers import Parsed, arp, choose

TABLE = """\
Address                  HWtype  HWaddress           Flags Mask            Iface
10.0.1.1                 ether   52:54:00:1b:ab:01   C                     ens18
10.0.1.13                        (incomplete)                              ens18
10.0.2.9                 ether   52:54:00:1B:AB:09   CM                    ens19
10.0.2.77                *       <from_interface>    MP                    ens19
"""
SENTENCES = """\
gateway (10.0.1.1) at 52:54:00:1b:ab:01 [ether] on ens18
? (10.0.1.13) at <incomplete> on ens18
? (10.0.2.9) at 52:54:00:1B:AB:09 [ether] PERM on ens19
? (10.0.2.77) at <from_interface> [*] PERM PUP on ens19
"""
BUSYBOX = SENTENCES.replace("[ether] on", "[ether]  on").replace("<incomplete> on", "<incomplete>  on")
KERNEL = """\
IP address       HW type     Flags       HW address            Mask     Device
10.0.1.1         0x1         0x2         52:54:00:1b:ab:01     *        ens18
10.0.1.13        0x1         0x0         00:00:00:00:00:00     *        ens18
10.0.2.9         0x1         0x6         52:54:00:1b:ab:09     *        ens19
10.0.2.77        0x1         0xc         00:00:00:00:00:00     *        ens19
"""


def read(text: str) -> Parsed:
    parser = choose(text)
    assert parser is not None
    assert parser.kind == "arp"
    return parser.parse(text, "n1/arp.txt")


@pytest.mark.parametrize("text", [TABLE, TABLE + "Entries: 4\tSkipped: 0\tFound: 4\n", SENTENCES, BUSYBOX, KERNEL])
def test_all_forms_say_the_same(text: str) -> None:
    parsed = read(text)
    assert parsed.gaps == ()
    assert [(str(n.address), n.device, n.mac, n.state) for n in parsed.facts] == [
        ("10.0.1.1", "ens18", "52:54:00:1b:ab:01", None),
        ("10.0.1.13", "ens18", None, None),
        ("10.0.2.9", "ens19", "52:54:00:1b:ab:09", "PERMANENT"),
    ]


@pytest.mark.parametrize("text", [TABLE, SENTENCES, KERNEL])
def test_quotes_are_the_lines_they_cite(text: str) -> None:
    lines = text.splitlines()
    assert all(n.evidence.text == lines[n.evidence.line - 1].rstrip() for n in read(text).facts)


@pytest.mark.parametrize(
    "line, kind",
    [
        ("gateway                  ether   52:54:00:1b:ab:01   C                     ens18", GapKind.NOT_UNDERSTOOD),
        ("***HIDDEN***             ether   52:54:00:1b:ab:01   C                     ens18", GapKind.REDACTED),
        ("10.0.1.1                 ether   ***HIDDEN***        C                     ens18", GapKind.REDACTED),
        ("10.0.1.1                 ether", GapKind.NOT_UNDERSTOOD),
        ("error: unable to upgrade connection", GapKind.COLLECTOR_ERROR),
    ],
)
def test_a_line_that_is_no_entry_is_a_gap(line: str, kind: GapKind) -> None:
    parsed = read(TABLE + line + "\n")
    assert len(parsed.facts) == 3
    assert [(gap.line, gap.kind) for gap in parsed.gaps] == [(6, kind)]


@pytest.mark.parametrize(
    "text",
    ["", "10.0.1.1 dev ens18 lladdr 52:54:00:1b:ab:01 REACHABLE\n", "Kernel IP routing table\n", "Address: 10.0.0.1\n"],
)
def test_other_text_is_not_taken(text: str) -> None:
    assert not arp.recognizes(text)


@pytest.mark.parametrize("piece", ["1", "(", "a (", "? (1) at ", "00:", "Entries: 1 "])
def test_a_very_long_line_comes_to_an_end(piece: str) -> None:
    text = TABLE + piece * 20_000 + "!\n"
    assert arp.recognizes(text)
    assert len(arp.parse(text, "n1/arp.txt").facts) == 3
