"""Kernel settings that decide whether a packet is accepted, read for one interface as the kernel reads them."""

from __future__ import annotations

from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import SysctlFact
from calico_bundle.numbers import whole_number

LOOSE = 2


def reverse_path_filter(node: ClusterNode, interface: str | None) -> tuple[int | None, Evidence | None]:
    """The reverse-path filter in force on an interface: 0 off, 1 strict, 2 loose; None when it was not recorded.

    `interface` None stands for a card that is not known.

    Source: Documentation/networking/ip-sysctl.rst: the maximum of conf/all and conf/INTERFACE is used.

    >>> reverse_path_filter(ClusterNode("n1"), "eth0")
    (None, None)
    """
    settings = node.sysctls or {}
    everywhere = _value(settings.get("net.ipv4.conf.all.rp_filter"))
    if everywhere is None:
        return None, None
    if interface is None:
        # Whatever the card: the maximum is loose where `all` is.
        return (everywhere[0], everywhere[1]) if everywhere[0] == LOOSE else (None, None)
    # sysctl prints an interface's own dots as slashes: vxlan.calico is vxlan/calico.
    names = dict.fromkeys((interface, interface.replace(".", "/")))
    own = next((v for name in names if (v := _value(settings.get(f"net.ipv4.conf.{name}.rp_filter")))), None)
    return max(everywhere, own, key=lambda found: found[0]) if own else (None, None)


def _value(setting: SysctlFact | None) -> tuple[int, Evidence] | None:
    value = whole_number(setting.value) if setting else None
    return (value, setting.evidence) if setting and value is not None else None
