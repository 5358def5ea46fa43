"""`arp -n`, `arp -a` and `/proc/net/arp`: the ARP table of a machine without `ip`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import NeighborFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import IPV4, address, is_hidden, note_other, sample_lines

_TABLE = ["Address", "HWtype", "HWaddress", "Flags", "Mask", "Iface"]
_KERNEL = ["IP", "address", "HW", "type", "Flags", "HW", "address", "Mask", "Device"]
_TOTALS = re.compile(r"Entries: \d+\s+Skipped: \d+\s+Found: \d+\s*$")
# net-tools and busybox: `arp -a`.
_SENTENCE = re.compile(
    r"\S+ \((\S+)\) at (?:(<incomplete>)|(\S+) \[\S+\])\s+(?:netmask \S+\s+)?(PERM )?(PUP |PUB )?on (\S+)$"
)
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+")
# linux/if_arp.h; the kernel sets ATF_COM for every entry that it would send to (arp_state_to_flags()).
_COMPLETE, _PERMANENT, _PUBLISHED = 0x02, 0x04, 0x08


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one line says, as it is printed."""

    address: str
    device: str
    mac: str | None
    is_permanent: bool = False
    is_published: bool = False


def _read(words: list[str], line: str) -> _Entry | None:
    """The entry of a line in any of the three forms; None for any other line."""
    if found := _SENTENCE.match(line):
        return _Entry(found[1], found[6], found[3], bool(found[4]), bool(found[5]))
    if len(words) == 3 and words[1] == "(incomplete)":
        return _Entry(words[0], words[2], None)
    if len(words) == 6 and words[1].startswith("0x") and words[2].startswith("0x"):
        return _of_kernel(words)
    if len(words) in (5, 6) and re.fullmatch("[CMP]+", words[3]):
        return _Entry(words[0], words[-1], words[2], "M" in words[3], "P" in words[3])
    return None


def _of_kernel(words: list[str]) -> _Entry | None:
    try:
        flags = int(words[2], 16)
    except ValueError:
        return None
    mac = words[3] if flags & _COMPLETE else None
    return _Entry(words[0], words[5], mac, bool(flags & _PERMANENT), bool(flags & _PUBLISHED))


def recognizes(head: str) -> bool:
    """Whether a text begins like `arp`.

    >>> recognizes("gateway (10.0.1.1) at 52:54:00:1b:ab:bc [ether] on ens18\\n")
    True
    >>> recognizes("10.0.1.1 dev ens18 lladdr 52:54:00:1b:ab:bc REACHABLE\\n")
    False
    """
    if " at " not in head and " HW" not in head:
        return False
    first = "".join(sample_lines(head, 1))
    return first.split() in (_TABLE, _KERNEL) or bool(_SENTENCE.match(first))


def parse(text: str, path: str) -> Parsed:
    """Read the entries. What `ip neigh` calls FAILED or INCOMPLETE is one here, so neither is said of an entry without answer.

    An address that is hidden, or printed as a name, gives a gap; an address that the machine answers for itself is no
    neighbor. Raises nothing.

    >>> answered, silent = parse('''? (10.0.1.12) at 52:54:00:1B:AB:BC [ether] on ens18
    ... ? (10.0.1.13) at <incomplete> on ens18
    ... ''', "n1/arp-an.txt").facts
    >>> str(answered.address), answered.device, answered.mac, answered.state, silent.mac
    ('10.0.1.12', 'ens18', '52:54:00:1b:ab:bc', None, None)
    """
    gaps, facts = LineGaps(path), list[NeighborFact]()
    for line_number, line in enumerate(text.split("\n"), start=1):
        words, stripped = line.split(), line.rstrip()
        entry = _read(words, stripped)
        if entry is None:
            if words and words not in (_TABLE, _KERNEL) and not _TOTALS.match(stripped):
                note_other(gaps, line_number, line)
        elif not entry.is_published:
            _take(entry, line, Evidence(path, line_number, quote(line)), gaps, facts)
    return Parsed(tuple(facts), gaps.result())


def _take(entry: _Entry, line: str, evidence: Evidence, gaps: LineGaps, facts: list[NeighborFact]) -> None:
    found = address(entry.address)
    hidden = is_hidden(entry.address) or is_hidden(entry.mac or "")
    if hidden:
        gaps.add(evidence.line, line, kind=GapKind.REDACTED, why="hidden by the collector")
    elif found is None or found.version != IPV4 or (entry.mac and not _MAC.fullmatch(entry.mac)):
        gaps.add(evidence.line, line, why="a name in place of an address, or a value not understood")
    else:
        state = "PERMANENT" if entry.is_permanent else None
        facts.append(NeighborFact(found, entry.device, entry.mac.lower() if entry.mac else None, state, evidence))


PARSER = Parser(kind="arp", recognizes=recognizes, parse=parse)
