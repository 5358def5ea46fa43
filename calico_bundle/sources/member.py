"""One file of a bundle, as the reading pass hands it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol


class Stream(Protocol):
    """The bytes of a member that need not be held all at once."""

    def peek(self, count: int) -> bytes:
        """The first bytes, which stay there to be read."""

    def pieces(self) -> Iterator[bytes]:
        """All the bytes, in pieces of up to 1 MiB."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its path inside the bundle, its size in bytes, and a way to read it once.

    `path` uses `/`, has no leading `./` or `/` and no `..`, and no two members of a bundle share one. A member of a
    nested archive is `outer.zip!/inner`; what a compressed file `x.log.gz` holds is `x.log.gz!/x.log`.

    `size` is what the archive states. `read()` gives all the bytes, exactly; fewer only where the archive is cut short
    or damaged, which is then a gap. `pieces()` gives the same bytes in pieces, so that a large file need not be
    held. One of the two works, once, and until the next member is asked for: the bytes come from a stream that is read
    in one pass. A later call raises `UsageError`. A member that is not read costs no memory.

    >>> Member("nodes.yaml", 2, lambda: b"{}").read()
    b'{}'
    >>> list(Member("nodes.yaml", 2, lambda: b"{}").pieces())
    [b'{}']
    """

    path: str
    size: int
    read: Callable[[], bytes]
    stream: Stream | None = None

    def pieces(self) -> Iterator[bytes]:
        """All the bytes, in pieces of up to 1 MiB; once, and instead of `read`."""
        return self.stream.pieces() if self.stream else iter((self.read(),))
