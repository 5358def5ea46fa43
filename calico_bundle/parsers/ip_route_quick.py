"""Listings of routes beside one another: only the lines in which a file differs from a reference are read.

What is taken here has one whole route on every line, as `ip route` prints it. Any other file is the general reader's, and
so is what an accepted line means: the quick patterns only tell, sooner, that the general reader takes it whole.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from socket import inet_aton

from calico_bundle.facts import Address, RouteFact
from calico_bundle.facts.route_listing import Hunks, RouteBase, RouteListing
from calico_bundle.parsers import Parsed
from calico_bundle.parsers.ip_text import IPV4, IPV6

WholeRoute = Callable[[str], RouteFact | None]
"""The route of a line, when it is one whatever lines stand around it."""

_MOST_BYTES = 1 << 22
_HELD_REFERENCES = 8
"""Main table alone, all tables, IPv6 apart, nodes in trouble: each sort has one."""
_MOST_REFERENCES = 64
"""References begun for one bundle; from then on a file is kept beside the nearest, however far that is."""
_SAMPLES = 16
_FITTING = 4
"""Samples of a file that a reference should have, before a new one is begun."""
_FIRST_STEP = 64
_FAR = 64
"""Lines of the reference that are skipped without a look whether they stand further down."""
_WINDOW = 16384

_START = re.compile(rb"(?:[a-z]{5,11} )?(?:default|[0-9a-f.:/]{3,}) (?!.* lladdr ).*\n")
"""How a listing begins, and one of neighbors does not."""

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rb"(?:O\.O\.O\.O)".replace(b"O", _OCTET)
# Prefix lengths that end with an octet, and Calico's block size, whose networks need no arithmetic.
_NETWORK4 = rb"(?:O\.O\.O\.(?:O|0/24|(?:0|64|128|192)/26)|O\.O\.0\.0/16|O\.0\.0\.0/8)".replace(b"O", _OCTET)
_LINK_LOCAL = rb"fe80::(?:/64|G:G:G:G)?".replace(b"G", rb"[1-9a-f][0-9a-f]{0,3}")
_NETWORK6 = rb"(?:" + _LINK_LOCAL + rb"|ff00::/8|::1)"
# Names that begin like a word which means something else there are left to the general reader.
_DEVICE = rb" dev (?!lock|inet|src|table|proto)[a-z][a-z0-9_.-]*+"
_WRITER = rb"(?: table (?:local|main|default|[0-9]+))?+(?: proto (?:kernel|bird|static|boot|dhcp|ra|[0-9]+))?+"
_METRIC = rb"(?: metric [0-9]{1,9})?"
_WAY4 = (
    rb"(?: via " + _IPV4 + rb")?" + _DEVICE + _WRITER + rb"(?: scope (?:link|host|global))?(?: src " + _IPV4 + rb")?"
    + _METRIC + rb"(?: (?:onlink|linkdown))?"
)  # fmt: skip
_WAY6 = _DEVICE + _WRITER + _METRIC + rb"(?: linkdown)?(?: pref (?:low|medium|high))?"
# By how a line begins: an alternative that cannot be is then passed over at its first letter.
_FORMS = (
    _LINK_LOCAL + _WAY6,
    _NETWORK4 + _WAY4,
    rb"local (?:" + _NETWORK6 + _WAY6 + rb"|" + _NETWORK4 + _WAY4 + rb")",
    rb"multicast ff00::/8" + _WAY6,
    rb"(?:blackhole|unreachable) " + _NETWORK4 + _WRITER + _METRIC,
    rb"broadcast " + _NETWORK4 + _WAY4,
    rb"(?:ff00::/8|::1|anycast " + _NETWORK6 + rb")" + _WAY6,
)
_PLAIN = re.compile(rb"(?>(?:" + rb"|".join(_FORMS) + rb") ?\n)*+")
"""As many lines as follow one another that the general reader takes whole, of the forms that most lines have."""

_TYPES = frozenset(
    (b"unicast", b"local", b"broadcast", b"anycast", b"multicast", b"blackhole", b"unreachable", b"prohibit", b"throw")
)
_SURELY_IPV6 = (b"f", b"local f", b"multicast f")
"""Link-local and multicast destinations: three lines for each pod's cable, passed over without a closer look."""


class PlainLines:
    """Reads lines that were found to be whole routes, each by the general reader."""

    def __init__(self, whole_route: WholeRoute) -> None:
        self._whole_route = whole_route

    def route(self, line: bytes) -> RouteFact:
        """The route of a line that is known to be understood."""
        found = self._whole_route(line.decode("ascii").removesuffix("\n"))
        if found is None:
            raise ValueError(line)
        return found

    def understood(self, line: bytes) -> RouteFact | None:
        """The route of a line in the form that `ip` prints; None for any other line."""
        text = line.decode("ascii", errors="replace").removesuffix("\n")
        found = self._whole_route(text) if text.isascii() and text.isprintable() and "\\" not in text else None
        return found if found is not None and _as_printed(text, found) else None

    def all_understood(self, lines: bytes) -> bool:
        """Whether each of some lines is a whole route."""
        at = 0
        while at < len(lines):
            plain = _PLAIN.match(lines, at)
            at = plain.end() if plain else at
            if at < len(lines):
                stop = lines.find(b"\n", at) + 1
                if self.understood(lines[at:stop]) is None:
                    return False
                at = stop
        return True

    def own_addresses(self, lines: bytes) -> Iterator[Address]:
        """Sources and local destinations, each once."""
        behind = (*lines.split(b" src ")[1:], *(b"\n" + lines).split(b"\nlocal ")[1:])
        texts = {text.split(maxsplit=1)[0].partition(b"/")[0] for text in behind}
        if b"default" in texts:
            local = {line for line in lines.splitlines() if line.startswith(b"local default")}
            yield from (self.route(line).destination.network_address for line in local)
        yield from (ip_address(text.decode()) for text in texts - {b"default"})

    def prefixes(self, lines: bytes) -> Iterator[tuple[int, str, int, int]]:
        """The IPv4 lines among some: place from 0, table, destination and prefix length of each."""
        for at, line in enumerate(lines.splitlines()):
            if line.startswith(_SURELY_IPV6):
                continue
            text = _destination(line)
            if self._family(line, text) == IPV4:
                network, _, length = (b"0.0.0.0/0" if text == b"default" else text).partition(b"/")
                yield at, _table(line), int.from_bytes(inet_aton(network.decode()), "big"), int(length or b"32")

    def tables(self, lines: bytes) -> Iterator[tuple[int, str]]:
        """Family and table of each line."""
        for line in lines.splitlines():
            yield self._family(line, _destination(line)), _table(line)

    def _family(self, line: bytes, destination: bytes) -> int:
        if destination == b"default":
            return self.route(line).family
        return IPV6 if b":" in destination else IPV4


def _destination(line: bytes) -> bytes:
    text, _, rest = line.partition(b" ")
    return rest.partition(b" ")[0] if text in _TYPES else text


def _table(line: bytes) -> str:
    return line.partition(b" table ")[2].partition(b" ")[0].decode() or "main"


def _as_printed(line: str, route: RouteFact) -> bool:
    """Whether destination, source, table and protocol stand in a line as `ip` writes them: they are looked for by text."""
    words, padded = line.split(), f"{line} "
    network = route.destination
    plain = network.network_address if network.prefixlen == network.max_prefixlen else network
    written = "default" if network.prefixlen == 0 else str(plain)
    if not padded.startswith((f"{written} ", f"{route.type} {written} ")):
        return False
    source = str(route.source) if route.source else None
    table = None if route.table == "main" and "table" not in words else route.table
    told = (("src", source), ("table", table), ("proto", route.protocol))
    return all(words.count(name) == (value is not None) for name, value in told) and all(
        f" {name} {value} " in padded for name, value in told if value is not None
    )


class QuickRoutes:
    """Reads the listings of one reading pass. What it answers for a file is the same whichever came before it."""

    def __init__(self, whole_route: WholeRoute) -> None:
        self._lines = PlainLines(whole_route)
        self._references: list[RouteBase] = []
        """Those that files are held beside; the one that was of use last stands last."""
        self._begun = 0

    def __call__(self, data: bytes, path: str) -> Parsed | None:
        """The routes of a file with one whole route on every line; None for any other."""
        start = _START.match(data)
        if start is None or data[-1:] != b"\n" or len(data) > _MOST_BYTES or not self._knows(start[0]):
            return None
        samples = _samples(data)
        fits = [sum(line in base.places for line in samples) for base in self._references]
        best = max(fits, default=0)
        if best < _FITTING and self._begun < _MOST_REFERENCES:
            return self._begin(data, path)
        base = self._references.pop(fits.index(best))
        self._references.append(base)
        hunks, added = differences(base, data)
        if not self._lines.all_understood(added):
            return None
        return Parsed(RouteListing(base, path, Hunks.of(hunks) if hunks else Hunks(), added))

    def _knows(self, line: bytes) -> bool:
        return any(line in base.places for base in self._references) or self._lines.understood(line) is not None

    def _begin(self, data: bytes, path: str) -> Parsed | None:
        """Take a file for a reference."""
        routes: list[RouteFact] = []
        for line in data.splitlines(keepends=True):
            route = self._lines.understood(line)
            if route is None:
                return None
            routes.append(route)
        base = RouteBase(data, tuple(routes), self._lines)
        # A node that is cut off has a table like no other's: it must not be in the way of what all others have.
        del self._references[: len(self._references) + 1 - _HELD_REFERENCES]
        self._references.append(base)
        self._begun += 1
        return Parsed(RouteListing(base, path, Hunks(), b""))


def _samples(data: bytes) -> list[bytes]:
    """Some lines from all over a file."""
    found = []
    for at in range(0, len(data), len(data) // _SAMPLES + 1):
        start = data.rfind(b"\n", 0, at) + 1
        found.append(data[start : data.find(b"\n", start) + 1])
    return found


def differences(base: RouteBase, data: bytes) -> tuple[list[tuple[int, int, int, int]], bytes]:
    """The hunks in which a file differs from a reference, and the lines that the reference lacks."""
    view = memoryview(base.raw)
    hunks: list[tuple[int, int, int, int]] = []
    pieces: list[bytes] = []
    place = at = line = 0
    while True:
        agreed = bisect_right(base.starts, base.starts[place] + _in_common(data, at, view, base.starts[place])) - 1
        at += base.starts[agreed] - base.starts[place]
        line += agreed - place
        if at == len(data):
            if agreed < len(base.routes):
                hunks.append((agreed, len(base.routes), line, line))
            return hunks, b"".join(pieces)
        place, behind, new = _meet_again(base, data, at, agreed)
        hunks.append((agreed, place, line, line + new))
        pieces.append(data[at:behind])
        at, line = behind, line + new


def _in_common(data: bytes, at: int, view: memoryview, start: int) -> int:
    """How many bytes agree: steps that double up to the first difference, and halve towards it."""
    same, step, size = 0, _FIRST_STEP, len(view) - start
    while same < size and data.startswith(view[start + same : start + same + step], at + same):
        same += step
        step *= 2
    if same >= size:
        return size
    while step > 1:
        step //= 2
        if data.startswith(view[start + same : start + same + step], at + same):
            same += step
    return min(same, size)


def _meet_again(base: RouteBase, data: bytes, at: int, place: int) -> tuple[int, int, int]:
    """Where a file and its reference go on together: the place in each, and how many lines the file has till there."""
    new = 0
    while at < len(data):
        stop = data.find(b"\n", at) + 1
        found = base.places.get(data[at:stop], -1)
        if found == place or (found > place and _goes_on(base, data, stop, place, found)):
            return found, at, new
        at, new = stop, new + 1
    return len(base.routes), at, new


def _goes_on(base: RouteBase, data: bytes, at: int, place: int, found: int) -> bool:
    """Whether the lines that would be skipped are gone, and the one that was found is not just out of its order."""
    if place <= base.places.get(data[at : data.find(b"\n", at) + 1], -1) < found:
        return False
    if found - place <= _FAR:
        return True
    skipped = (place, place + _FAR // 4, place + _FAR // 2)
    return not any(data.find(base.raw[base.starts[p] : base.starts[p + 1]], at, at + _WINDOW) >= 0 for p in skipped)
