"""`ip addr` and `ip link`, one line or several lines per interface: interfaces and addresses of a node."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, AddressFact, Interface, InterfaceFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_addr_listing import read_listing
from calico_bundle.parsers.ip_text import (
    IPV6,
    Command,
    address,
    command_in,
    family_of_path,
    interface,
    is_hidden,
    note_empty,
    note_other,
    number,
    sample_lines,
)
from calico_bundle.parsers.lines import numbered_lines

_HEADER = re.compile(r"\s*(\d{1,10}):\s+([^\s:]+):\s+<([^>]*)>\s*(.*)", re.ASCII)
# `ip -o addr`: the name without a colon, then what stands on a line of its own in the long form.
_ONE_LINE = re.compile(r"\s*(\d{1,10}):\s+([^\s:]+)\s+((?:inet6?|link/\S+)\s.*)", re.ASCII)
_NUMBERED = re.compile(r"\s*\d{1,10}:\s", re.ASCII)
# `bridge link` prints headers too, without qdisc and with states in lower case; `ip -6 addr` prints no qdisc.
_FULL_HEADER = re.compile(r"\s*\d{1,10}:\s+[^\s:]+:\s+<[^>]*>\s+mtu\s+\d+\s.*\b(?:qdisc\s|state\s+[A-Z])", re.ASCII)
_COUNTER = re.compile(r"\d+(?:\.\d+)?[KMGTPE]?", re.ASCII)

_LIFETIMES = re.compile(r"\s*valid_lft (?:forever|\d+sec) preferred_lft (?:forever|\d+sec)\s*", re.ASCII)
_WHOLE_ADDRESS = re.compile(r"/\d+ .*\bscope (?:global|link|host|site|\d+) ", re.ASCII)

_HEADER_WORDS = frozenset(("mtu", "qdisc", "master", "state", "mode", "group", "qlen", "vrf", "event", "portid"))
_ADDRESS_WORDS = frozenset(("brd", "any", "metric", "scope", "proto"))
_ADDRESS_FLAGS = frozenset(
    """secondary temporary nodad optimistic dadfailed home deprecated tentative permanent dynamic mngtmpaddr
    noprefixroute autojoin stable-privacy mcautojoin""".split()  # noqa: SIM905
)
# First words of the detail line of `ip -d` that name the kind of the interface (IFLA_INFO_KIND of kernel drivers).
_KINDS = frozenset(
    """amt bareudp batadv bond bridge can dsa dummy erspan geneve gre gretap gtp hsr ifb ip6erspan ip6gre ip6gretap
    ip6tnl ipip ipoib ipvlan ipvtap lowpan macsec macvlan macvtap netdevsim netkit nlmon openvswitch ovpn pfcp ppp rmnet
    sit tap team tun vcan veth virt_wifi vlan vrf vsockmon vti vti6 vxcan vxlan wireguard wwan xfrm""".split()  # noqa: SIM905
)
_SLAVE_KINDS = ("bridge_slave", "bond_slave", "team_slave", "vrf_slave", "openvswitch_slave", "dsa_slave")
_KNOWN_DETAILS = frozenset(
    """valid_lft altname alias RX: TX: RX TX vf parentbus parentdev protodown numtxqueues ingress-qos-map egress-qos-map
    remotes slaves_info""".split()  # noqa: SIM905
)
_DETAIL_MARKS = ("numtxqueues", "gso_max_size", "addrgenmode")
"""A detail line with one of these belongs to a kind of interface that is newer than this list."""


@dataclass(slots=True)
class _Draft:
    """An interface while its lines are read."""

    order: int
    index: int
    name: str
    evidence: Evidence
    flags: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    mac: str | None = None
    kind: str | None = None
    vxlan_local: Address | None = None
    vxlan_device: str | None = None
    addresses: list[AddressFact] = field(default_factory=list)

    def fact(self) -> InterfaceFact:
        """The finished record."""
        return InterfaceFact(
            self.order,
            self.index,
            self.name,
            self.flags,
            self.words.get("state"),
            number(self.words.get("mtu", "")),
            self.mac,
            self.words.get("master"),
            self.kind,
            self.vxlan_local,
            self.vxlan_device,
            self.evidence,
        )


class _Reader:
    """Goes through the lines of one text; an address belongs to the interface above it."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self._path = path
        self._drafts: list[_Draft] = []
        self._by_number: dict[tuple[int, str], _Draft] = {}
        self._open: _Draft | None = None
        self._command = Command("address")

    def take(self, line_number: int, line: str) -> None:
        """Read one line; `ip -o` joins with backslashes what else stands on lines of its own."""
        if not line.strip():
            return
        first, *rest = line.split("\\")
        command = command_in(line)
        if command:
            self._command, self._open = command, None
        elif self._command.object not in ("address", "link", None) or self._command.network_namespace is not None:
            note_other(self.gaps, line_number, line, "another command's output")
        else:
            evidence = Evidence(self._path, line_number, quote(line))
            self._take_first(first, line, evidence)
            for part in rest:
                self._take_detail(part, line, evidence)

    def _take_first(self, part: str, line: str, evidence: Evidence) -> None:
        header = _HEADER.match(part)
        if header:
            self._take_header(header, line, evidence)
            return
        one_line = _ONE_LINE.match(part)
        if one_line:
            self._find(int(one_line[1]), _bare_name(one_line[2]), evidence)
            self._take_detail(one_line[3], line, evidence)
        elif _NUMBERED.match(part):
            # What follows belongs to this interface, not to the one before.
            self._open = None
            note_other(self.gaps, evidence.line or 0, line)
        else:
            self._take_detail(part, line, evidence)

    def _take_header(self, header: re.Match[str], line: str, evidence: Evidence) -> None:
        flags = tuple(flag.strip() for flag in header[3].split(",") if flag.strip())
        words, unknown = _pairs(header[4].split())
        self._open = _Draft(len(self._drafts), int(header[1]), _bare_name(header[2]), evidence, flags, words)
        self._keep(self._open)
        if unknown:
            self.gaps.add(evidence.line, line, why=f"word {unknown} not understood")

    def _find(self, index: int, name: str, evidence: Evidence) -> None:
        """Open the interface of an `ip -o addr` line: the one above, or a new one of which only the name is known."""
        if self._open is None or (self._open.index, self._open.name) != (index, name):
            known = self._by_number.get((index, name))
            self._open = known or _Draft(len(self._drafts), index, name, evidence)
            if known is None:
                self._keep(self._open)

    def _keep(self, draft: _Draft) -> None:
        self._drafts.append(draft)
        self._by_number.setdefault((draft.index, draft.name), draft)

    def _take_detail(self, part: str, line: str, evidence: Evidence) -> None:
        words = part.split()
        if not words:
            return
        draft = self._open
        if draft is None:
            note_other(self.gaps, evidence.line or 0, line)
        elif words[0] in ("inet", "inet6"):
            self._take_address(draft, words, line, evidence)
        elif words[0].startswith("link/"):
            self._take_link(draft, words, line, evidence)
        elif not _take_kind(draft, words) and not _is_known_detail(words):
            note_other(self.gaps, evidence.line or 0, line)

    def _take_link(self, draft: _Draft, words: list[str], line: str, evidence: Evidence) -> None:
        # Tunnels without endpoints print no address: link/none, link/[65534].
        value = words[1] if len(words) > 1 else ""
        if is_hidden(value):
            self.gaps.add(evidence.line, line, kind=GapKind.REDACTED, why="link-layer address hidden by the collector")
        elif ":" in value or address(value):
            draft.mac = value.lower()

    def _take_address(self, draft: _Draft, words: list[str], line: str, evidence: Evidence) -> None:
        found, peer, rest = _address_and_peer(words)
        if found is None:
            hidden = any(is_hidden(word) for word in words[1:4])
            kind = GapKind.REDACTED if hidden else None
            self.gaps.add(
                evidence.line,
                line,
                kind=kind,
                why="address hidden by the collector" if hidden else "address not understood",
            )
            return
        scope, flags, unknown = _address_words(rest, has_label=found.version != IPV6)
        draft.addresses.append(AddressFact(draft.name, found, peer, scope, flags, evidence))
        if unknown:
            self.gaps.add(evidence.line, line, why=f"word {unknown} not understood")

    def facts(self) -> tuple[object, ...]:
        """Each interface, followed by its addresses."""
        return tuple(fact for draft in self._drafts for fact in (draft.fact(), *draft.addresses))


def _bare_name(name: str) -> str:
    """The name without the peer behind the last @."""
    return name.rpartition("@")[0] or name


def _pairs(words: list[str]) -> tuple[dict[str, str], str | None]:
    """The words of a header with their values, and the first word that is not known."""
    found: dict[str, str] = {}
    unknown: str | None = None
    at = 0
    while at < len(words):
        if words[at] in _HEADER_WORDS and at + 1 < len(words):
            found[words[at]] = words[at + 1]
            at += 1
        elif not words[at].startswith("xdp"):
            unknown = unknown or words[at]
        at += 1
    return found, unknown


def _address_and_peer(words: list[str]) -> tuple[Interface | None, Address | None, list[str]]:
    """`inet A/P` or `inet A peer B/P`, where the length is the peer's and the address takes it over."""
    own = words[1] if len(words) > 1 else ""
    far = words[3] if len(words) > 3 and words[2] == "peer" else None
    if far is None:
        return interface(own), None, words[2:]
    peer, _, length = far.partition("/")
    if "/" not in own and length:
        own = f"{own}/{length}"
    return interface(own) if address(peer) else None, address(peer), words[4:]


def _address_words(words: list[str], *, has_label: bool) -> tuple[str | None, tuple[str, ...], str | None]:
    """Scope, flags, and the first word that is not known; IPv4 may end with a label, often the interface's name."""
    scope: str | None = None
    flags: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word in _ADDRESS_WORDS and at < len(words):
            scope = words[at] if word == "scope" else scope
            at += 1
        elif word in _ADDRESS_FLAGS:
            flags.append(word)
        elif not (has_label and at == len(words)):
            return scope, tuple(flags), word
    return scope, tuple(flags), None


def _cut_line(text: str) -> int | None:
    """The number of the last line, if the text ends within it.

    `ip` prints more lines behind each header, with each prefix its length and its scope, and each lifetime with its unit
    (print_linkinfo() and print_addrinfo() in ipaddress.c).
    """
    last = text[text.rfind("\n") + 1 :]
    words = last.split()
    if "\\" in last or not words:
        return None
    is_cut = bool(_HEADER.match(last))
    if words[0] == "valid_lft":
        is_cut = not _LIFETIMES.fullmatch(last)
    elif words[0] in ("inet", "inet6"):
        is_cut = not _WHOLE_ADDRESS.search(f"{last} ")
    return text.count("\n") + 1 if is_cut else None


def _take_kind(draft: _Draft, words: list[str]) -> bool:
    """Take the detail line that names the kind of the interface; whether it was one."""
    if words[0] not in _KINDS:
        return words[0] in _SLAVE_KINDS
    draft.kind = draft.kind or words[0]
    if words[0] == "vxlan":
        pairs = dict(pairwise(words))
        draft.vxlan_local = address(pairs.get("local", ""))
        draft.vxlan_device = pairs.get("dev")
    return True


def _is_known_detail(words: list[str]) -> bool:
    if words[0] in _KNOWN_DETAILS or words[0].startswith("prog/") or all(map(_COUNTER.fullmatch, words)):
        return True
    return any(mark in words for mark in _DETAIL_MARKS)


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip addr` or `ip link`, in the long form or with `-o`.

    >>> recognizes("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN \\n")
    True
    >>> recognizes("2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\\\\       valid_lft forever\\n")
    True
    >>> recognizes("1: from all lookup local\\n")
    False
    """
    if not any(mark in head for mark in ("mtu", "inet", "link/")):
        return False
    lines = sample_lines(head)
    headers = [bool(_FULL_HEADER.match(line) or _ONE_LINE.match(line)) for line in lines]
    belonging = sum(
        header or line[:1].isspace() or line.startswith("valid_lft")
        for header, line in zip(headers, lines, strict=True)
    )
    return any(headers) and 2 * belonging >= len(lines)


def parse(text: str, path: str) -> Parsed:
    """Read `ip addr` and `ip link`, with `-4`, `-6`, `-d`, `-o`, `-s`, of iproute2 and of busybox.

    Facts are each interface followed by its addresses. From `ip -o addr`, which prints addresses only, an interface has
    no flags, state and MTU: they are not known. A hidden address gives a gap and no fact. Raises nothing.

    >>> text = '''4: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN group default
    ...     link/ether 66:54:00:ca:d4:da brd ff:ff:ff:ff:ff:ff promiscuity 0
    ...     vxlan id 4096 local 10.0.1.11 dev ens18 srcport 0 0 dstport 4789 nolearning
    ...     inet 10.244.1.0/32 scope global vxlan.calico
    ...        valid_lft forever preferred_lft forever
    ... '''
    >>> link, own = parse(text, "n1/ip_d_addr.txt").facts
    >>> link.name, link.kind, str(link.vxlan_local), link.vxlan_device, link.mtu, link.flags[-1]
    ('vxlan.calico', 'vxlan', '10.0.1.11', 'ens18', 1450, 'LOWER_UP')
    >>> own.interface, str(own.address), own.scope
    ('vxlan.calico', '10.244.1.0/32', 'global')
    """
    reader = _Reader(path)
    cut = _cut_line(text)
    for line_number, line in numbered_lines(text, reader.gaps):
        if line_number == cut:
            reader.gaps.add(line_number, line, kind=GapKind.TRUNCATED, why="the listing is not complete")
        else:
            reader.take(line_number, line)
    if family_of_path(path) != IPV6:
        note_empty(reader.gaps, text)
    return Parsed(reader.facts(), reader.gaps.result())


def quick(data: bytes, path: str) -> Parsed | None:
    """Read `ip addr` and `ip link` as they are printed without options; None for whatever has another form."""
    listing = read_listing(data, path)
    return Parsed(listing) if listing is not None else None


PARSER = Parser(kind="ip-addr", recognizes=recognizes, parse=parse, quick=quick)
