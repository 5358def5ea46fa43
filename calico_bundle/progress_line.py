"""The line on standard error that shows how far the reading is: for a terminal only, and gone before the report."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import TextIO

_REDRAW_SECONDS = 0.1
_BAR, _NARROWEST_WITH_BAR = 20, 70
_LEFT_FREE = 3
"""Columns for the `^C` that the terminal shows itself: with it on a second line, the first could not be wiped."""
_WIPE = "\r\x1b[2K"


def columns(stream: TextIO | None) -> int:
    """How wide the terminal of a stream is; `COLUMNS` goes first, and 80 is for what is no terminal.

    `shutil` knows the same of standard output alone, and importing it takes as long as all of the command's start.
    """
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.get_terminal_size(stream.fileno()).columns or 80  # type: ignore[union-attr] # None has no fileno
    return 80


class ProgressLine:
    """One line, drawn over and over; called with bytes read, bytes in all (None: not known) and what is being done."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw on `stream`, unless it is no terminal, or one that cannot go back in a line."""
        self._stream = stream
        self._clock = clock
        self._drawn_at = float("-inf")
        self._is_on_screen = False
        self.is_shown = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"

    def __call__(self, done: int, total: int | None, what: str) -> None:
        """Draw, unless that was just done; what comes after the last byte is drawn at once, since it may take long."""
        now = self._clock()
        if done == total or now - self._drawn_at >= _REDRAW_SECONDS:
            self._drawn_at, self._is_on_screen = now, True
            self._write(_WIPE + self._line(done, total, what))

    def clear(self) -> None:
        """Leave no trace of it."""
        if self._is_on_screen:
            self._write(_WIPE)
            self._is_on_screen = False

    def _line(self, done: int, total: int | None, what: str) -> str:
        from calico_bundle.evidence import clean

        wide = columns(self._stream)
        text = f"{_share(done, total, wide)}  "
        encoding = getattr(self._stream, "encoding", None) or "ascii"
        # What the terminal cannot show would be written as an escape, which is longer than what was measured.
        shown = clean(what).encode(encoding, "replace").decode(encoding)
        room = max(0, wide - _LEFT_FREE)
        return (text + _end_of(shown, room - len(text)))[:room]

    def _write(self, words: str) -> None:
        # Nobody misses it where it cannot be written: the terminal was closed, say.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._stream.write(words)  # type: ignore[union-attr]
            self._stream.flush()  # type: ignore[union-attr]


def _share(done: int, total: int | None, wide: int) -> str:
    """The part that is read, with a bar where there is room.

    >>> _share(30, 120, 40)
    ' 25 %'
    >>> _share(30_000_000, 120_000_000, 80)
    '[=====               ]  25 % of 114.4 MiB'
    >>> _share(30_000_000, None, 80)
    '28.6 MiB'
    """
    from calico_bundle.sources.limits import readable_size

    if not total:
        return readable_size(done)
    done = min(done, total)
    share = f"{100 * done // total:3d} %"
    if wide < _NARROWEST_WITH_BAR:
        return share
    return f"[{'=' * (_BAR * done // total):<{_BAR}}] {share} of {readable_size(total)}"


def _end_of(text: str, room: int) -> str:
    """As much of the end as fits: a path's last part says most.

    >>> _end_of("nodes/worker-1/ip-route.txt", 16)
    '.../ip-route.txt'
    >>> _end_of("nodes", 16), _end_of("nodes", 2)
    ('nodes', '')
    """
    # Others than ASCII are taken for wide ones, as those of Chinese are: too little is better than a second line.
    if len(text) + sum(not letter.isascii() for letter in text) <= room:
        return text
    kept: list[str] = []
    room -= len("...")
    for letter in reversed(text):
        room -= 1 if letter.isascii() else 2
        if room < 0:
            break
        kept.append(letter)
    return "..." + "".join(reversed(kept)) if kept else ""
