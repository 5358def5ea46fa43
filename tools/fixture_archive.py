"""Packs a bundle folder the same way every time: sorted names, no times, no owners."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Sequence

Members = Sequence[tuple[str, bytes]]
EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
MODE = 0o644


def pack(members: Members, kind: str = "tar.gz") -> bytes:
    """An archive of `(path, bytes)` members as `tar`, `tar.gz` or `zip`; equal members give equal bytes.

    Raises ValueError for another kind.

    >>> pack([("a", b"1")]) == pack([("a", b"1")])
    True
    """
    if kind == "tar":
        return _tar(members)
    if kind == "tar.gz":
        return _gzip(_tar(members))
    if kind == "zip":
        return _zip(members)
    raise ValueError(f"no archive kind {kind!r}: known are 'tar', 'tar.gz', 'zip'")


def _tar(members: Members) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, content in sorted(members):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), MODE
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _gzip(content: bytes) -> bytes:
    out = io.BytesIO()
    # GzipFile writes the same header in every Python; gzip.compress leaves it to zlib.
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=out, mtime=0) as stream:
        stream.write(content)
    return out.getvalue()


def _zip(members: Members) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(members):
            entry = zipfile.ZipInfo(path, EARLIEST_ZIP_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, MODE << 16
            archive.writestr(entry, content)
    return out.getvalue()


def cut(archive: bytes, keep: float) -> bytes:
    """The first part of an archive, as an upload that broke off leaves it.

    >>> cut(b"abcd", 0.5)
    b'ab'
    """
    return archive[: int(len(archive) * keep)]
