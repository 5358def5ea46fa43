"""An unpacked bundle: every regular file of a directory, sorted by path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from calico_bundle.evidence import GapKind
from calico_bundle.sources.member import Member
from calico_bundle.sources.signatures import HEAD_BYTES, Kind, sniff
from calico_bundle.sources.streams import InputFlow, Section
from calico_bundle.sources.walk import Place, Walk
from calico_bundle.sources.zip import read_zip_file

_WHAT = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class _File(NamedTuple):
    """One entry; `parts` are the names from the root, as the operating system has them, and `path` is for its calls."""

    parts: tuple[str, ...]
    path: str
    mode: int
    size: int


def read_directory(walk: Walk, root: str, place: Place) -> Iterator[Member]:
    """Every regular file below `root`; archives among them are walked too.

    Links are not followed: the target of one that stays inside is read in its own place, one that leads out is a gap.
    Pipes, sockets and devices are gaps and are never opened.
    """
    files = _listed(walk, root, place)
    walk.expect(sum(file.size for file in files if stat.S_ISREG(file.mode)))
    position = 0
    for file in files:
        if stat.S_ISLNK(file.mode):
            _check_link(walk, root, file, place.prefix)
        elif stat.S_ISREG(file.mode):
            walk.advance(position)
            yield from _read_file(walk, file.path, _name(file.parts), place)
            position += file.size
        else:
            what = _WHAT.get(stat.S_IFMT(file.mode), "no file")
            walk.gap(place.prefix + _name(file.parts), GapKind.REFUSED, f"is {what}; not read", "devices and pipes")
        if walk.budget.refusal():
            return


def _listed(walk: Walk, root: str, place: Place) -> list[_File]:
    files: list[_File] = []
    folders: list[tuple[tuple[str, ...], str]] = [((), root)]
    while folders:
        parts, folder = folders.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
            for entry in entries:
                if not walk.admit(place):
                    return sorted(files)
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(((*parts, entry.name), entry.path))
                else:
                    files.append(_File((*parts, entry.name), entry.path, status.st_mode, status.st_size))
        except OSError as error:
            shown = _name(parts) or place.path
            walk.gap(
                shown, GapKind.UNREADABLE, f"cannot be listed: {error.strerror or error}", "files that cannot be read"
            )
    return sorted(files)


def _read_file(walk: Walk, path: str, name: str, place: Place) -> Iterator[Member]:
    try:
        # Not to be fooled by a link or pipe that took the file's place since it was listed.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        walk.gap(place.prefix + name, GapKind.UNREADABLE, message, "files that cannot be read")
        return
    with os.fdopen(handle, "rb", buffering=0) as file:
        size = os.fstat(handle).st_size
        section = Section(InputFlow(file, size, lambda _: None), size)
        if sniff(section.peek(HEAD_BYTES)) is not Kind.ZIP:
            yield from walk.file(place, name, section)
            return
        inside = walk.path_of(place, name)
        if inside is not None:
            yield from read_zip_file(walk, file, Place(inside, inside + "!/", place.depth + 1))


_BINARY = getattr(os, "O_BINARY", 0)


def _check_link(walk: Walk, root: str, link: _File, prefix: str) -> None:
    shown = prefix + _name(link.parts)
    target, inside = os.path.realpath(link.path), os.path.realpath(root)
    if not os.path.exists(target):  # noqa: PTH110 - Path.exists raises where the target may not be looked at
        walk.gap(shown, GapKind.UNREADABLE, "is a link that leads to nothing", "links that lead to nothing")
    elif os.path.commonpath([target, inside]) != inside:
        walk.gap(
            shown, GapKind.REFUSED, "is a link that leads out of the directory; not followed", "links that lead out"
        )
    elif os.path.isfile(target):  # noqa: PTH113 - as above
        walk.on_link(shown, prefix + _name(Path(target).relative_to(inside).parts))


def _name(parts: Sequence[str]) -> str:
    return os.fsencode("/".join(parts)).decode("utf-8", "replace")
