"""Zip archives: by their directory at the end; without it, by the headers in front of each file."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from calico_bundle.evidence import GapKind
from calico_bundle.sources.compressed import read_single, too_large_to_hold
from calico_bundle.sources.compression import BZIP2_IN_ZIP, CODECS, DEFLATE, Codec, Decompressed
from calico_bundle.sources.member import Member
from calico_bundle.sources.paths import Links
from calico_bundle.sources.signatures import Kind
from calico_bundle.sources.streams import CHUNK_BYTES, Flow, Section, Window, read_up_to
from calico_bundle.sources.walk import Place, Walk

_STORED = 0
_CODECS: dict[int, Codec] = {8: DEFLATE, 12: BZIP2_IN_ZIP, 93: CODECS[Kind.ZSTD], 95: CODECS[Kind.XZ]}
_METHOD_NAMES = {9: "deflate64", 14: "LZMA", 93: "zstd", 97: "WavPack", 98: "PPMd", 99: "AES encryption"}
_ENCRYPTED, _SIZES_COME_AFTER, _UTF8 = 0x1, 0x8, 0x800
_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY, _DESCRIPTOR, _DIRECTORY = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
_UNKNOWN_SIZE = 0xFFFFFFFF
_SMALLEST_DIRECTORY_ENTRY = 46
_LONGEST_LINK = 4096
_WINDOWS = (0, 10, 11, 14)  # systems that write `\` (APPNOTE 4.4.2: FAT, NTFS, MVS excepted, VFAT)

_DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
    LookupError,
    MemoryError,
)


class _Entry(NamedTuple):
    """One file of a zip. `size` and `crc` are None where the archive was cut before they were told."""

    name: str
    flags: int
    method: int
    start: int
    packed_size: int
    size: int | None
    crc: int | None
    mode: int = 0


def read_zip(walk: Walk, source: Flow, place: Place) -> Iterator[Member]:
    """Every regular file of a zip archive that is a stream; it is held in memory, within limits."""
    data = read_up_to(source, walk.limits.max_member_bytes)
    if data is None:
        walk.gap(place.path, GapKind.REFUSED, too_large_to_hold(walk.limits), "files that are too large")
        return
    if source.problem:
        walk.gap(place.path, source.problem.kind, source.problem.message, "archives that are cut or damaged")
    yield from read_zip_file(walk, io.BytesIO(data), place)


def read_zip_file(walk: Walk, file: BinaryIO, place: Place) -> Iterator[Member]:
    """Every regular file of a zip archive that can be sought in, in the order of its directory."""
    links = Links()
    for entry in _entries(walk, file, place):
        if not walk.admit(place):
            return
        if place.depth == 1 and not place.prefix:
            walk.advance(entry.start)
        if stat.S_ISLNK(entry.mode):
            target = _content(walk, file, entry).take(_LONGEST_LINK).decode("utf-8", "replace")
            links.add_link(entry.name, target, is_hard=False)
        else:
            links.add_file(entry.name)
            yield from _read_entry(walk, file, place, entry)
    walk.report_links(place, links)


def _read_entry(walk: Walk, file: BinaryIO, place: Place, entry: _Entry) -> Iterator[Member]:
    shown = place.prefix + entry.name.lstrip("/")
    kind = stat.S_IFMT(entry.mode)
    if entry.name.endswith("/") or kind == stat.S_IFDIR:
        return
    if kind not in (0, stat.S_IFREG):
        walk.gap(shown, GapKind.REFUSED, "is a device or pipe, no file; not read", "devices and pipes")
    elif why := _cannot_open(entry):
        walk.gap(shown, GapKind.UNREADABLE, why, "archives that cannot be opened")
    elif entry.size is None:
        packed = Section(Window(file, entry.start), entry.packed_size)
        # The gap of a cut stream names the file, since the archive has its own.
        yield from read_single(walk, _CODECS[entry.method], packed, Place(shown, place.prefix, place.depth), entry.name)
    else:
        content = _content(walk, file, entry)
        yield from walk.file(place, entry.name, Section(content, entry.size), crc=entry.crc)


def _cannot_open(entry: _Entry) -> str | None:
    if entry.flags & _ENCRYPTED:
        return "is encrypted (unpack the archive with its password, and give the directory)"
    if entry.method == _STORED and entry.size is not None:
        return None
    if entry.method == _STORED:
        return "has no known size, since the archive is cut or damaged"
    codec = _CODECS.get(entry.method)
    if codec is not None and codec.open is not None:
        return None
    name = _METHOD_NAMES.get(entry.method, f"method {entry.method}")
    return f"is packed with {name}, which cannot be opened here (unpack the archive, and give the directory)"


def _content(walk: Walk, file: BinaryIO, entry: _Entry) -> Flow:
    packed = Section(Window(file, entry.start), entry.packed_size)
    codec = _CODECS.get(entry.method)
    if codec is None or codec.open is None:
        return packed
    return Decompressed(codec, packed, walk.limits, walk.budget)


# --- the directory --------------------------------------------------------------------------------------------------


def _entries(walk: Walk, file: BinaryIO, place: Place) -> Iterator[_Entry]:
    try:
        infos = _directory(walk, file)
    except _DAMAGE as error:
        message = f"has no readable zip directory at its end ({error}), so files may be missing"
        walk.gap(place.path, GapKind.TRUNCATED, message, "archives that are cut or damaged")
        yield from _without_directory(walk, file, place)
        return
    if infos is None:
        message = f"has more than {walk.limits.max_members} entries (unpack it, and give a part of it)"
        walk.gap(place.path, GapKind.REFUSED, message)
        return
    for info in infos:
        entry = _located(file, info)
        if entry is None:
            shown = place.prefix + info.filename.lstrip("/")
            walk.gap(shown, GapKind.UNREADABLE, "is not where the zip directory says", "files that are damaged")
        else:
            yield entry


def _directory(walk: Walk, file: BinaryIO) -> list[zipfile.ZipInfo] | None:
    """The entries as zipfile reads them; None when there are too many to hold."""
    # zipfile makes an object for each entry before anyone can count them, and the count in the archive may lie.
    if _signatures(file, walk.limits.max_members) > walk.limits.max_members:
        return None
    with zipfile.ZipFile(file) as archive:
        return archive.infolist()


def _signatures(file: BinaryIO, most: int) -> int:
    """How many directory entries the file can hold; looked for only when it is large enough for more than `most`."""
    possible = file.seek(0, io.SEEK_END) // _SMALLEST_DIRECTORY_ENTRY
    if possible <= most:
        return possible
    file.seek(0)
    count, before = 0, b""
    while chunk := file.read(CHUNK_BYTES):
        count += (before + chunk).count(_DIRECTORY)
        before = chunk[1 - len(_DIRECTORY) :]
    return count


def _located(file: BinaryIO, info: zipfile.ZipInfo) -> _Entry | None:
    try:
        file.seek(info.header_offset)
        header = file.read(_LOCAL.size)
        signature, *_, name_size, extra_size = _LOCAL.unpack(header)
    except (OSError, ValueError, struct.error):
        return None
    if signature != _ENTRY:
        return None
    start = info.header_offset + _LOCAL.size + name_size + extra_size
    name = _name(info.filename, info.flag_bits, info.create_system)
    mode = info.external_attr >> 16
    return _Entry(name, info.flag_bits, info.compress_type, start, info.compress_size, info.file_size, info.CRC, mode)


def _name(name: str, flags: int, system: int) -> str:
    """A name as its writer meant it: many write UTF-8 without saying so, and Windows writes backslashes."""
    if not flags & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/") if system in _WINDOWS else name


# --- without a directory --------------------------------------------------------------------------------------------


def _without_directory(walk: Walk, file: BinaryIO, place: Place) -> Iterator[_Entry]:
    """The entries of an archive whose end is missing, by the header in front of each."""
    data = read_up_to(Window(file, 0), walk.limits.max_member_bytes)
    if data is None:
        walk.gap(place.path, GapKind.REFUSED, too_large_to_hold(walk.limits))
        return
    at = data.find(_ENTRY)
    while 0 <= at <= len(data) - _LOCAL.size:
        entry = _entry_at(data, at)
        yield entry
        at = data.find(_ENTRY, max(entry.start + entry.packed_size, at + 1))


def _entry_at(data: bytes, at: int) -> _Entry:
    _, _, flags, method, _, _, crc, packed_size, size, name_size, extra_size = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size + name_size + extra_size
    raw = data[at + _LOCAL.size : start - extra_size]
    name = raw.decode("utf-8", "replace")
    if not flags & _SIZES_COME_AFTER and _UNKNOWN_SIZE not in (packed_size, size):
        return _Entry(name, flags, method, start, packed_size, size, crc)
    marks = (data.find(mark, start) for mark in (_ENTRY, _DESCRIPTOR, _DIRECTORY))
    end = min((mark for mark in marks if mark >= 0), default=len(data))
    return _Entry(name, flags, method, start, max(end - start, 0), None, None)
