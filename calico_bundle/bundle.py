"""The reading pass: every file of a bundle through its parser, to facts or to gaps; nothing is dropped in silence."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from calico_bundle.errors import NotABundleError, UsageError
from calico_bundle.evidence import Gap, GapKind, clean
from calico_bundle.facts import NodeFact
from calico_bundle.layouts import Layout, Placement, all_layouts
from calico_bundle.parsers import HEAD_CHARACTERS, Parsed, choose
from calico_bundle.parsers.quick import QuickReading
from calico_bundle.sources import Input, Limits, Member, read_members
from calico_bundle.sources.long_lines import LongLines
from calico_bundle.sources.text import can_come_in_pieces, decode, decode_head, looks_binary, text_pieces

Progress = Callable[[int, int | None, str], None]

LARGE_BYTES = 8 * 1024 * 1024
"""A file larger than this is not held whole, if its parser can read it in pieces."""

_HEAD_BYTES = 64 * 1024

_BINARY_SHOWS_BYTES = 1024
_NOTHING = Parsed(())
_COLLECTOR_ERROR = "collector-error"
_KNOWN = "`kubectl get -o yaml` (or json), `ip addr`, `ip route`, `birdcl` and the like print, or logs of calico-node"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file: what it was taken for, where its layout places it, and what its parser made of it.

    `kind` is None when no parser knows the content, or when the layout says why it is not read (`placement.skip`).
    """

    path: str
    size: int
    kind: str | None
    parsed: Parsed
    layout: str
    placement: Placement


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


@dataclass(slots=True)
class _Pass:
    """What one reading pass has for all of its files; `links` are the links to each file, by the file's path."""

    limits: Limits
    progress: Progress | None
    gaps: list[Gap] = field(default_factory=list)
    links: dict[str, list[str]] = field(default_factory=dict)
    quick: QuickReading = field(default_factory=QuickReading)


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
    files: list[_Read] = []
    reading = _Pass(limits or Limits(), progress)
    for one in sources:
        prefix = f"{input_name(one)}!/" if len(sources) > 1 else ""
        files += _read_one(one, prefix, reading)
    gaps = reading.gaps
    if all(f.kind in (None, _COLLECTOR_ERROR) and not f.parsed.facts for f in files):
        raise NotABundleError(_nothing_known(sources, files, gaps))
    artifacts = _place(files, reading.links)
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


def _read_one(source: Input, prefix: str, reading: _Pass) -> list[_Read]:
    found: list[Gap] = []

    def note_link(path: str, target: str) -> None:
        reading.links.setdefault(prefix + target, []).append(prefix + path)

    members = read_members(
        source, limits=reading.limits, on_gap=found.append, on_progress=reading.progress, on_link=note_link
    )
    files = [_parse(member, prefix, reading) for member in members]
    reading.gaps += [Gap(prefix + g.path, g.line, g.kind, g.message) for g in found]
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


def _parse(member: Member, prefix: str, reading: _Pass) -> _Read:
    path = prefix + member.path
    lines = LongLines(path, reading.limits)
    try:
        found = _parse_in_pieces(member, path, lines) if member.size > LARGE_BYTES else None
        found = found or _parse_whole(lines.whole(member.read()), path, reading.quick)
    except NotABundleError as error:
        return _Read(path, member.size, None, Parsed((), (Gap(path, None, GapKind.UNREADABLE, str(error)),)))
    if not (gaps := lines.gaps()):
        return found
    return replace(found, size=member.size, parsed=replace(found.parsed, gaps=(*gaps, *found.parsed.gaps)))


def _parse_whole(data: bytes, path: str, quick: QuickReading) -> _Read:
    if taken := quick.guess(data, path):
        return _Read(path, len(data), *taken)
    if looks_binary(data[:_BINARY_SHOWS_BYTES]):
        return _Read(path, len(data), None, _NOTHING, binary=True)
    parser = choose(decode_head(data, HEAD_CHARACTERS))
    if parser is None:
        return _Read(path, len(data), None, _NOTHING)
    taken = quick.read(parser, data, path) or (parser.kind, parser.parse(decode(data), path))
    return _Read(path, len(data), *taken)


def _parse_in_pieces(member: Member, path: str, lines: LongLines) -> _Read | None:
    """A large file whose parser can do without the whole of it; None, and nothing of it taken, for any other."""
    head = member.stream.peek(_HEAD_BYTES) if member.stream else b""
    text = decode_head(head, HEAD_CHARACTERS)
    if member.stream is None or len(text) < HEAD_CHARACTERS or not can_come_in_pieces(head):
        return None
    parser = None if looks_binary(head[:_BINARY_SHOWS_BYTES]) else choose(text)
    if parser is None or parser.stream is None:
        return None
    counted = _Counted(member.pieces())
    parsed = parser.stream(text_pieces(lines.pieces(counted, head)), path)
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


def _place(files: Sequence[_Read], links: Mapping[str, Sequence[str]]) -> tuple[Artifact, ...]:
    """Ask the layouts, the most particular first, where each file belongs; by-content takes what is left."""
    paths = [f.path for f in files]
    nodes = sorted({fact.name for f in files for fact in f.parsed.of(NodeFact)})
    rooted = [(layout, sorted(layout.roots(paths), key=len, reverse=True)) for layout in all_layouts()]
    placed = [(file, _placed(file, rooted, nodes)) for file in files]
    if not links:
        return tuple(artifact for _, artifact in placed)
    return tuple(
        artifact
        for file, own in placed
        for artifact in _with_links(
            own, [_placed(replace(file, path=path), rooted, nodes) for path in links.get(file.path, ())]
        )
    )


def _with_links(own: Artifact, linked: Sequence[Artifact]) -> Iterator[Artifact]:
    """A file and, as files of their own, those of its links that are another node's.

    A file counts once. Where only a link says whose it is, the link's place is the file's; and equal files of several
    nodes are one where somebody saved room (`tar` and `rsync -H` keep that): there each node has its own.
    """
    named = [artifact for artifact in linked if artifact.placement.node and not artifact.placement.skip]
    if own.parsed.owner or own.placement.skip or not named:
        yield own
        return
    place = own.placement
    if not (place.node or place.group or place.namespace or place.pod):
        own = replace(own, layout=named[0].layout, placement=named[0].placement)
    yield own
    nodes = {own.placement.node, None}
    for artifact in named:
        if own.placement.node and artifact.placement.node not in nodes:
            nodes.add(artifact.placement.node)
            yield replace(artifact, parsed=replace(artifact.parsed, gaps=()))


def _placed(file: _Read, rooted: Sequence[tuple[Layout, Sequence[str]]], nodes: Sequence[str]) -> Artifact:
    for layout, roots in rooted:
        for root in roots:
            placement = layout.place(file.path[len(root) :], nodes) if file.path.startswith(root) else None
            if placement is not None:
                return _artifact(file, layout.name, placement)
    return _artifact(file, "by-content", Placement())


def _artifact(file: _Read, layout: str, placement: Placement) -> Artifact:
    if placement.skip:
        return Artifact(file.path, file.size, None, _NOTHING, layout, placement)
    return Artifact(file.path, file.size, file.kind, file.parsed, layout, placement)


def _layout_names(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """Layouts that placed something, the one with the most files first."""
    counts = Counter(a.layout for a in artifacts if a.kind)
    return tuple(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
