"""`eks-log-collector.sh` of Amazon's EKS images: one archive per machine, without `ip addr` and without objects.

Written from the script's source (awslabs/amazon-eks-ami e480fe1). The archive is called `eks_INSTANCE_STAMP_VERSION.tar.gz`,
and only its name and `system/instance-id.txt` say which machine it is of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import components, host_of_folder
from calico_bundle.layouts.pod_paths import pod_of

_MARKS = frozenset({"ipamd", "system/instance-id.txt", "sysctls/sysctl_all.txt"})
_ROUTES = "networking/iproute.txt"
_MARK = re.compile(r"(^|.*?/)(ipamd|networking/iproute\.txt|system/instance-id\.txt|sysctls/sysctl_all\.txt)(?:/|$)")
_INSTANCE = re.compile(r"eks_(i-[0-9a-f]+)_")
_TOPS = frozenset(
    """kernel system docker containerd storage var_log networking sandbox-image ipamd sysctls kubelet cni""".split()  # noqa: SIM905
)
_NODE_FILES = {
    _ROUTES: Placement(kind="ip-route"),
    "networking/ip6route.txt": Placement(kind="ip-route", family=6),
    "networking/iprule.txt": Placement(kind="ip-rule", family=4),
    "networking/ip6rule.txt": Placement(kind="ip-rule", family=6),
    "networking/ifconfig.txt": Placement(),
    "networking/iptables-save.txt": Placement(),
    "sysctls/sysctl_all.txt": Placement(kind="sysctl"),
}


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders that hold the archives, or what was unpacked of them: an archive's own name is part of the path below."""
    marks: dict[str, set[str]] = {}
    for path in paths:
        if ("ipamd/" in path or path.endswith(".txt")) and (found := _MARK.match(path)):
            marks.setdefault(found[1], set()).add(found[2])
    tops = {top for top, seen in marks.items() if _ROUTES in seen and seen & _MARKS}
    return tuple(sorted({_above(top) for top in tops}))


def _above(top: str) -> str:
    return top[: top.rstrip("/").rfind("/") + 1]


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below the folder that holds the archives.

    >>> place("eks_i-0123456789abcdef0_2026-11-22_2310-UTC_0.7.8.tar.gz!/networking/iproute.txt", []).node
    'i-0123456789abcdef0'
    >>> place("networking/iproute.txt", []).group
    'eks'
    """
    folders = components(path) or [""]
    at = 0 if folders[0] in _TOPS else 1
    named = folders[0] if at else ""
    below = folders[at:]
    if len(below) < 2 or below[0] not in _TOPS:
        return None
    instance = _INSTANCE.match(named)
    node = instance[1] if instance else host_of_folder(named) if at else None
    known = _NODE_FILES.get("/".join(below))
    if known is None and not instance:
        # A folder `networking/` or `system/` is other formats' too.
        return None
    group = None if node else "eks"
    if below[0] == "var_log":
        pod = pod_of(below[:-1], below[-1])
        return Placement(node, namespace=pod.namespace, pod=pod.pod, container=pod.container, group=group)
    return Placement(node, known.kind if known else None, family=known.family if known else None, group=group)


_PARTS = ("ipamd/", "networking/iproute.txt", "networking/iprule.txt", "system/instance-id.txt")
LAYOUT = Layout("eks-log-collector", "EKS log collector", roots, place, rank=30, parts=_PARTS)
