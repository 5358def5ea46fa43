"""Bytes in one pass: streams that can look ahead, that remember why they ended, and that never raise on bad input."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from calico_bundle.evidence import GapKind

CHUNK_BYTES = 1024 * 1024
_READ_AHEAD_BYTES = 256 * 1024
_LARGE_BYTES = 8 * CHUNK_BYTES


class Problem(NamedTuple):
    """Why a stream ended before its end; the message completes the sentence `<archive> ...`."""

    kind: GapKind
    message: str


class Flow:
    """A stream read forward only. Bad input ends it early and is told in `problem`; it raises nothing.

    A kind of stream gives `_next`: its next bytes, as many as come cheaply, about `wanted`; none at the end. What was
    asked for is cut out of them, so that most bytes are copied once on their way to a parser.
    """

    def __init__(self) -> None:
        """Start with nothing looked at."""
        self._piece, self._at = b"", 0
        self.problem: Problem | None = None

    def _next(self, wanted: int) -> bytes:
        raise NotImplementedError

    def some(self, most: int) -> bytes:
        """The next bytes, as many as are at hand, at most so many; none only at the end.

        >>> flow = BytesFlow(b"abc")
        >>> flow.some(2), flow.some(2), flow.some(2)
        (b'ab', b'c', b'')
        """
        if self._at >= len(self._piece):
            self._piece, self._at = self._next(most), 0
        data = self._piece[self._at : self._at + most]
        self._at += len(data)
        return data

    def peek(self, count: int) -> bytes:
        """Look at the next bytes without taking them; fewer only at the end.

        >>> flow = BytesFlow(b"abc")
        >>> flow.peek(2), flow.take(9)
        (b'ab', b'abc')
        """
        if self._at + count > len(self._piece):
            self._gather(count)
        return self._piece[self._at : self._at + count]

    def take(self, count: int) -> bytes:
        """The next bytes; fewer only at the end. For headers and other small pieces."""
        data = self.peek(count)
        self._at += len(data)
        return data

    def skip(self, count: int) -> int:
        """Pass over bytes; fewer only at the end. Returns how many."""
        at_hand = len(self._piece) - self._at
        if count <= at_hand:
            self._at += count
            return count
        self._piece, self._at = b"", 0
        return at_hand + self._pass_over(count - at_hand)

    def _pass_over(self, count: int) -> int:
        left = count
        while left and (data := self.some(left)):
            left -= len(data)
        return count - left

    def _gather(self, count: int) -> None:
        """Have at least so many bytes at hand, if there are so many."""
        parts = [self._piece[self._at :]] if self._at < len(self._piece) else []
        have = len(self._piece) - self._at
        while have < count and (more := self._next(count - have)):
            parts.append(more)
            have += len(more)
        self._piece, self._at = parts[0] if len(parts) == 1 else b"".join(parts), 0


class BytesFlow(Flow):
    """A stream over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        """Read `data` from its start."""
        super().__init__()
        self._piece = data

    def _next(self, wanted: int) -> bytes:  # noqa: ARG002 - all there is was at hand from the start
        return b""


class InputFlow(Flow):
    """A stream over a file of the caller: standard input, a pipe, an open file. Reports how far it is."""

    def __init__(self, file: BinaryIO, size: int | None, on_position: Callable[[int], None]) -> None:
        """Read `file` from where it stands; with a `size`, its parts can be skipped by seeking."""
        super().__init__()
        self._file, self._size, self._on_position = file, size, on_position
        self._position = 0

    def _next(self, wanted: int) -> bytes:  # noqa: ARG002 - a pipe gives what it has, a file is read ahead
        try:
            data = bytes(self._file.read(self._step()) or b"")
        except (OSError, ValueError) as error:
            self.problem = Problem(GapKind.UNREADABLE, f"could not be read further: {error}")
            return b""
        except TypeError:
            self.problem = Problem(GapKind.UNREADABLE, "gives text, not bytes: open it in binary mode")
            return b""
        self._advance(len(data))
        return data

    def _step(self) -> int:
        """How much to ask for: of a small file, such as most of a directory, no more than it has."""
        left = _READ_AHEAD_BYTES if self._size is None else self._size - self._position
        return max(1, min(left, _READ_AHEAD_BYTES))

    def _pass_over(self, count: int) -> int:
        if self._size is None or count < CHUNK_BYTES:
            return super()._pass_over(count)
        passed = min(count, self._size - self._position)
        try:
            self._file.seek(passed, io.SEEK_CUR)
        except (OSError, ValueError) as error:
            self.problem = Problem(GapKind.UNREADABLE, f"could not be read further: {error}")
            return 0
        self._advance(passed)
        return passed

    def _advance(self, count: int) -> None:
        self._position += count
        self._on_position(self._position)


class Window(Flow):
    """A stream over a part of a seekable file, from `start` on; other windows may read the same file in between."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        """Read `file` from byte `start` to its end."""
        super().__init__()
        self._file, self._position = file, start

    def _next(self, wanted: int) -> bytes:
        try:
            self._file.seek(self._position)
            data = self._file.read(min(wanted, CHUNK_BYTES)) or b""
        except (OSError, ValueError) as error:
            self.problem = Problem(GapKind.UNREADABLE, f"could not be read further: {error}")
            return b""
        self._position += len(data)
        return data


class Section(Flow):
    """The next `size` bytes of another stream: one file of an archive.

    `is_in_stream` says that the archive is read in one pass, so that what nobody reads must be passed over.
    """

    def __init__(self, parent: Flow, size: int, *, is_in_stream: bool = False) -> None:
        """Bound `parent`, which nobody else may read until this section is drained."""
        super().__init__()
        self._parent, self.size, self._left = parent, size, size
        self.is_in_stream = is_in_stream
        self.is_short = False

    def _next(self, wanted: int) -> bytes:  # noqa: ARG002 - more than is wanted of this one is of use, too
        if not self._left:
            return b""
        data = self._parent.some(self._left)
        self._left -= len(data)
        if not data:
            self.is_short, self.problem = True, self._parent.problem
        return data

    def _pass_over(self, count: int) -> int:
        wanted = min(count, self._left)
        passed = self._parent.skip(wanted)
        self._left -= passed
        if passed < wanted:
            self.is_short, self.problem = True, self._parent.problem
        return passed

    def drain(self) -> None:
        """Pass over what was not read, so that the parent stands at the section's end."""
        self._piece, self._at = b"", 0
        if self._left:
            self._pass_over(self._left)

    @property
    def missing(self) -> int:
        """Bytes that the parent did not have."""
        return self._left if self.is_short else 0

    def pieces(self) -> Iterator[bytes]:
        """Everything that is left, piece by piece, as the pieces come.

        >>> list(Section(BytesFlow(b"abcdef"), 3).pieces())
        [b'abc']
        """
        while data := self.some(CHUNK_BYTES):
            yield data

    def read_whole(self) -> bytes:
        """Everything that is left.

        >>> Section(BytesFlow(b"abcdef"), 3).read_whole()
        b'abc'
        """
        first = self.some(self.size)
        if not self._left:
            return first
        if self.size <= _LARGE_BYTES:
            return b"".join((first, *self.pieces()))
        # Grows in place, where joining the pieces of a large file would take its size twice.
        whole = io.BytesIO()
        whole.write(first)
        for data in self.pieces():
            whole.write(data)
        return whole.getvalue()


def read_up_to(flow: Flow, most: int) -> bytes | None:
    """All of a stream; None when it is longer than `most`.

    >>> read_up_to(BytesFlow(b"abc"), 3), read_up_to(BytesFlow(b"abc"), 2)
    (b'abc', None)
    """
    if isinstance(flow, Section):
        return flow.read_whole() if flow.size <= most else None
    parts: list[bytes] = []
    total = 0
    while part := flow.some(CHUNK_BYTES):
        total += len(part)
        if total > most:
            return None
        parts.append(part)
    return b"".join(parts)
