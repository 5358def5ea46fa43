"""Names in archives are data: made safe to show and to compare, never used to open anything."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from enum import StrEnum

_DRIVE = re.compile(r"^[A-Za-z]:(?=[\\/])")
# macOS: AppleDouble files, Finder's notes, what its zip adds, and what stands at the top of a disk. Windows: Explorer's
# notes and thumbnails, its recycle bin, and the mark of a download, which becomes a file where NTFS is copied.
_JUNK = re.compile(
    r"""(?xi) (?:\A|/) (?:
        \._[^/]* | \.DS_Store | \.localized | desktop\.ini | Thumbs\.db | [^/]+:Zone\.Identifier(?::\$DATA)?
        | (?: __MACOSX | \.AppleDouble | \.fseventsd | \.Spotlight-V100 | \.Trashes | \$RECYCLE\.BIN
            | System\ Volume\ Information ) (?:/.*)?
    ) \Z"""
)
# Asked first, since archives have thousands of names.
_MAYBE_JUNK = re.compile(r"(?i)\._|__macosx|\.ds_st|\.local|\.app|\.fsev|\.spot|\.trash|\$rec|ini\Z|\.db\Z|:zone|tem v")
_UNSAFE_FIRST = ("", "/", ".")
_MOST_LINK_STEPS = 40  # as the Linux kernel (path_resolution(7))


class NameFlaw(StrEnum):
    """Why a name is not used as it stands."""

    ABSOLUTE = "an absolute name"
    LEADS_OUT = "a name with '..'"
    EMPTY = "an empty name"


class LinkFlaw(StrEnum):
    """Why a link leads to no file of the bundle."""

    LEADS_OUT = "leads out of the bundle"
    DANGLING = "leads to nothing in the bundle"
    CIRCULAR = "leads in a circle"


def safe_path(name: str) -> tuple[str, NameFlaw | None]:
    """A name without `./`, leading `/`, drive letter and `..`, and what was wrong with it.

    >>> safe_path("./nodes/n1.txt")
    ('nodes/n1.txt', None)
    >>> safe_path("../../etc/passwd")
    ('etc/passwd', <NameFlaw.LEADS_OUT: "a name with '..'">)
    """
    if _is_plain(name):
        return name, None
    flaw = None
    bare = _DRIVE.sub("", name)
    if bare.startswith("/") or bare != name:
        flaw = NameFlaw.ABSOLUTE
    parts = [part for part in bare.split("/") if part not in ("", ".")]
    if ".." in parts:
        flaw = NameFlaw.LEADS_OUT
        parts = [part for part in parts if part != ".."]
    return ("/".join(parts), flaw) if parts else ("unnamed", flaw or NameFlaw.EMPTY)


def _is_plain(name: str) -> bool:
    """Whether a name is safe as it stands, told cheaply: archives have thousands."""
    unsafe = "//" in name or "/." in name or name[:1] in _UNSAFE_FIRST or name[1:2] == ":" or name[-1:] == "/"
    return not unsafe


def is_junk(path: str) -> bool:
    """Whether an operating system put a file there for itself, as `._*` or `Thumbs.db`: skipped without a word.

    >>> is_junk("bundle/._nodes.yaml"), is_junk("bundle/nodes.yaml:Zone.Identifier"), is_junk("bundle/nodes.yaml")
    (True, True, False)
    """
    return bool(_MAYBE_JUNK.search(path) and _JUNK.search(path))


def inner_name(path: str, suffixes: tuple[tuple[str, str], ...]) -> str:
    """What the content of a compressed file is called: its name without the suffix.

    >>> inner_name("logs/kubelet.log.gz", ((".gz", ""),)), inner_name("kubelet_logs", ((".gz", ""),))
    ('kubelet.log', 'kubelet_logs')
    """
    base = path.rsplit("/", 1)[-1]
    for suffix, instead in suffixes:
        if base.lower().endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)] + instead
    return base


class Links:
    """The links of one archive. A link gives no member, since its target is one; what has no target is a flaw.

    >>> links = Links()
    >>> links.add_file("a/real.log")
    >>> links.add_link("b/link.log", "../a/real.log", is_hard=False)
    >>> links.add_link("b/lost.log", "gone.log", is_hard=False)
    >>> list(links.flaws())
    [('b/lost.log', 'gone.log', <LinkFlaw.DANGLING: 'leads to nothing in the bundle'>)]
    """

    def __init__(self) -> None:
        """Start with an empty archive."""
        self._known: set[str] = set()
        self._links: dict[str, tuple[str, str | None]] = {}

    def add_file(self, name: str) -> None:
        """Note a file or folder."""
        self._known.add(safe_path(name)[0])

    def add_link(self, name: str, target: str, *, is_hard: bool) -> None:
        """Note a link; the target of a hard link is counted from the archive's root."""
        path = safe_path(name)[0]
        base = "" if is_hard else posixpath.dirname(path)
        self._links[path] = (target, None if _is_absolute(target) else _inside(posixpath.join(base, target)))

    def flaws(self) -> Iterator[tuple[str, str, LinkFlaw]]:
        """Every link that leads to no file of the archive: its path, its target as it stands, and why."""
        folders = self._folders() if self._links else set()
        for path, (target, inside) in self._links.items():
            end = self._end(inside, folders)
            if isinstance(end, LinkFlaw):
                yield path, target, end

    def names(self) -> Iterator[tuple[str, str]]:
        """Every link that leads to a file of the archive: its path, and that of the file.

        >>> links = Links()
        >>> links.add_file("a/real.log")
        >>> links.add_link("b/link.log", "../a/real.log", is_hard=False)
        >>> list(links.names())
        [('b/link.log', 'a/real.log')]
        """
        folders = self._folders() if self._links else set()
        for path, (_, inside) in self._links.items():
            end = self._end(inside, folders)
            if not isinstance(end, LinkFlaw) and end not in folders:
                yield path, end

    def _folders(self) -> set[str]:
        folders: set[str] = {""}
        for path in self._known:
            for folder in _parents(path):
                if folder in folders:
                    break
                folders.add(folder)
        return folders

    def _end(self, target: str | None, folders: set[str]) -> str | LinkFlaw:
        """Where a target leads, through other links."""
        for _ in range(_MOST_LINK_STEPS):
            if target is None:
                return LinkFlaw.LEADS_OUT
            if target in self._known or target in folders:
                return target
            through = next((p for p in (target, *_parents(target)) if p in self._links), None)
            if through is None:
                return LinkFlaw.DANGLING
            onward = self._links[through][1]
            target = None if onward is None else _inside(posixpath.join(onward, target[len(through) + 1 :]))
        return LinkFlaw.CIRCULAR


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _is_absolute(target: str) -> bool:
    return target.startswith("/") or bool(_DRIVE.match(target))


def _inside(path: str) -> str | None:
    normal = posixpath.normpath(path)
    if normal == ".":
        return ""
    return None if normal == ".." or normal.startswith("../") else normal
