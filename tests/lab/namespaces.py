"""Make and remove the namespaces of one run. Every name starts with the run's prefix, which holds the run's process id.

Nothing is made in the host's own namespace: cards are made inside, joined to bridges of a `fabric` namespace. What a run
that crashed left behind is found by its prefix, and removed once its process is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Self

from tests.lab.processes import ip, output

PREFIX = "cblab-"


class Namespaces:
    """The names of one run's namespaces; a context that makes them on entry and removes them whatever happens."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._prefix = f"{PREFIX}{os.getpid()}-"
        self._names = tuple(self.of(name) for name in names)

    def of(self, name: str) -> str:
        """The full name of a namespace of this run."""
        return f"{self._prefix}{name}"

    def __enter__(self) -> Self:
        sweep()
        try:
            ip([f"netns add {name}" for name in self._names])
        except BaseException:
            remove(self._names)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        remove(self._names)


def existing() -> tuple[str, ...]:
    """The laboratory's namespaces on this machine, of all runs."""
    folder = Path("/run/netns")
    return tuple(sorted(p.name for p in folder.glob(PREFIX + "*"))) if folder.is_dir() else ()


def sweep() -> tuple[str, ...]:
    """Remove what runs whose process is gone have left behind; the names."""
    left = tuple(name for name in existing() if not _runs(name))
    remove(left)
    return left


def _runs(name: str) -> bool:
    owner = name.removeprefix(PREFIX).split("-")[0]
    return owner.isdigit() and Path("/proc", owner).exists()


def remove(names: tuple[str, ...]) -> None:
    """End the processes inside, then remove the namespaces."""
    here = [name for name in names if Path("/run/netns", name).exists()]
    for name in here:
        _end_processes(name)
    for name in here:
        output("ip", "netns", "del", name)  # another run's sweep may have been quicker


def _end_processes(namespace: str) -> None:
    """Only processes inside one of our own namespaces: BIRDs, which we started there."""
    for pid in (int(word) for word in output("ip", "netns", "pids", namespace).split() if word.isdigit()):
        if pid == os.getpid():
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _wait_gone(pid)


def _wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 2
    while Path("/proc", str(pid)).exists() and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
        time.sleep(0.01)
