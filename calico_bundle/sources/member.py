"""One file of a bundle, as the reading pass hands it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its path inside the bundle, its size in bytes, and a way to read it once.

    `path` uses `/`, has no leading `./` or `/` and no `..`, and no two members of a bundle share one. A member of a
    nested archive is `outer.zip!/inner`; what a compressed file `x.log.gz` holds is `x.log.gz!/x.log`.

    `size` is what the archive states. `read()` gives all the bytes, exactly; fewer only where the archive is cut short
    or damaged, which is then a gap. `pieces()` gives the same bytes one piece after the other (up to 1 MiB each), so
    that a large file need not be held. Either of them works once, and until the next member is asked for: the bytes
    come from a stream that is read in one pass. A later call raises `UsageError`. A member that is not read costs no
    memory.

    >>> Member("nodes.yaml", 2, lambda: b"{}").read()
    b'{}'
    >>> list(Member("nodes.yaml", 2, lambda: b"{}").pieces())
    [b'{}']
    """

    path: str
    size: int
    read: Callable[[], bytes]
    _pieces: Callable[[], Iterator[bytes]] | None = None

    def pieces(self) -> Iterator[bytes]:
        """All the bytes, in pieces; once, and instead of `read`."""
        return self._pieces() if self._pieces else iter((self.read(),))
