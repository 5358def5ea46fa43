"""The STATUS that kubectl prints of a pod: its phase, or a reason of one of its containers in place of it."""

from __future__ import annotations

_PENDING = frozenset({"Pending", "ContainerCreating", "PodInitializing", "SchedulingGated"})
_RUNNING = frozenset({"Running", "NotReady", "CrashLoopBackOff"})
_WAITING = frozenset({
    "CrashLoopBackOff", "ContainerCreating", "PodInitializing", "ImagePullBackOff", "ErrImagePull", "InvalidImageName",
    "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
})  # fmt: skip


def phase_of(status: str) -> str | None:
    """The phase behind a STATUS; None where several fit: `Error` is printed of a pod that failed and of one that restarts.

    >>> phase_of("Init:0/1"), phase_of("Completed"), phase_of("Error")
    ('Pending', 'Succeeded', None)
    """
    if status in _PENDING or status.startswith("Init:"):
        return "Pending"
    if status in _RUNNING:
        return "Running"
    return {"Completed": "Succeeded", "Succeeded": "Succeeded", "Failed": "Failed", "Evicted": "Failed"}.get(status)


def waiting_reasons(status: str) -> tuple[str, ...]:
    """Why a container waits, where the STATUS says so.

    >>> waiting_reasons("CrashLoopBackOff"), waiting_reasons("Running")
    (('CrashLoopBackOff',), ())
    """
    return (status,) if status in _WAITING else ()
