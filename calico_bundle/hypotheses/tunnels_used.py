"""Which tunnels of Calico's a cluster uses, as its pools and its nodes' devices say. Hypotheses share this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calico_bundle.cluster import Cluster
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import IPPoolFact


@dataclass(frozen=True, slots=True)
class TunnelsUsed:
    """The tunnel devices that pools ask for, with the lines of these pools; None where it is not known.

    `cross_subnet` are the lines of pools that use a tunnel between subnets alone, `plain` those of pools of which some
    packets or all leave a node as they are.
    """

    devices: dict[str, tuple[Evidence, ...]] | None
    pools: tuple[Evidence, ...] = ()
    cross_subnet: tuple[Evidence, ...] = ()
    plain: tuple[Evidence, ...] = ()


def tunnels_used(cluster: Cluster) -> TunnelsUsed:
    """By the pools of IPv4; nothing is known where a table or the collector hides their modes.

    >>> from calico_bundle.cluster import Cluster
    >>> tunnels_used(Cluster({})).devices is None
    True
    """
    from calico_bundle.network.tunnels import IPIP_DEVICE, VXLAN_DEVICE

    pools = [pool for pool in cluster.pools if pool.cidr is None or pool.cidr.version == 4]
    if not pools or any(pool.cidr is None or pool.hides_mode for pool in pools):
        return TunnelsUsed(None)
    modes = {IPIP_DEVICE: [p for p in pools if p.ipip_mode != "Never"]}
    modes[VXLAN_DEVICE] = [p for p in pools if p.vxlan_mode != "Never"]
    used = {device: _modes(found) for device, found in modes.items() if found}
    crossing = _modes(p for p in pools if "CrossSubnet" in (p.ipip_mode, p.vxlan_mode))
    plain = _modes(p for p in pools if p.for_pods and "Always" not in (p.ipip_mode, p.vxlan_mode))
    return TunnelsUsed(used, _modes(pools), crossing, plain)


def _modes(pools: Iterable[IPPoolFact]) -> tuple[Evidence, ...]:
    return tuple(line for pool in pools for line in pool.mode_lines)
