"""Recorded stories with files laid beside theirs: logs of pods, a Corefile, other objects."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping

import calico_bundle as cb
from tests.stories import story

Edit = Callable[[str, str], str | None]


def with_files(name: str, files: Mapping[str, str] | None = None, edit: Edit = lambda _, text: text) -> cb.Analysis:
    """A story with files added and each of its own edited; None leaves that one away."""
    members = {path: edit(path, content.decode()) for path, content in story(name).members()}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in {**members, **(files or {})}.items():
            if text is not None:
                info = tarfile.TarInfo(path)
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
    return cb.analyze(io.BytesIO(stream.getvalue()))


def log_of(pod: str, container: str = "app", namespace: str = "default") -> str:
    """Where a kubelet keeps the log of a pod."""
    return f"pods/{namespace}_{pod}_8f14e45f-ceea/{container}/0.log"
