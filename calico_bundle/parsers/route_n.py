"""`route -n` and `netstat -rn`: the main routing table of a machine without `ip`, and its IPv6 routes (`-6`)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import NextHop, RouteFact
from calico_bundle.numbers import whole_number
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import IPV4, IPV6, address, is_hidden, note_other, sample_lines
from calico_bundle.parsers.kernel_routes import kernel_route, mask_length

_COLUMNS_4 = ("Destination", "Gateway", "Genmask", "Flags")
_COLUMNS_6 = ("Destination", "Next", "Hop", "Flag")
_TITLES = ("Kernel IP routing table", "Kernel IPv6 routing table")
_FLAG_LETTERS = frozenset("UGHRDMCAacdefimnorRV!")
# The metric of the entry that stands for "no route" (ip6_null_entry): 2^32-1, printed with a sign.
_NO_ROUTE = "-1"
_NUMBERS_6 = 7
# net-tools (rprint_fib()) prints with `-ee` the first six characters of a device's name, before these columns.
_AFTER_CUT_NAMES = ["Iface", "MSS", "Window", "irtt"]
_CUT_LENGTH = 6
_MAPPED = int(IPv6Address("::ffff:0.0.0.0"))
_MAPPED_LENGTH = 96
_MULTICAST = IPv6Network("ff00::/8")


class _Reader:
    """Goes through the lines of one text; the line of column names says what follows."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self.facts: list[RouteFact] = []
        self._path = path
        self._columns: list[str] = []
        self._names_are_cut = False
        self._family: int | None = None

    def take(self, line_number: int, line: str) -> None:
        """Read one line."""
        words = line.split()
        if not words or line.strip() in _TITLES:
            return
        if family := _family_of_columns(words):
            self._family, self._columns = family, words
            self._names_are_cut = words[-len(_AFTER_CUT_NAMES) :] == _AFTER_CUT_NAMES
            return
        evidence = Evidence(self._path, line_number, quote(line))
        if self._family == IPV4 and _is_entry(words, self._columns.index("Flags")):
            self._take_4(words, line, evidence)
        elif self._family == IPV6 and _is_entry(words, 2):
            self._take_6(words, line, evidence)
        else:
            note_other(self.gaps, line_number, line)

    def _take_4(self, words: list[str], line: str, evidence: Evidence) -> None:
        values = dict(zip(self._columns, words, strict=False))
        destination = _network(words[0], words[2])
        gateway = _gateway(words[1])
        metric = whole_number(values.get("Metric", "0"))
        device = values.get("Iface")
        if destination is None or gateway is None or metric is None or device is None:
            self._note(words[:3], line, evidence)
        elif self._names_are_cut and len(device) == _CUT_LENGTH:
            why = "the interface's name may go on: route -ee and netstat -ree print six characters of it"
            self.gaps.add(evidence.line, line, kind=GapKind.TRUNCATED, why=why)
        else:
            hop = gateway if int(gateway) else None
            refused = "!" in values["Flags"]
            self.facts.append(kernel_route(destination, hop, device, metric, evidence, refused=refused))

    def _take_6(self, words: list[str], line: str, evidence: Evidence) -> None:
        route = _route_6(words, evidence)
        if route is None:
            self._note(words[:2], line, evidence)
        else:
            self.facts.append(route)

    def _note(self, words: list[str], line: str, evidence: Evidence) -> None:
        if any(map(is_hidden, words)):
            self.gaps.add(evidence.line, line, kind=GapKind.REDACTED, why="hidden by the collector")
        else:
            self.gaps.add(evidence.line, line, why="a name in place of an address, or a value not understood")


def _family_of_columns(words: list[str]) -> int | None:
    if tuple(words[:4]) == _COLUMNS_4:
        return IPV4
    return IPV6 if tuple(words[:4]) == _COLUMNS_6 else None


def _is_entry(words: list[str], at: int) -> bool:
    return len(words) > at and frozenset(words[at]) <= _FLAG_LETTERS


def _network(text: str, mask: str) -> IPv4Network | None:
    """A destination with its mask; `default` is what `route` without `-n` writes."""
    found, of = address("0.0.0.0" if text == "default" else text), address(mask)  # noqa: S104 - nothing is bound
    length = mask_length(of) if isinstance(of, IPv4Address) else None
    try:
        return IPv4Network((int(found), length)) if isinstance(found, IPv4Address) and length is not None else None
    except ValueError:
        return None


def _gateway(text: str) -> IPv4Address | None:
    """A next hop; 0.0.0.0 where there is none, which `route` without `-n` writes as `*`, and of a refusal as `-`."""
    if text in ("*", "-"):
        return IPv4Address(0)
    found = address(text)
    return found if isinstance(found, IPv4Address) else None


def _route_6(words: list[str], evidence: Evidence) -> RouteFact | None:
    """An IPv6 route. The kernel lists those of all tables, and marks its own addresses by having no next hop (`n`)."""
    gateway, destination = address(_without_brackets(words[1])), _network_6(_without_brackets(words[0]))
    metric = 2**32 - 1 if words[3:4] == [_NO_ROUTE] else whole_number("".join(words[3:4]))
    if gateway is None or destination is None or metric is None or len(words) != _NUMBERS_6:
        return None
    own = "n" in words[2] and destination.prefixlen == destination.max_prefixlen
    kind = "local" if own else "multicast" if destination == _MULTICAST else "unicast"
    table = "main" if kind == "unicast" else "local"
    if "!" in words[2]:
        return RouteFact(IPV6, "main", "unreachable", destination, (), None, None, None, metric, evidence)
    hop = NextHop(gateway if int(gateway) else None, words[-1], (), 1)
    return RouteFact(IPV6, table, kind, destination, (hop,), None, None, None, metric, evidence)


def _without_brackets(text: str) -> str:
    """`[::]`, as the unspecified address is printed without `-n`, in its usual form."""
    return text.replace("[::]", "::", 1)


def _network_6(text: str) -> IPv6Network | None:
    """A destination; net-tools leaves out the ::ffff: in front of a mapped IPv4 address (fix_v4_address())."""
    start, _, length = text.partition("/")
    found, bits = address(start), whole_number(length)
    if isinstance(found, IPv4Address) and bits is not None and bits >= _MAPPED_LENGTH:
        found = IPv6Address(_MAPPED + int(found))
    try:
        return IPv6Network((int(found), bits)) if isinstance(found, IPv6Address) and bits is not None else None
    except ValueError:
        return None


def recognizes(head: str) -> bool:
    """Whether a text begins like `route -n` or `netstat -rn`.

    >>> recognizes("Kernel IP routing table\\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\\n")
    True
    >>> recognizes("default via 10.0.0.1 dev eth0\\n")
    False
    """
    if "Destination" not in head:
        return False
    lines = [line for line in sample_lines(head) if line.strip() not in _TITLES]
    return bool(lines) and _family_of_columns(lines[0].split()) is not None


def parse(text: str, path: str) -> Parsed:
    """Read the routes. Those of IPv4 are of the main table; protocol, scope and source are not in the text.

    `netstat -rn` prints no metric: the order of equal destinations, which is the kernel's, tells which one is used. A
    destination or next hop that is hidden, or printed as a name, gives a gap and no route; so does an interface whose
    name may be cut off. Raises nothing.

    >>> listed = '''Kernel IP routing table
    ... Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface
    ... 0.0.0.0         10.0.1.1        0.0.0.0         UG        0 0          0 ens18
    ... 10.244.2.0      0.0.0.0         255.255.255.192 U         0 0          0 *
    ... '''
    >>> default, own = parse(listed, "n1/netstat-rn.txt").facts
    >>> str(default.next_hops[0].gateway), default.next_hops[0].device, default.protocol
    ('10.0.1.1', 'ens18', None)
    >>> own.type, str(own.destination)
    ('blackhole', '10.244.2.0/26')
    """
    reader = _Reader(path)
    for line_number, line in enumerate(text.split("\n"), start=1):
        reader.take(line_number, line)
    return Parsed(tuple(reader.facts), reader.gaps.result())


PARSER = Parser(kind="route-n", recognizes=recognizes, parse=parse)
