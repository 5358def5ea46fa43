"""What the laboratory needs of a machine, and what is missing here."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

TOOLS = ("ip", "bridge", "bird", "birdc", "iptables-restore", "iptables-save")
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


@cache
def tool(name: str) -> str | None:
    """Where a program is, also where the administrator's folders are not on PATH; None when it is nowhere."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM_FOLDERS)


def missing() -> tuple[str, ...]:
    """What keeps the laboratory from running here, in words; nothing when it can run."""
    found = [f"no `{name}` (packages iproute2, bird, iptables)" for name in TOOLS if tool(name) is None]
    if os.name != "posix" or os.geteuid() != 0:
        found.append("not root: network namespaces and BIRD's port 179 take it")
    elif not Path("/proc/self/ns/net").exists():
        found.append("no network namespaces in this kernel")
    return tuple(found)
