"""Bytes in one pass: streams that can look ahead, that remember why they ended, and that never raise on bad input."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from calico_bundle.evidence import GapKind

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 1024 * 1024


class Problem(NamedTuple):
    """Why a stream ended before its end; the message completes the sentence `<archive> ...`."""

    kind: GapKind
    message: str


class Flow(io.RawIOBase):
    """A stream read forward only. Bad input ends it early and is told in `problem`; it raises nothing.

    A kind of stream gives `_fill`: write up to `len(buffer)` bytes into `buffer` and say how many; 0 is the end.
    """

    def __init__(self) -> None:
        """Start with nothing looked at."""
        super().__init__()
        self._ahead = b""
        self.problem: Problem | None = None

    def _fill(self, buffer: memoryview) -> int:
        raise NotImplementedError

    def readable(self) -> bool:
        """Say yes, as `io` asks for."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill some of the buffer; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if not self._ahead:
            return self._fill(view) if len(view) else 0
        count = min(len(view), len(self._ahead))
        view[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        return count

    def peek(self, count: int) -> bytes:
        """Look at the next bytes without taking them; fewer only at the end.

        >>> flow = BytesFlow(b"abc")
        >>> flow.peek(2), flow.take(9)
        (b'ab', b'abc')
        """
        if len(self._ahead) < count:
            buffer = bytearray(count - len(self._ahead))
            self._ahead += buffer[: self._fill_all(memoryview(buffer))]
        return self._ahead[:count]

    def take(self, count: int) -> bytes:
        """The next bytes; fewer only at the end. For headers and other small pieces."""
        data = self.peek(count)
        self._ahead = self._ahead[len(data) :]
        return data

    def skip(self, count: int) -> int:
        """Pass over bytes; fewer only at the end. Returns how many."""
        left = count - len(self.take(min(count, len(self._ahead))))
        if left > 0:
            left -= self._pass_over(left)
        return count - left

    def _pass_over(self, count: int) -> int:
        buffer = memoryview(bytearray(min(count, CHUNK_BYTES)))
        passed = 0
        while passed < count:
            got = self._fill(buffer[: count - passed])
            if not got:
                break
            passed += got
        return passed

    def _fill_all(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer):
            got = self._fill(buffer[filled:])
            if not got:
                break
            filled += got
        return filled


class BytesFlow(Flow):
    """A stream over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        """Read `data` from its start."""
        super().__init__()
        self._left = memoryview(data)

    def _fill(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class InputFlow(Flow):
    """A stream over a file of the caller: standard input, a pipe, an open file. Reports how far it is."""

    def __init__(self, file: BinaryIO, size: int | None, on_position: Callable[[int], None]) -> None:
        """Read `file` from where it stands; with a `size`, its parts can be skipped by seeking."""
        super().__init__()
        self._file, self._size, self._on_position = file, size, on_position
        self._position = 0

    def _fill(self, buffer: memoryview) -> int:
        try:
            data = self._file.read(min(len(buffer), CHUNK_BYTES)) or b""
            buffer[: len(data)] = data
        except (OSError, ValueError) as error:
            self.problem = Problem(GapKind.UNREADABLE, f"could not be read further: {error}")
            return 0
        except TypeError:
            self.problem = Problem(GapKind.UNREADABLE, "gives text, not bytes: open it in binary mode")
            return 0
        self._advance(len(data))
        return len(data)

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

    def _fill(self, buffer: memoryview) -> int:
        try:
            self._file.seek(self._position)
            data = self._file.read(min(len(buffer), CHUNK_BYTES)) or b""
        except (OSError, ValueError) as error:
            self.problem = Problem(GapKind.UNREADABLE, f"could not be read further: {error}")
            return 0
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


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

    def _fill(self, buffer: memoryview) -> int:
        if not self._left:
            return 0
        count = self._parent.readinto(buffer[: self._left])
        self._left -= count
        if not count:
            self.is_short, self.problem = True, self._parent.problem
        return count

    def _pass_over(self, count: int) -> int:
        wanted = min(count, self._left)
        passed = self._parent.skip(wanted)
        self._left -= passed
        if passed < wanted:
            self.is_short, self.problem = True, self._parent.problem
        return passed

    def drain(self) -> None:
        """Pass over what was not read, so that the parent stands at the section's end."""
        self.skip(len(self._ahead) + self._left)

    @property
    def missing(self) -> int:
        """Bytes that the parent did not have."""
        return self._left if self.is_short else 0

    def read_whole(self) -> bytes:
        """Everything that is left, in one allocation.

        >>> Section(BytesFlow(b"abcdef"), 3).read_whole()
        b'abc'
        """
        # BufferedReader allocates the result once and fills it in place; it reads past `size` only within this section.
        buffered = io.BufferedReader(self, CHUNK_BYTES if self.size > CHUNK_BYTES else 512)
        data = buffered.read(len(self._ahead) + self._left)
        buffered.detach()
        return data


def read_up_to(flow: Flow, most: int) -> bytes | None:
    """All of a stream; None when it is longer than `most`.

    >>> read_up_to(BytesFlow(b"abc"), 3), read_up_to(BytesFlow(b"abc"), 2)
    (b'abc', None)
    """
    if isinstance(flow, Section):
        return flow.read_whole() if flow.size <= most else None
    parts: list[bytes] = []
    total = 0
    while part := flow.read(CHUNK_BYTES):
        total += len(part)
        if total > most:
            return None
        parts.append(part)
    return b"".join(parts)
