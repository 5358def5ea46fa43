"""Where to write what: `-f` and `-o` to formats and files, checked before any work is done."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calico_bundle.errors import UsageError

Endings = Mapping[str, tuple[str, ...]]
"""The formats on offer, and the file endings that stand for each."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to write: its format, and its file (None: standard output)."""

    format: str
    path: str | None


def choose(wanted: str | None, outputs: Sequence[str], endings: Endings, default: str) -> tuple[Target, ...]:
    """Decide what is written where; without `outputs` all goes to standard output, as `-o -` does.

    Raises `UsageError` for an ending that stands for none of the formats, or a place that cannot be written to.

    >>> choose(None, ["a.json"], {"text": (".txt",), "json": (".json",)}, "text")
    (Target(format='json', path='a.json'),)
    """
    targets = tuple(_target(wanted, output, endings, default) for output in outputs or ("-",))
    paths = [target.path for target in targets]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageError(f"two outputs for {'standard output' if path is None else repr(path)}")
        if path is not None:
            _check_place(path)
    return targets


def _target(wanted: str | None, output: str, endings: Endings, default: str) -> Target:
    if output == "-":
        return Target(wanted or default, None)
    from calico_bundle.report.files import by_ending

    return Target(wanted or by_ending(output, endings), output)


def _check_place(path: str) -> None:
    from pathlib import Path

    place = Path(path)
    if place.is_dir():
        raise UsageError(f"-o {path}: that is a directory")
    if not place.parent.is_dir():
        raise UsageError(f"-o {path}: there is no directory {str(place.parent)!r}")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise UsageError(f"-o {path}: no permission to write there")


def keep_bundles(bundles: Sequence[str], targets: Sequence[Target]) -> None:
    """Refuse to write over a bundle.

    >>> keep_bundles(["a.tar.gz"], [Target("json", None)])
    """
    from pathlib import Path

    inputs = [Path(bundle) for bundle in bundles if Path(bundle).exists()]
    for target in targets:
        if target.path and Path(target.path).exists() and any(Path(target.path).samefile(file) for file in inputs):
            raise UsageError(f"-o {target.path}: that is the bundle itself")
