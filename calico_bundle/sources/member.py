"""One file of a bundle, as the reading pass hands it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its path inside the bundle, its size in bytes, and a way to read it once.

    `path` uses `/`, has no leading `./` or `/`; a member of a nested archive is `outer.zip!/inner`. `read()` gives all
    its bytes and is valid until the next member is asked for.

    >>> Member("nodes.yaml", 2, lambda: b"{}").read()
    b'{}'
    """

    path: str
    size: int
    read: Callable[[], bytes]
