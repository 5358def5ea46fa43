"""What all outputs of `ip` share: addresses, families, commands between the data, and lines that are not data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_interface, ip_network
from itertools import islice, pairwise

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.facts import Address, Interface, Network
from calico_bundle.numbers import whole_number
from calico_bundle.parsers import HEAD_CHARACTERS
from calico_bundle.parsers.lines import is_collector_error, is_output

IPV4, IPV6 = 4, 6
_CACHED = 1 << 16
"""Texts remembered per kind of value: the same gateways and networks stand on thousands of lines."""
_LONGEST_NUMBER = 20

_SHORT_NETWORK = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})/(\d{1,2})", re.ASCII)
# Rancher's collector writes 10.word.word.word, troubleshoot ***HIDDEN***, must-gather-clean x-ipv4-0000000001-x;
# people write 10.x.x.7 by hand.
_HIDDEN = re.compile(
    r"""(?xi)
    \*\*\* | <(?:censored|hidden|masked|removed)> | x-(?:ipv[46]|mac)- | redacted
    | ^(?:\d{1,3}|x{1,3})(?:\.(?:\d{1,3}|[a-z][a-z-]*)){3}(?:/\d+)?$
    """
)
_PATH_FAMILY = re.compile(
    r"""(?xi)
    ip[_\ ]-([46])[_\ ] | (?<![a-z])ipv?([46])(?!\d) | (?:routes?|rules?|neigh|addr)[-_.]?(?:ip)?v([46])(?!\d)
    """
)
_BANNER = re.compile(r"\s*(?:==>.*<==$|[-=~_]{3,}|#|\w+ \S+:$)")
# "Message truncated": old iproute2, with too small a buffer. "Dump was interrupted": the table changed meanwhile.
_CUT = re.compile(r"(?i)message truncated|dump was interrupted|dump terminated")
_IP_ERROR = re.compile(
    r"""(?xi)
    (?:cannot\ find\ device | device\ "\S*"\ does\ not\ exist | cannot\ send\ dump\ request | usage:\ ip\b | ip:\ )
    | .*:\ bad\ command\ or\ file\ name | .*permission\ denied
    """
)
# In the order in which `ip` itself resolves an abbreviation.
_OBJECTS = ("address", "maddress", "mroute", "route", "rule", "neighbor", "neighbour", "link", "netns")
_COMMAND_STARTS = ("#", "$", "+", "=", "-", ">", "%", "/", "ip ", "sudo ip ")


@dataclass(slots=True)
class Draft:
    """A record while its words are read, and why it comes to none, if it does."""

    problem: str | None = field(default=None, kw_only=True)
    problem_kind: GapKind | None = field(default=None, kw_only=True)

    def refuse(self, why: str, kind: GapKind | None = None) -> None:
        """Remember why this line gives no record; the first reason stands.

        >>> draft = Draft()
        >>> draft.refuse("hidden"), draft.refuse("cut")
        (None, None)
        >>> draft.problem
        'hidden'
        """
        if self.problem is None:
            self.problem, self.problem_kind = why, kind


@lru_cache(_CACHED)
def address(text: str) -> Address | None:
    """Read an address; None when the text is not one.

    >>> address("10.0.0.1"), address("10.word.word.word")
    (IPv4Address('10.0.0.1'), None)
    """
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


@lru_cache(_CACHED)
def network(text: str) -> Network | None:
    """Read a network as `ip route` prints it: a host without its length, or a short form.

    >>> network("10.1.2.3"), network("10/8"), network("10.0.0.1/24")
    (IPv4Network('10.1.2.3/32'), IPv4Network('10.0.0.0/8'), None)
    """
    short = _SHORT_NETWORK.fullmatch(text)
    if short:
        text = ".".join([*short[1].split("."), "0", "0", "0"][:4]) + "/" + short[2]
    try:
        return ip_network(text) if _has_plain_length(text) else None
    except ValueError:
        return None


@lru_cache(_CACHED)
def interface(text: str) -> Interface | None:
    """Read an address with its prefix length; without one it is a host's.

    >>> interface("10.0.0.1/24"), interface("10.0.0.1"), interface("***HIDDEN***")
    (IPv4Interface('10.0.0.1/24'), IPv4Interface('10.0.0.1/32'), None)
    """
    try:
        return ip_interface(text) if _has_plain_length(text) else None
    except ValueError:
        return None


def _has_plain_length(text: str) -> bool:
    """No zone and no dotted mask: `ip` prints neither, and `ipaddress` would take both."""
    length = text.partition("/")[2]
    return "%" not in text and "." not in length


def number(text: str) -> int | None:
    """Read a whole number, decimal or hexadecimal (0x...); None when the text is not one.

    >>> number("100"), number("0x10"), number("1e3")
    (100, 16, None)
    """
    if len(text) > _LONGEST_NUMBER or not text.startswith("0x"):
        return whole_number(text)
    try:
        return int(text, 16)
    except ValueError:
        return None


def is_hidden(word: str) -> bool:
    """Whether a collector or a person blotted out this word.

    >>> [is_hidden(word) for word in ("10.happy.blue.tree/24", "***HIDDEN***", "eth0.100", "10.0.0.1")]
    [True, True, False, False]
    """
    return bool(_HIDDEN.search(word)) and not _is_dotted_number(word)


def _is_dotted_number(word: str) -> bool:
    return word.replace(".", "").replace("/", "").isdecimal()


def family_of_path(path: str) -> int | None:
    """The address family that a file name states, if it does.

    >>> [family_of_path(p) for p in ("n/ip-route-v6.txt", "sos/ip_-4_rule_list", "networking/ipv6route", "ip-rule.txt")]
    [6, 4, 6, None]
    """
    match = _PATH_FAMILY.search(path.rpartition("/")[2])
    return int(match[1] or match[2] or match[3]) if match else None


def nearest_family(families: Sequence[int | None], fallback: int) -> list[int]:
    """Give each line without a family the one of the nearest line that has one; of two equally near, the one above.

    >>> nearest_family([None, 4, None, None, 6], 4)
    [4, 4, 4, 6, 6]
    """
    above = _distances(families)
    below = list(reversed(_distances(list(reversed(families)))))
    pairs = zip(above, below, strict=True)
    return [min(pair, key=lambda found: found[0])[1] or fallback for pair in pairs]


def _distances(families: Sequence[int | None]) -> list[tuple[float, int | None]]:
    """For each line, how far above it a line has a family, and which."""
    result: list[tuple[float, int | None]] = []
    away, last = float("inf"), None
    for family in families:
        away, last = (0.0, family) if family else (away + 1, last)
        result.append((away, last))
    return result


@dataclass(frozen=True, slots=True)
class Command:
    """An `ip` command that stands between the data: a prompt, a trace, a banner of a collector."""

    object: str | None
    family: int | None = None
    table: str | None = None
    device: str | None = None
    network_namespace: str | None = None


def command_in(line: str) -> Command | None:
    """The `ip` command that a prompt or a banner names; None for any other line.

    >>> command_in("root@n1:~# ip -6 ro show table 100")
    Command(object='route', family=6, table='100', device=None, network_namespace=None)
    >>> command_in("# /usr/sbin/ip netns exec blue ip a").network_namespace
    'blue'
    >>> command_in("10.0.0.0/8 via 10.0.0.1 dev eth0") is None
    True
    """
    if not (line.startswith(_COMMAND_STARTS) or is_noise(line)):
        return None
    words = line.strip("`= -\t").split()
    starts = [i for i, word in enumerate(words) if word == "ip" or word.endswith("/ip")]
    return _command(words[starts[0] + 1 :]) if starts else None


def _command(words: list[str]) -> Command:
    """Take a command apart, without its leading `ip`."""
    family: int | None = None
    namespace: str | None = None
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-4", "-6"):
            family = int(option[1])
        elif option in ("-f", "-family") and words:
            family = {"inet": IPV4, "inet6": IPV6}.get(words.pop(0))
        elif option in ("-n", "-netns") and words:
            namespace = words.pop(0)
    name = next((name for name in _OBJECTS if words and name.startswith(words[0])), None)
    if name == "netns" and "exec" in words[1:2]:
        inner = _command(words[4:])
        return Command(inner.object, inner.family, inner.table, inner.device, words[2] if len(words) > 2 else "")
    table = _after(words, "table")
    return Command(name, family, None if table in ("all", "0") else table, _after(words, "dev"), namespace)


def _after(words: list[str], key: str) -> str | None:
    """The word that follows a key."""
    return next((value for word, value in pairwise(words) if word == key), None)


def is_noise(line: str) -> bool:
    """Whether a line is a prompt, a note of kubectl, a banner: not output of the command.

    >>> is_noise("==> n1/ip_route.txt <=="), is_noise("Table default:"), is_noise("default via 10.0.0.1 dev eth0")
    (True, True, False)
    """
    return not is_output(line) or bool(_BANNER.match(line))


def note_other(gaps: LineGaps, line_number: int, line: str, why: str = "line not understood") -> None:
    """Account for a line that is not data: noise goes, an error and a cut are named, all else is not understood.

    >>> gaps = LineGaps("ip_route.txt")
    >>> note_other(gaps, 1, "Message truncated")
    >>> gaps.result()[0].kind.value
    'truncated'
    """
    if is_noise(line):
        return
    if _CUT.search(line):
        gaps.add(line_number, line, kind=GapKind.TRUNCATED, why="the listing is not complete")
    elif is_collector_error(line) or _IP_ERROR.match(line.strip()):
        gaps.add(line_number, line, kind=GapKind.COLLECTOR_ERROR, why="an error in place of data")
    elif any(is_hidden(word) for word in line.split()):
        gaps.add(line_number, line, kind=GapKind.REDACTED, why="hidden by the collector")
    else:
        gaps.add(line_number, line, why=why)


def note_empty(gaps: LineGaps, text: str) -> None:
    """Note a listing that cannot be empty and is: it was not collected."""
    if not text.strip():
        gaps.add(None, "", kind=GapKind.COLLECTOR_ERROR, why="the file is empty, which this command never answers")


def sample_lines(head: str, most: int = 60) -> list[str]:
    """The first lines of a text that may be data, without noise, errors and a last line cut in the middle.

    >>> sample_lines("root@n1:~# ip ro\\nMessage truncated\\ndefault dev eth0\\n")
    ['default dev eth0']
    """
    return list(_sampled(head, most))


@lru_cache(4)  # every parser of `ip` asks for the same lines of a file, one after the other
def _sampled(head: str, most: int) -> tuple[str, ...]:
    lines = head.split("\n")
    if len(head) >= HEAD_CHARACTERS and len(lines) > 1:
        lines.pop()
    return tuple(line.rstrip() for line in islice(filter(_may_be_data, lines), most))


@lru_cache(1024)  # files of one kind share most of their lines
def _may_be_data(line: str) -> bool:
    return not (is_noise(line) or _CUT.search(line) or is_collector_error(line))
