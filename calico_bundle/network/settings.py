"""Kernel settings that decide whether a packet is accepted, read for one interface as the kernel reads them."""

from __future__ import annotations

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence


def reverse_path_filter(node: ClusterNode, interface: str) -> tuple[int | None, Evidence | None]:
    """The reverse-path filter in force on an interface: 0 off, 1 strict, 2 loose; None when it was not recorded.

    Source: Documentation/networking/ip-sysctl.rst: the maximum of conf/all and conf/INTERFACE is used.

    >>> reverse_path_filter(ClusterNode("n1"), "eth0")
    (None, None)
    """
    settings = node.sysctls or {}
    # sysctl prints an interface's own dots as slashes: vxlan.calico is vxlan/calico.
    names = ("all", interface, interface.replace(".", "/"))
    found = [settings[key] for key in (f"net.ipv4.conf.{name}.rp_filter" for name in names) if key in settings]
    if len(found) < 2 or not all(s.value.isdigit() for s in found):
        return None, None
    strictest = max(found, key=lambda s: int(s.value))
    return int(strictest.value), strictest.evidence
