"""Tar archives, header by header from a stream: what is readable is read, whatever comes after it.

Not `tarfile.open`: that stops at the first damaged header, reads names of any length into memory, and recurses over
chained headers. A header block itself is still decoded by `tarfile`.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from calico_bundle.evidence import GapKind
from calico_bundle.sources.member import Member
from calico_bundle.sources.paths import Links
from calico_bundle.sources.streams import Flow, Section
from calico_bundle.sources.tar_header import BLOCK_BYTES, LONG_LINK, LONG_NAME, Header, read_header
from calico_bundle.sources.walk import Place, Walk

_ZEROS = bytes(BLOCK_BYTES)
_MOST_NAME_BYTES = 1024 * 1024
_MOST_SIZE_DIGITS = 19
_PAX_LENGTH = re.compile(rb"([0-9]{1,9}) ")
_PAX, _PAX_OF_SOLARIS, _PAX_FOR_ALL = tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE
_EXTRAS = (LONG_NAME, LONG_LINK, _PAX, _PAX_OF_SOLARIS, _PAX_FOR_ALL)
_SPECIAL = {tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a named pipe"}
_VOLUME_LABEL, _FOLDER_LISTING = b"V", b"D"  # GNU: no files, though a listing has data to pass over
_WITHOUT_DATA = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, *_SPECIAL)


def read_tar(walk: Walk, flow: Flow, place: Place) -> Iterator[Member]:
    """Every regular file of a tar archive, in its order; archives in it are walked too.

    A file whose name occurs again is a member each time (`tar -r` appends newer ones): `nodes.yaml (2)`, and a gap.
    """
    links = Links()
    headers = _Headers(walk, flow, place)
    while entry := headers.next_entry():
        if not walk.admit(place):
            return
        if entry.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            links.add_link(entry.name, entry.target, is_hard=entry.type == tarfile.LNKTYPE)
        else:
            links.add_file(entry.name)
            yield from _read_entry(walk, flow, place, entry)
    walk.report_links(place, links)


def _read_entry(walk: Walk, flow: Flow, place: Place, entry: Header) -> Iterator[Member]:
    if entry.type in _SPECIAL:
        what = _SPECIAL[entry.type]
        walk.gap(_shown(place, entry), GapKind.REFUSED, f"is {what}, no file; not read", "devices and pipes")
    if entry.type in _WITHOUT_DATA:
        return
    section = Section(flow, entry.size, is_in_stream=True)
    if entry.is_sparse:
        message = "is a sparse file, which is not put together here (pack the bundle without tar's -S)"
        walk.gap(_shown(place, entry), GapKind.UNREADABLE, message, "sparse files")
    elif entry.type not in (_VOLUME_LABEL, _FOLDER_LISTING):
        yield from walk.file(place, entry.name, section)
    section.drain()
    flow.skip(-entry.size % BLOCK_BYTES)


def _shown(place: Place, entry: Header) -> str:
    return place.prefix + entry.name.lstrip("/")


@dataclass(slots=True)
class _Headers:
    """Finds the headers; the caller takes the data between them."""

    walk: Walk
    flow: Flow
    place: Place
    _for_all: dict[str, str] = field(default_factory=dict)
    _has_end: bool = False
    _count: int = 0
    _block: bytes = _ZEROS

    def next_entry(self) -> Header | None:
        """The next file, folder or link, with its long name; None at the end, of which is told what is wrong."""
        extras: dict[str, str] = {}
        while (header := self._next_header()) is not None:
            self._count += 1
            if header.type not in _EXTRAS:
                return self._entry(header, {**self._for_all, **extras})
            if not self.walk.admit(self.place):
                return None
            self._read_extra(header, extras)
        return None

    def _entry(self, header: Header, extras: dict[str, str]) -> Header:
        if header.is_sparse:
            self._skip_sparse_map()
        if not extras:
            return header
        size = extras.get("size", "")
        return Header(
            name=extras.get("GNU.sparse.name") or extras.get("path") or header.name,
            type=header.type,
            size=int(size) if size.isascii() and size.isdigit() and len(size) <= _MOST_SIZE_DIGITS else header.size,
            target=extras.get("linkpath") or header.target,
            is_sparse=header.is_sparse or any(key.startswith("GNU.sparse.") for key in extras),
        )

    def _skip_sparse_map(self) -> None:
        # GNU's old format: byte 482 of the header, and byte 504 of each block after it, say that the map goes on.
        is_extended = bool(self._block[482])
        while is_extended:
            block = self.flow.take(BLOCK_BYTES)
            is_extended = len(block) == BLOCK_BYTES and bool(block[504])

    def _read_extra(self, header: Header, extras: dict[str, str]) -> None:
        if header.size > _MOST_NAME_BYTES:
            message = f"has a name of {header.size} bytes, which is refused; the file has its short name"
            self.walk.gap(self.place.path, GapKind.REFUSED, message, "names that are too long")
            self.flow.skip(header.size + -header.size % BLOCK_BYTES)
            return
        data = self.flow.take(header.size)
        self.flow.skip(-header.size % BLOCK_BYTES)
        if header.type == LONG_NAME:
            extras["path"] = _text(data)
        elif header.type == LONG_LINK:
            extras["linkpath"] = _text(data)
        else:
            (self._for_all if header.type == _PAX_FOR_ALL else extras).update(_pax_records(data))

    def _next_header(self) -> Header | None:
        """The next header that is one; what lies between is a gap. Archives put together go on after an end mark."""
        skipped = 0
        while True:
            block = self.flow.take(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                self._report_end(skipped + len(block), bool(block))
                return None
            header = read_header(block) if not skipped or block[257:262] == b"ustar" else None
            if header is not None:
                self._report_skipped(skipped, f"before {header.name!r}")
                self._has_end, self._block = False, block
                return header
            if block == _ZEROS and not skipped:
                self._has_end = True
            else:
                skipped += BLOCK_BYTES

    def _report_end(self, skipped: int, is_cut_header: bool) -> None:
        problem = self.flow.problem
        if problem:
            self.walk.gap(self.place.path, problem.kind, problem.message, "archives that are cut or damaged")
        elif self._has_end:
            self._report_skipped(skipped, "after its end mark")
        elif is_cut_header or not skipped:
            message = f"ends early: no end mark after {self._count} headers, so files may be missing"
            self.walk.gap(self.place.path, GapKind.TRUNCATED, message, "archives that are cut or damaged")
        else:
            self._report_skipped(skipped, "at its end")

    def _report_skipped(self, skipped: int, where: str) -> None:
        if skipped:
            message = f"is a damaged tar archive: {skipped} bytes {where} are no header and were passed over"
            self.walk.gap(self.place.path, GapKind.UNREADABLE, message, "archives that are cut or damaged")


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    """Records `<length> <key>=<value>\\n` (POSIX pax); the first that is none ends them."""
    start = 0
    while (match := _PAX_LENGTH.match(data, start)) and match.end() < (end := start + int(match[1])) <= len(data):
        key, _, value = data[match.end() : end - 1].partition(b"=")
        yield _text(key), _text(value)
        start = end


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")
