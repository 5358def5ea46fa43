"""`ifconfig -a`, of net-tools old and new and of busybox: interfaces and addresses of a machine without `ip`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_interface

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import AddressFact, Interface, InterfaceFact
from calico_bundle.numbers import whole_number
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import address, interface, is_hidden, note_other, sample_lines
from calico_bundle.parsers.kernel_routes import mask_length

# net-tools 1.60 and busybox: `eth0      Link encap:Ethernet  HWaddr ...`; net-tools 2: `eth0: flags=4163<UP,...>  mtu 1500`.
_OLD_HEADER = re.compile(r"(\S+)\s+Link encap:(.*)")
_NEW_HEADER = re.compile(r"(\S+): flags=-?\d+<([^>]*)>\s*(?:metric \d+\s+)?(?:mtu (\d+))?.*")
_MAC = re.compile(r"(?:HWaddr|ether)\s+(\S+)")
_PAIR = re.compile(
    r"(inet6? addr|Mask|P-t-P|Bcast|Scope): ?(\S+)|(inet6?|netmask|destination|prefixlen|scopeid) +(\S+)"
)
_COUNTERS = re.compile(
    r"\s+(?:[RT]X (?:packets|bytes|errors)[ :]|collisions:|(?:Interrupt|Base address|Memory|DMA chan):|Media:"
    r"|(?:device )?(?:interrupt|memory|base) |(?:loop|tunnel|unspec|sit|ppp|infiniband|slip|ax25|dummy|ether)\b"
    r"|inet6? addr: ?$)"
)
# net-tools 1.60 prints nine characters of a name ("%-9.9s"); Debian's version of it and busybox print the whole name.
_CUT_LENGTH = 9
_CUT_NAME = "the interface's name may go on: old versions of ifconfig print nine characters of it"
_SCOPES = {"0x0<global>": "global", "0x20<link>": "link", "0x10<host>": "host", "0x40<site>": "site"}


@dataclass(slots=True)
class _Draft:
    """An interface while its lines are read."""

    order: int
    name: str
    evidence: Evidence
    flags: tuple[str, ...] = ()
    mtu: int | None = None
    mac: str | None = None
    addresses: list[AddressFact] = field(default_factory=list)

    def fact(self) -> InterfaceFact:
        """The finished record."""
        return InterfaceFact(
            self.order, None, self.name, self.flags, None, self.mtu, self.mac, None, None, None, None, self.evidence
        )


class _Reader:
    """Goes through the lines of one text; an alias such as eth0:1 is a label of another address of eth0."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self._path = path
        self._drafts: dict[str, _Draft] = {}
        self._open: _Draft | None = None
        self._longest = 0
        self._perhaps_cut: set[str] = set()

    def take(self, line_number: int, line: str) -> None:
        """Read one line."""
        evidence = Evidence(self._path, line_number, quote(line))
        if new := _NEW_HEADER.fullmatch(line):
            flags = tuple(flag for flag in new[2].split(",") if flag)
            self._begin(new[1], evidence, flags, whole_number(new[3]) if new[3] else None)
        elif old := _OLD_HEADER.fullmatch(line):
            self._begin(old[1], evidence, (), None)
            self._note_length(old[1])
            self._take_mac(old[2])
        elif line.strip() and (self._open is None or not line[:1].isspace()):
            note_other(self.gaps, line_number, line)
        elif line.strip():
            self._take_detail(line, evidence)

    def _begin(self, name: str, evidence: Evidence, flags: tuple[str, ...], mtu: int | None) -> None:
        name = name.partition(":")[0]
        self._open = self._drafts.setdefault(name, _Draft(len(self._drafts), name, evidence, flags, mtu))

    def _note_length(self, printed: str) -> None:
        self._longest = max(self._longest, len(printed))
        if len(printed) == _CUT_LENGTH and ":" not in printed:
            self._perhaps_cut.add(printed)

    def _take_mac(self, text: str) -> None:
        found = _MAC.search(text)
        if found and self._open and ":" in found[1]:
            self._open.mac = found[1].lower()

    def _take_detail(self, line: str, evidence: Evidence) -> None:
        draft, words = self._open, line.split()
        if draft is None:
            return
        if words[0] in ("inet", "inet6"):
            self._take_address(draft, line, evidence)
        elif (at := _place_of_mtu(words)) is not None:
            draft.flags, draft.mtu = draft.flags or tuple(words[:at]), whole_number(words[at].removeprefix("MTU:"))
        elif words[0] == "ether":
            self._take_mac(line)
        elif not _COUNTERS.match(line):
            note_other(self.gaps, evidence.line or 0, line)

    def _take_address(self, draft: _Draft, line: str, evidence: Evidence) -> None:
        found = {(pair[1] or pair[3]).removesuffix(" addr"): pair[2] or pair[4] for pair in _PAIR.finditer(line)}
        own = _own_6(found) if "inet6" in found else _own_4(found)
        if own is None:
            kind = GapKind.REDACTED if any(map(is_hidden, line.replace(":", " ").split())) else None
            why = "address hidden by the collector" if kind else "address not understood"
            self.gaps.add(evidence.line, line, kind=kind, why=why)
            return
        far = address(found.get("P-t-P") or found.get("destination") or "")
        peer = None if far == own.ip else far
        draft.addresses.append(AddressFact(draft.name, own, peer, _scope(own, found), (), evidence))

    def facts(self) -> tuple[object, ...]:
        """Each interface, followed by its addresses; none whose name may go on, as two cards may have it so."""
        cut = self._perhaps_cut if self._longest == _CUT_LENGTH else ()
        for name in sorted(cut):
            self.gaps.add(self._drafts[name].evidence.line, name, kind=GapKind.TRUNCATED, why=_CUT_NAME)
        whole = (draft for name, draft in self._drafts.items() if name not in cut)
        return tuple(fact for draft in whole for fact in (draft.fact(), *draft.addresses))


def _place_of_mtu(words: list[str]) -> int | None:
    """Where the MTU stands in the old form's line of flags; None for any other line."""
    at = next((n for n, word in enumerate(words) if word.startswith("MTU:")), None)
    return at if at is not None and all(word.isupper() and word.isalpha() for word in words[:at]) else None


def _own_4(found: dict[str, str]) -> Interface | None:
    own, mask = address(found.get("inet", "")), address(found.get("Mask") or found.get("netmask") or "")
    length = mask_length(mask) if isinstance(mask, IPv4Address) else None
    return ip_interface((int(own), length)) if isinstance(own, IPv4Address) and length is not None else None


def _own_6(found: dict[str, str]) -> Interface | None:
    text = found["inet6"] if "/" in found["inet6"] else f"{found['inet6']}/{found.get('prefixlen', '')}"
    own = interface(text)
    return own if own is not None and own.version == 6 else None


def _scope(own: Interface, found: dict[str, str]) -> str | None:
    """The scope: printed of IPv6; of IPv4 the kernel's own for loopback addresses (inet_set_ifa()), else not known."""
    printed = found.get("Scope", "").lower() or _SCOPES.get(found.get("scopeid", ""))
    if printed:
        return printed
    return "host" if own.version == 4 and own.is_loopback else None


def recognizes(head: str) -> bool:
    """Whether a text begins like `ifconfig`.

    >>> recognizes("eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\\n")
    True
    >>> recognizes("2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\\n")
    False
    """
    if "flags=" not in head and "Link encap:" not in head:
        return False
    lines = sample_lines(head)
    headers = [bool(_NEW_HEADER.fullmatch(line) or _OLD_HEADER.fullmatch(line)) for line in lines]
    belonging = sum(header or line[:1].isspace() for header, line in zip(headers, lines, strict=True))
    return any(headers) and 2 * belonging >= len(lines)


def parse(text: str, path: str) -> Parsed:
    """Read the interfaces and their addresses.

    ifconfig sorts the interfaces by name, and of an interface's IPv4 addresses it shows the first and those that have a
    label; without `-a` it leaves out interfaces that are down. So what it lacks may be there. In the old form a name of
    nine characters may be the beginning of a longer one, unless a longer one is there: it gives a gap. Raises nothing.

    >>> link, own = parse('''ens18     Link encap:Ethernet  HWaddr 52:54:00:1B:AB:BC
    ...           inet addr:10.0.1.12  Bcast:10.0.1.255  Mask:255.255.255.0
    ... ''', "n1/ifconfig-a.txt").facts
    >>> link.name, link.mac, own.interface, str(own.address)
    ('ens18', '52:54:00:1b:ab:bc', 'ens18', '10.0.1.12/24')
    """
    reader = _Reader(path)
    for line_number, line in enumerate(text.split("\n"), start=1):
        reader.take(line_number, line.rstrip())
    facts = reader.facts()
    return Parsed(facts, reader.gaps.result())


PARSER = Parser(kind="ifconfig", recognizes=recognizes, parse=parse)
