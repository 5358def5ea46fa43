"""Files that reports are written to: which format an ending stands for, and writing all or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from calico_bundle.errors import UsageError


def by_ending(path: str, endings: Mapping[str, tuple[str, ...]]) -> str:
    """Find the format that a file's ending stands for.

    Raises `UsageError` that names the endings on offer.

    >>> by_ending("report.JSON", {"text": (".txt",), "json": (".json",)})
    'json'
    """
    ending = Path(path).suffix.lower()
    for name, known in endings.items():
        if ending in known:
            return name
    offered = ", ".join(f"{known} ({name})" for name, all_known in endings.items() for known in all_known)
    what = f"no format is offered for the ending {ending!r}" if ending else "it has no ending to take the format from"
    raise UsageError(f"{path}: {what}; offered are {offered}")


def write_file(path: str, data: bytes) -> None:
    """Write a file: a full disk or Ctrl-C does not leave half a report where a whole one was.

    Raises `OSError`.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():  # a device or a named pipe: there is nothing to put in its place
        place.write_bytes(data)
        return
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        if place.exists():
            shutil.copymode(place, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
