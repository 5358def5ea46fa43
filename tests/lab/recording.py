"""Recordings of runs: one small archive for each, that holds the bundle, the measurement and the scenario.

A recording compares anywhere, without root. Two archives of one folder are the same bytes: sorted names, no times, owners
or rights of the machine that wrote them.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab import topology
from tests.lab.topology import Scenario

RECORDED = Path(__file__).resolve().parent / "recorded"
MENDED = Path(__file__).resolve().parent / "mended"
"""What was measured of a recording's cluster with the fix in it that its report proposes: no bundle, which nobody reads."""

MEASURED = ("scenario.json", "truth.json")
_ENDING = ".tar.gz"
_PARTS = ("bundle", "scenario.json", "truth.json")


def archive_of(name: str, place: Path = RECORDED) -> Path:
    """Where the recording of a name is kept."""
    return place / f"{name}{_ENDING}"


def names(place: Path = RECORDED) -> tuple[str, ...]:
    """The names of all recordings."""
    return tuple(sorted(path.name.removesuffix(_ENDING) for path in place.glob(f"*{_ENDING}")))


def write(folder: Path, archive: Path, parts: Sequence[str] = _PARTS) -> None:
    """Write a folder that a run made, or some parts of it, into an archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in _files(folder, parts):
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(gzip.compress(held.getvalue(), mtime=0))


def _files(folder: Path, parts: Sequence[str]) -> list[Path]:
    """What a recording holds, and nothing else that may lie there."""
    places = [folder / part for part in parts]
    return sorted(path for place in places for path in (place, *place.rglob("*")) if path.is_file())


def read(archive: Path, folder: Path) -> Path:
    """Unpack an archive below a folder; the folder, as a run leaves one."""
    # Not extractall(): its `filter`, without which newer versions warn, is not there before Python 3.11.4.
    with tarfile.open(archive) as tar:
        for entry in tar:
            content, place = tar.extractfile(entry), folder / entry.name
            if content is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content.read())
    return folder


def scenario_of(archive: Path) -> Scenario:
    """The scenario of a recording."""
    with tarfile.open(archive) as tar:
        held = tar.extractfile("scenario.json")
        assert held is not None
        return topology.from_json(held.read().decode())
