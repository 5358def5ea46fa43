"""Who writes which pod route, and how a packet to another node's pod travels: per pool mode and Calico version.

Sources: design/cluster-route-programming/DESIGN.md, felix/config/config_params.go and api/pkg/apis/projectcalico/v3 of
projectcalico/calico at v3.30, v3.31, v3.32 and master; CrossSubnet: BIRD's filter `bgp_next_hop ~ network_v4`, Felix's
nodeInOurSubnet (both take the node's own stored address and mask).
"""

from __future__ import annotations

from enum import StrEnum

from calico_bundle.calico.exclusions import Version
from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Interface, IPPoolFact

_WITHOUT_BGP = ("vxlan", "none")
"""Values of CALICO_NETWORKING_BACKEND with which calico-node runs no BIRD."""


class Encapsulation(StrEnum):
    """How a packet to a pod on another node travels."""

    NONE = "none"
    IPIP = "ipip"
    VXLAN = "vxlan"


class Writer(StrEnum):
    """Who puts the route into the kernel."""

    BIRD = "bird"
    FELIX = "felix"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


def pool_of(cluster: Cluster, address: Address) -> IPPoolFact | None:
    """The pool that an address is from.

    >>> from ipaddress import ip_address
    >>> pool_of(Cluster({}), ip_address("10.244.1.2")) is None
    True
    """
    return next((p for p in cluster.pools if p.cidr is not None and address in p.cidr), None)


def encapsulation(pool: IPPoolFact, own: Interface | None, remote: Address) -> Encapsulation:
    """How a packet goes to a node whose stored address is `remote`, from one whose stored address and mask are `own`.

    CrossSubnet asks whether the remote address is inside the node's own stored network: a /32 has nobody in it.
    """
    for mode, kind in ((pool.vxlan_mode, Encapsulation.VXLAN), (pool.ipip_mode, Encapsulation.IPIP)):
        if mode == "Always" or (mode == "CrossSubnet" and not (own is not None and remote in own.network)):
            return kind
    return Encapsulation.NONE


def writer(cluster: Cluster, pool: IPPoolFact, version: Version | None) -> Writer:
    """Who writes the routes of a pool.

    Felix writes those of VXLAN pools (CrossSubnet included) in every version, from the datastore and without BGP. Routes
    of the other pools are BIRD's up to v3.30; from v3.31 `programClusterRoutes` of FelixConfiguration and
    BGPConfiguration say whose they are, and from v3.33 IPIP pools are Felix's by default.
    """
    if pool.vxlan_mode in {"Always", "CrossSubnet"}:
        return Writer.FELIX
    if version is not None and version < (3, 31):
        return Writer.BIRD
    felix = _setting([c.program_cluster_routes for c in cluster.felix_configurations if c.name == "default"])
    bird = _setting([c.program_cluster_routes for c in cluster.bgp_configurations if c.name == "default"])
    ipip = pool.ipip_mode in {"Always", "CrossSubnet"}
    if version is None and felix is None and bird is None:
        # A bundle without the version: only IPIP's default has changed since, and no encapsulation's has not.
        return Writer.UNKNOWN if ipip else Writer.BIRD
    newest = version is not None and version >= (3, 33)
    by_felix = felix in ({"Enabled", "EnabledIPIPOnly"} if ipip else {"Enabled", "EnabledNoEncapOnly"})
    by_felix = by_felix or (felix is None and ipip and newest)
    by_bird = bird in ({None, "Enabled", "EnabledIPIPOnly"} if ipip else {None, "Enabled", "EnabledNoEncapOnly"})
    if by_felix:
        return Writer.FELIX
    return Writer.BIRD if by_bird and not (bird is None and ipip and newest) else Writer.NOBODY


def without_bgp(cluster: Cluster) -> tuple[Evidence, ...]:
    """The lines by which no pod's route comes over BGP: calico-node's backend, or pools of VXLAN alone, which is Felix's.

    >>> without_bgp(Cluster({}))
    ()
    """
    daemonset = cluster.calico_node
    for container in daemonset.containers if daemonset else ():
        if container.environment.get("CALICO_NETWORKING_BACKEND") in _WITHOUT_BGP:
            return (container.cited["CALICO_NETWORKING_BACKEND"],)
    pools = [pool for pool in cluster.pools if pool.for_pods]
    felix = all(pool.vxlan_mode != "Never" and "vxlan_mode" not in pool.not_shown for pool in pools)
    return tuple(pool.evidence for pool in pools) if felix else ()


def _setting(values: list[str | None]) -> str | None:
    return next((v for v in values if v), None)
