"""One compressed stream: a compressed tar archive, or a single compressed file such as a rotated log."""

from __future__ import annotations

from collections.abc import Iterator

from calico_bundle.evidence import GapKind
from calico_bundle.sources.compression import Budget, Codec, Decompressed, first_bytes
from calico_bundle.sources.limits import Limits, allow_more, readable_size
from calico_bundle.sources.member import Member
from calico_bundle.sources.paths import inner_name
from calico_bundle.sources.signatures import Kind, is_tar, sniff
from calico_bundle.sources.streams import BytesFlow, Flow, Problem, Section, read_up_to
from calico_bundle.sources.tar import read_tar
from calico_bundle.sources.walk import Place, Walk

_CUT = "archives that are cut or damaged"


def read_compressed(walk: Walk, codec: Codec, source: Flow, place: Place) -> Iterator[Member]:
    """What a compressed stream holds: the members of a tar archive, streamed, or one file.

    That one file is `x.log.gz!/x.log`. Its size is not known before it was decompressed, so its compressed bytes are
    kept, decompressed once to count, and again by `read()`: unread, it costs no more than its compressed bytes.
    """
    if codec.open is None:
        message = f"is {codec.name} data, which this Python cannot open (unpack it with `{codec.unpack_with}`)"
        walk.gap(place.path, GapKind.UNREADABLE, message, "archives that cannot be opened")
        return
    head = first_bytes(codec, source, walk.limits)
    if is_tar(head):
        yield from read_tar(walk, Decompressed(codec, source, walk.limits, walk.budget), place)
        return
    name = inner_name(place.path, codec.suffixes)
    if kind := sniff(head):
        yield from _read_nested(walk, kind, name, Decompressed(codec, source, walk.limits, walk.budget), place)
        return
    yield from read_single(walk, codec, source, place, name)


def _read_nested(walk: Walk, kind: Kind, name: str, content: Decompressed, place: Place) -> Iterator[Member]:
    path = walk.path_of(place, name)
    if path is not None and walk.admit(place):
        yield from walk.descend(walk, kind, path, content, place.depth + 1)
    if content.problem:
        walk.gap(place.path, content.problem.kind, content.problem.message, _CUT)


def read_single(walk: Walk, codec: Codec, source: Flow, place: Place, name: str) -> Iterator[Member]:
    """The one file in a compressed stream, under the given name."""
    packed = read_up_to(source, walk.limits.max_member_bytes)
    if packed is None:
        walk.gap(place.path, GapKind.REFUSED, too_large_to_hold(walk.limits), "files that are too large")
        return
    size, problem = _measure(codec, packed, walk)
    if problem:
        walk.gap(place.path, problem.kind, problem.message, _CUT)
    if (size or not problem) and not (problem and problem.kind is GapKind.REFUSED) and walk.admit(place):
        # The second time costs nothing of the budget: the first has shown what it comes to.
        again = Decompressed(codec, BytesFlow(packed), walk.limits, Budget(walk.limits))
        yield from walk.file(place, name, Section(again, size))


def too_large_to_hold(limits: Limits) -> str:
    """The text of a gap for an archive that would have to be held in memory."""
    return (
        f"has more than {readable_size(limits.max_member_bytes)} and was not read"
        f" (unpack it and give the directory, {allow_more('max_member_bytes')})"
    )


def _measure(codec: Codec, packed: bytes, walk: Walk) -> tuple[int, Problem | None]:
    content = Decompressed(codec, BytesFlow(packed), walk.limits, walk.budget)
    # One byte further than allowed is enough to know: `walk.file` refuses it by this size.
    size = content.skip(walk.limits.max_member_bytes + 1)
    return size, content.problem
