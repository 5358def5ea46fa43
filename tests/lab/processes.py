"""Run the machine's own programs, in a network namespace where one is named."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.capabilities import tool

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, linux/sched.h
_NAMESPACES = Path("/run/netns")
_TIME_LIMIT = 20


class LabError(RuntimeError):
    """The laboratory could not do what it was asked to; nothing is said about the analyzer then."""


def enter(descriptor: int) -> None:
    """Move this thread into the network namespace of an open descriptor."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NEW_NETWORK):
        raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Do the body in a network namespace: sockets made and programs started there stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(_NAMESPACES / namespace, os.O_RDONLY)
        try:
            enter(there)
            yield
        finally:
            enter(home)
            os.close(there)
    finally:
        os.close(home)


def run(*command: str, text: str | None = None, namespace: str | None = None) -> str:
    """A program's output; `LabError` with what it said when it fails."""
    done = _finished(command, text, namespace)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}\n{text or ''}")
    return done.stdout


def output(*command: str, namespace: str | None = None) -> str:
    """What a program printed, errors with it, whether it failed or not: as a collecting script would record it."""
    done = _finished(command, None, namespace)
    return done.stdout + done.stderr


def _finished(command: Sequence[str], text: str | None, namespace: str | None) -> subprocess.CompletedProcess[str]:
    where = tool(command[0])
    if where is None:
        raise LabError(f"no {command[0]}")
    arguments = [where, *command[1:]]
    if namespace is None:
        return _run(arguments, text)
    with inside(namespace):
        return _run(arguments, text)


def _run(arguments: list[str], text: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, input=text, capture_output=True, text=True, check=False, timeout=_TIME_LIMIT)


def ip(lines: Sequence[str], namespace: str | None = None) -> None:
    """Give `ip` a batch of commands, in one namespace."""
    if lines:
        place = ("-n", namespace) if namespace else ()
        run("ip", *place, "-batch", "-", text="\n".join(lines) + "\n")


def set_kernel(namespace: str, settings: dict[str, int]) -> None:
    """Write kernel settings under `net/`, named with slashes."""
    with inside(namespace):
        for name, value in settings.items():
            Path("/proc/sys/net", name).write_text(str(value), encoding="ascii")
