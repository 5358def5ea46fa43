"""Whose each file of a bundle is: every file that was read, placed by the layout that knows its path."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.facts import NodeFact, PodFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.layouts import Layout, Placement, all_layouts
from calico_bundle.layouts.commands import as_run
from calico_bundle.parsers import Parsed
from calico_bundle.sections.reading import Part, placed_part

Rooted = Sequence[tuple[Layout, Sequence[str]]]
_NOTHING = Parsed(())
_HOW, _OUTPUT = "-info.json", "{}.txt"
"""troubleshoot.sh: how a command was run on a host, and what it printed."""

_EXPECTED = {
    "ip-addr": "`ip addr`",
    "ip-route": "`ip route`",
    "ip-rule": "`ip rule`",
    "ip-neigh": "`ip neigh`",
    "sysctl": "`sysctl -a`",
    "bird-protocols": "`birdcl show protocols`",
    "bird-routes": "`birdcl show route`",
    "calicoctl-node-status": "`calicoctl node status`",
}
"""Kinds that a place tells, with the command whose output is expected there."""

_ERROR, _CALICO_NODE = "collector-error", "calico-node"

TOLD_BY_PLACE = frozenset({"hostname"})
"""Kinds that a text alone is not enough for: a file is of one only where its layout says so."""


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
class ReadFile:
    """One file, or a part of it, as its parser left it; `later` reads it, where that had to wait for its layout.

    `command` is the command line that the text itself has for all of it; `has_parts` of a file of which parts were read.
    """

    path: str
    size: int
    kind: str | None
    parsed: Parsed
    binary: bool = False
    part: Part | None = None
    later: Callable[[], Parsed] | None = None
    command: str | None = None
    has_parts: bool = False


def place(files: Sequence[ReadFile], links: Mapping[str, Sequence[str]]) -> tuple[Artifact, ...]:
    """Ask the layouts, the most particular first, where each file belongs; by-content takes what is left.

    `links` are the links to each file, by the file's path.

    >>> place((), {})
    ()
    """
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
    found = (artifact for one in whole for artifact in (one, *_parts(one)))
    if not links:
        return tuple(found)
    by_path = {file.path: file for file in files}

    def linked(own: Artifact) -> list[Artifact]:
        paths = links.get(own.path, ()) if own.path in by_path else ()
        return [_artifact(replace(by_path[own.path], path=path), *_placed_path(path, rooted, nodes)) for path in paths]

    return tuple(artifact for own in found for artifact in _with_links(own, linked(own)))


def _caught_up(files: Sequence[ReadFile], rooted: Rooted) -> Sequence[ReadFile]:
    """The files with those read that had to wait, unless their layout sets them aside."""
    if all(file.later is None for file in files):
        return files
    nodes = _node_names(files)
    return [
        replace(f, parsed=f.later(), later=None) if f.later and not _is_skipped(f, rooted, nodes) else f for f in files
    ]


def _is_skipped(file: ReadFile, rooted: Rooted, nodes: Sequence[str]) -> bool:
    return bool(_placed_path(file.path, rooted, nodes)[1].skip)


def _node_names(files: Sequence[ReadFile]) -> Sequence[str]:
    """The nodes that objects tell: their own, and those that name the node of a pod."""
    own = {fact.name for f in files for fact in f.parsed.of(NodeFact)}
    return sorted(own.union(name for f in files for name in set(columns_of(f.parsed.of(PodFact)).nodes) if name))


def _parts(whole: Artifact) -> Iterator[Artifact]:
    """What else stands in a file, each on its own: it has another kind or another owner."""
    for part in whole.parsed.parts:
        placement = Placement(part.node, namespace=part.namespace, pod=part.pod, container=part.container)
        path = f"{whole.path}: {part.name}"
        yield Artifact(path, 0, part.kind, part.parsed, whole.layout, placement, within=whole.file)


def _file_of(file: ReadFile) -> str:
    return file.path.rpartition("#")[0] if file.part else file.path


def _hosts(files: Sequence[ReadFile]) -> set[tuple[str, str]]:
    """Files of several outputs, with the machines on which these were taken."""
    return {(_file_of(f), f.part.command.host) for f in files if f.part and f.part.command.host}


def _placed(
    file: ReadFile,
    rooted: Rooted,
    nodes: Sequence[str],
    command: str | None,
    *,
    is_mixed: bool,
) -> tuple[str, Placement]:
    if file.part is None:
        layout, placement = _placed_path(file.path, rooted, nodes)
        told = command or file.command
        return layout, as_run(placement, told, file.kind) if told else placement
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


def _artifact(file: ReadFile, layout: str, placement: Placement) -> Artifact:
    within = _file_of(file) if file.part else None
    if placement.skip or (file.kind in TOLD_BY_PLACE and file.kind != placement.kind):
        hidden = placement.redacted and bool(file.parsed.facts)
        gaps = (Gap(_file_of(file), None, GapKind.REDACTED, f"not used: {placement.skip}"),) if hidden else ()
        return Artifact(file.path, file.size, None, Parsed((), gaps), layout, placement, file.part, within)
    if file.kind == _ERROR and placement.container not in (None, _CALICO_NODE):
        # What another program logged: nobody reads that, and it is the program that failed, not the collector.
        return Artifact(file.path, file.size, None, _NOTHING, layout, placement, file.part, within)
    parsed = file.later() if file.later else file.parsed
    if file.kind is None and file.size and not file.has_parts and placement.kind in _EXPECTED:
        what = "binary data" if file.binary else "too many of its lines are something else"
        message = f"stands where the output of {_EXPECTED[placement.kind]} is expected, and is not understood: {what}"
        parsed = replace(parsed, gaps=(*parsed.gaps, Gap(file.path, None, GapKind.NOT_UNDERSTOOD, message)))
    return Artifact(file.path, file.size, file.kind, parsed, layout, placement, file.part, within)


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
