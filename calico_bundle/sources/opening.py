"""The one way in: from what the caller gave to the members of the bundle."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from calico_bundle.errors import NotABundleError
from calico_bundle.evidence import Gap, GapKind, clean
from calico_bundle.sources.compressed import read_compressed
from calico_bundle.sources.compression import CODECS, first_bytes
from calico_bundle.sources.directory import read_directory
from calico_bundle.sources.limits import Limits, allow_more, readable_size
from calico_bundle.sources.member import Member
from calico_bundle.sources.paths import safe_path
from calico_bundle.sources.signatures import HEAD_BYTES, Kind, how_to_unpack, other, sniff, unsupported
from calico_bundle.sources.streams import BytesFlow, Flow, InputFlow, Section, read_up_to
from calico_bundle.sources.tar import read_tar
from calico_bundle.sources.text import looks_binary
from calico_bundle.sources.walk import Place, Progress, Walk
from calico_bundle.sources.zip import read_zip, read_zip_file

Input = str | os.PathLike[str] | BinaryIO

_TRY = (
    "give a support bundle: an archive (tar, tar.gz, tar.xz, tar.bz2, tar.zst, zip), a directory, or a file such as"
    " nodes.yaml"
)
_LOOKED_AT = 8192
_DEFAULT_LIMITS = Limits()


def read_members(
    source: Input,
    *,
    limits: Limits = _DEFAULT_LIMITS,
    on_gap: Callable[[Gap], None],
    on_progress: Progress | None = None,
    on_link: Callable[[str, str], None] = lambda _path, _target: None,
    on_junk: Callable[[str], None] = lambda _path: None,
) -> Iterator[Member]:
    """Every regular file of a bundle, once: of an archive, a directory, a stream; of archives in archives too.

    `source` is a path, or a binary file object such as `sys.stdin.buffer`; that need not be seekable and is not
    closed. Members come in the archive's order, of a directory sorted by path. Nothing is written to disk. What
    cannot be read, is refused or cut short goes to `on_gap`, and the rest is read all the same. `on_progress` gets
    the bytes read of the input, their total where it is known, and the path of the member at hand.

    Links yield nothing, since their target is a member; `on_link` gets the path of a link and that of its file. What
    macOS and Windows leave (`._*`, `Thumbs.db`) is skipped without a gap, and its path goes to `on_junk`.
    A name that occurs twice gives `name` and `name (2)`, and a gap.

    Raises `NotABundleError`, and nothing else, when there is no file to read in the input.

    >>> import io
    >>> [(m.path, m.read()) for m in read_members(io.BytesIO(b"kind: List\\n"), on_gap=print)]
    [('input', b'kind: List\\n')]
    """
    walk = Walk(limits, _name_of(source), on_gap, on_progress, _descend, on_link, on_junk)
    yield from _read(walk, source)
    walk.finish()
    if not walk.members:
        why = f": {walk.first_gap.message}" if walk.first_gap else ""
        raise NotABundleError(f"{_shown(source)}: holds no file that can be read{why}; {_TRY}")


def _read(walk: Walk, source: Input) -> Iterator[Member]:
    if not isinstance(source, str | os.PathLike):
        yield from _read_file(walk, source, _shown(source))
        return
    path = os.fspath(source)
    file = _opened(path, _shown(source))
    if file is None:
        yield from read_directory(walk, path, Place(walk.name, "", 0))
        return
    with file:
        yield from _read_file(walk, file, _shown(source))


def _opened(path: str, shown: str) -> BinaryIO | None:
    """The file at a path; None for a directory."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - Path("") would be the current directory
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
            return None
        if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
            # Unbuffered: the streams ask for large pieces, and look ahead by themselves.
            return cast("BinaryIO", open(path, "rb", buffering=0))  # noqa: PTH123
    except (OSError, ValueError) as error:
        raise NotABundleError(f"{shown}: {_reason(error)}; {_TRY}") from error
    raise NotABundleError(f"{shown}: a device or socket; {_TRY}")


def _read_file(walk: Walk, file: BinaryIO, shown: str) -> Iterator[Member]:
    size = _size_if_seekable(file)
    walk.expect(size)
    flow = InputFlow(file, size, walk.advance)
    head = flow.peek(_LOOKED_AT)
    if flow.problem and not head:
        raise NotABundleError(f"{shown}: {flow.problem.message}")
    kind = sniff(head[:HEAD_BYTES])
    if kind is None and (found := _no_text(head)):
        raise NotABundleError(f"{shown}: {found}; {_TRY}")
    if kind is None:
        yield from _read_text(walk, flow, size)
        return
    if found := _no_text_inside(walk, kind, flow):
        raise NotABundleError(f"{shown}: {kind.value} that holds {found}; {_TRY}")
    place = Place(walk.name, "", 1)
    if kind is Kind.ZIP and size is not None:
        yield from read_zip_file(walk, file, place)
    else:
        yield from _open(walk, kind, flow, place)


def _no_text(head: bytes) -> str | None:
    """What a file is that begins like this and is no container; None for text."""
    if not head:
        return "an empty file"
    if not any(head):
        return "nothing but NUL bytes, as an interrupted copy leaves them"
    if packed := unsupported(head):
        return f"{packed}, which cannot be opened here ({how_to_unpack(packed)}, and give the directory)"
    if found := other(head):
        return found
    return "binary data of no kind that is known here" if looks_binary(head) else None


def _no_text_inside(walk: Walk, kind: Kind, flow: Flow) -> str | None:
    """The same for what a single compressed file holds; None when nothing of it can be seen."""
    codec = CODECS.get(kind)
    if codec is None or codec.open is None:
        return None
    head = first_bytes(codec, flow, walk.limits)
    return _no_text(head) if head and not sniff(head) else None


def _read_text(walk: Walk, flow: Flow, size: int | None) -> Iterator[Member]:
    """A single file as a bundle of one member; from a pipe it is held in memory, since its size is the member's."""
    if size is None:
        data = read_up_to(flow, walk.limits.max_member_bytes)
        if data is None:
            message = f"a text of more than {readable_size(walk.limits.max_member_bytes)}"
            raise NotABundleError(f"{walk.name}: {message}; cut it to what matters, {allow_more('max_member_bytes')}")
        if flow.problem:
            walk.gap(walk.name, flow.problem.kind, flow.problem.message)
        flow, size = BytesFlow(data), len(data)
    yield from walk.file(Place(walk.name, "", 0), walk.name, Section(flow, size))


def _descend(walk: Walk, kind: Kind, path: str, flow: Flow, depth: int) -> Iterator[Member]:
    if depth > walk.limits.max_depth:
        message = (
            f"lies more than {walk.limits.max_depth} archives deep and was not opened"
            f" (unpack the outer ones and give the directory, {allow_more('max_depth')})"
        )
        walk.gap(path, GapKind.REFUSED, message, "archives that lie too deep")
        return
    yield from _open(walk, kind, flow, Place(path, path + "!/", depth))


def _open(walk: Walk, kind: Kind, flow: Flow, place: Place) -> Iterator[Member]:
    if kind is Kind.TAR:
        yield from read_tar(walk, flow, place)
    elif kind is Kind.ZIP:
        yield from read_zip(walk, flow, place)
    else:
        yield from read_compressed(walk, CODECS[kind], flow, place)


def _size_if_seekable(file: BinaryIO) -> int | None:
    """The size of a file that stands at its start and can be sought in; None for pipes and the like."""
    try:
        if not file.seekable() or file.tell() != 0:
            return None
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except (OSError, ValueError, AttributeError):
        return None
    return size


def _shown(source: Input) -> str:
    """How a message names the input: the path as given, else what the file object calls itself."""
    if isinstance(source, str | os.PathLike):
        return clean(os.fspath(source))
    name = getattr(source, "name", None)
    if name == "<stdin>":
        return "standard input"
    return clean(name) if isinstance(name, str) and name else "input"


def _name_of(source: Input) -> str:
    """The input's name inside the report: without the folders of the machine it was read on."""
    base = Path(os.path.normpath(_shown(source))).name or "input"
    return safe_path(os.fsencode(base).decode("utf-8", "replace"))[0]


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        if error.errno == errno.ENOENT:
            return "no such file or directory"
        if error.errno in (errno.EACCES, errno.EPERM):
            return "permission denied"
        return (error.strerror or str(error)).lower()
    return str(error)
