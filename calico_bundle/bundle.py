"""The reading pass: every file of a bundle through its parser, to facts or to gaps; nothing is dropped in silence."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from calico_bundle.errors import NotABundleError, UsageError
from calico_bundle.evidence import Gap, GapKind, clean
from calico_bundle.layouts import closest
from calico_bundle.parsers import HEAD_CHARACTERS, Parsed, Parser, choose
from calico_bundle.parsers.lookup_errors import KIND as LOOKUP_ERRORS
from calico_bundle.parsers.lookup_errors import find_in_pieces, find_lookup_errors
from calico_bundle.parsers.quick import QuickReading
from calico_bundle.placing import TOLD_BY_PLACE, Artifact, ReadFile, place
from calico_bundle.sections import may_have_sections
from calico_bundle.sections.reading import Parts, may_have_blocks, read_blocks, read_parts
from calico_bundle.sources import Input, Limits, Member, read_members
from calico_bundle.sources.long_lines import LongLines
from calico_bundle.sources.text import can_come_in_pieces, decode, decode_head, looks_binary, text_pieces

__all__ = ["LARGE_BYTES", "Artifact", "Bundle", "Progress", "input_name", "read_bundle"]

Progress = Callable[[int, int | None, str], None]
"""Every layout with the folders in which its fingerprint was found."""

LARGE_BYTES = 8 * 1024 * 1024
"""A file larger than this is not held whole, if its parser can read it in pieces."""

HELD_BYTES = 64 * 1024 * 1024
"""How much of the files that are read late is held until their layouts have placed them; what is more is read at once."""

_HEAD_BYTES = 64 * 1024

_BINARY_SHOWS_BYTES = 1024
_MOST_TOLD = 1000
"""Files that are listed where none of them is known."""

_NOTHING = Parsed(())
_COLLECTOR_ERROR = "collector-error"
_SAYS_NOTHING = frozenset({None, _COLLECTOR_ERROR, *TOLD_BY_PLACE})
"""Kinds of files that alone make no bundle."""
_OF_NO_CLUSTER = frozenset({LOOKUP_ERRORS, "date"})
"""Kinds that make none either, whatever stands in them."""

_KNOWN = "`kubectl get -o yaml` (or json), `ip addr`, `ip route`, `birdcl` and the like print, or logs of calico-node"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that was read: inputs by name, layouts found, artifacts in reading order, gaps.

    `gaps` are those of the reading itself; each artifact has those of its parser. `aside` are paths that hold nothing of
    their own, each with why: links to other files, and what macOS and Windows leave.
    """

    inputs: tuple[str, ...]
    layouts: tuple[str, ...]
    artifacts: tuple[Artifact, ...]
    gaps: tuple[Gap, ...]
    aside: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Pass:
    """What one reading pass has for all of its files; `links` are the links to each file, by the file's path.

    `room` is what is left for files that are held and read late.
    """

    limits: Limits
    progress: Progress | None
    gaps: list[Gap] = field(default_factory=list)
    links: dict[str, list[str]] = field(default_factory=dict)
    junk: list[str] = field(default_factory=list)
    quick: QuickReading = field(default_factory=QuickReading)
    room: int = HELD_BYTES

    def has_room(self, size: int) -> bool:
        """Whether a file may be held; it then takes its room."""
        if size > self.room:
            return False
        self.room -= size
        return True


def read_bundle(
    source: Input | Sequence[Input], *, limits: Limits | None = None, progress: Progress | None = None
) -> Bundle:
    """Read one bundle, or several that are parts of one cluster.

    Raises `NotABundleError` when an input cannot be read at all or holds no file, or when nothing in all of them
    together is of a kind that this program knows; `UsageError` for what is no input.

    >>> import io
    >>> read_bundle(io.BytesIO(b"default via 10.0.0.1 dev eth0\\n")).artifacts[0].kind
    'ip-route'
    """
    sources: list[Input] = list(source) if isinstance(source, (list, tuple)) else [source]  # type: ignore[list-item]
    if not sources:
        raise NotABundleError("no bundle was given: name an archive, a directory, or - for standard input")
    for one in sources:
        _check(one)
    files: list[ReadFile] = []
    reading = _Pass(limits or Limits(), progress)
    for one in sources:
        prefix = f"{input_name(one)}!/" if len(sources) > 1 else ""
        files += _read_one(one, prefix, reading)
    gaps = reading.gaps
    if all(_says_nothing(f) for f in files):
        raise NotABundleError(_nothing_known(sources, files, gaps), _told(files))
    artifacts = place(files, reading.links)
    names = tuple(input_name(s) for s in sources)
    return Bundle(names, _layout_names(artifacts), artifacts, tuple(gaps), _aside(reading, artifacts))


def _aside(reading: _Pass, artifacts: Sequence[Artifact]) -> tuple[tuple[str, str], ...]:
    """Links that are no file of their own, and what an operating system left."""
    known = {artifact.path for artifact in artifacts} if reading.links else set()
    links = ((path, target) for target, paths in reading.links.items() for path in paths if path not in known)
    found = [(path, f"a link to {target}") for path, target in links]
    return tuple(sorted(found + [(path, "left by macOS or Windows") for path in reading.junk]))


def input_name(source: Input) -> str:
    """How the report names an input: its base name, never a path of the machine it was read on.

    >>> input_name("/home/me/customer.tar.gz")
    'customer.tar.gz'
    """
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).absolute()
        # A link keeps the name it was given by; only `..` has no name of its own.
        return (path.resolve() if path.name == ".." else path).name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) and not name.startswith("<") else "-"


def _check(source: object) -> None:
    if not isinstance(source, (str, os.PathLike)) and not callable(getattr(source, "read", None)):
        got = type(source).__name__
        raise UsageError(f"expected a path, a directory or a binary file object, or a list of them, and got {got}")


def _read_one(source: Input, prefix: str, reading: _Pass) -> list[ReadFile]:
    found: list[Gap] = []

    def note_link(path: str, target: str) -> None:
        reading.links.setdefault(prefix + target, []).append(prefix + path)

    members = read_members(
        source,
        limits=reading.limits,
        on_gap=found.append,
        on_progress=reading.progress,
        on_link=note_link,
        on_junk=lambda path: reading.junk.append(prefix + path),
    )
    files = [file for member in members for file in _parse(member, prefix, reading)]
    reading.gaps += [Gap(prefix + g.path, g.line, g.kind, g.message) for g in found]
    if not files:
        raise NotABundleError(_nothing_in(input_name(source), found))
    return files


def _says_nothing(file: ReadFile) -> bool:
    """Whether a file alone makes no bundle: failed lookups of nobody knows whom have no path to be laid beside."""
    return file.kind in _OF_NO_CLUSTER or (file.kind in _SAYS_NOTHING and not file.parsed.facts and not file.later)


def _nothing_in(name: str, gaps: list[Gap]) -> str:
    why = f" ({gaps[0].message})" if gaps else ""
    return f"{name}: no file in it can be read{why}: expected an archive or a directory with kubectl and ip outputs"


def _nothing_known(sources: Sequence[Input], files: Sequence[ReadFile], gaps: Sequence[Gap]) -> str:
    """What was found instead of a bundle, in one line."""
    found = "1 file, and it is not" if len(files) == 1 else f"{len(files)} files, and none of them is"
    binary = sum(f.binary for f in files)
    errors = sum(f.kind == _COLLECTOR_ERROR for f in files)
    sorts = [(binary, "binary data"), (errors, "an error message in place of output")]
    told = [what if len(files) == 1 else f"{count} x {what}" for count, what in sorts if count]
    aside = f" ({', '.join(told)})" if told else ""
    unread = f"; not read: {gaps[0].path}: {gaps[0].message}" if gaps else ""
    names = ", ".join(clean(input_name(s)) for s in sources)
    like = closest([f.path for f in files])
    near = f"; closest is {like.title}, which has {', '.join(like.has)} too" if like else ""
    return f"{names}: {found} something this program knows{aside}{unread}{near}; expected is what {_KNOWN}"


def _told(files: Sequence[ReadFile]) -> Iterator[str]:
    for file in files[:_MOST_TOLD]:
        known = file.kind if file.kind == _COLLECTOR_ERROR else "nothing known"
        yield f"{file.path}: {'binary data' if file.binary else known}"
    if len(files) > _MOST_TOLD:
        yield f"and {len(files) - _MOST_TOLD} more"


def _parse(member: Member, prefix: str, reading: _Pass) -> Sequence[ReadFile]:
    path = prefix + member.path
    lines = LongLines(path, reading.limits)
    try:
        in_pieces = _parse_in_pieces(member, path, lines) if member.size > LARGE_BYTES else None
        found = (in_pieces,) if in_pieces else _parse_whole(lines.whole(member.read()), path, reading)
    except NotABundleError as error:
        return (ReadFile(path, member.size, None, Parsed((), (Gap(path, None, GapKind.UNREADABLE, str(error)),))),)
    if not (gaps := lines.gaps()):
        return found
    first, *others = found
    if first.later:
        first = replace(first, parsed=first.later(), later=None)
    return replace(first, size=member.size, parsed=replace(first.parsed, gaps=(*gaps, *first.parsed.gaps))), *others


def _parse_whole(data: bytes, path: str, reading: _Pass) -> Sequence[ReadFile]:
    if taken := reading.quick.guess(data, path):
        return (ReadFile(path, len(data), *taken),)
    if looks_binary(data[:_BINARY_SHOWS_BYTES]):
        return (ReadFile(path, len(data), None, _NOTHING, binary=True),)
    return _parse_text(data, path, reading)


def _parse_text(data: bytes, path: str, reading: _Pass) -> Sequence[ReadFile]:
    head = decode_head(data, HEAD_CHARACTERS)
    parser = choose(head)
    found = read_parts(decode(data), path, parser) if may_have_sections(head) else None
    if found is None and may_have_blocks(data, parser):
        found = read_blocks(decode(data), path)
    if isinstance(found, Parts):
        return _reads(found, path, len(data))
    if parser is None:
        found_errors = find_lookup_errors(data, path)
        return (ReadFile(path, len(data), LOOKUP_ERRORS if found_errors else None, found_errors or _NOTHING),)
    if parser.late and reading.has_room(len(data)):
        later = partial(_parse_late, parser, data, path)
        return (ReadFile(path, len(data), parser.kind, _NOTHING, later=later),)
    kind, parsed = reading.quick.read(parser, data, path) or (parser.kind, parser.parse(decode(data), path))
    if found and found.host and not parsed.owner:
        parsed = replace(parsed, owner=found.host)
    return (ReadFile(path, len(data), kind, parsed, command=found.line if found else None),)


def _reads(parts: Parts, path: str, size: int) -> Sequence[ReadFile]:
    """The outputs in one file, each with the lines that it has there; the file itself stands for what nobody knows."""
    reads = [
        ReadFile(f"{path}#L{part.line}-L{part.last}", 0, part.kind, part.parsed, part=part) for part in parts.known
    ]
    return [ReadFile(path, size, None, _NOTHING, has_parts=True), *reads] if parts.has_more else reads


def _parse_late(parser: Parser, data: bytes, path: str) -> Parsed:
    return parser.parse(decode(data), path)


def _parse_in_pieces(member: Member, path: str, lines: LongLines) -> ReadFile | None:
    """A large file whose parser can do without the whole of it; None, and nothing of it taken, for any other."""
    head = member.stream.peek(_HEAD_BYTES) if member.stream else b""
    text = decode_head(head, HEAD_CHARACTERS)
    if member.stream is None or len(text) < HEAD_CHARACTERS or not can_come_in_pieces(head):
        return None
    if looks_binary(head[:_BINARY_SHOWS_BYTES]):
        return None
    parser = choose(text)
    if parser is None and may_have_sections(text):
        return None
    if parser is not None and parser.stream is None:
        return None
    counted = _Counted(member.pieces())
    pieces = text_pieces(lines.pieces(counted, head))
    if parser is None or parser.stream is None:
        found = find_in_pieces(pieces, path)
        return ReadFile(path, counted.size, LOOKUP_ERRORS if found else None, found or _NOTHING)
    parsed = parser.stream(pieces, path)
    return ReadFile(path, counted.size, parser.kind, parsed)


class _Counted:
    """Pieces of a file, and how many bytes they were."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece


def _layout_names(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """Layouts that placed something, the one with the most files first; if all was set aside, those that did it."""
    counts = Counter(a.layout for a in artifacts if a.kind) or Counter(a.layout for a in artifacts if a.placement.skip)
    return tuple(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
