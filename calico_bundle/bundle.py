"""The reading pass: every file of a bundle through its parser, to facts or to gaps; nothing is dropped in silence."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from calico_bundle.errors import NotABundleError, UsageError
from calico_bundle.evidence import Gap, GapKind, clean
from calico_bundle.facts import NodeFact
from calico_bundle.layouts import Layout, Placement, all_layouts
from calico_bundle.layouts.commands import as_run
from calico_bundle.parsers import HEAD_CHARACTERS, Parsed, Parser, choose
from calico_bundle.parsers.quick import QuickReading
from calico_bundle.sections import may_have_sections
from calico_bundle.sections.reading import Part, Parts, placed_part, read_parts
from calico_bundle.sources import Input, Limits, Member, read_members
from calico_bundle.sources.text import can_come_in_pieces, decode, decode_head, looks_binary, text_pieces

Progress = Callable[[int, int | None, str], None]
Rooted = Sequence[tuple[Layout, Sequence[str]]]
"""Every layout with the folders in which its fingerprint was found."""

LARGE_BYTES = 8 * 1024 * 1024
"""A file larger than this is not held whole, if its parser can read it in pieces."""

HELD_BYTES = 64 * 1024 * 1024
"""How much of the files that are read late is held until their layouts have placed them; what is more is read at once."""

_HEAD_BYTES = 64 * 1024

_BINARY_SHOWS_BYTES = 1024
_NOTHING = Parsed(())
_HOW, _OUTPUT = "-info.json", "{}.txt"
"""troubleshoot.sh: how a command was run on a host, and what it printed."""

_COLLECTOR_ERROR = "collector-error"
_TOLD_BY_PLACE = frozenset({"hostname"})
"""Kinds that a text alone is not enough for: a file is of one only where its layout says so."""

_SAYS_NOTHING = frozenset({None, _COLLECTOR_ERROR, *_TOLD_BY_PLACE})
_KNOWN = "`kubectl get -o yaml` (or json), `ip addr`, `ip route`, `birdcl` and the like print, or logs of calico-node"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file: what it was taken for, where its layout places it, and what its parser made of it.

    `kind` is None when no parser knows the content, or when the layout says why it is not read (`placement.skip`). A
    file that holds the outputs of several commands is one artifact for each: then `path` says which lines of `file`.
    `within` is the path of the file that it is a part of.
    """

    path: str
    size: int
    kind: str | None
    parsed: Parsed
    layout: str
    placement: Placement
    part: Part | None = None
    within: str | None = None

    @property
    def file(self) -> str:
        """The path of the file; `path` names a part of it, where it is one of several."""
        return self.within or self.path


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that was read: inputs by name, layouts found, artifacts in reading order, gaps.

    `gaps` are those of the reading itself; each artifact has those of its parser.
    """

    inputs: tuple[str, ...]
    layouts: tuple[str, ...]
    artifacts: tuple[Artifact, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    path: str
    size: int
    kind: str | None
    parsed: Parsed
    binary: bool = False
    part: Part | None = None
    later: Callable[[], Parsed] | None = None


class _Pass:
    """One reading pass over all inputs: its quick readers, and the room that is left for files that are read late."""

    def __init__(self) -> None:
        self.quick = QuickReading()
        self._room = HELD_BYTES

    def has_room(self, size: int) -> bool:
        """Whether a file may be held; it then takes its room."""
        if size > self._room:
            return False
        self._room -= size
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
    gaps: list[Gap] = []
    files: list[_Read] = []
    reading = _Pass()
    for one in sources:
        prefix = f"{input_name(one)}!/" if len(sources) > 1 else ""
        files += _read_one(one, prefix, limits or Limits(), gaps, progress, reading)
    if all(f.kind in _SAYS_NOTHING and not f.parsed.facts and not f.later for f in files):
        raise NotABundleError(_nothing_known(sources, files, gaps))
    artifacts = _place(files)
    return Bundle(tuple(input_name(s) for s in sources), _layout_names(artifacts), artifacts, tuple(gaps))


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


def _read_one(
    source: Input, prefix: str, limits: Limits, gaps: list[Gap], progress: Progress | None, reading: _Pass
) -> list[_Read]:
    found: list[Gap] = []
    members = read_members(source, limits=limits, on_gap=found.append, on_progress=progress)
    files = [file for member in members for file in _parse(member, prefix, reading)]
    gaps += [Gap(prefix + g.path, g.line, g.kind, g.message) for g in found]
    if not files:
        raise NotABundleError(_nothing_in(input_name(source), found))
    return files


def _nothing_in(name: str, gaps: list[Gap]) -> str:
    why = f" ({gaps[0].message})" if gaps else ""
    return f"{name}: no file in it can be read{why}: expected an archive or a directory with kubectl and ip outputs"


def _nothing_known(sources: Sequence[Input], files: Sequence[_Read], gaps: Sequence[Gap]) -> str:
    """What was found instead of a bundle, in one line."""
    found = "1 file, and it is not" if len(files) == 1 else f"{len(files)} files, and none of them is"
    binary = sum(f.binary for f in files)
    errors = sum(f.kind == _COLLECTOR_ERROR for f in files)
    sorts = [(binary, "binary data"), (errors, "an error message in place of output")]
    told = [what if len(files) == 1 else f"{count} x {what}" for count, what in sorts if count]
    aside = f" ({', '.join(told)})" if told else ""
    unread = f"; not read: {gaps[0].path}: {gaps[0].message}" if gaps else ""
    names = ", ".join(clean(input_name(s)) for s in sources)
    return f"{names}: {found} something this program knows{aside}{unread}; expected is what {_KNOWN}"


def _parse(member: Member, prefix: str, reading: _Pass) -> Sequence[_Read]:
    path = prefix + member.path
    try:
        if member.size > LARGE_BYTES and (found := _parse_in_pieces(member, path)):
            return (found,)
        data = member.read()
    except NotABundleError as error:
        return (_Read(path, member.size, None, Parsed((), (Gap(path, None, GapKind.UNREADABLE, str(error)),))),)
    if taken := reading.quick.guess(data, path):
        return (_Read(path, len(data), *taken),)
    if looks_binary(data[:_BINARY_SHOWS_BYTES]):
        return (_Read(path, len(data), None, _NOTHING, binary=True),)
    return _parse_text(data, path, reading)


def _parse_text(data: bytes, path: str, reading: _Pass) -> Sequence[_Read]:
    head = decode_head(data, HEAD_CHARACTERS)
    parser = choose(head)
    found = read_parts(decode(data), path, parser) if may_have_sections(head) else None
    if isinstance(found, Parts):
        return _reads(found, path, len(data))
    if parser is None:
        return (_Read(path, len(data), None, _NOTHING),)
    if parser.late and reading.has_room(len(data)):
        later = partial(_parse_late, parser, data, path)
        return (_Read(path, len(data), parser.kind, _NOTHING, later=later),)
    kind, parsed = reading.quick.read(parser, data, path) or (parser.kind, parser.parse(decode(data), path))
    if found and found.host and not parsed.owner:
        parsed = replace(parsed, owner=found.host)
    return (_Read(path, len(data), kind, parsed),)


def _reads(parts: Parts, path: str, size: int) -> Sequence[_Read]:
    """The outputs in one file, each with the lines that it has there; the file itself stands for what nobody knows."""
    reads = [_Read(f"{path}#L{part.line}-L{part.last}", 0, part.kind, part.parsed, part=part) for part in parts.known]
    return [_Read(path, size, None, _NOTHING), *reads] if parts.has_more else reads


def _parse_late(parser: Parser, data: bytes, path: str) -> Parsed:
    return parser.parse(decode(data), path)


def _parse_in_pieces(member: Member, path: str) -> _Read | None:
    """A large file whose parser can do without the whole of it; None, and nothing of it taken, for any other."""
    head = member.stream.peek(_HEAD_BYTES) if member.stream else b""
    text = decode_head(head, HEAD_CHARACTERS)
    if member.stream is None or len(text) < HEAD_CHARACTERS or not can_come_in_pieces(head):
        return None
    parser = None if looks_binary(head[:_BINARY_SHOWS_BYTES]) else choose(text)
    if parser is None or parser.stream is None:
        return None
    counted = _Counted(member.pieces())
    parsed = parser.stream(text_pieces(counted), path)
    return _Read(path, counted.size, parser.kind, parsed)


class _Counted:
    """Pieces of a file, and how many bytes they were."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece


def _place(files: Sequence[_Read]) -> tuple[Artifact, ...]:
    """Ask the layouts, the most particular first, where each file belongs; by-content takes what is left."""
    paths = list(dict.fromkeys(map(_file_of, files)))
    rooted = [(layout, sorted(layout.roots(paths), key=len, reverse=True)) for layout in all_layouts()]
    files = _caught_up(files, rooted)
    nodes = _node_names(files)
    mixed = {file for file, count in Counter(file for file, _ in _hosts(files)).items() if count > 1}
    commands = {_OUTPUT.format(f.path.removesuffix(_HOW)): f.parsed.command for f in files if f.parsed.command}
    whole = (
        _artifact(f, *_placed(f, rooted, nodes, commands.get(f.path), is_mixed=bool(mixed) and _file_of(f) in mixed))
        for f in files
    )
    return tuple(artifact for one in whole for artifact in (one, *_parts(one)))


def _caught_up(files: Sequence[_Read], rooted: Rooted) -> Sequence[_Read]:
    """The files with those read that had to wait, unless their layout sets them aside."""
    if all(file.later is None for file in files):
        return files
    nodes = _node_names(files)
    return [
        replace(f, parsed=f.later(), later=None) if f.later and not _is_skipped(f, rooted, nodes) else f for f in files
    ]


def _is_skipped(file: _Read, rooted: Rooted, nodes: Sequence[str]) -> bool:
    return bool(_placed_path(file.path, rooted, nodes)[1].skip)


def _node_names(files: Sequence[_Read]) -> Sequence[str]:
    return sorted({fact.name for f in files for fact in f.parsed.of(NodeFact)})


def _parts(whole: Artifact) -> Iterator[Artifact]:
    """What else stands in a file, each on its own: it has another kind or another owner."""
    for part in whole.parsed.parts:
        placement = Placement(part.node, namespace=part.namespace, pod=part.pod, container=part.container)
        path = f"{whole.path}: {part.name}"
        yield Artifact(path, 0, part.kind, part.parsed, whole.layout, placement, within=whole.file)


def _file_of(file: _Read) -> str:
    return file.path.rpartition("#")[0] if file.part else file.path


def _hosts(files: Sequence[_Read]) -> set[tuple[str, str]]:
    """Files of several outputs, with the machines on which these were taken."""
    return {(_file_of(f), f.part.command.host) for f in files if f.part and f.part.command.host}


def _placed(
    file: _Read,
    rooted: Rooted,
    nodes: Sequence[str],
    command: str | None,
    *,
    is_mixed: bool,
) -> tuple[str, Placement]:
    if file.part is None:
        layout, placement = _placed_path(file.path, rooted, nodes)
        return layout, as_run(placement, command) if command else placement
    path, printed = _file_of(file), file.part.command.path
    inner = f"{path}!/{printed.lstrip('/')}" if printed else path
    layout, placement = _placed_path(inner, rooted, nodes)
    return layout, placed_part(placement, file.part, path, is_mixed=is_mixed)


def _placed_path(path: str, rooted: Rooted, nodes: Sequence[str]) -> tuple[str, Placement]:
    for layout, roots in rooted:
        for root in roots:
            placement = layout.place(path[len(root) :], nodes) if path.startswith(root) else None
            if placement is not None:
                return layout.name, _of_root(placement, root)
    return "by-content", Placement()


def _of_root(placement: Placement, root: str) -> Placement:
    """The placement with its group told apart from those of other roots: each archive of a node has a root of its own."""
    if placement.group is None:
        return placement
    return replace(placement, group=posixpath.normpath(f"{root}{placement.group}"))


def _artifact(file: _Read, layout: str, placement: Placement) -> Artifact:
    within = _file_of(file) if file.part else None
    if placement.skip or (file.kind in _TOLD_BY_PLACE and file.kind != placement.kind):
        hidden = placement.redacted and bool(file.parsed.facts)
        gaps = (Gap(_file_of(file), None, GapKind.REDACTED, f"not used: {placement.skip}"),) if hidden else ()
        return Artifact(file.path, file.size, None, Parsed((), gaps), layout, placement, file.part, within)
    parsed = file.later() if file.later else file.parsed
    return Artifact(file.path, file.size, file.kind, parsed, layout, placement, file.part, within)


def _layout_names(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """Layouts that placed something, the one with the most files first; if all was set aside, those that did it."""
    counts = Counter(a.layout for a in artifacts if a.kind) or Counter(a.layout for a in artifacts if a.placement.skip)
    return tuple(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
