"""Failed lookups in any log: searched for in its bytes, since nearly all lines of nearly all logs speak of none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.facts import Address
from calico_bundle.facts.dns import LookupErrorFact
from calico_bundle.parsers import Parsed
from calico_bundle.parsers.log_tally import Tally
from calico_bundle.parsers.lookup_wordings import NEEDLES, Failure, understood
from calico_bundle.parsers.word_sieve import WordSieve, count_lines

KIND = "lookup-errors"

_AROUND = 2048
"""Bytes of a line that are looked at, on either side of what was found; no error message is longer."""

_QUOTED = 4096
"""Bytes of a line that are more than a quote shows."""
_LONGEST_LINE = 1 << 20
_SIEVE = WordSieve(NEEDLES)

_Sort = tuple[str, str, str | None]
"""Kind, resolver and server of a failure."""


def find_lookup_errors(data: bytes, path: str) -> Parsed | None:
    r"""The failed lookups that a log tells of; None for a text without any.

    >>> find_lookup_errors(b"all is well\n", "shop/cart/app.log") is None
    True
    >>> log = b"started\ncurl: (6) Could not resolve host: db\n"
    >>> [(f.kind, f.names, f.evidence.line) for f in find_lookup_errors(log, "app.log").facts]
    [('ambiguous', ('db',), 2)]
    """
    search = _Search(path)
    search.block(data)
    return search.result()


def find_in_pieces(pieces: Iterable[bytes], path: str) -> Parsed | None:
    r"""The same of a log that comes in pieces.

    >>> find_in_pieces([b"curl: (6) Could not re", b"solve host: db\n"], "app.log").facts[0].count
    1
    """
    search = _Search(path)
    for block in _whole_lines(pieces):
        search.block(block)
        search.go_on(block)
    return search.result()


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces that end where lines end; a line without an end that is longer than any is given in parts."""
    held = b""
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if end or len(held) + len(piece) > _LONGEST_LINE:
            yield b"".join((held, memoryview(piece)[: end or len(piece)]))
            held = piece[end:] if end else b""
        else:
            held += piece
    if held:
        yield held


class _Search:
    """What was found in one log so far."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._tally: Tally[_Sort] = Tally(path)
        self._lines = 0
        self._beyond = 0

    def block(self, data: bytes) -> None:
        """Search whole lines that follow those before."""
        at, line = 0, self._lines + 1
        for hit in _SIEVE.places(data):
            # Two wordings may stand in one line; it is one failure.
            if hit < at:
                continue
            start = data.rfind(b"\n", at, hit) + 1 or at
            end = data.find(b"\n", hit)
            end = end if end >= 0 else len(data)
            line += data.count(b"\n", at, start)
            self._line(data, (start, hit, end), line)
            at, line = end + 1, line + 1

    def go_on(self, data: bytes) -> None:
        """Count the lines of what was searched, because more follows."""
        self._lines += count_lines(data)

    def _line(self, data: bytes, place: tuple[int, int, int], number: int) -> None:
        start, hit, end = place
        failure = understood(data[max(start, hit - _AROUND) : min(end, hit + _AROUND)].decode("utf-8", "replace"))
        if failure is None:
            return
        shown = data[start : min(end, start + _QUOTED)].decode("utf-8", "replace")
        if not self._tally.add(_sort(failure), number, shown, failure.name):
            self._beyond += 1

    def result(self) -> Parsed | None:
        """What was found; None where nothing was."""
        facts = tuple(
            LookupErrorFact(
                None, None, None, kind, resolver, _address(server), sort.names, sort.count,
                sort.first_time, sort.last_time, sort.first, {"last": sort.last},
            )
            for (kind, resolver, server), sort in self._tally
        )  # fmt: skip
        message = f"{self._beyond} more lines with failed lookups, of other servers, are not counted"
        gaps = (Gap(self._path, None, GapKind.TRUNCATED, message),) if self._beyond else ()
        return Parsed(facts, gaps) if facts else None


def _sort(failure: Failure) -> _Sort:
    return failure.kind, failure.resolver, failure.server


def _address(text: str | None) -> Address | None:
    try:
        return ip_address(text) if text else None
    except ValueError:
        return None
