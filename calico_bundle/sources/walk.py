"""One pass over one input: what the containers share. Counts, limits, gaps, progress, and what becomes a member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from calico_bundle.errors import UsageError
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.sources.compression import Budget
from calico_bundle.sources.deflate import crc32
from calico_bundle.sources.limits import Limits, allow_more, readable_size
from calico_bundle.sources.member import Member
from calico_bundle.sources.paths import Links, is_junk, safe_path
from calico_bundle.sources.signatures import HEAD_BYTES, Kind, how_to_unpack, sniff, unsupported
from calico_bundle.sources.streams import Flow, Section

MOST_LISTED_GAPS = 100
"""Gaps of one sort that are listed one by one; the others are counted in one more gap."""

_PROGRESS_BYTES = 8 * 1024 * 1024

Descend = Callable[["Walk", Kind, str, Flow, int], Iterator[Member]]
Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """An archive that is being walked: its path for gaps, the prefix of its members, how deep it lies (from 1)."""

    path: str
    prefix: str
    depth: int


@dataclass(slots=True)
class Walk:
    """The state of one pass. `descend` opens an archive that lies in an archive."""

    limits: Limits
    name: str
    on_gap: Callable[[Gap], None]
    on_progress: Progress | None
    descend: Descend
    on_link: Callable[[str, str], None] = lambda _path, _target: None
    on_junk: Callable[[str], None] = lambda _path: None
    total_bytes: int | None = None
    members: int = 0
    budget: Budget = field(init=False)
    _position: int = 0
    _reported: int = 0
    _current: str = ""
    _entries: int = 0
    _seen: dict[str, int] = field(default_factory=dict)
    _gap_counts: dict[tuple[GapKind, str], int] = field(default_factory=dict)
    first_gap: Gap | None = None

    def __post_init__(self) -> None:
        """Open the budget."""
        self.budget = Budget(self.limits)

    # --- gaps and progress ------------------------------------------------------------------------------------------

    def gap(self, path: str, kind: GapKind, message: str, sort: str = "gaps of this kind") -> None:
        """Report one gap; beyond `MOST_LISTED_GAPS` of one sort they are counted."""
        count = self._gap_counts[kind, sort] = self._gap_counts.get((kind, sort), 0) + 1
        if count <= MOST_LISTED_GAPS:
            gap = Gap(path, None, kind, message)
            self.first_gap = self.first_gap or gap
            self.on_gap(gap)

    def finish(self) -> None:
        """Report how many gaps were not listed."""
        for (kind, sort), count in self._gap_counts.items():
            if count > MOST_LISTED_GAPS:
                self.on_gap(
                    Gap(self.name, None, kind, f"{count - MOST_LISTED_GAPS} more {sort}, not listed one by one")
                )

    def expect(self, total: int | None) -> None:
        """Note how many bytes the input has; None for a pipe."""
        self.total_bytes = self.budget.input_bytes = total

    def advance(self, position: int) -> None:
        """Note how many bytes of the input were read."""
        self._position = position
        if self.total_bytes is None:
            self.budget.input_bytes = position
        if position - self._reported >= _PROGRESS_BYTES:
            self._report()

    def _report(self) -> None:
        self._reported = self._position
        if self.on_progress:
            self.on_progress(self._position, self.total_bytes, self._current)

    # --- entries ----------------------------------------------------------------------------------------------------

    def admit(self, place: Place) -> bool:
        """Count one entry of an archive; False, and a gap, when a limit of the whole input is reached."""
        self._entries += 1
        most = self.limits.max_members
        message = self.budget.refusal()
        if self._entries > most:
            message = f"was not read further: the input has more than {most} entries"
            message += f" (give a part of it, {allow_more('max_members')})"
        if message is None:
            return True
        self.gap(place.path, GapKind.REFUSED, message, "archives that were not read to their end")
        return False

    def path_of(self, place: Place, name: str) -> str | None:
        """The path of one entry, safe and unlike all others; None for what macOS left there."""
        safe, flaw = safe_path(name)
        if is_junk(safe):
            self.on_junk(place.prefix + safe)
            return None
        path = self._unlike_others(place.prefix + safe)
        if flaw:
            self.gap(
                path,
                GapKind.REFUSED,
                f"{flaw.value} in the archive ({name!r}); read under this name",
                f"files with {flaw.value}",
            )
        return path

    def _unlike_others(self, path: str) -> str:
        count = self._seen.get(path, 0) + 1
        self._seen[path] = count
        if count == 1:
            return path
        while (other := f"{path} ({count})") in self._seen:
            count += 1
        self._seen[path] = count
        self._seen[other] = 1
        self.gap(
            other,
            GapKind.CONTRADICTED,
            f"there is more than one {path!r}; this one is number {count}, and all of them are read",
            "names that occur more than once",
        )
        return other

    # --- files ------------------------------------------------------------------------------------------------------

    def file(self, place: Place, name: str, section: Section, *, crc: int | None = None) -> Iterator[Member]:
        """One regular file: a member, or the members of the archive that it is."""
        path = self.path_of(place, name)
        if path is None:
            return
        head = section.peek(HEAD_BYTES)
        kind = sniff(head)
        if section.size and not head:
            self._lost(path, section)
        elif kind:
            yield from self.descend(self, kind, path, section, place.depth + 1)
        elif what := unsupported(head):
            message = f"is {what}, which cannot be opened here ({how_to_unpack(what)}, and give the directory)"
            self.gap(path, GapKind.UNREADABLE, message, "archives that cannot be opened")
        elif section.size > self.limits.max_member_bytes:
            self.gap(path, GapKind.REFUSED, _too_large(section.size, self.limits), "files that are too large")
        else:
            yield from self.plain(path, section, crc=crc)

    def plain(self, path: str, section: Section, *, crc: int | None = None) -> Iterator[Member]:
        """One file that is no archive: a member, and a gap when not all of it was there."""
        reading = _Reading(path, section, crc)
        self.members += 1
        self._current = path
        self._report()
        yield Member(path, section.size, reading.whole, reading)
        reading.is_over = True
        if section.is_in_stream:
            section.drain()
        if section.is_short:
            self._lost(path, section)
        elif reading.damage:
            self.gap(path, GapKind.UNREADABLE, reading.damage, "files that are damaged")

    def _lost(self, path: str, section: Section) -> None:
        kind, why = section.problem or (GapKind.TRUNCATED, "")
        got = section.size - section.missing
        message = f"only {got} of its {section.size} bytes could be read" + (f": its archive {why}" if why else "")
        self.gap(path, kind, message, "files of which a part is missing")

    def report_links(self, place: Place, links: Links) -> None:
        """Tell which file has which links of an archive; a gap for every link that leads to no file of it."""
        for path, target in links.names():
            self.on_link(place.prefix + path, place.prefix + target)
        for path, target, flaw in links.flaws():
            kind = GapKind.UNREADABLE if flaw == "leads to nothing in the bundle" else GapKind.REFUSED
            message = f"is a link to {target!r}, which {flaw.value}; not followed"
            self.gap(place.prefix + path, kind, message, "links that lead to no file of the bundle")


class _Reading:
    """The bytes of a member: whole or in pieces, once, while its archive's stream stands there."""

    __slots__ = ("_crc", "_is_begun", "_path", "_section", "damage", "is_over")

    def __init__(self, path: str, section: Section, crc: int | None) -> None:
        self._path, self._section, self._crc = path, section, crc
        self._is_begun = self.is_over = False
        self.damage: str | None = None

    def peek(self, count: int) -> bytes:
        if self._is_begun or self.is_over:
            raise UsageError(self._too_late())
        return self._section.peek(count)

    def whole(self) -> bytes:
        self._begin()
        try:
            data = self._section.read_whole()
        except MemoryError:
            self.damage = f"does not fit into memory ({readable_size(self._section.size)}) and was not read"
            return b""
        if self._crc is not None:
            self._check(crc32(data, 0))
        return data

    def pieces(self) -> Iterator[bytes]:
        self._begin()
        return self._in_pieces()

    def _in_pieces(self) -> Iterator[bytes]:
        checksum = 0
        for piece in self._section.pieces():
            if self._crc is not None:
                checksum = crc32(piece, checksum)
            yield piece
            if self.is_over:
                raise UsageError(self._too_late())
        self._check(checksum)

    def _begin(self) -> None:
        if self._is_begun or self.is_over:
            raise UsageError(self._too_late())
        self._is_begun = True

    def _too_late(self) -> str:
        return f"{self._path}: a member can be read once, and before the next member is asked for"

    def _check(self, checksum: int) -> None:
        if self._crc is not None and not self._section.is_short and checksum != self._crc:
            self.damage = "its checksum is wrong, so some of what was read from it may be wrong"


def _too_large(size: int, limits: Limits) -> str:
    return (
        f"has {readable_size(size)}, more than {readable_size(limits.max_member_bytes)}, and was not read"
        f" (cut it to what matters, {allow_more('max_member_bytes')})"
    )
