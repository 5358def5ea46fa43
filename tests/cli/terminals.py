"""What a terminal gets to see, read at its other end."""

from __future__ import annotations

import os
import select


def read_to_the_end(ours: int) -> bytes:
    """Everything that is written to a terminal until nobody has it open any more, or a minute passes without a word."""
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    return seen
