"""A List as `kubectl get -o yaml` writes it: what stands around its items, and the items in pieces of some size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

HEAD: Final = b"apiVersion: v1\nitems:\n"
TAIL: Final = re.compile(rb'kind: List\nmetadata:\n  resourceVersion: ""\n(?:  selfLink: ""\n)?')
ITEM: Final = b"\n- "
LONGEST_ITEM: Final = 8 << 20
"""The API server takes no object above 1.5 MiB (etcd's limit on a request)."""


def chunks(pieces: Iterator[bytes], skip: int, size: int) -> Iterator[bytes]:
    """The pieces without their first bytes, joined and cut to about that size.

    >>> list(chunks(iter([b"abcd", b"ef", b"ghijkl"]), 3, 4))
    [b'defghij', b'kl']
    """
    waiting: list[bytes] = []
    held = 0
    for piece in pieces:
        for begin in range(0, len(piece), size):
            part = piece[begin : begin + size]
            part, skip = part[skip:], max(skip - len(part), 0)
            waiting.append(part)
            held += len(part)
            if held >= size:
                yield b"".join(waiting)
                waiting, held = [], 0
    if held:
        yield b"".join(waiting)
