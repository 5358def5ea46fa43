"""Archives made by hand, and what is read of them."""

from __future__ import annotations

import io
import random
import tarfile
import zipfile

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.sources import Limits, read_members
from calico_bundle.sources.opening import Input

KIB = 1024
MIB = 1024 * KIB
# The same in every run: what is damaged, and how, is then the same too.
_CHANCE = random.Random(3000)
NOISE = {f"n{i}.txt": _CHANCE.randbytes(3000).hex().encode() for i in range(12)}
SMALL = Limits(max_ratio=100, ratio_floor_bytes=MIB)


def read(source: Input | bytes, limits: Limits | None = None) -> tuple[dict[str, bytes], list[Gap]]:
    gaps: list[Gap] = []
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    read = {m.path: m.read() for m in read_members(source, limits=limits or Limits(), on_gap=gaps.append)}
    return read, gaps


def tar_with(*members: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member in members:
            info, data = (
                (member, b"") if isinstance(member, tarfile.TarInfo) else (tarfile.TarInfo(member[0]), member[1])
            )
            info.size = len(data) if data else info.size
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def kinds(gaps: list[Gap]) -> dict[str, GapKind]:
    return {gap.path: gap.kind for gap in gaps}
