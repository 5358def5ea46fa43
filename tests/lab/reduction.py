"""What was recorded with less of it collected: the packets did the same, and the analyzer may only say less, or the same.

A bundle without its routing tables makes the analyzer work them out from Calico's rules; the recordings hold that too.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_ROUTES = ("ip_route_table_all",)
_ADDRESSES = ("ip_addr_show", "ip_d_addr", "ip_j_addr")
_BIRD = ("birdcl_*", "calico-node")
REDUCTIONS: dict[str, tuple[str, ...]] = {
    "no-routes": _ROUTES,
    "no-routes-no-bird": (*_ROUTES, *_BIRD),
    "no-addresses": _ADDRESSES,
    "no-neighbors": ("ip_neigh",),
    "bird-alone": (*_ROUTES, *_ADDRESSES, "ip_rule", "ip_neigh", "sysctl_net", "iptables_save"),
    "objects-alone": ("*",),
}
"""The names, without their endings, of the machines' files that are left out."""


def reduced(folder: Path, reduction: str, out: Path) -> Path:
    """A copy of a recording's folder without what a reduction leaves out."""
    shutil.copytree(folder, out)
    for pattern in REDUCTIONS[reduction]:
        for path in out.glob(f"bundle/nodes/*/{pattern}.*"):
            path.unlink()
    return out
