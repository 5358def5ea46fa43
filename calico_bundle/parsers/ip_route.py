"""`ip route`, of one table or of all, IPv4 and IPv6 in one file: routes of a node's kernel."""

from __future__ import annotations

import re
from functools import lru_cache

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.facts import RouteFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_route_quick import QuickRoutes
from calico_bundle.parsers.ip_route_words import RouteDraft, begin, read_words
from calico_bundle.parsers.ip_text import (
    IPV4,
    IPV6,
    Command,
    command_in,
    family_of_path,
    nearest_family,
    note_empty,
    note_other,
    sample_lines,
)
from calico_bundle.parsers.lines import numbered_lines

_TYPE_AND_DESTINATION = 2


class _Reader:
    """Goes through the lines of one text and keeps what spans several: multipath routes, commands between the data."""

    def __init__(self, path: str) -> None:
        self.gaps = LineGaps(path)
        self._path = path
        self._drafts: list[RouteDraft] = []
        self._open: RouteDraft | None = None
        self._command = Command("route")
        self._table: str | None = None

    def take(self, line_number: int, line: str) -> None:
        """Read one line."""
        words = (line.replace("\\", " ") if "\\" in line else line).split()
        if not words:
            return
        if self._command.object not in ("route", None) or self._command.network_namespace is not None:
            self._take_other(line_number, line, "another command's output")
        elif words[0] == "nexthop":
            self._take_hop(line_number, line, words)
        elif words[0] == "cache":
            self._take_cache()
        elif words[0] == "nh_info":
            pass  # `ip -d route`: the next-hop object behind `nhid`, whose hops are printed as well.
        elif draft := begin(line_number, line, words):
            self.close()
            draft.family = draft.family or self._command.family
            draft.table = draft.table or self._table
            self._open = draft
        else:
            self._take_other(line_number, line)

    def _take_hop(self, line_number: int, line: str, words: list[str]) -> None:
        if self._open is None:
            self.gaps.add(line_number, line, why="a next hop without its route")
            return
        before = (self._open.problem, self._open.unknown_word, self._open.hidden_source)
        read_words(self._open, words, 0)
        if before != (self._open.problem, self._open.unknown_word, self._open.hidden_source):
            self._open.problem_line = (line_number, line)

    def _take_cache(self) -> None:
        # Below an IPv4 route it belongs to `ip route get`; IPv6 kernels before 4.2 list learned exceptions as routes.
        if self._open and self._open.family == IPV4:
            self._open.refuse("a cached route or an answer of `ip route get`, not a route")

    def _take_other(self, line_number: int, line: str, why: str = "line not understood") -> None:
        self.close()
        command = command_in(line)
        header = line.split() if line.rstrip().endswith(":") else []
        if command:
            self._command, self._table = command, command.table
        elif len(header) == 2 and header[0].lower() == "table":
            self._table = header[1].rstrip(":")
        else:
            note_other(self.gaps, line_number, line, why)

    def close(self, *, unfinished: bool = False) -> None:
        """End the route that was being read; `unfinished` when the text ends within its last line."""
        draft, self._open = self._open, None
        if draft is None:
            return
        if not draft.hops:
            # `ip route show dev eth0` leaves the device out.
            draft.device = draft.device or self._command.device
        draft.end_hop()
        if draft.type == "unicast" and not draft.hops:
            draft.refuse("a route without device and next hop")
        elif unfinished and draft.hops and draft.hops[-1].device is None:
            draft.refuse("the text ends within this line", GapKind.TRUNCATED)
        self._note_problems(draft)
        if draft.problem is None:
            self._drafts.append(draft)

    def _note_problems(self, draft: RouteDraft) -> None:
        if draft.unknown_word and not _may_be_new_keyword(draft.unknown_word):
            draft.refuse("line not understood")
        line_number, line = draft.problem_line or (draft.line_number, draft.line)
        if draft.problem:
            self.gaps.add(line_number, line, kind=draft.problem_kind, why=draft.problem)
        elif draft.unknown_word:
            self.gaps.add(line_number, line, why=f"word {draft.unknown_word} not understood")
        elif draft.hidden_source:
            self.gaps.add(line_number, line, kind=GapKind.REDACTED, why="source address hidden by the collector")

    def only_route(self) -> RouteFact | None:
        """The one route of the text, when nothing of it hangs on other lines and nothing gave a gap."""
        draft = self._drafts[0] if len(self._drafts) == 1 and not self.gaps.count else None
        return draft.fact(draft.family, self._path) if draft and draft.family else None

    def facts(self) -> tuple[RouteFact, ...]:
        """All routes, in the order of the text; a `default` without address takes its family from the lines around."""
        # `ip route` means IPv4, and IPv6 has printed `pref` on every line since iproute2 4.1.
        fallback = family_of_path(self._path) or IPV4
        families = nearest_family([draft.family for draft in self._drafts], fallback)
        return tuple(draft.fact(family, self._path) for draft, family in zip(self._drafts, families, strict=True))


def _may_be_new_keyword(word: str) -> bool:
    """Whether an unknown word can be a keyword of a newer `ip`, and not the mark of another command's line."""
    return (
        word.isascii()
        and word.replace("_", "").replace("-", "").isalpha()
        and word.islower()
        and word not in ("lladdr", "on")
    )


@lru_cache(1024)  # files of one kind share most of their lines
def _is_route(line: str) -> bool:
    """Whether a line, with the next hops of further lines behind it, reads as a route to its last word."""
    words = line.replace("\\", " ").split()
    draft = begin(0, line, words) if words else None
    if draft is None or draft.unknown_word or (draft.problem and draft.problem_kind is not GapKind.REDACTED):
        return False
    return len(words) > _TYPE_AND_DESTINATION or draft.type != "unicast" or bool(draft.hops or draft.device)


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip route`: at least half of its first lines are routes to their last word.

    >>> recognizes("blackhole 10.244.1.0/26 proto bird\\n")
    True
    >>> recognizes("10.244.3.0/26      via 10.0.1.13 on ens18 [Mesh_10_0_1_13 12:00:00] * (100/0) [i]\\n")
    False
    """
    text = "\n".join(sample_lines(head))
    # Asked of every text that no parser knows, most of which have none of the words.
    lines = (re.sub(r"\n\s*(?=nexthop\s)", " ", text) if "nexthop" in text else text).split("\n")
    if "cache" in text or "nh_info" in text:
        lines = [line for line in lines if not line.strip().startswith(("cache", "nh_info"))]
    routes = sum(map(_is_route, lines))
    return routes > 0 and 2 * routes >= len(lines)


def parse(text: str, path: str) -> Parsed:
    """Read the routes of `ip route`, `ip -6 route`, `ip route show table all`, with `-o`, `-d` and `-N` as well.

    A destination or next hop that is hidden, cut or not understood gives a gap and no route. A route that only some
    packets to its destination take (`from`, `tos`) gives a gap too. Raises nothing.

    >>> parsed = parse("default proto static\\n\\tnexthop via 10.0.0.1 dev eth0 weight 1\\n", "n1/ip_route.txt")
    >>> route = parsed.facts[0]
    >>> str(route.destination), str(route.next_hops[0].gateway), route.table, route.evidence.line
    ('0.0.0.0/0', '10.0.0.1', 'main', 1)
    >>> parse("default via ***HIDDEN*** dev eth0\\n", "n1/ip_route.txt").gaps[0].kind.value
    'redacted'
    """
    reader = _Reader(path)
    for line_number, line in numbered_lines(text, reader.gaps):
        reader.take(line_number, line)
    reader.close(unfinished=not text.endswith("\n"))
    if family_of_path(path) != IPV6:
        note_empty(reader.gaps, text)
    return Parsed(reader.facts(), reader.gaps.result())


def whole_route(line: str) -> RouteFact | None:
    """The route of a line that is one whatever stands above and below it, and leaves no gap; None for any other.

    >>> whole_route("10.0.0.0/24 dev eth0").evidence.text
    '10.0.0.0/24 dev eth0'
    >>> whole_route("default dev eth0"), whole_route("nexthop via 10.0.0.1 dev eth0")
    (None, None)
    """
    reader = _Reader("")
    reader.take(1, line)
    reader.close()
    return reader.only_route()


PARSER = Parser(kind="ip-route", recognizes=recognizes, parse=parse, reader=lambda: QuickRoutes(whole_route))
