"""How much a bundle may ask for: limits on hostile or damaged input, far above what an honest bundle needs."""

from __future__ import annotations

from dataclasses import dataclass

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one input may cost at most; going over is a REFUSED gap, never silence.

    * `max_members`: entries of all archives and directories together. Guards against archives of millions of empty
      files. A cluster of 5,000 nodes (the documented ceiling of Kubernetes) needs about 50,000.
    * `max_member_bytes`: one file that is read into memory, a zip inside another archive included. Guards against
      running out of memory. `pods.yaml` of 150,000 pods has 1.2 GB.
    * `max_line_bytes`: one line of a text; a longer one is left out, the rest of its file is read. Guards against
      patterns and reports at work on megabytes. JSON is exempt: a list of pods may stand on one line. The API server
      takes no object above 1.5 MiB.
    * `max_total_bytes`: all that decompression writes. Guards against many files that are each small enough. The
      bundle of 5,000 nodes has 3 to 4 GB.
    * `max_depth`: archives in archives, the outermost counted. Guards against archives that contain themselves. A
      customer's zip around a Harvester bundle around its node archives makes four.
    * `max_ratio`: bytes out for each byte in, of each compressed stream and of the input in all. Guards against bombs:
      deflate reaches 1032, zips of zips any number. Dumps of kubectl reach 15 to 60.
    * `ratio_floor_bytes`: a stream this small is never called a bomb, since a short log of equal lines packs as well;
      nor is an input of 16 times that.
    * `max_decoder_bytes`: memory that an xz stream may demand for its dictionary; `xz -9` needs 65 MiB.

    >>> Limits(max_depth=2).max_depth
    2
    """

    max_members: int = 500_000
    max_member_bytes: int = 2 * _GIB
    max_line_bytes: int = 8 * _MIB
    max_total_bytes: int = 32 * _GIB
    max_depth: int = 6
    max_ratio: int = 500
    ratio_floor_bytes: int = 64 * _MIB
    max_decoder_bytes: int = 256 * _MIB


def allow_more(name: str) -> str:
    """How a reader gets past a limit, for the end of a gap's message.

    >>> allow_more("max_ratio")
    'or allow more: --limit max-ratio=N, in Python Limits.max_ratio'
    """
    return f"or allow more: --limit {name.replace('_', '-')}=N, in Python Limits.{name}"


def readable_size(count: int) -> str:
    """Write a number of bytes the way people read it.

    >>> readable_size(512), readable_size(20_000), readable_size(3 * 1024 * 1024), readable_size(2 * 1024**3)
    ('512 bytes', '19.5 KiB', '3.0 MiB', '2.0 GiB')
    """
    if count < 10 * _KIB:
        return f"{count} bytes"
    if count < _MIB:
        return f"{count / _KIB:.1f} KiB"
    if count < _GIB:
        return f"{count / _MIB:.1f} MiB"
    return f"{count / _GIB:.1f} GiB"
